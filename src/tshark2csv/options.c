#include "options.h"

#include <stddef.h>
#include <string.h>

#include "pcapanalyzer/cli.h"
#include "pcapanalyzer/convert.h"
#include "pcapanalyzer/profile.h"

#define AT(member) offsetof(struct options, member)
#define KIB        1024u
#define MIB        (1024u * KIB)

static const struct pa_option table[] = {
    {'p', "profile", PA_OPT_TEXT, AT(profile), "NAME|FILE",
     "fields, columns and tables (default: packets)", 0, 0},
    {0, "field-table", PA_OPT_TEXT, AT(field_table), "FILE",
     "what tshark -G fields prints: check the profile, and find types", 0, 0},
    {'t', "table", PA_OPT_TEXT, AT(table), "NAME",
     "table of the profile for standard output (default: its first)", 0, 0},
    {0, "format", PA_OPT_CHOICE, AT(format), "mysql|rfc4180|tsv",
     "form of standard output (default: mysql)", 0, 0},
    {'o', "spool", PA_OPT_TEXT, AT(spool), "DIR", "write batches into DIR instead", 0, 0},
    {0, "capture-id", PA_OPT_NUMBER, AT(capture_id), "N",
     "value of the column capture_id on standard output (default: 0)", 0, UINT32_MAX},
    {0, "capture-name", PA_OPT_TEXT, AT(capture_name), "NAME", "name of the capture in batches", 0,
     0},
    {0, "capture-sha256", PA_OPT_TEXT, AT(capture_sha256), "HEX",
     "SHA-256 of the capture file (default: random, a stream)", 0, 0},
    {0, "capture-bytes", PA_OPT_NUMBER, AT(capture_bytes), "N", "size of the capture file", 0,
     INT64_MAX},
    {0, "capture-packets", PA_OPT_NUMBER, AT(capture_packets), "N",
     "packets in the capture file, counted by another program", 0, INT64_MAX},
    {0, "sensor", PA_OPT_TEXT, AT(sensor), "NAME",
     "where the capture was taken (default: this host's name)", 0, 0},
    {0, "tshark", PA_OPT_TEXT, AT(tshark), "TEXT", "first line of tshark --version, for the ledger",
     0, 0},
    {0, "batch-rows", PA_OPT_NUMBER, AT(batch_rows), "N",
     "rows of a batch (default: 10000, at most 1000000)", 1, 1000000},
    {0, "batch-bytes", PA_OPT_NUMBER, AT(batch_bytes), "N",
     "bytes of a batch (default: 4194304, at most 268435456)", 1, 256 * MIB},
    {0, "batch-seconds", PA_OPT_NUMBER, AT(batch_seconds), "N",
     "end a batch of a live stream after N seconds (default: 0, never)", 0, 86400},
    {0, "dialect", PA_OPT_CHOICE, AT(dialect), "auto|4.0|4.2|4.4|4.6",
     "how this tshark escapes (default: auto, told by the guard column)", 0, 0},
    {0, "separator", PA_OPT_TEXT, AT(separator_text), "C",
     "tshark's -E separator: a character, /t or /s (default: /t)", 0, 0},
    {0, "aggregator", PA_OPT_TEXT, AT(aggregator_text), "C",
     "tshark's -E aggregator: a byte, 0xNN, /r or /s (default: the dialect's)", 0, 0},
    {0, "quote", PA_OPT_CHOICE, AT(quote), "n|d|s", "tshark's -E quote (default: n)", 0, 0},
    {0, "occurrence", PA_OPT_CHOICE, AT(occurrence), "a|f|l", "tshark's -E occurrence (default: a)",
     0, 0},
    {0, "rejects", PA_OPT_TEXT, AT(rejects), "FILE",
     "append rows that were kept aside to FILE (default: standard error)", 0, 0},
    {0, "aside-file", PA_OPT_TEXT, AT(aside_file), "FILE",
     "keep aside the rows of these packets: lines of frame number, tab, reason", 0, 0},
    {0, "max-row-bytes", PA_OPT_NUMBER, AT(max_row_bytes), "N",
     "keep aside longer input rows (default: 4194304)", KIB, 1024 * MIB},
    {0, "progress-file", PA_OPT_TEXT, AT(progress_file), "FILE",
     "write the number of rows done to FILE, twice a second", 0, 0},
    {0, "name-file", PA_OPT_TEXT, AT(name_file), "FILE",
     "--spool: write what the names of the capture's batches begin with to FILE", 0, 0},
    {0, "replace", PA_OPT_FLAG, AT(replace), NULL,
     "--spool: the batches replace what the database has of the capture", 0, 0},
    {0, "trailer", PA_OPT_FLAG, AT(trailer), NULL,
     "expect the pipeline's last line, which says how tshark ended", 0, 0},
    {0, "tshark-args", PA_OPT_FLAG, AT(print_args), NULL,
     "print the arguments that tshark needs, and exit", 0, 0},
    {0, "ddl", PA_OPT_FLAG, AT(print_ddl), NULL, "print CREATE TABLE and CREATE VIEW, and exit", 0,
     0},
    {0, "load", PA_OPT_FLAG, AT(print_load), NULL,
     "print the LOAD DATA statement for standard output, and exit", 0, 0},
    {0, "columns", PA_OPT_FLAG, AT(print_columns), NULL, "print the table's columns, and exit", 0,
     0},
    {0, "fields", PA_OPT_FLAG, AT(print_fields), NULL,
     "print the profile's tshark fields with the line that names each, and exit", 0, 0},
    {0, "print-profile", PA_OPT_FLAG, AT(print_text), NULL,
     "print the profile with every type said, and exit", 0, 0},
    {0, "find", PA_OPT_TEXT, AT(find), "WORD",
     "search the --field-table: name, type, title, line for a profile; and exit", 0, 0},
    {0, "canary", PA_OPT_FLAG, AT(canary), NULL,
     "write the capture that shows how a tshark prints, and exit", 0, 0},
    {0, "canary-args", PA_OPT_FLAG, AT(canary_args), NULL,
     "print the arguments that tshark needs for it, and exit", 0, 0},
    {0, "learn", PA_OPT_FLAG, AT(learn), NULL,
     "read tshark's answer to it, print the dialect, and exit", 0, 0},
    {0, "dump-options", PA_OPT_FLAG, AT(dump), NULL, "print this table for programs, and exit", 0,
     0},
    {'h', "help", PA_OPT_FLAG, AT(help), NULL, "print this help, and exit", 0, 0},
    {'V', "version", PA_OPT_FLAG, AT(version), NULL, "print the version, and exit", 0, 0},
};

