/* What is written is read back: by libcsv where the form is CSV, by a decoder of its own here
 * where it is TSV. */
#include <csv.h>

#include "pcapanalyzer/csv.h"
#include "support.h"

static const enum pa_csv_style styles[] = {PA_CSV_MYSQL, PA_CSV_RFC4180, PA_CSV_TSV, PA_CSV_BATCH};

/* It appends: what was there before stays, and is taken off again here. */
static void write_value(struct pa_buf *out, enum pa_csv_style style, const struct pa_value *v)
{
	pa_buf_reset(out);
	assert_ok(pa_buf_puts(out, "before"));
	assert_ok(pa_csv_value(out, style, v));
	assert_memory_equal(out->ptr, "before", 6);
	out->len -= 6;
	memmove(out->ptr, out->ptr + 6, out->len);
}

static void test_values(void **state)
{
	static const struct {
		struct pa_value v;
		const char *mysql, *rfc4180, *tsv;
		struct pa_slice batch;
	} rows[] = {
	    {{.kind = PA_V_NULL}, "\\N", "", "\\N", LIT("\\N")},
	    {{.kind = PA_V_UINT, .u = 0}, "0", "0", "0", LIT("0")},
	    {{.kind = PA_V_UINT, .u = UINT64_MAX},
	     "18446744073709551615",
	     "18446744073709551615",
	     "18446744073709551615",
	     LIT("18446744073709551615")},
	    {{.kind = PA_V_INT, .i = 0}, "0", "0", "0", LIT("0")},
	    {{.kind = PA_V_INT, .i = -1}, "-1", "-1", "-1", LIT("-1")},
	    {{.kind = PA_V_INT, .i = INT64_MAX},
	     "9223372036854775807",
	     "9223372036854775807",
	     "9223372036854775807",
	     LIT("9223372036854775807")},
	    {{.kind = PA_V_INT, .i = INT64_MIN},
	     "-9223372036854775808",
	     "-9223372036854775808",
	     "-9223372036854775808",
	     LIT("-9223372036854775808")},
	    {{.kind = PA_V_NUMBER, .text = LIT("-0.256099000")},
	     "-0.256099000",
	     "-0.256099000",
	     "-0.256099000",
	     LIT("-0.256099000")},
	    {{.kind = PA_V_TEXT, .text = LIT("")}, "\"\"", "\"\"", "", LIT("")},
	    {{.kind = PA_V_TEXT, .text = LIT("\\N")},
	     "\"\\\\N\"",
	     "\"\\N\"",
	     "\\\\N",
	     LIT("\\\\N")},
	    {{.kind = PA_V_TEXT, .text = LIT("NULL")}, "\"NULL\"", "\"NULL\"", "NULL", LIT("NULL")},
	    {{.kind = PA_V_TEXT, .text = LIT("a,b\t\"c\"\r\n\\")},
	     "\"a,b\\t\"\"c\"\"\\r\\n\\\\\"",
	     "\"a,b\t\"\"c\"\"\r\n\\\"",
	     "a,b\\t\"c\"\\r\\n\\\\",
	     LIT("a,b\\t\"c\"\\r\\n\\\\")},
	    {{.kind = PA_V_BYTES, .text = LIT("")}, "", "", "", LIT("")},
	    {{.kind = PA_V_BYTES, .text = LIT("\0\t\xff")},
	     "0009ff",
	     "0009ff",
	     "0009ff",
	     LIT("\\0\\t\xff")},
	    {{.kind = PA_V_TIME, .time = {253402300799, 999999999}},
	     "9999-12-31 23:59:59.999999",
	     "9999-12-31 23:59:59.999999",
	     "9999-12-31 23:59:59.999999",
	     LIT("9999-12-31 23:59:59.999999")},
	    {{.kind = PA_V_IP, .raw = {10, 0, 9, 92}, .n_raw = 4},
	     "10.0.9.92",
	     "10.0.9.92",
	     "10.0.9.92",
	     LIT("\\n\\0\\t\\\\")},
	    {{.kind = PA_V_IP, .raw = {0x20, 1, [15] = 1}, .n_raw = 16},
	     "2001::1",
	     "2001::1",
	     "2001::1",
	     LIT(" \1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\1")},
	    {{.kind = PA_V_MAC, .raw = {0, 0x0d, 0x22, 0x2c, 0xfe, 0x5c}},
	     "00:0d:22:2c:fe:5c",
	     "00:0d:22:2c:fe:5c",
	     "00:0d:22:2c:fe:5c",
	     LIT("\\0\\r\",\xfe\\\\")},
	    {{.kind = PA_V_EUI64, .raw = {0, 2, 9, 0xff, 0x40, 0x5c, 0x10, 0x0a}},
	     "00:02:09:ff:40:5c:10:0a",
	     "00:02:09:ff:40:5c:10:0a",
	     "00:02:09:ff:40:5c:10:0a",
	     LIT("\\0\2\\t\xff@\\\\\x10\\n")},
	    {{.kind = PA_V_GUID,
	      .raw = {0xe3, 0x51, 0x42, 0x35, 0x4b, 6, 0x11, 0xd1, 0xab, 4, 0, 0xc0, 0x4f, 0xc2,
	              0x0a, 0x0d}},
	     "e3514235-4b06-11d1-ab04-00c04fc20a0d",
	     "e3514235-4b06-11d1-ab04-00c04fc20a0d",
	     "e3514235-4b06-11d1-ab04-00c04fc20a0d",
	     LIT("\xe3QB5K\6\x11\xd1\xab\4\\0\xc0O\xc2\\n\\r")},
	    {{.kind = PA_V_CHAR, .raw = {'a'}}, "\"a\"", "\"a\"", "a", LIT("a")},
	    {{.kind = PA_V_CHAR, .raw = {'"'}}, "\"\"\"\"", "\"\"\"\"", "\"", LIT("\"")},
	    {{.kind = PA_V_CHAR, .raw = {'\\'}}, "\"\\\\\"", "\"\\\"", "\\\\", LIT("\\\\")},
	    {{.kind = PA_V_CHAR, .raw = {'\t'}}, "\"\\t\"", "\"\t\"", "\\t", LIT("\\t")},
	    {{.kind = PA_V_CHAR, .raw = {0x7f}}, "\"\x7f\"", "\"\x7f\"", "\x7f", LIT("\x7f")},
	    /* Windows-1252 between 80 and 9f, as the servers' latin1. */
	    {{.kind = PA_V_CHAR, .raw = {0x80}},
	     "\"\xe2\x82\xac\"",
	     "\"\xe2\x82\xac\"",
	     "\xe2\x82\xac",
	     LIT("\x80")},
	    {{.kind = PA_V_CHAR, .raw = {0x81}},
	     "\"\xc2\x81\"",
	     "\"\xc2\x81\"",
	     "\xc2\x81",
	     LIT("\x81")},
	    {{.kind = PA_V_CHAR, .raw = {0x9f}},
	     "\"\xc5\xb8\"",
	     "\"\xc5\xb8\"",
	     "\xc5\xb8",
	     LIT("\x9f")},
	    {{.kind = PA_V_CHAR, .raw = {0xa0}},
	     "\"\xc2\xa0\"",
	     "\"\xc2\xa0\"",
	     "\xc2\xa0",
	     LIT("\xa0")},
	    {{.kind = PA_V_CHAR, .raw = {0xff}},
	     "\"\xc3\xbf\"",
	     "\"\xc3\xbf\"",
	     "\xc3\xbf",
	     LIT("\xff")},
	};
	struct pa_buf out;

	(void)state;
	pa_buf_init(&out, 1000);
	for (size_t i = 0; i < N_OF(rows); i++) {
		write_value(&out, PA_CSV_MYSQL, &rows[i].v);
		assert_text(of_buf(&out), rows[i].mysql);
		write_value(&out, PA_CSV_RFC4180, &rows[i].v);
		assert_text(of_buf(&out), rows[i].rfc4180);
		write_value(&out, PA_CSV_TSV, &rows[i].v);
		assert_text(of_buf(&out), rows[i].tsv);
		write_value(&out, PA_CSV_BATCH, &rows[i].v);
		assert_slice(of_buf(&out), rows[i].batch);
	}
	pa_buf_done(&out);
}

