/* How full a spool is. */
#ifndef CSV2MYSQL_SPOOLSTAT_H
#define CSV2MYSQL_SPOOLSTAT_H

#include <stdint.h>

#include "pcapanalyzer/error.h"

struct spoolstat {
	uint64_t ready, aside; /* batches; in aside/ also events */
	uint64_t events;       /* in coverage/ */
	int64_t oldest_s; /* how long the oldest of ready/ and coverage/ has waited; 0: nothing */
	uint64_t bytes;   /* of all files in it */
	uint64_t disk_free, disk_size; /* bytes, of its file system, as a user has them */
};

/* Look at the spool DIR without changing it; a folder that is missing is empty.
 * PA_EIO when DIR itself cannot be read. */
enum pa_status spoolstat_read(const char *dir, struct spoolstat *out, struct pa_error *err)
    __attribute__((warn_unused_result));

#endif
