#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "patient.h"
#include "pcapanalyzer/alter.h"
#include "pcapanalyzer/ddl.h"

#define TEXT_MAX (16u * 1024 * 1024)
#define SCRATCH  "pa_scratch"

#define HAVE_COLUMN   1060
#define HAVE_KEY      1061
#define NO_ALGORITHM  1845
#define NO_ALGORITHM2 1846 /* with a reason */
#define NO_VERSIONS   4092 /* MySQL: too many instant changes since the last rewrite */

/* Cells of SHOW FULL COLUMNS and of SHOW INDEX, alike in both servers. */
enum { C_FIELD, C_TYPE, C_COLLATION, C_NULL };
enum { K_TABLE, K_NON_UNIQUE, K_NAME, K_SEQ, K_COLUMN, K_COLLATION, K_CARDINALITY, K_SUB_PART };

static enum pa_status no_memory(struct pa_error *err)
{
	return pa_fail(err, PA_ENOMEM, 0, "no memory for a plan");
}

static int same(struct pa_slice a, struct pa_slice b)
{
	if (!a.ptr || !b.ptr)
		return a.ptr == b.ptr;
	return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static enum pa_status add_step(struct plan *plan, enum step_kind kind, const char *table,
                               struct pa_slice sql, struct pa_slice why, struct pa_error *err)
{
	struct step *grown = realloc(plan->steps, (plan->n_steps + 1) * sizeof(*grown));
	struct step *s;

	if (!grown)
		return no_memory(err);
	plan->steps = grown;
	s = &grown[plan->n_steps++];
	*s = (struct step){.kind = kind};
	snprintf(s->table, sizeof(s->table), "%s", table);
	s->sql = strndup((const char *)sql.ptr, sql.len);
	s->why = strndup(why.len ? (const char *)why.ptr : "", why.len);
	return s->sql && s->why ? PA_OK : no_memory(err);
}

/* What the server says about a table, as it is and as it should be. */
struct sides {
	struct pa_db_result *columns, *wanted_columns;
	struct pa_db_result *keys, *wanted_keys;
};

static enum pa_status show(struct pa_db *db, const char *what, const char *table,
                           struct pa_db_result **out, struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, 1024);
	st = pa_buf_printf(&sql, "SHOW %s FROM ", what);
	if (st == PA_OK)
		st = pa_sql_identifier(&sql, table);
	if (st == PA_OK)
		st = pa_db_query(db, "look at a table", pa_buf_slice(&sql), 1, out, err);
	pa_buf_done(&sql);
	return st;
}

static enum pa_status look(struct pa_db *db, const char *table, struct pa_slice ddl,
                           struct sides *s, struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, TEXT_MAX);
	st = pa_alter_scratch(ddl, SCRATCH, &sql);
	if (st != PA_OK)
		pa_fail(err, st, 0, "no memory to compare the table %s", table);
	if (st == PA_OK)
		st = pa_db_exec(db, "make a table to compare with", pa_buf_slice(&sql), err);
	pa_buf_done(&sql);
	if (st == PA_OK)
		st = show(db, "FULL COLUMNS", SCRATCH, &s->wanted_columns, err);
	if (st == PA_OK)
		st = show(db, "INDEX", SCRATCH, &s->wanted_keys, err);
	(void)!pa_db_execf(db, "remove the table to compare with", NULL,
	                   "DROP TEMPORARY TABLE IF EXISTS " SCRATCH);
	if (st == PA_OK)
		st = show(db, "FULL COLUMNS", table, &s->columns, err);
	if (st == PA_OK)
		st = show(db, "INDEX", table, &s->keys, err);
	return st;
}

static void forget(struct sides *s)
{
	pa_db_result_free(s->columns);
	pa_db_result_free(s->wanted_columns);
	pa_db_result_free(s->keys);
	pa_db_result_free(s->wanted_keys);
}

/* Find a column in the answer of SHOW FULL COLUMNS. */
static const struct pa_slice *find_column(struct pa_db_result *columns, struct pa_slice name)
{
	const struct pa_slice *c;

	pa_db_rewind(columns);
	while (pa_db_next(columns, &c, NULL) == PA_OK)
		if (same(c[C_FIELD], name))
			return c;
	return NULL;
}

