#include "pcapanalyzer/known.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "pcapanalyzer/convert.h"
#include "pcapanalyzer/memo.h"

#define ADDRESS_BITS  11 /* of the memo's size */
#define ADDRESS4_BITS 12
#define FLOW_BITS     14
#define ADDRESS_MAX   (PA_MEMO_KEY_MAX - 2)   /* the key's last two bytes are length and type */
#define TEXT_MAX      (2 * PA_MEMO_VALUE_MAX) /* what is longer than a value is not kept */

/* An IPv4 address. Its key ends with its length, so no key is zero. */
struct address4 {
	uint64_t key[2];
	uint8_t value[16];
	uint8_t raw[4];
	uint8_t len; /* of the value */
};

struct pa_known {
	enum pa_csv_style style;
	struct address4 *addresses4; /* heap, 1 << ADDRESS4_BITS of them */
	struct pa_memo addresses;
	struct pa_memo flows;
};

enum pa_status pa_known_new(enum pa_csv_style style, struct pa_known **out)
{
	struct pa_known *k = calloc(1, sizeof(*k));
	enum pa_status st;

	if (!k)
		return PA_ENOMEM;
	k->style = style;
	k->addresses4 = calloc((size_t)1 << ADDRESS4_BITS, sizeof(*k->addresses4));
	st = k->addresses4 ? PA_OK : PA_ENOMEM;
	if (st == PA_OK)
		st = pa_memo_init(&k->addresses, ADDRESS_BITS);
	if (st == PA_OK)
		st = pa_memo_init(&k->flows, FLOW_BITS);
	if (st == PA_OK)
		*out = k;
	else
		pa_known_free(k);
	return st;
}

void pa_known_free(struct pa_known *k)
{
	if (!k)
		return;
	free(k->addresses4);
	pa_memo_done(&k->addresses);
	pa_memo_done(&k->flows);
	free(k);
}

int pa_known_type(enum pa_type type)
{
	return type == PA_T_IP || type == PA_T_MAC || type == PA_T_EUI64 || type == PA_T_GUID;
}

/* The first N bytes at P, at most 16 of them, and zeros. */
static inline void load(const uint8_t *p, int n, uint64_t to[2])
{
#if defined(__SSE2__)
	const __m128i place = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	__m128i inside = _mm_cmpgt_epi8(_mm_set1_epi8((char)n), place);

	_mm_storeu_si128((void *)to, _mm_and_si128(_mm_loadu_si128((const void *)p), inside));
#else
	to[0] = 0;
	to[1] = 0;
	if (n > 0)
		memcpy(to, p, n < 16 ? (size_t)n : 16);
#endif
}

/* IN (at most ADDRESS_MAX bytes) with its length and TYPE as a key. */
static inline struct pa_memo_key key_of(struct pa_slice in, enum pa_type type)
{
	struct pa_memo_key key;

	for (int i = 0; i < PA_MEMO_KEY_MAX / 16; i++)
		load(in.ptr + 16 * i, (int)in.len - 16 * i, key.word + 2 * i);
	key.word[PA_MEMO_KEY_MAX / 8 - 1] ^= htole64((uint64_t)in.len << 48 | (uint64_t)type << 56);
	return key;
}

/* The same of at most 15 bytes, and of one type. */
static inline void short_key(struct pa_slice in, uint64_t key[2])
{
	load(in.ptr, (int)in.len, key);
	key[1] ^= htole64((uint64_t)in.len << 56);
}

/* Keep in E what V is written as. */
static const struct pa_memo_entry *keep(struct pa_memo_entry *e, const struct pa_memo_key *key,
                                        enum pa_csv_style style, const struct pa_value *v)
{
	uint8_t text[TEXT_MAX];
	struct pa_buf out = {.ptr = text, .cap = sizeof(text), .limit = sizeof(text)};

	e->len = 0;
	if (pa_csv_value(&out, style, v) != PA_OK || out.len > sizeof(e->value))
		return NULL;
	e->key = *key;
	memcpy(e->value, out.ptr, out.len);
	e->len = (uint8_t)out.len;
	return e;
}

static const struct pa_memo_entry *address(struct pa_known *k, struct pa_slice in,
                                           enum pa_type type)
{
	struct pa_memo_key key;
	struct pa_memo_entry *e;
	struct pa_value v = {0};

	if (in.len > ADDRESS_MAX)
		return NULL;
	key = key_of(in, type);
	e = pa_memo_place(&k->addresses, &key);
	if (pa_memo_has(e, &key))
		return e;
	if (pa_convert_address(in, type, &v) != PA_OK)
		return NULL;
	memcpy(e->raw, v.raw, sizeof(e->raw));
	e->n_raw = v.n_raw;
	return keep(e, &key, k->style, &v);
}

/* Of IPv4, if of anything: the first dot stands behind one to three digits. */
static inline int may_be_ip4(struct pa_slice in)
{
	return in.len < 16 && (in.ptr[1] == '.' || in.ptr[2] == '.' || in.ptr[3] == '.');
}

