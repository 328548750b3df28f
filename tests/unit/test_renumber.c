#include "pcapanalyzer/renumber.h"
#include "support.h"

#define OUT_MAX 4096

/* Two workers; column 1 is of streams, column 3 is emptied. A step that begins with '=' is another
 * worker's row of the packet before it. */
struct step {
	unsigned worker;
	const char *line, *want;
};

static void run(const struct step *steps, size_t n)
{
	struct pa_renumber *r = NULL;
	struct pa_buf out;

	pa_buf_init(&out, OUT_MAX);
	assert_int_equal(pa_renumber_new(2, '\t', &r, NULL), PA_OK);
	assert_int_equal(pa_renumber_column(r, 1, PA_RENUMBER_STREAM, NULL), PA_OK);
	assert_int_equal(pa_renumber_column(r, 3, PA_RENUMBER_EMPTY, NULL), PA_OK);
	for (size_t i = 0; i < n; i++) {
		struct pa_slice line = copy_of(pa_slice_of(steps[i].line));

		if (!steps[i].want) {
			assert_int_equal(pa_renumber_again(r, steps[i].worker, line, NULL), PA_OK);
		} else {
			pa_buf_reset(&out);
			assert_int_equal(pa_renumber_row(r, steps[i].worker, line, &out, NULL),
			                 PA_OK);
			assert_int_equal(pa_buf_putc(&out, 0), PA_OK);
			assert_string_equal((const char *)out.ptr, steps[i].want);
		}
		free_copy(line);
	}
	pa_renumber_free(r);
	pa_buf_done(&out);
}

static void by_appearance(void **state)
{
	static const struct step steps[] = {
	    {0, "1\t0\tx\teth0\ty\n", "1\t0\tx\t\ty\n"},
	    {1, "2\t0\tx\t\t\n", "2\t1\tx\t\t\n"},
	    {1, "3\t1\n", "3\t2\n"},
	    {0, "4\t0\tx\tunknown\n", "4\t0\tx\t\n"},
	    {0, "5\n", "5\n"},
	    {0, "6\t\n", "6\t\n"},
	    {0,
	     "7\t0\xff"
	     "1\xff"
	     "0\n",
	     "7\t0\xff"
	     "3\xff"
	     "0\n"},
	    {1, "8\tx1y\n", "8\tx2y\n"},
	    {1, "9\t99999999999999999999\n", "9\t99999999999999999999\n"},
	};

	(void)state;
	run(steps, N_OF(steps));
}

/* Worker 1 knows the stream 0 of worker 0 as 1. */
static void shared(void **state)
{
	static const struct step steps[] = {
	    {1, "1\t0\n", "1\t0\n"}, {0, "2\t0\n", "2\t1\n"}, {1, "2\t1\n", NULL},
	    {1, "3\t1\n", "3\t1\n"}, {1, "4\t2\n", "4\t2\n"}, {0, "5\t1\n", "5\t3\n"},
	};

	(void)state;
	run(steps, N_OF(steps));
}

/* A stream that is in no row is left out once, although both know of it. */
static void left_out(void **state)
{
	static const struct step steps[] = {
	    {0, "1\t0\n", "1\t0\n"}, {0, "2\t2\n", "2\t2\n"}, {1, "3\t1\n", "3\t3\n"},
	    {1, "4\t2\n", "4\t4\n"}, {0, "5\t1\n", "5\t1\n"}, /* it comes after all */
	};

	(void)state;
	run(steps, N_OF(steps));
}

static void fields(void **state)
{
	enum pa_renumber_how how = PA_RENUMBER_EMPTY;

	(void)state;
	assert_true(pa_renumber_field("udp.stream", &how));
	assert_int_equal(how, PA_RENUMBER_STREAM);
	assert_true(pa_renumber_field("frame.interface_name", &how));
	assert_int_equal(how, PA_RENUMBER_EMPTY);
	assert_false(pa_renumber_field("tcp.stream2", &how));
	pa_renumber_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(by_appearance),
	    cmocka_unit_test(shared),
	    cmocka_unit_test(left_out),
	    cmocka_unit_test(fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
