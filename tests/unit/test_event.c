#include "pcapanalyzer/event.h"
#include "support.h"

#include <limits.h>

#include "pcapanalyzer/io.h"

#define HEX_2 "0202020202020202020202020202020202020202020202020202020202020202"

static const char example_text[] = "pcapanalyzer-coverage 1\n"
                                   "sensor gate\n"
                                   "interface eth0\\x5c1\n"
                                   "kind captured\n"
                                   "from 2025-01-01 00:00:00.123456\n"
                                   "until 2025-01-01 00:01:00.000000\n"
                                   "packets 7\n"
                                   "bytes 18446744073709551615\n"
                                   "capture_sha256 " HEX_2 "\n"
                                   "detail ring\\x0afile caf\xc3\xa9\n"
                                   "end\n";

static struct pa_event example(void)
{
	struct pa_event e = {.sensor = "gate",
	                     .interface = "eth0\\1",
	                     .kind = PA_EVENT_CAPTURED,
	                     .from = {1735689600, 123456000},
	                     .until = {1735689660, 0},
	                     .has_packets = 1,
	                     .packets = 7,
	                     .has_bytes = 1,
	                     .bytes = UINT64_MAX,
	                     .has_capture = 1,
	                     .detail = "ring\nfile caf\xc3\xa9"};

	memset(e.capture_sha256, 2, sizeof(e.capture_sha256));
	return e;
}

static void assert_same(const struct pa_event *a, const struct pa_event *b)
{
	assert_string_equal(a->sensor, b->sensor);
	assert_string_equal(a->interface, b->interface);
	assert_int_equal(a->kind, b->kind);
	assert_true(a->from.sec == b->from.sec && a->from.nsec == b->from.nsec);
	assert_true(a->until.sec == b->until.sec && a->until.nsec == b->until.nsec);
	assert_int_equal(a->has_packets, b->has_packets);
	assert_true(a->packets == b->packets);
	assert_int_equal(a->has_bytes, b->has_bytes);
	assert_true(a->bytes == b->bytes);
	assert_int_equal(a->has_capture, b->has_capture);
	assert_memory_equal(a->capture_sha256, b->capture_sha256, PA_SHA256_BYTES);
	assert_string_equal(a->detail, b->detail);
}

static void test_round_trips(void **state)
{
	struct pa_event e = example();
	struct pa_event back;
	struct pa_buf text;

	(void)state;
	pa_buf_init(&text, PA_EVENT_BYTES_MAX);
	assert_ok(pa_event_write(&e, &text, NULL));
	assert_slice(of_buf(&text), pa_slice_of(example_text));
	for (unsigned i = 0; i < 2 * PA_EVENT_KINDS; i++) {
		struct pa_slice copy = copy_of(of_buf(&text));

		assert_ok(pa_event_read(copy, &back, NULL));
		assert_same(&e, &back);
		free_copy(copy);
		e.kind = (enum pa_event_kind)(i % PA_EVENT_KINDS);
		e.has_packets = e.has_bytes = e.has_capture = (i & 1);
		e.packets = e.bytes = 0;
		memset(e.capture_sha256, e.has_capture ? 3 : 0, PA_SHA256_BYTES);
		memset(e.detail, 'x', i % 2 ? PA_EVENT_DETAIL_MAX - 1 : 0);
		e.detail[i % 2 ? PA_EVENT_DETAIL_MAX - 1 : 0] = '\0';
		pa_buf_reset(&text);
		assert_ok(pa_event_write(&e, &text, NULL));
	}
	pa_buf_done(&text);
}

static void refuse(struct pa_slice text, unsigned line, const char *why)
{
	struct pa_slice copy = copy_of(text);
	struct pa_event e = {0};
	struct pa_error err = {0};
	enum pa_status st = pa_event_read(copy, &e, &err);

	if (st != PA_EFORMAT || err.code != st || (line > 0 && err.row != line))
		fail_msg("%s: status %d, line %llu", why, (int)st, (unsigned long long)err.row);
	assert_int_equal(e.sensor[0], 0); /* untouched */
	assert_int_equal(pa_event_read(copy, &e, NULL), PA_EFORMAT);
	free_copy(copy);
}

static void test_every_truncation_is_refused(void **state)
{
	struct pa_slice all = pa_slice_of(example_text);

	(void)state;
	for (size_t n = 0; n < all.len; n++)
		refuse((struct pa_slice){all.ptr, n}, 0, "a part");
}

