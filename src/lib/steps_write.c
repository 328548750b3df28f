#include "steps.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "pcapanalyzer/community_id.h"
#include "pcapanalyzer/digits.h"

#define DAY        86400
#define TEXT_BLOCK 32  /* bytes of text that are looked at in one go */
#define SPAN_USUAL 128 /* bytes that most spans have at most */

/* --- reading -------------------------------------------------------------------------------- */

static inline enum found take(const struct work *w, const struct origin *o, struct pa_slice *out)
{
	*out = text_of(w, o->cell, o->cell);
	return find(w, o);
}

/* The number of the row's transport protocol. */
static enum found find_proto(const struct work *w, uint64_t *out)
{
	struct pa_slice in;
	enum found f = take(w, proto_origin(w), &in);
	if (f != FOUND)
		return f;
	if (in.len > 3 || !pa_digits_plain(in))
		return FOUND_ODD;
	*out = pa_digits_eight(in.ptr, in.len);
	if (*out > UINT8_MAX)
		return FOUND_ODD;
	if (w->layer->address == PA_H_IPV6)
		*out = pa_layer_ipv6_proto(w->layer, *out);
	return FOUND;
}

static enum found find_port(const struct work *w, enum pa_flow_field field, uint16_t *out)
{
	struct pa_slice in;
	uint64_t v;
	enum found f = take(w, &w->s->flow[field], &in);

	if (f != FOUND)
		return f;
	if (in.len > 5 || !pa_digits_plain(in))
		return FOUND_ODD;
	v = pa_digits_eight(in.ptr, in.len);
	if (v > UINT16_MAX)
		return FOUND_ODD;
	*out = (uint16_t)v;
	return FOUND;
}

static enum found find_address(const struct work *w, enum pa_flow_field field, uint8_t out[16],
                               uint8_t *n)
{
	struct pa_slice in;
	enum found f = take(w, &w->s->flow[field], &in);

	if (f != FOUND)
		return f;
	return pa_known_ip(w->s->known, in, out, n) ? FOUND : FOUND_ODD;
}

/* The first of two that is not FOUND. */
static inline enum found both(enum found a, enum found b)
{
	return a != FOUND ? a : b;
}

static enum found find_ports(const struct work *w, struct pa_community_flow *flow)
{
	enum pa_flow_field src, dst;

	if (!pa_profile_ports(flow->proto, &src, &dst))
		return FOUND;
	flow->has_ports = 1;
	return both(find_port(w, src, &flow->src_port), find_port(w, dst, &flow->dst_port));
}

static enum found find_flow(const struct work *w, struct pa_community_flow *flow)
{
	int v6 = w->layer->address == PA_H_IPV6;
	uint64_t proto = 0;
	enum found f = find_proto(w, &proto);

	if (f != FOUND)
		return f;
	flow->proto = (uint8_t)proto;
	f = find_address(w, v6 ? PA_FLOW_IPV6_SRC : PA_FLOW_IP_SRC, flow->src, &flow->n_address);
	if (f == FOUND)
		f = find_address(w, v6 ? PA_FLOW_IPV6_DST : PA_FLOW_IP_DST, flow->dst,
		                 &flow->n_address);
	return f == FOUND ? find_ports(w, flow) : f;
}

/* --- writing -------------------------------------------------------------------------------- */

/* The functions below write at TO, where there is room, and return what is behind their text;
 * or NULL when the general way has to do it. */

static void put_two(char *to, int64_t v)
{
	to[0] = (char)('0' + v / 10);
	to[1] = (char)('0' + v % 10);
}

/* The day stays for a while. */
static void make_date(struct pa_steps *s, struct pa_time time)
{
	int64_t in_day = time.sec - s->midnight;

	if (in_day >= 0 && in_day < DAY) {
		put_two(s->date + 11, in_day / 3600);
		put_two(s->date + 14, in_day / 60 % 60);
		put_two(s->date + 17, in_day % 60);
	} else {
		pa_time_text(time, s->date);
		s->midnight = time.sec - time.sec % DAY;
	}
	s->date_of = time.sec;
}

