/* A batch of the spool as the loader finds it: its manifest, and its profile's text. */
#ifndef PCAPANALYZER_BATCH_H
#define PCAPANALYZER_BATCH_H

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/manifest.h"
#include "pcapanalyzer/queue.h"

struct pa_batch {
	int dir; /* its folder, open */
	struct pa_manifest m;
	struct pa_buf profile; /* canonical text; empty for a batch of an older filter */
};

/* Open the batch ID of ready/. *out is heap, for pa_batch_free().
 * PA_EFORMAT for what no filter of ours writes: a manifest that is missing, damaged, of another
 * batch or names a table of the ledger, or a profile's text that is not the manifest's. */
enum pa_status pa_batch_open(const struct pa_queue *s, const char *id, struct pa_batch **out,
                             struct pa_error *err) __attribute__((warn_unused_result));
/* Takes NULL. */
void pa_batch_free(struct pa_batch *b);

#endif
