/* What a converter accepts, printed again, is the same text but for zeros, case and colons; and
 * the C library reads the same value. The input is one value. */
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "fuzz.h"
#include "pcapanalyzer/convert.h"

#define TEXT_MAX 200

/* Only these bytes, and at least one. */
static int made_of(struct pa_slice in, const char *bytes)
{
	for (size_t i = 0; i < in.len; i++)
		if (in.ptr[i] == 0 || !strchr(bytes, in.ptr[i]))
			return 0;
	return in.len > 0;
}

static void check_uint(struct pa_slice in, const char *text)
{
	static const uint64_t limits[] = {UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT64_MAX};
	uint64_t v = 0;
	uint64_t w;
	enum pa_status st = pa_convert_uint(in, UINT64_MAX, &v);

	if (st == PA_OK) {
		int hex = in.len > 2 && text[1] == 'x';

		MUST(made_of(in, hex ? "0123456789abcdefABCDEFx" : "0123456789"));
		MUST(v == strtoull(text, NULL, hex ? 16 : 10));
	} else {
		MUST(st == PA_EVALUE);
		/* Short numbers have no reason to be refused. */
		MUST(in.len > 19 || !made_of(in, "0123456789"));
	}
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		w = 77;
		MUST((pa_convert_uint(in, limits[i], &w) == PA_OK) ==
		     (st == PA_OK && v <= limits[i]));
		MUST(w == (st == PA_OK && v <= limits[i] ? v : 77));
	}
}

static void check_int(struct pa_slice in, const char *text)
{
	static const int64_t limits[] = {INT8_MAX, INT16_MAX, INT32_MAX, INT64_MAX};
	int64_t v = 0;
	uint64_t u;
	enum pa_status st = pa_convert_int(in, INT64_MAX, &v);

	if (st == PA_OK && v >= 0 && text[0] != '-')
		MUST(pa_convert_uint(in, INT64_MAX, &u) == PA_OK && u == (uint64_t)v);
	if (st == PA_OK && text[0] == '-')
		MUST(v <= 0 && v == strtoll(text, NULL, 10) && made_of(in, "-0123456789"));
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		int fits = st == PA_OK && v <= limits[i] && v >= -limits[i] - 1;
		int64_t w = 77;

		MUST((pa_convert_int(in, limits[i], &w) == PA_OK) == fits);
		MUST(w == (fits ? v : 77));
	}
}

static void check_epoch(struct pa_slice in)
{
	struct pa_time t = {-1, 5};
	struct pa_time again;
	char text[40];
	int n;

	if (pa_convert_epoch(in, &t) != PA_OK) {
		MUST(t.sec == -1 && t.nsec == 5);
		return;
	}
	MUST(made_of(in, "0123456789."));
	MUST(t.sec >= 0 && t.sec <= 253402300799 && t.nsec <= 999999999);
	n = snprintf(text, sizeof(text), "%lld.%09u", (long long)t.sec, t.nsec);
	MUST(pa_convert_epoch((struct pa_slice){(uint8_t *)text, (size_t)n}, &again) == PA_OK);
	MUST(again.sec == t.sec && again.nsec == t.nsec);
	pa_time_text(t, text);
	MUST(strlen(text) == 26 && text[4] == '-' && text[10] == ' ' && text[19] == '.');
}

/* Printed in each form by the C library, it is read as the same time again. */
static void check_time(struct pa_slice in)
{
	static const char *const formats[] = {"%b %e, %Y %H:%M:%S.% UTC", "%Y/%j:%H:%M:%S.% UTC",
	                                      "%Y-%m-%dT%H:%M:%S.%Z", "%Y-%jT%H:%M:%S.%+0000"};
	struct pa_time t = {-1, 5};
	struct pa_time again;
	int null = 7;
	struct tm tm;
	time_t sec;

	if (pa_convert_time(in, &t, &null) != PA_OK) {
		MUST(t.sec == -1 && t.nsec == 5 && null == 7);
		MUST(pa_convert_epoch(in, &again) != PA_OK);
		return;
	}
	MUST(null == pa_slice_is(in, "NULL"));
	if (null) {
		MUST(t.sec == -1 && t.nsec == 5);
		return;
	}
	MUST(t.sec >= -30610224000 && t.sec <= 253402300799 && t.nsec <= 999999999);
	if (pa_convert_epoch(in, &again) == PA_OK)
		MUST(again.sec == t.sec && again.nsec == t.nsec);
	sec = (time_t)t.sec;
	MUST(gmtime_r(&sec, &tm));
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const char *fraction = strstr(formats[i], ".%") + 2;
		char format[40];
		char text[60];
		size_t n;

		n = (size_t)(fraction - 2 - formats[i]);
		memcpy(format, formats[i], n);
		format[n] = '\0';
		n = strftime(text, sizeof(text), format, &tm);
		MUST(n > 0);
		n += (size_t)snprintf(text + n, sizeof(text) - n, ".%09u%s", t.nsec, fraction);
		null = 7;
		MUST(pa_convert_time((struct pa_slice){(uint8_t *)text, n}, &again, &null) ==
		     PA_OK);
		MUST(null == 0 && again.sec == t.sec && again.nsec == t.nsec);
	}
}

