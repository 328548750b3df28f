#include "replace.h"

#include <stdio.h>
#include <string.h>

#include "pcapanalyzer/log.h"

#define LINE_BYTES 700

static unsigned long long number(uint64_t v)
{
	return (unsigned long long)v;
}

/* "info 37 (2 new, 1 gone)" */
static void put_column(char *out, size_t size, const struct pa_compare_column *c)
{
	if (c->appeared > 0 && c->vanished > 0)
		snprintf(out, size, "%s %llu (%llu new, %llu gone)", c->name, number(c->changed),
		         number(c->appeared), number(c->vanished));
	else if (c->appeared > 0 || c->vanished > 0)
		snprintf(out, size, "%s %llu (%llu %s)", c->name, number(c->changed),
		         number(c->appeared > 0 ? c->appeared : c->vanished),
		         c->appeared > 0 ? "new" : "gone");
	else
		snprintf(out, size, "%s %llu", c->name, number(c->changed));
}

static void tell_columns(const struct pa_compare *t)
{
	char line[LINE_BYTES] = "";
	char one[PA_NAME_MAX + 80];

	for (unsigned i = 0; i < t->n_columns; i++) {
		size_t len = strlen(line);

		put_column(one, sizeof(one), &t->columns[i]);
		if (len > 0 && len + strlen(one) + 3 > sizeof(line)) {
			pa_log_note("  %s: values differ in rows: %s", t->table, line);
			len = 0;
		}
		snprintf(line + len, sizeof(line) - len, "%s%s", len > 0 ? ", " : "", one);
	}
	if (t->n_columns > 0)
		pa_log_note("  %s: values differ in rows: %s", t->table, line);
}

static void tell_table(const struct pa_compare *t)
{
	if (t->before == 0 && t->after == 0)
		return;
	if (strcmp(t->table, "rejects") == 0)
		pa_log_note("  %s: %llu rows before, %llu now", t->table, number(t->before),
		            number(t->after));
	else if (t->both == t->before && t->both == t->after && t->n_columns == 0)
		pa_log_note("  %s: %llu rows, all as before", t->table, number(t->after));
	else
		pa_log_note("  %s: %llu rows before, %llu now, %llu of them new", t->table,
		            number(t->before), number(t->after), number(t->after - t->both));
	tell_columns(t);
}

void replace_tell(const struct pa_redissect_report *r)
{
	pa_log_note("%s: replaced what the profile %s had stored", r->capture_name,
	            *r->profiles ? r->profiles : "(none)");
	for (unsigned i = 0; i < r->n_tables; i++)
		tell_table(&r->tables[i]);
	if (r->incomparable.code != PA_OK)
		pa_log_warning("  the rows were replaced, but %s", r->incomparable.msg);
}
