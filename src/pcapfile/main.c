/* pcapfile: what capture files hold, and copies of them without some packets. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/lockdown.h"
#include "pcapanalyzer/log.h"

#define TEXT_MAX (1024u * 1024)

static const struct {
	const char *name;
	command_fn *fn;
	int least, most; /* operands */
	const char *wants;
} commands[] = {
    {"stat", command_stat, 1, INT32_MAX, "one FILE or more"},
    {"mask", command_mask, 2, 2, "FILE and OUT"},
    {"pick", command_pick, 2, 2, "FILE and OUT"},
};

static enum pa_status run_command(const struct options *o, const char **place, struct pa_error *err)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		enum pa_status st;

		if (strcmp(o->command, commands[i].name) != 0)
			continue;
		if (o->n_operands < commands[i].least || o->n_operands > commands[i].most)
			return pa_fail(err, PA_EUSAGE, 0, "%s takes %s; see --help", o->command,
			               commands[i].wants);
		/* The files are anywhere; no socket and no other process is needed. */
		st = pa_lockdown("/", err);
		return st == PA_OK ? commands[i].fn(o, place, err) : st;
	}
	return pa_fail(err, PA_EUSAGE, 0, "unknown command \"%s\"; see --help", o->command);
}

static enum pa_status about(const struct options *o, struct pa_error *err)
{
	struct pa_buf text;
	enum pa_status st;

	pa_buf_init(&text, TEXT_MAX);
	st = o->help      ? options_help(&text)
	     : o->version ? pa_buf_puts(&text, "pcapfile " PA_VERSION "\n")
	                  : options_dump(&text);
	if (st == PA_OK)
		st = pa_io_write_all(STDOUT_FILENO, text.ptr, text.len, "standard output", err);
	pa_buf_done(&text);
	return st;
}

int main(int argc, char **argv)
{
	struct options o;
	struct pa_error err = {0};
	const char *place = NULL;
	enum pa_status st;

	pa_log_program("pcapfile");
	signal(SIGPIPE, SIG_IGN);
	st = options_read(argc, argv, &o, &err);
	if (st == PA_OK)
		st =
		    o.help || o.version || o.dump ? about(&o, &err) : run_command(&o, &place, &err);
	if (st == PA_EPIPE) {
		/* Quietly, and so that the shell sees 141. */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	if (st != PA_OK && err.code != PA_OK)
		pa_log_failure(st == PA_EUSAGE ? NULL : place, &err);
	if (close(STDOUT_FILENO) != 0 && st == PA_OK) {
		pa_log_error("cannot close standard output: %s", strerror(errno));
		return PA_EXIT_FAILED;
	}
	return (int)pa_exit_code(st);
}
