#include "pcapanalyzer/digits.h"
#include "support.h"

#define JOINED 32

/* What the header says of IN, byte by byte. */
static int join_of(struct pa_slice in, uint8_t separator)
{
	size_t digits = 0; /* since the last separator */

	for (size_t i = 0; i < in.len; i++) {
		if (in.ptr[i] == separator) {
			digits = 0;
			continue;
		}
		if (in.ptr[i] < '0' || in.ptr[i] > '9' || digits == 9 ||
		    (digits == 1 && in.ptr[i - 1] == '0'))
			return 0;
		digits++;
	}
	return 1;
}

static int join(struct pa_slice in, uint8_t separator)
{
	uint8_t from[JOINED];
	uint8_t to[JOINED];
	int plain;

	memset(from, '7', sizeof(from));
	memcpy(from, in.ptr, in.len);
	plain = pa_digits_join((struct pa_slice){from, in.len}, separator, ';', to);
	for (size_t i = 0; i < in.len; i++)
		assert_int_equal(to[i], in.ptr[i] == separator ? ';' : in.ptr[i]);
	assert_int_equal(plain, join_of(in, separator));
	return plain;
}

static void test_join(void **state)
{
	(void)state;
	assert_true(join(SLICE("0"), '\t'));
	assert_true(join(SLICE("123456789"), '\t'));
	assert_false(join(SLICE("1234567890"), '\t'));
	assert_true(join(SLICE("123456789\t123456789\t123456789"), '\t'));
	assert_false(join(SLICE("12345678\t12345678\t1234567890"), '\t'));
	assert_true(join(SLICE("1\t0\t100"), '\t'));
	assert_true(join(SLICE("\t\t"), '\t'));
	assert_false(join(SLICE("01"), '\t'));
	assert_false(join(SLICE("1\t00"), '\t'));
	assert_false(join(SLICE("123456789\t123456\t01"), '\t'));
	assert_false(join(SLICE("1\xff"
	                        "1"),
	                  '\t'));
	assert_false(join(SLICE("-1"), '\t'));
	assert_false(join(SLICE("1:"), '\t'));
	assert_false(join(SLICE("1/"), '\t'));
	assert_true(join(SLICE("35530"), '5'));
	assert_true(join(SLICE("20100"), '0'));
	assert_false(join(SLICE("1020"), '1'));
}

static void test_any_join(void **state)
{
	static const char some[] = "0011234567899\t\t/:\377";
	uint8_t bytes[JOINED];
	uint32_t seed = 3;
	int plain = 0;

	(void)state;
	for (unsigned round = 0; round < 50000; round++) {
		uint32_t n = 1 + next_random(&seed) % (JOINED - 1);
		uint32_t kinds = round % 2 ? sizeof(some) - 1 : sizeof(some) - 4;

		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)some[next_random(&seed) % kinds];
		plain += join((struct pa_slice){bytes, n}, round % 3 ? '\t' : '9');
	}
	assert_true(plain > 1000 && plain < 49000);
}

/* Each byte in each place of a number; what stands behind it does not count. */
static void test_only(void **state)
{
	uint8_t bytes[16];

	(void)state;
	for (size_t n = 1; n <= 16; n++) {
		memset(bytes, 'x', sizeof(bytes));
		memset(bytes, '5', n);
		for (size_t i = 0; i < n; i++) {
			for (unsigned byte = 0; byte < 256; byte++) {
				int digit = byte >= '0' && byte <= '9';

				bytes[i] = (uint8_t)byte;
				assert_int_equal(pa_digits_only(bytes, n), digit);
				if (n <= 8)
					assert_int_equal(pa_digits_eight_only(bytes, n), digit);
			}
			bytes[i] = '5';
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_join),
	    cmocka_unit_test(test_any_join),
	    cmocka_unit_test(test_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
