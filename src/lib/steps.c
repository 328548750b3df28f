#include "pcapanalyzer/steps.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "pcapanalyzer/community_id.h"
#include "pcapanalyzer/digits.h"
#include "pcapanalyzer/known.h"
#include "pcapanalyzer/scan.h"
#include "pcapanalyzer/spans.h"

#define ROOM           128 /* bytes that any act but text may write */
#define SPAN_MIN       3   /* columns that one look must save */
#define LEAD_MAX       24
#define PATTERNS_BITS  12
#define PATTERNS_BYTES (1024 * 1024) /* of a table; past it, all are forgotten */
#define WORDS          (PA_PROFILE_FIELDS_MAX / 64)

enum action {
	DO_GENERAL,
	DO_NOTHING,
	DO_END,
	DO_SPAN,     /* the columns up to DO_SPAN_END at once, when they are known */
	DO_SPAN_END, /* they were made one by one */
	DO_FIXED,    /* the same text in every row */
	DO_TIME,
	DO_NANOS,
	DO_CUT,
	DO_SET,
	DO_PROTO,
	DO_COMMUNITY_ID,
	/* From here on: the first of the cells that is there, converted. */
	DO_UINT,
	DO_BOOL,
	DO_TEXT,
	DO_ADDRESS,
};

/* A cell that a step may take, and whose header it belongs to. */
struct origin {
	uint16_t field;
	uint16_t cell;
	uint16_t header; /* a bit */
	int single;
	const char *word; /* what it adds to a SET */
	size_t n_word;
};

/* A column. */
struct step {
	enum action action;
	const struct pa_column *column;
	struct origin *origins; /* heap */
	unsigned n_origins;
	uint64_t max;      /* value, or bytes of text */
	unsigned n_digits; /* of max; shorter numbers are below it */
	uint8_t fixed_len;
	uint8_t fixed[LEAD_MAX];
};

/* A column of a row whose pattern is known. Columns that have no value then, or always the same,
 * are a part of the lead of the next act. */
struct act {
	const struct step *step;
	uint16_t cell;
	uint8_t action;
	uint8_t single; /* the cell has one value at most */
	uint16_t skip;  /* DO_SPAN: acts up to the one behind DO_SPAN_END */
	uint8_t lead_len;
	char lead[LEAD_MAX]; /* separators, and columns without a choice */
};

/* Rows with values in the same cells, of the same headers: what decides which cell a column takes
 * is decided once for all of them. */
struct pattern {
	uint32_t headers; /* struct work's plain and several */
	unsigned n_acts;
	struct act *acts; /* behind filled */
	uint64_t filled[];
};

/* What a pattern's hash leads to. */
struct place {
	struct pattern *pattern; /* heap, or NULL */
};

struct list {
	struct step *steps;
	unsigned n;
	uint64_t wanted[WORDS]; /* the cells that the steps look at */
	unsigned n_words;       /* up to the last of them */
	unsigned first, end;    /* steps whose columns are looked up as a span */
	uint16_t low, high;     /* the first and the last of its cells */
	int has_id;             /* these are also all that the Community ID is made of */
	struct act *draft;      /* heap: the acts of a pattern that is being made */
	struct place *places;   /* heap, 1 << PATTERNS_BITS of them */
	size_t n_bytes;         /* of all patterns */
};

struct pa_steps {
	struct pa_steps_config config;
	int quick; /* the aggregator cannot be a part of a number or an address */
	struct list tables[PA_PROFILE_TABLES_MAX];
	struct origin flow[PA_FLOW_COUNT]; /* only when the profile has flow fields */
	struct pa_known *known;
	struct pa_spans spans;
	pa_filled_fn *filled;
	int64_t date_of; /* the second that the date is of */
	char date[27];
	uint8_t separator;
	int quotes;  /* text stands in double quotes */
	int escapes; /* a backslash is special in the output */
};

