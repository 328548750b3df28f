/* Which worker a packet belongs to.
 *
 * Pairs of addresses are spread over places by their hash, and a place goes to the worker that has
 * least to do when its first packet comes, and stays there. So the same capture is always divided
 * alike, and the workers have work at the same time, where the hash alone would leave one with the
 * long conversations. What was given counts less the longer ago it was: a worker can be ahead of
 * another by what its queue takes only.
 */
#ifndef PCAPANALYZER_OWNERS_H
#define PCAPANALYZER_OWNERS_H

#include <stdint.h>

#include "pcapanalyzer/merge.h"

#define PA_OWNERS_PLACES (64u * 1024)

struct pa_owners {
	unsigned n_workers;
	unsigned packets;                 /* since the loads were halved */
	uint32_t loads[PA_WORKERS_MAX];   /* of each worker, in bytes */
	uint8_t places[PA_OWNERS_PLACES]; /* worker + 1; 0: nobody's yet */
};

/* Begin anew, for N_WORKERS of at most PA_WORKERS_MAX. */
void pa_owners_init(struct pa_owners *o, unsigned n_workers);

/* The owner of the next packet, of CAPLEN bytes, whose pair of addresses has this HASH. */
unsigned pa_owners_take(struct pa_owners *o, uint32_t hash, uint32_t caplen);

#endif
