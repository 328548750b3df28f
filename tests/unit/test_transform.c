#include <arpa/inet.h>

#include "pcapanalyzer/community_id.h"
#include "pcapanalyzer/transform.h"
#include "support.h"

#define CAPTURE 7
#define AND     "\xff" /* between two values of a cell */
#define EPOCH   "1489363823.466752001"
/* What stands before the frame number in the rows of PA_CSV_TSV. */
#define STANDARD "2017-03-13 00:10:23.466752\t1\t7\t"

/* A row of tshark 4.4: frame N with these protocols and the profile's own cells. */
#define ROW(n, protocols, cells) #n "\t" EPOCH "\t" protocols "\t" cells "\tTrue\n"

/* All that a run leaves behind. */
static struct {
	struct pa_profile *p;
	struct pa_output outputs[PA_PROFILE_TABLES_MAX];
	struct pa_buf log; /* a line per row: "frame", "header", "reject CELL COLUMN REASON" */
	struct pa_outcome_info last;
	enum pa_dialect dialect;
	enum pa_status status;
	struct pa_error err;
} run;

static const struct pa_transform_config defaults = {
    .style = PA_CSV_TSV, .capture_id = CAPTURE, .separator = '\t', .aggregator = 0xff};

static const struct pa_transform_config batch = {
    .style = PA_CSV_BATCH, .separator = '\t', .aggregator = 0xff};

static void forget(void)
{
	for (unsigned i = 0; i < PA_PROFILE_TABLES_MAX; i++) {
		pa_buf_done(&run.outputs[i].bytes);
		pa_buf_done(&run.outputs[i].runs);
	}
	pa_buf_done(&run.log);
	pa_profile_free(run.p);
	memset(&run, 0, sizeof(run));
}

static void begin(const char *profile)
{
	struct pa_error err = {0};

	forget();
	if (pa_profile_read("test", pa_slice_of(profile), NULL, &run.p, &err) != PA_OK)
		fail_msg("line %llu: %s", (unsigned long long)err.row, err.msg);
	pa_buf_init(&run.log, SIZE_MAX);
	for (unsigned i = 0; i < PA_PROFILE_TABLES_MAX; i++) {
		pa_buf_init(&run.outputs[i].bytes, 1 << 20);
		pa_buf_init(&run.outputs[i].runs, 1 << 20);
	}
}

static void note_outcome(const struct pa_outcome_info *info)
{
	switch (info->outcome) {
	case PA_ROW_CONVERTED:
		assert_ok(pa_buf_printf(&run.log, "%llu", (unsigned long long)info->frame));
		if (info->cut)
			assert_ok(pa_buf_printf(&run.log, " cut %u", info->cut));
		break;
	case PA_ROW_HEADER:
		assert_ok(pa_buf_puts(&run.log, "header"));
		break;
	case PA_ROW_REJECTED:
		assert_ok(pa_buf_printf(&run.log, "reject %u %s %s", info->cell,
		                        info->column ? info->column : "-", info->reason));
		break;
	}
	assert_ok(pa_buf_putc(&run.log, '\n'));
}

/* Convert the whole input with what begin() set up. */
static void convert(const struct pa_transform_config *c, struct pa_slice input)
{
	struct pa_slice copy = copy_of(input);
	struct pa_slice rest = copy;
	const struct pa_rows_config rc = {.read = read_slice,
	                                  .ctx = &rest,
	                                  .separator = c->separator,
	                                  .quote = c->quote,
	                                  .max_bytes = 1 << 20,
	                                  .max_cells = PA_PROFILE_FIELDS_MAX};
	struct pa_transform *t;
	struct pa_rows *rows;
	struct pa_row row;

	assert_ok(pa_transform_new(run.p, c, &t, NULL));
	assert_ok(pa_rows_new(&rc, &rows, NULL));
	run.err = (struct pa_error){0};
	while ((run.status = pa_rows_next(rows, &row, &run.err)) == PA_OK) {
		run.status = pa_transform_row(t, rows, &row, run.outputs, &run.last, &run.err);
		if (run.status != PA_OK)
			break;
		note_outcome(&run.last);
	}
	run.dialect = pa_transform_dialect(t);
	pa_rows_free(rows);
	pa_transform_free(t);
	free_copy(copy);
	for (unsigned i = 0; i < run.p->n_tables; i++) {
		const struct pa_output *o = &run.outputs[i];
		size_t lines = 0;

		for (size_t k = 0; k < o->bytes.len; k++)
			lines += o->bytes.ptr[k] == '\n';
		assert_int_equal(lines, o->rows);
		assert_int_equal(o->runs.len % sizeof(struct pa_run), 0);
	}
}

static void assert_log(const char *want)
{
	assert_text(of_buf(&run.log), want);
}

static void assert_table(const char *name, const char *want)
{
	const struct pa_table *t = pa_profile_table(run.p, name);

	assert_non_null(t);
	assert_text(of_buf(&run.outputs[t - run.p->tables].bytes), want);
}

/* The same, without the standard columns before the frame number. */
static void assert_rows(const char *name, const char *want)
{
	struct pa_buf b;

	pa_buf_init(&b, SIZE_MAX);
	for (const char *p = want; *p; p = strchr(p, '\n') + 1)
		assert_ok(pa_buf_printf(&b, "%s%.*s\n", STANDARD, (int)strcspn(p, "\n"), p));
	assert_ok(pa_buf_putc(&b, 0));
	assert_table(name, (const char *)b.ptr);
	pa_buf_done(&b);
}

static int clean_up(void **state)
{
	(void)state;
	forget();
	return 0;
}

static void test_types(void **state)
{
	static const char profile[] = "[t]\n"
	                              "a time x.a\nb nanos x.a\nc uint8 x.c\nd int8 x.d\n"
	                              "e uint64 x.e\nf int64 x.f\ng double x.g\nh bool x.h\n"
	                              "i ip x.i\nj mac x.j\nk bytes x.k\nl text x.l\n"
	                              "m duration x.m\nn text(4) @kind\no bool @quoted\n"
	                              "p uint32 @capture\nq uint32 @index\n";

	(void)state;
	begin(profile);
	convert(&defaults,
	        SLICE(ROW(1, "eth:ethertype:ip",
	                  "2.000000999\t255\t-128\t18446744073709551615\t-9223372036854775808\t"
	                  "1.5e3\tTrue\t::1\tc4:2c:03:06:49:fe\t00ff\ta\\tb\\\\\t-0.000000001")
	                  ROW(2, "eth", "\t\t\t\t\t\t\t\t\t\t\t")
	                      ROW(3, "eth",
	                          "0\t0x0f\t7\t0x10\t0\t0\tFalse\t1.2.3.4\t"
	                          "00:00:00:00:00:00\t0a:0b\t\xff\t1")));
	assert_int_equal(run.status, PA_END);
	/* The aggregator alone is two values with nothing in them: the first is not there. */
	assert_log("1\n2\n3\n");
	assert_rows(
	    "t", "1\t1970-01-01 "
	         "00:00:02.000000\t999\t255\t-128\t18446744073709551615\t-9223372036854775808\t1."
	         "5e3\t1\t::1\tc4:2c:03:06:49:fe\t00ff\ta\\tb\\\\\t-0.000000001\tip\t0\t7\t0\t0\n"
	         "2\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t7\t"
	         "0\t0\n"
	         "3\t1970-01-01 "
	         "00:00:00.000000\t0\t15\t7\t16\t0\t0\t0\t1.2.3.4\t00:00:00:00:00:"
	         "00\t0a0b\t\\N\t1\t\\N\t\\N\t7\t0\t0\n");
}

static void test_first_source_that_is_present(void **state)
{
	(void)state;
	begin("[t]\na text x.a | x.b | x.c\n");
	convert(&defaults, SLICE(ROW(1, "", "1\t2\t3") ROW(2, "", "\t2\t3") ROW(3, "", "\t\t3")
	                             ROW(4, "", "\t\t") ROW(5, "", AND "1\t2\t3")
	                                 ROW(6, "", "1" AND "9\t2\t3")));
	assert_rows("t", "1\t1\n"
	                 "2\t2\n"
	                 "3\t3\n"
	                 "4\t\\N\n"
	                 "5\t2\n"
	                 "6\t1\n");
}

