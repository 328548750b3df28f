#include "pcapanalyzer/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/ddl.h"

#define STATEMENT_MAX    65536
#define SENSOR_CHARS_MAX 255  /* sensors.name */
#define NAME_CHARS_MAX   1024 /* captures.name */
#define TSHARK_CHARS_MAX 255  /* batches.tshark */

/* The first MAX characters of TEXT as an SQL literal. */
static enum pa_status put_text(struct pa_buf *sql, const char *text, size_t max)
{
	size_t len = 0;
	size_t n = 0;
	char *part;
	enum pa_status st;

	for (; text && text[len]; len++)
		if (((unsigned char)text[len] & 0xc0) != 0x80 && n++ == max)
			break;
	part = strndup(text ? text : "", len);
	if (!part)
		return PA_ENOMEM;
	st = pa_sql_text(sql, part);
	free(part);
	return st;
}

static enum pa_status put_digest(struct pa_buf *sql, const uint8_t digest[PA_SHA256_BYTES])
{
	char hex[PA_SHA256_HEX + 1];

	pa_hex(digest, PA_SHA256_BYTES, hex);
	return pa_buf_printf(sql, "x'%s'", hex);
}

static enum pa_status put_time(struct pa_buf *sql, const char *ts)
{
	return *ts ? pa_sql_text(sql, ts) : pa_buf_puts(sql, "NULL");
}

static struct pa_slice whole(const struct pa_buf *sql)
{
	return (struct pa_slice){sql->ptr, sql->len};
}

/* Run SQL, a SELECT of one number; *found is 0 when there is no row. */
static enum pa_status select_number(struct pa_db *db, const char *what, const struct pa_buf *sql,
                                    int *found, uint64_t *out, struct pa_error *err)
{
	struct pa_db_result *r = NULL;
	const struct pa_slice *cells;
	enum pa_status st = pa_db_query(db, what, whole(sql), 1, &r, err);

	*found = 0;
	if (st == PA_OK && r)
		st = pa_db_next(r, &cells, err);
	if (st == PA_OK && r) {
		*found = 1;
		*out = pa_db_u64(cells[0]);
	}
	pa_db_result_free(r);
	return st == PA_END ? PA_OK : st;
}

/* Look first: an INSERT that turns out to be a duplicate uses up a number all the same. */
static enum pa_status find_or_add(struct pa_db *db, const char *what, const struct pa_buf *select,
                                  const struct pa_buf *insert, uint64_t *out, struct pa_error *err)
{
	for (int i = 0;; i++) {
		struct pa_error cause = {0};
		int found = 0;
		enum pa_status st = select_number(db, what, select, &found, out, err);

		if (st != PA_OK || found)
			return st;
		st = pa_db_exec(db, what, whole(insert), &cause);
		if (st == PA_OK) {
			*out = pa_db_insert_id(db);
			return PA_OK;
		}
		/* Another loader was faster: look again. */
		if (st != PA_EDUP || i > 0)
			return pa_fail(err, st == PA_EDUP ? PA_EDATA : st, cause.sys, "%s",
			               cause.msg);
	}
}

static enum pa_status find_sensor(struct pa_db *db, const char *name, uint64_t *out,
                                  struct pa_error *err)
{
	struct pa_buf select;
	struct pa_buf insert;
	enum pa_status st;

	pa_buf_init(&select, STATEMENT_MAX);
	pa_buf_init(&insert, STATEMENT_MAX);
	st = pa_buf_puts(&select, "SELECT sensor_id FROM sensors WHERE name = ");
	if (st == PA_OK)
		st = put_text(&select, name, SENSOR_CHARS_MAX);
	if (st == PA_OK)
		st = pa_buf_puts(&insert, "INSERT INTO sensors (name) VALUES (");
	if (st == PA_OK)
		st = put_text(&insert, name, SENSOR_CHARS_MAX);
	if (st == PA_OK)
		st = pa_buf_putc(&insert, ')');
	if (st == PA_OK)
		st = find_or_add(db, "find the sensor", &select, &insert, out, err);
	pa_buf_done(&select);
	pa_buf_done(&insert);
	return st;
}

