#include "divide.h"

#include <stdlib.h>
#include <unistd.h>

#include "feed.h"
#include "pcapanalyzer/io.h"
#include "workers.h"

#define ROWS_BYTES    (8u * 1024 * 1024) /* of each worker that may wait for those of others */
#define OUTPUT_BYTES  (256u * 1024)      /* written at once */
#define OUTPUT_MAX    (4 * (size_t)PA_PACKET_MAX)
#define PUSHES        64u   /* at once */
#define FIELDS_PUSHED 32u   /* a row of so many has as many bytes, and tshark keeps 4096 back */
#define LEAD          4096u /* frames that each worker may be given before they have a row */

struct division {
	struct workers workers;
	struct feed feed;
	struct pa_renumber *renumber;
	struct pa_buf out;
	uint64_t printed; /* frame of the last row in it */
	int flushed;      /* the workers keep no row back */
};

static enum pa_status write_rows(struct division *d, struct pa_error *err)
{
	enum pa_status st =
	    pa_io_write_all(STDOUT_FILENO, d->out.ptr, d->out.len, "standard output", err);

	pa_buf_reset(&d->out);
	return st;
}

/* The worker whose row is waited for, and comes only when it prints more; -1 for none. */
static int find_pushed(const struct division *d)
{
	unsigned worker;

	return !d->flushed && pa_merge_waits(d->workers.merge, &worker) &&
	               workers_is_dry(&d->workers, worker)
	           ? (int)worker
	           : -1;
}

/* May the capture be read further? Not far, for rows that come at an even pace are not waited for
 * by whoever takes them. */
static int has_room(const struct division *d)
{
	return PA_MERGE_FRAMES - pa_merge_room(d->workers.merge) < (size_t)LEAD * d->workers.n &&
	       workers_have_room(&d->workers);
}

/* Read on while there is room, and for a worker that needs it when there is none. */
static enum pa_status read_capture(struct division *d, struct pa_error *err)
{
	const struct pa_merge *merge = d->workers.merge;
	unsigned pushes = PUSHES;
	enum pa_status st = PA_OK;

	d->feed.pushed = find_pushed(d);
	while (st == PA_OK && !d->feed.ended && pa_merge_room(merge) > 0) {
		if (d->feed.pushed >= 0 && pushes-- == 0)
			d->feed.pushed = -1;
		if (d->feed.pushed < 0 && !has_room(d))
			break;
		st = feed_next(&d->feed, err);
	}
	return st;
}

/* Print the rows whose turn it is. */
static enum pa_status take_rows(struct division *d, struct pa_error *err)
{
	struct pa_merge_row row;
	enum pa_status st;

	while ((st = pa_merge_next(d->workers.merge, &row, err)) == PA_OK) {
		if (!row.again)
			st = pa_renumber_row(d->renumber, row.worker, row.line, &d->out, err);
		else if (row.frame == d->printed)
			st = pa_renumber_again(d->renumber, row.worker, row.line, err);
		if (!row.again)
			d->printed = row.frame;
		if (st == PA_OK && d->out.len >= OUTPUT_BYTES)
			st = write_rows(d, err);
		if (st != PA_OK)
			return st;
	}
	return st == PA_END ? PA_OK : st;
}

static enum pa_status work(struct division *d, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	while (st == PA_OK && !workers_ended(&d->workers)) {
		st = read_capture(d, err);
		if (st == PA_OK)
			st = workers_step(&d->workers, d->feed.ended, err);
		if (st == PA_OK)
			st = take_rows(d, err);
	}
	if (st == PA_OK && (!d->feed.ended || !pa_merge_done(d->workers.merge)))
		st = pa_fail(err, d->workers.first_failed ? PA_ABORTED : PA_EROW, 0,
		             "the workers ended before the capture, or printed more than its rows");
	return st;
}

/* The shorter the rows, the more packets it takes to push one out. */
static int is_flushed(const struct command *c)
{
	return c->n_fields < FIELDS_PUSHED;
}

static enum pa_status start(struct division *d, int fd, unsigned n, const struct command *c,
                            const struct plan *p, struct pa_error *err)
{
	const char *const plain[] = {"-r", "-", "-Y", FEED_FILTER, is_flushed(c) ? "-l" : NULL,
	                             NULL};
	const char *const tapped[] = {"-r", "-", NULL};
	char **argv = command_with(c, c->tapped ? tapped : plain);
	enum pa_status st;

	if (!argv)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for arguments");
	st = pa_merge_new(n, c->separator, ROWS_BYTES, &d->workers.merge, err);
	if (st == PA_OK)
		st = command_renumber(c, n, p->format == PA_PCAPFILE_PCAP, &d->renumber, err);
	if (st == PA_OK)
		st = workers_start(&d->workers, n, argv, err);
	free(argv);
	d->flushed = is_flushed(c);
	d->feed = (struct feed){.plan = p,
	                        .needs_times = c->needs_times,
	                        .n_workers = n,
	                        .queues = d->workers.queues,
	                        .merge = d->workers.merge};
	return st == PA_OK ? feed_open(&d->feed, fd, err) : st;
}

enum pa_status divide(int fd, unsigned n, int tap, struct command *c, const struct plan *p,
                      int *status, struct pa_error *err)
{
	struct division d = {.renumber = NULL};
	enum pa_status st = PA_OK;

	pa_buf_init(&d.out, OUTPUT_MAX);
	if (tap)
		st = command_tap(c, FEED_FILTER, is_flushed(c), err);
	if (st == PA_OK)
		st = start(&d, fd, n, c, p, err);
	if (st == PA_OK)
		st = work(&d, err);
	/* Rows before the one that a worker failed at are good. */
	if (st == PA_OK || st == PA_ABORTED) {
		struct pa_error unwritten = {0};

		if (write_rows(&d, &unwritten) != PA_OK)
			st = pa_fail(err, unwritten.code, unwritten.sys, "%s", unwritten.msg);
	}
	workers_say(&d.workers);
	if (d.workers.first_failed > 0 && (st == PA_OK || st == PA_ABORTED)) {
		*status = d.workers.all[d.workers.first_failed - 1].status;
		st = PA_OK;
	} else {
		*status = 0;
	}
	workers_stop(&d.workers);
	feed_close(&d.feed);
	pa_renumber_free(d.renumber);
	pa_merge_free(d.workers.merge);
	pa_buf_done(&d.out);
	return st;
}
