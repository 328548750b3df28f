#include "pcapanalyzer/partition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/ddl.h"

#define DAY_S      86400
#define DAYS_AHEAD 3
#define DAYS_GAP   40 /* a longer pause gets one partition for all of its days */
#define TRIES      2
#define STATEMENT  65536

struct state {
	int partitioned;
	long newest; /* as in pa_partition_plan() */
	char max[80];
};

static enum pa_status put_day(struct pa_buf *out, long day, const char *format)
{
	time_t t = (time_t)day * DAY_S;
	struct tm tm;
	char text[40];

	gmtime_r(&t, &tm);
	snprintf(text, sizeof(text), format, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	return pa_buf_puts(out, text);
}

/* One partition for the days up to, not including, END. */
static enum pa_status put_partition(struct pa_buf *out, const char *name, long end)
{
	enum pa_status st = pa_buf_puts(out, "PARTITION ");

	if (st == PA_OK)
		st = name ? pa_buf_puts(out, name) : put_day(out, end - 1, "p%04d%02d%02d");
	if (st == PA_OK)
		st = pa_buf_puts(out, " VALUES LESS THAN (");
	if (st == PA_OK)
		st = put_day(out, end, "'%04d-%02d-%02d'");
	return st == PA_OK ? pa_buf_puts(out, ")") : st;
}

enum pa_status pa_partition_plan(const char *table, long newest, const char *max, time_t now,
                                 struct pa_buf *out)
{
	long today = (long)(now / DAY_S);
	long yesterday = today - 1;
	long last = today + DAYS_AHEAD + 1; /* the end of the last day */
	long end;
	int first = 1;
	enum pa_status st;

	if (newest >= last)
		return PA_OK;
	st = pa_buf_puts(out, "ALTER TABLE ");
	if (st == PA_OK)
		st = pa_sql_identifier(out, table);
	if (st == PA_OK && *max)
		st = pa_buf_puts(out, " REORGANIZE PARTITION ");
	if (st == PA_OK && *max)
		st = pa_sql_identifier(out, max);
	if (st == PA_OK)
		st = pa_buf_puts(out, *max ? " INTO (" : " ADD PARTITION (");
	if (st == PA_OK && newest == 0) {
		st = put_partition(out, "p_old", yesterday);
		newest = yesterday;
		first = 0;
	}
	end = newest + (yesterday - newest > DAYS_GAP ? yesterday - newest : 1);
	for (; st == PA_OK && end <= last; end++) {
		if (!first)
			st = pa_buf_puts(out, ", ");
		first = 0;
		if (st == PA_OK)
			st = put_partition(out, NULL, end);
	}
	if (st == PA_OK && *max)
		st = pa_buf_puts(out, ", PARTITION ");
	if (st == PA_OK && *max)
		st = pa_sql_identifier(out, max);
	if (st == PA_OK && *max)
		st = pa_buf_puts(out, " VALUES LESS THAN (MAXVALUE)");
	return st == PA_OK ? pa_buf_puts(out, ")") : st;
}

void pa_partition_day(long day, char out[PA_DAY_TEXT])
{
	time_t t = (time_t)day * DAY_S;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, PA_DAY_TEXT, "%Y-%m-%d", &tm);
}

/* "'2026-01-02'" or "'2026-01-02 00:00:00'" to days since 1970, rounded up. */
static long parse_day(struct pa_slice text)
{
	struct tm tm = {0};
	char s[64] = "";
	int clock = 0;
	int h = 0;
	int m = 0;

	if (!text.ptr || text.len >= sizeof(s))
		return 0;
	memcpy(s, text.ptr, text.len);
	if (sscanf(s, "'%4d-%2d-%2d%n %2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &clock, &h,
	           &m) < 3)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (long)(timegm(&tm) / DAY_S) + (h > 0 || m > 0);
}

static enum pa_status look(struct pa_db *db, const char *table, struct state *out,
                           struct pa_error *err)
{
	static const char what[] = "look up the partitions";
	struct pa_db_result *rows = NULL;
	const struct pa_slice *cells;
	struct pa_buf sql;
	enum pa_status st;

