#include "pcapanalyzer/manifest.h"
#include "support.h"

#define HEX_0 "0000000000000000000000000000000000000000000000000000000000000000"
#define HEX_1 "0101010101010101010101010101010101010101010101010101010101010101"
#define HEX_2 "0202020202020202020202020202020202020202020202020202020202020202"

/* What pa_manifest_write() makes of example(), but for the checksum line. */
static const char example_text[] = "pcapanalyzer-manifest 1\n"
                                   "batch 0123456789abcdef-0000000001\n"
                                   "profile packets\n"
                                   "profile-sha256 " HEX_1 "\n"
                                   "sensor gate\n"
                                   "capture-sha256 " HEX_2 "\n"
                                   "capture-name a b\\x0ac\\x5cd.pcap\n"
                                   "capture-bytes 12345\n"
                                   "capture-packets 20\n"
                                   "first-row 5\n"
                                   "last-row 14\n"
                                   "packets 7\n"
                                   "rejected 2\n"
                                   "filtered 1\n"
                                   "cut 3\n"
                                   "end complete\n"
                                   "replaces 1\n"
                                   "dialect 4.4\n"
                                   "tshark TShark (Wireshark) 4.4.6\n"
                                   "tshark-args -E aggregator=$'\\x5cxff' -e ip.src\n"
                                   "filter tshark2csv 0.1.0\n"
                                   "first-ts 2017-03-13 00:10:23.466752\n"
                                   "last-ts 2017-03-13 00:10:24.000000\n"
                                   "table packets 7 1000 " HEX_0 " ts,ts_ns,frame,len\n"
                                   "table rejects 2 50 " HEX_1 " row_no\n";

static void example(struct pa_manifest *m)
{
	pa_manifest_init(m);
	strcpy(m->batch_id, "0123456789abcdef-0000000001");
	strcpy(m->profile, "packets");
	memset(m->profile_sha256, 1, PA_SHA256_BYTES);
	m->sensor = strdup("gate");
	memset(m->capture_sha256, 2, PA_SHA256_BYTES);
	m->capture_name = strdup("a b\nc\\d.pcap");
	m->capture_bytes = 12345;
	m->has_capture_packets = 1;
	m->capture_packets = 20;
	m->first_row = 5;
	m->last_row = 14;
	m->packets = 7;
	m->rejected = 2;
	m->filtered = 1;
	m->cut = 3;
	m->end = PA_CAPTURE_COMPLETE;
	m->dialect = strdup("4.4");
	m->replaces = 1;
	m->tshark = strdup("TShark (Wireshark) 4.4.6");
	m->tshark_args = strdup("-E aggregator=$'\\xff' -e ip.src");
	m->filter = strdup("tshark2csv 0.1.0");
	strcpy(m->first_ts, "2017-03-13 00:10:23.466752");
	strcpy(m->last_ts, "2017-03-13 00:10:24.000000");
	m->n_tables = 2;
	strcpy(m->tables[0].name, "packets");
	m->tables[0].rows = 7;
	m->tables[0].bytes = 1000;
	m->tables[0].columns = strdup("ts,ts_ns,frame,len");
	strcpy(m->tables[1].name, "rejects");
	m->tables[1].rows = 2;
	m->tables[1].bytes = 50;
	memset(m->tables[1].sha256, 1, PA_SHA256_BYTES);
	m->tables[1].columns = strdup("row_no");
}

/* Both may be missing. */
static void assert_same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a)
		assert_string_equal(a, b);
}

