/* captures and verify: what the ledger says, and whether it is true. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "grid.h"
#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/ledger.h"
#include "pcapanalyzer/log.h"

#define WHY_MAX 400

#define PRUNES_VERSION 3  /* the first ledger that knows of prunes */
#define PROOF_TRIES    20 /* while old rows are being removed */

const char *state_name(enum pa_ledger_state state)
{
	switch (state) {
	case PA_LEDGER_PARTIAL:
		return "partial";
	case PA_LEDGER_TRUNCATED:
		return "truncated";
	case PA_LEDGER_PRUNED:
		return "pruned";
	case PA_LEDGER_COMPLETE:
		break;
	}
	return "complete";
}

enum pa_status connect_reader(const struct run *r, struct pa_db **db, uint64_t *version,
                              struct pa_error *err)
{
	enum pa_status st = pa_db_connect(&r->connection, PA_DB_READ_ONLY, db, err);

	*version = 0;
	if (st == PA_OK)
		st = pa_ledger_version(*db, version, err);
	/* An older ledger has all that is read here. */
	return st == PA_OK && (*version == 0 || *version > PA_LEDGER_VERSION)
	           ? pa_ledger_check(*db, err)
	           : st;
}

/* captures */

static enum pa_status captures_row(void *ctx, const struct pa_ledger_entry *e, struct pa_error *err)
{
	struct grid *g = ctx;
	enum pa_status st = put_text(g, e->sha256);

	if (st == PA_OK)
		st = put_text(g, state_name(e->state));
	if (st == PA_OK)
		st = put_number(g, e->stored);
	if (st == PA_OK)
		st = put_number(g, e->rejected);
	if (st == PA_OK)
		st = put_slice(g, e->name);
	if (st == PA_OK)
		st = put_text(g, e->profile_sha256);
	if (st == PA_OK)
		st = put_text(g, e->tshark);
	return no_memory(st, err);
}

/* For scripts: always TSV, and without a header row. */
enum pa_status command_captures(struct run *r, struct pa_error *err)
{
	static const struct pa_db_column columns[] = {
	    {"sha256", PA_DB_TEXT},     {"state", PA_DB_TEXT}, {"stored", PA_DB_NUMBER},
	    {"rejected", PA_DB_NUMBER}, {"name", PA_DB_TEXT},  {"profile_sha256", PA_DB_TEXT},
	    {"tshark", PA_DB_TEXT}};
	struct grid g = {columns, sizeof(columns) / sizeof(columns[0]), {0}};
	struct pa_slice cells[CELLS_MAX];
	struct pa_printer p;
	struct pa_buf out;
	struct pa_db *db = NULL;
	uint64_t version = 0;
	enum pa_status st = connect_reader(r, &db, &version, err);

	pa_buf_init(&g.text, ANSWER_MAX);
	pa_buf_init(&out, ANSWER_MAX);
	if (st == PA_OK)
		st = pa_ledger_each(db, r->o.sensor, r->profile->name, captures_row, &g, err);
	if (st == PA_OK) {
		st = no_memory(pa_print_init(&p, PA_PRINT_TSV, columns, g.n_columns), err);
		for (size_t at = 0; st == PA_OK && at < g.text.len;) {
			at = get_row(&g, at, cells);
			st = no_memory(pa_print_row(&p, cells, &out), err);
		}
		if (st == PA_OK)
			st = flush_answer(&out, err);
		pa_print_done(&p);
	}
	pa_buf_done(&out);
	pa_buf_done(&g.text);
	pa_db_free(db);
	return st;
}

/* verify */

/* How many rows of one capture a table should hold, and does. */
struct count {
	uint32_t capture_id;
	uint64_t expected, found;
	uint64_t planned; /* of the expected ones: a prune removes them at this moment */
};

struct table {
	char name[PA_NAME_MAX];
	struct count *counts; /* by capture_id */
	size_t n, cap;
};

