/* Cells of a row that say something else in a part of a capture than in the whole.
 *
 * A tshark numbers streams as it meets them. Of several, each of which met a part of them, the
 * numbers are put together again: in the order in which they first appear in the rows of the whole.
 * Rows of packets that several have met tell which of their numbers are the same stream. Numbers
 * that a worker leaves out are those of streams that appear in no row, and the whole leaves them
 * out, too; it is supposed that all workers know of them. And cells that a capture of another
 * format would not have are emptied.
 */
#ifndef PCAPANALYZER_RENUMBER_H
#define PCAPANALYZER_RENUMBER_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

enum pa_renumber_how { PA_RENUMBER_STREAM, PA_RENUMBER_EMPTY };

struct pa_renumber;

/* What to do to the numbers of a field: 1 and *how, or 0 when its cells stay. */
int pa_renumber_field(const char *field, enum pa_renumber_how *how);

/* Rows whose cells end with SEPARATOR. */
enum pa_status pa_renumber_new(unsigned n_workers, uint8_t separator, struct pa_renumber **out,
                               struct pa_error *err) __attribute__((warn_unused_result));
/* Takes NULL. */
void pa_renumber_free(struct pa_renumber *r);

/* The cells of COLUMN, 0-based and above all those before it, are to be changed. */
enum pa_status pa_renumber_column(struct pa_renumber *r, unsigned column, enum pa_renumber_how how,
                                  struct pa_error *err) __attribute__((warn_unused_result));

/* Append a row of WORKER to OUT with its cells changed. Rows come in the order of the whole.
 * PA_ELIMIT as pa_buf_put(); PA_ENOMEM */
enum pa_status pa_renumber_row(struct pa_renumber *r, unsigned worker, struct pa_slice line,
                               struct pa_buf *out, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Another WORKER's row of the packet whose row was given last. PA_ENOMEM */
enum pa_status pa_renumber_again(struct pa_renumber *r, unsigned worker, struct pa_slice line,
                                 struct pa_error *err) __attribute__((warn_unused_result));

#endif
