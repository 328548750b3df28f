#include "steps.h"

#include <stdlib.h>
#include <string.h>

#define SPAN_MIN       3             /* columns that one look must save */
#define PATTERNS_BYTES (1024 * 1024) /* of a table; past it, all are forgotten */

void steps_forget_patterns(struct list *list)
{
	for (size_t i = 0; list->places && i < (size_t)1 << STEPS_PATTERN_BITS; i++) {
		free(list->places[i].pattern);
		list->places[i].pattern = NULL;
	}
	list->n_bytes = 0;
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
		steps_forget_patterns(list);
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

const struct pattern *steps_pattern(const struct work *w, struct list *list)
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
	place = &list->places[hash & ((1u << STEPS_PATTERN_BITS) - 1)];
	p = place->pattern;
	for (unsigned i = 0; p && i < list->n_words; i++)
		differs |= p->filled[i] ^ w->filled[i];
	if (p && !differs && p->headers == headers)
		return p;
	return make_pattern(w, list, place);
}
