/* What the ledger says about each capture. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/ledger.h"

#define STATEMENT_MAX    65536
#define SENSOR_CHARS_MAX 255       /* sensors.name */
#define TSHARK_BYTES_MAX (4 * 255) /* batches.tshark */

struct sum {
	struct pa_ledger_entry e;
	int open; /* e holds something */
	uint64_t next_row;
	uint64_t end_row; /* last_row of the batch that ends the capture */
	int ended;
	int truncated;
	char *text;             /* sensor, name and profile of e, and behind them: */
	struct pa_slice pruned; /* {"table":rows,...}, a table as often as it was pruned */
	char tshark[TSHARK_BYTES_MAX + 1];
	struct pa_ledger_rows *tables;
};

static void copy_ts(char out[PA_TS_TEXT], struct pa_slice in)
{
	size_t n = in.len < PA_TS_TEXT - 1 ? in.len : PA_TS_TEXT - 1;

	if (in.ptr)
		memcpy(out, in.ptr, n);
	out[in.ptr ? n : 0] = '\0';
}

int pa_ledger_next_table(struct pa_slice *json, struct pa_ledger_rows *out)
{
	size_t i = 0;
	size_t n = 0;

	while (i < json->len && json->ptr[i] != '"')
		i++;
	for (i++; i < json->len && json->ptr[i] != '"' && n + 1 < sizeof(out->table); i++)
		out->table[n++] = (char)json->ptr[i];
	out->table[n] = '\0';
	out->rows = 0;
	out->pruned = 0;
	for (i++; i < json->len && json->ptr[i] != ','; i++)
		if (json->ptr[i] >= '0' && json->ptr[i] <= '9')
			out->rows = out->rows * 10 + (uint64_t)(json->ptr[i] - '0');
	if (i > json->len)
		i = json->len;
	json->ptr += i;
	json->len -= i;
	return n > 0;
}

/* What prune has removed of these tables. */
static void add_pruned(struct sum *s, struct pa_slice json)
{
	struct pa_ledger_rows one;

	while (pa_ledger_next_table(&json, &one))
		for (unsigned t = 0; t < s->e.n_tables; t++)
			if (strcmp(s->tables[t].table, one.table) == 0)
				s->tables[t].pruned += one.rows;
}

static enum pa_status add_tables(struct sum *s, struct pa_slice json, struct pa_error *err)
{
	struct pa_ledger_rows one;

	while (pa_ledger_next_table(&json, &one)) {
		unsigned t = 0;

		while (t < s->e.n_tables && strcmp(s->tables[t].table, one.table) != 0)
			t++;
		if (t == PA_LEDGER_TABLES_MAX)
			return pa_fail(err, PA_ELIMIT, 0, "more than %d tables in the ledger",
			               PA_LEDGER_TABLES_MAX);
		if (t == s->e.n_tables) {
			s->tables[t] = one;
			s->tables[t].rows = 0;
			s->e.n_tables++;
		}
		s->tables[t].rows += one.rows;
	}
	return PA_OK;
}

enum column {
	C_ID,
	C_SENSOR,
	C_SHA256,
	C_NAME,
	C_BYTES,
	C_PACKETS,
	C_TRUNCATED,
	C_PROFILE,
	C_FIRST_ROW,
	C_LAST_ROW,
	C_STORED,
	C_REJECTED,
	C_FILTERED,
	C_CUT,
	C_IS_LAST,
	C_FIRST_TS,
	C_LAST_TS,
	C_TABLES,
	C_PROFILE_SHA256,
	C_TSHARK,
	C_PRUNED,
};

static enum pa_status start(struct sum *s, const struct pa_slice *c, const char *profile,
                            struct pa_error *err)
{
	struct pa_slice p = c[C_PROFILE].ptr ? c[C_PROFILE] : pa_slice_of(profile ? profile : "");
	size_t n = c[C_SENSOR].len;
	size_t m = c[C_NAME].len;
	char *text = malloc(n + m + p.len + c[C_PRUNED].len + 1);

	if (!text)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the ledger");
	free(s->text);
	s->text = text;
	memcpy(text, c[C_SENSOR].ptr, n);
	memcpy(text + n, c[C_NAME].ptr, m);
	if (p.len)
		memcpy(text + n + m, p.ptr, p.len);
	if (c[C_PRUNED].len)
		memcpy(text + n + m + p.len, c[C_PRUNED].ptr, c[C_PRUNED].len);
	s->pruned = (struct pa_slice){(uint8_t *)text + n + m + p.len, c[C_PRUNED].len};
	s->e = (struct pa_ledger_entry){0};
	s->e.capture_id = (uint32_t)pa_db_u64(c[C_ID]);
	s->e.sensor = (struct pa_slice){(uint8_t *)text, n};
	s->e.name = (struct pa_slice){(uint8_t *)text + n, m};
	s->e.profile = (struct pa_slice){(uint8_t *)text + n + m, p.len};
	snprintf(s->e.sha256, sizeof(s->e.sha256), "%.*s", (int)c[C_SHA256].len,
	         (const char *)c[C_SHA256].ptr);
	s->e.bytes = pa_db_u64(c[C_BYTES]);
	s->e.has_packets = c[C_PACKETS].ptr != NULL;
	s->e.packets = pa_db_u64(c[C_PACKETS]);
	s->e.tables = s->tables;
	s->e.tshark = s->tshark;
	s->tshark[0] = '\0';
	s->truncated = pa_db_u64(c[C_TRUNCATED]) != 0;
	s->next_row = 1;
	s->end_row = 0;
	s->ended = 0;
	s->open = 1;
	return PA_OK;
}

