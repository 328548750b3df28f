/* init, and what migrate shares with it: ledger, tables, partitions and views. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "patient.h"
#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/ledger.h"
#include "pcapanalyzer/log.h"
#include "pcapanalyzer/partition.h"
#include "plan.h"
#include "schema.h"
#include "sqltext.h"

#define TEXT_MAX        (16u * 1024 * 1024)
#define PATH_BYTES      4096
#define PARTITION_TRIES 10

enum pa_status run_statements(struct pa_db *db, const char *what, struct pa_slice text,
                              struct pa_error *err)
{
	struct pa_slice sql;
	enum pa_status st;

	while ((st = sqltext_next(&text, &sql)) == PA_OK) {
		struct pa_error cause;

		st = run_patiently(db, what, sql, 0, &cause);
		if (st != PA_OK)
			return pa_fail(err, st, cause.sys, "%s", cause.msg);
	}
	return st == PA_END ? PA_OK : st;
}

enum pa_status plan_ledger(struct pa_db *db, struct plan *plan, struct pa_error *err)
{
	static const char head[] = "CREATE TABLE IF NOT EXISTS `";
	struct pa_buf ddl;
	struct pa_slice text;
	struct pa_slice sql;
	enum pa_status st;

	pa_buf_init(&ddl, TEXT_MAX);
	st = pa_ddl_ledger(&ddl);
	text = pa_buf_slice(&ddl);
	while (st == PA_OK && (st = sqltext_next(&text, &sql)) == PA_OK) {
		char table[PA_NAME_MAX];
		const uint8_t *name = memmem(sql.ptr, sql.len, head, sizeof(head) - 1);
		const uint8_t *end;

		name = name ? name + sizeof(head) - 1 : sql.ptr;
		end = memchr(name, '`', sql.len - (size_t)(name - sql.ptr));
		snprintf(table, sizeof(table), "%.*s", end ? (int)(end - name) : 0,
		         (const char *)name);
		st = plan_table(db, table, sql, plan, err);
	}
	pa_buf_done(&ddl);
	return st == PA_END ? PA_OK : st;
}

enum pa_status note_version(struct pa_db *db, struct pa_error *err)
{
	return pa_db_execf(db, "note the schema's version", err,
	                   "INSERT IGNORE INTO schema_version (version, applied_at) "
	                   "VALUES (%d, UTC_TIMESTAMP(6))",
	                   PA_LEDGER_VERSION);
}

enum pa_status check_not_newer(struct pa_db *db, uint64_t *version, struct pa_error *err)
{
	enum pa_status st = pa_ledger_version(db, version, err);

	return st == PA_OK && *version > PA_LEDGER_VERSION ? pa_ledger_check(db, err) : st;
}

/* Make the ledger, or bring an older one up to date. */
static enum pa_status make_ledger(struct pa_db *db, struct pa_error *err)
{
	struct plan plan = {0};
	uint64_t version = 0;
	enum pa_status st = check_not_newer(db, &version, err);

	if (st != PA_OK || version == PA_LEDGER_VERSION)
		return st;
	st = plan_ledger(db, &plan, err);
	for (size_t i = 0; st == PA_OK && i < plan.n_steps; i++) {
		st = plan.steps[i].kind == STEP_REFUSED
		         ? pa_fail(err, PA_EDENIED, 0, "%s: %s", plan.steps[i].why,
		                   plan.steps[i].sql)
		         : plan_run(db, &plan.steps[i], err);
		/* Somebody else does the same, and has just done this. */
		if (st == PA_EDUP)
			st = PA_OK;
	}
	plan_done(&plan);
	return st == PA_OK ? note_version(db, err) : st;
}

typedef enum pa_status ddl_fn(const struct pa_profile *p, const struct pa_table *t,
                              struct pa_buf *out);

static enum pa_status run_ddl(struct pa_db *db, ddl_fn *ddl, const char *kind,
                              const struct pa_profile *p, const struct pa_table *t,
                              struct pa_error *err)
{
	char what[PA_NAME_MAX + 40];
	struct pa_buf sql;
	enum pa_status st;

	snprintf(what, sizeof(what), "create the %s %s", kind, t->name);
	pa_buf_init(&sql, TEXT_MAX);
	st = ddl(p, t, &sql);
	if (st == PA_OK)
		st = run_statements(db, what, pa_buf_slice(&sql), err);
	pa_buf_done(&sql);
	return st;
}

static enum pa_status make_table(struct pa_db *db, const struct pa_profile *p,
                                 const struct pa_table *t, struct pa_error *err)
{
	return run_ddl(db, pa_ddl_table, "table", p, t, err);
}

static enum pa_status make_view(struct pa_db *db, const struct pa_profile *p,
                                const struct pa_table *t, struct pa_error *err)
{
	struct pa_error cause = {0};
	enum pa_status st = run_ddl(db, pa_ddl_view, "view of", p, t, &cause);

	if (st != PA_OK && cause.sys == PA_DB_NO_SUCH_COLUMN)
		return pa_fail(
		    err, PA_EDENIED, cause.sys,
		    "table %s is in the database with other columns: if it belongs to "
		    "another profile, call yours differently; if profile %s has grown, run "
		    "'csv2mysql migrate'",
		    t->name, p->name);
	return st == PA_OK ? PA_OK : pa_fail(err, st, cause.sys, "%s", cause.msg);
}

