#include "steps.h"

#include <stdlib.h>
#include <string.h>

#define JOINED_MAX     4 /* numbers: more seldom fit in pa_digits_join() */
#define MIXER          UINT64_C(0xff51afd7ed558ccd)
#define PATTERNS_BYTES (1024 * 1024) /* of a table; past it, all are forgotten */

static void forget(struct list *list, struct place *place)
{
	if (list->last == place->pattern)
		list->last = NULL;
	if (place->pattern)
		list->n_bytes -= place->pattern->bytes;
	free(place->pattern);
	place->pattern = NULL;
}

void steps_forget_patterns(struct list *list)
{
	for (size_t i = 0; list->places && i < (size_t)1 << STEPS_PATTERN_BITS; i++)
		forget(list, &list->places[i]);
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

static void begin_act(struct act *act)
{
	act->cell = 0;
	act->last = 0;
	act->lead_len = 0;
}

/* Finish ACT and begin the one behind it. */
static struct act *next_act(struct act *act, enum action action)
{
	act->action = (uint8_t)action;
	act++;
	begin_act(act);
	return act;
}

static struct act *lead(struct act *act, const void *text, size_t n)
{
	const uint8_t *p = text;

	for (size_t i = 0; i < n; i++) {
		if (act->lead_len == LEAD_MAX)
			act = next_act(act, DO_NOTHING);
		act->lead[act->lead_len++] = p[i];
	}
	return act;
}

/* The number of the row that the pattern is made for tells how the others are printed, as a rule.
 * Those of up to nine digits are good as they stand where any of them is small enough. */
static enum action number_action(const struct work *w, const struct act *act)
{
	struct pa_slice in = text_of(w, act->cell, act->cell);

	if (in.ptr[0] == '0' && in.len > 1)
		return DO_CONVERTED;
	return act->step->n_digits > 9 ? DO_NUMBER : DO_UINT;
}

/* Neighbours, in the input and in the output, with nothing but a separator between them. */
static int joins(const struct act *before, const struct act *act)
{
	return (before->action == DO_NUMBER || before->action == DO_NUMBERS) &&
	       act->cell == before->last + 1 && act->cell - before->cell < JOINED_MAX &&
	       act->lead_len == 1;
}

static int follows_time(const struct list *list, const struct act *act)
{
	return act > list->draft && act[-1].action == DO_TIME && act->lead_len == 1;
}

/* What one column comes to; returns the act behind it, which has begun. */
static struct act *draft_column(const struct work *w, const struct list *list,
                                const struct step *step, struct act *act)
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
	if (action == DO_NANOS && follows_time(list, act)) {
		act[-1].action = DO_TIME_NANOS;
		begin_act(act);
		return act;
	}
	act->last = act->cell;
	act->step = step;
	if (action == DO_UINT)
		action = number_action(w, act);
	if (action == DO_NUMBER && act > list->draft && joins(act - 1, act)) {
		act[-1].action = DO_NUMBERS;
		act[-1].last = act->cell;
		begin_act(act);
		return act;
	}
	return next_act(act, action);
}

static struct act *begin_span(const struct work *w, const struct list *list, struct act *act)
{
	act->cell = list->low;
	act->last = list->high;
	act->table = (uint8_t)(list - w->s->tables);
	act->has_id = (uint8_t)list->has_id;
	return next_act(act, DO_SPAN);
}

/* The acts for rows like W's, in the list's draft; returns how many. */
static size_t draft(const struct work *w, const struct list *list)
{
	const uint8_t separator = w->s->separator;
	const char *end = w->s->config.style == PA_CSV_RFC4180 ? "\r\n" : "\n";
	int spans = list->has_span && !w->several;
	struct act *act = list->draft;
	struct act *span = NULL;

	begin_act(act);
	for (unsigned i = 0; i < list->n; i++) {
		if (i > 0)
			act = lead(act, &separator, 1);
		if (spans && i == list->first) {
			span = act;
			act = begin_span(w, list, act);
		}
		act = draft_column(w, list, &list->steps[i], act);
		if (span && i + 1 == list->end) {
			act = next_act(act, DO_END);
			span->skip = (uint16_t)(act - span);
		}
	}
	act = lead(act, end, strlen(end));
	act->action = DO_END;
	return (size_t)(act + 1 - list->draft);
}

static size_t room_of(const struct act *acts, size_t n)
{
	size_t room = n * STEPS_ROOM;

	for (size_t i = 0; i < n; i++)
		if (acts[i].action == DO_TEXT)
			room += 2 * STEPS_TEXT_USUAL; /* each byte may become two */
		else if (acts[i].action == DO_SET)
			room += acts[i].step->max;
	return room;
}

static struct pattern *make_pattern(const struct work *w, struct list *list, struct place *place)
{
	size_t filled_bytes = list->n_words * sizeof(*w->filled);
	size_t n_acts = draft(w, list);
	size_t bytes = sizeof(struct pattern) + filled_bytes + n_acts * sizeof(struct act);
	struct pattern *p;

	forget(list, place);
	if (list->n_bytes + bytes > PATTERNS_BYTES)
		steps_forget_patterns(list);
	p = malloc(bytes);
	place->pattern = p;
	if (!p)
		return NULL;
	list->n_bytes += bytes;
	p->bytes = bytes;
	p->headers = w->plain | w->several << 16;
	p->n_acts = (unsigned)n_acts;
	p->room = room_of(list->draft, n_acts);
	p->acts = (void *)(p->filled + list->n_words);
	memcpy(p->filled, w->filled, filled_bytes);
	memcpy(p->acts, list->draft, n_acts * sizeof(*p->acts));
	return p;
}

const struct pattern *steps_find_pattern(const struct work *w, struct list *list, uint32_t headers)
{
	const unsigned n_words = list->n_words;
	uint64_t hash = (headers * UINT64_C(0x9e3779b97f4a7c15) ^ w->filled[0]) * MIXER;
	struct place *place;
	struct place *other;

	for (unsigned i = 1; i < n_words; i++)
		hash = (hash ^ hash >> 32 ^ w->filled[i]) * MIXER;
	place = &list->places[hash >> (64 - STEPS_PATTERN_BITS)];
	if (steps_is_pattern(place->pattern, w, n_words, headers))
		return place->pattern;
	/* Two places, so that two patterns which take turns do not push each other out. */
	other = &list->places[(size_t)(place - list->places) ^ 1];
	if (steps_is_pattern(other->pattern, w, n_words, headers))
		return other->pattern;
	if (place->pattern) {
		forget(list, other);
		other->pattern = place->pattern;
		place->pattern = NULL;
	}
	return make_pattern(w, list, place);
}
