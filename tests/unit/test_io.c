#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "pcapanalyzer/io.h"
#include "support.h"

static void on_alarm(int signo)
{
	(void)signo;
}

/* Interrupt every system call of this process, a thousand times a second. */
static void interrupt(int on)
{
	struct sigaction a = {.sa_handler = on ? on_alarm : SIG_IGN}; /* no SA_RESTART */
	struct itimerval t = {{0, on ? 1000 : 0}, {0, on ? 1000 : 0}};

	sigemptyset(&a.sa_mask);
	assert_int_equal(sigaction(SIGALRM, &a, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &t, NULL), 0);
}

/* Writes go on after signals and after a reader that takes a little at a time. */
static void test_write_and_read_all(void **state)
{
	enum { SIZE = 1 << 20 };
	uint8_t *bytes = malloc(SIZE);
	struct pa_error err = {0};
	uint32_t seed = 11;
	int fds[2];
	int status;
	pid_t child;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)next_random(&seed);
	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		uint8_t piece[5000];
		size_t at = 0;
		size_t got = 1;
		int bad = 0;

		close(fds[1]);
		while (got > 0 && !bad) {
			bad =
			    pa_io_read(fds[0], piece, sizeof(piece), &got, "pipe", NULL) != PA_OK ||
			    at + got > SIZE || memcmp(piece, bytes + at, got) != 0;
			at += got;
			usleep(at % 7 == 0 ? 300 : 0);
		}
		_exit(bad || at != SIZE);
	}
	close(fds[0]);
	interrupt(1);
	assert_ok(pa_io_write_all(fds[1], bytes, SIZE, "pipe", &err));
	assert_ok(pa_io_write_all(fds[1], NULL, 0, "pipe", &err));
	close(fds[1]);
	interrupt(0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	free(bytes);
}

static void test_write_failures(void **state)
{
	struct pa_error err = {0};
	int fds[2];
	int full = open("/dev/full", O_WRONLY);

	(void)state;
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(pa_io_write_all(fds[1], "x", 1, "the pipe", &err), PA_EPIPE);
	assert_int_equal(err.code, PA_EPIPE);
	assert_int_equal(err.sys, EPIPE);
	assert_non_null(strstr(err.msg, "the pipe"));
	close(fds[1]);

	err = (struct pa_error){0};
	assert_int_equal(pa_io_write_all(fds[1], "x", 1, "nothing", &err), PA_EIO);
	assert_int_equal(err.sys, EBADF);

	assert_true(full >= 0);
	err = (struct pa_error){0};
	assert_int_equal(pa_io_write_all(full, "x", 1, "the disk", &err), PA_EIO);
	assert_int_equal(err.sys, ENOSPC);
	assert_int_equal(pa_io_write_all(full, "x", 1, "the disk", NULL), PA_EIO);
	close(full);
}

static void test_read_failures(void **state)
{
	struct pa_error err = {0};
	uint8_t byte;
	size_t got = 77;

	(void)state;
	assert_int_equal(pa_io_read(-1, &byte, 1, &got, "nothing", &err), PA_EIO);
	assert_int_equal(err.sys, EBADF);
	assert_int_equal(got, 77);
}

static void test_files_of_every_size(void **state)
{
	static const size_t sizes[] = {0, 1, 255, 256, 257, 4095, 4096, 4097, 70000};
	char *folder = make_folder();
	int dir = open(folder, O_RDONLY | O_DIRECTORY);
	static uint8_t bytes[70000];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t i = 0; i < N_OF(sizes); i++) {
		struct pa_slice want = {bytes, sizes[i]};
		struct pa_error err = {0};
		struct stat st;
		struct pa_buf b;

		assert_ok(pa_io_write_file(dir, "file", bytes, sizes[i], &err));
		assert_int_equal(fstatat(dir, "file", &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 0600);

		/* It must not exist, and is left as it is when it does. */
		assert_int_equal(pa_io_write_file(dir, "file", "other", 5, &err), PA_EIO);
		assert_int_equal(err.sys, EEXIST);

		pa_buf_init(&b, sizes[i]); /* exactly full is fine */
		assert_ok(pa_io_read_file(dir, "file", &b, NULL));
		assert_slice(of_buf(&b), want);
		pa_buf_done(&b);

		pa_buf_init(&b, sizes[i] + 3); /* it appends */
		assert_ok(pa_buf_puts(&b, "abc"));
		assert_ok(pa_io_read_file(dir, "file", &b, NULL));
		assert_memory_equal(b.ptr, "abc", 3);
		assert_slice(((struct pa_slice){b.ptr + 3, b.len - 3}), want);
		pa_buf_done(&b);

		if (sizes[i] > 0) {
			pa_buf_init(&b, sizes[i] - 1);
			err = (struct pa_error){0};
			assert_int_equal(pa_io_read_file(dir, "file", &b, &err), PA_ELIMIT);
			assert_int_equal(err.code, PA_ELIMIT);
			pa_buf_done(&b);
		}
		assert_int_equal(unlinkat(dir, "file", 0), 0);
	}
	close(dir);
	remove_tree(folder);
}

