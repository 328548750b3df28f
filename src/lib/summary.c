#include "pcapanalyzer/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pcapanalyzer/convert.h"
#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/manifest.h"

#define STATEMENT_MAX 8192
#define TIME_BYTES    26 /* of a DATETIME(6) */

enum { HAS_BATCH = 1, HAS_TRUNCATED = 2, HAS_REJECTED = 4, IS_PARTIAL = 8 };

/* What is known of one capture. */
struct capture {
	uint16_t sensor; /* index + 1; 0: there is no such capture, or it is not asked for */
	uint8_t is;
	uint32_t part; /* index + 1 of the first of its parts, 0 for none */
};

/* A capture that one profile has in several batches, or not to its end. */
struct part {
	uint32_t capture_id;
	uint32_t next; /* of the same capture, index + 1 */
	char profile[PA_NAME_MAX];
	uint64_t rows, last_row, end_row;
	int ended;
};

/* How far a sensor is. */
struct progress {
	char last_ts[TIME_BYTES];
	uint32_t newest; /* of its captures that have a batch */
};

struct reader {
	struct pa_db *db;
	/* A day from now. What is later says nothing of how far behind a sensor is. */
	char horizon[TIME_BYTES];
	struct pa_summary *s;
	struct progress *progress; /* of each sensor */
	uint32_t first_id;         /* captures[0] is of this one */
	struct capture *captures;
	size_t n_captures;
	struct part *parts;
	size_t n_parts, cap_parts;
};

static enum pa_status no_memory(struct pa_error *err)
{
	return pa_fail(err, PA_ENOMEM, 0, "no memory for the summary of the ledger");
}

static int64_t time_of(struct pa_slice cell, int *has)
{
	*has = cell.ptr != NULL;
	return (int64_t)pa_db_u64(cell);
}

static int64_t signed_of(struct pa_slice cell)
{
	int minus = cell.len > 0 && cell.ptr[0] == '-';
	int64_t v =
	    (int64_t)pa_db_u64(minus ? (struct pa_slice){cell.ptr + 1, cell.len - 1} : cell);

	return minus ? -v : v;
}

typedef enum pa_status row_fn(struct reader *r, const struct pa_slice *cells, struct pa_error *err);

static enum pa_status each_row(struct reader *r, const char *what, struct pa_slice sql, row_fn *fn,
                               struct pa_error *err)
{
	struct pa_db_result *rows = NULL;
	const struct pa_slice *cells;
	enum pa_status st = pa_db_query(r->db, what, sql, 0, &rows, err);

	while (st == PA_OK && (st = pa_db_next(rows, &cells, err)) == PA_OK)
		st = fn(r, cells, err);
	pa_db_result_free(rows);
	return st == PA_END ? PA_OK : st;
}

/* Sensors */

static enum pa_status take_sensor(struct reader *r, const struct pa_slice *cells,
                                  struct pa_error *err)
{
	struct pa_summary *s = r->s;
	struct pa_summary_sensor *bigger =
	    realloc(s->sensors, (s->n_sensors + 1) * sizeof(*bigger));
	struct pa_summary_sensor *new;

	if (!bigger)
		return no_memory(err);
	s->sensors = bigger;
	new = &bigger[s->n_sensors];
	*new = (struct pa_summary_sensor){.sensor_id = pa_db_u64(cells[0])};
	new->name = strndup((const char *)cells[1].ptr, cells[1].len);
	if (!new->name)
		return no_memory(err);
	s->n_sensors++;
	new->seen_us = time_of(cells[2], &new->has_seen);
	new->clock_offset_us = signed_of(cells[3]);
	new->waiting = pa_db_u64(cells[4]);
	s->now_us = (int64_t)pa_db_u64(cells[5]);
	return PA_OK;
}

static enum pa_status read_sensors(struct reader *r, uint64_t version, const char *sensor,
                                   struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_printf(&sql,
	                   "SELECT sensor_id, name, %s, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', "
	                   "UTC_TIMESTAMP(6)) FROM sensors",
	                   version >= 3 ? "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', last_seen), "
	                                  "clock_offset_us, waiting_batches"
	                                : "NULL, NULL, NULL");
	if (st == PA_OK && sensor)
		st = pa_buf_puts(&sql, " WHERE name = ");
	if (st == PA_OK && sensor)
		st = pa_sql_text(&sql, sensor);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " ORDER BY name");
	st = st == PA_OK ? each_row(r, "read the sensors", pa_buf_slice(&sql), take_sensor, err)
	                 : no_memory(err);
	pa_buf_done(&sql);
	return st;
}

