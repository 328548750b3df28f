/* The run itself: rows in, converted, out. */
#ifndef TSHARK2CSV_STREAM_H
#define TSHARK2CSV_STREAM_H

#include "options.h"
#include "pcapanalyzer/profile.h"

/* Read FD to its end. *rejected: rows kept aside. */
enum pa_status stream_run(const struct options *o, const struct pa_profile *p,
                          const struct pa_table *table, int fd, uint64_t *rows, uint64_t *rejected,
                          struct pa_error *err);

#endif
