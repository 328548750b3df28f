/* CSV in and out: the quoted dialects of tshark are read through libcsv, values are written
 * in one of four forms. This module's source is the only one that includes libcsv's header. */
#ifndef PCAPANALYZER_CSV_H
#define PCAPANALYZER_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/convert.h"
#include "pcapanalyzer/error.h"

enum pa_csv_style {
	PA_CSV_MYSQL,   /* comma, text in double quotes, \N, backslash escapes; LF */
	PA_CSV_RFC4180, /* comma, quotes where needed, NULL is nothing at all; CRLF */
	PA_CSV_TSV,     /* tab, \N, backslash escapes; LF */
	PA_CSV_BATCH,   /* as TSV, but addresses and bytes raw: the columns' own form */
};

/* Append one value in STYLE, without a separator. Errors as pa_buf_reserve(). */
enum pa_status pa_csv_value(struct pa_buf *out, enum pa_csv_style style, const struct pa_value *v)
    __attribute__((warn_unused_result));

/* The byte between two values, and the end of a row. */
uint8_t pa_csv_separator(enum pa_csv_style style) __attribute__((const));
enum pa_status pa_csv_end_row(struct pa_buf *out, enum pa_csv_style style)
    __attribute__((warn_unused_result));

/* Append raw bytes with the backslash escapes of TSV: \0 \n \r \t \\ and nothing else. */
enum pa_status pa_csv_escape(struct pa_buf *out, const uint8_t *bytes, size_t n)
    __attribute__((warn_unused_result));

/* Bytes that may be read behind the last one of every cell. */
#define PA_CSV_SLACK 64

struct pa_csv_splitter; /* libcsv's parser, set up for one dialect */

/* A splitter for rows whose values stand between QUOTE bytes where tshark quoted them. */
enum pa_status pa_csv_splitter_new(uint8_t separator, uint8_t quote, struct pa_csv_splitter **out,
                                   struct pa_error *err) __attribute__((warn_unused_result));
void pa_csv_splitter_free(struct pa_csv_splitter *s);

/* Split one line (without its LF).
 * cells: slices into the splitter, valid until the next call
 * n:     in: room in cells; out: cells found, which may be more than there was room for
 * PA_EROW when the quoting is broken. */
enum pa_status pa_csv_split(struct pa_csv_splitter *s, struct pa_slice line, struct pa_slice *cells,
                            size_t *n) __attribute__((warn_unused_result));

#endif
