/* pcapsandbox: a dissector without network, without sight of credentials, with limits. */
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "child.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/log.h"

#define TEXT_MAX (64u * 1024)

static enum pa_status about(const struct options *o, struct pa_error *err)
{
	struct pa_buf text;
	enum pa_status st;

	pa_buf_init(&text, TEXT_MAX);
	st = o->help      ? options_help(&text)
	     : o->version ? pa_buf_puts(&text, "pcapsandbox " PA_VERSION "\n")
	                  : options_dump(&text);
	if (st == PA_OK)
		st = pa_io_write_all(STDOUT_FILENO, text.ptr, text.len, "standard output", err);
	pa_buf_done(&text);
	return st;
}

/* Signals wait until children_watch() takes them. */
static void block_signals(void)
{
	static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	struct options o;
	struct layers layers = {0};
	struct children children;
	struct pa_error err = {0};
	enum pa_status st;

	pa_log_program("pcapsandbox");
	block_signals();
	st = options_read(argc, argv, &o, &err);
	if (st == PA_OK && (o.help || o.version || o.dump)) {
		st = about(&o, &err);
		if (st == PA_OK)
			return 0;
	}
	if (st == PA_OK) {
		layers_enter(&o, &layers);
		/* A user that was named is a demand: a mistyped one must not mean root. */
		if (o.user && layers.missing[LAYER_USER][0])
			st = pa_fail(&err, PA_EUSAGE, 0, "option --user: %s",
			             layers.missing[LAYER_USER]);
	}
	if (st == PA_OK) {
		st = children_start(&o, &layers, &children, &err);
	}
	if (st != PA_OK) {
		pa_log_failure(NULL, &err);
		return EXIT_OURS;
	}
	/* Not return: a leak check could not work as the user and in the namespaces that we are in.
	 */
	_exit(children_watch(&o, &children));
}
