/* Batches as the loader finds them, and which of them replace a capture together. What the
 * database does is for the e2e tests. */
#include <fcntl.h>
#include <sys/stat.h>

#include "pcapanalyzer/batch.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/ledger.h"
#include "pcapanalyzer/redissect.h"
#include "pcapanalyzer/spool.h"
#include "support.h"

static struct {
	char *dir;
	struct pa_profile *p;
	struct pa_queue queue;
	char (*ids)[PA_BATCH_ID_MAX];
	size_t n;
} world;

/* A capture of three batches with two rows each, by a filter that says who it is or, as older
 * ones, does not. */
static void make_capture_by(const char *filter, const char *name, int replaces)
{
	struct pa_spool_config c = {.dir = world.dir,
	                            .profile = world.p,
	                            .sensor = name,
	                            .capture_name = "a.pcap",
	                            .tshark = "TShark 4.4.6",
	                            .tshark_args = "-n",
	                            .filter = filter,
	                            .replaces = replaces,
	                            .batch_rows = 2,
	                            .batch_bytes = 100000};
	const struct pa_outcome_info info = {.outcome = PA_ROW_CONVERTED};
	struct pa_spool *s;

	assert_ok(pa_spool_new(&c, &s, NULL));
	for (uint64_t row = 1; row <= 6; row++) {
		pa_spool_packet(s, row, &info);
		if (row % 2 == 0)
			assert_ok(pa_spool_flush(s,
			                         row == 6 ? PA_CAPTURE_COMPLETE : PA_CAPTURE_OPEN,
			                         PA_DIALECT_4_4, NULL));
	}
	pa_spool_free(s);
}

static void make_capture(const char *name, int replaces)
{
	make_capture_by("test", name, replaces);
}

static void list(void)
{
	free(world.ids);
	world.ids = NULL;
	assert_ok(pa_queue_list(&world.queue, &world.ids, &world.n, NULL));
}

static const char (*at(size_t i))[PA_BATCH_ID_MAX]
{
	return (const char(*)[PA_BATCH_ID_MAX])(world.ids + i);
}

static int set_up(void **state)
{
	(void)state;
	world.dir = make_folder();
	assert_ok(pa_profile_read("test", SLICE("[t]\na text x.a\n"), NULL, &world.p, NULL));
	assert_ok(pa_queue_open(world.dir, &world.queue, NULL));
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	pa_queue_close(&world.queue);
	free(world.ids);
	world.ids = NULL;
	pa_profile_free(world.p);
	remove_tree(world.dir);
	return 0;
}

static void test_span(void **state)
{
	(void)state;
	make_capture("one", 1);
	make_capture("two", 1);
	make_capture("three", 0);
	list();
	assert_int_equal(world.n, 9);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(pa_redissect_span(at(i), 9 - i), 3 - i % 3);
	assert_int_equal(pa_redissect_span(at(0), 2), 2);
	assert_int_equal(pa_redissect_span(at(0), 0), 0);
}

/* Whole only with every batch, whichever is missing. */
static void test_whole(void **state)
{
	size_t bad = 9;
	int whole = 0;

	(void)state;
	make_capture("one", 1);
	list();
	assert_ok(pa_redissect_whole(&world.queue, at(0), 3, &whole, &bad, NULL));
	assert_int_equal(whole, 1);
	assert_ok(pa_redissect_whole(&world.queue, at(0), 2, &whole, &bad, NULL));
	assert_int_equal(whole, 0);
	for (size_t gone = 0; gone < 3; gone++) {
		list();
		assert_ok(pa_queue_aside(&world.queue, world.ids[gone], "test", NULL));
		list();
		whole = 1;
		assert_ok(pa_redissect_whole(&world.queue, at(0), 2, &whole, &bad, NULL));
		assert_int_equal(whole, 0);
		make_capture("one", 1);
	}
}

static void change(const char *file, size_t i)
{
	char *path = NULL;
	int fd;

	assert_true(asprintf(&path, "%s/ready/%s/%s", world.dir, world.ids[i], file) > 0);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "\n", 1), 1);
	close(fd);
	free(path);
}