/* The index + 1 of a sensor; 0 for one that is not asked for. */
static uint16_t find_sensor(const struct pa_summary *s, uint64_t sensor_id)
{
	for (size_t i = 0; i < s->n_sensors; i++)
		if (s->sensors[i].sensor_id == sensor_id)
			return (uint16_t)(i + 1);
	return 0;
}

/* Captures */

static enum pa_status take_capture(struct reader *r, const struct pa_slice *cells,
                                   struct pa_error *err)
{
	uint64_t place = pa_db_u64(cells[0]) - r->first_id;
	uint16_t sensor = find_sensor(r->s, pa_db_u64(cells[1]));

	(void)err;
	if (sensor == 0 || place >= r->n_captures)
		return PA_OK;
	r->captures[place].sensor = sensor;
	r->s->sensors[sensor - 1].captures++;
	return PA_OK;
}

static enum pa_status take_range(struct reader *r, const struct pa_slice *cells,
                                 struct pa_error *err)
{
	if (!cells[0].ptr || r->captures)
		return PA_OK;
	r->first_id = (uint32_t)pa_db_u64(cells[0]);
	r->n_captures = pa_db_u64(cells[1]) - r->first_id + 1;
	r->captures = calloc(r->n_captures, sizeof(*r->captures));
	return r->captures ? PA_OK : no_memory(err);
}

static enum pa_status read_captures(struct reader *r, struct pa_error *err)
{
	enum pa_status st = each_row(
	    r, "read the captures",
	    pa_slice_of("SELECT MIN(capture_id), MAX(capture_id) FROM captures"), take_range, err);

	return st == PA_OK ? each_row(r, "read the captures",
	                              pa_slice_of("SELECT capture_id, sensor_id FROM captures"),
	                              take_capture, err)
	                   : st;
}

/* Batches */

static struct part *find_part(struct reader *r, struct capture *c, uint32_t capture_id,
                              struct pa_slice profile)
{
	struct part *p;

	for (uint32_t i = c->part; i > 0; i = r->parts[i - 1].next)
		if (pa_slice_is(profile, r->parts[i - 1].profile))
			return &r->parts[i - 1];
	if (r->n_parts == r->cap_parts) {
		size_t more = r->cap_parts ? 2 * r->cap_parts : 64;
		struct part *bigger = realloc(r->parts, more * sizeof(*bigger));

		if (!bigger)
			return NULL;
		r->parts = bigger;
		r->cap_parts = more;
	}
	p = &r->parts[r->n_parts++];
	*p = (struct part){.capture_id = capture_id, .next = c->part};
	pa_db_text(profile, p->profile, sizeof(p->profile));
	c->part = (uint32_t)r->n_parts;
	return p;
}

/* A batch that is a whole capture with nothing to tell, as most of a service are: less to
 * send for each of a million takes less time. */
#define PLAIN                                                                                      \
	"is_last AND first_row = 1 AND rejected = 0 AND filtered = 0 AND cut = 0 AND NOT "         \
	"truncated"

static const char plain_sql[] = "SELECT capture_id, packets, last_ts FROM batches WHERE " PLAIN;
static const char others_sql[] = "SELECT capture_id, packets, last_ts, rejected, "
                                 "IF(loaded_at >= UTC_TIMESTAMP(6) - INTERVAL 1 DAY, rejected, 0), "
                                 "filtered, cut, truncated, profile, first_row, last_row, is_last "
                                 "FROM batches WHERE NOT (" PLAIN ")";

enum column {
	C_CAPTURE,
	C_PACKETS,
	C_LAST_TS,
	C_REJECTED,
	C_REJECTED_24H,
	C_FILTERED,
	C_CUT,
	C_TRUNCATED,
	C_PROFILE,
	C_FIRST_ROW,
	C_LAST_ROW,
	C_IS_LAST,
};

static enum pa_status take_part(struct reader *r, struct capture *c, const struct pa_slice *cells,
                                struct pa_error *err)
{
	uint64_t first = pa_db_u64(cells[C_FIRST_ROW]);
	uint64_t last = pa_db_u64(cells[C_LAST_ROW]);
	struct part *p = find_part(r, c, (uint32_t)pa_db_u64(cells[C_CAPTURE]), cells[C_PROFILE]);

	if (!p)
		return no_memory(err);
	if (last >= first)
		p->rows += last - first + 1;
	if (last > p->last_row)
		p->last_row = last;
	if (pa_db_u64(cells[C_IS_LAST])) {
		p->ended = 1;
		p->end_row = last;
	}
	return PA_OK;
}

