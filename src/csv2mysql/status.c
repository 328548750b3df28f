/* status: how far behind each sensor is, what is stored, and what is not as it should be. */
#include <string.h>

#include "commands.h"
#include "grid.h"
#include "pcapanalyzer/log.h"
#include "pcapanalyzer/summary.h"
#include "spoolstat.h"

#define NOT_OK_MAX 100 /* captures shown beside the newest */
#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))

static const struct pa_db_column captures_columns[] = {
    {"capture_id", PA_DB_NUMBER}, {"sensor", PA_DB_TEXT},     {"profile", PA_DB_TEXT},
    {"state", PA_DB_TEXT},        {"packets", PA_DB_NUMBER},  {"stored", PA_DB_NUMBER},
    {"rejected", PA_DB_NUMBER},   {"filtered", PA_DB_NUMBER}, {"cut", PA_DB_NUMBER},
    {"pruned", PA_DB_NUMBER},     {"batches", PA_DB_NUMBER},  {"first_ts", PA_DB_TEXT},
    {"last_ts", PA_DB_TEXT},      {"name", PA_DB_TEXT},
};

static const struct pa_db_column sensors_columns[] = {
    {"sensor", PA_DB_TEXT},         {"last_packet", PA_DB_TEXT},     {"lag_s", PA_DB_NUMBER},
    {"last_seen", PA_DB_TEXT},      {"clock_skew_us", PA_DB_NUMBER}, {"waiting", PA_DB_NUMBER},
    {"rejected_24h", PA_DB_NUMBER}, {"dropped_24h", PA_DB_NUMBER},   {"lost_24h", PA_DB_NUMBER},
};

/* On a terminal or not, people read it. */
static enum pa_print_format status_format(const struct options *o)
{
	return o->format == FORMAT_AUTO ? PA_PRINT_TABLE : answer_format(o);
}

struct status {
	struct grid captures, sensors;
	struct pa_summary summary;
	struct spoolstat spool;
	size_t n_left_out; /* not ok, but too many to show */
};

static enum pa_status captures_row(void *ctx, const struct pa_ledger_entry *e, struct pa_error *err)
{
	struct grid *g = ctx;
	enum pa_status st = put_number(g, e->capture_id);

	if (st == PA_OK)
		st = put_slice(g, e->sensor);
	if (st == PA_OK)
		st = put_slice(g, e->profile);
	if (st == PA_OK)
		st = put_text(g, state_name(e->state));
	if (st == PA_OK)
		st = e->has_packets ? put_number(g, e->packets) : put_null(g);
	if (st == PA_OK)
		st = put_number(g, e->stored);
	if (st == PA_OK)
		st = put_number(g, e->rejected);
	if (st == PA_OK)
		st = put_number(g, e->filtered);
	if (st == PA_OK)
		st = put_number(g, e->cut);
	if (st == PA_OK)
		st = put_number(g, e->pruned);
	if (st == PA_OK)
		st = put_number(g, e->batches);
	if (st == PA_OK)
		st = e->first_ts[0] ? put_text(g, e->first_ts) : put_null(g);
	if (st == PA_OK)
		st = e->last_ts[0] ? put_text(g, e->last_ts) : put_null(g);
	if (st == PA_OK)
		st = put_slice(g, e->name);
	return no_memory(st, err);
}

static enum pa_status sensors_row(struct grid *g, const struct pa_summary *s,
                                  const struct pa_summary_sensor *one)
{
	enum pa_status st = put_text(g, one->name);

	if (st == PA_OK)
		st = one->has_last_packet ? put_time(g, one->last_packet_us) : put_null(g);
	if (st == PA_OK)
		st = one->has_last_packet
		         ? put_signed(g, (s->now_us - one->last_packet_us) / 1000000)
		         : put_null(g);
	if (st == PA_OK)
		st = one->has_seen ? put_time(g, one->seen_us) : put_null(g);
	if (st == PA_OK)
		st = one->has_seen ? put_signed(g, one->clock_offset_us) : put_null(g);
	if (st == PA_OK)
		st = one->has_seen ? put_number(g, one->waiting) : put_null(g);
	if (st == PA_OK)
		st = put_number(g, one->rejected_24h);
	if (st == PA_OK)
		st = put_number(g, one->dropped_24h);
	return st == PA_OK ? put_number(g, one->lost_24h) : st;
}

