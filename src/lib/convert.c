#include "pcapanalyzer/convert.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SECOND (-30610224000) /* 1000-01-01 00:00:00 UTC */
#define LAST_SECOND  253402300799   /* 9999-12-31 23:59:59 UTC */
#define DAY_SECONDS  86400
/* IEEE 11073 floats are printed without an exponent: 8 digits and 128 zeros. */
#define DOUBLE_TEXT_MAX 160

static int is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static int hex_value(uint8_t c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum pa_status hex_number(struct pa_slice in, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (in.len == 0 || in.len > 16)
		return PA_EVALUE;
	for (size_t i = 0; i < in.len; i++) {
		int digit = hex_value(in.ptr[i]);

		if (digit < 0)
			return PA_EVALUE;
		v = v << 4 | (uint64_t)digit;
	}
	if (v > max)
		return PA_EVALUE;
	*out = v;
	return PA_OK;
}

enum pa_status pa_convert_uint(struct pa_slice in, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (in.len > 2 && in.ptr[0] == '0' && in.ptr[1] == 'x')
		return hex_number((struct pa_slice){in.ptr + 2, in.len - 2}, max, out);
	if (in.len == 0 || in.len > 20)
		return PA_EVALUE;
	for (size_t i = 0; i < in.len; i++) {
		uint64_t digit = (uint64_t)in.ptr[i] - '0';

		if (!is_digit(in.ptr[i]) || v > (UINT64_MAX - digit) / 10)
			return PA_EVALUE;
		v = v * 10 + digit;
	}
	if (v > max)
		return PA_EVALUE;
	*out = v;
	return PA_OK;
}

enum pa_status pa_convert_int(struct pa_slice in, int64_t max, int64_t *out)
{
	int negative = in.len > 1 && in.ptr[0] == '-';
	uint64_t v;

	if (negative) {
		in.ptr++;
		in.len--;
		if (!is_digit(in.ptr[0]) || (in.len > 1 && in.ptr[1] == 'x'))
			return PA_EVALUE;
	}
	if (pa_convert_uint(in, (uint64_t)max + (negative ? 1 : 0), &v) != PA_OK)
		return PA_EVALUE;
	*out = negative ? -(int64_t)(v - (v > 0)) - (v > 0) : (int64_t)v;
	return PA_OK;
}

enum pa_status pa_convert_bool(struct pa_slice in, uint64_t *out)
{
	if (pa_slice_is(in, "1") || pa_slice_is(in, "True"))
		*out = 1;
	else if (pa_slice_is(in, "0") || pa_slice_is(in, "False"))
		*out = 0;
	else
		return PA_EVALUE;
	return PA_OK;
}

enum pa_status pa_convert_epoch(struct pa_slice in, struct pa_time *out)
{
	uint64_t sec = 0;
	uint32_t nsec = 0;
	size_t i = 0;
	size_t digits;

	while (i < in.len && is_digit(in.ptr[i]) && i < 13)
		sec = sec * 10 + (uint64_t)(in.ptr[i++] - '0');
	if (i == 0 || sec > LAST_SECOND)
		return PA_EVALUE;
	if (i < in.len) {
		if (in.ptr[i++] != '.' || i == in.len || in.len - i > 9)
			return PA_EVALUE;
		for (digits = 0; digits < 9; digits++) {
			uint8_t c = i < in.len ? in.ptr[i++] : '0';

			if (!is_digit(c))
				return PA_EVALUE;
			nsec = nsec * 10 + (uint32_t)(c - '0');
		}
	}
	out->sec = (int64_t)sec;
	out->nsec = nsec;
	return PA_OK;
}

/* The take_ functions take something off the front of IN, or return 0. */
static int take_text(struct pa_slice *in, const char *text)
{
	size_t n = strlen(text);

	if (in->len < n || memcmp(in->ptr, text, n) != 0)
		return 0;
	in->ptr += n;
	in->len -= n;
	return 1;
}

static size_t n_digits(struct pa_slice in)
{
	size_t n = 0;

	while (n < in.len && is_digit(in.ptr[n]))
		n++;
	return n;
}

static int take_digits(struct pa_slice *in, size_t n, int64_t *out)
{
	int64_t v = 0;

	if (in->len < n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (!is_digit(in->ptr[i]))
			return 0;
		v = v * 10 + (in->ptr[i] - '0');
	}
	in->ptr += n;
	in->len -= n;
	*out = v;
	return 1;
}

static int take_year(struct pa_slice *in, int64_t *out)
{
	size_t n = n_digits(*in);

	return n >= 1 && n <= 5 && take_digits(in, n, out);
}

static int take_month(struct pa_slice *in, int64_t *out)
{
	static const char names[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";

	for (*out = 1; *out <= 12; ++*out) {
		char name[5] = {0};

		memcpy(name, names + 4 * (*out - 1), 4);
		if (take_text(in, name))
			return 1;
	}
	return 0;
}

/* hh:mm:ss, and 9 fraction digits or none. */
static int take_clock(struct pa_slice *in, struct pa_time *out)
{
	int64_t hour, minute, second;
	int64_t nsec = 0;

	if (!take_digits(in, 2, &hour) || !take_text(in, ":") || !take_digits(in, 2, &minute) ||
	    !take_text(in, ":") || !take_digits(in, 2, &second) || hour > 23 || minute > 59 ||
	    second > 59)
		return 0;
	if (take_text(in, ".") && !take_digits(in, 9, &nsec))
		return 0;
	out->sec = hour * 3600 + minute * 60 + second;
	out->nsec = (uint32_t)nsec;
	return 1;
}

/* Z, +hhmm or -hhmm at the end. */
static int take_offset(struct pa_slice *in, int64_t *out)
{
	int64_t hour, minute;
	int west;

	*out = 0;
	if (take_text(in, "Z"))
		return 1;
	west = take_text(in, "-");
	if ((!west && !take_text(in, "+")) || !take_digits(in, 2, &hour) ||
	    !take_digits(in, 2, &minute) || hour > 23 || minute > 59)
		return 0;
	*out = (hour * 60 + minute) * (west ? -60 : 60);
	return 1;
}

static int is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to the first of January. */
static int64_t days_before_year(int64_t year)
{
	int64_t y = year + 399; /* not negative for any year that is read here */

	return 365 * y + y / 4 - y / 100 + y / 400 - 865259;
}

/* 0: there is no such day. */
static int day_of_year(int64_t year, int64_t month, int64_t day, int64_t *out)
{
	static const int16_t before[] = {0,   31,  59,  90,  120, 151, 181,
	                                 212, 243, 273, 304, 334, 365};
	int64_t leap = is_leap(year);

	if (month < 1 || month > 12 || day < 1 ||
	    day > before[month] - before[month - 1] + (month == 2 ? leap : 0))
		return 0;
	*out = before[month - 1] + (month > 2 ? leap : 0) + day;
	return 1;
}

/* Mar  3, 2017 00:10:23.466752000 UTC */
static int named_month(struct pa_slice in, int64_t *year, int64_t *yday, struct pa_time *clock)
{
	int64_t month, day;

	return take_month(&in, &month) && take_digits(&in, take_text(&in, " ") ? 1 : 2, &day) &&
	       take_text(&in, ", ") && take_year(&in, year) && take_text(&in, " ") &&
	       take_clock(&in, clock) && take_text(&in, " UTC") && in.len == 0 &&
	       day_of_year(*year, month, day, yday);
}

/* 2017/062:00:10:23.466752000 UTC */
static int numbered_day(struct pa_slice in, int64_t *year, int64_t *yday, struct pa_time *clock)
{
	return take_year(&in, year) && take_text(&in, "/") && take_digits(&in, 3, yday) &&
	       take_text(&in, ":") && take_clock(&in, clock) && take_text(&in, " UTC") &&
	       in.len == 0;
}

/* 2017-03-03T00:10:23.466752000Z and 2017-062T00:10:23.466752000Z */
static int iso_8601(struct pa_slice in, int64_t *year, int64_t *yday, struct pa_time *clock)
{
	int64_t month, day, offset;

	if (!take_year(&in, year) || !take_text(&in, "-"))
		return 0;
	if (n_digits(in) == 3) {
		if (!take_digits(&in, 3, yday))
			return 0;
	} else if (!take_digits(&in, 2, &month) || !take_text(&in, "-") ||
	           !take_digits(&in, 2, &day) || !day_of_year(*year, month, day, yday)) {
		return 0;
	}
	if (!take_text(&in, "T") || !take_clock(&in, clock) || !take_offset(&in, &offset) ||
	    in.len != 0)
		return 0;
	clock->sec -= offset;
	return 1;
}

static enum pa_status negative_epoch(struct pa_slice in, struct pa_time *out)
{
	struct pa_time t;

	in.ptr++;
	in.len--;
	if (pa_convert_epoch(in, &t) != PA_OK || t.nsec != 0 || -t.sec < FIRST_SECOND)
		return PA_EVALUE;
	out->sec = -t.sec;
	out->nsec = 0;
	return PA_OK;
}

enum pa_status pa_convert_time(struct pa_slice in, struct pa_time *out, int *null)
{
	int64_t year, yday;
	struct pa_time t;
	enum pa_status st = PA_OK;

	if (pa_slice_is(in, "NULL")) {
		*null = 1;
		return PA_OK;
	}
	if (in.len > 0 && in.ptr[0] == '-') {
		st = negative_epoch(in, &t);
	} else if (pa_convert_epoch(in, &t) != PA_OK) {
		if (!iso_8601(in, &year, &yday, &t) && !named_month(in, &year, &yday, &t) &&
		    !numbered_day(in, &year, &yday, &t))
			return PA_EVALUE;
		if (yday < 1 || yday > 365 + is_leap(year))
			return PA_EVALUE;
		t.sec += (days_before_year(year) + yday - 1) * DAY_SECONDS;
		st = t.sec >= FIRST_SECOND && t.sec <= LAST_SECOND ? PA_OK : PA_EVALUE;
	}
	if (st == PA_OK) {
		*out = t;
		*null = 0;
	}
	return st;
}

/* Four numbers up to 255 without zeros before them, as inet_pton() has it. */
static int ip4(struct pa_slice in, uint8_t out[4])
{
	const uint8_t *p = in.ptr;
	const uint8_t *end = p + in.len;
	uint8_t raw[4];

	for (size_t i = 0; i < sizeof(raw); i++) {
		const uint8_t *first = p;
		unsigned v = 0;

		while (p < end && p - first < 3 && *p >= '0' && *p <= '9')
			v = v * 10 + (unsigned)(*p++ - '0');
		if (p == first || v > UINT8_MAX || (*first == '0' && p - first > 1))
			return 0;
		if (i + 1 < sizeof(raw) ? p == end || *p++ != '.' : p != end)
			return 0;
		raw[i] = (uint8_t)v;
	}
	memcpy(out, raw, sizeof(raw));
	return 1;
}

enum pa_status pa_convert_ip(struct pa_slice in, uint8_t out[16], uint8_t *n)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t raw[16];

	if (in.len < 16 && ip4(in, out)) {
		*n = 4;
		return PA_OK;
	}
	if (in.len == 0 || in.len >= sizeof(text) || memchr(in.ptr, '\0', in.len))
		return PA_EVALUE;
	memcpy(text, in.ptr, in.len);
	text[in.len] = '\0';
	if (inet_pton(AF_INET6, text, raw) != 1)
		return PA_EVALUE;
	*n = sizeof(raw);
	memcpy(out, raw, sizeof(raw));
	return PA_OK;
}

/* Two hexadecimal digits; -1 when they are none. */
static int pair(const uint8_t *at)
{
	int high = hex_value(at[0]);
	int low = hex_value(at[1]);

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* N pairs with ':' between. */
static enum pa_status pairs(struct pa_slice in, uint8_t *out, size_t n)
{
	uint8_t raw[8];

	if (in.len != 3 * n - 1)
		return PA_EVALUE;
	for (size_t i = 0; i < n; i++) {
		int byte = pair(in.ptr + 3 * i);

		if (byte < 0 || (i + 1 < n && in.ptr[3 * i + 2] != ':'))
			return PA_EVALUE;
		raw[i] = (uint8_t)byte;
	}
	memcpy(out, raw, n);
	return PA_OK;
}

enum pa_status pa_convert_mac(struct pa_slice in, uint8_t out[6])
{
	return pairs(in, out, 6);
}

enum pa_status pa_convert_eui64(struct pa_slice in, uint8_t out[8])
{
	return pairs(in, out, 8);
}

enum pa_status pa_convert_guid(struct pa_slice in, uint8_t out[16])
{
	uint8_t raw[16];
	size_t at = 0;

	if (in.len != 36)
		return PA_EVALUE;
	for (size_t i = 0; i < sizeof(raw); i++, at += 2) {
		int byte;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && in.ptr[at++] != '-')
			return PA_EVALUE;
		byte = pair(in.ptr + at);
		if (byte < 0)
			return PA_EVALUE;
		raw[i] = (uint8_t)byte;
	}
	memcpy(out, raw, sizeof(raw));
	return PA_OK;
}

enum pa_status pa_convert_address(struct pa_slice in, enum pa_type type, struct pa_value *out)
{
	switch (type) {
	case PA_T_IP:
		out->kind = PA_V_IP;
		return pa_convert_ip(in, out->raw, &out->n_raw);
	case PA_T_MAC:
		out->kind = PA_V_MAC;
		return pa_convert_mac(in, out->raw);
	case PA_T_EUI64:
		out->kind = PA_V_EUI64;
		return pa_convert_eui64(in, out->raw);
	case PA_T_GUID:
		out->kind = PA_V_GUID;
		return pa_convert_guid(in, out->raw);
	default:
		return PA_EVALUE;
	}
}

/* The byte that a backslash and IN stand for; -1 when nothing. */
static int escaped(struct pa_slice in)
{
	static const char letters[] = "0abtnvfr'\\";
	static const char bytes[] = {'\0', '\a', '\b', '\t', '\n', '\v', '\f', '\r', '\'', '\\'};
	const char *hit;
	int64_t v = 0;

	if (in.len == 3 && in.ptr[0] == 'x')
		return pair(in.ptr + 1);
	if (in.len == 3) {
		for (size_t i = 0; i < 3; i++) {
			if (in.ptr[i] < '0' || in.ptr[i] > '7')
				return -1;
			v = v << 3 | (in.ptr[i] - '0');
		}
		return v <= UINT8_MAX ? (int)v : -1;
	}
	hit = in.len == 1 && in.ptr[0] ? strchr(letters, in.ptr[0]) : NULL;
	return hit ? bytes[hit - letters] : -1;
}

enum pa_status pa_convert_char(struct pa_slice in, uint8_t *out)
{
	int byte = -1;

	if (in.len < 3 || in.ptr[0] != '\'' || in.ptr[in.len - 1] != '\'')
		return PA_EVALUE;
	in.ptr++;
	in.len -= 2;
	if (in.ptr[0] == '\\')
		byte = escaped((struct pa_slice){in.ptr + 1, in.len - 1});
	else if (in.len == 1 && in.ptr[0] >= ' ' && in.ptr[0] <= '~' && in.ptr[0] != '\'')
		byte = in.ptr[0];
	if (byte < 0)
		return PA_EVALUE;
	*out = (uint8_t)byte;
	return PA_OK;
}

enum pa_status pa_convert_bytes(struct pa_slice in, struct pa_buf *out)
{
	size_t step = in.len > 2 && in.ptr[2] && strchr(":-. ", in.ptr[2]) ? 3 : 2;
	size_t n = (in.len + step - 2) / step;
	enum pa_status st;

	if (pa_slice_is(in, "<MISSING>"))
		return PA_OK;
	if (in.len == 0 || n * step - (step - 2) != in.len)
		return PA_EVALUE;
	for (size_t i = 0; i < n; i++)
		if (pair(in.ptr + step * i) < 0 ||
		    (step == 3 && i + 1 < n && in.ptr[step * i + 2] != in.ptr[2]))
			return PA_EVALUE;
	st = pa_buf_reserve(out, n);
	for (size_t i = 0; st == PA_OK && i < n; i++)
		out->ptr[out->len++] = (uint8_t)pair(in.ptr + step * i);
	return st;
}

static size_t skip_digits(struct pa_slice in, size_t i)
{
	while (i < in.len && is_digit(in.ptr[i]))
		i++;
	return i;
}

/* Of text that has a number's shape and at most DOUBLE_TEXT_MAX bytes. */
static int is_finite(struct pa_slice in)
{
	char text[DOUBLE_TEXT_MAX + 1];

	memcpy(text, in.ptr, in.len);
	text[in.len] = '\0';
	return isfinite(strtod(text, NULL)) != 0;
}

/* What printf() makes of such values (up to 4.4), what 4.6 does, and the words of IEEE 11073. */
static int is_no_number(struct pa_slice in)
{
	static const char *const words[] = {"nan",       "-nan",      "inf",      "-inf",
	                                    "NaN",       "-NaN",      "Infinity", "-Infinity",
	                                    "+INFINITY", "-INFINITY", "NRes",     "RFU"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pa_slice_is(in, words[i]))
			return 1;
	return 0;
}

static int is_number(struct pa_slice in)
{
	size_t i = in.len > 0 && in.ptr[0] == '-';
	size_t start = i;

	i = skip_digits(in, i);
	if (i == start)
		return 0;
	if (i < in.len && in.ptr[i] == '.') {
		start = ++i;
		i = skip_digits(in, i);
		if (i == start)
			return 0;
	}
	if (i < in.len && (in.ptr[i] == 'e' || in.ptr[i] == 'E')) {
		i++;
		if (i < in.len && (in.ptr[i] == '+' || in.ptr[i] == '-'))
			i++;
		start = i;
		i = skip_digits(in, i);
		if (i == start || i - start > 3)
			return 0;
	}
	return i == in.len;
}

enum pa_status pa_convert_double(struct pa_slice in, int *null)
{
	if (in.len > DOUBLE_TEXT_MAX)
		return PA_EVALUE;
	if (is_no_number(in)) {
		*null = 1;
		return PA_OK;
	}
	if (!is_number(in))
		return PA_EVALUE;
	*null = !is_finite(in);
	return PA_OK;
}

enum pa_status pa_convert_duration(struct pa_slice in, int *null)
{
	size_t sign = in.len > 0 && in.ptr[0] == '-';
	size_t point = skip_digits(in, sign);

	if (point == sign || point - sign > 20)
		return PA_EVALUE;
	if (point < in.len && (in.ptr[point] != '.' || in.len - point < 2 || in.len - point > 10 ||
	                       skip_digits(in, point + 1) != in.len))
		return PA_EVALUE;
	*null = point - sign > 11;
	return PA_OK;
}

static void put_digits(char *at, int n, int64_t v)
{
	while (n-- > 0) {
		at[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

/* The years begin in March here, so that a leap day is the last of its year.
 * Source: Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2014. */
static void date_of(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
	int64_t since = days + 719468; /* 0000-03-01 */
	int64_t in_era = since % 146097;
	int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * in_year + 2) / 153;

	*day = in_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = since / 146097 * 400 + y + (*month <= 2);
}

void pa_time_text(struct pa_time t, char out[27])
{
	int64_t in_day = t.sec % DAY_SECONDS;
	int64_t year, month, day;

	if (in_day < 0)
		in_day += DAY_SECONDS;
	date_of((t.sec - in_day) / DAY_SECONDS, &year, &month, &day);
	memcpy(out, "0000-00-00 00:00:00.000000", 27);
	put_digits(out, 4, year);
	put_digits(out + 5, 2, month);
	put_digits(out + 8, 2, day);
	put_digits(out + 11, 2, in_day / 3600);
	put_digits(out + 14, 2, in_day / 60 % 60);
	put_digits(out + 17, 2, in_day % 60);
	put_digits(out + 20, 6, t.nsec / 1000);
}

/* With a T, a Z and more digits it is a time of ISO 8601. */
enum pa_status pa_time_read(struct pa_slice in, struct pa_time *out)
{
	uint8_t iso[] = "YYYY-MM-DDThh:mm:ss.uuuuuu000Z";
	int null = 0;

	if (in.len != 26 || in.ptr[10] != ' ')
		return PA_EVALUE;
	memcpy(iso, in.ptr, 10);
	memcpy(iso + 11, in.ptr + 11, 15);
	return pa_convert_time((struct pa_slice){iso, sizeof(iso) - 1}, out, &null);
}
