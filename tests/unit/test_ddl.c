#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pcapanalyzer/ddl.h"

#define BYTES_MAX (1024 * 1024)

/* One column of every type, a table with idx, keys with and without prefix. */
static const char profile_text[] = "[every]\n"
                                   "at        time      x.time\n"
                                   "ns        nanos     x.time\n"
                                   "u8        uint8     x.u8\n"
                                   "u16       uint16    x.u16\n"
                                   "u32       uint32    x.u32\n"
                                   "u64       uint64    x.u64\n"
                                   "i8        int8      x.i8\n"
                                   "i16       int16     x.i16\n"
                                   "i32       int32     x.i32\n"
                                   "i64       int64     x.i64\n"
                                   "real      double    x.real\n"
                                   "yes       bool      x.yes\n"
                                   "seen      present   x.seen\n"
                                   "sign      char      x.sign\n"
                                   "eui       eui64     x.eui\n"
                                   "guid      guid      x.guid\n"
                                   "ip        ip        x.ip\n"
                                   "mac       mac       x.mac\n"
                                   "few       bytes(16) x.few\n"
                                   "many      bytes     x.many\n"
                                   "line      text(40)  x.line\n"
                                   "long      text(769) x.line\n"
                                   "longish   text(768) x.line\n"
                                   "story     text      x.story\n"
                                   "list      json      x.list\n"
                                   "span      duration  x.span\n"
                                   "marks     set       x.a.one | x.b.two | x.three\n"
                                   "flow      community_id @layer\n"
                                   "key       ip ts\n"
                                   "key       story(32) line(8) u8\n"
                                   "\n"
                                   "[small] each @layer\n"
                                   "src       ip        ip.src | ipv6.src\n"
                                   "port      uint16    tcp.srcport\n"
                                   "hw        mac       eth.src\n"
                                   "raw       bytes(8)  x.raw\n"
                                   "eui       eui64     x.eui\n"
                                   "guid      guid      x.guid\n"
                                   "sign      char      x.sign\n"
                                   "\n"
                                   "[whole]\n"
                                   "mac       mac       x.mac\n";

#define TAIL "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC"

static const char every_table[] =
    "CREATE TABLE IF NOT EXISTS `every` (\n"
    "\t`ts` DATETIME(6) NOT NULL,\n"
    "\t`ts_ns` SMALLINT UNSIGNED NOT NULL,\n"
    "\t`capture_id` INT UNSIGNED NOT NULL,\n"
    "\t`frame` INT UNSIGNED NOT NULL,\n"
    "\t`at` DATETIME(6) NULL,\n"
    "\t`ns` SMALLINT UNSIGNED NULL,\n"
    "\t`u8` TINYINT UNSIGNED NULL,\n"
    "\t`u16` SMALLINT UNSIGNED NULL,\n"
    "\t`u32` INT UNSIGNED NULL,\n"
    "\t`u64` BIGINT UNSIGNED NULL,\n"
    "\t`i8` TINYINT NULL,\n"
    "\t`i16` SMALLINT NULL,\n"
    "\t`i32` INT NULL,\n"
    "\t`i64` BIGINT NULL,\n"
    "\t`real` DOUBLE NULL,\n"
    "\t`yes` BOOLEAN NULL,\n"
    "\t`seen` BOOLEAN NULL,\n"
    "\t`sign` BINARY(1) NULL,\n"
    "\t`eui` BINARY(8) NULL,\n"
    "\t`guid` BINARY(16) NULL,\n"
    "\t`ip` VARBINARY(16) NULL,\n"
    "\t`mac` BINARY(6) NULL,\n"
    "\t`few` VARBINARY(16) NULL,\n"
    "\t`many` LONGBLOB NULL,\n"
    "\t`line` VARCHAR(40) NULL,\n"
    "\t`long` TEXT(769) NULL,\n"
    "\t`longish` VARCHAR(768) NULL,\n"
    "\t`story` LONGTEXT NULL,\n"
    "\t`list` LONGTEXT NULL,\n"
    "\t`span` DECIMAL(20,9) NULL,\n"
    "\t`marks` SET('one','two','three') NULL,\n"
    "\t`flow` CHAR(30) CHARACTER SET ascii COLLATE ascii_bin NULL,\n"
    "\t`cut` TINYINT UNSIGNED NOT NULL DEFAULT 0,\n"
    "\tPRIMARY KEY (`ts`, `capture_id`, `frame`),\n"
    "\tKEY (`ip`, `ts`),\n"
    "\tKEY (`story`(32), `line`(8), `u8`)\n"
    ") " TAIL "\n"
    "PARTITION BY RANGE COLUMNS (`ts`) (PARTITION `p_max` VALUES LESS THAN (MAXVALUE));\n";

