#include "pcapanalyzer/renumber.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 100000000u /* streams of one kind; a tshark has no memory for so many */

#define LAST_MAX 16 /* numbers in a cell that other workers' are compared with */

/* What one worker's numbers are in the whole, plus 1; 0: not seen yet. */
struct numbers {
	uint32_t *whole;
	size_t cap;
	uint32_t top;     /* above all that were seen */
	uint32_t skipped; /* below it, and not seen */
};

struct column {
	unsigned at;
	enum pa_renumber_how how;
	uint32_t next;           /* number in the whole */
	uint32_t skipped;        /* below it, and in no row */
	uint32_t last[LAST_MAX]; /* the cell that was given last */
	unsigned n_last;
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
	r->columns[r->n_columns++] = (struct column){.at = column, .how = how, .workers = workers};
	return PA_OK;
}

static enum pa_status reserve(struct numbers *w, uint32_t number)
{
	size_t cap = (size_t)number + number / 2 + 64;
	uint32_t *grown;

	if (number < w->cap)
		return PA_OK;
	grown = realloc(w->whole, cap * sizeof(*grown));
	if (!grown)
		return PA_ENOMEM;
	memset(grown + w->cap, 0, (cap - w->cap) * sizeof(*grown));
	w->whole = grown;
	w->cap = cap;
	return PA_OK;
}

/* A worker's NUMBER is seen for the first time. */
static void meet(struct column *c, struct numbers *w, uint32_t number)
{
	if (number < w->top) {
		w->skipped--;
		return;
	}
	w->skipped += number - w->top;
	w->top = number + 1;
	if (w->skipped > c->skipped) {
		c->next += w->skipped - c->skipped;
		c->skipped = w->skipped;
	}
}

/* The number in the whole of a worker's NUMBER, which it has not got yet. One that was left out
 * stands as far below the next as it does in the worker. */
static uint32_t give(struct column *c, const struct numbers *w, uint32_t number)
{
	uint32_t above = number + 1;

	if (above == w->top)
		return c->next++;
	while (w->whole[above] == 0)
		above++;
	return w->whole[above] - 1 >= above - number ? w->whole[above] - 1 - (above - number)
	                                             : c->next++;
}

/* The next piece of CELL, from *i on, which is then behind it: 1 when it is a number, else 0. */
static int next_piece(struct pa_slice cell, size_t *i, uint32_t *number)
{
	const size_t start = *i;
	int fits = 1;

	*number = 0;
	for (; *i < cell.len && cell.ptr[*i] >= '0' && cell.ptr[*i] <= '9'; (*i)++) {
		fits = fits && *number < NUMBER_MAX;
		*number = fits ? *number * 10 + (uint32_t)(cell.ptr[*i] - '0') : NUMBER_MAX;
	}
	if (*i > start)
		return fits && *number < NUMBER_MAX;
	(*i)++;
	return 0;
}

/* Numbers, and whatever stands between them. */
static enum pa_status put_streams(struct column *c, unsigned worker, struct pa_slice cell,
                                  struct pa_buf *out)
{
	struct numbers *w = &c->workers[worker];
	enum pa_status st = PA_OK;
	uint32_t number;

	for (size_t i = 0; st == PA_OK && i < cell.len;) {
		const size_t start = i;

		if (!next_piece(cell, &i, &number)) {
			st = pa_buf_put(out, cell.ptr + start, i - start);
			continue;
		}
		st = reserve(w, number);
		if (st != PA_OK)
			return st;
		if (w->whole[number] == 0) {
			meet(c, w, number);
			w->whole[number] = give(c, w, number) + 1;
		}
		if (c->n_last < LAST_MAX)
			c->last[c->n_last++] = w->whole[number];
		st = pa_buf_put_u64(out, w->whole[number] - 1);
	}
	return st;
}

/* The same cell of another worker: its numbers are those of the cell that was given last. */
static enum pa_status learn_streams(struct column *c, unsigned worker, struct pa_slice cell)
{
	struct numbers *w = &c->workers[worker];
	unsigned n = 0;
	uint32_t number;

	for (size_t i = 0; i < cell.len && n < c->n_last;) {
		if (!next_piece(cell, &i, &number))
			continue;
		if (reserve(w, number) != PA_OK)
			return PA_ENOMEM;
		if (w->whole[number] == 0) {
			meet(c, w, number);
			w->whole[number] = c->last[n];
		}
		n++;
	}
	return PA_OK;
}

/* Walks over the columns of a row that are to be changed. */
struct walk {
	const uint8_t *at;  /* start of a cell; NULL behind the last one */
	const uint8_t *end; /* the line feed */
	unsigned column;
};

static struct walk begin_walk(struct pa_slice line)
{
	return (struct walk){line.ptr, line.ptr + line.len - 1, 0};
}

/* The cell of COLUMN; empty when the row has none. */
static struct pa_slice walk_to(struct walk *w, unsigned column, uint8_t separator)
{
	const uint8_t *stop;

	for (; w->at && w->column < column; w->column++) {
		w->at = memchr(w->at, separator, (size_t)(w->end - w->at));
		if (w->at)
			w->at++;
	}
	if (!w->at)
		return (struct pa_slice){w->end, 0};
	stop = memchr(w->at, separator, (size_t)(w->end - w->at));
	return (struct pa_slice){w->at, (size_t)((stop ? stop : w->end) - w->at)};
}

enum pa_status pa_renumber_row(struct pa_renumber *r, unsigned worker, struct pa_slice line,
                               struct pa_buf *out, struct pa_error *err)
{
	const uint8_t *copied = line.ptr; /* all before it is in OUT */
	struct walk walk = begin_walk(line);
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < r->n_columns; i++) {
		struct column *c = &r->columns[i];
		struct pa_slice cell = walk_to(&walk, c->at, r->separator);

		c->n_last = 0;
		if (cell.len == 0)
			continue;
		st = pa_buf_put(out, copied, (size_t)(cell.ptr - copied));
		if (st == PA_OK && c->how == PA_RENUMBER_STREAM)
			st = put_streams(c, worker, cell, out);
		copied = cell.ptr + cell.len;
	}
	if (st == PA_OK)
		st = pa_buf_put(out, copied, (size_t)(walk.end + 1 - copied));
	return st == PA_OK ? PA_OK : no_memory(err);
}

enum pa_status pa_renumber_again(struct pa_renumber *r, unsigned worker, struct pa_slice line,
                                 struct pa_error *err)
{
	struct walk walk = begin_walk(line);
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < r->n_columns; i++) {
		struct column *c = &r->columns[i];

		if (c->how == PA_RENUMBER_STREAM)
			st = learn_streams(c, worker, walk_to(&walk, c->at, r->separator));
	}
	return st == PA_OK ? PA_OK : no_memory(err);
}