/* No two bytes are the same text: what is printed can be read back. */
static void test_every_char(void **state)
{
	struct pa_buf out[256];

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		const struct pa_value v = {.kind = PA_V_CHAR, .raw = {(uint8_t)i}};

		pa_buf_init(&out[i], 8);
		assert_ok(pa_csv_value(&out[i], PA_CSV_TSV, &v));
		for (unsigned k = 0; k < i; k++)
			assert_false(same(of_buf(&out[i]), of_buf(&out[k])));
	}
	for (unsigned i = 0; i < 256; i++)
		pa_buf_done(&out[i]);
}

static void test_separators(void **state)
{
	static const char *const separators = ",,\t\t";
	static const char *const ends[] = {"\n", "\r\n", "\n", "\n"};
	struct pa_buf out;

	(void)state;
	pa_buf_init(&out, 10);
	for (size_t i = 0; i < N_OF(styles); i++) {
		pa_buf_reset(&out);
		assert_int_equal(pa_csv_separator(styles[i]), separators[i]);
		assert_ok(pa_csv_end_row(&out, styles[i]));
		assert_text(of_buf(&out), ends[i]);
	}
	pa_buf_done(&out);
}

/* Rows as an oracle saw them. */
struct seen {
	struct pa_buf bytes;
	size_t lens[64];
	int null[64];
	size_t n;
	size_t rows;
};

