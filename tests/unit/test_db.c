/* What of the loader's modules needs no server. */
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/load.h"
#include "pcapanalyzer/partition.h"
#include "support.h"

static void test_classify(void **state)
{
	static const struct {
		unsigned number;
		const char *sqlstate;
		enum pa_status status;
	} rows[] = {
	    {2002, "HY000", PA_EBUSY},   {2013, "HY000", PA_EBUSY},   {4031, "HY000", PA_EBUSY},
	    {1205, "HY000", PA_EBUSY},   {1213, "40001", PA_EBUSY},   {1290, "HY000", PA_EBUSY},
	    {1526, "HY000", PA_EBUSY},   {1412, "HY000", PA_EBUSY},   {1062, "23000", PA_EDUP},
	    {1264, "22003", PA_EDATA},   {1366, "22007", PA_EDATA},   {1406, "22001", PA_EDATA},
	    {4025, "23000", PA_EDATA},   {1045, "28000", PA_EDENIED}, {1142, "42000", PA_EDENIED},
	    {1146, "42S02", PA_EDENIED}, {1054, "42S22", PA_EDENIED}, {3948, "42000", PA_EDENIED},
	    {2026, "HY000", PA_EDENIED}, {2061, "HY000", PA_EDENIED}, {9999, "22999", PA_EDATA},
	    {9999, "40999", PA_EBUSY},   {9999, "08S01", PA_EBUSY},   {9999, "HY000", PA_EDENIED},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++)
		if (pa_db_classify(rows[i].number, rows[i].sqlstate) != rows[i].status)
			fail_msg("%u %s", rows[i].number, rows[i].sqlstate);
}

static void test_u64(void **state)
{
	(void)state;
	assert_int_equal(pa_db_u64(SLICE("0")), 0);
	assert_int_equal(pa_db_u64(SLICE("18446744073709551615")), UINT64_MAX);
	assert_int_equal(pa_db_u64(SLICE("18446744073709551616")), 0);
	assert_int_equal(pa_db_u64(SLICE("-1")), 0);
	assert_int_equal(pa_db_u64(SLICE("1.0")), 0);
	assert_int_equal(pa_db_u64((struct pa_slice){NULL, 0}), 0);
}

/* Nothing listens there: one message that says what to do, and no leak. */
static void test_server_down(void **state)
{
	struct pa_db_options o = {.socket = "/nonexistent/s.sock", .ssl_mode = PA_SSL_PREFERRED};
	struct pa_error err = {0};
	struct pa_db *db = NULL;

	(void)state;
	assert_int_equal(pa_db_connect(&o, 0, &db, &err), PA_EBUSY);
	assert_null(db);
	assert_int_equal(err.sys, 2002);
	assert_non_null(strstr(err.msg, "/nonexistent/s.sock"));
	assert_non_null(strstr(err.msg, "pcapanalyzer server start"));
	pa_db_free(NULL);
	pa_db_result_free(NULL);
	pa_db_library_end();
}

#define DAY 86400

static void test_partition_plan(void **state)
{
	const time_t now = (time_t)20000 * DAY + 12345; /* 2024-10-04 */
	static const struct {
		long newest;
		const char *max;
		const char *sql;
	} rows[] = {
	    {0, "p_max",
	     "ALTER TABLE `t` REORGANIZE PARTITION `p_max` INTO ("
	     "PARTITION p_old VALUES LESS THAN ('2024-10-03'), "
	     "PARTITION p20241003 VALUES LESS THAN ('2024-10-04'), "
	     "PARTITION p20241004 VALUES LESS THAN ('2024-10-05'), "
	     "PARTITION p20241005 VALUES LESS THAN ('2024-10-06'), "
	     "PARTITION p20241006 VALUES LESS THAN ('2024-10-07'), "
	     "PARTITION p20241007 VALUES LESS THAN ('2024-10-08'), "
	     "PARTITION `p_max` VALUES LESS THAN (MAXVALUE))"},
	    {20003, "p_max",
	     "ALTER TABLE `t` REORGANIZE PARTITION `p_max` INTO ("
	     "PARTITION p20241007 VALUES LESS THAN ('2024-10-08'), "
	     "PARTITION `p_max` VALUES LESS THAN (MAXVALUE))"},
	    {20003, "",
	     "ALTER TABLE `t` ADD PARTITION (PARTITION p20241007 VALUES LESS THAN "
	     "('2024-10-08'))"},
	    {20004, "p_max", ""},
	    {30000, "p_max", ""},
	    /* A long pause: one partition for all of it. */
	    {19000, "p_max",
	     "ALTER TABLE `t` REORGANIZE PARTITION `p_max` INTO ("
	     "PARTITION p20241002 VALUES LESS THAN ('2024-10-03'), "
	     "PARTITION p20241003 VALUES LESS THAN ('2024-10-04'), "
	     "PARTITION p20241004 VALUES LESS THAN ('2024-10-05'), "
	     "PARTITION p20241005 VALUES LESS THAN ('2024-10-06'), "
	     "PARTITION p20241006 VALUES LESS THAN ('2024-10-07'), "
	     "PARTITION p20241007 VALUES LESS THAN ('2024-10-08'), "
	     "PARTITION `p_max` VALUES LESS THAN (MAXVALUE))"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_buf out;

		pa_buf_init(&out, 65536);
		assert_int_equal(pa_partition_plan("t", rows[i].newest, rows[i].max, now, &out),
		                 PA_OK);
		/* The last day of the plan is three days ahead: its end is day 20004. */
		if (!pa_slice_is(of_buf(&out), rows[i].sql))
			fail_msg("row %zu: %.*s", i, (int)out.len, (const char *)out.ptr);
		pa_buf_done(&out);
	}
}

static void test_batch_id(void **state)
{
	static const struct {
		const char *name;
		int ok;
	} rows[] = {
	    {"0123456789abcdef-0000000001", 1},
	    {"0123456789abcdef-000000001", 0},
	    {"0123456789abcdef-00000000011", 0},
	    {"0123456789ABCDEF-0000000001", 0},
	    {"0123456789abcdef_0000000001", 0},
	    {"", 0},
	    {"..", 0},
	    {"0123456789abcdef", 0},
	    {"0123456789abcdef0-000000001", 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++)
		assert_int_equal(pa_batch_id_ok(rows[i].name), rows[i].ok);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_classify),    cmocka_unit_test(test_u64),
	    cmocka_unit_test(test_server_down), cmocka_unit_test(test_partition_plan),
	    cmocka_unit_test(test_batch_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
