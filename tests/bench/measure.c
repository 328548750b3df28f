/* bench_measure FILE PID COMMAND...: run COMMAND and append "CPU WALL PEAK" to FILE: seconds of
 * processor time of it and its children, seconds, KiB of its largest process. The processor time
 * that PID (a server; 0 for none) uses meanwhile is added. Its exit status is the command's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* What /proc/PID/stat says of user and system time; proc(5). The name before it may hold blanks. */
static double used_by(const char *pid)
{
	char path[64], text[1024], *rest;
	unsigned long user, sys;
	size_t got;
	FILE *f;

	if (strcmp(pid, "0") == 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	got = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[got] = '\0';
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user,
	                    &sys) != 2)
		return 0;
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv)
{
	double began, server;
	struct rusage used;
	int status;
	pid_t pid;
	FILE *f;

	if (argc < 4)
		return 2;
	server = used_by(argv[2]);
	began = now();
	pid = fork();
	if (pid == 0) {
		(void)execvp(argv[3], argv + 3);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 1;
	began = now() - began;
	server = used_by(argv[2]) - server;
	f = fopen(argv[1], "a");
	if (!f)
		return 1;
	(void)fprintf(f, "%.6f %.6f %ld\n",
	              seconds(used.ru_utime) + seconds(used.ru_stime) + server, began,
	              used.ru_maxrss);
	if (fclose(f) != 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
