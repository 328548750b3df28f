#include "options.h"

#include <stddef.h>

#define LIMIT_MAX  999999999
#define AT(member) offsetof(struct options, member)

static const struct pa_option table[] = {
    {0, "read", PA_OPT_TEXTS, AT(read), "PATH", "let it read PATH, and what is below", 0, 0},
    {0, "write", PA_OPT_TEXTS, AT(write), "PATH", "let it read and write PATH, and what is below",
     0, 0},
    {0, "user", PA_OPT_TEXT, AT(user), "NAME",
     "as root: run it as NAME (default: pcapanalyzer, else nobody)", 0, 0},
    {0, "memory-mib", PA_OPT_NUMBER, AT(memory_mib), "N",
     "let it have N MiB of address space (default: 0, no limit)", 0, LIMIT_MAX},
    {0, "stall-seconds", PA_OPT_NUMBER, AT(stall_seconds), "N",
     "kill it after N s of processor time without a byte read or written (default: 0, never)", 0,
     LIMIT_MAX},
    {0, "wall-seconds", PA_OPT_NUMBER, AT(wall_seconds), "N",
     "kill it after N s (default: 0, never)", 0, LIMIT_MAX},
    {0, "require", PA_OPT_TEXT, AT(require), "LAYER,...",
     "fail unless the system offers these layers; see --report", 0, 0},
    {0, "report", PA_OPT_FLAG, AT(report), NULL, "print which layers the system offers, and exit",
     0, 0},
    {0, "dump-options", PA_OPT_FLAG, AT(dump), NULL, "print this table for programs, and exit", 0,
     0},
    {'h', "help", PA_OPT_FLAG, AT(help), NULL, "print this help, and exit", 0, 0},
    {'V', "version", PA_OPT_FLAG, AT(version), NULL, "print the version, and exit", 0, 0},
};

#define N_OPTIONS (sizeof(table) / sizeof(table[0]))

enum pa_status options_read(int argc, char **argv, struct options *o, struct pa_error *err)
{
	int operand;
	enum pa_status st;

	*o = (struct options){0};
	st = pa_cli_parse(argc, argv, table, N_OPTIONS, o, &operand, err);
	if (st != PA_OK)
		return st;
	o->command = argv + operand;
	if (operand == argc && !o->report && !o->help && !o->version && !o->dump)
		return pa_fail(err, PA_EUSAGE, 0, "a COMMAND is needed; see --help");
	if (operand < argc && o->report)
		return pa_fail(err, PA_EUSAGE, 0, "--report takes no COMMAND");
	return PA_OK;
}

enum pa_status options_help(struct pa_buf *out)
{
	enum pa_status st = pa_buf_puts(
	    out, "Usage: pcapsandbox [OPTION]... -- COMMAND [ARG]...\n"
	         "Run a dissector without network, without sight of credentials, with limits.\n\n"
	         "  pcapsandbox --memory-mib 4096 -- tshark -r - < x.pcap\n\n");

	if (st == PA_OK)
		st = pa_cli_help(table, N_OPTIONS, out);
	if (st == PA_OK)
		st = pa_buf_puts(out, "\nExit status: that of COMMAND, 128 and the number of the "
		                      "signal that ended it,\n124 killed for a limit, 125 "
		                      "pcapsandbox failed, 126 COMMAND cannot be run,\n127 not "
		                      "found. See pcapsandbox(1).\n");
	return st;
}

enum pa_status options_dump(struct pa_buf *out)
{
	return pa_cli_dump(table, N_OPTIONS, out);
}
