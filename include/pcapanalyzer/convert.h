/* Text that tshark printed to canonical values: one pure function per type.
 *
 * All of them take one occurrence of a field. They return PA_OK, or PA_EVALUE when the type
 * cannot hold it; the output is then untouched.
 */
#ifndef PCAPANALYZER_CONVERT_H
#define PCAPANALYZER_CONVERT_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

enum pa_value_kind {
	PA_V_NULL,
	PA_V_UINT,   /* u */
	PA_V_INT,    /* i */
	PA_V_NUMBER, /* text: a decimal number, checked, ASCII */
	PA_V_TEXT,   /* text: valid UTF-8 */
	PA_V_BYTES,  /* text: any bytes */
	PA_V_TIME,   /* time */
	PA_V_IP,     /* raw, n_raw = 4 or 16 */
	PA_V_MAC,    /* raw, 6 bytes */
};

/* Seconds and nanoseconds since 1970-01-01 00:00:00 UTC. */
struct pa_time {
	int64_t sec;
	uint32_t nsec; /* 0..999999999 */
};

struct pa_value {
	enum pa_value_kind kind;
	union {
		uint64_t u;
		int64_t i;
		struct pa_time time;
		struct pa_slice text; /* borrowed */
		uint8_t raw[16];
	};
	uint8_t n_raw;
};

/* Decimal, or 0x and hexadecimal digits; at most MAX. */
enum pa_status pa_convert_uint(struct pa_slice in, uint64_t max, uint64_t *out);
/* Decimal with an optional minus sign, or 0x and digits; from -MAX-1 to MAX. */
enum pa_status pa_convert_int(struct pa_slice in, int64_t max, int64_t *out);
/* 0, 1, True or False: tshark up to 4.0, and from 4.4 on. */
enum pa_status pa_convert_bool(struct pa_slice in, uint64_t *out);
/* Seconds since 1970 UTC, 0 to 9 fraction digits, no sign, up to 9999-12-31 23:59:59.
 * A capture with a damaged time stamp prints other text, which is refused, not repaired. */
enum pa_status pa_convert_time(struct pa_slice in, struct pa_time *out);
/* Dotted IPv4 (4 bytes) or IPv6 (16 bytes), the bytes of INET6_ATON(). */
enum pa_status pa_convert_ip(struct pa_slice in, uint8_t out[16], uint8_t *n);
/* Six hexadecimal pairs with ':' between. */
enum pa_status pa_convert_mac(struct pa_slice in, uint8_t out[6]);
/* Hexadecimal pairs, with ':' between all of them or none; appended to OUT. */
enum pa_status pa_convert_bytes(struct pa_slice in, struct pa_buf *out);
/* [-]digits[.digits][e[+-]digits], checked only: MySQL reads the same text. */
enum pa_status pa_convert_double(struct pa_slice in);
/* [-]digits[.1 to 9 digits], at most 11 digits before the point: DECIMAL(20,9). */
enum pa_status pa_convert_duration(struct pa_slice in);

/* "YYYY-MM-DD hh:mm:ss.uuuuuu" and a NUL. The rest of the nanoseconds is cut off.
 * Source: MySQL manual, "Date and Time Literals". */
void pa_time_text(struct pa_time t, char out[27]);

#endif