enum pa_status pa_ledger_capture(struct pa_db *db, const struct pa_manifest *m,
                                 uint32_t *capture_id, struct pa_error *err)
{
	struct pa_buf select;
	struct pa_buf insert;
	uint64_t sensor = 0;
	uint64_t capture = 0;
	enum pa_status st = find_sensor(db, m->sensor ? m->sensor : "", &sensor, err);

	pa_buf_init(&select, STATEMENT_MAX);
	pa_buf_init(&insert, STATEMENT_MAX);
	if (st == PA_OK)
		st = pa_buf_printf(&select,
		                   "SELECT capture_id FROM captures WHERE sensor_id = %llu AND "
		                   "sha256 = ",
		                   (unsigned long long)sensor);
	if (st == PA_OK)
		st = put_digest(&select, m->capture_sha256);
	if (st == PA_OK)
		st = pa_buf_printf(
		    &insert,
		    "INSERT INTO captures (sensor_id, bytes, first_seen, sha256, name) "
		    "VALUES (%llu, %llu, UTC_TIMESTAMP(6), ",
		    (unsigned long long)sensor, (unsigned long long)m->capture_bytes);
	if (st == PA_OK)
		st = put_digest(&insert, m->capture_sha256);
	if (st == PA_OK)
		st = pa_buf_puts(&insert, ", ");
	if (st == PA_OK)
		st = put_text(&insert, m->capture_name, NAME_CHARS_MAX);
	if (st == PA_OK)
		st = pa_buf_putc(&insert, ')');
	if (st == PA_OK)
		st = find_or_add(db, "find the capture", &select, &insert, &capture, err);
	pa_buf_done(&select);
	pa_buf_done(&insert);
	if (st == PA_OK)
		*capture_id = (uint32_t)capture;
	return st;
}

/* {"packets":3,"dns":1}: the names are plain identifiers. */
static enum pa_status put_table_rows(struct pa_buf *out, const struct pa_manifest *m)
{
	enum pa_status st = pa_buf_putc(out, '{');

	for (unsigned i = 0; st == PA_OK && i < m->n_tables; i++)
		st = pa_buf_printf(out, "%s\"%s\":%llu", i ? "," : "", m->tables[i].name,
		                   (unsigned long long)m->tables[i].rows);
	return st == PA_OK ? pa_buf_putc(out, '}') : st;
}

static enum pa_status put_insert(struct pa_buf *sql, const struct pa_manifest *m, uint32_t capture)
{
	enum pa_status st = pa_buf_puts(
	    sql, "INSERT INTO batches (batch_id, capture_id, profile, profile_sha256, first_row, "
	         "last_row, packets, rejected, filtered, cut, is_last, truncated, dialect, tshark, "
	         "first_ts, last_ts, table_rows, loaded_at) VALUES (");

	if (st == PA_OK)
		st = pa_sql_text(sql, m->batch_id);
	if (st == PA_OK)
		st = pa_buf_printf(sql, ", %u, ", (unsigned)capture);
	if (st == PA_OK)
		st = pa_sql_text(sql, m->profile);
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", ");
	if (st == PA_OK)
		st = put_digest(sql, m->profile_sha256);
	if (st == PA_OK)
		st =
		    pa_buf_printf(sql, ", %llu, %llu, %llu, %llu, %llu, %llu, %d, %d, ",
		                  (unsigned long long)m->first_row, (unsigned long long)m->last_row,
		                  (unsigned long long)m->packets, (unsigned long long)m->rejected,
		                  (unsigned long long)m->filtered, (unsigned long long)m->cut,
		                  m->end != PA_CAPTURE_OPEN, m->end == PA_CAPTURE_TRUNCATED);
	if (st == PA_OK)
		st = pa_sql_text(sql, m->dialect ? m->dialect : "");
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", ");
	if (st == PA_OK)
		st = put_text(sql, m->tshark, TSHARK_CHARS_MAX);
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", ");
	if (st == PA_OK)
		st = put_time(sql, m->first_ts);
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", ");
	if (st == PA_OK)
		st = put_time(sql, m->last_ts);
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", '");
	if (st == PA_OK)
		st = put_table_rows(sql, m);
	return st == PA_OK ? pa_buf_puts(sql, "', UTC_TIMESTAMP(6))") : st;
}

