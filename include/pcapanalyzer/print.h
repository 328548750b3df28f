/* Answers as text: aligned table, CSV, TSV or JSON. All forms append to a buffer that the
 * caller writes out and resets whenever it likes.
 *
 *   table  two spaces between columns, numbers to the right; control bytes, bytes that are
 *          not UTF-8 and characters that turn the writing direction are '?', so that no packet
 *          can play with the terminal; NULL is NULL
 *   csv    RFC 4180 with a header row and CR LF; NULL is an empty field, empty text is ""
 *   tsv    a header row; NULL is \N, and NUL LF TAB CR and the backslash are \0 \n \t \r \\,
 *          so that LOAD DATA reads it back
 *   json   an array with one object per row; numbers are numbers, NULL is null, bytes that
 *          are not UTF-8 become U+FFFD
 * Bytes columns are 0x... in table and json, and as they are in csv and tsv.
 */
#ifndef PCAPANALYZER_PRINT_H
#define PCAPANALYZER_PRINT_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"

/* Order as in --format, without auto. */
enum pa_print_format { PA_PRINT_TABLE, PA_PRINT_CSV, PA_PRINT_TSV, PA_PRINT_JSON };

#define PA_PRINT_CELL_MAX 256 /* characters of a cell in a table; longer ones end in "..." */

struct pa_printer {
	enum pa_print_format format;
	const struct pa_db_column *columns;
	size_t n_columns;
	size_t *widths; /* characters per column, table only; heap */
	uint64_t rows;
};

/* columns: borrowed until pa_print_done(). PA_ENOMEM. */
enum pa_status pa_print_init(struct pa_printer *p, enum pa_print_format format,
                             const struct pa_db_column *columns, size_t n_columns)
    __attribute__((warn_unused_result));
void pa_print_done(struct pa_printer *p);

/* Table only, before pa_print_head(): make the columns wide enough for this row. */
void pa_print_measure(struct pa_printer *p, const struct pa_slice *cells);

/* The parts of the answer, in this order; errors as pa_buf_put(). */
enum pa_status pa_print_head(struct pa_printer *p, struct pa_buf *out)
    __attribute__((warn_unused_result));
enum pa_status pa_print_row(struct pa_printer *p, const struct pa_slice *cells, struct pa_buf *out)
    __attribute__((warn_unused_result));
enum pa_status pa_print_tail(struct pa_printer *p, struct pa_buf *out)
    __attribute__((warn_unused_result));

/* Append S as a JSON string, with its quotes. */
enum pa_status pa_print_json_text(struct pa_slice s, struct pa_buf *out)
    __attribute__((warn_unused_result));

#endif