/* Rejects: the tables before the bad one were written already, and must not show it. */
static void test_rejects(void **state)
{
#define GOOD ROW(9, "eth", "5\t6")
	static const struct {
		struct pa_slice row;
		const char *log; /* how its line begins */
	} rows[] = {
	    {LIT(ROW(1, "eth", "256\t1")), "reject 4 a a: \"256\" is not a valid uint8\n"},
	    {LIT(ROW(1, "eth", "1\t256")), "reject 5 a a: \"256\" is not a valid uint8\n"},
	    {LIT(ROW(1, "eth", "1\t-1")), "reject 5 a a: \"-1\" is not a valid uint8\n"},
	    {LIT(ROW(1, "eth", "1\ta\x01\xc3\xa4")), "reject 5 a a: \"a???\" is not a valid"},
	    {LIT(ROW(1, "eth",
	             "1\t"
	             "1234567890123456789012345678901234567890123456789012345678901234567890")),
	     "reject 5 a a: \"123456789012345678901234567890123456789012345678901234567890\" (cut "
	     "here) is not a valid uint8\n"},
	    {LIT(ROW(1, "eth", "1")), "reject 0 - 5 columns instead of the 6 of profile test\n"},
	    {LIT(ROW(1, "eth", "1\t2\t3")), "reject 0 - 7 columns instead of the 6"},
	    {LIT("\n"), "reject 0 - 1 columns instead of the 6"},
	    {LIT("x\n"), "reject 0 - 1 columns"},
	    {LIT(ROW(0, "eth", "1\t2")), "reject 1 - the first guard"},
	    {LIT(ROW(x, "eth", "1\t2")), "reject 1 - the first guard"},
	    {LIT(ROW(-1, "eth", "1\t2")), "reject 1 - the first guard"},
	    {LIT(ROW(4294967296, "eth", "1\t2")), "reject 1 - the first guard"},
	    {LIT("1" AND "1\t" EPOCH "\teth\t1\t2\tTrue\n"), "reject 1 - the first guard"},
	    {LIT("\t" EPOCH "\teth\t1\t2\tTrue\n"), "reject 1 - the first guard"},
	    {LIT("1\t" EPOCH "\teth\t1\t2\tyes\n"), "reject 6 - the last guard"},
	    {LIT("1\t" EPOCH "\teth\t1\t2\t\n"), "reject 6 - the last guard"},
	    {LIT("1\t" EPOCH "\teth\t1\t2\tTrue" AND "True\n"), "reject 6 - the last guard"},
	    {LIT("1\t" EPOCH "\teth\t1\t2\tTrue\r\n"), "reject 6 - the last guard"},
	    {LIT("1\t" EPOCH "\teth\t1\t2\t1\n"), "reject 6 - the row is in tshark's dialect 4.0"},
	    {LIT("1\t\teth\t1\t2\tTrue\n"), "reject 2 ts ts: \"\" is not a valid time\n"},
	    {LIT("1\t-1.5\teth\t1\t2\tTrue\n"), "reject 2 ts ts: \"-1.5\" is not a valid time\n"},
	    {LIT("1\t391.-1748873032\teth\t1\t2\tTrue\n"), "reject 2 ts"},
	    {LIT("1\t253402300800\teth\t1\t2\tTrue\n"), "reject 2 ts"},
	    {LIT(ROW(1, "eth", "1\t2") "2\t" EPOCH "\teth\t3\t4\tTrue"),
	     "1\nreject 0 - the line has no end"},
	};

	static const char profile[] =
	    "[t]\na uint8 x.a\n[u] each x.b\na uint8 x.b\n[v]\na uint8 x.a\n";
	struct pa_transform_config alone = defaults;

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_buf input;
		int last = rows[i].row.ptr[rows[i].row.len - 1] != '\n';

		begin(profile);
		pa_buf_init(&input, 10000);
		assert_ok(pa_buf_puts(&input, GOOD));
		assert_ok(pa_buf_put(&input, rows[i].row.ptr, rows[i].row.len));
		if (!last)
			assert_ok(pa_buf_puts(&input, GOOD));
		convert(&defaults, of_buf(&input));
		assert_int_equal(run.status, PA_END);
		assert_ok(pa_buf_putc(&run.log, 0));
		if (memcmp(run.log.ptr, "9\n", 2) != 0 ||
		    strncmp((char *)run.log.ptr + 2, rows[i].log, strlen(rows[i].log)) != 0)
			fail_msg("row %zu: %s", i, (char *)run.log.ptr);
		if (!last) {
			assert_rows("t", "9\t5\n"
			                 "9\t5\n");
			assert_rows("u", "9\t0\t6\n"
			                 "9\t0\t6\n");
			assert_rows("v", "9\t5\n"
			                 "9\t5\n");
			begin(profile);
			convert(&batch, of_buf(&input));
			for (unsigned k = 0; k < 3; k++)
				assert_int_equal(run.outputs[k].runs.len,
				                 2 * sizeof(struct pa_run));
			/* One table alone, whose row fails when some of it is written. */
			begin("[t]\na uint8 x.a\nb uint8 x.b\n");
			alone.only = &run.p->tables[0];
			convert(&alone, of_buf(&input));
			assert_rows("t", "9\t5\t6\n"
			                 "9\t5\t6\n");
		}
		pa_buf_done(&input);
	}
}

static void test_too_many_layers(void **state)
{
	struct pa_buf input;

	(void)state;
	begin("[t]\na uint8 x.a\n");
	pa_buf_init(&input, 10000);
	assert_ok(pa_buf_puts(&input, "1\t" EPOCH "\teth"));
	for (unsigned i = 0; i < 256; i++)
		assert_ok(pa_buf_puts(&input, ":ip"));
	assert_ok(pa_buf_puts(&input, "\t1\tTrue\n2\t" EPOCH "\teth"));
	for (unsigned i = 0; i < 257; i++)
		assert_ok(pa_buf_puts(&input, ":ip"));
	assert_ok(pa_buf_puts(&input, "\t1\tTrue\n"));
	convert(&defaults, of_buf(&input));
	assert_log("1\nreject 3 - more than 256 address layers\n");
	pa_buf_done(&input);
}

