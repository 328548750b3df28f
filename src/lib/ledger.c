#include "pcapanalyzer/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/ddl.h"

#define STATEMENT_MAX    (8u * 1024 * 1024) /* a passport holds a profile's text */
#define SENSOR_CHARS_MAX 255                /* sensors.name */
#define NAME_CHARS_MAX   1024               /* captures.name */
#define TSHARK_CHARS_MAX 255                /* batches.tshark, passports.tshark */
#define FILTER_CHARS_MAX 255                /* passports.filter */

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

/* Run SQL, a SELECT of one number; *found is 0 when there is no row. */
static enum pa_status select_number(struct pa_db *db, const char *what, const struct pa_buf *sql,
                                    int *found, uint64_t *out, struct pa_error *err)
{
	struct pa_db_result *r = NULL;
	const struct pa_slice *cells;
	enum pa_status st = pa_db_query(db, what, pa_buf_slice(sql), 1, &r, err);

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
		st = pa_db_exec(db, what, pa_buf_slice(insert), &cause);
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

enum pa_status pa_ledger_version(struct pa_db *db, uint64_t *version, struct pa_error *err)
{
	static const char text[] = "SELECT MAX(version) FROM schema_version";
	struct pa_error cause = {0};
	struct pa_db_result *r = NULL;
	const struct pa_slice *cells;
	enum pa_status st =
	    pa_db_query(db, "read the schema's version", pa_slice_of(text), 1, &r, &cause);

	*version = 0;
	if (st == PA_OK)
		st = pa_db_next(r, &cells, &cause);
	if (st == PA_OK)
		*version = pa_db_u64(cells[0]);
	pa_db_result_free(r);
	if (st == PA_OK || cause.sys == PA_DB_NO_SUCH_TABLE)
		return PA_OK;
	return pa_fail(err, st, cause.sys, "%s", cause.msg);
}

enum pa_status pa_ledger_check(struct pa_db *db, struct pa_error *err)
{
	uint64_t version = 0;
	enum pa_status st = pa_ledger_version(db, &version, err);

	if (st != PA_OK || version == PA_LEDGER_VERSION)
		return st;
	if (version == 0)
		return pa_fail(err, PA_EDENIED, 0,
		               "there is no ledger in the database %s; run 'csv2mysql init' first",
		               pa_db_name(db));
	if (version < PA_LEDGER_VERSION)
		return pa_fail(err, PA_EDENIED, 0,
		               "the ledger in the database %s is of version %llu, this program "
		               "needs version %d; run 'csv2mysql migrate'",
		               pa_db_name(db), (unsigned long long)version, PA_LEDGER_VERSION);
	return pa_fail(err, PA_EDENIED, 0,
	               "the ledger in the database %s is of version %llu, this program knows "
	               "versions up to %d; install a newer one",
	               pa_db_name(db), (unsigned long long)version, PA_LEDGER_VERSION);
}

enum pa_status pa_ledger_sensor(struct pa_db *db, const char *name, uint64_t *sensor_id,
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
		st = find_or_add(db, "find the sensor", &select, &insert, sensor_id, err);
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
	enum pa_status st = pa_ledger_sensor(db, m->sensor ? m->sensor : "", &sensor, err);

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

static void hash_text(struct pa_sha256 *h, const char *text)
{
	const char *t = text ? text : "";

	pa_sha256_update(h, t, strlen(t) + 1);
}

/* Over everything that the passport says. */
static enum pa_status passport_sum(const struct pa_manifest *m, struct pa_slice profile_text,
                                   uint8_t out[PA_SHA256_BYTES], struct pa_error *err)
{
	struct pa_sha256 *h;
	enum pa_status st = pa_sha256_new(&h, err);

	if (st != PA_OK)
		return st;
	hash_text(h, m->tshark);
	hash_text(h, m->tshark_args);
	hash_text(h, m->dialect);
	hash_text(h, m->profile);
	hash_text(h, m->filter);
	pa_sha256_update(h, m->profile_sha256, sizeof(m->profile_sha256));
	pa_sha256_update(h, profile_text.ptr, profile_text.len);
	pa_sha256_final(h, out);
	pa_sha256_free(h);
	return PA_OK;
}

static enum pa_status put_passport(struct pa_buf *sql, const struct pa_manifest *m,
                                   const uint8_t sum[PA_SHA256_BYTES], const char *profile_text)
{
	enum pa_status st = pa_buf_puts(
	    sql, "INSERT INTO passports (sha256, profile_sha256, first_seen, tshark, tshark_args, "
	         "dialect, profile, profile_text, filter) VALUES (");

	if (st == PA_OK)
		st = put_digest(sql, sum);
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", ");
	if (st == PA_OK)
		st = put_digest(sql, m->profile_sha256);
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", UTC_TIMESTAMP(6), ");
	if (st == PA_OK)
		st = put_text(sql, m->tshark, TSHARK_CHARS_MAX);
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", ");
	if (st == PA_OK)
		st = pa_sql_text(sql, m->tshark_args ? m->tshark_args : "");
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", ");
	if (st == PA_OK)
		st = pa_sql_text(sql, m->dialect ? m->dialect : "");
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", ");
	if (st == PA_OK)
		st = pa_sql_text(sql, m->profile);
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", ");
	if (st == PA_OK)
		st = pa_sql_text(sql, profile_text);
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", ");
	if (st == PA_OK)
		st = put_text(sql, m->filter, FILTER_CHARS_MAX);
	return st == PA_OK ? pa_buf_putc(sql, ')') : st;
}

