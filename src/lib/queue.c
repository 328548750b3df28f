#include "pcapanalyzer/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pcapanalyzer/io.h"

#define REASON_MAX   (64 * 1024)
#define UNFINISHED_S 3600
#define LOADED       ".loaded." /* in tmp/: ID.loaded.PID is stored and being removed */

void pa_queue_close(struct pa_queue *s)
{
	int *fds[] = {&s->root, &s->ready, &s->tmp, &s->aside, &s->coverage, &s->lock};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

enum pa_status pa_queue_open(const char *path, struct pa_queue *s, struct pa_error *err)
{
	enum pa_status st;

	*s = (struct pa_queue){-1, -1, -1, -1, -1, -1};
	s->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root < 0)
		return pa_fail(err, PA_EIO, errno, "cannot open the spool %s: %s", path,
		               strerror(errno));
	st = pa_io_open_dir(s->root, "ready", &s->ready, err);
	if (st == PA_OK)
		st = pa_io_open_dir(s->root, "tmp", &s->tmp, err);
	if (st == PA_OK)
		st = pa_io_open_dir(s->root, "aside", &s->aside, err);
	if (st == PA_OK)
		st = pa_io_open_dir(s->root, "coverage", &s->coverage, err);
	if (st != PA_OK)
		pa_queue_close(s);
	return st;
}

static void sweep_tmp(const struct pa_queue *s)
{
	DIR *dir = pa_io_list_dir(s->tmp);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL)
		if (strstr(entry->d_name, LOADED))
			(void)!pa_io_remove_dir(s->tmp, entry->d_name, NULL);
	if (dir)
		closedir(dir);
}

/* An event is written in a moment, so a file that is not whole after an hour never will be. */
static void sweep_coverage(const struct pa_queue *s)
{
	DIR *dir = pa_io_list_dir(s->coverage);
	const struct dirent *entry;
	struct stat info;

	while (dir && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] == '.' &&
		    fstatat(s->coverage, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(info.st_mode) && info.st_mtime < time(NULL) - UNFINISHED_S)
			unlinkat(s->coverage, entry->d_name, 0);
	if (dir)
		closedir(dir);
}

enum pa_status pa_queue_lock(struct pa_queue *s, int *got, struct pa_error *err)
{
	int fd = openat(s->root, "load.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return pa_fail(err, PA_EIO, errno, "cannot open load.lock in the spool: %s",
		               strerror(errno));
	*got = flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (!*got) {
		int sys = errno;

		close(fd);
		return sys == EWOULDBLOCK
		           ? PA_OK
		           : pa_fail(err, PA_EIO, sys, "cannot lock the spool: %s", strerror(sys));
	}
	s->lock = fd;
	sweep_tmp(s);
	sweep_coverage(s);
	return PA_OK;
}

