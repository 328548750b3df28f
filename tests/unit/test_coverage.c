#include "pcapanalyzer/coverage.h"
#include "support.h"

#define NOT_KNOWN UINT64_MAX
#define EVENTS    8

enum { CAPTURED, DROPPED, LOST, STOPPED, CLOCK };

/* Asked is always 0 to 100,000 microseconds. */
struct example {
	const char *name;
	struct {
		unsigned kind;
		int64_t from, until;
		uint64_t packets;
		const char *detail;
	} events[EVENTS]; /* up to one without any time */
	const char *want;
};

static const struct example examples[] = {
    {"nothing at all", {{0}}, "0-100000 no data 0/0/0 (nobody has told of a capture)\n"},
    {"all of it", {{CAPTURED, 0, 100000, 7, ""}}, "0-100000 traffic 7/0/0 ()\n"},
    {"no packet is an answer", {{CAPTURED, 0, 100000, 0, ""}}, "0-100000 no traffic 0/0/0 ()\n"},
    {"nobody counted", {{CAPTURED, 0, 100000, NOT_KNOWN, ""}}, "0-100000 traffic 0/0/0 ()\n"},
    {"it is cut to what is asked for, and counts whole",
     {{CAPTURED, -5000, 300000, 7, ""}},
     "0-100000 traffic 7/0/0 ()\n"},
    {"outside",
     {{CAPTURED, -5000, 0, 7, ""}, {CAPTURED, 100000, 200000, 7, ""}},
     "0-100000 no data 0/0/0 (nobody has told of a capture)\n"},
    {"files that follow each other are one interval",
     {{CAPTURED, 0, 40000, 1, ""},
      {CAPTURED, 40000, 70000, 2, ""},
      {CAPTURED, 70999, 100000, 4, ""}},
     "0-100000 traffic 7/0/0 ()\n"},
    {"a gap of a millisecond is one",
     {{CAPTURED, 0, 40000, 1, ""}, {CAPTURED, 41000, 100000, 2, ""}},
     "0-40000 traffic 1/0/0 ()\n"
     "40000-41000 no data 0/0/0 (nobody has told of a capture)\n"
     "41000-100000 traffic 2/0/0 ()\n"},
    {"a tiny gap in front of another state",
     {{CAPTURED, 0, 40000, 1, ""}, {CAPTURED, 40500, 100000, 0, ""}},
     "0-40500 traffic 1/0/0 ()\n"
     "40500-100000 no traffic 0/0/0 ()\n"},
    {"one behind another",
     {{CAPTURED, 10000, 20000, 1, ""}, {CAPTURED, 30000, 40000, 0, ""}},
     "0-10000 no data 0/0/0 (nobody has told of a capture)\n"
     "10000-20000 traffic 1/0/0 ()\n"
     "20000-30000 no data 0/0/0 (nobody has told of a capture)\n"
     "30000-40000 no traffic 0/0/0 ()\n"
     "40000-100000 no data 0/0/0 (nobody has told of a capture)\n"},
    {"overlapping files count both",
     {{CAPTURED, 0, 60000, 1, ""}, {CAPTURED, 40000, 100000, 2, ""}},
     "0-100000 traffic 3/0/0 ()\n"},
    {"one inside of another",
     {{CAPTURED, 0, 100000, 0, ""}, {CAPTURED, 40000, 60000, 2, ""}},
     "0-40000 no traffic 0/0/0 ()\n"
     "40000-60000 traffic 2/0/0 ()\n"
     "60000-100000 no traffic 0/0/0 ()\n"},
    {"a reason",
     {{CAPTURED, 0, 20000, 1, ""},
      {STOPPED, 20000, 50000, NOT_KNOWN, "by an operator"},
      {CAPTURED, 60000, 100000, 1, ""}},
     "0-20000 traffic 1/0/0 ()\n"
     "20000-50000 no data 0/0/0 (stopped: by an operator)\n"
     "50000-60000 no data 0/0/0 (nobody has told of a capture)\n"
     "60000-100000 traffic 1/0/0 ()\n"},
    {"a reason without a word",
     {{STOPPED, 0, 100000, NOT_KNOWN, ""}},
     "0-100000 no data 0/0/0 (stopped)\n"},
    {"stopped while somebody else listens",
     {{CAPTURED, 0, 100000, 1, ""}, {STOPPED, 20000, 50000, NOT_KNOWN, "x"}},
     "0-100000 traffic 1/0/0 ()\n"},
    {"drops divide nothing",
     {{CAPTURED, 0, 100000, 5, ""}, {DROPPED, 30000, 60000, 2, ""}, {DROPPED, 60000, 60000, 1, ""}},
     "0-100000 traffic 5/3/0 ()\n"},
    {"some are lost",
     {{CAPTURED, 0, 100000, 5, ""}, {LOST, 30000, 60000, 2, "cut"}},
     "0-100000 traffic 5/0/2 (lost: cut)\n"},
    {"all are lost",
     {{CAPTURED, 0, 50000, 5, ""},
      {LOST, 0, 50000, 5, "disk full"},
      {CAPTURED, 50000, 100000, 1, ""}},
     "0-50000 no data 5/0/5 (lost: disk full)\n"
     "50000-100000 traffic 1/0/0 ()\n"},
    {"nobody knows how many are lost",
     {{CAPTURED, 0, 100000, 5, ""}, {LOST, 40000, 50000, NOT_KNOWN, "disk full"}},
     "0-40000 traffic 5/0/0 ()\n"
     "40000-50000 no data 0/0/0 (lost: disk full)\n"
     "50000-100000 traffic 0/0/0 ()\n"},
    {"lost, and nobody says that it was captured",
     {{LOST, 40000, 50000, 3, "disk full"}},
     "0-40000 no data 0/0/0 (nobody has told of a capture)\n"
     "40000-50000 no data 0/0/3 (lost: disk full)\n"
     "50000-100000 no data 0/0/0 (nobody has told of a capture)\n"},
    {"a clock is told of",
     {{CAPTURED, 0, 100000, 1, ""},
      {CLOCK, 30000, 30000, NOT_KNOWN, "2 s forward"},
      {CLOCK, 40000, 40000, NOT_KNOWN, "2 s forward"},
      {CLOCK, 50000, 50000, NOT_KNOWN, "1 s back"}},
     "0-100000 traffic 1/0/0 (clock: 2 s forward; clock: 1 s back)\n"},
    {"a clock where there is no data",
     {{CLOCK, 0, 0, NOT_KNOWN, "x"}},
     "0-100000 no data 0/0/0 (nobody has told of a capture; clock: x)\n"},
    {"a moment",
     {{CAPTURED, 50000, 50000, 3, ""}},
     "0-100000 no data 3/0/0 (nobody has told of a capture)\n"},
};