/* What the ledger said about one capture and profile. */
struct claim {
	uint32_t capture_id;
	enum pa_ledger_state state;
	int has_packets;
	int unknown; /* not a claim at all: rows of a capture that the ledger does not have */
	uint64_t packets, stored, rejected, filtered, last_row, gap;
	char *sensor, *profile, *name;
};

struct proof {
	struct table *tables;
	size_t n_tables;
	struct claim *claims;
	size_t n_claims, cap_claims;
	unsigned mismatches, asides;
	uint64_t version; /* of the ledger */
};

static struct table *find_table(struct proof *p, const char *name)
{
	for (size_t i = 0; i < p->n_tables; i++)
		if (strcmp(p->tables[i].name, name) == 0)
			return &p->tables[i];
	if (p->n_tables == PA_LEDGER_TABLES_MAX + PA_PROFILE_TABLES_MAX)
		return NULL;
	snprintf(p->tables[p->n_tables].name, PA_NAME_MAX, "%s", name);
	return &p->tables[p->n_tables++];
}

/* The table's count of the capture; captures come in order. NULL without memory. */
static struct count *find_count(struct table *t, uint32_t capture_id)
{
	size_t low = 0;
	size_t high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->counts[middle].capture_id < capture_id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < t->n && t->counts[low].capture_id == capture_id)
		return &t->counts[low];
	if (t->n == t->cap) {
		size_t more = t->cap ? 2 * t->cap : 64;
		struct count *bigger = realloc(t->counts, more * sizeof(*bigger));

		if (!bigger)
			return NULL;
		t->counts = bigger;
		t->cap = more;
	}
	memmove(&t->counts[low + 1], &t->counts[low], (t->n - low) * sizeof(*t->counts));
	t->counts[low] = (struct count){.capture_id = capture_id};
	t->n++;
	return &t->counts[low];
}

static char *copy(struct pa_slice s)
{
	return strndup(s.len ? (const char *)s.ptr : "", s.len);
}

static enum pa_status take_claim(void *ctx, const struct pa_ledger_entry *e, struct pa_error *err)
{
	struct proof *p = ctx;
	struct claim *c;

	if (p->n_claims == p->cap_claims) {
		size_t more = p->cap_claims ? 2 * p->cap_claims : 64;
		struct claim *bigger = realloc(p->claims, more * sizeof(*bigger));

		if (!bigger)
			return no_memory(PA_ENOMEM, err);
		p->claims = bigger;
		p->cap_claims = more;
	}
	c = &p->claims[p->n_claims++];
	*c = (struct claim){.capture_id = e->capture_id,
	                    .state = e->state,
	                    .has_packets = e->has_packets,
	                    .packets = e->packets,
	                    .stored = e->stored,
	                    .rejected = e->rejected,
	                    .filtered = e->filtered,
	                    .last_row = e->last_row,
	                    .gap = e->gap};
	c->sensor = copy(e->sensor);
	c->profile = copy(e->profile);
	c->name = copy(e->name);
	if (!c->sensor || !c->profile || !c->name)
		return no_memory(PA_ENOMEM, err);
	for (unsigned i = 0; i < e->n_tables; i++) {
		struct table *t = find_table(p, e->tables[i].table);
		struct count *count = t ? find_count(t, e->capture_id) : NULL;

		if (!count)
			return no_memory(PA_ENOMEM, err);
		count->expected += e->tables[i].rows - e->tables[i].pruned;
	}
	return PA_OK;
}

/* Which prunes there are. One that was begun after our snapshot is not in it, and yet it takes
 * rows out of it. */
struct plans {
	uint64_t n, newest;
};

static enum pa_status look_at_plans(struct pa_db *db, struct plans *out, struct pa_error *err)
{
	static const char sql[] =
	    "SELECT COUNT(*), COALESCE(MAX(prune_id), 0) FROM prunes WHERE table_name <> 'rejects'";
	struct pa_db_result *rows = NULL;
	const struct pa_slice *c;
	enum pa_status st = pa_db_query(db, "look at the prunes", pa_slice_of(sql), 1, &rows, err);

