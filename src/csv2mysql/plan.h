/* What has to be done so that the database has what a definition asks for. A plan is made
 * before anything is changed, from what the server itself says about the table that is there
 * and about a temporary one made by the definition. */
#ifndef CSV2MYSQL_PLAN_H
#define CSV2MYSQL_PLAN_H

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/manifest.h"

enum step_kind {
	STEP_CREATE,  /* the table is not there */
	STEP_COLUMNS, /* add columns */
	STEP_KEYS,    /* add keys */
	STEP_REFUSED, /* would lose something or rewrite the table: for a person to decide */
};

struct step {
	enum step_kind kind;
	char table[PA_NAME_MAX];
	char *sql; /* without ALGORITHM and ";"; heap */
	char *why; /* STEP_COLUMNS, STEP_KEYS: what is added; STEP_REFUSED: why not; heap */
};

struct plan {
	struct step *steps; /* heap */
	size_t n_steps;
};

/* Add to PLAN what TABLE lacks; DDL is the statement that would make it. Columns and keys that
 * the table has and the definition has not are left alone. */
enum pa_status plan_table(struct pa_db *db, const char *table, struct pa_slice ddl,
                          struct plan *plan, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Append the statement as it is tried first, with ";\n". */
enum pa_status plan_text(const struct step *s, struct pa_buf *out)
    __attribute__((warn_unused_result));

/* Run one step that is not STEP_REFUSED: while others read and write the table, with the
 * cheapest algorithm that the server can. The session waits a second at a time for the table.
 * PA_EDUP: somebody else has just added one of these; plan again
 * PA_EBUSY: the table is in use */
enum pa_status plan_run(struct pa_db *db, const struct step *s, struct pa_error *err)
    __attribute__((warn_unused_result));

void plan_done(struct plan *plan);

#endif
