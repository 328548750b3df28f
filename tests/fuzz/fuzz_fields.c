/* A table of fields of any bytes is taken or refused; of one that is taken, a plain reading finds
 * the same names, and every other thing that is asked of it holds together.
 *
 * Input: a line with the word to search for, then the table. */
#include "fuzz.h"
#include "pcapanalyzer/fields.h"

static struct pa_slice take(struct pa_slice *in, uint8_t end)
{
	const uint8_t *hit = in->len ? memchr(in->ptr, end, in->len) : NULL;
	struct pa_slice out = {in->ptr, hit ? (size_t)(hit - in->ptr) : in->len};

	in->ptr += out.len + (hit != NULL);
	in->len -= out.len + (hit != NULL);
	return out;
}

static int same(struct pa_slice a, struct pa_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static void check_info(struct pa_slice name, const struct pa_field_info *info)
{
	char column[65];

	MUST(same(name, info->name));
	MUST(info->ft < PA_FT_COUNT && info->ft_values < PA_FT_COUNT);
	MUST(pa_fields_type(info->ft) < PA_T_COUNT);
	MUST(pa_fields_fit(name, info->ft, pa_fields_type(info->ft)));
	/* What holds the type holds what a bit mask leaves of it. */
	for (unsigned t = 0; t < PA_T_COUNT; t++)
		MUST(!pa_fields_fit(name, info->ft, (enum pa_type)t) ||
		     pa_fields_fit(name, info->ft_values, (enum pa_type)t));
	pa_fields_column(name, column);
	MUST(strlen(column) >= 1 && strlen(column) <= 64 && column[0] >= 'a' && column[0] <= 'z');
	MUST(strspn(column, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(column));
}

/* Fields and protocols, line by line. */
static uint64_t check_lines(const struct pa_fields *f, struct pa_slice text)
{
	uint64_t n = 0;

	while (text.len > 0) {
		struct pa_slice line = take(&text, '\n');
		struct pa_field_info info;
		struct pa_slice cell;
		struct pa_slice name;

		if (line.len < 3)
			continue;
		cell = take(&line, '\t');
		if (!pa_slice_is(cell, "F") && !pa_slice_is(cell, "P"))
			continue;
		(void)take(&line, '\t');
		name = take(&line, '\t');
		MUST(name.len > 0);
		MUST(pa_fields_find(f, name, &info));
		check_info(name, &info);
		n++;
	}
	return n;
}

static uint64_t lines_of(const struct pa_buf *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		n += b->ptr[i] == '\n';
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pa_slice text = {data, size};
	struct pa_slice word = take(&text, '\n');
	struct pa_error err = {0};
	struct pa_field_info info;
	struct pa_fields *f;
	struct pa_buf all;
	struct pa_buf one;
	uint64_t n, lines, all_n;

	if (pa_fields_new(text, &f, &err) != PA_OK) {
		MUST(err.code == PA_EFORMAT && err.msg[0]);
		return 0;
	}
	lines = check_lines(f, text);
	MUST(lines > 0);
	MUST(pa_fields_find(f, pa_slice_of("_ws.col.Info"), &info));
	pa_buf_init(&all, SIZE_MAX);
	pa_buf_init(&one, SIZE_MAX);
	MUST(pa_fields_search(f, (struct pa_slice){data, 0}, 0, &all, &all_n) == PA_OK);
	MUST(all_n <= lines + 7 && all_n >= 7 && lines_of(&all) == all_n);
	pa_buf_reset(&all);
	MUST(pa_fields_search(f, word, 0, &all, &n) == PA_OK);
	MUST(n <= all_n && lines_of(&all) == n);
	MUST(pa_fields_search(f, word, 1, &one, &all_n) == PA_OK && all_n == n);
	MUST(lines_of(&one) == (n > 0));
	MUST(one.len <= all.len && (one.len == 0 || memcmp(one.ptr, all.ptr, one.len) == 0));
	if (pa_fields_find(f, word, &info)) {
		check_info(word, &info);
		MUST(n > 0);
	}
	pa_buf_done(&all);
	pa_buf_done(&one);
	pa_fields_free(f);
	return 0;
}