	if (st == PA_OK)
		st = pa_db_next(rows, &c, err);
	if (st == PA_OK)
		*out = (struct plans){pa_db_u64(c[0]), pa_db_u64(c[1])};
	pa_db_result_free(rows);
	return st;
}

/* The prune that is at work, or was killed, if there is one; and what is gone of the rejects. */
static enum pa_status read_pruned(struct pa_db *db, struct proof *p, struct pa_error *err)
{
	static const char sql[] = "SELECT p.table_name, d.capture_id, d.row_count FROM prunes p "
	                          "JOIN pruned d ON d.prune_id = p.prune_id "
	                          "WHERE p.state = 'planned' OR p.table_name = 'rejects'";
	struct pa_db_result *rows = NULL;
	const struct pa_slice *c;
	enum pa_status st = pa_db_query(db, "look at the prunes", pa_slice_of(sql), 1, &rows, err);

	while (st == PA_OK && (st = pa_db_next(rows, &c, err)) == PA_OK) {
		char name[PA_NAME_MAX];
		struct table *t;
		struct count *count;

		pa_db_text(c[0], name, sizeof(name));
		t = find_table(p, name);
		count = t ? find_count(t, (uint32_t)pa_db_u64(c[1])) : NULL;
		if (!count) {
			no_memory(PA_ENOMEM, err);
			st = PA_ENOMEM;
		} else if (strcmp(name, "rejects") == 0) {
			count->expected -= pa_db_u64(c[2]);
		} else {
			count->planned += pa_db_u64(c[2]);
		}
	}
	pa_db_result_free(rows);
	return st == PA_END ? PA_OK : st;
}

/* The rows of a plan are gone all at once: those of one capture tell of all. */
static void settle_planned(struct table *t)
{
	size_t i = 0;

	while (i < t->n && !(t->counts[i].planned > 0 &&
	                     t->counts[i].found + t->counts[i].planned == t->counts[i].expected))
		i++;
	for (size_t j = 0; i < t->n && j < t->n; j++)
		t->counts[j].expected -= t->counts[j].planned;
}

static enum pa_status count_rows(struct pa_db *db, struct table *t, struct pa_error *err)
{
	char what[PA_NAME_MAX + 40];
	struct pa_db_result *rows = NULL;
	const struct pa_slice *cells;
	struct pa_buf sql;
	enum pa_status st;

	snprintf(what, sizeof(what), "count the rows of %s", t->name);
	pa_buf_init(&sql, 1024);
	st = pa_buf_puts(&sql, "SELECT capture_id, COUNT(*) FROM ");
	if (st == PA_OK)
		st = pa_sql_identifier(&sql, t->name);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " GROUP BY capture_id ORDER BY capture_id");
	if (st == PA_OK)
		st = pa_db_query(db, what, pa_buf_slice(&sql), 0, &rows, err);
	pa_buf_done(&sql);
	while (st == PA_OK && (st = pa_db_next(rows, &cells, err)) == PA_OK) {
		struct count *count = find_count(t, (uint32_t)pa_db_u64(cells[0]));

		if (!count)
			st = no_memory(PA_ENOMEM, err);
		else
			count->found = pa_db_u64(cells[1]);
	}
	pa_db_result_free(rows);
	return st == PA_END ? PA_OK : st;
}