/* IN: the cell that TIME was read from. */
static inline uint8_t *put_time(struct pa_steps *s, struct pa_time time, struct pa_slice in,
                                uint8_t *to)
{
	/* The common form: a point and nine digits at the end. */
	if (in.len < 11 || in.ptr[in.len - 10] != '.')
		return NULL;
	if (time.sec != s->date_of)
		make_date(s, time);
	memcpy(to, s->date, 20);
	memcpy(to + 20, in.ptr + in.len - 9, 6);
	return to + 26;
}

/* IN, of SEEN_MAX bytes at most, and its length. */
static inline uint64_t seen_key(struct pa_slice in)
{
	uint64_t key;

	memcpy(&key, in.ptr, sizeof(key));
	return (le64toh(key) & ((UINT64_C(1) << 8 * in.len) - 1)) | (uint64_t)in.len << 56;
}

static inline struct seen *seen_place(const struct step *step, uint64_t key)
{
	return &step->seen[key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SEEN_BITS)];
}

static __attribute__((noinline)) uint8_t *convert(const struct step *step, struct pa_slice in,
                                                  uint8_t *to)
{
	uint64_t v;
	enum pa_status st = step->column->type == PA_T_BOOL ? pa_convert_bool(in, &v)
	                                                    : pa_convert_uint(in, step->max, &v);
	uint8_t *next = st == PA_OK ? pa_digits_put(to, v) : NULL;

	if (next && in.len <= SEEN_MAX && (size_t)(next - to) <= sizeof(step->seen->text)) {
		uint64_t key = seen_key(in);
		struct seen *seen = seen_place(step, key);

		seen->key = key;
		memcpy(seen->text, to, sizeof(seen->text));
		seen->len = (uint8_t)(next - to);
	}
	return next;
}

/* Of numbers that are not written as they stand most have but a few values. */
static inline uint8_t *put_converted(const struct step *step, struct pa_slice in, uint8_t *to)
{
	const struct seen *seen;
	uint64_t key;

	if (in.len > SEEN_MAX)
		return convert(step, in, to);
	key = seen_key(in);
	seen = seen_place(step, key);
	if (seen->key != key)
		return convert(step, in, to);
	memcpy(to, seen->text, sizeof(seen->text));
	return to + seen->len;
}

static inline uint8_t *put_time_nanos(struct pa_steps *s, struct pa_time time, struct pa_slice in,
                                      uint8_t *to)
{
	to = put_time(s, time, in, to);
	if (!to)
		return NULL;
	*to = s->separator;
	return pa_digits_put(to + 1, time.nsec % 1000);
}

static inline uint8_t *put_uint(const struct step *step, struct pa_slice in, uint8_t *to)
{
	if (!pa_digits_plain(in))
		return put_converted(step, in, to);
	if (in.len >= step->n_digits && pa_digits_value(in) > step->max)
		return NULL;
	memcpy(to, in.ptr, 16);
	return to + in.len;
}

/* Neighbours, with what stands between them in the input. */
static inline uint8_t *put_numbers(const struct work *w, struct pa_slice in, uint8_t between,
                                   uint8_t *to)
{
	if (!w->row->cells->exact || in.len > 31 ||
	    !pa_digits_join(in, between, w->s->separator, to))
		return NULL;
	return to + in.len;
}

static inline uint8_t *put_number(struct pa_slice in, uint8_t *to)
{
	if (in.len > 8 || !pa_digits_eight_only(in.ptr, in.len) || (in.ptr[0] == '0' && in.len > 1))
		return NULL;
	memcpy(to, in.ptr, 8);
	return to + in.len;
}

/* The words of the fields that are there. */
static uint8_t *put_set(const struct work *w, const struct step *step, uint8_t *to)
{
	uint8_t *start;

	if (w->s->quotes)
		*to++ = '"';
	start = to;
	for (unsigned i = 0; i < step->n_origins; i++) {
		const struct origin *o = &step->origins[i];
		struct pa_slice in;
		enum found f = take(w, o, &in);

		if (f == FOUND_NOTHING)
			continue;
		/* Where no first value is, only the general way knows what that means. */
		if (f == FOUND_ODD || (!o->single && in.ptr[0] == w->s->config.aggregator))
			return NULL;
		if (to > start)
			*to++ = ',';
		memcpy(to, o->word, o->n_word);
		to += o->n_word;
	}
	if (w->s->quotes)
		*to++ = '"';
	return to;
}

