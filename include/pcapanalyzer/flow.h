/* Which packets have to be dissected by the same tshark.
 *
 * What Wireshark remembers of a packet, it remembers by the pair of addresses: both directions of a
 * conversation, fragments, the data connection of FTP. So the pair decides, whichever of the two
 * came first. Of IP in IP, and in GRE, it is the innermost, which may be without the tunnel
 * elsewhere in the capture; a tunnel in UDP or TCP is a conversation itself, and its pair decides.
 * An ICMP error belongs to the packet that it quotes.
 *
 * Some protocols announce conversations between other addresses (SIP, RTSP, H.323, ...), or tell
 * everybody something (DHCP). Their packets must be seen by every tshark.
 *
 * Nothing here reads past the bytes or fails: a packet that makes no sense has no addresses.
 */
#ifndef PCAPANALYZER_FLOW_H
#define PCAPANALYZER_FLOW_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"

struct pa_flow {
	uint32_t hash; /* of the pair of addresses; 0 for what has none */
	int shared;    /* everybody must see it */
};

/* 1 when addresses can be found in packets of this LINKTYPE_. */
int pa_flow_supports(uint16_t link_type) __attribute__((const));

/* The flow of a packet; BYTES begin with the header of the link type. */
struct pa_flow pa_flow_of(uint16_t link_type, struct pa_slice bytes) __attribute__((pure));

#endif
