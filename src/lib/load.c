#include "pcapanalyzer/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/digest.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/ledger.h"

#define WINDOW_BYTES  (256 * 1024) /* read and hashed at once; the libraries ask for 4 to 8 KiB */
#define STATEMENT_MAX (1024 * 1024)

/* One file of the batch on its way to the server. */
struct stream {
	int fd;
	const struct pa_manifest_table *table;
	const volatile sig_atomic_t *stop;
	struct pa_sha256 *hash;
	uint64_t bytes;
	uint8_t *window;
	size_t at, len;
};

static enum pa_status refill(struct stream *f, struct pa_error *err)
{
	enum pa_status st =
	    pa_io_read(f->fd, f->window, WINDOW_BYTES, &f->len, f->table->name, err);
	uint8_t digest[PA_SHA256_BYTES];

	f->at = 0;
	if (st != PA_OK)
		return st;
	f->bytes += f->len;
	pa_sha256_update(f->hash, f->window, f->len);
	if (f->bytes > f->table->bytes)
		return pa_fail(err, PA_EFORMAT, 0, "%s.csv is longer than its manifest says",
		               f->table->name);
	/* The last bytes are held back from the server until the whole file has proved right. */
	if (f->bytes < f->table->bytes && f->len > 0)
		return PA_OK;
	if (f->bytes < f->table->bytes)
		return pa_fail(err, PA_EFORMAT, 0, "%s.csv is shorter than its manifest says",
		               f->table->name);
	if (f->len == 0)
		return PA_OK;
	pa_sha256_final(f->hash, digest);
	if (memcmp(digest, f->table->sha256, sizeof(digest)) != 0)
		return pa_fail(err, PA_EFORMAT, 0,
		               "%s.csv is damaged: its SHA-256 is not the one "
		               "in the manifest",
		               f->table->name);
	return PA_OK;
}

static enum pa_status read_stream(void *ctx, uint8_t *bytes, size_t n, size_t *got,
                                  struct pa_error *err)
{
	struct stream *f = ctx;

	if (f->stop && *f->stop)
		return pa_fail(err, PA_ABORTED, 0,
		               "interrupted; what was not committed is rolled "
		               "back and stays in the spool");
	if (f->at == f->len) {
		enum pa_status st = refill(f, err);

		if (st != PA_OK)
			return st;
	}
	if (n > f->len - f->at)
		n = f->len - f->at;
	memcpy(bytes, f->window + f->at, n);
	f->at += n;
	*got = n;
	return PA_OK;
}

/* Fail with what the server says about a load that did not go as announced. */
static enum pa_status loss(struct pa_db *db, const struct pa_manifest_table *t,
                           const struct pa_db_load_stats *got, struct pa_error *err)
{
	struct pa_buf words;
	enum pa_status st;

	pa_buf_init(&words, 4096);
	if (got->warnings > 0)
		pa_db_first_warning(db, &words);
	st = pa_fail(err, PA_ELOSS, 0,
	             "the server did not store %s unchanged: %llu of %llu rows (records %llu, "
	             "deleted %llu, skipped %llu, warnings %llu)%s%.*s",
	             t->name, (unsigned long long)got->affected, (unsigned long long)t->rows,
	             (unsigned long long)got->records, (unsigned long long)got->deleted,
	             (unsigned long long)got->skipped, (unsigned long long)got->warnings,
	             words.len ? ": " : "", (int)words.len,
	             words.len ? (const char *)words.ptr : "");
	pa_buf_done(&words);
	return st;
}

static enum pa_status load_file(struct pa_db *db, struct stream *f, uint32_t capture_id,
                                uint64_t batch_no, struct pa_error *err)
{
	const struct pa_manifest_table *t = f->table;
	struct pa_db_load_stats got = {0};
	struct pa_buf sql;
	char token[PA_NAME_MAX + 40];
	char what[PA_NAME_MAX + 16];
	enum pa_status st;

	snprintf(what, sizeof(what), "load %s", t->name);
	snprintf(token, sizeof(token), "pcapanalyzer-%llu-%s", (unsigned long long)batch_no,
	         t->name);
	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_ddl_load_batch(t, token, capture_id, batch_no, &sql);
	if (st != PA_OK)
		pa_fail(err, st, 0, "no memory for the statement that loads %s", t->name);
	else
		st = pa_db_load_local(db, what, pa_buf_slice(&sql), token, read_stream, f, &got,
		                      err);
	pa_buf_done(&sql);
	if (st != PA_OK)
		return st;
	if (f->bytes != t->bytes || f->at != f->len)
		return pa_fail(err, PA_ELOSS, 0, "the server did not read all of %s.csv", t->name);
	if (got.records != t->rows || got.affected != t->rows || got.deleted || got.skipped ||
	    got.warnings)
		return loss(db, t, &got, err);
	return PA_OK;
}

