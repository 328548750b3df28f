/* tshark2csv: what `tshark -T fields` prints, as CSV that MySQL loads. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/log.h"
#include "pcapanalyzer/profile.h"
#include "pcapanalyzer/profile_file.h"
#include "print.h"
#include "stream.h"

#define TEXT_MAX (16u * 1024 * 1024)

static enum pa_status print(const struct pa_buf *text, struct pa_error *err)
{
	return pa_io_write_all(STDOUT_FILENO, text->ptr, text->len, "standard output", err);
}

static enum pa_status find_table(const struct options *o, const struct pa_profile *p,
                                 const struct pa_table **table, struct pa_error *err)
{
	*table = o->table ? pa_profile_table(p, o->table) : &p->tables[0];
	return *table ? PA_OK
	              : pa_fail(err, PA_EUSAGE, 0, "option --table: profile %s has no table \"%s\"",
	                        p->name, o->table);
}

static enum pa_status convert(const struct options *o, const struct pa_profile *p,
                              const struct pa_table *table, struct pa_error *err)
{
	int fd = o->input ? open(o->input, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	uint64_t rows = 0;
	uint64_t rejected = 0;
	enum pa_status st;

	if (fd < 0)
		return pa_fail(err, PA_EIO, errno, "cannot open %s: %s", o->input, strerror(errno));
	if (!o->input && isatty(STDIN_FILENO))
		pa_log_note("reading from the terminal; usually: tshark -r x.pcap $(tshark2csv "
		            "--tshark-args) | tshark2csv");
	st = stream_run(o, p, table, fd, &rows, &rejected, err);
	if (o->input)
		close(fd);
	if (st == PA_OK && rejected > 0) {
		pa_log_warning("%llu of %llu rows were kept aside in %s",
		               (unsigned long long)rejected, (unsigned long long)rows,
		               o->rejects ? o->rejects
		               : o->spool ? "the batches (table rejects)"
		                          : "standard error");
		return PA_EDATA;
	}
	return st;
}

static enum pa_status run_profile(const struct options *o, struct pa_buf *text,
                                  struct pa_profile *p, struct pa_error *err)
{
	const struct pa_table *table;
	enum pa_status st = find_table(o, p, &table, err);

	if (st != PA_OK || !print_wanted(o))
		return st == PA_OK ? convert(o, p, table, err) : st;
	st = print_profile(o, p, table, text);
	return st == PA_OK ? print(text, err) : pa_fail(err, st, 0, "no memory for the text");
}

static enum pa_status run(int argc, char **argv, struct pa_error *err, const char **place)
{
	struct options o;
	struct pa_buf text;
	struct pa_profile *p = NULL;
	enum pa_status st = options_read(argc, argv, &o, err);

	pa_buf_init(&text, TEXT_MAX);
	if (st == PA_OK && (o.help || o.version || o.dump)) {
		st = o.help      ? options_help(&text)
		     : o.version ? pa_buf_puts(&text, "tshark2csv " PA_VERSION "\n")
		                 : options_dump(&text);
		if (st == PA_OK)
			st = print(&text, err);
	} else if (st == PA_OK) {
		st = pa_profile_open(o.profile, &p, err);
		*place = st == PA_EPROFILE ? o.profile : NULL;
		if (st == PA_OK)
			st = run_profile(&o, &text, p, err);
	}
	pa_profile_free(p);
	pa_buf_done(&text);
	return st;
}

int main(int argc, char **argv)
{
	struct pa_error err = {0};
	const char *place = NULL;
	enum pa_status st;

	pa_log_program("tshark2csv");
	signal(SIGPIPE, SIG_IGN);
	st = run(argc, argv, &err, &place);
	if (st == PA_EPIPE) {
		/* Quietly, and so that the shell sees 141. */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	if (st != PA_OK && err.code != PA_OK)
		pa_log_failure(place, &err);
	if (st == PA_OK && close(STDOUT_FILENO) != 0) {
		pa_log_error("cannot close standard output: %s", strerror(errno));
		return PA_EXIT_FAILED;
	}
	return (int)pa_exit_code(st);
}
