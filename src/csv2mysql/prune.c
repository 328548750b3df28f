/* prune: old days out of the tables, by age, by size, or by what is free on the disk. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>

#include "commands.h"
#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/log.h"
#include "pcapanalyzer/retention.h"
#include "pruner.h"

#define ANSWER_MAX    (64u * 1024 * 1024)
#define STATEMENT_MAX 65536
#define PATH_BYTES    4096

/* All partitions of the tables that are looked after, and what becomes of them. */
struct work {
	struct pruner p;
	struct pa_retention limits;
	struct pa_partition *parts;
	enum pa_retention_reason *reasons;
	uint64_t *rows; /* of those that went, or would go */
	size_t n;
	uint64_t rejects;
	char until[PA_DAY_TEXT]; /* the newest day that went ended here; "" for none */
	uint64_t missing;        /* bytes that are still too much */
	int busy;                /* a table was in use */
};

static enum pa_status no_memory(struct pa_error *err)
{
	return pa_fail(err, PA_ENOMEM, 0, "no memory to prune");
}

static enum pa_status read_limits(const struct options *o, struct pa_retention *limits,
                                  struct pa_error *err)
{
	enum pa_status st = PA_OK;

	if (!o->keep && !o->max_size && !o->min_free)
		return pa_fail(err, PA_EUSAGE, 0,
		               "prune needs --keep, --max-size or --min-free, or several of them");
	if (o->keep)
		st = pa_retention_days("keep", o->keep, &limits->keep_days, err);
	if (st == PA_OK && o->max_size)
		st = pa_retention_size("max-size", o->max_size, &limits->max_bytes, err);
	if (st == PA_OK && o->min_free)
		st = pa_retention_size("min-free", o->min_free, &limits->min_free, err);
	return st;
}

/* Where the server has its data, if that is on this machine. */
static enum pa_status find_datadir(struct pa_db *db, char out[PATH_BYTES], struct pa_error *err)
{
	static const char refusal[] =
	    "the server's data is not on this machine, so that --min-free cannot look at its disk; "
	    "run it there, or say a folder of that disk with --datadir";
	struct pa_db_result *rows = NULL;
	const struct pa_slice *c;
	struct utsname here;
	enum pa_status st = pa_db_query(db, "ask where the data is",
	                                pa_slice_of("SELECT @@hostname, @@datadir"), 1, &rows, err);

	if (st == PA_OK)
		st = pa_db_next(rows, &c, err);
	if (st == PA_OK && (uname(&here) != 0 || !pa_slice_is(c[0], here.nodename)))
		st = pa_fail(err, PA_EUSAGE, 0, "%s", refusal);
	else if (st == PA_OK)
		pa_db_text(c[1], out, PATH_BYTES);
	pa_db_result_free(rows);
	return st;
}

static enum pa_status look_at_disk(const struct run *r, struct work *w, struct pa_error *err)
{
	char found[PATH_BYTES] = "";
	const char *dir = r->o.datadir;
	struct statvfs fs;
	enum pa_status st = PA_OK;

	if (!dir)
		st = find_datadir(w->p.db, found, err);
	if (st != PA_OK)
		return st;
	if (!dir)
		dir = found;
	if (statvfs(dir, &fs) != 0)
		return pa_fail(err, PA_EUSAGE, errno,
		               "--min-free cannot look at the disk of %s: %s; say another folder "
		               "of that disk with --datadir",
		               dir, strerror(errno));
	w->limits.free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	return PA_OK;
}

/* Has a batch of any profile put rows into this table? */
static enum pa_status in_ledger(struct pa_db *db, const char *table, int *yes, struct pa_error *err)
{
	struct pa_db_result *rows = NULL;
	const struct pa_slice *c;
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_puts(&sql, "SELECT 1 FROM batches WHERE INSTR(table_rows, CONCAT('\"', ");
	if (st == PA_OK)
		st = pa_sql_text(&sql, table);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, ", '\":')) > 0 LIMIT 1");
	if (st == PA_OK)
		st = pa_db_query(db, "look for other tables", pa_buf_slice(&sql), 1, &rows, err);
	if (st == PA_OK) {
		st = pa_db_next(rows, &c, err);
		*yes = st == PA_OK;
	}
	pa_db_result_free(rows);
	pa_buf_done(&sql);
	return st == PA_END ? PA_OK : st;
}

