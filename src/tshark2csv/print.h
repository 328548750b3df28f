/* What a profile implies, as text. */
#ifndef TSHARK2CSV_PRINT_H
#define TSHARK2CSV_PRINT_H

#include "options.h"
#include "pcapanalyzer/profile.h"

/* 1 when O asks for one of them. */
int print_wanted(const struct options *o);
/* tshark's arguments as one would type them in bash, for the ledger: bytes that are no plain
 * text stand in $'...'. */
enum pa_status print_typed_args(const struct options *o, const struct pa_profile *p,
                                struct pa_buf *out);
/* Append it. */
enum pa_status print_profile(const struct options *o, const struct pa_profile *p,
                             const struct pa_table *table, struct pa_buf *out);

#endif