static struct capture *find_capture(struct reader *r, struct pa_slice id)
{
	uint64_t place = pa_db_u64(id) - r->first_id;

	return place < r->n_captures && r->captures[place].sensor > 0 ? &r->captures[place] : NULL;
}

static enum pa_status take_plain(struct reader *r, const struct pa_slice *cells,
                                 struct pa_error *err)
{
	struct capture *c = find_capture(r, cells[C_CAPTURE]);
	struct progress *p;

	(void)err;
	if (!c)
		return PA_OK;
	c->is |= HAS_BATCH;
	r->s->sensors[c->sensor - 1].batches++;
	r->s->sensors[c->sensor - 1].packets += pa_db_u64(cells[C_PACKETS]);
	p = &r->progress[c->sensor - 1];
	if (pa_db_u64(cells[C_CAPTURE]) > p->newest)
		p->newest = (uint32_t)pa_db_u64(cells[C_CAPTURE]);
	/* As text, times sort as they do as times. */
	if (cells[C_LAST_TS].len == sizeof(p->last_ts) &&
	    memcmp(cells[C_LAST_TS].ptr, r->horizon, strlen(r->horizon)) < 0 &&
	    memcmp(cells[C_LAST_TS].ptr, p->last_ts, sizeof(p->last_ts)) > 0)
		memcpy(p->last_ts, cells[C_LAST_TS].ptr, sizeof(p->last_ts));
	return PA_OK;
}

static enum pa_status take_other(struct reader *r, const struct pa_slice *cells,
                                 struct pa_error *err)
{
	struct capture *c = find_capture(r, cells[C_CAPTURE]);
	struct pa_summary_sensor *s;

	if (!c)
		return PA_OK;
	s = &r->s->sensors[c->sensor - 1];
	s->rejected += pa_db_u64(cells[C_REJECTED]);
	s->rejected_24h += pa_db_u64(cells[C_REJECTED_24H]);
	s->filtered += pa_db_u64(cells[C_FILTERED]);
	s->cut += pa_db_u64(cells[C_CUT]);
	c->is |= pa_db_u64(cells[C_TRUNCATED]) ? HAS_TRUNCATED : 0;
	c->is |= pa_db_u64(cells[C_REJECTED]) ? HAS_REJECTED : 0;
	(void)!take_plain(r, cells, err);
	return take_part(r, c, cells, err);
}

/* Batches of one capture and profile never overlap, so as many rows as the last one's number
 * are all of them. */
static void close_parts(struct reader *r)
{
	for (size_t i = 0; i < r->n_parts; i++) {
		const struct part *p = &r->parts[i];

		if (!p->ended || p->end_row != p->last_row || p->rows != p->last_row)
			r->captures[p->capture_id - r->first_id].is |= IS_PARTIAL;
	}
}

static void keep_newest(struct pa_summary *s, uint32_t capture_id)
{
	if (s->n_newest == PA_SUMMARY_NEWEST)
		memmove(s->newest, s->newest + 1, --s->n_newest * sizeof(*s->newest));
	s->newest[s->n_newest++] = capture_id;
}

static enum pa_status close_captures(struct reader *r, struct pa_error *err)
{
	struct pa_summary *s = r->s;
	size_t cap = 0;

	for (size_t i = 0; i < r->n_captures; i++) {
		const struct capture *c = &r->captures[i];
		int partial = !(c->is & HAS_BATCH) || c->is & IS_PARTIAL;

		if (c->sensor == 0)
			continue;
		keep_newest(s, r->first_id + (uint32_t)i);
		s->sensors[c->sensor - 1].partial += (uint64_t)partial;
		s->sensors[c->sensor - 1].truncated += !partial && c->is & HAS_TRUNCATED;
		s->captures_rejected += (c->is & HAS_REJECTED) != 0;
		if (!partial && !(c->is & (HAS_TRUNCATED | HAS_REJECTED)))
			continue;
		if (s->n_not_ok == cap) {
			size_t more = cap ? 2 * cap : 64;
			uint32_t *bigger = realloc(s->not_ok, more * sizeof(*bigger));

			if (!bigger)
				return no_memory(err);
			s->not_ok = bigger;
			cap = more;
		}
		s->not_ok[s->n_not_ok++] = r->first_id + (uint32_t)i;
	}
	return PA_OK;
}

static enum pa_status take_loaded(struct reader *r, const struct pa_slice *cells,
                                  struct pa_error *err)
{
	struct pa_summary_sensor *s = &r->s->sensors[pa_db_u64(cells[0])];

