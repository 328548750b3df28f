#include "workers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pcapanalyzer/io.h"
#include "pcapanalyzer/log.h"
#include "pcapanalyzer/pcapfile.h"

#define QUEUE_BYTES (8u * 1024 * 1024) /* that wait for a worker, and one record more */
#define QUEUE_MAX   (QUEUE_BYTES + 2 * PA_PCAPNG_BLOCK_MAX) /* to push rows of others out */
#define PIPE_BYTES  (1024 * 1024)
#define WORDS_MAX   (64u * 1024)
#define PAUSE_NS    2000000
#define LOOK_MS     10
#define PIPES       3

/* For the signal handler: it cannot be given anything. */
static volatile sig_atomic_t children[PA_WORKERS_MAX];

/* The default is that the signal ends us, and it is what happens next. */
static void end_children(int signo)
{
	for (unsigned i = 0; i < PA_WORKERS_MAX; i++)
		if (children[i] > 0)
			kill(children[i], SIGTERM);
	raise(signo);
}

static void watch_signals(void)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	struct sigaction sa = {.sa_flags = (int)SA_RESETHAND | SA_NODEFER};
	struct sigaction old;

	sa.sa_handler = end_children;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &sa, NULL);
}

int can_become(const char *name)
{
	const char *path = strchr(name, '/') ? NULL : getenv("PATH");
	char file[PATH_MAX];

	if (!path)
		return access(name, X_OK) == 0 || !strchr(name, '/');
	for (;; path++) {
		const size_t n = strcspn(path, ":");
		const int length =
		    snprintf(file, sizeof(file), "%.*s/%s", n ? (int)n : 1, n ? path : ".", name);

		if (length > 0 && (size_t)length < sizeof(file) && access(file, X_OK) == 0)
			return 1;
		path += n;
		if (*path == '\0')
			return 0;
	}
}

int become(char **argv)
{
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	pa_log_error("cannot run %s: %s", argv[0], strerror(errno));
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

/* In the child. PARENT may be gone before the kernel knew our wish. */
__attribute__((noreturn)) static void begin_child(int pipes[PIPES][2], char **argv, pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent || dup2(pipes[0][0], STDIN_FILENO) < 0 ||
	    dup2(pipes[1][1], STDOUT_FILENO) < 0 || dup2(pipes[2][1], STDERR_FILENO) < 0)
		_exit(EXIT_CANNOT_RUN);
	_exit(become(argv));
}

static enum pa_status start_one(struct worker *w, char **argv, struct pa_error *err)
{
	int pipes[PIPES][2];
	int n = 0;
	pid_t parent = getpid();

	while (n < PIPES && pipe2(pipes[n], O_CLOEXEC) == 0)
		n++;
	if (n == PIPES)
		w->pid = fork();
	if (n < PIPES || w->pid < 0) {
		enum pa_status st =
		    pa_fail(err, PA_EIO, errno, "cannot start %s: %s", argv[0], strerror(errno));

		while (n-- > 0) {
			close(pipes[n][0]);
			close(pipes[n][1]);
		}
		w->pid = 0;
		return st;
	}
	if (w->pid == 0)
		begin_child(pipes, argv, parent);
	close(pipes[0][0]);
	close(pipes[1][1]);
	close(pipes[2][1]);
	w->in = pipes[0][1];
	w->out = pipes[1][0];
	w->err = pipes[2][0];
	/* Larger pipes need fewer turns; the system may not give them. */
	(void)fcntl(w->in, F_SETPIPE_SZ, PIPE_BYTES);
	(void)fcntl(w->out, F_SETPIPE_SZ, PIPE_BYTES);
	(void)fcntl(w->in, F_SETFL, O_NONBLOCK);
	(void)fcntl(w->out, F_SETFL, O_NONBLOCK);
	(void)fcntl(w->err, F_SETFL, O_NONBLOCK);
	return PA_OK;
}

enum pa_status workers_start(struct workers *w, unsigned n, char **argv, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	w->all = calloc(n, sizeof(*w->all));
	w->queues = calloc(n, sizeof(*w->queues));
	if (!w->all || !w->queues)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for workers");
	for (; w->n < n; w->n++) {
		pa_buf_init(&w->queues[w->n], QUEUE_MAX);
		pa_buf_init(&w->all[w->n].words, WORDS_MAX);
		w->all[w->n].in = w->all[w->n].out = w->all[w->n].err = -1;
	}
	watch_signals();
	for (unsigned i = 0; st == PA_OK && i < n; i++) {
		st = start_one(&w->all[i], argv, err);
		children[i] = w->all[i].pid;
	}
	return st;
}