static void test_wrong_content_is_refused(void **state)
{
	static const struct {
		const char *old;
		struct pa_slice new;
		unsigned line; /* of the error; 0: any */
	} rows[] = {
	    {"coverage 1\n", LIT("coverage 2\n"), 1},
	    {"coverage 1\n", LIT("coverage x\n"), 1},
	    {"sensor gate", LIT("sensor "), 2},
	    {"sensor gate", LIT("sensor g\xff"), 2},
	    {"sensor gate", LIT("sensor g\\x00"), 2},
	    {"sensor gate\n", LIT(""), 0},
	    {"interface eth0", LIT("interface \\q"), 3},
	    {"kind captured", LIT("kind capture"), 4},
	    {"kind captured", LIT("kind "), 4},
	    {"kind captured", LIT("kind Captured"), 4},
	    {"from 2025-01-01 ", LIT("from 2025-02-29 "), 5},
	    {"from 2025-01-01 ", LIT("from 2025-13-01 "), 5},
	    {"from 2025-01-01 ", LIT("from 2025-01-01T"), 5},
	    {"from 2025-01-01 ", LIT("from 1969-12-31 "), 5},
	    {"from 2025-01-01 00:00:00.123456", LIT("from 2025-01-01 24:00:00.123456"), 5},
	    {"from 2025-01-01 00:00:00.123456", LIT("from 2025-01-01 00:00:00.12345"), 5},
	    {"from 2025-01-01 00:00:00.123456", LIT("from 2025-01-01 00:00:00.12345'"), 5},
	    {"from 2025-01-01 00:00:00.123456", LIT("from "), 5},
	    {"until 2025-01-01 00:01", LIT("until 2024-01-01 00:01"), 6}, /* before from */
	    {"packets 7", LIT("packets -7"), 7},
	    {"packets 7", LIT("packets 18446744073709551616"), 7},
	    {"bytes 1", LIT("bytes x"), 8},
	    {"capture_sha256 02", LIT("capture_sha256 0"), 9},
	    {"capture_sha256 02", LIT("capture_sha256 0x"), 9},
	    {"packets 7\nbytes 18446744073709551615", LIT("bytes 1\npackets 7"), 0},
	    {"detail ring", LIT("detail \xc3("), 10},
	    {"detail ring", LIT("text ring"), 0},
	    {"end\n", LIT("end \n"), 0},
	    {"end\n", LIT("end\n\n"), 0},
	    {"end\n", LIT("end\nend\n"), 0},
	    {"end\n", LIT("more 1\nend\n"), 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		const char *at = strstr(example_text, rows[i].old);
		struct pa_buf text;

		assert_non_null(at);
		pa_buf_init(&text, 10000);
		assert_ok(pa_buf_put(&text, example_text, (size_t)(at - example_text)));
		assert_ok(pa_buf_put(&text, rows[i].new.ptr, rows[i].new.len));
		assert_ok(pa_buf_puts(&text, at + strlen(rows[i].old)));
		refuse(of_buf(&text), rows[i].line, rows[i].old);
		pa_buf_done(&text);
	}
}

static void test_texts_that_are_too_long(void **state)
{
	char line[PA_EVENT_DETAIL_MAX + 8];
	struct pa_buf text;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[PA_EVENT_DETAIL_MAX] = '\0'; /* one more than there is room for */
	pa_buf_init(&text, 10000);
	assert_ok(
	    pa_buf_put(&text, example_text, (size_t)(strstr(example_text, "ring") - example_text)));
	assert_ok(pa_buf_printf(&text, "%s\nend\n", line));
	refuse(of_buf(&text), 10, "detail");
	pa_buf_done(&text);
}

static void test_ids(void **state)
{
	static const struct {
		const char *name;
		int ok;
	} rows[] = {{"a", 1},   {"0-9.z", 1}, {"", 0},    {".a", 0}, {"A", 0},
	            {"a/b", 0}, {"a_b", 0},   {"a b", 0}, {"..", 0}};
	struct pa_event e = example();
	char one[PA_EVENT_ID_MAX];
	char two[PA_EVENT_ID_MAX];
	char long_name[PA_EVENT_ID_MAX + 1];

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++)
		assert_int_equal(pa_event_id_ok(rows[i].name), rows[i].ok);
	memset(long_name, 'a', sizeof(long_name));
	long_name[PA_EVENT_ID_MAX] = '\0';
	assert_int_equal(pa_event_id_ok(long_name), 0);
	assert_int_equal(pa_event_id_ok(long_name + 1), 1);

	assert_ok(pa_event_id(&e, one, NULL));
	assert_int_equal(pa_event_id_ok(one), 1);
	e.packets++;
	e.detail[0] = 'X';
	assert_ok(pa_event_id(&e, two, NULL));
	assert_string_equal(one, two); /* the same event, told again */
	e.until.nsec = 1000;
	assert_ok(pa_event_id(&e, two, NULL));
	assert_string_not_equal(one, two);
	e = example();
	strcpy(e.sensor, "gatee");
	strcpy(e.interface, "th0\\1");
	assert_ok(pa_event_id(&e, two, NULL));
	assert_string_not_equal(one, two);
	e = example();
	e.kind = PA_EVENT_LOST;
	assert_ok(pa_event_id(&e, two, NULL));
	assert_string_not_equal(one, two);
}

static void test_saved_twice_is_there_once(void **state)
{
	char *dir = make_folder();
	char path[PATH_MAX];
	struct pa_event e = example();
	struct pa_event back;
	struct pa_buf text;
	char id[PA_EVENT_ID_MAX];

	(void)state;
	assert_ok(pa_event_id(&e, id, NULL));
	for (int i = 0; i < 2; i++) {
		e.packets = (uint64_t)i;
		assert_ok(pa_event_save(dir, &e, NULL));
		snprintf(path, sizeof(path), "%s/coverage/%s", dir, id);
		pa_buf_init(&text, PA_EVENT_BYTES_MAX);
		assert_ok(pa_io_read_file(-1, path, &text, NULL));
		assert_ok(pa_event_read(of_buf(&text), &back, NULL));
		assert_true(back.packets == (uint64_t)i);
		pa_buf_done(&text);
	}
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/coverage", dir);
	assert_int_equal(rmdir(path), 0); /* nothing else was in it */
	remove_tree(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trips),
	    cmocka_unit_test(test_every_truncation_is_refused),
	    cmocka_unit_test(test_wrong_content_is_refused),
	    cmocka_unit_test(test_texts_that_are_too_long),
	    cmocka_unit_test(test_ids),
	    cmocka_unit_test(test_saved_twice_is_there_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
