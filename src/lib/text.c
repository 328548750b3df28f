#include "pcapanalyzer/text.h"

#include <string.h>

static uint8_t unescaped(uint8_t c)
{
	switch (c) {
	case '\\':
		return '\\';
	case 'a':
		return '\a';
	case 'b':
		return '\b';
	case 't':
		return '\t';
	case 'n':
		return '\n';
	case 'v':
		return '\v';
	case 'f':
		return '\f';
	case 'r':
		return '\r';
	default:
		return 0;
	}
}

enum pa_status pa_text_unescape(struct pa_slice in, enum pa_dialect dialect, uint8_t separator,
                                struct pa_buf *scratch, struct pa_slice *out)
{
	size_t start = scratch->len;
	uint8_t *to;

	if (dialect != PA_DIALECT_4_4 || in.len == 0 || !memchr(in.ptr, '\\', in.len)) {
		*out = in;
		return PA_OK;
	}
	if (pa_buf_reserve(scratch, in.len) != PA_OK)
		return PA_ENOMEM;
	to = scratch->ptr + start;
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];

		if (c == '\\') {
			if (++i == in.len)
				return PA_EVALUE;
			c = unescaped(in.ptr[i]);
			if (!c && in.ptr[i] == separator)
				c = separator;
			if (!c)
				return PA_EVALUE;
		}
		*to++ = c;
	}
	scratch->len = (size_t)(to - scratch->ptr);
	*out = (struct pa_slice){scratch->ptr + start, scratch->len - start};
	return PA_OK;
}

/* Length of the character at p, or of the maximal broken run, which *ok tells apart.
 * Source: Unicode 15, table 3-7 "Well-Formed UTF-8 Byte Sequences". */
static size_t character(const uint8_t *p, size_t n, int *ok)
{
	uint8_t low = 0x80;
	uint8_t high = 0xbf;
	size_t len;

	*ok = 1;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		len = 1;
	*ok = 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < len; i++) {
		if (i == n || p[i] < low || p[i] > high)
			return i;
		low = 0x80;
		high = 0xbf;
	}
	*ok = len > 1;
	return len;
}

size_t pa_text_character(const uint8_t *p, size_t n)
{
	int ok;
	size_t len = character(p, n, &ok);

	return ok ? len : 0;
}

static size_t ascii_prefix(const uint8_t *p, size_t n)
{
	size_t i = 0;
	uint64_t block;

	for (; i + sizeof(block) <= n; i += sizeof(block)) {
		memcpy(&block, p + i, sizeof(block));
		if (block & 0x8080808080808080u)
			break;
	}
	while (i < n && p[i] < 0x80)
		i++;
	return i;
}

static size_t valid_prefix(struct pa_slice in)
{
	size_t i = ascii_prefix(in.ptr, in.len);

	while (i < in.len) {
		int ok;
		size_t len = character(in.ptr + i, in.len - i, &ok);

		if (!ok)
			return i;
		i += len;
	}
	return i;
}

enum pa_status pa_text_utf8(struct pa_slice in, struct pa_buf *scratch, struct pa_slice *out)
{
	size_t start = scratch->len;
	size_t i = valid_prefix(in);
	enum pa_status st;

	if (i == in.len) {
		*out = in;
		return PA_OK;
	}
	st = pa_buf_put(scratch, in.ptr, i);
	while (st == PA_OK && i < in.len) {
		int ok;
		size_t len = character(in.ptr + i, in.len - i, &ok);

		st = ok ? pa_buf_put(scratch, in.ptr + i, len)
		        : pa_buf_put(scratch, "\xef\xbf\xbd", 3);
		i += len;
	}
	if (st != PA_OK)
		return PA_ENOMEM;
	*out = (struct pa_slice){scratch->ptr + start, scratch->len - start};
	return PA_OK;
}

struct pa_slice pa_text_cut(struct pa_slice in, uint32_t max, int *cut)
{
	uint32_t chars = 0;

	if (max == 0 || in.len <= max)
		return in;
	for (size_t i = 0; i < in.len; i++) {
		chars += (in.ptr[i] & 0xc0) != 0x80;
		if (chars > max) {
			*cut = 1;
			return (struct pa_slice){in.ptr, i};
		}
	}
	return in;
}
