#include "child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pcapanalyzer/io.h"
#include "pcapanalyzer/log.h"

#define FILES_MAX   256 /* open at the same time */
#define REPORT_MAX  4096
#define COMMAND_MAX 4096

/* Die with the parent. ALIVE is a pipe that nobody writes to: its end tells that the parent was
 * gone before the kernel knew our wish. */
static void die_with_parent(const int alive[2])
{
	struct pollfd p = {.fd = alive[0], .events = POLLIN};

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	close(alive[1]);
	if (poll(&p, 1, 0) != 0)
		_exit(EXIT_OURS);
}

static void close_all_from(int first)
{
	if (close_range((unsigned)first, ~0U, 0) == 0)
		return;
	for (int fd = first; fd < getdtablesize(); fd++)
		close(fd);
}

/* The first process of a namespace has one duty: its end ends all others. */
__attribute__((noreturn)) static void keep_namespace(const int alive[2])
{
	die_with_parent(alive);
	signal(SIGCHLD, SIG_IGN); /* orphans need no burial */
	close_all_from(0);
	for (;;)
		pause();
}

/* The path of the program NAME, as execvp would find it; NULL when there is none. */
static const char *find_command(const char *name, char *path, size_t size)
{
	const char *p = getenv("PATH");

	if (strchr(name, '/'))
		return name;
	for (p = p ? p : "/usr/bin:/bin"; *p; p += *p == ':') {
		int len = (int)strcspn(p, ":");

		if (snprintf(path, size, "%.*s/%s", len, p, name) < (int)size &&
		    access(path, X_OK) == 0)
			return path;
		p += len;
	}
	return NULL;
}

static void set_limit(__rlimit_resource_t resource, uint64_t value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0)
		return;
	if (limit.rlim_max > value)
		limit.rlim_max = value;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(resource, &limit);
}

static int print_report(const struct layers *l)
{
	struct pa_buf text;
	struct pa_error err = {0};

	pa_buf_init(&text, REPORT_MAX);
	if (layers_report(l, &text) != PA_OK ||
	    pa_io_write_all(STDOUT_FILENO, text.ptr, text.len, "standard output", &err) != PA_OK)
		return EXIT_OURS;
	pa_buf_done(&text);
	return 0;
}

/* In the child: become the command. */
__attribute__((noreturn)) static void become_command(const struct options *o, struct layers *l)
{
	static const int passed[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	struct pa_error err = {0};
	char found[COMMAND_MAX];
	const char *path = NULL;
	sigset_t none;

	if (!o->report) {
		path = find_command(o->command[0], found, sizeof(found));
		if (!path) {
			pa_log_error("%s: not found", o->command[0]);
			_exit(EXIT_NOT_FOUND);
		}
	}
	umask(077);
	if (layers_seal(o, path, l, &err) != PA_OK || layers_check(o, l, &err) != PA_OK) {
		pa_log_failure(NULL, &err);
		_exit(EXIT_OURS);
	}
	if (o->report)
		_exit(print_report(l));
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		signal(passed[i], SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_NOFILE, FILES_MAX);
	/* Last, because a build with AddressSanitizer has more than any limit already. */
	if (o->memory_mib > 0)
		set_limit(RLIMIT_AS, o->memory_mib << 20);
	execv(path, o->command);
	pa_log_error("cannot run %s: %s", path, strerror(errno));
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

static enum pa_status start(pid_t *pid, struct pa_error *err)
{
	*pid = fork();
	return *pid < 0 ? pa_fail(err, PA_EIO, errno, "cannot fork: %s", strerror(errno)) : PA_OK;
}

enum pa_status children_start(const struct options *o, struct layers *l, struct children *c,
                              struct pa_error *err)
{
	int alive[2];
	enum pa_status st = PA_OK;

	*c = (struct children){0};
	if (pipe(alive) != 0)
		return pa_fail(err, PA_EIO, errno, "cannot make a pipe: %s", strerror(errno));
	if (!l->missing[LAYER_PROCESSES][0]) {
		st = start(&c->keeper, err);
		if (st == PA_OK && c->keeper == 0)
			keep_namespace(alive);
	}
	if (st == PA_OK)
		st = start(&c->command, err);
	if (st == PA_OK && c->command == 0) {
		setpgid(0, 0);
		die_with_parent(alive);
		close_all_from(STDERR_FILENO + 1);
		become_command(o, l);
	}
	if (st == PA_OK)
		setpgid(c->command, c->command); /* whoever of the two is first */
	close(alive[0]);
	/* The other end stays open for as long as this process lives. */
	return st;
}
