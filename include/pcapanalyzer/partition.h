/* Daily partitions of the data tables: p_old below, one for each day from yesterday to three
 * days ahead, p_max above. A partition pYYYYMMDD holds the days after the one before it, up
 * to and with the day of its name.
 *
 * To be called on a connection of its own: ALTER TABLE commits what is open, and the session
 * gets a lock_wait_timeout of one second so that nobody queues behind us.
 */
#ifndef PCAPANALYZER_PARTITION_H
#define PCAPANALYZER_PARTITION_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/manifest.h"

#define PA_PARTITION_OLD  "p_old"
#define PA_PARTITION_OPEN LONG_MAX /* the end of the MAXVALUE partition */
#define PA_DAY_TEXT       11       /* "YYYY-MM-DD" and the NUL */

/* Make the partitions that TABLE lacks at the time NOW; when it lacks none, this is one cheap
 * look. A table that has no partitions at all is left alone. Somebody else making them at the
 * same time is fine. PA_EBUSY when the table is in use for longer than a second. */
enum pa_status pa_partition_ensure(struct pa_db *db, const char *table, time_t now,
                                   struct pa_error *err) __attribute__((warn_unused_result));

/* What pa_partition_ensure() would run, appended to OUT; nothing when nothing is missing.
 * newest: the day (days since 1970) at which the highest day partition ends, exclusive; 0
 *         when there is only p_max or nothing
 * max:    name of the MAXVALUE partition, "" when there is none */
enum pa_status pa_partition_plan(const char *table, long newest, const char *max, time_t now,
                                 struct pa_buf *out) __attribute__((warn_unused_result));

struct pa_partition {
	char table[PA_NAME_MAX], name[PA_NAME_MAX];
	long end;       /* the day (days since 1970) at which it ends, exclusive */
	uint64_t bytes; /* rows and keys, as the server estimates them */
};

/* Every partition of every table of the database whose end is a day or MAXVALUE; the oldest
 * end first, and by table within one day.
 * out: heap, for free() */
enum pa_status pa_partition_list(struct pa_db *db, struct pa_partition **out, size_t *n,
                                 struct pa_error *err) __attribute__((warn_unused_result));

/* The DAY (since 1970) as "YYYY-MM-DD". */
void pa_partition_day(long day, char out[PA_DAY_TEXT]);

#endif
