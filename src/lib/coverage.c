#include "pcapanalyzer/coverage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY "nobody has told of a capture"

/* An event that spans the moment at which we are. */
struct active {
	enum pa_event_kind kind; /* captured, lost or stopped */
	int64_t until_us;
	int has_packets;
	uint64_t packets;
	char why[PA_COVERAGE_WHY_MAX];
};

struct pa_coverage {
	int64_t from_us, until_us;
	pa_coverage_fn *fn;
	void *ctx;
	int64_t at_us; /* up to here everything is decided */
	struct active *active;
	size_t n_active, cap_active;
	/* The interval in the making, if there is one. */
	int open;
	struct pa_coverage_interval now;
	char reason[PA_COVERAGE_WHY_MAX]; /* of no data: part of what tells intervals apart */
	char why[PA_COVERAGE_WHY_MAX];
	/* What begins at at_us, for the interval that begins there or goes on. */
	uint64_t packets, dropped, lost;
	char notes[PA_COVERAGE_WHY_MAX];
};

static void start_over(struct pa_coverage *c)
{
	c->at_us = c->from_us;
	c->n_active = 0;
	c->open = 0;
	c->packets = c->dropped = c->lost = 0;
	c->notes[0] = '\0';
}

enum pa_status pa_coverage_new(int64_t from_us, int64_t until_us, pa_coverage_fn *fn, void *ctx,
                               struct pa_coverage **out, struct pa_error *err)
{
	struct pa_coverage *c = calloc(1, sizeof(*c));

	if (!c)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the coverage");
	c->from_us = from_us;
	c->until_us = until_us;
	c->fn = fn;
	c->ctx = ctx;
	start_over(c);
	*out = c;
	return PA_OK;
}

void pa_coverage_free(struct pa_coverage *c)
{
	if (!c)
		return;
	free(c->active);
	free(c);
}

const char *pa_coverage_state_name(enum pa_coverage_state state)
{
	static const char *const names[] = {"traffic", "no traffic", "no data"};

	return names[state];
}

/* Add TEXT to the list in OUT, unless it says so already or there is no room. */
static void say(char out[PA_COVERAGE_WHY_MAX], const char *text)
{
	const char *between = *out ? "; " : "";
	size_t len = strlen(out);
	size_t n = strlen(text);

	if (n == 0 || strstr(out, text) || len + strlen(between) + n + 1 > PA_COVERAGE_WHY_MAX)
		return;
	len = (size_t)(stpcpy(out + len, between) - out);
	memcpy(out + len, text, n + 1);
}

/* "lost: the disk was full", or only the kind when there is nothing to say. */
static void put_why(char out[PA_COVERAGE_WHY_MAX], const struct pa_coverage_event *e)
{
	const char *kind = pa_event_kind_name(e->kind);

	snprintf(out, PA_COVERAGE_WHY_MAX, "%s%s%.*s", kind, e->detail.len > 0 ? ": " : "",
	         (int)e->detail.len, e->detail.len > 0 ? (const char *)e->detail.ptr : "");
}

static enum pa_status flush(struct pa_coverage *c, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	if (c->open) {
		c->now.why = c->why;
		st = c->fn(c->ctx, &c->now, err);
	}
	c->open = 0;
	return st;
}

/* What the moment at_us is, up to the next change. reason: "" but for no data. */
static enum pa_coverage_state decide(const struct pa_coverage *c, char reason[PA_COVERAGE_WHY_MAX])
{
	uint64_t captured = 0;
	uint64_t lost = 0;
	int listening = 0;
	int known = 1;
	int all_lost = 0;

	reason[0] = '\0';
	for (size_t i = 0; i < c->n_active; i++) {
		const struct active *a = &c->active[i];

		if (a->kind == PA_EVENT_CAPTURED) {
			listening = 1;
			known &= a->has_packets;
			captured += a->packets;
		} else {
			say(reason, a->why);
			all_lost |= a->kind == PA_EVENT_LOST && !a->has_packets;
			lost += a->kind == PA_EVENT_LOST ? a->packets : 0;
		}
	}
	if (listening && !all_lost && (lost == 0 || !known || lost < captured)) {
		reason[0] = '\0';
		return known && captured == 0 ? PA_COVERAGE_NO_TRAFFIC : PA_COVERAGE_TRAFFIC;
	}
	say(reason, *reason ? "" : NOBODY);
	return PA_COVERAGE_NO_DATA;
}

