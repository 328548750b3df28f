#include "options.h"

#include <stddef.h>

#include "pcapanalyzer/cli.h"

#define AT(member) offsetof(struct options, member)

static const struct pa_option table[] = {
    {0, "frames", PA_OPT_TEXT, AT(frames), "LIST",
     "mask, pick: which packets, as 5,7-9,100- (tshark's frame numbers)", 0, 0},
    {0, "format", PA_OPT_CHOICE, AT(format), "text|json",
     "stat: form of the answer (default: text)", 0, 0},
    {0, "sha256", PA_OPT_FLAG, AT(sha256), NULL, "stat: the SHA-256 of the file, too", 0, 0},
    {0, "dump-options", PA_OPT_FLAG, AT(dump), NULL, "print this table for programs, and exit", 0,
     0},
    {'h', "help", PA_OPT_FLAG, AT(help), NULL, "print this help, and exit", 0, 0},
    {'V', "version", PA_OPT_FLAG, AT(version), NULL, "print the version, and exit", 0, 0},
};

#define N_OPTIONS (sizeof(table) / sizeof(table[0]))

enum pa_status options_read(int argc, char **argv, struct options *o, struct pa_error *err)
{
	int first = argc;
	enum pa_status st;

	*o = (struct options){.format = FORMAT_TEXT};
	st = pa_cli_parse(argc, argv, table, N_OPTIONS, o, &first, err);
	if (st != PA_OK || o->help || o->version || o->dump)
		return st;
	if (first == argc)
		return pa_fail(err, PA_EUSAGE, 0, "a command is missing; see --help");
	o->command = argv[first];
	o->operands = argv + first + 1;
	o->n_operands = argc - first - 1;
	return PA_OK;
}

enum pa_status options_help(struct pa_buf *out)
{
	enum pa_status st = pa_buf_puts(
	    out,
	    "Usage: pcapfile [OPTION]... COMMAND FILE...\n"
	    "Look into capture files, pcap and pcapng, and copy them without some packets.\n\n"
	    "Commands:\n"
	    "  stat FILE...     packets, times, interfaces and their drop counters, and how it "
	    "ends\n"
	    "  mask FILE OUT    the same file with the bytes of --frames taken out\n"
	    "  pick FILE OUT    the file with no other packets than --frames\n\n"
	    "- is standard input as FILE, standard output as OUT.\n\n");

	if (st == PA_OK)
		st = pa_cli_help(table, N_OPTIONS, out);
	return st == PA_OK
	           ? pa_buf_puts(out, "\nExit status: 0 done, 1 failed, 2 wrong usage, 3 done, but "
	                              "a file is cut or damaged.\nSee pcapfile(1).\n")
	           : st;
}

enum pa_status options_dump(struct pa_buf *out)
{
	return pa_cli_dump(table, N_OPTIONS, out);
}
