#include "pruner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "patient.h"
#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/ledger.h"

#define STATEMENT_MAX (16u * 1024 * 1024)
#define ROUNDS        5   /* when batches of that time are being loaded */
#define VALUES        500 /* rows of one INSERT */

/* How many rows each capture has; in no order. */
struct counts {
	struct count {
		uint32_t capture_id;
		uint64_t rows;
	} * list;
	size_t n, cap;
	uint64_t total;
};

/* Which batches a snapshot saw: numbers up to MAX, N of them. */
struct mark {
	uint64_t max, n, sum;
};

static enum pa_status no_memory(struct pa_error *err)
{
	return pa_fail(err, PA_ENOMEM, 0, "no memory to prune");
}

static enum pa_status add_count(struct counts *c, uint32_t capture_id, uint64_t rows,
                                struct pa_error *err)
{
	if (c->n == c->cap) {
		size_t more = c->cap ? 2 * c->cap : 64;
		struct count *grown = realloc(c->list, more * sizeof(*grown));

		if (!grown)
			return no_memory(err);
		c->list = grown;
		c->cap = more;
	}
	c->list[c->n++] = (struct count){capture_id, rows};
	c->total += rows;
	return PA_OK;
}

/* One row of N numbers. */
static enum pa_status numbers(struct pa_db *db, const char *what, struct pa_slice sql,
                              uint64_t *out, size_t n, struct pa_error *err)
{
	struct pa_db_result *r = NULL;
	const struct pa_slice *c;
	enum pa_status st = pa_db_query(db, what, sql, 1, &r, err);

	if (st == PA_OK)
		st = pa_db_next(r, &c, err);
	for (size_t i = 0; st == PA_OK && i < n; i++)
		out[i] = pa_db_u64(c[i]);
	pa_db_result_free(r);
	return st == PA_END ? pa_fail(err, PA_EDENIED, 0, "cannot %s: no answer", what) : st;
}

/* The name is held by the connection that drops: when it is free, nothing is being dropped. */
static enum pa_status be_the_only_one(struct pa_db *ddl, struct pa_error *err)
{
	static const char sql[] = "SELECT GET_LOCK(CONCAT('prune ', SHA2(DATABASE(), 224)), 2)";
	uint64_t got = 0;
	enum pa_status st =
	    numbers(ddl, "be the only one that prunes", pa_slice_of(sql), &got, 1, err);

	return st == PA_OK && !got ? PA_EDUP : st;
}

enum pa_status pruner_open(const struct pa_db_options *connection, int changes,
                           const char *export_dir, struct pruner *p, struct pa_error *err)
{
	static const char patience[] = "SET SESSION lock_wait_timeout = 1";
	enum pa_status st = pa_db_connect(connection, changes ? 0 : PA_DB_READ_ONLY, &p->db, err);

	if (st == PA_OK)
		st = pa_ledger_check(p->db, err);
	if (st == PA_OK)
		st = pa_db_exec(p->db, "set the lock wait", pa_slice_of(patience), err);
	/* MySQL answers with sizes of a day ago otherwise; MariaDB has no such variable. */
	if (st == PA_OK)
		(void)!pa_db_execf(p->db, "ask for sizes of now", NULL,
		                   "SET SESSION information_schema_stats_expiry = 0");
	if (st != PA_OK || !changes)
		return st;
	st = pa_db_connect(connection, 0, &p->ddl, err);
	if (st == PA_OK)
		st = pa_db_exec(p->ddl, "set the lock wait", pa_slice_of(patience), err);
	if (st == PA_OK)
		st = be_the_only_one(p->ddl, err);
	return st == PA_OK && export_dir ? pa_export_open(export_dir, &p->export, err) : st;
}

void pruner_close(struct pruner *p)
{
	pa_export_close(&p->export);
	pa_db_free(p->ddl);
	pa_db_free(p->db);
}