static void test_dialects(void **state)
{
#define V4_0(n, cell) #n "\t" EPOCH "\teth\t" cell "\t0\n"
#define V4_4(n, cell) #n "\t" EPOCH "\teth\t" cell "\tFalse\n"
	static const struct {
		enum pa_dialect configured, told;
		struct pa_slice input;
		const char *log, *table;
	} rows[] = {
	    /* the first row tells, and the escapes are undone or not */
	    {PA_DIALECT_AUTO, PA_DIALECT_4_4, LIT(V4_4(1, "a\\n")), "1\n", "1\ta\\n\n"},
	    {PA_DIALECT_AUTO, PA_DIALECT_4_0, LIT(V4_0(1, "a\\n")), "1\n", "1\ta\\\\n\n"},
	    {PA_DIALECT_AUTO, PA_DIALECT_4_0, LIT(V4_0(1, "a\\") V4_0(2, "a\\z")), "1\n2\n",
	     "1\ta\\\\\n"
	     "2\ta\\\\z\n"},
	    {PA_DIALECT_4_4, PA_DIALECT_4_4, LIT(V4_4(1, "a\\n")), "1\n", "1\ta\\n\n"},
	    {PA_DIALECT_4_0, PA_DIALECT_4_0, LIT(V4_0(1, "a\\n")), "1\n", "1\ta\\\\n\n"},
	    /* a row in the other one is kept aside */
	    {PA_DIALECT_AUTO, PA_DIALECT_4_4, LIT(V4_4(1, "") V4_0(2, "")),
	     "1\nreject 5 - the row is in tshark's dialect 4.0, not 4.4; see --dialect\n",
	     "1\t\\N\n"},
	    {PA_DIALECT_AUTO, PA_DIALECT_4_0, LIT(V4_0(1, "") V4_4(2, "")),
	     "1\nreject 5 - the row is in tshark's dialect 4.4, not 4.0; see --dialect\n",
	     "1\t\\N\n"},
	    {PA_DIALECT_4_0, PA_DIALECT_4_0, LIT(V4_4(1, "")),
	     "reject 5 - the row is in tshark's dialect 4.4, not 4.0; see --dialect\n", ""},
	    {PA_DIALECT_4_4, PA_DIALECT_4_4, LIT(V4_0(1, "")),
	     "reject 5 - the row is in tshark's dialect 4.0, not 4.4; see --dialect\n", ""},
	    /* a row without its guards decides nothing */
	    {PA_DIALECT_AUTO, PA_DIALECT_4_4, LIT("broken\n" V4_4(1, "a\\n")),
	     "reject 0 - 1 columns instead of the 5 of profile test\n1\n", "1\ta\\n\n"},
	    {PA_DIALECT_AUTO, PA_DIALECT_4_0, LIT("x\tTrue\n" V4_0(1, "")),
	     "reject 0 - 2 columns instead of the 5 of profile test\n1\n", "1\t\\N\n"},
	    {PA_DIALECT_AUTO, PA_DIALECT_AUTO, LIT("broken\n"),
	     "reject 0 - 1 columns instead of the 5 of profile test\n", ""},
	    {PA_DIALECT_AUTO, PA_DIALECT_AUTO, LIT(""), "", ""},
	    /* one with a bad value has them, and does */
	    {PA_DIALECT_AUTO, PA_DIALECT_4_4, LIT(V4_4(1, "a\\z") V4_0(2, "")),
	     "reject 4 a a: \"a\\z\" is not a valid text\n"
	     "reject 5 - the row is in tshark's dialect 4.0, not 4.4; see --dialect\n",
	     ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_transform_config c = defaults;

		c.dialect = rows[i].configured;
		begin("[t]\na text x.a\n");
		convert(&c, rows[i].input);
		assert_int_equal(run.status, PA_END);
		assert_log(rows[i].log);
		assert_rows("t", rows[i].table);
		assert_int_equal(run.dialect, rows[i].told);
	}
}

static void test_headers(void **state)
{
#define PLAIN "frame.number\tframe.time_epoch\tframe.protocols\tx.a\tip.src\tframe.marked\n"
	static const struct {
		struct pa_slice input;
		const char *log, *table;
	} rows[] = {
	    {LIT(PLAIN), "header\n", ""},
	    {LIT(PLAIN ROW(1, "ip", "a\t1.2.3.4")), "header\n1\n", "1\ta\t1.2.3.4\n"},
	    {LIT("\xef\xbb\xbf" PLAIN ROW(1, "ip", "a\t1.2.3.4")), "header\n1\n",
	     "1\ta\t1.2.3.4\n"},
	    /* another order */
	    {LIT("frame.number\tip.src\tx.a\tframe.protocols\tframe.time_epoch\tframe.marked\n"
	         "1\t1.2.3.4\ta\tip\t" EPOCH "\tTrue\n"),
	     "header\n1\n", "1\ta\t1.2.3.4\n"},
	    /* and more than the profile wants */
	    {LIT("y.z\tframe.marked\tip.src\tframe.number\ty.y\tx.a\tframe.protocols\t"
	         "frame.time_epoch\ty.x\n"
	         "q\tTrue\t1.2.3.4\t1\tr\ta\\n\tip\t" EPOCH "\ts\n"
	         "q\tFalse\t1.2.3.4\t2\tr\tb\tip\t" EPOCH "\tTrue\n"
	         "q\t1\t1.2.3.4\t3\tr\tb\tip\t" EPOCH "\ts\n"
	         "q\tTrue\t1.2.3.4\t4\tr\tb\tip\t" EPOCH "\n"
	         "q\tTrue\t1.2.3\t5\tr\tb\tip\t" EPOCH "\ts\n"),
	     "reject 0 - 9 columns instead of the 6 of profile test\n"
	     "reject 0 - 9 columns instead of the 6 of profile test\n"
	     "reject 0 - 9 columns instead of the 6 of profile test\n"
	     "reject 0 - 9 columns instead of the 6 of profile test\n"
	     "reject 0 - 8 columns instead of the 6 of profile test\n"
	     "reject 0 - 9 columns instead of the 6 of profile test\n",
	     ""}, /* the first name is none of ours: no header */
	    {LIT("x.a\tframe.marked\tip.src\tframe.number\ty.y\ty.z\tframe.protocols\t"
	         "frame.time_epoch\ty.x\n"
	         "a\\n\tTrue\t1.2.3.4\t1\tr\tq\tip\t" EPOCH "\ts\n"
	         "b\tFalse\t1.2.3.4\t2\tr\tq\tip\t" EPOCH "\tTrue\n"
	         "b\t1\t1.2.3.4\t3\tr\tq\tip\t" EPOCH "\ts\n"
	         "b\tTrue\t1.2.3.4\t4\tr\tq\tip\t" EPOCH "\n"
	         "b\tTrue\t1.2.3\t5\tr\tq\tip\t" EPOCH "\ts\n"),
	     "header\n1\n2\n"
	     "reject 2 - the row is in tshark's dialect 4.0, not 4.4; see --dialect\n"
	     "reject 0 - 8 columns instead of the 9 of profile test\n"
	     "reject 3 src src: \"1.2.3\" is not a valid ip\n",
	     "1\ta\\n\t1.2.3.4\n"
	     "2\tb\t1.2.3.4\n"},
	    {LIT("frame.marked\tframe.number\tframe.time_epoch\tframe.protocols\tx.a\tip.src\n"
	         "0\t1\t" EPOCH "\tip\ta\\n\t1.2.3.4\n"),
	     "header\n1\n", "1\ta\\\\n\t1.2.3.4\n"},
	    /* only the first line is one */
	    {LIT(PLAIN PLAIN), "header\nreject 1 - the first guard is no frame number\n", ""},
	    {LIT(ROW(1, "ip", "a\t1.2.3.4") PLAIN),
	     "1\nreject 1 - the first guard is no frame number\n", "1\ta\t1.2.3.4\n"},
	    /* no header, although it begins like one */
	    {LIT("frame.numberx\t2\t3\t4\t5\t6\n"),
	     "reject 1 - the first guard is no frame number\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		begin("[t]\na text x.a\nsrc ip ip.src\n");
		convert(&defaults, rows[i].input);
		assert_int_equal(run.status, PA_END);
		assert_log(rows[i].log);
		assert_rows("t", rows[i].table);
	}
}

static void test_bad_headers(void **state)
{
	static const struct {
		struct pa_slice input;
		const char *said;
	} rows[] = {
	    {LIT("frame.number\tframe.time_epoch\tframe.protocols\tframe.marked\n"), "no x.a"},
	    {LIT("frame.number\tframe.time_epoch\tframe.protocols\tx.a\n"), "no frame.marked"},
	    {LIT("frame.number\n"), "no frame.time_epoch"},
	    {LIT("frame.number\tframe.time_epoch\tframe.protocols\tx.a\tx.a\tframe.marked\n"),
	     "x.a twice"},
	    {LIT("frame.number\tframe.time_epoch\tframe.protocols\tX.A\tframe.marked\n"), "no x.a"},
	};
	struct pa_buf input;

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		begin("[t]\na text x.a\n");
		convert(&defaults, rows[i].input);
		assert_int_equal(run.status, PA_EPROFILE);
		if (!strstr(run.err.msg, rows[i].said))
			fail_msg("row %zu: %s", i, run.err.msg);
	}
	/* 1024 names are fine, one more is not. */
	pa_buf_init(&input, 100000);
	for (unsigned more = 0; more < 2; more++) {
		pa_buf_reset(&input);
		assert_ok(pa_buf_puts(
		    &input, "frame.number\tframe.time_epoch\tframe.protocols\tx.a\tframe.marked"));
		for (unsigned i = 5; i < PA_PROFILE_FIELDS_MAX + more; i++)
			assert_ok(pa_buf_printf(&input, "\ty.f%u", i));
		assert_ok(pa_buf_putc(&input, '\n'));
		begin("[t]\na text x.a\n");
		convert(&defaults, of_buf(&input));
		assert_int_equal(run.status, more ? PA_EPROFILE : PA_END);
	}
	pa_buf_done(&input);
}

/* From 4.4 on tshark's header has the names of columns in small letters. */
static void test_column_names_in_headers(void **state)
{
	static const char *const names[] = {"_ws.col.Protocol", "_ws.col.protocol"};

	(void)state;
	for (size_t i = 0; i < N_OF(names); i++) {
		struct pa_buf input;

		pa_buf_init(&input, 1000);
		assert_ok(pa_buf_printf(&input,
		                        "%s\tframe.marked\tframe.number\tframe.time_epoch\t"
		                        "frame.protocols\nTCP\tTrue\t1\t" EPOCH "\teth\n",
		                        names[i]));
		begin("[t]\na text _ws.col.Protocol\n");
		convert(&defaults, of_buf(&input));
		assert_log("header\n1\n");
		assert_rows("t", "1\tTCP\n");
		pa_buf_done(&input);
	}
}

#define FLOW                                                                                       \
	"[t]\nsrc ip ip.src|ipv6.src|arp.src.proto_ipv4\nport uint16 tcp.srcport|udp.srcport\n"    \
	"eth mac eth.src\n"                                                                        \
	"[l] each @layer\nkind text(4) @kind\nquoted bool @quoted\n"                               \
	"src ip ip.src|ipv6.src|arp.src.proto_ipv4\nport uint16 tcp.srcport|udp.srcport\n"         \
	"eth mac eth.src\n"
/* cells: ip.src ipv6.src arp.src.proto_ipv4 tcp.srcport udp.srcport eth.src */
#define MAC_1 "00:00:00:00:00:01"
#define MAC_2 "00:00:00:00:00:02"

static void test_layers(void **state)
{
	static const struct {
		struct pa_slice input;
		const char *packet, *layers;
	} rows[] = {
	    {LIT(ROW(1, "eth:ethertype:ip:tcp", "1.1.1.1\t\t\t80\t\t" MAC_1)),
	     "1\t1.1.1.1\t80\t" MAC_1 "\n", ""},
	    {LIT(ROW(1, "eth:ethertype:arp", "\t\t1.1.1.1\t\t\t" MAC_1)),
	     "1\t1.1.1.1\t\\N\t" MAC_1 "\n", ""},
	    {LIT(ROW(1, "eth:stp", "\t\t\t\t\t" MAC_1)), "1\t\\N\t\\N\t" MAC_1 "\n", ""},
	    /* VXLAN: ports go with their addresses */
	    {LIT(ROW(1, "eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:tcp",
	             "1.1.1.1" AND "2.2.2.2\t\t\t80\t4789\t" MAC_1 "\xff" MAC_2)),
	     "1\t1.1.1.1\t4789\t" MAC_1 "\n",
	     "1\t0\tip\t0\t1.1.1.1\t4789\t" MAC_1 "\n"
	     "1\t1\tip\t0\t2.2.2.2\t80\t" MAC_1 "\n"},
	    {LIT(ROW(1, "eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:udp",
	             "1.1.1.1" AND "2.2.2.2\t\t\t\t4789" AND "53\t" MAC_1)),
	     "1\t1.1.1.1\t4789\t" MAC_1 "\n",
	     "1\t0\tip\t0\t1.1.1.1\t4789\t" MAC_1 "\n"
	     "1\t1\tip\t0\t2.2.2.2\t53\t" MAC_1 "\n"},
	    /* an ICMP error: the ports are the quoted packet's, not the outer one's */
	    {LIT(ROW(1, "eth:ethertype:ip:icmp:ip:udp", "1.1.1.1" AND "2.2.2.2\t\t\t\t53\t" MAC_1)),
	     "1\t1.1.1.1\t\\N\t" MAC_1 "\n",
	     "1\t0\tip\t0\t1.1.1.1\t\\N\t" MAC_1 "\n"
	     "1\t1\tip\t1\t2.2.2.2\t53\t" MAC_1 "\n"},
	    /* 6in4 */
	    {LIT(ROW(1, "eth:ethertype:ip:ipv6:tcp", "1.1.1.1\t::2\t\t80\t\t" MAC_1)),
	     "1\t1.1.1.1\t\\N\t" MAC_1 "\n",
	     "1\t0\tip\t0\t1.1.1.1\t\\N\t" MAC_1 "\n"
	     "1\t1\tipv6\t0\t::2\t80\t" MAC_1 "\n"},
	    /* a short capture: the second header has no value at all */
	    {LIT(ROW(1, "eth:ethertype:ip:udp:vxlan:eth:ethertype:ip",
	             "1.1.1.1\t\t\t\t4789\t" MAC_1)),
	     "1\t1.1.1.1\t4789\t" MAC_1 "\n",
	     "1\t0\tip\t0\t1.1.1.1\t4789\t" MAC_1 "\n"
	     "1\t1\tip\t0\t\\N\t\\N\t" MAC_1 "\n"},
	    /* a value without its header is nobody's */
	    {LIT(ROW(1, "eth:ethertype:ip", "1.1.1.1\t\t\t80\t\t" MAC_1)),
	     "1\t1.1.1.1\t\\N\t" MAC_1 "\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		begin(FLOW);
		convert(&defaults, rows[i].input);
		assert_log("1\n");
		assert_rows("t", rows[i].packet);
		assert_rows("l", rows[i].layers);
	}
}

/* -E occurrence=f and l print one value, of the first or the last header of a kind. */
static void test_occurrences(void **state)
{
	static const struct {
		enum pa_occurrence occurrence;
		struct pa_slice input;
		const char *packet, *layers;
	} rows[] = {
	    {PA_OCCURRENCE_FIRST,
	     LIT(ROW(1, "ip:udp:vxlan:eth:ethertype:ip:tcp", "1.1.1.1\t\t\t80\t4789\t" MAC_1)),
	     "1\t1.1.1.1\t4789\t" MAC_1 "\n",
	     "1\t0\tip\t0\t1.1.1.1\t4789\t" MAC_1 "\n"
	     "1\t1\tip\t0\t\\N\t80\t" MAC_1 "\n"},
	    {PA_OCCURRENCE_LAST,
	     LIT(ROW(1, "ip:udp:vxlan:eth:ethertype:ip:tcp", "2.2.2.2\t\t\t80\t4789\t" MAC_2)),
	     "1\t\\N\t4789\t" MAC_2 "\n",
	     "1\t0\tip\t0\t\\N\t4789\t" MAC_2 "\n"
	     "1\t1\tip\t0\t2.2.2.2\t80\t" MAC_2 "\n"},
	    {PA_OCCURRENCE_LAST, LIT(ROW(1, "ip:tcp", "1.1.1.1\t\t\t80\t\t")),
	     "1\t1.1.1.1\t80\t\\N\n", ""},
	    {PA_OCCURRENCE_FIRST, LIT(ROW(1, "ip:tcp", "1.1.1.1\t\t\t80\t\t")),
	     "1\t1.1.1.1\t80\t\\N\n", ""},
	    {PA_OCCURRENCE_FIRST, LIT(ROW(1, "ip:icmp:ip:udp", "1.1.1.1\t\t\t\t53\t")),
	     "1\t1.1.1.1\t\\N\t\\N\n",
	     "1\t0\tip\t0\t1.1.1.1\t\\N\t\\N\n"
	     "1\t1\tip\t1\t\\N\t53\t\\N\n"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_transform_config c = defaults;

		c.occurrence = rows[i].occurrence;
		begin(FLOW);
		convert(&c, rows[i].input);
		assert_log("1\n");
		assert_rows("t", rows[i].packet);
		assert_rows("l", rows[i].layers);
	}
}

static void test_when(void **state)
{
	(void)state;
	begin("[t] when x.a | x.b\na text x.a\nb text x.c\n");
	convert(&defaults, SLICE(ROW(1, "", "\t\t") ROW(2, "", "\t\tc") ROW(3, "", "a\t\tc")
	                             ROW(4, "", "\tb\t") ROW(5, "", "a" AND "a2\tb\t")));
	assert_log("1\n2\n3\n4\n5\n");
	assert_rows("t", "3\ta\tc\n"
	                 "4\t\\N\t\\N\n"
	                 "5\ta\t\\N\n");
}

static void test_each(void **state)
{
	/* cells: x.a x.b x.n ip.src ip.ttl */
	static const char input[] = ROW(1, "", "\t\t\t\t") ROW(2, "ip", "a\t\tq\t1.1.1.1\t64")
	    ROW(3, "ip:ip",
	        "a1" AND "a2\t7" AND "8" AND "9\tq" AND "r\t1.1.1.1" AND "2.2.2.2\t64" AND "65")
	        ROW(4, "", "\xff\t\t\t\t");

	(void)state;
	begin("[t] each x.a | x.b\nname text x.n\na text x.a\nb uint8 x.b\nany text x.b | x.a\n"
	      "[u] each ip.src\nsrc ip ip.src\nttl uint8 ip.ttl\n");
	convert(&defaults, SLICE(input));
	assert_log("1\n2\n3\n4\n");
	/* idx counts on over both fields; the other field of the condition is not this row's. */
	assert_rows("t", "2\t0\tq\ta\t\\N\ta\n"
	                 "3\t0\tq\ta1\t\\N\ta1\n"
	                 "3\t1\tq\ta2\t\\N\ta2\n"
	                 "3\t2\tq\t\\N\t7\t7\n"
	                 "3\t3\tq\t\\N\t8\t8\n"
	                 "3\t4\tq\t\\N\t9\t9\n"
	                 "4\t0\t\\N\t\\N\t\\N\t\\N\n"
	                 "4\t1\t\\N\t\\N\t\\N\t\\N\n");
	assert_rows("u", "2\t0\t1.1.1.1\t64\n"
	                 "3\t0\t1.1.1.1\t64\n"
	                 "3\t1\t2.2.2.2\t64\n");
}

static void test_json(void **state)
{
	(void)state;
	begin("[t]\na json x.a\n");
	convert(&defaults, SLICE(ROW(1, "", "") ROW(2, "", "a") ROW(3, "", "a" AND "b" AND "c")
	                             ROW(4, "", "\"\\\\/\xff\\n\\t\x01\x1f\x7f")
	                                 ROW(5, "", "x\xff" AND "y\xff")
	                                     ROW(6, "", "\xc3\xa4\xff\xe4\xff\xf0\x9f\x98\x80")
	                                         ROW(7, "", "a" AND "b\\z")));
	assert_log("1\n2\n3\n4\n5\n6\nreject 4 a a: \"a?b\\z\" is not a valid json\n");
	assert_rows("t", "1\t\\N\n"
	                 "2\t[\"a\"]\n"
	                 "3\t[\"a\",\"b\",\"c\"]\n"
	                 "4\t[\"\\\\\"\\\\\\\\/\",\"\\\\u000a\\\\u0009\\\\u0001\\\\u001f\x7f\"]\n"
	                 "5\t[\"x\",\"\",\"y\",\"\"]\n"
	                 "6\t[\"\xc3\xa4\",\"\xef\xbf\xbd\",\"\xf0\x9f\x98"
	                 "\x80\"]\n");
}

static void test_set(void **state)
{
	(void)state;
	begin("[t]\na set tcp.flags.syn | tcp.flags.ack | x.seen\n"
	      "[l] each @layer\na set tcp.flags.syn | tcp.flags.ack | x.seen\n");
	convert(&defaults,
	        SLICE(ROW(1, "", "\t\t") ROW(2, "ip:tcp", "True\t\t") ROW(3, "ip:tcp", "0\t1\tx")
	                  ROW(4, "ip:udp", "1\t1\tx") ROW(5, "ip:ip:tcp", "1\t\tx")));
	assert_log("1\n2\n3\n4\n5\n");
	assert_rows("t", "1\t\\N\n"
	                 "2\tsyn\n"
	                 "3\tsyn,ack,seen\n"
	                 "4\tseen\n"
	                 "5\tseen\n");
	assert_rows("l", "5\t0\tseen\n"
	                 "5\t1\tsyn,seen\n");
}

static void test_cut_values_are_counted(void **state)
{
	(void)state;
	begin("[t]\na text(3) x.a\nb bytes(2) x.b\nc text x.a\n[u]\na text(2) x.a\n");
	convert(&defaults,
	        SLICE(ROW(1, "", "abc\t0102") ROW(2, "", "abcd\t010203")
	                  ROW(3, "", "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\t") ROW(4, "", "\\t\\t\\t\t")
	                      ROW(5, "", "ab\t") ROW(6, "", "\xe4\xe4\xe4\t")));
	assert_log("1 cut 1\n2 cut 3\n3 cut 2\n4 cut 1\n5\n6 cut 1\n");
	assert_rows("u", "1\tab\t1\n"
	                 "2\tab\t1\n"
	                 "3\t\xc3\xa4\xc3\xa4\t1\n"
	                 "4\t\\t\\t\t1\n"
	                 "5\tab\t0\n"
	                 "6\t\xef\xbf\xbd\xef\xbf\xbd\t1\n");
}

/* Escapes to undo and broken UTF-8 in one value, of sizes around those of the buffers. */
static void test_long_text(void **state)
{
	struct pa_buf input;
	struct pa_buf want;

	(void)state;
	pa_buf_init(&input, 1 << 20);
	pa_buf_init(&want, 1 << 20);
	for (unsigned n = 1; n < 20000; n += n / 3 + 1) {
		pa_buf_reset(&input);
		pa_buf_reset(&want);
		assert_ok(pa_buf_puts(&input, "1\t" EPOCH "\teth\t"));
		assert_ok(pa_buf_puts(&want, "1\t"));
		for (unsigned i = 0; i < n; i++) {
			assert_ok(pa_buf_puts(&input, "a\xe4\\n"));
			assert_ok(pa_buf_puts(&want, "a\xef\xbf\xbd\\n"));
		}
		assert_ok(pa_buf_puts(&input, "\tTrue\n"));
		assert_ok(pa_buf_putc(&want, '\n'));
		assert_ok(pa_buf_putc(&want, 0));
		begin("[t]\na text x.a\n[u]\na json x.a\n");
		convert(&defaults, of_buf(&input));
		assert_log("1\n");
		assert_rows("t", (const char *)want.ptr);
	}
	pa_buf_done(&input);
	pa_buf_done(&want);
}

static const char *id_of(const char *src, const char *dst, uint8_t proto, int src_port,
                         int dst_port)
{
	static char id[PA_COMMUNITY_ID_TEXT];
	struct pa_community_flow f = {.proto = proto, .has_ports = src_port >= 0};
	int family = strchr(src, ':') ? AF_INET6 : AF_INET;

	f.n_address = family == AF_INET ? 4 : 16;
	assert_int_equal(inet_pton(family, src, f.src), 1);
	assert_int_equal(inet_pton(family, dst, f.dst), 1);
	if (f.has_ports) {
		f.src_port = (uint16_t)src_port;
		f.dst_port = (uint16_t)dst_port;
	}
	pa_community_id(&f, id);
	return id;
}

static void test_community_id(void **state)
{
	/* cells: ip.src dst proto, ipv6.src dst nxt, tcp, udp and sctp src and dst port,
	 * icmp type and code, icmpv6 type and code */
	static const struct {
		struct pa_slice row;
		const char *src; /* NULL: no id */
		const char *dst;
		int proto, src_port, dst_port;
	} rows[] = {
	    {LIT(ROW(1, "ip:tcp", "1.1.1.1\t2.2.2.2\t6\t\t\t\t80\t99\t\t\t\t\t\t\t\t")), "1.1.1.1",
	     "2.2.2.2", 6, 80, 99},
	    {LIT(ROW(1, "ip:udp", "1.1.1.1\t2.2.2.2\t17\t\t\t\t\t\t53\t99\t\t\t\t\t\t")), "1.1.1.1",
	     "2.2.2.2", 17, 53, 99},
	    {LIT(ROW(1, "ip:sctp", "1.1.1.1\t2.2.2.2\t132\t\t\t\t\t\t\t\t7\t9\t\t\t\t")), "1.1.1.1",
	     "2.2.2.2", 132, 7, 9},
	    {LIT(ROW(1, "ip:icmp", "1.1.1.1\t2.2.2.2\t1\t\t\t\t\t\t\t\t\t\t8\t0\t\t")), "1.1.1.1",
	     "2.2.2.2", 1, 8, 0},
	    {LIT(ROW(1, "ipv6:icmpv6", "\t\t\t::1\t::2\t58\t\t\t\t\t\t\t\t\t135\t0")), "::1", "::2",
	     58, 135, 0},
	    {LIT(ROW(1, "ipv6:tcp", "\t\t\t::1\t::2\t6\t80\t99\t\t\t\t\t\t\t\t")), "::1", "::2", 6,
	     80, 99},
	    {LIT(ROW(1, "ip:gre", "1.1.1.1\t2.2.2.2\t47\t\t\t\t\t\t\t\t\t\t\t\t\t")), "1.1.1.1",
	     "2.2.2.2", 47, -1, -1},
	    /* an extension header: the protocol behind it counts */
	    {LIT(ROW(1, "ipv6:ipv6.hopopts:icmpv6", "\t\t\t::1\t::2\t0\t\t\t\t\t\t\t\t\t143\t0")),
	     "::1", "::2", 58, 143, 0},
	    {LIT(ROW(1, "ipv6:ipv6.fraghdr:udp", "\t\t\t::1\t::2\t44\t\t\t53\t99\t\t\t\t\t\t")),
	     "::1", "::2", 17, 53, 99},
	    {LIT(ROW(1, "ipv6:ipv6.fraghdr:data", "\t\t\t::1\t::2\t44\t\t\t\t\t\t\t\t\t\t")), "::1",
	     "::2", 44, -1, -1},
	    /* no ports where there should be some: a later fragment, a short capture */
	    {LIT(ROW(1, "ip:data", "1.1.1.1\t2.2.2.2\t6\t\t\t\t\t\t\t\t\t\t\t\t\t")), NULL, NULL, 0,
	     0, 0},
	    {LIT(ROW(1, "ip:udp", "1.1.1.1\t2.2.2.2\t17\t\t\t\t\t\t53\t\t\t\t\t\t\t")), NULL, NULL,
	     0, 0, 0},
	    {LIT(ROW(1, "ip", "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t")), NULL, NULL, 0, 0, 0},
	    {LIT(ROW(1, "eth:arp", "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t")), NULL, NULL, 0, 0, 0},
	    {LIT(ROW(1, "eth", "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t")), NULL, NULL, 0, 0, 0},
	    /* what cannot be read makes no flow, and no reject */
	    {LIT(ROW(1, "ip:tcp", "1.1.1.1\tx\t6\t\t\t\t80\t99\t\t\t\t\t\t\t\t")), NULL, NULL, 0, 0,
	     0},
	    {LIT(ROW(1, "ip:tcp", "1.1.1.1\t2.2.2.2\t256\t\t\t\t80\t99\t\t\t\t\t\t\t\t")), NULL,
	     NULL, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		char want[200];

		begin("[t]\nid community_id @layer\n");
		convert(&defaults, rows[i].row);
		assert_log("1\n");
		snprintf(want, sizeof(want), "1\t%s\n",
		         rows[i].src ? id_of(rows[i].src, rows[i].dst, (uint8_t)rows[i].proto,
		                             rows[i].src_port, rows[i].dst_port)
		                     : "\\N");
		assert_rows("t", want);
	}
}

/* @proto is the number behind an extension header; ipv6.nxt itself is what tshark said. */
static void test_transport_number(void **state)
{
	(void)state;
	begin("[t] when ipv6.nxt\nnxt uint8 ipv6.nxt\nproto uint8 @proto\n"
	      "[e] each ipv6.nxt\nnxt uint8 ipv6.nxt\n"
	      "[l] each @layer\nnxt uint8 ipv6.nxt\nproto uint8 @proto\n");
	/* cells: ipv6.nxt, then those of the flow that are not it */
#define NXT(v, ip_proto) v "\t\t\t" ip_proto "\t\t\t\t\t\t\t\t\t\t\t\t"
	convert(&defaults,
	        SLICE(ROW(1, "ipv6:ipv6.hopopts:tcp", NXT("0", "")) ROW(2, "ipv6:tcp", NXT("6", ""))
	                  ROW(3, "eth", NXT("0", "")) ROW(4, "ip:tcp", NXT("44", "6"))
	                      ROW(5, "ipv6:udp:ipv6:tcp", NXT("0" AND "43", ""))
	                          ROW(6, "arp", NXT("0", ""))));
	assert_log("1\n2\n3\n4\n5\n6\n");
	assert_rows("t", "1\t0\t6\n"
	                 "2\t6\t6\n"
	                 "3\t\\N\t\\N\n"
	                 "4\t\\N\t6\n"
	                 "5\t0\t17\n"
	                 "6\t\\N\t\\N\n");
	assert_rows("l", "5\t0\t0\t17\n"
	                 "5\t1\t43\t6\n");
	assert_rows("e", "1\t0\t0\n"
	                 "2\t0\t6\n"
	                 "3\t0\t0\n"
	                 "4\t0\t44\n"
	                 "5\t0\t0\n"
	                 "5\t1\t43\n"
	                 "6\t0\t0\n");
}

/* first and last are of the packet, whatever the row's layer or occurrence. */
static void test_which_occurrence(void **state)
{
	(void)state;
	begin("[t]\na uint8 ip.ttl\nb uint8 first ip.ttl\nc uint8 last ip.ttl\nd all ip.ttl\n"
	      "[e] each x.a\na text x.a\nb text first x.a\nc text last x.a\nd all x.a\n"
	      "[l] each @layer\na uint8 ip.ttl\nb uint8 last ip.ttl\n"
	      "[s]\na set last x.a | x.b\n");
	convert(&defaults,
	        SLICE(ROW(1, "ip:ip", "1" AND "2\ta" AND "b" AND "c\t") ROW(2, "eth", "\t\t1")
	                  ROW(3, "ip", "7\tz\t") ROW(4, "eth", "\t" AND "y\t")));
	assert_rows("t", "1\t1\t1\t2\t[\"1\",\"2\"]\n"
	                 "2\t\\N\t\\N\t\\N\t\\N\n"
	                 "3\t7\t7\t7\t[\"7\"]\n"
	                 "4\t\\N\t\\N\t\\N\t\\N\n");
	assert_rows("e", "1\t0\ta\ta\tc\t[\"a\",\"b\",\"c\"]\n"
	                 "1\t1\tb\ta\tc\t[\"a\",\"b\",\"c\"]\n"
	                 "1\t2\tc\ta\tc\t[\"a\",\"b\",\"c\"]\n"
	                 "3\t0\tz\tz\tz\t[\"z\"]\n"
	                 "4\t0\t\\N\t\\N\ty\t[\"\",\"y\"]\n"
	                 "4\t1\ty\t\\N\ty\t[\"\",\"y\"]\n");
	assert_rows("l", "1\t0\t1\t2\n"
	                 "1\t1\t2\t2\n");
	assert_rows("s", "1\ta\n"
	                 "2\tb\n"
	                 "3\ta\n"
	                 "4\ta\n");
}

/* A field that not every header has: nobody can tell whose it is, unless the numbers say. */
static void test_fields_of_some_headers(void **state)
{
	(void)state;
	begin("[t]\na text ip.opt\nb text ip.addr\nc text ip.src\n"
	      "[l] each @layer\na text ip.opt\nb text ip.addr\nc text ip.src\n");
	convert(&defaults,
	        SLICE(ROW(1, "ip:ip", "o\t1" AND "2" AND "3" AND "4\ts" AND "t")
	                  ROW(2, "ip:ip", "o" AND "p\t1" AND "2" AND "3\ts")
	                      ROW(3, "ip", "o\t1" AND "2\ts") ROW(4, "ip:ip:ip", "\t\ts" AND "t")));
	assert_rows("t", "1\to\t1\ts\n"
	                 "2\to\t1\ts\n"
	                 "3\to\t1\ts\n"
	                 "4\t\\N\t\\N\ts\n");
	assert_rows("l", "1\t0\t\\N\t1\ts\n"
	                 "1\t1\t\\N\t3\tt\n"
	                 "2\t0\to\t\\N\ts\n"
	                 "2\t1\tp\t\\N\t\\N\n"
	                 "4\t0\t\\N\t\\N\ts\n"
	                 "4\t1\t\\N\t\\N\tt\n"
	                 "4\t2\t\\N\t\\N\t\\N\n");
}

/* Every row says how many of its values its columns could not hold whole. */
static void test_cut_is_marked(void **state)
{
	(void)state;
	begin("[t]\na text(2) x.a\nb bytes(1) x.b\nc double x.c\nd time x.d\n"
	      "[u] each x.a\na text(1) x.a\n"
	      "[v]\na text x.a\n"
	      "[w]\nd time x.d\nn nanos x.d\n"
	      "[x]\nd time x.d\nn nanos last x.d\n"
	      "[y]\ne duration x.e\n");
	convert(&defaults, SLICE(ROW(1, "eth", "ab" AND "c" AND "de\t00\t1.5\t1.000001000\t0.5")
	                             ROW(2, "eth", "abc\t0011\tnan\t1.000000001\t-258264310399.8")
	                                 ROW(3, "eth", "\t\t-inf\tNULL\t")));
	assert_log("1 cut 2\n2 cut 7\n3 cut 1\n");
	assert_rows("y", "1\t0.5\t0\n"
	                 "2\t\\N\t1\n"
	                 "3\t\\N\t0\n");
	assert_rows("t", "1\tab\t00\t1.5\t1970-01-01 00:00:01.000001\t0\n"
	                 "2\tab\t00\t\\N\t1970-01-01 00:00:01.000000\t4\n"
	                 "3\t\\N\t\\N\t\\N\t\\N\t1\n");
	assert_rows("u", "1\t0\ta\t1\n"
	                 "1\t1\tc\t0\n"
	                 "1\t2\td\t1\n"
	                 "2\t0\ta\t1\n");
	assert_rows("v", "1\tab\n"
	                 "2\tabc\n"
	                 "3\t\\N\n");
	assert_rows("w", "1\t1970-01-01 00:00:01.000001\t0\t0\n"
	                 "2\t1970-01-01 00:00:01.000000\t1\t0\n"
	                 "3\t\\N\t\\N\t0\n");
	assert_rows("x", "1\t1970-01-01 00:00:01.000001\t0\t0\n"
	                 "2\t1970-01-01 00:00:01.000000\t1\t1\n"
	                 "3\t\\N\t\\N\t0\n");
}

static void test_types_of_wireshark(void **state)
{
	(void)state;
	begin("[t]\na present x.a\nb char x.b\nc eui64 x.c\nd guid x.d\ne time x.e\n");
	convert(
	    &defaults,
	    SLICE(ROW(1, "eth",
	              "any text\t'n'\t00:02:00:02:40:02:10:02\t"
	              "e3514235-4b06-11d1-ab04-00c04fc2dcd2\tMar  3, 2022 11:05:26.000000000 UTC")
	              ROW(2, "eth", "\t'\\\\x1e'\t\t\t2017-03-13T00:10:23.466752000Z")
	                  ROW(3, "eth", "\tn\t\t\t") ROW(4, "eth", "\t\t1\t\t")));
	assert_log("1\n2\n"
	           "reject 5 b b: \"n\" is not a valid char\n"
	           "reject 6 c c: \"1\" is not a valid eui64\n");
	assert_rows("t", "1\t1\tn\t00:02:00:02:40:02:10:02\t"
	                 "e3514235-4b06-11d1-ab04-00c04fc2dcd2\t2022-03-03 11:05:26.000000\t0\n"
	                 "2\t\\N\t\x1e\t\\N\t\\N\t2017-03-13 00:10:23.466752\t0\n");
}

static void test_other_separators(void **state)
{
	struct pa_transform_config c = defaults;

	(void)state;
	/* 4.4 protects a separator in a value, 4.0 does not. */
	c.separator = ',';
	c.aggregator = '|';
	begin("[t]\na text x.a\nb json x.a\n");
	convert(&c, SLICE("1," EPOCH ",eth,a\\,b\\\\,True\n2," EPOCH ",eth,a|b\\,c,True\n"
	                  "3," EPOCH ",eth,a,b,True\n"));
	assert_log("1\n2\nreject 0 - 6 columns instead of the 5 of profile test\n");
	assert_rows("t", "1\ta,b\\\\\t[\"a,b\\\\\\\\\"]\n"
	                 "2\ta\t[\"a\",\"b,c\"]\n");
	begin("[t]\na text x.a\n");
	convert(&c, SLICE("1," EPOCH ",eth,a\\,0\n2," EPOCH ",eth,a\\,b,0\n"));
	assert_log("1\nreject 0 - 6 columns instead of the 5 of profile test\n");
	assert_rows("t", "1\ta\\\\\n");
	assert_int_equal(run.dialect, PA_DIALECT_4_0);
}

static void test_quotes(void **state)
{
	struct pa_transform_config c = defaults;

	(void)state;
	c.quote = '"';
	begin("[t]\na text x.a\n");
	convert(&c, SLICE("frame.number\tframe.time_epoch\tframe.protocols\tx.a\tframe.marked\n"
	                  "\"1\"\t\"" EPOCH "\"\t\"eth\"\t\"a\"\"b\tc\\\\\"\t\"True\"\n"
	                  "\"2\"\t\"" EPOCH "\"\t\"eth\"\t\"a\"b\"\t\"True\"\n"
	                  "\"3\"\t\"" EPOCH "\"\t\"eth\"\t\t\"True\"\n"
	                  "\"4\"\t\"" EPOCH "\"\t\"eth\"\t\"\"\t\"True\"\n"));
	assert_log("header\n1\nreject 0 - the quoting is broken\n3\n4\n");
	assert_int_equal(run.dialect, PA_DIALECT_4_4);
	assert_rows("t", "1\ta\"b\\tc\\\\\n"
	                 "3\t\\N\n"
	                 "4\t\\N\n");
}

static void test_only_one_table(void **state)
{
	struct pa_transform_config c = defaults;

	(void)state;
	begin("[t]\na text x.a\n[u]\nb uint8 x.b\n");
	c.only = pa_profile_table(run.p, "t");
	convert(&c, SLICE(ROW(1, "", "a\t300")));
	assert_log("1\n");
	assert_rows("t", "1\ta\n");
	assert_rows("u", "");
}

static void test_styles_and_columns(void **state)
{
	static const struct {
		enum pa_csv_style style;
		const char *columns, *table;
	} rows[] = {
	    {PA_CSV_TSV, "ts,ts_ns,capture_id,frame,idx,a,b,c",
	     "2017-03-13 00:10:23.466752\t1\t7\t1\t0\ta\t\\N\t7\n"},
	    {PA_CSV_MYSQL, "ts,ts_ns,capture_id,frame,idx,a,b,c",
	     "2017-03-13 00:10:23.466752,1,7,1,0,\"a\",\\N,7\n"},
	    {PA_CSV_RFC4180, "ts,ts_ns,capture_id,frame,idx,a,b,c",
	     "2017-03-13 00:10:23.466752,1,7,1,0,\"a\",,7\r\n"},
	    /* the loader fills capture_id in */
	    {PA_CSV_BATCH, "ts,ts_ns,frame,idx,a,b,c",
	     "2017-03-13 00:10:23.466752\t1\t1\t0\ta\t\\N\t7\n"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_transform_config c = defaults;
		struct pa_buf columns;

		begin("[t] each x.a\na text x.a\nb text x.b\nc uint32 @capture\n");
		c.style = rows[i].style;
		convert(&c, SLICE(ROW(1, "", "a\t")));
		assert_table("t", rows[i].table);
		pa_buf_init(&columns, 1000);
		assert_ok(pa_transform_columns(run.p, &run.p->tables[0], rows[i].style, &columns));
		assert_text(of_buf(&columns), rows[i].columns);
		pa_buf_done(&columns);
	}
}

static void test_runs(void **state)
{
	const struct pa_run *r;

	(void)state;
	begin("[t] each x.a\na text x.a\n[u]\na text x.a\n");
	convert(&batch, SLICE("1\t5.000000001\teth\ta" AND "b\tTrue\n"
	                      "2\t4\teth\t\tTrue\n"
	                      "3\t4.5\teth\tc\tTrue\n"));
	assert_int_equal(run.outputs[0].rows, 3);
	assert_int_equal(run.outputs[0].runs.len, 2 * sizeof(*r));
	assert_int_equal(run.outputs[1].rows, 3);
	assert_int_equal(run.outputs[1].runs.len, 3 * sizeof(*r));
	r = (const void *)run.outputs[0].runs.ptr;
	assert_int_equal(r[0].ts, 5000000001);
	assert_int_equal(r[0].frame, 1);
	assert_int_equal(r[0].offset, 0);
	assert_int_equal(r[1].ts, 4500000000);
	assert_int_equal(r[1].frame, 3);
	assert_int_equal(r[1].offset, r[0].len);
	assert_int_equal(r[0].len + r[1].len, run.outputs[0].bytes.len);
	assert_int_equal(run.last.time.sec, 4);
	assert_int_equal(run.last.time.nsec, 500000000);
	assert_int_equal(run.last.frame, 3);
}

/* A full output: nothing is kept of the row, and the same call succeeds after a flush. */
static void test_full_outputs(void **state)
{
	static const char text[] = ROW(1, "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	struct pa_slice rest;
	const struct pa_rows_config rc = {.read = read_slice,
	                                  .ctx = &rest,
	                                  .separator = '\t',
	                                  .max_bytes = 1000,
	                                  .max_cells = 100};

	(void)state;
	for (size_t limit = 0; limit < 300; limit++) {
		struct pa_transform *t;
		struct pa_rows *rows;
		struct pa_row row;
		struct pa_outcome_info info;
		struct pa_error err = {0};
		enum pa_status st;

		begin("[t]\na text x.a\n[u]\na text x.a\n");
		for (unsigned i = 0; i < 2; i++) {
			/* The first is roomy, the second one is not. */
			pa_buf_init(&run.outputs[i].bytes, i ? limit : 1000);
			assert_ok(pa_buf_puts(&run.outputs[0].bytes, "old"));
		}
		rest = SLICE(ROW(1, "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
		assert_int_equal(rest.len, sizeof(text) - 1);
		assert_ok(pa_transform_new(run.p, &defaults, &t, NULL));
		assert_ok(pa_rows_new(&rc, &rows, NULL));
		assert_ok(pa_rows_next(rows, &row, NULL));
		st = pa_transform_row(t, rows, &row, run.outputs, &info, &err);
		if (st != PA_OK) {
			assert_int_equal(st, PA_ELIMIT);
			assert_int_equal(err.code, PA_ELIMIT);
			assert_text(of_buf(&run.outputs[0].bytes), "oldold");
			assert_int_equal(run.outputs[1].bytes.len, 0);
			for (unsigned i = 0; i < 2; i++) {
				assert_int_equal(run.outputs[i].rows, 0);
				assert_int_equal(run.outputs[i].runs.len, 0);
			}
			run.outputs[1].bytes.limit = 1000;
			assert_ok(pa_transform_row(t, rows, &row, run.outputs, &info, NULL));
		}
		assert_int_equal(info.outcome, PA_ROW_CONVERTED);
		assert_rows("u", "1\taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n");
		pa_rows_free(rows);
		pa_transform_free(t);
	}
	pa_transform_free(NULL);
}

/* The guards of the real profile, and all its tables at once. */
static void test_builtin_profile(void **state)
{
	struct pa_buf input;
	struct pa_slice text = pa_profile_builtin();
	struct pa_buf profile;

	(void)state;
	pa_buf_init(&profile, SIZE_MAX);
	assert_ok(pa_buf_put(&profile, text.ptr, text.len));
	assert_ok(pa_buf_putc(&profile, 0));
	begin((const char *)profile.ptr);
	pa_buf_done(&profile);
	pa_buf_init(&input, SIZE_MAX);
	for (unsigned i = 0; i < run.p->n_fields; i++) {
		static const struct {
			const char *field, *value;
		} values[] = {
		    {"frame.number", "1"},
		    {"frame.time_epoch", EPOCH},
		    {"frame.protocols", "eth:ethertype:ip:udp:dns"},
		    {"frame.marked", "False"},
		    {"frame.len", "90"},
		    {"ip.src", "192.168.1.52"},
		    {"ip.dst", "8.8.8.8"},
		    {"ip.proto", "17"},
		    {"udp.srcport", "54585"},
		    {"udp.dstport", "53"},
		    {"dns.id", "0x2a9f"},
		    {"dns.qry.name", "a.example"},
		    {"dns.a", "1.2.3.4" AND "1.2.3.5"},
		    {"dns.aaaa", "::1"},
		};

		if (i > 0)
			assert_ok(pa_buf_putc(&input, '\t'));
		for (size_t k = 0; k < N_OF(values); k++)
			if (strcmp(values[k].field, run.p->fields[i].name) == 0)
				assert_ok(pa_buf_puts(&input, values[k].value));
	}
	assert_ok(pa_buf_putc(&input, '\n'));
	convert(&defaults, of_buf(&input));
	assert_log("1\n");
	assert_true(has(of_buf(&run.outputs[0].bytes), "1:d/FP5EW3wiY1vCndhwleRRKHowQ="));
	assert_rows("layers", "");
	assert_true(has(of_buf(&run.outputs[2].bytes), "\t10911\t"));
	assert_rows("dns_answers", "1\t0\ta.example\t1.2.3.4\t\\N\t0\n"
	                           "1\t1\ta.example\t1.2.3.5\t\\N\t0\n"
	                           "1\t2\ta.example\t::1\t\\N\t0\n");
	assert_rows("http", "");
	assert_rows("tls", "");
	pa_buf_done(&input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_types, clean_up),
	    cmocka_unit_test_teardown(test_first_source_that_is_present, clean_up),
	    cmocka_unit_test_teardown(test_rejects, clean_up),
	    cmocka_unit_test_teardown(test_too_many_layers, clean_up),
	    cmocka_unit_test_teardown(test_dialects, clean_up),
	    cmocka_unit_test_teardown(test_headers, clean_up),
	    cmocka_unit_test_teardown(test_bad_headers, clean_up),
	    cmocka_unit_test_teardown(test_column_names_in_headers, clean_up),
	    cmocka_unit_test_teardown(test_layers, clean_up),
	    cmocka_unit_test_teardown(test_occurrences, clean_up),
	    cmocka_unit_test_teardown(test_when, clean_up),
	    cmocka_unit_test_teardown(test_each, clean_up),
	    cmocka_unit_test_teardown(test_json, clean_up),
	    cmocka_unit_test_teardown(test_set, clean_up),
	    cmocka_unit_test_teardown(test_cut_values_are_counted, clean_up),
	    cmocka_unit_test_teardown(test_long_text, clean_up),
	    cmocka_unit_test_teardown(test_community_id, clean_up),
	    cmocka_unit_test_teardown(test_transport_number, clean_up),
	    cmocka_unit_test_teardown(test_which_occurrence, clean_up),
	    cmocka_unit_test_teardown(test_fields_of_some_headers, clean_up),
	    cmocka_unit_test_teardown(test_cut_is_marked, clean_up),
	    cmocka_unit_test_teardown(test_types_of_wireshark, clean_up),
	    cmocka_unit_test_teardown(test_other_separators, clean_up),
	    cmocka_unit_test_teardown(test_quotes, clean_up),
	    cmocka_unit_test_teardown(test_only_one_table, clean_up),
	    cmocka_unit_test_teardown(test_styles_and_columns, clean_up),
	    cmocka_unit_test_teardown(test_runs, clean_up),
	    cmocka_unit_test_teardown(test_full_outputs, clean_up),
	    cmocka_unit_test_teardown(test_builtin_profile, clean_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
