#include "pcapanalyzer/cli.h"
#include "support.h"

struct opts {
	int flag;
	int other;
	const char *text;
	uint64_t number;
	uint64_t any;
	int choice;
};

#define AT(member) offsetof(struct opts, member)

static const struct pa_option table[] = {
    {'f', "flag", PA_OPT_FLAG, AT(flag), NULL, "a flag", 0, 0},
    {0, "flat", PA_OPT_FLAG, AT(other), NULL, "another", 0, 0},
    {'t', "text", PA_OPT_TEXT, AT(text), "FILE", "a text", 0, 0},
    {'n', "number", PA_OPT_NUMBER, AT(number), "N", "a number from 5 to 100", 5, 100},
    {0, "any", PA_OPT_NUMBER, AT(any), "N", "any number", 0, UINT64_MAX},
    {'c', "choice", PA_OPT_CHOICE, AT(choice), "auto|always|never",
     "a choice with an argument that is longer than its column", 0, 0},
};

#define N_OPTIONS N_OF(table)
#define ARGS_MAX  8

static const struct {
	const char *args[ARGS_MAX];
	enum pa_status status;
	const char *said; /* in the message */
	struct opts want;
	const char *operands; /* joined by blanks */
} rows[] = {
    {{NULL}, PA_OK, NULL, {0}, ""},
    {{"-f"}, PA_OK, NULL, {.flag = 1}, ""},
    {{"--flag"}, PA_OK, NULL, {.flag = 1}, ""},
    {{"--flag", "-f"}, PA_OK, NULL, {.flag = 1}, ""},
    {{"--flat"}, PA_OK, NULL, {.other = 1}, ""},
    {{"-t", "x"}, PA_OK, NULL, {.text = "x"}, ""},
    {{"-tx"}, PA_OK, NULL, {.text = "x"}, ""},
    {{"--text", "x"}, PA_OK, NULL, {.text = "x"}, ""},
    {{"--text=x=y"}, PA_OK, NULL, {.text = "x=y"}, ""},
    {{"--text="}, PA_OK, NULL, {.text = ""}, ""},
    {{"--text", ""}, PA_OK, NULL, {.text = ""}, ""},
    {{"--text", "-f"}, PA_OK, NULL, {.text = "-f"}, ""},
    {{"-ft", "x"}, PA_OK, NULL, {.flag = 1, .text = "x"}, ""},
    {{"-t", "x", "-t", "y"}, PA_OK, NULL, {.text = "y"}, ""}, /* the last one wins */
    {{"-n", "5"}, PA_OK, NULL, {.number = 5}, ""},
    {{"-n", "100"}, PA_OK, NULL, {.number = 100}, ""},
    {{"-n", "0050"}, PA_OK, NULL, {.number = 50}, ""},
    {{"--any=0"}, PA_OK, NULL, {.any = 0}, ""},
    {{"--any=18446744073709551614"}, PA_OK, NULL, {.any = UINT64_MAX - 1}, ""},
    {{"--any=18446744073709551615"}, PA_OK, NULL, {.any = UINT64_MAX}, ""},
    {{"-c", "auto"}, PA_OK, NULL, {.choice = 0}, ""},
    {{"-c", "always"}, PA_OK, NULL, {.choice = 1}, ""},
    {{"-c", "never"}, PA_OK, NULL, {.choice = 2}, ""},
    /* operands */
    {{"a", "b"}, PA_OK, NULL, {0}, "a b"},
    {{"a", "-f", "b", "-t", "x", "c"}, PA_OK, NULL, {.flag = 1, .text = "x"}, "a b c"},
    {{"-f", "--", "-t", "x"}, PA_OK, NULL, {.flag = 1}, "-t x"},
    {{"--"}, PA_OK, NULL, {0}, ""},
    {{"-"}, PA_OK, NULL, {0}, "-"},
    {{"a", "--", "--flag"}, PA_OK, NULL, {0}, "a --flag"},
    /* wrong ones */
    {{"-x"}, PA_EUSAGE, "-x", {0}, NULL},
    {{"-fx"}, PA_EUSAGE, "-x", {0}, NULL},
    {{"--nothing"}, PA_EUSAGE, "--nothing", {0}, NULL},
    {{"--nothing=5"}, PA_EUSAGE, "--nothing", {0}, NULL},
    {{"--fla"}, PA_EUSAGE, "--fla", {0}, NULL}, /* of two */
    {{"--flag=1"}, PA_EUSAGE, "--flag", {0}, NULL},
    {{"-t"}, PA_EUSAGE, "-t", {0}, NULL},
    {{"--text"}, PA_EUSAGE, "--text", {0}, NULL},
    {{"-f", "--text"}, PA_EUSAGE, "--text", {0}, NULL},
    {{"-n", "4"}, PA_EUSAGE, "--number", {0}, NULL},
    {{"-n", "101"}, PA_EUSAGE, "--number", {0}, NULL},
    {{"-n", ""}, PA_EUSAGE, "--number", {0}, NULL},
    {{"-n", "-5"}, PA_EUSAGE, "--number", {0}, NULL},
    {{"-n", "+5"}, PA_EUSAGE, "--number", {0}, NULL},
    {{"-n", " 5"}, PA_EUSAGE, "--number", {0}, NULL},
    {{"-n", "5 "}, PA_EUSAGE, "--number", {0}, NULL},
    {{"--any=5k"}, PA_EUSAGE, "--any", {0}, NULL},
    {{"--any=-"}, PA_EUSAGE, "--any", {0}, NULL},
    {{"-n", "5k"}, PA_EUSAGE, "--number", {0}, NULL},
    {{"-n", "0x10"}, PA_EUSAGE, "--number", {0}, NULL},
    {{"-n", "5.0"}, PA_EUSAGE, "--number", {0}, NULL},
    {{"--any=18446744073709551616"}, PA_EUSAGE, "--any", {0}, NULL},
    {{"--any=18446744073709551625"}, PA_EUSAGE, "--any", {0}, NULL},
    {{"--any=99999999999999999999999999"}, PA_EUSAGE, "--any", {0}, NULL},
    {{"-c", ""}, PA_EUSAGE, "--choice", {0}, NULL},
    {{"-c", "al"}, PA_EUSAGE, "--choice", {0}, NULL},
    {{"-c", "alway"}, PA_EUSAGE, "--choice", {0}, NULL},
    {{"-c", "always "}, PA_EUSAGE, "--choice", {0}, NULL},
    {{"-c", "Never"}, PA_EUSAGE, "--choice", {0}, NULL},
    {{"-c", "auto|always"}, PA_EUSAGE, "--choice", {0}, NULL},
};

