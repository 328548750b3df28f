#include "pcapanalyzer/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pcapanalyzer/csv.h"
#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/io.h"

#define FLUSH_BYTES   (256u * 1024)
#define ROW_MAX       (1024u * 1024 * 1024)
#define STATEMENT_MAX (1024u * 1024)
#define NAMES_MAX     100000
#define FILE_MAX      (PA_EXPORT_NAME_MAX + 16)

enum pa_status pa_export_open(const char *dir, struct pa_export *e, struct pa_error *err)
{
	enum pa_status st;

	*e = (struct pa_export){.dir = -1};
	pa_buf_init(&e->columns, STATEMENT_MAX);
	st = pa_io_open_dir(AT_FDCWD, dir, &e->dir, err);
	if (st != PA_OK)
		return st;
	e->path = realpath(dir, NULL);
	if (e->path)
		return PA_OK;
	close(e->dir);
	return pa_fail(err, PA_EIO, errno, "cannot find the folder %s: %s", dir, strerror(errno));
}

void pa_export_close(struct pa_export *e)
{
	if (!e->path)
		return;
	close(e->dir);
	free(e->path);
	pa_buf_done(&e->columns);
	*e = (struct pa_export){0};
}

static void file_name(const struct pa_export *e, const char *suffix, char out[FILE_MAX])
{
	snprintf(out, FILE_MAX, "%s%s", e->name, suffix);
}

/* The first name that no finished export has. */
static enum pa_status choose_name(struct pa_export *e, const char *table, const char *part,
                                  struct pa_error *err)
{
	char file[FILE_MAX];

	snprintf(e->table, sizeof(e->table), "%s", table);
	snprintf(e->name, sizeof(e->name), "%.64s.%.64s", table, part);
	for (int i = 2; i < NAMES_MAX; i++) {
		file_name(e, ".tsv", file);
		if (faccessat(e->dir, file, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
			return PA_OK;
		snprintf(e->name, sizeof(e->name), "%.64s.%.64s-%d", table, part, i);
	}
	return pa_fail(err, PA_EIO, EEXIST, "cannot find a free name for %s.%s in %s", table, part,
	               e->path);
}

static enum pa_status put_row(struct pa_buf *out, const struct pa_slice *cells, size_t n)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < n; i++) {
		if (i > 0)
			st = pa_buf_putc(out, pa_csv_separator(PA_CSV_TSV));
		if (st == PA_OK)
			st = cells[i].ptr ? pa_csv_escape(out, cells[i].ptr, cells[i].len)
			                  : pa_buf_puts(out, "\\N");
	}
	return st == PA_OK ? pa_csv_end_row(out, PA_CSV_TSV) : st;
}

static enum pa_status note_columns(struct pa_export *e, const struct pa_db_result *r, size_t *n)
{
	const struct pa_db_column *columns = pa_db_columns(r, n);
	enum pa_status st = PA_OK;

	pa_buf_reset(&e->columns);
	for (size_t i = 0; st == PA_OK && i < *n; i++)
		st = pa_buf_printf(&e->columns, "%s%s", i > 0 ? "," : "", columns[i].name);
	return st == PA_OK ? pa_buf_putc(&e->columns, '\0') : st;
}

static enum pa_status write_rows(struct pa_export *e, struct pa_db *db, struct pa_slice select,
                                 int fd, const char *file, uint64_t *rows, struct pa_error *err)
{
	struct pa_db_result *r = NULL;
	const struct pa_slice *cells;
	struct pa_buf out;
	size_t n = 0;
	enum pa_status st = pa_db_query(db, "read the rows to export", select, 0, &r, err);

	*rows = 0;
	pa_buf_init(&out, ROW_MAX);
	if (st == PA_OK && note_columns(e, r, &n) != PA_OK)
		st = pa_fail(err, PA_ENOMEM, 0, "no memory to export %s", e->table);
	while (st == PA_OK && (st = pa_db_next(r, &cells, err)) == PA_OK) {
		if (put_row(&out, cells, n) != PA_OK)
			st =
			    pa_fail(err, PA_ENOMEM, 0, "no memory to export a row of %s", e->table);
		++*rows;
		if (st == PA_OK && out.len >= FLUSH_BYTES) {
			st = pa_io_write_all(fd, out.ptr, out.len, file, err);
			pa_buf_reset(&out);
		}
	}
	if (st == PA_END)
		st = pa_io_write_all(fd, out.ptr, out.len, file, err);
	pa_db_result_free(r);
	pa_buf_done(&out);
	return st;
}

