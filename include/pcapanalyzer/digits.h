/* Decimal numbers that stand in cells, read and written many digits at a time.
 *
 * The readers know plain numbers only, and take other text for none; the converters of convert.h
 * have the last word on it. 16 bytes are read from the start of a cell, whatever its length.
 * Source: Lemire, "Quickly parsing eight digits", 2018.
 */
#ifndef PCAPANALYZER_DIGITS_H
#define PCAPANALYZER_DIGITS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "pcapanalyzer/buf.h"

/* 1 when all of the first N (1 to 16) bytes at P are digits. */
static inline int pa_digits_only(const uint8_t *p, size_t n)
{
#if defined(__SSE2__)
	__m128i v = _mm_sub_epi8(_mm_loadu_si128((const void *)p), _mm_set1_epi8('0'));
	__m128i ok = _mm_cmpeq_epi8(_mm_subs_epu8(v, _mm_set1_epi8(9)), _mm_setzero_si128());

	return (~(unsigned)_mm_movemask_epi8(ok) & ((1u << n) - 1)) == 0;
#else
	for (size_t i = 0; i < n; i++)
		if (p[i] < '0' || p[i] > '9')
			return 0;
	return 1;
#endif
}

/* The same of 1 to 8 bytes, without vectors. */
static inline int pa_digits_eight_only(const uint8_t *p, size_t n)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	/* What comes first stands lowest; the others are shifted out. */
	v = (le64toh(v) ^ UINT64_C(0x3030303030303030)) << (64 - 8 * n);
	return ((v | (v + UINT64_C(0x0606060606060606))) & UINT64_C(0xf0f0f0f0f0f0f0f0)) == 0;
}

/* What pa_digits_join() looks at, 16 bytes at a time. */
struct pa_digits_marks {
	uint32_t digit, zero, cut;
};

static inline void pa_digits_mark(const uint8_t *p, unsigned at, uint8_t separator, uint8_t between,
                                  uint8_t *to, struct pa_digits_marks *m)
{
#if defined(__SSE2__)
	const __m128i none = _mm_setzero_si128();
	__m128i v = _mm_loadu_si128((const void *)(p + at));
	__m128i same = _mm_cmpeq_epi8(v, _mm_set1_epi8((char)separator));
	__m128i value = _mm_sub_epi8(v, _mm_set1_epi8('0'));
	__m128i above = _mm_subs_epu8(value, _mm_set1_epi8(9));
	__m128i change = _mm_and_si128(same, _mm_set1_epi8((char)(separator ^ between)));

	_mm_storeu_si128((void *)(to + at), _mm_xor_si128(v, change));
	m->digit |= (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(above, none)) << at;
	m->zero |= (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(value, none)) << at;
	m->cut |= (uint32_t)_mm_movemask_epi8(same) << at;
#else
	for (unsigned i = at; i < at + 16; i++) {
		to[i] = p[i] == separator ? between : p[i];
		m->digit |= (uint32_t)(p[i] >= '0' && p[i] <= '9') << i;
		m->zero |= (uint32_t)(p[i] == '0') << i;
		m->cut |= (uint32_t)(p[i] == separator) << i;
	}
#endif
}

/* Copy IN, of 1 to 31 bytes, to TO, with BETWEEN wherever SEPARATOR stands. 1 when there are but
 * numbers of one to nine digits, without zeros before them, between separators. 32 bytes may be
 * read and written. */
static inline int pa_digits_join(struct pa_slice in, uint8_t separator, uint8_t between,
                                 uint8_t *to)
{
	struct pa_digits_marks m = {0};
	uint32_t inside = (UINT32_C(1) << in.len) - 1;
	uint32_t two, four;

	pa_digits_mark(in.ptr, 0, separator, between, to, &m);
	if (in.len > 16)
		pa_digits_mark(in.ptr, 16, separator, between, to, &m);
	m.digit &= inside & ~m.cut;
	two = m.digit & m.digit >> 1;
	four = two & two >> 2;
	/* What is no digit, ten of them in a row, a zero that another follows at the start. */
	return ((inside & ~(m.digit | m.cut)) | (four & four >> 4 & two >> 8) |
	        (m.zero & two & ~(m.digit << 1))) == 0;
}

/* The number that the first N (1 to 8) bytes at P are, which must be digits. */
static inline uint64_t pa_digits_eight(const uint8_t *p, size_t n)
{
	const uint64_t pairs = UINT64_C(0x000000ff000000ff);
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	/* What comes first is the highest digit, and stands lowest. */
	v = (le64toh(v) & UINT64_C(0x0f0f0f0f0f0f0f0f)) << (64 - 8 * n);
	v = v * 10 + (v >> 8);
	return ((v & pairs) * (100 + (UINT64_C(1000000) << 32)) +
	        (v >> 16 & pairs) * (1 + (UINT64_C(10000) << 32))) >>
	       32;
}

/* 1 when IN is a number of 1 to 16 digits without zeros before it. */
static inline int pa_digits_plain(struct pa_slice in)
{
	return in.len - 1 < 16 && (in.ptr[0] != '0' || in.len == 1) &&
	       pa_digits_only(in.ptr, in.len);
}

/* The value of what pa_digits_plain() found good. */
static inline uint64_t pa_digits_value(struct pa_slice in)
{
	if (in.len <= 8)
		return pa_digits_eight(in.ptr, in.len);
	return pa_digits_eight(in.ptr, in.len - 8) * 100000000 +
	       pa_digits_eight(in.ptr + in.len - 8, 8);
}

/* Write V; returns what is behind it. TO has room for 20 bytes. */
static inline uint8_t *pa_digits_put(uint8_t *to, uint64_t v)
{
	uint8_t digits[40];
	size_t at = 20;

	if (v < 10) {
		*to = (uint8_t)('0' + v);
		return to + 1;
	}
	do {
		digits[--at] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v);
	/* Of one length, so that it is no call; what is behind the digits does not matter. */
	memcpy(to, digits + at, 20);
	return to + 20 - at;
}

#endif