/* What all batches up to now have in common, or PA_LEDGER_MIXED. */
static void same_or_mixed(char *text, size_t size, struct pa_slice cell, uint64_t n_before)
{
	size_t n = cell.len < size - 1 ? cell.len : size - 1;

	if (n_before == 0) {
		if (n > 0)
			memcpy(text, cell.ptr, n);
		text[n] = '\0';
	} else if (strlen(text) != n || (n > 0 && memcmp(text, cell.ptr, n) != 0)) {
		memcpy(text, PA_LEDGER_MIXED, sizeof(PA_LEDGER_MIXED));
	}
}

static enum pa_status add(struct sum *s, const struct pa_slice *c, struct pa_error *err)
{
	uint64_t first = pa_db_u64(c[C_FIRST_ROW]);
	uint64_t last = pa_db_u64(c[C_LAST_ROW]);

	if (!c[C_PROFILE].ptr)
		return PA_OK;
	same_or_mixed(s->e.profile_sha256, sizeof(s->e.profile_sha256), c[C_PROFILE_SHA256],
	              s->e.batches);
	same_or_mixed(s->tshark, sizeof(s->tshark), c[C_TSHARK], s->e.batches);
	s->e.batches++;
	s->e.stored += pa_db_u64(c[C_STORED]);
	s->e.rejected += pa_db_u64(c[C_REJECTED]);
	s->e.filtered += pa_db_u64(c[C_FILTERED]);
	s->e.cut += pa_db_u64(c[C_CUT]);
	if (last >= first) {
		if (first != s->next_row && s->e.gap == 0)
			s->e.gap = s->next_row;
		s->next_row = last + 1;
	}
	if (last > s->e.last_row)
		s->e.last_row = last;
	if (pa_db_u64(c[C_IS_LAST])) {
		s->ended = 1;
		s->end_row = last;
	}
	if (c[C_FIRST_TS].ptr &&
	    (!s->e.first_ts[0] || memcmp(c[C_FIRST_TS].ptr, s->e.first_ts, c[C_FIRST_TS].len) < 0))
		copy_ts(s->e.first_ts, c[C_FIRST_TS]);
	if (c[C_LAST_TS].ptr &&
	    (!s->e.last_ts[0] || memcmp(c[C_LAST_TS].ptr, s->e.last_ts, c[C_LAST_TS].len) > 0))
		copy_ts(s->e.last_ts, c[C_LAST_TS]);
	return add_tables(s, c[C_TABLES], err);
}

static enum pa_status finish(struct sum *s, pa_ledger_fn *fn, void *ctx, struct pa_error *err)
{
	int whole_capture = s->ended && s->e.gap == 0 && s->end_row == s->e.last_row;
	uint64_t rows = 0;

	if (!s->open)
		return PA_OK;
	s->open = 0;
	add_pruned(s, s->pruned);
	for (unsigned t = 0; t < s->e.n_tables; t++) {
		if (strcmp(s->tables[t].table, "rejects") == 0)
			continue;
		rows += s->tables[t].rows;
		s->e.pruned += s->tables[t].pruned;
	}
	s->e.state = !whole_capture                           ? PA_LEDGER_PARTIAL
	             : s->e.pruned > 0 && s->e.pruned == rows ? PA_LEDGER_PRUNED
	             : s->truncated                           ? PA_LEDGER_TRUNCATED
	                                                      : PA_LEDGER_COMPLETE;
	return fn(ctx, &s->e, err);
}

/* Which captures and profiles; NULL or 0 for all. */
struct choice {
	const char *sensor, *profile;
	const uint32_t *ids;
	size_t n_ids;
};

/* " WORD COLUMN IN (...)", or nothing when all are wanted. */
static enum pa_status put_ids(struct pa_buf *sql, const struct choice *c, const char *word,
                              const char *column)
{
	enum pa_status st;

	if (!c->ids)
		return PA_OK;
	st = pa_buf_printf(sql, " %s %s IN (0", word, column);
	for (size_t i = 0; st == PA_OK && i < c->n_ids; i++)
		st = pa_buf_printf(sql, ",%u", (unsigned)c->ids[i]);
	return st == PA_OK ? pa_buf_putc(sql, ')') : st;
}

/* What prune removed of each capture, all tables in one text, like batches.table_rows; but not of
 * the rejects, which are of several profiles. */