static enum pa_status is_ours(const struct run *r, struct pa_db *db, const char *table, int *yes,
                              struct pa_error *err)
{
	for (unsigned i = 0; i < r->profile->n_tables; i++) {
		if (strcmp(r->profile->tables[i].name, table) == 0) {
			*yes = 1;
			return PA_OK;
		}
	}
	return in_ledger(db, table, yes, err);
}

/* Keep the partitions of the profile's tables, and of every other table that the ledger knows. */
static enum pa_status choose_tables(const struct run *r, struct work *w, struct pa_error *err)
{
	struct pa_partition *parts = w->parts;
	size_t kept = 0;
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < w->n; i++) {
		int yes = 0;
		size_t k = 0;

		while (k < kept && strcmp(parts[k].table, parts[i].table) != 0)
			k++;
		if (k < kept)
			yes = 1;
		else
			st = is_ours(r, w->p.db, parts[i].table, &yes, err);
		if (yes)
			parts[kept++] = parts[i];
	}
	w->n = kept;
	return st;
}

/* So that p_max stays empty: what is in it is never removed. */
static void make_partitions_ahead(struct work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct pa_error cause = {0};

		if (w->parts[i].end == PA_PARTITION_OPEN &&
		    pa_partition_ensure(w->p.ddl, w->parts[i].table, time(NULL), &cause) != PA_OK)
			pa_log_warning("%s: its daily partitions could not be made: %s",
			               w->parts[i].table, cause.msg);
	}
}

static enum pa_status list(const struct run *r, struct work *w, struct pa_error *err)
{
	enum pa_status st;

	free(w->parts);
	w->parts = NULL;
	st = pa_partition_list(w->p.db, &w->parts, &w->n, err);
	return st == PA_OK ? choose_tables(r, w, err) : st;
}

static enum pa_status choose(const struct run *r, struct work *w, struct pa_error *err)
{
	enum pa_status st = list(r, w, err);

	if (st == PA_OK && w->p.ddl) {
		make_partitions_ahead(w);
		st = list(r, w, err);
	}
	if (st == PA_OK && r->o.min_free)
		st = look_at_disk(r, w, err);
	if (st != PA_OK)
		return st;
	w->reasons = calloc(w->n + 1, sizeof(*w->reasons));
	w->rows = calloc(w->n + 1, sizeof(*w->rows));
	if (!w->reasons || !w->rows)
		return no_memory(err);
	w->missing = pa_retention_choose(w->parts, w->n, &w->limits, time(NULL), w->reasons);
	return PA_OK;
}

/* From I on nothing goes any more, of this table or of all (NULL). */
static void stop_at(struct work *w, size_t i, const char *table)
{
	for (; i < w->n; i++)
		if (!table || strcmp(w->parts[i].table, table) == 0)
			w->reasons[i] = PA_RETENTION_STAYS;
}

/* A table that is in use is left for the next time, and so are its other days. */
static void leave(struct work *w, size_t i, const struct pa_error *cause)
{
	pa_log_note("%s is left for the next time: %s", w->parts[i].table,
	            cause->sys == PA_DB_LOCK_WAIT ? "it is in use" : cause->msg);
	w->busy = 1;
	stop_at(w, i, w->parts[i].table);
}

/* The others may still be pruned: the server is there. */
static int only_in_use(enum pa_status st, const struct pa_error *cause)
{
	return st == PA_EBUSY && (cause->sys == 0 || cause->sys == PA_DB_LOCK_WAIT ||
	                          cause->sys == PA_DB_TABLE_CHANGED);
}

static enum pa_status carry_out(struct work *w, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < w->n; i++) {
		const struct pa_partition *part = &w->parts[i];
		struct pa_error cause = {0};

		if (w->reasons[i] == PA_RETENTION_STAYS)
			continue;
		st = w->p.ddl ? pruner_remove(&w->p, part, &w->rows[i], &cause)
		              : pruner_count(&w->p, part, &w->rows[i], &cause);
		if (only_in_use(st, &cause)) {
			leave(w, i, &cause);
			st = PA_OK;
		} else if (st != PA_OK) {
			pa_fail(err, st, cause.sys, "%s", cause.msg);
			stop_at(w, i, NULL);
		} else if (strcmp(part->name, PA_PARTITION_OLD) == 0 && w->rows[i] == 0) {
			w->reasons[i] = PA_RETENTION_STAYS;
		} else {
			pa_partition_day(part->end, w->until);
		}
	}
	if (st == PA_OK && w->until[0])
		st = w->p.ddl ? pruner_remove_rejects(&w->p, w->until, &w->rejects, err)
		              : pruner_count_rejects(&w->p, w->until, &w->rejects, err);
	return st;
}

