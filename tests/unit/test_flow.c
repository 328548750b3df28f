#include "pcapanalyzer/flow.h"
#include "support.h"

#define ETH                               1
#define RAW                               101
#define MAC                               "\1\1\1\1\1\1\2\2\2\2\2\2"
#define A                                 "\12\0\0\1"
#define B                                 "\12\0\0\2"
#define C                                 "\12\0\0\3"
#define IP4(protocol, fragment, from, to) "\x45\0\0\x50\0\1" fragment "\x40" protocol "\0\0" from to
#define WHOLE                             "\0\0"
#define FIRST                             "\x20\0"
#define LATER                             "\0\x10"
#define UDP                               "\x11"
#define TCP                               "\x06"
#define ICMP                              "\x01"
#define PORTS                             "\x30\x39\x30\x3a\0\x10\0\0" /* 12345 and 12346 */
#define SIP                               "\x13\xc4\x13\xc4\0\x10\0\0"
#define A6                                "\x20\1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define B6                                "\x20\1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
#define IP6(next, from, to)               "\x60\0\0\0\0\x20" next "\x40" from to
#define PAIR_AB                           IP4(UDP, WHOLE, A, B) PORTS

/* Each packet beside one of whose flow it is. */
static void belongs(void **state)
{
	static const struct {
		const char *what;
		uint16_t link_type, like_type;
		struct pa_slice bytes, like;
		int same;
	} cases[] = {
	    {"the other direction", RAW, RAW, LIT(IP4(UDP, WHOLE, B, A) PORTS), LIT(PAIR_AB), 1},
	    {"other ports", RAW, RAW, LIT(IP4(TCP, WHOLE, A, B) SIP), LIT(PAIR_AB), 1},
	    {"another pair", RAW, RAW, LIT(IP4(UDP, WHOLE, A, C) PORTS), LIT(PAIR_AB), 0},
	    {"a fragment", RAW, RAW, LIT(IP4(UDP, LATER, A, B) "xx"), LIT(PAIR_AB), 1},
	    {"Ethernet", ETH, RAW, LIT(MAC "\x08\0" PAIR_AB), LIT(PAIR_AB), 1},
	    {"VLAN", ETH, RAW, LIT(MAC "\x81\0\0\1\x08\0" PAIR_AB), LIT(PAIR_AB), 1},
	    {"QinQ", ETH, RAW, LIT(MAC "\x88\xa8\0\1\x81\0\0\1\x08\0" PAIR_AB), LIT(PAIR_AB), 1},
	    {"MPLS", ETH, RAW, LIT(MAC "\x88\x47\0\1\0\1\0\1\1\1" PAIR_AB), LIT(PAIR_AB), 1},
	    {"FabricPath", ETH, RAW, LIT(MAC "\x89\3\x07\xe0" MAC "\x81\0\0\1\x08\0" PAIR_AB),
	     LIT(PAIR_AB), 1},
	    {"PPPoE", ETH, RAW, LIT(MAC "\x88\x64\x11\0\0\1\0\2\0\x21" PAIR_AB), LIT(PAIR_AB), 1},
	    {"PPP", 9, RAW, LIT("\xff\3\0\x21" PAIR_AB), LIT(PAIR_AB), 1},
	    {"Cisco HDLC", 104, RAW, LIT("\x0f\0\x08\0" PAIR_AB), LIT(PAIR_AB), 1},
	    {"loopback", 0, RAW, LIT("\2\0\0\0" PAIR_AB), LIT(PAIR_AB), 1},
	    {"cooked", 113, RAW, LIT("\0\0\0\1\0\6\1\1\1\1\1\1\0\0\x08\0" PAIR_AB), LIT(PAIR_AB),
	     1},
	    {"cooked, version 2", 276, RAW,
	     LIT("\x08\0\0\0\0\0\0\1\0\1\0\6\1\1\1\1\1\1\0\0" PAIR_AB), LIT(PAIR_AB), 1},
	    {"an ICMP error", RAW, RAW, LIT(IP4(ICMP, WHOLE, C, A) "\3\3\0\0\0\0\0\0" PAIR_AB),
	     LIT(PAIR_AB), 1},
	    {"an ICMP echo", RAW, RAW, LIT(IP4(ICMP, WHOLE, C, A) "\x08\0\0\0\0\0\0\0" PAIR_AB),
	     LIT(PAIR_AB), 0},
	    {"IP in IP", RAW, RAW, LIT(IP4("\x04", WHOLE, A, C) PAIR_AB), LIT(PAIR_AB), 1},
	    {"IP in GRE", RAW, RAW, LIT(IP4("\x2f", WHOLE, A, C) "\0\0\x08\0" PAIR_AB),
	     LIT(PAIR_AB), 1},
	    {"IP in GRE with a key", RAW, RAW,
	     LIT(IP4("\x2f", WHOLE, A, C) "\x20\0\x08\0\0\0\0\7" PAIR_AB), LIT(PAIR_AB), 1},
	    {"PPTP", RAW, RAW, LIT(IP4("\x2f", WHOLE, A, B) "\x30\1\x88\x0b\0\0\0\0\0\0\0\0"),
	     LIT(PAIR_AB), 1},
	    {"IPv6", RAW, RAW, LIT(IP6(UDP, B6, A6) PORTS), LIT(IP6(TCP, A6, B6) SIP), 1},
	    {"IPv6 in IPv4", RAW, RAW, LIT(IP4("\x29", WHOLE, A, C) IP6(UDP, B6, A6) PORTS),
	     LIT(IP6(TCP, A6, B6) PORTS), 1},
	    {"an ICMPv6 error", RAW, RAW,
	     LIT(IP6("\x3a", A6, A6) "\3\3\0\0\0\0\0\0" IP6(UDP, B6, A6) PORTS),
	     LIT(IP6(TCP, A6, B6) PORTS), 1},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct pa_slice bytes = copy_of(cases[i].bytes);
		struct pa_flow a = pa_flow_of(cases[i].link_type, bytes);
		struct pa_flow b = pa_flow_of(cases[i].like_type, cases[i].like);

		if (a.hash == 0 || b.hash == 0 || (a.hash == b.hash) != cases[i].same)
			fail_msg("%s: %x and %x", cases[i].what, a.hash, b.hash);
		free_copy(bytes);
	}
}

