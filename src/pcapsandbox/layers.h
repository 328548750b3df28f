/* The layers of the sandbox. Each is there or missing, with a reason; one that is missing is
 * skipped, unless --require names it. */
#ifndef PCAPSANDBOX_LAYERS_H
#define PCAPSANDBOX_LAYERS_H

#include "options.h"

enum layer {
	LAYER_USER,       /* it does not run as root */
	LAYER_NETWORK,    /* a network namespace of its own, with nothing in it */
	LAYER_PROCESSES,  /* a process namespace of its own: none survives it */
	LAYER_PRIVILEGES, /* no capabilities, no_new_privs */
	LAYER_FILES,      /* Landlock */
	LAYER_CALLS,      /* seccomp */
	LAYERS
};

struct layers {
	char missing[LAYERS][160]; /* why; empty for a layer that is there */
};

/* The layers that a parent can put around itself and its children: user and namespaces. */
void layers_enter(const struct options *o, struct layers *l);

/* The others, in the child that becomes the program COMMAND (its path; NULL for --report).
 * PA_EIO when --read or --write names what cannot be opened. */
enum pa_status layers_seal(const struct options *o, const char *command, struct layers *l,
                           struct pa_error *err);

/* PA_EIO when --require names a layer that is missing, PA_EUSAGE when one that is unknown. */
enum pa_status layers_check(const struct options *o, const struct layers *l, struct pa_error *err);

/* Append one line per layer: "NAME ok", or "NAME missing: REASON". */
enum pa_status layers_report(const struct layers *l, struct pa_buf *out);

#endif
