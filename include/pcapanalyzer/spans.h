/* Neighbouring cells that were seen before, with the columns that they became.
 *
 * The packets of a conversation differ in a few cells; those of its addresses and ports stay. So
 * their text is looked up as a whole, and what was written for it the last time is written again.
 */
#ifndef PCAPANALYZER_SPANS_H
#define PCAPANALYZER_SPANS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pcapanalyzer/error.h"

#define PA_SPAN_BITS      10 /* of the number of places */
#define PA_SPAN_KEY_MIN   16
#define PA_SPAN_KEY_MAX   192
#define PA_SPAN_VALUE_MAX 192
#define PA_SPAN_ID_MAX    48
/* Bytes at the end: what is before them differs but seldom where they do not. */
#define PA_SPAN_HASHED 64

/* Lines of the cache: what is looked at first, the key, the value. */
struct pa_span {
	uint64_t headers; /* what else the columns depend on */
	uint8_t n_key;    /* 0: the place is free */
	uint8_t n_value;
	uint8_t n_id; /* 0: not known yet */
	uint8_t reserved[5];
	uint8_t id[PA_SPAN_ID_MAX]; /* the Community ID, as it is written */
	uint8_t key[PA_SPAN_KEY_MAX];
	uint8_t value[PA_SPAN_VALUE_MAX];
} __attribute__((aligned(64)));

struct pa_spans {
	struct pa_span *entries; /* heap */
};

enum pa_status pa_spans_init(struct pa_spans *s) __attribute__((warn_unused_result));
/* Takes one that pa_spans_init() failed on, or that is all zeros. */
void pa_spans_done(struct pa_spans *s);

/* Sixteen bytes: one product, which waits for no other. */
static inline uint64_t pa_span_mixed(const uint8_t *p, uint64_t salt)
{
	uint64_t word[2];

	memcpy(word, p, sizeof(word));
	return (word[0] ^ UINT64_C(0x9e3779b97f4a7c15)) * (word[1] ^ salt);
}

/* The place of the N bytes at P, PA_SPAN_KEY_MIN to PA_SPAN_KEY_MAX of them. */
static inline struct pa_span *pa_spans_place(const struct pa_spans *s, const uint8_t *p, size_t n)
{
	uint64_t h = n;

	if (n >= PA_SPAN_HASHED) {
		p += n - PA_SPAN_HASHED;
		h += pa_span_mixed(p, UINT64_C(0xc2b2ae3d27d4eb4f));
		h += pa_span_mixed(p + 16, UINT64_C(0x27d4eb2f165667c5));
		h += pa_span_mixed(p + 32, UINT64_C(0xd6e8feb86659fd93));
		h += pa_span_mixed(p + 48, UINT64_C(0x165667b19e3779f9));
	} else {
		for (size_t i = 0; i + 16 < n; i += 16)
			h += pa_span_mixed(p + i, UINT64_C(0xc2b2ae3d27d4eb4f));
		/* The last ones, some of them for the second time. */
		h += pa_span_mixed(p + n - 16, UINT64_C(0x165667b19e3779f9));
	}
	h ^= h >> 32;
	return &s->entries[h * UINT64_C(0xff51afd7ed558ccd) >> (64 - PA_SPAN_BITS)];
}

/* Have what a short key and value of E take brought near. */
static inline void pa_span_prefetch(const struct pa_span *e)
{
	__builtin_prefetch(e);
	__builtin_prefetch(e->key);
	__builtin_prefetch(e->key + 64);
	__builtin_prefetch(e->value);
	__builtin_prefetch(e->value + 64);
}

/* 1 when the place holds just this. */
static inline int pa_span_is(const struct pa_span *e, uint64_t headers, const uint8_t *p, size_t n)
{
	return e->n_key == n && e->headers == headers && memcmp(e->key, p, n) == 0;
}

/* Give the place a new key; its value and id are then unknown, and so is the key until
 * pa_span_keep(). */
void pa_span_begin(struct pa_span *e, uint64_t headers, const uint8_t *p, size_t n);
/* The value of the key that pa_span_begin() set. What is longer than PA_SPAN_VALUE_MAX is not
 * kept. */
void pa_span_keep(struct pa_span *e, size_t n_key, const uint8_t *value, size_t n);

#endif