static void check_ip(struct pa_slice in, const char *text)
{
	uint8_t raw[16];
	uint8_t want[16];
	uint8_t n = 99;
	int whole = strlen(text) == in.len;
	int v4 = whole && inet_pton(AF_INET, text, want) == 1;
	int v6 = whole && !v4 && inet_pton(AF_INET6, text, want) == 1;

	MUST((pa_convert_ip(in, raw, &n) == PA_OK) == (v4 || v6));
	MUST(n == (v4 ? 4 : v6 ? 16 : 99));
	MUST(n == 99 || memcmp(raw, want, n) == 0);
}

static void check_bytes(struct pa_slice in)
{
	struct pa_buf out;
	uint8_t raw[8];
	size_t k = 0;
	int colons = in.len > 2 && in.ptr[2] == ':';
	int missing = pa_slice_is(in, "<MISSING>");

	pa_buf_init(&out, SIZE_MAX);
	if (pa_convert_bytes(in, &out) == PA_OK && !missing) {
		MUST(out.len > 0);
		MUST(in.len == 2 * out.len || in.len == 3 * out.len - 1);
		for (size_t i = 0; i < in.len; i += 2, k++) {
			char pair[3] = {(char)in.ptr[i], (char)in.ptr[i + 1], '\0'};

			MUST(made_of((struct pa_slice){in.ptr + i, 2}, "0123456789abcdefABCDEF"));
			MUST(out.ptr[k] == strtoul(pair, NULL, 16));
			if (in.len != 2 * out.len)
				MUST(i++ + 2 == in.len ||
				     (in.ptr[i + 1] == in.ptr[2] &&
				      made_of((struct pa_slice){in.ptr + 2, 1}, ":-. ")));
		}
		MUST(k == out.len);
	} else {
		MUST(out.len == 0);
	}
	/* A MAC is six bytes with colons, an EUI-64 eight, and nothing else. */
	MUST((pa_convert_mac(in, raw) == PA_OK) == (out.len == 6 && colons));
	MUST(out.len != 6 || !colons || memcmp(raw, out.ptr, 6) == 0);
	MUST((pa_convert_eui64(in, raw) == PA_OK) == (out.len == 8 && colons));
	MUST(out.len != 8 || !colons || memcmp(raw, out.ptr, 8) == 0);
	pa_buf_done(&out);
}

/* 1 when IN is TEXT but for the case of its letters. */
static int is_text(struct pa_slice in, const char *text)
{
	return in.len == strlen(text) && strncasecmp((const char *)in.ptr, text, in.len) == 0;
}

static void check_guid(struct pa_slice in)
{
	uint8_t raw[16];
	char text[40];
	size_t n = 0;

	memset(raw, 0xee, sizeof(raw));
	if (pa_convert_guid(in, raw) != PA_OK) {
		for (size_t i = 0; i < sizeof(raw); i++)
			MUST(raw[i] == 0xee);
		return;
	}
	for (size_t i = 0; i < sizeof(raw); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%02x",
		                      i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", raw[i]);
	MUST(is_text(in, text));
}

static void check_char(struct pa_slice in)
{
	static const char special[] = "\a\b\t\n\v\f\r'\\";
	static const char letters[] = "abtnvfr'\\";
	uint8_t byte = 0xee;
	const char *hit;
	char text[8];

	if (pa_convert_char(in, &byte) != PA_OK) {
		MUST(byte == 0xee);
		return;
	}
	hit = byte ? strchr(special, byte) : NULL;
	(void)snprintf(text, sizeof(text), "'%c'", byte);
	if (byte >= ' ' && byte <= '~' && !hit && pa_slice_is(in, text))
		return;
	(void)snprintf(text, sizeof(text), "'\\%c'", hit ? letters[hit - special] : '0');
	if ((hit || byte == 0) && pa_slice_is(in, text))
		return;
	(void)snprintf(text, sizeof(text), "'\\%03o'", byte);
	if (pa_slice_is(in, text))
		return;
	(void)snprintf(text, sizeof(text), "'\\x%02x'", byte);
	MUST(is_text(in, text) && in.ptr[2] == 'x');
}

static void check_fractions(struct pa_slice in, const char *text)
{
	char *end;

	int null = 7;
	int none = 7;
	enum pa_status st = pa_convert_double(in, &null);

	MUST(st == PA_OK ? null == 0 || null == 1 : null == 7);
	if (st == PA_OK && null == 0) {
		MUST(made_of(in, "0123456789.eE+-"));
		MUST(isfinite(strtod(text, &end)));
		MUST(end == text + in.len);
	} else if (st == PA_OK) {
		/* Too large, or a word of those that the C library knows, or of IEEE 11073. */
		MUST(!isfinite(strtod(text, &end)) || pa_slice_is(in, "NRes") ||
		     pa_slice_is(in, "RFU"));
	}
	if (pa_convert_duration(in, &none) == PA_OK) {
		MUST(made_of(in, "0123456789.-"));
		MUST(st == PA_OK && null == 0);
		MUST(none == 0 || none == 1);
		MUST(none == 1 || fabs(strtod(text, NULL)) <= 1e11);
	} else {
		MUST(none == 7);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pa_slice in = {data, size};
	char text[TEXT_MAX + 1];
	uint64_t b = 5;

	if (size > TEXT_MAX)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	check_uint(in, text);
	check_int(in, text);
	check_epoch(in);
	check_time(in);
	check_ip(in, text);
	check_bytes(in);
	check_guid(in);
	check_char(in);
	check_fractions(in, text);
	MUST(pa_convert_bool(in, &b) == PA_OK ? b <= 1 && (size == 1 || size == 4 || size == 5)
	                                      : b == 5);
	return 0;
}
