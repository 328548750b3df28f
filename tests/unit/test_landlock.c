#include "pcapanalyzer/landlock.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char *dir;

/* What is tried, in the folder: 0, or errno. */
static int opens(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	return fd < 0 ? errno : 0;
}

static int reads_in(void)
{
	return opens("in/file", O_RDONLY);
}

static int reads_out(void)
{
	return opens("out/file", O_RDONLY);
}

static int makes_in(void)
{
	return opens("in/new", O_WRONLY | O_CREAT);
}

static int makes_out(void)
{
	return opens("out/new", O_WRONLY | O_CREAT);
}

static int moves_in(void)
{
	return mkdir("in/a", 0700) != 0 || mkdir("in/b", 0700) != 0 || rename("in/a", "in/b/a") != 0
	           ? errno
	           : 0;
}

static int moves_out(void)
{
	return rename("in/file", "out/moved") != 0 ? errno : 0;
}

static const struct {
	const char *what;
	int (*act)(void);
	int alone, read, write; /* refused without rules, with READ, with READ and WRITE */
} rows[] = {
    {"reads in", reads_in, 1, 0, 0},     {"reads out", reads_out, 1, 1, 1},
    {"makes in", makes_in, 1, 1, 0},     {"makes out", makes_out, 1, 1, 1},
    {"moves inside", moves_in, 1, 1, 0}, {"moves out", moves_out, 1, 1, 1},
};

/* 1 when it was refused to a child that has RIGHTS in the folder "in". */
static int in_child(int (*act)(void), unsigned rights)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct pa_landlock l;
		struct pa_error err = {0};
		int failed;

		if (chdir(dir) != 0 || pa_landlock_init(&l, &err) != PA_OK ||
		    (rights && pa_landlock_allow(&l, "in", rights, &err) != PA_OK) ||
		    pa_landlock_enforce(&l, &err) != PA_OK)
			_exit(3);
		pa_landlock_done(&l);
		failed = act();
		_exit(failed == 0 ? 0 : failed == EACCES || failed == EXDEV ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status);
}

static void touch(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void allows_what_it_is_told(void **state)
{
	struct pa_landlock l;
	char path[256];

	(void)state;
	if (pa_landlock_init(&l, NULL) != PA_OK) {
		skip();
		return;
	}
	pa_landlock_done(&l);
	snprintf(path, sizeof(path), "%s/in", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/out", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/in/file", dir);
	touch(path);
	snprintf(path, sizeof(path), "%s/out/file", dir);
	touch(path);
	for (size_t i = 0; i < N_OF(rows); i++) {
		if (in_child(rows[i].act, 0) != rows[i].alone ||
		    in_child(rows[i].act, PA_LANDLOCK_READ) != rows[i].read ||
		    in_child(rows[i].act, PA_LANDLOCK_READ | PA_LANDLOCK_WRITE) != rows[i].write)
			fail_msg("%s", rows[i].what);
	}
}

static void names_what_is_not_there(void **state)
{
	struct pa_landlock l;
	struct pa_error err = {0};

	(void)state;
	if (pa_landlock_init(&l, NULL) != PA_OK) {
		skip();
		return;
	}
	assert_int_equal(pa_landlock_allow(&l, "/nonexistent/x", PA_LANDLOCK_READ, &err), PA_EIO);
	assert_int_equal(err.sys, ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/x"));
	pa_landlock_done(&l);
	pa_landlock_done(&l);
}

static int set_up(void **state)
{
	(void)state;
	dir = make_folder();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	remove_tree(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(allows_what_it_is_told),
	    cmocka_unit_test(names_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