/* "HEAD `table` PARTITION (`partition`)TAIL" */
static enum pa_status put_select(struct pa_buf *sql, const char *head,
                                 const struct pa_partition *part, const char *tail)
{
	enum pa_status st = pa_buf_puts(sql, head);

	if (st == PA_OK)
		st = pa_sql_identifier(sql, part->table);
	if (st == PA_OK)
		st = pa_buf_puts(sql, " PARTITION (");
	if (st == PA_OK)
		st = pa_sql_identifier(sql, part->name);
	return st == PA_OK ? pa_buf_printf(sql, ")%s", tail) : st;
}

static enum pa_status count_captures(struct pa_db *db, const struct pa_partition *part,
                                     struct counts *out, struct pa_error *err)
{
	struct pa_db_result *r = NULL;
	const struct pa_slice *c;
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = put_select(&sql, "SELECT capture_id, COUNT(*) FROM ", part, " GROUP BY capture_id");
	if (st == PA_OK)
		st = pa_db_query(db, "count the rows of a partition", pa_buf_slice(&sql), 0, &r,
		                 err);
	pa_buf_done(&sql);
	while (st == PA_OK && (st = pa_db_next(r, &c, err)) == PA_OK)
		st = add_count(out, (uint32_t)pa_db_u64(c[0]), pa_db_u64(c[1]), err);
	pa_db_result_free(r);
	return st == PA_END ? PA_OK : st;
}

enum pa_status pruner_count(const struct pruner *p, const struct pa_partition *part, uint64_t *rows,
                            struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = put_select(&sql, "SELECT COUNT(*) FROM ", part, "");
	if (st == PA_OK)
		st = numbers(p->db, "count the rows of a partition", pa_buf_slice(&sql), rows, 1,
		             err);
	pa_buf_done(&sql);
	return st;
}

/* The ledger */

/* Enter what is removed, or will be; in an open transaction.
 * exported_to: NULL for nowhere */
static enum pa_status enter(struct pa_db *db, const char *table, const char *partition,
                            const char *until, const char *state, const char *exported_to,
                            const struct counts *counts, uint64_t *id, struct pa_error *err)
{
	static const char what[] = "enter a prune into the ledger";
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_puts(&sql, "INSERT INTO prunes (table_name, partition_name, exported_to, "
	                       "until_ts, state, row_count, planned_at) VALUES (");
	if (st == PA_OK)
		st = pa_sql_text(&sql, table);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, ", ");
	if (st == PA_OK)
		st = pa_sql_text(&sql, partition);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, ", ");
	if (st == PA_OK)
		st = exported_to ? pa_sql_text(&sql, exported_to) : pa_buf_puts(&sql, "NULL");
	if (st == PA_OK)
		st = pa_buf_printf(&sql, ", '%s', '%s', %llu, UTC_TIMESTAMP(6))", until, state,
		                   (unsigned long long)counts->total);
	if (st == PA_OK)
		st = pa_db_exec(db, what, pa_buf_slice(&sql), err);
	if (st == PA_OK)
		*id = pa_db_insert_id(db);
	for (size_t i = 0; st == PA_OK && i < counts->n; i++) {
		if (i % VALUES == 0) {
			pa_buf_reset(&sql);
			st = pa_buf_puts(&sql, "INSERT INTO pruned VALUES ");
		}
		if (st == PA_OK)
			st = pa_buf_printf(&sql, "%s(%llu, %u, %llu)", i % VALUES ? ", " : "",
			                   (unsigned long long)*id,
			                   (unsigned)counts->list[i].capture_id,
			                   (unsigned long long)counts->list[i].rows);
		if (st == PA_OK && (i % VALUES == VALUES - 1 || i + 1 == counts->n))
			st = pa_db_exec(db, what, pa_buf_slice(&sql), err);
	}
	pa_buf_done(&sql);
	return st;
}

static enum pa_status enter_done(struct pa_db *db, uint64_t id, struct pa_error *err)
{
	return pa_db_execf(db, "note that a prune is done", err,
	                   "UPDATE prunes SET state = 'done', done_at = UTC_TIMESTAMP(6) "
	                   "WHERE prune_id = %llu",
	                   (unsigned long long)id);
}

