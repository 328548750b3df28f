/* Which protocol header a field belongs to. Values of these fields come from the row's layer;
 * values of all others are the packet's. */
#ifndef PCAPANALYZER_HEADER_H
#define PCAPANALYZER_HEADER_H

#include "pcapanalyzer/buf.h"

enum pa_header {
	PA_H_NONE,
	PA_H_IP,
	PA_H_IPV6,
	PA_H_ARP,
	PA_H_TCP,
	PA_H_UDP,
	PA_H_SCTP,
	PA_H_ICMP,
	PA_H_ICMPV6,
	PA_H_COUNT
};

/* The header of the field called NAME, by the word before its first dot. */
enum pa_header pa_header_of(struct pa_slice name) __attribute__((pure));

/* 1 when every header of its kind has exactly one value of the field called NAME: the k-th
 * value is the k-th header's. Other fields may stand in some headers only, or several times.
 * Source: the header formats of RFC 791, 8200, 826, 9293, 768, 9260, 792, 4443, and what tshark
 * adds to each. */
int pa_header_fixed(struct pa_slice name) __attribute__((pure));

/* 1 when the packets of a conversation that go one way hardly ever differ in the field. */
int pa_header_steady(struct pa_slice name) __attribute__((pure));

#endif
