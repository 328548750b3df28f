#include "steps.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/digits.h"

#define SPAN_MIN 3 /* columns that one look must save */

static enum action action_of(const struct pa_profile *p, const struct pa_column *c)
{
	switch (p->sources[c->first_source].kind) {
	case PA_S_CAPTURE:
		return DO_FIXED;
	case PA_S_CUT:
		return DO_CUT;
	case PA_S_PROTO:
		return p->has_flow_fields ? DO_PROTO : DO_GENERAL;
	case PA_S_LAYER:
		return p->has_flow_fields && c->type == PA_T_COMMUNITY_ID ? DO_COMMUNITY_ID
		                                                          : DO_GENERAL;
	case PA_S_FIELD:
		break;
	default:
		return DO_GENERAL;
	}
	switch (c->type) {
	case PA_T_TIME:
		return c->standard ? DO_TIME : DO_GENERAL;
	case PA_T_NANOS:
		return c->standard ? DO_NANOS : DO_GENERAL;
	case PA_T_UINT8:
	case PA_T_UINT16:
	case PA_T_UINT32:
	case PA_T_UINT64:
		return DO_UINT;
	case PA_T_BOOL:
		return DO_CONVERTED;
	case PA_T_TEXT:
		return DO_TEXT;
	case PA_T_SET:
		return DO_SET;
	default:
		return pa_known_type(c->type) ? DO_ADDRESS : DO_GENERAL;
	}
}

static uint64_t max_of(const struct pa_column *c)
{
	switch (c->type) {
	case PA_T_UINT8:
		return UINT8_MAX;
	case PA_T_UINT16:
		return UINT16_MAX;
	case PA_T_UINT32:
		return UINT32_MAX;
	case PA_T_TEXT:
		return c->max ? c->max : UINT64_MAX;
	case PA_T_SET:
		return 0;
	default:
		return UINT64_MAX;
	}
}

static struct origin origin_of(const struct pa_profile *p, uint16_t field, enum pa_which which)
{
	const struct pa_field *f = &p->fields[field];
	const char *word = pa_set_word(f->name);

	return (struct origin){
	    .field = field,
	    .cell = field,
	    .header = (uint16_t)(1u << (which == PA_W_ROW ? f->header : PA_H_NONE)),
	    .single = f->single,
	    .word = word,
	    .n_word = strlen(word),
	};
}

static enum pa_status make_step(struct pa_steps *s, const struct pa_column *c, struct step *out)
{
	const struct pa_profile *p = s->config.p;
	int fields = p->sources[c->first_source].kind == PA_S_FIELD;
	uint8_t digits[20];

	out->action = s->quick ? action_of(p, c) : DO_GENERAL;
	/* Text is copied without a look for the aggregator among simple bytes. */
	if (out->action == DO_TEXT && s->config.aggregator >= ' ' && s->config.aggregator < 0x80)
		out->action = DO_GENERAL;
	out->column = c;
	out->max = max_of(c);
	out->n_digits = (unsigned)(pa_digits_put(digits, out->max) - digits);
	if (out->action == DO_FIXED)
		out->fixed_len =
		    (uint8_t)(pa_digits_put(out->fixed, s->config.capture_id) - out->fixed);
	out->origins = calloc(c->n_sources, sizeof(*out->origins));
	if (out->action == DO_UINT || out->action == DO_CONVERTED)
		out->seen = calloc((size_t)1 << SEEN_BITS, sizeof(*out->seen));
	if (!out->origins ||
	    (!out->seen && (out->action == DO_UINT || out->action == DO_CONVERTED)))
		return PA_ENOMEM;
	for (unsigned i = 0; fields && i < c->n_sources; i++)
		out->origins[out->n_origins++] =
		    origin_of(p, p->sources[c->first_source + i].field, c->which);
	for (unsigned i = 0; out->action == DO_SET && i < out->n_origins; i++)
		out->max += out->origins[i].n_word + 1;
	return PA_OK;
}

