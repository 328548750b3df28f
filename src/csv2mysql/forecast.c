/* size and forecast: what a profile's tables take, and what they will at a rate. */
#include <stdio.h>
#include <unistd.h>

#include "commands.h"
#include "grid.h"
#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/forecast.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/retention.h"

#define STATEMENT_MAX ((size_t)256 * 1024)
#define SAMPLES_MAX   ((size_t)16 * 1024 * 1024)
#define GIGABYTE      1e9
#define DAYS_MAX      1e6

/* --- size ------------------------------------------------------------------------------- */

/* The server's sizes are of its statistics, which it renews when it has time. */
static enum pa_status analyze(struct pa_db *db, const struct pa_profile *p, struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st = PA_OK;

	pa_buf_init(&sql, STATEMENT_MAX);
	for (unsigned i = 0; st == PA_OK && i < p->n_tables; i++) {
		pa_buf_reset(&sql);
		st = pa_buf_puts(&sql, "ANALYZE LOCAL TABLE ");
		if (st == PA_OK)
			st = pa_sql_identifier(&sql, p->tables[i].name);
		st = no_memory(st, err);
		if (st == PA_OK)
			st = pa_db_exec(db, "analyze a table", pa_buf_slice(&sql), err);
	}
	pa_buf_done(&sql);
	return st;
}

/* Rows are counted; the server only estimates them. A key's tree is one of its table. */
static enum pa_status put_select(const struct pa_profile *p, struct pa_buf *sql)
{
	enum pa_status st = pa_buf_puts(sql, "SELECT 0");

	for (unsigned i = 0; st == PA_OK && i < p->n_tables; i++) {
		st = pa_buf_puts(sql, " + (SELECT COUNT(*) FROM ");
		if (st == PA_OK)
			st = pa_sql_identifier(sql, p->tables[i].name);
		if (st == PA_OK)
			st = pa_buf_putc(sql, ')');
	}
	if (st == PA_OK)
		st = pa_buf_puts(sql, " AS n_rows, SUM(DATA_LENGTH + INDEX_LENGTH) AS bytes, ");
	for (unsigned i = 0; st == PA_OK && i < p->n_tables; i++)
		st = pa_buf_printf(sql, "%s%u", i > 0 ? " + " : "", p->tables[i].n_keys + 1);
	if (st == PA_OK)
		st = pa_buf_puts(sql, " AS trees FROM information_schema.TABLES "
		                      "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (");
	for (unsigned i = 0; st == PA_OK && i < p->n_tables; i++) {
		if (i > 0)
			st = pa_buf_puts(sql, ", ");
		if (st == PA_OK)
			st = pa_sql_text(sql, p->tables[i].name);
	}
	return st == PA_OK ? pa_buf_putc(sql, ')') : st;
}

enum pa_status command_size(struct run *r, struct pa_error *err)
{
	static const struct pa_db_column columns[] = {
	    {"rows", PA_DB_NUMBER}, {"bytes", PA_DB_NUMBER}, {"trees", PA_DB_NUMBER}};
	struct grid g = {columns, sizeof(columns) / sizeof(columns[0]), {0}};
	struct pa_db_result *rows = NULL;
	const struct pa_slice *cells;
	struct pa_db *db = NULL;
	struct pa_buf sql;
	enum pa_status st = pa_db_connect(&r->connection, 0, &db, err);

	pa_buf_init(&sql, STATEMENT_MAX);
	pa_buf_init(&g.text, ANSWER_MAX);
	if (st == PA_OK)
		st = analyze(db, r->profile, err);
	if (st == PA_OK)
		st = no_memory(put_select(r->profile, &sql), err);
	if (st == PA_OK)
		st = pa_db_query(db, "read the sizes", pa_buf_slice(&sql), 1, &rows, err);
	if (st == PA_OK)
		st = pa_db_next(rows, &cells, err);
	for (size_t i = 0; st == PA_OK && i < g.n_columns; i++)
		st = no_memory(put_number(&g, pa_db_u64(cells[i])), err);
	if (st == PA_OK)
		st = print_grid(&g, answer_format(&r->o), err);
	pa_db_result_free(rows);
	pa_buf_done(&g.text);
	pa_buf_done(&sql);
	pa_db_free(db);
	return st;
}

/* --- forecast --------------------------------------------------------------------------- */

