#include "pcapanalyzer/redissect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/batch.h"
#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/ledger.h"

#define STATEMENT_MAX (1024u * 1024)
#define PREFIX_CHARS  16 /* of a batch's id: what all batches of one reading share */

size_t pa_redissect_span(const char (*ids)[PA_BATCH_ID_MAX], size_t n_ids)
{
	size_t n = 0;

	while (n < n_ids && strncmp(ids[n], ids[0], PREFIX_CHARS) == 0)
		n++;
	return n;
}

static enum pa_status ends_capture(const struct pa_queue *s, const char *id, int *yes,
                                   struct pa_error *err)
{
	struct pa_batch *b = NULL;
	enum pa_status st = pa_batch_open(s, id, &b, err);

	if (st == PA_OK)
		*yes = b->m.end != PA_CAPTURE_OPEN;
	pa_batch_free(b);
	return st;
}

enum pa_status pa_redissect_whole(const struct pa_queue *s, const char (*ids)[PA_BATCH_ID_MAX],
                                  size_t n, int *whole, size_t *bad, struct pa_error *err)
{
	uint64_t next_row = 1;
	int complete = 0;
	/* The last one first: while tshark is still at work this is the only look. */
	enum pa_status st = ends_capture(s, ids[n - 1], &complete, err);

	*bad = n - 1;
	for (size_t i = 0; st == PA_OK && complete && i < n; i++) {
		struct pa_batch *b = NULL;

		*bad = i;
		st = pa_batch_open(s, ids[i], &b, err);
		if (st == PA_OK) {
			complete = b->m.first_row == next_row;
			next_row = b->m.last_row + 1;
		}
		pa_batch_free(b);
	}
	if (st == PA_OK)
		*whole = complete;
	return st;
}

enum pa_status pa_redissect_stored(struct pa_db *db, const char *id, int *yes, struct pa_error *err)
{
	struct pa_db_result *rows = NULL;
	const struct pa_slice *c;
	char sql[120];
	enum pa_status st;

	snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM batches WHERE batch_id = '%.*s'",
	         PA_BATCH_ID_MAX, id);
	st = pa_db_query(db, "look up the batch", pa_slice_of(sql), 1, &rows, err);
	if (st == PA_OK)
		st = pa_db_next(rows, &c, err);
	if (st == PA_OK)
		*yes = pa_db_u64(c[0]) > 0;
	pa_db_result_free(rows);
	return st;
}

/* What the ledger has of the capture, by one profile. */
struct old {
	char profile[PA_NAME_MAX];
	char tables[PA_MANIFEST_TABLES_MAX][PA_NAME_MAX];
	unsigned n_tables;
	int replaced;
};

struct work {
	struct pa_db *db;
	const struct pa_queue *spool;
	const char (*ids)[PA_BATCH_ID_MAX];
	size_t n;
	const volatile sig_atomic_t *stop;
	struct pa_redissect_report *report;
	uint32_t capture_id;
	uint32_t *passports; /* of each batch */
	struct old *old;
	size_t n_old;
	char first_ts[PA_TS_TEXT],
	    last_ts[PA_TS_TEXT]; /* of all that is replaced; "" for nothing */
	struct pa_error *err;
};

static enum pa_status no_memory(const struct work *w)
{
	return pa_fail(w->err, PA_ENOMEM, 0, "no memory to replace a capture");
}

/* The report's line for TABLE; NULL without memory. */
static struct pa_compare *find_table(const struct work *w, const char *table)
{
	struct pa_redissect_report *r = w->report;
	struct pa_compare *grown;

