#include "support.h"

#include <fcntl.h>

#include "pcapanalyzer/canary.h"
#include "pcapanalyzer/io.h"

/* What the three tsharks answered, with each dialect's aggregator. */
static const struct {
	const char *name;
	uint8_t aggregator;
	enum pa_dialect dialect;
} answers[] = {
    {"4.0-ff", 0xff, PA_DIALECT_4_0}, {"4.4-ff", 0xff, PA_DIALECT_4_4},
    {"4.6-ff", 0xff, PA_DIALECT_4_4}, {"4.0-cr", '\r', PA_DIALECT_4_0},
    {"4.4-cr", '\r', PA_DIALECT_4_4}, {"4.6-cr", '\r', PA_DIALECT_4_4},
};

static void read_answer(const char *name, struct pa_buf *out)
{
	char path[512];

	pa_buf_init(out, PA_CANARY_ANSWER_MAX);
	(void)snprintf(path, sizeof(path), "%s/tests/data/canary/%s", PA_SOURCE_DIR, name);
	assert_ok(pa_io_read_file(AT_FDCWD, path, out, NULL));
}

/* The message of a refusal. */
static const char *refused(struct pa_slice answer, uint8_t aggregator)
{
	static struct pa_error err;
	enum pa_dialect dialect = PA_DIALECT_AUTO;
	struct pa_slice copy = copy_of(answer);
	enum pa_status st;

	err = (struct pa_error){0};
	st = pa_canary_learn(copy, aggregator, &dialect, &err);
	if (st != PA_EFORMAT || err.code != st || dialect != PA_DIALECT_AUTO)
		fail_msg("status %d, dialect %d: \"%s\"", (int)st, (int)dialect, shown(answer));
	assert_true(err.msg[0] && strlen(err.msg) < 300);
	assert_int_equal(pa_canary_learn(copy, aggregator, &dialect, NULL), PA_EFORMAT);
	free_copy(copy);
	return err.msg;
}

static enum pa_dialect learned(struct pa_slice answer, uint8_t aggregator)
{
	enum pa_dialect dialect = PA_DIALECT_AUTO;
	struct pa_error err = {0};
	struct pa_slice copy = copy_of(answer);

	if (pa_canary_learn(copy, aggregator, &dialect, &err) != PA_OK)
		fail_msg("%s", err.msg);
	free_copy(copy);
	return dialect;
}

static void test_capture(void **state)
{
	struct pa_slice pcapng = pa_canary_capture();
	struct pa_buf file;

	(void)state;
	pa_buf_init(&file, PA_CANARY_ANSWER_MAX);
	assert_ok(pa_io_read_file(AT_FDCWD, PA_SOURCE_DIR "/src/lib/canary.pcapng", &file, NULL));
	assert_slice(pcapng, of_buf(&file));
	pa_buf_done(&file);
}

static void test_args(void **state)
{
	struct pa_buf b;

	(void)state;
	pa_buf_init(&b, 4096);
	assert_ok(pa_canary_args('\r', &b));
	assert_true(has(of_buf(&b), "-n -T fields -E occurrence=a -E quote=n -E separator=/t "
	                            "-E aggregator=\r -e frame.number -e "));
	assert_true(has(of_buf(&b), " -e frame.marked\n"));
	pa_buf_done(&b);
	pa_buf_init(&b, 64);
	assert_int_equal(pa_canary_args(0xff, &b), PA_ELIMIT);
	pa_buf_done(&b);
}

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(answers); i++) {
		struct pa_buf b;

		read_answer(answers[i].name, &b);
		assert_int_equal(learned(of_buf(&b), answers[i].aggregator), answers[i].dialect);
		for (size_t k = 0; k < N_OF(answers); k++)
			if (answers[k].aggregator != answers[i].aggregator)
				refused(of_buf(&b), answers[k].aggregator);
		pa_buf_done(&b);
	}
}

static size_t count(struct pa_slice s, uint8_t byte)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == byte;
	return n;
}

/* Each dialect's own aggregator stands between values and in none: one byte for each join of
 * comments, dns.a, dns.txt, http.request.line, ip.src and ip.flags.df. */