/* Copy 16 bytes; a bit for each that may need more than that: control bytes, those of longer
 * characters, quotes, backslashes. */
static inline unsigned copy_sixteen(const uint8_t *p, uint8_t *to)
{
#if defined(__SSE2__)
	__m128i some = _mm_loadu_si128((const void *)p);
	__m128i odd = _mm_cmplt_epi8(some, _mm_set1_epi8(' ')); /* signed: above 127, too */

	odd = _mm_or_si128(odd, _mm_cmpeq_epi8(some, _mm_set1_epi8('"')));
	odd = _mm_or_si128(odd, _mm_cmpeq_epi8(some, _mm_set1_epi8('\\')));
	_mm_storeu_si128((void *)to, some);
	return (unsigned)_mm_movemask_epi8(odd);
#else
	unsigned odd = 0;

	for (unsigned i = 0; i < 16; i++) {
		to[i] = p[i];
		odd |= (unsigned)(p[i] < ' ' || p[i] > 0x7f || p[i] == '"' || p[i] == '\\') << i;
	}
	return odd;
#endif
}

static inline uint32_t copy_block(const uint8_t *p, uint8_t *to)
{
	return copy_sixteen(p, to) | (uint32_t)copy_sixteen(p + 16, to + 16) << 16;
}

/* ODD without the bytes of the arrows U+2192 at its start, which tshark writes between the ports of
 * most packets. */
static inline uint32_t behind_arrows(const uint8_t *p, uint32_t odd)
{
	while (odd) {
		unsigned at = (unsigned)__builtin_ctz(odd);

		if ((odd >> at & 7) != 7 || memcmp(p + at, "\xe2\x86\x92", 3) != 0)
			break;
		odd &= ~(UINT32_C(7) << at);
	}
	return odd;
}

/* The character at P that is none of the simple ones. Its length in *n, 0 when it is not to be
 * written here. */
static uint8_t *put_character(const struct work *w, const struct act *act, const uint8_t *p,
                              size_t left, size_t *n, uint8_t *to)
{
	const struct pa_steps *s = w->s;

	*n = 0;
	if (*p >= 0x80) {
		*n = pa_text_character(p, left);
		for (size_t i = 0; i < *n; i++) {
			/* What ends the first of several values is no part of a character. */
			if (p[i] == s->config.aggregator && !act->single)
				*n = 0;
			to[i] = p[i];
		}
		return to + *n;
	}
	if (*p == '\\' ? w->row->dialect != PA_DIALECT_4_0 : *p < ' ')
		return to;
	*n = 1;
	*to++ = *p;
	if (*p == '"' ? s->quotes : s->escapes)
		*to++ = *p;
	return to;
}

static inline uint8_t *put_text(const struct work *w, const struct act *act, struct pa_slice in,
                                uint8_t *to)
{
	const struct pa_steps *s = w->s;
	const uint8_t *p = in.ptr;
	size_t left = in.len;

	if (in.len > act->step->max)
		return NULL;
	*to = '"';
	to += s->quotes;
	while (left > 0) {
		size_t n = left < TEXT_BLOCK ? left : TEXT_BLOCK;
		uint32_t odd = copy_block(p, to) & (uint32_t)((UINT64_C(1) << n) - 1);

		if (odd && s->arrows)
			odd = behind_arrows(p, odd);
		if (odd) {
			n = (size_t)__builtin_ctz(odd);
			p += n;
			left -= n;
			to = put_character(w, act, p, left, &n, to + n);
			if (n == 0)
				return NULL;
		} else {
			to += n;
		}
		p += n;
		left -= n;
	}
	*to = '"';
	return to + s->quotes;
}

/* Find the row's flow. Not FOUND: it has none, or one that only the general way can tell. */
static enum found read_flow(struct work *w)
{
	enum found f;