static void on_cell(void *cell, size_t len, void *ctx)
{
	struct seen *s = ctx;

	assert_true(s->n < N_OF(s->lens));
	s->null[s->n] = cell == NULL;
	s->lens[s->n++] = len;
	assert_ok(pa_buf_put(&s->bytes, cell, len));
}

static void on_row(int end, void *ctx)
{
	struct seen *s = ctx;

	(void)end;
	s->rows++;
}

static int is_lf(unsigned char c)
{
	return c == '\n';
}

static int is_cr_or_lf(unsigned char c)
{
	return c == '\r' || c == '\n';
}

static int never(unsigned char c)
{
	(void)c;
	return 0;
}

static void read_with_libcsv(const struct pa_buf *text, enum pa_csv_style style, struct seen *s)
{
	struct csv_parser p;

	s->n = s->rows = 0;
	pa_buf_reset(&s->bytes);
	assert_int_equal(csv_init(&p, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL), 0);
	csv_set_space_func(&p, never);
	csv_set_term_func(&p, style == PA_CSV_MYSQL ? is_lf : is_cr_or_lf);
	assert_int_equal(csv_parse(&p, text->ptr, text->len, on_cell, on_row, s), text->len);
	assert_int_equal(csv_error(&p), CSV_SUCCESS);
	assert_int_equal(csv_fini(&p, on_cell, on_row, s), 0);
	csv_free(&p);
}

/* The escapes that the MySQL manual documents for LOAD DATA; the rest stands for itself. */
static struct pa_slice undo(struct pa_slice in, struct pa_buf *out)
{
	pa_buf_reset(out);
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];

		if (c == '\\') {
			assert_true(++i < in.len);
			c = in.ptr[i];
			if (c == '0')
				c = 0;
			else if (c == 'n')
				c = '\n';
			else if (c == 'r')
				c = '\r';
			else if (c == 't')
				c = '\t';
			else
				assert_int_equal(c, '\\');
		}
		assert_ok(pa_buf_putc(out, c));
	}
	return of_buf(out);
}

/* TSV by hand: rows end at LF, cells at TAB, no byte of either inside a value. */
static void read_tsv(const struct pa_buf *text, struct seen *s)
{
	size_t from = 0;

	s->n = s->rows = 0;
	pa_buf_reset(&s->bytes);
	for (size_t i = 0; i < text->len; i++) {
		if (text->ptr[i] != '\t' && text->ptr[i] != '\n')
			continue;
		on_cell(text->ptr + from, i - from, s);
		from = i + 1;
		s->rows += text->ptr[i] == '\n';
	}
	assert_int_equal(from, text->len);
}

static void round_trip(const struct pa_slice *values, size_t n)
{
	struct pa_buf text;
	struct pa_buf plain;
	struct seen seen;

	pa_buf_init(&text, SIZE_MAX);
	pa_buf_init(&plain, SIZE_MAX);
	pa_buf_init(&seen.bytes, SIZE_MAX);
	assert_ok(pa_buf_reserve(&seen.bytes, 1));
	for (size_t i = 0; i < N_OF(styles); i++) {
		enum pa_csv_style style = styles[i];
		size_t at = 0;

		pa_buf_reset(&text);
		for (size_t k = 0; k < n; k++) {
			struct pa_value v = {.kind = PA_V_TEXT, .text = values[k]};

			if (k > 0)
				assert_ok(pa_buf_putc(&text, pa_csv_separator(style)));
			assert_ok(pa_csv_value(&text, style, &v));
		}
		assert_ok(pa_csv_end_row(&text, style));
		if (style == PA_CSV_TSV || style == PA_CSV_BATCH)
			read_tsv(&text, &seen);
		else
			read_with_libcsv(&text, style, &seen);
		assert_int_equal(seen.rows, 1);
		assert_int_equal(seen.n, n);
		for (size_t k = 0; k < n; k++) {
			struct pa_slice cell = {seen.bytes.ptr + at, seen.lens[k]};

			at += seen.lens[k];
			assert_false(seen.null[k]); /* empty text is not NULL */
			if (style != PA_CSV_RFC4180)
				cell = undo(cell, &plain);
			assert_slice(cell, values[k]);
		}
	}
	pa_buf_done(&text);
	pa_buf_done(&plain);
	pa_buf_done(&seen.bytes);
}

