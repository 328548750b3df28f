#include "pcapanalyzer/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pa_slice pa_slice_of(const char *text)
{
	return (struct pa_slice){(const uint8_t *)text, strlen(text)};
}

int pa_slice_is(struct pa_slice s, const char *text)
{
	size_t n = strlen(text);

	return s.len == n && (n == 0 || memcmp(s.ptr, text, n) == 0);
}

void pa_buf_init(struct pa_buf *b, size_t limit)
{
	*b = (struct pa_buf){.limit = limit};
}

void pa_buf_done(struct pa_buf *b)
{
	if (!b)
		return;
	free(b->ptr);
	pa_buf_init(b, b->limit);
}

void pa_buf_reset(struct pa_buf *b)
{
	b->len = 0;
}

struct pa_slice pa_buf_slice(const struct pa_buf *b)
{
	return (struct pa_slice){b->ptr, b->len};
}

enum pa_status pa_buf_reserve(struct pa_buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 256;
	uint8_t *grown;

	if (n <= b->cap - b->len)
		return PA_OK;
	if (n > b->limit - b->len)
		return PA_ELIMIT;
	while (cap < b->len + n)
		cap = cap > b->limit / 2 ? b->limit : cap * 2;
	if (cap > b->limit)
		cap = b->limit;
	grown = realloc(b->ptr, cap);
	if (!grown)
		return PA_ENOMEM;
	b->ptr = grown;
	b->cap = cap;
	return PA_OK;
}

enum pa_status pa_buf_put(struct pa_buf *b, const void *bytes, size_t n)
{
	enum pa_status st = pa_buf_reserve(b, n);

	if (st == PA_OK && n > 0) {
		memcpy(b->ptr + b->len, bytes, n);
		b->len += n;
	}
	return st;
}

enum pa_status pa_buf_puts(struct pa_buf *b, const char *text)
{
	return pa_buf_put(b, text, strlen(text));
}

enum pa_status pa_buf_putc(struct pa_buf *b, uint8_t byte)
{
	return pa_buf_put(b, &byte, 1);
}

enum pa_status pa_buf_printf(struct pa_buf *b, const char *fmt, ...)
{
	va_list args;
	va_list again;
	int n;
	enum pa_status st;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	st = n < 0 ? PA_EVALUE : pa_buf_reserve(b, (size_t)n);
	if (st == PA_OK && b->cap - b->len > (size_t)n) {
		vsnprintf((char *)b->ptr + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	} else if (st == PA_OK) {
		/* The text fits but not the NUL, which only vsnprintf() wants. */
		char *text = malloc((size_t)n + 1);

		if (text) {
			vsnprintf(text, (size_t)n + 1, fmt, again);
			st = pa_buf_put(b, text, (size_t)n);
		} else {
			st = PA_ENOMEM;
		}
		free(text);
	}
	va_end(again);
	return st;
}

enum pa_status pa_buf_put_u64(struct pa_buf *b, uint64_t v)
{
	uint8_t digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v);
	return pa_buf_put(b, digits + at, sizeof(digits) - at);
}
