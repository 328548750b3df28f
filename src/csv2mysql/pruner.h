/* Old rows out of the database, so that the ledger is true at every moment.
 *
 * A partition goes in five steps, and nobody waits longer than a second for any of them:
 *   1. in one snapshot its rows are counted by capture, and the batches that there are;
 *   2. these counts are entered into the ledger, as planned;
 *   3. the table is locked, so that every transaction that wrote to it is over; when batches
 *      that reach into the partition have come or gone since 1, all begins anew;
 *   4. the partition is dropped, or emptied when old captures are still to go there;
 *   5. the counts are done.
 * Whoever is killed between 2 and 5 leaves a plan, and the next one finds out whether the rows
 * are still there.
 */
#ifndef CSV2MYSQL_PRUNER_H
#define CSV2MYSQL_PRUNER_H

#include <stdint.h>

#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/export.h"
#include "pcapanalyzer/partition.h"

struct pruner {
	struct pa_db *db;        /* counts, and writes the ledger */
	struct pa_db *ddl;       /* locks and drops; NULL: nothing is to be changed */
	struct pa_export export; /* all 0: nothing is exported */
};

/* Connect, and be the only one that prunes this database.
 * changes:    0 to look only, and then other prunes may be at work
 * export_dir: NULL for none
 * PA_EDUP when another one is at work. */
enum pa_status pruner_open(const struct pa_db_options *connection, int changes,
                           const char *export_dir, struct pruner *p, struct pa_error *err)
    __attribute__((warn_unused_result));
void pruner_close(struct pruner *p);

/* Finish or forget what one that was killed has left. */
enum pa_status pruner_settle(struct pruner *p, struct pa_error *err)
    __attribute__((warn_unused_result));

/* How many rows the partition has. */
enum pa_status pruner_count(const struct pruner *p, const struct pa_partition *part, uint64_t *rows,
                            struct pa_error *err) __attribute__((warn_unused_result));

/* Remove the partition, or what is in it.
 * rows: how many went
 * PA_EBUSY: the table stays as it is, because it is in use */
enum pa_status pruner_remove(struct pruner *p, const struct pa_partition *part, uint64_t *rows,
                             struct pa_error *err) __attribute__((warn_unused_result));

/* The same for the rejects of batches whose packets are all of before the day UNTIL. */
enum pa_status pruner_count_rejects(const struct pruner *p, const char *until, uint64_t *rows,
                                    struct pa_error *err) __attribute__((warn_unused_result));
enum pa_status pruner_remove_rejects(struct pruner *p, const char *until, uint64_t *rows,
                                     struct pa_error *err) __attribute__((warn_unused_result));

#endif
