/* A small answer in the making: all cells in one buffer, a NUL after each. */
#ifndef CSV2MYSQL_GRID_H
#define CSV2MYSQL_GRID_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/print.h"

#define ANSWER_MAX ((size_t)1024 * 1024 * 1024)
#define CELLS_MAX  16

struct grid {
	const struct pa_db_column *columns;
	size_t n_columns;
	struct pa_buf text;
};

/* Append a cell; errors as pa_buf_put(). Zero bytes in a text become '?'. */
enum pa_status put_null(struct grid *g) __attribute__((warn_unused_result));
enum pa_status put_slice(struct grid *g, struct pa_slice s) __attribute__((warn_unused_result));
enum pa_status put_text(struct grid *g, const char *text) __attribute__((warn_unused_result));
enum pa_status put_number(struct grid *g, uint64_t v) __attribute__((warn_unused_result));
enum pa_status put_signed(struct grid *g, int64_t v) __attribute__((warn_unused_result));

/* A time in microseconds since 1970, UTC. */
enum pa_status put_time(struct grid *g, int64_t us) __attribute__((warn_unused_result));

/* The cells of the row at AT; returns where the next row starts. */
size_t get_row(const struct grid *g, size_t at, struct pa_slice *cells);

/* Append all rows to OUT, as FORMAT has them; errors as pa_print_row(). */
enum pa_status format_grid(const struct grid *g, enum pa_print_format format, struct pa_buf *out)
    __attribute__((warn_unused_result));
/* Write them to standard output. */
enum pa_status print_grid(const struct grid *g, enum pa_print_format format, struct pa_error *err)
    __attribute__((warn_unused_result));

/* ST, with a message when it is an error of the functions above. */
enum pa_status no_memory(enum pa_status st, struct pa_error *err);

#endif