/* The rows are still there: nothing was planned. */
static enum pa_status forget(struct pa_db *db, uint64_t id, struct pa_error *err)
{
	enum pa_status st = pa_db_begin(db, err);

	if (st == PA_OK)
		st =
		    pa_db_execf(db, "forget a prune", err,
		                "DELETE FROM pruned WHERE prune_id = %llu", (unsigned long long)id);
	if (st == PA_OK)
		st =
		    pa_db_execf(db, "forget a prune", err,
		                "DELETE FROM prunes WHERE prune_id = %llu", (unsigned long long)id);
	return st == PA_OK ? pa_db_commit(db, err) : st;
}

/* Plans that were not finished */

struct unfinished {
	uint64_t id;
	char table[PA_NAME_MAX], partition[PA_NAME_MAX];
};

static enum pa_status partition_gone(struct pa_db *db, const struct unfinished *u, int *gone,
                                     struct pa_error *err)
{
	struct pa_buf sql;
	uint64_t n = 0;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_puts(&sql, "SELECT COUNT(*) FROM information_schema.PARTITIONS WHERE "
	                       "TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ");
	if (st == PA_OK)
		st = pa_sql_text(&sql, u->table);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " AND PARTITION_NAME = ");
	if (st == PA_OK)
		st = pa_sql_text(&sql, u->partition);
	if (st == PA_OK)
		st = numbers(db, "look for a partition", pa_buf_slice(&sql), &n, 1, err);
	pa_buf_done(&sql);
	*gone = n == 0;
	return st;
}

/* p_old is there before and after, and more captures may have come into it. But of one of those
 * that were counted the table has either all rows that the ledger says, or less. */
static enum pa_status rows_gone(struct pa_db *db, const struct unfinished *u, int *gone,
                                struct pa_error *err)
{
	uint64_t capture = 0;
	uint64_t n[3] = {0, 0, 0}; /* found, entered by batches, pruned before */
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(&sql,
	                   "SELECT COALESCE(MIN(capture_id), 0) FROM pruned WHERE prune_id = %llu",
	                   (unsigned long long)u->id);
	if (st == PA_OK)
		st = numbers(db, "look at a prune", pa_buf_slice(&sql), &capture, 1, err);
	pa_buf_reset(&sql);
	if (st == PA_OK)
		st = pa_buf_printf(
		    &sql,
		    "SELECT (SELECT COUNT(*) FROM `%s` WHERE capture_id = %u AND ts BETWEEN "
		    "(SELECT MIN(first_ts) FROM batches WHERE capture_id = %u) AND "
		    "(SELECT MAX(last_ts) FROM batches WHERE capture_id = %u)), "
		    "(SELECT COALESCE(SUM(CAST(COALESCE(JSON_EXTRACT(table_rows, '$.\"%s\"'), 0) "
		    "AS "
		    "UNSIGNED)), 0) FROM batches WHERE capture_id = %u), "
		    "(SELECT COALESCE(SUM(d.row_count), 0) FROM pruned d JOIN prunes p ON "
		    "p.prune_id "
		    "= d.prune_id WHERE p.state = 'done' AND p.table_name = '%s' AND d.capture_id "
		    "= %u)",
		    u->table, (unsigned)capture, (unsigned)capture, (unsigned)capture, u->table,
		    (unsigned)capture, u->table, (unsigned)capture);
	if (st == PA_OK)
		st = numbers(db, "look whether a partition was emptied", pa_buf_slice(&sql), n, 3,
		             err);
	pa_buf_done(&sql);
	*gone = n[0] + n[2] < n[1];
	return st;
}

static enum pa_status settle_one(struct pa_db *db, const struct unfinished *u, int *gone,
                                 struct pa_error *err)
{
	enum pa_status st = strcmp(u->partition, PA_PARTITION_OLD) == 0
	                        ? rows_gone(db, u, gone, err)
	                        : partition_gone(db, u, gone, err);

