#include "pcapanalyzer/text.h"
#include "support.h"

#define FFFD "\xef\xbf\xbd"

static void test_unescape(void **state)
{
	static const struct {
		struct pa_slice in;
		uint8_t separator;
		enum pa_status status;
		struct pa_slice out;
	} rows[] = {
	    {LIT(""), '\t', PA_OK, LIT("")},
	    {LIT("plain"), '\t', PA_OK, LIT("plain")},
	    {LIT("\\\\"), '\t', PA_OK, LIT("\\")},
	    {LIT("\\a\\b\\t\\n\\v\\f\\r"), '\t', PA_OK, LIT("\a\b\t\n\v\f\r")},
	    {LIT("a\\\\b\\n\\t\\\\c"), '\t', PA_OK, LIT("a\\b\n\t\\c")},
	    {LIT("a\\\\\\\\n"), '\t', PA_OK, LIT("a\\\\n")}, /* one pass, never twice */
	    {LIT("a\\\\000b"), '\t', PA_OK, LIT("a\\000b")},
	    {LIT("\xff\x00\\n"), '\t', PA_OK, LIT("\xff\x00\n")},
	    {LIT("a\\,b"), ',', PA_OK, LIT("a,b")},
	    {LIT("a\\|b"), '|', PA_OK, LIT("a|b")},
	    {LIT("\\"), '\t', PA_EVALUE, LIT("")},
	    {LIT("abc\\"), '\t', PA_EVALUE, LIT("")},
	    {LIT("\\\\\\"), '\t', PA_EVALUE, LIT("")},
	    {LIT("a\\,b"), '\t', PA_EVALUE, LIT("")},
	    {LIT("\\0"), '\t', PA_EVALUE, LIT("")},
	    {LIT("\\000"), '\t', PA_EVALUE, LIT("")},
	    {LIT("\\x41"), '\t', PA_EVALUE, LIT("")},
	    {LIT("\\u0041"), '\t', PA_EVALUE, LIT("")},
	    {LIT("\\\""), '\t', PA_EVALUE, LIT("")},
	    {LIT("\\ "), '\t', PA_EVALUE, LIT("")},
	    {LIT("\\N"), '\t', PA_EVALUE, LIT("")},
	    {LIT("\\\xff"), '\t', PA_EVALUE, LIT("")},
	    {LIT("\\\0"), '\t', PA_EVALUE, LIT("")},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice in = copy_of(rows[i].in);
		struct pa_slice out = {(const uint8_t *)"old", 3};
		struct pa_buf scratch;
		enum pa_status st;

		pa_buf_init(&scratch, 1000);
		st = pa_text_unescape(in, PA_DIALECT_4_4, rows[i].separator, &scratch, &out);
		if (st != rows[i].status || !same(out, st == PA_OK ? rows[i].out : SLICE("old")))
			fail_msg("row %zu: \"%s\": %d, \"%s\"", i, shown(in), (int)st, shown(out));
		/* Nothing to undo: the text itself, no copy. */
		if (st == PA_OK && same(in, out))
			assert_ptr_equal(in.ptr, out.ptr);

		out = SLICE("old");
		assert_ok(pa_text_unescape(in, PA_DIALECT_4_0, rows[i].separator, &scratch, &out));
		assert_ptr_equal(in.ptr, out.ptr);
		assert_int_equal(in.len, out.len);
		pa_buf_done(&scratch);
		free_copy(in);
	}
}

/* How 4.4 prints a string: every text must come back. */
static void test_unescape_is_the_inverse(void **state)
{
	static const char escaped[] = "\\\a\b\t\n\v\f\r";
	static const char letters[] = "\\abtnvfr";
	uint32_t seed = 9;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		uint8_t text[40];
		size_t n = next_random(&seed) % sizeof(text);
		struct pa_buf printed;
		struct pa_buf scratch;
		struct pa_slice out;

		pa_buf_init(&printed, 100);
		pa_buf_init(&scratch, 100);
		for (size_t i = 0; i < n; i++) {
			const char *hit;

			text[i] = (uint8_t)(1 + next_random(&seed) % (round & 1 ? 255 : 14));
			if (round % 3 == 0 && next_random(&seed) % 2)
				text[i] = '\\';
			hit = strchr(escaped, text[i]);
			if (hit) {
				assert_ok(pa_buf_putc(&printed, '\\'));
				assert_ok(pa_buf_putc(&printed, (uint8_t)letters[hit - escaped]));
			} else {
				assert_ok(pa_buf_putc(&printed, text[i]));
			}
		}
		assert_ok(pa_text_unescape(of_buf(&printed), PA_DIALECT_4_4, '\t', &scratch, &out));
		assert_slice(out, ((struct pa_slice){text, n}));
		pa_buf_done(&printed);
		pa_buf_done(&scratch);
	}
}

