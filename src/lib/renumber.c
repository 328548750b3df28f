#include "pcapanalyzer/renumber.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 100000000u /* streams of one kind; a tshark has no memory for so many */

/* What one worker's numbers are in the whole, plus 1; 0: not seen yet. */
struct numbers {
	uint32_t *whole;
	size_t n;
};

struct column {
	unsigned at;
	enum pa_renumber_how how;
	uint32_t next;           /* number in the whole */
	struct numbers *workers; /* an entry each */
};

struct pa_renumber {
	unsigned n_workers;
	uint8_t separator;
	struct column *columns;
	size_t n_columns;
};

int pa_renumber_field(const char *field, enum pa_renumber_how *how)
{
	static const char *const streams[] = {
	    "tcp.stream",  "udp.stream",   "ip.stream",        "ipv6.stream",
	    "dccp.stream", "mptcp.stream", "sctp.assoc_index", "quic.connection.number",
	    "wg.stream",
	};
	static const char *const absent[] = {
	    "frame.interface_id",
	    "frame.interface_name",
	    "frame.interface_description",
	    "frame.section_number",
	};

	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		if (strcmp(field, streams[i]) == 0) {
			*how = PA_RENUMBER_STREAM;
			return 1;
		}
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		if (strcmp(field, absent[i]) == 0) {
			*how = PA_RENUMBER_EMPTY;
			return 1;
		}
	return 0;
}

static enum pa_status no_memory(struct pa_error *err)
{
	return pa_fail(err, PA_ENOMEM, 0, "no memory for numbers of streams");
}

enum pa_status pa_renumber_new(unsigned n_workers, uint8_t separator, struct pa_renumber **out,
                               struct pa_error *err)
{
	struct pa_renumber *r = calloc(1, sizeof(*r));

	if (!r)
		return no_memory(err);
	r->n_workers = n_workers;
	r->separator = separator;
	*out = r;
	return PA_OK;
}

void pa_renumber_free(struct pa_renumber *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_columns; i++) {
		for (unsigned w = 0; w < r->n_workers; w++)
			free(r->columns[i].workers[w].whole);
		free(r->columns[i].workers);
	}
	free(r->columns);
	free(r);
}

enum pa_status pa_renumber_column(struct pa_renumber *r, unsigned column, enum pa_renumber_how how,
                                  struct pa_error *err)
{
	struct column *grown = realloc(r->columns, (r->n_columns + 1) * sizeof(*grown));
	struct numbers *workers = grown ? calloc(r->n_workers, sizeof(*workers)) : NULL;

	if (grown)
		r->columns = grown;
	if (!workers)
		return no_memory(err);
	r->columns[r->n_columns++] = (struct column){column, how, 0, workers};
	return PA_OK;
}

/* The number in the whole of a worker's NUMBER. */
static enum pa_status whole_of(struct column *c, unsigned worker, uint32_t number, uint32_t *out)
{
	struct numbers *w = &c->workers[worker];

	if (number >= w->n) {
		size_t n = (size_t)number + number / 2 + 64;
		uint32_t *grown = realloc(w->whole, n * sizeof(*grown));

		if (!grown)
			return PA_ENOMEM;
		memset(grown + w->n, 0, (n - w->n) * sizeof(*grown));
		w->whole = grown;
		w->n = n;
	}
	if (w->whole[number] == 0)
		w->whole[number] = ++c->next;
	*out = w->whole[number] - 1;
	return PA_OK;
}

/* Numbers, and whatever stands between them. */
static enum pa_status put_streams(struct column *c, unsigned worker, struct pa_slice cell,
                                  struct pa_buf *out)
{
	enum pa_status st = PA_OK;
	size_t i = 0;

	while (st == PA_OK && i < cell.len) {
		uint32_t number = 0;
		size_t start = i;

		while (i < cell.len && cell.ptr[i] >= '0' && cell.ptr[i] <= '9' &&
		       number < NUMBER_MAX)
			number = number * 10 + (uint32_t)(cell.ptr[i++] - '0');
		if (i == start || number >= NUMBER_MAX) {
			st = pa_buf_putc(out, cell.ptr[i++]);
			continue;
		}
		st = whole_of(c, worker, number, &number);
		if (st == PA_OK)
			st = pa_buf_put_u64(out, number);
	}
	return st;
}

enum pa_status pa_renumber_row(struct pa_renumber *r, unsigned worker, struct pa_slice line,
                               struct pa_buf *out, struct pa_error *err)
{
	const uint8_t *at = line.ptr;                 /* of the cell */
	const uint8_t *copied = line.ptr;             /* all before it is in OUT */
	const uint8_t *end = line.ptr + line.len - 1; /* the line feed */
	unsigned column = 0;
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < r->n_columns; i++) {
		struct column *c = &r->columns[i];
		const uint8_t *stop;

		for (; at && column < c->at; column++) {
			at = memchr(at, r->separator, (size_t)(end - at));
			at = at ? at + 1 : NULL;
		}
		if (!at)
			break;
		stop = memchr(at, r->separator, (size_t)(end - at));
		stop = stop ? stop : end;
		if (at == stop)
			continue;
		st = pa_buf_put(out, copied, (size_t)(at - copied));
		if (st == PA_OK && c->how == PA_RENUMBER_STREAM)
			st =
			    put_streams(c, worker, (struct pa_slice){at, (size_t)(stop - at)}, out);
		copied = stop;
	}
	if (st == PA_OK)
		st = pa_buf_put(out, copied, (size_t)(end + 1 - copied));
	return st == PA_OK ? PA_OK : no_memory(err);
}
