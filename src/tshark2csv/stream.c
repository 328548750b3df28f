#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"
#include "pcapanalyzer/aside.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/lockdown.h"
#include "pcapanalyzer/rows.h"
#include "sink.h"

#define TRAILER    "#pcapanalyzer end="
#define PIPE_BYTES (1024 * 1024) /* what anybody may ask for */

static volatile sig_atomic_t stop_signal;

static void on_signal(int signo)
{
	stop_signal = signo;
}

struct stream {
	int fd;
	struct sink sink;
	struct pa_transform *transform;
	struct pa_rows *rows;
	enum sink_end end;
	int begun;    /* the first bytes were looked at, and are no capture */
	uint64_t row; /* input rows, header and trailer not counted */
};

/* Rows that tshark has printed must not wait for more of them: before a read that would
 * block, everything is written out; not before it is known that there are rows. */
static enum pa_status read_some(struct stream *s, uint8_t *bytes, size_t n, size_t *got,
                                struct pa_error *err)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	int ready = poll(&p, 1, 0);

	if (ready == 0 && s->begun) {
		enum pa_status st = sink_idle(&s->sink, err);
		int timeout = sink_timeout_ms(&s->sink);

		if (st == PA_OK && timeout >= 0 && poll(&p, 1, timeout) == 0)
			st = sink_flush(&s->sink, err);
		if (st != PA_OK)
			return st;
	}
	for (;;) {
		ssize_t r = stop_signal ? -1 : read(s->fd, bytes, n);

		if (stop_signal)
			return pa_fail(err, PA_ABORTED, 0, "stopped by signal %d",
			               (int)stop_signal);
		if (r >= 0) {
			*got = (size_t)r;
			return PA_OK;
		}
		if (errno != EINTR)
			return pa_fail(err, PA_EIO, errno, "cannot read the input: %s",
			               strerror(errno));
	}
}

/* A capture would be nothing but rejects. */
static enum pa_status refuse_capture(struct stream *s, uint8_t *bytes, size_t n, size_t *got,
                                     struct pa_error *err)
{
	enum pa_status st = PA_OK;
	size_t last = *got;
	const char *kind;
	int more = 0;

	kind = capture_kind(bytes, *got, &more);
	while (st == PA_OK && last > 0 && more && *got < n) {
		st = read_some(s, bytes + *got, n - *got, &last, err);
		if (st == PA_OK)
			*got += last;
		kind = capture_kind(bytes, *got, &more);
	}
	if (st != PA_OK || !kind)
		return st;
	return pa_fail(err, PA_EUSAGE, 0,
	               "the input is %s, not what tshark prints; run: "
	               "tshark -r %s $(tshark2csv --tshark-args) | tshark2csv",
	               kind, s->sink.o->input ? s->sink.o->input : "x.pcap");
}

static enum pa_status read_input(void *ctx, uint8_t *bytes, size_t n, size_t *got,
                                 struct pa_error *err)
{
	struct stream *s = ctx;
	enum pa_status st = read_some(s, bytes, n, got, err);

	if (st != PA_OK || s->begun)
		return st;
	st = refuse_capture(s, bytes, n, got, err);
	s->begun = 1;
	return st;
}

static int is_trailer(struct stream *s, const struct pa_row *row)
{
	static const struct {
		const char *text;
		enum sink_end end;
	} trailers[] = {
	    {TRAILER "complete", SINK_COMPLETE},
	    {TRAILER "truncated", SINK_TRUNCATED},
	    {TRAILER "failed", SINK_FAILED},
	};

	if (!s->sink.o->trailer || row->kind != PA_ROW_WHOLE)
		return 0;
	for (size_t i = 0; i < sizeof(trailers) / sizeof(trailers[0]); i++) {
		if (pa_slice_is(row->line, trailers[i].text)) {
			s->end = trailers[i].end;
			return 1;
		}
	}
	return 0;
}

static enum pa_status keep_aside(struct stream *s, const struct pa_row *row,
                                 const struct pa_outcome_info *info, struct pa_error *err)
{
	enum pa_status st = sink_reject_begin(&s->sink, s->row, info, err);

	if (st == PA_OK)
		st = sink_reject_bytes(&s->sink, row->line, err);
	return st == PA_OK ? sink_reject_end(&s->sink, err) : st;
}

/* A row above the limit: its pieces go aside one by one. */
static enum pa_status keep_long_aside(struct stream *s, struct pa_row *row, struct pa_error *err)
{
	struct pa_outcome_info info = {.outcome = PA_ROW_REJECTED};
	const char reason[] = "the row is longer than --max-row-bytes";
	enum pa_status st;

