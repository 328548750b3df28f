/* Give up what a program that reads packets never needs: sockets, other processes, the rare doors
 * of the kernel (seccomp), and files (Landlock). */
#ifndef PCAPANALYZER_LOCKDOWN_H
#define PCAPANALYZER_LOCKDOWN_H

#include "pcapanalyzer/error.h"

/* For the filter. From now on execve, fork, sockets, ptrace, mounts and modules kill the process,
 * and no file can be opened but those below the folder FOLDER (NULL: none); where the kernel lacks
 * Landlock, files are left alone.
 * Does nothing in builds with AddressSanitizer, whose leak check needs some of these.
 * PA_EIO when the kernel does not offer seccomp, or FOLDER cannot be opened. */
enum pa_status pa_lockdown(const char *folder, struct pa_error *err)
    __attribute__((warn_unused_result));

/* For a program that is about to be started: it may have threads and children, but sockets,
 * namespaces, ptrace, mounts, modules, keys, io_uring and signals to other processes are refused
 * with EPERM. Not a reason to die, because libraries try. */
enum pa_status pa_lockdown_command(struct pa_error *err) __attribute__((warn_unused_result));

#endif