	for (unsigned i = 0; i < r->n_tables; i++)
		if (strcmp(r->tables[i].table, table) == 0)
			return &r->tables[i];
	grown = realloc(r->tables, (r->n_tables + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	r->tables = grown;
	grown += r->n_tables++;
	*grown = (struct pa_compare){0};
	snprintf(grown->table, sizeof(grown->table), "%s", table);
	return grown;
}

/* Look at every batch before anything is begun: capture, passports, tables. */
static enum pa_status survey(struct work *w)
{
	struct pa_manifest *first = NULL;
	struct pa_batch *head = NULL;
	enum pa_status st = pa_batch_open(w->spool, w->ids[0], &head, w->err);

	if (st != PA_OK)
		return st;
	first = &head->m;
	st = pa_ledger_capture(w->db, first, &w->capture_id, w->err);
	w->report->capture_id = w->capture_id;
	w->report->capture_name = strdup(first->capture_name ? first->capture_name : "");
	if (st == PA_OK && !w->report->capture_name)
		st = no_memory(w);
	for (size_t i = 0; st == PA_OK && i < w->n; i++) {
		struct pa_batch *b = NULL;

		st = pa_batch_open(w->spool, w->ids[i], &b, w->err);
		if (st == PA_OK &&
		    (!b->m.replaces || strcmp(b->m.profile, first->profile) != 0 ||
		     strcmp(b->m.sensor, first->sensor) != 0 ||
		     memcmp(b->m.capture_sha256, first->capture_sha256, PA_SHA256_BYTES) != 0))
			st = pa_fail(w->err, PA_EFORMAT, 0, "batch %s is of another capture",
			             w->ids[i]);
		if (st == PA_OK)
			st = pa_ledger_passport(w->db, &b->m, pa_buf_slice(&b->profile),
			                        &w->passports[i], w->err);
		for (unsigned t = 0; st == PA_OK && t < b->m.n_tables; t++) {
			struct pa_compare *c = find_table(w, b->m.tables[t].name);

			st = c ? PA_OK : no_memory(w);
			if (c)
				c->after += b->m.tables[t].rows;
		}
		if (st == PA_OK)
			pa_load_count(&b->m, &w->report->loaded);
		pa_batch_free(b);
	}
	pa_batch_free(head);
	return st;
}

static enum pa_status add_old(struct work *w, struct pa_slice profile, struct pa_slice table_rows)
{
	char name[PA_NAME_MAX];
	struct pa_ledger_rows one;
	struct old *o = w->n_old ? &w->old[w->n_old - 1] : NULL;

	pa_db_text(profile, name, sizeof(name));
	if (!o || strcmp(o->profile, name) != 0) {
		o = realloc(w->old, (w->n_old + 1) * sizeof(*o));
		if (!o)
			return no_memory(w);
		w->old = o;
		o += w->n_old++;
		memset(o, 0, sizeof(*o));
		memcpy(o->profile, name, sizeof(name));
	}
	while (pa_ledger_next_table(&table_rows, &one)) {
		unsigned t = 0;

		while (t < o->n_tables && strcmp(o->tables[t], one.table) != 0)
			t++;
		if (t == PA_MANIFEST_TABLES_MAX)
			return pa_fail(w->err, PA_ELIMIT, 0, "profile %s has more than %d tables",
			               name, PA_MANIFEST_TABLES_MAX);
		if (t == o->n_tables)
			memcpy(o->tables[o->n_tables++], one.table, sizeof(one.table));
	}
	return PA_OK;
}

static enum pa_status read_old(struct work *w)
{
	struct pa_db_result *rows = NULL;
	const struct pa_slice *c;
	char sql[160];
	enum pa_status st;

	snprintf(sql, sizeof(sql),
	         "SELECT profile, table_rows FROM batches WHERE capture_id = %u ORDER BY profile",
	         (unsigned)w->capture_id);
	st = pa_db_query(w->db, "read the ledger", pa_slice_of(sql), 1, &rows, w->err);
	while (st == PA_OK && (st = pa_db_next(rows, &c, w->err)) == PA_OK)
		st = add_old(w, c[0], c[1]);
	pa_db_result_free(rows);
	return st == PA_END ? PA_OK : st;
}

/* One of its tables is among the report's, where rows of two profiles could not be told apart.
 * The rejects go by their batch. */
static int shares_a_table(const struct work *w, const struct old *o)
{
	for (unsigned i = 0; i < o->n_tables; i++)
		for (unsigned t = 0; t < w->report->n_tables; t++)
			if (strcmp(o->tables[i], w->report->tables[t].table) == 0 &&
			    strcmp(o->tables[i], "rejects") != 0)
				return 1;
	return 0;
}

/* Which profiles' rows have to go; each adds its own tables, which may draw in another one. */
static enum pa_status choose_old(struct work *w, const char *profile)
{
	int more = 1;

	while (more) {
		more = 0;
		for (size_t i = 0; i < w->n_old; i++) {
			struct old *o = &w->old[i];

			if (o->replaced ||
			    (strcmp(o->profile, profile) != 0 && !shares_a_table(w, o)))
				continue;
			o->replaced = more = 1;
			for (unsigned t = 0; t < o->n_tables; t++)
				if (!find_table(w, o->tables[t]))
					return no_memory(w);
		}
	}
	return PA_OK;
}

/* The profiles to go as SQL literals and, for the report, as they are. */
static enum pa_status list_old(struct work *w, struct pa_buf *sql)
{
	struct pa_buf names;
	enum pa_status st = PA_OK;

	pa_buf_init(&names, STATEMENT_MAX);
	for (size_t i = 0; st == PA_OK && i < w->n_old; i++) {
		if (!w->old[i].replaced)
			continue;
		st = pa_buf_puts(sql, sql->len > 0 ? "," : "");
		if (st == PA_OK)
			st = pa_sql_text(sql, w->old[i].profile);
		if (st == PA_OK)
			st = pa_buf_printf(&names, "%s%s", names.len > 0 ? "," : "",
			                   w->old[i].profile);
	}
	if (st == PA_OK)
		st = pa_buf_putc(&names, '\0');
	if (st == PA_OK)
		w->report->profiles = (char *)names.ptr; /* now the report's */
	else
		pa_buf_done(&names);
	return st == PA_OK ? PA_OK : no_memory(w);
}

static enum pa_status read_times(struct work *w, const char *profiles)
{
	struct pa_db_result *rows = NULL;
	const struct pa_slice *c;
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(&sql,
	                   "SELECT MIN(first_ts), MAX(last_ts) FROM batches WHERE capture_id = %u "
	                   "AND profile IN (%s)",
	                   (unsigned)w->capture_id, profiles);
	if (st == PA_OK)
		st = pa_db_query(w->db, "read the ledger", pa_buf_slice(&sql), 1, &rows, w->err);
	if (st == PA_OK)
		st = pa_db_next(rows, &c, w->err);
	if (st == PA_OK && c[0].len == PA_TS_TEXT - 1 && c[1].len == PA_TS_TEXT - 1) {
		memcpy(w->first_ts, c[0].ptr, PA_TS_TEXT - 1);
		memcpy(w->last_ts, c[1].ptr, PA_TS_TEXT - 1);
	}
	pa_db_result_free(rows);
	pa_buf_done(&sql);
	return st;
}

static enum pa_status remove_rows(struct work *w)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && w->first_ts[0] && i < w->report->n_tables; i++) {
		struct pa_compare *c = &w->report->tables[i];

