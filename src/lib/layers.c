#include "pcapanalyzer/layers.h"

#include <string.h>

static enum pa_header header_of(const uint8_t *p, size_t n)
{
	switch (n) {
	case 2:
		return memcmp(p, "ip", 2) == 0 ? PA_H_IP : PA_H_NONE;
	case 3:
		if (memcmp(p, "tcp", 3) == 0)
			return PA_H_TCP;
		if (memcmp(p, "udp", 3) == 0)
			return PA_H_UDP;
		return memcmp(p, "arp", 3) == 0 ? PA_H_ARP : PA_H_NONE;
	case 4:
		if (memcmp(p, "ipv6", 4) == 0)
			return PA_H_IPV6;
		if (memcmp(p, "sctp", 4) == 0)
			return PA_H_SCTP;
		return memcmp(p, "icmp", 4) == 0 ? PA_H_ICMP : PA_H_NONE;
	case 6:
		return memcmp(p, "icmpv6", 6) == 0 ? PA_H_ICMPV6 : PA_H_NONE;
	case 7:
		/* UDP-Lite prints its ports as udp.* */
		return memcmp(p, "udplite", 7) == 0 ? PA_H_UDP : PA_H_NONE;
	default:
		return PA_H_NONE;
	}
}

enum pa_status pa_layers_walk(struct pa_slice protocols, struct pa_layers *out)
{
	const uint8_t *p = protocols.ptr;
	const uint8_t *end = p + protocols.len;
	int quoted = 0;

	out->n = 0;
	out->several = 0;
	memset(out->seen, 0, sizeof(out->seen));
	while (p < end) {
		const uint8_t *colon = memchr(p, ':', (size_t)(end - p));
		const uint8_t *stop = colon ? colon : end;
		enum pa_header h = header_of(p, (size_t)(stop - p));

		p = colon ? colon + 1 : end;
		if (h == PA_H_NONE)
			continue;
		if (h == PA_H_IP || h == PA_H_IPV6 || h == PA_H_ARP) {
			if (out->n == PA_LAYERS_MAX)
				return PA_ELIMIT;
			out->layer[out->n++] =
			    (struct pa_layer){h, PA_H_NONE, out->seen[h], 0, quoted};
		} else {
			struct pa_layer *l = out->n ? &out->layer[out->n - 1] : NULL;

			if (l && l->transport == PA_H_NONE) {
				l->transport = h;
				l->transport_index = out->seen[h];
			}
			quoted |= h == PA_H_ICMP || h == PA_H_ICMPV6;
		}
		out->several |= (unsigned)(out->seen[h] > 0) << h;
		out->seen[h]++;
	}
	out->first = 1u << PA_H_NONE;
	if (out->n)
		out->first |= 1u << out->layer[0].address | 1u << out->layer[0].transport;
	return PA_OK;
}

uint64_t pa_layer_ipv6_proto(const struct pa_layer *l, uint64_t nxt)
{
	/* RFC 8200, section 4; IANA "IPv6 Extension Header Types" */
	switch (nxt) {
	case 0:
	case 43:
	case 44:
	case 51:
	case 60:
	case 135:
	case 139:
	case 140:
		break;
	default:
		return nxt;
	}
	switch (l->transport) {
	case PA_H_TCP:
		return 6;
	case PA_H_UDP:
		return 17;
	case PA_H_SCTP:
		return 132;
	case PA_H_ICMP:
		return 1;
	case PA_H_ICMPV6:
		return 58;
	default:
		return nxt;
	}
}