	if (st != PA_OK)
		return st;
	return *gone ? enter_done(db, u->id, err) : forget(db, u->id, err);
}

enum pa_status pruner_settle(struct pruner *p, struct pa_error *err)
{
	static const char sql[] =
	    "SELECT prune_id, table_name, partition_name FROM prunes WHERE state = 'planned'";
	struct pa_db_result *r = NULL;
	const struct pa_slice *c;
	enum pa_status st =
	    pa_db_query(p->db, "look for unfinished prunes", pa_slice_of(sql), 1, &r, err);

	while (st == PA_OK && (st = pa_db_next(r, &c, err)) == PA_OK) {
		struct unfinished u = {.id = pa_db_u64(c[0])};
		int gone = 0;

		pa_db_text(c[1], u.table, sizeof(u.table));
		pa_db_text(c[2], u.partition, sizeof(u.partition));
		st = settle_one(p->db, &u, &gone, err);
	}
	pa_db_result_free(r);
	return st == PA_END ? PA_OK : st;
}

/* One partition */

struct plan {
	const struct pa_partition *part;
	char until[PA_DAY_TEXT];
	struct mark mark;
	struct counts counts;
	uint64_t id; /* prunes.prune_id */
};

static enum pa_status export_partition(struct pruner *p, const struct plan *plan,
                                       struct pa_error *err)
{
	struct pa_buf sql;
	uint64_t rows = 0;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = put_select(&sql, "SELECT * FROM ", plan->part, "");
	st = st == PA_OK ? pa_export_rows(&p->export, p->db, plan->part->table, plan->part->name,
	                                  pa_buf_slice(&sql), &rows, err)
	                 : no_memory(err);
	pa_buf_done(&sql);
	return st == PA_OK && rows != plan->counts.total
	           ? pa_fail(err, PA_ELOSS, 0,
	                     "partition %s of %s has %llu rows, and %llu of them came when they "
	                     "were exported; nothing was removed",
	                     plan->part->name, plan->part->table,
	                     (unsigned long long)plan->counts.total, (unsigned long long)rows)
	           : st;
}

/* Step 1. */
static enum pa_status look(struct pruner *p, struct plan *plan, struct pa_error *err)
{
	static const char sql[] =
	    "SELECT COALESCE(MAX(batch_no), 0), COUNT(*), COALESCE(SUM(batch_no), 0) FROM batches";
	uint64_t seen[3] = {0, 0, 0};
	enum pa_status st =
	    pa_db_exec(p->db, "start reading",
	               pa_slice_of("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"), err);

	if (st == PA_OK)
		st = numbers(p->db, "look at the batches", pa_slice_of(sql), seen, 3, err);
	plan->mark = (struct mark){seen[0], seen[1], seen[2]};
	plan->counts.n = 0;
	plan->counts.total = 0;
	if (st == PA_OK)
		st = count_captures(p->db, plan->part, &plan->counts, err);
	if (st == PA_OK && p->export.path && plan->counts.total > 0)
		st = export_partition(p, plan, err);
	/* Else our own look would be in the way of our lock. */
	pa_db_rollback(p->db);
	return st;
}

static int exports(const struct pruner *p, const struct plan *plan)
{
	return p->export.path && plan->counts.total > 0;
}

/* Step 2. */
static enum pa_status announce(struct pruner *p, struct plan *plan, struct pa_error *err)
{
	char file[4096 + PA_EXPORT_NAME_MAX];
	enum pa_status st = pa_db_begin(p->db, err);

	if (exports(p, plan))
		snprintf(file, sizeof(file), "%s/%s.tsv", p->export.path, p->export.name);
	if (st == PA_OK)
		st = enter(p->db, plan->part->table, plan->part->name, plan->until, "planned",
		           exports(p, plan) ? file : NULL, &plan->counts, &plan->id, err);
	if (st == PA_OK)
		return pa_db_commit(p->db, err);
	pa_db_rollback(p->db);
	return st;
}

/* Batches that the snapshot did not see: loaded later, or begun earlier and stored later; and
 * those that are no longer there, for their capture was replaced. */