static const char small_table[] =
    "CREATE TABLE IF NOT EXISTS `small` (\n"
    "\t`ts` DATETIME(6) NOT NULL,\n"
    "\t`ts_ns` SMALLINT UNSIGNED NOT NULL,\n"
    "\t`capture_id` INT UNSIGNED NOT NULL,\n"
    "\t`frame` INT UNSIGNED NOT NULL,\n"
    "\t`idx` INT UNSIGNED NOT NULL,\n"
    "\t`src` VARBINARY(16) NULL,\n"
    "\t`port` SMALLINT UNSIGNED NULL,\n"
    "\t`hw` BINARY(6) NULL,\n"
    "\t`raw` VARBINARY(8) NULL,\n"
    "\t`eui` BINARY(8) NULL,\n"
    "\t`guid` BINARY(16) NULL,\n"
    "\t`sign` BINARY(1) NULL,\n"
    "\t`cut` TINYINT UNSIGNED NOT NULL DEFAULT 0,\n"
    "\tPRIMARY KEY (`ts`, `capture_id`, `frame`, `idx`)\n"
    ") " TAIL "\n"
    "PARTITION BY RANGE COLUMNS (`ts`) (PARTITION `p_max` VALUES LESS THAN (MAXVALUE));\n";

/* Nothing in it can be cut. */
static const char whole_table[] =
    "CREATE TABLE IF NOT EXISTS `whole` (\n"
    "\t`ts` DATETIME(6) NOT NULL,\n"
    "\t`ts_ns` SMALLINT UNSIGNED NOT NULL,\n"
    "\t`capture_id` INT UNSIGNED NOT NULL,\n"
    "\t`frame` INT UNSIGNED NOT NULL,\n"
    "\t`mac` BINARY(6) NULL,\n"
    "\tPRIMARY KEY (`ts`, `capture_id`, `frame`)\n"
    ") " TAIL "\n"
    "PARTITION BY RANGE COLUMNS (`ts`) (PARTITION `p_max` VALUES LESS THAN (MAXVALUE));\n";

static const char small_view[] =
    "CREATE OR REPLACE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `v_small` AS\n"
    "SELECT\n"
    "\t`ts`,\n"
    "\t`ts_ns`,\n"
    "\t`capture_id`,\n"
    "\t`frame`,\n"
    "\t`idx`,\n"
    "\tINET6_NTOA(`src`) AS `src`,\n"
    "\t`port`,\n"
    "\tINSERT(INSERT(INSERT(INSERT(INSERT(LOWER(HEX(`hw`)), 11, 0, ':'), 9, 0, ':'), "
    "7, 0, ':'), 5, 0, ':'), 3, 0, ':') AS `hw`,\n"
    "\tLOWER(HEX(`raw`)) AS `raw`,\n"
    "\tINSERT(INSERT(INSERT(INSERT(INSERT(INSERT(INSERT(LOWER(HEX(`eui`)), 15, 0, ':'), "
    "13, 0, ':'), 11, 0, ':'), 9, 0, ':'), 7, 0, ':'), 5, 0, ':'), 3, 0, ':') AS `eui`,\n"
    "\tINSERT(INSERT(INSERT(INSERT(LOWER(HEX(`guid`)), 21, 0, '-'), 17, 0, '-'), 13, 0, '-'), "
    "9, 0, '-') AS `guid`,\n"
    "\tCONVERT(`sign` USING latin1) AS `sign`,\n"
    "\t`cut`\n"
    "FROM `small`;\n";

