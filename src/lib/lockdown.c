#include "pcapanalyzer/lockdown.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "pcapanalyzer/landlock.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(WITH_ASAN)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* What nobody needs who only reads packets. */
static const int dangerous[] = {
    SCMP_SYS(socket),
    SCMP_SYS(ptrace),
    SCMP_SYS(kill),
    SCMP_SYS(tkill),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(bpf),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo),
};

/* What the filter does not need either: it is alone, and its descriptors are open. */
static const int company[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork),     SCMP_SYS(vfork),
    SCMP_SYS(clone),  SCMP_SYS(clone3),   SCMP_SYS(connect),  SCMP_SYS(bind),
    SCMP_SYS(listen), SCMP_SYS(accept),   SCMP_SYS(accept4),  SCMP_SYS(socketpair),
    SCMP_SYS(sendto), SCMP_SYS(sendmsg),  SCMP_SYS(sendmmsg),
};

static int add_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t n)
{
	int failed = 0;

	for (size_t i = 0; i < n && failed == 0; i++)
		failed = seccomp_rule_add(filter, action, calls[i], 0);
	return failed;
}

/* Load FILTER unless FAILED, a negative errno, says that it is not whole. */
static enum pa_status load(scmp_filter_ctx filter, int failed, struct pa_error *err)
{
	if (failed == 0)
		failed = seccomp_load(filter);
	seccomp_release(filter);
	return failed != 0
	           ? pa_fail(err, PA_EIO, -failed, "cannot set up seccomp: %s", strerror(-failed))
	           : PA_OK;
}

static enum pa_status close_files(const char *folder, struct pa_error *err)
{
	struct pa_landlock l;
	enum pa_status st;

	if (pa_landlock_init(&l, NULL) != PA_OK)
		return PA_OK;
	st = folder ? pa_landlock_allow(&l, folder, PA_LANDLOCK_READ | PA_LANDLOCK_WRITE, err)
	            : PA_OK;
	if (st == PA_OK)
		st = pa_landlock_enforce(&l, err);
	pa_landlock_done(&l);
	return st;
}

enum pa_status pa_lockdown(const char *folder, struct pa_error *err)
{
	scmp_filter_ctx filter;
	enum pa_status st;
	int failed;

	if (SANITIZED)
		return PA_OK;
	st = close_files(folder, err);
	if (st != PA_OK)
		return st;
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the seccomp filter");
	failed = add_all(filter, SCMP_ACT_KILL_PROCESS, dangerous,
	                 sizeof(dangerous) / sizeof(dangerous[0]));
	if (failed == 0)
		failed = add_all(filter, SCMP_ACT_KILL_PROCESS, company,
		                 sizeof(company) / sizeof(company[0]));
	return load(filter, failed, err);
}

enum pa_status pa_lockdown_command(struct pa_error *err)
{
	static const int spaces[] = {CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWPID,   CLONE_NEWNS,
	                             CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int failed;

	if (!filter)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the seccomp filter");
	failed = add_all(filter, SCMP_ACT_ERRNO(EPERM), dangerous,
	                 sizeof(dangerous) / sizeof(dangerous[0]));
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]) && failed == 0; i++)
		failed = seccomp_rule_add(
		    filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, (scmp_datum_t)spaces[i], (scmp_datum_t)spaces[i]));
	/* Its flags are in memory, where seccomp cannot look; with ENOSYS libraries take clone. */
	if (failed == 0)
		failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return load(filter, failed, err);
}