static const char *cost_words(enum pa_alter_cost cost)
{
	switch (cost) {
	case PA_ALTER_CHEAP:
		return "it loses nothing and rewrites nothing";
	case PA_ALTER_REWRITE:
		return "it loses nothing, but rewrites the table";
	case PA_ALTER_LOSS:
		break;
	}
	return "it may lose values, and rewrites the table";
}

/* The table has the column, of another type. */
static enum pa_status refuse_column(struct plan *plan, const char *table, const char *name,
                                    struct pa_slice definition, const struct pa_slice *is,
                                    const struct pa_slice *wanted, struct pa_error *err)
{
	int less_null =
	    same(is[C_NULL], pa_slice_of("YES")) && !same(wanted[C_NULL], pa_slice_of("YES"));
	enum pa_alter_cost cost = pa_alter_cost(is[C_TYPE], wanted[C_TYPE]);
	struct pa_buf sql;
	struct pa_buf why;
	enum pa_status st;

	if (same(is[C_TYPE], wanted[C_TYPE]))
		cost = PA_ALTER_REWRITE;
	if (less_null || !same(is[C_COLLATION], wanted[C_COLLATION]))
		cost = PA_ALTER_LOSS;
	pa_buf_init(&sql, TEXT_MAX);
	pa_buf_init(&why, TEXT_MAX);
	st = pa_buf_puts(&sql, "ALTER TABLE ");
	if (st == PA_OK)
		st = pa_sql_identifier(&sql, table);
	if (st == PA_OK)
		st = pa_buf_printf(&sql, " MODIFY COLUMN %.*s", (int)definition.len,
		                   (const char *)definition.ptr);
	if (st == PA_OK)
		st = pa_buf_printf(&why,
		                   "column %s of table %s is %.*s%s, the profile makes it "
		                   "%.*s%s: to change it is for you to decide, %s",
		                   name, table, (int)is[C_TYPE].len, (const char *)is[C_TYPE].ptr,
		                   same(is[C_NULL], pa_slice_of("YES")) ? "" : " NOT NULL",
		                   (int)wanted[C_TYPE].len, (const char *)wanted[C_TYPE].ptr,
		                   same(wanted[C_NULL], pa_slice_of("YES")) ? "" : " NOT NULL",
		                   cost_words(cost));
	st = st == PA_OK
	         ? add_step(plan, STEP_REFUSED, table, pa_buf_slice(&sql), pa_buf_slice(&why), err)
	         : no_memory(err);
	pa_buf_done(&sql);
	pa_buf_done(&why);
	return st;
}

/* But for the type. */
static int is_alike(const struct pa_slice *is, const struct pa_slice *wanted)
{
	return same(is[C_COLLATION], wanted[C_COLLATION]) && same(is[C_NULL], wanted[C_NULL]);
}

/* " ADD COLUMN ..." for each column that is missing. */
static enum pa_status plan_columns(const char *table, struct pa_slice ddl, const struct sides *s,
                                   struct plan *plan, struct pa_error *err)
{
	const struct pa_slice *wanted;
	struct pa_buf sql;
	struct pa_buf names;
	size_t start;
	enum pa_status st;