/* The answer */

static const struct pa_db_column columns[] = {
    {"table", PA_DB_TEXT},  {"partition", PA_DB_TEXT}, {"until", PA_DB_TEXT},
    {"rows", PA_DB_NUMBER}, {"bytes", PA_DB_NUMBER},   {"reason", PA_DB_TEXT},
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* Measure the rows, or print them. */
static enum pa_status each_row(const struct work *w, struct pa_printer *p, struct pa_buf *out)
{
	static const char *const reasons[] = {"", "keep", "max-size", "min-free"};
	char until[PA_DAY_TEXT];
	char rows[24];
	char bytes[24];
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i <= w->n; i++) {
		struct pa_slice cells[N_COLUMNS] = {{NULL, 0}};

		if (i < w->n && w->reasons[i] != PA_RETENTION_STAYS) {
			pa_partition_day(w->parts[i].end, until);
			snprintf(rows, sizeof(rows), "%llu", (unsigned long long)w->rows[i]);
			snprintf(bytes, sizeof(bytes), "%llu",
			         (unsigned long long)w->parts[i].bytes);
			cells[0] = pa_slice_of(w->parts[i].table);
			cells[1] = pa_slice_of(w->parts[i].name);
			cells[2] = pa_slice_of(until);
			cells[4] = pa_slice_of(bytes);
			cells[5] = pa_slice_of(reasons[w->reasons[i]]);
		} else if (i == w->n && w->rejects > 0) {
			snprintf(rows, sizeof(rows), "%llu", (unsigned long long)w->rejects);
			cells[0] = pa_slice_of("rejects");
			cells[2] = pa_slice_of(w->until);
			cells[5] = pa_slice_of("with their day");
		} else {
			continue;
		}
		cells[3] = pa_slice_of(rows);
		if (out)
			st = pa_print_row(p, cells, out);
		else
			pa_print_measure(p, cells);
	}
	return st;
}

static enum pa_status answer(const struct run *r, const struct work *w, struct pa_error *err)
{
	struct pa_printer p;
	struct pa_buf out;
	enum pa_status st = pa_print_init(&p, answer_format(&r->o), columns, N_COLUMNS);

	if (st != PA_OK)
		return no_memory(err);
	pa_buf_init(&out, ANSWER_MAX);
	st = each_row(w, &p, NULL);
	if (st == PA_OK)
		st = pa_print_head(&p, &out);
	if (st == PA_OK)
		st = each_row(w, &p, &out);
	if (st == PA_OK)
		st = pa_print_tail(&p, &out);
	st = st == PA_OK ? flush_answer(&out, err) : no_memory(err);
	pa_buf_done(&out);
	pa_print_done(&p);
	return st;
}

enum pa_status command_prune(struct run *r, struct pa_error *err)
{
	struct work w = {0};
	enum pa_status st = read_limits(&r->o, &w.limits, err);

	if (st == PA_OK)
		st = pruner_open(&r->connection, !r->o.dry_run,
		                 r->o.dry_run ? NULL : r->o.export_dir, &w.p, err);
	if (st == PA_EDUP) {
		pa_log_note("another prune works on this database");
		pruner_close(&w.p);
		return PA_OK;
	}
	if (st == PA_OK && w.p.ddl)
		st = pruner_settle(&w.p, err);
	if (st == PA_OK)
		st = choose(r, &w, err);
	if (st == PA_OK) {
		enum pa_status done = carry_out(&w, err);

		/* What went before a failure went, too. */
		st = answer(r, &w, done == PA_OK ? err : NULL);
		if (done != PA_OK)
			st = done;
	}
	if (st == PA_OK && w.busy)
		st = pa_fail(err, PA_EBUSY, 0, "not all that is old could be removed; try again");
	if (st == PA_OK && w.missing > 0) {
		pa_log_warning(
		    "that is not enough: with all but the newest day gone there are still "
		    "%llu bytes too much",
		    (unsigned long long)w.missing);
		st = PA_EDATA;
	}
	pruner_close(&w.p);
	free(w.parts);
	free(w.reasons);
	free(w.rows);
	return st;
}
