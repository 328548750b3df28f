/* The ledger in numbers, by sensor: in one pass over the batches and no more, since months of
 * small captures make millions of them.
 */
#ifndef PCAPANALYZER_SUMMARY_H
#define PCAPANALYZER_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"

#define PA_SUMMARY_NEWEST 20

/* Times are microseconds since 1970, by the clock that is named; has_... 0: not known. */
struct pa_summary_sensor {
	uint64_t sensor_id;
	char *name;
	uint64_t captures, partial, truncated;
	uint64_t batches, packets, rejected, filtered, cut;
	int has_last_packet;
	int64_t last_packet_us; /* the sensor's clock */
	int has_loaded;
	int64_t
	    loaded_us; /* when the newest batch of its newest capture was stored; server's clock */
	int has_seen;
	int64_t seen_us; /* the server's clock */
	int64_t clock_offset_us;
	uint64_t waiting;
	uint64_t dropped, lost; /* packets, of all time */
	uint64_t rejected_24h, dropped_24h, lost_24h;
};

struct pa_summary {
	int64_t now_us; /* the server's clock */
	struct pa_summary_sensor *sensors;
	size_t n_sensors;
	/* Captures that are not all there, or of which packets were kept aside; oldest first. */
	uint32_t *not_ok;
	size_t n_not_ok;
	uint32_t newest[PA_SUMMARY_NEWEST]; /* the captures that came last */
	size_t n_newest;
	uint64_t captures_rejected; /* of so many captures packets were rejected */
};

/* version: of the ledger; one of before version 3 does not know all
 * sensor:  only this one; NULL for all */
enum pa_status pa_summary_read(struct pa_db *db, uint64_t version, const char *sensor,
                               struct pa_summary *out, struct pa_error *err)
    __attribute__((warn_unused_result));
void pa_summary_done(struct pa_summary *s);

/* All sensors together; the times stay unknown. */
struct pa_summary_sensor pa_summary_total(const struct pa_summary *s);

#endif
