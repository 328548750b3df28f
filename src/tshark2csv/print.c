#include "print.h"

#include <string.h>

#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/manifest.h"

int print_wanted(const struct options *o)
{
	return o->print_args || o->print_ddl || o->print_load || o->print_columns ||
	       o->print_fields || o->print_text;
}

/* The columns that the profile reads, so that tshark fills no others, and whatever a user's
 * settings call them. When it knows of one that we do not, they stay the user's. */
static enum pa_status print_gui_columns(const struct pa_profile *p, struct pa_buf *out)
{
	static const char prefix[] = "_ws.col.";
	static const struct {
		const char *title, *format;
	} known[] = {{"Protocol", "%p"}, {"Info", "%i"}};
	const size_t n_known = sizeof(known) / sizeof(known[0]);
	const size_t start = out->len;
	const char *between = " -o gui.column.format:";
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && i < p->n_fields; i++) {
		const char *name = p->fields[i].name;
		size_t k = 0;

		if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
			continue;
		while (k < n_known && strcmp(name + sizeof(prefix) - 1, known[k].title) != 0)
			k++;
		if (k == n_known) {
			out->len = start;
			return PA_OK;
		}
		st = pa_buf_printf(out, "%s%s,%s", between, known[k].title, known[k].format);
		between = ",";
	}
	return st;
}

static int has_field(const struct pa_profile *p, const char *name)
{
	for (unsigned i = 0; i < p->n_fields; i++)
		if (strcmp(p->fields[i].name, name) == 0)
			return 1;
	return 0;
}

/* The line that says a header's addresses and sizes in words is the value of the protocol itself,
 * and of nothing else: nobody who does not ask for it sees that it is shorter. */
static enum pa_status print_labels(const struct pa_profile *p, struct pa_buf *out)
{
	static const struct {
		const char *protocol, *preference;
	} known[] = {
	    {"frame", "generate_bits_field"}, {"vlan", "summary_in_tree"},
	    {"ip", "summary_in_tree"},        {"ipv6", "summary_in_tree"},
	    {"tcp", "summary_in_tree"},       {"udp", "summary_in_tree"},
	};
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < sizeof(known) / sizeof(known[0]); i++)
		if (!has_field(p, known[i].protocol))
			st = pa_buf_printf(out, " -o %s.%s:FALSE", known[i].protocol,
			                   known[i].preference);
	return st;
}

/* Words without white space, for an unquoted $(tshark2csv --tshark-args). */
static enum pa_status print_args(const struct options *o, const struct pa_profile *p,
                                 struct pa_buf *out)
{
	static const char occurrences[] = {'a', 'f', 'l'};
	static const char quotes[] = {'n', 'd', 's'};
	enum pa_status st =
	    pa_buf_printf(out, "-n -T fields -E occurrence=%c -E quote=%c -E separator=",
	                  occurrences[o->occurrence], quotes[o->quote]);

	if (st == PA_OK && o->separator == '\t')
		st = pa_buf_puts(out, "/t");
	else if (st == PA_OK && o->separator == ' ')
		st = pa_buf_puts(out, "/s");
	else if (st == PA_OK)
		st = pa_buf_putc(out, o->separator);
	if (st == PA_OK)
		st = pa_buf_puts(out, " -E aggregator=");
	if (st == PA_OK && o->aggregator == ' ')
		st = pa_buf_puts(out, "/s");
	else if (st == PA_OK)
		st = pa_buf_putc(out, o->aggregator);
	if (st == PA_OK)
		st = print_gui_columns(p, out);
	if (st == PA_OK)
		st = print_labels(p, out);
	for (unsigned i = 0; st == PA_OK && i < p->n_fields; i++)
		st = pa_buf_printf(out, " -e %s", p->fields[i].name);
	return st == PA_OK ? pa_buf_putc(out, '\n') : st;
}

enum pa_status print_typed_args(const struct options *o, const struct pa_profile *p,
                                struct pa_buf *out)
{
	struct pa_buf args;
	enum pa_status st;

	pa_buf_init(&args, PA_TSHARK_ARGS_MAX);
	st = print_args(o, p, &args);
	for (size_t i = 0; st == PA_OK && i < args.len && args.ptr[i] != '\n'; i++) {
		uint8_t c = args.ptr[i];
		int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		            (c >= '0' && c <= '9') || strchr(" -_=./:,@%+", c) != NULL;

		st = plain ? pa_buf_putc(out, c) : pa_buf_printf(out, "$'\\x%02x'", (unsigned)c);
	}
	pa_buf_done(&args);
	return st;
}

static enum pa_status print_ddl(const struct options *o, const struct pa_profile *p,
                                const struct pa_table *table, struct pa_buf *out)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && i < p->n_tables; i++) {
		if (o->table && table != &p->tables[i])
			continue;
		st = pa_ddl_table(p, &p->tables[i], out);
		if (st == PA_OK)
			st = pa_ddl_view(p, &p->tables[i], out);
	}
	return st;
}

static enum pa_status print_lines(const struct pa_profile *p, const struct pa_table *table,
                                  int fields, struct pa_buf *out)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; fields && st == PA_OK && i < p->n_fields; i++)
		st = pa_buf_printf(out, "%s\t%u\n", p->fields[i].name, p->fields[i].line);
	for (unsigned i = 0; !fields && st == PA_OK && i < table->n_columns; i++)
		st = pa_buf_printf(out, "%s\n", p->columns[table->first_column + i].name);
	return st;
}

enum pa_status print_profile(const struct options *o, const struct pa_profile *p,
                             const struct pa_table *table, struct pa_buf *out)
{
	struct pa_buf name;
	enum pa_status st;

	if (o->print_args)
		return print_args(o, p, out);
	if (o->print_ddl)
		return print_ddl(o, p, table, out);
	if (o->print_text)
		return pa_profile_text(p, out);
	if (!o->print_load)
		return print_lines(p, table, o->print_fields, out);
	pa_buf_init(&name, 256);
	st = pa_buf_printf(&name, "%s.csv", table->name);
	if (st == PA_OK)
		st = pa_ddl_load_stdout(p, table, (enum pa_format)o->format, (const char *)name.ptr,
		                        out);
	pa_buf_done(&name);
	return st;
}
