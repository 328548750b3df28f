#include "pcapanalyzer/memo.h"

#include <stdlib.h>

enum pa_status pa_memo_init(struct pa_memo *m, unsigned bits)
{
	m->bits = bits;
	m->entries = calloc((size_t)1 << bits, sizeof(*m->entries));
	return m->entries ? PA_OK : PA_ENOMEM;
}

void pa_memo_done(struct pa_memo *m)
{
	free(m->entries);
	m->entries = NULL;
}