#define READABLE_COLUMNS                                                                           \
	"(`ts`, `ts_ns`, `capture_id`, `frame`, `idx`, @`src`, `port`, @`hw`, @`raw`, @`eui`, "    \
	"@`guid`, @`sign`, `cut`)\n"                                                               \
	"SET `src` = INET6_ATON(CONVERT(@`src` USING utf8mb4)),\n"                                 \
	"\t`hw` = UNHEX(REPLACE(@`hw`, ':', '')),\n"                                               \
	"\t`raw` = UNHEX(@`raw`),\n"                                                               \
	"\t`eui` = UNHEX(REPLACE(@`eui`, ':', '')),\n"                                             \
	"\t`guid` = UNHEX(REPLACE(@`guid`, '-', '')),\n"                                           \
	"\t`sign` = CONVERT(CONVERT(@`sign` USING utf8mb4) USING latin1);\n"

static const struct {
	enum pa_format format;
	const char *file, *sql;
} loads[] = {
    {PA_FORMAT_MYSQL, "small.csv",
     "LOAD DATA LOCAL INFILE 'small.csv' REPLACE INTO TABLE `small` CHARACTER SET binary\n"
     "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '\\\\' "
     "LINES TERMINATED BY '\\n'\n" READABLE_COLUMNS},
    {PA_FORMAT_TSV, "it's \\a",
     "LOAD DATA LOCAL INFILE 'it''s \\\\a' REPLACE INTO TABLE `small` CHARACTER SET binary\n"
     "FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'\n" READABLE_COLUMNS},
    {PA_FORMAT_RFC4180, "/dev/stdin",
     "LOAD DATA LOCAL INFILE '/dev/stdin' REPLACE INTO TABLE `small` CHARACTER SET binary\n"
     "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' "
     "LINES TERMINATED BY '\\r\\n' IGNORE 1 LINES\n"
     "(`ts`, `ts_ns`, `capture_id`, `frame`, `idx`, @`src`, @`port`, @`hw`, @`raw`, @`eui`, "
     "@`guid`, @`sign`, `cut`)\n"
     "SET `src` = INET6_ATON(CONVERT(NULLIF(@`src`, '') USING utf8mb4)),\n"
     "\t`port` = NULLIF(@`port`, ''),\n"
     "\t`hw` = UNHEX(REPLACE(NULLIF(@`hw`, ''), ':', '')),\n"
     "\t`raw` = UNHEX(NULLIF(@`raw`, '')),\n"
     "\t`eui` = UNHEX(REPLACE(NULLIF(@`eui`, ''), ':', '')),\n"
     "\t`guid` = UNHEX(REPLACE(NULLIF(@`guid`, ''), '-', '')),\n"
     "\t`sign` = CONVERT(CONVERT(NULLIF(@`sign`, '') USING utf8mb4) USING latin1);\n"},
};

struct fixture {
	struct pa_profile *p;
	struct pa_buf out;
};

static int set_up(void **state)
{
	static struct fixture f;
	struct pa_error err = {0};

	pa_buf_init(&f.out, BYTES_MAX);
	if (pa_profile_read("test", pa_slice_of(profile_text), NULL, &f.p, &err) != PA_OK) {
		print_error("line %u: %s\n", (unsigned)err.row, err.msg);
		return -1;
	}
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pa_profile_free(f->p);
	pa_buf_done(&f->out);
	return 0;
}

static const struct pa_table *table(const struct fixture *f, const char *name)
{
	const struct pa_table *t = pa_profile_table(f->p, name);

	assert_non_null(t);
	return t;
}

static const char *text(struct fixture *f)
{
	assert_int_equal(pa_buf_putc(&f->out, 0), PA_OK);
	f->out.len--;
	return (const char *)f->out.ptr;
}

