#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "pcapanalyzer/csv.h"
#include "pcapanalyzer/io.h"
#include "print.h"

#define OUTPUT_BYTES  (256u * 1024)         /* written at once when this much waits */
#define OUTPUT_LIMIT  (1024u * 1024 * 1024) /* all rows of one packet must fit */
#define PROGRESS_MS   500
#define ROWS_PER_LOOK 256 /* at the clock */

static const enum pa_csv_style styles[] = {
    [PA_FORMAT_MYSQL] = PA_CSV_MYSQL,
    [PA_FORMAT_RFC4180] = PA_CSV_RFC4180,
    [PA_FORMAT_TSV] = PA_CSV_TSV,
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum pa_status open_spool(struct sink *s, struct pa_error *err)
{
	const struct options *o = s->o;
	char host[256] = "localhost";
	struct pa_spool_config c = {
	    .dir = o->spool,
	    .profile = s->p,
	    .sensor = o->sensor ? o->sensor : host,
	    .capture_name = o->capture_name ? o->capture_name
	                    : o->input      ? o->input
	                                    : "-",
	    .tshark = o->tshark,
	    .filter = "tshark2csv " PA_VERSION,
	    .replaces = o->replace,
	    .capture_bytes = o->capture_bytes,
	    .has_capture_packets = o->capture_packets != UINT64_MAX,
	    .capture_packets = o->capture_packets != UINT64_MAX ? o->capture_packets : 0,
	    .batch_rows = o->batch_rows,
	    .batch_bytes = o->batch_bytes,
	};

	gethostname(host, sizeof(host) - 1);
	if (o->capture_sha256) {
		if (pa_unhex(pa_slice_of(o->capture_sha256), c.capture_sha256, PA_SHA256_BYTES) !=
		    PA_OK)
			return pa_fail(err, PA_EUSAGE, 0,
			               "option --capture-sha256: not 64 hexadecimal digits");
	} else if (getrandom(c.capture_sha256, sizeof(c.capture_sha256), 0) !=
	           sizeof(c.capture_sha256)) {
		return pa_fail(err, PA_EIO, errno, "cannot get random bytes: %s", strerror(errno));
	}
	s->sensor_name = strdup(c.sensor);
	if (!s->sensor_name)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the spool");
	c.sensor = s->sensor_name;
	if (print_typed_args(o, s->p, &s->tshark_args) != PA_OK ||
	    pa_buf_putc(&s->tshark_args, '\0') != PA_OK)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for tshark's arguments");
	c.tshark_args = (const char *)s->tshark_args.ptr;
	return pa_spool_new(&c, &s->spool, err);
}

static enum pa_status open_file(const char *name, int flags, int *fd, struct pa_error *err)
{
	*fd = open(name, flags | O_CREAT | O_CLOEXEC, 0600);
	return *fd < 0 ? pa_fail(err, PA_EIO, errno, "cannot open %s: %s", name, strerror(errno))
	               : PA_OK;
}

/* Before the first batch: who has the name can tell whether one of them is in the spool. */
static enum pa_status write_name(const struct sink *s, struct pa_error *err)
{
	const char *prefix = pa_spool_prefix(s->spool);
	int fd;
	enum pa_status st = open_file(s->o->name_file, O_WRONLY | O_TRUNC, &fd, err);

	if (st != PA_OK)
		return st;
	st = pa_io_write_all(fd, prefix, strlen(prefix), s->o->name_file, err);
	if (st == PA_OK)
		st = pa_io_write_all(fd, "\n", 1, s->o->name_file, err);
	close(fd);
	return st;
}

static enum pa_status write_header(struct sink *s, struct pa_error *err)
{
	if (s->spool || s->o->format != PA_FORMAT_RFC4180)
		return PA_OK;
	if (pa_transform_columns(s->p, s->table, PA_CSV_RFC4180, s->waiting) != PA_OK ||
	    pa_csv_end_row(s->waiting, PA_CSV_RFC4180) != PA_OK)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the output");
	return PA_OK;
}

enum pa_status sink_open(struct sink *s, const struct options *o, const struct pa_profile *p,
                         const struct pa_table *table, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	*s = (struct sink){.o = o,
	                   .p = p,
	                   .table = table,
	                   .rejects_fd = -1,
	                   .rejects_name = "standard error",
	                   .progress_fd = -1};
	pa_buf_init(&s->tshark_args, PA_TSHARK_ARGS_MAX);
	for (unsigned i = 0; i < PA_PROFILE_TABLES_MAX; i++) {
		pa_buf_init(&s->own[i].bytes, OUTPUT_LIMIT);
		pa_buf_init(&s->own[i].runs, OUTPUT_LIMIT);
	}
	if (o->rejects) {
		st = open_file(o->rejects, O_WRONLY | O_APPEND, &s->rejects_fd, err);
		s->rejects_name = o->rejects;
	} else if (!o->spool) {
		s->rejects_fd = dup(STDERR_FILENO);
	}
	if (st == PA_OK && o->progress_file)
		st = open_file(o->progress_file, O_WRONLY | O_TRUNC, &s->progress_fd, err);
	if (st == PA_OK && o->spool)
		st = open_spool(s, err);
	s->outputs = st == PA_OK && o->spool ? pa_spool_outputs(s->spool) : s->own;
	s->waiting = &s->own[table - p->tables].bytes;
	if (st == PA_OK && o->name_file)
		st = write_name(s, err);
	if (st == PA_OK)
		st = write_header(s, err);
	return st;
}

void sink_close(struct sink *s)
{
	pa_spool_free(s->spool);
	free(s->sensor_name);
	pa_buf_done(&s->tshark_args);
	for (unsigned i = 0; i < PA_PROFILE_TABLES_MAX; i++) {
		pa_buf_done(&s->own[i].bytes);
		pa_buf_done(&s->own[i].runs);
	}
	if (s->rejects_fd >= 0)
		close(s->rejects_fd);
	if (s->progress_fd >= 0)
		close(s->progress_fd);
}

enum pa_csv_style sink_style(const struct sink *s)
{
	return s->spool ? PA_CSV_BATCH : styles[s->o->format];
}

static enum pa_status write_output(struct sink *s, struct pa_error *err)
{
	enum pa_status st = pa_io_write_all(STDOUT_FILENO, s->waiting->ptr, s->waiting->len,
	                                    "standard output", err);

	pa_buf_reset(s->waiting);
	return st;
}

/* For a watcher that reads the file at any moment: one write, never shorter than before. */
static void show_progress(struct sink *s)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)s->rows);

	(void)!pwrite(s->progress_fd, text, (size_t)n, 0);
}