enum pa_status pa_ledger_passport(struct pa_db *db, const struct pa_manifest *m,
                                  struct pa_slice profile_text, uint32_t *passport_id,
                                  struct pa_error *err)
{
	uint8_t sum[PA_SHA256_BYTES];
	struct pa_buf select;
	struct pa_buf insert;
	char *text =
	    strndup(profile_text.len ? (const char *)profile_text.ptr : "", profile_text.len);
	uint64_t passport = 0;
	enum pa_status st = passport_sum(m, profile_text, sum, err);

	pa_buf_init(&select, STATEMENT_MAX);
	pa_buf_init(&insert, STATEMENT_MAX);
	if (st == PA_OK)
		st = pa_buf_puts(&select, "SELECT passport_id FROM passports WHERE sha256 = ");
	if (st == PA_OK)
		st = put_digest(&select, sum);
	if (st == PA_OK)
		st = text ? put_passport(&insert, m, sum, text) : PA_ENOMEM;
	if (st == PA_OK)
		st = find_or_add(db, "find the passport", &select, &insert, &passport, err);
	else
		pa_fail(err, st, 0, "no memory for the passport");
	free(text);
	pa_buf_done(&select);
	pa_buf_done(&insert);
	if (st == PA_OK)
		*passport_id = (uint32_t)passport;
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

static enum pa_status put_insert(struct pa_buf *sql, const struct pa_manifest *m, uint32_t capture,
                                 uint32_t passport)
{
	enum pa_status st = pa_buf_puts(
	    sql, "INSERT INTO batches (batch_id, capture_id, profile, profile_sha256, first_row, "
	         "last_row, packets, rejected, filtered, cut, is_last, truncated, dialect, tshark, "
	         "first_ts, last_ts, table_rows, passport_id, schema_version, loaded_at) VALUES (");

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
	return st == PA_OK ? pa_buf_printf(sql, "', %u, %d, UTC_TIMESTAMP(6))", (unsigned)passport,
	                                   PA_LEDGER_VERSION)
	                   : st;
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
		st = pa_db_query(db, "look up the batch", pa_buf_slice(&sql), 1, &r, err);
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
		        : pa_fail(err, PA_EDATA, PA_DB_DUPLICATE,
		                  "a batch with this id is stored already with other content (rows "
		                  "%llu to %llu, %llu packets); was the capture read with another "
		                  "batch size or another tshark?",
		                  (unsigned long long)pa_db_u64(cells[1]),
		                  (unsigned long long)pa_db_u64(cells[2]),
		                  (unsigned long long)pa_db_u64(cells[3]));
	} else if (st == PA_END) {
		/* It was there a moment ago. */
		st = pa_fail(err, PA_EBUSY, PA_DB_DUPLICATE, "the ledger is changing, try again");
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
		st =
		    pa_db_query(db, "look for overlapping batches", pa_buf_slice(&sql), 1, &r, err);
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

/* Does a batch with these TABLE_ROWS have rows in a table of M, rejects apart? */
static int shares_table(const struct pa_manifest *m, struct pa_slice table_rows)
{
	struct pa_ledger_rows one;

	while (pa_ledger_next_table(&table_rows, &one))
		for (unsigned i = 0; one.rows > 0 && i < m->n_tables; i++)
			if (m->tables[i].rows > 0 && strcmp(m->tables[i].name, "rejects") != 0 &&
			    strcmp(m->tables[i].name, one.table) == 0)
				return 1;
	return 0;
}

/* Another profile's rows in the same table could not be told from this one's: REPLACE would
 * silently take those that are alike. */
static enum pa_status check_sharing(struct pa_db *db, const struct pa_manifest *m, uint32_t capture,
                                    struct pa_error *err)
{
	struct pa_db_result *r = NULL;
	const struct pa_slice *cells;
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(
	    &sql, "SELECT profile, table_rows FROM batches WHERE capture_id = %u AND profile <> ",
	    (unsigned)capture);
	if (st == PA_OK)
		st = pa_sql_text(&sql, m->profile);
	if (st == PA_OK)
		st = pa_db_query(db, "look for other profiles", pa_buf_slice(&sql), 1, &r, err);
	while (st == PA_OK && (st = pa_db_next(r, &cells, err)) == PA_OK)
		if (shares_table(m, cells[1]))
			st = pa_fail(err, PA_EDATA, 0,
			             "profile %.*s has stored this capture in the same tables; "
			             "'pcapanalyzer import --redissect' replaces it",
			             (int)cells[0].len, (const char *)cells[0].ptr);
	pa_db_result_free(r);
	pa_buf_done(&sql);
	return st == PA_END ? PA_OK : st;
}

enum pa_status pa_ledger_lock(struct pa_db *db, uint32_t capture_id, struct pa_error *err)
{
	return pa_db_execf(db, "lock the capture", err,
	                   "SELECT capture_id FROM captures WHERE capture_id = %u FOR UPDATE",
	                   (unsigned)capture_id);
}

enum pa_status pa_ledger_claim(struct pa_db *db, const struct pa_manifest *m, uint32_t capture_id,
                               uint32_t passport_id, uint64_t *batch_no, struct pa_error *err)
{
	struct pa_error cause = {0};
	struct pa_buf sql;
	enum pa_status st = pa_ledger_lock(db, capture_id, err);

	if (st != PA_OK)
		return st;
	pa_buf_init(&sql, STATEMENT_MAX);
	st = put_insert(&sql, m, capture_id, passport_id);
	if (st == PA_OK)
		st = pa_db_exec(db, "enter the batch into the ledger", pa_buf_slice(&sql), &cause);
	pa_buf_done(&sql);
	if (st == PA_OK) {
		*batch_no = pa_db_insert_id(db);
		st = check_overlap(db, m, capture_id, err);
		return st == PA_OK ? check_sharing(db, m, capture_id, err) : st;
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
