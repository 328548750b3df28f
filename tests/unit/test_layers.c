#include "pcapanalyzer/layers.h"
#include "support.h"

static const char *const names[PA_H_COUNT] = {"-",   "ip",   "ipv6", "arp",   "tcp",
                                              "udp", "sctp", "icmp", "icmpv6"};

static char *text_of(const struct pa_layers *l)
{
	struct pa_buf b;

	pa_buf_init(&b, SIZE_MAX);
	for (unsigned i = 0; i < l->n; i++)
		assert_ok(pa_buf_printf(&b, "%s%s%u/%s%u%s", i ? " " : "",
		                        names[l->layer[i].address], l->layer[i].address_index,
		                        names[l->layer[i].transport], l->layer[i].transport_index,
		                        l->layer[i].quoted ? "q" : ""));
	assert_ok(pa_buf_putc(&b, 0));
	return (char *)b.ptr;
}

static void test_real_packets(void **state)
{
	/* frame.protocols as tshark prints it. */
	static const struct {
		struct pa_slice protocols;
		const char *layers;
	} rows[] = {
	    {LIT(""), ""},
	    {LIT("eth:llc:stp"), ""},
	    {LIT("eth:ethertype:arp"), "arp0/-0"},
	    {LIT("eth:ethertype:ip:tcp:http"), "ip0/tcp0"},
	    {LIT("eth:ethertype:ip:udp:dns"), "ip0/udp0"},
	    {LIT("eth:ethertype:ipv6:tcp:tls"), "ipv60/tcp0"},
	    {LIT("eth:ethertype:vlan:ethertype:ip:sctp:m3ua"), "ip0/sctp0"},
	    {LIT("raw:ip:icmp:data"), "ip0/icmp0"},
	    {LIT("eth:ethertype:ip:igmp"), "ip0/-0"},
	    {LIT("eth:ethertype:ip:udplite:data"), "ip0/udp0"},
	    /* a VXLAN tunnel */
	    {LIT("eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:tcp"), "ip0/udp0 ip1/tcp0"},
	    {LIT("eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:udp:dns"), "ip0/udp0 ip1/udp1"},
	    {LIT("eth:ethertype:ip:udp:vxlan:eth:ethertype:arp"), "ip0/udp0 arp0/-0"},
	    {LIT("eth:ethertype:ipv6:udp:vxlan:eth:ethertype:ipv6:icmpv6"),
	     "ipv60/udp0 ipv61/icmpv60"},
	    /* GRE, 6in4, 4in6, IP in IP in IP */
	    {LIT("eth:ethertype:ip:gre:ip:tcp"), "ip0/-0 ip1/tcp0"},
	    {LIT("eth:ethertype:ip:gre:ppp:ip:icmp:data"), "ip0/-0 ip1/icmp0"},
	    {LIT("eth:ethertype:ip:ipv6:tcp"), "ip0/-0 ipv60/tcp0"},
	    {LIT("eth:ethertype:ipv6:ip:udp"), "ipv60/-0 ip0/udp0"},
	    {LIT("ip:ip:ip:tcp"), "ip0/-0 ip1/-0 ip2/tcp0"},
	    {LIT("eth:ethertype:ip:udp:teredo:ipv6:icmpv6"), "ip0/udp0 ipv60/icmpv60"},
	    {LIT("eth:ethertype:ip:udp:gtp:ip:tcp:http"), "ip0/udp0 ip1/tcp0"},
	    /* ICMP errors quote a packet; what an echo carries is no header */
	    {LIT("eth:ethertype:ip:icmp:ip:udp"), "ip0/icmp0 ip1/udp0q"},
	    {LIT("eth:ethertype:ip:icmp:ip:udp:dns"), "ip0/icmp0 ip1/udp0q"},
	    {LIT("eth:ethertype:ip:icmp:ip:icmp"), "ip0/icmp0 ip1/icmp1q"},
	    {LIT("eth:ethertype:ipv6:icmpv6:ipv6:tcp"), "ipv60/icmpv60 ipv61/tcp0q"},
	    {LIT("eth:ethertype:ip:gre:ip:icmp:ip:tcp"), "ip0/-0 ip1/icmp0 ip2/tcp0q"},
	    /* IPv6 extension headers have names of their own */
	    {LIT("eth:ethertype:ipv6:ipv6.hopopts:icmpv6"), "ipv60/icmpv60"},
	    {LIT("eth:ethertype:ipv6:ipv6.fraghdr:udp"), "ipv60/udp0"},
	    {LIT("eth:ethertype:ipv6:ipv6.routing:ipv6.dstopts:tcp"), "ipv60/tcp0"},
	    /* several transports behind one address header: the first one is its own */
	    {LIT("ip:sctp:sctp:tcp"), "ip0/sctp0"},
	    {LIT("ip:udp:tcp:ip:tcp"), "ip0/udp0 ip1/tcp1"},
	    /* transports without an address count, but belong to nobody */
	    {LIT("eth:tcp:ip:tcp"), "ip0/tcp1"},
	    {LIT("udp:udp:ipv6:udp"), "ipv60/udp2"},
	    /* names that only look like ours */
	    {LIT("IP:Ip:ipx:ipv4:ip6:arpa:tcpros:udpcp:udplite2:icmpv:icmpv66:sct:ic"), ""},
	    {LIT("::::ip::::tcp:::"), "ip0/tcp0"},
	    {LIT(":"), ""},
	    {LIT("ip"), "ip0/-0"},
	    {LIT("ip:"), "ip0/-0"},
	    {LIT("i"), ""},
	    {LIT("ip\0:tcp"), ""},
	    {LIT(" ip"), ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice in = copy_of(rows[i].protocols);
		struct pa_layers l;
		char *text;

		memset(&l, 0xee, sizeof(l));
		assert_ok(pa_layers_walk(in, &l));
		text = text_of(&l);
		if (strcmp(text, rows[i].layers) != 0)
			fail_msg("row %zu: \"%s\" gave \"%s\"", i, shown(in), text);
		free(text);
		free_copy(in);
	}
}

static void test_seen(void **state)
{
	struct pa_layers l;

	(void)state;
	assert_ok(pa_layers_walk(
	    SLICE("ip:udp:ip:ipv6:arp:sctp:udplite:icmp:ip:icmpv6:tcp:tcp:xyz"), &l));
	assert_int_equal(l.seen[PA_H_IP], 3);
	assert_int_equal(l.seen[PA_H_IPV6], 1);
	assert_int_equal(l.seen[PA_H_ARP], 1);
	assert_int_equal(l.seen[PA_H_TCP], 2);
	assert_int_equal(l.seen[PA_H_UDP], 2);
	assert_int_equal(l.seen[PA_H_SCTP], 1);
	assert_int_equal(l.seen[PA_H_ICMP], 1);
	assert_int_equal(l.seen[PA_H_ICMPV6], 1);
	assert_int_equal(l.seen[PA_H_NONE], 0);
	/* Nothing is left of the packet before. */
	assert_ok(pa_layers_walk(SLICE("eth"), &l));
	assert_int_equal(l.n, 0);
	for (unsigned i = 0; i < PA_H_COUNT; i++)
		assert_int_equal(l.seen[i], 0);
}

static void test_limit(void **state)
{
	struct pa_layers l;
	struct pa_buf b;

	(void)state;
	pa_buf_init(&b, 100000);
	for (unsigned i = 1; i <= PA_LAYERS_MAX + 2; i++) {
		assert_ok(pa_buf_puts(&b, i % 3 ? ":ip" : ":ipv6"));
		assert_int_equal(pa_layers_walk(of_buf(&b), &l),
		                 i <= PA_LAYERS_MAX ? PA_OK : PA_ELIMIT);
		if (i <= PA_LAYERS_MAX) {
			assert_int_equal(l.n, i);
			assert_int_equal(l.layer[i - 1].address_index,
			                 i % 3 ? i - i / 3 - 1 : i / 3 - 1);
		}
	}
	/* Transports alone have no limit. */
	pa_buf_reset(&b);
	assert_ok(pa_buf_puts(&b, "ip"));
	for (unsigned i = 0; i < 1000; i++)
		assert_ok(pa_buf_puts(&b, ":tcp"));
	assert_ok(pa_layers_walk(of_buf(&b), &l));
	assert_int_equal(l.n, 1);
	assert_int_equal(l.seen[PA_H_TCP], 1000);
	pa_buf_done(&b);
}

static void test_ipv6_proto(void **state)
{
	static const uint8_t extensions[] = {0, 43, 44, 51, 60, 135, 139, 140};
	static const struct {
		enum pa_header transport;
		uint64_t proto;
	} transports[] = {
	    {PA_H_TCP, 6}, {PA_H_UDP, 17}, {PA_H_SCTP, 132}, {PA_H_ICMP, 1}, {PA_H_ICMPV6, 58},
	};

	(void)state;
	for (unsigned nxt = 0; nxt < 256; nxt++) {
		int extension = memchr(extensions, (int)nxt, sizeof(extensions)) != NULL;
		struct pa_layer l = {.address = PA_H_IPV6, .transport = PA_H_NONE};

		assert_int_equal(pa_layer_ipv6_proto(&l, nxt), nxt);
		for (size_t i = 0; i < N_OF(transports); i++) {
			l.transport = transports[i].transport;
			assert_int_equal(pa_layer_ipv6_proto(&l, nxt),
			                 extension ? transports[i].proto : nxt);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_real_packets),
	    cmocka_unit_test(test_seen),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_ipv6_proto),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
