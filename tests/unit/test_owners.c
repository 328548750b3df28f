#include "pcapanalyzer/owners.h"
#include "support.h"

static struct pa_owners owners; /* too large for a stack */

static void stays(void **state)
{
	unsigned first[100];

	(void)state;
	pa_owners_init(&owners, 3);
	for (uint32_t i = 0; i < 100; i++)
		first[i] = pa_owners_take(&owners, i * 0x9e3779b9u, i);
	for (unsigned round = 0; round < 200; round++)
		for (uint32_t i = 0; i < 100; i++)
			assert_int_equal(pa_owners_take(&owners, i * 0x9e3779b9u, 9000), first[i]);
}

/* A long conversation first: others do not join it while another worker has less. */
static void goes_where_least_is(void **state)
{
	unsigned with[2] = {0, 0};
	unsigned busy;

	(void)state;
	pa_owners_init(&owners, 2);
	busy = pa_owners_take(&owners, 7, 1000);
	for (int i = 0; i < 50; i++)
		assert_int_equal(pa_owners_take(&owners, 7, 1000), busy);
	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(pa_owners_take(&owners, 100 + i, 1000), !busy);
	/* Both have as much now, so that they take turns. */
	for (uint32_t i = 0; i < 100; i++)
		with[pa_owners_take(&owners, 200 + i, 1000)]++;
	assert_in_range(with[0], 48, 52);
	assert_int_equal(with[0] + with[1], 100);
}

/* However much it had long ago, a worker gets new conversations. */
static void forgets(void **state)
{
	unsigned with[2] = {0, 0};
	unsigned busy;

	(void)state;
	pa_owners_init(&owners, 2);
	busy = pa_owners_take(&owners, 1, 262144);
	for (int i = 0; i < 1000000; i++)
		assert_int_equal(pa_owners_take(&owners, 1, 262144), busy);
	for (int i = 0; i < 200000; i++)
		(void)pa_owners_take(&owners, 2, 0);
	for (uint32_t i = 0; i < 100; i++)
		with[pa_owners_take(&owners, 1000 + i, 1000)]++;
	assert_true(with[busy] >= 50);
}

static void alone_and_many(void **state)
{
	unsigned with[PA_WORKERS_MAX] = {0};

	(void)state;
	pa_owners_init(&owners, 1);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(pa_owners_take(&owners, i, i), 0);
	pa_owners_init(&owners, PA_WORKERS_MAX);
	for (uint32_t i = 0; i < PA_WORKERS_MAX * 10; i++)
		with[pa_owners_take(&owners, i * 0x10001u, 100)]++;
	/* i and i << 16 make one place of all. */
	assert_int_equal(with[0], PA_WORKERS_MAX * 10);
	pa_owners_init(&owners, PA_WORKERS_MAX);
	for (uint32_t i = 0; i < PA_WORKERS_MAX * 10; i++)
		with[pa_owners_take(&owners, i, 100)]++;
	for (unsigned i = 1; i < PA_WORKERS_MAX; i++)
		assert_int_equal(with[i], 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stays),
	    cmocka_unit_test(goes_where_least_is),
	    cmocka_unit_test(forgets),
	    cmocka_unit_test(alone_and_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