	memcpy(info.reason, reason, sizeof(reason));
	st = sink_reject_begin(&s->sink, s->row, &info, err);
	while (st == PA_OK) {
		st = sink_reject_bytes(&s->sink, row->line, err);
		if (st != PA_OK || row->kind == PA_ROW_LAST_PIECE)
			break;
		st = pa_rows_next(s->rows, row, err);
	}
	return st == PA_OK ? sink_reject_end(&s->sink, err) : st;
}

static enum pa_status take_row(struct stream *s, struct pa_row *row, struct pa_error *err)
{
	struct pa_outcome_info info;
	enum pa_status st;

	if (is_trailer(s, row))
		return PA_OK;
	s->row++;
	if (row->kind != PA_ROW_WHOLE)
		return keep_long_aside(s, row, err);
	st = pa_transform_row(s->transform, s->rows, row, s->sink.outputs, &info, err);
	if (st != PA_OK)
		return st;
	switch (info.outcome) {
	case PA_ROW_HEADER:
		s->row--;
		return PA_OK;
	case PA_ROW_REJECTED:
		return keep_aside(s, row, &info, err);
	case PA_ROW_CONVERTED:
		break;
	}
	return sink_converted(&s->sink, s->row, &info, err);
}

/* tshark prints into the pipe while a batch goes to disk: some 100 ms of its work fit. Without
 * them it waits; that is no failure. */
static void widen_pipe(int fd)
{
#ifdef F_SETPIPE_SZ
	(void)!fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
#else
	(void)fd;
#endif
}

/* In a pipe Ctrl-C reaches tshark as well: it ends, and we end on its end of file. */
static void set_signals(int fd)
{
	struct sigaction a = {.sa_handler = on_signal};
	struct stat info;

	sigemptyset(&a.sa_mask);
	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGHUP, &a, NULL);
	if (fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode))
		a.sa_handler = SIG_IGN;
	sigaction(SIGINT, &a, NULL);
}

static enum pa_status run(struct stream *s, struct pa_error *err)
{
	struct pa_row row;
	enum pa_status st = PA_OK;

	while (st == PA_OK) {
		st = pa_rows_next(s->rows, &row, err);
		if (st != PA_OK)
			break;
		if (s->end != SINK_END)
			return pa_fail(err, PA_EROW, 0, "input goes on behind the trailer");
		st = take_row(s, &row, err);
	}
	if (st == PA_END)
		return sink_finish(&s->sink, s->end, err);
	/* What was converted before the trouble is whole and may go out. */
	if (!s->sink.spool && st != PA_EPIPE && st != PA_EUSAGE)
		(void)!sink_flush(&s->sink, NULL);
	return st;
}

static enum pa_status read_aside(const char *path, struct pa_aside **out, struct pa_error *err)
{
	struct pa_buf text;
	enum pa_status st;

	pa_buf_init(&text, PA_ASIDE_BYTES_MAX);
	st = pa_io_read_file(AT_FDCWD, path, &text, err);
	if (st == PA_OK)
		st = pa_aside_read(pa_buf_slice(&text), out, err);
	pa_buf_done(&text);
	return st;
}

enum pa_status stream_run(const struct options *o, const struct pa_profile *p,
                          const struct pa_table *table, int fd, uint64_t *rows, uint64_t *rejected,
                          struct pa_error *err)
{
	struct stream s = {.fd = fd};
	const struct pa_rows_config rc = {.read = read_input,
	                                  .ctx = &s,
	                                  .separator = o->separator,
	                                  .quote = o->quote_byte,
	                                  .max_bytes = (size_t)o->max_row_bytes,
	                                  .max_cells = PA_PROFILE_FIELDS_MAX};
	struct pa_transform_config tc = {.only = o->spool ? NULL : table,
	                                 .capture_id = o->capture_id,
	                                 .dialect = o->spoken,
	                                 .occurrence = (enum pa_occurrence)o->occurrence,
	                                 .separator = o->separator,
	                                 .aggregator = o->aggregator,
	                                 .quote = o->quote_byte};
	struct pa_aside *aside = NULL;
	enum pa_status st = sink_open(&s.sink, o, p, table, err);

	if (o->spool)
		widen_pipe(fd);
	tc.style = sink_style(&s.sink);
	if (st == PA_OK && o->aside_file)
		st = read_aside(o->aside_file, &aside, err);
	tc.aside = aside;
	if (st == PA_OK)
		st = pa_transform_new(p, &tc, &s.transform, err);
	s.sink.transform = s.transform;
	if (st == PA_OK)
		st = pa_rows_new(&rc, &s.rows, err);
	if (st == PA_OK)
		st = pa_lockdown(o->spool, err);
	if (st == PA_OK) {
		set_signals(fd);
		st = run(&s, err);
	}
	*rows = s.row;
	*rejected = s.sink.rejected;
	pa_rows_free(s.rows);
	pa_transform_free(s.transform);
	pa_aside_free(aside);
	sink_close(&s.sink);
	return st;
}