		if (strcmp(c->table, "rejects") == 0)
			continue;
		st = pa_compare_copy(w->db, c, i + 1, w->capture_id, w->first_ts, w->last_ts,
		                     w->err);
		if (st == PA_OK && c->number)
			st =
			    pa_db_execf(w->db, "remove the rows that are to be replaced", w->err,
			                "DELETE FROM `%s` WHERE `ts` BETWEEN '%s' AND '%s' AND "
			                "`capture_id` = %u",
			                c->table, w->first_ts, w->last_ts, (unsigned)w->capture_id);
	}
	return st;
}

/* What prune took of the rows comes again with the batches, too. Rejects that it took are by
 * profile: several have theirs in the one table. */
static enum pa_status forget_pruned(struct work *w, const char *profiles)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(&sql,
	                   "DELETE FROM pruned WHERE capture_id = %u AND prune_id IN (SELECT "
	                   "prune_id FROM prunes WHERE (table_name = 'rejects' AND partition_name "
	                   "IN (%s))",
	                   (unsigned)w->capture_id, profiles);
	for (unsigned i = 0; st == PA_OK && i < w->report->n_tables; i++) {
		if (strcmp(w->report->tables[i].table, "rejects") == 0)
			continue;
		st = pa_buf_puts(&sql, " OR table_name = ");
		if (st == PA_OK)
			st = pa_sql_text(&sql, w->report->tables[i].table);
	}
	if (st == PA_OK)
		st = pa_buf_putc(&sql, ')');
	st = st == PA_OK ? pa_db_exec(w->db, "forget what was pruned", pa_buf_slice(&sql), w->err)
	                 : no_memory(w);
	pa_buf_done(&sql);
	return st;
}

