#include "pcapanalyzer/scan.h"
#include "support.h"

static uint64_t expected(const uint8_t *p, uint8_t a, uint8_t b)
{
	uint64_t hits = 0;

	for (unsigned i = 0; i < PA_SCAN_BLOCK; i++)
		if (p[i] == a || p[i] == b)
			hits |= UINT64_C(1) << i;
	return hits;
}

static void test_each_place(void **state)
{
	uint8_t block[PA_SCAN_BLOCK];

	(void)state;
	for (unsigned i = 0; i < PA_SCAN_BLOCK; i++) {
		memset(block, 'x', sizeof(block));
		assert_int_equal(pa_scan64(block, '\t', '\n'), 0);
		block[i] = '\t';
		assert_true(pa_scan64(block, '\t', '\n') == UINT64_C(1) << i);
		block[i] = '\n';
		assert_true(pa_scan64(block, '\t', '\n') == UINT64_C(1) << i);
		assert_int_equal(pa_scan64(block, '\t', '\t'), 0);
	}
	memset(block, '\n', sizeof(block));
	assert_true(pa_scan64(block, '\t', '\n') == UINT64_MAX);
	assert_true(pa_scan64(block, '\n', '\t') == UINT64_MAX);
}

static void test_every_pair_of_bytes(void **state)
{
	uint8_t block[PA_SCAN_BLOCK];

	(void)state;
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned i = 0; i < PA_SCAN_BLOCK; i++)
			block[i] = (uint8_t)(a + i * 4 + 1);
		for (unsigned b = 0; b < 256; b++)
			assert_true(pa_scan64(block, (uint8_t)a, (uint8_t)b) ==
			            expected(block, (uint8_t)a, (uint8_t)b));
	}
}

static void test_any_alignment(void **state)
{
	uint8_t bytes[4 * PA_SCAN_BLOCK];
	uint32_t seed = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)("ab,\n"[next_random(&seed) % 4]);
	for (size_t at = 0; at + PA_SCAN_BLOCK <= sizeof(bytes); at++) {
		uint8_t *exact = malloc(PA_SCAN_BLOCK);

		assert_non_null(exact);
		memcpy(exact, bytes + at, PA_SCAN_BLOCK);
		assert_true(pa_scan64(exact, ',', '\n') == expected(bytes + at, ',', '\n'));
		assert_true(pa_scan64(bytes + at, ',', '\n') == expected(bytes + at, ',', '\n'));
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_place),
	    cmocka_unit_test(test_every_pair_of_bytes),
	    cmocka_unit_test(test_any_alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
