/* One capture, several tsharks, and the rows of one. */
#ifndef PTSHARK_DIVIDE_H
#define PTSHARK_DIVIDE_H

#include "command.h"
#include "plan.h"

/* Dissect the capture FD by N workers onto standard output; with TAP they print through it.
 * status: what to end with, after PA_OK: that of the worker that failed first, or 0 */
enum pa_status divide(int fd, unsigned n, int tap, struct command *c, const struct plan *p,
                      int *status, struct pa_error *err);

#endif