static enum pa_status put_pruned(struct pa_buf *sql, const struct choice *c)
{
	enum pa_status st = pa_buf_puts(
	    sql, " LEFT JOIN (SELECT g.capture_id, GROUP_CONCAT('\"', p.table_name, '\":', "
	         "g.row_count) AS table_rows FROM pruned g JOIN prunes p ON p.prune_id = "
	         "g.prune_id WHERE p.state = 'done' AND p.table_name <> 'rejects'");

	if (st == PA_OK)
		st = put_ids(sql, c, "AND", "g.capture_id");
	return st == PA_OK
	           ? pa_buf_puts(sql, " GROUP BY g.capture_id) d ON d.capture_id = c.capture_id")
	           : st;
}

/* A ledger before version 3 knows of nothing that was pruned. */
static enum pa_status put_select(struct pa_buf *sql, const struct choice *c, uint64_t version)
{
	enum pa_status st = pa_buf_printf(
	    sql,
	    "SELECT c.capture_id, s.name, LOWER(HEX(c.sha256)), c.name, c.bytes, c.packets, "
	    "c.truncated, b.profile, b.first_row, b.last_row, b.packets, b.rejected, "
	    "b.filtered, b.cut, b.is_last, b.first_ts, b.last_ts, b.table_rows, "
	    "LOWER(HEX(b.profile_sha256)), b.tshark, %s "
	    "FROM captures c JOIN sensors s ON s.sensor_id = c.sensor_id",
	    version < 3 ? "NULL" : "d.table_rows");

	if (st == PA_OK && version >= 3)
		st = put_pruned(sql, c);
	if (st == PA_OK)
		st = pa_buf_puts(sql, " LEFT JOIN batches b ON b.capture_id = c.capture_id");
	if (st == PA_OK && c->profile)
		st = pa_buf_puts(sql, " AND b.profile = ");
	if (st == PA_OK && c->profile)
		st = pa_sql_text(sql, c->profile);
	if (st == PA_OK && c->sensor)
		st = pa_buf_puts(sql, " WHERE s.name = LEFT(");
	if (st == PA_OK && c->sensor)
		st = pa_sql_text(sql, c->sensor);
	if (st == PA_OK && c->sensor)
		st = pa_buf_printf(sql, ", %d)", SENSOR_CHARS_MAX);
	if (st == PA_OK)
		st = put_ids(sql, c, "WHERE", "c.capture_id");
	return st == PA_OK ? pa_buf_puts(sql, " ORDER BY c.capture_id, b.profile, b.first_row, "
	                                      "b.last_row")
	                   : st;
}

static enum pa_status each(struct pa_db *db, const struct choice *choice, pa_ledger_fn *fn,
                           void *ctx, struct pa_error *err)
{
	struct sum s = {0};
	struct pa_db_result *r = NULL;
	const struct pa_slice *c;
	struct pa_buf sql;
	uint64_t version = 0;
	enum pa_status st = pa_ledger_version(db, &version, err);

	pa_buf_init(&sql, STATEMENT_MAX);
	s.tables = calloc(PA_LEDGER_TABLES_MAX, sizeof(*s.tables));
	/* MySQL cuts such a text at 1024 bytes unless told otherwise. */
	if (st == PA_OK)
		st = pa_db_exec(db, "make room for the ledger",
		                pa_slice_of("SET SESSION group_concat_max_len = 16777216"), err);
	if (st == PA_OK && (!s.tables || put_select(&sql, choice, version) != PA_OK))
		st = pa_fail(err, PA_ENOMEM, 0, "no memory for the ledger");
	if (st == PA_OK)
		st = pa_db_query(db, "read the ledger", pa_buf_slice(&sql), 0, &r, err);
	while (st == PA_OK && (st = pa_db_next(r, &c, err)) == PA_OK) {
		int same = s.open && s.e.capture_id == pa_db_u64(c[C_ID]) &&
		           (!c[C_PROFILE].ptr ||
		            (c[C_PROFILE].len == s.e.profile.len &&
		             memcmp(c[C_PROFILE].ptr, s.e.profile.ptr, s.e.profile.len) == 0));

		if (!same)
			st = finish(&s, fn, ctx, err);
		if (st == PA_OK && !same)
			st = start(&s, c, choice->profile, err);
		if (st == PA_OK)
			st = add(&s, c, err);
	}
	if (st == PA_END)
		st = finish(&s, fn, ctx, err);
	pa_db_result_free(r);
	pa_buf_done(&sql);
	free(s.text);
	free(s.tables);
	return st;
}

enum pa_status pa_ledger_each(struct pa_db *db, const char *sensor, const char *profile,
                              pa_ledger_fn *fn, void *ctx, struct pa_error *err)
{
	return each(db, &(struct choice){.sensor = sensor, .profile = profile}, fn, ctx, err);
}

enum pa_status pa_ledger_some(struct pa_db *db, const uint32_t *ids, size_t n_ids, pa_ledger_fn *fn,
                              void *ctx, struct pa_error *err)
{
	return each(db, &(struct choice){.ids = ids, .n_ids = n_ids}, fn, ctx, err);
}
