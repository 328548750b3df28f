/* init and migrate: the tables, partitions and views that a profile implies. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/ledger.h"
#include "pcapanalyzer/log.h"
#include "pcapanalyzer/partition.h"
#include "sqltext.h"

#define TEXT_MAX        (16u * 1024 * 1024)
#define PATH_BYTES      4096
#define PARTITION_TRIES 10
#define NO_SUCH_TABLE   1146
#define NO_SUCH_COLUMN  1054

static struct pa_slice whole(const struct pa_buf *text)
{
	return (struct pa_slice){text->ptr, text->len};
}

enum pa_status run_statements(struct pa_db *db, const char *what, struct pa_slice text,
                              struct pa_error *err)
{
	struct pa_slice sql;
	enum pa_status st;

	while ((st = sqltext_next(&text, &sql)) == PA_OK) {
		st = pa_db_exec(db, what, sql, err);
		if (st != PA_OK)
			return st;
	}
	return st == PA_END ? PA_OK : st;
}

static enum pa_status make_ledger(struct pa_db *db, struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, TEXT_MAX);
	st = pa_ddl_ledger(&sql);
	if (st == PA_OK)
		st = run_statements(db, "create the ledger", whole(&sql), err);
	pa_buf_done(&sql);
	if (st == PA_OK)
		st = pa_db_execf(db, "note the schema's version", err,
		                 "INSERT IGNORE INTO schema_version (version, applied_at) "
		                 "VALUES (%d, UTC_TIMESTAMP(6))",
		                 PA_LEDGER_VERSION);
	return st;
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
		st = run_statements(db, what, whole(&sql), err);
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

	if (st != PA_OK && cause.sys == NO_SUCH_COLUMN)
		return pa_fail(
		    err, PA_EPROFILE, cause.sys,
		    "table %s is in the database with other columns: if it belongs to "
		    "another profile, call yours differently; if profile %s has grown, run "
		    "'csv2mysql migrate'",
		    t->name, p->name);
	return st == PA_OK ? PA_OK : pa_fail(err, st, cause.sys, "%s", cause.msg);
}

/* A table in use is no failure: its rows go to p_max until somebody comes by again. */
static enum pa_status make_partitions(struct pa_db *db, const struct pa_table *t,
                                      struct pa_error *err)
{
	for (int i = 0; i < PARTITION_TRIES; i++) {
		struct pa_error cause = {0};
		enum pa_status st = pa_partition_ensure(db, t->name, time(NULL), &cause);

		if (st == PA_OK)
			return PA_OK;
		if (st != PA_EBUSY || cause.sys != 1205)
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
		st = run_statements(db, what, whole(&text), err);
	pa_buf_done(&text);
	return st;
}

static enum pa_status make_views(struct pa_db *db, const struct run *r, struct pa_error *err)
{
	char **names = NULL;
	size_t n = 0;
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && i < r->profile->n_tables; i++)
		st = make_view(db, r->profile, &r->profile->tables[i], err);
	if (st == PA_OK && r->o.sql)
		st = list_sql(r->o.sql, "views", &names, &n, err);
	for (size_t i = 0; st == PA_OK && i < n; i++) {
		struct pa_error cause = {0};

		st = run_file(db, r->o.sql, names[i], &cause);
		/* Made for the default profile: a database without its tables does without. */
		if (st != PA_OK && (cause.sys == NO_SUCH_TABLE || cause.sys == NO_SUCH_COLUMN))
			st = PA_OK;
		else if (st != PA_OK)
			pa_fail(err, st, cause.sys, "%s", cause.msg);
	}
	free_names(names, n);
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
		st = make_views(db, r, err);
	pa_db_free(db);
	return st;
}

/* migrate */

/* The definition of a column is its line of the CREATE TABLE, from the quoted name up to the
 * comma: so there is one text for both. */
static int column_line(struct pa_slice ddl, const char *name, struct pa_slice *out)
{
	char quoted[PA_NAME_MAX + 4];
	int n = snprintf(quoted, sizeof(quoted), "`%s` ", name);

	for (size_t i = 0; i < ddl.len;) {
		const uint8_t *line = ddl.ptr + i;
		const uint8_t *lf = memchr(line, '\n', ddl.len - i);
		size_t len = lf ? (size_t)(lf - line) : ddl.len - i;
		size_t start = 0;

		i += len + 1;
		while (start < len && (line[start] == '\t' || line[start] == ' '))
			start++;
		if (len - start < (size_t)n || memcmp(line + start, quoted, (size_t)n) != 0)
			continue;
		while (len > start && (line[len - 1] == ',' || line[len - 1] == ' '))
			len--;
		*out = (struct pa_slice){line + start, len - start};
		return 1;
	}
	return 0;
}

/* Rows of (column of the new table, its old type or NULL, 1 when both are alike). The new
 * table is a scratch one made from the profile, so the server itself says what is alike. */
