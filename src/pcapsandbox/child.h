/* The processes of the sandbox. */
#ifndef PCAPSANDBOX_CHILD_H
#define PCAPSANDBOX_CHILD_H

#include <sys/types.h>

#include "layers.h"

enum {
	EXIT_LIMIT = 124,
	EXIT_OURS = 125,
	EXIT_CANNOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
};

struct children {
	pid_t keeper;  /* the first process of the namespace: all others die with it; 0: none */
	pid_t command; /* leads a process group of its own */
};

/* Start the program of O in the layers; all die with this process. */
enum pa_status children_start(const struct options *o, struct layers *l, struct children *c,
                              struct pa_error *err);

/* Wait for the command, watching the limits of O; returns the exit status to end with. Signals
 * that ask this process to end are passed on. */
int children_watch(const struct options *o, const struct children *c);

#endif
