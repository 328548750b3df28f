#include "pcapanalyzer/flow.h"

#include <string.h>

#define ETHERTYPE_IP4     0x0800
#define ETHERTYPE_VLAN    0x8100
#define ETHERTYPE_IP6     0x86dd
#define ETHERTYPE_MPLS    0x8847
#define ETHERTYPE_PPPOE   0x8864
#define ETHERTYPE_QINQ    0x88a8
#define ETHERTYPE_FABRIC  0x8903 /* Cisco FabricPath */
#define ETHERTYPE_QINQ_V1 0x9100
#define PPP_IP4           0x0021
#define PPP_IP6           0x0057
#define PROTO_ICMP        1
#define PROTO_IP4         4 /* in IP */
#define PROTO_TCP         6
#define PROTO_UDP         17
#define PROTO_IP6         41 /* in IP */
#define PROTO_GRE         47
#define PROTO_ICMP6       58
#define TAGS_MAX          16 /* VLANs and labels in a row */
#define NEAR              64 /* bytes in which a request or status line shows what it is */

static uint16_t u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Leave the first N bytes behind; 0 when there are fewer. */
static int skip(struct pa_slice *s, size_t n)
{
	if (n > s->len)
		return 0;
	s->ptr += n;
	s->len -= n;
	return 1;
}

/* Pairs */

/* FNV-1a, mixed at the end: the low bits choose the worker. */
static uint32_t hash_address(const uint8_t *address, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ address[i]) * 16777619u;
	h ^= h >> 16;
	h *= 0x7feb352du;
	h ^= h >> 15;
	return h;
}

/* The same for both directions. */
static uint32_t hash_pair(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint32_t h = hash_address(a, n) + hash_address(b, n);

	h *= 0x846ca68bu;
	h ^= h >> 16;
	return h ? h : 1;
}

uint32_t pa_flow_end(const uint8_t *address, size_t n, uint16_t port)
{
	uint32_t h = (hash_address(address, n) ^ port) * 0x9e3779b1u;

	h ^= h >> 15;
	return h ? h : 1;
}

/* Who must be shared */

/* FTP is not among them: its data connection is between the same two. */
static int announces(uint16_t port, int tcp)
{
	static const uint16_t tcp_ports[] = {
	    21,   /* FTP may name a third address */
	    135,  /* DCE/RPC endpoint mapper */
	    111,  /* ONC RPC portmapper */
	    554,  /* RTSP */
	    1080, /* SOCKS: numbers a stream more, which is in no row */
	    1720, /* H.225 */
	    2000, /* Skinny */
	    5060, 5061, 8554,
	};
	static const uint16_t udp_ports[] = {
	    67,   68,         /* DHCP: from and to addresses that are not yet those of the host */
	    111,  1718, 1719, /* H.225 RAS */
	    2427, 2727,       /* MGCP */
	    2944, 2945,       /* MEGACO */
	    5060, 5061,
	};
	const uint16_t *ports = tcp ? tcp_ports : udp_ports;
	size_t n = tcp ? sizeof(tcp_ports) / sizeof(*ports) : sizeof(udp_ports) / sizeof(*ports);

	for (size_t i = 0; i < n; i++)
		if (ports[i] == port)
			return 1;
	return 0;
}

/* On another port, too: the first line of SIP and RTSP ends with its version, that of an answer
 * begins with it. */
static int is_signalling(struct pa_slice payload)
{
	size_t near = payload.len < NEAR ? payload.len : NEAR;

	if (near < 8 || payload.ptr[0] < 'A' || payload.ptr[0] > 'Z')
		return 0;
	return memcmp(payload.ptr, "SIP/2.0", 7) == 0 || memcmp(payload.ptr, "RTSP/1.0", 8) == 0 ||
	       memmem(payload.ptr, near, " sip:", 5) || memmem(payload.ptr, near, " rtsp:", 6);
}

/* Layers */

/* What an ICMP error quotes, which stands behind its 8 bytes; or nothing. */
static struct pa_slice quoted(uint8_t protocol, struct pa_slice s)
{
	static const uint8_t errors4[] = {3, 4, 5, 11, 12};
	const struct pa_slice none = {NULL, 0};

	if (s.len < 8)
		return none;
	if (protocol == PROTO_ICMP && !memchr(errors4, s.ptr[0], sizeof(errors4)))
		return none;
	if (protocol == PROTO_ICMP6 && (s.ptr[0] < 1 || s.ptr[0] > 4))
		return none;
	return skip(&s, 8) ? s : none;
}

