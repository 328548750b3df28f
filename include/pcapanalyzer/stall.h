/* Whether a process works without getting anywhere: it uses the processor, and neither reads nor
 * writes. One that waits, for input or for the reader of a full pipe, uses no processor. */
#ifndef PCAPANALYZER_STALL_H
#define PCAPANALYZER_STALL_H

#include <stdint.h>
#include <sys/types.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

struct pa_usage {
	uint64_t cpu_ms; /* user and system time of all threads */
	uint64_t bytes;  /* read and written, through any descriptor */
};

struct pa_stall {
	uint64_t limit_ms;    /* 0: never */
	struct pa_usage last; /* when it last got somewhere */
};

/* Take a look at NOW: 1 when the process has used more than limit_ms of processor time since its
 * bytes last grew. Begin with {.limit_ms = ...}. */
int pa_stall_look(struct pa_stall *s, const struct pa_usage *now);

/* Read the texts of /proc/PID/stat and /proc/PID/io; TICKS is sysconf(_SC_CLK_TCK).
 * PA_EFORMAT when they are not of the form that proc(5) tells. */
enum pa_status pa_usage_parse(struct pa_slice stat, struct pa_slice io, uint64_t ticks,
                              struct pa_usage *out) __attribute__((warn_unused_result));

/* The same of a running process. PA_EIO when it is gone or may not be looked at. */
enum pa_status pa_usage_read(pid_t pid, struct pa_usage *out, struct pa_error *err)
    __attribute__((warn_unused_result));

#endif
