#include "pcapanalyzer/digest.h"
#include "support.h"

/* FIPS 180-4's examples. */
#define MILLION 1000000
static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

static void assert_hex(const uint8_t *sum, size_t n, const char *want)
{
	char hex[2 * PA_SHA256_BYTES + 1];

	pa_hex(sum, n, hex);
	assert_string_equal(hex, want);
}

static const struct {
	const char *text;
	const char *sha256;
} rows[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {two_blocks, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void test_one_shot(void **state)
{
	uint8_t sum[PA_SHA256_BYTES];
	char *as = malloc(MILLION);

	(void)state;
	assert_non_null(as);
	for (size_t i = 0; i < N_OF(rows); i++) {
		assert_ok(pa_sha256_of(rows[i].text, strlen(rows[i].text), sum));
		assert_hex(sum, PA_SHA256_BYTES, rows[i].sha256);
	}
	memset(as, 'a', MILLION);
	assert_ok(pa_sha256_of(as, MILLION, sum));
	assert_hex(sum, PA_SHA256_BYTES,
	           "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(as);
}

static void test_nothing_may_be_null(void **state)
{
	uint8_t sum[PA_SHA256_BYTES];

	(void)state;
	assert_ok(pa_sha256_of(NULL, 0, sum));
	assert_hex(sum, PA_SHA256_BYTES, rows[0].sha256);
	pa_sha256_free(NULL);
}

static void test_running_in_any_pieces(void **state)
{
	struct pa_sha256 *h;
	uint8_t sum[PA_SHA256_BYTES];
	struct pa_error err = {0};

	(void)state;
	assert_ok(pa_sha256_new(&h, &err));
	/* One after the other on the same object: final starts anew. */
	for (size_t i = 0; i < N_OF(rows); i++) {
		size_t len = strlen(rows[i].text);

		for (size_t piece = 1; piece <= len + 1; piece++) {
			for (size_t at = 0; at < len; at += piece)
				pa_sha256_update(h, rows[i].text + at,
				                 at + piece < len ? piece : len - at);
			memset(sum, 0, sizeof(sum));
			pa_sha256_final(h, sum);
			assert_hex(sum, PA_SHA256_BYTES, rows[i].sha256);
		}
	}
	pa_sha256_free(h);
}

static void test_hex(void **state)
{
	uint8_t all[256];
	uint8_t back[256];
	char hex[513];

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	pa_hex(all, 256, hex);
	assert_int_equal(strlen(hex), 512);
	assert_memory_equal(hex, "000102030405060708090a0b0c0d0e0f10", 34);
	assert_memory_equal(hex + 510, "ff", 3);
	assert_ok(pa_unhex(pa_slice_of(hex), back, 256));
	assert_memory_equal(all, back, 256);
	pa_hex(all, 0, hex);
	assert_string_equal(hex, "");
}

static void test_unhex(void **state)
{
	static const struct {
		struct pa_slice in;
		size_t n;
		enum pa_status status;
		uint8_t out[2];
	} cases[] = {
	    {LIT(""), 0, PA_OK, {0xee, 0xee}},
	    {LIT("00"), 1, PA_OK, {0x00, 0xee}},
	    {LIT("fF"), 1, PA_OK, {0xff, 0xee}},
	    {LIT("aBCd"), 2, PA_OK, {0xab, 0xcd}},
	    {LIT("abc"), 2, PA_EVALUE, {0xee, 0xee}},
	    {LIT("abcd"), 1, PA_EVALUE, {0xee, 0xee}},
	    {LIT("ab"), 2, PA_EVALUE, {0xee, 0xee}},
	    {LIT("abcg"), 2, PA_EVALUE, {0xee, 0xee}},
	    {LIT("ab c"), 2, PA_EVALUE, {0xee, 0xee}},
	    {LIT("0x12"), 2, PA_EVALUE, {0xee, 0xee}},
	    {LIT("ab\0"
	         "1"),
	     2,
	     PA_EVALUE,
	     {0xee, 0xee}},
	    {LIT("@1"), 1, PA_EVALUE, {0xee, 0xee}},
	    {LIT("1/"), 1, PA_EVALUE, {0xee, 0xee}},
	    {LIT("1:"), 1, PA_EVALUE, {0xee, 0xee}},
	    {LIT("\x10\x11"), 1, PA_EVALUE, {0xee, 0xee}},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct pa_slice in = copy_of(cases[i].in);
		uint8_t out[2] = {0xee, 0xee};
		enum pa_status st = pa_unhex(in, out, cases[i].n);

		if (st != cases[i].status || memcmp(out, cases[i].out, 2) != 0)
			fail_msg("row %zu: \"%s\": %d", i, shown(in), (int)st);
		free_copy(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_shot),
	    cmocka_unit_test(test_nothing_may_be_null),
	    cmocka_unit_test(test_running_in_any_pieces),
	    cmocka_unit_test(test_hex),
	    cmocka_unit_test(test_unhex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
