#include "spoolstat.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "pcapanalyzer/event.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/queue.h"

#define DEPTH_MAX 3 /* spool, ready/, ID/, files */

/* What is directly in the folder FD, and the bytes of all files in and below it. */
struct count {
	uint64_t batches, events, folders, bytes;
	time_t oldest; /* of batches and events; 0: none */
};

static void note_age(struct count *c, time_t changed)
{
	if (c->oldest == 0 || changed < c->oldest)
		c->oldest = changed;
}

/* Files that vanish meanwhile are no trouble: a loader is at work. */
static void count(int fd, int depth, struct count *c)
{
	DIR *dir = pa_io_list_dir(fd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		struct stat info;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (S_ISREG(info.st_mode)) {
			c->bytes += (uint64_t)info.st_size;
			if (pa_event_id_ok(name)) {
				c->events++;
				note_age(c, info.st_mtime);
			}
		} else if (S_ISDIR(info.st_mode) && depth < DEPTH_MAX) {
			int below =
			    openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			struct count inner = {0};

			c->folders++;
			if (pa_batch_id_ok(name)) {
				c->batches++;
				note_age(c, info.st_mtime);
			}
			if (below < 0)
				continue;
			count(below, depth + 1, &inner);
			close(below);
			c->bytes += inner.bytes;
		}
	}
	if (dir)
		closedir(dir);
}

static struct count count_in(int root, const char *name)
{
	struct count c = {0};
	int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		count(fd, 1, &c);
		close(fd);
	}
	return c;
}

enum pa_status spoolstat_read(const char *dir, struct spoolstat *out, struct pa_error *err)
{
	struct count all = {0};
	struct count ready;
	struct count coverage;
	struct statvfs disk;
	time_t oldest;
	time_t now = time(NULL);
	int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || fstatvfs(root, &disk) != 0) {
		enum pa_status st = pa_fail(err, PA_EIO, errno, "cannot look at the spool %s: %s",
		                            dir, strerror(errno));

		if (root >= 0)
			close(root);
		return st;
	}
	count(root, 0, &all);
	ready = count_in(root, "ready");
	coverage = count_in(root, "coverage");
	oldest = ready.oldest;
	if (coverage.oldest != 0 && (oldest == 0 || coverage.oldest < oldest))
		oldest = coverage.oldest;
	*out = (struct spoolstat){
	    .ready = ready.batches,
	    .aside = count_in(root, "aside").folders,
	    .events = coverage.events,
	    .oldest_s = oldest != 0 && now > oldest ? (int64_t)(now - oldest) : 0,
	    .bytes = all.bytes,
	    .disk_free = (uint64_t)disk.f_bavail * disk.f_frsize,
	    .disk_size = (uint64_t)disk.f_blocks * disk.f_frsize,
	};
	close(root);
	return PA_OK;
}
