/* What a profile implies, as text. */
#ifndef TSHARK2CSV_PRINT_H
#define TSHARK2CSV_PRINT_H

#include "options.h"
#include "pcapanalyzer/profile.h"

/* 1 when O asks for one of them. */
int print_wanted(const struct options *o);
/* Append it. */
enum pa_status print_profile(const struct options *o, const struct pa_profile *p,
                             const struct pa_table *table, struct pa_buf *out);

#endif
