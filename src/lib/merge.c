#include "pcapanalyzer/merge.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/pcapfile.h"

#define READ_BYTES (256u * 1024)
#define SHARED     0x80 /* beside the owner */
#define ROW_MAX    (2 * (size_t)PA_PACKET_MAX)

/* What a worker has printed and nobody has taken. */
struct printed {
	struct pa_buf bytes;
	size_t taken;
	size_t searched; /* no line feed stands before this, from TAKEN on */
	uint64_t last;   /* frame of the last row that was taken */
	uint64_t pushed; /* of the last row that means nothing */
	int ended;
};

struct pa_merge {
	unsigned n_workers;
	uint8_t separator;
	size_t max_bytes;
	uint64_t next; /* frame; owners[] has what was told from it on */
	uint64_t told;
	unsigned turn; /* how many have had theirs to print a row of frame NEXT */
	struct printed *printed;
	uint8_t owners[PA_MERGE_FRAMES];
};

enum pa_status pa_merge_new(unsigned n_workers, uint8_t separator, size_t max_bytes,
                            struct pa_merge **out, struct pa_error *err)
{
	struct pa_merge *m = malloc(sizeof(*m));

	assert(n_workers <= PA_WORKERS_MAX);

	if (m) {
		m->n_workers = n_workers;
		m->separator = separator;
		m->max_bytes = max_bytes;
		m->next = 1;
		m->told = 0;
		m->turn = 0;
		m->printed = calloc(n_workers, sizeof(*m->printed));
	}
	if (!m || !m->printed) {
		free(m);
		return pa_fail(err, PA_ENOMEM, 0, "no memory to merge rows");
	}
	for (unsigned i = 0; i < n_workers; i++)
		pa_buf_init(&m->printed[i].bytes, ROW_MAX + max_bytes);
	*out = m;
	return PA_OK;
}

void pa_merge_free(struct pa_merge *m)
{
	if (!m)
		return;
	for (unsigned i = 0; i < m->n_workers; i++)
		pa_buf_done(&m->printed[i].bytes);
	free(m->printed);
	free(m);
}

size_t pa_merge_room(const struct pa_merge *m)
{
	return PA_MERGE_FRAMES - (size_t)(m->told + 1 - m->next);
}

void pa_merge_tell(struct pa_merge *m, unsigned worker, int shared)
{
	m->told++;
	m->owners[m->told % PA_MERGE_FRAMES] = (uint8_t)(worker | (shared ? SHARED : 0));
}

void pa_merge_push(struct pa_merge *m, unsigned worker)
{
	m->printed[worker].pushed = m->told;
}

/* Rows that were taken make room, when what is left is less than they were. */
static void compact(struct printed *p)
{
	size_t left = p->bytes.len - p->taken;

	if (p->taken == 0 || left > p->taken)
		return;
	memmove(p->bytes.ptr, p->bytes.ptr + p->taken, left);
	p->bytes.len = left;
	p->searched -= p->taken;
	p->taken = 0;
}

enum pa_status pa_merge_space(struct pa_merge *m, unsigned worker, uint8_t **to, size_t *n,
                              struct pa_error *err)
{
	struct printed *p = &m->printed[worker];

	*n = 0;
	/* A single row without its end may take more. */
	if (p->bytes.len - p->taken >= m->max_bytes && p->searched < p->bytes.len)
		return PA_OK;
	compact(p);
	if (pa_buf_reserve(&p->bytes, READ_BYTES) != PA_OK)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for a row");
	*to = p->bytes.ptr + p->bytes.len;
	*n = p->bytes.cap - p->bytes.len;
	if (*n > READ_BYTES)
		*n = READ_BYTES;
	return PA_OK;
}

void pa_merge_filled(struct pa_merge *m, unsigned worker, size_t n)
{
	m->printed[worker].bytes.len += n;
}

void pa_merge_ended(struct pa_merge *m, unsigned worker)
{
	m->printed[worker].ended = 1;
}