static enum pa_status unchanged(struct pruner *p, const struct plan *plan, int *yes,
                                struct pa_error *err)
{
	unsigned long long max = plan->mark.max;
	uint64_t n[3] = {0, 0, 0};
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(&sql,
	                   "SELECT (SELECT COUNT(*) FROM batches WHERE batch_no <= %llu), "
	                   "(SELECT COALESCE(SUM(batch_no), 0) FROM batches WHERE batch_no <= "
	                   "%llu), (SELECT COUNT(*) FROM batches WHERE batch_no > %llu AND "
	                   "(first_ts < '%s' OR first_ts IS NULL))",
	                   max, max, max, plan->until);
	if (st == PA_OK)
		st = numbers(p->db, "look at the batches again", pa_buf_slice(&sql), n, 3, err);
	pa_buf_done(&sql);
	*yes = n[0] == plan->mark.n && n[1] == plan->mark.sum && n[2] == 0;
	return st;
}

/* Step 3; the lock is given up after a second, and tried again. */
static enum pa_status lock_table(struct pa_db *ddl, const char *table, struct pa_error *err)
{
	struct pa_error cause = {0};
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_puts(&sql, "LOCK TABLES ");
	if (st == PA_OK)
		st = pa_sql_identifier(&sql, table);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " WRITE");
	if (st == PA_OK)
		st = run_patiently(ddl, "lock a table", pa_buf_slice(&sql), 1, &cause);
	pa_buf_done(&sql);
	return st == PA_OK ? PA_OK : pa_fail(err, st, cause.sys, "%s", cause.msg);
}

/* Step 4. */
static enum pa_status drop(struct pa_db *ddl, const struct pa_partition *part, struct pa_error *err)
{
	int stays = strcmp(part->name, PA_PARTITION_OLD) == 0;
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_puts(&sql, "ALTER TABLE ");
	if (st == PA_OK)
		st = pa_sql_identifier(&sql, part->table);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, stays ? " TRUNCATE PARTITION " : " DROP PARTITION ");
	if (st == PA_OK)
		st = pa_sql_identifier(&sql, part->name);
	if (st == PA_OK)
		st = pa_db_exec(ddl, "remove a partition", pa_buf_slice(&sql), err);
	pa_buf_done(&sql);
	return st;
}

/* *same 0: batches came or went meanwhile, and nothing was done. */
static enum pa_status lock_and_drop(struct pruner *p, const struct plan *plan, int *same,
                                    struct pa_error *err)
{
	enum pa_status st = lock_table(p->ddl, plan->part->table, err);

	if (st != PA_OK)
		return st;
	st = unchanged(p, plan, same, err);
	if (st == PA_OK && *same)
		st = drop(p->ddl, plan->part, err);
	(void)!pa_db_execf(p->ddl, "unlock the table", NULL, "UNLOCK TABLES");
	return st;
}

/* The plan did not come to its end. An answer may be lost after the act, so look; where nothing
 * answers at all, the next prune does it, and what was exported stays. */
static void give_up(struct pruner *p, const struct plan *plan)
{
	struct unfinished u = {.id = plan->id};
	int gone = 0;

	snprintf(u.table, sizeof(u.table), "%s", plan->part->table);
	snprintf(u.partition, sizeof(u.partition), "%s", plan->part->name);
	if (settle_one(p->db, &u, &gone, NULL) == PA_OK && !gone && exports(p, plan))
		pa_export_withdraw(&p->export);
}

/* One try, from 2 to 5. *gone 0: again. */
static enum pa_status carry_out(struct pruner *p, struct plan *plan, int *gone,
                                struct pa_error *err)
{
	enum pa_status st = announce(p, plan, err);

	if (st == PA_OK && exports(p, plan))
		st = pa_export_publish(&p->export, plan->id, err);
	if (st == PA_OK)
		st = lock_and_drop(p, plan, gone, err);
	if (st == PA_OK && *gone)
		return enter_done(p->db, plan->id, err);
	give_up(p, plan);
	return st;
}

