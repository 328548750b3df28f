/* metrics: the state of sensors, spool and disk in the text format of Prometheus.
 * Source: prometheus.io/docs/instrumenting/exposition_formats, "Text-based format". */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "grid.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/log.h"
#include "pcapanalyzer/summary.h"
#include "spoolstat.h"

#define PATH_BYTES 4096

/* One number of a sensor. What is not known is left out. */
struct metric {
	const char *name, *type, *help;
	int (*value)(const struct pa_summary *, const struct pa_summary_sensor *, double *);
};

static int known(double *out, double value)
{
	*out = value;
	return 1;
}

#define NUMBER(member)                                                                             \
	static int get_##member(const struct pa_summary *all, const struct pa_summary_sensor *s,   \
	                        double *out)                                                       \
	{                                                                                          \
		(void)all;                                                                         \
		return known(out, (double)s->member);                                              \
	}

NUMBER(captures)
NUMBER(partial)
NUMBER(truncated)
NUMBER(batches)
NUMBER(packets)
NUMBER(rejected)
NUMBER(dropped)
NUMBER(lost)

static int get_lag(const struct pa_summary *all, const struct pa_summary_sensor *s, double *out)
{
	return s->has_last_packet && known(out, (double)(all->now_us - s->last_packet_us) / 1e6);
}

static int get_loaded(const struct pa_summary *all, const struct pa_summary_sensor *s, double *out)
{
	(void)all;
	return s->has_loaded && known(out, (double)s->loaded_us / 1e6);
}

static int get_seen(const struct pa_summary *all, const struct pa_summary_sensor *s, double *out)
{
	(void)all;
	return s->has_seen && known(out, (double)s->seen_us / 1e6);
}

static int get_offset(const struct pa_summary *all, const struct pa_summary_sensor *s, double *out)
{
	(void)all;
	return s->has_seen && known(out, (double)s->clock_offset_us / 1e6);
}

static const struct metric metrics[] = {
    {"lag_seconds", "gauge", "How long ago the newest packet in the database was captured.",
     get_lag},
    {"last_load_timestamp_seconds", "gauge", "When the newest batch was stored.", get_loaded},
    {"last_seen_timestamp_seconds", "gauge", "When the loader of the sensor was last seen.",
     get_seen},
    {"clock_offset_seconds", "gauge", "How far the sensor's clock is ahead of the server's.",
     get_offset},
    {"captures", "gauge", "Captures in the database.", get_captures},
    {"captures_partial", "gauge", "Captures of which batches are missing.", get_partial},
    {"captures_truncated", "gauge", "Captures whose file was cut.", get_truncated},
    {"batches_total", "counter", "Batches stored.", get_batches},
    {"packets_total", "counter", "Packets stored.", get_packets},
    {"rejected_packets_total", "counter", "Packets kept aside in the table rejects.", get_rejected},
    {"dropped_packets_total", "counter", "Packets that kernel or dumpcap could not take.",
     get_dropped},
    {"lost_packets_total", "counter", "Packets captured that are not in the database.", get_lost},
};

static enum pa_status put_head(struct pa_buf *out, const char *name, const char *type,
                               const char *help)
{
	return pa_buf_printf(out, "# HELP pcapanalyzer_%s %s\n# TYPE pcapanalyzer_%s %s\n", name,
	                     help, name, type);
}

static enum pa_status put_plain(struct pa_buf *out, const char *name, const char *help,
                                uint64_t value)
{
	enum pa_status st = put_head(out, name, "gauge", help);

	return st == PA_OK
	           ? pa_buf_printf(out, "pcapanalyzer_%s %llu\n", name, (unsigned long long)value)
	           : st;
}

static enum pa_status put_label(struct pa_buf *out, const char *text)
{
	enum pa_status st = PA_OK;

	for (; st == PA_OK && *text; text++) {
		if (*text == '\n')
			st = pa_buf_puts(out, "\\n");
		else if (*text == '\\' || *text == '"')
			st = pa_buf_printf(out, "\\%c", *text);
		else
			st = pa_buf_putc(out, (uint8_t)*text);
	}
	return st;
}