static enum pa_status make_list(struct pa_steps *s, const struct pa_table *t, struct list *out)
{
	enum pa_status st = PA_OK;

	out->steps = calloc(t->n_columns, sizeof(*out->steps));
	out->draft = calloc(2 * (size_t)t->n_columns + 8, sizeof(*out->draft));
	out->places = calloc((size_t)1 << STEPS_PATTERN_BITS, sizeof(*out->places));
	if (!out->steps || !out->draft || !out->places)
		return PA_ENOMEM;
	for (unsigned i = 0; st == PA_OK && i < t->n_columns; i++) {
		const struct pa_column *c = &s->config.p->columns[t->first_column + i];

		if (pa_steps_has(s->config.p, c, s->config.style))
			st = make_step(s, c, &out->steps[out->n++]);
	}
	return st;
}

enum pa_status pa_steps_new(const struct pa_steps_config *c, struct pa_steps **out)
{
	struct pa_steps *s = calloc(1, sizeof(*s));
	enum pa_status st = PA_OK;

	if (!s)
		return PA_ENOMEM;
	s->config = *c;
	s->filled = pa_scan_best()->filled;
	s->date_of = INT64_MIN;
	s->midnight = INT64_MAX;
	s->separator = pa_csv_separator(c->style);
	s->quotes = c->style == PA_CSV_MYSQL || c->style == PA_CSV_RFC4180;
	s->escapes = c->style != PA_CSV_RFC4180;
	s->arrows = !strchr("\xe2\x86\x92", c->aggregator);
	s->quick = !c->slow && !isalnum(c->aggregator) && !strchr(":.-", c->aggregator);
	st = pa_known_new(c->style, &s->known);
	if (st == PA_OK)
		st = pa_spans_init(&s->spans);
	for (unsigned i = 0; st == PA_OK && i < c->p->n_tables; i++)
		st = make_list(s, &c->p->tables[i], &s->tables[i]);
	for (unsigned i = 0; c->p->has_flow_fields && i < PA_FLOW_COUNT; i++)
		s->flow[i] = origin_of(c->p, c->p->f_flow[i], PA_W_ROW);
	if (st != PA_OK) {
		pa_steps_free(s);
		return st;
	}
	pa_steps_map(s, NULL);
	*out = s;
	return PA_OK;
}

static void free_list(struct list *list)
{
	for (unsigned i = 0; list->steps && i < list->n; i++) {
		free(list->steps[i].origins);
		free(list->steps[i].seen);
	}
	steps_forget_patterns(list);
	free(list->steps);
	free(list->draft);
	free(list->places);
}

void pa_steps_free(struct pa_steps *s)
{
	if (!s)
		return;
	for (unsigned t = 0; t < s->config.p->n_tables; t++)
		free_list(&s->tables[t]);
	pa_known_free(s->known);
	pa_spans_done(&s->spans);
	free(s);
}

static void want(struct list *list, struct origin *o, const uint16_t *cell_of)
{
	unsigned word;

	o->cell = cell_of ? cell_of[o->field] : o->field;
	word = o->cell / 64u;
	list->wanted[word] |= UINT64_C(1) << o->cell % 64;
	if (list->n_words <= word)
		list->n_words = word + 1;
}

/* Add the cell to the window from *low to *high. */
static void widen(const struct origin *o, uint16_t *low, uint16_t *high)
{
	if (o->cell < *low)
		*low = o->cell;
	if (o->cell > *high)
		*high = o->cell;
}

static int is_steady(const struct pa_steps *s, const struct step *step)
{
	int steady = step->action == DO_PROTO || step->action >= DO_UINT;

	for (unsigned i = 0; i < step->n_origins; i++) {
		const char *name = s->config.p->fields[step->origins[i].field].name;

		steady &= pa_header_steady(pa_slice_of(name));
	}
	return steady;
}