int pa_batch_id_ok(const char *name)
{
	return strspn(name, "0123456789abcdef") == 16 && name[16] == '-' &&
	       strspn(name + 17, "0123456789") == 10 && name[27] == '\0';
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The names in DIRFD that are OK, sorted, in steps of SIZE bytes. */
static enum pa_status list(int dirfd, const char *what, int (*ok)(const char *), size_t size,
                           void **names, size_t *n_names, struct pa_error *err)
{
	DIR *dir = pa_io_list_dir(dirfd);
	const struct dirent *entry;
	char *all = NULL;
	size_t n = 0;
	size_t cap = 0;

	if (!dir)
		return pa_fail(err, PA_EIO, errno, "cannot list %s/ in the spool: %s", what,
		               strerror(errno));
	while ((entry = readdir(dir)) != NULL) {
		if (!ok(entry->d_name))
			continue;
		if (n == cap) {
			size_t more = cap ? 2 * cap : 64;
			void *bigger = realloc(all, more * size);

			if (!bigger) {
				free(all);
				closedir(dir);
				return pa_fail(err, PA_ENOMEM, 0, "no memory to list %zu names",
				               more);
			}
			all = bigger;
			cap = more;
		}
		memcpy(all + size * n++, entry->d_name, strlen(entry->d_name) + 1);
	}
	closedir(dir);
	if (n > 0)
		qsort(all, n, size, by_name);
	*names = all;
	*n_names = n;
	return PA_OK;
}

enum pa_status pa_queue_list(const struct pa_queue *s, char (**ids)[PA_BATCH_ID_MAX], size_t *n_ids,
                             struct pa_error *err)
{
	void *names = NULL;
	enum pa_status st =
	    list(s->ready, "ready", pa_batch_id_ok, sizeof(**ids), &names, n_ids, err);

	if (st == PA_OK)
		*ids = names;
	return st;
}

enum pa_status pa_queue_remove(const struct pa_queue *s, const char *id, struct pa_error *err)
{
	char name[PA_BATCH_ID_MAX + 40];

	snprintf(name, sizeof(name), "%s" LOADED "%ld", id, (long)getpid());
	(void)!pa_io_remove_dir(s->tmp, name, NULL);
	if (renameat(s->ready, id, s->tmp, name) != 0)
		return pa_fail(err, PA_EIO, errno,
		               "batch %s is stored, but cannot be removed from the spool: %s", id,
		               strerror(errno));
	return pa_io_remove_dir(s->tmp, name, err);
}

/* The file "reason" in the folder FD, in place of an older one. */
static enum pa_status write_reason(int fd, const char *reason, struct pa_error *err)
{
	struct pa_buf text;
	enum pa_status st;

	pa_buf_init(&text, REASON_MAX);
	unlinkat(fd, "reason", 0);
	st = pa_buf_printf(&text, "%s\n", reason);
	if (st == PA_OK)
		st = pa_io_write_file(fd, "reason", text.ptr, text.len, err);
	pa_buf_done(&text);
	return st;
}

enum pa_status pa_queue_aside(const struct pa_queue *s, const char *id, const char *reason,
                              struct pa_error *err)
{
	enum pa_status st;
	int fd = openat(s->ready, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return pa_fail(err, PA_EIO, errno, "cannot open batch %s: %s", id, strerror(errno));
	st = write_reason(fd, reason, err);
	close(fd);
	if (st == PA_OK)
		st = pa_io_remove_dir(s->aside, id, err);
	if (st == PA_OK && renameat(s->ready, id, s->aside, id) != 0)
		st = pa_fail(err, PA_EIO, errno, "cannot move batch %s to aside/: %s", id,
		             strerror(errno));
	if (st == PA_OK)
		st = pa_io_sync_dir(s->aside, "aside", err);
	return st;
}

/* Coverage events */

enum pa_status pa_queue_list_events(const struct pa_queue *s, char (**ids)[PA_EVENT_ID_MAX],
                                    size_t *n_ids, struct pa_error *err)
{
	void *names = NULL;
	enum pa_status st =
	    list(s->coverage, "coverage", pa_event_id_ok, sizeof(**ids), &names, n_ids, err);

	if (st == PA_OK)
		*ids = names;
	return st;
}

enum pa_status pa_queue_read_event(const struct pa_queue *s, const char *id, struct pa_event *e,
                                   struct pa_error *err)
{
	struct pa_error cause = {0};
	struct pa_buf text;
	struct stat info;
	enum pa_status st;

	if (fstatat(s->coverage, id, &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(info.st_mode))
		return pa_fail(err, PA_EFORMAT, 0, "it is not a plain file");
	pa_buf_init(&text, PA_EVENT_BYTES_MAX);
	st = pa_io_read_file(s->coverage, id, &text, &cause);
	if (st == PA_OK)
		st = pa_event_read(pa_buf_slice(&text), e, err);
	else
		st = pa_fail(err, st == PA_ELIMIT ? PA_EFORMAT : st, cause.sys, "%s", cause.msg);
	pa_buf_done(&text);
	return st;
}

enum pa_status pa_queue_remove_event(const struct pa_queue *s, const char *id, struct pa_error *err)
{
	if (unlinkat(s->coverage, id, 0) != 0 && errno != ENOENT)
		return pa_fail(err, PA_EIO, errno,
		               "event %s is stored, but cannot be removed from the spool: %s", id,
		               strerror(errno));
	return PA_OK;
}

enum pa_status pa_queue_aside_event(const struct pa_queue *s, const char *id, const char *reason,
                                    struct pa_error *err)
{
	int fd = -1;
	enum pa_status st = pa_io_open_dir(s->aside, id, &fd, err);

	if (st == PA_OK)
		st = write_reason(fd, reason, err);
	if (st == PA_OK && renameat(s->coverage, id, fd, "event") != 0)
		st = pa_fail(err, PA_EIO, errno, "cannot move event %s to aside/: %s", id,
		             strerror(errno));
	if (st == PA_OK)
		st = pa_io_sync_dir(fd, id, err);
	if (st == PA_OK)
		st = pa_io_sync_dir(s->aside, "aside", err);
	if (fd >= 0)
		close(fd);
	return st;
}
