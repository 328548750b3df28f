#include "pcapanalyzer/rows.h"

#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/scan.h"

#define WINDOW_START (256u * 1024)
#define READ_MIN     (32u * 1024) /* room that a read should have */

struct pa_rows {
	struct pa_rows_config config;
	struct pa_csv_splitter *splitter;
	struct pa_slice *quoted; /* the splitter's cells */
	uint32_t *own;           /* cuts of the rows that are not split at every separator */
	uint8_t *window;         /* cap + PA_ROWS_SLACK bytes */
	size_t cap;
	size_t start;   /* of the row */
	size_t scanned; /* bytes before it were looked at */
	size_t end;     /* of the bytes read */
	size_t stop;    /* end of the current row */
	int eof;
	int in_pieces;
	int ended; /* the current row has a line feed: then it is no piece that others follow */
	uint64_t number;
	/* Offsets into the window: the byte before the row, its separators, its line feed, and
	 * what was found behind that. */
	pa_scan_fn *scan;
	struct pa_scan found; /* by the last look */
	uint32_t *cuts;
	size_t n_cuts;
	size_t first;     /* the byte before the row: the line feed of the row before it */
	size_t last;      /* the row's line feed */
	size_t n_dropped; /* cuts of the row that nobody will ask for */
	size_t next_end;  /* the first of found.ends that is not taken */
};

enum pa_status pa_rows_new(const struct pa_rows_config *config, struct pa_rows **out,
                           struct pa_error *err)
{
	struct pa_rows *r = calloc(1, sizeof(*r));
	size_t row_cuts = config->max_cells + 2;
	enum pa_status st = PA_OK;

	if (!r)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the input window");
	r->config = *config;
	r->scan = pa_scan_best()->scan;
	r->cap = WINDOW_START;
	r->window = calloc(1, r->cap + PA_ROWS_SLACK);
	r->quoted = calloc(config->max_cells + 1, sizeof(*r->quoted));
	r->own = calloc(row_cuts + PA_SCAN_BLOCK, sizeof(*r->own));
	r->cuts = calloc(row_cuts + PA_SCAN_CUTS + PA_SCAN_BLOCK, sizeof(*r->cuts));
	if (!r->window || !r->quoted || !r->own || !r->cuts)
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
	free(r->quoted);
	free(r->own);
	free(r->cuts);
	free(r);
}

/* Begin a row, or the next piece of one, at START: nothing that was found before counts. */
static void begin_at(struct pa_rows *r, size_t start)
{
	r->start = start;
	r->cuts[0] = (uint32_t)start - 1;
	r->first = 0;
	r->n_cuts = 1;
	r->n_dropped = 0;
}

/* Look at more bytes. The cuts of the row that has begun move to the front. */
static void look(struct pa_rows *r)
{
	size_t most = r->config.max_cells + 2;
	size_t keep = r->n_cuts - r->first;
	size_t n = r->end - r->scanned;

	if (n > PA_SCAN_BYTES)
		n = PA_SCAN_BYTES;
	if (keep > most) {
		r->n_dropped += keep - most;
		keep = most;
	}
	memmove(r->cuts, r->cuts + r->first, keep * sizeof(*r->cuts));
	r->first = 0;
	r->found.cuts = r->cuts + keep;
	r->scan(r->window + r->scanned, n, (uint32_t)r->scanned, r->config.separator, &r->found);
	r->n_cuts = keep + r->found.n_cuts;
	r->next_end = 0;
	r->scanned += n;
}

/* The row ends at the next line feed, which the last look has seen. */
static inline void take_line_feed(struct pa_rows *r)
{
	r->last = r->n_cuts - r->found.n_cuts + r->found.ends[r->next_end++];
	r->stop = r->cuts[r->last];
}

/* 1 when the row's line feed was found, at r->stop. */
static int find_line_feed(struct pa_rows *r)
{
	while (r->next_end == r->found.n_ends) {
		if (r->scanned == r->end)
			return 0;
		look(r);
	}
	take_line_feed(r);
	return 1;
}

static enum pa_status grow(struct pa_rows *r, struct pa_error *err)
{
	size_t most = r->config.max_bytes + READ_MIN;
	size_t cap = r->cap * 2 < most ? r->cap * 2 : most;
	uint8_t *window;

	if (cap <= r->cap)
		return PA_OK;
	window = realloc(r->window, cap + PA_ROWS_SLACK);
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
		for (size_t i = r->first; i < r->n_cuts; i++)
			r->cuts[i] -= (uint32_t)r->start;
		r->end -= r->start;
		r->scanned -= r->start;
		r->start = 0;
		r->stop = 0;
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
		begin_at(r, r->start + 3);
		r->scanned = r->start;
	}
}