/* The ledger knows this id: is it the same batch? PA_EDUP when it is. */
static enum pa_status compare(struct pa_db *db, const struct pa_manifest *m, uint32_t capture,
                              struct pa_error *err)
{
	struct pa_db_result *r = NULL;
	const struct pa_slice *cells;
	struct pa_buf sql;
	struct pa_buf rows;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	pa_buf_init(&rows, STATEMENT_MAX);
	st = put_table_rows(&rows, m);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, "SELECT capture_id, first_row, last_row, packets, rejected, "
		                       "filtered, table_rows FROM batches WHERE batch_id = ");
	if (st == PA_OK)
		st = pa_sql_text(&sql, m->batch_id);
	if (st == PA_OK)
		st = pa_db_query(db, "look up the batch", whole(&sql), 1, &r, err);
	if (st == PA_OK && r)
		st = pa_db_next(r, &cells, err);
	if (st == PA_OK && r) {
		int same =
		    pa_db_u64(cells[0]) == capture && pa_db_u64(cells[1]) == m->first_row &&
		    pa_db_u64(cells[2]) == m->last_row && pa_db_u64(cells[3]) == m->packets &&
		    pa_db_u64(cells[4]) == m->rejected && pa_db_u64(cells[5]) == m->filtered &&
		    cells[6].len == rows.len && memcmp(cells[6].ptr, rows.ptr, rows.len) == 0;

		st =
		    same
		        ? PA_EDUP
		        : pa_fail(err, PA_EDATA, 1062,
		                  "a batch with this id is stored already with other content (rows "
		                  "%llu to %llu, %llu packets); was the capture read with another "
		                  "batch size or another tshark?",
		                  (unsigned long long)pa_db_u64(cells[1]),
		                  (unsigned long long)pa_db_u64(cells[2]),
		                  (unsigned long long)pa_db_u64(cells[3]));
	} else if (st == PA_END) {
		/* It was there a moment ago. */
		st = pa_fail(err, PA_EBUSY, 1062, "the ledger is changing, try again");
	}
	pa_db_result_free(r);
	pa_buf_done(&sql);
	pa_buf_done(&rows);
	return st;
}

static enum pa_status check_overlap(struct pa_db *db, const struct pa_manifest *m, uint32_t capture,
                                    struct pa_error *err)
{
	struct pa_db_result *r = NULL;
	const struct pa_slice *cells;
	struct pa_buf sql;
	enum pa_status st;

	if (m->last_row < m->first_row)
		return PA_OK;
	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(
	    &sql,
	    "SELECT batch_id, first_row, last_row FROM batches WHERE capture_id = %u "
	    "AND first_row <= %llu AND last_row >= %llu AND last_row >= first_row "
	    "AND profile = ",
	    (unsigned)capture, (unsigned long long)m->last_row, (unsigned long long)m->first_row);
	if (st == PA_OK)
		st = pa_sql_text(&sql, m->profile);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " AND batch_id <> ");
	if (st == PA_OK)
		st = pa_sql_text(&sql, m->batch_id);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " LIMIT 1");
	if (st == PA_OK)
		st = pa_db_query(db, "look for overlapping batches", whole(&sql), 1, &r, err);
	if (st == PA_OK && r)
		st = pa_db_next(r, &cells, err);
	if (st == PA_OK && r)
		st = pa_fail(err, PA_EDATA, 0,
		             "rows %llu to %llu of this capture overlap rows %llu to %llu, which "
		             "batch %.*s has stored; was the capture read with another batch size?",
		             (unsigned long long)m->first_row, (unsigned long long)m->last_row,
		             (unsigned long long)pa_db_u64(cells[1]),
		             (unsigned long long)pa_db_u64(cells[2]), (int)cells[0].len,
		             (const char *)cells[0].ptr);
	pa_db_result_free(r);
	pa_buf_done(&sql);
	return st == PA_END ? PA_OK : st;
}

