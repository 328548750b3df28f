/* One growable byte buffer with a hard limit, and the borrowed slice.
 *
 * Invariant: len <= cap <= limit, and ptr is NULL only while cap is 0.
 */
#ifndef PCAPANALYZER_BUF_H
#define PCAPANALYZER_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/error.h"

/* Bytes that belong to somebody else; the docstring that hands one out says for how long. */
struct pa_slice {
	const uint8_t *ptr;
	size_t len;
};

struct pa_buf {
	uint8_t *ptr;
	size_t len;   /* bytes in use */
	size_t cap;   /* bytes allocated */
	size_t limit; /* bytes it may ever hold */
};

/* A slice of a string literal or NUL-terminated text; valid as long as TEXT is. */
struct pa_slice pa_slice_of(const char *text) __attribute__((pure));

/* 1 when the slice holds exactly the bytes of TEXT, else 0. */
int pa_slice_is(struct pa_slice s, const char *text) __attribute__((pure));

/* An empty buffer that may grow to LIMIT bytes; allocates nothing. */
void pa_buf_init(struct pa_buf *b, size_t limit);
/* Release the memory; b is then as after pa_buf_init() with its old limit. */
void pa_buf_done(struct pa_buf *b);
/* Forget the content, keep the memory. */
void pa_buf_reset(struct pa_buf *b);

/* All that the buffer holds; valid until it changes. */
struct pa_slice pa_buf_slice(const struct pa_buf *b) __attribute__((pure));

/* Make room for N more bytes. PA_ELIMIT past the limit, PA_ENOMEM without memory;
 * the content is then unchanged. After PA_OK, ptr + len has N writable bytes. */
enum pa_status pa_buf_reserve(struct pa_buf *b, size_t n) __attribute__((warn_unused_result));

/* Append; errors as pa_buf_reserve(). */
enum pa_status pa_buf_put(struct pa_buf *b, const void *bytes, size_t n)
    __attribute__((warn_unused_result));
enum pa_status pa_buf_puts(struct pa_buf *b, const char *text) __attribute__((warn_unused_result));
enum pa_status pa_buf_putc(struct pa_buf *b, uint8_t byte) __attribute__((warn_unused_result));
enum pa_status pa_buf_printf(struct pa_buf *b, const char *fmt, ...)
    __attribute__((warn_unused_result, format(printf, 2, 3)));
/* A decimal number without sign. */
enum pa_status pa_buf_put_u64(struct pa_buf *b, uint64_t v) __attribute__((warn_unused_result));

#endif
