#include "pcapanalyzer/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pcapanalyzer/csv.h"
#include "pcapanalyzer/io.h"

#define MEGABYTE (1024u * 1024)
#define ROOM_MAX (1024u * MEGABYTE) /* one packet may go beyond batch_bytes by its own size */
#define ID_HEX   16                 /* characters of the batch id that name the capture */

#define FIRST_ROW_MAX 9999999999u /* the batch id has ten digits for it */
#define MAKE_TRIES    1000        /* a millisecond apart */

static const char reject_columns[] = "row_no,frame,column_name,reason,raw_bytes,raw";

struct pa_spool {
	struct pa_spool_config config;
	int dir, tmp, ready, rejects_dir;
	char prefix[ID_HEX + 1];
	struct pa_buf profile; /* its canonical text */
	struct pa_output outputs[PA_PROFILE_TABLES_MAX];
	struct pa_output rejects;
	uint64_t first_row, last_row;
	uint64_t packets, rejected, cut;
	struct pa_time first, last;
	/* The reject in the making. */
	uint64_t reject_row;
	struct pa_buf raw;
	uint64_t raw_bytes;
	struct pa_outcome_info reject_info;
	int raw_fd; /* -1 until the row is above PA_REJECT_RAW_MAX */
};

static enum pa_status sys_fail(struct pa_error *err, const char *verb, const char *name)
{
	int sys = errno;

	return pa_fail(err, PA_EIO, sys, "cannot %s %s: %s", verb, name, strerror(sys));
}

