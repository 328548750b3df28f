/* coverage: when was there traffic, when was there none, and when did nobody look? */
#include <string.h>

#include "commands.h"
#include "grid.h"
#include "pcapanalyzer/coverage.h"
#include "pcapanalyzer/ddl.h"

#define STATEMENT_MAX   16384
#define TEMPORARY_BYTES (512u * 1024 * 1024)

static const struct pa_db_column columns[] = {
    {"sensor", PA_DB_TEXT},    {"interface", PA_DB_TEXT}, {"from", PA_DB_TEXT},
    {"until", PA_DB_TEXT},     {"state", PA_DB_TEXT},     {"packets", PA_DB_NUMBER},
    {"dropped", PA_DB_NUMBER}, {"lost", PA_DB_NUMBER},    {"why", PA_DB_TEXT},
};

/* One timeline for each sensor and interface. */
struct answer {
	struct grid grid;
	struct pa_coverage *timeline;
	struct pa_buf sensor, interface; /* whose it is; NUL-terminated */
	int open;
};

static enum pa_status interval_row(void *ctx, const struct pa_coverage_interval *i,
                                   struct pa_error *err)
{
	struct answer *a = ctx;
	struct grid *g = &a->grid;
	enum pa_status st = put_slice(g, pa_buf_slice(&a->sensor));

	if (st == PA_OK)
		st = put_slice(g, pa_buf_slice(&a->interface));
	if (st == PA_OK)
		st = put_time(g, i->from_us);
	if (st == PA_OK)
		st = put_time(g, i->until_us);
	if (st == PA_OK)
		st = put_text(g, pa_coverage_state_name(i->state));
	if (st == PA_OK)
		st = put_number(g, i->packets);
	if (st == PA_OK)
		st = put_number(g, i->dropped);
	if (st == PA_OK)
		st = put_number(g, i->lost);
	if (st == PA_OK)
		st = put_text(g, i->why);
	return no_memory(st, err);
}

/* Every interface that was ever captured has a row without an event, which comes first. A sensor
 * without any, whose captures were all imported, has one interface without a name. Imported
 * captures, those that no event names, are there from their first to their last packet; the most
 * packets that one profile has of them count. An event about a capture is not a day away from its
 * packets. */
static const char select_sql[] =
    "SELECT s.name, e.interface, e.kind, "
    "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', e.from_ts) AS from_us, "
    "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', e.until_ts), e.packets, e.detail "
    "FROM (SELECT s.sensor_id, COALESCE(i.interface, '') AS interface, NULL AS kind, "
    "NULL AS from_ts, NULL AS until_ts, NULL AS packets, '' AS detail "
    "FROM sensors s LEFT JOIN (SELECT DISTINCT sensor_id, interface FROM coverage) AS i "
    "ON i.sensor_id = s.sensor_id "
    "UNION ALL "
    "SELECT v.sensor_id, v.interface, v.kind, v.from_ts, v.until_ts, "
    "COALESCE(v.packets, c.packets), v.detail "
    "FROM coverage v LEFT JOIN captures c ON c.sensor_id = v.sensor_id "
    "AND c.sha256 = v.capture_sha256 AND v.packets IS NULL AND v.kind = 'captured' WHERE v.from_ts "
    "< @until AND v.until_ts >= @since "
    "UNION ALL "
    "SELECT sensor_id, '', 'captured', MIN(first_ts), "
    "MAX(last_ts) + INTERVAL 1 MICROSECOND, MAX(packets), '' "
    "FROM (SELECT c.sensor_id, c.capture_id, MIN(b.first_ts) AS first_ts, "
    "MAX(b.last_ts) AS last_ts, SUM(b.packets) AS packets "
    "FROM batches b JOIN captures c ON c.capture_id = b.capture_id "
    "LEFT JOIN (SELECT DISTINCT sensor_id, capture_sha256 FROM coverage "
    "WHERE capture_sha256 IS NOT NULL AND from_ts < @until + INTERVAL 1 DAY "
    "AND until_ts >= @since - INTERVAL 1 DAY) AS known "
    "ON known.sensor_id = c.sensor_id AND known.capture_sha256 = c.sha256 "
    "WHERE b.first_ts < @until AND b.last_ts >= @since AND known.sensor_id IS NULL "
    "GROUP BY c.sensor_id, c.capture_id, b.profile) AS imported GROUP BY sensor_id, capture_id"
    ") AS e JOIN sensors s ON s.sensor_id = e.sensor_id";

static enum pa_status put_select(struct pa_buf *sql, const char *sensor)
{
	enum pa_status st = pa_buf_puts(sql, select_sql);

	if (st == PA_OK && sensor)
		st = pa_buf_puts(sql, " WHERE s.name = ");
	if (st == PA_OK && sensor)
		st = pa_sql_text(sql, sensor);
	return st == PA_OK ? pa_buf_puts(sql, " ORDER BY s.name, e.interface, from_us") : st;
}

static enum pa_status next_timeline(struct answer *a, const struct pa_slice *cells,
                                    struct pa_error *err)
{
	enum pa_status st = a->open ? pa_coverage_finish(a->timeline, err) : PA_OK;