/* The newest captures, and the newest of those that are not as they should be. */
static enum pa_status read_newest(struct status *s, struct pa_db *db, struct pa_error *err)
{
	const struct pa_summary *m = &s->summary;
	uint32_t ids[PA_SUMMARY_NEWEST + NOT_OK_MAX];
	size_t n = m->n_newest;

	memcpy(ids, m->newest, n * sizeof(*ids));
	s->n_left_out = m->n_not_ok > NOT_OK_MAX ? m->n_not_ok - NOT_OK_MAX : 0;
	for (size_t i = s->n_left_out; i < m->n_not_ok; i++)
		ids[n++] = m->not_ok[i];
	return pa_ledger_some(db, ids, n, captures_row, &s->captures, err);
}

static enum pa_status read_all(struct status *s, struct pa_db *db, uint64_t version,
                               const struct options *o, struct pa_error *err)
{
	enum pa_print_format format = status_format(o);
	enum pa_status st = pa_summary_read(db, version, o->sensor, &s->summary, err);

	if (st != PA_OK)
		return st;
	for (size_t i = 0; st == PA_OK && i < s->summary.n_sensors; i++)
		st = no_memory(sensors_row(&s->sensors, &s->summary, &s->summary.sensors[i]), err);
	if (st == PA_OK && (o->all || format == PA_PRINT_CSV || format == PA_PRINT_TSV))
		return pa_ledger_each(db, o->sensor, NULL, captures_row, &s->captures, err);
	return st == PA_OK ? read_newest(s, db, err) : st;
}

/* For people */

static enum pa_status put_people(const struct status *s, struct pa_buf *out)
{
	struct pa_summary_sensor t = pa_summary_total(&s->summary);
	enum pa_status st = format_grid(&s->sensors, PA_PRINT_TABLE, out);

	if (st == PA_OK)
		st = pa_buf_printf(out,
		                   "\n%llu captures: %llu partial, %llu truncated; %llu batches, "
		                   "%llu packets stored, %llu rejected, %llu filtered\n\n",
		                   (unsigned long long)t.captures, (unsigned long long)t.partial,
		                   (unsigned long long)t.truncated, (unsigned long long)t.batches,
		                   (unsigned long long)t.packets, (unsigned long long)t.rejected,
		                   (unsigned long long)t.filtered);
	if (st == PA_OK)
		st = format_grid(&s->captures, PA_PRINT_TABLE, out);
	return st;
}

static void tell_spool(const struct spoolstat *s, const char *dir)
{
	if (s->ready > 0)
		pa_log_note("%llu batches wait in the spool; 'pcapanalyzer load' stores them",
		            (unsigned long long)s->ready);
	if (s->aside > 0)
		pa_log_note("%llu batches or events are kept aside in %s/aside; each has a file "
		            "\"reason\"",
		            (unsigned long long)s->aside, dir);
}

static void tell_captures(const struct status *s, int all)
{
	struct pa_summary_sensor t = pa_summary_total(&s->summary);

	if (t.rejected > 0)
		pa_log_warning("%llu packets of %llu captures were kept aside, for tshark's lines "
		               "about them could not be converted; 'pcapanalyzer query rejects' "
		               "shows them",
		               (unsigned long long)t.rejected,
		               (unsigned long long)s->summary.captures_rejected);
	if (!all && s->n_left_out > 0)
		pa_log_note("%zu more captures are partial, truncated or have rejected packets; "
		            "--all lists them",
		            s->n_left_out);
}

/* For programs */

