/* What a table holds of a capture, kept in a temporary table while the rows are replaced, and
 * how the new rows differ. The account needs SELECT on the table and CREATE TEMPORARY TABLES. */
#ifndef PCAPANALYZER_COMPARE_H
#define PCAPANALYZER_COMPARE_H

#include <stdint.h>

#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/manifest.h"

/* Rows in which one column differs. */
struct pa_compare_column {
	char name[PA_NAME_MAX];
	uint64_t changed;  /* all of them */
	uint64_t appeared; /* of these, it was NULL before */
	uint64_t vanished; /* of these, it is NULL now */
};

/* One table. Rows are the same when their primary keys are. */
struct pa_compare {
	char table[PA_NAME_MAX];
	uint64_t before, after, both;      /* rows; both: those with a key that was there before */
	struct pa_compare_column *columns; /* those that differ; heap */
	unsigned n_columns;
	unsigned number; /* of the copy; 0 while there is none */
};

/* Copy the rows of CAPTURE_ID that lie between two times into a temporary table, in the open
 * transaction, and count them.
 * c: its table is named; no copy is made when the database has no such table
 * number: for the copy's name; not 0, different for each table of a session */
enum pa_status pa_compare_copy(struct pa_db *db, struct pa_compare *c, unsigned number,
                               uint32_t capture_id, const char *first_ts, const char *last_ts,
                               struct pa_error *err) __attribute__((warn_unused_result));

/* Compare the copy with what the table holds now; nothing when there is no copy. */
enum pa_status pa_compare_rows(struct pa_db *db, struct pa_compare *c, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Drop the copy, if there is one; what C says stays. */
void pa_compare_drop(struct pa_db *db, struct pa_compare *c);

#endif
