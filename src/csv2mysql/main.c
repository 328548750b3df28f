/* csv2mysql: batches of packets into MySQL or MariaDB, each exactly once. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "optfile.h"
#include "pcapanalyzer/fields_file.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/log.h"
#include "pcapanalyzer/profile_file.h"

#define TEXT_MAX (1024u * 1024)

struct command {
	const char *name;
	command_fn *fn;
	int operands;
	int needs_profile;
	int needs_server;
};

static const struct command commands[] = {
    {"init", command_init, 0, 1, 1},         {"migrate", command_migrate, 0, 1, 1},
    {"load", command_load, 0, 1, 1},         {"status", command_status, 0, 0, 1},
    {"captures", command_captures, 0, 1, 1}, {"verify", command_verify, 0, 1, 1},
    {"query", command_query, 1, 0, 1},       {"queries", command_queries, 0, 0, 0},
    {"event", command_event, 0, 0, 0},       {"coverage", command_coverage, 0, 0, 1},
    {"metrics", command_metrics, 0, 0, 1},   {"prune", command_prune, 0, 1, 1},
    {"size", command_size, 0, 1, 1},         {"forecast", command_forecast, 0, 0, 0},
};

static enum pa_status find_command(const struct options *o, const struct command **out,
                                   struct pa_error *err)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(o->command, commands[i].name) != 0)
			continue;
		if (o->n_operands < commands[i].operands)
			return pa_fail(err, PA_EUSAGE, 0, "%s needs a NAME or SQL; see --help",
			               o->command);
		if (o->n_operands > commands[i].operands)
			return pa_fail(err, PA_EUSAGE, 0,
			               "%s takes %s argument; put SQL into quotes", o->command,
			               commands[i].operands ? "one" : "no");
		*out = &commands[i];
		return PA_OK;
	}
	return pa_fail(err, PA_EUSAGE, 0, "unknown command \"%s\"; see --help", o->command);
}

static enum pa_status open_profile(struct run *r, struct pa_error *err)
{
	struct pa_fields_file table = {0};
	enum pa_status st = PA_OK;

	if (r->o.field_table)
		st = pa_fields_file_read(r->o.field_table, &table, err);
	r->place = st == PA_EROW ? r->o.field_table : NULL;
	if (st == PA_OK) {
		st = pa_profile_open(r->o.profile, table.fields, &r->profile, err);
		r->place = st == PA_EPROFILE ? r->o.profile : NULL;
	}
	pa_fields_file_done(&table);
	return st;
}

static enum pa_status run_command(struct run *r, struct pa_error *err)
{
	const struct command *command = NULL;
	struct optfile files = {{NULL}};
	enum pa_status st = find_command(&r->o, &command, err);

	if (st == PA_OK && command->needs_profile)
		st = open_profile(r, err);
	if (st == PA_OK && command->needs_server)
		st = optfile_read(&r->o, &files, err);
	if (st == PA_OK && command->needs_server)
		st = optfile_connection(&r->o, &files, &r->connection, err);
	if (st == PA_OK)
		st = command->fn(r, err);
	optfile_done(&files);
	pa_profile_free(r->profile);
	pa_db_library_end();
	return st;
}

static enum pa_status about(const struct options *o, struct pa_error *err)
{
	struct pa_buf text;
	enum pa_status st;

	pa_buf_init(&text, TEXT_MAX);
	st = o->help      ? options_help(&text)
	     : o->version ? pa_buf_puts(&text, "csv2mysql " PA_VERSION "\n")
	                  : options_dump(&text);
	if (st == PA_OK)
		st = pa_io_write_all(STDOUT_FILENO, text.ptr, text.len, "standard output", err);
	pa_buf_done(&text);
	return st;
}

int main(int argc, char **argv)
{
	struct run r = {0};
	struct pa_error err = {0};
	enum pa_status st;

	pa_log_program("csv2mysql");
	signal(SIGPIPE, SIG_IGN);
	st = options_read(argc, argv, &r.o, &err);
	if (st == PA_OK)
		st =
		    r.o.help || r.o.version || r.o.dump ? about(&r.o, &err) : run_command(&r, &err);
	if (st == PA_EPIPE) {
		/* Quietly, and so that the shell sees 141. */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	if (st != PA_OK && err.code != PA_OK)
		pa_log_failure(r.place, &err);
	if (st == PA_OK && close(STDOUT_FILENO) != 0) {
		pa_log_error("cannot close standard output: %s", strerror(errno));
		return PA_EXIT_FAILED;
	}
	return (int)pa_exit_code(st);
}
