#include "pcapanalyzer/rows.h"
#include "support.h"

#define BOM "\xef\xbb\xbf"

/* Input that comes in pieces of at most CHUNK bytes; 0: of changing sizes. */
struct source {
	struct pa_slice rest;
	size_t chunk;
	uint32_t seed;
	size_t fail_after; /* reads; 0: never */
	size_t reads;
};

static enum pa_status read_source(void *ctx, uint8_t *bytes, size_t n, size_t *got,
                                  struct pa_error *err)
{
	struct source *s = ctx;
	size_t take = s->chunk ? s->chunk : 1 + next_random(&s->seed) % 300;

	assert_true(n > 0);
	if (s->fail_after && ++s->reads > s->fail_after)
		return pa_fail(err, PA_EIO, 5, "the source failed");
	if (take > n)
		take = n;
	if (take > s->rest.len)
		take = s->rest.len;
	if (take)
		memcpy(bytes, s->rest.ptr, take);
	s->rest.ptr += take;
	s->rest.len -= take;
	*got = take;
	return PA_OK;
}

enum how { PLAIN, ESCAPED, QUOTED };

/* What came out, as text: "R number terminated [cell][cell]", or "L" with the bytes of a row
 * above the limit, or "B" for broken quoting. */
static void note(struct pa_buf *log, char kind, uint64_t number, int terminated)
{
	assert_ok(pa_buf_printf(log, "%c%llu%s", kind, (unsigned long long)number,
	                        terminated ? "" : "!"));
}

static void note_bytes(struct pa_buf *log, const uint8_t *p, size_t n)
{
	assert_ok(pa_buf_printf(log, "[%zu:", n));
	assert_ok(pa_buf_put(log, p, n));
	assert_ok(pa_buf_putc(log, ']'));
}

static void run(const struct pa_rows_config *base, enum how how, struct pa_slice input,
                size_t chunk, struct pa_buf *log)
{
	struct source source = {.rest = input, .chunk = chunk, .seed = 17};
	struct pa_rows_config config = *base;
	struct pa_error err = {0};
	struct pa_row row;
	struct pa_rows *r;
	struct pa_buf whole;
	enum pa_status st;

	config.read = read_source;
	config.ctx = &source;
	pa_buf_init(&whole, SIZE_MAX);
	assert_ok(pa_rows_new(&config, &r, &err));
	while ((st = pa_rows_next(r, &row, &err)) == PA_OK) {
		struct pa_cells cells;

		if (row.kind != PA_ROW_WHOLE) {
			if (row.kind == PA_ROW_PIECE) {
				assert_true(row.line.len > 0);
				assert_false(row.terminated);
			}
			assert_ok(pa_buf_put(&whole, row.line.ptr, row.line.len));
			if (row.kind == PA_ROW_PIECE)
				continue;
			note(log, 'L', row.number, row.terminated);
			note_bytes(log, whole.ptr, whole.len);
			pa_buf_reset(&whole);
			continue;
		}
		assert_int_equal(whole.len, 0);
		st = pa_rows_split(r, how == ESCAPED, &cells);
		if (st == PA_EROW) {
			note(log, 'B', row.number, row.terminated);
			continue;
		}
		assert_ok(st);
		note(log, 'R', row.number, row.terminated);
		assert_ok(pa_buf_printf(log, "(%zu)", cells.n));
		for (size_t i = 0; i < cells.n && i < config.max_cells; i++)
			note_bytes(log, pa_cell(&cells, i).ptr, pa_cell(&cells, i).len);
	}
	assert_int_equal(st, PA_END);
	assert_int_equal(pa_rows_next(r, &row, &err), PA_END);
	assert_int_equal(whole.len, 0);
	pa_buf_done(&whole);
	pa_rows_free(r);
}

/* The same by the header's words and nothing else. 0: the quoting is broken. */
static int split_line(const struct pa_rows_config *c, enum how how, struct pa_slice line,
                      struct pa_buf *log)
{
	struct pa_buf cell;
	struct pa_buf cells;
	size_t n = 0;
	size_t i = 0;

