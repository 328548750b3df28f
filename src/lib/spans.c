#include "pcapanalyzer/spans.h"

#include <stdlib.h>

#define BITS 10

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

/* Sixteen bytes into the two halves of a hash. */
static inline void mix(const uint8_t *p, uint64_t h[2])
{
	uint64_t word[2];

	memcpy(word, p, sizeof(word));
	h[0] = (h[0] ^ word[0]) * UINT64_C(0x9e3779b97f4a7c15);
	h[1] = (h[1] ^ word[1]) * UINT64_C(0xc2b2ae3d27d4eb4f);
	h[0] ^= h[0] >> 32;
	h[1] ^= h[1] >> 32;
}

struct pa_span *pa_spans_place(const struct pa_spans *s, const uint8_t *p, size_t n)
{
	uint64_t h[2] = {n, 0};

	for (size_t i = 0; i + 16 < n; i += 16)
		mix(p + i, h);
	/* The last ones, some of them for the second time. */
	mix(p + n - 16, h);
	return &s->entries[(h[0] + h[1]) * UINT64_C(0xff51afd7ed558ccd) >> (64 - BITS)];
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
