/* What goes, given partitions and limits. */
#include "pcapanalyzer/retention.h"
#include "support.h"

#define DAY   86400
#define TODAY 20000
#define NOW   ((time_t)TODAY * DAY + 12345)

static void test_days(void **state)
{
	static const struct {
		const char *text;
		uint64_t days; /* 0: refused */
	} rows[] = {
	    {"30d", 30},
	    {"1d", 1},
	    {"8w", 56},
	    {"36500d", 36500},
	    {"0d", 0},
	    {"36501d", 0},
	    {"5215w", 0},
	    {"12h", 0},
	    {"30", 0},
	    {"", 0},
	    {"d", 0},
	    {"-3d", 0},
	    {"3dd", 0},
	    {" 3d", 0},
	    {"1.5d", 0},
	    {"18446744073709551617d", 0},
	    {"2635249153387078803w", 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_error err = {0};
		uint64_t days = 0;
		enum pa_status st = pa_retention_days("keep", rows[i].text, &days, &err);

		if (st != (rows[i].days ? PA_OK : PA_EUSAGE) || days != rows[i].days)
			fail_msg("\"%s\": %d, %llu", rows[i].text, (int)st,
			         (unsigned long long)days);
	}
}

static void test_size(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
	    {"1", 1},
	    {"4K", 4096},
	    {"500M", UINT64_C(500) << 20},
	    {"100G", UINT64_C(100) << 30},
	    {"2T", UINT64_C(2) << 40},
	    {"16777215T", UINT64_C(16777215) << 40},
	    {"16777216T", 0},
	    {"18446744073709551615", UINT64_MAX},
	    {"18446744073709551616", 0},
	    {"0", 0},
	    {"0G", 0},
	    {"", 0},
	    {"G", 0},
	    {"1g", 0},
	    {"1GB", 0},
	    {"1 G", 0},
	    {"-1G", 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_error err = {0};
		uint64_t bytes = 0;
		enum pa_status st = pa_retention_size("max-size", rows[i].text, &bytes, &err);

		if (st != (rows[i].bytes ? PA_OK : PA_EUSAGE) || bytes != rows[i].bytes)
			fail_msg("\"%s\": %d, %llu", rows[i].text, (int)st,
			         (unsigned long long)bytes);
	}
}

/* Two tables; the last four partitions are today's, tomorrow's, and p_max of both. */
static const struct pa_partition parts[] = {
    {"a", "p_old", TODAY - 4, 100}, {"b", "p_old", TODAY - 4, 10}, {"a", "p1", TODAY - 3, 200},
    {"b", "p1", TODAY - 3, 20},     {"a", "p2", TODAY - 1, 300},   {"a", "p3", TODAY, 400},
    {"a", "p4", TODAY + 1, 500},    {"a", "p5", TODAY + 2, 1},     {"a", "p_max", LONG_MAX, 2},
    {"b", "p_max", LONG_MAX, 3},
};

static void test_choose(void **state)
{
	/* One letter for each partition: - stays, k keep, s max-size, f min-free. */
	static const struct {
		struct pa_retention r;
		const char *want;
		uint64_t missing;
	} rows[] = {
	    {{0, 0, 0, 0}, "----------", 0},
	    {{.keep_days = 10}, "----------", 0},
	    /* A day that ended three days and some hours ago is older than three days. */
	    {{.keep_days = 3}, "kkkk------", 0},
	    {{.keep_days = 2}, "kkkk------", 0},
	    {{.keep_days = 1}, "kkkkk-----", 0},
	    /* All together are 1536. */
	    {{.max_bytes = 1536}, "----------", 0},
	    {{.max_bytes = 1535}, "ss--------", 0},
	    {{.max_bytes = 1426}, "ss--------", 0},
	    {{.max_bytes = 1425}, "ssss------", 0},
	    {{.max_bytes = 506}, "ssssss----", 0},
	    {{.max_bytes = 500}, "ssssss----", 6},
	    {{.min_free = 50, .free_bytes = 50}, "----------", 0},
	    {{.min_free = 50, .free_bytes = 49}, "ff--------", 0},
	    {{.min_free = 2000, .free_bytes = 900}, "ffffff----", 70},
	    /* Whatever asks first; what it frees counts for the others. */
	    {{.keep_days = 3, .max_bytes = 1206}, "kkkk------", 0},
	    {{.keep_days = 3, .max_bytes = 1205}, "kkkks-----", 0},
	    {{.keep_days = 3, .max_bytes = 1205, .min_free = 631}, "kkkksf----", 0},
	    {{.max_bytes = 1535, .min_free = 111}, "ssff------", 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		enum pa_retention_reason reasons[N_OF(parts)];
		char got[N_OF(parts) + 1] = "";
		uint64_t missing =
		    pa_retention_choose(parts, N_OF(parts), &rows[i].r, NOW, reasons);

		for (size_t j = 0; j < N_OF(parts); j++)
			got[j] = "-ksf"[reasons[j]];
		if (strcmp(got, rows[i].want) != 0 || missing != rows[i].missing)
			fail_msg("row %zu: %s %llu", i, got, (unsigned long long)missing);
	}
	assert_int_equal(pa_retention_choose(NULL, 0, &rows[9].r, NOW, NULL), 0);
}

static void test_day(void **state)
{
	char text[PA_DAY_TEXT];

	(void)state;
	pa_partition_day(20000, text);
	assert_string_equal(text, "2024-10-04");
	pa_partition_day(0, text);
	assert_string_equal(text, "1970-01-01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_days),
	    cmocka_unit_test(test_size),
	    cmocka_unit_test(test_choose),
	    cmocka_unit_test(test_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
