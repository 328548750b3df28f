/* What a dissector would try that somebody has taken over: probe WHAT [ARGUMENT].
 * Ends with 0 when it was possible, with 1 and the reason when it was not. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int internet(int type, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	int fd = socket(AF_INET, type, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
	       write(fd, "x", 1) == 1;
}

/* A name that begins with @ is an abstract one. */
static int local(const char *name)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t n = strlen(name);

	if (n >= sizeof(to.sun_path))
		return 0;
	memcpy(to.sun_path, name, n);
	if (name[0] == '@')
		to.sun_path[0] = '\0';
	return fd >= 0 && connect(fd, (struct sockaddr *)&to,
	                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == 0;
}

static int read_some(const char *path)
{
	char c;
	int fd = open(path, O_RDONLY);

	return fd >= 0 && read(fd, &c, 1) == 1;
}

/* A process of its own session that would go on for a minute. */
static int survivor(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		sleep(60);
		_exit(0);
	}
	return pid > 0;
}

static int memory(const char *mib)
{
	size_t n = (size_t)atoi(mib) << 20;
	char *p = malloc(n);

	if (p)
		memset(p, 1, n);
	return p && p[n - 1] == 1;
}

static void spin(void)
{
	for (volatile unsigned i = 0;; i++)
		;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *arg = argc > 2 ? argv[2] : "";
	int done = 0;

	if (strcmp(what, "tcp") == 0)
		done = internet(SOCK_STREAM, arg);
	else if (strcmp(what, "udp") == 0)
		done = internet(SOCK_DGRAM, arg);
	else if (strcmp(what, "local") == 0)
		done = local(arg);
	else if (strcmp(what, "read") == 0)
		done = read_some(arg);
	else if (strcmp(what, "list") == 0)
		done = opendir(arg) != NULL;
	else if (strcmp(what, "write") == 0)
		done = open(arg, O_WRONLY | O_CREAT, 0600) >= 0;
	else if (strcmp(what, "remove") == 0)
		done = unlink(arg) == 0;
	else if (strcmp(what, "environment") == 0)
		done = getenv(arg) != NULL;
	else if (strcmp(what, "descriptor") == 0)
		done = fcntl(atoi(arg), F_GETFD) >= 0;
	else if (strcmp(what, "survivor") == 0)
		done = survivor();
	else if (strcmp(what, "root") == 0)
		done = geteuid() == 0 || setuid(0) == 0;
	else if (strcmp(what, "signal") == 0)
		done = kill(atoi(arg), SIGUSR1) == 0;
	else if (strcmp(what, "trace") == 0)
		done = ptrace(PTRACE_SEIZE, atoi(arg), NULL, NULL) == 0;
	else if (strcmp(what, "namespace") == 0)
		done = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
	else if (strcmp(what, "memory") == 0)
		done = memory(arg);
	else if (strcmp(what, "spin") == 0)
		spin();
	if (!done)
		fprintf(stderr, "probe: %s %s: %s\n", what, arg, strerror(errno));
	return done ? 0 : 1;
}
