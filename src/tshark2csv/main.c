/* tshark2csv: what `tshark -T fields` prints, as CSV that MySQL loads. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "pcapanalyzer/canary.h"
#include "pcapanalyzer/fields_file.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/log.h"
#include "pcapanalyzer/profile.h"
#include "pcapanalyzer/profile_file.h"
#include "print.h"
#include "stream.h"

#define TEXT_MAX  (16u * 1024 * 1024)
#define FOUND_MAX 1000 /* lines that --find prints */

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

/* The input: a file, or standard input; -1 when it cannot be opened. */
static int open_input(const struct options *o, struct pa_error *err)
{
	int fd = o->input ? open(o->input, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;

	if (fd < 0)
		(void)pa_fail(err, PA_EIO, errno, "cannot open %s: %s", o->input, strerror(errno));
	return fd;
}

static enum pa_status convert(const struct options *o, const struct pa_profile *p,
                              const struct pa_table *table, struct pa_error *err)
{
	int fd = open_input(o, err);
	uint64_t rows = 0;
	uint64_t rejected = 0;
	enum pa_status st;

	if (fd < 0)
		return PA_EIO;
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

static enum pa_status find(const struct options *o, const struct pa_fields *fields,
                           struct pa_buf *text, struct pa_error *err)
{
	uint64_t n = 0;
	enum pa_status st = pa_fields_search(fields, pa_slice_of(o->find), FOUND_MAX, text, &n);

	if (st != PA_OK)
		return pa_fail(err, st, 0, "no memory for the text");
	if (n == 0)
		return pa_fail(err, PA_EVALUE, 0,
		               "no field has \"%s\" in its name, title or description; try a "
		               "shorter word, or a protocol's name such as dns",
		               o->find);
	if (n > FOUND_MAX)
		pa_log_note("%llu fields; the first %d", (unsigned long long)n, FOUND_MAX);
	return print(text, err);
}

static enum pa_status with_fields(const struct options *o, struct pa_buf *text,
                                  struct pa_error *err, const char **place)
{
	struct pa_fields_file table = {0};
	struct pa_profile *p = NULL;
	enum pa_status st = PA_OK;

	if (o->field_table)
		st = pa_fields_file_read(o->field_table, &table, err);
	*place = st == PA_EROW ? o->field_table : NULL;
	if (st == PA_OK && o->find) {
		st = find(o, table.fields, text, err);
	} else if (st == PA_OK) {
		st = pa_profile_open(o->profile, table.fields, &p, err);
		*place = st == PA_EPROFILE ? o->profile : NULL;
	}
	/* The profile keeps nothing of the table, which is large. */
	pa_fields_file_done(&table);
	if (p)
		st = run_profile(o, text, p, err);
	pa_profile_free(p);
	return st;
}

static enum pa_status about(const struct options *o, struct pa_buf *text, struct pa_error *err)
{
	enum pa_status st;

	if (o->help)
		st = options_help(text);
	else if (o->version)
		st = pa_buf_puts(text, "tshark2csv " PA_VERSION "\n");
	else if (o->dump)
		st = options_dump(text);
	else
		st = pa_canary_args(o->aggregator, text);
	return st == PA_OK ? print(text, err) : pa_fail(err, st, 0, "no memory for the text");
}

static enum pa_status read_answer(const struct options *o, struct pa_buf *text,
                                  struct pa_error *err)
{
	int fd = open_input(o, err);
	enum pa_status st = fd < 0 ? PA_EIO : PA_OK;
	size_t got = 1;

	while (st == PA_OK && got > 0) {
		if (text->len > PA_CANARY_ANSWER_MAX)
			st = pa_fail(err, PA_ELIMIT, 0,
			             "this is too long for an answer to the canary");
		else
			st = pa_buf_reserve(text, PA_CANARY_ANSWER_MAX);
		if (st == PA_OK)
			st = pa_io_read(fd, text->ptr + text->len, text->cap - text->len, &got,
			                o->input ? o->input : "standard input", err);
		if (st == PA_OK)
			text->len += got;
	}
	if (o->input && fd >= 0)
		close(fd);
	return st;
}

static enum pa_status learn(const struct options *o, struct pa_buf *text, struct pa_error *err)
{
	enum pa_dialect dialect;
	enum pa_status st = read_answer(o, text, err);

	if (st == PA_OK)
		st = pa_canary_learn(pa_buf_slice(text), o->aggregator, &dialect, err);
	if (st != PA_OK)
		return st == PA_EFORMAT ? PA_EROW : st; /* nothing was kept aside: it failed */
	pa_buf_reset(text);
	st = pa_buf_puts(text, dialect == PA_DIALECT_4_0 ? "4.0\n" : "4.4\n");
	return st == PA_OK ? print(text, err) : pa_fail(err, st, 0, "no memory for the text");
}

static enum pa_status run(int argc, char **argv, struct pa_error *err, const char **place)
{
	const struct pa_slice canary = pa_canary_capture();
	struct options o;
	struct pa_buf text;
	enum pa_status st = options_read(argc, argv, &o, err);

	pa_buf_init(&text, TEXT_MAX);
	if (st == PA_OK && (o.help || o.version || o.dump || o.canary_args))
		st = about(&o, &text, err);
	else if (st == PA_OK && o.canary)
		st = pa_io_write_all(STDOUT_FILENO, canary.ptr, canary.len, "standard output", err);
	else if (st == PA_OK && o.learn)
		st = learn(&o, &text, err);
	else if (st == PA_OK)
		st = with_fields(&o, &text, err, place);
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
