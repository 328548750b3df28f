#include "pcapanalyzer/header.h"
#include "support.h"

static void test_headers(void **state)
{
	static const struct {
		const char *name;
		enum pa_header header;
		int fixed;
	} rows[] = {
	    {"ip.src", PA_H_IP, 1},
	    {"ip.addr", PA_H_IP, 0},
	    {"ip.opt.type", PA_H_IP, 0},
	    {"ip.", PA_H_NONE, 0},
	    {"ip", PA_H_NONE, 0},
	    {"ipx.src", PA_H_NONE, 0},
	    {"IP.src", PA_H_NONE, 0},
	    {"ipv6.nxt", PA_H_IPV6, 1},
	    {"ipv6.dstopts.nxt", PA_H_IPV6, 0},
	    {"arp.src.proto_ipv4", PA_H_ARP, 1},
	    {"arp.duplicate-address-frame", PA_H_ARP, 0},
	    {"tcp.srcport", PA_H_TCP, 1},
	    {"tcp.analysis.retransmission", PA_H_TCP, 0},
	    {"tcp.options.sack_le", PA_H_TCP, 0},
	    {"tcpros.x", PA_H_NONE, 0},
	    {"udp.dstport", PA_H_UDP, 1},
	    {"udp.port", PA_H_UDP, 0},
	    {"sctp.srcport", PA_H_SCTP, 1},
	    {"sctp.chunk_type", PA_H_SCTP, 0},
	    {"icmp.type", PA_H_ICMP, 1},
	    {"icmp.resptime", PA_H_ICMP, 0},
	    {"icmpv6.code", PA_H_ICMPV6, 1},
	    {"icmpv.code", PA_H_NONE, 0},
	    {"http.host", PA_H_NONE, 0},
	    {"", PA_H_NONE, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice name = copy_of(pa_slice_of(rows[i].name));

		if (pa_header_of(name) != rows[i].header || pa_header_fixed(name) != rows[i].fixed)
			fail_msg("%s", rows[i].name);
		free_copy(name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
