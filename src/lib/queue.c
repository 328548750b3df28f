#include "pcapanalyzer/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "pcapanalyzer/io.h"

#define REASON_MAX (64 * 1024)
#define LOADED     ".loaded." /* in tmp/: ID.loaded.PID is stored and being removed */

void pa_queue_close(struct pa_queue *s)
{
	int *fds[] = {&s->root, &s->ready, &s->tmp, &s->aside, &s->lock};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

enum pa_status pa_queue_open(const char *path, struct pa_queue *s, struct pa_error *err)
{
	enum pa_status st;

	*s = (struct pa_queue){-1, -1, -1, -1, -1};
	s->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root < 0)
		return pa_fail(err, PA_EIO, errno, "cannot open the spool %s: %s", path,
		               strerror(errno));
	st = pa_io_open_dir(s->root, "ready", &s->ready, err);
	if (st == PA_OK)
		st = pa_io_open_dir(s->root, "tmp", &s->tmp, err);
	if (st == PA_OK)
		st = pa_io_open_dir(s->root, "aside", &s->aside, err);
	if (st != PA_OK)
		pa_queue_close(s);
	return st;
}

static void sweep(const struct pa_queue *s)
{
	DIR *dir = pa_io_list_dir(s->tmp);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL)
		if (strstr(entry->d_name, LOADED))
			(void)!pa_io_remove_dir(s->tmp, entry->d_name, NULL);
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
	sweep(s);
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

enum pa_status pa_queue_list(const struct pa_queue *s, char (**ids)[PA_BATCH_ID_MAX], size_t *n_ids,
                             struct pa_error *err)
{
	DIR *dir = pa_io_list_dir(s->ready);
	const struct dirent *entry;
	char(*list)[PA_BATCH_ID_MAX] = NULL;
	size_t n = 0;
	size_t cap = 0;

	if (!dir)
		return pa_fail(err, PA_EIO, errno, "cannot list ready/ in the spool: %s",
		               strerror(errno));
	while ((entry = readdir(dir)) != NULL) {
		if (!pa_batch_id_ok(entry->d_name))
			continue;
		if (n == cap) {
			size_t more = cap ? 2 * cap : 64;
			void *bigger = realloc(list, more * sizeof(*list));

			if (!bigger) {
				free(list);
				closedir(dir);
				return pa_fail(err, PA_ENOMEM, 0, "no memory to list %zu batches",
				               more);
			}
			list = bigger;
			cap = more;
		}
		snprintf(list[n++], sizeof(list[0]), "%.28s", entry->d_name);
	}
	closedir(dir);
	if (n > 0)
		qsort(list, n, sizeof(*list), by_name);
	*ids = list;
	*n_ids = n;
	return PA_OK;
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

enum pa_status pa_queue_aside(const struct pa_queue *s, const char *id, const char *reason,
                              struct pa_error *err)
{
	struct pa_buf text;
	enum pa_status st;
	int fd = openat(s->ready, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return pa_fail(err, PA_EIO, errno, "cannot open batch %s: %s", id, strerror(errno));
	pa_buf_init(&text, REASON_MAX);
	unlinkat(fd, "reason", 0);
	st = pa_buf_printf(&text, "%s\n", reason);
	if (st == PA_OK)
		st = pa_io_write_file(fd, "reason", text.ptr, text.len, err);
	pa_buf_done(&text);
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
