#include "pcapanalyzer/owners.h"

#include <string.h>

#define PACKET_BYTES 1000 /* the work that a packet is however short it may be */
#define HALVE_EVERY  4096

void pa_owners_init(struct pa_owners *o, unsigned n_workers)
{
	memset(o, 0, sizeof(*o));
	o->n_workers = n_workers;
}

static uint8_t find_idle(const struct pa_owners *o)
{
	unsigned best = 0;

	for (unsigned i = 1; i < o->n_workers; i++)
		if (o->loads[i] < o->loads[best])
			best = i;
	return (uint8_t)(best + 1);
}

unsigned pa_owners_take(struct pa_owners *o, uint32_t hash, uint32_t caplen)
{
	uint8_t *place = &o->places[(hash ^ hash >> 16) % PA_OWNERS_PLACES];

	if (*place == 0)
		*place = find_idle(o);
	o->loads[*place - 1] += PACKET_BYTES + caplen;
	if (++o->packets == HALVE_EVERY) {
		o->packets = 0;
		for (unsigned i = 0; i < o->n_workers; i++)
			o->loads[i] /= 2;
	}
	return *place - 1u;
}