	pa_buf_init(&cell, SIZE_MAX);
	pa_buf_init(&cells, SIZE_MAX);
	for (;;) {
		int ok = 1;

		pa_buf_reset(&cell);
		if (how == QUOTED && i < line.len && line.ptr[i] == c->quote) {
			for (i++, ok = 0; i < line.len && !ok; i++) {
				if (line.ptr[i] != c->quote)
					assert_ok(pa_buf_putc(&cell, line.ptr[i]));
				else if (i + 1 < line.len && line.ptr[i + 1] == c->quote)
					assert_ok(pa_buf_putc(&cell, line.ptr[i++]));
				else
					ok = 1;
			}
			ok = ok && (i == line.len || line.ptr[i] == c->separator);
		} else {
			for (; i < line.len && line.ptr[i] != c->separator; i++) {
				ok = ok && !(how == QUOTED && line.ptr[i] == c->quote);
				assert_ok(pa_buf_putc(&cell, line.ptr[i]));
				if (how == ESCAPED && line.ptr[i] == '\\' && i + 1 < line.len)
					assert_ok(pa_buf_putc(&cell, line.ptr[++i]));
			}
		}
		if (!ok) {
			pa_buf_done(&cell);
			pa_buf_done(&cells);
			return 0;
		}
		if (n++ < c->max_cells)
			note_bytes(&cells, cell.ptr, cell.len);
		if (i == line.len)
			break;
		i++;
	}
	assert_ok(pa_buf_printf(log, "(%zu)", n));
	assert_ok(pa_buf_put(log, cells.ptr, cells.len));
	pa_buf_done(&cell);
	pa_buf_done(&cells);
	return 1;
}

static void expect(const struct pa_rows_config *c, enum how how, struct pa_slice in,
                   struct pa_buf *log)
{
	uint64_t number = 0;

	if (in.len >= 3 && memcmp(in.ptr, BOM, 3) == 0)
		in = (struct pa_slice){in.ptr + 3, in.len - 3};
	while (in.len > 0) {
		const uint8_t *lf = memchr(in.ptr, '\n', in.len);
		struct pa_slice line = {in.ptr, lf ? (size_t)(lf - in.ptr) : in.len};
		size_t start = log->len;

		number++;
		if (line.len > c->max_bytes) {
			note(log, 'L', number, lf != NULL);
			note_bytes(log, line.ptr, line.len);
		} else {
			note(log, 'R', number, lf != NULL);
			if (!split_line(c, how, line, log)) {
				log->len = start;
				note(log, 'B', number, lf != NULL);
			}
		}
		in.ptr += line.len + (lf != NULL);
		in.len -= line.len + (lf != NULL);
	}
}

static void check(const struct pa_rows_config *c, enum how how, struct pa_slice input,
                  const size_t *chunks, size_t n_chunks)
{
	struct pa_slice in = copy_of(input);
	struct pa_buf want;
	struct pa_buf got;

	pa_buf_init(&want, SIZE_MAX);
	pa_buf_init(&got, SIZE_MAX);
	expect(c, how, in, &want);
	for (size_t i = 0; i < n_chunks; i++) {
		pa_buf_reset(&got);
		run(c, how, in, chunks[i], &got);
		if (!same(of_buf(&got), of_buf(&want)))
			fail_msg("how %d, limit %zu, chunk %zu, \"%s\":\ngot  %s\nwant %s",
			         (int)how, c->max_bytes, chunks[i], shown(in), shown(of_buf(&got)),
			         shown(of_buf(&want)));
	}
	pa_buf_done(&want);
	pa_buf_done(&got);
	free_copy(in);
}

static void check_every_chunk(const struct pa_rows_config *c, enum how how, struct pa_slice in)
{
	size_t chunks[1000];
	size_t n = 0;

	chunks[n++] = 0; /* changing sizes */
	for (size_t k = 1; k <= in.len && n < N_OF(chunks); k++)
		chunks[n++] = k;
	assert_int_equal(n, in.len + 1);
	check(c, how, in, chunks, n);
}