static void close_pipe(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What is more than fits is dropped. */
static void keep(struct pa_buf *b, const uint8_t *bytes, size_t n)
{
	if (n > 0 && pa_buf_reserve(b, n) == PA_OK) {
		memcpy(b->ptr + b->len, bytes, n);
		b->len += n;
	}
}

/* The first bytes of what it says. 1 when there may be more. */
static int read_words(struct worker *a)
{
	uint8_t bytes[4096];
	ssize_t got = a->err >= 0 ? read(a->err, bytes, sizeof(bytes)) : -1;

	if (got > 0)
		keep(&a->words, bytes, (size_t)got);
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		close_pipe(&a->err);
	return got > 0;
}

/* Wait for worker I, whose output has ended. */
static void bury(struct workers *w, unsigned i)
{
	struct worker *a = &w->all[i];
	int status = 0;
	pid_t got;

	/* It may read on, and must not wait for us. */
	close_pipe(&a->in);
	do
		got = waitpid(a->pid, &status, 0);
	while (got < 0 && errno == EINTR);
	while (read_words(a))
		continue;
	children[i] = 0;
	a->pid = 0;
	a->status = got < 0               ? EXIT_CANNOT_RUN
	            : WIFSIGNALED(status) ? 128 + WTERMSIG(status)
	                                  : WEXITSTATUS(status);
	/* tshark 4.6 ends so when it is ended in the middle. */
	if (a->status == 0 && !a->given)
		a->status = PA_EXIT_FAILED;
	if (a->status != 0 && w->first_failed == 0)
		w->first_failed = i + 1;
}

void workers_stop(struct workers *w)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->all[i].pid > 0)
			kill(w->all[i].pid, SIGTERM);
	for (unsigned i = 0; i < w->n; i++) {
		close_pipe(&w->all[i].in);
		close_pipe(&w->all[i].out);
		close_pipe(&w->all[i].err);
		if (w->all[i].pid > 0)
			bury(w, i);
		pa_buf_done(&w->all[i].words);
		pa_buf_done(&w->queues[i]);
	}
	free(w->all);
	free(w->queues);
}

int workers_have_room(const struct workers *w)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->queues[i].len - w->all[i].sent >= QUEUE_BYTES)
			return 0;
	return 1;
}

int workers_is_dry(const struct workers *w, unsigned worker)
{
	const struct worker *a = &w->all[worker];
	int unread = 0;

	return a->in >= 0 && a->sent == w->queues[worker].len &&
	       ioctl(a->in, FIONREAD, &unread) == 0 && unread == 0;
}

int workers_ended(const struct workers *w)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->all[i].pid > 0)
			return 0;
	return 1;
}

/* Give worker I what its pipe takes. One that reads no more may have failed, which its end will
 * tell, so the rest is thrown away. */
static enum pa_status send_some(struct workers *w, unsigned i, struct pa_error *err)
{
	struct worker *a = &w->all[i];
	struct pa_buf *q = &w->queues[i];
	ssize_t n = 0;

	if (a->in >= 0 && a->sent < q->len)
		n = write(a->in, q->ptr + a->sent, q->len - a->sent);
	if (n < 0 && errno == EPIPE)
		close_pipe(&a->in);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		return pa_fail(err, PA_EIO, errno, "cannot write to a worker: %s", strerror(errno));
	else if (n > 0)
		a->sent += (size_t)n;
	if (a->in < 0 || a->sent == q->len) {
		pa_buf_reset(q);
		a->sent = 0;
	} else if (a->sent > q->len - a->sent) {
		memmove(q->ptr, q->ptr + a->sent, q->len - a->sent);
		q->len -= a->sent;
		a->sent = 0;
	}
	return PA_OK;
}

static enum pa_status read_rows(struct workers *w, unsigned i, struct pa_error *err)
{
	struct worker *a = &w->all[i];
	uint8_t *to = NULL;
	size_t n = 0;
	enum pa_status st = pa_merge_space(w->merge, i, &to, &n, err);
	ssize_t got;

