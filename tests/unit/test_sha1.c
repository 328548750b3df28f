#include "pcapanalyzer/sha1.h"

#include <openssl/evp.h>

#include "support.h"

/* RFC 3174, section 7.3 */
static void test_abc(void **state)
{
	static const char want[] =
	    "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d";
	uint8_t got[PA_SHA1_BYTES];

	(void)state;
	pa_sha1_short((const uint8_t *)"abc", 3, got);
	assert_memory_equal(got, want, sizeof(got));
}

/* libcrypto has the say, for every length. */
static void test_as_libcrypto(void **state)
{
	uint8_t message[PA_SHA1_SHORT_MAX];
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		for (size_t n = 0; n <= sizeof(message); n++) {
			uint8_t want[PA_SHA1_BYTES];
			uint8_t got[PA_SHA1_BYTES];

			for (size_t i = 0; i < n; i++)
				message[i] = (uint8_t)(round ? next_random(&seed) >> 8 : 0xff);
			assert_int_equal(EVP_Digest(message, n, want, NULL, EVP_sha1(), NULL), 1);
			pa_sha1_short(message, n, got);
			assert_memory_equal(got, want, sizeof(want));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_abc),
	    cmocka_unit_test(test_as_libcrypto),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
