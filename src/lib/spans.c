#include "pcapanalyzer/spans.h"

#include <stdlib.h>

#define BITS 11

enum pa_status pa_spans_init(struct pa_spans *s)
{
	s->entries = calloc((size_t)1 << BITS, sizeof(*s->entries));
	return s->entries ? PA_OK : PA_ENOMEM;
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

	for (size_t i = 0; i + 16 < n; i += 16)
		h += mixed(p + i, UINT64_C(0xc2b2ae3d27d4eb4f));
	/* The last ones, some of them for the second time. */
	h += mixed(p + n - 16, UINT64_C(0x165667b19e3779f9));
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