static enum pa_status load_table(struct pa_db *db, int batch, const struct pa_manifest_table *t,
                                 const volatile sig_atomic_t *stop, uint32_t capture_id,
                                 uint64_t batch_no, struct pa_error *err)
{
	struct stream f = {.fd = -1, .table = t, .stop = stop};
	char name[PA_NAME_MAX + 8];
	int found = 0;
	enum pa_status st;

	snprintf(name, sizeof(name), "%s.csv", t->name);
	st = pa_io_find_file(batch, name, &found, err);
	if (st == PA_OK && !found)
		st = pa_fail(err, PA_EFORMAT, ENOENT, "the batch has no %s", name);
	if (st != PA_OK)
		return st;
	f.fd = openat(batch, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (f.fd < 0)
		return pa_fail(err, PA_EIO, errno, "cannot open %s: %s", name, strerror(errno));
	f.window = malloc(WINDOW_BYTES);
	st = f.window ? pa_sha256_new(&f.hash, err)
	              : pa_fail(err, PA_ENOMEM, 0, "no memory to read %s", name);
	if (st == PA_OK && t->rows == 0 && t->bytes == 0) {
		uint8_t none[1];
		size_t got = 0;

		st = read_stream(&f, none, sizeof(none), &got, err);
	} else if (st == PA_OK) {
		st = load_file(db, &f, capture_id, batch_no, err);
	}
	pa_sha256_free(f.hash);
	free(f.window);
	close(f.fd);
	return st;
}

enum pa_status pa_load_files(struct pa_db *db, const struct pa_batch *b,
                             const volatile sig_atomic_t *stop, uint32_t capture_id,
                             uint64_t batch_no, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && i < b->m.n_tables; i++)
		st = load_table(db, b->dir, &b->m.tables[i], stop, capture_id, batch_no, err);
	return st;
}

static enum pa_status load_all(struct pa_db *db, const struct pa_batch *b,
                               const volatile sig_atomic_t *stop, struct pa_error *err)
{
	uint32_t capture_id = 0;
	uint32_t passport_id = 0;
	uint64_t batch_no = 0;
	enum pa_status st = pa_ledger_capture(db, &b->m, &capture_id, err);

	if (st == PA_OK)
		st = pa_ledger_passport(db, &b->m, pa_buf_slice(&b->profile), &passport_id, err);
	if (st == PA_OK)
		st = pa_db_begin(db, err);
	if (st != PA_OK)
		return st;
	st = pa_ledger_claim(db, &b->m, capture_id, passport_id, &batch_no, err);
	if (st == PA_OK)
		st = pa_load_files(db, b, stop, capture_id, batch_no, err);
	if (st == PA_OK)
		st = pa_ledger_close(db, &b->m, capture_id, err);
	if (st == PA_OK && stop && *stop)
		st = pa_fail(err, PA_ABORTED, 0,
		             "interrupted; the batch is rolled back and stays "
		             "in the spool");
	if (st == PA_OK)
		return pa_db_commit(db, err);
	if (st == PA_EDUP)
		pa_db_rollback(db);
	return st;
}

void pa_load_count(const struct pa_manifest *m, struct pa_load_result *out)
{
	out->packets += m->packets;
	out->rejected += m->rejected;
	for (unsigned i = 0; i < m->n_tables; i++) {
		out->rows += m->tables[i].rows;
		out->bytes += m->tables[i].bytes;
	}
}

enum pa_status pa_load_batch(struct pa_db *db, const struct pa_batch *b,
                             const volatile sig_atomic_t *stop, struct pa_load_result *out,
                             struct pa_error *err)
{
	enum pa_status st = load_all(db, b, stop, err);

	if (st == PA_OK || st == PA_EDUP) {
		*out = (struct pa_load_result){0};
		pa_load_count(&b->m, out);
	}
	return st;
}