static __attribute__((noinline)) void look_at_clock(struct sink *s)
{
	int64_t now = now_ms();

	if (s->spool && s->batch_began_ms == 0)
		s->batch_began_ms = now;
	if (s->progress_fd >= 0 && now - s->progress_ms >= PROGRESS_MS) {
		s->progress_ms = now;
		show_progress(s);
	}
}

static inline enum pa_status count_row(struct sink *s, struct pa_error *err)
{
	if (s->rows % ROWS_PER_LOOK == 0 || (s->spool && s->batch_began_ms == 0))
		look_at_clock(s);
	s->rows++;
	if (s->spool ? pa_spool_full(s->spool) : s->waiting->len >= OUTPUT_BYTES)
		return sink_flush(s, err);
	return PA_OK;
}

enum pa_status sink_converted(struct sink *s, uint64_t row, const struct pa_outcome_info *info,
                              struct pa_error *err)
{
	if (s->spool)
		pa_spool_packet(s->spool, row, info);
	return count_row(s, err);
}

enum pa_status sink_reject_begin(struct sink *s, uint64_t row, const struct pa_outcome_info *info,
                                 struct pa_error *err)
{
	struct pa_buf head;
	enum pa_status st = PA_OK;

	s->rejected++;
	if (s->rejects_fd >= 0) {
		pa_buf_init(&head, 4096);
		st = pa_buf_printf(&head, "%llu\t", (unsigned long long)row);
		if (st == PA_OK && info->frame)
			st = pa_buf_printf(&head, "%llu", (unsigned long long)info->frame);
		if (st == PA_OK)
			st = pa_buf_printf(&head, "\t%s\t", info->column ? info->column : "");
		if (st == PA_OK)
			st = pa_csv_escape(&head, (const uint8_t *)info->reason,
			                   strlen(info->reason));
		if (st == PA_OK)
			st = pa_buf_putc(&head, '\t');
		if (st == PA_OK)
			st = pa_io_write_all(s->rejects_fd, head.ptr, head.len, s->rejects_name,
			                     err);
		pa_buf_done(&head);
	}
	if (st == PA_OK && s->spool)
		st = pa_spool_reject_begin(s->spool, row, info, err);
	return st;
}

