#include "pcapanalyzer/lines.h"

#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/digest.h"

enum pa_status pa_lines_bad(struct pa_lines *l, const char *why)
{
	enum pa_status st = pa_fail(l->err, PA_EFORMAT, 0, "%s: %s", l->what, why);

	if (l->err && l->err->row == 0)
		l->err->row = l->line;
	return st;
}

int pa_lines_take(struct pa_lines *l, const char *key)
{
	size_t n = strlen(key);
	const uint8_t *nl = memchr(l->rest.ptr, '\n', l->rest.len);

	if (!nl || (size_t)(nl - l->rest.ptr) <= n || memcmp(l->rest.ptr, key, n) != 0 ||
	    l->rest.ptr[n] != ' ')
		return 0;
	l->value.ptr = l->rest.ptr + n + 1;
	l->value.len = (size_t)(nl - l->value.ptr);
	l->rest.len -= (size_t)(nl + 1 - l->rest.ptr);
	l->rest.ptr = nl + 1;
	l->line++;
	return 1;
}

enum pa_status pa_lines_read_number(struct pa_lines *l, struct pa_slice s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.len == 0 || s.len > 20)
		return pa_lines_bad(l, "a number is missing or too long");
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)s.ptr[i] - '0';

		if (digit > 9)
			return pa_lines_bad(l, "a number holds something else");
		if (v > (UINT64_MAX - digit) / 10)
			return pa_lines_bad(l, "a number is too large");
		v = v * 10 + digit;
	}
	*out = v;
	return PA_OK;
}

enum pa_status pa_lines_read_text(struct pa_lines *l, size_t max, char **out)
{
	char *text = malloc(l->value.len + 1);
	size_t n = 0;

	if (!text)
		return pa_fail(l->err, PA_ENOMEM, 0, "no memory for a %s", l->what);
	free(*out);
	*out = text;
	for (size_t i = 0; i < l->value.len; i++) {
		uint8_t c = l->value.ptr[i];

		if (c == '\\') {
			if (l->value.len - i < 4 || l->value.ptr[i + 1] != 'x' ||
			    pa_unhex((struct pa_slice){l->value.ptr + i + 2, 2}, &c, 1) != PA_OK ||
			    c == 0)
				return pa_lines_bad(l, "a broken escape");
			i += 3;
		} else if (c == 0) {
			return pa_lines_bad(l, "a zero byte");
		}
		text[n++] = (char)c;
	}
	text[n] = '\0';
	return n <= max ? PA_OK : pa_lines_bad(l, "a text is too long");
}

enum pa_status pa_lines_number(struct pa_lines *l, const char *key, uint64_t *out)
{
	return pa_lines_take(l, key) ? pa_lines_read_number(l, l->value, out)
	                             : pa_lines_bad(l, "a line is missing or out of order");
}

enum pa_status pa_lines_text(struct pa_lines *l, const char *key, size_t max, char **out)
{
	return pa_lines_take(l, key) ? pa_lines_read_text(l, max, out)
	                             : pa_lines_bad(l, "a line is missing or out of order");
}

enum pa_status pa_lines_short(struct pa_lines *l, const char *key, char *out, size_t size)
{
	char *text = NULL;
	enum pa_status st = pa_lines_text(l, key, size - 1, &text);

	if (st == PA_OK)
		memcpy(out, text, strlen(text) + 1);
	free(text);
	return st;
}

enum pa_status pa_lines_put_text(struct pa_buf *out, const char *key, const char *text)
{
	enum pa_status st = pa_buf_printf(out, "%s ", key);

	for (const char *p = text ? text : ""; st == PA_OK && *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == '\\' || *p == 0x7f)
			st = pa_buf_printf(out, "\\x%02x", (unsigned)(unsigned char)*p);
		else
			st = pa_buf_putc(out, (uint8_t)*p);
	}
	return st == PA_OK ? pa_buf_putc(out, '\n') : st;
}

enum pa_status pa_lines_put_number(struct pa_buf *out, const char *key, uint64_t v)
{
	return pa_buf_printf(out, "%s %llu\n", key, (unsigned long long)v);
}
