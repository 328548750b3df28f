#include "pcapanalyzer/type.h"
#include "support.h"

static void test_names(void **state)
{
	static const char *const names[] = {
	    "time",  "nanos", "uint8",  "uint16", "uint32",  "uint64",   "int8", "int16",
	    "int32", "int64", "double", "bool",   "present", "char",     "ip",   "mac",
	    "eui64", "guid",  "bytes",  "text",   "json",    "duration", "set",  "community_id",
	};

	(void)state;
	assert_int_equal(N_OF(names), PA_T_COUNT);
	for (unsigned i = 0; i < PA_T_COUNT; i++) {
		enum pa_type type = PA_T_COUNT;

		assert_string_equal(pa_type_name((enum pa_type)i), names[i]);
		assert_true(pa_type_find(pa_slice_of(names[i]), &type));
		assert_int_equal(type, i);
	}
}

static void test_no_names(void **state)
{
	static const struct pa_slice names[] = {
	    LIT(""),     LIT("Time"), LIT("tim"),      LIT("timee"), LIT("time "), LIT("time\0"),
	    LIT("uint"), LIT("int"),  LIT("text(64)"), LIT("?"),     LIT("float"), LIT("UINT8"),
	};

	(void)state;
	for (size_t i = 0; i < N_OF(names); i++) {
		struct pa_slice name = copy_of(names[i]);
		enum pa_type type = PA_T_IP;

		assert_false(pa_type_find(name, &type));
		assert_int_equal(type, PA_T_IP);
		free_copy(name);
	}
	assert_string_equal(pa_type_name(PA_T_COUNT), "?");
}

/* What a row of fixed columns needs, and what is left in it of one that is kept elsewhere. */
static void test_row_bytes(void **state)
{
	static const struct {
		enum pa_type type;
		unsigned bytes;
	} rows[] = {
	    {PA_T_TIME, 8},   {PA_T_UINT8, 1},    {PA_T_UINT16, 2}, {PA_T_UINT32, 4},
	    {PA_T_UINT64, 8}, {PA_T_INT64, 8},    {PA_T_DOUBLE, 8}, {PA_T_BOOL, 1},
	    {PA_T_CHAR, 1},   {PA_T_IP, 17},      {PA_T_MAC, 6},    {PA_T_EUI64, 8},
	    {PA_T_GUID, 16},  {PA_T_DURATION, 9}, {PA_T_COUNT, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++)
		assert_int_equal(pa_type_row_bytes(rows[i].type), rows[i].bytes);
	for (unsigned i = 0; i < PA_T_COUNT; i++)
		assert_true(pa_type_row_bytes((enum pa_type)i) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_no_names),
	    cmocka_unit_test(test_row_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