enum pa_status pa_export_rows(struct pa_export *e, struct pa_db *db, const char *table,
                              const char *part, struct pa_slice select, uint64_t *rows,
                              struct pa_error *err)
{
	char file[FILE_MAX];
	enum pa_status st = choose_name(e, table, part, err);
	int fd;

	if (st != PA_OK)
		return st;
	file_name(e, ".tsv.partial", file);
	/* What a run that was killed has left of this name goes. */
	fd = openat(e->dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return pa_fail(err, PA_EIO, errno, "cannot create %s/%s: %s", e->path, file,
		               strerror(errno));
	st = write_rows(e, db, select, fd, file, rows, err);
	if (st == PA_OK && fsync(fd) != 0)
		st = pa_fail(err, PA_EIO, errno, "cannot sync %s: %s", file, strerror(errno));
	if (close(fd) != 0 && st == PA_OK)
		st = pa_fail(err, PA_EIO, errno, "cannot close %s: %s", file, strerror(errno));
	if (st != PA_OK)
		unlinkat(e->dir, file, 0);
	return st;
}

static enum pa_status put_statements(const struct pa_export *e, uint64_t prune_id,
                                     struct pa_buf *out)
{
	char file[FILE_MAX];
	enum pa_status st =
	    pa_buf_printf(out,
	                  "-- Brings the rows of %s.tsv back. Run it in this folder:\n"
	                  "--   mariadb --local-infile=1 DATABASE < %s.sql     (or: mysql)\n"
	                  "START TRANSACTION;\n",
	                  e->name, e->name);

	file_name(e, ".tsv", file);
	if (st == PA_OK)
		st = pa_ddl_load_rows(e->table, (const char *)e->columns.ptr, file, out);
	/* The ledger counts them as there again. */
	return st == PA_OK
	           ? pa_buf_printf(out, "DELETE FROM `pruned` WHERE `prune_id` = %llu;\nCOMMIT;\n",
	                           (unsigned long long)prune_id)
	           : st;
}

static enum pa_status give_name(const struct pa_export *e, const char *suffix, struct pa_error *err)
{
	char from[FILE_MAX + 16];
	char to[FILE_MAX];

	file_name(e, suffix, to);
	snprintf(from, sizeof(from), "%s.partial", to);
	return renameat(e->dir, from, e->dir, to) == 0
	           ? PA_OK
	           : pa_fail(err, PA_EIO, errno, "cannot rename %s/%s: %s", e->path, from,
	                     strerror(errno));
}

enum pa_status pa_export_publish(const struct pa_export *e, uint64_t prune_id, struct pa_error *err)
{
	char file[FILE_MAX];
	struct pa_buf sql;
	enum pa_status st;

	pa_buf_init(&sql, STATEMENT_MAX);
	file_name(e, ".sql.partial", file);
	unlinkat(e->dir, file, 0);
	st = put_statements(e, prune_id, &sql);
	st = st == PA_OK ? pa_io_write_file(e->dir, file, sql.ptr, sql.len, err)
	                 : pa_fail(err, st, 0, "no memory for %s", file);
	pa_buf_done(&sql);
	if (st == PA_OK)
		st = give_name(e, ".sql", err);
	if (st == PA_OK)
		st = give_name(e, ".tsv", err);
	return st == PA_OK ? pa_io_sync_dir(e->dir, e->path, err) : st;
}

void pa_export_withdraw(const struct pa_export *e)
{
	static const char *const suffixes[] = {".tsv", ".tsv.partial", ".sql", ".sql.partial"};
	char file[FILE_MAX];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		file_name(e, suffixes[i], file);
		unlinkat(e->dir, file, 0);
	}
}
