/* What has to go when only so many days, or so many bytes, may stay. Whole days go, the oldest
 * first; the day that has begun and those to come always stay. Nothing here asks a server.
 */
#ifndef PCAPANALYZER_RETENTION_H
#define PCAPANALYZER_RETENTION_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "pcapanalyzer/error.h"
#include "pcapanalyzer/partition.h"

/* The limits; 0 is none. */
struct pa_retention {
	uint64_t keep_days;  /* what is older goes */
	uint64_t max_bytes;  /* of all partitions together */
	uint64_t min_free;   /* bytes that the disk should have free, ... */
	uint64_t free_bytes; /* ... and those it has */
};

enum pa_retention_reason {
	PA_RETENTION_STAYS,
	PA_RETENTION_KEEP,     /* older than keep_days */
	PA_RETENTION_MAX_SIZE, /* more than max_bytes */
	PA_RETENTION_MIN_FREE, /* less than min_free */
};

/* "30d" or "8w": days, at least 1. Anything else is PA_EUSAGE: partitions are whole days.
 * option: its name, for the message */
enum pa_status pa_retention_days(const char *option, const char *text, uint64_t *days,
                                 struct pa_error *err) __attribute__((warn_unused_result));

/* "500M", "100G", "2T" (powers of 1024; K too, and none for bytes), at least 1 byte. */
enum pa_status pa_retention_size(const char *option, const char *text, uint64_t *bytes,
                                 struct pa_error *err) __attribute__((warn_unused_result));

/* Choose at the time NOW among the N partitions, in the order of pa_partition_list().
 * reasons: one for each partition
 * Returns how many bytes are still too much when all that was chosen is gone. */
uint64_t pa_retention_choose(const struct pa_partition *p, size_t n, const struct pa_retention *r,
                             time_t now, enum pa_retention_reason *reasons);

#endif