enum pa_status pa_ledger_claim(struct pa_db *db, const struct pa_manifest *m, uint32_t capture_id,
                               uint64_t *batch_no, struct pa_error *err)
{
	struct pa_error cause = {0};
	struct pa_buf sql;
	enum pa_status st;

	/* One loader per capture from here to the commit: an overlap cannot slip in. */
	st = pa_db_execf(db, "lock the capture", err,
	                 "SELECT capture_id FROM captures WHERE capture_id = %u FOR UPDATE",
	                 (unsigned)capture_id);
	if (st != PA_OK)
		return st;
	pa_buf_init(&sql, STATEMENT_MAX);
	st = put_insert(&sql, m, capture_id);
	if (st == PA_OK)
		st = pa_db_exec(db, "enter the batch into the ledger", whole(&sql), &cause);
	pa_buf_done(&sql);
	if (st == PA_OK) {
		*batch_no = pa_db_insert_id(db);
		return check_overlap(db, m, capture_id, err);
	}
	if (st == PA_EDUP)
		return compare(db, m, capture_id, err);
	return pa_fail(err, st, cause.sys, "%s",
	               cause.code ? cause.msg : "the ledger row is too long");
}

enum pa_status pa_ledger_close(struct pa_db *db, const struct pa_manifest *m, uint32_t capture_id,
                               struct pa_error *err)
{
	enum pa_status st = PA_OK;

	if (m->has_capture_packets)
		st = pa_db_execf(db, "note the capture's packets", err,
		                 "UPDATE captures SET packets = %llu WHERE capture_id = %u",
		                 (unsigned long long)m->capture_packets, (unsigned)capture_id);
	if (st == PA_OK && m->end == PA_CAPTURE_TRUNCATED)
		st = pa_db_execf(db, "note that the capture is truncated", err,
		                 "UPDATE captures SET truncated = 1 WHERE capture_id = %u",
		                 (unsigned)capture_id);
	return st;
}

/* Summing up */

struct sum {
	struct pa_ledger_entry e;
	int open; /* e holds something */
	uint64_t next_row;
	uint64_t end_row; /* last_row of the batch that ends the capture */
	int ended;
	int truncated;
	char *text; /* sensor, name and profile of e */
	struct pa_ledger_rows *tables;
};

static void copy_ts(char out[PA_TS_TEXT], struct pa_slice in)
{
	size_t n = in.len < PA_TS_TEXT - 1 ? in.len : PA_TS_TEXT - 1;

	if (in.ptr)
		memcpy(out, in.ptr, n);
	out[in.ptr ? n : 0] = '\0';
}

/* Add our own {"table":rows,...} to the sums. */
static enum pa_status add_tables(struct sum *s, struct pa_slice json, struct pa_error *err)
{
	size_t i = 0;

	while (i < json.len) {
		char name[PA_NAME_MAX] = "";
		size_t n = 0;
		uint64_t rows = 0;
		unsigned t = 0;

		while (i < json.len && json.ptr[i] != '"')
			i++;
		for (i++; i < json.len && json.ptr[i] != '"' && n + 1 < sizeof(name); i++)
			name[n++] = (char)json.ptr[i];
		for (i++; i < json.len && json.ptr[i] != ','; i++)
			if (json.ptr[i] >= '0' && json.ptr[i] <= '9')
				rows = rows * 10 + (uint64_t)(json.ptr[i] - '0');
		if (n == 0)
			break;
		while (t < s->e.n_tables && strcmp(s->tables[t].table, name) != 0)
			t++;
		if (t == PA_LEDGER_TABLES_MAX)
			return pa_fail(err, PA_ELIMIT, 0, "more than %d tables in the ledger",
			               PA_LEDGER_TABLES_MAX);
		if (t == s->e.n_tables) {
			memcpy(s->tables[t].table, name, sizeof(name));
			s->tables[t].rows = 0;
			s->e.n_tables++;
		}
		s->tables[t].rows += rows;
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
};

static enum pa_status start(struct sum *s, const struct pa_slice *c, const char *profile,
                            struct pa_error *err)
{
	struct pa_slice p = c[C_PROFILE].ptr ? c[C_PROFILE] : pa_slice_of(profile ? profile : "");
	size_t n = c[C_SENSOR].len;
	size_t m = c[C_NAME].len;
	char *text = malloc(n + m + p.len + 1);