static void assert_same(const struct pa_manifest *a, const struct pa_manifest *b)
{
	assert_string_equal(a->batch_id, b->batch_id);
	assert_string_equal(a->profile, b->profile);
	assert_memory_equal(a->profile_sha256, b->profile_sha256, PA_SHA256_BYTES);
	assert_string_equal(a->sensor, b->sensor);
	assert_memory_equal(a->capture_sha256, b->capture_sha256, PA_SHA256_BYTES);
	assert_string_equal(a->capture_name, b->capture_name);
	assert_true(a->capture_bytes == b->capture_bytes);
	assert_int_equal(a->has_capture_packets, b->has_capture_packets);
	assert_true(a->capture_packets == b->capture_packets);
	assert_true(a->first_row == b->first_row);
	assert_true(a->last_row == b->last_row);
	assert_true(a->packets == b->packets);
	assert_true(a->rejected == b->rejected);
	assert_true(a->filtered == b->filtered);
	assert_true(a->cut == b->cut);
	assert_int_equal(a->end, b->end);
	assert_string_equal(a->dialect, b->dialect);
	assert_string_equal(a->tshark, b->tshark);
	assert_int_equal(a->replaces, b->replaces);
	assert_same_text(a->tshark_args, b->tshark_args);
	assert_same_text(a->filter, b->filter);
	assert_string_equal(a->first_ts, b->first_ts);
	assert_string_equal(a->last_ts, b->last_ts);
	assert_int_equal(a->n_tables, b->n_tables);
	for (unsigned i = 0; i < a->n_tables; i++) {
		assert_string_equal(a->tables[i].name, b->tables[i].name);
		assert_true(a->tables[i].rows == b->tables[i].rows);
		assert_true(a->tables[i].bytes == b->tables[i].bytes);
		assert_memory_equal(a->tables[i].sha256, b->tables[i].sha256, PA_SHA256_BYTES);
		assert_string_equal(a->tables[i].columns, b->tables[i].columns);
	}
}

static void round_trip(const struct pa_manifest *m)
{
	struct pa_buf text;
	struct pa_manifest back;
	struct pa_error err = {0};
	struct pa_slice copy;

	pa_buf_init(&text, PA_MANIFEST_BYTES_MAX);
	assert_ok(pa_manifest_write(m, &text, &err));
	copy = copy_of(of_buf(&text));
	pa_manifest_init(&back);
	if (pa_manifest_read(copy, &back, &err) != PA_OK)
		fail_msg("line %llu: %s", (unsigned long long)err.row, err.msg);
	assert_same(m, &back);
	pa_manifest_done(&back);
	free_copy(copy);
	pa_buf_done(&text);
}

/* The text with its right checksum, so that only its content can be wrong. */
static void seal(struct pa_buf *text)
{
	uint8_t sum[PA_SHA256_BYTES];
	char hex[PA_SHA256_HEX + 1];

	assert_ok(pa_sha256_of(text->ptr, text->len, sum));
	pa_hex(sum, sizeof(sum), hex);
	assert_ok(pa_buf_printf(text, "sha256 %s\n", hex));
}

static void test_text(void **state)
{
	struct pa_buf want;
	struct pa_buf got;
	struct pa_manifest m;

	(void)state;
	pa_buf_init(&want, 10000);
	pa_buf_init(&got, 10000);
	assert_ok(pa_buf_puts(&want, example_text));
	seal(&want);
	example(&m);
	assert_ok(pa_manifest_write(&m, &got, NULL));
	assert_slice(of_buf(&got), of_buf(&want));

	/* It appends, and the checksum is of its own text alone. */
	pa_buf_reset(&got);
	assert_ok(pa_buf_puts(&got, "before"));
	assert_ok(pa_manifest_write(&m, &got, NULL));
	assert_slice(((struct pa_slice){got.ptr + 6, got.len - 6}), of_buf(&want));
	pa_manifest_done(&m);
	pa_manifest_done(NULL);
	pa_buf_done(&want);
	pa_buf_done(&got);
}

static void set(char **text, const char *to)
{
	free(*text);
	*text = strdup(to);
	assert_non_null(*text);
}

