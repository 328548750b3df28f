#include "grid.h"

#include <string.h>

#include "commands.h"
#include "pcapanalyzer/convert.h"

enum pa_status no_memory(enum pa_status st, struct pa_error *err)
{
	return st == PA_OK ? PA_OK : pa_fail(err, st, 0, "no memory for the answer");
}

/* NULL cells are a byte that text does not have. */
enum pa_status put_null(struct grid *g)
{
	return pa_buf_put(&g->text, "\xff", 2);
}

enum pa_status put_slice(struct grid *g, struct pa_slice s)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < s.len; i++)
		st = pa_buf_putc(&g->text, s.ptr[i] ? s.ptr[i] : '?');
	return st == PA_OK ? pa_buf_putc(&g->text, '\0') : st;
}

enum pa_status put_text(struct grid *g, const char *text)
{
	return put_slice(g, pa_slice_of(text));
}

enum pa_status put_number(struct grid *g, uint64_t v)
{
	enum pa_status st = pa_buf_put_u64(&g->text, v);

	return st == PA_OK ? pa_buf_putc(&g->text, '\0') : st;
}

enum pa_status put_signed(struct grid *g, int64_t v)
{
	enum pa_status st = pa_buf_printf(&g->text, "%lld", (long long)v);

	return st == PA_OK ? pa_buf_putc(&g->text, '\0') : st;
}

enum pa_status put_time(struct grid *g, int64_t us)
{
	char text[27];

	pa_time_text((struct pa_time){us / 1000000, (uint32_t)(us % 1000000) * 1000}, text);
	return put_text(g, text);
}

size_t get_row(const struct grid *g, size_t at, struct pa_slice *cells)
{
	for (size_t i = 0; i < g->n_columns; i++) {
		const uint8_t *p = g->text.ptr + at;
		size_t n = strlen((const char *)p);

		cells[i] = (struct pa_slice){n == 1 && p[0] == 0xff ? NULL : p, n};
		if (!cells[i].ptr)
			cells[i].len = 0;
		at += n + 1;
	}
	return at;
}

enum pa_status format_grid(const struct grid *g, enum pa_print_format format, struct pa_buf *out)
{
	struct pa_slice cells[CELLS_MAX];
	struct pa_printer p;
	enum pa_status st = pa_print_init(&p, format, g->columns, g->n_columns);

	if (st != PA_OK)
		return st;
	for (size_t at = 0; at < g->text.len;) {
		at = get_row(g, at, cells);
		pa_print_measure(&p, cells);
	}
	st = pa_print_head(&p, out);
	for (size_t at = 0; st == PA_OK && at < g->text.len;) {
		at = get_row(g, at, cells);
		st = pa_print_row(&p, cells, out);
	}
	if (st == PA_OK)
		st = pa_print_tail(&p, out);
	pa_print_done(&p);
	return st;
}

enum pa_status print_grid(const struct grid *g, enum pa_print_format format, struct pa_error *err)
{
	struct pa_buf out;
	enum pa_status st;

	pa_buf_init(&out, ANSWER_MAX);
	st = no_memory(format_grid(g, format, &out), err);
	if (st == PA_OK)
		st = flush_answer(&out, err);
	pa_buf_done(&out);
	return st;
}
