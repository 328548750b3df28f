#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"
#include "pcapanalyzer/log.h"
#include "pcapanalyzer/stall.h"

#define LOOK_MS 200

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1 when the command has ended; it is not reaped, so that its process group is still its own. */
static int has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	       info.si_pid != 0;
}

/* Whatever is left goes. */
static int reap(const struct children *c)
{
	int status = 0;
	pid_t got;

	kill(-c->command, SIGKILL);
	if (c->keeper > 0)
		kill(c->keeper, SIGKILL);
	do
		got = waitpid(c->command, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return EXIT_OURS;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* 1, and a message, when the command is at a limit. */
static int at_limit(const struct options *o, const struct children *c, struct pa_stall *stall,
                    int64_t began_ms)
{
	struct pa_usage usage;

	if (o->wall_seconds > 0 && now_ms() - began_ms > (int64_t)o->wall_seconds * 1000) {
		pa_log_error("%s is killed: it was not done after %llu s", o->command[0],
		             (unsigned long long)o->wall_seconds);
		return 1;
	}
	if (stall->limit_ms > 0 && pa_usage_read(c->command, &usage, NULL) == PA_OK &&
	    pa_stall_look(stall, &usage)) {
		pa_log_error("%s is killed: %llu s of processor time without reading or writing",
		             o->command[0], (unsigned long long)o->stall_seconds);
		return 1;
	}
	return 0;
}

int children_watch(const struct options *o, const struct children *c)
{
	const struct timespec look = {0, LOOK_MS * 1000000L};
	struct pa_stall stall = {.limit_ms = o->stall_seconds * 1000};
	const int64_t began = now_ms();
	sigset_t watched;

	/* main() has blocked the same. */
	sigprocmask(SIG_BLOCK, NULL, &watched);
	while (!has_ended(c->command)) {
		int signo = sigtimedwait(&watched, NULL, &look);

		if (signo > 0 && signo != SIGCHLD)
			kill(-c->command, signo);
		if (at_limit(o, c, &stall, began)) {
			(void)reap(c);
			return EXIT_LIMIT;
		}
	}
	return reap(c);
}
