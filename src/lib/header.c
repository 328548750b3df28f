#include "pcapanalyzer/header.h"

#include <string.h>

enum pa_header pa_header_of(struct pa_slice name)
{
	static const struct {
		const char *word;
		enum pa_header header;
	} headers[] = {
	    {"ip.", PA_H_IP},     {"ipv6.", PA_H_IPV6},     {"arp.", PA_H_ARP},
	    {"tcp.", PA_H_TCP},   {"udp.", PA_H_UDP},       {"sctp.", PA_H_SCTP},
	    {"icmp.", PA_H_ICMP}, {"icmpv6.", PA_H_ICMPV6},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		size_t n = strlen(headers[i].word);

		if (name.len > n && memcmp(name.ptr, headers[i].word, n) == 0)
			return headers[i].header;
	}
	return PA_H_NONE;
}

int pa_header_fixed(struct pa_slice name)
{
	static const char *const fixed[] = {
	    "ip.hdr_len",
	    "ip.dsfield",
	    "ip.dsfield.dscp",
	    "ip.dsfield.ecn",
	    "ip.len",
	    "ip.id",
	    "ip.flags",
	    "ip.flags.rb",
	    "ip.flags.df",
	    "ip.flags.mf",
	    "ip.frag_offset",
	    "ip.ttl",
	    "ip.proto",
	    "ip.checksum",
	    "ip.checksum.status",
	    "ip.src",
	    "ip.src_host",
	    "ip.dst",
	    "ip.dst_host",
	    "ipv6.tclass",
	    "ipv6.tclass.dscp",
	    "ipv6.tclass.ecn",
	    "ipv6.flow",
	    "ipv6.plen",
	    "ipv6.nxt",
	    "ipv6.hlim",
	    "ipv6.src",
	    "ipv6.src_host",
	    "ipv6.dst",
	    "ipv6.dst_host",
	    "arp.hw.type",
	    "arp.proto.type",
	    "arp.hw.size",
	    "arp.proto.size",
	    "arp.opcode",
	    "arp.src.proto_ipv4",
	    "arp.dst.proto_ipv4",
	    "tcp.srcport",
	    "tcp.dstport",
	    "tcp.stream",
	    "tcp.seq",
	    "tcp.seq_raw",
	    "tcp.ack",
	    "tcp.ack_raw",
	    "tcp.hdr_len",
	    "tcp.flags",
	    "tcp.flags.res",
	    "tcp.flags.cwr",
	    "tcp.flags.urg",
	    "tcp.flags.ack",
	    "tcp.flags.push",
	    "tcp.flags.reset",
	    "tcp.flags.syn",
	    "tcp.flags.fin",
	    "tcp.flags.str",
	    "tcp.window_size_value",
	    "tcp.window_size",
	    "tcp.checksum",
	    "tcp.checksum.status",
	    "udp.srcport",
	    "udp.dstport",
	    "udp.length",
	    "udp.checksum",
	    "udp.checksum.status",
	    "udp.stream",
	    "sctp.srcport",
	    "sctp.dstport",
	    "sctp.verification_tag",
	    "sctp.checksum",
	    "icmp.type",
	    "icmp.code",
	    "icmp.checksum",
	    "icmpv6.type",
	    "icmpv6.code",
	    "icmpv6.checksum",
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (pa_slice_is(name, fixed[i]))
			return 1;
	return 0;
}

int pa_header_steady(struct pa_slice name)
{
	static const char *const steady[] = {
	    "arp.dst.proto_ipv4",
	    "arp.src.proto_ipv4",
	    "eth.dst",
	    "eth.src",
	    "frame.interface_name",
	    "icmp.code",
	    "icmp.type",
	    "icmpv6.code",
	    "icmpv6.type",
	    "ip.dsfield",
	    "ip.dsfield.dscp",
	    "ip.dst",
	    "ip.proto",
	    "ip.src",
	    "ip.ttl",
	    "ipv6.dst",
	    "ipv6.hlim",
	    "ipv6.nxt",
	    "ipv6.src",
	    "ipv6.tclass",
	    "ipv6.tclass.dscp",
	    "sctp.dstport",
	    "sctp.srcport",
	    "sll.src.eth",
	    "tcp.dstport",
	    "tcp.srcport",
	    "udp.dstport",
	    "udp.srcport",
	    "vlan.id",
	    "wlan.da",
	    "wlan.sa",
	};

	for (size_t i = 0; i < sizeof(steady) / sizeof(steady[0]); i++)
		if (pa_slice_is(name, steady[i]))
			return 1;
	return 0;
}