static enum pa_status remove_from_ledger(struct work *w, const char *profiles)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(&sql,
	                   "DELETE FROM rejects WHERE capture_id = %u AND batch_no IN (SELECT "
	                   "batch_no FROM batches WHERE capture_id = %u AND profile IN (%s))",
	                   (unsigned)w->capture_id, (unsigned)w->capture_id, profiles);
	if (st == PA_OK)
		st = pa_db_exec(w->db, "remove the rejects that are to be replaced",
		                pa_buf_slice(&sql), w->err);
	if (st == PA_OK) {
		struct pa_compare *c = NULL;

		for (unsigned i = 0; i < w->report->n_tables; i++)
			if (strcmp(w->report->tables[i].table, "rejects") == 0)
				c = &w->report->tables[i];
		if (c)
			c->before = pa_db_affected(w->db);
		pa_buf_reset(&sql);
		st = pa_buf_printf(&sql,
		                   "DELETE FROM batches WHERE capture_id = %u AND profile IN (%s)",
		                   (unsigned)w->capture_id, profiles);
	}
	if (st == PA_OK)
		st = pa_db_exec(w->db, "remove the batches that are to be replaced",
		                pa_buf_slice(&sql), w->err);
	pa_buf_done(&sql);
	return st == PA_OK ? PA_OK : pa_fail(w->err, st, 0, "too many profiles of one capture");
}

static enum pa_status remove_old(struct work *w)
{
	struct pa_batch *head = NULL;
	struct pa_buf profiles;
	enum pa_status st = read_old(w);

	pa_buf_init(&profiles, STATEMENT_MAX);
	if (st == PA_OK)
		st = pa_batch_open(w->spool, w->ids[0], &head, w->err);
	if (st == PA_OK)
		st = choose_old(w, head->m.profile);
	pa_batch_free(head);
	if (st == PA_OK)
		st = list_old(w, &profiles);
	if (st == PA_OK && profiles.len > 0) {
		st = pa_buf_putc(&profiles, '\0') == PA_OK ? PA_OK : no_memory(w);
		if (st == PA_OK)
			st = read_times(w, (const char *)profiles.ptr);
		if (st == PA_OK)
			st = remove_rows(w);
		if (st == PA_OK)
			st = remove_from_ledger(w, (const char *)profiles.ptr);
		if (st == PA_OK)
			st = forget_pruned(w, (const char *)profiles.ptr);
	}
	pa_buf_done(&profiles);
	return st;
}

static enum pa_status load_new(struct work *w)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < w->n; i++) {
		struct pa_batch *b = NULL;
		uint64_t batch_no = 0;

