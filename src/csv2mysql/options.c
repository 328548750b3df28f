#include "options.h"

#include <stddef.h>

#include "pcapanalyzer/cli.h"

#define AT(member) offsetof(struct options, member)

static const struct pa_option table[] = {
    {'p', "profile", PA_OPT_TEXT, AT(profile), "NAME|FILE",
     "fields, columns and tables (default: packets)", 0, 0},
    {0, "field-table", PA_OPT_TEXT, AT(field_table), "FILE",
     "what tshark -G fields prints: check the profile, and find types", 0, 0},
    {0, "spool", PA_OPT_TEXT, AT(spool), "DIR", "the folder between filter and loader", 0, 0},
    {0, "follow", PA_OPT_FLAG, AT(follow), NULL,
     "load: go on until standard input ends and the spool is empty", 0, 0},
    {0, "retry-seconds", PA_OPT_NUMBER, AT(retry_s), "N",
     "load: try a busy or lost server again for so long (default: 30)", 0, 86400},
    {0, "answer-timeout", PA_OPT_NUMBER, AT(answer_timeout_s), "SECONDS",
     "load: a server that is silent for so long is lost (default: 3600)", 1, 86400},
    {0, "dry-run", PA_OPT_FLAG, AT(dry_run), NULL,
     "migrate, prune: print what would be done, and change nothing", 0, 0},
    {0, "keep-views", PA_OPT_FLAG, AT(keep_views), NULL,
     "migrate: leave views that are there alone, when no table changes", 0, 0},
    {0, "keep", PA_OPT_TEXT, AT(keep), "DURATION",
     "prune: remove days that ended longer ago than this, such as 30d or 8w", 0, 0},
    {0, "max-size", PA_OPT_TEXT, AT(max_size), "SIZE",
     "prune: remove the oldest days until all tables together have this size, such as 100G; "
     "forecast: how much there may be",
     0, 0},
    {0, "rate", PA_OPT_TEXT, AT(rate), "N", "forecast: packets per second", 0, 0},
    {0, "min-free", PA_OPT_TEXT, AT(min_free), "SIZE",
     "prune: remove the oldest days until the server's disk has so much free", 0, 0},
    {0, "datadir", PA_OPT_TEXT, AT(datadir), "DIR",
     "prune: a folder on the disk that --min-free is about (default: the server's own data)", 0, 0},
    {0, "export", PA_OPT_TEXT, AT(export_dir), "DIR",
     "prune: write what is removed into DIR before it goes", 0, 0},
    {0, "sensor", PA_OPT_TEXT, AT(sensor), "NAME", "only of this sensor; event: whose it is", 0, 0},
    {0, "output", PA_OPT_TEXT, AT(output), "FILE", "metrics: replace FILE, for a collector", 0, 0},
    {0, "all", PA_OPT_FLAG, AT(all), NULL, "status: list every capture", 0, 0},
    {0, "sql", PA_OPT_TEXT, AT(sql), "DIR", "folder with views/ and queries/", 0, 0},
    {0, "format", PA_OPT_CHOICE, AT(format), "auto|table|csv|tsv|json",
     "form of answers (default: a table on a terminal, else tsv)", 0, 0},
    {0, "limit", PA_OPT_NUMBER, AT(limit), "N", "query: at most N rows", 1, UINT32_MAX},
    {0, "since", PA_OPT_TEXT, AT(since), "TIME",
     "query, coverage: from this time on, UTC: a date, a date and time, or 2h, 7d ago", 0, 0},
    {0, "until", PA_OPT_TEXT, AT(until), "TIME",
     "query, coverage: before this time; event: when it ended, in seconds since 1970", 0, 0},
    {0, "interface", PA_OPT_TEXT, AT(interface), "NAME", "event: where the sensor listens", 0, 0},
    {0, "kind", PA_OPT_CHOICE, AT(kind), "captured|dropped|lost|stopped|clock",
     "event: what happened", 0, 0},
    {0, "from", PA_OPT_TEXT, AT(from), "EPOCH", "event: when it began, in seconds since 1970", 0,
     0},
    {0, "packets", PA_OPT_NUMBER, AT(packets), "N", "event: how many packets", 0, NOT_GIVEN - 1},
    {0, "bytes", PA_OPT_NUMBER, AT(bytes), "N", "event: how many bytes", 0, NOT_GIVEN - 1},
    {0, "sha256", PA_OPT_TEXT, AT(sha256), "HEX", "event: the capture file that it is about", 0, 0},
    {0, "detail", PA_OPT_TEXT, AT(detail), "TEXT", "event: what there is to say", 0, 0},
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

	*o = (struct options){.profile = "packets",
	                      .retry_s = 30,
	                      .answer_timeout_s = 3600,
	                      .ssl_mode = -1,
	                      .kind = -1,
	                      .packets = NOT_GIVEN,
	                      .bytes = NOT_GIVEN};
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
	         "  event            put a coverage event into the spool; needs no server\n"
	         "  prune            remove old days: --keep, --max-size, --min-free\n"
	         "  status           how far behind the sensors are, and what is stored\n"
	         "  coverage         when there was traffic, no traffic, and no data\n"
	         "  metrics          numbers for Prometheus\n"
	         "  size             rows and bytes of the profile's tables\n"
	         "  forecast         what samples on standard input will take at --rate; needs no "
	         "server\n"
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
