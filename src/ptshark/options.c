#include "options.h"

#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pcapanalyzer/cli.h"
#include "pcapanalyzer/merge.h"

#define AT(member) offsetof(struct options, member)

static const struct pa_option table[] = {
    {'j', "jobs", PA_OPT_NUMBER, AT(jobs), "N",
     "run N of them (default: one per processor core, 64 at most)", 1, PA_WORKERS_MAX},
    {'r', "read", PA_OPT_TEXT, AT(file), "FILE", "the capture (default: -, standard input)", 0, 0},
    {0, "min-packets", PA_OPT_NUMBER, AT(min_packets), "N",
     "run one for a capture with fewer packets (default: 10000)", 0, UINT64_MAX},
    {0, "tap", PA_OPT_FLAG, AT(tap), NULL,
     "have tshark print through the plugin pcapfields: the same, for less work", 0, 0},
    {0, "dump-options", PA_OPT_FLAG, AT(dump), NULL, "print this table for programs, and exit", 0,
     0},
    {'h', "help", PA_OPT_FLAG, AT(help), NULL, "print this help, and exit", 0, 0},
    {'V', "version", PA_OPT_FLAG, AT(version), NULL, "print the version, and exit", 0, 0},
};

#define N_OPTIONS (sizeof(table) / sizeof(table[0]))

static uint64_t cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > (long)PA_WORKERS_MAX ? PA_WORKERS_MAX : (uint64_t)n;
}

/* A file that cannot be run, and no name to be searched for: a capture, most likely. */
static int is_no_program(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 && S_ISREG(st.st_mode) && access(name, X_OK) != 0;
}

enum pa_status options_read(int argc, char **argv, struct options *o, struct pa_error *err)
{
	int operand = argc;
	enum pa_status st;

	*o = (struct options){.jobs = cores(), .min_packets = 10000, .file = "-"};
	st = pa_cli_parse(argc, argv, table, N_OPTIONS, o, &operand, err);
	if (st != PA_OK || o->help || o->version || o->dump)
		return st;
	o->command = argv + operand;
	if (operand == argc)
		return pa_fail(err, PA_EUSAGE, 0, "a COMMAND is needed; see --help");
	if (is_no_program(argv[operand]))
		return pa_fail(err, PA_EUSAGE, 0,
		               "%s is no program; a capture is named with -r, as in: ptshark -r %s "
		               "-- tshark -T fields -e frame.number",
		               argv[operand], argv[operand]);
	return PA_OK;
}

enum pa_status options_help(struct pa_buf *out)
{
	enum pa_status st = pa_buf_puts(
	    out, "Usage: ptshark [OPTION]... -- COMMAND [ARG]...\n"
	         "Dissect one capture with several tsharks, and print the rows of one.\n\n"
	         "  ptshark -r x.pcap -- tshark -n -T fields -e frame.number -e ip.src\n\n"
	         "COMMAND is tshark with its arguments but -r, or what runs it and ends with\n"
	         "-- tshark and these arguments.\n\n");

	if (st == PA_OK)
		st = pa_cli_help(table, N_OPTIONS, out);
	return st == PA_OK ? pa_buf_puts(out, "\nExit status: that of tshark. See ptshark(1).\n")
	                   : st;
}

enum pa_status options_dump(struct pa_buf *out)
{
	return pa_cli_dump(table, N_OPTIONS, out);
}