static enum pa_status put_sensors(struct pa_buf *out, const struct pa_summary *s)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		const struct metric *m = &metrics[i];

		if (st == PA_OK)
			st = put_head(out, m->name, m->type, m->help);
		for (size_t j = 0; st == PA_OK && j < s->n_sensors; j++) {
			double value = 0;

			if (!m->value(s, &s->sensors[j], &value))
				continue;
			st = pa_buf_printf(out, "pcapanalyzer_%s{sensor=\"", m->name);
			if (st == PA_OK)
				st = put_label(out, s->sensors[j].name);
			if (st == PA_OK)
				st = pa_buf_printf(out, "\"} %.*f\n",
				                   value == (double)(int64_t)value ? 0 : 6, value);
		}
	}
	return st;
}

static enum pa_status put_spool(struct pa_buf *out, const struct spoolstat *s)
{
	enum pa_status st =
	    put_plain(out, "spool_waiting_batches", "Batches that wait for the loader.", s->ready);

	if (st == PA_OK)
		st = put_plain(out, "spool_waiting_events",
		               "Coverage events that wait for the loader.", s->events);
	if (st == PA_OK)
		st = put_plain(out, "spool_oldest_seconds", "How long the oldest of them waits.",
		               (uint64_t)s->oldest_s);
	if (st == PA_OK)
		st = put_plain(out, "spool_aside", "Batches and events kept aside.", s->aside);
	if (st == PA_OK)
		st = put_plain(out, "spool_bytes", "Bytes of all files in the spool.", s->bytes);
	if (st == PA_OK)
		st = put_plain(out, "disk_free_bytes", "Free bytes where the spool is.",
		               s->disk_free);
	return st == PA_OK ? put_plain(out, "disk_size_bytes", "Size of the disk that it is on.",
	                               s->disk_size)
	                   : st;
}

/* Beside PATH under another name, then in its place: whoever reads it meanwhile sees all of the
 * old numbers or all of the new ones. */
static enum pa_status replace_file(const char *path, struct pa_slice text, struct pa_error *err)
{
	char temporary[PATH_BYTES];
	enum pa_status st;

	if (snprintf(temporary, sizeof(temporary), "%s.%ld", path, (long)getpid()) >= PATH_BYTES)
		return pa_fail(err, PA_EUSAGE, 0, "option --output: the path is too long");
	(void)unlink(temporary); /* of one that was killed */
	st = pa_io_write_file(AT_FDCWD, temporary, text.ptr, text.len, err);
	if (st != PA_OK)
		return st;
	/* The collector is another user. */
	if (chmod(temporary, 0644) != 0 || rename(temporary, path) != 0) {
		st = pa_fail(err, PA_EIO, errno, "cannot replace %s: %s", path, strerror(errno));
		(void)unlink(temporary);
	}
	return st;
}

enum pa_status command_metrics(struct run *r, struct pa_error *err)
{
	struct spoolstat spool = {0};
	struct pa_summary summary = {0};
	struct pa_error cause = {0};
	struct pa_db *db = NULL;
	struct pa_buf out;
	uint64_t version;
	enum pa_status st;
	int up;

	if (!r->o.spool)
		return pa_fail(err, PA_EUSAGE, 0, "metrics needs --spool DIR");
	st = spoolstat_read(r->o.spool, &spool, err);
	if (st != PA_OK)
		return st;
	pa_buf_init(&out, ANSWER_MAX);
	up = connect_reader(r, &db, &version, &cause) == PA_OK &&
	     pa_summary_read(db, version, r->o.sensor, &summary, &cause) == PA_OK;
	pa_db_free(db);
	if (!up)
		pa_log_warning("%s", cause.msg);
	st = put_plain(&out, "database_up", "1 when the database answered.", (uint64_t)up);
	if (st == PA_OK)
		st = put_spool(&out, &spool);
	if (st == PA_OK && up)
		st = put_sensors(&out, &summary);
	st = no_memory(st, err);
	if (st == PA_OK)
		st = r->o.output ? replace_file(r->o.output, pa_buf_slice(&out), err)
		                 : flush_answer(&out, err);
	pa_summary_done(&summary);
	pa_buf_done(&out);
	return st;
}