static void test_round_trips(void **state)
{
	static const char *const texts[] = {
	    "",
	    "x",
	    " ",
	    "  x  ",
	    "\n",
	    "\\",
	    "\\x41",
	    "\\\\",
	    "\x01\x1f\x7f",
	    "\r\n\t",
	    "caf\xc3\xa9",
	    "\xe2\x80\xa8",
	    "end complete\nfirst-row 1",
	};
	static const enum pa_capture_end ends[] = {PA_CAPTURE_OPEN, PA_CAPTURE_COMPLETE,
	                                           PA_CAPTURE_TRUNCATED};
	struct pa_manifest m;

	(void)state;
	example(&m);
	round_trip(&m);
	for (size_t i = 0; i < N_OF(texts); i++) {
		set(&m.sensor, texts[i]);
		set(&m.capture_name, texts[N_OF(texts) - 1 - i]);
		set(&m.tshark, texts[(i + 3) % N_OF(texts)]);
		round_trip(&m);
	}
	for (size_t i = 0; i < N_OF(ends); i++) {
		m.end = ends[i];
		round_trip(&m);
	}
	m.replaces = 0;
	round_trip(&m);
	/* As older filters wrote it. */
	for (unsigned i = 0; i < 2; i++) {
		char **text = i ? &m.filter : &m.tshark_args;

		set(text, "");
		round_trip(&m);
		free(*text);
		*text = NULL;
		round_trip(&m);
	}
	m.has_capture_packets = 0;
	m.capture_packets = 0;
	round_trip(&m);
	m.has_capture_packets = 1;
	round_trip(&m);

	/* An empty last batch. */
	m.first_row = 11;
	m.last_row = 10;
	m.packets = m.rejected = m.filtered = m.cut = 0;
	m.first_ts[0] = m.last_ts[0] = '\0';
	set(&m.dialect, "");
	for (unsigned i = 0; i < m.n_tables; i++)
		free(m.tables[i].columns);
	m.n_tables = 0;
	round_trip(&m);

	/* The largest numbers. */
	m.capture_bytes = m.capture_packets = m.cut = UINT64_MAX;
	m.first_row = 1;
	m.last_row = m.packets = UINT64_MAX - 1;
	round_trip(&m);
	m.last_row = m.packets = m.first_row = 1;

	/* As many tables as there can be. */
	for (unsigned i = 0; i < PA_MANIFEST_TABLES_MAX; i++) {
		snprintf(m.tables[i].name, sizeof(m.tables[i].name), "t%u", i);
		m.tables[i].rows = m.tables[i].bytes = UINT64_MAX;
		m.tables[i].columns = strdup("a,b_9");
	}
	m.n_tables = PA_MANIFEST_TABLES_MAX;
	round_trip(&m);
	pa_manifest_done(&m);
}

static void refuse(struct pa_slice text, const char *why)
{
	struct pa_slice copy = copy_of(text);
	struct pa_manifest m;
	struct pa_error err = {0};
	enum pa_status st;

	pa_manifest_init(&m);
	st = pa_manifest_read(copy, &m, &err);
	if (st != PA_EFORMAT || err.code != st)
		fail_msg("%s: %d", why, (int)st);
	pa_manifest_done(&m);
	pa_manifest_init(&m);
	assert_int_equal(pa_manifest_read(copy, &m, NULL), PA_EFORMAT);
	pa_manifest_done(&m);
	free_copy(copy);
}

static void test_every_truncation_is_refused(void **state)
{
	struct pa_buf text;
	struct pa_manifest m;

	(void)state;
	example(&m);
	pa_buf_init(&text, 10000);
	assert_ok(pa_manifest_write(&m, &text, NULL));
	for (size_t n = 0; n < text.len; n++) {
		char why[80];

		snprintf(why, sizeof(why), "the first %zu bytes", n);
		refuse((struct pa_slice){text.ptr, n}, why);
		snprintf(why, sizeof(why), "without the first %zu bytes", n + 1);
		refuse((struct pa_slice){text.ptr + n + 1, text.len - n - 1}, why);
	}
	assert_ok(pa_buf_putc(&text, '\n'));
	refuse(of_buf(&text), "a byte too many");
	pa_buf_done(&text);
	pa_manifest_done(&m);
}