/* Why the claim is wrong, into WHY, and 1; 0 when it holds. */
static int disprove(struct proof *p, const struct claim *c, char why[WHY_MAX])
{
	uint64_t sum = c->stored + c->rejected + c->filtered;

	if (c->unknown) {
		snprintf(why, WHY_MAX, "there are rows of it, but it is not in the ledger");
		return 1;
	}
	if (c->gap) {
		snprintf(why, WHY_MAX, "row %llu is in no batch", (unsigned long long)c->gap);
		return 1;
	}
	if (c->state == PA_LEDGER_PARTIAL) {
		snprintf(why, WHY_MAX, "its last batch is not stored");
		return 1;
	}
	if (sum != c->last_row) {
		snprintf(why, WHY_MAX,
		         "stored + rejected + filtered = %llu, but %llu rows were read",
		         (unsigned long long)sum, (unsigned long long)c->last_row);
		return 1;
	}
	if (c->has_packets && sum != c->packets) {
		snprintf(why, WHY_MAX,
		         "stored + rejected + filtered = %llu, but the file has %llu "
		         "packets",
		         (unsigned long long)sum, (unsigned long long)c->packets);
		return 1;
	}
	for (size_t i = 0; i < p->n_tables; i++) {
		const struct count *n = find_count(&p->tables[i], c->capture_id);

		if (n && n->expected != n->found) {
			snprintf(why, WHY_MAX, "table %s holds %llu rows, the ledger says %llu",
			         p->tables[i].name, (unsigned long long)n->found,
			         (unsigned long long)n->expected);
			return 1;
		}
	}
	return 0;
}

static const struct pa_db_column verify_columns[] = {
    {"capture_id", PA_DB_NUMBER}, {"sensor", PA_DB_TEXT},     {"profile", PA_DB_TEXT},
    {"state", PA_DB_TEXT},        {"packets", PA_DB_NUMBER},  {"stored", PA_DB_NUMBER},
    {"rejected", PA_DB_NUMBER},   {"filtered", PA_DB_NUMBER}, {"result", PA_DB_TEXT},
    {"why", PA_DB_TEXT},          {"name", PA_DB_TEXT},
};

static enum pa_status verify_row(struct proof *p, const struct claim *c, struct grid *g)
{
	char why[WHY_MAX] = "";
	int wrong = disprove(p, c, why);
	enum pa_status st = put_number(g, c->capture_id);

	p->mismatches += (unsigned)wrong;
	p->asides += !wrong && (c->rejected > 0 || c->state == PA_LEDGER_TRUNCATED);
	if (st == PA_OK)
		st = put_text(g, c->sensor);
	if (st == PA_OK)
		st = put_text(g, c->profile);
	if (st == PA_OK)
		st = put_text(g, state_name(c->state));
	if (st == PA_OK)
		st = c->has_packets ? put_number(g, c->packets) : put_null(g);
	if (st == PA_OK)
		st = put_number(g, c->stored);
	if (st == PA_OK)
		st = put_number(g, c->rejected);
	if (st == PA_OK)
		st = put_number(g, c->filtered);
	if (st == PA_OK)
		st = put_text(g, wrong ? "mismatch" : "ok");
	if (st == PA_OK)
		st = put_text(g, why);
	return st == PA_OK ? put_text(g, c->name) : st;
}

/* Rows of captures that the ledger does not know. */
static enum pa_status strangers(struct proof *p, struct grid *g)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; i < p->n_tables; i++) {
		for (size_t j = 0; st == PA_OK && j < p->tables[i].n; j++) {
			const struct count *n = &p->tables[i].counts[j];
			struct claim c = {.capture_id = n->capture_id,
			                  .state = PA_LEDGER_PARTIAL,
			                  .unknown = 1,
			                  .sensor = "",
			                  .profile = "",
			                  .name = ""};
			size_t k = 0;

			if (n->expected > 0 || n->found == 0)
				continue;
			while (k < p->n_claims && p->claims[k].capture_id != n->capture_id)
				k++;
			if (k == p->n_claims)
				st = verify_row(p, &c, g);
		}
	}
	return st;
}

