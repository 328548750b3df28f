#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "pcapanalyzer/io.h"
#include "pcapanalyzer/spool.h"
#include "support.h"

#define SECOND   1489363823
#define ID_CHARS 27

static struct {
	char *dir;
	struct pa_profile *p;
	struct pa_spool_config config;
} world;

static int set_up(void **state)
{
	static const char profile[] = "[t]\na text x.a\n[u] each x.b\nb text x.b\n";

	(void)state;
	world.dir = make_folder();
	assert_ok(pa_profile_read("test", pa_slice_of(profile), NULL, &world.p, NULL));
	world.config = (struct pa_spool_config){.dir = world.dir,
	                                        .profile = world.p,
	                                        .sensor = "gate",
	                                        .capture_name = "a.pcap",
	                                        .tshark = "TShark 4.4.6",
	                                        .capture_sha256 = {1, 2, 3},
	                                        .capture_bytes = 12345,
	                                        .has_capture_packets = 1,
	                                        .capture_packets = 20,
	                                        .batch_rows = 10,
	                                        .batch_bytes = 1000};
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	pa_profile_free(world.p);
	remove_tree(world.dir);
	return 0;
}

static struct pa_spool *open_spool(void)
{
	struct pa_spool *s;
	struct pa_error err = {0};

	if (pa_spool_new(&world.config, &s, &err) != PA_OK)
		fail_msg("%s", err.msg);
	return s;
}

static char *path_of(const char *folder, const char *id, const char *name)
{
	static char path[4][PATH_MAX];
	static unsigned turn;
	char *out = path[turn++ % 4];

	snprintf(out, PATH_MAX, "%s/%s%s%s%s%s", world.dir, folder, id ? "/" : "", id ? id : "",
	         name ? "/" : "", name ? name : "");
	return out;
}

static struct pa_slice slurp(const char *path, struct pa_buf *b)
{
	struct pa_error err = {0};

	b->len = 0;
	if (pa_io_read_file(AT_FDCWD, path, b, &err) != PA_OK)
		fail_msg("%s", err.msg);
	return of_buf(b);
}

