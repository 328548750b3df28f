/* What the ledger keeps of sensors: their coverage, and when their loader was last seen. */
#include <time.h>

#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/ledger.h"

#define STATEMENT_MAX 16384
#define TIME_TEXT     27

static enum pa_status put_number(struct pa_buf *sql, int known, uint64_t v)
{
	return known ? pa_buf_printf(sql, ", %llu", (unsigned long long)v)
	             : pa_buf_puts(sql, ", NULL");
}

static enum pa_status put_event(struct pa_buf *sql, uint64_t sensor_id, const char *id,
                                const struct pa_event *e)
{
	char from[TIME_TEXT];
	char until[TIME_TEXT];
	char hex[PA_SHA256_HEX + 1];
	enum pa_status st;

	pa_time_text(e->from, from);
	pa_time_text(e->until, until);
	pa_hex(e->capture_sha256, PA_SHA256_BYTES, hex);
	st = pa_buf_printf(sql,
	                   "INSERT INTO coverage (sensor_id, event_id, kind, from_ts, until_ts, "
	                   "packets, bytes, capture_sha256, interface, detail) "
	                   "VALUES (%llu, '%s', '%s', '%s', '%s'",
	                   (unsigned long long)sensor_id, id, pa_event_kind_name(e->kind), from,
	                   until);
	if (st == PA_OK)
		st = put_number(sql, e->has_packets, e->packets);
	if (st == PA_OK)
		st = put_number(sql, e->has_bytes, e->bytes);
	if (st == PA_OK)
		st = e->has_capture ? pa_buf_printf(sql, ", x'%s', ", hex)
		                    : pa_buf_puts(sql, ", NULL, ");
	if (st == PA_OK)
		st = pa_sql_text(sql, e->interface);
	if (st == PA_OK)
		st = pa_buf_puts(sql, ", ");
	if (st == PA_OK)
		st = pa_sql_text(sql, e->detail);
	return st == PA_OK ? pa_buf_putc(sql, ')') : st;
}

enum pa_status pa_ledger_event(struct pa_db *db, uint64_t sensor_id, const char *id,
                               const struct pa_event *e, struct pa_error *err)
{
	struct pa_error cause = {0};
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = put_event(&sql, sensor_id, id, e);
	if (st != PA_OK)
		pa_fail(err, st, 0, "no memory for a coverage event");
	else
		st = pa_db_exec(db, "store the coverage event", pa_buf_slice(&sql), &cause);
	pa_buf_done(&sql);
	if (st != PA_OK && st != PA_EDUP)
		return pa_fail(err, st, cause.sys, "%s", cause.msg);
	return st;
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

enum pa_status pa_ledger_clock(struct pa_db *db, int64_t *offset_us, struct pa_error *err)
{
	static const char text[] =
	    "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))";
	struct pa_db_result *r = NULL;
	const struct pa_slice *cells;
	int64_t sent = now_us();
	enum pa_status st =
	    pa_db_query(db, "ask for the server's clock", pa_slice_of(text), 1, &r, err);
	int64_t middle = sent + (now_us() - sent) / 2;

	if (st == PA_OK)
		st = pa_db_next(r, &cells, err);
	if (st == PA_OK)
		*offset_us = middle - (int64_t)pa_db_u64(cells[0]);
	pa_db_result_free(r);
	return st;
}

enum pa_status pa_ledger_seen(struct pa_db *db, const char *sensor, int64_t offset_us,
                              uint64_t waiting, const char *loader, struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(&sql,
	                   "UPDATE sensors SET last_seen = UTC_TIMESTAMP(6), clock_offset_us = "
	                   "%lld, waiting_batches = %llu, loader = ",
	                   (long long)offset_us, (unsigned long long)waiting);
	if (st == PA_OK)
		st = pa_sql_text(&sql, loader);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " WHERE name = ");
	if (st == PA_OK)
		st = pa_sql_text(&sql, sensor);
	if (st == PA_OK)
		st = pa_db_exec(db, "note that the loader lives", pa_buf_slice(&sql), err);
	else
		pa_fail(err, st, 0, "no memory for a statement");
	pa_buf_done(&sql);
	return st;
}