static void test_damage_is_found(void **state)
{
	static const char *const files[] = {"manifest", "profile"};

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		for (size_t i = 0; i < 3; i++) {
			struct pa_error err = {0};
			size_t bad = 9;
			int whole = 0;

			make_capture("one", 1);
			list();
			change(files[f], i);
			assert_int_equal(
			    pa_redissect_whole(&world.queue, at(0), 3, &whole, &bad, &err),
			    PA_EFORMAT);
			assert_int_equal(bad, i);
			assert_non_null(strstr(err.msg, files[f]));
			for (size_t k = 0; k < 3; k++)
				assert_ok(pa_queue_remove(&world.queue, world.ids[k], NULL));
		}
	}
}

static void test_a_batch(void **state)
{
	struct pa_batch *b = NULL;
	struct pa_error err = {0};
	struct pa_buf text;
	char *path = NULL;

	(void)state;
	make_capture("one", 1);
	list();
	assert_ok(pa_batch_open(&world.queue, world.ids[1], &b, NULL));
	assert_int_equal(b->m.first_row, 3);
	assert_int_equal(b->m.replaces, 1);
	assert_string_equal(b->m.filter, "test");
	pa_buf_init(&text, SIZE_MAX);
	assert_ok(pa_profile_text(world.p, &text));
	assert_slice(of_buf(&b->profile), of_buf(&text));
	pa_buf_done(&text);
	pa_batch_free(b);

	assert_true(asprintf(&path, "%s/ready/%s/profile", world.dir, world.ids[1]) > 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(pa_batch_open(&world.queue, world.ids[1], &b, &err), PA_EFORMAT);
	assert_string_equal(err.msg, "the batch has no profile");
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(pa_batch_open(&world.queue, world.ids[1], &b, NULL), PA_EFORMAT);
	free(path);
	pa_batch_free(NULL);
}

/* It had no file with the profile. */
static void test_a_batch_of_an_older_filter(void **state)
{
	struct pa_batch *b = NULL;
	char *path = NULL;

	(void)state;
	make_capture_by(NULL, "one", 0);
	list();
	assert_true(asprintf(&path, "%s/ready/%s/profile", world.dir, world.ids[1]) > 0);
	assert_int_equal(unlink(path), 0);
	assert_ok(pa_batch_open(&world.queue, world.ids[1], &b, NULL));
	assert_null(b->m.filter);
	assert_int_equal(b->profile.len, 0);
	pa_batch_free(b);
	free(path);
}

/* It goes where its batch goes. */
static void test_the_profile_moves_along(void **state)
{
	struct stat st;
	char *path = NULL;

	(void)state;
	make_capture("one", 0);
	list();
	assert_ok(pa_queue_aside(&world.queue, world.ids[0], "why", NULL));
	assert_true(asprintf(&path, "%s/aside/%s/profile", world.dir, world.ids[0]) > 0);
	assert_int_equal(stat(path, &st), 0);
	free(path);
	assert_ok(pa_queue_remove(&world.queue, world.ids[1], NULL));
	list();
	assert_int_equal(world.n, 1);
}

static void test_table_rows(void **state)
{
	struct pa_slice json = SLICE("{\"packets\":20,\"dns\":0,\"t_9\":18446744073709551615}");
	struct pa_ledger_rows r;

	(void)state;
	assert_true(pa_ledger_next_table(&json, &r));
	assert_string_equal(r.table, "packets");
	assert_true(r.rows == 20);
	assert_true(pa_ledger_next_table(&json, &r));
	assert_string_equal(r.table, "dns");
	assert_true(r.rows == 0);
	assert_true(pa_ledger_next_table(&json, &r));
	assert_string_equal(r.table, "t_9");
	assert_true(r.rows == UINT64_MAX);
	assert_false(pa_ledger_next_table(&json, &r));
	for (size_t n = 0; n <= 12; n++) {
		struct pa_slice part =
		    copy_of((struct pa_slice){(const uint8_t *)"{\"packets\":2", n});
		struct pa_slice rest = part;

		while (pa_ledger_next_table(&rest, &r))
			;
		assert_int_equal(rest.len, 0);
		free_copy(part);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_span),
	    TEST(test_whole),
	    TEST(test_damage_is_found),
	    TEST(test_a_batch),
	    TEST(test_a_batch_of_an_older_filter),
	    TEST(test_the_profile_moves_along),
	    cmocka_unit_test(test_table_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
