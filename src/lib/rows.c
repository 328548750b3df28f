#include "pcapanalyzer/rows.h"

#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/scan.h"

#define WINDOW_START (256u * 1024)
#define READ_MIN     (32u * 1024) /* room that a read should have */

struct pa_rows {
	struct pa_rows_config config;
	struct pa_csv_splitter *splitter;
	uint8_t *window; /* cap + PA_SCAN_BLOCK bytes, so that a block may be read anywhere */
	size_t cap;
	size_t start;   /* of the row */
	size_t scanned; /* bytes before it were looked at */
	size_t end;     /* of the bytes read */
	size_t stop;    /* end of the current row */
	int eof;
	int in_pieces;
	uint64_t number;
	struct pa_slice *cells;
	uint32_t *cuts; /* separators of the row, as offsets from start */
	size_t n_cuts;
};

enum pa_status pa_rows_new(const struct pa_rows_config *config, struct pa_rows **out,
                           struct pa_error *err)
{
	struct pa_rows *r = calloc(1, sizeof(*r));
	enum pa_status st = PA_OK;

	if (!r)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the input window");
	r->config = *config;
	r->cap = WINDOW_START;
	r->window = calloc(1, r->cap + PA_SCAN_BLOCK);
	r->cells = calloc(config->max_cells + 1, sizeof(*r->cells));
	r->cuts = calloc(config->max_cells + 1, sizeof(*r->cuts));
	if (!r->window || !r->cells || !r->cuts)
		st = pa_fail(err, PA_ENOMEM, 0, "no memory for the input window");
	if (st == PA_OK && config->quote)
		st = pa_csv_splitter_new(config->separator, config->quote, &r->splitter, err);
	if (st != PA_OK) {
		pa_rows_free(r);
		return st;
	}
	*out = r;
	return PA_OK;
}

void pa_rows_free(struct pa_rows *r)
{
	if (!r)
		return;
	pa_csv_splitter_free(r->splitter);
	free(r->window);
	free(r->cells);
	free(r->cuts);
	free(r);
}

/* Look at the bytes from scanned to end; 1 when a line feed was found, at r->stop. */
static int find_line_feed(struct pa_rows *r)
{
	const uint8_t separator = r->config.separator;
	const size_t max_cuts = r->config.max_cells + 1;
	size_t at = r->scanned;

	while (at < r->end) {
		uint64_t hits = pa_scan64(r->window + at, separator, '\n');

		if (r->end - at < PA_SCAN_BLOCK)
			hits &= ((uint64_t)1 << (r->end - at)) - 1;
		while (hits) {
			size_t i = at + (size_t)__builtin_ctzll(hits);

			if (r->window[i] == '\n') {
				r->stop = i;
				r->scanned = i + 1;
				return 1;
			}
			if (r->n_cuts < max_cuts)
				r->cuts[r->n_cuts] = (uint32_t)(i - r->start);
			r->n_cuts++;
			hits &= hits - 1;
		}
		at += PA_SCAN_BLOCK;
	}
	r->scanned = r->end;
	return 0;
}

static enum pa_status grow(struct pa_rows *r, struct pa_error *err)
{
	size_t most = r->config.max_bytes + READ_MIN;
	size_t cap = r->cap * 2 < most ? r->cap * 2 : most;
	uint8_t *window;

	if (cap <= r->cap)
		return PA_OK;
	window = realloc(r->window, cap + PA_SCAN_BLOCK);
	if (!window)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for a row of %zu bytes", r->cap);
	r->window = window;
	r->cap = cap;
	return PA_OK;
}

static enum pa_status refill(struct pa_rows *r, struct pa_error *err)
{
	enum pa_status st = PA_OK;
	size_t got = 0;

