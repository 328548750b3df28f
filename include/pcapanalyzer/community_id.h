/* Community ID v1: one short text for a flow, the same for both directions and in every tool.
 * Source: the Community ID flow hashing specification, version 1, seed 0. */
#ifndef PCAPANALYZER_COMMUNITY_ID_H
#define PCAPANALYZER_COMMUNITY_ID_H

#include <stdint.h>

#define PA_COMMUNITY_ID_TEXT 31 /* "1:", 28 characters of base64, NUL */

struct pa_community_flow {
	uint8_t src[16], dst[16]; /* network order; the first n_address bytes count */
	uint8_t n_address;        /* 4 or 16 */
	uint8_t proto;            /* IANA number */
	int has_ports;            /* 0: the flow is addresses and protocol only */
	uint16_t src_port;        /* of TCP, UDP, SCTP; the type of ICMP and ICMPv6 */
	uint16_t dst_port;        /* of TCP, UDP, SCTP; the code of ICMP and ICMPv6 */
};

/* Give FLOW the direction that both have in common: the smaller end first. */
void pa_community_order(struct pa_community_flow *flow);

void pa_community_id(const struct pa_community_flow *flow, char out[PA_COMMUNITY_ID_TEXT]);

#endif
