/* A library for LD_PRELOAD that lets a program of the pipeline fail, or die, at one of its steps.
 *
 * A step is a call of one of the functions below. They are counted, together for all processes
 * that are meant, in a page that is shared through a file; so whoever ran a program once knows
 * how many steps it takes, and can visit each of them:
 *
 * PA_FAULT_STATE    the file with the page (see struct page); without it nothing happens
 * PA_FAULT_PROGRAM  the processes that are meant, by the name they were started by
 * PA_FAULT_WORD     of these, those with this word on their command line, or with a path that
 *                   ends in it; may be missing
 * PA_FAULT_CLASSES  the classes of steps that are counted, with commas between: see names[]
 * PA_FAULT_AT       the number of the step where it happens, from 1; missing: only count
 * PA_FAULT_TIMES    how many steps from there on fail; 0: all of them, as on a full disk
 * PA_FAULT_ACTION   kill        SIGKILL instead of the call
 *                   kill-after  SIGKILL when the call has been made
 *                   ENOSPC ...  the call is not made and fails with this errno (see errors[]);
 *                               EPIPE comes with SIGPIPE and the end of the connection; a
 *                               malloc that fails returns NULL
 *                   short       half of the bytes are read or written
 *                   clock:S     the clock of the day jumps by S seconds, for good
 *
 * A command of a bash script is a step, too: tests/fault/steps.bash opens PA_FAULT_STATE before
 * each.
 *
 * Everything is set up before main() and touches nothing but memory afterwards, so that it works
 * in a program that has locked itself down. Not seen: what libc does within itself (the writes of
 * stdio other than fflush() and fclose(), the reads of readdir()), fcntl locks, and system calls
 * that are made without libc.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum class { OPEN, READ, WRITE, SEND, CLOSE, SYNC, NAME, LOCK, CONNECT, MEMORY, COMMAND, CLASSES };

static const char *const names[CLASSES] = {"open", "read", "write",   "send",   "close",  "sync",
                                           "name", "lock", "connect", "memory", "command"};

static const struct {
	const char *name;
	int value;
} errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},     {"EMFILE", EMFILE},
              {"EINTR", EINTR},   {"EPIPE", EPIPE}, {"ENOMEM", ENOMEM}};

/* The page that tests/fault/injection.py reads. */
struct page {
	atomic_uint_fast64_t selected;       /* steps of the classes asked for */
	atomic_uint_fast64_t fired;          /* steps where something happened */
	atomic_uint_fast64_t steps[CLASSES]; /* all, by class */
	char where[64];                      /* the call where it happened last */
};

enum action { COUNT, KILL, KILL_AFTER, FAIL, SHORT, CLOCK };

static struct page *page; /* NULL: this process is not meant */
static const char *state_path;
static unsigned classes;
static uint64_t at, times;
static enum action action;
static int error;
static time_t jump;

/* --- set-up ------------------------------------------------------------------------------- */

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static int has_word(const char *word)
{
	static char line[16384];
	long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	long n = fd < 0 ? 0 : syscall(SYS_read, fd, line, sizeof(line) - 1);
	int found = 0;

	for (const char *arg = line; !found && arg < line + n; arg += strlen(arg) + 1) {
		const char *slash = strrchr(arg, '/');

		found = strcmp(slash ? slash + 1 : arg, word) == 0;
	}
	if (fd >= 0)
		syscall(SYS_close, fd);
	return found;
}

static unsigned read_classes(const char *list)
{
	unsigned found = 0;

	for (unsigned i = 0; i < CLASSES; i++) {
		size_t len = strlen(names[i]);

		for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
			if (strncmp(p, names[i], len) == 0 && (p[len] == ',' || p[len] == '\0'))
				found |= 1U << i;
	}
	return found;
}

static void read_action(const char *text)
{
	if (strcmp(text, "kill") == 0)
		action = KILL;
	if (strcmp(text, "kill-after") == 0)
		action = KILL_AFTER;
	if (strcmp(text, "short") == 0)
		action = SHORT;
	if (strncmp(text, "clock:", 6) == 0) {
		action = CLOCK;
		jump = strtol(text + 6, NULL, 10);
	}
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(text, errors[i].name) == 0) {
			action = FAIL;
			error = errors[i].value;
		}
}

__attribute__((constructor)) static void set_up(void)
{
	const char *program = getenv("PA_FAULT_PROGRAM");
	const char *word = getenv("PA_FAULT_WORD");
	const char *list = getenv("PA_FAULT_CLASSES");
	const char *what = getenv("PA_FAULT_ACTION");
	void *memory;
	long fd;

	state_path = getenv("PA_FAULT_STATE");
	if (!state_path || !program || strcmp(program, program_invocation_short_name) != 0 ||
	    (word && !has_word(word)))
		return;
	classes = read_classes(list ? list : "");
	at = number("PA_FAULT_AT", 0);
	times = number("PA_FAULT_TIMES", 1);
	read_action(what ? what : "");
	fd = syscall(SYS_openat, AT_FDCWD, state_path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	memory = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	syscall(SYS_close, fd);
	if (memory != MAP_FAILED)
		page = memory;
}

/* --- steps -------------------------------------------------------------------------------- */

/* Nothing of the program's runs any more. Where the lockdown forbids even this, the process dies
 * of that, or of the trap: as suddenly. */
static _Noreturn void die(void)
{
	syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), SIGKILL);
	for (;;)
		__builtin_trap();
}

