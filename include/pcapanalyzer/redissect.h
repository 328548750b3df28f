/* Batches that replace what is stored of their capture: made with another profile or another
 * tshark. All of a capture's are loaded in one transaction that removes the old rows, so that
 * whoever reads sees all of the old ones or all of the new ones.
 */
#ifndef PCAPANALYZER_REDISSECT_H
#define PCAPANALYZER_REDISSECT_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/compare.h"
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/load.h"
#include "pcapanalyzer/queue.h"

/* How many of the N_IDS batches (in the order of pa_queue_list()) belong to the same capture
 * and reading as the first one: those whose names begin alike. */
size_t pa_redissect_span(const char (*ids)[PA_BATCH_ID_MAX], size_t n_ids) __attribute__((pure));

/* *whole is 1 when these N batches are all of their capture: rows 1 to its end, without a gap.
 * PA_EFORMAT: the batch ids[*bad] is at fault. */
enum pa_status pa_redissect_whole(const struct pa_queue *s, const char (*ids)[PA_BATCH_ID_MAX],
                                  size_t n, int *whole, size_t *bad, struct pa_error *err)
    __attribute__((warn_unused_result));

/* *yes is 1 when the batch ID is stored, and so are all that came with it: a loader was killed
 * between its commit and the removal of the last one. */
enum pa_status pa_redissect_stored(struct pa_db *db, const char *id, int *yes, struct pa_error *err)
    __attribute__((warn_unused_result));

struct pa_redissect_report {
	uint32_t capture_id;
	char *capture_name;        /* heap */
	char *profiles;            /* whose rows were removed, commas between; heap, "" for none */
	struct pa_compare *tables; /* heap */
	unsigned n_tables;
	struct pa_load_result loaded;
	/* Why the rest of the tables was not compared, behind the commit; code 0 when all were. */
	struct pa_error incomparable;
};

/* Load these N batches, which are whole, in the place of what is stored of their capture: by
 * the same profile, and by every other one that has rows in one of their tables.
 * Statuses as those of pa_load_batch(), for all of them together; PA_EDUP when the very same
 * ones are stored already.
 * out: filled with PA_OK and PA_EDUP, for pa_redissect_done() */
enum pa_status pa_redissect_load(struct pa_db *db, const struct pa_queue *s,
                                 const char (*ids)[PA_BATCH_ID_MAX], size_t n,
                                 const volatile sig_atomic_t *stop, struct pa_redissect_report *out,
                                 struct pa_error *err) __attribute__((warn_unused_result));

void pa_redissect_done(struct pa_redissect_report *r);

#endif
