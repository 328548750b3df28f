#include "pcapanalyzer/alter.h"
#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/profile.h"
#include "support.h"

static const char ddl[] = "CREATE TABLE IF NOT EXISTS `t` (\n"
                          "\t`ts` DATETIME(6) NOT NULL,\n"
                          "\t`a` INT UNSIGNED NULL,\n"
                          "\t`ab` SET('x','y, `a` (z)') NULL,\n"
                          "\tPRIMARY KEY (`ts`),\n"
                          "\tKEY (`a`, `ts`)\n"
                          ") ENGINE=InnoDB\n"
                          "PARTITION BY RANGE COLUMNS (`ts`) (PARTITION `p_max` ...)";

static void test_column(void **state)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
	    {"ts", "`ts` DATETIME(6) NOT NULL"},
	    {"a", "`a` INT UNSIGNED NULL"},
	    {"ab", "`ab` SET('x','y, `a` (z)') NULL"},
	    {"b", NULL},
	    {"", NULL},
	    {"t", NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice got = {NULL, 0};
		struct pa_slice text = copy_of(pa_slice_of(ddl));

		assert_int_equal(pa_alter_column(text, rows[i].name, &got), rows[i].text != NULL);
		if (rows[i].text)
			assert_text(got, rows[i].text);
		free_copy(text);
	}
	assert_int_equal(pa_alter_column(SLICE(""), "a", &(struct pa_slice){NULL, 0}), 0);
}

static void test_scratch(void **state)
{
	struct pa_buf out;

	(void)state;
	pa_buf_init(&out, 10000);
	assert_ok(pa_alter_scratch(pa_slice_of(ddl), "s`x", &out));
	assert_text(of_buf(&out), "CREATE TEMPORARY TABLE `s``x` (\n"
	                          "\t`ts` DATETIME(6) NOT NULL,\n"
	                          "\t`a` INT UNSIGNED NULL,\n"
	                          "\t`ab` SET('x','y, `a` (z)') NULL,\n"
	                          "\tPRIMARY KEY (`ts`),\n"
	                          "\tKEY (`a`, `ts`)\n"
	                          ") ENGINE=InnoDB");
	assert_int_equal(pa_alter_scratch(SLICE("no table"), "s", &out), PA_EFORMAT);
	pa_buf_done(&out);
	for (size_t limit = 0; limit < 100; limit++) {
		pa_buf_init(&out, limit);
		assert_int_equal(pa_alter_scratch(pa_slice_of(ddl), "s", &out), PA_ELIMIT);
		pa_buf_done(&out);
	}
}

/* Every column of our own statements is found, and no table keeps its partitions. */
static void test_our_own_statements(void **state)
{
	struct pa_profile *p;
	struct pa_buf text;
	struct pa_buf scratch;

	(void)state;
	assert_ok(pa_profile_read("packets", pa_profile_builtin(), NULL, &p, NULL));
	pa_buf_init(&text, SIZE_MAX);
	pa_buf_init(&scratch, SIZE_MAX);
	for (unsigned t = 0; t < p->n_tables; t++) {
		const struct pa_table *table = &p->tables[t];

		pa_buf_reset(&text);
		pa_buf_reset(&scratch);
		assert_ok(pa_ddl_table(p, table, &text));
		for (unsigned i = 0; i < table->n_columns; i++) {
			const char *name = p->columns[table->first_column + i].name;
			struct pa_slice got;

			if (!pa_alter_column(of_buf(&text), name, &got))
				fail_msg("%s.%s", table->name, name);
			assert_false(got.ptr[got.len - 1] == ',');
		}
		assert_ok(pa_alter_scratch(of_buf(&text), "s", &scratch));
		assert_false(has(of_buf(&scratch), "PARTITION"));
		assert_true(has(of_buf(&scratch), "PRIMARY KEY"));
	}
	pa_buf_reset(&text);
	assert_ok(pa_ddl_ledger(&text));
	assert_true(pa_alter_column(of_buf(&text), "passport_id", &(struct pa_slice){NULL, 0}));
	pa_buf_done(&text);
	pa_buf_done(&scratch);
	pa_profile_free(p);
}