static void test_every_changed_byte_is_refused(void **state)
{
	struct pa_buf text;
	struct pa_manifest m;

	(void)state;
	example(&m);
	pa_buf_init(&text, 10000);
	assert_ok(pa_manifest_write(&m, &text, NULL));
	for (size_t i = 0; i < text.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			char why[80];

			snprintf(why, sizeof(why), "byte %zu, bit %u", i, bit);
			text.ptr[i] ^= (uint8_t)(1u << bit);
			refuse(of_buf(&text), why);
			text.ptr[i] ^= (uint8_t)(1u << bit);
		}
	}
	pa_buf_done(&text);
	pa_manifest_done(&m);
}

/* Damage with a right checksum: the lines themselves are looked at. OLD is replaced by NEW. */
static void test_wrong_content_is_refused(void **state)
{
	static const struct {
		const char *old;
		struct pa_slice new;
		unsigned line; /* of the error; 0: any */
	} rows[] = {
	    {"manifest 1\n", LIT("manifest 2\n"), 1},
	    {"manifest 1\n", LIT("manifest \n"), 0},
	    {"manifest 1\n", LIT("manifest\n"), 0},
	    {"manifest 1\n", LIT("manifest 1 \n"), 1},
	    {"batch 0", LIT("batch g"), 2},
	    {"batch 0", LIT("batch ../"), 2},
	    {"batch 0123456789abcdef-0000000001", LIT("batch "), 2},
	    {"batch 0", LIT("batch 01234567890123456789"), 2},
	    {"profile packets", LIT("profile Packets"), 3},
	    {"profile packets", LIT("profile a`b"), 3},
	    {"profile packets", LIT("profile "), 3},
	    {"profile-sha256 01", LIT("profile-sha256 0"), 4},
	    {"profile-sha256 01", LIT("profile-sha256 0g"), 4},
	    {"sensor gate", LIT("sensor gate\\"), 5},
	    {"sensor gate", LIT("sensor gate\\n"), 5},
	    {"sensor gate", LIT("sensor gate\\x4"), 5},
	    {"sensor gate", LIT("sensor gate\\x4g"), 5},
	    {"sensor gate", LIT("sensor gate\\x00"), 5},
	    {"sensor gate", LIT("sensor ga\0te"), 5},
	    {"sensor gate\n", LIT(""), 0},
	    {"sensor gate\n", LIT("sensor gate\nsensor gate\n"), 0},
	    {"capture-bytes 12345", LIT("capture-bytes 0x1"), 8},
	    {"capture-bytes 12345", LIT("capture-bytes -1"), 8},
	    {"capture-bytes 12345", LIT("capture-bytes 18446744073709551616"), 8},
	    {"capture-bytes 12345", LIT("capture-bytes 99999999999999999999"), 8},
	    {"capture-bytes 12345", LIT("capture-bytes 12345 "), 8},
	    {"capture-packets 20", LIT("capture-packets x"), 9},
	    {"first-row 5", LIT("first-row 0"), 0},
	    {"first-row 5", LIT("first-row 4"), 0},
	    {"first-row 5", LIT("first-row 16"), 0},
	    {"last-row 14", LIT("last-row 15"), 0},
	    {"last-row 14", LIT("last-row 3"), 0},
	    {"last-row 14", LIT("last-row 18446744073709551615"), 0},
	    {"packets 7", LIT("packets 8"), 0},
	    {"rejected 2", LIT("rejected 1"), 0},
	    {"filtered 1", LIT("filtered 0"), 0},
	    /* counts that only add up past 2^64 */
	    {"packets 7\nrejected 2\nfiltered 1",
	     LIT("packets 9223372036854775808\nrejected 9223372036854775808\nfiltered 10"), 0},
	    {"packets 7\nrejected 2\n", LIT("packets 18446744073709551615\nrejected 10\n"), 0},
	    {"end complete", LIT("end finished"), 16},
	    {"end complete", LIT("end "), 16},
	    {"end complete", LIT("end complete "), 16},
	    {"replaces 1", LIT("replaces 0"), 17},
	    {"replaces 1", LIT("replaces 11"), 17},
	    {"replaces 1", LIT("replaces "), 17},
	    {"tshark-args -E", LIT("tshark-args \\-E"), 20},
	    {"filter tshark2csv", LIT("filter \0"), 21},
	    {"filter tshark2csv 0.1.0\n", LIT("filter a\nfilter b\n"), 0},
	    {"first-ts 2017-03-13 00:10:23.466752", LIT("first-ts 2017-03-13 00:10:23.46675"), 0},
	    {"first-ts 2017-03-13 00:10:23.466752", LIT("first-ts 2017-03-13 00:10:23.46675'"), 0},
	    {"first-ts 2017-03-13 00:10:23.466752", LIT("first-ts 2017-03-13T00:10:23.466752"), 0},
	    {"last-ts 2017", LIT("last-ts 12017"), 0},
	    {"table packets 7", LIT("table Packets 7"), 24},
	    {"table packets 7", LIT("table a/b 7"), 24},
	    {"table packets 7", LIT("table  7"), 24},
	    {"table packets 7 1000", LIT("table packets 7"), 24},
	    {"table packets 7 1000", LIT("table packets -7 1000"), 24},
	    {"table packets 7 1000 00", LIT("table packets 7 1000 0"), 24},
	    {" ts,ts_ns", LIT(""), 24},
	    {" ts,ts_ns", LIT(" ts,,ts_ns"), 24},
	    {" ts,ts_ns", LIT(" ,ts_ns"), 24},
	    {",len\n", LIT(",len,\n"), 24},
	    {",len\n", LIT(",len) SET x=(1\n"), 24},
	    {",len\n", LIT(",`len`\n"), 24},
	    {" ts,ts_ns,frame,len\n", LIT(" \n"), 24},
	    {" ts,ts_ns,frame,len\n", LIT("\n"), 24},
	    {"table rejects", LIT("table packets"), 25}, /* twice */
	    {"table rejects", LIT("tables rejects"), 0},
	    {"row_no\n", LIT("row_no\n\n"), 0},
	    {"row_no\n", LIT("row_no\nunknown 1\n"), 0},
	    {"row_no\n", LIT("row_no"), 0},
	};
	struct pa_buf text;

	(void)state;
	pa_buf_init(&text, 10000);
	for (size_t i = 0; i < N_OF(rows); i++) {
		const char *at = strstr(example_text, rows[i].old);
		struct pa_manifest m;
		struct pa_error err = {0};
		enum pa_status st;

		assert_non_null(at);
		pa_buf_reset(&text);
		assert_ok(pa_buf_put(&text, example_text, (size_t)(at - example_text)));
		assert_ok(pa_buf_put(&text, rows[i].new.ptr, rows[i].new.len));
		assert_ok(pa_buf_puts(&text, at + strlen(rows[i].old)));
		seal(&text);
		pa_manifest_init(&m);
		st = pa_manifest_read(of_buf(&text), &m, &err);
		if (st != PA_EFORMAT || (rows[i].line && err.row != rows[i].line))
			fail_msg("row %zu: \"%s\": %d, line %llu: %s", i, shown(rows[i].new),
			         (int)st, (unsigned long long)err.row, err.msg);
		pa_manifest_done(&m);
	}
	pa_buf_done(&text);
}

