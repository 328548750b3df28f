#include "pcapanalyzer/memo.h"

#include <stdlib.h>

enum pa_status pa_memo_init(struct pa_memo *m, unsigned bits)
{
	const size_t align = _Alignof(struct pa_memo_entry);

	m->bits = bits;
	/* Of zeros that are made when they are touched first: most memos are never full. */
	m->memory = calloc(((size_t)1 << bits) + 1, sizeof(*m->entries));
	m->entries = (void *)(((uintptr_t)m->memory + align - 1) & ~(uintptr_t)(align - 1));
	return m->memory ? PA_OK : PA_ENOMEM;
}

void pa_memo_done(struct pa_memo *m)
{
	free(m->memory);
	m->memory = NULL;
	m->entries = NULL;
}