static void test_parse(void **state)
{
	(void)state;
	/* Twice, as a parser must not remember anything. */
	for (size_t i = 0; i < 2 * N_OF(rows); i++) {
		size_t at = i % N_OF(rows);
		char name[] = "program";
		char *argv[ARGS_MAX + 2] = {name};
		char *given[ARGS_MAX + 2];
		struct opts opts = {0};
		struct pa_error err = {0};
		struct pa_buf operands;
		int argc = 1;
		int first = -1;
		enum pa_status st;

		while (argc <= ARGS_MAX && rows[at].args[argc - 1]) {
			argv[argc] = strdup(rows[at].args[argc - 1]);
			argc++;
		}
		memcpy(given, argv, sizeof(given));
		st = pa_cli_parse(argc, argv, table, N_OPTIONS, &opts, &first, &err);
		if (st != rows[at].status)
			fail_msg("row %zu: %d %s", at, (int)st, err.msg);
		if (st != PA_OK) {
			assert_int_equal(err.code, st);
			if (!strstr(err.msg, rows[at].said))
				fail_msg("row %zu: \"%s\"", at, err.msg);
		} else {
			pa_buf_init(&operands, 1000);
			for (int k = first; k < argc; k++)
				assert_ok(pa_buf_printf(&operands, "%s%s", k > first ? " " : "",
				                        argv[k]));
			if (!pa_slice_is(of_buf(&operands), rows[at].operands))
				fail_msg("row %zu: operands %s", at, shown(of_buf(&operands)));
			pa_buf_done(&operands);
			assert_int_equal(opts.flag, rows[at].want.flag);
			assert_int_equal(opts.other, rows[at].want.other);
			assert_int_equal(opts.number, rows[at].want.number);
			assert_true(opts.any == rows[at].want.any);
			assert_int_equal(opts.choice, rows[at].want.choice);
			if (rows[at].want.text)
				assert_string_equal(opts.text, rows[at].want.text);
			else
				assert_null(opts.text);
		}
		for (int k = 1; k < argc; k++)
			free(given[k]);
	}
}