/* The longest run of columns that may be looked up together, and the window of its cells. */
static void find_span(const struct pa_steps *s, struct list *list)
{
	unsigned from = 0;
	uint16_t low;
	uint16_t high;

	list->first = 0;
	list->end = 0;
	for (unsigned i = 0; i < list->n; i++) {
		if (!is_steady(s, &list->steps[i]))
			from = i + 1;
		else if (i + 1 - from > list->end - list->first) {
			list->first = from;
			list->end = i + 1;
		}
	}
	list->low = UINT16_MAX;
	list->high = 0;
	for (unsigned i = list->first; i < list->end; i++) {
		const struct step *step = &list->steps[i];

		for (unsigned k = 0; k < step->n_origins; k++)
			widen(&step->origins[k], &list->low, &list->high);
		if (step->action == DO_PROTO) {
			widen(&s->flow[PA_FLOW_IP_PROTO], &list->low, &list->high);
			widen(&s->flow[PA_FLOW_IPV6_NXT], &list->low, &list->high);
		}
	}
	list->has_span = list->end - list->first > SPAN_MIN;
	low = list->low;
	high = list->high;
	for (unsigned i = 0; s->config.p->has_flow_fields && i < PA_FLOW_COUNT; i++)
		widen(&s->flow[i], &low, &high);
	list->has_id = low == list->low && high == list->high;
}

static void map_list(struct pa_steps *s, struct list *list, const uint16_t *cell_of)
{
	memset(list->wanted, 0, sizeof(list->wanted));
	list->n_words = 0;
	steps_forget_patterns(list);
	for (unsigned i = 0; i < list->n; i++) {
		const struct step *step = &list->steps[i];

		for (unsigned k = 0; k < step->n_origins; k++)
			want(list, &step->origins[k], cell_of);
		for (unsigned k = 0; k < PA_FLOW_COUNT; k++)
			if (step->action == DO_PROTO || step->action == DO_COMMUNITY_ID)
				want(list, &s->flow[k], cell_of);
	}
	find_span(s, list);
}

void pa_steps_map(struct pa_steps *s, const uint16_t *cell_of)
{
	for (unsigned t = 0; t < s->config.p->n_tables; t++)
		map_list(s, &s->tables[t], cell_of);
}

/* Where the row's span will be looked for: its way from memory is long. */
static inline struct pa_span *expect_span(const struct work *w, const struct list *list)
{
	struct pa_slice key;
	struct pa_span *place;

	if (!list->has_span)
		return NULL;
	key = text_of(w, list->low, list->high);
	if (key.len < PA_SPAN_KEY_MIN || key.len > PA_SPAN_KEY_MAX)
		return NULL;
	place = pa_spans_place(&w->s->spans, key.ptr, key.len);
	pa_span_prefetch(place);
	return place;
}

static inline void look_at(struct work *w, const struct list *list)
{
	const struct pa_layers *l = w->row->layers;
	const struct pa_cells *cells = w->row->cells;
	size_t n = 64u * list->n_words;

	w->layer = l->n ? &l->layer[0] : NULL;
	w->plain = l->first;
	w->several = l->several;
	w->s->filled(w->cuts, cells->n < n ? cells->n : n, w->filled);
	for (unsigned i = 0; i < list->n_words; i++)
		w->filled[i] &= list->wanted[i];
}

enum pa_status pa_steps_row(struct pa_steps *s, unsigned table, const struct pa_steps_row *row,
                            struct pa_buf *out)
{
	struct list *list = &s->tables[table];
	const struct pattern *p;
	struct work w;

	w.s = s;
	w.row = row;
	w.span = NULL;
	w.id = NULL;
	w.has_flow = 0;
	w.cut_before = *row->cut;
	w.base = row->cells->base;
	w.cuts = row->cells->cuts;
	w.place = expect_span(&w, list);
	look_at(&w, list);
	p = steps_pattern(&w, list);
	return p ? steps_write(&w, p, out) : PA_ENOMEM;
}

int pa_steps_has(const struct pa_profile *p, const struct pa_column *c, enum pa_csv_style style)
{
	return style != PA_CSV_BATCH || !c->standard ||
	       p->sources[c->first_source].kind != PA_S_CAPTURE;
}