static void test_aggregators(void **state)
{
	static const struct {
		const char *name;
		uint8_t aggregator;
		size_t joins;
	} own[] = {{"4.0-cr", '\r', 1 + 2 + 5 + 1 + 1 + 1},
	           {"4.4-ff", 0xff, 4 + 2 + 5 + 1 + 1 + 1},
	           {"4.6-ff", 0xff, 4 + 2 + 5 + 1 + 1 + 1}};

	(void)state;
	for (size_t i = 0; i < N_OF(own); i++) {
		struct pa_buf b;

		read_answer(own[i].name, &b);
		assert_int_equal(count(of_buf(&b), own[i].aggregator), own[i].joins);
		pa_buf_done(&b);
	}
}

/* No answer with a byte changed, taken out or put in is right. */
static void test_every_byte(void **state)
{
	static const uint8_t nasty[] = {0, '\t', '\n', '\r', '\\', '1', 'T', 0x80, 0xff};

	(void)state;
	for (size_t i = 0; i < N_OF(answers); i++) {
		struct pa_buf b;
		uint8_t *copy;

		read_answer(answers[i].name, &b);
		copy = malloc(b.len + 1);
		assert_non_null(copy);
		for (size_t at = 0; at < b.len; at++) {
			const uint8_t change = nasty[at % sizeof(nasty)];

			memcpy(copy, b.ptr, at);
			memcpy(copy + at, b.ptr + at + 1, b.len - at - 1);
			refused((struct pa_slice){copy, b.len - 1}, answers[i].aggregator);
			refused((struct pa_slice){b.ptr, at}, answers[i].aggregator);
			copy[at] = change;
			memcpy(copy + at + 1, b.ptr + at, b.len - at);
			refused((struct pa_slice){copy, b.len + 1}, answers[i].aggregator);
			if (b.ptr[at] == change)
				continue;
			memcpy(copy + at + 1, b.ptr + at + 1, b.len - at - 1);
			refused((struct pa_slice){copy, b.len}, answers[i].aggregator);
		}
		free(copy);
		pa_buf_done(&b);
	}
}

/* FROM of the answer replaced by TO, everywhere; for pa_buf_done(). */
static void replaced(struct pa_slice in, struct pa_slice from, struct pa_slice to,
                     struct pa_buf *out)
{
	size_t n = 0;

	pa_buf_init(out, PA_CANARY_ANSWER_MAX);
	for (size_t i = 0; i < in.len;) {
		if (in.len - i >= from.len && memcmp(in.ptr + i, from.ptr, from.len) == 0) {
			assert_ok(pa_buf_put(out, to.ptr, to.len));
			i += from.len;
			n++;
		} else {
			assert_ok(pa_buf_putc(out, in.ptr[i++]));
		}
	}
	if (n == 0)
		fail_msg("no \"%s\" in the answer", shown(from));
}