static const struct pa_slice inputs[] = {
    LIT(""),
    LIT("\n"),
    LIT("\n\n\n"),
    LIT("a"),
    LIT("a\n"),
    LIT("a\tb\n"),
    LIT("a\tb"),
    LIT("\t\n\t\t\n"),
    LIT("\t"),
    LIT("1\tx\n\n2\ty\n"),
    LIT("a\r\nb\r\n"), /* CR is content */
    LIT("a\rb\n\r\n\r"),
    LIT(BOM),
    LIT(BOM "\n"),
    LIT(BOM "a\tb\nc\td\n"),
    LIT(BOM BOM "a\n"),
    LIT("a\n" BOM "b\n"),
    LIT("\xef"),
    LIT("\xef\n"),
    LIT("\xef\xbb"),
    LIT("\xef\xbb\n"),
    LIT("\xef\xbbx\n"),
    LIT("\xef\xbb\t"
        "1\n"),
    LIT("a\0b\t\0\n\0\n"),
    LIT("a\xc2\x85"
        "b\xe2\x80\xa8"
        "c\x0b\x0c\x1c\n"), /* no line ends for us */
    LIT("1\t2\t3\t4\t5\t6\t7\t8\n1\t2\t3\t4\t5\t6\t7\t8\t9\n1\n"),
    LIT("a\\\tb\tc\n\\\n\\\\\tx\n\\\\\\\ty\nz\\"),
    LIT("\\\t\\\t\n"),
    LIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\tb\n"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\tb\n"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\tb\n"),
    LIT("\"\"\n"),
    LIT("\"a\"\t\"b\"\n"),
    LIT("\"a\tb\"\tc\n"),
    LIT("\"a\"\"b\"\t\"\"\"\"\n"),
    LIT("\t\"\"\t\n"),
    LIT(" \"a\"\n"),
    LIT(" a \t b \n"),
    LIT("\"a\" \t\"b\"\n"),
    LIT("\"a\"b\"c\"\t1\nx\ty\n"),
    LIT("a\"b\tc\nx\ty\n"),
    LIT("\"cut\nx\ty\n\"cut\t\n\"1\"\t\"2\"\n"),
    LIT("\"\"\"\nx\n"),
    LIT("\"\nx\n"),
    LIT("\""),
    LIT("\"a\""),
    LIT("'a\tb'\t'c''d'\n'\n'x'\ty\n"),
    LIT("a,b\t\"c,d\"\n\"e\"\n"),
};

static const struct {
	uint8_t separator, quote;
	enum how how;
} modes[] = {
    {'\t', 0, PLAIN},   {',', 0, PLAIN},     {'\t', 0, ESCAPED},
    {',', 0, ESCAPED},  {'\t', '"', QUOTED}, {'\t', '\'', QUOTED},
    {',', '"', QUOTED}, {0xff, '"', QUOTED}, {0, 0, PLAIN},
};

static void test_small_inputs(void **state)
{
	static const size_t limits[] = {1000, 0, 1, 2, 3, 7, 63, 64, 66};

	(void)state;
	for (size_t m = 0; m < N_OF(modes); m++) {
		for (size_t i = 0; i < N_OF(limits); i++) {
			const struct pa_rows_config c = {.separator = modes[m].separator,
			                                 .quote = modes[m].quote,
			                                 .max_bytes = limits[i],
			                                 .max_cells = 8};

			for (size_t k = 0; k < N_OF(inputs); k++)
				check_every_chunk(&c, modes[m].how, inputs[k]);
		}
	}
}

static void test_random_inputs(void **state)
{
	static const char alphabet[] = "ab\t\t\n,,\"\"'\\\r\xef";
	uint32_t seed = 23;

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		uint8_t text[120];
		size_t n = next_random(&seed) % sizeof(text);
		size_t m = i % N_OF(modes);
		const struct pa_rows_config c = {.separator = modes[m].separator,
		                                 .quote = modes[m].quote,
		                                 .max_bytes = i % 3 ? 1000 : i % 20,
		                                 .max_cells = 1 + i % 5};

		for (size_t k = 0; k < n; k++)
			text[k] = (uint8_t)alphabet[next_random(&seed) % (sizeof(alphabet) - 1)];
		check_every_chunk(&c, modes[m].how, (struct pa_slice){text, n});
	}
}

/* The cells that were found, also past the room for them. */
static void test_many_cells(void **state)
{
	uint8_t line[4001];

	(void)state;
	for (size_t n = 1; n <= 2000; n += 333) {
		static const size_t chunks[] = {1, 63, 64, 65, 5000};

		for (size_t i = 0; i < n; i++) {
			line[2 * i] = (uint8_t)('a' + i % 26);
			line[2 * i + 1] = i + 1 < n ? '\t' : '\n';
		}
		for (size_t max = n - 1; max <= n + 1; max++) {
			struct pa_rows_config c = {
			    .separator = '\t', .max_bytes = 10000, .max_cells = max};

			check(&c, PLAIN, (struct pa_slice){line, 2 * n}, chunks, N_OF(chunks));
			check(&c, ESCAPED, (struct pa_slice){line, 2 * n}, chunks, N_OF(chunks));
			c.quote = '"';
			check(&c, QUOTED, (struct pa_slice){line, 2 * n}, chunks, N_OF(chunks));
		}
	}
}