static int not_a_dot(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* What is in a folder of the spool, sorted, with blanks between. */
static const char *list(const char *folder, const char *id)
{
	static char text[4096];
	struct dirent **entries;
	int n = scandir(path_of(folder, id, NULL), &entries, not_a_dot, alphasort);

	text[0] = '\0';
	for (int i = 0; i < n; i++) {
		if (i > 0)
			strcat(text, " ");
		strcat(text, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return text;
}

/* The I-th batch in ready/, by name. */
static const char *batch(size_t i)
{
	static char id[2][ID_CHARS + 1];
	static unsigned turn;
	const char *all = list("ready", NULL);

	assert_true(strlen(all) >= (i + 1) * (ID_CHARS + 1) - 1);
	turn ^= 1;
	memcpy(id[turn], all + i * (ID_CHARS + 1), ID_CHARS);
	id[turn][ID_CHARS] = '\0';
	return id[turn];
}

static size_t n_batches(void)
{
	return (strlen(list("ready", NULL)) + 1) / (ID_CHARS + 1);
}

static void read_manifest(const char *id, struct pa_manifest *m)
{
	struct pa_buf b;
	struct pa_error err = {0};

	pa_buf_init(&b, PA_MANIFEST_BYTES_MAX);
	pa_manifest_init(m);
	if (pa_manifest_read(slurp(path_of("ready", id, "manifest"), &b), m, &err) != PA_OK)
		fail_msg("line %llu: %s", (unsigned long long)err.row, err.msg);
	pa_buf_done(&b);
	assert_string_equal(m->batch_id, id);
}

/* The file of a table, which must be as the manifest says. */
static void assert_file(const struct pa_manifest *m, const char *table, const char *columns,
                        struct pa_slice want)
{
	char name[PA_NAME_MAX + 8];
	struct pa_buf b;
	uint8_t sum[PA_SHA256_BYTES];

	pa_buf_init(&b, SIZE_MAX);
	snprintf(name, sizeof(name), "%s.csv", table);
	assert_slice(slurp(path_of("ready", m->batch_id, name), &b), want);
	for (unsigned i = 0; i < m->n_tables; i++) {
		uint64_t rows = 0;

		if (strcmp(m->tables[i].name, table) != 0)
			continue;
		for (size_t k = 0; k < want.len; k++)
			rows += want.ptr[k] == '\n';
		assert_int_equal(m->tables[i].rows, rows);
		assert_int_equal(m->tables[i].bytes, want.len);
		assert_string_equal(m->tables[i].columns, columns);
		assert_ok(pa_sha256_of(b.ptr, b.len, sum));
		assert_memory_equal(m->tables[i].sha256, sum, sizeof(sum));
		pa_buf_done(&b);
		return;
	}
	fail_msg("table %s is not in the manifest", table);
}

/* What the transform does with a row: TEXT, of one or more lines, goes to table I. */
static void put(struct pa_spool *s, unsigned i, uint64_t ts, uint32_t frame, const char *text)
{
	struct pa_output *o = &pa_spool_outputs(s)[i];
	const struct pa_run run = {
	    .ts = ts, .offset = o->bytes.len, .len = strlen(text), .frame = frame};

	assert_ok(pa_buf_puts(&o->bytes, text));
	assert_ok(pa_buf_put(&o->runs, &run, sizeof(run)));
	for (const char *p = text; *p; p++)
		o->rows += *p == '\n';
}

static void put_packet(struct pa_spool *s, uint64_t row, uint64_t ts, const char *text)
{
	const struct pa_outcome_info info = {
	    .time = {SECOND + (int64_t)ts, (uint32_t)row}, .frame = row, .cut = row % 2};

	put(s, 0, ts, (uint32_t)row, text);
	pa_spool_packet(s, row, &info);
}

static void put_reject(struct pa_spool *s, uint64_t row, const char *column, const char *reason,
                       const struct pa_slice *pieces, size_t n)
{
	struct pa_outcome_info info = {
	    .outcome = PA_ROW_REJECTED, .frame = column ? row : 0, .column = column};
	struct pa_error err = {0};

	snprintf(info.reason, sizeof(info.reason), "%s", reason);
	assert_ok(pa_spool_reject_begin(s, row, &info, &err));
	for (size_t i = 0; i < n; i++)
		assert_ok(pa_spool_reject_bytes(s, pieces[i], &err));
	assert_ok(pa_spool_reject_end(s, &err));
}

static void flush(struct pa_spool *s, enum pa_capture_end end)
{
	struct pa_error err = {0};

	if (pa_spool_flush(s, end, PA_DIALECT_4_4, &err) != PA_OK)
		fail_msg("%s", err.msg);
	assert_string_equal(list("tmp", NULL), "");
	assert_false(pa_spool_pending(s));
	assert_false(pa_spool_full(s));
}

#define COLUMNS_T "ts,ts_ns,frame,a"
#define COLUMNS_U "ts,ts_ns,frame,idx,b"
#define COLUMNS_R "row_no,frame,column_name,reason,raw_bytes,raw"

static void test_folders(void **state)
{
	struct pa_spool *s;
	struct pa_error err = {0};
	struct stat st;
	char *file;

	(void)state;
	/* Made where they are missing, for their owner alone. */
	file = path_of("new", NULL, NULL);
	world.config.dir = file;
	pa_spool_free(open_spool());
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_string_equal(list("new", NULL), "ready rejects tmp");
	pa_spool_free(open_spool());

	world.config.dir = path_of("no/such", NULL, NULL);
	assert_int_equal(pa_spool_new(&world.config, &s, &err), PA_EIO);
	assert_int_equal(err.sys, ENOENT);
	assert_ok(pa_io_write_file(AT_FDCWD, path_of("file", NULL, NULL), "", 0, NULL));
	world.config.dir = path_of("file", NULL, NULL);
	err = (struct pa_error){0};
	assert_int_equal(pa_spool_new(&world.config, &s, &err), PA_EIO);
	assert_int_equal(err.sys, ENOTDIR);
	pa_spool_free(NULL);
}

static void test_a_batch(void **state)
{
	struct pa_spool *s = open_spool();
	struct pa_manifest m;
	struct stat st;

	(void)state;
	assert_false(pa_spool_pending(s));
	put_packet(s, 1, 1, "one\n");
	assert_true(pa_spool_pending(s));
	put(s, 1, 1, 1, "x\ny\n");
	put_packet(s, 2, 2, "two\n");
	put_packet(s, 3, 3, "three\n");
	put(s, 1, 3, 3, "z\n");
	put_reject(s, 4, "a", "a: not good", &SLICE("4\tbad\\row\r"), 1);
	assert_string_equal(list("ready", NULL), "");
	flush(s, PA_CAPTURE_COMPLETE);
	pa_spool_free(s);

	assert_int_equal(n_batches(), 1);
	assert_string_equal(list("ready", batch(0)), "manifest profile rejects.csv t.csv u.csv");
	assert_string_equal(list("rejects", NULL), "");
	assert_int_equal(strspn(batch(0), "0123456789abcdef"), 16);
	assert_string_equal(batch(0) + 16, "-0000000001");
	assert_int_equal(stat(path_of("ready", batch(0), NULL), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(path_of("ready", batch(0), "t.csv"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	read_manifest(batch(0), &m);
	assert_file(&m, "t", COLUMNS_T, SLICE("one\ntwo\nthree\n"));
	assert_file(&m, "u", COLUMNS_U, SLICE("x\ny\nz\n"));
	assert_file(&m, "rejects", COLUMNS_R,
	            SLICE("4\t4\ta\ta: not good\t10\t4\\tbad\\\\row\\r\n"));
	assert_int_equal(m.n_tables, 3);
	assert_string_equal(m.profile, "test");
	assert_memory_equal(m.profile_sha256, world.p->sha256, PA_SHA256_BYTES);
	assert_string_equal(m.sensor, "gate");
	assert_memory_equal(m.capture_sha256, world.config.capture_sha256, PA_SHA256_BYTES);
	assert_string_equal(m.capture_name, "a.pcap");
	assert_int_equal(m.capture_bytes, 12345);
	assert_true(m.has_capture_packets);
	assert_int_equal(m.capture_packets, 20);
	assert_int_equal(m.first_row, 1);
	assert_int_equal(m.last_row, 4);
	assert_int_equal(m.packets, 3);
	assert_int_equal(m.rejected, 1);
	assert_int_equal(m.filtered, 0);
	assert_int_equal(m.cut, 2);
	assert_int_equal(m.end, PA_CAPTURE_COMPLETE);
	assert_string_equal(m.dialect, "4.4");
	assert_string_equal(m.tshark, "TShark 4.4.6");
	assert_string_equal(m.first_ts, "2017-03-13 00:10:24.000000");
	assert_string_equal(m.last_ts, "2017-03-13 00:10:26.000000");
	pa_manifest_done(&m);
}

static void test_first_and_last_time(void **state)
{
	static const struct pa_time times[] = {{500, 7000}, {400, 9000}, {400, 8000},
	                                       {600, 1000}, {600, 2000}, {450, 0}};
	struct pa_spool *s = open_spool();
	struct pa_manifest m;

	(void)state;
	for (size_t i = 0; i < N_OF(times); i++) {
		const struct pa_outcome_info info = {.time = times[i], .frame = i + 1};

		pa_spool_packet(s, i + 1, &info);
	}
	flush(s, PA_CAPTURE_OPEN);
	pa_spool_free(s);
	read_manifest(batch(0), &m);
	assert_string_equal(m.first_ts, "1970-01-01 00:06:40.000008");
	assert_string_equal(m.last_ts, "1970-01-01 00:10:00.000002");
	assert_int_equal(m.end, PA_CAPTURE_OPEN);
	pa_manifest_done(&m);
}

/* By time, then frame; what came together stays together, and in its order. */
static void test_rows_are_sorted(void **state)
{
	struct pa_spool *s = open_spool();
	struct pa_manifest m;

	(void)state;
	put_packet(s, 1, 50, "50-1\n");
	put_packet(s, 2, 30, "30-2\n");
	put(s, 0, 20, 7, "20-7a\n20-7b\n20-7c\n");
	put(s, 0, 20, 6, "20-6\n");
	put(s, 0, 20, 6, "20-6 again\n");
	put_packet(s, 3, 60, "60-3\n");
	put_packet(s, 4, 1, "1-4\n");
	put(s, 1, 9, 1, "in\n");
	put(s, 1, 9, 2, "order\n");
	flush(s, PA_CAPTURE_OPEN);
	pa_spool_free(s);
	read_manifest(batch(0), &m);
	assert_file(&m, "t", COLUMNS_T,
	            SLICE("1-4\n20-6\n20-6 again\n20-7a\n20-7b\n20-7c\n30-2\n50-1\n60-3\n"));
	assert_file(&m, "u", COLUMNS_U, SLICE("in\norder\n"));
	pa_manifest_done(&m);
}

static void test_many_rows_are_sorted(void **state)
{
	struct pa_spool *s = open_spool();
	struct pa_manifest m;
	struct pa_buf want;
	uint32_t at = 0;

	(void)state;
	/* 7919 is prime: every time from 0 to 4999 once. */
	for (uint32_t i = 0; i < 5000; i++) {
		char line[20];

		at = (at + 7919) % 5000;
		snprintf(line, sizeof(line), "%u\n", at);
		put_packet(s, i + 1, at, line);
	}
	flush(s, PA_CAPTURE_OPEN);
	pa_spool_free(s);
	pa_buf_init(&want, SIZE_MAX);
	for (uint32_t i = 0; i < 5000; i++)
		assert_ok(pa_buf_printf(&want, "%u\n", i));
	read_manifest(batch(0), &m);
	assert_file(&m, "t", COLUMNS_T, of_buf(&want));
	pa_manifest_done(&m);
	pa_buf_done(&want);
}

/* Row ranges without a gap, each batch at its limit. */
static void test_limits(void **state)
{
	struct pa_spool *s = open_spool();
	struct pa_slice raw = SLICE("bad");
	struct pa_manifest m;
	uint64_t expected_first = 1;

	(void)state;
	for (uint64_t row = 1; row <= 25; row++) {
		if (row % 5 == 0)
			put_reject(s, row, NULL, "bad", &raw, 1);
		else
			put_packet(s, row, row, "x\n");
		assert_int_equal(pa_spool_full(s), row % 10 == 0);
		if (pa_spool_full(s))
			flush(s, PA_CAPTURE_OPEN);
	}
	flush(s, PA_CAPTURE_TRUNCATED);
	pa_spool_free(s);
	assert_int_equal(n_batches(), 3);
	for (size_t i = 0; i < 3; i++) {
		read_manifest(batch(i), &m);
		assert_int_equal(m.first_row, expected_first);
		assert_int_equal(m.last_row, i < 2 ? expected_first + 9 : 25);
		assert_int_equal(m.packets, i < 2 ? 8 : 4);
		assert_int_equal(m.rejected, i < 2 ? 2 : 1);
		assert_int_equal(m.end, i < 2 ? PA_CAPTURE_OPEN : PA_CAPTURE_TRUNCATED);
		assert_memory_equal(m.batch_id, batch(0), 16);
		assert_int_equal(strtoul(m.batch_id + 17, NULL, 10), expected_first);
		expected_first = m.last_row + 1;
		pa_manifest_done(&m);
	}
}

static void test_limit_of_bytes(void **state)
{
	struct pa_spool *s;
	char text[101];
	struct pa_slice raw;

	(void)state;
	memset(text, 'x', 99);
	text[99] = '\n';
	text[100] = '\0';
	world.config.batch_rows = 1000;
	s = open_spool();
	/* All tables and the rejects count. */
	for (uint64_t row = 1; row <= 4; row++) {
		put_packet(s, row, row, text);
		put(s, 1, row, (uint32_t)row, text);
		assert_false(pa_spool_full(s));
	}
	raw = (struct pa_slice){(const uint8_t *)text, 99};
	put_reject(s, 5, NULL, "bad", &raw, 1);
	assert_false(pa_spool_full(s));
	put_packet(s, 6, 6, text);
	assert_true(pa_spool_full(s));
	flush(s, PA_CAPTURE_OPEN);
	pa_spool_free(s);
}

static void test_empty_batches(void **state)
{
	struct pa_spool *s = open_spool();
	struct pa_manifest m;

	(void)state;
	flush(s, PA_CAPTURE_OPEN);
	assert_int_equal(n_batches(), 0);
	assert_ok(pa_spool_flush(s, PA_CAPTURE_COMPLETE, PA_DIALECT_AUTO, NULL));
	pa_spool_free(s);
	assert_int_equal(n_batches(), 1);
	assert_string_equal(list("ready", batch(0)), "manifest profile");
	read_manifest(batch(0), &m);
	assert_int_equal(m.first_row, 1);
	assert_int_equal(m.last_row, 0);
	assert_int_equal(m.n_tables, 0);
	assert_string_equal(m.first_ts, "");
	assert_string_equal(m.last_ts, "");
	assert_string_equal(m.dialect, "");
	pa_manifest_done(&m);
}

static void test_an_empty_last_batch(void **state)
{
	struct pa_spool *s = open_spool();
	struct pa_manifest m;

	(void)state;
	put_packet(s, 1, 1, "x\n");
	flush(s, PA_CAPTURE_OPEN);
	assert_ok(pa_spool_flush(s, PA_CAPTURE_COMPLETE, PA_DIALECT_4_0, NULL));
	pa_spool_free(s);
	assert_int_equal(n_batches(), 2);
	read_manifest(batch(1), &m);
	assert_int_equal(m.first_row, 2);
	assert_int_equal(m.last_row, 1);
	assert_int_equal(m.end, PA_CAPTURE_COMPLETE);
	assert_string_equal(m.dialect, "4.0");
	pa_manifest_done(&m);
}

/* The ten digits of a batch id hold no later first row, and the loader lists no longer id. */
static void test_the_last_row_of_all(void **state)
{
	const struct pa_outcome_info info = {.time = {SECOND, 0}, .frame = 1};
	struct pa_spool *s = open_spool();
	struct pa_error err = {0};

	(void)state;
	pa_spool_packet(s, 9999999998, &info);
	flush(s, PA_CAPTURE_OPEN);
	pa_spool_packet(s, 9999999999, &info);
	flush(s, PA_CAPTURE_OPEN);
	assert_int_equal(n_batches(), 2);
	assert_string_equal(batch(1) + 17, "9999999999");
	pa_spool_packet(s, 10000000000, &info);
	assert_int_equal(pa_spool_flush(s, PA_CAPTURE_OPEN, PA_DIALECT_4_4, &err), PA_ELIMIT);
	assert_non_null(strstr(err.msg, "9999999999 rows"));
	assert_int_equal(n_batches(), 2);
	pa_spool_free(s);
}

/* Rows without anything in a table: the batch has no such file. */
static void test_only_rejects(void **state)
{
	struct pa_spool *s = open_spool();
	struct pa_slice pieces[] = {LIT("first\0"), LIT(""), LIT("\tpiece"), LIT("\n")};
	struct pa_manifest m;

	(void)state;
	put_reject(s, 1, NULL, "no end", pieces, N_OF(pieces));
	put_reject(s, 2, "b", "tab\there", NULL, 0);
	flush(s, PA_CAPTURE_COMPLETE);
	pa_spool_free(s);
	assert_string_equal(list("ready", batch(0)), "manifest profile rejects.csv");
	read_manifest(batch(0), &m);
	assert_int_equal(m.packets, 0);
	assert_string_equal(m.first_ts, "");
	assert_file(&m, "rejects", COLUMNS_R,
	            SLICE("1\t\\N\t\\N\tno end\t13\tfirst\\0\\tpiece\\n\n"
	                  "2\t2\tb\ttab\\there\t0\t\n"));
	pa_manifest_done(&m);
}

static void test_long_rejects(void **state)
{
	enum { TOO_MUCH = PA_REJECT_RAW_MAX + 100000 };
	static const size_t steps[] = {TOO_MUCH, 1000003, PA_REJECT_RAW_MAX, 65536};
	uint8_t *row = malloc(TOO_MUCH);
	struct pa_buf b;

	(void)state;
	assert_non_null(row);
	pa_buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < TOO_MUCH; i++)
		row[i] = (uint8_t)('a' + i % 26);
	for (size_t i = 0; i < N_OF(steps); i++) {
		/* Exactly the limit, and above it. */
		for (int above = 0; above < 2; above++) {
			size_t len =
			    above ? (i == 0 ? PA_REJECT_RAW_MAX + 1 : TOO_MUCH) : PA_REJECT_RAW_MAX;
			struct pa_slice pieces[100];
			size_t n = 0;
			struct pa_spool *s;
			char name[64];
			const uint8_t *raw;

			for (size_t at = 0; at < len; at += pieces[n++].len)
				pieces[n] = (struct pa_slice){
				    row + at, len - at < steps[i] ? len - at : steps[i]};
			world.config.capture_sha256[0] = (uint8_t)(10 + 2 * i + (size_t)above);
			s = open_spool();
			put_packet(s, 1, 1, "x\n");
			put_reject(s, 2, NULL, "long", pieces, n);
			put_reject(s, 3, NULL, "short", &SLICE("y"), 1);
			flush(s, PA_CAPTURE_COMPLETE);
			pa_spool_free(s);

			slurp(path_of("ready", batch(0), "rejects.csv"), &b);
			raw = memmem(b.ptr, b.len, "abc", 3);
			assert_non_null(raw);
			assert_memory_equal(raw, row, PA_REJECT_RAW_MAX);
			assert_memory_equal(raw + PA_REJECT_RAW_MAX, "\n3\t", 3);
			snprintf(name, sizeof(name), "2\t\\N\t\\N\tlong\t%zu\t", len);
			assert_memory_equal(b.ptr, name, strlen(name));
			snprintf(name, sizeof(name), "%.16s-%010u.raw", batch(0), 2u);
			if (above) {
				assert_string_equal(list("rejects", NULL), name);
				assert_slice(slurp(path_of("rejects", name, NULL), &b),
				             ((struct pa_slice){row, len}));
				assert_int_equal(unlink(path_of("rejects", name, NULL)), 0);
			} else {
				assert_string_equal(list("rejects", NULL), "");
			}
			assert_ok(
			    pa_io_remove_dir(AT_FDCWD, path_of("ready", batch(0), NULL), NULL));
		}
	}
	pa_buf_done(&b);
	free(row);
}

static void one_batch(void)
{
	struct pa_spool *s = open_spool();

	put_packet(s, 1, 1, "x\n");
	flush(s, PA_CAPTURE_COMPLETE);
	pa_spool_free(s);
}

/* The same capture again makes the same batch, and finds it there. */
static void test_the_same_again(void **state)
{
	struct stat before;
	struct stat after;

	(void)state;
	one_batch();
	assert_int_equal(stat(path_of("ready", batch(0), "manifest"), &before), 0);
	one_batch();
	assert_int_equal(n_batches(), 1);
	assert_int_equal(stat(path_of("ready", batch(0), "manifest"), &after), 0);
	assert_true(before.st_ino == after.st_ino);
}

/* Everything that the name is made of, one by one; and something that it is not. */
static void test_ids(void **state)
{
	struct pa_profile *other;
	size_t n = 1;

	(void)state;
	one_batch();
	world.config.sensor = "gat";
	one_batch();
	assert_int_equal(n_batches(), ++n);
	world.config.capture_sha256[31] = 1;
	one_batch();
	assert_int_equal(n_batches(), ++n);
	world.config.batch_rows++;
	one_batch();
	assert_int_equal(n_batches(), ++n);
	world.config.batch_bytes++;
	one_batch();
	assert_int_equal(n_batches(), ++n);
	assert_ok(pa_profile_read("test2", SLICE("[t]\na text x.a\n[u] each x.b\nb text x.b\n"),
	                          NULL, &other, NULL));
	world.config.profile = other;
	one_batch();
	assert_int_equal(n_batches(), ++n);
	pa_profile_free(other);
	assert_ok(pa_profile_read("test", SLICE("[t]\na text x.a\n[u] each x.b\nc text x.b\n"),
	                          NULL, &other, NULL));
	world.config.profile = other;
	one_batch();
	assert_int_equal(n_batches(), ++n);
	world.config.capture_name = "other.pcap";
	world.config.tshark = "";
	world.config.tshark_args = "-n";
	world.config.filter = "x 2";
	world.config.capture_bytes = 0;
	world.config.has_capture_packets = 0;
	one_batch();
	assert_int_equal(n_batches(), n);
	/* One that replaces has names of its own, for each tshark. */
	world.config.replaces = 1;
	one_batch();
	assert_int_equal(n_batches(), ++n);
	world.config.tshark = "TShark 4.6.0";
	one_batch();
	assert_int_equal(n_batches(), ++n);
	world.config.tshark_args = "-N";
	one_batch();
	assert_int_equal(n_batches(), n);
	pa_profile_free(other);
}

/* The profile's text lies beside the manifest, which says nothing that nobody told it. */
static void test_the_passport(void **state)
{
	struct pa_manifest m;
	struct pa_buf want;
	struct pa_buf got;
	uint8_t sum[PA_SHA256_BYTES];

	(void)state;
	one_batch();
	read_manifest(batch(0), &m);
	assert_null(m.tshark_args);
	assert_null(m.filter);
	assert_int_equal(m.replaces, 0);
	pa_manifest_done(&m);
	pa_buf_init(&want, SIZE_MAX);
	pa_buf_init(&got, SIZE_MAX);
	assert_ok(pa_profile_text(world.p, &want));
	assert_slice(slurp(path_of("ready", batch(0), "profile"), &got), of_buf(&want));
	assert_ok(pa_sha256_of(got.ptr, got.len, sum));
	assert_memory_equal(sum, world.p->sha256, sizeof(sum));
	pa_buf_done(&want);
	pa_buf_done(&got);
}

static void test_the_manifest_says_who_made_it(void **state)
{
	struct pa_manifest m;

	(void)state;
	world.config.tshark_args = "-E aggregator=$'\\xff'";
	world.config.filter = "tshark2csv 1";
	world.config.replaces = 1;
	one_batch();
	read_manifest(batch(0), &m);
	assert_string_equal(m.tshark_args, "-E aggregator=$'\\xff'");
	assert_string_equal(m.filter, "tshark2csv 1");
	assert_int_equal(m.replaces, 1);
	pa_manifest_done(&m);
}

static void test_unfinished_batches_are_swept(void **state)
{
	struct pa_spool *s;
	int lock;

	(void)state;
	pa_spool_free(open_spool());
	assert_int_equal(mkdir(path_of("tmp", "dead", NULL), 0700), 0);
	assert_ok(pa_io_write_file(AT_FDCWD, path_of("tmp", "dead", "t.csv"), "x", 1, NULL));
	assert_int_equal(mkdir(path_of("tmp", "empty", NULL), 0700), 0);
	assert_int_equal(mkdir(path_of("tmp", "live", NULL), 0700), 0);
	assert_ok(pa_io_write_file(AT_FDCWD, path_of("tmp", "live", "t.csv"), "x", 1, NULL));
	assert_int_equal(mkdir(path_of("kept", NULL, NULL), 0700), 0);
	assert_ok(pa_io_write_file(AT_FDCWD, path_of("kept", "file", NULL), "x", 1, NULL));
	assert_int_equal(symlink("../kept", path_of("tmp", "link", NULL)), 0);
	lock = open(path_of("tmp", "live", NULL), O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	s = open_spool();
	assert_string_equal(list("tmp", NULL), "link live");
	assert_string_equal(list("tmp", "live"), "t.csv");
	assert_string_equal(list("kept", NULL), "file");
	close(lock);
	pa_spool_free(s);
	pa_spool_free(open_spool());
	assert_string_equal(list("tmp", NULL), "link");
}

static void test_free_forgets_the_batch(void **state)
{
	struct pa_spool *s = open_spool();
	struct pa_slice raw = SLICE("x");

	(void)state;
	put_packet(s, 1, 1, "x\n");
	put_reject(s, 2, NULL, "bad", &raw, 1);
	pa_spool_free(s);
	assert_string_equal(list("ready", NULL), "");
	assert_string_equal(list("tmp", NULL), "");
}

static void limit_files(rlim_t bytes, struct rlimit *old)
{
	struct rlimit small;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, old), 0);
	small = (struct rlimit){bytes, old->rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
}

/* As on a full disk, at each byte of the largest file: nothing is published, nothing left over,
 * and a later flush writes the batch as if nothing had been. */
static void test_a_full_disk(void **state)
{
	enum { LINE_BYTES = sizeof("row 01 of sixty, in reverse\n") - 1 };
	struct pa_spool *s = open_spool();
	struct pa_manifest m;
	struct pa_buf want;
	char line[40];

	(void)state;
	for (uint64_t row = 1; row <= 60; row++) {
		snprintf(line, sizeof(line), "row %02llu of sixty, in reverse\n",
		         (unsigned long long)(61 - row));
		put_packet(s, row, 61 - row, line);
	}
	put(s, 1, 1, 1, "u\n");
	for (rlim_t room = 0; room < 60 * LINE_BYTES; room += 33) {
		struct pa_error err = {0};
		struct rlimit old;
		enum pa_status st;

		limit_files(room, &old);
		st = pa_spool_flush(s, PA_CAPTURE_COMPLETE, PA_DIALECT_4_4, &err);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_int_equal(st, PA_EIO);
		assert_int_equal(err.sys, EFBIG);
		assert_string_equal(list("ready", NULL), "");
		assert_string_equal(list("tmp", NULL), "");
		assert_true(pa_spool_pending(s));
	}
	flush(s, PA_CAPTURE_COMPLETE);
	pa_spool_free(s);
	read_manifest(batch(0), &m);
	assert_int_equal(m.packets, 60);
	assert_int_equal(m.tables[0].bytes, 60 * LINE_BYTES);
	assert_int_equal(m.tables[0].rows, 60);
	pa_buf_init(&want, SIZE_MAX);
	for (unsigned i = 1; i <= 60; i++)
		assert_ok(pa_buf_printf(&want, "row %02u of sixty, in reverse\n", i));
	assert_file(&m, "t", COLUMNS_T, of_buf(&want));
	pa_buf_done(&want);
	pa_manifest_done(&m);
}

static void test_a_full_disk_under_a_long_reject(void **state)
{
	struct pa_spool *s = open_spool();
	const struct pa_outcome_info info = {.outcome = PA_ROW_REJECTED, .reason = "long"};
	uint8_t *row = calloc(1, PA_REJECT_RAW_MAX + 1);
	struct pa_error err = {0};
	struct rlimit old;
	enum pa_status st;

	(void)state;
	assert_non_null(row);
	assert_ok(pa_spool_reject_begin(s, 1, &info, &err));
	limit_files(1000, &old);
	st = pa_spool_reject_bytes(s, (struct pa_slice){row, PA_REJECT_RAW_MAX + 1}, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(st, PA_EIO);
	assert_int_equal(err.sys, EFBIG);
	pa_spool_free(s);
	free(row);
}

static void test_lost_folders(void **state)
{
	struct pa_spool *s = open_spool();
	struct pa_error err = {0};

	(void)state;
	put_packet(s, 1, 1, "x\n");
	assert_int_equal(rmdir(path_of("tmp", NULL, NULL)), 0);
	assert_int_equal(pa_spool_flush(s, PA_CAPTURE_OPEN, PA_DIALECT_4_4, &err), PA_EIO);
	assert_int_equal(err.sys, ENOENT);
	pa_spool_free(s);

	s = open_spool();
	put_packet(s, 1, 1, "x\n");
	assert_int_equal(rmdir(path_of("ready", NULL, NULL)), 0);
	err = (struct pa_error){0};
	assert_int_equal(pa_spool_flush(s, PA_CAPTURE_OPEN, PA_DIALECT_4_4, &err), PA_EIO);
	assert_int_equal(err.sys, ENOENT);
	assert_string_equal(list("tmp", NULL), "");
	pa_spool_free(s);
}

static int ignore_signals(void **state)
{
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_folders),
	    TEST(test_a_batch),
	    TEST(test_first_and_last_time),
	    TEST(test_rows_are_sorted),
	    TEST(test_many_rows_are_sorted),
	    TEST(test_limits),
	    TEST(test_limit_of_bytes),
	    TEST(test_empty_batches),
	    TEST(test_an_empty_last_batch),
	    TEST(test_the_last_row_of_all),
	    TEST(test_only_rejects),
	    TEST(test_long_rejects),
	    TEST(test_the_same_again),
	    TEST(test_ids),
	    TEST(test_the_passport),
	    TEST(test_the_manifest_says_who_made_it),
	    TEST(test_unfinished_batches_are_swept),
	    TEST(test_free_forgets_the_batch),
	    TEST(test_a_full_disk),
	    TEST(test_a_full_disk_under_a_long_reject),
	    TEST(test_lost_folders),
	};

	return cmocka_run_group_tests(tests, ignore_signals, NULL);
}