static void test_unexpected(void **state)
{
	static const struct {
		unsigned answer;
		struct pa_slice from, to;
		const char *said;
	} rows[] = {
	    /* booleans */
	    {1, LIT("True"), LIT("true"), "field ip.flags.df, byte 1 (0x74): it prints \"true\""},
	    {1, LIT("True"), LIT("1"), "field ip.flags.df"},
	    {3, LIT("\t1\t"), LIT("\tyes\t"), "it prints \"yes\", tshark 4.0 prints \"1\""},
	    {0, LIT("\t0\n"), LIT("\tFalse\n"), "tshark 4.0 prints \"0\""},
	    /* escapes */
	    {1, LIT("\\a"), LIT("\\x07"), "field syslog.msg"},
	    {1, LIT("\\a"), LIT("\a"), "packet 2 of the canary, field syslog.msg, byte 8 (0x07)"},
	    {1, LIT("\\\\slash"), LIT("\\slash"), "tshark 4.4 prints \"qdq"},
	    {3, LIT("\\slash"), LIT("\\\\slash"), "packet 1 of the canary, field syslog.msg"},
	    {3, LIT("\x0b"), LIT("\\v"), "tshark 4.0 prints \"c?????"},
	    {1, LIT("dq\"sq"), LIT("dq\"\"sq"), "field syslog.msg"},
	    /* several values */
	    {1, LIT("c,d\xff\xff"), LIT("c,d\xff"), "field dns.txt"},
	    {1, LIT("192.0.2.2\xff"), LIT("192.0.2.2,"), "field dns.a, byte 20 (0x2c)"},
	    {3, LIT("a\\rb"), LIT("a\rb"), "field dns.txt, byte 2 (0x0d)"},
	    {4, LIT("10.0.0.1"), LIT(""), "field ip.src"},
	    /* times and numbers */
	    {2, LIT("00Z"), LIT("00+0100"), "field ntp.xmt"},
	    {1, LIT("00 UTC"), LIT("00 CET"), "field ntp.xmt"},
	    {0, LIT("Jan  1, 2024 00:00:00.500000000 UTC"), LIT("2024-01-01T00:00:00.500000000Z"),
	     "field ntp.xmt"},
	    {1, LIT("NULL"), LIT(""), "byte 1 (none): it prints \"\", tshark 4.4 prints \"NULL\""},
	    {1, LIT("1735689600.06"), LIT("-1735689600.06"), "field frame.time_epoch"},
	    {1, LIT("0x0018"), LIT("24"), "field tcp.flags"},
	    /* text */
	    {1, LIT("\xf0\x9f\x90\xa6"), LIT("?"), "field dns.qry.name"},
	    {1, LIT("\xef\xbf\xbd("), LIT("\xc3("), "field dns.qry.name"},
	    {1, LIT("\tnul\t"), LIT("\tnul\\0behind\\\\\t"), "packet 3 of the canary"},
	    {1, LIT("if\\\\0"), LIT("if\\0"), "field frame.interface_name"},
	    {1, LIT("\xffline\\nand line"), LIT(""), "field frame.comment"},
	    /* the shape */
	    {1, LIT("\n"), LIT("\r\n"), "field frame.marked"},
	    {1, LIT("\n"), LIT("\t\n"), "packet 1 of the canary has 26 columns, not 25"},
	    {1, LIT("\n2\t"), LIT("\n\n2\t"), "the canary has 8 packets, its answer 9 lines"},
	    {1, LIT("\t"), LIT("\t\t"), "columns"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_buf b;
		struct pa_buf damaged;
		const char *said;

		read_answer(answers[rows[i].answer].name, &b);
		replaced(of_buf(&b), rows[i].from, rows[i].to, &damaged);
		said = refused(of_buf(&damaged), answers[rows[i].answer].aggregator);
		if (!strstr(said, rows[i].said))
			fail_msg("row %zu: \"%s\"", i, said);
		pa_buf_done(&damaged);
		pa_buf_done(&b);
	}
	assert_string_equal(refused(SLICE(""), 0xff), "the answer to the canary is empty");
	assert_non_null(strstr(refused(SLICE("1\t2"), 0xff), "in the middle of a line"));
	assert_non_null(strstr(refused(SLICE("\n"), 0xff), "its answer 1 line"));
}

/* What may differ: a comment of two lines printed once, and when a time is in ISO 8601. */
static void test_tolerated(void **state)
{
	struct pa_buf b;
	struct pa_buf other;

	(void)state;
	read_answer("4.4-ff", &b);
	replaced(of_buf(&b),
	         SLICE("\xffline\xffline\xff"
	               "and line\xffline\\nand line"),
	         SLICE("\xffline\\nand line"), &other);
	assert_int_equal(learned(of_buf(&other), 0xff), PA_DIALECT_4_4);
	pa_buf_done(&other);
	replaced(of_buf(&b), SLICE("Jan  1, 2024 00:00:00.500000000 UTC"),
	         SLICE("2024-01-01T00:00:00.500000000Z"), &other);
	assert_int_equal(learned(of_buf(&other), 0xff), PA_DIALECT_4_4);
	pa_buf_done(&other);
	pa_buf_done(&b);
}

/* A cell of any length and content makes one short line of plain text. */
static void test_message(void **state)
{
	struct pa_buf b;
	struct pa_buf damaged;
	char junk[6000];
	const char *said;

	(void)state;
	memset(junk, 0xe9, sizeof(junk));
	junk[100] = '\x1b';
	read_answer("4.4-ff", &b);
	replaced(of_buf(&b), SLICE("nul"), (struct pa_slice){(uint8_t *)junk, sizeof(junk)},
	         &damaged);
	said = refused(of_buf(&damaged), 0xff);
	for (const char *p = said; *p; p++)
		assert_true(*p >= 0x20 && *p < 0x7f);
	assert_non_null(strstr(said, "???...\", tshark 4.4 prints \"nul\""));
	pa_buf_done(&damaged);
	pa_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_capture),    cmocka_unit_test(test_args),
	    cmocka_unit_test(test_answers),    cmocka_unit_test(test_aggregators),
	    cmocka_unit_test(test_every_byte), cmocka_unit_test(test_unexpected),
	    cmocka_unit_test(test_tolerated),  cmocka_unit_test(test_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
