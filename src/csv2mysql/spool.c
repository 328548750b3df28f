/* load: every batch of a spool, oldest name first. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "pcapanalyzer/load.h"
#include "pcapanalyzer/log.h"
#include "pcapanalyzer/partition.h"

#define POLL_MS         200
#define BACKOFF_MS      250
#define BACKOFF_MAX_MS  5000
#define PARTITION_AGE_S 3600

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

static void report(const struct loader *l, const char *id, enum pa_status st,
                   const struct pa_load_result *got, int64_t ms)
{
	if (!l->r->o.verbose)
		return;
	if (st == PA_EDUP)
		pa_log_note("batch %s was stored already", id);
	else
		pa_log_note("batch %s: %llu packets, %llu rejected, %llu rows, %llu bytes, %lld ms",
		            id, (unsigned long long)got->packets, (unsigned long long)got->rejected,
		            (unsigned long long)got->rows, (unsigned long long)got->bytes,
		            (long long)ms);
}

static int at_fault(enum pa_status st)
{
	return st == PA_EFORMAT || st == PA_ELOSS || st == PA_EDATA || st == PA_EVALUE ||
	       st == PA_EROW;
}

/* Try once. PA_EBUSY leaves no connection. */
static enum pa_status try_batch(struct loader *l, const char *id, struct pa_load_result *got,
                                struct pa_error *err)
{
	enum pa_status st = PA_OK;

	if (!l->db)
		st = pa_db_connect(&l->r->connection, PA_DB_LOADS, &l->db, err);
	if (st == PA_OK)
		st = pa_load_batch(l->db, &l->spool, id, &stop, got, err);
	if (st == PA_EBUSY) {
		pa_db_free(l->db);
		l->db = NULL;
	}
	return st;
}

static enum pa_status keep_aside(struct loader *l, const char *id, const struct pa_error *cause,
                                 struct pa_error *err)
{
	char reason[700];
	enum pa_status st;

	if (cause->row)
		snprintf(reason, sizeof(reason), "line %llu: %s", (unsigned long long)cause->row,
		         cause->msg);
	else
		snprintf(reason, sizeof(reason), "%s", cause->msg);
	st = pa_queue_aside(&l->spool, id, reason, err);
	if (st == PA_OK) {
		l->kept_aside = 1;
		pa_log_warning("batch %s is kept aside in %s/aside: %s", id, l->r->o.spool, reason);
	}
	return st;
}

static enum pa_status load_one(struct loader *l, const char *id, struct pa_error *err)
{
	int64_t start = now_ms();
	int64_t give_up = start + (int64_t)l->r->o.retry_s * 1000;
	int wait = BACKOFF_MS;

	for (;;) {
		struct pa_error cause = {0};
		struct pa_load_result got = {0};
		enum pa_status st = try_batch(l, id, &got, &cause);

		if (st == PA_OK || st == PA_EDUP) {
			report(l, id, st, &got, now_ms() - start);
			return pa_queue_remove(&l->spool, id, err);
		}
		if (at_fault(st))
			return keep_aside(l, id, &cause, err);
		if (st != PA_EBUSY) {
			*err = cause;
			return st;
		}
		if (stop)
			return interrupted(err);
		if (now_ms() >= give_up)
			return pa_fail(err, st, cause.sys, "%s; the batches stay in the spool",
			               cause.msg);
		if (cause.sys == 1526)
			l->partitions_ms = 0;
		look_after_partitions(l);
		pause_ms(l, wait);
		if (stop)
			return interrupted(err);
		wait = 2 * wait < BACKOFF_MAX_MS ? 2 * wait : BACKOFF_MAX_MS;
	}
}

/* All that is in ready/ now. *n is how many there were. */
static enum pa_status load_ready(struct loader *l, size_t *n, struct pa_error *err)
{
	char(*ids)[PA_BATCH_ID_MAX] = NULL;
	enum pa_status st = pa_queue_list(&l->spool, &ids, n, err);

	if (st == PA_OK && *n > 0)
		look_after_partitions(l);
	for (size_t i = 0; st == PA_OK && i < *n; i++)
		st = stop ? interrupted(err) : load_one(l, ids[i], err);
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

		st = load_ready(l, &n, err);
		if (st != PA_OK)
			return st;
		if (stop)
			return interrupted(err);
		if (n == 0 && !more)
			return PA_OK;
		if (n == 0)
			pause_ms(l, POLL_MS);
	}
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
	struct loader l = {.r = r, .spool = {-1, -1, -1, -1, -1}, .input_open = 1};
	enum pa_status st;
	int got = 0;

	if (!r->o.spool)
		return pa_fail(err, PA_EUSAGE, 0, "load needs --spool DIR");
	catch_signals();
	st = pa_queue_open(r->o.spool, &l.spool, err);
	if (st == PA_OK)
		st = become_loader(&l, &got, err);
	/* At once, not at the first batch: a wrong password shows before the work starts. */
	if (st == PA_OK && got)
		st = pa_db_connect(&r->connection, PA_DB_LOADS, &l.db, err);
	if (st == PA_OK && got)
		st = load_until_empty(&l, err);
	pa_db_free(l.db);
	pa_queue_close(&l.spool);
	return st == PA_OK && l.kept_aside ? PA_EDATA : st;
}
