/* The sensors that a loader has had something of, and what the ledger hears about them. */
#ifndef CSV2MYSQL_SEEN_H
#define CSV2MYSQL_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/queue.h"

#define SEEN_EVERY_MS 30000 /* twice as often as anybody relies on */

struct seen {
	char **names;
	size_t n;
	int64_t noted_ms; /* when the ledger was last told; 0 for never */
};

enum pa_status seen_add(struct seen *s, const char *sensor, struct pa_error *err)
    __attribute__((warn_unused_result));
void seen_done(struct seen *s);

/* Tell the ledger: last seen, clock, batches that wait. Without any sensor nothing is asked. */
enum pa_status seen_note(const struct seen *s, struct pa_db *db, const struct pa_queue *spool,
                         struct pa_error *err) __attribute__((warn_unused_result));

#endif
