/* event: put a coverage event into a spool, for load to store. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "pcapanalyzer/event.h"

static enum pa_status take_text(const char *option, const char *text, char *out, size_t size,
                                struct pa_error *err)
{
	if (strlen(text) >= size)
		return pa_fail(err, PA_EUSAGE, 0, "option --%s: more than %zu bytes", option,
		               size - 1);
	memcpy(out, text, strlen(text) + 1);
	return PA_OK;
}

static enum pa_status take_time(const char *option, const char *text, struct pa_time *out,
                                struct pa_error *err)
{
	if (pa_convert_epoch(pa_slice_of(text), out) != PA_OK)
		return pa_fail(err, PA_EUSAGE, 0,
		               "option --%s: \"%s\" is no time; event takes seconds since 1970",
		               option, text);
	out->nsec -= out->nsec % 1000; /* as the database keeps it */
	return PA_OK;
}

static enum pa_status take_event(const struct options *o, struct pa_event *e, struct pa_error *err)
{
	enum pa_status st = take_text("sensor", o->sensor, e->sensor, sizeof(e->sensor), err);

	if (st == PA_OK)
		st = take_text("interface", o->interface, e->interface, sizeof(e->interface), err);
	if (st == PA_OK)
		st = take_text("detail", o->detail ? o->detail : "", e->detail, sizeof(e->detail),
		               err);
	if (st == PA_OK)
		st = take_time("from", o->from, &e->from, err);
	if (st == PA_OK)
		st = take_time("until", o->until, &e->until, err);
	if (st == PA_OK && o->sha256 &&
	    pa_unhex(pa_slice_of(o->sha256), e->capture_sha256, PA_SHA256_BYTES) != PA_OK)
		st = pa_fail(err, PA_EUSAGE, 0, "option --sha256: not 64 hexadecimal digits");
	e->kind = (enum pa_event_kind)o->kind;
	e->has_packets = o->packets != NOT_GIVEN;
	e->packets = e->has_packets ? o->packets : 0;
	e->has_bytes = o->bytes != NOT_GIVEN;
	e->bytes = e->has_bytes ? o->bytes : 0;
	e->has_capture = o->sha256 != NULL;
	return st;
}

/* What we write must read back: the reader has all of the rules. */
static enum pa_status check(const struct pa_event *e, struct pa_error *err)
{
	struct pa_error cause = {0};
	struct pa_event same;
	struct pa_buf text;
	enum pa_status st;

	pa_buf_init(&text, PA_EVENT_BYTES_MAX);
	st = pa_event_write(e, &text, err);
	if (st == PA_OK && pa_event_read(pa_buf_slice(&text), &same, &cause) != PA_OK)
		st = pa_fail(err, PA_EUSAGE, 0, "%s", cause.msg);
	pa_buf_done(&text);
	return st;
}

enum pa_status command_event(struct run *r, struct pa_error *err)
{
	const struct options *o = &r->o;
	struct pa_event e = {0};
	enum pa_status st;

	if (!o->spool || !o->sensor || !o->interface || o->kind < 0 || !o->from || !o->until)
		return pa_fail(err, PA_EUSAGE, 0,
		               "event needs --spool, --sensor, --interface, --kind, --from and "
		               "--until");
	st = take_event(o, &e, err);
	if (st == PA_OK)
		st = check(&e, err);
	return st == PA_OK ? pa_event_save(o->spool, &e, err) : st;
}
