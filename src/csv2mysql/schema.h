/* What init and migrate share. */
#ifndef CSV2MYSQL_SCHEMA_H
#define CSV2MYSQL_SCHEMA_H

#include "commands.h"
#include "plan.h"

/* Plan every table of the ledger. */
enum pa_status plan_ledger(struct pa_db *db, struct plan *plan, struct pa_error *err)
    __attribute__((warn_unused_result));

/* The ledger's version, 0 when there is none; PA_EDENIED when it is newer than this program. */
enum pa_status check_not_newer(struct pa_db *db, uint64_t *version, struct pa_error *err)
    __attribute__((warn_unused_result));
/* Note that the ledger is of this program's version now. */
enum pa_status note_version(struct pa_db *db, struct pa_error *err)
    __attribute__((warn_unused_result));

/* The daily partitions of one table; a table in use is left for the next time. */
enum pa_status make_partitions(struct pa_db *db, const struct pa_table *t, struct pa_error *err)
    __attribute__((warn_unused_result));

/* The views of the profile's tables, and those of --sql. KEEP: only those that are missing. */
enum pa_status make_views(struct pa_db *db, const struct run *r, int keep, struct pa_error *err)
    __attribute__((warn_unused_result));

#endif
