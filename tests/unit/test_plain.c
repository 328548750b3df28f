#include "pcapanalyzer/plain.h"
#include "support.h"

#define ROOM (5 * PA_PLAIN_BLOCK)

/* The N bytes at P in a block that has not a byte more than may be read. */
static uint8_t *exact_copy(const uint8_t *p, size_t n, size_t readable)
{
	uint8_t *exact = malloc(readable);

	assert_non_null(exact);
	memset(exact, 0x92, readable);
	memcpy(exact, p, n);
	return exact;
}

static int text(const uint8_t *p, size_t n)
{
	size_t readable = n + PA_PLAIN_BLOCK - 1;
	uint8_t *exact = exact_copy(p, n, readable);
	int plain = 0;

	for (int level = 0; level < PA_SCAN_LEVELS; level++) {
		const struct pa_plain_forms *forms = pa_plain_at((enum pa_scan_level)level);
		uint8_t *to = malloc(readable);
		int found;

		assert_non_null(to);
		if (forms) {
			found = forms->text(exact, n, to);
			assert_memory_equal(to, p, n);
			assert_true(level == 0 || found == plain);
			plain = found;
		}
		free(to);
	}
	free(exact);
	return plain;
}

static int numbers(const char *s, size_t n, uint8_t separator)
{
	uint8_t *exact = exact_copy((const uint8_t *)s, n, PA_PLAIN_BLOCK);
	int plain = 0;

	for (int level = 0; level < PA_SCAN_LEVELS; level++) {
		const struct pa_plain_forms *forms = pa_plain_at((enum pa_scan_level)level);
		uint8_t to[PA_PLAIN_BLOCK];
		int found;

		if (!forms)
			continue;
		found = forms->numbers(exact, n, separator, ';', to);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(to[i], exact[i] == separator ? ';' : exact[i]);
		if (level > 0)
			assert_int_equal(found, plain);
		plain = found;
	}
	free(exact);
	return plain;
}

static int text_of(const char *s)
{
	return text((const uint8_t *)s, strlen(s));
}

static int numbers_of(const char *s)
{
	return numbers(s, strlen(s), '\t');
}

static void test_text(void **state)
{
	(void)state;
	assert_true(text_of(""));
	assert_true(text_of("443 \xe2\x86\x92 53406 [ACK]\x7f"));
	assert_true(text_of("\xe2\x86\x92\xe2\x86\x92"));
	assert_false(text_of("\xe2\x86\x91"));
	assert_false(text_of("\xe2\x86"));
	assert_false(text_of("\x86\x92"));
	assert_false(text_of("\xe2\xe2\x86\x92"));
	assert_false(text_of("\xe2\x86\x92\x92"));
	assert_false(text_of("tab\t"));
}

/* Every byte in every place, and an arrow in every place. */
static void test_each_place_of_text(void **state)
{
	uint8_t bytes[ROOM];

	(void)state;
	for (size_t n = 1; n < 3 * PA_PLAIN_BLOCK; n++) {
		memset(bytes, 'x', sizeof(bytes));
		assert_true(text(bytes, n));
		for (size_t i = 0; i < n; i++) {
			static const uint8_t odd[] = {'"', '\\', 0x1f, 0x80, 0xff, 0xe2, 0};

			bytes[i] = odd[(i + n) % sizeof(odd)];
			assert_false(text(bytes, n));
			bytes[i] = 'x';
		}
		for (size_t i = 0; i + 3 <= n; i++) {
			memcpy(bytes + i, "\xe2\x86\x92", 3);
			assert_int_equal(text(bytes, n),
			                 i / PA_PLAIN_BLOCK == (i + 2) / PA_PLAIN_BLOCK);
			memset(bytes + i, 'x', 3);
		}
	}
	for (unsigned byte = 0; byte < 256; byte++) {
		bytes[0] = (uint8_t)byte;
		assert_int_equal(text(bytes, 1),
		                 byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\');
	}
}

static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(numbers_of("0"), 0);
	assert_int_equal(numbers_of("123456789"), 0);
	assert_int_equal(numbers_of("1234567890"), -1);
	assert_int_equal(numbers_of("01"), -1);
	assert_int_equal(numbers_of("00"), -1);
	assert_int_equal(numbers_of("1\t0\t100"), 2);
	assert_int_equal(numbers_of("1\t\t100\t"), 3);
	assert_int_equal(numbers_of("1\t00"), -1);
	assert_int_equal(numbers_of("1\3771"), -1);
	assert_int_equal(numbers_of("-1"), -1);
	assert_int_equal(numbers_of("1:"), -1);
	assert_int_equal(numbers_of("1/"), -1);
	assert_int_equal(numbers("15500", 5, '5'), -1);
	assert_int_equal(numbers("35530", 5, '5'), 2);
	assert_int_equal(numbers("20100", 5, '0'), 3);
}

/* Whatever stands in a block, all forms say the same of it. */
static void test_any_numbers(void **state)
{
	static const char some[] = "0011234567899\t\t/:\377";
	char block[PA_PLAIN_BLOCK];
	uint32_t seed = 3;
	unsigned plain = 0;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		uint32_t n = 1 + next_random(&seed) % PA_PLAIN_BLOCK;
		uint32_t kinds = round % 2 ? sizeof(some) - 1 : sizeof(some) - 4;

		for (size_t i = 0; i < n; i++)
			block[i] = some[next_random(&seed) % kinds];
		plain += numbers(block, n, round % 3 ? '\t' : '9') >= 0;
	}
	assert_in_range(plain, 100, 19900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_each_place_of_text),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_any_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