/* Any line left out or given twice, and any two neighbours changed round. */
static void test_lines_have_an_order(void **state)
{
	const char *lines[40];
	size_t lens[40];
	size_t n = 0;
	struct pa_buf text;

	(void)state;
	for (const char *p = example_text; *p; p += lens[n++]) {
		lines[n] = p;
		lens[n] = (size_t)(strchr(p, '\n') + 1 - p);
	}
	pa_buf_init(&text, 10000);
	for (size_t what = 0; what < 3; what++) {
		for (size_t i = 0; i + (what == 2) < n; i++) {
			struct pa_manifest m;
			int table = strncmp(lines[i], "table ", 6) == 0;
			int optional = strncmp(lines[i], "capture-packets ", 16) == 0 ||
			               strncmp(lines[i], "replaces ", 9) == 0 ||
			               strncmp(lines[i], "tshark-args ", 12) == 0 ||
			               strncmp(lines[i], "filter ", 7) == 0;

			if ((what == 0 && (table || optional)) || (what == 2 && table))
				continue;
			pa_buf_reset(&text);
			for (size_t k = 0; k < n; k++) {
				size_t pick = k;

				if (what == 0 && k == i)
					continue;
				if (what == 2 && (k == i || k == i + 1))
					pick = k == i ? i + 1 : i;
				assert_ok(pa_buf_put(&text, lines[pick], lens[pick]));
				if (what == 1 && k == i)
					assert_ok(pa_buf_put(&text, lines[pick], lens[pick]));
			}
			seal(&text);
			pa_manifest_init(&m);
			if (pa_manifest_read(of_buf(&text), &m, NULL) != PA_EFORMAT)
				fail_msg("change %zu of line %zu", what, i + 1);
			pa_manifest_done(&m);
		}
	}
	pa_buf_done(&text);
}

