/* "No traffic", or "no data"? Overlapping events of one interface become intervals that follow
 * each other without a gap.
 *
 * An interval is traffic where somebody listened and packets came, no traffic where somebody
 * listened and none came, and no data where nobody listened, or where all that was captured was
 * lost. Neighbours that say the same are one interval.
 *
 * The packets of an event count in the interval in which it begins (or at the start of the time
 * asked for, when it began before), so the sum over the intervals is the sum over the events.
 */
#ifndef PCAPANALYZER_COVERAGE_H
#define PCAPANALYZER_COVERAGE_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/event.h"

/* Between the end of one file of dumpcap and the beginning of the next there is no loss: nobody
 * captured for less than so long is no gap. */
#define PA_COVERAGE_JOIN_US 1000
#define PA_COVERAGE_WHY_MAX 1024

enum pa_coverage_state { PA_COVERAGE_TRAFFIC, PA_COVERAGE_NO_TRAFFIC, PA_COVERAGE_NO_DATA };

struct pa_coverage_event {
	enum pa_event_kind kind;
	int64_t from_us, until_us; /* since 1970; until_us is the first moment behind it */
	int has_packets;           /* 0: not known; captured is then traffic, lost is all */
	uint64_t packets;
	struct pa_slice detail;
};

struct pa_coverage_interval {
	int64_t from_us, until_us;
	enum pa_coverage_state state;
	uint64_t packets, dropped, lost;
	const char *why; /* "" for nothing to say; valid during the call */
};

typedef enum pa_status pa_coverage_fn(void *ctx, const struct pa_coverage_interval *i,
                                      struct pa_error *err);

struct pa_coverage; /* one interface, from beginning to end */

/* fn: called for each interval, in order; what it returns other than PA_OK ends all */
enum pa_status pa_coverage_new(int64_t from_us, int64_t until_us, pa_coverage_fn *fn, void *ctx,
                               struct pa_coverage **out, struct pa_error *err)
    __attribute__((warn_unused_result));
/* The next event; they come in the order of from_us. Those outside of the time asked for are
 * passed over. Memory is needed for those that overlap, and no more. */
enum pa_status pa_coverage_add(struct pa_coverage *c, const struct pa_coverage_event *e,
                               struct pa_error *err) __attribute__((warn_unused_result));
/* Hand out the rest; C is then ready for the next interface. */
enum pa_status pa_coverage_finish(struct pa_coverage *c, struct pa_error *err)
    __attribute__((warn_unused_result));
/* Takes NULL. */
void pa_coverage_free(struct pa_coverage *c);

const char *pa_coverage_state_name(enum pa_coverage_state state) __attribute__((const));

#endif
