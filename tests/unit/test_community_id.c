/* Vectors: the baseline of corelight/community-id-spec (seed 0, base64) and the tests of
 * pycommunityid, its reference implementation. */
#include <arpa/inet.h>

#include "pcapanalyzer/community_id.h"
#include "support.h"

#define NO_PORT -1

static const struct vector {
	uint8_t proto;
	const char *src, *dst;
	int src_port, dst_port;
	const char *id;
} vectors[] = {
    {58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 136,
     "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
    {58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 135,
     "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
    {58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 135, 136,
     "1:zavyT/cezQr1fmImYCwYnMXbgck="},
    {58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 136, 135,
     "1:zavyT/cezQr1fmImYCwYnMXbgck="},
    {58, "3ffe:501:1800:2345::2", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0,
     "1:2ObVBgIn28oZvibYZhZMBgh7WdQ="},
    {58, "3ffe:501:410:0:2c0:dfff:fe47:33e", "3ffe:507:0:1:200:86ff:fe05:80da", 1, 4,
     "1:hLZd0XGWojozrvxqE0dWB1iM6R0="},
    {58, "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:501:0:1001::2", 128, 129,
     "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="},
    {58, "3ffe:501:0:1001::2", "3ffe:507:0:1:200:86ff:fe05:80da", 129, 128,
     "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="},
    {58, "fe80::200:86ff:fe05:80da", "ff02::2", 133, 134, "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0="},
    {58, "fe80::260:97ff:fe07:69ea", "ff02::1", 134, 133, "1:pkvHqCL88/tg1k4cPigmZXUtL00="},
    {58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0,
     "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
    {58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 0,
     "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
    {58, "3ffe:507:0:1:260:97ff:fe07:69ea", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0,
     "1:NdobDX8PQNJbAyfkWxhtL2Pqp5w="},
    {58, "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:507:0:1:260:97ff:fe07:69ea", 3, 0,
     "1:/OGBt9BN1ofenrmSPWYicpij2Vc="},
    {1, "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {1, "192.168.0.1", "192.168.0.89", 0, 8, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {1, "192.168.0.1", "192.168.0.89", 0, 20, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {1, "192.168.0.89", "192.168.0.1", 20, 0, "1:3o2RFccXzUgjl7zDpqmY7yJi8rI="},
    {1, "192.168.0.89", "192.168.0.1", 20, 1, "1:tz/fHIDUHs19NkixVVoOZywde+I="},
    {1, "10.0.0.1", "10.0.0.2", 11, 0, "1:YHxtAirCG//0OzkcVAukqKQN9xM="},
    {6, "2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a", 63943, 25,
     "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
    {6, "2607:f8b0:400c:c03::1a", "2001:470:e5bf:dead:4957:2174:e82c:4887", 25, 63943,
     "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
    {6, "128.232.110.120", "66.35.250.204", 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {6, "66.35.250.204", "128.232.110.120", 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {6, "10.0.0.1", "10.0.0.2", 10, 11569, "1:SXBGMX1lBOwhhoDrZynfROxnhnM="},
    {17, "192.168.1.52", "8.8.8.8", 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
    {17, "8.8.8.8", "192.168.1.52", 53, 54585, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
    {132, "192.168.170.8", "192.168.170.56", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="},
    {132, "192.168.170.56", "192.168.170.8", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="},
    {132, "192.168.170.8", "192.168.170.56", 7, 80, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="},
    {132, "192.168.170.56", "192.168.170.8", 80, 7, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="},
    {46, "10.1.12.1", "10.1.12.2", NO_PORT, NO_PORT, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="},
    {46, "10.1.12.2", "10.1.12.1", NO_PORT, NO_PORT, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="},
    {46, "10.1.24.4", "10.1.12.1", NO_PORT, NO_PORT, "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4="},
    {46, "10.1.12.1", "10.1.24.4", NO_PORT, NO_PORT, "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4="},
};

static struct pa_community_flow flow_of(const struct vector *v)
{
	/* Bytes behind an IPv4 address must not count. */
	struct pa_community_flow f = {.proto = v->proto, .has_ports = v->src_port != NO_PORT};
	int family = strchr(v->src, ':') ? AF_INET6 : AF_INET;

	memset(f.src, 0xa5, sizeof(f.src));
	memset(f.dst, 0x5a, sizeof(f.dst));
	f.n_address = family == AF_INET6 ? 16 : 4;
	assert_int_equal(inet_pton(family, v->src, f.src), 1);
	assert_int_equal(inet_pton(family, v->dst, f.dst), 1);
	f.src_port = (uint16_t)(f.has_ports ? v->src_port : 0xdead);
	f.dst_port = (uint16_t)(f.has_ports ? v->dst_port : 0xbeef);
	return f;
}

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(vectors); i++) {
		struct pa_community_flow f = flow_of(&vectors[i]);
		char id[PA_COMMUNITY_ID_TEXT];

		memset(id, 'x', sizeof(id));
		pa_community_id(&f, id);
		if (strcmp(id, vectors[i].id) != 0)
			fail_msg("vector %zu: %s, not %s", i, id, vectors[i].id);
	}
}

static void turn(struct pa_community_flow *f)
{
	struct pa_community_flow old = *f;

	memcpy(f->src, old.dst, sizeof(f->src));
	memcpy(f->dst, old.src, sizeof(f->dst));
	f->src_port = old.dst_port;
	f->dst_port = old.src_port;
}

static void test_both_directions_are_one(void **state)
{
	uint32_t seed = 3;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		static const uint8_t protos[] = {6, 17, 132, 47};
		struct pa_community_flow f = {.n_address = i & 1 ? 4 : 16,
		                              .proto = protos[i / 2 % 4]};
		char one[PA_COMMUNITY_ID_TEXT];
		char two[PA_COMMUNITY_ID_TEXT];

		f.has_ports = f.proto != 47;
		for (size_t k = 0; k < f.n_address; k++) {
			f.src[k] = (uint8_t)(next_random(&seed) % 3);
			f.dst[k] = i % 5 == 0 ? f.src[k] : (uint8_t)(next_random(&seed) % 3);
		}
		f.src_port = (uint16_t)next_random(&seed);
		f.dst_port = (uint16_t)(next_random(&seed) % 3 ? next_random(&seed) : f.src_port);
		pa_community_id(&f, one);
		turn(&f);
		pa_community_id(&f, two);
		assert_string_equal(one, two);
		f.proto ^= 1;
		pa_community_id(&f, two);
		assert_string_not_equal(one, two);
	}
}

/* Every request type with its answer, both ways; all other types go one way. */
static void test_icmp_pairs(void **state)
{
	static const uint8_t icmp[][2] = {{8, 0}, {13, 14}, {15, 16}, {17, 18}, {10, 9}};
	static const uint8_t icmpv6[][2] = {{128, 129}, {130, 131}, {133, 134},
	                                    {135, 136}, {139, 140}, {144, 145}};

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		for (unsigned type = 0; type < 256; type++) {
			struct pa_community_flow f = {.n_address = v6 ? 16 : 4,
			                              .proto = v6 ? 58 : 1,
			                              .has_ports = 1,
			                              .src = {1},
			                              .dst = {2},
			                              .src_port = (uint16_t)type,
			                              .dst_port = 5};
			int answer = -1;
			char one[PA_COMMUNITY_ID_TEXT];
			char two[PA_COMMUNITY_ID_TEXT];

			for (size_t i = 0; i < (v6 ? N_OF(icmpv6) : N_OF(icmp)); i++) {
				const uint8_t *pair = v6 ? icmpv6[i] : icmp[i];

				if (pair[0] == type || pair[1] == type)
					answer = pair[0] == type ? pair[1] : pair[0];
			}
			pa_community_id(&f, one);
			turn(&f);
			f.src_port = (uint16_t)(answer < 0 ? (int)type : answer);
			f.dst_port = 5;
			pa_community_id(&f, two);
			if ((strcmp(one, two) == 0) != (answer >= 0))
				fail_msg("v6 %d type %u", v6, type);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_both_directions_are_one),
	    cmocka_unit_test(test_icmp_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
