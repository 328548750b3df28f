#include "pcapanalyzer/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What headers of Linux 6.1 do not have yet. */
#define FS_TRUNCATE  (UINT64_C(1) << 14) /* since version 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* 5 */
#define NET_TCP      UINT64_C(3)         /* 4: bind and connect */
#define SCOPED       UINT64_C(3)         /* 6: abstract sockets and signals */

/* struct landlock_ruleset_attr as version 6 has it; older kernels are given its beginning. */
struct attributes {
	uint64_t files;
	uint64_t net;
	uint64_t scoped;
};

#define OF_FILES                                                                                   \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                              \
	 LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                                    \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                           \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |                            \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER | FS_TRUNCATE)
#define ALL                                                                                        \
	(OF_FILES | READING | WRITING | LANDLOCK_ACCESS_FS_MAKE_CHAR |                             \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                             \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

enum pa_status pa_landlock_init(struct pa_landlock *l, struct pa_error *err)
{
	struct attributes a = {.files = ALL};
	size_t size = sizeof(a.files);
	long version =
	    syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);

	l->fd = -1;
	if (version < 2)
		return pa_fail(err, PA_EIO, errno, "the kernel has no Landlock that renames");
	if (version < 3)
		a.files &= ~FS_TRUNCATE;
	if (version < 5)
		a.files &= ~FS_IOCTL_DEV;
	if (version >= 4) {
		a.net = NET_TCP;
		size = offsetof(struct attributes, scoped);
	}
	if (version >= 6) {
		a.scoped = SCOPED;
		size = sizeof(a);
	}
	l->files = a.files;
	l->fd = (int)syscall(SYS_landlock_create_ruleset, &a, size, 0);
	return l->fd < 0 ? pa_fail(err, PA_EIO, errno, "cannot begin a Landlock rule set: %s",
	                           strerror(errno))
	                 : PA_OK;
}

enum pa_status pa_landlock_allow(struct pa_landlock *l, const char *path, unsigned rights,
                                 struct pa_error *err)
{
	struct landlock_path_beneath_attr rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
	struct stat info;
	long failed = -1;

	if (rights & PA_LANDLOCK_READ)
		rule.allowed_access |= READING;
	if (rights & PA_LANDLOCK_RUN)
		rule.allowed_access |= LANDLOCK_ACCESS_FS_EXECUTE;
	if (rights & PA_LANDLOCK_WRITE)
		rule.allowed_access |= WRITING;
	if (rule.parent_fd >= 0 && fstat(rule.parent_fd, &info) == 0) {
		rule.allowed_access &= l->files;
		if (!S_ISDIR(info.st_mode))
			rule.allowed_access &= OF_FILES;
		failed =
		    syscall(SYS_landlock_add_rule, l->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	}
	if (failed != 0)
		(void)pa_fail(err, PA_EIO, errno, "cannot allow %s: %s", path, strerror(errno));
	if (rule.parent_fd >= 0)
		close(rule.parent_fd);
	return failed != 0 ? PA_EIO : PA_OK;
}

enum pa_status pa_landlock_enforce(const struct pa_landlock *l, struct pa_error *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_landlock_restrict_self, l->fd, 0) != 0)
		return pa_fail(err, PA_EIO, errno, "cannot enforce Landlock: %s", strerror(errno));
	return PA_OK;
}

void pa_landlock_done(struct pa_landlock *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}