static void test_read_file_failures(void **state)
{
	char *folder = make_folder();
	struct pa_error err = {0};
	struct pa_buf b;

	(void)state;
	pa_buf_init(&b, 100);
	assert_int_equal(pa_io_read_file(AT_FDCWD, "/nonexistent/file", &b, &err), PA_EIO);
	assert_int_equal(err.sys, ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/file"));
	err = (struct pa_error){0};
	assert_int_equal(pa_io_read_file(AT_FDCWD, folder, &b, &err), PA_EIO);
	assert_int_equal(err.sys, EISDIR);
	pa_buf_done(&b);
	remove_tree(folder);
}

static void test_find_file(void **state)
{
	char *folder = make_folder();
	int dir = open(folder, O_RDONLY | O_DIRECTORY);
	struct pa_error err = {0};
	int found = 7;

	(void)state;
	assert_ok(pa_io_write_file(dir, "file", "x", 1, NULL));
	assert_int_equal(mkdirat(dir, "folder", 0700), 0);
	assert_int_equal(symlinkat("file", dir, "link"), 0);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(pa_io_find_file(dir, "folder", &found, NULL), PA_EFORMAT);
	assert_int_equal(pa_io_find_file(dir, "link", &found, NULL), PA_EFORMAT);
	assert_int_equal(pa_io_find_file(dir, "fifo", &found, &err), PA_EFORMAT);
	assert_string_equal(err.msg, "fifo is not a file");
	assert_int_equal(pa_io_find_file(dir, "file/below", &found, NULL), PA_EIO);
	assert_int_equal(found, 7);
	assert_ok(pa_io_find_file(dir, "nothing", &found, NULL));
	assert_int_equal(found, 0);
	assert_ok(pa_io_find_file(dir, "file", &found, NULL));
	assert_int_equal(found, 1);
	close(dir);
	remove_tree(folder);
}

/* As on a full disk: part of the file is written, the rest is refused. */
static void test_failed_write_leaves_no_file(void **state)
{
	char *folder = make_folder();
	int dir = open(folder, O_RDONLY | O_DIRECTORY);
	static const uint8_t bytes[10000];
	struct rlimit old;
	struct rlimit small;
	struct pa_error err = {0};
	enum pa_status st;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){5000, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	st = pa_io_write_file(dir, "file", bytes, sizeof(bytes), &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(st, PA_EIO);
	assert_int_equal(err.sys, EFBIG);
	assert_int_equal(faccessat(dir, "file", F_OK, 0), -1);
	assert_int_equal(errno, ENOENT);

	err = (struct pa_error){0};
	assert_int_equal(pa_io_write_file(dir, "no/file", bytes, 1, &err), PA_EIO);
	assert_int_equal(err.sys, ENOENT);
	close(dir);
	remove_tree(folder);
}

static void test_remove_folder(void **state)
{
	char *folder = make_folder();
	int dir = open(folder, O_RDONLY | O_DIRECTORY);
	struct pa_error err = {0};

	(void)state;
	assert_ok(pa_io_remove_dir(dir, "missing", &err));

	assert_int_equal(mkdirat(dir, "full", 0700), 0);
	assert_ok(pa_io_write_file(dir, "full/a", "1", 1, NULL));
	assert_ok(pa_io_write_file(dir, "full/.b", "2", 1, NULL));
	assert_int_equal(symlinkat("/nonexistent", dir, "full/link"), 0);
	assert_ok(pa_io_sync_dir(dir, "folder", &err));
	assert_ok(pa_io_remove_dir(dir, "full", &err));
	assert_int_equal(faccessat(dir, "full", F_OK, 0), -1);

	/* Not through a link: what it points to stays. */
	assert_int_equal(mkdirat(dir, "kept", 0700), 0);
	assert_ok(pa_io_write_file(dir, "kept/a", "1", 1, NULL));
	assert_int_equal(symlinkat("kept", dir, "link"), 0);
	assert_int_equal(pa_io_remove_dir(dir, "link", &err), PA_EIO);
	assert_int_equal(faccessat(dir, "kept/a", F_OK, 0), 0);

	/* Nor a folder below it. */
	err = (struct pa_error){0};
	assert_int_equal(mkdirat(dir, "kept/below", 0700), 0);
	assert_int_equal(pa_io_remove_dir(dir, "kept", &err), PA_EIO);
	assert_int_equal(err.sys, ENOTEMPTY);
	assert_int_equal(faccessat(dir, "kept/below", F_OK, 0), 0);

	err = (struct pa_error){0};
	assert_int_equal(pa_io_sync_dir(-1, "nothing", &err), PA_EIO);
	assert_int_equal(err.sys, EBADF);
	close(dir);
	remove_tree(folder);
}

static int ignore_signals(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_write_and_read_all),
	    cmocka_unit_test(test_write_failures),
	    cmocka_unit_test(test_read_failures),
	    cmocka_unit_test(test_files_of_every_size),
	    cmocka_unit_test(test_read_file_failures),
	    cmocka_unit_test(test_find_file),
	    cmocka_unit_test(test_failed_write_leaves_no_file),
	    cmocka_unit_test(test_remove_folder),
	};

	return cmocka_run_group_tests(tests, ignore_signals, NULL);
}