enum pa_status pruner_remove(struct pruner *p, const struct pa_partition *part, uint64_t *rows,
                             struct pa_error *err)
{
	int stays = strcmp(part->name, PA_PARTITION_OLD) == 0;
	struct plan plan = {.part = part};
	int gone = 0;
	enum pa_status st = PA_OK;

	*rows = 0;
	pa_partition_day(part->end, plan.until);
	for (int i = 0; st == PA_OK && !gone && i < ROUNDS; i++) {
		st = look(p, &plan, err);
		if (st == PA_OK && stays && plan.counts.total == 0)
			break;
		if (st == PA_OK)
			st = carry_out(p, &plan, &gone, err);
		if (st == PA_OK && gone)
			*rows = plan.counts.total;
		else if (st == PA_OK && i + 1 == ROUNDS)
			st = pa_fail(err, PA_EBUSY, 0, "packets of before %s are being loaded",
			             plan.until);
	}
	free(plan.counts.list);
	return st;
}

/* Rejects */

#define OLD_REJECTS                                                                                \
	"FROM rejects r JOIN batches b ON b.batch_no = r.batch_no "                                \
	"WHERE COALESCE(b.last_ts, b.loaded_at) < '%s'"

enum pa_status pruner_count_rejects(const struct pruner *p, const char *until, uint64_t *rows,
                                    struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(&sql, "SELECT COUNT(*) " OLD_REJECTS, until);
	if (st == PA_OK)
		st = numbers(p->db, "count the rejects", pa_buf_slice(&sql), rows, 1, err);
	pa_buf_done(&sql);
	return st;
}

/* The profiles that have old rejects. */
static enum pa_status list_profiles(struct pa_db *db, const char *until, struct pa_db_result **out,
                                    struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(&sql, "SELECT DISTINCT b.profile " OLD_REJECTS, until);
	if (st == PA_OK)
		st = pa_db_query(db, "look for old rejects", pa_buf_slice(&sql), 1, out, err);
	pa_buf_done(&sql);
	return st;
}

/* The captures and batches of one profile whose rejects go. */
static enum pa_status list_rejects(struct pa_db *db, const char *until, const char *profile,
                                   struct pa_db_result **out, struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(
	    &sql,
	    "SELECT DISTINCT r.capture_id, r.batch_no " OLD_REJECTS " AND b.profile = ", until);
	if (st == PA_OK)
		st = pa_sql_text(&sql, profile);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " ORDER BY r.capture_id, r.batch_no");
	if (st == PA_OK)
		st = pa_db_query(db, "look for old rejects", pa_buf_slice(&sql), 1, out, err);
	pa_buf_done(&sql);
	return st;
}

/* Be the only one who changes these captures; *batches is their list for IN (...). */
static enum pa_status lock_captures(struct pa_db *db, struct pa_db_result *list,
                                    struct pa_buf *batches, struct pa_error *err)
{
	const struct pa_slice *c;
	uint64_t last = 0;
	enum pa_status st = PA_OK;

	pa_db_rewind(list);
	while (st == PA_OK && pa_db_next(list, &c, NULL) == PA_OK) {
		uint64_t capture = pa_db_u64(c[0]);

		if (capture != last)
			st = pa_ledger_lock(db, (uint32_t)capture, err);
		last = capture;
		if (st == PA_OK && pa_buf_printf(batches, "%s%llu", batches->len > 0 ? "," : "",
		                                 (unsigned long long)pa_db_u64(c[1])) != PA_OK)
			st = no_memory(err);
	}
	return st;
}

static enum pa_status delete_rejects(struct pa_db *db, struct pa_db_result *list,
                                     struct counts *counts, struct pa_error *err)
{
	const struct pa_slice *c;
	enum pa_status st = PA_OK;