static void test_every_byte_comes_back(void **state)
{
	uint8_t all[256];
	struct pa_slice values[3];

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	for (unsigned i = 0; i < 256; i++) {
		values[0] = (struct pa_slice){all + i, 1};
		values[1] = (struct pa_slice){all, i};
		values[2] = (struct pa_slice){all + i, 256 - i};
		round_trip(values, 3);
	}
}

static void test_random_text_comes_back(void **state)
{
	static const char alphabet[] = "\\\\\"\",\t\n\r\0N0ntr ";
	uint32_t seed = 31;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		uint8_t bytes[8][30];
		struct pa_slice values[8];
		size_t n = 1 + next_random(&seed) % N_OF(values);

		for (size_t k = 0; k < n; k++) {
			values[k] =
			    (struct pa_slice){bytes[k], next_random(&seed) % sizeof(bytes[k])};
			for (size_t i = 0; i < values[k].len; i++)
				bytes[k][i] =
				    round % 2
				        ? (uint8_t)next_random(&seed)
				        : (uint8_t)
				              alphabet[next_random(&seed) % (sizeof(alphabet) - 1)];
		}
		round_trip(values, n);
	}
}

/* RFC 4180 has no word for NULL: nothing at all, which is not the empty text. */
static void test_null_is_told_from_empty(void **state)
{
	const struct pa_value null = {.kind = PA_V_NULL};
	const struct pa_value empty = {.kind = PA_V_TEXT, .text = LIT("")};
	struct pa_buf text;
	struct seen seen;

	(void)state;
	pa_buf_init(&text, 100);
	pa_buf_init(&seen.bytes, 100);
	assert_ok(pa_csv_value(&text, PA_CSV_RFC4180, &null));
	assert_ok(pa_buf_putc(&text, ','));
	assert_ok(pa_csv_value(&text, PA_CSV_RFC4180, &empty));
	assert_ok(pa_buf_putc(&text, ','));
	assert_ok(pa_csv_value(&text, PA_CSV_RFC4180, &null));
	assert_ok(pa_csv_end_row(&text, PA_CSV_RFC4180));
	read_with_libcsv(&text, PA_CSV_RFC4180, &seen);
	assert_int_equal(seen.n, 3);
	assert_true(seen.null[0]);
	assert_false(seen.null[1]);
	assert_true(seen.null[2]);
	pa_buf_done(&text);
	pa_buf_done(&seen.bytes);
}

static void test_escape(void **state)
{
	struct pa_buf out;

	(void)state;
	pa_buf_init(&out, 600);
	for (unsigned i = 0; i < 256; i++) {
		uint8_t byte = (uint8_t)i;
		char want[3] = {(char)i, 0, 0};
		const char *special = i ? strchr("\n\r\t\\", (int)i) : "";

		if (special) {
			want[0] = '\\';
			want[1] = i == 0      ? '0'
			          : i == '\n' ? 'n'
			          : i == '\r' ? 'r'
			          : i == '\t' ? 't'
			                      : '\\';
		}
		pa_buf_reset(&out);
		assert_ok(pa_csv_escape(&out, &byte, 1));
		assert_slice(of_buf(&out),
		             ((struct pa_slice){(const uint8_t *)want, special ? 2 : 1}));
	}
	pa_buf_done(&out);
}