	if (st != PA_OK)
		return st;
	a->open = 1;
	pa_buf_reset(&a->sensor);
	pa_buf_reset(&a->interface);
	st = pa_buf_put(&a->sensor, cells[0].ptr, cells[0].len);
	if (st == PA_OK)
		st = pa_buf_put(&a->interface, cells[1].ptr, cells[1].len);
	return no_memory(st, err);
}

static int same(const struct pa_buf *b, struct pa_slice s)
{
	return b->len == s.len && (s.len == 0 || memcmp(b->ptr, s.ptr, s.len) == 0);
}

static enum pa_status take_row(struct answer *a, const struct pa_slice *cells, struct pa_error *err)
{
	struct pa_coverage_event e = {.from_us = (int64_t)pa_db_u64(cells[3]),
	                              .until_us = (int64_t)pa_db_u64(cells[4]),
	                              .has_packets = cells[5].ptr != NULL,
	                              .packets = pa_db_u64(cells[5]),
	                              .detail = cells[6]};
	enum pa_status st = PA_OK;

	if (!a->open || !same(&a->sensor, cells[0]) || !same(&a->interface, cells[1]))
		st = next_timeline(a, cells, err);
	/* A kind that a later version has made says nothing to this one. */
	return st == PA_OK && pa_event_kind_of(cells[2], &e.kind)
	           ? pa_coverage_add(a->timeline, &e, err)
	           : st;
}

static enum pa_status read_rows(struct answer *a, struct pa_db *db, const char *sensor,
                                struct pa_error *err)
{
	struct pa_db_result *rows = NULL;
	const struct pa_slice *cells;
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = no_memory(put_select(&sql, sensor), err);
	/* Months of small captures are more than the usual 16 MB; slower without, but no failure.
	 */
	(void)!pa_db_execf(db, "set the memory", NULL,
	                   "SET SESSION tmp_table_size = %u, max_heap_table_size = %u",
	                   TEMPORARY_BYTES, TEMPORARY_BYTES);
	if (st == PA_OK)
		st = pa_db_query(db, "read the coverage", pa_buf_slice(&sql), 0, &rows, err);
	while (st == PA_OK && (st = pa_db_next(rows, &cells, err)) == PA_OK)
		st = take_row(a, cells, err);
	pa_db_result_free(rows);
	pa_buf_done(&sql);
	if (st == PA_END)
		st = a->open ? pa_coverage_finish(a->timeline, err) : PA_OK;
	return st;
}

/* The server reads the two times, so that they mean here what they mean in a query. */
static enum pa_status read_times(const struct options *o, struct pa_db *db, int64_t *since_us,
                                 int64_t *until_us, struct pa_error *err)
{
	char since[LITERAL_MAX];
	char until[LITERAL_MAX];
	struct pa_db_result *r = NULL;
	const struct pa_slice *cells;
	enum pa_status st = time_literal("since", o->since, since, err);

	if (st == PA_OK)
		st = time_literal("until", o->until, until, err);
	if (st == PA_OK)
		st = pa_db_execf(db, "set the time asked for", err,
		                 "SET @since = CAST(%s AS DATETIME(6)), "
		                 "@until = CAST(%s AS DATETIME(6))",
		                 since, until);
	if (st == PA_OK)
		st = pa_db_query(db, "read the time asked for",
		                 pa_slice_of("SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', "
		                             "@since), TIMESTAMPDIFF(MICROSECOND, '1970-01-01', "
		                             "@until), @since < @until AND @since >= '1970-01-01'"),
		                 1, &r, err);
	if (st == PA_OK)
		st = pa_db_next(r, &cells, err);
	if (st == PA_OK && pa_db_u64(cells[2]) == 0)
		st = pa_fail(err, PA_EUSAGE, 0, "the time asked for ends before it begins");
	if (st == PA_OK) {
		*since_us = (int64_t)pa_db_u64(cells[0]);
		*until_us = (int64_t)pa_db_u64(cells[1]);
	}
	pa_db_result_free(r);
	return st;
}

enum pa_status command_coverage(struct run *r, struct pa_error *err)
{
	struct answer a = {.grid = {columns, sizeof(columns) / sizeof(columns[0]), {0}}};
	struct pa_db *db = NULL;
	int64_t since_us = 0;
	int64_t until_us = 0;
	enum pa_status st;

	if (!r->o.since || !r->o.until)
		return pa_fail(err, PA_EUSAGE, 0, "coverage needs --since and --until");
	pa_buf_init(&a.grid.text, ANSWER_MAX);
	pa_buf_init(&a.sensor, STATEMENT_MAX);
	pa_buf_init(&a.interface, STATEMENT_MAX);
	st = pa_db_connect(&r->connection, PA_DB_READ_ONLY, &db, err);
	if (st == PA_OK)
		st = pa_ledger_check(db, err); /* before version 3 there is no coverage */
	if (st == PA_OK)
		st = read_times(&r->o, db, &since_us, &until_us, err);
	if (st == PA_OK)
		st = pa_coverage_new(since_us, until_us, interval_row, &a, &a.timeline, err);
	if (st == PA_OK)
		st = read_rows(&a, db, r->o.sensor, err);
	if (st == PA_OK)
		st = print_grid(&a.grid, answer_format(&r->o), err);
	pa_coverage_free(a.timeline);
	pa_buf_done(&a.grid.text);
	pa_buf_done(&a.sensor);
	pa_buf_done(&a.interface);
	pa_db_free(db);
	return st;
}
