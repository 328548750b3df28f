#include "pcapanalyzer/merge.h"
#include "support.h"

#define TAB '\t'

static struct pa_merge *merge_of(unsigned n)
{
	struct pa_merge *m = NULL;

	assert_int_equal(pa_merge_new(n, TAB, 64, &m, NULL), PA_OK);
	return m;
}

static void print(struct pa_merge *m, unsigned worker, const char *text)
{
	uint8_t *to = NULL;
	size_t n = 0;

	assert_int_equal(pa_merge_space(m, worker, &to, &n, NULL), PA_OK);
	assert_true(n >= strlen(text));
	memcpy(to, text, strlen(text));
	pa_merge_filled(m, worker, strlen(text));
}

/* The rows that there are now, as "WORKER:LINE"; "+" before those of who is not the owner. */
static void takes(struct pa_merge *m, const char *want, enum pa_status end)
{
	struct pa_error err = {0};
	struct pa_merge_row row;
	char got[512] = "";
	size_t n = 0;
	enum pa_status st;

	while ((st = pa_merge_next(m, &row, &err)) == PA_OK)
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%u:%.*s", row.again ? "+" : "",
		                      row.worker, (int)row.line.len, (const char *)row.line.ptr);
	assert_string_equal(got, want);
	assert_int_equal(st, end);
	assert_int_equal(err.code, end == PA_END ? PA_OK : end);
}

static void tell(struct pa_merge *m, const char *owners)
{
	for (; *owners; owners++)
		pa_merge_tell(m, (unsigned)(*owners & 15), *owners >= 'a');
}

static void in_order(void **state)
{
	struct pa_merge *m = merge_of(3);

	(void)state;
	print(m, 0, "1\ta\n4\tb");
	print(m, 2, "3\tc\n");
	takes(m, "", PA_END); /* nobody has said whose they are */
	tell(m, "0120");
	takes(m, "0:1\ta\n", PA_END);
	print(m, 1, "2\n");
	takes(m, "1:2\n2:3\tc\n", PA_END);
	assert_false(pa_merge_done(m));
	print(m, 0, "\n");
	takes(m, "0:4\tb\n", PA_END);
	assert_true(pa_merge_done(m));
	pa_merge_free(m);
}

/* 'a' is worker 1, 'b' worker 2, and both shared. */
static void shared(void **state)
{
	struct pa_merge *m = merge_of(3);

	(void)state;
	tell(m, "a0");
	print(m, 0, "1\tx\n2\ty\n");
	takes(m, "", PA_END);
	print(m, 1, "1\tx\n");
	takes(m, "1:1\tx\n", PA_END);
	print(m, 2, "1\tx\n");
	takes(m, "+2:1\tx\n+0:1\tx\n0:2\ty\n", PA_END);
	assert_true(pa_merge_done(m));
	pa_merge_free(m);
}

static void without_row(void **state)
{
	struct pa_merge *m = merge_of(2);

	(void)state;
	tell(m, "00110");
	print(m, 0, "2\tb\n");
	takes(m, "0:2\tb\n", PA_END); /* 3 may still come */
	print(m, 1, "4\td\n");
	takes(m, "1:4\td\n", PA_END);
	print(m, 0, "5\te\n");
	pa_merge_ended(m, 0);
	takes(m, "0:5\te\n", PA_END);
	assert_true(pa_merge_done(m));
	pa_merge_free(m);
}

static void failed(void **state)
{
	struct pa_merge *m = merge_of(2);

	(void)state;
	tell(m, "010");
	print(m, 0, "1\ta\n3\t");
	print(m, 1, "2\tb\n");
	pa_merge_ended(m, 0);
	takes(m, "0:1\ta\n1:2\tb\n", PA_ABORTED);
	pa_merge_free(m);
}

