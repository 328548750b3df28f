/* query and queries: questions to the database, canned or typed, and how answers go out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/ledger.h"
#include "sqltext.h"

#define SQL_MAX      (16u * 1024 * 1024)
#define ANSWER_MAX   ((size_t)4 * 1024 * 1024 * 1024)
#define FLUSH_BYTES  (64u * 1024)
#define PATH_BYTES   4096
#define LIMIT_NORMAL 20

enum pa_print_format answer_format(const struct options *o)
{
	switch ((enum format)o->format) {
	case FORMAT_TABLE:
		return PA_PRINT_TABLE;
	case FORMAT_CSV:
		return PA_PRINT_CSV;
	case FORMAT_TSV:
		return PA_PRINT_TSV;
	case FORMAT_JSON:
		return PA_PRINT_JSON;
	case FORMAT_AUTO:
		break;
	}
	return isatty(STDOUT_FILENO) ? PA_PRINT_TABLE : PA_PRINT_TSV;
}

enum pa_status flush_answer(struct pa_buf *out, struct pa_error *err)
{
	enum pa_status st =
	    pa_io_write_all(STDOUT_FILENO, out->ptr, out->len, "standard output", err);

	pa_buf_reset(out);
	return st;
}

void free_names(char **names, size_t n_names)
{
	for (size_t i = 0; i < n_names; i++)
		free(names[i]);
	free(names);
}

static int is_sql(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 4, ".sql") == 0;
}

enum pa_status list_sql(const char *dir, const char *sub, char ***names, size_t *n_names,
                        struct pa_error *err)
{
	char path[PATH_BYTES];
	struct dirent **entries = NULL;
	char **list;
	int n;

	snprintf(path, sizeof(path), "%s/%s", dir, sub);
	n = scandir(path, &entries, is_sql, alphasort);
	if (n < 0 && errno == ENOENT)
		n = 0;
	if (n < 0)
		return pa_fail(err, PA_EIO, errno, "cannot read the folder %s: %s", path,
		               strerror(errno));
	list = calloc((size_t)n + 1, sizeof(*list));
	for (int i = 0; i < n; i++) {
		if (list)
			list[i] = strdup(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (!list)
		return pa_fail(err, PA_ENOMEM, 0, "no memory to list %s", path);
	for (int i = 0; i < n; i++) {
		if (!list[i]) {
			free_names(list, (size_t)n);
			return pa_fail(err, PA_ENOMEM, 0, "no memory to list %s", path);
		}
	}
	*names = list;
	*n_names = (size_t)n;
	return PA_OK;
}

/* Times */

static enum pa_status bad_time(const char *option, const char *text, struct pa_error *err)
{
	return pa_fail(err, PA_EUSAGE, 0,
	               "option --%s: \"%s\" is no time; write 2026-01-31, '2026-01-31 18:30:00' or "
	               "2h, 7d for that long ago",
	               option, text);
}

/* "90s", "30m", "2h", "7d", "4w": seconds; -1 for anything else. */
static long long ago(const char *text)
{
	static const char units[] = "smhdw";
	static const long long seconds[] = {1, 60, 3600, 86400, 604800};
	size_t n = strspn(text, "0123456789");
	const char *unit = n > 0 && n < 8 && text[n] ? strchr(units, text[n]) : NULL;

	if (!unit || text[n + 1])
		return -1;
	return atoll(text) * seconds[unit - units];
}

enum pa_status time_literal(const char *option, const char *text, char out[LITERAL_MAX],
                            struct pa_error *err)
{
	const char *whole = text;
	struct tm tm = {0};
	struct tm check;
	long long before = ago(text);
	char fraction[8] = "";
	int n = 0;
	time_t t;