/* The next line of P with its line feed; 0 when there is none yet. */
static int line_of(struct printed *p, struct pa_slice *line)
{
	const uint8_t *from = p->bytes.ptr + p->taken;
	const uint8_t *lf;

	if (p->searched == p->bytes.len)
		return 0;
	lf = memchr(p->bytes.ptr + p->searched, '\n', p->bytes.len - p->searched);
	p->searched = lf ? (size_t)(lf - p->bytes.ptr) : p->bytes.len;
	if (!lf)
		return 0;
	*line = (struct pa_slice){from, (size_t)(lf - from) + 1};
	return 1;
}

static void take(struct printed *p, struct pa_slice line, uint64_t frame)
{
	p->taken += line.len;
	p->searched = p->taken;
	p->last = frame;
}

/* The number that the line begins with; 0 when it begins with none. */
static uint64_t frame_of(struct pa_slice line, uint8_t separator)
{
	uint64_t n = 0;
	size_t i = 0;

	for (; i < line.len && line.ptr[i] >= '0' && line.ptr[i] <= '9' && i < 19; i++)
		n = n * 10 + (uint64_t)(line.ptr[i] - '0');
	return i < line.len && (line.ptr[i] == separator || line.ptr[i] == '\n') ? n : 0;
}

/* The next row of P that means something, with its frame. */
static int row_of(struct pa_merge *m, struct printed *p, struct pa_slice *line, uint64_t *frame)
{
	while (line_of(p, line)) {
		*frame = frame_of(*line, m->separator);
		if (*frame >= m->next || *frame <= p->last || *frame > p->pushed)
			return 1;
		take(p, *line, *frame);
	}
	return 0;
}

/* The row that WORKER printed of frame NEXT; PA_OK with none when it printed none. */
static enum pa_status take_row(struct pa_merge *m, unsigned worker, struct pa_slice *out,
                               struct pa_error *err)
{
	struct printed *p = &m->printed[worker];
	struct pa_slice line;
	uint64_t frame;

	out->len = 0;
	if (!row_of(m, p, &line, &frame))
		return !p->ended ? PA_END
		                 : pa_fail(err, PA_ABORTED, 0,
		                           "worker %u ended before its row of frame %" PRIu64,
		                           worker + 1, m->next);
	if (frame < m->next)
		return pa_fail(err, PA_EROW, 0,
		               "worker %u printed something else than its row of frame %" PRIu64,
		               worker + 1, m->next);
	if (frame > m->next)
		return PA_OK;
	take(p, line, frame);
	*out = line;
	return PA_OK;
}

static unsigned whose_turn(const struct pa_merge *m)
{
	const unsigned owner = m->owners[m->next % PA_MERGE_FRAMES] & ~(unsigned)SHARED;

	assert(m->n_workers > 0);
	return (owner + m->turn) % m->n_workers;
}

enum pa_status pa_merge_next(struct pa_merge *m, struct pa_merge_row *out, struct pa_error *err)
{
	for (; m->next <= m->told; m->next++, m->turn = 0) {
		const int shared = m->owners[m->next % PA_MERGE_FRAMES] & SHARED;
		const unsigned turns = shared ? m->n_workers : 1;

		while (m->turn < turns) {
			const unsigned worker = whose_turn(m);
			struct pa_slice line;
			enum pa_status st = take_row(m, worker, &line, err);

			if (st != PA_OK)
				return st;
			m->turn++;
			if (line.len == 0)
				continue;
			*out = (struct pa_merge_row){worker, m->next, m->turn > 1, line};
			return PA_OK;
		}
	}
	return PA_END;
}

int pa_merge_waits(const struct pa_merge *m, unsigned *worker)
{
	if (m->next > m->told)
		return 0;
	*worker = whose_turn(m);
	return 1;
}

int pa_merge_done(struct pa_merge *m)
{
	for (unsigned i = 0; i < m->n_workers; i++) {
		struct printed *p = &m->printed[i];
		struct pa_slice line;
		uint64_t frame;

		if (row_of(m, p, &line, &frame) || p->taken != p->bytes.len)
			return 0;
	}
	return m->next > m->told;
}