/* A header of IP: the pair that it names, what it carries, and that; 0 when it is none. */
struct ip {
	uint32_t hash;
	const uint8_t *from, *to;
	size_t address; /* bytes of each */
	uint8_t protocol;
	int fragment; /* one of several */
	int later;    /* and not the first: PAYLOAD has no header */
	struct pa_slice payload;
};

static int read_ip4(struct pa_slice s, struct ip *out)
{
	size_t header;

	if (s.len < 20)
		return 0;
	header = (size_t)(s.ptr[0] & 15) * 4;
	out->from = s.ptr + 12;
	out->to = s.ptr + 16;
	out->address = 4;
	out->hash = hash_pair(out->from, out->to, 4);
	out->protocol = s.ptr[9];
	out->fragment = (u16(s.ptr + 6) & 0x3fff) != 0;
	out->later = (u16(s.ptr + 6) & 0x1fff) != 0;
	out->payload = s;
	return header >= 20 && skip(&out->payload, header);
}

/* Extension headers as far as they go: hop by hop, routing, destination, and the fragment's. */
static int read_ip6(struct pa_slice s, struct ip *out)
{
	if (s.len < 40)
		return 0;
	out->from = s.ptr + 8;
	out->to = s.ptr + 24;
	out->address = 16;
	out->hash = hash_pair(out->from, out->to, 16);
	out->protocol = s.ptr[6];
	out->payload = s;
	if (!skip(&out->payload, 40))
		return 0;
	while (out->payload.len >= 8) {
		const uint8_t *p = out->payload.ptr;

		switch (out->protocol) {
		case 0:
		case 43:
		case 60:
			if (!skip(&out->payload, 8 + (size_t)p[1] * 8))
				return 1;
			break;
		case 44:
			out->fragment = (u16(p + 2) & 0xfff9) != 0;
			out->later = (u16(p + 2) & 0xfff8) != 0;
			if (!skip(&out->payload, 8))
				return 1;
			break;
		default:
			return 1;
		}
		out->protocol = p[0];
	}
	return 1;
}

static int read_ip(struct pa_slice s, struct ip *out)
{
	if (s.len == 0)
		return 0;
	*out = (struct ip){.hash = 0};
	switch (s.ptr[0] >> 4) {
	case 4:
		return read_ip4(s, out);
	case 6:
		return read_ip6(s, out);
	default:
		return 0;
	}
}

/* The packet of IP that GRE carries; or nothing. */
static struct pa_slice in_gre(struct pa_slice s)
{
	const struct pa_slice none = {NULL, 0};
	size_t header = 4;

	/* Version 0, no routing, and the EtherType of IP. */
	if (s.len < 4 || (u16(s.ptr) & 0x4007) != 0 ||
	    (u16(s.ptr + 2) != ETHERTYPE_IP4 && u16(s.ptr + 2) != ETHERTYPE_IP6))
		return none;
	header += s.ptr[0] & 0x80 ? 4 : 0; /* checksum */
	header += s.ptr[0] & 0x20 ? 4 : 0; /* key */
	header += s.ptr[0] & 0x10 ? 4 : 0; /* sequence number */
	return skip(&s, header) ? s : none;
}

/* The packet of IP in IP; or nothing. */
static struct pa_slice inner(const struct ip *ip)
{
	const struct pa_slice none = {NULL, 0};

	switch (ip->protocol) {
	case PROTO_IP4:
	case PROTO_IP6:
		return ip->payload;
	case PROTO_GRE:
		return in_gre(ip->payload);
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return quoted(ip->protocol, ip->payload);
	default:
		return none;
	}
}

static int is_tunnel(uint8_t protocol)
{
	return protocol == PROTO_IP4 || protocol == PROTO_IP6 || protocol == PROTO_GRE;
}

/* Look at the header of UDP or TCP, and behind it. */
static void look_inside(const struct ip *ip, struct pa_flow *flow)
{
	struct pa_slice s = ip->payload;
	const int tcp = ip->protocol == PROTO_TCP;
	size_t header = 8;

	if ((!tcp && ip->protocol != PROTO_UDP) || s.len < 8)
		return;
	if (!tcp) {
		flow->from = pa_flow_end(ip->from, ip->address, u16(s.ptr));
		flow->to = pa_flow_end(ip->to, ip->address, u16(s.ptr + 2));
	}
	flow->shared = announces(u16(s.ptr), tcp) || announces(u16(s.ptr + 2), tcp);
	if (tcp)
		header = s.len > 12 ? (size_t)(s.ptr[12] >> 4) * 4 : s.len;
	if (!skip(&s, header))
		return;
	flow->shared = flow->shared || is_signalling(s);
	if (flow->shared)
		flow->said = s;
}

