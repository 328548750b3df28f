/* Values of any bytes are written and come back; any line is split as its quotes say.
 *
 * Input: a byte that ends a value, the separator and the quote of a line; then the values, which
 * together are the line too. */
#include "fuzz.h"
#include "pcapanalyzer/csv.h"

#define VALUES_MAX 40

static int same(struct pa_slice a, struct pa_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The backslash escapes, undone as the MySQL manual has them. */
static struct pa_slice undo(struct pa_slice in, struct pa_buf *out)
{
	static const char letters[] = "0nrt\\";
	static const char bytes[] = {0, '\n', '\r', '\t', '\\'};

	pa_buf_reset(out);
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];

		if (c == '\\') {
			const char *hit;

			MUST(++i < in.len);
			hit = in.ptr[i] ? strchr(letters, in.ptr[i]) : NULL;
			MUST(hit);
			c = (uint8_t)bytes[hit - letters];
		} else {
			MUST(c != 0 && c != '\n' && c != '\r' && c != '\t');
		}
		MUST(pa_buf_putc(out, c) == PA_OK);
	}
	return (struct pa_slice){out->ptr, out->len};
}

static size_t split_tabs(struct pa_slice line, struct pa_slice *cells)
{
	size_t n = 0;

	for (;;) {
		const uint8_t *tab = line.len ? memchr(line.ptr, '\t', line.len) : NULL;

		MUST(n < VALUES_MAX);
		cells[n].ptr = line.ptr;
		cells[n++].len = tab ? (size_t)(tab - line.ptr) : line.len;
		if (!tab)
			return n;
		line.len -= (size_t)(tab + 1 - line.ptr);
		line.ptr = tab + 1;
	}
}

static void round_trip(enum pa_csv_style style, const struct pa_slice *values, size_t n)
{
	struct pa_slice cells[VALUES_MAX];
	struct pa_csv_splitter *s;
	struct pa_slice line;
	struct pa_buf text;
	struct pa_buf plain;
	int tabs = style == PA_CSV_TSV || style == PA_CSV_BATCH;
	size_t end = style == PA_CSV_RFC4180 ? 2 : 1;
	size_t got = VALUES_MAX;

	pa_buf_init(&text, SIZE_MAX);
	pa_buf_init(&plain, SIZE_MAX);
	for (size_t i = 0; i < n; i++) {
		struct pa_value v = {.kind = PA_V_TEXT, .text = values[i]};

		if (i > 0)
			MUST(pa_buf_putc(&text, pa_csv_separator(style)) == PA_OK);
		MUST(pa_csv_value(&text, style, &v) == PA_OK);
	}
	MUST(pa_csv_end_row(&text, style) == PA_OK);
	line = (struct pa_slice){text.ptr, text.len - end};
	MUST(text.ptr[text.len - 1] == '\n');
	if (style != PA_CSV_RFC4180)
		MUST(line.len == 0 || !memchr(line.ptr, '\n', line.len));
	MUST(pa_csv_splitter_new(',', '"', &s, NULL) == PA_OK);
	if (tabs)
		got = split_tabs(line, cells);
	else
		MUST(pa_csv_split(s, line, cells, &got) == PA_OK);
	MUST(got == n);
	for (size_t i = 0; i < n; i++)
		MUST(same(values[i], style == PA_CSV_RFC4180 ? cells[i] : undo(cells[i], &plain)));
	pa_csv_splitter_free(s);
	pa_buf_done(&text);
	pa_buf_done(&plain);
}

/* 0: the quoting is broken. */
static int split_by_hand(struct pa_slice line, uint8_t separator, uint8_t quote,
                         struct pa_buf *bytes, size_t *lens, size_t *n)
{
	size_t i = 0;

	for (*n = 0;; i++) {
		size_t start = bytes->len;

		if (i < line.len && line.ptr[i] == quote) {
			int open = 1;

			for (i++; open; i++) {
				if (i >= line.len)
					return 0;
				if (line.ptr[i] == quote &&
				    (i + 1 == line.len || line.ptr[i + 1] != quote)) {
					open = 0;
				} else {
					i += line.ptr[i] == quote;
					MUST(pa_buf_putc(bytes, line.ptr[i]) == PA_OK);
				}
			}
			if (i < line.len && line.ptr[i] != separator)
				return 0;
		}
		for (; i < line.len && line.ptr[i] != separator; i++) {
			if (line.ptr[i] == quote)
				return 0;
			MUST(pa_buf_putc(bytes, line.ptr[i]) == PA_OK);
		}
		if (*n < VALUES_MAX)
			lens[*n] = bytes->len - start;
		++*n;
		if (i == line.len)
			return 1;
	}
}

static void check_split(struct pa_slice line, uint8_t separator, uint8_t quote)
{
	struct pa_slice cells[VALUES_MAX];
	size_t lens[VALUES_MAX];
	struct pa_csv_splitter *s;
	struct pa_buf bytes;
	size_t want;

	/* tshark's rows are split at line feeds first. */
	if (separator == quote || separator == '\n' || quote == '\n' ||
	    (line.len && memchr(line.ptr, '\n', line.len)))
		return;
	pa_buf_init(&bytes, SIZE_MAX);
	MUST(pa_buf_reserve(&bytes, 1) == PA_OK);
	MUST(pa_csv_splitter_new(separator, quote, &s, NULL) == PA_OK);
	/* Twice, with a broken line between: nothing is left over. */
	for (int round = 0; round < 2; round++) {
		size_t n = VALUES_MAX;
		size_t at = 0;
		enum pa_status st = pa_csv_split(s, line, cells, &n);

		pa_buf_reset(&bytes);
		MUST(st == PA_OK || st == PA_EROW);
		MUST((st == PA_OK) == split_by_hand(line, separator, quote, &bytes, lens, &want));
		MUST(st != PA_OK || n == want);
		for (size_t i = 0; st == PA_OK && i < n && i < VALUES_MAX; i++) {
			MUST(same(cells[i], (struct pa_slice){bytes.ptr + at, lens[i]}));
			at += lens[i];
		}
		n = VALUES_MAX;
		MUST(pa_csv_split(s, (struct pa_slice){&quote, 1}, cells, &n) == PA_EROW);
	}
	pa_csv_splitter_free(s);
	pa_buf_done(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pa_slice values[VALUES_MAX];
	size_t n = 0;
	size_t from = 3;

	if (size < 3)
		return 0;
	for (size_t i = 3; i <= size && n < VALUES_MAX; i++) {
		if (i < size && data[i] != data[0])
			continue;
		values[n++] = (struct pa_slice){data + from, i - from};
		from = i + 1;
	}
	round_trip(PA_CSV_MYSQL, values, n);
	round_trip(PA_CSV_RFC4180, values, n);
	round_trip(PA_CSV_TSV, values, n);
	round_trip(PA_CSV_BATCH, values, n);
	check_split((struct pa_slice){data + 3, size - 3}, data[1], data[2]);
	return 0;
}
