#include "pcapanalyzer/stall.h"
#include "support.h"

static void looks(void **state)
{
	static const struct {
		uint64_t cpu_ms, bytes;
		int stalled;
	} rows[] = {
	    {0, 0, 0},    {900, 0, 0},  {1000, 0, 0}, {1001, 0, 1}, /* above the limit */
	    {1001, 7, 0},                                           /* it got somewhere */
	    {2001, 7, 0}, {2001, 7, 0},                             /* it waits */
	    {2002, 7, 1}, {100, 7, 0}, /* less than before is another process: begin again */
	    {1100, 7, 0}, {1101, 7, 1},
	};
	struct pa_stall s = {.limit_ms = 1000};
	struct pa_stall never = {0};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_usage now = {rows[i].cpu_ms, rows[i].bytes};

		assert_int_equal(pa_stall_look(&s, &now), rows[i].stalled);
		assert_int_equal(pa_stall_look(&never, &now), 0);
	}
}

#define AFTER_NAME "R 1 2 3 0 -1 4194304 99 0 0 0 150 25 0 0 20 0 1 0 1 1 1\n"
#define IO         "rchar: 1000\nwchar: 24\nsyscr: 1\nsyscw: 2\n"

static void parses(void **state)
{
	static const struct {
		const char *stat, *io;
		uint64_t ticks;
		enum pa_status status;
		struct pa_usage want;
	} rows[] = {
	    {"7 (tshark) " AFTER_NAME, IO, 100, PA_OK, {1750, 1024}},
	    {"7 (a) R 9 (b)) " AFTER_NAME, IO, 1000, PA_OK, {175, 1024}},
	    {"7 (tshark) " AFTER_NAME, IO, 0, PA_EFORMAT, {0, 0}},
	    {"7 (tshark) R 1 2 3", IO, 100, PA_EFORMAT, {0, 0}},
	    {"7 tshark " AFTER_NAME, IO, 100, PA_EFORMAT, {0, 0}},
	    {"", IO, 100, PA_EFORMAT, {0, 0}},
	    {"7 (tshark) " AFTER_NAME, "rchar: 1000\n", 100, PA_EFORMAT, {0, 0}},
	    {"7 (tshark) " AFTER_NAME, "", 100, PA_EFORMAT, {0, 0}},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice stat = copy_of(pa_slice_of(rows[i].stat));
		struct pa_slice io = copy_of(pa_slice_of(rows[i].io));
		struct pa_usage got = {0};

		assert_int_equal(pa_usage_parse(stat, io, rows[i].ticks, &got), rows[i].status);
		assert_int_equal(got.cpu_ms, rows[i].want.cpu_ms);
		assert_int_equal(got.bytes, rows[i].want.bytes);
		free_copy(stat);
		free_copy(io);
	}
}

static void reads_a_process(void **state)
{
	struct pa_usage before;
	struct pa_usage after;
	struct pa_error err = {0};
	int fd[2];

	(void)state;
	assert_int_equal(pa_usage_read(getpid(), &before, &err), PA_OK);
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], "12345", 5), 5);
	assert_int_equal(pa_usage_read(getpid(), &after, &err), PA_OK);
	assert_true(after.bytes >= before.bytes + 5);
	assert_true(after.cpu_ms >= before.cpu_ms);
	close(fd[0]);
	close(fd[1]);
	assert_int_equal(pa_usage_read(0x7ffffffe, &after, &err), PA_EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(looks),
	    cmocka_unit_test(parses),
	    cmocka_unit_test(reads_a_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