#define N_OPTIONS (sizeof(table) / sizeof(table[0]))

/* /t, /s, or the byte itself: as tshark takes it. /r and 0xNN are our own notation. */
static enum pa_status one_byte(const char *option, const char *text, uint8_t *out,
                               struct pa_error *err)
{
	uint64_t number;

	if (strcmp(text, "/t") == 0)
		*out = '\t';
	else if (strcmp(text, "/s") == 0)
		*out = ' ';
	else if (strcmp(text, "/r") == 0)
		*out = '\r';
	else if (text[0] && !text[1])
		*out = (uint8_t)text[0];
	else if (strncmp(text, "0x", 2) == 0 && strlen(text) == 4 &&
	         pa_convert_uint(pa_slice_of(text), UINT8_MAX, &number) == PA_OK)
		*out = (uint8_t)number;
	else
		return pa_fail(err, PA_EUSAGE, 0,
		               "option --%s: \"%s\" is not one byte, 0xNN, /r, /s or /t", option,
		               text);
	return *out == '\n' || *out == '\0'
	           ? pa_fail(err, PA_EUSAGE, 0, "option --%s: %s cannot separate", option,
	                     *out ? "a line feed" : "a zero byte")
	           : PA_OK;
}

/* The byte that is in no value: of 4.0 a carriage return, which it always prints as "\r"; from
 * 4.4 on one that is in no UTF-8, because all else it prints is. */
static uint8_t aggregator_of(enum pa_dialect dialect)
{
	return dialect == PA_DIALECT_4_0 ? '\r' : 0xff;
}