static void shares(void **state)
{
	static const struct {
		const char *what;
		struct pa_slice bytes;
		int shared;
	} cases[] = {
	    {"no port that announces", LIT(PAIR_AB), 0},
	    {"SIP's port", LIT(IP4(UDP, WHOLE, A, B) SIP), 1},
	    {"that port behind an extension", LIT(IP6("\0", A6, B6) "\x11\0\0\0\0\0\0\0" SIP), 1},
	    {"a request line", LIT(IP4(UDP, WHOLE, A, B) PORTS "INVITE sip:x@y SIP/2.0"), 1},
	    {"a status line", LIT(IP4(UDP, WHOLE, A, B) PORTS "SIP/2.0 200 OK"), 1},
	    {"RTSP", LIT(IP4(UDP, WHOLE, A, B) PORTS "PLAY rtsp://x/ RTSP/1.0"), 1},
	    {"text", LIT(IP4(UDP, WHOLE, A, B) PORTS "What is a sip?"), 0},
	    {"a later fragment", LIT(IP4(UDP, LATER, A, B) SIP), 0},
	    {"a piece of a tunnel", LIT(IP4("\x04", FIRST, A, B) PAIR_AB), 1},
	    {"its later piece", LIT(IP4("\x29", LATER, A, B) "xx"), 1},
	    {"TCP without its header", LIT(IP4(TCP, WHOLE, A, B) PORTS), 0},
	    {"TCP",
	     LIT(IP4(TCP, WHOLE, A, B) "\1\1\2\2\0\0\0\0\0\0\0\0\x50\0\0\0\0\0\0\0"
	                               "RTSP/1.0 200"),
	     1},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct pa_slice bytes = copy_of(cases[i].bytes);

		if (pa_flow_of(RAW, bytes).shared != cases[i].shared)
			fail_msg("%s", cases[i].what);
		free_copy(bytes);
	}
}

/* The two ends of UDP, and what a shared packet says. */
static void tells_ends(void **state)
{
	const struct pa_flow udp = pa_flow_of(RAW, SLICE(PAIR_AB));
	const struct pa_flow back =
	    pa_flow_of(ETH, SLICE(MAC "\x08\0" IP4(UDP, WHOLE, B, A) "\x30\x3a\x30\x39\0\x10\0\0"));
	const struct pa_flow six = pa_flow_of(RAW, SLICE(IP6(UDP, A6, B6) PORTS));
	const struct pa_flow tcp = pa_flow_of(RAW, SLICE(IP4(TCP, WHOLE, A, B) PORTS));
	const struct pa_flow later = pa_flow_of(RAW, SLICE(IP4(UDP, LATER, A, B) PORTS));
	const struct pa_flow sip = pa_flow_of(RAW, SLICE(IP4(UDP, WHOLE, A, B) SIP "ACK"));

	(void)state;
	assert_int_equal(udp.from, pa_flow_end((const uint8_t *)A, 4, 12345));
	assert_int_equal(udp.to, pa_flow_end((const uint8_t *)B, 4, 12346));
	assert_true(back.from == udp.to && back.to == udp.from && udp.from != udp.to);
	assert_int_equal(six.to, pa_flow_end((const uint8_t *)B6, 16, 12346));
	assert_true(tcp.from == 0 && tcp.to == 0 && later.from == 0 && later.to == 0);
	assert_true(udp.said.len == 0 && same(sip.said, SLICE("ACK")));
}

/* What is cut anywhere, and what is no IP, has an answer. */
static void survives(void **state)
{
	static const char packet[] = MAC "\x88\xa8\0\1\x81\0\0\1\x08\0" IP4(
	    ICMP, WHOLE, C, A) "\3\3\0\0\0\0\0\0" IP6("\0", A6, B6) "\x06\0\0\0\0\0\0\0" SIP;

	(void)state;
	for (size_t n = 0; n < sizeof(packet); n++) {
		struct pa_slice bytes = copy_of((struct pa_slice){(const uint8_t *)packet, n});

		for (uint16_t type = 0; type < 300; type++)
			(void)pa_flow_of(type, bytes);
		free_copy(bytes);
	}
	assert_int_equal(pa_flow_of(ETH, SLICE(MAC "\x08\6xxxxxxxxxxxxxxxxxxxx")).hash, 0);
	assert_int_equal(pa_flow_of(RAW, SLICE("\x15xxxxxxxxxxxxxxxxxxxxxxx")).hash, 0);
	assert_true(pa_flow_supports(ETH) && pa_flow_supports(50) && pa_flow_supports(RAW));
	assert_false(pa_flow_supports(127));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(belongs),
	    cmocka_unit_test(shares),
	    cmocka_unit_test(tells_ends),
	    cmocka_unit_test(survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