enum pa_status sink_reject_bytes(struct sink *s, struct pa_slice bytes, struct pa_error *err)
{
	struct pa_buf text;
	enum pa_status st = PA_OK;

	if (s->rejects_fd >= 0) {
		pa_buf_init(&text, OUTPUT_LIMIT);
		st = pa_csv_escape(&text, bytes.ptr, bytes.len);
		if (st != PA_OK)
			pa_fail(err, st, 0, "no memory for a rejected row");
		if (st == PA_OK)
			st = pa_io_write_all(s->rejects_fd, text.ptr, text.len, s->rejects_name,
			                     err);
		pa_buf_done(&text);
	}
	if (st == PA_OK && s->spool)
		st = pa_spool_reject_bytes(s->spool, bytes, err);
	return st;
}

enum pa_status sink_reject_end(struct sink *s, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	if (s->rejects_fd >= 0)
		st = pa_io_write_all(s->rejects_fd, "\n", 1, s->rejects_name, err);
	if (st == PA_OK && s->spool)
		st = pa_spool_reject_end(s->spool, err);
	return st == PA_OK ? count_row(s, err) : st;
}

enum pa_status sink_idle(struct sink *s, struct pa_error *err)
{
	if (s->progress_fd >= 0)
		show_progress(s);
	return s->spool ? PA_OK : write_output(s, err);
}

int sink_timeout_ms(const struct sink *s)
{
	int64_t left;

	if (!s->spool || s->o->batch_seconds == 0 || !pa_spool_pending(s->spool))
		return -1;
	left = s->batch_began_ms + (int64_t)s->o->batch_seconds * 1000 - now_ms();
	return left > 0 ? (int)left : 0;
}

enum pa_status sink_flush(struct sink *s, struct pa_error *err)
{
	s->batch_began_ms = 0;
	return s->spool ? pa_spool_flush(s->spool, PA_CAPTURE_OPEN,
	                                 pa_transform_dialect(s->transform), err)
	                : write_output(s, err);
}

enum pa_status sink_finish(struct sink *s, enum sink_end end, struct pa_error *err)
{
	if (s->progress_fd >= 0)
		show_progress(s);
	if (!s->spool)
		return write_output(s, err);
	if (end == SINK_FAILED || (end == SINK_END && s->o->trailer))
		return pa_fail(err, PA_ABORTED, 0,
		               "tshark did not finish; rows behind the last whole batch were "
		               "discarded: do this capture again");
	/* tshark 4.6 that is interrupted in the middle of a file ends with status 0. */
	if (end == SINK_COMPLETE && s->o->capture_packets != UINT64_MAX &&
	    s->rows < s->o->capture_packets)
		return pa_fail(err, PA_ABORTED, 0,
		               "tshark printed %llu of the capture's %llu packets; rows behind the "
		               "last whole batch were discarded: do this capture again",
		               (unsigned long long)s->rows,
		               (unsigned long long)s->o->capture_packets);
	return pa_spool_flush(s->spool,
	                      end == SINK_TRUNCATED ? PA_CAPTURE_TRUNCATED : PA_CAPTURE_COMPLETE,
	                      pa_transform_dialect(s->transform), err);
}
