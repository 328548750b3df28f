/* One batch from the spool into the database, exactly once: all tables and the ledger row are
 * one transaction, committed only when the server says that every row was stored unchanged.
 */
#ifndef PCAPANALYZER_LOAD_H
#define PCAPANALYZER_LOAD_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/manifest.h"

/* The folders of a spool; descriptors, -1 when closed. */
struct pa_spool {
	int root, ready, tmp, aside;
	int lock; /* load.lock, locked; -1 when another loader has it */
};

struct pa_load_result {
	uint64_t packets, rejected;
	uint64_t rows; /* of all tables */
	uint64_t bytes;
	int capture_end; /* enum pa_capture_end */
};

/* Open the spool folder PATH, making ready/, tmp/ and aside/ when they are missing. */
enum pa_status pa_spool_open(const char *path, struct pa_spool *s, struct pa_error *err)
    __attribute__((warn_unused_result));
void pa_spool_close(struct pa_spool *s);

/* Become the spool's one loader, without waiting; then also remove what a killed loader left
 * half removed. *got is 0 when another one works on it. */
enum pa_status pa_spool_lock(struct pa_spool *s, int *got, struct pa_error *err)
    __attribute__((warn_unused_result));

/* 1 when NAME looks like a batch id, [0-9a-f]{16}-[0-9]{10}. */
int pa_batch_id_ok(const char *name) __attribute__((pure));

/* The batches in ready/, oldest name first; *ids is heap, for free(). */
enum pa_status pa_spool_list(const struct pa_spool *s, char (**ids)[PA_BATCH_ID_MAX], size_t *n_ids,
                             struct pa_error *err) __attribute__((warn_unused_result));

/* Load the batch ID from begin to commit; the spool stays as it is.
 * stop: may be NULL; looked at while bytes are sent, and not 0 ends the load with PA_ABORTED
 * PA_EDUP:                      it is stored already
 * PA_EFORMAT, PA_ELOSS, PA_EDATA: the batch is at fault, keep it aside
 * PA_EBUSY:                     try again on a new connection
 * Whatever is not PA_OK was rolled back, but for a PA_EBUSY of the commit itself, where the
 * next try finds out. */
enum pa_status pa_load_batch(struct pa_db *db, const struct pa_spool *s, const char *id,
                             const volatile sig_atomic_t *stop, struct pa_load_result *out,
                             struct pa_error *err) __attribute__((warn_unused_result));

/* Remove a stored batch. A kill in between leaves it whole in ready/, or not there. */
enum pa_status pa_spool_remove(const struct pa_spool *s, const char *id, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Move the batch to aside/, with REASON in its file "reason"; replaces an older one there. */
enum pa_status pa_spool_aside(const struct pa_spool *s, const char *id, const char *reason,
                              struct pa_error *err) __attribute__((warn_unused_result));

#endif