/* Writers hold a lock on their folder; one that nobody holds is left over. */
static void sweep(int tmp)
{
	const struct dirent *entry;
	DIR *dir = pa_io_list_dir(tmp);

	if (!dir)
		return;
	while ((entry = readdir(dir)) != NULL) {
		int left;

		if (entry->d_name[0] == '.')
			continue;
		left = openat(tmp, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (left < 0)
			continue;
		if (flock(left, LOCK_EX | LOCK_NB) == 0)
			(void)!pa_io_remove_dir(tmp, entry->d_name, NULL);
		close(left);
	}
	closedir(dir);
}

/* The part of the batch id that is the same for the whole capture. */
static enum pa_status make_prefix(struct pa_spool *s, struct pa_error *err)
{
	const struct pa_spool_config *c = &s->config;
	uint8_t sum[PA_SHA256_BYTES];
	struct pa_sha256 *h;
	enum pa_status st = pa_sha256_new(&h, err);

	if (st != PA_OK)
		return st;
	pa_sha256_update(h, c->sensor, strlen(c->sensor) + 1);
	pa_sha256_update(h, c->capture_sha256, sizeof(c->capture_sha256));
	pa_sha256_update(h, c->profile->name, strlen(c->profile->name) + 1);
	pa_sha256_update(h, c->profile->sha256, sizeof(c->profile->sha256));
	pa_sha256_update(h, &c->batch_rows, sizeof(c->batch_rows));
	pa_sha256_update(h, &c->batch_bytes, sizeof(c->batch_bytes));
	if (c->replaces) {
		pa_sha256_update(h, c->tshark, strlen(c->tshark) + 1);
		pa_sha256_update(h, "replace", sizeof("replace"));
	}
	pa_sha256_final(h, sum);
	pa_sha256_free(h);
	pa_hex(sum, ID_HEX / 2, s->prefix);
	return PA_OK;
}

enum pa_status pa_spool_new(const struct pa_spool_config *config, struct pa_spool **out,
                            struct pa_error *err)
{
	struct pa_spool *s = calloc(1, sizeof(*s));
	enum pa_status st;

	if (!s)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the spool");
	s->config = *config;
	s->dir = s->tmp = s->ready = s->rejects_dir = s->raw_fd = -1;
	s->first_row = 1;
	for (unsigned i = 0; i < PA_PROFILE_TABLES_MAX; i++) {
		pa_buf_init(&s->outputs[i].bytes, ROOM_MAX);
		pa_buf_init(&s->outputs[i].runs, ROOM_MAX);
	}
	pa_buf_init(&s->rejects.bytes, ROOM_MAX);
	pa_buf_init(&s->raw, PA_REJECT_RAW_MAX);
	pa_buf_init(&s->profile, ROOM_MAX);
	st = pa_io_open_dir(AT_FDCWD, config->dir, &s->dir, err);
	if (st == PA_OK)
		st = pa_io_open_dir(s->dir, "tmp", &s->tmp, err);
	if (st == PA_OK)
		st = pa_io_open_dir(s->dir, "ready", &s->ready, err);
	if (st == PA_OK)
		st = pa_io_open_dir(s->dir, "rejects", &s->rejects_dir, err);
	if (st == PA_OK)
		st = make_prefix(s, err);
	if (st == PA_OK && pa_profile_text(config->profile, &s->profile) != PA_OK)
		st = pa_fail(err, PA_ENOMEM, 0, "no memory for the profile's text");
	if (st != PA_OK) {
		pa_spool_free(s);
		return st;
	}
	sweep(s->tmp);
	*out = s;
	return PA_OK;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void pa_spool_free(struct pa_spool *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < PA_PROFILE_TABLES_MAX; i++) {
		pa_buf_done(&s->outputs[i].bytes);
		pa_buf_done(&s->outputs[i].runs);
	}
	pa_buf_done(&s->rejects.bytes);
	pa_buf_done(&s->raw);
	pa_buf_done(&s->profile);
	close_fd(&s->raw_fd);
	close_fd(&s->rejects_dir);
	close_fd(&s->ready);
	close_fd(&s->tmp);
	close_fd(&s->dir);
	free(s);
}

const char *pa_spool_prefix(const struct pa_spool *s)
{
	return s->prefix;
}

struct pa_output *pa_spool_outputs(struct pa_spool *s)
{
	return s->outputs;
}

void pa_spool_packet(struct pa_spool *s, uint64_t row, const struct pa_outcome_info *info)
{
	struct pa_time t = info->time;

	if (s->packets == 0 || t.sec < s->first.sec ||
	    (t.sec == s->first.sec && t.nsec < s->first.nsec))
		s->first = t;
	if (s->packets == 0 || t.sec > s->last.sec ||
	    (t.sec == s->last.sec && t.nsec > s->last.nsec))
		s->last = t;
	s->packets++;
	s->cut += info->cut;
	s->last_row = row;
}

/* Rejects */

static void raw_name(const struct pa_spool *s, char out[64])
{
	snprintf(out, 64, "%s-%010llu.raw", s->prefix, (unsigned long long)s->reject_row);
}

enum pa_status pa_spool_reject_begin(struct pa_spool *s, uint64_t row,
                                     const struct pa_outcome_info *info, struct pa_error *err)
{
	(void)err;
	s->reject_row = row;
	s->reject_info = *info;
	s->raw_bytes = 0;
	pa_buf_reset(&s->raw);
	return PA_OK;
}

enum pa_status pa_spool_reject_bytes(struct pa_spool *s, struct pa_slice bytes,
                                     struct pa_error *err)
{
	char name[64];
	size_t room = PA_REJECT_RAW_MAX - s->raw.len;
	enum pa_status st = PA_OK;

	raw_name(s, name);
	if (s->raw_fd < 0 && bytes.len > room) {
		s->raw_fd =
		    openat(s->rejects_dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (s->raw_fd < 0)
			return sys_fail(err, "create", name);
		st = pa_io_write_all(s->raw_fd, s->raw.ptr, s->raw.len, name, err);
	}
	if (st == PA_OK && s->raw_fd >= 0)
		st = pa_io_write_all(s->raw_fd, bytes.ptr, bytes.len, name, err);
	if (st == PA_OK &&
	    pa_buf_put(&s->raw, bytes.ptr, bytes.len < room ? bytes.len : room) != PA_OK)
		st = pa_fail(err, PA_ENOMEM, 0, "no memory for a rejected row");
	s->raw_bytes += bytes.len;
	return st;
}

static enum pa_status put_reject(struct pa_spool *s)
{
	struct pa_buf *b = &s->rejects.bytes;
	const struct pa_outcome_info *i = &s->reject_info;
	enum pa_status st = pa_buf_put_u64(b, s->reject_row);

	if (st == PA_OK && i->frame)
		st = pa_buf_printf(b, "\t%llu", (unsigned long long)i->frame);
	else if (st == PA_OK)
		st = pa_buf_puts(b, "\t\\N");
	if (st == PA_OK)
		st = pa_buf_printf(b, "\t%s\t", i->column ? i->column : "\\N");
	if (st == PA_OK)
		st = pa_csv_escape(b, (const uint8_t *)i->reason, strlen(i->reason));
	if (st == PA_OK)
		st = pa_buf_printf(b, "\t%llu\t", (unsigned long long)s->raw_bytes);
	if (st == PA_OK)
		st = pa_csv_escape(b, s->raw.ptr, s->raw.len);
	return st == PA_OK ? pa_buf_putc(b, '\n') : st;
}

enum pa_status pa_spool_reject_end(struct pa_spool *s, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	if (s->raw_fd >= 0)
		st = fsync(s->raw_fd) != 0
		         ? sys_fail(err, "sync", "a reject file")
		         : pa_io_sync_dir(s->rejects_dir, "the folder rejects", err);
	close_fd(&s->raw_fd);
	if (st == PA_OK && put_reject(s) != PA_OK)
		st = pa_fail(err, PA_ENOMEM, 0, "no memory for a rejected row");
	s->rejects.rows++;
	s->rejected++;
	s->last_row = s->reject_row;
	return st;
}

/* Batches */

static uint64_t pending_bytes(const struct pa_spool *s)
{
	uint64_t n = s->rejects.bytes.len;

	for (unsigned i = 0; i < s->config.profile->n_tables; i++)
		n += s->outputs[i].bytes.len;
	return n;
}

int pa_spool_pending(const struct pa_spool *s)
{
	return s->last_row >= s->first_row;
}

int pa_spool_full(const struct pa_spool *s)
{
	return pa_spool_pending(s) && (s->last_row - s->first_row + 1 >= s->config.batch_rows ||
	                               pending_bytes(s) >= s->config.batch_bytes);
}

static int by_key(const void *a, const void *b)
{
	const struct pa_run *x = a;
	const struct pa_run *y = b;

	if (x->ts != y->ts)
		return x->ts < y->ts ? -1 : 1;
	if (x->frame != y->frame)
		return x->frame < y->frame ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int in_order(const struct pa_run *runs, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (by_key(&runs[i - 1], &runs[i]) > 0)
			return 0;
	return 1;
}

/* InnoDB loads rows in key order twice as fast; most captures are in order already. */
static enum pa_status sort_output(struct pa_output *out)
{
	struct pa_run *runs = (struct pa_run *)(void *)out->runs.ptr;
	size_t n = out->runs.len / sizeof(*runs);
	struct pa_buf sorted;
	enum pa_status st = PA_OK;

	if (n == 0 || in_order(runs, n))
		return PA_OK;
	qsort(runs, n, sizeof(*runs), by_key);
	pa_buf_init(&sorted, out->bytes.limit);
	st = pa_buf_reserve(&sorted, out->bytes.len);
	for (size_t i = 0; st == PA_OK && i < n; i++)
		st = pa_buf_put(&sorted, out->bytes.ptr + runs[i].offset, runs[i].len);
	if (st != PA_OK) {
		pa_buf_done(&sorted);
		return st;
	}
	pa_buf_done(&out->bytes);
	out->bytes = sorted;
	return PA_OK;
}

static enum pa_status add_file(int folder, struct pa_manifest *m, const char *name,
                               struct pa_output *out, struct pa_buf *columns, struct pa_error *err)
{
	struct pa_manifest_table *t = &m->tables[m->n_tables];
	char file[PA_NAME_MAX + 8];
	enum pa_status st = sort_output(out);

	if (st == PA_OK)
		st = pa_sha256_of(out->bytes.ptr, out->bytes.len, t->sha256);
	if (st != PA_OK)
		return pa_fail(err, st, 0, "no memory for the batch");
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->rows = out->rows;
	t->bytes = out->bytes.len;
	t->columns = strndup((const char *)columns->ptr, columns->len);
	if (!t->columns)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the manifest");
	m->n_tables++;
	snprintf(file, sizeof(file), "%s.csv", name);
	return pa_io_write_file(folder, file, out->bytes.ptr, out->bytes.len, err);
}

static enum pa_status add_files(struct pa_spool *s, int folder, struct pa_manifest *m,
                                struct pa_error *err)
{
	const struct pa_profile *p = s->config.profile;
	struct pa_buf columns;
	enum pa_status st = PA_OK;

	pa_buf_init(&columns, MEGABYTE);
	for (unsigned i = 0; st == PA_OK && i < p->n_tables; i++) {
		if (s->outputs[i].rows == 0)
			continue;
		pa_buf_reset(&columns);
		st = pa_transform_columns(p, &p->tables[i], PA_CSV_BATCH, &columns);
		if (st == PA_OK)
			st = add_file(folder, m, p->tables[i].name, &s->outputs[i], &columns, err);
	}
	if (st == PA_OK && s->rejects.rows > 0) {
		pa_buf_reset(&columns);
		st = pa_buf_puts(&columns, reject_columns);
		if (st == PA_OK)
			st = add_file(folder, m, "rejects", &s->rejects, &columns, err);
	}
	pa_buf_done(&columns);
	return st;
}

static enum pa_status copy(char **to, const char *from, struct pa_error *err)
{
	if (!from)
		return PA_OK;
	*to = strdup(from);
	return *to ? PA_OK : pa_fail(err, PA_ENOMEM, 0, "no memory for the manifest");
}

static enum pa_status describe(const struct pa_spool *s, enum pa_capture_end end,
                               enum pa_dialect dialect, struct pa_manifest *m, struct pa_error *err)
{
	const struct pa_spool_config *c = &s->config;
	const char *spoken = dialect == PA_DIALECT_AUTO  ? ""
	                     : dialect == PA_DIALECT_4_0 ? "4.0"
	                                                 : "4.4";
	enum pa_status st = copy(&m->sensor, c->sensor, err);

	if (st == PA_OK)
		st = copy(&m->capture_name, c->capture_name, err);
	if (st == PA_OK)
		st = copy(&m->tshark, c->tshark, err);
	if (st == PA_OK)
		st = copy(&m->tshark_args, c->tshark_args, err);
	if (st == PA_OK)
		st = copy(&m->filter, c->filter, err);
	if (st == PA_OK)
		st = copy(&m->dialect, spoken, err);
	snprintf(m->batch_id, sizeof(m->batch_id), "%s-%010llu", s->prefix,
	         (unsigned long long)s->first_row);
	snprintf(m->profile, sizeof(m->profile), "%s", c->profile->name);
	memcpy(m->profile_sha256, c->profile->sha256, sizeof(m->profile_sha256));
	memcpy(m->capture_sha256, c->capture_sha256, sizeof(m->capture_sha256));
	m->capture_bytes = c->capture_bytes;
	m->has_capture_packets = c->has_capture_packets;
	m->capture_packets = c->capture_packets;
	m->first_row = s->first_row;
	m->last_row = pa_spool_pending(s) ? s->last_row : s->first_row - 1;
	m->packets = s->packets;
	m->rejected = s->rejected;
	m->cut = s->cut;
	m->end = end;
	m->replaces = c->replaces;
	if (s->packets > 0) {
		pa_time_text(s->first, m->first_ts);
		pa_time_text(s->last, m->last_ts);
	}
	return st;
}

static enum pa_status write_manifest(int folder, const struct pa_manifest *m, struct pa_error *err)
{
	struct pa_buf text;
	enum pa_status st;

	pa_buf_init(&text, PA_MANIFEST_BYTES_MAX);
	st = pa_manifest_write(m, &text, err);
	if (st == PA_OK)
		st = pa_io_write_file(folder, "manifest", text.ptr, text.len, err);
	pa_buf_done(&text);
	return st;
}

/* Make the finished folder visible. One that is there already is the same batch. */
static enum pa_status publish(struct pa_spool *s, const char *from, const char *id,
                              struct pa_error *err)
{
	if (renameat(s->tmp, from, s->ready, id) == 0)
		return pa_io_sync_dir(s->ready, "the folder ready", err);
	if (errno == EEXIST || errno == ENOTEMPTY)
		return pa_io_remove_dir(s->tmp, from, err);
	return sys_fail(err, "publish the batch", id);
}

/* Make the folder NAME and hold its lock. A sweep of another writer may come between the two
 * and take the folder for a left-over one; then it is made anew. */
static enum pa_status make_folder(const struct pa_spool *s, const char *name, int *out,
                                  struct pa_error *err)
{
	const struct timespec pause = {0, 1000000};

	for (int tries = 0; tries < MAKE_TRIES; tries++) {
		struct stat mine;
		struct stat named;
		int fd;

		if (mkdirat(s->tmp, name, 0700) != 0 && errno != EEXIST)
			return sys_fail(err, "make the folder", name);
		fd = openat(s->tmp, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &mine) == 0 &&
		    fstatat(s->tmp, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		    mine.st_ino == named.st_ino) {
			*out = fd;
			return PA_OK;
		}
		if (fd >= 0)
			close(fd);
		nanosleep(&pause, NULL);
	}
	return pa_fail(err, PA_EIO, 0, "cannot get hold of the folder tmp/%s of the spool", name);
}

static enum pa_status write_batch(struct pa_spool *s, struct pa_manifest *m, struct pa_error *err)
{
	char name[PA_BATCH_ID_MAX + 16];
	int folder = -1;
	enum pa_status st;

	snprintf(name, sizeof(name), "%s.%ld", m->batch_id, (long)getpid());
	st = make_folder(s, name, &folder, err);
	if (st != PA_OK)
		return st;
	st = add_files(s, folder, m, err);
	if (st == PA_OK)
		st = pa_io_write_file(folder, "profile", s->profile.ptr, s->profile.len, err);
	if (st == PA_OK)
		st = write_manifest(folder, m, err);
	if (st == PA_OK)
		st = pa_io_sync_dir(folder, name, err);
	if (st == PA_OK)
		st = publish(s, name, m->batch_id, err);
	if (st != PA_OK)
		(void)!pa_io_remove_dir(s->tmp, name, NULL);
	close(folder);
	return st;
}

static void begin_batch(struct pa_spool *s)
{
	for (unsigned i = 0; i < s->config.profile->n_tables; i++) {
		pa_buf_reset(&s->outputs[i].bytes);
		pa_buf_reset(&s->outputs[i].runs);
		s->outputs[i].rows = 0;
	}
	pa_buf_reset(&s->rejects.bytes);
	s->rejects.rows = 0;
	if (s->last_row >= s->first_row)
		s->first_row = s->last_row + 1;
	s->packets = s->rejected = s->cut = 0;
}

enum pa_status pa_spool_flush(struct pa_spool *s, enum pa_capture_end end, enum pa_dialect dialect,
                              struct pa_error *err)
{
	struct pa_manifest *m;
	enum pa_status st;

	if (!pa_spool_pending(s) && end == PA_CAPTURE_OPEN)
		return PA_OK;
	if (s->first_row > FIRST_ROW_MAX)
		return pa_fail(err, PA_ELIMIT, 0,
		               "a capture has at most %llu rows; begin a new one",
		               (unsigned long long)FIRST_ROW_MAX);
	m = malloc(sizeof(*m));
	if (!m)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the manifest");
	pa_manifest_init(m);
	st = describe(s, end, dialect, m, err);
	if (st == PA_OK)
		st = write_batch(s, m, err);
	pa_manifest_done(m);
	free(m);
	if (st == PA_OK)
		begin_batch(s);
	return st;
}
