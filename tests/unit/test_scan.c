#include "pcapanalyzer/scan.h"
#include "support.h"

static const char *const names[] = {"scalar", "SSE2", "AVX2", "AVX-512"};

static uint32_t cuts[PA_SCAN_CUTS];
static struct pa_scan found = {.cuts = cuts};

/* What the header says of the N bytes at P, compared with what FN finds in a copy that has not
 * a byte more than it may read. */
static void check(pa_scan_fn *fn, const uint8_t *p, size_t n, uint32_t at, uint8_t separator)
{
	uint8_t *exact = malloc(n + PA_SCAN_BLOCK);
	size_t n_cuts = 0;
	size_t n_ends = 0;

	assert_non_null(exact);
	memcpy(exact, p, n);
	/* What stands behind the last byte does not count. */
	memset(exact + n, separator, PA_SCAN_BLOCK);
	fn(exact, n, at, separator, &found);
	for (size_t i = 0; i < n; i++) {
		if (p[i] != separator && p[i] != '\n')
			continue;
		assert_true(n_cuts < found.n_cuts);
		if (p[i] == '\n') {
			assert_true(n_ends < found.n_ends);
			assert_int_equal(found.ends[n_ends++], n_cuts);
		}
		assert_int_equal(cuts[n_cuts++], at + i);
	}
	assert_int_equal(n_cuts, found.n_cuts);
	assert_int_equal(n_ends, found.n_ends);
	free(exact);
}

static void check_all(const uint8_t *p, size_t n, uint32_t at, uint8_t separator)
{
	for (int level = 0; level < PA_SCAN_LEVELS; level++) {
		const struct pa_scan_forms *forms = pa_scan_at((enum pa_scan_level)level);

		if (forms)
			check(forms->scan, p, n, at, separator);
	}
}

static void test_each_place(void **state)
{
	uint8_t bytes[3 * PA_SCAN_BLOCK];

	(void)state;
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		memset(bytes, 'x', sizeof(bytes));
		check_all(bytes, n, 0, '\t');
		for (size_t i = 0; i < n; i++) {
			bytes[i] = '\t';
			check_all(bytes, n, 7, '\t');
			bytes[i] = '\n';
			check_all(bytes, n, 7, '\t');
			bytes[i] = 'x';
		}
	}
}

static void test_every_pair_of_bytes(void **state)
{
	uint8_t bytes[256];

	(void)state;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (unsigned separator = 0; separator < 256; separator++)
		if (separator != '\n')
			check_all(bytes, sizeof(bytes), 0, (uint8_t)separator);
}

static void test_as_many_as_there_can_be(void **state)
{
	static uint8_t bytes[PA_SCAN_BYTES];

	(void)state;
	memset(bytes, '\n', sizeof(bytes));
	check_all(bytes, sizeof(bytes), UINT32_MAX - PA_SCAN_BYTES, ',');
	memset(bytes, ',', sizeof(bytes));
	check_all(bytes, sizeof(bytes), 0, ',');
}

/* From a cut in every byte to hardly any. */
static void test_any_density(void **state)
{
	static uint8_t bytes[PA_SCAN_BYTES];
	uint32_t seed = 7;

	(void)state;
	for (uint32_t rarity = 1; rarity < 200; rarity += 3) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			uint32_t dice = next_random(&seed) % rarity;

			bytes[i] = (uint8_t)(dice == 0 ? '\t' : dice == 1 ? '\n' : 'a' + dice % 26);
		}
		for (size_t n = sizeof(bytes) - 70; n <= sizeof(bytes); n++)
			check_all(bytes, n, rarity, '\t');
	}
}

static void check_filled(const struct pa_scan_forms *forms, size_t n, const uint32_t *from)
{
	uint64_t bits[4] = {1, 2, 3, 4};
	uint32_t *exact = malloc((n + 1 + PA_SCAN_BLOCK) * sizeof(*exact));

	assert_non_null(exact);
	memset(exact, 0xee, (n + 1 + PA_SCAN_BLOCK) * sizeof(*exact));
	memcpy(exact, from, (n + 1) * sizeof(*exact));
	forms->filled(exact, n, bits);
	for (size_t i = 0; i < (n + 63) / 64 * 64; i++)
		assert_int_equal(bits[i / 64] >> i % 64 & 1, i < n && from[i + 1] != from[i] + 1);
	assert_int_equal(bits[3], 4);
	free(exact);
}

static void test_filled(void **state)
{
	uint32_t from[193];
	uint32_t seed = 11;

	(void)state;
	for (unsigned round = 0; round < 50; round++) {
		/* The byte before the first cell may be one before the window. */
		from[0] = round ? next_random(&seed) : UINT32_MAX;
		for (size_t i = 1; i < N_OF(from); i++)
			from[i] = from[i - 1] + 1 + (next_random(&seed) % 3 == 0 ? (uint32_t)i : 0);
		for (size_t n = 0; n < N_OF(from); n++)
			for (int level = 0; level < PA_SCAN_LEVELS; level++)
				if (pa_scan_at((enum pa_scan_level)level))
					check_filled(pa_scan_at((enum pa_scan_level)level), n,
					             from);
	}
}

static void test_the_best_is_the_last(void **state)
{
	const struct pa_scan_forms *best = NULL;

	(void)state;
	for (int level = 0; level < PA_SCAN_LEVELS; level++) {
		const struct pa_scan_forms *forms = pa_scan_at((enum pa_scan_level)level);

		if (forms)
			best = forms;
		else
			print_message("not on this machine: %s\n", names[level]);
	}
	assert_true(pa_scan_best() == best);
	assert_non_null(pa_scan_at(PA_SCAN_SCALAR));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_place),
	    cmocka_unit_test(test_every_pair_of_bytes),
	    cmocka_unit_test(test_as_many_as_there_can_be),
	    cmocka_unit_test(test_any_density),
	    cmocka_unit_test(test_filled),
	    cmocka_unit_test(test_the_best_is_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