static void test_too_many_tables(void **state)
{
	struct pa_buf text;

	(void)state;
	pa_buf_init(&text, PA_MANIFEST_BYTES_MAX);
	assert_ok(pa_buf_puts(&text, example_text));
	for (unsigned i = 0; i < PA_MANIFEST_TABLES_MAX - 1; i++)
		assert_ok(pa_buf_printf(&text, "table t%u 1 1 " HEX_0 " a\n", i));
	seal(&text);
	refuse(of_buf(&text), "66 tables");
	pa_buf_done(&text);
}

static void test_texts_that_are_too_long(void **state)
{
	static const struct {
		const char *key;
		size_t max;
	} rows[] = {{"sensor ", 255},
	            {"tshark ", 255},
	            {"filter ", 255},
	            {"tshark-args ", PA_TSHARK_ARGS_MAX},
	            {"capture-name ", 4096}};
	struct pa_buf text;

	(void)state;
	pa_buf_init(&text, PA_MANIFEST_BYTES_MAX);
	for (size_t i = 0; i < N_OF(rows); i++) {
		for (size_t len = rows[i].max; len <= rows[i].max + 1; len++) {
			const char *at = strstr(example_text, rows[i].key);
			struct pa_manifest m;

			assert_non_null(at);
			pa_buf_reset(&text);
			at += strlen(rows[i].key);
			assert_ok(pa_buf_put(&text, example_text, (size_t)(at - example_text)));
			for (size_t k = 0; k < len; k++)
				assert_ok(pa_buf_putc(&text, 'x'));
			assert_ok(pa_buf_puts(&text, strchr(at, '\n')));
			seal(&text);
			pa_manifest_init(&m);
			assert_int_equal(pa_manifest_read(of_buf(&text), &m, NULL),
			                 len == rows[i].max ? PA_OK : PA_EFORMAT);
			pa_manifest_done(&m);
		}
	}
	pa_buf_done(&text);
}

static void test_no_room(void **state)
{
	struct pa_manifest m;
	struct pa_buf text;
	struct pa_error err = {0};
	size_t len;

	(void)state;
	example(&m);
	pa_buf_init(&text, PA_MANIFEST_BYTES_MAX);
	assert_ok(pa_manifest_write(&m, &text, &err));
	len = text.len;
	pa_buf_done(&text);
	for (size_t limit = 0; limit <= len; limit++) {
		pa_buf_init(&text, limit);
		assert_int_equal(pa_manifest_write(&m, &text, &err),
		                 limit < len ? PA_ELIMIT : PA_OK);
		pa_buf_done(&text);
	}
	pa_manifest_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_round_trips),
	    cmocka_unit_test(test_every_truncation_is_refused),
	    cmocka_unit_test(test_every_changed_byte_is_refused),
	    cmocka_unit_test(test_wrong_content_is_refused),
	    cmocka_unit_test(test_lines_have_an_order),
	    cmocka_unit_test(test_too_many_tables),
	    cmocka_unit_test(test_texts_that_are_too_long),
	    cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