static enum pa_row_kind kind_of(const struct pa_rows *r, size_t stop)
{
	return r->in_pieces || stop - r->start > r->config.max_bytes ? PA_ROW_LAST_PIECE
	                                                             : PA_ROW_WHOLE;
}

static void give(struct pa_rows *r, struct pa_row *row, size_t stop, enum pa_row_kind kind,
                 int terminated)
{
	*row = (struct pa_row){.kind = kind,
	                       .number = r->number,
	                       .line = {r->window + r->start, stop - r->start},
	                       .terminated = terminated};
	r->stop = stop;
	r->in_pieces = kind == PA_ROW_PIECE;
	r->ended = terminated;
}

/* What was given last is done with. */
static void go_on(struct pa_rows *r)
{
	if (r->ended) {
		r->start = r->stop + 1;
		r->first = r->last;
		r->n_dropped = 0;
	} else {
		begin_at(r, r->stop);
	}
	r->stop = r->start;
	r->ended = 0;
}

/* A row that is not found at once: there is more to read, or to look at, or it comes in pieces. */
static __attribute__((noinline)) enum pa_status next_slowly(struct pa_rows *r, struct pa_row *row,
                                                            struct pa_error *err)
{
	enum pa_status st = PA_OK;

	go_on(r);
	if (!r->in_pieces) {
		while (r->number == 0 && !r->eof && r->end - r->start < 3 && st == PA_OK &&
		       !(r->end > r->start && r->window[r->start] != 0xef))
			st = refill(r, err);
		skip_bom(r);
		r->number++;
	}
	while (st == PA_OK) {
		if (find_line_feed(r)) {
			give(r, row, r->stop, kind_of(r, r->stop), 1);
			return PA_OK;
		}
		if (r->eof) {
			if (r->end == r->start && !r->in_pieces)
				return PA_END;
			r->last = r->n_cuts;
			r->cuts[r->n_cuts++] = (uint32_t)r->end;
			give(r, row, r->end, kind_of(r, r->end), 0);
			return PA_OK;
		}
		if (r->end - r->start > (r->in_pieces ? 0 : r->config.max_bytes)) {
			give(r, row, r->end, PA_ROW_PIECE, 0);
			return PA_OK;
		}
		st = refill(r, err);
	}
	return st;
}

enum pa_status pa_rows_next(struct pa_rows *r, struct pa_row *row, struct pa_error *err)
{
	/* Most rows stand behind a whole one, and their end was seen by the last look. */
	if (!r->ended || r->next_end == r->found.n_ends)
		return next_slowly(r, row, err);
	go_on(r);
	r->number++;
	take_line_feed(r);
	give(r, row, r->stop, kind_of(r, r->stop), 1);
	return PA_OK;
}

static void split_escaped(struct pa_rows *r, size_t *n)
{
	int escaped = 0;

	*n = 0;
	r->own[0] = (uint32_t)r->start - 1;
	for (size_t i = r->start; i <= r->stop; i++) {
		if (i == r->stop || (r->window[i] == r->config.separator && !escaped)) {
			if (*n < r->config.max_cells)
				r->own[*n + 1] = (uint32_t)i;
			++*n;
			escaped = 0;
		} else {
			escaped = r->window[i] == '\\' && !escaped;
		}
	}
}

static enum pa_status split_quoted(struct pa_rows *r, struct pa_cells *out)
{
	const struct pa_slice line = {r->window + r->start, r->stop - r->start};
	enum pa_status st;

	out->n = r->config.max_cells;
	st = pa_csv_split(r->splitter, line, r->quoted, &out->n);
	if (st != PA_OK)
		return st;
	out->base = r->quoted[0].ptr;
	r->own[0] = UINT32_MAX;
	for (size_t i = 0; i < out->n && i < r->config.max_cells; i++)
		r->own[i + 1] = (uint32_t)(r->quoted[i].ptr + r->quoted[i].len - r->quoted[0].ptr);
	return PA_OK;
}

enum pa_status pa_rows_split(struct pa_rows *r, int escaped, struct pa_cells *out)
{
	*out = (struct pa_cells){.base = r->window, .cuts = r->own};
	if (r->splitter)
		return split_quoted(r, out);
	if (escaped) {
		split_escaped(r, &out->n);
	} else {
		out->exact = 1;
		out->cuts = r->cuts + r->first;
		out->n = r->last - r->first + r->n_dropped;
	}
	return PA_OK;
}