/* The time from at_us up to UNTIL_US, in which nothing changes. */
static enum pa_status pass(struct pa_coverage *c, int64_t until_us, struct pa_error *err)
{
	char reason[PA_COVERAGE_WHY_MAX];
	enum pa_coverage_state state = decide(c, reason);
	int tiny = c->n_active == 0 && until_us - c->at_us < PA_COVERAGE_JOIN_US;
	enum pa_status st = PA_OK;

	if (!c->open || (!tiny && (state != c->now.state || strcmp(reason, c->reason) != 0))) {
		st = flush(c, err);
		c->open = 1;
		c->now = (struct pa_coverage_interval){.from_us = c->at_us, .state = state};
		memcpy(c->reason, reason, sizeof(c->reason));
		memcpy(c->why, reason, sizeof(c->why));
	}
	c->now.until_us = until_us;
	c->now.packets += c->packets;
	c->now.dropped += c->dropped;
	c->now.lost += c->lost;
	/* Also where the rest came through. */
	for (size_t i = 0; i < c->n_active; i++)
		if (c->active[i].kind == PA_EVENT_LOST)
			say(c->why, c->active[i].why);
	say(c->why, c->notes);
	c->packets = c->dropped = c->lost = 0;
	c->notes[0] = '\0';
	c->at_us = until_us;
	return st;
}

/* Pass all changes up to UNTIL_US. */
static enum pa_status advance(struct pa_coverage *c, int64_t until_us, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	while (st == PA_OK && c->at_us < until_us) {
		int64_t next = until_us;

		for (size_t i = 0; i < c->n_active; i++)
			if (c->active[i].until_us < next)
				next = c->active[i].until_us;
		st = pass(c, next, err);
		for (size_t i = c->n_active; i > 0; i--)
			if (c->active[i - 1].until_us <= next)
				c->active[i - 1] = c->active[--c->n_active];
	}
	return st;
}

static enum pa_status activate(struct pa_coverage *c, const struct pa_coverage_event *e,
                               struct pa_error *err)
{
	struct active *a;

	if (c->n_active == c->cap_active) {
		size_t more = c->cap_active ? 2 * c->cap_active : 8;
		struct active *bigger = realloc(c->active, more * sizeof(*bigger));

		if (!bigger)
			return pa_fail(err, PA_ENOMEM, 0, "no memory for the coverage");
		c->active = bigger;
		c->cap_active = more;
	}
	a = &c->active[c->n_active++];
	a->kind = e->kind;
	a->until_us = e->until_us;
	a->has_packets = e->has_packets;
	a->packets = e->packets;
	put_why(a->why, e);
	return PA_OK;
}

enum pa_status pa_coverage_add(struct pa_coverage *c, const struct pa_coverage_event *e,
                               struct pa_error *err)
{
	char why[PA_COVERAGE_WHY_MAX];
	int64_t from_us = e->from_us > c->from_us ? e->from_us : c->from_us;
	int instant = e->from_us == e->until_us;
	enum pa_status st;

	if (from_us >= c->until_us || e->until_us < c->from_us ||
	    (e->until_us == c->from_us && !instant))
		return PA_OK;
	st = advance(c, from_us, err);
	if (st != PA_OK)
		return st;
	switch (e->kind) {
	case PA_EVENT_CAPTURED:
		c->packets += e->packets;
		break;
	case PA_EVENT_LOST:
		c->lost += e->packets;
		break;
	case PA_EVENT_DROPPED:
		c->dropped += e->packets;
		return PA_OK;
	case PA_EVENT_CLOCK:
		put_why(why, e);
		say(c->notes, why);
		return PA_OK;
	case PA_EVENT_STOPPED:
	case PA_EVENT_KINDS:
		break;
	}
	return instant ? PA_OK : activate(c, e, err);
}

enum pa_status pa_coverage_finish(struct pa_coverage *c, struct pa_error *err)
{
	enum pa_status st = advance(c, c->until_us, err);

	if (st == PA_OK)
		st = flush(c, err);
	start_over(c);
	return st;
}
