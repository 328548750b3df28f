#include "pcapanalyzer/compare.h"

#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/ddl.h"

#define STATEMENT_MAX (4u * 1024 * 1024)

/* Cells of the columns' rows. */
enum { C_NAME, C_IS_KEY, C_IS_TEXT };

/* The columns of the table, those of the primary key first and in its order. */
static enum pa_status read_columns(struct pa_db *db, const char *table, struct pa_db_result **out,
                                   struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_puts(&sql,
	                 "SELECT c.COLUMN_NAME, s.SEQ_IN_INDEX IS NOT NULL, "
	                 "c.COLLATION_NAME IS NOT NULL FROM information_schema.COLUMNS c "
	                 "LEFT JOIN information_schema.STATISTICS s ON s.INDEX_NAME = 'PRIMARY' "
	                 "AND s.TABLE_SCHEMA = c.TABLE_SCHEMA AND s.TABLE_NAME = c.TABLE_NAME "
	                 "AND s.COLUMN_NAME = c.COLUMN_NAME "
	                 "WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME = ");
	if (st == PA_OK)
		st = pa_sql_text(&sql, table);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " ORDER BY s.SEQ_IN_INDEX IS NULL, s.SEQ_IN_INDEX, "
		                       "c.ORDINAL_POSITION");
	if (st == PA_OK)
		st = pa_db_query(db, "read the columns", pa_buf_slice(&sql), 1, out, err);
	pa_buf_done(&sql);
	return st;
}

/* "(PRIMARY KEY (...)) ENGINE=InnoDB SELECT * ..."; *keys is how many columns the key has. */
static enum pa_status put_copy(struct pa_buf *sql, struct pa_db_result *columns, unsigned *keys)
{
	const struct pa_slice *cells;
	enum pa_status st = PA_OK;

	*keys = 0;
	while (st == PA_OK && pa_db_next(columns, &cells, NULL) == PA_OK) {
		char name[PA_NAME_MAX];

		if (!pa_db_u64(cells[C_IS_KEY]))
			continue;
		pa_db_text(cells[C_NAME], name, sizeof(name));
		st = pa_buf_puts(sql, *keys > 0 ? ", " : "(PRIMARY KEY (");
		if (st == PA_OK)
			st = pa_sql_identifier(sql, name);
		++*keys;
	}
	return st == PA_OK ? pa_buf_puts(sql, ")) ENGINE=InnoDB ") : st;
}

enum pa_status pa_compare_copy(struct pa_db *db, struct pa_compare *c, unsigned number,
                               uint32_t capture_id, const char *first_ts, const char *last_ts,
                               struct pa_error *err)
{
	struct pa_db_result *columns = NULL;
	struct pa_buf sql;
	unsigned keys = 0;
	enum pa_status st = read_columns(db, c->table, &columns, err);

	pa_buf_init(&sql, STATEMENT_MAX);
	if (st == PA_OK)
		st = pa_buf_printf(&sql, "CREATE TEMPORARY TABLE `pa_old_%u` ", number);
	if (st == PA_OK)
		st = put_copy(&sql, columns, &keys);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, "SELECT * FROM ");
	if (st == PA_OK)
		st = pa_sql_identifier(&sql, c->table);
	if (st == PA_OK)
		st = pa_buf_printf(&sql, " WHERE `ts` BETWEEN '%s' AND '%s' AND `capture_id` = %u",
		                   first_ts, last_ts, (unsigned)capture_id);
	if (st == PA_OK && keys > 0) {
		st = pa_db_exec(db, "copy the rows that are to be replaced", pa_buf_slice(&sql),
		                err);
		if (st == PA_OK) {
			c->number = number;
			c->before = pa_db_affected(db);
		}
	}
	pa_db_result_free(columns);
	pa_buf_done(&sql);
	return st == PA_OK ? PA_OK : pa_fail(err, st, 0, "no memory for a statement");
}

/* "o.x", byte by byte when it is text: the collation takes no notice of blanks at the end. */
static enum pa_status put_side(struct pa_buf *sql, const char *side, const char *name, int is_text)
{
	enum pa_status st = pa_buf_puts(sql, is_text ? "CAST(" : "");

	if (st == PA_OK)
		st = pa_buf_puts(sql, side);
	if (st == PA_OK)
		st = pa_sql_identifier(sql, name);
	return st == PA_OK ? pa_buf_puts(sql, is_text ? " AS BINARY)" : "") : st;
}

/* Three sums: changed, appeared, vanished. */
static enum pa_status put_column(struct pa_buf *sql, const char *name, int is_text)
{
	enum pa_status st = pa_buf_puts(sql, ", SUM(NOT (");

