/* The tsharks at work: each with a pipe to its standard input, and from its output and errors. */
#ifndef PTSHARK_WORKERS_H
#define PTSHARK_WORKERS_H

#include <sys/types.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/merge.h"

enum {
	EXIT_CANNOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
};

struct worker {
	pid_t pid;        /* 0: none, or it has been waited for */
	int in, out, err; /* -1: closed */
	size_t sent;      /* bytes of its queue */
	int given;        /* the whole capture */
	struct pa_buf words;
	int status; /* exit status as a shell has it */
};

struct workers {
	unsigned n;
	struct worker *all;
	struct pa_buf *queues;  /* what each is to be given */
	struct pa_merge *merge; /* what each has printed */
	unsigned first_failed;  /* 1-based; 0: none */
};

/* Start N times ARGV. Signals that end this process end them from now on. */
enum pa_status workers_start(struct workers *w, unsigned n, char **argv, struct pa_error *err);

/* End what still runs, wait for it, and release everything. Takes what workers_start() left. */
void workers_stop(struct workers *w);

/* 1 when no queue is so full that it should not be added to. */
int workers_have_room(const struct workers *w);

/* 1 when WORKER has read all that it was given, and nobody has been told that it has ended. */
int workers_is_dry(const struct workers *w, unsigned worker);

/* Wait until some of them can take or give bytes, and let them; FINISHED: no more bytes come. */
enum pa_status workers_step(struct workers *w, int finished, struct pa_error *err);

/* 1 when all have been waited for. */
int workers_ended(const struct workers *w);

/* Print what they said: first the one that failed first, then lines that are new. */
void workers_say(const struct workers *w);

/* 0 when there is no such program, which become() will say. */
int can_become(const char *name);

/* Become ARGV, with the standard input of ours. Comes back with a status only when it cannot. */
int become(char **argv);

#endif
