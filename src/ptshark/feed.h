/* The capture that each worker is given.
 *
 * It is a pcapng file with a record for every packet. The worker's own packets stand in it as they
 * are, and so do those that all must see; those of others without a byte, as custom blocks, which
 * are frames to tshark and the cheapest it has. Where times have to be known, it is an empty packet
 * of interface N+I instead, for interface I of N. A display filter for packets with a byte hides
 * both. Packets of interface N+I with a byte push rows out of a worker; its row of them means
 * nothing.
 */
#ifndef PTSHARK_FEED_H
#define PTSHARK_FEED_H

#include <stddef.h>

#include "pcapanalyzer/announced.h"
#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/merge.h"
#include "pcapanalyzer/owners.h"
#include "plan.h"

#define FEED_FILTER "frame.cap_len > 0"

struct feed {
	const struct plan *plan;
	struct capture capture;
	int needs_times;
	struct pa_pcapng order; /* of the bytes that the workers are given */
	unsigned n_workers;
	struct pa_buf *queues;  /* one for each; what is taken from them is the caller's affair */
	struct pa_merge *merge; /* is told the owners */
	struct pa_announced announced;
	struct pa_owners owners;
	int pushed;           /* a worker; -1: none. Its rows are to come out. */
	struct pa_buf packet; /* pcap: the record as pcapng has it */
	int ended;
};

/* Begin at the start of the capture FD. */
enum pa_status feed_open(struct feed *f, int fd, struct pa_error *err);
void feed_close(struct feed *f);

/* Append the next record to the queues; at the end of the capture, f->ended is set. */
enum pa_status feed_next(struct feed *f, struct pa_error *err);

#endif
