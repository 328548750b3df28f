#include "support.h"

static void holds_invariant(const struct pa_buf *b)
{
	assert_true(b->len <= b->cap);
	assert_true(b->cap <= b->limit);
	assert_true(b->ptr || b->cap == 0);
}

static void test_slices(void **state)
{
	static const struct {
		struct pa_slice s;
		const char *text;
		int same;
	} rows[] = {
	    {LIT(""), "", 1},         {LIT("a"), "a", 1},    {LIT("a"), "", 0},
	    {LIT(""), "a", 0},        {LIT("a"), "b", 0},    {LIT("ab"), "a", 0},
	    {LIT("a"), "ab", 0},      {LIT("a\0b"), "a", 0}, {LIT("a\0"), "a", 0},
	    {LIT("\xff"), "\xff", 1}, {{NULL, 0}, "", 1},    {{NULL, 0}, "x", 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++)
		if (pa_slice_is(rows[i].s, rows[i].text) != rows[i].same)
			fail_msg("row %zu: \"%s\"", i, rows[i].text);
	assert_slice(pa_slice_of("abc"), SLICE("abc"));
	assert_int_equal(pa_slice_of("").len, 0);
}

static void test_starts_empty(void **state)
{
	struct pa_buf b;

	(void)state;
	pa_buf_init(&b, 10);
	assert_null(b.ptr);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.cap, 0);
	assert_int_equal(b.limit, 10);
	pa_buf_done(&b);
	assert_int_equal(b.limit, 10);
	pa_buf_done(NULL);
}

static void test_limit(void **state)
{
	static const struct {
		size_t limit, first, second;
		enum pa_status status; /* of the second */
	} rows[] = {
	    {0, 0, 0, PA_OK},
	    {0, 0, 1, PA_ELIMIT},
	    {1, 1, 0, PA_OK},
	    {1, 0, 1, PA_OK},
	    {1, 1, 1, PA_ELIMIT},
	    {255, 254, 1, PA_OK},
	    {255, 254, 2, PA_ELIMIT},
	    {256, 256, 0, PA_OK},
	    {256, 255, 1, PA_OK},
	    {256, 256, 1, PA_ELIMIT},
	    {257, 256, 1, PA_OK},
	    {300, 256, 44, PA_OK},
	    {300, 256, 45, PA_ELIMIT},
	    {1000, 1, 999, PA_OK},
	    {1000, 1, 1000, PA_ELIMIT},
	    {1000, 1, SIZE_MAX, PA_ELIMIT},
	    {SIZE_MAX, 1, SIZE_MAX, PA_ELIMIT},
	};
	static const uint8_t bytes[1000];

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_buf b;
		enum pa_status st;

		pa_buf_init(&b, rows[i].limit);
		assert_ok(pa_buf_put(&b, bytes, rows[i].first));
		holds_invariant(&b);
		st = pa_buf_reserve(&b, rows[i].second);
		if (st != rows[i].status)
			fail_msg("row %zu: %d", i, (int)st);
		holds_invariant(&b);
		assert_int_equal(b.len, rows[i].first);
		if (st == PA_OK && rows[i].second > 0) {
			assert_true(b.cap - b.len >= rows[i].second);
			memset(b.ptr + b.len, 'x', rows[i].second);
		}
		pa_buf_done(&b);
	}
}

static void test_refused_append_changes_nothing(void **state)
{
	struct pa_buf b;

	(void)state;
	pa_buf_init(&b, 5);
	assert_ok(pa_buf_puts(&b, "abc"));
	assert_int_equal(pa_buf_puts(&b, "def"), PA_ELIMIT);
	assert_text(of_buf(&b), "abc");
	assert_int_equal(pa_buf_printf(&b, "%d", 123), PA_ELIMIT);
	assert_text(of_buf(&b), "abc");
	assert_int_equal(pa_buf_put_u64(&b, 123), PA_ELIMIT);
	assert_text(of_buf(&b), "abc");
	assert_ok(pa_buf_putc(&b, 'd'));
	assert_ok(pa_buf_putc(&b, 'e'));
	assert_int_equal(pa_buf_putc(&b, 'f'), PA_ELIMIT);
	assert_text(of_buf(&b), "abcde");
	pa_buf_done(&b);
}

static void test_printf_fills_to_the_limit(void **state)
{
	struct pa_buf b;

	(void)state;
	pa_buf_init(&b, 7);
	assert_ok(pa_buf_printf(&b, "%s", ""));
	assert_ok(pa_buf_printf(&b, "%d-%s", 12, "ab"));
	assert_text(of_buf(&b), "12-ab");
	assert_ok(pa_buf_printf(&b, "%c%c", 'y', 'z'));
	assert_text(of_buf(&b), "12-abyz");
	holds_invariant(&b);
	pa_buf_done(&b);

	pa_buf_init(&b, 1000); /* with room behind it */
	assert_ok(pa_buf_printf(&b, "%d", 1));
	assert_ok(pa_buf_printf(&b, "%s", "23"));
	assert_text(of_buf(&b), "123");
	pa_buf_done(&b);
}

static void test_numbers(void **state)
{
	static const struct {
		uint64_t v;
		const char *text;
	} rows[] = {
	    {0, "0"},
	    {9, "9"},
	    {10, "10"},
	    {UINT32_MAX, "4294967295"},
	    {UINT64_MAX - 1, "18446744073709551614"},
	    {UINT64_MAX, "18446744073709551615"},
	};
	struct pa_buf b;

	(void)state;
	pa_buf_init(&b, 100);
	for (size_t i = 0; i < N_OF(rows); i++) {
		pa_buf_reset(&b);
		assert_ok(pa_buf_put_u64(&b, rows[i].v));
		assert_text(of_buf(&b), rows[i].text);
	}
	pa_buf_done(&b);
}

static void test_many_appends(void **state)
{
	uint32_t seed = 1;
	uint8_t want[20000];
	size_t n = 0;
	struct pa_buf b;

	(void)state;
	pa_buf_init(&b, sizeof(want));
	for (;;) {
		uint8_t piece[200];
		size_t len = next_random(&seed) % sizeof(piece);
		enum pa_status st;

		for (size_t i = 0; i < len; i++)
			piece[i] = (uint8_t)next_random(&seed);
		st = pa_buf_put(&b, piece, len);
		holds_invariant(&b);
		if (st != PA_OK) {
			assert_int_equal(st, PA_ELIMIT);
			assert_true(n + len > sizeof(want));
			break;
		}
		memcpy(want + n, piece, len);
		n += len;
	}
	assert_slice(of_buf(&b), ((struct pa_slice){want, n}));
	pa_buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_true(b.cap > 0);
	pa_buf_done(&b);
	assert_null(b.ptr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_slices),
	    cmocka_unit_test(test_starts_empty),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_refused_append_changes_nothing),
	    cmocka_unit_test(test_printf_fills_to_the_limit),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_many_appends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
