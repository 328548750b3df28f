/* load: every coverage event and every batch of a spool, oldest name first. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "events.h"
#include "pcapanalyzer/batch.h"
#include "pcapanalyzer/ledger.h"
#include "pcapanalyzer/load.h"
#include "pcapanalyzer/log.h"
#include "pcapanalyzer/partition.h"
#include "pcapanalyzer/redissect.h"
#include "replace.h"
#include "seen.h"

#define POLL_MS         200
#define BACKOFF_MS      250
#define BACKOFF_MAX_MS  5000
#define PARTITION_AGE_S 3600
#define HELD_MS         10000 /* then the schema may have been migrated */

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* Once: whoever sends a second signal does not want to wait for the rollback, which the
 * server then does alone. */
static void catch_signals(void)
{
	struct sigaction action = {0};

	action.sa_handler = on_signal;
	action.sa_flags = (int)SA_RESETHAND;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

struct loader {
	struct run *r;
	struct pa_queue spool;
	struct pa_db *db;      /* NULL: not connected */
	int kept_aside;        /* something was */
	int input_open;        /* standard input is not at its end */
	int64_t partitions_ms; /* when they were last looked at; 0 for never */
	/* What waits: for a migration, the first batch of each task; for the rest of its capture.
	 */
	char (*held)[PA_BATCH_ID_MAX];
	size_t n_held;
	int64_t held_ms;
	struct pa_error held_why;
	size_t n_unfinished;
	struct seen seen;
};

/* What is loaded in one transaction: one batch, or all that replace a capture. */
struct task {
	const char (*ids)[PA_BATCH_ID_MAX];
	size_t n;
	int replaces;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum pa_status interrupted(struct pa_error *err)
{
	return pa_fail(err, PA_ABORTED, 0, "interrupted; what is not stored stays in the spool");
}

/* How long a busy or lost server is tried again. */
struct patience {
	int64_t give_up_ms;
	int wait_ms;
};

static struct patience patience_of(const struct loader *l)
{
	return (struct patience){now_ms() + (int64_t)l->r->o.retry_s * 1000, BACKOFF_MS};
}

/* Sleep, and meanwhile notice the end of standard input. */
static void pause_ms(struct loader *l, int ms)
{
	struct pollfd in = {STDIN_FILENO, POLLIN, 0};
	char sink[4096];

	if (!l->r->o.follow || !l->input_open) {
		(void)poll(NULL, 0, ms);
		return;
	}
	if (poll(&in, 1, ms) <= 0)
		return;
	if (in.revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) {
		ssize_t n = read(STDIN_FILENO, sink, sizeof(sink));

		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			l->input_open = 0;
		else if (n < 0)
			(void)poll(NULL, 0, ms);
	}
}

/* On a connection of its own, since ALTER commits. A loader without the right to make them,
 * or a busy table, is no trouble: rows go to p_max. */
static void look_after_partitions(struct loader *l)
{
	const struct pa_profile *p = l->r->profile;
	struct pa_db *db = NULL;
	int64_t now = now_ms();

	if (l->partitions_ms != 0 && now - l->partitions_ms < PARTITION_AGE_S * 1000)
		return;
	l->partitions_ms = now;
	if (pa_db_connect(&l->r->connection, 0, &db, NULL) != PA_OK)
		return;
	for (unsigned i = 0; i < p->n_tables && !stop; i++)
		(void)!pa_partition_ensure(db, p->tables[i].name, time(NULL), NULL);
	pa_db_free(db);
}

static void report(const struct loader *l, const struct task *t, enum pa_status st,
                   const struct pa_load_result *got, int64_t ms)
{
	if (!l->r->o.verbose)
		return;
	if (st == PA_EDUP)
		pa_log_note("batch %s was stored already", t->ids[0]);
	else
		pa_log_note(
		    "batch %s%s: %llu packets, %llu rejected, %llu rows, %llu bytes, %lld ms",
		    t->ids[0], t->n > 1 ? " and those behind it" : "",
		    (unsigned long long)got->packets, (unsigned long long)got->rejected,
		    (unsigned long long)got->rows, (unsigned long long)got->bytes, (long long)ms);
}

/* The disk could not read a file. It may the second time. */
static int unreadable(enum pa_status st, const struct pa_error *cause)
{
	return st == PA_EIO && cause->sys == EIO;
}

/* Is it what was to be stored that is at fault? A file that the disk cannot read is, too: it must
 * not stop those behind it. */
static int at_fault(enum pa_status st, const struct pa_error *cause)
{
	return unreadable(st, cause) || st == PA_EFORMAT || st == PA_ELOSS || st == PA_EDATA ||
	       st == PA_EVALUE || st == PA_EROW;
}

static enum pa_status connect_loader(struct loader *l, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	if (l->db)
		return PA_OK;
	st = pa_db_connect(&l->r->connection, PA_DB_LOADS, &l->db, err);
	return st == PA_OK ? pa_ledger_check(l->db, err) : st;
}

static void disconnect(struct loader *l)
{
	pa_db_free(l->db);
	l->db = NULL;
}

/* After a PA_EBUSY: PA_OK when it is time to try again, on a new connection. */
static enum pa_status wait_for_server(struct loader *l, struct patience *p,
                                      const struct pa_error *cause, struct pa_error *err)
{
	disconnect(l);
	if (stop)
		return interrupted(err);
	if (now_ms() >= p->give_up_ms)
		return pa_fail(err, PA_EBUSY, cause->sys, "%s; the batches stay in the spool",
		               cause->msg);
	if (cause->sys == PA_DB_NO_PARTITION)
		l->partitions_ms = 0;
	look_after_partitions(l);
	pause_ms(l, p->wait_ms);
	if (stop)
		return interrupted(err);
	p->wait_ms = 2 * p->wait_ms < BACKOFF_MAX_MS ? 2 * p->wait_ms : BACKOFF_MAX_MS;
	return PA_OK;
}

/* The first connection, at once and not at the first batch: a wrong password shows before the
 * work starts. A server with too many connections is waited for; one that is not there may be
 * away for long, and whoever called can go on meanwhile. */
static enum pa_status connect_first(struct loader *l, struct pa_error *err)
{
	struct patience p = patience_of(l);

	for (;;) {
		struct pa_error cause = {0};
		enum pa_status st = connect_loader(l, &cause);

		if (cause.sys != PA_DB_TOO_MANY && cause.sys != PA_DB_TOO_MANY_OF_USER &&
		    cause.sys != PA_DB_USER_LIMIT) {
			*err = cause;
			return st;
		}
		st = wait_for_server(l, &p, &cause, err);
		if (st != PA_OK)
			return st;
	}
}

/* Tell the ledger that we live. It is no reason to fail: the next time may do. */
static void note_seen(struct loader *l)
{
	struct pa_error err = {0};

	if (l->seen.n == 0)
		return; /* as soon as a first sensor is known */
	l->seen.noted_ms = now_ms();
	if (!l->db || seen_note(&l->seen, l->db, &l->spool, &err) == PA_OK)
		return;
	disconnect(l);
	if (err.code != PA_EBUSY)
		pa_log_warning("%s", err.msg);
}

static void note_seen_at_times(struct loader *l)
{
	if (now_ms() - l->seen.noted_ms >= SEEN_EVERY_MS)
		note_seen(l);
}

static enum pa_status load_single(struct loader *l, const char *id, struct pa_load_result *got,
                                  struct pa_error *err)
{
	struct pa_batch *b = NULL;
	enum pa_status st = pa_batch_open(&l->spool, id, &b, err);

	if (st == PA_OK)
		st = pa_load_batch(l->db, b, &stop, got, err);
	pa_batch_free(b);
	return st;
}

static enum pa_status load_replacement(struct loader *l, const struct task *t,
                                       struct pa_load_result *got, struct pa_error *err)
{
	struct pa_redissect_report r = {0};
	enum pa_status st = pa_redissect_load(l->db, &l->spool, t->ids, t->n, &stop, &r, err);

	if (st == PA_OK)
		replace_tell(&r);
	if (st == PA_OK || st == PA_EDUP) {
		*got = r.loaded;
		pa_redissect_done(&r);
	}
	return st;
}

static enum pa_status try_task(struct loader *l, const struct task *t, struct pa_load_result *got,
                               struct pa_error *err)
{
	enum pa_status st = connect_loader(l, err);

	if (st == PA_OK)
		st = t->replaces ? load_replacement(l, t, got, err)
		                 : load_single(l, t->ids[0], got, err);
	if (st != PA_OK && st != PA_EDUP)
		disconnect(l);
	return st;
}

typedef enum pa_status aside_fn(const struct pa_queue *s, const char *id, const char *reason,
                                struct pa_error *err);

static enum pa_status keep_aside(struct loader *l, aside_fn *put_aside, const char *id,
                                 const struct pa_error *cause, struct pa_error *err)
{
	char reason[700];
	enum pa_status st;

	if (cause->row)
		snprintf(reason, sizeof(reason), "line %llu: %s", (unsigned long long)cause->row,
		         cause->msg);
	else
		snprintf(reason, sizeof(reason), "%s", cause->msg);
	st = put_aside(&l->spool, id, reason, err);
	if (st == PA_OK) {
		l->kept_aside = 1;
		pa_log_warning("%s %s is kept aside in %s/aside: %s",
		               put_aside == pa_queue_aside ? "batch" : "coverage event", id,
		               l->r->o.spool, reason);
	}
	return st;
}

/* The schema lacks what the batch brings: it waits for somebody who migrates. */
static enum pa_status hold(struct loader *l, const struct task *t, const struct pa_error *cause,
                           struct pa_error *err)
{
	void *bigger = realloc(l->held, (l->n_held + 1) * sizeof(*l->held));

	if (!bigger)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for a list of batches");
	l->held = bigger;
	memcpy(l->held[l->n_held++], t->ids[0], sizeof(l->held[0]));
	if (l->n_held == 1) {
		l->held_ms = now_ms();
		l->held_why = *cause;
	}
	return PA_OK;
}

static int is_held(const struct loader *l, const char *id)
{
	for (size_t i = 0; i < l->n_held; i++)
		if (strcmp(l->held[i], id) == 0)
			return 1;
	return 0;
}

static enum pa_status remove_all(struct loader *l, const struct task *t, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < t->n; i++)
		st = pa_queue_remove(&l->spool, t->ids[i], err);
	return st;
}

static enum pa_status load_task(struct loader *l, const struct task *t, struct pa_error *err)
{
	struct patience p = patience_of(l);
	int64_t start = now_ms();

	for (int tries = 0;; tries++) {
		struct pa_error cause = {0};
		struct pa_load_result got = {0};
		enum pa_status st = try_task(l, t, &got, &cause);

		if (st == PA_OK || st == PA_EDUP) {
			report(l, t, st, &got, now_ms() - start);
			return remove_all(l, t, err);
		}
		if (unreadable(st, &cause) && tries == 0)
			continue;
		if (at_fault(st, &cause)) {
			st = PA_OK;
			for (size_t i = 0; st == PA_OK && i < t->n; i++)
				st = keep_aside(l, pa_queue_aside, t->ids[i], &cause, err);
			return st;
		}
		if (cause.sys == PA_DB_NO_SUCH_COLUMN || cause.sys == PA_DB_NO_SUCH_TABLE)
			return hold(l, t, &cause, err);
		if (st != PA_EBUSY) {
			*err = cause;
			return st;
		}
		st = wait_for_server(l, &p, &cause, err);
		if (st != PA_OK)
			return st;
	}
}

/* The events IDS, without those that turn out to be at fault. */
static enum pa_status load_events(struct loader *l, char (*ids)[PA_EVENT_ID_MAX], size_t n,
                                  struct pa_error *err)
{
	struct patience p = patience_of(l);

	for (int tries = 0; n > 0; tries++) {
		struct pa_error cause = {0};
		size_t bad = 0;
		enum pa_status st = connect_loader(l, &cause);

		if (st == PA_OK)
			st = events_store(l->db, &l->spool, (const char(*)[PA_EVENT_ID_MAX])ids, n,
			                  &l->seen, &bad, &cause);
		if (st == PA_OK)
			return st;
		if (unreadable(st, &cause) && tries == 0)
			continue;
		if (at_fault(st, &cause)) {
			st = keep_aside(l, pa_queue_aside_event, ids[bad], &cause, err);
			memmove(ids + bad, ids + bad + 1, (n - bad - 1) * sizeof(*ids));
			n--;
		} else if (st == PA_EBUSY) {
			st = wait_for_server(l, &p, &cause, err);
		} else {
			*err = cause;
		}
		if (st != PA_OK)
			return st;
	}
	return PA_OK;
}

/* All that is in coverage/ now; adds to *n_done. */
static enum pa_status load_coverage(struct loader *l, size_t *n_done, struct pa_error *err)
{
	char(*ids)[PA_EVENT_ID_MAX] = NULL;
	size_t n = 0;
	size_t part;
	enum pa_status st = pa_queue_list_events(&l->spool, &ids, &n, err);

	for (size_t i = 0; st == PA_OK && i < n; i += part) {
		part = n - i < EVENTS_AT_ONCE ? n - i : EVENTS_AT_ONCE;
		st = stop ? interrupted(err) : load_events(l, ids + i, part, err);
		note_seen_at_times(l);
	}
	free(ids);
	*n_done += n;
	return st;
}

/* A span that replaces a capture: loaded when all of it is there. *done 0: it has to wait. */
static enum pa_status load_span(struct loader *l, const struct task *t, int *done,
                                struct pa_error *err)
{
	struct pa_error cause = {0};
	size_t bad = 0;
	int whole = 0;
	int stored = 0;
	enum pa_status st = pa_redissect_whole(&l->spool, t->ids, t->n, &whole, &bad, &cause);

	if (unreadable(st, &cause)) {
		cause = (struct pa_error){0};
		st = pa_redissect_whole(&l->spool, t->ids, t->n, &whole, &bad, &cause);
	}
	*done = 1;
	if (at_fault(st, &cause))
		return keep_aside(l, pa_queue_aside, t->ids[bad], &cause, err);
	if (st != PA_OK) {
		*err = cause;
		return st;
	}
	if (whole)
		return load_task(l, t, err);
	/* The rest of one that was stored, or the beginning of one that is being made. */
	st = connect_loader(l, err);
	if (st == PA_OK)
		st = pa_redissect_stored(l->db, t->ids[0], &stored, err);
	if (st == PA_OK && stored)
		return remove_all(l, t, err);
	*done = 0;
	l->n_unfinished += t->n;
	return st;
}

/* Whose batch it is, and whether those of its span are to replace a capture; 0 also for one
 * that is damaged. */
static enum pa_status look_at(struct loader *l, const char *id, int *replaces, struct pa_error *err)
{
	struct pa_batch *b = NULL;
	enum pa_status st = PA_OK;

	*replaces = 0;
	if (pa_batch_open(&l->spool, id, &b, NULL) == PA_OK) {
		*replaces = b->m.replaces;
		st = seen_add(&l->seen, b->m.sensor, err);
	}
	pa_batch_free(b);
	return st;
}

/* One pass over the list: the ordinary batches, or those that replace. Adds to *n_done. */
static enum pa_status load_pass(struct loader *l, const char (*ids)[PA_BATCH_ID_MAX], size_t n,
                                int replacing, size_t *n_done, struct pa_error *err)
{
	enum pa_status st = PA_OK;
	size_t span;

	for (size_t i = 0; st == PA_OK && i < n; i += span) {
		int done = 1;
		int replaces = 0;

		span = pa_redissect_span(ids + i, n - i);
		st = look_at(l, ids[i], &replaces, err);
		if (replaces != replacing)
			continue;
		if (!replacing)
			span = 1;
		if (is_held(l, ids[i]))
			continue;
		if (stop)
			return interrupted(err);
		note_seen_at_times(l);
		if (st == PA_OK && replacing)
			st = load_span(l, &(struct task){ids + i, span, 1}, &done, err);
		else if (st == PA_OK)
			st = load_task(l, &(struct task){ids + i, 1, 0}, err);
		*n_done += (size_t)(done && !is_held(l, ids[i]));
	}
	return st;
}

/* All that is in ready/ now; adds to *n_done how many were there and need not be looked at
 * again. */
static enum pa_status load_ready(struct loader *l, size_t *n_done, struct pa_error *err)
{
	char(*ids)[PA_BATCH_ID_MAX] = NULL;
	size_t n = 0;
	enum pa_status st = pa_queue_list(&l->spool, &ids, &n, err);

	l->n_unfinished = 0;
	if (l->r->o.follow && l->n_held > 0 && now_ms() - l->held_ms >= HELD_MS)
		l->n_held = 0;
	if (st == PA_OK && n > 0)
		look_after_partitions(l);
	/* What waits from before is stored first, so that it is replaced, too. */
	for (int replacing = 0; st == PA_OK && replacing < 2; replacing++)
		st = load_pass(l, (const char(*)[PA_BATCH_ID_MAX])ids, n, replacing, n_done, err);
	free(ids);
	return st;
}

static enum pa_status load_until_empty(struct loader *l, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (;;) {
		/* In this order: a batch made before standard input ended is seen. */
		int more = l->r->o.follow && l->input_open;
		size_t n = 0;

		st = load_coverage(l, &n, err);
		if (st == PA_OK)
			st = load_ready(l, &n, err);
		if (st != PA_OK)
			return st;
		note_seen_at_times(l);
		if (stop)
			return interrupted(err);
		if (n == 0 && !more)
			break;
		if (n == 0)
			pause_ms(l, POLL_MS);
	}
	if (l->n_unfinished > 0)
		pa_log_note("%zu batches wait for the rest of their capture; 'pcapanalyzer import "
		            "--redissect' of it makes the rest",
		            l->n_unfinished);
	if (l->n_held > 0)
		return pa_fail(err, PA_EDENIED, l->held_why.sys,
		               "%s; batches that need it wait in the spool", l->held_why.msg);
	return PA_OK;
}

/* *got 0: another loader has the spool, and there is nothing for us to do. */
static enum pa_status become_loader(struct loader *l, int *got, struct pa_error *err)
{
	int told = 0;

	for (;;) {
		char(*ids)[PA_BATCH_ID_MAX] = NULL;
		size_t n = 0;
		int more = l->input_open;
		enum pa_status st = pa_queue_lock(&l->spool, got, err);

		if (st != PA_OK || *got)
			return st;
		if (!l->r->o.follow) {
			pa_log_note("another loader works on this spool");
			return PA_OK;
		}
		if (!told && l->r->o.verbose)
			pa_log_note("another loader works on this spool; waiting");
		told = 1;
		st = pa_queue_list(&l->spool, &ids, &n, err);
		free(ids);
		if (st != PA_OK || (n == 0 && !more))
			return st;
		if (stop)
			return interrupted(err);
		pause_ms(l, POLL_MS);
	}
}

enum pa_status command_load(struct run *r, struct pa_error *err)
{
	struct loader l = {.r = r, .spool = {-1, -1, -1, -1, -1, -1}, .input_open = 1};
	enum pa_status st;
	int got = 0;

	if (!r->o.spool)
		return pa_fail(err, PA_EUSAGE, 0, "load needs --spool DIR");
	r->connection.answer_timeout_s = (unsigned)r->o.answer_timeout_s;
	catch_signals();
	st = pa_queue_open(r->o.spool, &l.spool, err);
	if (st == PA_OK)
		st = become_loader(&l, &got, err);
	if (st == PA_OK && got)
		st = connect_first(&l, err);
	if (st == PA_OK && got)
		st = load_until_empty(&l, err);
	note_seen(&l);
	pa_db_free(l.db);
	pa_queue_close(&l.spool);
	free(l.held);
	seen_done(&l.seen);
	return st == PA_OK && l.kept_aside ? PA_EDATA : st;
}
