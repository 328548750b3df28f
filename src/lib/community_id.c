#include "pcapanalyzer/community_id.h"

#include <string.h>

#include "pcapanalyzer/sha1.h"

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

void pa_community_order(struct pa_community_flow *flow)
{
	const struct pa_community_flow old = *flow;
	int order = memcmp(old.src, old.dst, old.n_address);

	if (old.has_ports && (old.proto == PROTO_ICMP || old.proto == PROTO_ICMPV6)) {
		int answer = answer_type(old.proto, old.src_port);

		if (answer < 0)
			return;
		flow->dst_port = (uint16_t)answer;
	}
	if (order > 0 || (order == 0 && old.has_ports && flow->src_port > flow->dst_port)) {
		memcpy(flow->src, old.dst, sizeof(flow->src));
		memcpy(flow->dst, old.src, sizeof(flow->dst));
		flow->src_port = flow->dst_port;
		flow->dst_port = old.src_port;
	}
}

/* The SUM in base64 (RFC 4648), NUL behind it. */
static void put_base64(const uint8_t sum[PA_SHA1_BYTES], char *to)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t bytes[PA_SHA1_BYTES + 1] = {0};

	memcpy(bytes, sum, PA_SHA1_BYTES);
	for (size_t i = 0; i < sizeof(bytes); i += 3) {
		uint32_t three =
		    (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2];

		*to++ = digits[three >> 18];
		*to++ = digits[three >> 12 & 63];
		*to++ = digits[three >> 6 & 63];
		*to++ = digits[three & 63];
	}
	to[-1] = '=';
	*to = '\0';
}

void pa_community_id(const struct pa_community_flow *flow, char out[PA_COMMUNITY_ID_TEXT])
{
	struct pa_community_flow f = *flow;
	uint8_t message[2 + 16 + 16 + 2 + 4] = {0}; /* seed 0 first */
	uint8_t *to = message + 2;
	uint8_t sum[PA_SHA1_BYTES];

	_Static_assert(sizeof(message) <= PA_SHA1_SHORT_MAX, "the message is short");
	pa_community_order(&f);
	memcpy(to, f.src, f.n_address);
	to += f.n_address;
	memcpy(to, f.dst, f.n_address);
	to += f.n_address;
	*to++ = f.proto;
	*to++ = 0;
	if (f.has_ports) {
		to = put16(to, f.src_port);
		to = put16(to, f.dst_port);
	}
	pa_sha1_short(message, (size_t)(to - message), sum);
	out[0] = '1';
	out[1] = ':';
	put_base64(sum, out + 2);
}
