#include "pcapanalyzer/frames.h"

#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/convert.h"

static int by_first(const void *a, const void *b)
{
	const struct pa_frame_range *x = a;
	const struct pa_frame_range *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Decimal alone: pa_convert_uint() would take 0x10, too. */
static enum pa_status number(const char *text, size_t n, uint64_t *out)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] < '0' || text[i] > '9')
			return PA_EVALUE;
	return pa_convert_uint((struct pa_slice){(const uint8_t *)text, n}, UINT64_MAX, out);
}

static enum pa_status read_range(const char *text, size_t n, struct pa_frame_range *out)
{
	const char *dash = memchr(text, '-', n);
	size_t first = dash ? (size_t)(dash - text) : n;
	enum pa_status st = number(text, first, &out->first);

	out->last = out->first;
	if (st == PA_OK && dash && first + 1 == n)
		out->last = UINT64_MAX;
	else if (st == PA_OK && dash)
		st = number(dash + 1, n - first - 1, &out->last);
	return st == PA_OK && (out->first == 0 || out->last < out->first) ? PA_EVALUE : st;
}

/* In order, and what touches joined. */
static void tidy(struct pa_frames *f)
{
	size_t n = 0;

	qsort(f->ranges, f->n, sizeof(*f->ranges), by_first);
	for (size_t i = 1; i < f->n; i++) {
		struct pa_frame_range *last = &f->ranges[n];

		if (last->last == UINT64_MAX || f->ranges[i].first <= last->last + 1) {
			if (f->ranges[i].last > last->last)
				last->last = f->ranges[i].last;
		} else {
			f->ranges[++n] = f->ranges[i];
		}
	}
	f->n = n + 1;
}

enum pa_status pa_frames_read(const char *text, struct pa_frames *out, struct pa_error *err)
{
	struct pa_frames f = {NULL, 1};
	size_t at = 0;

	for (const char *c = text; *c; c++)
		f.n += *c == ',';
	f.ranges = calloc(f.n, sizeof(*f.ranges));
	if (!f.ranges)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for a list of frames");
	for (size_t i = 0; i < f.n; i++) {
		size_t n = strcspn(text + at, ",");

		if (read_range(text + at, n, &f.ranges[i]) != PA_OK) {
			pa_frames_done(&f);
			return pa_fail(err, PA_EUSAGE, 0, "\"%.*s\" is no frame number, N-M or N-",
			               n > 40 ? 40 : (int)n, text + at);
		}
		at += n + 1;
	}
	tidy(&f);
	*out = f;
	return PA_OK;
}

void pa_frames_done(struct pa_frames *f)
{
	free(f->ranges);
	*f = (struct pa_frames){NULL, 0};
}

int pa_frames_has(const struct pa_frames *f, uint64_t frame)
{
	size_t low = 0;
	size_t high = f->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (frame > f->ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->n && frame >= f->ranges[low].first;
}

uint64_t pa_frames_highest(const struct pa_frames *f)
{
	const struct pa_frame_range *last = &f->ranges[f->n - 1];

	return last->last == UINT64_MAX ? last->first : last->last;
}