static void out_of_place(void **state)
{
	static const char *const lines[] = {"1\tagain\n", "\n",      "x\n",
	                                    "0\n",        "2x\tb\n", "99999999999999999999\t\n"};

	(void)state;
	for (size_t i = 0; i < N_OF(lines); i++) {
		struct pa_merge *m = merge_of(1);

		tell(m, "00");
		print(m, 0, "1\ta\n");
		print(m, 0, lines[i]);
		takes(m, "0:1\ta\n", PA_EROW);
		pa_merge_free(m);
	}
}

/* A frame that nobody owns is left over. */
static void too_many(void **state)
{
	struct pa_merge *m = merge_of(1);

	(void)state;
	tell(m, "0");
	print(m, 0, "1\n2\n");
	pa_merge_ended(m, 0);
	takes(m, "0:1\n", PA_END);
	assert_false(pa_merge_done(m));
	pa_merge_free(m);
}

/* Rows that push others out are nobody's, and only they may be left over. */
static void pushed(void **state)
{
	struct pa_merge *m = merge_of(2);
	unsigned worker = 9;

	(void)state;
	assert_false(pa_merge_waits(m, &worker));
	tell(m, "10");
	pa_merge_push(m, 1);
	tell(m, "01");
	takes(m, "", PA_END);
	assert_true(pa_merge_waits(m, &worker));
	assert_int_equal(worker, 1);
	print(m, 1, "1\ta\n2\t\n");
	takes(m, "1:1\ta\n", PA_END);
	assert_true(pa_merge_waits(m, &worker));
	assert_int_equal(worker, 0);
	print(m, 0, "2\tb\n3\tc\n");
	print(m, 1, "4\td\n5\t\n");
	takes(m, "0:2\tb\n0:3\tc\n1:4\td\n", PA_END);
	assert_false(pa_merge_waits(m, &worker));
	assert_false(pa_merge_done(m)); /* nobody has told of 5 */
	tell(m, "0");
	pa_merge_push(m, 1);
	assert_false(pa_merge_done(m));
	print(m, 0, "5\te\n");
	takes(m, "0:5\te\n", PA_END);
	assert_true(pa_merge_done(m));
	pa_merge_free(m);

	/* One that stands behind what was told, or comes twice, is out of place. */
	for (int twice = 0; twice < 2; twice++) {
		m = merge_of(2);
		tell(m, "0");
		if (twice)
			pa_merge_push(m, 1);
		tell(m, "1");
		print(m, 0, "1\ta\n");
		print(m, 1, twice ? "1\t\n1\t\n" : "1\t\n2\tb\n");
		takes(m, "0:1\ta\n", PA_EROW);
		pa_merge_free(m);
	}
}

static void bounded(void **state)
{
	struct pa_merge *m = merge_of(2);
	uint8_t *to;
	size_t n;

	(void)state;
	/* A row that is not yet whole has room. */
	print(
	    m, 0,
	    "1\taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	tell(m, "10");
	takes(m, "", PA_END);
	print(m, 1, "1\n");
	takes(m, "1:1\n", PA_END);
	print(m, 0, "\n");
	assert_int_equal(pa_merge_space(m, 0, &to, &n, NULL), PA_OK);
	assert_int_equal(n, 0);
	assert_int_equal(pa_merge_space(m, 1, &to, &n, NULL), PA_OK);
	assert_true(n > 0);
	pa_merge_free(m);

	m = merge_of(1);
	while (pa_merge_room(m) > 0)
		pa_merge_tell(m, 0, 0);
	print(m, 0, "2\n");
	takes(m, "0:2\n", PA_END);
	assert_int_equal(pa_merge_room(m), 2);
	pa_merge_free(m);
	pa_merge_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(in_order),     cmocka_unit_test(shared),
	    cmocka_unit_test(without_row),  cmocka_unit_test(failed),
	    cmocka_unit_test(out_of_place), cmocka_unit_test(too_many),
	    cmocka_unit_test(pushed),       cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
