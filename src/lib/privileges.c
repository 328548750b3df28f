#include "pcapanalyzer/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The bounding set ends where the kernel knows no further capability. */
static void empty_bounding_set(void)
{
	for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
		(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
}

enum pa_status pa_privileges_become(uid_t uid, gid_t gid, struct pa_error *err)
{
	empty_bounding_set();
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return pa_fail(err, PA_EIO, errno, "cannot become user %ld: %s", (long)uid,
		               strerror(errno));
	return PA_OK;
}

enum pa_status pa_privileges_drop(struct pa_error *err)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	empty_bounding_set();
	if (syscall(SYS_capset, &head, none) != 0 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return pa_fail(err, PA_EIO, errno, "cannot drop capabilities: %s", strerror(errno));
	return PA_OK;
}
