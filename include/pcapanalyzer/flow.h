/* Which packets have to be dissected by the same tshark.
 *
 * What Wireshark remembers of a packet, it remembers by the pair of addresses: both directions of a
 * conversation, fragments, the data connection of FTP. So the pair decides, whichever of the two
 * came first. Of IP in IP, and in GRE, it is the innermost, which may be without the tunnel
 * elsewhere in the capture; a tunnel in UDP or TCP is a conversation itself, and its pair decides.
 * An ICMP error belongs to the packet that it quotes.
 *
 * Some protocols announce conversations between other addresses (SIP, RTSP, H.323, ...), or tell
 * everybody something (DHCP). Their packets must be seen by every tshark, and so must the first of
 * a conversation that they announce: see announced.h.
 *
 * Nothing here reads past the bytes or fails: a packet that makes no sense has no addresses.
 */
#ifndef PCAPANALYZER_FLOW_H
#define PCAPANALYZER_FLOW_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"

struct pa_flow {
	uint32_t hash; /* of the pair of addresses; 0 for what has none */
	int shared;    /* everybody must see it */
	/* UDP: its ends, as pa_flow_end() has them; 0 for none. */
	uint32_t from, to;
	struct pa_slice said; /* by a shared packet, behind the header of UDP or TCP */
};

/* 1 when addresses can be found in packets of this LINKTYPE_. */
int pa_flow_supports(uint16_t link_type) __attribute__((const));

/* A hash of an address of N bytes and a port, which is not 0. */
uint32_t pa_flow_end(const uint8_t *address, size_t n, uint16_t port) __attribute__((pure));

/* The flow of a packet; BYTES begin with the header of the link type,
 * and what was said points into them. */
struct pa_flow pa_flow_of(uint16_t link_type, struct pa_slice bytes) __attribute__((pure));

#endif
