#include "pcapanalyzer/convert.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LAST_SECOND     253402300799 /* 9999-12-31 23:59:59 UTC */
#define DOUBLE_TEXT_MAX 64

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

enum pa_status pa_convert_time(struct pa_slice in, struct pa_time *out)
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

enum pa_status pa_convert_ip(struct pa_slice in, uint8_t out[16], uint8_t *n)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t raw[16];
	int v6;

	if (in.len == 0 || in.len >= sizeof(text) || memchr(in.ptr, '\0', in.len))
		return PA_EVALUE;
	memcpy(text, in.ptr, in.len);
	text[in.len] = '\0';
	v6 = memchr(text, ':', in.len) != NULL;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, text, raw) != 1)
		return PA_EVALUE;
	*n = v6 ? 16 : 4;
	memcpy(out, raw, *n);
	return PA_OK;
}

enum pa_status pa_convert_mac(struct pa_slice in, uint8_t out[6])
{
	uint8_t raw[6];

	if (in.len != 17)
		return PA_EVALUE;
	for (size_t i = 0; i < 6; i++) {
		int high = hex_value(in.ptr[3 * i]);
		int low = hex_value(in.ptr[3 * i + 1]);

		if (high < 0 || low < 0 || (i < 5 && in.ptr[3 * i + 2] != ':'))
			return PA_EVALUE;
		raw[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(out, raw, sizeof(raw));
	return PA_OK;
}

enum pa_status pa_convert_bytes(struct pa_slice in, struct pa_buf *out)
{
	size_t step = in.len > 2 && in.ptr[2] == ':' ? 3 : 2;
	size_t n = (in.len + step - 2) / step;
	enum pa_status st;

	if (in.len == 0 || n * step - (step - 2) != in.len)
		return PA_EVALUE;
	for (size_t i = 0; i < n; i++)
		if (hex_value(in.ptr[step * i]) < 0 || hex_value(in.ptr[step * i + 1]) < 0 ||
		    (step == 3 && i + 1 < n && in.ptr[step * i + 2] != ':'))
			return PA_EVALUE;
	st = pa_buf_reserve(out, n);
	for (size_t i = 0; st == PA_OK && i < n; i++)
		out->ptr[out->len++] =
		    (uint8_t)(hex_value(in.ptr[step * i]) << 4 | hex_value(in.ptr[step * i + 1]));
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

enum pa_status pa_convert_double(struct pa_slice in)
{
	size_t i = in.len > 0 && in.ptr[0] == '-';
	size_t start = i;

	if (in.len > DOUBLE_TEXT_MAX)
		return PA_EVALUE;
	i = skip_digits(in, i);
	if (i == start)
		return PA_EVALUE;
	if (i < in.len && in.ptr[i] == '.') {
		start = ++i;
		i = skip_digits(in, i);
		if (i == start)
			return PA_EVALUE;
	}
	if (i < in.len && (in.ptr[i] == 'e' || in.ptr[i] == 'E')) {
		i++;
		if (i < in.len && (in.ptr[i] == '+' || in.ptr[i] == '-'))
			i++;
		start = i;
		i = skip_digits(in, i);
		if (i == start || i - start > 3)
			return PA_EVALUE;
	}
	return i == in.len && is_finite(in) ? PA_OK : PA_EVALUE;
}

enum pa_status pa_convert_duration(struct pa_slice in)
{
	size_t sign = in.len > 0 && in.ptr[0] == '-';
	size_t point = skip_digits(in, sign);

	if (point == sign || point - sign > 11)
		return PA_EVALUE;
	if (point == in.len)
		return PA_OK;
	if (in.ptr[point] != '.' || in.len - point < 2 || in.len - point > 10)
		return PA_EVALUE;
	return skip_digits(in, point + 1) == in.len ? PA_OK : PA_EVALUE;
}

static void put_digits(char *at, int n, int64_t v)
{
	while (n-- > 0) {
		at[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

void pa_time_text(struct pa_time t, char out[27])
{
	time_t sec = (time_t)t.sec;
	struct tm tm;

	gmtime_r(&sec, &tm);
	memcpy(out, "0000-00-00 00:00:00.000000", 27);
	put_digits(out, 4, tm.tm_year + 1900);
	put_digits(out + 5, 2, tm.tm_mon + 1);
	put_digits(out + 8, 2, tm.tm_mday);
	put_digits(out + 11, 2, tm.tm_hour);
	put_digits(out + 14, 2, tm.tm_min);
	put_digits(out + 17, 2, tm.tm_sec);
	put_digits(out + 20, 6, t.nsec / 1000);
}