	pa_buf_init(&sql, TEXT_MAX);
	pa_buf_init(&names, TEXT_MAX);
	st = pa_buf_puts(&sql, "ALTER TABLE ");
	if (st == PA_OK)
		st = pa_sql_identifier(&sql, table);
	start = sql.len;
	pa_db_rewind(s->wanted_columns);
	while (st == PA_OK && pa_db_next(s->wanted_columns, &wanted, NULL) == PA_OK) {
		const struct pa_slice *is = find_column(s->columns, wanted[C_FIELD]);
		struct pa_slice definition;
		char name[PA_NAME_MAX];

		pa_db_text(wanted[C_FIELD], name, sizeof(name));
		if (is && same(is[C_TYPE], wanted[C_TYPE]) && is_alike(is, wanted))
			continue;
		if (!pa_alter_column(ddl, name, &definition)) {
			st = pa_fail(err, PA_EPROFILE, 0, "no definition of the column %s.%s",
			             table, name);
		} else if (is && is_alike(is, wanted) && pa_alter_holds(is[C_TYPE], definition)) {
			continue;
		} else if (is) {
			st = refuse_column(plan, table, name, definition, is, wanted, err);
		} else {
			st = pa_buf_printf(&sql, "%s ADD COLUMN %.*s", sql.len > start ? "," : "",
			                   (int)definition.len, (const char *)definition.ptr);
			if (st == PA_OK)
				st = pa_buf_printf(&names, "%s%s.%s", names.len > 0 ? ", " : "",
				                   table, name);
		}
	}
	if (st == PA_OK && sql.len > start)
		st = add_step(plan, STEP_COLUMNS, table, pa_buf_slice(&sql), pa_buf_slice(&names),
		              err);
	pa_buf_done(&sql);
	pa_buf_done(&names);
	return st == PA_OK ? PA_OK : pa_fail(err, st, 0, "no memory for a plan");
}

/* "(`a`, `b`(20))" of the key whose first row the answer is at, into OUT; moves to its last
 * row. *next is the row behind, NULL at the end. */
static enum pa_status key_text(struct pa_db_result *keys, const struct pa_slice **next,
                               struct pa_buf *out)
{
	const struct pa_slice *k = *next;
	const char *between = "(";
	enum pa_status st;

	do {
		char name[PA_NAME_MAX];

		pa_db_text(k[K_COLUMN], name, sizeof(name));
		st = pa_buf_puts(out, between);
		if (st == PA_OK)
			st = pa_sql_identifier(out, name);
		if (st == PA_OK && k[K_SUB_PART].ptr)
			st = pa_buf_printf(out, "(%.*s)", (int)k[K_SUB_PART].len,
			                   (const char *)k[K_SUB_PART].ptr);
		between = ", ";
		if (pa_db_next(keys, &k, NULL) != PA_OK)
			k = NULL;
	} while (st == PA_OK && k && pa_db_u64(k[K_SEQ]) > 1);
	*next = k;
	return st == PA_OK ? pa_buf_putc(out, ')') : st;
}

static int is_primary(const struct pa_slice *key)
{
	return same(key[K_NAME], pa_slice_of("PRIMARY"));
}

/* Has the table a key of just these columns? For the primary one, its text in HAS. */
static enum pa_status have_key(struct pa_db_result *keys, struct pa_slice text, int primary,
                               int *yes, struct pa_buf *has)
{
	const struct pa_slice *k = NULL;
	struct pa_buf one;
	enum pa_status st = PA_OK;

	*yes = 0;
	pa_buf_init(&one, TEXT_MAX);
	pa_db_rewind(keys);
	if (pa_db_next(keys, &k, NULL) != PA_OK)
		k = NULL;
	while (st == PA_OK && k && !*yes) {
		int this = is_primary(k) == primary;

		pa_buf_reset(&one);
		st = key_text(keys, &k, &one);
		if (st == PA_OK && this)
			*yes = same(pa_buf_slice(&one), text);
		if (st == PA_OK && this && primary)
			st = pa_buf_put(has, one.ptr, one.len);
	}
	pa_buf_done(&one);
	return st;
}

/* Another primary key: rows of the table would be other things than before. */
static enum pa_status refuse_primary(const char *table, struct pa_slice ddl, struct pa_slice wanted,
                                     struct pa_slice has, const struct sides *s, struct plan *plan,
                                     struct pa_error *err)
{
	static const char idx[] = "idx";
	struct pa_slice definition;
	struct pa_buf sql;
	struct pa_buf why;
	int grows =
	    !find_column(s->columns, pa_slice_of(idx)) && pa_alter_column(ddl, idx, &definition);
	enum pa_status st;

