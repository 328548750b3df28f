#include "pcapanalyzer/spans.h"

#include <stdlib.h>

enum pa_status pa_spans_init(struct pa_spans *s)
{
	const size_t bytes = sizeof(*s->entries) << PA_SPAN_BITS;

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
