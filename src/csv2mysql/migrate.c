/* migrate: what a newer profile or a newer ledger has more, added while the tables are in
 * use. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/ledger.h"
#include "pcapanalyzer/log.h"
#include "plan.h"
#include "schema.h"

#define TEXT_MAX (64u * 1024 * 1024)
#define TRIES    3 /* when somebody else migrates at the same time */

static enum pa_status plan_profile(struct pa_db *db, const struct pa_profile *p, struct plan *plan,
                                   struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && i < p->n_tables; i++) {
		struct pa_buf ddl;

		pa_buf_init(&ddl, TEXT_MAX);
		st = pa_ddl_table(p, &p->tables[i], &ddl);
		if (st == PA_OK)
			st = plan_table(db, p->tables[i].name, pa_buf_slice(&ddl), plan, err);
		pa_buf_done(&ddl);
	}
	return st;
}

static enum pa_status make_plan(struct pa_db *db, const struct pa_profile *p, struct plan *plan,
                                struct pa_error *err)
{
	enum pa_status st = plan_ledger(db, plan, err);

	return st == PA_OK ? plan_profile(db, p, plan, err) : st;
}

/* One refused change is enough for doing none at all. */
static enum pa_status check_plan(const struct plan *plan, struct pa_error *err)
{
	size_t refused = 0;

	for (size_t i = 0; i < plan->n_steps; i++) {
		if (plan->steps[i].kind != STEP_REFUSED)
			continue;
		refused++;
		pa_log_error("%s; run this yourself, or correct the profile: %s;",
		             plan->steps[i].why, plan->steps[i].sql);
	}
	return refused == 0 ? PA_OK
	                    : pa_fail(err, PA_EDENIED, 0,
	                              "%zu of the profile's changes cannot be made while the "
	                              "tables are in use; nothing was changed",
	                              refused);
}

static enum pa_status print_plan(const struct plan *plan, struct pa_error *err)
{
	struct pa_buf out;
	enum pa_status st = PA_OK;

	pa_buf_init(&out, TEXT_MAX);
	for (size_t i = 0; st == PA_OK && i < plan->n_steps; i++)
		st = plan_text(&plan->steps[i], &out);
	st = st == PA_OK ? flush_answer(&out, err) : pa_fail(err, st, 0, "no memory for a plan");
	pa_buf_done(&out);
	return st;
}

static enum pa_status run_plan(struct pa_db *db, const struct plan *plan, int tell,
                               struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < plan->n_steps; i++) {
		const struct step *s = &plan->steps[i];

		st = plan_run(db, s, err);
		if (st != PA_OK || !tell)
			continue;
		if (s->kind == STEP_CREATE)
			pa_log_note("made the table %s", s->table);
		else
			pa_log_note("added %s%s", s->kind == STEP_KEYS ? "the key " : "", s->why);
	}
	return st;
}

static enum pa_status migrate(struct run *r, struct pa_db *db, struct pa_error *err)
{
	uint64_t version = 0;
	int keep = r->o.keep_views;
	enum pa_status st = check_not_newer(db, &version, err);

	for (int i = 0; st == PA_OK; i++) {
		struct plan plan = {0};

		st = make_plan(db, r->profile, &plan, err);
		if (st == PA_OK)
			st = check_plan(&plan, err);
		if (st == PA_OK && r->o.dry_run)
			st = print_plan(&plan, err);
		else if (st == PA_OK)
			st = run_plan(db, &plan, version > 0, err);
		keep = keep && plan.n_steps == 0;
		plan_done(&plan);
		if (st != PA_EDUP)
			break;
		st = i < TRIES ? PA_OK
		               : pa_fail(err, PA_EBUSY, 0,
		                         "somebody else changes the same tables; try again");
	}
	if (st != PA_OK || r->o.dry_run)
		return st;
	st = note_version(db, err);
	for (unsigned i = 0; st == PA_OK && i < r->profile->n_tables; i++)
		st = make_partitions(db, &r->profile->tables[i], err);
	return st == PA_OK ? make_views(db, r, keep, err) : st;
}

enum pa_status command_migrate(struct run *r, struct pa_error *err)
{
	struct pa_db *db = NULL;
	enum pa_status st =
	    pa_db_connect(&r->connection, r->o.dry_run ? 0 : PA_DB_CREATES, &db, err);

	/* Nobody waits behind us for long: the statements are tried again instead. */
	if (st == PA_OK)
		st = pa_db_exec(db, "set the lock wait",
		                pa_slice_of("SET SESSION lock_wait_timeout = 1"), err);
	if (st == PA_OK)
		st = migrate(r, db, err);
	pa_db_free(db);
	return st;
}