	memset(&w->flow, 0, sizeof(w->flow)); /* a key: with what is between its members */
	f = find_flow(w, &w->flow);
	w->has_flow = f == FOUND;
	return f;
}

static inline uint8_t *put_community_id(struct work *w, uint8_t *to)
{
	uint8_t *next;

	if (w->id && w->id->n_id > 0) {
		memcpy(to, w->id->id, sizeof(w->id->id));
		return to + w->id->n_id;
	}
	if (!w->has_flow && read_flow(w) != FOUND)
		return NULL;
	next = pa_known_put_flow(w->s->known, &w->flow, to);
	if (next && w->id && next - to <= PA_SPAN_ID_MAX) {
		memcpy(w->id->id, to, (size_t)(next - to));
		w->id->n_id = (uint8_t)(next - to);
	}
	return next;
}

static uint8_t *put_proto(const struct work *w, uint8_t *to)
{
	uint64_t proto;

	return find_proto(w, &proto) == FOUND ? pa_digits_put(to, proto) : NULL;
}

static inline uint8_t *put_cut(const struct work *w, uint8_t *to)
{
	unsigned cut = *w->row->cut - w->cut_before;

	return pa_digits_put(to, cut < UINT8_MAX ? cut : UINT8_MAX);
}

/* --- rows ----------------------------------------------------------------------------------- */

/* Room at TO for N bytes; where that is then, or NULL. */
static uint8_t *make_room(struct work *w, struct pa_buf *out, size_t n, uint8_t *to)
{
	out->len = (size_t)(to - out->ptr);
	w->st = pa_buf_reserve(out, n);
	return w->st == PA_OK ? out->ptr + out->len : NULL;
}

static inline uint8_t *room_for(struct work *w, struct pa_buf *out, size_t n, uint8_t *to)
{
	return (size_t)(out->ptr + out->cap - to) >= n ? to : make_room(w, out, n, to);
}

static uint8_t *general(struct work *w, const struct step *step, struct pa_buf *out, uint8_t *to)
{
	out->len = (size_t)(to - out->ptr);
	w->st = w->s->config.general(w->s->config.ctx, step->column, out);
	return w->st == PA_OK ? out->ptr + out->len : NULL;
}

/* Numbers of which one at least is not plain. */
static uint8_t *one_by_one(struct work *w, const struct act *act, struct pa_buf *out, uint8_t *to)
{
	const struct step *step = act->step;

	for (unsigned cell = act->cell; to && cell <= act->last; cell++, step++) {
		uint8_t *next;

		to = room_for(w, out, STEPS_ROOM, to);
		if (!to)
			return NULL;
		if (cell > act->cell)
			*to++ = w->s->separator;
		next = put_uint(step, text_of(w, cell, cell), to);
		to = next ? next : general(w, step, out, to);
	}
	return to;
}

/* What the quick way does not write; then there is room for the other acts again. NULL: nothing
 * can write it. */
static __attribute__((noinline)) uint8_t *put_slowly(struct work *w, const struct act *act,
                                                     struct pa_buf *out, uint8_t *to)
{
	w->odd = 1;
	if (act->action == DO_NUMBERS)
		to = one_by_one(w, act, out, to);
	else
		to = general(w, act->step, out, to);
	if (to)
		to = room_for(w, out, w->room, to);
	if (to && act->action == DO_TIME_NANOS) {
		*to++ = w->s->separator;
		to = pa_digits_put(to, w->row->time.nsec % 1000);
	}
	return to;
}

static uint8_t *run(struct work *w, const struct act *act, struct pa_buf *out, uint8_t *to);

/* The columns of a span that is not known: the acts up to its end, and what they wrote is kept. */
static __attribute__((noinline)) uint8_t *make_span(struct work *w, const struct act *act,
                                                    struct pa_slice key, struct pa_buf *out,
                                                    uint8_t *to)
{
	size_t at = (size_t)(to - out->ptr);

	/* The Community ID comes behind all of them. */
	if (w->id && w->layer && read_flow(w) == FOUND)
		pa_known_expect_flow(w->s->known, &w->flow);
	w->odd = 0;
	to = run(w, act + 1, out, to);
	if (to && w->span && !w->odd)
		pa_span_keep(w->span, key.len, out->ptr + at, (size_t)(to - out->ptr) - at);
	return to;
}