	pa_buf_init(&sql, TEXT_MAX);
	pa_buf_init(&why, TEXT_MAX);
	st = pa_buf_puts(&sql, "ALTER TABLE ");
	if (st == PA_OK)
		st = pa_sql_identifier(&sql, table);
	if (st == PA_OK && grows)
		st = pa_buf_printf(&sql, " ADD COLUMN %.*s DEFAULT 0,", (int)definition.len,
		                   (const char *)definition.ptr);
	if (st == PA_OK)
		st = pa_buf_printf(&sql, " DROP PRIMARY KEY, ADD PRIMARY KEY %.*s", (int)wanted.len,
		                   (const char *)wanted.ptr);
	if (st == PA_OK)
		st = pa_buf_printf(
		    &why,
		    "the rows of table %s are told apart by %.*s, the profile does it by %.*s: to "
		    "change it is for you to decide, it rewrites the table%s",
		    table, (int)has.len, (const char *)has.ptr, (int)wanted.len,
		    (const char *)wanted.ptr,
		    grows ? " and loses nothing" : ", and fails where two rows become alike");
	st = st == PA_OK
	         ? add_step(plan, STEP_REFUSED, table, pa_buf_slice(&sql), pa_buf_slice(&why), err)
	         : no_memory(err);
	pa_buf_done(&sql);
	pa_buf_done(&why);
	return st;
}

static enum pa_status plan_keys(const char *table, struct pa_slice ddl, const struct sides *s,
                                struct plan *plan, struct pa_error *err)
{
	const struct pa_slice *k = NULL;
	struct pa_buf sql;
	struct pa_buf names;
	struct pa_buf text;
	struct pa_buf has;
	size_t start;
	enum pa_status st;

	pa_buf_init(&sql, TEXT_MAX);
	pa_buf_init(&names, TEXT_MAX);
	pa_buf_init(&text, TEXT_MAX);
	pa_buf_init(&has, TEXT_MAX);
	st = pa_buf_puts(&sql, "ALTER TABLE ");
	if (st == PA_OK)
		st = pa_sql_identifier(&sql, table);
	start = sql.len;
	pa_db_rewind(s->wanted_keys);
	if (pa_db_next(s->wanted_keys, &k, NULL) != PA_OK)
		k = NULL;
	while (st == PA_OK && k) {
		int primary = is_primary(k);
		int unique = pa_db_u64(k[K_NON_UNIQUE]) == 0;
		int yes = 0;

		pa_buf_reset(&text);
		st = key_text(s->wanted_keys, &k, &text);
		if (st == PA_OK)
			st = have_key(s->keys, pa_buf_slice(&text), primary, &yes, &has);
		if (st != PA_OK || yes)
			continue;
		if (primary) {
			st = refuse_primary(table, ddl, pa_buf_slice(&text), pa_buf_slice(&has), s,
			                    plan, err);
			continue;
		}
		st = pa_buf_printf(&sql, "%s ADD %sKEY %.*s", sql.len > start ? "," : "",
		                   unique ? "UNIQUE " : "", (int)text.len, (const char *)text.ptr);
		if (st == PA_OK)
			st = pa_buf_printf(&names, "%s%s %.*s", names.len > 0 ? ", " : "", table,
			                   (int)text.len, (const char *)text.ptr);
	}
	if (st == PA_OK && sql.len > start)
		st =
		    add_step(plan, STEP_KEYS, table, pa_buf_slice(&sql), pa_buf_slice(&names), err);
	pa_buf_done(&sql);
	pa_buf_done(&names);
	pa_buf_done(&text);
	pa_buf_done(&has);
	return st == PA_OK ? PA_OK : pa_fail(err, st, 0, "no memory for a plan");
}

static enum pa_status is_there(struct pa_db *db, const char *table, int *yes, struct pa_error *err)
{
	struct pa_db_result *rows = NULL;
	const struct pa_slice *c;
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, 1024);
	st = pa_buf_puts(&sql, "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
	                       "DATABASE() AND TABLE_NAME = ");
	if (st == PA_OK)
		st = pa_sql_text(&sql, table);
	if (st == PA_OK)
		st = pa_db_query(db, "look for a table", pa_buf_slice(&sql), 1, &rows, err);
	if (st == PA_OK) {
		st = pa_db_next(rows, &c, err);
		*yes = st == PA_OK;
	}
	pa_db_result_free(rows);
	pa_buf_done(&sql);
	return st == PA_END ? PA_OK : st;
}

