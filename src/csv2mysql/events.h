/* Coverage events on their way from the spool into the ledger. */
#ifndef CSV2MYSQL_EVENTS_H
#define CSV2MYSQL_EVENTS_H

#include <stddef.h>

#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/queue.h"
#include "seen.h"

#define EVENTS_AT_ONCE 200

/* Store N events, at most EVENTS_AT_ONCE, in one transaction, and remove them from the spool
 * after its commit. Those that are stored already are removed, too.
 * bad: which one was at fault, when the status says that one was; nothing is stored then */
enum pa_status events_store(struct pa_db *db, const struct pa_queue *spool,
                            const char (*ids)[PA_EVENT_ID_MAX], size_t n, struct seen *seen,
                            size_t *bad, struct pa_error *err) __attribute__((warn_unused_result));

#endif
