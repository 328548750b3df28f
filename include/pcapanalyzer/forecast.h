/* What a database will take, from a sample that was really dissected and loaded. Nothing here
 * asks a server or a clock.
 */
#ifndef PCAPANALYZER_FORECAST_H
#define PCAPANALYZER_FORECAST_H

#include <stdint.h>

#include "pcapanalyzer/error.h"
#include "pcapanalyzer/lines.h"

#define PA_FORECAST_TEXT_MAX 4096 /* bytes of a name */

/* What was measured with one profile and one choice of its keys. */
struct pa_forecast_sample {
	char *profile, *keys; /* heap */
	uint64_t packets;     /* of the sample */
	uint64_t rows;        /* that they made, in all tables */
	uint64_t bytes;       /* of the loaded tables, keys included ... */
	uint64_t empty_bytes; /* ... and of the same tables before */
	uint64_t trees;       /* tables and keys: each grows in steps of its own */
	uint64_t tshark_us;   /* processor time of tshark and filter, without their start */
	uint64_t load_us;     /* from the first batch to the last commit */
};

struct pa_forecast {
	double tshark_packets_per_s; /* of one core */
	double cores;                /* that dissecting at the rate keeps busy */
	double rows_per_s;           /* of one loader */
	double bytes_per_packet;     /* 0: the sample took no more than an empty table has */
	double bytes_per_day;
	double days; /* until the room is full; below 0 when it never is */
	double plus_minus_percent;
};

/* Take the next sample: lines "profile", "keys", "packets" and so on, named and ordered as
 * above. *out is for pa_forecast_sample_done(), whatever is returned.
 * PA_END: there are no more
 * PA_EFORMAT: another line, or a sample without a packet, or times of 0 */
enum pa_status pa_forecast_read(struct pa_lines *l, struct pa_forecast_sample *out)
    __attribute__((warn_unused_result));
void pa_forecast_sample_done(struct pa_forecast_sample *s);

/* "405", "0.25": packets a second, above 0. Anything else is PA_EUSAGE.
 * option: its name, for the message */
enum pa_status pa_forecast_rate(const char *option, const char *text, double *rate,
                                struct pa_error *err) __attribute__((warn_unused_result));

/* At RATE packets a second, with ROOM bytes to be filled.
 * The sizes are known to half an InnoDB extent (1 MiB) for each tree that grows. */
void pa_forecast_of(const struct pa_forecast_sample *s, double rate, uint64_t room,
                    struct pa_forecast *out);

#endif
