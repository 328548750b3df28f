/* Rows and cells must be the same however the input comes in, and the same as a plain reading
 * of the header gives: find the line feeds, then the separators.
 *
 * Input: separator and mode, limit of a row, limit of cells, size of the reads; then the stream. */
#include "source.h"

enum how { PLAIN, ESCAPED, QUOTED };

/* The next cell of LINE, from *at on. 0: broken quoting. */
static int next_cell(const struct pa_rows_config *c, enum how how, struct pa_slice line, size_t *at,
                     struct pa_buf *cell)
{
	size_t i = *at;
	int ok = 1;

	pa_buf_reset(cell);
	if (how == QUOTED && i < line.len && line.ptr[i] == c->quote) {
		for (i++, ok = 0; i < line.len && !ok; i++) {
			if (line.ptr[i] != c->quote)
				MUST(pa_buf_putc(cell, line.ptr[i]) == PA_OK);
			else if (i + 1 < line.len && line.ptr[i + 1] == c->quote)
				MUST(pa_buf_putc(cell, line.ptr[i++]) == PA_OK);
			else
				ok = 1;
		}
		ok = ok && (i == line.len || line.ptr[i] == c->separator);
	} else {
		for (; i < line.len && line.ptr[i] != c->separator; i++) {
			ok = ok && !(how == QUOTED && line.ptr[i] == c->quote);
			MUST(pa_buf_putc(cell, line.ptr[i]) == PA_OK);
			if (how == ESCAPED && line.ptr[i] == '\\' && i + 1 < line.len)
				MUST(pa_buf_putc(cell, line.ptr[++i]) == PA_OK);
		}
	}
	*at = i;
	return ok;
}

static void check_cells(struct pa_rows *r, const struct pa_rows_config *c, enum how how,
                        struct pa_slice line)
{
	struct pa_cells cells;
	size_t k = 0;
	size_t at = 0;
	int ok = 1;
	struct pa_buf cell;
	enum pa_status st = pa_rows_split(r, how == ESCAPED, &cells);

	MUST(st == PA_OK || (st == PA_EROW && how == QUOTED));
	pa_buf_init(&cell, SIZE_MAX);
	for (;; at++) {
		ok = next_cell(c, how, line, &at, &cell);
		if (!ok)
			break;
		if (st == PA_OK && k < cells.n && k < c->max_cells)
			MUST(pa_cell(&cells, k).len == cell.len &&
			     (cell.len == 0 ||
			      memcmp(pa_cell(&cells, k).ptr, cell.ptr, cell.len) == 0));
		k++;
		if (at == line.len)
			break;
	}
	MUST(ok == (st == PA_OK));
	MUST(!ok || k == cells.n);
	pa_buf_done(&cell);
}

/* The rest of a row above the limit; ROW is its first piece. */
static void take_pieces(struct pa_rows *r, struct pa_row *row, struct pa_slice line)
{
	size_t at = 0;
	uint64_t number = row->number;

	for (;;) {
		MUST(row->number == number && row->kind != PA_ROW_WHOLE);
		MUST(row->line.len <= line.len - at);
		MUST(row->line.len == 0 ||
		     memcmp(row->line.ptr, line.ptr + at, row->line.len) == 0);
		at += row->line.len;
		if (row->kind == PA_ROW_LAST_PIECE)
			break;
		MUST(row->line.len > 0 && !row->terminated);
		MUST(pa_rows_next(r, row, NULL) == PA_OK);
	}
	MUST(at == line.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t separators[] = {'\t', ',', 0xff, 0};
	struct source source = {{NULL, 0}, 0};
	struct pa_rows_config c = {.read = read_source, .ctx = &source};
	struct pa_slice in;
	struct pa_rows *r;
	struct pa_row row;
	enum how how;
	uint64_t number = 0;

	if (size < 4)
		return 0;
	c.separator = separators[data[0] & 3];
	how = (enum how)((data[0] >> 2) % 3);
	c.quote = how == QUOTED ? (data[0] & 0x80 ? '\'' : '"') : 0;
	c.max_bytes = data[1] == 255 ? 1 << 20 : data[1];
	c.max_cells = 1u + data[2];
	source.chunk = data[3] == 0 ? SIZE_MAX : data[3];
	in = (struct pa_slice){data + 4, size - 4};
	source.rest = in;
	if (in.len >= 3 && memcmp(in.ptr, "\xef\xbb\xbf", 3) == 0)
		in = (struct pa_slice){in.ptr + 3, in.len - 3};

	MUST(pa_rows_new(&c, &r, NULL) == PA_OK);
	while (in.len > 0) {
		const uint8_t *lf = memchr(in.ptr, '\n', in.len);
		struct pa_slice line = {in.ptr, lf ? (size_t)(lf - in.ptr) : in.len};

		MUST(pa_rows_next(r, &row, NULL) == PA_OK);
		MUST(row.number == ++number);
		MUST((row.kind == PA_ROW_WHOLE) == (line.len <= c.max_bytes));
		if (row.kind == PA_ROW_WHOLE) {
			MUST(row.line.len == line.len);
			MUST(line.len == 0 || memcmp(row.line.ptr, line.ptr, line.len) == 0);
			check_cells(r, &c, how, line);
		} else {
			take_pieces(r, &row, line);
		}
		MUST(row.terminated == (lf != NULL));
		in.ptr += line.len + (lf != NULL);
		in.len -= line.len + (lf != NULL);
	}
	MUST(pa_rows_next(r, &row, NULL) == PA_END);
	pa_rows_free(r);
	return 0;
}
