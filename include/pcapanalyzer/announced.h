/* Conversations that SDP announces with one end open.
 *
 * SIP, RTSP, MGCP and others tell the address and port at which one side awaits RTP, RTCP or T.38
 * ("c=", "m="), not that of the other. Wireshark takes what comes to that end, or from it, for one
 * conversation, whoever is at the other end, and numbers it with the first such packet. So the
 * first few packets of an end tell all tsharks which conversation it is; those behind them need
 * not.
 *
 * The table has a fixed size: of more ends that have not had their packets the later ones stay.
 * Ends are known by their hash; two that have the same are one, which costs a few packets.
 * Source: RFC 8866 (SDP); Wireshark, epan/conversation.c, find_conversation()
 */
#ifndef PCAPANALYZER_ANNOUNCED_H
#define PCAPANALYZER_ANNOUNCED_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/flow.h"

#define PA_ANNOUNCED_ENDS    4096u
#define PA_ANNOUNCED_PACKETS 4u /* of each end, after each time that it is announced */

struct pa_announced {
	unsigned n; /* ends that were announced, each time anew */
	struct {
		uint32_t end; /* pa_flow_end(); 0: nothing is here */
		uint32_t left;
	} slots[PA_ANNOUNCED_ENDS];
};

void pa_announced_init(struct pa_announced *a);

/* Remember the ends that TEXT, what a packet says, announces. Anything else is passed over. */
void pa_announced_read(struct pa_announced *a, struct pa_slice text);

/* 1 when this packet is one of the first of an announced end, which it then counts as. */
int pa_announced_take(struct pa_announced *a, const struct pa_flow *flow);

#endif
