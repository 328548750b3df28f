#include "pcapanalyzer/frames.h"
#include "support.h"

static void reads(void **state)
{
	static const struct {
		const char *text;
		enum pa_status status;
		const char *in; /* of the frames 0 to 12: '#' in the list */
		uint64_t highest;
	} cases[] = {
	    {"5", PA_OK, ".....#.......", 5},
	    {"1-", PA_OK, ".############", 1},
	    {"5,7-9,11-", PA_OK, ".....#.###.##", 11},
	    {"9,3-4,4-6,7", PA_OK, "...#####.#...", 9},
	    {"2-2,2", PA_OK, "..#..........", 2},
	    {"3-,5", PA_OK, "...##########", 3},
	    {"10-18446744073709551615,3", PA_OK, "...#......###", 10},
	    {"", PA_EUSAGE, NULL, 0},
	    {"0", PA_EUSAGE, NULL, 0},
	    {"0-3", PA_EUSAGE, NULL, 0},
	    {"5-4", PA_EUSAGE, NULL, 0},
	    {"5,", PA_EUSAGE, NULL, 0},
	    {",5", PA_EUSAGE, NULL, 0},
	    {"-5", PA_EUSAGE, NULL, 0},
	    {"-", PA_EUSAGE, NULL, 0},
	    {"1-2-3", PA_EUSAGE, NULL, 0},
	    {" 5", PA_EUSAGE, NULL, 0},
	    {"0x5", PA_EUSAGE, NULL, 0},
	    {"18446744073709551616", PA_EUSAGE, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct pa_error err = {0};
		struct pa_frames f;

		assert_int_equal(pa_frames_read(cases[i].text, &f, &err), cases[i].status);
		if (cases[i].status != PA_OK) {
			assert_int_equal(err.code, cases[i].status);
			continue;
		}
		for (uint64_t n = 0; n <= 12; n++)
			if (pa_frames_has(&f, n) != (cases[i].in[n] == '#'))
				fail_msg("%s: frame %u", cases[i].text, (unsigned)n);
		assert_int_equal(pa_frames_highest(&f), cases[i].highest);
		pa_frames_done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reads)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
