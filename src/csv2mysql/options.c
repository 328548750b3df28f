#include "options.h"

#include <stddef.h>

#include "pcapanalyzer/cli.h"

#define AT(member) offsetof(struct options, member)

static const struct pa_option table[] = {
    {'p', "profile", PA_OPT_TEXT, AT(profile), "NAME|FILE",
     "fields, columns and tables (default: packets)", 0, 0},
    {0, "field-table", PA_OPT_TEXT, AT(field_table), "FILE",
     "what tshark -G fields prints: check the profile, and find types", 0, 0},
    {0, "spool", PA_OPT_TEXT, AT(spool), "DIR", "load: the folder that tshark2csv -o writes", 0, 0},
    {0, "follow", PA_OPT_FLAG, AT(follow), NULL,
     "load: go on until standard input ends and the spool is empty", 0, 0},
    {0, "retry-seconds", PA_OPT_NUMBER, AT(retry_s), "N",
     "load: try a busy or lost server again for so long (default: 30)", 0, 86400},
    {0, "answer-timeout", PA_OPT_NUMBER, AT(answer_timeout_s), "SECONDS",
     "load: a server that is silent for so long is lost (default: 3600)", 1, 86400},
    {0, "dry-run", PA_OPT_FLAG, AT(dry_run), NULL,
     "migrate: print the statements, and change nothing", 0, 0},
    {0, "sensor", PA_OPT_TEXT, AT(sensor), "NAME", "status, captures: only of this sensor", 0, 0},
    {0, "sql", PA_OPT_TEXT, AT(sql), "DIR", "folder with views/ and queries/", 0, 0},
    {0, "format", PA_OPT_CHOICE, AT(format), "auto|table|csv|tsv|json",
     "form of answers (default: a table on a terminal, else tsv)", 0, 0},
    {0, "limit", PA_OPT_NUMBER, AT(limit), "N", "query: at most N rows", 1, UINT32_MAX},
    {0, "since", PA_OPT_TEXT, AT(since), "TIME",
     "query: from this time on, UTC: a date, a date and time, or 2h, 7d ago", 0, 0},
    {0, "until", PA_OPT_TEXT, AT(until), "TIME", "query: before this time", 0, 0},
    {'v', "verbose", PA_OPT_FLAG, AT(verbose), NULL, "load: one line per batch", 0, 0},
    {0, "defaults-file", PA_OPT_TEXT, AT(defaults_file), "FILE", "read only this option file", 0,
     0},
    {0, "defaults-group-suffix", PA_OPT_TEXT, AT(group_suffix), "TEXT",
     "read the groups with this suffix too", 0, 0},
    {0, "host", PA_OPT_TEXT, AT(host), "NAME", "server", 0, 0},
    {0, "port", PA_OPT_NUMBER, AT(port), "N", "its TCP port", 1, 65535},
    {0, "user", PA_OPT_TEXT, AT(user), "NAME", "user", 0, 0},
    {0, "socket", PA_OPT_TEXT, AT(socket), "PATH", "socket of a server on this machine", 0, 0},
    {0, "database", PA_OPT_TEXT, AT(database), "NAME", "database (default: pcapanalyzer)", 0, 0},
    {0, "ssl-mode", PA_OPT_CHOICE, AT(ssl_mode),
     "disabled|preferred|required|verify-ca|verify-identity", "encryption (default: preferred)", 0,
     0},
    {0, "ssl-ca", PA_OPT_TEXT, AT(ssl_ca), "FILE", "certificates that may sign the server's", 0, 0},
    {0, "ssl-cert", PA_OPT_TEXT, AT(ssl_cert), "FILE", "our certificate", 0, 0},
    {0, "ssl-key", PA_OPT_TEXT, AT(ssl_key), "FILE", "our key", 0, 0},
    {0, "connect-timeout", PA_OPT_NUMBER, AT(connect_timeout_s), "SECONDS",
     "how long to wait for the server (default: 10)", 1, 3600},
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

	*o = (struct options){
	    .profile = "packets", .retry_s = 30, .answer_timeout_s = 3600, .ssl_mode = -1};
	st = pa_cli_parse(argc, argv, table, N_OPTIONS, o, &first, err);
	if (st != PA_OK || o->help || o->version || o->dump)
		return st;
	if (first == argc)
		return pa_fail(err, PA_EUSAGE, 0, "a command is missing; see --help");
	o->command = argv[first];
	o->operand = first + 1 < argc ? argv[first + 1] : NULL;
	o->n_operands = argc - first - 1;
	return PA_OK;
}

enum pa_status options_help(struct pa_buf *out)
{
	enum pa_status st = pa_buf_puts(
	    out, "Usage: csv2mysql [OPTION]... COMMAND\n"
	         "Load batches of packets into MySQL or MariaDB, each exactly once.\n\n"
	         "Commands:\n"
	         "  init             create what is missing: database, tables, partitions, views\n"
	         "  migrate          add tables, columns and keys that are new in the profile\n"
	         "  load             load every batch of the spool, and remove it there\n"
	         "  status           how much is stored, per capture\n"
	         "  captures         the captures, tab-separated, for scripts\n"
	         "  verify           prove that stored + rejected + filtered = packets\n"
	         "  query NAME|SQL   a canned question, or any SQL that only reads\n"
	         "  queries          list the canned questions\n\n");

	if (st == PA_OK)
		st = pa_cli_help(table, N_OPTIONS, out);
	return st == PA_OK
	           ? pa_buf_puts(out,
	                         "\nA password is read from an option file, group [client] or "
	                         "[pcapanalyzer].\nExit status: 0 done, 1 failed, 2 wrong "
	                         "usage, 3 something was kept aside,\n4 the database is away or "
	                         "busy, 5 the database refuses.\n")
	           : st;
}

enum pa_status options_dump(struct pa_buf *out)
{
	return pa_cli_dump(table, N_OPTIONS, out);
}
