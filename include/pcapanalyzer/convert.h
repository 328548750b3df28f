/* Text that tshark printed to canonical values: one pure function per type.
 *
 * All of them take one occurrence of a field, after pa_text_unescape(). They return PA_OK, or
 * PA_EVALUE when the type cannot hold it; the output is then untouched. Nothing is repaired:
 * what a version prints of a damaged value is refused.
 * Source: what tshark 4.0, 4.4 and 4.6 print of every type; Wireshark, epan/ftypes/ and
 * wsutil/to_str.c.
 */
#ifndef PCAPANALYZER_CONVERT_H
#define PCAPANALYZER_CONVERT_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/type.h"

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
	PA_V_EUI64,  /* raw, 8 bytes */
	PA_V_GUID,   /* raw, 16 bytes in the order of the text */
	PA_V_CHAR,   /* raw, 1 byte */
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
/* A packet's own time, as frame.time_epoch prints it: seconds since 1970 UTC, 0 to 9 fraction
 * digits, no sign, up to 9999-12-31 23:59:59. */
enum pa_status pa_convert_epoch(struct pa_slice in, struct pa_time *out);
/* An absolute time in every form that is printed under TZ=UTC, and ISO 8601 with any offset:
 *   1489363823.466752000                 also negative, but then without a fraction
 *   Mar  3, 2017 00:10:23.466752000 UTC  up to 4.4
 *   2017/062:00:10:23.466752000 UTC      up to 4.4: the day of the year
 *   2017-03-03T00:10:23.466752000Z       from 4.6 on; for local times +0000, -0400
 *   2017-062T00:10:23.466752000Z         from 4.6 on
 * In the calendar forms the fraction is 9 digits or nothing, of 1000-01-01 00:00:00 to
 * 9999-12-31 23:59:59 UTC, which is what DATETIME holds.
 * null: set to 1 for the word NULL, the NTP time that is none (out is then untouched), else to 0
 * PA_EVALUE: all else. So for zones that are names other than UTC; for "Not representable", which
 * is a year past an int; and for negative seconds with a fraction, where Wireshark prints -1 s and
 * +0.5 s as it prints -1 s and -0.5 s. */
enum pa_status pa_convert_time(struct pa_slice in, struct pa_time *out, int *null);
/* Dotted IPv4 (4 bytes) or IPv6 (16 bytes), the bytes of INET6_ATON(). */
enum pa_status pa_convert_ip(struct pa_slice in, uint8_t out[16], uint8_t *n);
/* Six hexadecimal pairs with ':' between. */
enum pa_status pa_convert_mac(struct pa_slice in, uint8_t out[6]);
/* Eight hexadecimal pairs with ':' between. */
enum pa_status pa_convert_eui64(struct pa_slice in, uint8_t out[8]);
/* 8-4-4-4-12 hexadecimal digits; the bytes in the order of the text. */
enum pa_status pa_convert_guid(struct pa_slice in, uint8_t out[16]);
/* One of the four above, by the type of the column; *out's kind goes with it. PA_EVALUE for
 * another type, too. */
enum pa_status pa_convert_address(struct pa_slice in, enum pa_type type, struct pa_value *out);
/* One byte between single quotes: as it is from space to '~', but \' and \\, or \0 \a \b \t
 * \n \v \f \r, \x and two hexadecimal digits, or three octal digits behind the backslash. */
enum pa_status pa_convert_char(struct pa_slice in, uint8_t *out);
/* Hexadecimal pairs, with the same one of ':' '-' '.' ' ' between all of them, or none; or
 * "<MISSING>", which is how no byte at all is printed. Appended to OUT. */
enum pa_status pa_convert_bytes(struct pa_slice in, struct pa_buf *out);
/* [-]digits[.digits][e[+-]digits], checked only: MySQL reads the same text.
 * null: set to 1 for what DOUBLE does not have: NaN, the infinities and the other words of floats
 * and of IEEE 11073 (NRes, RFU) as they are printed, and numbers past the largest one, which 4.0
 * prints when it rounds; else to 0 */
enum pa_status pa_convert_double(struct pa_slice in, int *null);
/* [-]digits[.1 to 9 digits], checked only.
 * null: set to 1 for more than 11 digits before the point (and at most 20), as only a damaged time
 * makes, which DECIMAL(20,9) does not have; else to 0 */
enum pa_status pa_convert_duration(struct pa_slice in, int *null);

/* "YYYY-MM-DD hh:mm:ss.uuuuuu" and a NUL, of a time from year 1000 to 9999. The rest of the
 * nanoseconds is cut off.
 * Source: MySQL manual, "Date and Time Literals". */
void pa_time_text(struct pa_time t, char out[27]);
/* The reverse. PA_EVALUE for another shape, and for days and hours that do not exist. */
enum pa_status pa_time_read(struct pa_slice in, struct pa_time *out);

#endif
