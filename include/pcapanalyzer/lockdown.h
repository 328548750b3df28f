/* Give up what the filter never needs: starting programs, sockets, other processes. */
#ifndef PCAPANALYZER_LOCKDOWN_H
#define PCAPANALYZER_LOCKDOWN_H

#include "pcapanalyzer/error.h"

/* From now on execve, fork, sockets, ptrace, mounts and modules kill the process (seccomp).
 * Does nothing in builds with AddressSanitizer, whose leak check needs some of these.
 * PA_EIO when the kernel does not offer seccomp. */
enum pa_status pa_lockdown(struct pa_error *err) __attribute__((warn_unused_result));

#endif
