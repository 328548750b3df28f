/* A list of frame numbers as people write it: 5,7-9,100- */
#ifndef PCAPANALYZER_FRAMES_H
#define PCAPANALYZER_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/error.h"

struct pa_frame_range {
	uint64_t first, last; /* both inclusive */
};

struct pa_frames {
	struct pa_frame_range *ranges; /* heap; in order, apart from each other */
	size_t n;
};

/* Read TEXT: numbers from 1 on, N-M, or N- for all from N on, in any order, commas between.
 * PA_EUSAGE with the part that is wrong; PA_ENOMEM. */
enum pa_status pa_frames_read(const char *text, struct pa_frames *out, struct pa_error *err)
    __attribute__((warn_unused_result));
void pa_frames_done(struct pa_frames *f);

/* 1 when FRAME is in the list. */
int pa_frames_has(const struct pa_frames *f, uint64_t frame) __attribute__((pure));
/* The highest number that the list names; of N- it is N. */
uint64_t pa_frames_highest(const struct pa_frames *f) __attribute__((pure));

#endif
