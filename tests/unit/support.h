/* What the unit tests share. */
#ifndef SUPPORT_H
#define SUPPORT_H

/* cmocka.h wants these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A slice from a string literal that may hold zero bytes: as an initialiser, as a value. */
#define LIT(text)                                                                                  \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}
#define SLICE(text) ((struct pa_slice)LIT(text))

/* The same bytes in a heap block of exactly their size, so that a read past the end is caught
 * by AddressSanitizer. For free_copy(). */
static inline struct pa_slice copy_of(struct pa_slice s)
{
	uint8_t *p = malloc(s.len ? s.len : 1);

	assert_non_null(p);
	if (s.len)
		memcpy(p, s.ptr, s.len);
	return (struct pa_slice){p, s.len};
}

static inline void free_copy(struct pa_slice s)
{
	free((void *)(uintptr_t)s.ptr);
}

static inline struct pa_slice of_buf(const struct pa_buf *b)
{
	return (struct pa_slice){b->ptr, b->len};
}

static inline int same(struct pa_slice a, struct pa_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline int has(struct pa_slice s, const char *word)
{
	return s.len > 0 && memmem(s.ptr, s.len, word, strlen(word)) != NULL;
}

/* Readable text of any bytes, for messages; four may be in use at once. */
static inline const char *shown(struct pa_slice s)
{
	static char text[4][1024];
	static unsigned turn;
	char *out = text[turn++ % 4];
	size_t n = 0;

	for (size_t i = 0; i < s.len && n + 8 < sizeof(text[0]); i++) {
		if (s.ptr[i] >= 0x20 && s.ptr[i] < 0x7f)
			out[n++] = (char)s.ptr[i];
		else
			n += (size_t)snprintf(out + n, 5, "\\x%02x", (unsigned)s.ptr[i]);
	}
	out[n] = '\0';
	return out;
}

#define assert_slice(got, want)                                                                    \
	do {                                                                                       \
		struct pa_slice got_ = (got);                                                      \
		struct pa_slice want_ = (want);                                                    \
		if (!same(got_, want_))                                                            \
			fail_msg("got  \"%s\"\nwant \"%s\"", shown(got_), shown(want_));           \
	} while (0)

#define assert_text(got, text) assert_slice(got, pa_slice_of(text))

#define assert_ok(call) assert_int_equal(call, PA_OK)

/* Numbers that look random and are the same in every run. */
static inline uint32_t next_random(uint32_t *state)
{
	uint32_t x = *state ? *state : 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*state = x;
	return x;
}

/* A new folder below TMPDIR; for remove_tree(). */
static inline char *make_folder(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = NULL;

	assert_true(asprintf(&path, "%s/pa-unit.XXXXXX", tmp ? tmp : "/tmp") > 0);
	assert_non_null(mkdtemp(path));
	return path;
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void remove_tree(char *path)
{
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(path);
}

/* For pa_rows: what a struct pa_slice holds, which shrinks. */
static inline enum pa_status read_slice(void *ctx, uint8_t *bytes, size_t n, size_t *got,
                                        struct pa_error *err)
{
	struct pa_slice *s = ctx;

	(void)err;
	*got = s->len < n ? s->len : n;
	if (*got)
		memcpy(bytes, s->ptr, *got);
	s->ptr += *got;
	s->len -= *got;
	return PA_OK;
}

#endif