	if (st != PA_OK || n == 0)
		return st;
	got = read(a->out, to, n);
	if (got > 0) {
		pa_merge_filled(w->merge, i, (size_t)got);
	} else if (got == 0) {
		close_pipe(&a->out);
		bury(w, i);
		pa_merge_ended(w->merge, i);
	} else if (errno != EAGAIN && errno != EINTR) {
		return pa_fail(err, PA_EIO, errno, "cannot read from a worker: %s",
		               strerror(errno));
	}
	return PA_OK;
}

enum pa_status workers_step(struct workers *w, int finished, struct pa_error *err)
{
	static const struct timespec pause = {0, PAUSE_NS};
	struct pollfd fds[PA_WORKERS_MAX * PIPES];
	enum pa_status st = PA_OK;

	for (unsigned i = 0; i < w->n; i++) {
		struct worker *a = &w->all[i];
		struct pollfd *p = &fds[(size_t)i * PIPES];
		uint8_t *to;
		size_t n = 0;

		if (finished && w->queues[i].len == 0 && a->in >= 0) {
			a->given = 1;
			close_pipe(&a->in);
		}
		p[0] = (struct pollfd){a->in, POLLOUT, 0};
		p[1] = (struct pollfd){a->out, POLLIN, 0};
		p[2] = (struct pollfd){a->err, POLLIN, 0};
		if (w->queues[i].len == 0)
			p[0].fd = -1;
		if (a->out >= 0)
			st = pa_merge_space(w->merge, i, &to, &n, err);
		if (st != PA_OK)
			return st;
		if (n == 0)
			p[1].fd = -1;
	}
	/* A turn for every row would cost more than the row: let some come together. */
	(void)nanosleep(&pause, NULL);
	/* One may have become dry since the caller looked, which is no event. */
	if (poll(fds, w->n * PIPES, finished ? -1 : LOOK_MS) < 0)
		return errno == EINTR ? PA_OK
		                      : pa_fail(err, PA_EIO, errno, "cannot wait for workers: %s",
		                                strerror(errno));
	for (unsigned i = 0; st == PA_OK && i < w->n; i++) {
		struct pollfd *p = &fds[(size_t)i * PIPES];

		if (p[0].revents)
			st = send_some(w, i, err);
		if (p[2].revents)
			(void)read_words(&w->all[i]);
		if (st == PA_OK && p[1].revents)
			st = read_rows(w, i, err);
	}
	return st;
}

/* What they said */

static int said_before(struct pa_slice text, struct pa_slice line)
{
	while (text.len > 0) {
		const uint8_t *lf = memchr(text.ptr, '\n', text.len);
		size_t n = lf ? (size_t)(lf - text.ptr) + 1 : text.len;

		if (n == line.len && memcmp(text.ptr, line.ptr, n) == 0)
			return 1;
		text.ptr += n;
		text.len -= n;
	}
	return 0;
}

/* A line that is cut is that of a worker that we ended. */
static void add_new_lines(struct pa_buf *all, struct pa_slice words)
{
	const struct pa_slice before = pa_buf_slice(all);
	struct pa_buf new_lines;

	pa_buf_init(&new_lines, WORDS_MAX);
	while (words.len > 0) {
		const uint8_t *lf = memchr(words.ptr, '\n', words.len);
		size_t n = lf ? (size_t)(lf - words.ptr) + 1 : words.len;

		if (lf && !said_before(before, (struct pa_slice){words.ptr, n}))
			keep(&new_lines, words.ptr, n);
		words.ptr += n;
		words.len -= n;
	}
	keep(all, new_lines.ptr, new_lines.len);
	pa_buf_done(&new_lines);
}

void workers_say(const struct workers *w)
{
	struct pa_buf all;

	pa_buf_init(&all, (size_t)WORDS_MAX * (w->n + 1));
	if (w->first_failed > 0)
		add_new_lines(&all, pa_buf_slice(&w->all[w->first_failed - 1].words));
	for (unsigned i = 0; i < w->n; i++)
		if (i + 1 != w->first_failed)
			add_new_lines(&all, pa_buf_slice(&w->all[i].words));
	/* Nobody to tell it to is no failure of the rows. */
	if (pa_io_write_all(STDERR_FILENO, all.ptr, all.len, "standard error", NULL) != PA_OK)
		pa_buf_reset(&all);
	pa_buf_done(&all);
}