static enum pa_status put_database(const struct pa_error *cause, uint64_t version,
                                   struct pa_buf *out)
{
	struct pa_slice text = pa_slice_of(cause->msg);
	enum pa_status st = pa_buf_printf(
	    out, ",\"database\":{\"up\":%s,\"ledger\":", cause->code == PA_OK ? "true" : "false");

	if (st == PA_OK)
		st = version ? pa_buf_put_u64(out, version) : pa_buf_puts(out, "null");
	if (st == PA_OK)
		st = pa_buf_puts(out, ",\"error\":");
	if (st == PA_OK)
		st =
		    cause->code == PA_OK ? pa_buf_puts(out, "null") : pa_print_json_text(text, out);
	return st == PA_OK ? pa_buf_puts(out, "}}\n") : st;
}

static enum pa_status put_json(const struct status *s, int has_spool, const struct pa_error *cause,
                               uint64_t version, struct pa_buf *out)
{
	enum pa_status st = pa_buf_puts(out, "{\"captures\":");

	if (st == PA_OK)
		st = format_grid(&s->captures, PA_PRINT_JSON, out);
	if (st == PA_OK)
		st = pa_buf_puts(out, ",\"sensors\":");
	if (st == PA_OK)
		st = format_grid(&s->sensors, PA_PRINT_JSON, out);
	if (st == PA_OK && !has_spool)
		st = pa_buf_puts(out, ",\"spool\":null");
	if (st == PA_OK && has_spool)
		st = pa_buf_printf(
		    out,
		    ",\"spool\":{\"ready\":%llu,\"aside\":%llu,\"events\":%llu,"
		    "\"oldest_s\":%lld}",
		    (unsigned long long)s->spool.ready, (unsigned long long)s->spool.aside,
		    (unsigned long long)s->spool.events, (long long)s->spool.oldest_s);
	return st == PA_OK ? put_database(cause, version, out) : st;
}

static enum pa_status print_status(const struct status *s, const struct options *o,
                                   const struct pa_error *cause, uint64_t version,
                                   struct pa_error *err)
{
	struct pa_buf out;
	enum pa_status st;

	pa_buf_init(&out, ANSWER_MAX);
	switch (status_format(o)) {
	case PA_PRINT_JSON:
		st = put_json(s, o->spool != NULL, cause, version, &out);
		break;
	case PA_PRINT_TABLE:
		st = put_people(s, &out);
		break;
	default:
		st = format_grid(&s->captures, status_format(o), &out);
		break;
	}
	st = no_memory(st, err);
	if (st == PA_OK)
		st = flush_answer(&out, err);
	pa_buf_done(&out);
	return st;
}

enum pa_status command_status(struct run *r, struct pa_error *err)
{
	const struct options *o = &r->o;
	struct status s = {.captures = {captures_columns, COUNT(captures_columns), {0}},
	                   .sensors = {sensors_columns, COUNT(sensors_columns), {0}}};
	struct pa_db *db = NULL;
	struct pa_error cause = {0};
	uint64_t version = 0;
	enum pa_status st = PA_OK;
	enum pa_status answer;

	pa_buf_init(&s.captures.text, ANSWER_MAX);
	pa_buf_init(&s.sensors.text, ANSWER_MAX);
	if (o->spool)
		st = spoolstat_read(o->spool, &s.spool, err);
	if (st != PA_OK)
		return st;
	if (o->spool && status_format(o) != PA_PRINT_JSON)
		tell_spool(&s.spool, o->spool);
	answer = connect_reader(r, &db, &version, &cause);
	if (answer == PA_OK)
		answer = read_all(&s, db, version, o, &cause);
	/* A program wants to know how the spool is, even more when the database is away. */
	if (answer == PA_OK || status_format(o) == PA_PRINT_JSON)
		st = print_status(&s, o, &cause, version, err);
	if (answer == PA_OK)
		tell_captures(&s, o->all);
	else if (st == PA_OK) {
		*err = cause;
		st = answer;
	}
	pa_summary_done(&s.summary);
	pa_buf_done(&s.captures.text);
	pa_buf_done(&s.sensors.text);
	pa_db_free(db);
	return st;
}