static struct pa_flow of_ip(struct pa_slice s)
{
	struct pa_flow flow = {.hash = 0};
	struct ip ip = {.hash = 0};

	while (read_ip(s, &ip)) {
		flow.hash = ip.hash;
		/* Whose packet the pieces of a tunnel's are is not known before they are together.
		 */
		if (ip.fragment) {
			flow.shared = is_tunnel(ip.protocol);
			if (flow.shared || ip.later)
				return flow;
		}
		s = inner(&ip);
	}
	if (flow.hash != 0)
		look_inside(&ip, &flow);
	return flow;
}

static struct pa_flow of_ppp(struct pa_slice s)
{
	const struct pa_flow none = {.hash = 0};
	uint16_t protocol;

	if (s.len >= 2 && s.ptr[0] == 0xff && s.ptr[1] == 3) /* address and control, as in HDLC */
		(void)skip(&s, 2);
	if (s.len < 2)
		return none;
	protocol = u16(s.ptr);
	return (protocol == PPP_IP4 || protocol == PPP_IP6) && skip(&s, 2) ? of_ip(s) : none;
}

/* S begins behind TYPE. */
static struct pa_flow of_ethertype(uint16_t type, struct pa_slice s)
{
	const struct pa_flow none = {.hash = 0};
	int last = 0;

	for (int i = 0; i < TAGS_MAX; i++)
		switch (type) {
		case ETHERTYPE_IP4:
		case ETHERTYPE_IP6:
			return of_ip(s);
		case ETHERTYPE_VLAN:
		case ETHERTYPE_QINQ:
		case ETHERTYPE_QINQ_V1:
			if (s.len < 4)
				return none;
			type = u16(s.ptr + 2);
			(void)skip(&s, 4);
			break;
		case ETHERTYPE_FABRIC: /* a tag, and the frame of Ethernet */
			if (s.len < 16)
				return none;
			type = u16(s.ptr + 14);
			(void)skip(&s, 16);
			break;
		case ETHERTYPE_PPPOE:
			return skip(&s, 6) ? of_ppp(s) : none;
		case ETHERTYPE_MPLS:
			if (last)
				return of_ip(s);
			if (s.len < 4)
				return none;
			last = s.ptr[2] & 1;
			(void)skip(&s, 4);
			break;
		default:
			return none;
		}
	return none;
}

/* Where a link type has its EtherType, and where the packet begins behind it. */
static const struct {
	uint16_t link_type;
	uint8_t type_at, header;
} framed[] = {
    {1, 12, 14},   /* Ethernet */
    {104, 2, 4},   /* Cisco HDLC */
    {113, 14, 16}, /* Linux cooked */
    {276, 0, 20},  /* Linux cooked, version 2 */
};

/* And those in which IP comes next, whatever stands before it. */
static const struct {
	uint16_t link_type;
	uint8_t header;
} bare[] = {
    {0, 4},   /* BSD loopback */
    {12, 0},  /* raw IP */
    {101, 0}, /* raw IP */
    {108, 4}, /* OpenBSD loopback */
    {228, 0}, /* IPv4 */
    {229, 0}, /* IPv6 */
};

#define LINK_PPP      9
#define LINK_PPP_HDLC 50

int pa_flow_supports(uint16_t link_type)
{
	for (size_t i = 0; i < sizeof(framed) / sizeof(framed[0]); i++)
		if (framed[i].link_type == link_type)
			return 1;
	for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++)
		if (bare[i].link_type == link_type)
			return 1;
	return link_type == LINK_PPP || link_type == LINK_PPP_HDLC;
}

struct pa_flow pa_flow_of(uint16_t link_type, struct pa_slice bytes)
{
	const struct pa_flow none = {.hash = 0};

	for (size_t i = 0; i < sizeof(framed) / sizeof(framed[0]); i++)
		if (framed[i].link_type == link_type && bytes.len >= framed[i].header) {
			uint16_t type = u16(bytes.ptr + framed[i].type_at);

			(void)skip(&bytes, framed[i].header);
			return of_ethertype(type, bytes);
		}
	for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++)
		if (bare[i].link_type == link_type)
			return skip(&bytes, bare[i].header) ? of_ip(bytes) : none;
	return link_type == LINK_PPP || link_type == LINK_PPP_HDLC ? of_ppp(bytes) : none;
}
