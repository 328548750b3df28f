/* Packets that somebody else has kept aside, each with the reason: what --aside-file names. */
#ifndef PCAPANALYZER_ASIDE_H
#define PCAPANALYZER_ASIDE_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

#define PA_ASIDE_BYTES_MAX (16u * 1024 * 1024)

struct pa_aside;

/* Read TEXT, lines "frame TAB reason", in any order; it is copied.
 * PA_EROW: another shape, or a frame for the second time. PA_ENOMEM. */
enum pa_status pa_aside_read(struct pa_slice text, struct pa_aside **out, struct pa_error *err)
    __attribute__((warn_unused_result));
/* Takes NULL. */
void pa_aside_free(struct pa_aside *a);

/* Why FRAME was kept aside; NULL when it was not. Lives as long as A, which may be NULL. */
const char *pa_aside_reason(const struct pa_aside *a, uint64_t frame) __attribute__((pure));

#endif