static enum pa_status prove(struct run *r, struct pa_db *db, struct proof *p, struct grid *g,
                            struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && i < r->profile->n_tables; i++)
		if (!find_table(p, r->profile->tables[i].name))
			st = no_memory(PA_ENOMEM, err);
	if (st == PA_OK && !find_table(p, "rejects"))
		st = no_memory(PA_ENOMEM, err);
	if (st == PA_OK)
		st = pa_ledger_each(db, r->o.sensor, NULL, take_claim, p, err);
	if (st == PA_OK && p->version >= PRUNES_VERSION)
		st = read_pruned(db, p, err);
	for (size_t i = 0; st == PA_OK && i < p->n_tables; i++) {
		st = count_rows(db, &p->tables[i], err);
		settle_planned(&p->tables[i]);
	}
	for (size_t i = 0; st == PA_OK && i < p->n_claims; i++)
		st = no_memory(verify_row(p, &p->claims[i], g), err);
	if (st == PA_OK && !r->o.sensor)
		st = no_memory(strangers(p, g), err);
	return st;
}

static void proof_done(struct proof *p)
{
	for (size_t i = 0; p->tables && i < p->n_tables; i++)
		free(p->tables[i].counts);
	for (size_t i = 0; i < p->n_claims; i++) {
		free(p->claims[i].sensor);
		free(p->claims[i].profile);
		free(p->claims[i].name);
	}
	free(p->tables);
	free(p->claims);
}

/* One snapshot, so that a load going on meanwhile does not look like a mismatch. *again 1: a
 * prune was begun meanwhile, which no snapshot hides. */
static enum pa_status prove_once(struct run *r, struct pa_db *db, struct proof *p, struct grid *g,
                                 int *again, struct pa_error *err)
{
	struct pa_error cause = {0};
	struct plans before = {0};
	struct plans after = {0};
	enum pa_status st =
	    pa_db_exec(db, "start reading",
	               pa_slice_of("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"), err);

	if (st == PA_OK && p->version >= PRUNES_VERSION)
		st = look_at_plans(db, &before, err);
	if (st == PA_OK)
		st = prove(r, db, p, g, &cause);
	pa_db_rollback(db);
	*again = cause.sys == PA_DB_TABLE_CHANGED;
	if (cause.code != PA_OK && !*again)
		return pa_fail(err, cause.code, cause.sys, "%s", cause.msg);
	if (st == PA_OK && p->version >= PRUNES_VERSION) {
		st = look_at_plans(db, &after, err);
		*again = before.n != after.n || before.newest != after.newest;
	}
	return *again ? PA_OK : st;
}

enum pa_status command_verify(struct run *r, struct pa_error *err)
{
	struct grid g = {verify_columns, sizeof(verify_columns) / sizeof(verify_columns[0]), {0}};
	struct proof p = {0};
	struct pa_db *db = NULL;
	uint64_t version = 0;
	int again = 1;
	enum pa_status st = connect_reader(r, &db, &version, err);

	pa_buf_init(&g.text, ANSWER_MAX);
	for (int i = 0; st == PA_OK && again && i < PROOF_TRIES; i++) {
		proof_done(&p);
		pa_buf_reset(&g.text);
		p = (struct proof){.version = version};
		p.tables = calloc(PA_LEDGER_TABLES_MAX + PA_PROFILE_TABLES_MAX, sizeof(*p.tables));
		st = p.tables ? prove_once(r, db, &p, &g, &again, err) : no_memory(PA_ENOMEM, err);
	}
	if (st == PA_OK && again)
		st =
		    pa_fail(err, PA_EBUSY, 0, "old rows are being removed all the time; try again");
	if (st == PA_OK)
		st = print_grid(&g, answer_format(&r->o), err);
	if (st == PA_OK && p.mismatches > 0)
		st = pa_fail(err, PA_EVALUE, 0, "%u captures do not add up", p.mismatches);
	else if (st == PA_OK && p.asides > 0)
		st = PA_EDATA; /* silently: the answer says which */
	proof_done(&p);
	pa_buf_done(&g.text);
	pa_db_free(db);
	return st;
}
