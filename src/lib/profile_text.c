/* A profile's canonical text. */
#include "pcapanalyzer/profile.h"

static enum pa_status put_source(const struct pa_profile *p, const struct pa_source *s,
                                 struct pa_buf *out)
{
	static const char *const own[] = {
	    [PA_S_CAPTURE] = "@capture", [PA_S_INDEX] = "@index", [PA_S_KIND] = "@kind",
	    [PA_S_QUOTED] = "@quoted",   [PA_S_PROTO] = "@proto", [PA_S_CUT] = "@cut",
	    [PA_S_LAYER] = "@layer",
	};

	return pa_buf_puts(out, s->kind == PA_S_FIELD ? p->fields[s->field].name : own[s->kind]);
}

static enum pa_status put_sources(const struct pa_profile *p, unsigned first, unsigned n,
                                  struct pa_buf *out)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && i < n; i++) {
		st = pa_buf_puts(out, i > 0 ? " | " : " ");
		if (st == PA_OK)
			st = put_source(p, &p->sources[first + i], out);
	}
	return st;
}

static enum pa_status put_head(const struct pa_profile *p, const struct pa_table *t,
                               struct pa_buf *out)
{
	enum pa_status st = pa_buf_printf(out, "[%s]", t->name);

	if (st == PA_OK && t->rows == PA_ROWS_LAYERS)
		st = pa_buf_puts(out, " each @layer");
	else if (st == PA_OK && t->rows != PA_ROWS_PACKET)
		st = pa_buf_puts(out, t->rows == PA_ROWS_WHEN ? " when" : " each");
	if (st == PA_OK)
		st = put_sources(p, t->first_condition, t->n_conditions, out);
	return st == PA_OK ? pa_buf_putc(out, '\n') : st;
}

static enum pa_status put_column(const struct pa_profile *p, const struct pa_column *c,
                                 struct pa_buf *out)
{
	enum pa_status st = pa_buf_printf(out, "%s %s", c->name, pa_type_name(c->type));

	if (st == PA_OK && c->max > 0)
		st = pa_buf_printf(out, "(%u)", (unsigned)c->max);
	if (st == PA_OK && (c->which == PA_W_FIRST || c->which == PA_W_LAST))
		st = pa_buf_puts(out, c->which == PA_W_FIRST ? " first" : " last");
	if (st == PA_OK)
		st = put_sources(p, c->first_source, c->n_sources, out);
	return st == PA_OK ? pa_buf_putc(out, '\n') : st;
}

static enum pa_status put_key(const struct pa_profile *p, const struct pa_table *t,
                              const struct pa_key *key, struct pa_buf *out)
{
	enum pa_status st = pa_buf_puts(out, "key");

	for (unsigned i = 0; st == PA_OK && i < key->n_columns; i++) {
		st = pa_buf_printf(out, " %s", p->columns[t->first_column + key->columns[i]].name);
		if (st == PA_OK && key->prefix[i] > 0)
			st = pa_buf_printf(out, "(%u)", (unsigned)key->prefix[i]);
	}
	return st == PA_OK ? pa_buf_putc(out, '\n') : st;
}

enum pa_status pa_profile_text(const struct pa_profile *p, struct pa_buf *out)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && i < p->n_tables; i++) {
		const struct pa_table *t = &p->tables[i];

		st = put_head(p, t, out);
		for (unsigned c = 0; st == PA_OK && c < t->n_columns; c++)
			if (!p->columns[t->first_column + c].standard)
				st = put_column(p, &p->columns[t->first_column + c], out);
		for (unsigned k = 0; st == PA_OK && k < t->n_keys; k++)
			st = put_key(p, t, &t->keys[k], out);
	}
	return st;
}