/* Rows around the window's first size and the doubled ones, whole and in pieces. */
static void test_window(void **state)
{
	static const size_t lens[] = {1, 262143, 262144, 262145, 300000, 524288, 524289, 1500000};
	static const size_t limits[] = {100, 262143, 262144, 524288, 1499999, 1500000, 4000000};
	static const size_t chunks[] = {0, 997, 32768, 262144, 10000000};
	struct pa_buf input;

	(void)state;
	pa_buf_init(&input, SIZE_MAX);
	assert_ok(pa_buf_puts(&input, BOM "first\trow\n"));
	for (size_t i = 0; i < N_OF(lens); i++) {
		assert_ok(pa_buf_reserve(&input, lens[i] + 100));
		for (size_t k = 0; k < lens[i]; k++)
			input.ptr[input.len + k] =
			    k % 100000 == 99999 ? '\t' : (uint8_t)('a' + k % 25);
		input.len += lens[i];
		assert_ok(pa_buf_puts(&input, "\nshort\t1\n\n"));
	}
	assert_ok(pa_buf_puts(&input, "last\twithout line feed"));
	for (size_t i = 0; i < N_OF(limits); i++) {
		const struct pa_rows_config c = {
		    .separator = '\t', .max_bytes = limits[i], .max_cells = 100};

		check(&c, PLAIN, of_buf(&input), chunks, N_OF(chunks));
	}
	pa_buf_done(&input);
}

static void test_line_is_given_as_it_is(void **state)
{
	struct source source = {.rest = SLICE("\"a\"\"b\"\tc\\\td\n"), .chunk = 2};
	const struct pa_rows_config c = {.read = read_source,
	                                 .ctx = &source,
	                                 .separator = '\t',
	                                 .quote = '"',
	                                 .max_bytes = 100,
	                                 .max_cells = 10};
	struct pa_cells cells;
	struct pa_rows *r;
	struct pa_row row;

	(void)state;
	assert_ok(pa_rows_new(&c, &r, NULL));
	assert_ok(pa_rows_next(r, &row, NULL));
	/* Splitting, once or more, leaves the line alone. */
	for (unsigned i = 0; i < 3; i++) {
		assert_slice(row.line, SLICE("\"a\"\"b\"\tc\\\td"));
		assert_ok(pa_rows_split(r, 0, &cells));
		assert_int_equal(cells.n, 3);
		assert_slice(pa_cell(&cells, 0), SLICE("a\"b"));
		assert_slice(pa_cell(&cells, 1), SLICE("c\\"));
		assert_slice(pa_cell(&cells, 2), SLICE("d"));
	}
	pa_rows_free(r);
	pa_rows_free(NULL);
}

static void test_read_errors_are_passed_on(void **state)
{
	(void)state;
	for (size_t fail_after = 1; fail_after <= 6; fail_after++) {
		struct source source = {
		    .rest = SLICE("a\nb\nc\n"), .chunk = 1, .fail_after = fail_after};
		const struct pa_rows_config c = {.read = read_source,
		                                 .ctx = &source,
		                                 .separator = '\t',
		                                 .max_bytes = 100,
		                                 .max_cells = 10};
		struct pa_error err = {0};
		struct pa_rows *r;
		struct pa_row row;

		assert_ok(pa_rows_new(&c, &r, &err));
		for (size_t i = 0; i < fail_after / 2; i++) {
			assert_ok(pa_rows_next(r, &row, &err));
			assert_int_equal(row.number, i + 1);
		}
		assert_int_equal(pa_rows_next(r, &row, &err), PA_EIO);
		assert_int_equal(err.code, PA_EIO);
		assert_int_equal(err.sys, 5);
		pa_rows_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_small_inputs),
	    cmocka_unit_test(test_random_inputs),
	    cmocka_unit_test(test_many_cells),
	    cmocka_unit_test(test_window),
	    cmocka_unit_test(test_line_is_given_as_it_is),
	    cmocka_unit_test(test_read_errors_are_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
