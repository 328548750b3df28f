/* What a database will take, from samples. */
#include <math.h>

#include "pcapanalyzer/forecast.h"
#include "support.h"

#define HEAD "profile p\nkeys all\npackets 1000\nrows 1500\nbytes 5000000\nempty_bytes 1000000\n"
#define TAIL "trees 2\ntshark_us 100000\nload_us 50000\n"

static void test_read(void **state)
{
	static const struct {
		const char *text;
		enum pa_status last; /* behind the samples that are whole */
		unsigned n;
	} rows[] = {
	    {"", PA_END, 0},
	    {HEAD TAIL, PA_END, 1},
	    {HEAD TAIL HEAD TAIL, PA_END, 2},
	    {HEAD TAIL "\n", PA_EFORMAT, 1},
	    {HEAD, PA_EFORMAT, 0},
	    {TAIL, PA_EFORMAT, 0},
	    {HEAD "trees 2\ntshark_us 0\nload_us 50000\n", PA_EFORMAT, 0},
	    {HEAD "trees 2\ntshark_us 5\nload_us 0\n", PA_EFORMAT, 0},
	    {"profile p\nkeys all\npackets 0\nrows 0\nbytes 0\nempty_bytes 0\n" TAIL, PA_EFORMAT,
	     0},
	    {HEAD "trees 2\ntshark_us -5\nload_us 5\n", PA_EFORMAT, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_error err = {0};
		struct pa_lines l = {
		    .what = "sample", .rest = pa_slice_of(rows[i].text), .err = &err};
		struct pa_forecast_sample s;
		unsigned n = 0;
		enum pa_status st;

		while ((st = pa_forecast_read(&l, &s)) == PA_OK) {
			assert_string_equal(s.profile, "p");
			assert_string_equal(s.keys, "all");
			assert_int_equal(s.packets, 1000);
			assert_int_equal(s.load_us, 50000);
			pa_forecast_sample_done(&s);
			n++;
		}
		pa_forecast_sample_done(&s);
		if (st != rows[i].last || n != rows[i].n)
			fail_msg("row %zu: %d after %u", i, (int)st, n);
	}
}

static void test_rate(void **state)
{
	static const struct {
		const char *text;
		double rate; /* 0: refused */
	} rows[] = {
	    {"405", 405},
	    {"0.25", 0.25},
	    {".5", 0.5},
	    {"1000000000000", 1e12},
	    {"", 0},
	    {"0", 0},
	    {"0.0", 0},
	    {"-1", 0},
	    {"+1", 0},
	    {" 1", 0},
	    {"1 ", 0},
	    {"1e3", 0},
	    {"inf", 0},
	    {"nan", 0},
	    {"0x10", 0},
	    {"1.2.3", 0},
	    {"1000/s", 0},
	    {".", 0},
	    {"1000000000001", 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_error err = {0};
		double rate = 0;
		enum pa_status st = pa_forecast_rate("rate", rows[i].text, &rate, &err);

		if (st != (rows[i].rate > 0 ? PA_OK : PA_EUSAGE) || rate < rows[i].rate ||
		    rate > rows[i].rate)
			fail_msg("\"%s\": %d, %f", rows[i].text, (int)st, rate);
	}
}

static void is_near(double got, double want)
{
	if (!(fabs(got - want) <= 1e-9 * fabs(want)))
		fail_msg("%.12g, not %.12g", got, want);
}

/* 4,000,000 bytes of 1,000 packets, 0.1 s of tshark and 0.05 s of loading. */
static void test_forecast(void **state)
{
	struct pa_forecast_sample s = {.packets = 1000,
	                               .rows = 1500,
	                               .bytes = 5000000,
	                               .empty_bytes = 1000000,
	                               .trees = 2,
	                               .tshark_us = 100000,
	                               .load_us = 50000};
	struct pa_forecast f;

	(void)state;
	pa_forecast_of(&s, 100, 69120000000, &f);
	is_near(f.tshark_packets_per_s, 10000);
	is_near(f.cores, 0.01);
	is_near(f.rows_per_s, 30000);
	is_near(f.bytes_per_packet, 4000);
	is_near(f.bytes_per_day, 34560000000);
	is_near(f.days, 2);
	is_near(f.plus_minus_percent, 26.2144);
	pa_forecast_of(&s, 25000, 0, &f);
	is_near(f.cores, 2.5);
	is_near(f.days, 0);
	/* Steps that are larger than what was measured: nothing is known. */
	s.trees = 20;
	pa_forecast_of(&s, 100, 1, &f);
	is_near(f.plus_minus_percent, 100);
	/* A sample that fits in what an empty table has never fills anything. */
	s.bytes = s.empty_bytes - 1;
	pa_forecast_of(&s, 100, 1000, &f);
	is_near(f.bytes_per_packet, 0);
	is_near(f.days, -1);
	is_near(f.plus_minus_percent, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read),
	    cmocka_unit_test(test_rate),
	    cmocka_unit_test(test_forecast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
