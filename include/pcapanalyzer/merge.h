/* Rows of several tsharks, in the order of the packets.
 *
 * Each row begins with its frame number, and one worker's rows ascend. Who is told the owner of
 * every frame, in order, knows whose row comes next, and that none comes before it. Of a frame that
 * is shared everybody prints a row: the owner's comes first. A frame in between may be without a
 * row; a row out of place is an error, and so is the row of a worker that failed before it could
 * print it: what was given until then is the beginning of the whole, and nothing else.
 *
 * A worker holds rows back until it has printed enough of them. Rows that mean nothing push the one
 * that is waited for out of it; they are dropped.
 */
#ifndef PCAPANALYZER_MERGE_H
#define PCAPANALYZER_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

#define PA_MERGE_FRAMES (1u << 20) /* that may wait for their row; a byte each */
#define PA_WORKERS_MAX  64u

struct pa_merge;

struct pa_merge_row {
	unsigned worker;
	uint64_t frame;
	int again;            /* of a shared frame, by another than its owner */
	struct pa_slice line; /* with its line feed */
};

/* SEPARATOR ends the frame number. A worker's rows may wait in MAX_BYTES; one row that is longer
 * has room all the same, up to twice PA_PACKET_MAX. */
enum pa_status pa_merge_new(unsigned n_workers, uint8_t separator, size_t max_bytes,
                            struct pa_merge **out, struct pa_error *err)
    __attribute__((warn_unused_result));
/* Takes NULL. */
void pa_merge_free(struct pa_merge *m);

/* How many more frames may be told. */
size_t pa_merge_room(const struct pa_merge *m) __attribute__((pure));
/* The next frame, from 1 on, belongs to WORKER. There must be room. */
void pa_merge_tell(struct pa_merge *m, unsigned worker, int shared);
/* WORKER, which is not its owner, prints a row of the frame that was told last; it means nothing.
 */
void pa_merge_push(struct pa_merge *m, unsigned worker);

/* N bytes, more than 0, for what WORKER prints, at *to; or 0 when enough of its rows wait. */
enum pa_status pa_merge_space(struct pa_merge *m, unsigned worker, uint8_t **to, size_t *n,
                              struct pa_error *err) __attribute__((warn_unused_result));
/* N of them have been filled. */
void pa_merge_filled(struct pa_merge *m, unsigned worker, size_t n);
/* WORKER prints no more. */
void pa_merge_ended(struct pa_merge *m, unsigned worker);

/* The next row; its line lives until the next call.
 * PA_END:     none yet, or no more
 * PA_ABORTED: it is the row of a worker that ended without it
 * PA_EROW:    a worker printed something else; err says what */
enum pa_status pa_merge_next(struct pa_merge *m, struct pa_merge_row *out, struct pa_error *err)
    __attribute__((warn_unused_result));

/* After PA_END: the worker whose row has not come. 0 when there is none, and nothing is told that
 * has not had its row. */
int pa_merge_waits(const struct pa_merge *m, unsigned *worker);

/* After PA_END: 1 when every frame told has had its row, and nothing is left over. */
int pa_merge_done(struct pa_merge *m);

#endif