static enum pa_status take(void *ctx, const struct pa_coverage_interval *i, struct pa_error *err)
{
	(void)err;
	return pa_buf_printf(ctx, "%lld-%lld %s %llu/%llu/%llu (%s)\n", (long long)i->from_us,
	                     (long long)i->until_us, pa_coverage_state_name(i->state),
	                     (unsigned long long)i->packets, (unsigned long long)i->dropped,
	                     (unsigned long long)i->lost, i->why);
}

static void add(struct pa_coverage *c, unsigned kind, int64_t from, int64_t until, uint64_t packets,
                const char *detail)
{
	static const enum pa_event_kind kinds[] = {PA_EVENT_CAPTURED, PA_EVENT_DROPPED,
	                                           PA_EVENT_LOST, PA_EVENT_STOPPED, PA_EVENT_CLOCK};
	const struct pa_coverage_event e = {kinds[kind],
	                                    from,
	                                    until,
	                                    packets != NOT_KNOWN,
	                                    packets != NOT_KNOWN ? packets : 0,
	                                    pa_slice_of(detail)};

	assert_ok(pa_coverage_add(c, &e, NULL));
}

static void test_examples(void **state)
{
	struct pa_coverage *c = NULL;
	struct pa_buf got;

	(void)state;
	pa_buf_init(&got, 100000);
	/* One after the other with the same memory: an interface leaves nothing to the next. */
	assert_ok(pa_coverage_new(0, 100000, take, &got, &c, NULL));
	for (size_t i = 0; i < N_OF(examples); i++) {
		const struct example *x = &examples[i];

		pa_buf_reset(&got);
		for (unsigned j = 0; j < EVENTS && x->events[j].detail; j++)
			add(c, x->events[j].kind, x->events[j].from, x->events[j].until,
			    x->events[j].packets, x->events[j].detail);
		assert_ok(pa_coverage_finish(c, NULL));
		if (!same(of_buf(&got), pa_slice_of(x->want)))
			fail_msg("%s:\n%.*s", x->name, (int)got.len, (const char *)got.ptr);
	}
	pa_coverage_free(c);
	pa_coverage_free(NULL);
	pa_buf_done(&got);
}

struct sums {
	int64_t at;
	uint64_t packets, dropped, lost, n;
	enum pa_coverage_state state;
};

static enum pa_status sum(void *ctx, const struct pa_coverage_interval *i, struct pa_error *err)
{
	struct sums *s = ctx;

	(void)err;
	assert_true(i->from_us == s->at && i->until_us > i->from_us);
	assert_true(i->state == PA_COVERAGE_NO_DATA || s->n == 0 || i->state != s->state);
	s->at = i->until_us;
	s->packets += i->packets;
	s->dropped += i->dropped;
	s->lost += i->lost;
	s->state = i->state;
	s->n++;
	return PA_OK;
}

/* Whatever comes: no gap, no neighbours that say the same, and the sums agree. */
static void test_random_events(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct sums want = {0};
		struct sums got = {0};
		struct pa_coverage *c = NULL;
		int64_t from = 0;

		assert_ok(pa_coverage_new(0, 100000, sum, &got, &c, NULL));
		for (int i = 0; i < 200 && from < 98000; i++) {
			unsigned kind = next_random(&seed) % 5;
			uint64_t packets = next_random(&seed) % 4;
			int64_t until;

			from += next_random(&seed) % 2000;
			until = from + next_random(&seed) % 5000;
			want.packets += kind == CAPTURED ? packets : 0;
			want.dropped += kind == DROPPED ? packets : 0;
			want.lost += kind == LOST ? packets : 0;
			add(c, kind, from, until, packets, i % 2 ? "a" : "b");
		}
		assert_ok(pa_coverage_finish(c, NULL));
		assert_true(got.at == 100000);
		assert_true(got.packets == want.packets && got.dropped == want.dropped &&
		            got.lost == want.lost);
		pa_coverage_free(c);
	}
}

static enum pa_status refuse(void *ctx, const struct pa_coverage_interval *i, struct pa_error *err)
{
	(void)ctx;
	(void)i;
	return pa_fail(err, PA_EPIPE, 0, "enough");
}

static void test_the_reader_can_end_it(void **state)
{
	struct pa_coverage *c = NULL;

	(void)state;
	assert_ok(pa_coverage_new(0, 100000, refuse, NULL, &c, NULL));
	assert_int_equal(pa_coverage_finish(c, NULL), PA_EPIPE);
	pa_coverage_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_examples),
	    cmocka_unit_test(test_random_events),
	    cmocka_unit_test(test_the_reader_can_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