static void test_scratch_is_appended_to(void **state)
{
	struct pa_buf scratch;
	struct pa_slice out;

	(void)state;
	pa_buf_init(&scratch, 100);
	assert_ok(pa_buf_puts(&scratch, "kept"));
	assert_ok(pa_text_unescape(SLICE("a\\nb"), PA_DIALECT_4_4, '\t', &scratch, &out));
	assert_slice(out, SLICE("a\nb"));
	assert_ok(pa_text_utf8(SLICE("a\xff"), &scratch, &out));
	assert_slice(out, SLICE("a" FFFD));
	assert_slice(of_buf(&scratch), SLICE("kepta\nba" FFFD));
	pa_buf_done(&scratch);

	pa_buf_init(&scratch, 2);
	assert_int_equal(pa_text_unescape(SLICE("a\\nbc"), PA_DIALECT_4_4, '\t', &scratch, &out),
	                 PA_ENOMEM);
	assert_int_equal(pa_text_utf8(SLICE("a\xff"), &scratch, &out), PA_ENOMEM);
	pa_buf_done(&scratch);
}

static void test_utf8(void **state)
{
	static const struct {
		struct pa_slice in, out;
	} rows[] = {
	    {LIT(""), LIT("")},
	    {LIT("abc"), LIT("abc")},
	    {LIT("a\0b\x7f"), LIT("a\0b\x7f")},
	    /* first and last of each length, and the ends of what is no surrogate */
	    {LIT("\xc2\x80\xdf\xbf"), LIT("\xc2\x80\xdf\xbf")},
	    {LIT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"),
	     LIT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf")},
	    {LIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), LIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
	    {LIT(FFFD), LIT(FFFD)},
	    {LIT("\xef\xbb\xbf"
	         "a"),
	     LIT("\xef\xbb\xbf"
	         "a")},
	    {LIT("a\xc2\x85\xe2\x80\xa8z"), LIT("a\xc2\x85\xe2\x80\xa8z")},
	    /* Unicode 15, table 3-8: non-shortest forms */
	    {LIT("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"),
	     LIT(FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A")},
	    /* table 3-9: surrogates */
	    {LIT("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"),
	     LIT(FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD "A")},
	    /* table 3-10: other ill-formed sequences */
	    {LIT("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42"),
	     LIT(FFFD FFFD FFFD FFFD FFFD "A" FFFD FFFD "B")},
	    /* table 3-11: truncated sequences */
	    {LIT("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), LIT(FFFD FFFD FFFD FFFD "A")},
	    /* section 3.9, the example of figure 3-8 and its like */
	    {LIT("\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64"),
	     LIT("a" FFFD FFFD FFFD "b" FFFD "c" FFFD FFFD "d")},
	    /* cut at the end */
	    {LIT("a\xc3"), LIT("a" FFFD)},
	    {LIT("a\xe2"), LIT("a" FFFD)},
	    {LIT("a\xe2\x82"), LIT("a" FFFD)},
	    {LIT("a\xf0"), LIT("a" FFFD)},
	    {LIT("a\xf0\x9f"), LIT("a" FFFD)},
	    {LIT("a\xf0\x9f\x98"), LIT("a" FFFD)},
	    {LIT("a\xe0\x80"), LIT("a" FFFD FFFD)},
	    {LIT("a\xed\xa0"), LIT("a" FFFD FFFD)},
	    {LIT("a\xf4\x90"), LIT("a" FFFD FFFD)},
	    {LIT("\x80"), LIT(FFFD)},
	    {LIT("\xbf\xbf"), LIT(FFFD FFFD)},
	    {LIT("\xc0\x80"), LIT(FFFD FFFD)},
	    {LIT("\xc1\xbf"), LIT(FFFD FFFD)},
	    {LIT("\xf5\x80\x80\x80"), LIT(FFFD FFFD FFFD FFFD)},
	    {LIT("\xfe\xff"), LIT(FFFD FFFD)},
	    {LIT("\xc3\xc3\xa4"), LIT(FFFD "\xc3\xa4")},
	    {LIT("J\xe4germeister"), LIT("J" FFFD "germeister")},
	    {LIT("0123456\xe4"), LIT("0123456" FFFD)},
	    {LIT("01234567\xe4"), LIT("01234567" FFFD)},
	    {LIT("012345678\xe4"), LIT("012345678" FFFD)},
	    {LIT("012345678901234\xe4"
	         "67890"),
	     LIT("012345678901234" FFFD "67890")},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice in = copy_of(rows[i].in);
		struct pa_slice out;
		struct pa_buf scratch;

		pa_buf_init(&scratch, 1000);
		assert_ok(pa_text_utf8(in, &scratch, &out));
		if (!same(out, rows[i].out))
			fail_msg("row %zu: \"%s\" gave \"%s\"", i, shown(in), shown(out));
		if (same(in, out)) {
			assert_ptr_equal(in.ptr, out.ptr);
			assert_int_equal(scratch.len, 0);
		}
		pa_buf_done(&scratch);
		free_copy(in);
	}
}

/* Every code point is kept, every surrogate is three bad bytes. */
static void test_every_code_point(void **state)
{
	struct pa_buf scratch;

	(void)state;
	pa_buf_init(&scratch, 100);
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		uint8_t text[4];
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		struct pa_slice out;

		for (size_t i = 0; i < n; i++)
			text[n - 1 - i] = (uint8_t)(0x80 | (c >> (6 * i) & 0x3f));
		if (n == 1)
			text[0] = (uint8_t)c;
		else
			text[0] = (uint8_t)(0xf00 >> n | c >> (6 * (n - 1)));
		pa_buf_reset(&scratch);
		assert_ok(pa_text_utf8((struct pa_slice){text, n}, &scratch, &out));
		if (c >= 0xd800 && c < 0xe000)
			assert_slice(out, SLICE(FFFD FFFD FFFD));
		else
			assert_ptr_equal(out.ptr, text);
	}
	pa_buf_done(&scratch);
}

static void test_cut(void **state)
{
	static const struct {
		struct pa_slice in;
		uint32_t max;
		struct pa_slice out;
		int cut;
	} rows[] = {
	    {LIT(""), 0, LIT(""), 0},
	    {LIT(""), 1, LIT(""), 0},
	    {LIT("abc"), 0, LIT("abc"), 0},
	    {LIT("abc"), 1, LIT("a"), 1},
	    {LIT("abc"), 2, LIT("ab"), 1},
	    {LIT("abc"), 3, LIT("abc"), 0},
	    {LIT("abc"), 4, LIT("abc"), 0},
	    {LIT("\xc3\xa4\xc3\xb6"), 1, LIT("\xc3\xa4"), 1},
	    {LIT("\xc3\xa4\xc3\xb6"), 2, LIT("\xc3\xa4\xc3\xb6"), 0},
	    {LIT("\xc3\xa4\xc3\xb6"), 3, LIT("\xc3\xa4\xc3\xb6"), 0},
	    {LIT("\xe2\x82\xac"
	         "1"),
	     1, LIT("\xe2\x82\xac"), 1},
	    {LIT("1\xe2\x82\xac"), 1, LIT("1"), 1},
	    {LIT("1\xe2\x82\xac"), 2, LIT("1\xe2\x82\xac"), 0},
	    {LIT("\xf0\x9f\x98\x80\xf0\x9f\x98\x80"), 1, LIT("\xf0\x9f\x98\x80"), 1},
	    {LIT("a\0b"), 2, LIT("a\0"), 1},
	    {LIT("abc"), UINT32_MAX, LIT("abc"), 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice in = copy_of(rows[i].in);
		int cut = 0;
		struct pa_slice out = pa_text_cut(in, rows[i].max, &cut);

		if (!same(out, rows[i].out) || cut != rows[i].cut)
			fail_msg("row %zu: \"%s\" at %u gave \"%s\"", i, shown(in), rows[i].max,
			         shown(out));
		/* Left alone unless something was cut. */
		cut = 7;
		pa_text_cut(in, rows[i].max, &cut);
		assert_int_equal(cut, rows[i].cut ? 1 : 7);
		free_copy(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_unescape),
	    cmocka_unit_test(test_unescape_is_the_inverse),
	    cmocka_unit_test(test_scratch_is_appended_to),
	    cmocka_unit_test(test_utf8),
	    cmocka_unit_test(test_every_code_point),
	    cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