	(void)err;
	s->loaded_us = time_of(cells[1], &s->has_loaded);
	return PA_OK;
}

static enum pa_status read_progress(struct reader *r, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < r->s->n_sensors; i++) {
		const struct progress *p = &r->progress[i];
		struct pa_summary_sensor *s = &r->s->sensors[i];
		struct pa_time t;
		char sql[200];

		s->has_last_packet =
		    pa_time_read((struct pa_slice){(const uint8_t *)p->last_ts, TIME_BYTES}, &t) ==
		    PA_OK;
		if (s->has_last_packet)
			s->last_packet_us = t.sec * 1000000 + t.nsec / 1000;
		if (p->newest == 0)
			continue;
		snprintf(sql, sizeof(sql),
		         "SELECT %zu, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', MAX(loaded_at)) "
		         "FROM batches WHERE capture_id = %u",
		         i, (unsigned)p->newest);
		st = each_row(r, "read the last load", pa_slice_of(sql), take_loaded, err);
	}
	return st;
}

static enum pa_status read_batches(struct reader *r, struct pa_error *err)
{
	time_t tomorrow = time(NULL) + 24 * 60 * 60;
	struct tm tm;
	enum pa_status st;

	gmtime_r(&tomorrow, &tm);
	strftime(r->horizon, sizeof(r->horizon), "%Y-%m-%d %H:%M:%S", &tm);
	r->progress = calloc(r->s->n_sensors + 1, sizeof(*r->progress));
	if (!r->progress)
		return no_memory(err);
	st = each_row(r, "read the batches", pa_slice_of(plain_sql), take_plain, err);
	if (st == PA_OK)
		st = each_row(r, "read the batches", pa_slice_of(others_sql), take_other, err);
	return st == PA_OK ? read_progress(r, err) : st;
}

/* Coverage */

/* Few rows, summed here: GROUP BY would go through an index to each of them. */
static const char missed_sql[] =
    "SELECT sensor_id, kind = 'dropped', packets, from_ts >= UTC_TIMESTAMP(6) - INTERVAL 1 DAY "
    "FROM coverage WHERE kind IN ('dropped', 'lost')";

static enum pa_status take_missed(struct reader *r, const struct pa_slice *cells,
                                  struct pa_error *err)
{
	uint16_t i = find_sensor(r->s, pa_db_u64(cells[0]));
	uint64_t packets = pa_db_u64(cells[2]);
	uint64_t recent = pa_db_u64(cells[3]) ? packets : 0;
	struct pa_summary_sensor *s;

	(void)err;
	if (i == 0)
		return PA_OK;
	s = &r->s->sensors[i - 1];
	if (pa_db_u64(cells[1])) {
		s->dropped += packets;
		s->dropped_24h += recent;
	} else {
		s->lost += packets;
		s->lost_24h += recent;
	}
	return PA_OK;
}

enum pa_status pa_summary_read(struct pa_db *db, uint64_t version, const char *sensor,
                               struct pa_summary *out, struct pa_error *err)
{
	struct pa_summary s = {0};
	struct reader r = {.db = db, .s = &s};
	enum pa_status st =
	    pa_db_exec(db, "start reading",
	               pa_slice_of("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"), err);

	if (st == PA_OK)
		st = read_sensors(&r, version, sensor, err);
	if (st == PA_OK)
		st = read_captures(&r, err);
	if (st == PA_OK)
		st = read_batches(&r, err);
	if (st == PA_OK) {
		close_parts(&r);
		st = close_captures(&r, err);
	}
	if (st == PA_OK && version >= 3)
		st = each_row(&r, "read the coverage", pa_slice_of(missed_sql), take_missed, err);
	free(r.captures);
	free(r.parts);
	free(r.progress);
	if (st != PA_OK)
		pa_summary_done(&s);
	else
		*out = s;
	return st;
}

void pa_summary_done(struct pa_summary *s)
{
	for (size_t i = 0; i < s->n_sensors; i++)
		free(s->sensors[i].name);
	free(s->sensors);
	free(s->not_ok);
	*s = (struct pa_summary){0};
}

struct pa_summary_sensor pa_summary_total(const struct pa_summary *s)
{
	struct pa_summary_sensor t = {0};

	for (size_t i = 0; i < s->n_sensors; i++) {
		const struct pa_summary_sensor *one = &s->sensors[i];

		t.captures += one->captures;
		t.partial += one->partial;
		t.truncated += one->truncated;
		t.batches += one->batches;
		t.packets += one->packets;
		t.rejected += one->rejected;
		t.filtered += one->filtered;
		t.cut += one->cut;
	}
	return t;
}
