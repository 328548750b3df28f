/* ptshark: one capture dissected by several tsharks, printed as one would. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "divide.h"
#include "options.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/log.h"
#include "workers.h"

#define TEXT_MAX (64u * 1024)

static enum pa_status about(const struct options *o, struct pa_error *err)
{
	struct pa_buf text;
	enum pa_status st;

	pa_buf_init(&text, TEXT_MAX);
	st = o->help      ? options_help(&text)
	     : o->version ? pa_buf_puts(&text, "ptshark " PA_VERSION "\n")
	                  : options_dump(&text);
	if (st == PA_OK)
		st = pa_io_write_all(STDOUT_FILENO, text.ptr, text.len, "standard output", err);
	pa_buf_done(&text);
	return st;
}

/* The capture as standard input, where one tshark reads it. */
static enum pa_status open_capture(const char *name, struct pa_error *err)
{
	int fd;

	if (strcmp(name, "-") == 0)
		return PA_OK;
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		return pa_fail(err, PA_EIO, errno, "cannot open it: %s", strerror(errno));
	if (fd != STDIN_FILENO)
		close(fd);
	return PA_OK;
}

/* The capture as one tshark is to open it: by its name where it can, so that tshark can read it
 * twice and says the name. A program that runs tshark may keep files from it. */
static const char *name_for(const struct options *o, const struct command *c)
{
	if (lseek(STDIN_FILENO, 0, SEEK_CUR) < 0 || (c->tshark > 0 && !c->reads_twice))
		return "-";
	return o->file;
}

/* One tshark does it all, in place of this process. */
static enum pa_status run_one(const struct options *o, struct command *c, const char *why,
                              int *status, struct pa_error *err)
{
	const char *const more[] = {"-r", name_for(o, c), NULL};
	char **argv;
	enum pa_status st = o->tap ? command_tap(c, NULL, 0, err) : PA_OK;

	if (st != PA_OK)
		return st;

	if (c->reads_twice && strcmp(more[1], "-") == 0)
		return pa_fail(err, PA_EUSAGE, 0,
		               "two passes (-2) need a file, named with -r FILE before COMMAND");
	argv = command_with(c, more);
	if (!argv)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for arguments");
	if (why[0] != '\0' && can_become(argv[0]))
		pa_log_note("one tshark reads this capture: %s", why);
	*status = become(argv);
	free(argv);
	return PA_OK;
}

static enum pa_status run(const struct options *o, struct command *c, int *status,
                          struct pa_error *err)
{
	struct plan plan = {.frames = 0};
	enum pa_status st;

	if (o->jobs == 1)
		return run_one(o, c, "", status, err);
	if (c->reason[0] != '\0')
		return run_one(o, c, c->reason, status, err);
	if (lseek(STDIN_FILENO, 0, SEEK_SET) < 0)
		return run_one(o, c, "it is no file", status, err);
	st = plan_read(STDIN_FILENO, &plan, err);
	if (st != PA_OK)
		return st;
	if (plan.reason[0] == '\0' && plan.frames > 0 && plan.frames >= o->min_packets)
		st = divide(STDIN_FILENO, (unsigned)o->jobs, o->tap, c, &plan, status, err);
	else if (lseek(STDIN_FILENO, 0, SEEK_SET) == 0)
		st = run_one(o, c, plan.reason, status, err);
	else
		st = pa_fail(err, PA_EIO, errno, "cannot read it again: %s", strerror(errno));
	plan_done(&plan);
	return st;
}

int main(int argc, char **argv)
{
	struct options o;
	struct command command = {.n = 0};
	struct pa_error err = {0};
	int status = 0;
	enum pa_status st;

	pa_log_program("ptshark");
	signal(SIGPIPE, SIG_IGN);
	st = options_read(argc, argv, &o, &err);
	if (st == PA_OK && (o.help || o.version || o.dump)) {
		st = about(&o, &err);
	} else if (st == PA_OK) {
		st = command_read(o.command, &command, &err);
		if (st == PA_OK)
			st = open_capture(o.file, &err);
		if (st == PA_OK)
			st = run(&o, &command, &status, &err);
		command_done(&command);
	}
	if (st == PA_EPIPE) {
		/* Quietly, and so that the shell sees 141. */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	if (st != PA_OK)
		pa_log_failure(st == PA_EUSAGE ? NULL : o.file, &err);
	return st != PA_OK ? (int)pa_exit_code(st) : status;
}