	if (st == PA_OK)
		st = put_side(sql, "o.", name, is_text);
	if (st == PA_OK)
		st = pa_buf_puts(sql, " <=> ");
	if (st == PA_OK)
		st = put_side(sql, "n.", name, is_text);
	if (st == PA_OK)
		st = pa_buf_puts(sql, "))");
	for (int gone = 0; st == PA_OK && gone < 2; gone++) {
		st = pa_buf_puts(sql, ", SUM(");
		if (st == PA_OK)
			st = put_side(sql, gone ? "n." : "o.", name, 0);
		if (st == PA_OK)
			st = pa_buf_puts(sql, " IS NULL AND ");
		if (st == PA_OK)
			st = put_side(sql, gone ? "o." : "n.", name, 0);
		if (st == PA_OK)
			st = pa_buf_puts(sql, " IS NOT NULL)");
	}
	return st;
}

static enum pa_status put_join(struct pa_buf *sql, const struct pa_compare *c,
                               struct pa_db_result *columns)
{
	const struct pa_slice *cells;
	const char *between = " ON ";
	enum pa_status st = pa_buf_printf(sql, " FROM `pa_old_%u` o STRAIGHT_JOIN ", c->number);

	if (st == PA_OK)
		st = pa_sql_identifier(sql, c->table);
	if (st == PA_OK)
		st = pa_buf_puts(sql, " n");
	while (st == PA_OK && pa_db_next(columns, &cells, NULL) == PA_OK) {
		char name[PA_NAME_MAX];

		if (!pa_db_u64(cells[C_IS_KEY]))
			continue;
		pa_db_text(cells[C_NAME], name, sizeof(name));
		st = pa_buf_puts(sql, between);
		if (st == PA_OK)
			st = put_side(sql, "n.", name, 0);
		if (st == PA_OK)
			st = pa_buf_puts(sql, " = ");
		if (st == PA_OK)
			st = put_side(sql, "o.", name, 0);
		between = " AND ";
	}
	return st;
}

/* The answer: a count, then three sums for each column that is not in the key. */
static enum pa_status take_answer(struct pa_compare *c, struct pa_db_result *columns,
                                  const struct pa_slice *sums)
{
	const struct pa_slice *cells;
	struct pa_compare_column *grown;

	c->both = pa_db_u64(*sums++);
	while (pa_db_next(columns, &cells, NULL) == PA_OK) {
		if (pa_db_u64(cells[C_IS_KEY]))
			continue;
		if (pa_db_u64(sums[0]) > 0) {
			grown = realloc(c->columns, (c->n_columns + 1) * sizeof(*grown));
			if (!grown)
				return PA_ENOMEM;
			c->columns = grown;
			grown += c->n_columns++;
			pa_db_text(cells[C_NAME], grown->name, sizeof(grown->name));
			grown->changed = pa_db_u64(sums[0]);
			grown->appeared = pa_db_u64(sums[1]);
			grown->vanished = pa_db_u64(sums[2]);
		}
		sums += 3;
	}
	return PA_OK;
}

enum pa_status pa_compare_rows(struct pa_db *db, struct pa_compare *c, struct pa_error *err)
{
	struct pa_db_result *columns = NULL;
	struct pa_db_result *answer = NULL;
	const struct pa_slice *cells;
	struct pa_buf sql;
	enum pa_status st;

	if (c->number == 0)
		return PA_OK;
	st = read_columns(db, c->table, &columns, err);
	pa_buf_init(&sql, STATEMENT_MAX);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, "SELECT COUNT(*)");
	while (st == PA_OK && pa_db_next(columns, &cells, NULL) == PA_OK) {
		char name[PA_NAME_MAX];

		pa_db_text(cells[C_NAME], name, sizeof(name));
		if (!pa_db_u64(cells[C_IS_KEY]))
			st = put_column(&sql, name, pa_db_u64(cells[C_IS_TEXT]) != 0);
	}
	if (st == PA_OK) {
		pa_db_rewind(columns);
		st = put_join(&sql, c, columns);
	}
	if (st == PA_OK)
		st = pa_db_query(db, "compare the old rows with the new ones", pa_buf_slice(&sql),
		                 1, &answer, err);
	if (st == PA_OK)
		st = pa_db_next(answer, &cells, err);
	if (st == PA_OK) {
		pa_db_rewind(columns);
		st = take_answer(c, columns, cells);
	}
	pa_db_result_free(answer);
	pa_db_result_free(columns);
	pa_buf_done(&sql);
	return st == PA_OK ? PA_OK : pa_fail(err, st, 0, "no memory for the comparison");
}

void pa_compare_drop(struct pa_db *db, struct pa_compare *c)
{
	if (c->number)
		(void)!pa_db_execf(db, "drop a copy", NULL,
		                   "DROP TEMPORARY TABLE IF EXISTS `pa_old_%u`", c->number);
	c->number = 0;
}