static void test_quoting(void **state)
{
	static const struct {
		const char *in, *identifier, *literal;
	} rows[] = {
	    {"plain", "`plain`", "'plain'"},
	    {"", "``", "''"},
	    {"a`b", "`a``b`", "'a`b'"},
	    {"it's", "`it's`", "'it''s'"},
	    {"\\", "`\\`", "'\\\\'"},
	    {"\\' OR 1=1 -- ", "`\\' OR 1=1 -- `", "'\\\\'' OR 1=1 -- '"},
	    {"\xc3\xa9\n\"", "`\xc3\xa9\n\"`", "'\xc3\xa9\n\"'"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		pa_buf_reset(&f->out);
		assert_int_equal(pa_sql_identifier(&f->out, rows[i].in), PA_OK);
		assert_string_equal(text(f), rows[i].identifier);
		pa_buf_reset(&f->out);
		assert_int_equal(pa_sql_text(&f->out, rows[i].in), PA_OK);
		assert_string_equal(text(f), rows[i].literal);
	}
}

static void test_tables(void **state)
{
	struct fixture *f = *state;

	pa_buf_reset(&f->out);
	assert_int_equal(pa_ddl_table(f->p, table(f, "every"), &f->out), PA_OK);
	assert_string_equal(text(f), every_table);
	pa_buf_reset(&f->out);
	assert_int_equal(pa_ddl_table(f->p, table(f, "small"), &f->out), PA_OK);
	assert_string_equal(text(f), small_table);
	pa_buf_reset(&f->out);
	assert_int_equal(pa_ddl_table(f->p, table(f, "whole"), &f->out), PA_OK);
	assert_string_equal(text(f), whole_table);
}

static void test_views(void **state)
{
	struct fixture *f = *state;

	pa_buf_reset(&f->out);
	assert_int_equal(pa_ddl_view(f->p, table(f, "small"), &f->out), PA_OK);
	assert_string_equal(text(f), small_view);
}

static void test_appends(void **state)
{
	struct fixture *f = *state;

	pa_buf_reset(&f->out);
	assert_int_equal(pa_buf_puts(&f->out, "before "), PA_OK);
	assert_int_equal(pa_ddl_view(f->p, table(f, "small"), &f->out), PA_OK);
	assert_memory_equal(text(f), "before CREATE", 13);
}

static void test_ledger(void **state)
{
	static const char *const names[] = {"sensors", "captures", "passports",
	                                    "batches", "rejects",  "coverage",
	                                    "prunes",  "pruned",   "schema_version"};
	struct fixture *f = *state;
	const char *at;

	pa_buf_reset(&f->out);
	assert_int_equal(pa_ddl_ledger(&f->out), PA_OK);
	at = text(f);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char start[80];

		snprintf(start, sizeof start, "CREATE TABLE IF NOT EXISTS `%s` (\n", names[i]);
		assert_memory_equal(at, start, strlen(start));
		at = strstr(at, ") " TAIL ";\n");
		assert_non_null(at);
		at += strlen(") " TAIL ";\n");
	}
	assert_string_equal(at, "");
}

static void test_load_stdout(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
		pa_buf_reset(&f->out);
		assert_int_equal(pa_ddl_load_stdout(f->p, table(f, "small"), loads[i].format,
		                                    loads[i].file, &f->out),
		                 PA_OK);
		assert_string_equal(text(f), loads[i].sql);
	}
}

static void test_load_rows(void **state)
{
	struct fixture *f = *state;

	pa_buf_reset(&f->out);
	assert_int_equal(pa_ddl_load_rows("dns", "ts,capture_id,na`me", "it's.tsv", &f->out),
	                 PA_OK);
	assert_string_equal(
	    text(f),
	    "LOAD DATA LOCAL INFILE 'it''s.tsv' REPLACE INTO TABLE `dns` CHARACTER SET binary\n"
	    "FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'\n"
	    "(`ts`, `capture_id`, `na``me`);\n");
}

