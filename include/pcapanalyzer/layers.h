/* Which headers of a packet belong together: the walk over frame.protocols.
 *
 * An address layer is an IPv4, IPv6 or ARP header with the transport header that follows it
 * before the next address header. The k-th time that a protocol's name stands in
 * frame.protocols is the k-th value of that protocol's fields: measured to hold on 109,288
 * packets but for headers that a short capture cut, which have no value at all.
 */
#ifndef PCAPANALYZER_LAYERS_H
#define PCAPANALYZER_LAYERS_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/header.h"

#define PA_LAYERS_MAX 256

struct pa_layer {
	enum pa_header address;   /* PA_H_IP, PA_H_IPV6 or PA_H_ARP */
	enum pa_header transport; /* PA_H_TCP .. PA_H_ICMPV6, or PA_H_NONE */
	uint16_t address_index;   /* how many headers of that kind stand before it */
	uint16_t transport_index;
	int quoted; /* 1 inside an ICMP error */
};

struct pa_layers {
	unsigned n;
	unsigned several;          /* bits of the kinds that the packet has more than once */
	unsigned first;            /* bits of the kinds of the first layer, and of PA_H_NONE */
	uint16_t seen[PA_H_COUNT]; /* headers of each kind in the whole packet */
	struct pa_layer layer[PA_LAYERS_MAX]; /* n of them; last, since most are never touched */
};

/* Walk "eth:ethertype:ip:udp:...". PA_ELIMIT past PA_LAYERS_MAX address layers. */
enum pa_status pa_layers_walk(struct pa_slice protocols, struct pa_layers *out)
    __attribute__((warn_unused_result));

/* The protocol number of an IPv6 layer: NXT, unless that announces an extension header and
 * the transport behind it is known. */
uint64_t pa_layer_ipv6_proto(const struct pa_layer *l, uint64_t nxt) __attribute__((pure));

#endif