/* The same for the most frequent kind, whose text is at most 15 bytes. */
static const struct address4 *address4(struct pa_known *k, struct pa_slice in)
{
	struct address4 *e;
	uint64_t key[2];
	uint64_t hash;
	struct pa_value v;
	struct pa_buf out;

	short_key(in, key);
	hash = (key[0] ^ key[1] * UINT64_C(0xc2b2ae3d27d4eb4f)) * UINT64_C(0x9e3779b97f4a7c15);
	e = &k->addresses4[(hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15) >>
	                   (64 - ADDRESS4_BITS)];
	if (((e->key[0] ^ key[0]) | (e->key[1] ^ key[1])) == 0)
		return e;
	v.kind = PA_V_IP;
	if (pa_convert_ip(in, v.raw, &v.n_raw) != PA_OK || v.n_raw != 4)
		return NULL;
	memcpy(e->raw, v.raw, sizeof(e->raw));
	if (k->style != PA_CSV_BATCH) {
		/* There is but one way to write it. */
		memcpy(e->value, in.ptr, sizeof(e->value));
		e->len = (uint8_t)in.len;
	} else {
		out = (struct pa_buf){.ptr = e->value, .cap = 16, .limit = 16};
		e->key[0] = 0;
		e->key[1] = 0;
		if (pa_csv_value(&out, k->style, &v) != PA_OK)
			return NULL;
		e->len = (uint8_t)out.len;
	}
	memcpy(e->key, key, sizeof(key));
	return e;
}

#if defined(__SSE2__)
/* 1 when each byte is one of 0-9 and a-f. */
static inline __m128i small_hex(__m128i v)
{
	const __m128i none = _mm_setzero_si128();
	__m128i digit = _mm_subs_epu8(_mm_sub_epi8(v, _mm_set1_epi8('0')), _mm_set1_epi8(9));
	__m128i letter = _mm_subs_epu8(_mm_sub_epi8(v, _mm_set1_epi8('a')), _mm_set1_epi8(5));

	return _mm_or_si128(_mm_cmpeq_epi8(digit, none), _mm_cmpeq_epi8(letter, none));
}

/* 1 when IN is a MAC address just as it is written. */
static inline int is_plain_mac(struct pa_slice in)
{
	__m128i v = _mm_loadu_si128((const void *)in.ptr);
	unsigned hex = (unsigned)_mm_movemask_epi8(small_hex(v));
	unsigned colons = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(':')));
	uint8_t last = in.ptr[16];

	return in.len == 17 && hex == 0xb6db && colons == 0x4924 &&
	       ((last >= '0' && last <= '9') || (last >= 'a' && last <= 'f'));
}
#else
static inline int is_plain_mac(struct pa_slice in)
{
	(void)in;
	return 0;
}
#endif

uint8_t *pa_known_put(struct pa_known *k, struct pa_slice in, enum pa_type type, uint8_t *to)
{
	const struct pa_memo_entry *e;

	if (type == PA_T_IP && may_be_ip4(in)) {
		const struct address4 *e4 = address4(k, in);

		if (e4) {
			memcpy(to, e4->value, sizeof(e4->value));
			return to + e4->len;
		}
	} else if (type == PA_T_MAC && k->style != PA_CSV_BATCH && is_plain_mac(in)) {
		memcpy(to, in.ptr, 17);
		return to + 17;
	}
	e = address(k, in, type);
	if (!e)
		return NULL;
	memcpy(to, e->value, sizeof(e->value));
	return to + e->len;
}

int pa_known_ip(struct pa_known *k, struct pa_slice in, uint8_t out[16], uint8_t *n)
{
	const struct pa_memo_entry *e;

	if (may_be_ip4(in)) {
		const struct address4 *e4 = address4(k, in);

		if (e4) {
			memcpy(out, e4->raw, sizeof(e4->raw));
			*n = 4;
			return 1;
		}
	}
	e = address(k, in, PA_T_IP);
	if (!e)
		return 0;
	memcpy(out, e->raw, sizeof(e->raw));
	*n = e->n_raw;
	return 1;
}

/* Base64 and a colon have nothing to escape. */
static void keep_id(struct pa_memo_entry *e, const struct pa_memo_key *key, enum pa_csv_style style,
                    const struct pa_community_flow *flow)
{
	int quotes = style == PA_CSV_MYSQL || style == PA_CSV_RFC4180;
	char id[PA_COMMUNITY_ID_TEXT];
	uint8_t *to = e->value;

	_Static_assert(sizeof(id) + 2 <= sizeof(e->value), "an id in quotes is a value");
	pa_community_id(flow, id);
	if (quotes)
		*to++ = '"';
	memcpy(to, id, sizeof(id));
	to += sizeof(id) - 1;
	if (quotes)
		*to++ = '"';
	e->key = *key;
	e->len = (uint8_t)(to - e->value);
}

/* The place of FLOW, which is put in order, and its key. */
static struct pa_memo_entry *flow_place(const struct pa_known *k, struct pa_community_flow *flow,
                                        struct pa_memo_key *key)
{
	_Static_assert(sizeof(*flow) <= sizeof(*key), "a flow is a key");
	pa_community_order(flow);
	memcpy(key, flow, sizeof(*flow));
	return pa_memo_place(&k->flows, key);
}

void pa_known_expect_flow(const struct pa_known *k, const struct pa_community_flow *flow)
{
	struct pa_memo_key key = {{0}};
	struct pa_community_flow both = *flow;
	const struct pa_memo_entry *e = flow_place(k, &both, &key);

	__builtin_prefetch(&e->key);
	__builtin_prefetch(e->value);
}

uint8_t *pa_known_put_flow(struct pa_known *k, const struct pa_community_flow *flow, uint8_t *to)
{
	struct pa_memo_key key = {{0}};
	struct pa_community_flow both = *flow;
	struct pa_memo_entry *e = flow_place(k, &both, &key);

	if (!pa_memo_has(e, &key))
		keep_id(e, &key, k->style, &both);
	memcpy(to, e->value, sizeof(e->value));
	return to + e->len;
}