static void test_load_batch(void **state)
{
	static const struct {
		const char *table, *columns, *names, *set;
	} rows[] = {
	    {"packets", "ts,frame", "(`ts`, `frame`)", "`capture_id` = 4294967295"},
	    {"one", "ts", "(`ts`)", "`capture_id` = 4294967295"},
	    {"rejects", "row_no,raw", "(`row_no`, `raw`)",
	     "`capture_id` = 4294967295, `batch_no` = 18446744073709551615"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pa_manifest_table t = {0};
		char columns[64], expected[512];

		snprintf(t.name, sizeof t.name, "%s", rows[i].table);
		snprintf(columns, sizeof columns, "%s", rows[i].columns);
		t.columns = columns;
		snprintf(
		    expected, sizeof expected,
		    "LOAD DATA LOCAL INFILE 'tok' REPLACE INTO TABLE `%s` CHARACTER SET binary\n"
		    "FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'\n"
		    "%s\nSET %s",
		    rows[i].table, rows[i].names, rows[i].set);
		pa_buf_reset(&f->out);
		assert_int_equal(pa_ddl_load_batch(&t, "tok", UINT32_MAX, UINT64_MAX, &f->out),
		                 PA_OK);
		assert_string_equal(text(f), expected);
	}
}

/* Whatever the room, a statement is there whole or not at all. */
static void test_no_room(void **state)
{
	struct fixture *f = *state;
	const struct pa_table *t = table(f, "every");

	for (size_t limit = 2; limit < sizeof every_table - 1; limit++) {
		struct pa_buf out;

		pa_buf_init(&out, limit);
		assert_int_equal(pa_buf_puts(&out, "x"), PA_OK);
		assert_int_equal(pa_ddl_table(f->p, t, &out), PA_ELIMIT);
		assert_int_equal(out.len, 1);
		pa_buf_done(&out);
	}
}

static void test_builtin(void **state)
{
	struct fixture *f = *state;
	struct pa_profile *p;
	struct pa_error err = {0};

	assert_int_equal(pa_profile_read("packets", pa_profile_builtin(), NULL, &p, &err), PA_OK);
	for (unsigned i = 0; i < p->n_tables; i++) {
		pa_buf_reset(&f->out);
		assert_int_equal(pa_ddl_table(p, &p->tables[i], &f->out), PA_OK);
		assert_int_equal(pa_ddl_view(p, &p->tables[i], &f->out), PA_OK);
		assert_non_null(strstr(text(f), p->tables[i].name));
	}
	pa_profile_free(p);
}

static unsigned count(const char *in, const char *what)
{
	unsigned n = 0;

	while ((in = strstr(in, what)) != NULL) {
		in++;
		n++;
	}
	return n;
}

/* Each canned question: a description first, one SELECT, every token, no end mark; and the
 * views in sql/views can be made again. */
static void check_folder(const char *path, int queries)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char name[4096], sql[65536];
		size_t len = strlen(entry->d_name);
		FILE *file;

		if (len < 5 || strcmp(entry->d_name + len - 4, ".sql") != 0)
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		file = fopen(name, "re");
		assert_non_null(file);
		len = fread(sql, 1, sizeof sql - 1, file);
		fclose(file);
		sql[len] = '\0';
		assert_memory_equal(sql, "-- ", 3);
		if (queries) {
			assert_non_null(strstr(sql, "\nSELECT\n"));
			assert_int_equal(count(sql, ";"), 0);
			assert_int_equal(count(sql, ":limit"), 1);
			assert_true(count(sql, ":since") >= 1);
			assert_true(count(sql, ":until") >= 1);
		} else {
			assert_int_equal(count(sql, "\nCREATE OR REPLACE "), 1);
			assert_int_equal(count(sql, "SQL SECURITY INVOKER"), 1);
			assert_int_equal(count(sql, ";\n"), 1);
		}
		n++;
	}
	closedir(dir);
	assert_true(n > 0);
}

static void test_sql_files(void **state)
{
	(void)state;
	check_folder(PA_SOURCE_DIR "/sql/queries", 1);
	check_folder(PA_SOURCE_DIR "/sql/views", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_quoting),   cmocka_unit_test(test_tables),
	    cmocka_unit_test(test_views),     cmocka_unit_test(test_appends),
	    cmocka_unit_test(test_ledger),    cmocka_unit_test(test_load_stdout),
	    cmocka_unit_test(test_load_rows), cmocka_unit_test(test_load_batch),
	    cmocka_unit_test(test_no_room),   cmocka_unit_test(test_builtin),
	    cmocka_unit_test(test_sql_files),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