/* A table in use is no failure: its rows go to p_max until somebody comes by again. */
enum pa_status make_partitions(struct pa_db *db, const struct pa_table *t, struct pa_error *err)
{
	for (int i = 0; i < PARTITION_TRIES; i++) {
		struct pa_error cause = {0};
		enum pa_status st = pa_partition_ensure(db, t->name, time(NULL), &cause);

		if (st == PA_OK)
			return PA_OK;
		if (st != PA_EBUSY || cause.sys != PA_DB_LOCK_WAIT)
			return pa_fail(err, st, cause.sys, "%s", cause.msg);
		usleep(200000);
	}
	pa_log_warning("%s is in use: its daily partitions are made the next time", t->name);
	return PA_OK;
}

static enum pa_status run_file(struct pa_db *db, const char *dir, const char *name,
                               struct pa_error *err)
{
	char path[PATH_BYTES];
	char what[PATH_BYTES + 40];
	struct pa_buf text;
	enum pa_status st;

	snprintf(path, sizeof(path), "%s/views/%s", dir, name);
	snprintf(what, sizeof(what), "run %s", path);
	pa_buf_init(&text, TEXT_MAX);
	st = pa_io_read_file(AT_FDCWD, path, &text, err);
	if (st == PA_OK)
		st = run_statements(db, what, pa_buf_slice(&text), err);
	pa_buf_done(&text);
	return st;
}

/* The names of the database's views, each with a line feed before and behind it. */
static enum pa_status list_views(struct pa_db *db, struct pa_buf *out, struct pa_error *err)
{
	struct pa_db_result *views = NULL;
	const struct pa_slice *row;
	enum pa_status st =
	    pa_db_query(db, "look at the views",
	                pa_slice_of("SHOW FULL TABLES WHERE Table_type = 'VIEW'"), 1, &views, err);

	if (st == PA_OK && pa_buf_putc(out, '\n') != PA_OK)
		st = pa_fail(err, PA_ENOMEM, 0, "no memory for names of views");
	while (st == PA_OK && pa_db_next(views, &row, NULL) == PA_OK)
		if (pa_buf_put(out, row[0].ptr, row[0].len) != PA_OK ||
		    pa_buf_putc(out, '\n') != PA_OK)
			st = pa_fail(err, PA_ENOMEM, 0, "no memory for names of views");
	pa_db_result_free(views);
	return st;
}

/* Is there a view BEFORE NAME, of whose name N characters count? */
static int is_listed(const struct pa_buf *views, const char *before, const char *name, size_t n)
{
	char line[PATH_BYTES];
	const int length = snprintf(line, sizeof(line), "\n%s%.*s\n", before, (int)n, name);

	return views->len > 0 && length > 0 && (size_t)length < sizeof(line) &&
	       memmem(views->ptr, views->len, line, (size_t)length) != NULL;
}

enum pa_status make_views(struct pa_db *db, const struct run *r, int keep, struct pa_error *err)
{
	struct pa_buf there;
	char **names = NULL;
	size_t n = 0;
	enum pa_status st;

	pa_buf_init(&there, TEXT_MAX);
	st = keep ? list_views(db, &there, err) : PA_OK;
	for (unsigned i = 0; st == PA_OK && i < r->profile->n_tables; i++) {
		const struct pa_table *t = &r->profile->tables[i];

		if (!is_listed(&there, "v_", t->name, strlen(t->name)))
			st = make_view(db, r->profile, t, err);
	}
	if (st == PA_OK && r->o.sql)
		st = list_sql(r->o.sql, "views", &names, &n, err);
	for (size_t i = 0; st == PA_OK && i < n; i++) {
		struct pa_error cause = {0};

		/* A file is called like its view. */
		if (is_listed(&there, "", names[i], strcspn(names[i], ".")))
			continue;
		st = run_file(db, r->o.sql, names[i], &cause);
		/* Made for the default profile: a database without its tables does without. */
		if (st != PA_OK &&
		    (cause.sys == PA_DB_NO_SUCH_TABLE || cause.sys == PA_DB_NO_SUCH_COLUMN))
			st = PA_OK;
		else if (st != PA_OK)
			pa_fail(err, st, cause.sys, "%s", cause.msg);
	}
	free_names(names, n);
	pa_buf_done(&there);
	return st;
}

enum pa_status command_init(struct run *r, struct pa_error *err)
{
	struct pa_db *db = NULL;
	enum pa_status st = pa_db_connect(&r->connection, PA_DB_CREATES, &db, err);

	if (st == PA_OK)
		st = make_ledger(db, err);
	for (unsigned i = 0; st == PA_OK && i < r->profile->n_tables; i++)
		st = make_table(db, r->profile, &r->profile->tables[i], err);
	for (unsigned i = 0; st == PA_OK && i < r->profile->n_tables; i++)
		st = make_partitions(db, &r->profile->tables[i], err);
	if (st == PA_OK)
		st = make_views(db, r, 0, err);
	pa_db_free(db);
	return st;
}