static void test_cost(void **state)
{
	static const struct {
		const char *from, *to;
		enum pa_alter_cost cost;
	} rows[] = {
	    {"tinyint unsigned", "smallint unsigned", PA_ALTER_REWRITE},
	    {"tinyint(3) unsigned", "bigint(20) unsigned", PA_ALTER_REWRITE},
	    {"smallint unsigned", "tinyint unsigned", PA_ALTER_LOSS},
	    {"smallint(5) unsigned", "smallint(6)", PA_ALTER_LOSS},
	    {"smallint(5) unsigned", "int(11)", PA_ALTER_REWRITE},
	    {"smallint", "int unsigned", PA_ALTER_LOSS},
	    {"smallint", "int", PA_ALTER_REWRITE},
	    {"int", "int", PA_ALTER_REWRITE},
	    {"int", "double", PA_ALTER_LOSS},
	    {"tinyint(1)", "varchar(5)", PA_ALTER_LOSS},
	    {"varchar(64)", "varchar(255)", PA_ALTER_CHEAP},
	    {"varchar(63)", "varchar(64)", PA_ALTER_REWRITE},
	    {"varchar(10)", "varchar(63)", PA_ALTER_CHEAP},
	    {"varchar(255)", "varchar(254)", PA_ALTER_LOSS},
	    {"varchar(255)", "longtext", PA_ALTER_REWRITE},
	    {"longtext", "varchar(255)", PA_ALTER_LOSS},
	    {"varchar(255)", "text", PA_ALTER_REWRITE},
	    {"varchar(16383)", "text", PA_ALTER_REWRITE},
	    {"varchar(16384)", "text", PA_ALTER_LOSS},
	    {"text", "varchar(16383)", PA_ALTER_LOSS},
	    {"text", "longtext", PA_ALTER_REWRITE},
	    {"longtext", "text", PA_ALTER_LOSS},
	    {"varchar(255)", "longblob", PA_ALTER_LOSS},
	    {"varbinary(16)", "varbinary(255)", PA_ALTER_CHEAP},
	    {"varbinary(16)", "varbinary(256)", PA_ALTER_REWRITE},
	    {"varbinary(16)", "varbinary(6)", PA_ALTER_LOSS},
	    {"varbinary(16)", "longblob", PA_ALTER_REWRITE},
	    {"varbinary(16)", "varchar(16)", PA_ALTER_LOSS},
	    {"binary(6)", "binary(8)", PA_ALTER_LOSS},
	    {"set('a','b')", "set('a','b','c')", PA_ALTER_CHEAP},
	    {"set('a','b')", "set('a','bc')", PA_ALTER_LOSS},
	    {"set('a','b')", "set('b','a','c')", PA_ALTER_LOSS},
	    {"set('a','b')", "set('a')", PA_ALTER_LOSS},
	    {"set('1','2','3','4','5','6','7','8')", "set('1','2','3','4','5','6','7','8','9')",
	     PA_ALTER_REWRITE},
	    {"decimal(20,9)", "decimal(30,9)", PA_ALTER_LOSS},
	    {"datetime(6)", "datetime", PA_ALTER_LOSS},
	    {"", "int", PA_ALTER_LOSS},
	    {"int", "", PA_ALTER_LOSS},
	    {"set(", "set()", PA_ALTER_LOSS},
	    {"varchar()", "varchar(", PA_ALTER_CHEAP},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice from = copy_of(pa_slice_of(rows[i].from));
		struct pa_slice to = copy_of(pa_slice_of(rows[i].to));
		enum pa_alter_cost got = pa_alter_cost(from, to);

		if (got != rows[i].cost)
			fail_msg("%s to %s: %d", rows[i].from, rows[i].to, (int)got);
		free_copy(from);
		free_copy(to);
	}
}

static void test_holds(void **state)
{
	static const struct {
		const char *is, *definition;
		int holds;
	} rows[] = {
	    {"varchar(8192)", "`info` TEXT(8192) NULL", 1},
	    {"varchar(8193)", "`info` TEXT(8192) NULL", 1},
	    {"varchar(8191)", "`info` TEXT(8192) NULL", 0},
	    {"text", "`info` TEXT(8192) NULL", 0}, /* it is of that type */
	    {"longtext", "`info` TEXT(8192) NULL", 0},
	    {"varbinary(8192)", "`info` TEXT(8192) NULL", 0},
	    {"varchar(64)", "`info` VARCHAR(64) NULL", 0},
	    {"varchar(64)", "`info` LONGTEXT NULL", 0},
	    {"varchar(8192)", "`info`", 0},
	    {"varchar(8192)", "", 0},
	    {"", "`info` TEXT(8192) NULL", 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice is = copy_of(pa_slice_of(rows[i].is));
		struct pa_slice definition = copy_of(pa_slice_of(rows[i].definition));

		if (pa_alter_holds(is, definition) != rows[i].holds)
			fail_msg("%s for %s", rows[i].is, rows[i].definition);
		free_copy(is);
		free_copy(definition);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_column),
	    cmocka_unit_test(test_scratch),
	    cmocka_unit_test(test_our_own_statements),
	    cmocka_unit_test(test_cost),
	    cmocka_unit_test(test_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