	if (r->start > 0) {
		memmove(r->window, r->window + r->start, r->end - r->start);
		r->end -= r->start;
		r->scanned -= r->start;
		r->start = 0;
	}
	if (r->cap - r->end < READ_MIN)
		st = grow(r, err);
	if (st == PA_OK)
		st = r->config.read(r->config.ctx, r->window + r->end, r->cap - r->end, &got, err);
	if (st == PA_OK) {
		r->end += got;
		r->eof = got == 0;
	}
	return st;
}

static void skip_bom(struct pa_rows *r)
{
	if (r->number == 0 && r->end - r->start >= 3 &&
	    memcmp(r->window + r->start, "\xef\xbb\xbf", 3) == 0) {
		r->start += 3;
		if (r->scanned < r->start)
			r->scanned = r->start;
	}
}

static void give(struct pa_rows *r, struct pa_row *row, size_t stop, enum pa_row_kind kind,
                 int terminated)
{
	*row = (struct pa_row){.kind = kind,
	                       .number = r->number,
	                       .line = {r->window + r->start, stop - r->start},
	                       .terminated = terminated};
	r->stop = stop;
}

enum pa_status pa_rows_next(struct pa_rows *r, struct pa_row *row, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	/* What was given last is done with: scanned stands behind it. */
	r->start = r->scanned;
	if (!r->in_pieces) {
		r->n_cuts = 0;
		while (r->number == 0 && !r->eof && r->end - r->start < 3 && st == PA_OK &&
		       !(r->end > r->start && r->window[r->start] != 0xef))
			st = refill(r, err);
		skip_bom(r);
		r->number++;
	}
	while (st == PA_OK) {
		if (find_line_feed(r)) {
			give(r, row, r->stop, r->in_pieces ? PA_ROW_LAST_PIECE : PA_ROW_WHOLE, 1);
			if (row->kind == PA_ROW_WHOLE && row->line.len > r->config.max_bytes)
				row->kind = PA_ROW_LAST_PIECE;
			r->in_pieces = 0;
			return PA_OK;
		}
		if (r->eof) {
			if (r->end == r->start && !r->in_pieces)
				return PA_END;
			give(r, row, r->end, r->in_pieces ? PA_ROW_LAST_PIECE : PA_ROW_WHOLE, 0);
			if (row->line.len > r->config.max_bytes)
				row->kind = PA_ROW_LAST_PIECE;
			r->in_pieces = 0;
			return PA_OK;
		}
		if (r->end - r->start > (r->in_pieces ? 0 : r->config.max_bytes)) {
			r->in_pieces = 1;
			give(r, row, r->end, PA_ROW_PIECE, 0);
			return PA_OK;
		}
		st = refill(r, err);
	}
	return st;
}

static size_t split_escaped(struct pa_rows *r, struct pa_slice line)
{
	size_t n = 0;
	size_t from = 0;
	int escaped = 0;

	for (size_t i = 0; i <= line.len; i++) {
		if (i == line.len || (line.ptr[i] == r->config.separator && !escaped)) {
			if (n < r->config.max_cells)
				r->cells[n] = (struct pa_slice){line.ptr + from, i - from};
			n++;
			from = i + 1;
			escaped = 0;
		} else {
			escaped = line.ptr[i] == '\\' && !escaped;
		}
	}
	return n;
}

enum pa_status pa_rows_split(struct pa_rows *r, int escaped, const struct pa_slice **cells,
                             size_t *n)
{
	const struct pa_slice line = {r->window + r->start, r->stop - r->start};
	enum pa_status st = PA_OK;

	if (r->splitter) {
		*n = r->config.max_cells;
		st = pa_csv_split(r->splitter, line, r->cells, n);
	} else if (escaped) {
		*n = split_escaped(r, line);
	} else {
		size_t from = 0;

		for (size_t i = 0; i < r->config.max_cells && i <= r->n_cuts; i++) {
			size_t to = i < r->n_cuts ? r->cuts[i] : line.len;

			r->cells[i] = (struct pa_slice){line.ptr + from, to - from};
			from = to + 1;
		}
		*n = r->n_cuts + 1;
	}
	*cells = r->cells;
	return st;
}