		st = pa_batch_open(w->spool, w->ids[i], &b, w->err);
		if (st == PA_OK)
			st = pa_ledger_claim(w->db, &b->m, w->capture_id, w->passports[i],
			                     &batch_no, w->err);
		if (st == PA_EDUP)
			st = pa_fail(w->err, PA_EDATA, PA_DB_DUPLICATE,
			             "batch %s is stored already, and others of its capture are "
			             "not",
			             w->ids[i]);
		if (st == PA_OK)
			st = pa_load_files(w->db, b, w->stop, w->capture_id, batch_no, w->err);
		if (st == PA_OK)
			st = pa_ledger_close(w->db, &b->m, w->capture_id, w->err);
		pa_batch_free(b);
	}
	if (st == PA_OK)
		st = pa_db_execf(w->db, "note whether the capture is truncated", w->err,
		                 "UPDATE captures SET truncated = COALESCE((SELECT MAX(truncated) "
		                 "FROM batches WHERE capture_id = %u), 0) WHERE capture_id = %u",
		                 (unsigned)w->capture_id, (unsigned)w->capture_id);
	if (st == PA_OK && w->stop && *w->stop)
		st = pa_fail(w->err, PA_ABORTED, 0,
		             "interrupted; the capture is as it was, and its batches stay in the "
		             "spool");
	return st;
}

static enum pa_status replace(struct work *w)
{
	int stored = 0;
	/* Of the rows that are not the capture's none is locked, and no gap between them: other
	 * captures of the same time are loaded meanwhile. */
	enum pa_status st =
	    pa_db_exec(w->db, "choose the isolation level",
	               pa_slice_of("SET TRANSACTION ISOLATION LEVEL READ COMMITTED"), w->err);

	if (st == PA_OK)
		st = pa_db_begin(w->db, w->err);
	if (st != PA_OK)
		return st;
	st = pa_ledger_lock(w->db, w->capture_id, w->err);
	if (st == PA_OK)
		st = pa_redissect_stored(w->db, w->ids[0], &stored, w->err);
	if (st == PA_OK && stored)
		st = PA_EDUP;
	if (st == PA_OK)
		st = remove_old(w);
	if (st == PA_OK)
		st = load_new(w);
	if (st == PA_OK)
		return pa_db_commit(w->db, w->err);
	if (st == PA_EDUP)
		pa_db_rollback(w->db);
	return st;
}

enum pa_status pa_redissect_load(struct pa_db *db, const struct pa_queue *s,
                                 const char (*ids)[PA_BATCH_ID_MAX], size_t n,
                                 const volatile sig_atomic_t *stop, struct pa_redissect_report *out,
                                 struct pa_error *err)
{
	struct pa_redissect_report report = {0};
	struct work w = {
	    .db = db, .spool = s, .ids = ids, .n = n, .stop = stop, .report = &report, .err = err};
	enum pa_status st;

	w.passports = calloc(n, sizeof(*w.passports));
	st = w.passports ? survey(&w) : no_memory(&w);
	if (st == PA_OK)
		st = replace(&w);
	/* The copies outlive the transaction, so that nobody waits for the comparison. */
	for (unsigned i = 0; st == PA_OK && i < report.n_tables && !report.incomparable.code; i++)
		(void)!pa_compare_rows(db, &report.tables[i], &report.incomparable);
	for (unsigned i = 0; (st == PA_OK || st == PA_EDUP) && i < report.n_tables; i++)
		pa_compare_drop(db, &report.tables[i]);
	free(w.passports);
	free(w.old);
	if (st == PA_OK || st == PA_EDUP)
		*out = report;
	else
		pa_redissect_done(&report);
	return st;
}

void pa_redissect_done(struct pa_redissect_report *r)
{
	for (unsigned i = 0; i < r->n_tables; i++)
		free(r->tables[i].columns);
	free(r->tables);
	free(r->capture_name);
	free(r->profiles);
	*r = (struct pa_redissect_report){0};
}