/* The columns of a span: those that were written the last time that its cells had this text. */
static inline uint8_t *put_span(struct work *w, const struct act *act, struct pa_slice key,
                                struct pa_buf *out, uint8_t *to)
{
	uint64_t headers = (uint64_t)act->table << 32 | w->plain;
	struct pa_span *span = w->place;

	if (!span)
		return make_span(w, act, key, out, to);
	w->span = span;
	w->id = act->has_id ? span : NULL;
	if (!pa_span_is(span, headers, key.ptr, key.len)) {
		pa_span_begin(span, headers, key.ptr, key.len);
		return make_span(w, act, key, out, to);
	}
	memcpy(to, span->value, SPAN_USUAL);
	if (span->n_value > SPAN_USUAL)
		memcpy(to + SPAN_USUAL, span->value + SPAN_USUAL, sizeof(span->value) - SPAN_USUAL);
	return to + span->n_value;
}

/* Write at TO what ACT and those behind it are for, up to an end. Returns what is behind it, or
 * NULL: w->st says why. */
static uint8_t *run(struct work *w, const struct act *act, struct pa_buf *out, uint8_t *to)
{
	/* Here, since what is written may be anywhere, as far as a compiler knows. */
	const uint8_t *const base = w->base;
	const uint32_t *const cuts = w->cuts;
	struct pa_steps *const s = w->s;

	for (;; act++) {
		struct pa_slice in = cells_at(base, cuts, act->cell, act->last);
		uint8_t *next = NULL;

		memcpy(to, act->lead, sizeof(act->lead));
		to += act->lead_len;
		switch ((enum action)act->action) {
		case DO_UINT:
			next = put_uint(act->step, in, to);
			break;
		case DO_NUMBER:
			next = put_number(in, to);
			break;
		case DO_NUMBERS:
			next = put_numbers(w, in, base[cuts[act->cell + 1]], to);
			break;
		case DO_CONVERTED:
			next = put_converted(act->step, in, to);
			break;
		case DO_TEXT:
			if (in.len > STEPS_TEXT_USUAL)
				to = room_for(w, out, 2 * in.len + w->room, to);
			if (!to)
				return NULL;
			next = put_text(w, act, in, to);
			break;
		case DO_ADDRESS:
			next = pa_known_put(s->known, in, act->step->column->type, to);
			break;
		case DO_SET:
			next = put_set(w, act->step, to);
			break;
		case DO_TIME:
			next = put_time(s, w->row->time, in, to);
			break;
		case DO_TIME_NANOS:
			next = put_time_nanos(s, w->row->time, in, to);
			break;
		case DO_NANOS:
			next = pa_digits_put(to, w->row->time.nsec % 1000);
			break;
		case DO_CUT:
			next = put_cut(w, to);
			break;
		case DO_PROTO:
			next = put_proto(w, to);
			break;
		case DO_COMMUNITY_ID:
			next = put_community_id(w, to);
			break;
		case DO_SPAN:
			next = put_span(w, act, in, out, to);
			if (!next)
				return NULL;
			act += act->skip - 1;
			break;
		case DO_NOTHING:
			next = to;
			break;
		case DO_END:
			return to;
		case DO_GENERAL:
		case DO_FIXED:
			break;
		}
		if (!next)
			next = put_slowly(w, act, out, to);
		if (!next)
			return NULL;
		to = next;
	}
}

enum pa_status steps_write(struct work *w, const struct pattern *p, struct pa_buf *out)
{
	size_t before = out->len;
	uint8_t *to;

	w->room = p->room;
	w->st = PA_OK;
	to = room_for(w, out, p->room, out->ptr + before);
	if (to)
		to = run(w, p->acts, out, to);
	out->len = to ? (size_t)(to - out->ptr) : before;
	return w->st;
}
