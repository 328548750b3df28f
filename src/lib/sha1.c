#include "pcapanalyzer/sha1.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#define BLOCK 64

/* The five words of the state, with the one first that changes next to last. */
struct state {
	uint32_t a, b, c, d, e;
};

static inline uint32_t rotated(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static inline void turn(struct state *s, uint32_t f, uint32_t k, uint32_t word)
{
	uint32_t next = rotated(s->a, 5) + f + s->e + k + word;

	s->e = s->d;
	s->d = s->c;
	s->c = rotated(s->b, 30);
	s->b = s->a;
	s->a = next;
}

/* RFC 3174, section 6.1, with the four kinds of rounds one after another. */
static void add_block(struct state *sum, const uint32_t words[16])
{
	struct state s = *sum;
	uint32_t w[80];

	memcpy(w, words, BLOCK);
	for (unsigned t = 16; t < 32; t++)
		w[t] = rotated(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	/* The same put into itself: four of them do not wait for each other. */
	for (unsigned t = 32; t < 80; t++)
		w[t] = rotated(w[t - 6] ^ w[t - 16] ^ w[t - 28] ^ w[t - 32], 2);
#pragma GCC unroll 20
	for (unsigned t = 0; t < 20; t++)
		turn(&s, s.d ^ (s.b & (s.c ^ s.d)), 0x5a827999, w[t]);
#pragma GCC unroll 20
	for (unsigned t = 20; t < 40; t++)
		turn(&s, s.b ^ s.c ^ s.d, 0x6ed9eba1, w[t]);
#pragma GCC unroll 20
	for (unsigned t = 40; t < 60; t++)
		turn(&s, (s.b & s.c) | (s.d & (s.b | s.c)), 0x8f1bbcdc, w[t]);
#pragma GCC unroll 20
	for (unsigned t = 60; t < 80; t++)
		turn(&s, s.b ^ s.c ^ s.d, 0xca62c1d6, w[t]);
	sum->a += s.a;
	sum->b += s.b;
	sum->c += s.c;
	sum->d += s.d;
	sum->e += s.e;
}

void pa_sha1_short(const uint8_t *p, size_t n, uint8_t out[PA_SHA1_BYTES])
{
	struct state sum = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	uint8_t block[BLOCK] = {0};
	uint32_t words[16];
	uint32_t result[5];

	assert(n <= PA_SHA1_SHORT_MAX);
	memcpy(block, p, n);
	block[n] = 0x80;
	memcpy(words, block, sizeof(words));
	for (unsigned i = 0; i < 15; i++)
		words[i] = be32toh(words[i]);
	words[15] = (uint32_t)n * 8;
	add_block(&sum, words);
	result[0] = htobe32(sum.a);
	result[1] = htobe32(sum.b);
	result[2] = htobe32(sum.c);
	result[3] = htobe32(sum.d);
	result[4] = htobe32(sum.e);
	memcpy(out, result, PA_SHA1_BYTES);
}
