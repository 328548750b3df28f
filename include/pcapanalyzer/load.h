/* One batch from the spool into the database, exactly once: all tables and the ledger row are
 * one transaction, committed only when the server says that every row was stored unchanged.
 */
#ifndef PCAPANALYZER_LOAD_H
#define PCAPANALYZER_LOAD_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/batch.h"
#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/manifest.h"

struct pa_load_result {
	uint64_t packets, rejected;
	uint64_t rows; /* of all tables */
	uint64_t bytes;
};

/* Load the batch from begin to commit; the spool stays as it is.
 * stop: may be NULL; looked at while bytes are sent, and not 0 ends the load with PA_ABORTED
 * PA_EDUP:                      it is stored already
 * PA_EFORMAT, PA_ELOSS, PA_EDATA: the batch is at fault, keep it aside
 * PA_EBUSY:                     try again on a new connection
 * After any other status than PA_OK and PA_EDUP close the connection, which rolls back: client and
 * server may be out of step, and the answer to a ROLLBACK never come. Only after a PA_EBUSY of the
 * commit itself the batch may be stored; the next try finds out. */
enum pa_status pa_load_batch(struct pa_db *db, const struct pa_batch *b,
                             const volatile sig_atomic_t *stop, struct pa_load_result *out,
                             struct pa_error *err) __attribute__((warn_unused_result));

/* Its files alone, in an open transaction in which the ledger knows the batch as BATCH_NO.
 * Errors as above; the caller rolls back. */
enum pa_status pa_load_files(struct pa_db *db, const struct pa_batch *b,
                             const volatile sig_atomic_t *stop, uint32_t capture_id,
                             uint64_t batch_no, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Add what the manifest announces to OUT. */
void pa_load_count(const struct pa_manifest *m, struct pa_load_result *out);

#endif
