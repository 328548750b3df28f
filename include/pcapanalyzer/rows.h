/* Bytes in, rows of cells out, over one sliding window.
 *
 * A row is what stands before a line feed; nothing else is framing. The window grows with the
 * longest row up to the limit and is the only memory that does; a longer row comes in pieces, so
 * that it can be kept aside whole.
 */
#ifndef PCAPANALYZER_ROWS_H
#define PCAPANALYZER_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/csv.h"
#include "pcapanalyzer/error.h"

/* Where bytes come from: fills at most N bytes, *got is 0 at the end only. */
typedef enum pa_status pa_read_fn(void *ctx, uint8_t *bytes, size_t n, size_t *got,
                                  struct pa_error *err);

struct pa_rows_config {
	pa_read_fn *read;
	void *ctx;
	uint8_t separator;
	uint8_t quote;    /* 0 for none */
	size_t max_bytes; /* longest row that is kept whole */
	size_t max_cells; /* cells that a row may have; one more is counted, not stored */
};

enum pa_row_kind {
	PA_ROW_WHOLE,
	PA_ROW_PIECE,      /* of a row above the limit; more pieces follow */
	PA_ROW_LAST_PIECE, /* its last one */
};

struct pa_row {
	enum pa_row_kind kind;
	uint64_t number;      /* 1-based line */
	struct pa_slice line; /* without the line feed */
	int terminated;       /* 0: the input ended before the line feed */
};

/* The cells of a row: cell i stands between cuts i and i + 1. */
struct pa_cells {
	const uint8_t *base; /* what the cuts are offsets from */
	/* n + 1 of them, and PA_SCAN_BLOCK that may be read; the first may be one less than 0 */
	const uint32_t *cuts;
	size_t n;
	int exact; /* 1: a separator stands between any two, and in none of them */
};

/* Bytes that may be read behind the last one of every row and cell, whatever they are. */
#define PA_ROWS_SLACK PA_CSV_SLACK

struct pa_rows;

enum pa_status pa_rows_new(const struct pa_rows_config *config, struct pa_rows **out,
                           struct pa_error *err) __attribute__((warn_unused_result));
void pa_rows_free(struct pa_rows *r);

/* The next row, or PA_END. A byte order mark before the first row is skipped. Slices live
 * until the next call. Errors are those of the read function, and PA_ENOMEM. */
enum pa_status pa_rows_next(struct pa_rows *r, struct pa_row *row, struct pa_error *err)
    __attribute__((warn_unused_result));

/* The cells of the whole row that pa_rows_next() returned last, split at every separator; or,
 * with ESCAPED, only at those without a backslash before them (how tshark 4.4 protects a
 * separator other than tab); or through libcsv when the configuration has a quote.
 * out: lives until the next call on r. n may be above max_cells; only so many are there then.
 * PA_EROW: broken quoting */
enum pa_status pa_rows_split(struct pa_rows *r, int escaped, struct pa_cells *out)
    __attribute__((warn_unused_result));

/* Cell I of a row, counted from 0; lives as long as CELLS. */
static inline struct pa_slice pa_cell(const struct pa_cells *cells, size_t i)
{
	uint32_t from = cells->cuts[i] + 1;

	return (struct pa_slice){cells->base + from, cells->cuts[i + 1] - from};
}

#endif