/* Options that go together, or do not. */
static enum pa_status check_company(const struct options *o, struct pa_error *err)
{
	if (o->spool && (o->table || o->format))
		return pa_fail(err, PA_EUSAGE, 0,
		               "--table and --format are for standard output, not for --spool");
	if (o->replace && !(o->spool && o->capture_sha256))
		return pa_fail(err, PA_EUSAGE, 0,
		               "--replace goes with --spool and --capture-sha256");
	if (o->name_file && !o->spool)
		return pa_fail(err, PA_EUSAGE, 0, "--name-file goes with --spool");
	if (o->trailer && !o->spool)
		return pa_fail(err, PA_EUSAGE, 0, "--trailer goes with --spool");
	if (o->find && !o->field_table)
		return pa_fail(err, PA_EUSAGE, 0, "--find searches what --field-table names");
	if ((o->canary_args || o->learn) &&
	    (o->aggregator_text || o->separator != '\t' || o->quote || o->occurrence))
		return pa_fail(err, PA_EUSAGE, 0,
		               "--canary-args and --learn go with --dialect alone, which has its "
		               "own aggregator");
	return PA_OK;
}

static enum pa_status check(struct options *o, struct pa_error *err)
{
	static const uint8_t quotes[] = {0, '"', '\''};
	static const enum pa_dialect dialects[] = {PA_DIALECT_AUTO, PA_DIALECT_4_0, PA_DIALECT_4_4,
	                                           PA_DIALECT_4_4, PA_DIALECT_4_4};
	enum pa_status st = one_byte("separator", o->separator_text, &o->separator, err);

	o->quote_byte = quotes[o->quote];
	o->spoken = dialects[o->dialect];
	o->aggregator = aggregator_of(o->spoken);
	if (st == PA_OK && o->aggregator_text)
		st = one_byte("aggregator", o->aggregator_text, &o->aggregator, err);
	if (st != PA_OK)
		return st;
	if (o->separator == '\\' || o->separator == '\r' || o->separator == o->quote_byte ||
	    (o->separator >= '0' && o->separator <= '9'))
		return pa_fail(err, PA_EUSAGE, 0,
		               "option --separator: a digit, a backslash, a line end or the quote "
		               "cannot separate");
	if (o->spoken != PA_DIALECT_4_0 && strchr("\a\b\v\f\r\\", o->aggregator))
		return pa_fail(err, PA_EUSAGE, 0,
		               "option --aggregator: only with --dialect 4.0; from 4.4 on tshark "
		               "escapes this byte");
	if (o->aggregator == o->separator)
		return pa_fail(
		    err, PA_EUSAGE, 0,
		    "--aggregator and --separator are the same: nobody could tell values "
		    "from columns");
	return check_company(o, err);
}

enum pa_status options_read(int argc, char **argv, struct options *o, struct pa_error *err)
{
	int operand;
	enum pa_status st;

	*o = (struct options){
	    .profile = "packets",
	    .tshark = "",
	    .capture_packets = UINT64_MAX,
	    .batch_rows = 10000,
	    .batch_bytes = 4 * MIB,
	    .separator_text = "/t",
	    .max_row_bytes = 4 * MIB,
	};
	st = pa_cli_parse(argc, argv, table, N_OPTIONS, o, &operand, err);
	if (st != PA_OK)
		return st;
	if (argc - operand > 1)
		return pa_fail(err, PA_EUSAGE, 0, "one FILE at most; \"%s\" is one more",
		               argv[operand + 1]);
	if (operand < argc && strcmp(argv[operand], "-") != 0)
		o->input = argv[operand];
	return check(o, err);
}

enum pa_status options_help(struct pa_buf *out)
{
	enum pa_status st = pa_buf_puts(
	    out, "Usage: tshark2csv [OPTION]... [FILE]\n"
	         "Turn what `tshark -T fields` prints into CSV that MySQL loads.\n\n"
	         "  tshark -r x.pcap $(tshark2csv --tshark-args) | tshark2csv > packets.csv\n\n");

	if (st == PA_OK)
		st = pa_cli_help(table, N_OPTIONS, out);
	if (st == PA_OK)
		st = pa_buf_puts(out,
		                 "\nExit status: 0 done, 1 failed, 2 wrong usage, 3 done but rows "
		                 "were kept aside.\nSee tshark2csv(1) and "
		                 "pcapanalyzer-profile(5).\n");
	return st;
}

enum pa_status options_dump(struct pa_buf *out)
{
	return pa_cli_dump(table, N_OPTIONS, out);
}