enum pa_status plan_table(struct pa_db *db, const char *table, struct pa_slice ddl,
                          struct plan *plan, struct pa_error *err)
{
	struct sides s = {0};
	int yes = 0;
	enum pa_status st = is_there(db, table, &yes, err);

	while (ddl.len > 0 && (ddl.ptr[ddl.len - 1] == '\n' || ddl.ptr[ddl.len - 1] == ';'))
		ddl.len--;
	while (ddl.len > 0 && *ddl.ptr == '\n') {
		ddl.ptr++;
		ddl.len--;
	}
	if (st == PA_OK && !yes)
		return add_step(plan, STEP_CREATE, table, ddl, (struct pa_slice){NULL, 0}, err);
	if (st == PA_OK)
		st = look(db, table, ddl, &s, err);
	if (st == PA_OK)
		st = plan_columns(table, ddl, &s, plan, err);
	if (st == PA_OK)
		st = plan_keys(table, ddl, &s, plan, err);
	forget(&s);
	return st;
}

/* How a step is tried, the cheapest way first; NULL for no more. */
static const char *algorithm(const struct step *s, unsigned try)
{
	static const char instant[] = ", ALGORITHM=INSTANT";
	static const char in_place[] = ", ALGORITHM=INPLACE, LOCK=NONE";

	if (s->kind == STEP_COLUMNS)
		return try == 0 ? instant : try == 1 ? in_place : NULL;
	if (s->kind == STEP_KEYS)
		return try == 0 ? in_place : NULL;
	return try == 0 ? "" : NULL;
}

enum pa_status plan_text(const struct step *s, struct pa_buf *out)
{
	enum pa_status st = pa_buf_puts(out, s->sql);

	if (st == PA_OK)
		st = pa_buf_puts(out, algorithm(s, 0));
	return st == PA_OK ? pa_buf_puts(out, ";\n") : st;
}

static enum pa_status run_once(struct pa_db *db, const struct step *s, const char *how,
                               struct pa_error *cause)
{
	char what[PA_NAME_MAX + 40];
	struct pa_buf sql;
	enum pa_status st = PA_OK;

	snprintf(what, sizeof(what), "%s the table %s",
	         s->kind == STEP_CREATE ? "create" : "change", s->table);
	pa_buf_init(&sql, TEXT_MAX);
	st = pa_buf_puts(&sql, s->sql);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, how);
	if (st == PA_OK)
		st = run_patiently(db, what, pa_buf_slice(&sql), 1, cause);
	pa_buf_done(&sql);
	return st;
}

enum pa_status plan_run(struct pa_db *db, const struct step *s, struct pa_error *err)
{
	struct pa_error cause = {0};
	enum pa_status st = PA_OK;

	for (unsigned i = 0; algorithm(s, i); i++) {
		st = run_once(db, s, algorithm(s, i), &cause);
		if (st == PA_OK)
			return PA_OK;
		if (cause.sys != NO_ALGORITHM && cause.sys != NO_ALGORITHM2 &&
		    cause.sys != NO_VERSIONS)
			break;
	}
	if (cause.sys == HAVE_COLUMN || cause.sys == HAVE_KEY)
		return PA_EDUP;
	if (cause.sys == PA_DB_LOCK_WAIT)
		return pa_fail(err, PA_EBUSY, PA_DB_LOCK_WAIT,
		               "table %s has been in use for %d seconds; what was added before it "
		               "stays, run 'csv2mysql migrate' again for the rest",
		               s->table,
		               /* each try waits a second: command_migrate() says so */
		               PATIENT_TRIES + PATIENT_TRIES * PATIENT_PAUSE_US / 1000000);
	/* A refusal by whatever words: a schema cannot be kept aside like a batch. */
	if (st == PA_EDATA || st == PA_EDUP || st == PA_ELOSS)
		st = PA_EDENIED;
	return pa_fail(err, st, cause.sys, "%s", cause.msg);
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		free(plan->steps[i].sql);
		free(plan->steps[i].why);
	}
	free(plan->steps);
	*plan = (struct plan){0};
}
