#include "pcapanalyzer/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum pa_status io_fail(struct pa_error *err, int sys, const char *verb, const char *name)
{
	return pa_fail(err, sys == EPIPE ? PA_EPIPE : PA_EIO, sys, "cannot %s %s: %s", verb, name,
	               strerror(sys));
}

enum pa_status pa_io_write_all(int fd, const void *bytes, size_t n, const char *name,
                               struct pa_error *err)
{
	const uint8_t *p = bytes;

	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return io_fail(err, put < 0 ? errno : ENOSPC, "write", name);
		p += put;
		n -= (size_t)put;
	}
	return PA_OK;
}

enum pa_status pa_io_read(int fd, void *bytes, size_t n, size_t *got, const char *name,
                          struct pa_error *err)
{
	ssize_t r;

	do
		r = read(fd, bytes, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return io_fail(err, errno, "read", name);
	*got = (size_t)r;
	return PA_OK;
}

enum pa_status pa_io_find_file(int dirfd, const char *name, int *found, struct pa_error *err)
{
	struct stat info;
	int there = fstatat(dirfd, name, &info, AT_SYMLINK_NOFOLLOW) == 0;

	if (!there && errno != ENOENT)
		return io_fail(err, errno, "look at", name);
	if (there && !S_ISREG(info.st_mode))
		return pa_fail(err, PA_EFORMAT, 0, "%s is not a file", name);
	*found = there;
	return PA_OK;
}

enum pa_status pa_io_read_file(int dirfd, const char *path, struct pa_buf *out,
                               struct pa_error *err)
{
	enum pa_status st = PA_OK;
	size_t got = 1;
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return io_fail(err, errno, "open", path);
	while (st == PA_OK && got > 0) {
		st = pa_buf_reserve(out, 1);
		if (st == PA_ELIMIT) {
			/* Exactly full is fine when the file ends here. */
			uint8_t more;

			st = pa_io_read(fd, &more, 1, &got, path, err);
			if (st == PA_OK && got > 0)
				st = pa_fail(err, PA_ELIMIT, 0, "%s is larger than %zu bytes", path,
				             out->limit);
			continue;
		}
		if (st != PA_OK) {
			pa_fail(err, st, 0, "no memory to read %s", path);
			break;
		}
		if (out->cap - out->len < 4096)
			(void)!pa_buf_reserve(out, 4096);
		st = pa_io_read(fd, out->ptr + out->len, out->cap - out->len, &got, path, err);
		if (st == PA_OK)
			out->len += got;
	}
	close(fd);
	return st;
}

enum pa_status pa_io_write_file(int dirfd, const char *name, const void *bytes, size_t n,
                                struct pa_error *err)
{
	enum pa_status st;
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return io_fail(err, errno, "create", name);
	st = pa_io_write_all(fd, bytes, n, name, err);
	if (st == PA_OK && fsync(fd) != 0)
		st = io_fail(err, errno, "sync", name);
	if (close(fd) != 0 && st == PA_OK)
		st = io_fail(err, errno, "close", name);
	if (st != PA_OK)
		unlinkat(dirfd, name, 0);
	return st;
}

enum pa_status pa_io_open_dir(int dirfd, const char *name, int *fd, struct pa_error *err)
{
	if (mkdirat(dirfd, name, 0700) != 0 && errno != EEXIST)
		return io_fail(err, errno, "make the folder", name);
	*fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? io_fail(err, errno, "open the folder", name) : PA_OK;
}

DIR *pa_io_list_dir(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

enum pa_status pa_io_sync_dir(int dirfd, const char *name, struct pa_error *err)
{
	return fsync(dirfd) == 0 ? PA_OK : io_fail(err, errno, "sync", name);
}

enum pa_status pa_io_remove_dir(int dirfd, const char *name, struct pa_error *err)
{
	const struct dirent *entry;
	DIR *dir;
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? PA_OK : io_fail(err, errno, "open", name);
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return io_fail(err, errno, "open", name);
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(fd, entry->d_name, 0);
	closedir(dir);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
		return io_fail(err, errno, "remove", name);
	return PA_OK;
}
