/* What short values became: a small cache from bytes to bytes.
 *
 * Captures repeat themselves: the same addresses, the same flows. A memo has a fixed number of
 * places; a value that comes to a taken one replaces what was there.
 */
#ifndef PCAPANALYZER_MEMO_H
#define PCAPANALYZER_MEMO_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/error.h"

#define PA_MEMO_KEY_MAX   48
#define PA_MEMO_VALUE_MAX 48

/* A key, with zeros behind it: two that differ in their zeros only are the same key. */
struct pa_memo_key {
	uint64_t word[PA_MEMO_KEY_MAX / 8];
};

/* Two lines of the cache: what tells whether it is the one, and the value. */
struct pa_memo_entry {
	struct pa_memo_key key;
	uint8_t len; /* of the value; 0: the place is free */
	uint8_t n_raw;
	uint8_t reserved[14];
	uint8_t value[PA_MEMO_VALUE_MAX];
	uint8_t raw[16]; /* a second form of the value */
} __attribute__((aligned(64)));

struct pa_memo {
	void *memory;                  /* heap */
	struct pa_memo_entry *entries; /* in it, 1 << bits of them */
	unsigned bits;
};

enum pa_status pa_memo_init(struct pa_memo *m, unsigned bits) __attribute__((warn_unused_result));
/* Takes one that pa_memo_init() failed on, or that is all zeros. */
void pa_memo_done(struct pa_memo *m);

/* The place of KEY. It holds KEY and its value, or another key, or nothing: pa_memo_has() tells. */
static inline struct pa_memo_entry *pa_memo_place(const struct pa_memo *m,
                                                  const struct pa_memo_key *key)
{
	uint64_t h = key->word[0] * UINT64_C(0x9e3779b97f4a7c15);

	h ^= key->word[1] * UINT64_C(0xc2b2ae3d27d4eb4f);
	h ^= key->word[2] * UINT64_C(0x165667b19e3779f9);
	h ^= key->word[3] * UINT64_C(0xd6e8feb86659fd93);
	h ^= key->word[4] * UINT64_C(0xff51afd7ed558ccd);
	h ^= key->word[5] * UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= h >> 32;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return &m->entries[h >> (64 - m->bits)];
}

static inline int pa_memo_has(const struct pa_memo_entry *e, const struct pa_memo_key *key)
{
	uint64_t differs = 0;

	for (unsigned i = 0; i < PA_MEMO_KEY_MAX / 8; i++)
		differs |= e->key.word[i] ^ key->word[i];
	return e->len > 0 && differs == 0;
}

#endif
