#include "pcapanalyzer/aside.h"
#include "support.h"

static void finds(void **state)
{
	struct pa_slice text = copy_of(SLICE("300\tthe last\n5\tone\tand more\n7\tx"));
	struct pa_aside *a;

	(void)state;
	assert_ok(pa_aside_read(text, &a, NULL));
	free_copy(text);
	assert_string_equal(pa_aside_reason(a, 5), "one\tand more");
	assert_string_equal(pa_aside_reason(a, 7), "x");
	assert_string_equal(pa_aside_reason(a, 300), "the last");
	assert_null(pa_aside_reason(a, 6));
	assert_null(pa_aside_reason(a, 0));
	assert_null(pa_aside_reason(NULL, 5));
	pa_aside_free(a);

	assert_ok(pa_aside_read(SLICE(""), &a, NULL));
	assert_null(pa_aside_reason(a, 1));
	pa_aside_free(a);
	pa_aside_free(NULL);
}

static void refuses(void **state)
{
	static const struct {
		struct pa_slice text;
		const char *word;
	} cases[] = {
	    {LIT("5 one\n"), "line 1"},      {LIT("5\tone\n\n"), "line 2"},
	    {LIT("5\t\n"), "line 1"},        {LIT("\tone\n"), "line 1"},
	    {LIT("0\tone\n"), "line 1"},     {LIT("4294967296\tone\n"), "line 1"},
	    {LIT("5\ta\nx\tb\n"), "line 2"}, {LIT("5\ta\n6\tb\n5\tc\n"), "frame 5"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct pa_slice text = copy_of(cases[i].text);
		struct pa_error err = {0};
		struct pa_aside *a;

		assert_int_equal(pa_aside_read(text, &a, &err), PA_EROW);
		assert_non_null(strstr(err.msg, cases[i].word));
		free_copy(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(finds), cmocka_unit_test(refuses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
