#include "pcapanalyzer/aside.h"

#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/convert.h"

struct entry {
	uint64_t frame;
	const char *reason;
};

struct pa_aside {
	char *text; /* heap; the reasons point into it */
	struct entry *entries;
	size_t n;
};

static int by_frame(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;

	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/* The LINE of N bytes, which gets NULs where its parts end. */
static enum pa_status read_line(char *line, size_t n, struct entry *out)
{
	char *tab = memchr(line, '\t', n);

	if (!tab || tab + 1 == line + n ||
	    pa_convert_uint((struct pa_slice){(const uint8_t *)line, (size_t)(tab - line)},
	                    UINT32_MAX, &out->frame) != PA_OK ||
	    out->frame == 0)
		return PA_EROW;
	line[n] = '\0';
	out->reason = tab + 1;
	return PA_OK;
}

static enum pa_status read_lines(struct pa_aside *a, size_t len, struct pa_error *err)
{
	char *line = a->text;

	while (line < a->text + len) {
		char *end = memchr(line, '\n', len - (size_t)(line - a->text));
		size_t n = end ? (size_t)(end - line) : len - (size_t)(line - a->text);
		enum pa_status st = read_line(line, n, &a->entries[a->n]);

		if (st != PA_OK)
			return pa_fail(err, st, 0,
			               "line %zu of the packets kept aside is no frame number, "
			               "tab and reason",
			               a->n + 1);
		a->n++;
		line += n + 1;
	}
	qsort(a->entries, a->n, sizeof(*a->entries), by_frame);
	for (size_t i = 1; i < a->n; i++)
		if (a->entries[i].frame == a->entries[i - 1].frame)
			return pa_fail(err, PA_EROW, 0, "frame %llu is kept aside twice",
			               (unsigned long long)a->entries[i].frame);
	return PA_OK;
}

enum pa_status pa_aside_read(struct pa_slice text, struct pa_aside **out, struct pa_error *err)
{
	struct pa_aside *a = calloc(1, sizeof(*a));
	size_t lines = 1;
	enum pa_status st;

	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	if (a) {
		a->text = malloc(text.len + 1);
		a->entries = calloc(lines, sizeof(*a->entries));
	}
	if (!a || !a->text || !a->entries) {
		pa_aside_free(a);
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the packets kept aside");
	}
	if (text.len > 0)
		memcpy(a->text, text.ptr, text.len);
	st = read_lines(a, text.len, err);
	if (st == PA_OK)
		*out = a;
	else
		pa_aside_free(a);
	return st;
}

void pa_aside_free(struct pa_aside *a)
{
	if (!a)
		return;
	free(a->text);
	free(a->entries);
	free(a);
}

const char *pa_aside_reason(const struct pa_aside *a, uint64_t frame)
{
	const struct entry key = {.frame = frame};
	const struct entry *found =
	    a ? bsearch(&key, a->entries, a->n, sizeof(key), by_frame) : NULL;

	return found ? found->reason : NULL;
}