/* The row that is being written. */
struct work {
	struct pa_steps *s;
	const struct pa_steps_row *row;
	const uint8_t *base; /* of the cells */
	const uint32_t *cuts;
	const struct pa_layer *layer;
	struct pa_span *span; /* of the row's steady columns, or NULL */
	struct pa_span *id;   /* the same when it may tell the Community ID, too */
	size_t n_span;        /* bytes of its key */
	unsigned plain;       /* bits of the headers whose cells are this row's */
	unsigned several;     /* bits of the headers that the packet has more than once */
	unsigned cut_before;
	uint64_t filled[WORDS];
};

enum found { FOUND_NOTHING, FOUND, FOUND_ODD };

/* --- the steps ------------------------------------------------------------------------------ */

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
		return DO_BOOL;
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
	if (!out->origins)
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
	out->draft = calloc(2 * (size_t)t->n_columns + 4, sizeof(*out->draft));
	out->places = calloc((size_t)1 << PATTERNS_BITS, sizeof(*out->places));
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
	s->separator = pa_csv_separator(c->style);
	s->quotes = c->style == PA_CSV_MYSQL || c->style == PA_CSV_RFC4180;
	s->escapes = c->style != PA_CSV_RFC4180;
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

static void forget_patterns(struct list *list)
{
	for (size_t i = 0; list->places && i < (size_t)1 << PATTERNS_BITS; i++) {
		free(list->places[i].pattern);
		list->places[i].pattern = NULL;
	}
	list->n_bytes = 0;
}

