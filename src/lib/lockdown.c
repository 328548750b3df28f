#include "pcapanalyzer/lockdown.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>

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

static const int denied[] = {
    SCMP_SYS(execve),       SCMP_SYS(execveat),
    SCMP_SYS(fork),         SCMP_SYS(vfork),
    SCMP_SYS(clone),        SCMP_SYS(clone3),
    SCMP_SYS(socket),       SCMP_SYS(socketpair),
    SCMP_SYS(connect),      SCMP_SYS(bind),
    SCMP_SYS(listen),       SCMP_SYS(accept),
    SCMP_SYS(accept4),      SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),      SCMP_SYS(sendmmsg),
    SCMP_SYS(ptrace),       SCMP_SYS(process_vm_readv),
    SCMP_SYS(mount),        SCMP_SYS(process_vm_writev),
    SCMP_SYS(umount2),      SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),       SCMP_SYS(init_module),
    SCMP_SYS(finit_module), SCMP_SYS(kexec_load),
    SCMP_SYS(bpf),          SCMP_SYS(keyctl),
    SCMP_SYS(add_key),      SCMP_SYS(io_uring_setup),
    SCMP_SYS(unshare),      SCMP_SYS(setns),
    SCMP_SYS(kill),         SCMP_SYS(tkill),
    SCMP_SYS(userfaultfd),  SCMP_SYS(perf_event_open),
};

enum pa_status pa_lockdown(struct pa_error *err)
{
	scmp_filter_ctx filter;
	int failed = 0;

	if (SANITIZED)
		return PA_OK;
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the seccomp filter");
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]) && failed == 0; i++)
		failed = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, denied[i], 0);
	if (failed == 0)
		failed = seccomp_load(filter);
	seccomp_release(filter);
	if (failed != 0)
		return pa_fail(err, PA_EIO, -failed, "cannot set up seccomp: %s",
		               strerror(-failed));
	return PA_OK;
}