static void test_defaults_stay(void **state)
{
	char name[] = "program";
	char *argv[] = {name, NULL};
	struct opts opts = {1, 2, "three", 4, 5, 6};
	int first = 0;

	(void)state;
	assert_ok(pa_cli_parse(1, argv, table, N_OPTIONS, &opts, &first, NULL));
	assert_int_equal(first, 1);
	assert_int_equal(opts.flag, 1);
	assert_int_equal(opts.other, 2);
	assert_string_equal(opts.text, "three");
	assert_int_equal(opts.number, 4);
	assert_int_equal(opts.any, 5);
	assert_int_equal(opts.choice, 6);
}

static void test_texts(void **state)
{
	static const struct pa_option again[] = {
	    {'r', "read", PA_OPT_TEXTS, 0, "PATH", "may be given again", 0, 0}};
	char name[] = "program";
	char option[] = "--read";
	char value[] = "-x";
	char *argv[2 * PA_TEXTS_MAX + 4] = {name};
	struct pa_texts got = {0};
	struct pa_error err = {0};
	int argc = 1;
	int first;

	(void)state;
	for (unsigned i = 0; i < PA_TEXTS_MAX; i++) {
		argv[argc++] = option;
		argv[argc++] = value;
	}
	assert_ok(pa_cli_parse(argc, argv, again, 1, &got, &first, &err));
	assert_int_equal(got.n, PA_TEXTS_MAX);
	assert_string_equal(got.text[0], "-x");
	assert_string_equal(got.text[PA_TEXTS_MAX - 1], "-x");
	argv[argc++] = option;
	argv[argc++] = value;
	got.n = 0;
	assert_int_equal(pa_cli_parse(argc, argv, again, 1, &got, &first, &err), PA_EUSAGE);
	assert_non_null(strstr(err.msg, "--read"));
}

static void test_help(void **state)
{
	static const char want[] =
	    "Options:\n"
	    "  -f, --flag                    a flag\n"
	    "      --flat                    another\n"
	    "  -t, --text FILE               a text\n"
	    "  -n, --number N                a number from 5 to 100\n"
	    "      --any N                   any number\n"
	    "  -c, --choice auto|always|never\n"
	    "                                a choice with an argument that is longer than its "
	    "column\n";
	struct pa_buf out;

	(void)state;
	pa_buf_init(&out, 10000);
	assert_ok(pa_cli_help(table, N_OPTIONS, &out));
	assert_text(of_buf(&out), want);
	pa_buf_done(&out);
	pa_buf_init(&out, 20);
	assert_int_equal(pa_cli_help(table, N_OPTIONS, &out), PA_ELIMIT);
	pa_buf_done(&out);
}

static void test_dump(void **state)
{
	static const char want[] = "--flag\t-f\t\ta flag\n"
	                           "--flat\t\t\tanother\n"
	                           "--text\t-t\tFILE\ta text\n"
	                           "--number\t-n\tN\ta number from 5 to 100\n"
	                           "--any\t\tN\tany number\n"
	                           "--choice\t-c\tauto|always|never\ta choice with an argument "
	                           "that is longer than its column\n";
	struct pa_buf out;

	(void)state;
	pa_buf_init(&out, 10000);
	assert_ok(pa_cli_dump(table, N_OPTIONS, &out));
	assert_text(of_buf(&out), want);
	pa_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse), cmocka_unit_test(test_defaults_stay),
	    cmocka_unit_test(test_texts), cmocka_unit_test(test_help),
	    cmocka_unit_test(test_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