static void test_no_room(void **state)
{
	static const struct pa_value values[] = {
	    {.kind = PA_V_NULL},
	    {.kind = PA_V_UINT, .u = 12345},
	    {.kind = PA_V_TEXT, .text = LIT("12345")},
	    {.kind = PA_V_BYTES, .text = LIT("12345")},
	    {.kind = PA_V_TIME},
	    {.kind = PA_V_IP, .n_raw = 16},
	    {.kind = PA_V_MAC},
	    {.kind = PA_V_EUI64},
	    {.kind = PA_V_GUID},
	    {.kind = PA_V_CHAR, .raw = {'\\'}},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(styles); i++) {
		for (size_t k = 0; k < N_OF(values); k++) {
			struct pa_buf out;

			if (styles[i] == PA_CSV_RFC4180 && values[k].kind == PA_V_NULL)
				continue;
			pa_buf_init(&out, 1);
			assert_int_equal(pa_csv_value(&out, styles[i], &values[k]), PA_ELIMIT);
			pa_buf_done(&out);
		}
	}
}

static void test_splitter(void **state)
{
	static const struct {
		struct pa_slice line;
		enum pa_status status;
		size_t n;
		struct pa_slice cells[3];
	} rows[] = {
	    {LIT(""), PA_OK, 1, {LIT("")}},
	    {LIT("''"), PA_OK, 1, {LIT("")}},
	    {LIT("|"), PA_OK, 2, {LIT(""), LIT("")}},
	    {LIT("||"), PA_OK, 3, {LIT(""), LIT(""), LIT("")}},
	    {LIT("''|''"), PA_OK, 2, {LIT(""), LIT("")}},
	    {LIT("'a|b'|c"), PA_OK, 2, {LIT("a|b"), LIT("c")}},
	    {LIT("'a''b'"), PA_OK, 1, {LIT("a'b")}},
	    {LIT("''''"), PA_OK, 1, {LIT("'")}},
	    {LIT(" a | \t"), PA_OK, 2, {LIT(" a "), LIT(" \t")}},
	    {LIT("' a '|\"x\""), PA_OK, 2, {LIT(" a "), LIT("\"x\"")}},
	    {LIT("'a\rb'|c\r"), PA_OK, 2, {LIT("a\rb"), LIT("c\r")}},
	    {LIT("'a\0b'|\0"), PA_OK, 2, {LIT("a\0b"), LIT("\0")}},
	    {LIT("a,b|c"), PA_OK, 2, {LIT("a,b"), LIT("c")}},
	    {LIT("1|2|3|4|5"), PA_OK, 5, {LIT("1"), LIT("2"), LIT("3")}},
	    {LIT("'open"), PA_EROW, 0, {LIT("")}},
	    {LIT("a|'open"), PA_EROW, 0, {LIT("")}},
	    {LIT("'"), PA_EROW, 0, {LIT("")}},
	    {LIT("'''"), PA_EROW, 0, {LIT("")}},
	    {LIT("'a'b"), PA_EROW, 0, {LIT("")}},
	    {LIT("'a' |b"), PA_EROW, 0, {LIT("")}},
	    {LIT("a'b"), PA_EROW, 0, {LIT("")}},
	    {LIT(" 'a'"), PA_EROW, 0, {LIT("")}},
	    {LIT("'a'b'c'|d"), PA_EROW, 0, {LIT("")}},
	};
	struct pa_csv_splitter *s;

	(void)state;
	assert_ok(pa_csv_splitter_new('|', '\'', &s, NULL));
	/* Each row after each other one: nothing of a broken line is left for the next. */
	for (size_t first = 0; first < N_OF(rows); first++) {
		for (size_t i = 0; i < N_OF(rows); i++) {
			struct pa_slice cells[3];
			size_t n = 3;
			struct pa_slice line = copy_of(rows[i].line);
			enum pa_status st = pa_csv_split(s, rows[first].line, cells, &n);

			assert_int_equal(st, rows[first].status);
			n = 3;
			st = pa_csv_split(s, line, cells, &n);
			if (st != rows[i].status || (st == PA_OK && n != rows[i].n))
				fail_msg("row %zu after %zu: %d, %zu cells", i, first, (int)st, n);
			for (size_t k = 0; st == PA_OK && k < n && k < 3; k++)
				assert_slice(cells[k], rows[i].cells[k]);
			free_copy(line);
		}
	}
	pa_csv_splitter_free(s);
	pa_csv_splitter_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_every_char),
	    cmocka_unit_test(test_separators),
	    cmocka_unit_test(test_every_byte_comes_back),
	    cmocka_unit_test(test_random_text_comes_back),
	    cmocka_unit_test(test_null_is_told_from_empty),
	    cmocka_unit_test(test_escape),
	    cmocka_unit_test(test_no_room),
	    cmocka_unit_test(test_splitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