	if (!text)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the ledger");
	free(s->text);
	s->text = text;
	memcpy(text, c[C_SENSOR].ptr, n);
	memcpy(text + n, c[C_NAME].ptr, m);
	if (p.len)
		memcpy(text + n + m, p.ptr, p.len);
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
	s->truncated = pa_db_u64(c[C_TRUNCATED]) != 0;
	s->next_row = 1;
	s->end_row = 0;
	s->ended = 0;
	s->open = 1;
	return PA_OK;
}

static enum pa_status add(struct sum *s, const struct pa_slice *c, struct pa_error *err)
{
	uint64_t first = pa_db_u64(c[C_FIRST_ROW]);
	uint64_t last = pa_db_u64(c[C_LAST_ROW]);

	if (!c[C_PROFILE].ptr)
		return PA_OK;
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

	if (!s->open)
		return PA_OK;
	s->open = 0;
	s->e.state = !whole_capture ? PA_LEDGER_PARTIAL
	             : s->truncated ? PA_LEDGER_TRUNCATED
	                            : PA_LEDGER_COMPLETE;
	return fn(ctx, &s->e, err);
}

static enum pa_status put_select(struct pa_buf *sql, const char *sensor, const char *profile)
{
	enum pa_status st = pa_buf_puts(
	    sql, "SELECT c.capture_id, s.name, LOWER(HEX(c.sha256)), c.name, c.bytes, c.packets, "
	         "c.truncated, b.profile, b.first_row, b.last_row, b.packets, b.rejected, "
	         "b.filtered, b.cut, b.is_last, b.first_ts, b.last_ts, b.table_rows "
	         "FROM captures c JOIN sensors s ON s.sensor_id = c.sensor_id "
	         "LEFT JOIN batches b ON b.capture_id = c.capture_id");

	if (st == PA_OK && profile)
		st = pa_buf_puts(sql, " AND b.profile = ");
	if (st == PA_OK && profile)
		st = pa_sql_text(sql, profile);
	if (st == PA_OK && sensor)
		st = pa_buf_puts(sql, " WHERE s.name = ");
	if (st == PA_OK && sensor)
		st = put_text(sql, sensor, SENSOR_CHARS_MAX);
	return st == PA_OK ? pa_buf_puts(sql, " ORDER BY c.capture_id, b.profile, b.first_row, "
	                                      "b.last_row")
	                   : st;
}

enum pa_status pa_ledger_each(struct pa_db *db, const char *sensor, const char *profile,
                              pa_ledger_fn *fn, void *ctx, struct pa_error *err)
{
	struct sum s = {0};
	struct pa_db_result *r = NULL;
	const struct pa_slice *c;
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	s.tables = calloc(PA_LEDGER_TABLES_MAX, sizeof(*s.tables));
	st = s.tables ? put_select(&sql, sensor, profile) : PA_ENOMEM;
	if (st != PA_OK)
		pa_fail(err, st, 0, "no memory for the ledger");
	if (st == PA_OK)
		st = pa_db_query(db, "read the ledger", whole(&sql), 0, &r, err);
	while (st == PA_OK && (st = pa_db_next(r, &c, err)) == PA_OK) {
		int same = s.open && s.e.capture_id == pa_db_u64(c[C_ID]) &&
		           (!c[C_PROFILE].ptr ||
		            (c[C_PROFILE].len == s.e.profile.len &&
		             memcmp(c[C_PROFILE].ptr, s.e.profile.ptr, s.e.profile.len) == 0));

		if (!same)
			st = finish(&s, fn, ctx, err);
		if (st == PA_OK && !same)
			st = start(&s, c, profile, err);
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