static const struct pa_db_column columns[] = {
    {"profile", PA_DB_TEXT},
    {"keys", PA_DB_TEXT},
    {"packets_per_s", PA_DB_NUMBER},
    {"tshark_packets_per_s", PA_DB_NUMBER},
    {"tshark_cores", PA_DB_NUMBER},
    {"load_rows_per_s", PA_DB_NUMBER},
    {"bytes_per_packet", PA_DB_NUMBER},
    {"gb_per_day", PA_DB_NUMBER},
    {"days_until_full", PA_DB_NUMBER},
    {"plus_minus_percent", PA_DB_NUMBER},
};

static enum pa_status put_decimal(struct grid *g, int digits, double v)
{
	char text[400];

	snprintf(text, sizeof(text), "%.*f", digits, v);
	return put_text(g, text);
}

/* What is not known, because the sample took no more room than an empty table has, is NULL. */
static enum pa_status put_sizes(struct grid *g, const struct pa_forecast *f)
{
	int known = f->bytes_per_packet > 0;
	enum pa_status st = known ? put_decimal(g, 0, f->bytes_per_packet) : put_null(g);

	if (st == PA_OK)
		st = known ? put_decimal(g, 3, f->bytes_per_day / GIGABYTE) : put_null(g);
	if (st == PA_OK)
		st = known && f->days <= DAYS_MAX ? put_decimal(g, 1, f->days) : put_null(g);
	return st;
}

static enum pa_status put_forecast(struct grid *g, const struct pa_forecast_sample *s, double rate,
                                   const struct pa_forecast *f)
{
	enum pa_status st = put_text(g, s->profile);

	if (st == PA_OK)
		st = put_text(g, s->keys);
	if (st == PA_OK)
		st = put_decimal(g, rate < 100 ? 3 : 0, rate);
	if (st == PA_OK)
		st = put_decimal(g, 0, f->tshark_packets_per_s);
	if (st == PA_OK)
		st = put_decimal(g, 2, f->cores);
	if (st == PA_OK)
		st = put_decimal(g, 0, f->rows_per_s);
	if (st == PA_OK)
		st = put_sizes(g, f);
	return st == PA_OK ? put_decimal(g, 0, f->plus_minus_percent) : st;
}

static enum pa_status put_samples(struct grid *g, struct pa_slice text, double rate, uint64_t room,
                                  struct pa_error *err)
{
	struct pa_lines lines = {.what = "sample", .rest = text, .err = err};
	struct pa_forecast_sample s;
	struct pa_forecast f;
	enum pa_status st;

	do {
		st = pa_forecast_read(&lines, &s);
		if (st == PA_OK) {
			pa_forecast_of(&s, rate, room, &f);
			st = no_memory(put_forecast(g, &s, rate, &f), err);
		}
		pa_forecast_sample_done(&s);
	} while (st == PA_OK);
	return st == PA_END ? PA_OK : st;
}

static enum pa_status read_samples(struct pa_buf *text, struct pa_error *err)
{
	enum pa_status st = PA_OK;
	size_t got = 1;

	while (st == PA_OK && got > 0) {
		st = no_memory(pa_buf_reserve(text, 4096), err);
		if (st == PA_OK)
			st = pa_io_read(STDIN_FILENO, text->ptr + text->len, text->cap - text->len,
			                &got, "standard input", err);
		if (st == PA_OK)
			text->len += got;
	}
	return st;
}

enum pa_status command_forecast(struct run *r, struct pa_error *err)
{
	struct grid g = {columns, sizeof(columns) / sizeof(columns[0]), {0}};
	struct pa_buf text;
	double rate = 0;
	uint64_t room = 0;
	enum pa_status st;

	if (!r->o.rate || !r->o.max_size)
		return pa_fail(err, PA_EUSAGE, 0, "forecast needs --rate and --max-size");
	st = pa_forecast_rate("rate", r->o.rate, &rate, err);
	if (st == PA_OK)
		st = pa_retention_size("max-size", r->o.max_size, &room, err);
	pa_buf_init(&text, SAMPLES_MAX);
	pa_buf_init(&g.text, ANSWER_MAX);
	if (st == PA_OK)
		st = read_samples(&text, err);
	if (st == PA_OK)
		st = put_samples(&g, pa_buf_slice(&text), rate, room, err);
	if (st == PA_OK)
		st = print_grid(&g, answer_format(&r->o), err);
	pa_buf_done(&g.text);
	pa_buf_done(&text);
	return st;
}
