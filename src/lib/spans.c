#include "pcapanalyzer/spans.h"

#include <stdlib.h>

#define BITS   10
#define HASHED 64 /* bytes at the end: what is before them differs but seldom where they do not */

enum pa_status pa_spans_init(struct pa_spans *s)
{
	const size_t bytes = sizeof(*s->entries) << BITS;

	s->entries = aligned_alloc(_Alignof(struct pa_span), bytes);
	if (!s->entries)
		return PA_ENOMEM;
	memset(s->entries, 0, bytes);
	return PA_OK;
}

void pa_spans_done(struct pa_spans *s)
{
	free(s->entries);
	s->entries = NULL;
}

/* Sixteen bytes: one product, which waits for no other. */
static inline uint64_t mixed(const uint8_t *p, uint64_t salt)
{
	uint64_t word[2];

	memcpy(word, p, sizeof(word));
	return (word[0] ^ UINT64_C(0x9e3779b97f4a7c15)) * (word[1] ^ salt);
}

struct pa_span *pa_spans_place(const struct pa_spans *s, const uint8_t *p, size_t n)
{
	uint64_t h = n;

	if (n >= HASHED) {
		p += n - HASHED;
		h += mixed(p, UINT64_C(0xc2b2ae3d27d4eb4f));
		h += mixed(p + 16, UINT64_C(0x27d4eb2f165667c5));
		h += mixed(p + 32, UINT64_C(0xd6e8feb86659fd93));
		h += mixed(p + 48, UINT64_C(0x165667b19e3779f9));
	} else {
		for (size_t i = 0; i + 16 < n; i += 16)
			h += mixed(p + i, UINT64_C(0xc2b2ae3d27d4eb4f));
		/* The last ones, some of them for the second time. */
		h += mixed(p + n - 16, UINT64_C(0x165667b19e3779f9));
	}
	h ^= h >> 32;
	return &s->entries[h * UINT64_C(0xff51afd7ed558ccd) >> (64 - BITS)];
}

void pa_span_begin(struct pa_span *e, uint64_t headers, const uint8_t *p, size_t n)
{
	e->headers = headers;
	e->n_key = 0;
	e->n_id = 0;
	memcpy(e->key, p, n);
}

void pa_span_keep(struct pa_span *e, size_t n_key, const uint8_t *value, size_t n)
{
	if (n > sizeof(e->value))
		return;
	memcpy(e->value, value, n);
	e->n_value = (uint8_t)n;
	e->n_key = (uint8_t)n_key;
}