	pa_db_rewind(list);
	while (st == PA_OK && pa_db_next(list, &c, NULL) == PA_OK) {
		uint32_t capture = (uint32_t)pa_db_u64(c[0]);

		st = pa_db_execf(db, "remove old rejects", err,
		                 "DELETE FROM rejects WHERE batch_no = %llu",
		                 (unsigned long long)pa_db_u64(c[1]));
		if (st == PA_OK && counts->n > 0 &&
		    counts->list[counts->n - 1].capture_id == capture) {
			counts->list[counts->n - 1].rows += pa_db_affected(db);
			counts->total += pa_db_affected(db);
		} else if (st == PA_OK) {
			st = add_count(counts, capture, pa_db_affected(db), err);
		}
	}
	return st;
}

static enum pa_status export_rejects(struct pruner *p, const struct pa_buf *batches,
                                     const char *until, uint64_t *rows, struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(&sql, "SELECT * FROM rejects WHERE batch_no IN (%.*s)",
	                   (int)batches->len, (const char *)batches->ptr);
	st = st == PA_OK ? pa_export_rows(&p->export, p->db, "rejects", until, pa_buf_slice(&sql),
	                                  rows, err)
	                 : no_memory(err);
	pa_buf_done(&sql);
	return st;
}

/* All in one transaction: unlike a DROP, this can be taken back until the end. */
static enum pa_status remove_listed(struct pruner *p, struct pa_db_result *list, const char *until,
                                    const char *profile, struct counts *counts,
                                    struct pa_error *err)
{
	char file[4096 + PA_EXPORT_NAME_MAX];
	struct pa_buf batches;
	uint64_t exported = 0;
	uint64_t id = 0;
	enum pa_status st =
	    pa_db_exec(p->db, "choose the isolation level",
	               pa_slice_of("SET TRANSACTION ISOLATION LEVEL READ COMMITTED"), err);

	pa_buf_init(&batches, STATEMENT_MAX);
	if (st == PA_OK)
		st = pa_db_begin(p->db, err);
	if (st == PA_OK)
		st = lock_captures(p->db, list, &batches, err);
	if (st == PA_OK && p->export.path)
		st = export_rejects(p, &batches, until, &exported, err);
	pa_buf_done(&batches);
	if (st == PA_OK)
		st = delete_rejects(p->db, list, counts, err);
	if (st == PA_OK && p->export.path && exported != counts->total)
		st = pa_fail(err, PA_ELOSS, 0, "%llu rejects came when %llu were exported",
		             (unsigned long long)exported, (unsigned long long)counts->total);
	if (st == PA_OK && p->export.path)
		snprintf(file, sizeof(file), "%s/%s.tsv", p->export.path, p->export.name);
	if (st == PA_OK)
		st = enter(p->db, "rejects", profile, until, "done", p->export.path ? file : NULL,
		           counts, &id, err);
	if (st == PA_OK)
		st = enter_done(p->db, id, err);
	if (st == PA_OK && p->export.path)
		st = pa_export_publish(&p->export, id, err);
	/* From here on the outcome may be unknown, and what was exported stays. */
	if (st == PA_OK)
		return pa_db_commit(p->db, err);
	if (p->export.path)
		pa_export_withdraw(&p->export);
	pa_db_rollback(p->db);
	return st;
}

enum pa_status pruner_remove_rejects(struct pruner *p, const char *until, uint64_t *rows,
                                     struct pa_error *err)
{
	struct pa_db_result *profiles = NULL;
	const struct pa_slice *c;
	enum pa_status st = list_profiles(p->db, until, &profiles, err);

	*rows = 0;
	while (st == PA_OK && pa_db_next(profiles, &c, NULL) == PA_OK) {
		struct pa_db_result *list = NULL;
		struct counts counts = {0};
		char profile[PA_NAME_MAX];

		pa_db_text(c[0], profile, sizeof(profile));
		st = list_rejects(p->db, until, profile, &list, err);
		if (st == PA_OK)
			st = remove_listed(p, list, until, profile, &counts, err);
		if (st == PA_OK)
			*rows += counts.total;
		pa_db_result_free(list);
		free(counts.list);
	}
	pa_db_result_free(profiles);
	return st;
}
