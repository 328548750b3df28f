/* Input that comes in pieces of a size of one's own choice. */
#ifndef PCAPANALYZER_FUZZ_SOURCE_H
#define PCAPANALYZER_FUZZ_SOURCE_H

#include "fuzz.h"
#include "pcapanalyzer/rows.h"

struct source {
	struct pa_slice rest;
	size_t chunk;
};

static inline enum pa_status read_source(void *ctx, uint8_t *bytes, size_t n, size_t *got,
                                         struct pa_error *err)
{
	struct source *s = ctx;
	size_t take = s->rest.len < s->chunk ? s->rest.len : s->chunk;

	(void)err;
	MUST(n > 0);
	if (take > n)
		take = n;
	if (take)
		memcpy(bytes, s->rest.ptr, take);
	s->rest.ptr += take;
	s->rest.len -= take;
	*got = take;
	return PA_OK;
}

#endif