static enum pa_status compare_tables(struct pa_db *db, const char *table, const char *scratch,
                                     struct pa_db_result **out, struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, TEXT_MAX);
	st = pa_buf_puts(
	    &sql, "SELECT n.COLUMN_NAME, o.COLUMN_TYPE, o.COLUMN_TYPE <=> n.COLUMN_TYPE AND "
	          "o.COLLATION_NAME <=> n.COLLATION_NAME AND o.IS_NULLABLE <=> n.IS_NULLABLE, "
	          "n.COLUMN_TYPE, n.IS_NULLABLE = 'YES' "
	          "FROM information_schema.COLUMNS n LEFT JOIN information_schema.COLUMNS o "
	          "ON o.TABLE_SCHEMA = DATABASE() AND o.COLUMN_NAME = n.COLUMN_NAME AND "
	          "o.TABLE_NAME = ");
	if (st == PA_OK)
		st = pa_sql_text(&sql, table);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " WHERE n.TABLE_SCHEMA = DATABASE() AND n.TABLE_NAME = ");
	if (st == PA_OK)
		st = pa_sql_text(&sql, scratch);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " ORDER BY n.ORDINAL_POSITION");
	if (st == PA_OK)
		st = pa_db_query(db, "compare the columns", whole(&sql), 1, out, err);
	pa_buf_done(&sql);
	return st;
}

static enum pa_status add_column(struct pa_db *db, const char *table, const char *name,
                                 struct pa_slice ddl, struct pa_error *err)
{
	struct pa_slice definition;
	struct pa_buf sql;
	enum pa_status st;

	if (!column_line(ddl, name, &definition))
		return pa_fail(err, PA_EPROFILE, 0, "no definition of the column %s.%s", table,
		               name);
	pa_buf_init(&sql, TEXT_MAX);
	st = pa_buf_puts(&sql, "ALTER TABLE ");
	if (st == PA_OK)
		st = pa_sql_identifier(&sql, table);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " ADD COLUMN ");
	if (st == PA_OK)
		st = pa_buf_put(&sql, definition.ptr, definition.len);
	if (st == PA_OK)
		st = pa_db_exec(db, "add a column", whole(&sql), err);
	pa_buf_done(&sql);
	if (st == PA_OK)
		pa_log_note("added the column %s.%s", table, name);
	return st;
}

/* First look at all columns, then change: a refused table stays as it was. */
static enum pa_status add_missing(struct pa_db *db, const char *table, struct pa_slice ddl,
                                  struct pa_db_result *rows, struct pa_error *err)
{
	const struct pa_slice *c;
	enum pa_status st;

	while ((st = pa_db_next(rows, &c, err)) == PA_OK) {
		if (c[1].ptr && pa_db_u64(c[2]) != 1)
			return pa_fail(err, PA_EDENIED, 0,
			               "column %.*s of table %s is %.*s, the profile makes it "
			               "%.*s: this cannot be migrated; use another database",
			               (int)c[0].len, (const char *)c[0].ptr, table, (int)c[1].len,
			               (const char *)c[1].ptr, (int)c[3].len,
			               (const char *)c[3].ptr);
		if (!c[1].ptr && pa_db_u64(c[4]) != 1)
			return pa_fail(
			    err, PA_EDENIED, 0,
			    "table %s lacks the column %.*s, which cannot be empty: this "
			    "cannot be migrated; use another database",
			    table, (int)c[0].len, (const char *)c[0].ptr);
	}
	if (st != PA_END)
		return st;
	pa_db_rewind(rows);
	while ((st = pa_db_next(rows, &c, err)) == PA_OK) {
		char name[PA_NAME_MAX];

		if (c[1].ptr)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)c[0].len, (const char *)c[0].ptr);
		st = add_column(db, table, name, ddl, err);
		if (st != PA_OK)
			return st;
	}
	return st == PA_END ? PA_OK : st;
}

static enum pa_status migrate_table(struct pa_db *db, const struct pa_profile *p,
                                    const struct pa_table *t, struct pa_error *err)
{
	struct pa_table copy = *t;
	struct pa_db_result *rows = NULL;
	struct pa_buf ddl;
	enum pa_status st;

	snprintf(copy.name, sizeof(copy.name), "pa_migrate_%ld", (long)getpid());
	pa_buf_init(&ddl, TEXT_MAX);
	st = pa_ddl_table(p, &copy, &ddl);
	if (st == PA_OK)
		st = run_statements(db, "make a table to compare with", whole(&ddl), err);
	if (st == PA_OK)
		st = compare_tables(db, t->name, copy.name, &rows, err);
	(void)!pa_db_execf(db, "remove the table to compare with", NULL,
	                   "DROP TABLE IF EXISTS `%s`", copy.name);
	if (st == PA_OK && rows)
		st = add_missing(db, t->name, whole(&ddl), rows, err);
	pa_db_result_free(rows);
	pa_buf_done(&ddl);
	return st;
}

enum pa_status command_migrate(struct run *r, struct pa_error *err)
{
	struct pa_db *db = NULL;
	enum pa_status st = pa_db_connect(&r->connection, 0, &db, err);

	if (st == PA_OK)
		st = make_ledger(db, err);
	if (st == PA_OK)
		st = pa_db_exec(db, "set the lock wait",
		                pa_slice_of("SET SESSION lock_wait_timeout = 10"), err);
	for (unsigned i = 0; st == PA_OK && i < r->profile->n_tables; i++) {
		const struct pa_table *t = &r->profile->tables[i];

		st = make_table(db, r->profile, t, err);
		if (st == PA_OK)
			st = migrate_table(db, r->profile, t, err);
		if (st == PA_OK)
			st = make_partitions(db, t, err);
	}
	if (st == PA_OK)
		st = make_views(db, r, err);
	pa_db_free(db);
	return st;
}