/* Count a step. What has to happen here is returned; KILL has happened. */
static enum action step(enum class class, const char *call)
{
	uint64_t n;

	if (!page)
		return COUNT;
	atomic_fetch_add(&page->steps[class], 1);
	if (!(classes & 1U << class))
		return COUNT;
	n = atomic_fetch_add(&page->selected, 1) + 1;
	if (at == 0 || n < at || (times > 0 && n >= at + times))
		return COUNT;
	atomic_fetch_add(&page->fired, 1);
	strncpy(page->where, call, sizeof(page->where) - 1);
	if (action == KILL)
		die();
	if (action == FAIL) {
		if (error == EPIPE)
			raise(SIGPIPE);
		errno = error;
	}
	return action;
}

/* A call that would move bytes fails. */
static ssize_t break_off(enum class class, int fd)
{
	if (class == SEND && error == EPIPE) {
		shutdown(fd, SHUT_RDWR);
		errno = EPIPE;
	}
	return -1;
}

static time_t shift(void)
{
	return page && action == CLOCK && atomic_load(&page->fired) > 0 ? jump : 0;
}

/* A function of libc's, as a step. */
#define CALL(class, type, failed, name, parameters, arguments)                                     \
	type name parameters                                                                       \
	{                                                                                          \
		static type(*real) parameters;                                                     \
		enum action now = step(class, #name);                                              \
		type got;                                                                          \
                                                                                                   \
		if (now == FAIL)                                                                   \
			return failed;                                                             \
		if (!real)                                                                         \
			*(void **)&real = next(#name);                                             \
		got = real arguments;                                                              \
		if (now == KILL_AFTER)                                                             \
			die();                                                                     \
		return got;                                                                        \
	}

/* The same for one that moves N bytes through FD. */
#define MOVE(class, name, parameters, arguments)                                                   \
	ssize_t name parameters                                                                    \
	{                                                                                          \
		static ssize_t(*real) parameters;                                                  \
		enum action now = step(class, #name);                                              \
		ssize_t got;                                                                       \
                                                                                                   \
		if (now == FAIL)                                                                   \
			return break_off(class, fd);                                               \
		if (now == SHORT && n > 1)                                                         \
			n /= 2;                                                                    \
		if (!real)                                                                         \
			*(void **)&real = next(#name);                                             \
		got = real arguments;                                                              \
		if (now == KILL_AFTER)                                                             \
			die();                                                                     \
		return got;                                                                        \
	}

/* open() and its kin take a mode only when they make a file. */
#define OPENING(name, parameters, ...)                                                             \
	int name parameters                                                                        \
	{                                                                                          \
		static int(*real) parameters;                                                      \
		enum action now =                                                                  \
		    step(state_path && strcmp(path, state_path) == 0 ? COMMAND : OPEN, #name);     \
		mode_t mode = 0;                                                                   \
		int got;                                                                           \
                                                                                                   \
		if (now == FAIL)                                                                   \
			return -1;                                                                 \
		if (flags & (O_CREAT | O_TMPFILE)) {                                               \
			va_list more;                                                              \
                                                                                                   \
			va_start(more, flags);                                                     \
			mode = va_arg(more, mode_t);                                               \
			va_end(more);                                                              \
		}                                                                                  \
		if (!real)                                                                         \
			*(void **)&real = next(#name);                                             \
		got = real(__VA_ARGS__, flags, mode);                                              \
		if (now == KILL_AFTER)                                                             \
			die();                                                                     \
		return got;                                                                        \
	}

OPENING(open, (const char *path, int flags, ...), path)
OPENING(open64, (const char *path, int flags, ...), path)
OPENING(openat, (int dir, const char *path, int flags, ...), dir, path)
OPENING(openat64, (int dir, const char *path, int flags, ...), dir, path)
/* What the last four are called when _FORTIFY_SOURCE checks their flags. */
CALL(OPEN, int, -1, __open_2, (const char *path, int flags), (path, flags))
CALL(OPEN, int, -1, __open64_2, (const char *path, int flags), (path, flags))
CALL(OPEN, int, -1, __openat_2, (int dir, const char *path, int flags), (dir, path, flags))
CALL(OPEN, int, -1, __openat64_2, (int dir, const char *path, int flags), (dir, path, flags))
CALL(OPEN, int, -1, creat, (const char *path, mode_t mode), (path, mode))
CALL(OPEN, int, -1, creat64, (const char *path, mode_t mode), (path, mode))
CALL(OPEN, FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode))
CALL(OPEN, FILE *, NULL, fopen64, (const char *path, const char *mode), (path, mode))

MOVE(READ, read, (int fd, void *to, size_t n), (fd, to, n))
MOVE(READ, pread, (int fd, void *to, size_t n, off_t where), (fd, to, n, where))
MOVE(READ, pread64, (int fd, void *to, size_t n, off64_t where), (fd, to, n, where))
MOVE(READ, recv, (int fd, void *to, size_t n, int flags), (fd, to, n, flags))
MOVE(READ, __read_chk, (int fd, void *to, size_t n, size_t size), (fd, to, n, size))
MOVE(READ, __recv_chk, (int fd, void *to, size_t n, size_t size, int flags),
     (fd, to, n, size, flags))
CALL(READ, ssize_t, -1, readv, (int fd, const struct iovec *to, int n), (fd, to, n))
CALL(READ, ssize_t, -1, recvmsg, (int fd, struct msghdr *to, int flags), (fd, to, flags))

MOVE(WRITE, write, (int fd, const void *from, size_t n), (fd, from, n))
MOVE(WRITE, pwrite, (int fd, const void *from, size_t n, off_t where), (fd, from, n, where))
MOVE(WRITE, pwrite64, (int fd, const void *from, size_t n, off64_t where), (fd, from, n, where))
MOVE(WRITE, copy_file_range,
     (int from, off64_t *where, int fd, off64_t *there, size_t n, unsigned flags),
     (from, where, fd, there, n, flags))
CALL(WRITE, ssize_t, -1, writev, (int fd, const struct iovec *from, int n), (fd, from, n))
CALL(WRITE, int, -1, ftruncate, (int fd, off_t size), (fd, size))
CALL(WRITE, int, -1, ftruncate64, (int fd, off64_t size), (fd, size))
CALL(WRITE, int, EOF, fflush, (FILE * f), (f))

MOVE(SEND, send, (int fd, const void *from, size_t n, int flags), (fd, from, n, flags))
MOVE(SEND, sendto,
     (int fd, const void *from, size_t n, int flags, __CONST_SOCKADDR_ARG to, socklen_t size),
     (fd, from, n, flags, to, size))
CALL(SEND, ssize_t, -1, sendmsg, (int fd, const struct msghdr *from, int flags), (fd, from, flags))

CALL(CLOSE, int, -1, close, (int fd), (fd))
CALL(CLOSE, int, EOF, fclose, (FILE * f), (f))

CALL(SYNC, int, -1, fsync, (int fd), (fd))
CALL(SYNC, int, -1, fdatasync, (int fd), (fd))
CALL(SYNC, int, -1, syncfs, (int fd), (fd))

CALL(NAME, int, -1, rename, (const char *from, const char *to), (from, to))
CALL(NAME, int, -1, renameat, (int dir, const char *from, int there, const char *to),
     (dir, from, there, to))
CALL(NAME, int, -1, renameat2,
     (int dir, const char *from, int there, const char *to, unsigned flags),
     (dir, from, there, to, flags))
CALL(NAME, int, -1, unlink, (const char *path), (path))
CALL(NAME, int, -1, unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
CALL(NAME, int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
CALL(NAME, int, -1, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))
CALL(NAME, int, -1, rmdir, (const char *path), (path))
CALL(NAME, int, -1, mkfifo, (const char *path, mode_t mode), (path, mode))
CALL(NAME, int, -1, link, (const char *from, const char *to), (from, to))
CALL(NAME, int, -1, linkat, (int dir, const char *from, int there, const char *to, int flags),
     (dir, from, there, to, flags))
CALL(NAME, int, -1, symlink, (const char *text, const char *path), (text, path))

CALL(LOCK, int, -1, flock, (int fd, int how), (fd, how))

CALL(CONNECT, int, -1, socket, (int domain, int type, int protocol), (domain, type, protocol))
CALL(CONNECT, int, -1, connect, (int fd, __CONST_SOCKADDR_ARG to, socklen_t size), (fd, to, size))

/* dlsym() may want memory itself, so these go to libc by the names it has for that. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
	enum action now = step(MEMORY, "malloc");
	void *p = now == FAIL ? NULL : __libc_malloc(n);

	if (now == KILL_AFTER)
		die();
	return p;
}

void *calloc(size_t n, size_t size)
{
	enum action now = step(MEMORY, "calloc");
	void *p = now == FAIL ? NULL : __libc_calloc(n, size);

	if (now == KILL_AFTER)
		die();
	return p;
}

void *realloc(void *old, size_t n)
{
	enum action now = step(MEMORY, "realloc");
	void *p = now == FAIL ? NULL : __libc_realloc(old, n);

	if (now == KILL_AFTER)
		die();
	return p;
}

/* --- the clock ---------------------------------------------------------------------------- */

int clock_gettime(clockid_t clock, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);
	int got;

	if (!real)
		*(void **)&real = next("clock_gettime");
	got = real(clock, t);
	if (got == 0 && clock == CLOCK_REALTIME)
		t->tv_sec += shift();
	return got;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	t->tv_sec = now.tv_sec;
	t->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	if (t)
		*t = now.tv_sec;
	return now.tv_sec;
}
