#include "pcapanalyzer/announced.h"
#include "support.h"

#define A  "\12\0\0\1"
#define A6 "\x20\1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\1"

static uint32_t end_of(uint16_t port)
{
	return pa_flow_end((const uint8_t *)A, 4, port);
}

static int take(struct pa_announced *a, uint32_t from, uint32_t to)
{
	const struct pa_flow flow = {.from = from, .to = to};

	return pa_announced_take(a, &flow);
}

static void reads(void **state)
{
	static const struct {
		const char *text;
		uint16_t port; /* whose end is announced; 0: none */
	} cases[] = {
	    {"v=0\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n", 30000},
	    {"c=IN IP4 10.0.0.1\nm=audio 30000 RTP/AVP 0", 30000},
	    {"c=IN IP4 10.0.0.1/127\nm=video 30000/2 RTP/AVP 31\n", 30000},
	    {"INVITE sip:a@b SIP/2.0\r\n\r\nc=IN IP4 10.0.0.1\r\nm=image 65535 udptl t38", 65535},
	    {"c=IN IP4 10.0.0.9\nm=audio 1 RTP/AVP 0\nm=video 30000 RTP/AVP 0\n"
	     "c=IN IP4 10.0.0.1\n",
	     30000},
	    {"m=audio 7 RTP/AVP 0\nc=IN IP4 10.0.0.1\n", 7},
	    {"c=IN IP4 10.0.0.1\nv=0\nm=audio 30000 RTP/AVP 0\n", 0},
	    {"c=IN IP4 10&0.0.1\nm=audio 30000 RTP/AVP 0\n", 0},
	    {"c=IN IP4 10.0.0.1.000000000000000000000000000000000000000000\nm=a 30000\n", 0},
	    {"c=IN IP4 10.0.0.1\nm=audio 0 RTP/AVP 0\n", 0},
	    {"c=IN IP4 10.0.0.1\nm=audio 95536 RTP/AVP 0\n", 0},
	    {"c=IN IP4 10.0.0.1\nm=audio\nm=\nm=audio ", 0},
	    {"c=IN IP4 ", 0},
	    {"\n\n\xff", 0},
	    {"", 0},
	};
	static struct pa_announced a;

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct pa_slice text = copy_of(pa_slice_of(cases[i].text));

		pa_announced_init(&a);
		pa_announced_read(&a, text);
		for (uint16_t port = 30000; port < 30010; port++)
			if (take(&a, 0, end_of(port)) != (cases[i].port == 30000 && port <= 30001))
				fail_msg("case %zu: port %u", i, port);
		if (cases[i].port != 30000 && cases[i].port != 0)
			assert_true(take(&a, end_of(cases[i].port), 0));
		free_copy(text);
	}
	pa_announced_init(&a);
	pa_announced_read(&a, SLICE("c=IN IP6 2001:db8::1\nm=audio 5 RTP/AVP 0\n"));
	assert_true(take(&a, 0, pa_flow_end((const uint8_t *)A6, 16, 5)));
}

/* The first packets, of either direction, and again after another announcement. */
static void counts(void **state)
{
	static const char text[] = "c=IN IP4 10.0.0.1\nm=audio 8 RTP/AVP 0\n";
	static struct pa_announced a;

	(void)state;
	pa_announced_init(&a);
	for (int round = 0; round < 2; round++) {
		pa_announced_read(&a, SLICE(text));
		for (unsigned i = 0; i < PA_ANNOUNCED_PACKETS; i++)
			assert_true(take(&a, i % 2 ? end_of(8) : 77, i % 2 ? 77 : end_of(8)));
		assert_false(take(&a, 77, end_of(8)));
	}
	/* The sender's end is the one that counts. */
	assert_false(take(&a, end_of(8), end_of(9)));
	assert_true(take(&a, end_of(9), end_of(8)));
	assert_false(take(&a, 0, 0));
}

/* More than fit: the last one is there. */
static void overflows(void **state)
{
	static struct pa_announced a;
	char text[80];

	(void)state;
	pa_announced_init(&a);
	for (unsigned i = 0; i < 3 * PA_ANNOUNCED_ENDS; i++) {
		const int n = snprintf(text, sizeof(text),
		                       "c=IN IP4 10.0.0.1\nm=audio %u RTP/AVP 0\n", 2 * i + 1);

		pa_announced_read(&a, (struct pa_slice){(const uint8_t *)text, (size_t)n});
		assert_true(take(&a, end_of((uint16_t)(2 * i + 1)), 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads),
	    cmocka_unit_test(counts),
	    cmocka_unit_test(overflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
