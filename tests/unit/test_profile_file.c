#include "pcapanalyzer/profile_file.h"
#include "support.h"

static const char text[] = "[t]\na text a.b\n";

static void put_file(const char *path, const char *bytes)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(bytes, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void test_builtin(void **state)
{
	struct pa_profile *p;
	struct pa_error err = {0};

	(void)state;
	assert_ok(pa_profile_open("packets", NULL, &p, &err));
	assert_string_equal(p->name, "packets");
	assert_non_null(pa_profile_table(p, "packets"));
	pa_profile_free(p);
}

static void test_names(void **state)
{
	static const struct {
		const char *file, *name;
	} rows[] = {
	    {"mine.profile", "mine"},
	    {"mine", "mine"},
	    {"packets", "packets"},
	    {"a.b.c", "a"},
	    {"My-Own File.profile", "my_own_file"},
	    {"x9_y", "x9_y"},
	    {"9lives.profile", "p9lives"},
	    {"_x", "p_x"},
	    {".profile", "p"},
	    {"\xc3\xa4", "p__"},
	    {"abcdefghijklmnopqrstuvwxyz_0123456789_abcdefghijklmnopqrstuvwxyz.profile",
	     "abcdefghijklmnopqrstuvwxyz_0123456789_abcdefghijklmnopqrstuvwxyz"},
	    {"abcdefghijklmnopqrstuvwxyz_0123456789_abcdefghijklmnopqrstuvwxyz9.profile",
	     "abcdefghijklmnopqrstuvwxyz_0123456789_abcdefghijklmnopqrstuvwxyz"},
	    {"0123456789012345678901234567890123456789012345678901234567890123",
	     "p012345678901234567890123456789012345678901234567890123456789012"},
	};
	char *folder = make_folder();

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_profile *p;
		struct pa_error err = {0};
		char *path = NULL;

		assert_true(asprintf(&path, "%s/%s", folder, rows[i].file) > 0);
		put_file(path, text);
		assert_ok(pa_profile_open(path, NULL, &p, &err));
		assert_string_equal(p->name, rows[i].name);
		assert_non_null(pa_profile_table(p, "t"));
		pa_profile_free(p);
		free(path);
	}
	remove_tree(folder);
}

static void test_failures(void **state)
{
	struct pa_profile *p;
	struct pa_error err = {0};
	char *folder = make_folder();
	char *path = NULL;
	FILE *f;

	(void)state;
	assert_int_equal(pa_profile_open("/nonexistent.profile", NULL, &p, &err), PA_EIO);
	assert_non_null(strstr(err.msg, "/nonexistent.profile"));
	err = (struct pa_error){0};
	assert_int_equal(pa_profile_open("", NULL, &p, &err), PA_EPROFILE);
	err = (struct pa_error){0};
	assert_int_equal(pa_profile_open("no_such_profile", NULL, &p, &err), PA_EPROFILE);
	assert_non_null(strstr(err.msg, "no such profile"));
	err = (struct pa_error){0};
	assert_int_equal(pa_profile_open(folder, NULL, &p, &err), PA_EIO);

	assert_true(asprintf(&path, "%s/x", folder) > 0);
	put_file(path, "[t]\na nothing a.b\n");
	err = (struct pa_error){0};
	assert_int_equal(pa_profile_open(path, NULL, &p, &err), PA_EPROFILE);
	assert_int_equal(err.row, 2);

	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(ftruncate(fileno(f), PA_PROFILE_BYTES_MAX + 1), 0);
	fclose(f);
	err = (struct pa_error){0};
	assert_int_equal(pa_profile_open(path, NULL, &p, &err), PA_ELIMIT);
	free(path);
	remove_tree(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_builtin),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