static void free_list(struct list *list)
{
	for (unsigned i = 0; list->steps && i < list->n; i++)
		free(list->steps[i].origins);
	forget_patterns(list);
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
	forget_patterns(list);
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

/* --- patterns ------------------------------------------------------------------------------- */

static enum found find(const struct work *w, const struct origin *o)
{
	if (!(w->filled[o->cell / 64] >> o->cell % 64 & 1))
		return FOUND_NOTHING;
	if (o->header & w->several)
		return FOUND_ODD;
	return o->header & w->plain ? FOUND : FOUND_NOTHING;
}

/* The first of the step's origins that may have a value, at *which. */
static enum found find_first(const struct work *w, const struct step *step, unsigned *which)
{
	enum found f = FOUND_NOTHING;

	for (unsigned i = 0; f == FOUND_NOTHING && i < step->n_origins; i++) {
		f = find(w, &step->origins[i]);
		*which = i;
	}
	return f;
}

static const struct origin *proto_origin(const struct work *w)
{
	return &w->s->flow[w->layer->address == PA_H_IPV6 ? PA_FLOW_IPV6_NXT : PA_FLOW_IP_PROTO];
}

/* What STEP comes to in rows of the pattern, with the cell in *which. DO_FIXED: it is NULL. */
static enum action decide(const struct work *w, const struct step *step, unsigned *which)
{
	enum found f = FOUND;

	if (step->action == DO_SET || step->action >= DO_UINT)
		f = find_first(w, step, which);
	else if (step->action == DO_PROTO || step->action == DO_COMMUNITY_ID)
		f = !w->layer || w->layer->address == PA_H_ARP ? FOUND_NOTHING
		                                               : find(w, proto_origin(w));
	if (f == FOUND_NOTHING)
		return DO_FIXED;
	return f == FOUND_ODD ? DO_GENERAL : step->action;
}

/* Finish ACT and begin the one behind it. */
static struct act *next_act(struct act *act, enum action action)
{
	act->action = (uint8_t)action;
	act++;
	act->lead_len = 0;
	return act;
}

static struct act *lead(struct act *act, const void *text, size_t n)
{
	if (act->lead_len + n > LEAD_MAX)
		act = next_act(act, DO_NOTHING);
	memcpy(act->lead + act->lead_len, text, n);
	act->lead_len = (uint8_t)(act->lead_len + n);
	return act;
}

/* What one column comes to; returns the act behind it, which has begun. */
static struct act *draft_column(const struct work *w, const struct step *step, struct act *act)
{
	unsigned which = 0;
	enum action action = decide(w, step, &which);

	if (action == DO_FIXED && step->action == DO_FIXED)
		return lead(act, step->fixed, step->fixed_len);
	if (action == DO_FIXED)
		return w->s->escapes ? lead(act, "\\N", 2) : act;
	if (action >= DO_UINT || action == DO_TIME) {
		act->cell = step->origins[which].cell;
		act->single = (uint8_t)step->origins[which].single;
	}
	act->step = step;
	return next_act(act, action);
}

/* The acts for rows like W's, in the list's draft; returns how many. */
static size_t draft(const struct work *w, const struct list *list)
{
	const char separator = (char)w->s->separator;
	const char *end = w->s->config.style == PA_CSV_RFC4180 ? "\r\n" : "\n";
	int spans = list->end - list->first > SPAN_MIN && !w->several;
	struct act *act = list->draft;
	struct act *span = NULL;

	act->lead_len = 0;
	for (unsigned i = 0; i < list->n; i++) {
		if (i > 0)
			act = lead(act, &separator, 1);
		if (spans && i == list->first) {
			span = act;
			act = next_act(act, DO_SPAN);
		}
		act = draft_column(w, &list->steps[i], act);
		if (span && i + 1 == list->end) {
			act = next_act(act, DO_SPAN_END);
			span->skip = (uint16_t)(act - span);
		}
	}
	act = lead(act, end, strlen(end));
	act->action = DO_END;
	return (size_t)(act + 1 - list->draft);
}

static struct pattern *make_pattern(const struct work *w, struct list *list, struct place *place)
{
	size_t filled_bytes = list->n_words * sizeof(*w->filled);
	size_t n_acts = draft(w, list);
	size_t bytes = sizeof(struct pattern) + filled_bytes + n_acts * sizeof(struct act);
	struct pattern *p;

	list->n_bytes += bytes;
	if (list->n_bytes > PATTERNS_BYTES) {
		forget_patterns(list);
		list->n_bytes = bytes;
	}
	free(place->pattern);
	p = malloc(bytes);
	place->pattern = p;
	if (!p)
		return NULL;
	p->headers = w->plain | w->several << 16;
	p->n_acts = (unsigned)n_acts;
	p->acts = (void *)(p->filled + list->n_words);
	memcpy(p->filled, w->filled, filled_bytes);
	memcpy(p->acts, list->draft, n_acts * sizeof(*p->acts));
	return p;
}

/* NULL: there is no memory. */
static const struct pattern *find_pattern(const struct work *w, struct list *list)
{
	uint32_t headers = w->plain | w->several << 16;
	uint64_t hash = headers * UINT64_C(0x9e3779b97f4a7c15);
	uint64_t differs = 0;
	const struct pattern *p;
	struct place *place;

	for (unsigned i = 0; i < list->n_words; i++) {
		hash = (hash ^ w->filled[i]) * UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 32;
	}
	place = &list->places[hash & ((1u << PATTERNS_BITS) - 1)];
	p = place->pattern;
	for (unsigned i = 0; p && i < list->n_words; i++)
		differs |= p->filled[i] ^ w->filled[i];
	if (p && !differs && p->headers == headers)
		return p;
	return make_pattern(w, list, place);
}

/* --- reading -------------------------------------------------------------------------------- */

/* 0x and 1 to 8 digits. */
static inline int read_hex(struct pa_slice in, uint64_t *out)
{
	uint64_t v = 0;

	if (in.len < 3 || in.len > 10 || in.ptr[0] != '0' || in.ptr[1] != 'x')
		return 0;
	for (size_t i = 2; i < in.len; i++) {
		uint8_t c = in.ptr[i];
		unsigned digit = (unsigned)c - '0';

		if (digit > 9) {
			digit = (unsigned)(c | 0x20) - 'a' + 10;
			if (digit < 10 || digit > 15)
				return 0;
		}
		v = v << 4 | digit;
	}
	*out = v;
	return 1;
}

/* The text of CELL, and of all cells from there to LAST. */
static inline struct pa_slice text_of(const struct work *w, unsigned cell, unsigned last)
{
	uint32_t from = w->cuts[cell] + 1;

	return (struct pa_slice){w->base + from, w->cuts[last + 1] - from};
}

static inline enum found take(const struct work *w, const struct origin *o, struct pa_slice *out)
{
	*out = text_of(w, o->cell, o->cell);
	return find(w, o);
}

/* The number of the row's transport protocol. */
static enum found find_proto(const struct work *w, uint64_t *out)
{
	struct pa_slice in;
	enum found f = take(w, proto_origin(w), &in);
	if (f != FOUND)
		return f;
	if (in.len > 3 || !pa_digits_plain(in))
		return FOUND_ODD;
	*out = pa_digits_eight(in.ptr, in.len);
	if (*out > UINT8_MAX)
		return FOUND_ODD;
	if (w->layer->address == PA_H_IPV6)
		*out = pa_layer_ipv6_proto(w->layer, *out);
	return FOUND;
}

static enum found find_port(const struct work *w, enum pa_flow_field field, uint16_t *out)
{
	struct pa_slice in;
	uint64_t v;
	enum found f = take(w, &w->s->flow[field], &in);

	if (f != FOUND)
		return f;
	if (in.len > 5 || !pa_digits_plain(in))
		return FOUND_ODD;
	v = pa_digits_eight(in.ptr, in.len);
	if (v > UINT16_MAX)
		return FOUND_ODD;
	*out = (uint16_t)v;
	return FOUND;
}

static enum found find_address(const struct work *w, enum pa_flow_field field, uint8_t out[16],
                               uint8_t *n)
{
	struct pa_slice in;
	enum found f = take(w, &w->s->flow[field], &in);

	if (f != FOUND)
		return f;
	return pa_known_ip(w->s->known, in, out, n) ? FOUND : FOUND_ODD;
}

/* The first of two that is not FOUND. */
static inline enum found both(enum found a, enum found b)
{
	return a != FOUND ? a : b;
}

static enum found find_ports(const struct work *w, struct pa_flow *flow)
{
	enum pa_flow_field src;

	switch (flow->proto) {
	case 6:
		src = PA_FLOW_TCP_SRC;
		break;
	case 17:
		src = PA_FLOW_UDP_SRC;
		break;
	case 132:
		src = PA_FLOW_SCTP_SRC;
		break;
	case 1:
		src = PA_FLOW_ICMP_TYPE;
		break;
	case 58:
		src = PA_FLOW_ICMPV6_TYPE;
		break;
	default:
		return FOUND;
	}
	flow->has_ports = 1;
	/* The destination's field follows the source's. */
	return both(find_port(w, src, &flow->src_port),
	            find_port(w, (enum pa_flow_field)(src + 1), &flow->dst_port));
}

static enum found find_flow(const struct work *w, struct pa_flow *flow)
{
	int v6 = w->layer->address == PA_H_IPV6;
	uint64_t proto = 0;
	enum found f = find_proto(w, &proto);

	if (f != FOUND)
		return f;
	flow->proto = (uint8_t)proto;
	f = find_address(w, v6 ? PA_FLOW_IPV6_SRC : PA_FLOW_IP_SRC, flow->src, &flow->n_address);
	if (f == FOUND)
		f = find_address(w, v6 ? PA_FLOW_IPV6_DST : PA_FLOW_IP_DST, flow->dst,
		                 &flow->n_address);
	return f == FOUND ? find_ports(w, flow) : f;
}

/* --- writing -------------------------------------------------------------------------------- */

/* The functions below write at TO, where there is room, and return what is behind their text;
 * or NULL when the general way has to do it. */

/* IN: the cell that TIME was read from. */
static inline uint8_t *put_time(struct pa_steps *s, struct pa_time time, struct pa_slice in,
                                uint8_t *to)
{
	/* The common form: a point and nine digits at the end. */
	if (in.len < 11 || in.ptr[in.len - 10] != '.')
		return NULL;
	if (time.sec != s->date_of) {
		pa_time_text(time, s->date);
		s->date_of = time.sec;
	}
	memcpy(to, s->date, 20);
	memcpy(to + 20, in.ptr + in.len - 9, 6);
	return to + 26;
}

static inline uint8_t *put_uint(const struct step *step, struct pa_slice in, uint8_t *to)
{
	uint64_t v;

	if (pa_digits_plain(in)) {
		if (in.len >= step->n_digits && pa_digits_value(in) > step->max)
			return NULL;
		memcpy(to, in.ptr, 16);
		return to + in.len;
	}
	if (!read_hex(in, &v) || v > step->max)
		return NULL;
	return pa_digits_put(to, v);
}

/* The words of the fields that are there. */
static uint8_t *put_set(const struct work *w, const struct step *step, uint8_t *to)
{
	uint8_t *start;

	if (w->s->quotes)
		*to++ = '"';
	start = to;
	for (unsigned i = 0; i < step->n_origins; i++) {
		const struct origin *o = &step->origins[i];
		struct pa_slice in;
		enum found f = take(w, o, &in);

		if (f == FOUND_NOTHING)
			continue;
		/* Where no first value is, only the general way knows what that means. */
		if (f == FOUND_ODD || (!o->single && in.ptr[0] == w->s->config.aggregator))
			return NULL;
		if (to > start)
			*to++ = ',';
		memcpy(to, o->word, o->n_word);
		to += o->n_word;
	}
	if (w->s->quotes)
		*to++ = '"';
	return to;
}

static inline uint8_t *put_bool(struct pa_slice in, uint8_t *to)
{
	uint64_t v;

	if (pa_convert_bool(in, &v) != PA_OK)
		return NULL;
	*to++ = (uint8_t)('0' + v);
	return to;
}

/* Copy 16 bytes; a bit for each that may need more than that: control bytes, those of longer
 * characters, quotes, backslashes. */
static inline unsigned copy_sixteen(const uint8_t *p, uint8_t *to)
{
#if defined(__SSE2__)
	__m128i some = _mm_loadu_si128((const void *)p);
	__m128i odd = _mm_cmplt_epi8(some, _mm_set1_epi8(' ')); /* signed: above 127, too */

	odd = _mm_or_si128(odd, _mm_cmpeq_epi8(some, _mm_set1_epi8('"')));
	odd = _mm_or_si128(odd, _mm_cmpeq_epi8(some, _mm_set1_epi8('\\')));
	_mm_storeu_si128((void *)to, some);
	return (unsigned)_mm_movemask_epi8(odd);
#else
	unsigned odd = 0;

	for (unsigned i = 0; i < 16; i++) {
		to[i] = p[i];
		odd |= (unsigned)(p[i] < ' ' || p[i] > 0x7f || p[i] == '"' || p[i] == '\\') << i;
	}
	return odd;
#endif
}

/* The character at P that is none of the simple ones. Its length in *n, 0 when it is not to be
 * written here. */
static uint8_t *put_character(const struct work *w, const struct act *act, const uint8_t *p,
                              size_t left, size_t *n, uint8_t *to)
{
	const struct pa_steps *s = w->s;

	*n = 0;
	if (*p >= 0x80) {
		*n = pa_text_character(p, left);
		for (size_t i = 0; i < *n; i++) {
			/* What ends the first of several values is no part of a character. */
			if (p[i] == s->config.aggregator && !act->single)
				*n = 0;
			to[i] = p[i];
		}
		return to + *n;
	}
	if (*p == '\\' ? w->row->dialect != PA_DIALECT_4_0 : *p < ' ')
		return to;
	*n = 1;
	*to++ = *p;
	if (*p == '"' ? s->quotes : s->escapes)
		*to++ = *p;
	return to;
}

static inline uint8_t *put_text(const struct work *w, const struct act *act, struct pa_slice in,
                                uint8_t *to)
{
	const uint8_t *p = in.ptr;
	size_t left = in.len;

	if (in.len > act->step->max)
		return NULL;
	if (w->s->quotes)
		*to++ = '"';
	while (left > 0) {
		unsigned odd = copy_sixteen(p, to);
		size_t n = left < 16 ? left : 16;

		odd &= (1u << n) - 1;
		if (odd) {
			n = (size_t)__builtin_ctz(odd);
			p += n;
			left -= n;
			to = put_character(w, act, p, left, &n, to + n);
			if (n == 0)
				return NULL;
		} else {
			to += n;
		}
		p += n;
		left -= n;
	}
	if (w->s->quotes)
		*to++ = '"';
	return to;
}

static uint8_t *put_community_id(const struct work *w, uint8_t *to)
{
	struct pa_flow flow;
	uint8_t *next;

	if (w->id && w->id->n_id > 0) {
		memcpy(to, w->id->id, sizeof(w->id->id));
		return to + w->id->n_id;
	}
	memset(&flow, 0, sizeof(flow)); /* a key: with what is between its members */
	if (find_flow(w, &flow) != FOUND)
		return NULL;
	next = pa_known_put_flow(w->s->known, &flow, to);
	if (next && w->id && next - to <= PA_SPAN_ID_MAX) {
		memcpy(w->id->id, to, (size_t)(next - to));
		w->id->n_id = (uint8_t)(next - to);
	}
	return next;
}

static uint8_t *put_proto(const struct work *w, uint8_t *to)
{
	uint64_t proto;

	return find_proto(w, &proto) == FOUND ? pa_digits_put(to, proto) : NULL;
}

static inline uint8_t *put_cut(const struct work *w, uint8_t *to)
{
	unsigned cut = *w->row->cut - w->cut_before;

	return pa_digits_put(to, cut < UINT8_MAX ? cut : UINT8_MAX);
}

/* --- rows ----------------------------------------------------------------------------------- */

static inline void look_at(struct work *w, const struct list *list)
{
	const struct pa_layers *l = w->row->layers;
	const struct pa_cells *cells = w->row->cells;

	w->base = cells->base;
	w->cuts = cells->cuts;
	w->layer = l->n ? &l->layer[0] : NULL;
	w->plain = 1u << PA_H_NONE;
	w->several = l->several;
	if (w->layer)
		w->plain |= 1u << w->layer->address | 1u << w->layer->transport;
	w->s->filled(w->cuts, cells->n < 64u * list->n_words ? cells->n : 64u * list->n_words,
	             w->filled);
	for (unsigned i = 0; i < list->n_words; i++)
		w->filled[i] &= list->wanted[i];
}

/* Room at TO for N bytes. */
static enum pa_status make_room(struct pa_buf *out, size_t n, uint8_t **to)
{
	enum pa_status st;

	out->len = (size_t)(*to - out->ptr);
	st = pa_buf_reserve(out, n);
	*to = out->ptr + out->len;
	return st;
}

static enum pa_status general(const struct work *w, const struct act *act, struct pa_buf *out,
                              uint8_t **to)
{
	enum pa_status st;

	out->len = (size_t)(*to - out->ptr);
	st = w->s->config.general(w->s->config.ctx, act->step->column, out);
	*to = out->ptr + out->len;
	return st;
}

/* 1 when the columns of the span were written the last time that its cells had this text. */
static inline int know_span(struct work *w, const struct list *list)
{
	struct pa_slice in = text_of(w, list->low, list->high);
	uint64_t headers = (uint64_t)(list - w->s->tables) << 32 | w->plain;

	if (in.len < PA_SPAN_KEY_MIN || in.len > PA_SPAN_KEY_MAX)
		return 0;
	w->span = pa_spans_place(&w->s->spans, in.ptr, in.len);
	w->id = list->has_id ? w->span : NULL;
	if (pa_span_is(w->span, headers, in.ptr, in.len))
		return 1;
	pa_span_begin(w->span, headers, in.ptr, in.len);
	w->n_span = in.len;
	return 0;
}

static enum pa_status write_acts(struct work *w, const struct list *list, const struct pattern *p,
                                 struct pa_buf *out)
{
	struct pa_steps *s = w->s;
	const size_t room = (size_t)p->n_acts * ROOM; /* for all acts but what is in text */
	const struct act *act = p->acts;
	size_t span_at = 0;
	int span_good = 0;
	enum pa_status st = pa_buf_reserve(out, room);
	uint8_t *to;

	if (st != PA_OK)
		return st;
	to = out->ptr + out->len;
	for (; st == PA_OK; act++) {
		struct pa_slice in = text_of(w, act->cell, act->cell);
		uint8_t *next = NULL;
		size_t text = 0;

		memcpy(to, act->lead, sizeof(act->lead));
		to += act->lead_len;
		switch ((enum action)act->action) {
		case DO_UINT:
			next = put_uint(act->step, in, to);
			break;
		case DO_TEXT:
			text = 2 * in.len; /* each byte may become two */
			if ((size_t)(out->ptr + out->cap - to) < text + room)
				st = make_room(out, text + room, &to);
			if (st == PA_OK)
				next = put_text(w, act, in, to);
			break;
		case DO_ADDRESS:
			next = pa_known_put(s->known, in, act->step->column->type, to);
			break;
		case DO_BOOL:
			next = put_bool(in, to);
			break;
		case DO_SET:
			text = act->step->max;
			if ((size_t)(out->ptr + out->cap - to) < text + room)
				st = make_room(out, text + room, &to);
			if (st == PA_OK)
				next = put_set(w, act->step, to);
			break;
		case DO_TIME:
			next = put_time(s, w->row->time, in, to);
			break;
		case DO_NANOS:
			next = pa_digits_put(to, w->row->time.nsec % 1000);
			break;
		case DO_CUT:
			next = put_cut(w, to);
			break;
		case DO_PROTO:
			next = put_proto(w, to);
			break;
		case DO_COMMUNITY_ID:
			next = put_community_id(w, to);
			break;
		case DO_SPAN:
			next = to;
			if (know_span(w, list)) {
				memcpy(to, w->span->value, sizeof(w->span->value));
				next = to + w->span->n_value;
				act += act->skip - 1;
			}
			span_at = (size_t)(to - out->ptr);
			span_good = 1;
			break;
		case DO_SPAN_END:
			if (w->span && span_good)
				pa_span_keep(w->span, w->n_span, out->ptr + span_at,
				             (size_t)(to - out->ptr) - span_at);
			next = to;
			break;
		case DO_NOTHING:
			next = to;
			break;
		case DO_END:
			out->len = (size_t)(to - out->ptr);
			return PA_OK;
		case DO_GENERAL:
		case DO_FIXED:
			break;
		}
		if (next) {
			to = next;
		} else if (st == PA_OK) {
			span_good = 0;
			st = general(w, act, out, &to);
			if (st == PA_OK)
				st = make_room(out, room, &to);
		}
	}
	out->len = (size_t)(to - out->ptr);
	return st;
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
	w.cut_before = *row->cut;
	look_at(&w, list);
	p = find_pattern(&w, list);
	return p ? write_acts(&w, list, p, out) : PA_ENOMEM;
}

int pa_steps_has(const struct pa_profile *p, const struct pa_column *c, enum pa_csv_style style)
{
	return style != PA_CSV_BATCH || !c->standard ||
	       p->sources[c->first_source].kind != PA_S_CAPTURE;
}