	if (before >= 0) {
		t = time(NULL) - (time_t)before;
		gmtime_r(&t, &tm);
		strftime(out, LITERAL_MAX, "'%Y-%m-%d %H:%M:%S'", &tm);
		return PA_OK;
	}
	if (sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &n) < 3)
		return bad_time(option, whole, err);
	text += n;
	if (*text == 'T' || *text == ' ') {
		const char *clock = text + 1;

		n = 0;
		if (sscanf(clock, "%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &n) < 2)
			return bad_time(option, whole, err);
		text = clock + n;
		if (*text == ':' && sscanf(text, ":%2d%n", &tm.tm_sec, &n) == 1)
			text += n;
		if (*text == '.') {
			size_t digits = strspn(text + 1, "0123456789");

			if (digits == 0)
				return bad_time(option, whole, err);
			snprintf(fraction, sizeof(fraction), ".%.*s", digits > 6 ? 6 : (int)digits,
			         text + 1);
			text += 1 + digits;
		}
		text += *text == 'Z';
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	check = tm;
	timegm(&check);
	/* timegm() makes March 3 of February 31. */
	if (*text || check.tm_mday != tm.tm_mday || check.tm_mon != tm.tm_mon ||
	    check.tm_hour != tm.tm_hour || check.tm_min != tm.tm_min || check.tm_sec != tm.tm_sec)
		return bad_time(option, whole, err);
	n = (int)strftime(out, LITERAL_MAX, "'%Y-%m-%d %H:%M:%S", &tm);
	snprintf(out + n, LITERAL_MAX - (size_t)n, "%s'", fraction);
	return PA_OK;
}

/* The SQL to run */

static int plain_name(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(text);
}

/* A canned question's file, or what was typed. */
static enum pa_status get_sql(const struct options *o, struct pa_buf *out, struct pa_error *err)
{
	char path[PATH_BYTES];
	enum pa_status st;

	if (!plain_name(o->operand)) {
		st = pa_buf_puts(out, o->operand);
		return st == PA_OK ? PA_OK : pa_fail(err, st, 0, "the query is too long");
	}
	if (!o->sql)
		return pa_fail(err, PA_EUSAGE, 0,
		               "the canned question \"%s\" needs --sql DIR to find it", o->operand);
	snprintf(path, sizeof(path), "%s/queries/%s.sql", o->sql, o->operand);
	if (access(path, F_OK) != 0)
		return pa_fail(err, PA_EUSAGE, errno,
		               "there is no canned question \"%s\"; 'csv2mysql queries' lists them",
		               o->operand);
	return pa_io_read_file(AT_FDCWD, path, out, err);
}

static enum pa_status expand(const struct options *o, struct pa_slice text, struct pa_buf *out,
                             int *limit_used, struct pa_error *err)
{
	char limit[LITERAL_MAX];
	char since[LITERAL_MAX] = "'1000-01-01 00:00:00'";
	char until[LITERAL_MAX] = "'9999-12-31 23:59:59.999999'";
	struct sqltext_token tokens[] = {
	    {":limit", limit, 0}, {":since", since, 0}, {":until", until, 0}};
	enum pa_status st = PA_OK;

	snprintf(limit, sizeof(limit), "%llu",
	         (unsigned long long)(o->limit ? o->limit : LIMIT_NORMAL));
	if (o->since)
		st = time_literal("since", o->since, since, err);
	if (st == PA_OK && o->until)
		st = time_literal("until", o->until, until, err);
	if (st != PA_OK)
		return st;
	st = sqltext_expand(text, tokens, 3, out);
	if (st != PA_OK)
		return pa_fail(err, st, 0, "the query is too long");
	if ((o->since && !tokens[1].used) || (o->until && !tokens[2].used))
		return pa_fail(err, PA_EUSAGE, 0,
		               "this query has no %s, so option --%s cannot act on it",
		               o->since && !tokens[1].used ? ":since" : ":until",
		               o->since && !tokens[1].used ? "since" : "until");
	*limit_used = tokens[0].used;
	return PA_OK;
}

/* One statement only: a second one could end the transaction that only reads. */
static enum pa_status one_statement(struct pa_slice text, struct pa_slice *sql,
                                    struct pa_error *err)
{
	struct pa_slice more;

	if (sqltext_next(&text, sql) != PA_OK)
		return pa_fail(err, PA_EUSAGE, 0, "the query is empty");
	if (sqltext_next(&text, &more) == PA_OK)
		return pa_fail(err, PA_EUSAGE, 0,
		               "one statement at a time; there is a second one "
		               "after a semicolon");
	return PA_OK;
}

static enum pa_status print_rows(struct pa_printer *p, struct pa_db_result *rows,
                                 struct pa_error *err)
{
	const struct pa_slice *cells;
	struct pa_buf out;
	enum pa_status st;

	pa_buf_init(&out, ANSWER_MAX);
	if (p->format == PA_PRINT_TABLE) {
		/* All rows are here already: this cannot fail. */
		while (pa_db_next(rows, &cells, err) == PA_OK)
			pa_print_measure(p, cells);
		pa_db_rewind(rows);
	}
	st = pa_print_head(p, &out);
	while (st == PA_OK && (st = pa_db_next(rows, &cells, err)) == PA_OK) {
		st = pa_print_row(p, cells, &out);
		if (st == PA_OK && out.len >= FLUSH_BYTES)
			st = flush_answer(&out, err);
	}
	if (st == PA_END)
		st = pa_print_tail(p, &out);
	if (st == PA_OK)
		st = flush_answer(&out, err);
	pa_buf_done(&out);
	return st == PA_OK ? PA_OK : pa_fail(err, st, 0, "no memory for the answer");
}

/* A table that is not there: mistyped, or the whole schema is missing. */
static enum pa_status explain(struct pa_db *db, enum pa_status st, const struct pa_error *cause,
                              struct pa_error *err)
{
	uint64_t version = 1;

	if (cause->sys == PA_DB_NO_SUCH_TABLE && pa_ledger_version(db, &version, NULL) == PA_OK &&
	    version == 0)
		return pa_fail(err, st, cause->sys, "%s; run 'csv2mysql init' first", cause->msg);
	return pa_fail(err, st, cause->sys, "%s", cause->msg);
}

static enum pa_status ask(struct pa_db *db, const struct options *o, struct pa_slice sql,
                          struct pa_error *err)
{
	enum pa_print_format format = answer_format(o);
	const struct pa_db_column *columns;
	struct pa_db_result *rows = NULL;
	struct pa_printer printer;
	size_t n;
	struct pa_error cause = {0};
	enum pa_status st = pa_db_query(db, "answer", sql, format == PA_PRINT_TABLE, &rows, &cause);

	if (st != PA_OK)
		return explain(db, st, &cause, err);
	if (!rows)
		return st;
	columns = pa_db_columns(rows, &n);
	st = pa_print_init(&printer, format, columns, n);
	if (st != PA_OK) {
		pa_fail(err, st, 0, "no memory for the answer");
	} else {
		st = print_rows(&printer, rows, err);
		pa_print_done(&printer);
	}
	/* It would read the rest of the rows, for nobody: the process is about to end. */
	if (st != PA_EPIPE)
		pa_db_result_free(rows);
	return st;
}

enum pa_status command_query(struct run *r, struct pa_error *err)
{
	struct pa_db *db = NULL;
	struct pa_buf text;
	struct pa_buf expanded;
	struct pa_slice sql = {NULL, 0};
	int limit_used = 0;
	enum pa_status st;

	pa_buf_init(&text, SQL_MAX);
	pa_buf_init(&expanded, SQL_MAX);
	st = get_sql(&r->o, &text, err);
	if (st == PA_OK)
		st = expand(&r->o, pa_buf_slice(&text), &expanded, &limit_used, err);
	if (st == PA_OK)
		st = one_statement(pa_buf_slice(&expanded), &sql, err);
	if (st == PA_OK)
		st = pa_db_connect(&r->connection, PA_DB_READ_ONLY, &db, err);
	if (st == PA_OK && r->o.limit && !limit_used)
		st = pa_db_execf(db, "limit the answer", err, "SET SESSION sql_select_limit = %llu",
		                 (unsigned long long)r->o.limit);
	if (st == PA_OK)
		st = pa_db_exec(db, "start reading", pa_slice_of("START TRANSACTION READ ONLY"),
		                err);
	if (st == PA_OK) {
		st = ask(db, &r->o, sql, err);
		/* What the server thinks of the SQL is the asker's own affair. */
		if (st == PA_EDATA || st == PA_EDENIED || st == PA_EDUP || st == PA_ELOSS)
			st = PA_EVALUE;
	}
	pa_db_free(db);
	pa_buf_done(&text);
	pa_buf_done(&expanded);
	return st;
}

/* The first comment line of a file, without its dashes. */
static struct pa_slice first_comment(const struct pa_buf *text)
{
	size_t i = 0;
	size_t end;

	while (i < text->len && (text->ptr[i] == '-' || text->ptr[i] == '#' || text->ptr[i] == ' '))
		i++;
	for (end = i; end < text->len && text->ptr[end] != '\n'; end++)
		;
	if (i == 0)
		end = 0;
	return (struct pa_slice){text->ptr + i, end - i};
}

enum pa_status command_queries(struct run *r, struct pa_error *err)
{
	struct pa_buf out;
	char **names = NULL;
	size_t n = 0;
	enum pa_status st;

	if (!r->o.sql)
		return pa_fail(err, PA_EUSAGE, 0, "queries needs --sql DIR");
	st = list_sql(r->o.sql, "queries", &names, &n, err);
	pa_buf_init(&out, SQL_MAX);
	for (size_t i = 0; st == PA_OK && i < n; i++) {
		char path[PATH_BYTES];
		struct pa_buf text;
		struct pa_slice line;

		snprintf(path, sizeof(path), "%s/queries/%s", r->o.sql, names[i]);
		pa_buf_init(&text, SQL_MAX);
		st = pa_io_read_file(AT_FDCWD, path, &text, err);
		line = first_comment(&text);
		if (st == PA_OK && isatty(STDOUT_FILENO))
			st = pa_buf_printf(&out, "%-20.*s  %.*s\n", (int)strlen(names[i]) - 4,
			                   names[i], (int)line.len, (const char *)line.ptr);
		else if (st == PA_OK)
			st = pa_buf_printf(&out, "%.*s\t%.*s\n", (int)strlen(names[i]) - 4,
			                   names[i], (int)line.len, (const char *)line.ptr);
		pa_buf_done(&text);
	}
	if (st == PA_OK)
		st = flush_answer(&out, err);
	free_names(names, n);
	pa_buf_done(&out);
	return st;
}