	*out = (struct state){0};
	pa_buf_init(&sql, STATEMENT);
	st = pa_buf_puts(&sql, "SELECT PARTITION_NAME, PARTITION_DESCRIPTION FROM "
	                       "information_schema.PARTITIONS WHERE TABLE_SCHEMA = DATABASE() AND "
	                       "PARTITION_NAME IS NOT NULL AND TABLE_NAME = ");
	if (st == PA_OK)
		st = pa_sql_text(&sql, table);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " ORDER BY PARTITION_ORDINAL_POSITION");
	if (st == PA_OK)
		st = pa_db_query(db, what, pa_buf_slice(&sql), 1, &rows, err);
	pa_buf_done(&sql);
	while (st == PA_OK && (st = pa_db_next(rows, &cells, err)) == PA_OK) {
		out->partitioned = 1;
		if (pa_slice_is(cells[1], "MAXVALUE"))
			snprintf(out->max, sizeof(out->max), "%.*s", (int)cells[0].len,
			         (const char *)cells[0].ptr);
		else if (cells[1].ptr && parse_day(cells[1]) > out->newest)
			out->newest = parse_day(cells[1]);
	}
	pa_db_result_free(rows);
	return st == PA_END ? PA_OK : st;
}

/* Another job has changed the partitions between our look and our ALTER. */
static int somebody_else(int number)
{
	return number == 1517 || number == 1493 || number == 1481 || number == 1507 ||
	       number == 1520;
}

enum pa_status pa_partition_ensure(struct pa_db *db, const char *table, time_t now,
                                   struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (int i = 0; i < TRIES; i++) {
		struct pa_error cause = {0};
		struct state have;
		struct pa_buf sql;

		st = look(db, table, &have, err);
		if (st != PA_OK || !have.partitioned)
			return st;
		pa_buf_init(&sql, STATEMENT);
		st = pa_partition_plan(table, have.newest, have.max, now, &sql);
		if (st == PA_OK && sql.len > 0)
			st = pa_db_exec(db, "set the lock wait",
			                pa_slice_of("SET SESSION lock_wait_timeout = 1"), &cause);
		if (st == PA_OK && sql.len > 0)
			st =
			    pa_db_exec(db, "make the daily partitions", pa_buf_slice(&sql), &cause);
		pa_buf_done(&sql);
		if (st == PA_OK)
			return PA_OK;
		if (i + 1 == TRIES || !somebody_else(cause.sys))
			return pa_fail(err, st, cause.sys, "%s", cause.msg);
	}
	return st;
}

static int by_end(const void *left, const void *right)
{
	const struct pa_partition *a = left;
	const struct pa_partition *b = right;

	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return strcmp(a->table, b->table);
}

enum pa_status pa_partition_list(struct pa_db *db, struct pa_partition **out, size_t *n,
                                 struct pa_error *err)
{
	static const char sql[] =
	    "SELECT TABLE_NAME, PARTITION_NAME, PARTITION_DESCRIPTION, DATA_LENGTH + INDEX_LENGTH "
	    "FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = DATABASE() AND "
	    "PARTITION_NAME IS NOT NULL";
	struct pa_partition *list = NULL;
	size_t count = 0;
	size_t cap = 0;
	struct pa_db_result *rows = NULL;
	const struct pa_slice *c;
	enum pa_status st =
	    pa_db_query(db, "look up the partitions", pa_slice_of(sql), 1, &rows, err);

	while (st == PA_OK && (st = pa_db_next(rows, &c, err)) == PA_OK) {
		struct pa_partition p = {.bytes = pa_db_u64(c[3])};

		p.end = pa_slice_is(c[2], "MAXVALUE") ? PA_PARTITION_OPEN : parse_day(c[2]);
		if (p.end == 0)
			continue;
		if (count == cap) {
			size_t more = cap ? 2 * cap : 64;
			struct pa_partition *grown = realloc(list, more * sizeof(*grown));

			if (!grown) {
				st = pa_fail(err, PA_ENOMEM, 0, "no memory to list partitions");
				break;
			}
			list = grown;
			cap = more;
		}
		pa_db_text(c[0], p.table, sizeof(p.table));
		pa_db_text(c[1], p.name, sizeof(p.name));
		list[count++] = p;
	}
	pa_db_result_free(rows);
	if (st != PA_END) {
		free(list);
		return st;
	}
	if (count > 0)
		qsort(list, count, sizeof(*list), by_end);
	*out = list;
	*n = count;
	return PA_OK;
}
