#include "pcapanalyzer/community_id.h"

#include <openssl/evp.h>
#include <string.h>

#define PROTO_ICMP   1
#define PROTO_ICMPV6 58

/* The message type that answers TYPE, or -1 where messages go one way only. */
static int answer_type(uint8_t proto, uint16_t type)
{
	static const struct {
		uint8_t proto;
		uint8_t type, answer;
	} pairs[] = {
	    {PROTO_ICMP, 8, 0},       {PROTO_ICMP, 13, 14},     {PROTO_ICMP, 15, 16},
	    {PROTO_ICMP, 17, 18},     {PROTO_ICMP, 10, 9},      {PROTO_ICMPV6, 128, 129},
	    {PROTO_ICMPV6, 133, 134}, {PROTO_ICMPV6, 135, 136}, {PROTO_ICMPV6, 130, 131},
	    {PROTO_ICMPV6, 144, 145}, {PROTO_ICMPV6, 139, 140},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i].proto != proto)
			continue;
		if (pairs[i].type == type)
			return pairs[i].answer;
		if (pairs[i].answer == type)
			return pairs[i].type;
	}
	return -1;
}

static uint8_t *put16(uint8_t *to, uint16_t v)
{
	*to++ = (uint8_t)(v >> 8);
	*to++ = (uint8_t)v;
	return to;
}

enum pa_status pa_community_id(struct pa_sha1 *h, const struct pa_community_flow *flow,
                               char out[PA_COMMUNITY_ID_TEXT])
{
	const uint8_t *a = flow->src;
	const uint8_t *b = flow->dst;
	uint16_t port_a = flow->src_port;
	uint16_t port_b = flow->dst_port;
	uint8_t message[2 + 16 + 16 + 2 + 4] = {0}; /* seed 0 first */
	uint8_t *to = message + 2;
	uint8_t sum[PA_SHA1_BYTES];
	int one_way = 0;
	int order = memcmp(a, b, flow->n_address);

	if (flow->has_ports && (flow->proto == PROTO_ICMP || flow->proto == PROTO_ICMPV6)) {
		int answer = answer_type(flow->proto, flow->src_port);

		one_way = answer < 0;
		if (!one_way)
			port_b = (uint16_t)answer;
	}
	if (!one_way && (order > 0 || (order == 0 && flow->has_ports && port_a > port_b))) {
		a = flow->dst;
		b = flow->src;
		uint16_t swap = port_a;

		port_a = port_b;
		port_b = swap;
	}
	memcpy(to, a, flow->n_address);
	to += flow->n_address;
	memcpy(to, b, flow->n_address);
	to += flow->n_address;
	*to++ = flow->proto;
	*to++ = 0;
	if (flow->has_ports) {
		to = put16(to, port_a);
		to = put16(to, port_b);
	}
	if (pa_sha1_of(h, message, (size_t)(to - message), sum) != PA_OK)
		return PA_ENOMEM;
	out[0] = '1';
	out[1] = ':';
	EVP_EncodeBlock((unsigned char *)out + 2, sum, sizeof(sum));
	return PA_OK;
}
