/* Statements that are tried again while others are in the way. */
#ifndef CSV2MYSQL_PATIENT_H
#define CSV2MYSQL_PATIENT_H

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"

#define PATIENT_TRIES    10
#define PATIENT_PAUSE_US 500000

/* Run SQL, and again as long as the server answers with a deadlock, which it does to one of
 * those that make the same table at once; with WAITS not 0 also when it waited for a lock in
 * vain.
 * cause: what the last try said; code 0 with PA_OK */
enum pa_status run_patiently(struct pa_db *db, const char *what, struct pa_slice sql, int waits,
                             struct pa_error *cause) __attribute__((warn_unused_result));

#endif
