#include "pcapanalyzer/scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static void scan_scalar(const uint8_t *p, size_t n, uint32_t at, uint8_t separator,
                        struct pa_scan *out)
{
	out->n_cuts = 0;
	out->n_ends = 0;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n')
			out->ends[out->n_ends++] = (uint16_t)out->n_cuts;
		if (p[i] == '\n' || p[i] == separator)
			out->cuts[out->n_cuts++] = at + (uint32_t)i;
	}
}

static void filled_scalar(const uint32_t *cuts, size_t n, uint64_t *out)
{
	for (size_t word = 0; word * 64 < n; word++)
		out[word] = 0;
	for (size_t i = 0; i < n; i++)
		out[i / 64] |= (uint64_t)(cuts[i + 1] - cuts[i] > 1) << i % 64;
}

static const struct pa_scan_forms scalar = {scan_scalar, filled_scalar};

#if defined(__x86_64__)

typedef unsigned wide_fn(const uint32_t *cuts);
typedef void store_fn(uint64_t bits, unsigned n, uint32_t at, uint32_t *to);
typedef void mask_fn(const uint8_t *p, uint8_t separator, uint64_t *hits, uint64_t *ends);

/* The numbers of the N set bits, eight at a time: how many there are cannot be foretold, and
 * stores that are not wanted cost less than a branch that was guessed wrong. */
static inline __attribute__((always_inline)) void store_bits(uint64_t bits, unsigned n, uint32_t at,
                                                             uint32_t *to)
{
	for (unsigned done = 0; done < n; done += 8) {
#pragma GCC unroll 8
		for (unsigned i = 0; i < 8; i++) {
			*to++ = at + (uint32_t)__builtin_ctzll(bits | UINT64_C(1) << 63);
			bits &= bits - 1;
		}
	}
}

/* A fast form is what gives the bit masks of 64 bytes, of separators and of line feeds, and this
 * around it, compiled for the same processor. */
static inline __attribute__((always_inline)) void scan_blocks(mask_fn *masks, store_fn *store,
                                                              const uint8_t *p, size_t n,
                                                              uint32_t at, uint8_t separator,
                                                              struct pa_scan *out)
{
	size_t n_cuts = 0;
	size_t n_ends = 0;

	for (size_t i = 0; i < n; i += PA_SCAN_BLOCK) {
		uint64_t hits;
		uint64_t ends;
		unsigned found;

		masks(p + i, separator, &hits, &ends);
		if (n - i < PA_SCAN_BLOCK) {
			uint64_t inside = (UINT64_C(1) << (n - i)) - 1;

			hits &= inside;
			ends &= inside;
		}
		hits |= ends;
		for (; ends; ends &= ends - 1)
			out->ends[n_ends++] = (uint16_t)(n_cuts + (size_t)__builtin_popcountll(
			                                              hits & ((ends & -ends) - 1)));
		found = (unsigned)__builtin_popcountll(hits);
		store(hits, found, at + (uint32_t)i, out->cuts + n_cuts);
		n_cuts += found;
	}
	out->n_cuts = n_cuts;
	out->n_ends = n_ends;
}

/* The same for cells: WIDE gives the bits of WIDTH cells, a divisor of 64. */
static inline __attribute__((always_inline)) void
filled_blocks(wide_fn *wide, unsigned width, const uint32_t *cuts, size_t n, uint64_t *out)
{
	for (size_t i = 0; i < n; i += 64) {
		uint64_t bits = 0;

		for (unsigned k = 0; k < 64 && k < n - i; k += width)
			bits |= (uint64_t)wide(cuts + i + k) << k;
		*out++ = n - i < 64 ? bits & ((UINT64_C(1) << (n - i)) - 1) : bits;
	}
}

static inline uint64_t equal_sse2(const uint8_t *p, __m128i what)
{
	uint64_t hits = 0;

	for (unsigned i = 0; i < 4; i++) {
		__m128i block = _mm_loadu_si128((const void *)(p + (size_t)16 * i));

		hits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block, what))
		        << 16 * i;
	}
	return hits;
}

/* Cuts ascend, so equal is all that not more than one can be: signs do not matter. */
static inline unsigned wide_sse2(const uint32_t *cuts)
{
	__m128i from = _mm_add_epi32(_mm_loadu_si128((const void *)cuts), _mm_set1_epi32(1));
	__m128i empty = _mm_cmpeq_epi32(from, _mm_loadu_si128((const void *)(cuts + 1)));

	return ~(unsigned)_mm_movemask_ps(_mm_castsi128_ps(empty)) & 0xf;
}

__attribute__((target("avx2"))) static inline unsigned wide_avx2(const uint32_t *cuts)
{
	__m256i from =
	    _mm256_add_epi32(_mm256_loadu_si256((const void *)cuts), _mm256_set1_epi32(1));
	__m256i empty = _mm256_cmpeq_epi32(from, _mm256_loadu_si256((const void *)(cuts + 1)));

	return ~(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(empty)) & 0xff;
}

__attribute__((target("avx512f,avx512bw,avx512vl"))) static inline unsigned
wide_avx512(const uint32_t *cuts)
{
	__m256i from =
	    _mm256_add_epi32(_mm256_loadu_si256((const void *)cuts), _mm256_set1_epi32(1));

	return _mm256_cmpneq_epi32_mask(from, _mm256_loadu_si256((const void *)(cuts + 1)));
}

static inline void masks_sse2(const uint8_t *p, uint8_t separator, uint64_t *hits, uint64_t *ends)
{
	*hits = equal_sse2(p, _mm_set1_epi8((char)separator));
	*ends = equal_sse2(p, _mm_set1_epi8('\n'));
}

__attribute__((target("avx2"))) static inline void masks_avx2(const uint8_t *p, uint8_t separator,
                                                              uint64_t *hits, uint64_t *ends)
{
	const __m256i cut = _mm256_set1_epi8((char)separator);
	const __m256i end = _mm256_set1_epi8('\n');
	__m256i low = _mm256_loadu_si256((const void *)p);
	__m256i high = _mm256_loadu_si256((const void *)(p + 32));

	*hits = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, cut)) |
	        (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, cut)) << 32;
	*ends = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, end)) |
	        (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, end)) << 32;
}

__attribute__((target("avx512f,avx512bw,avx512vl"))) static inline void
masks_avx512(const uint8_t *p, uint8_t separator, uint64_t *hits, uint64_t *ends)
{
	const __m256i cut = _mm256_set1_epi8((char)separator);
	const __m256i end = _mm256_set1_epi8('\n');
	__m256i low = _mm256_loadu_si256((const void *)p);
	__m256i high = _mm256_loadu_si256((const void *)(p + 32));

	*hits = _mm256_cmpeq_epi8_mask(low, cut) | (uint64_t)_mm256_cmpeq_epi8_mask(high, cut)
	                                               << 32;
	*ends = _mm256_cmpeq_epi8_mask(low, end) | (uint64_t)_mm256_cmpeq_epi8_mask(high, end)
	                                               << 32;
}

/* The numbers of the set bits of each byte, the first one lowest. */
#define BIT(byte, n)         ((uint64_t)((byte) >> (n)&1))
#define ADD(byte, n, others) ((others) * (1 + 255 * BIT(byte, n)) + (n)*BIT(byte, n))
#define PLACES(byte)                                                                               \
	ADD(byte, 0,                                                                               \
	    ADD(byte, 1,                                                                           \
	        ADD(byte, 2,                                                                       \
	            ADD(byte, 3, ADD(byte, 4, ADD(byte, 5, ADD(byte, 6, ADD(byte, 7, 0))))))))
#define FOUR(byte)    PLACES(byte), PLACES((byte) + 1), PLACES((byte) + 2), PLACES((byte) + 3)
#define SIXTEEN(byte) FOUR(byte), FOUR((byte) + 4), FOUR((byte) + 8), FOUR((byte) + 12)
#define SIXTY_FOUR(byte)                                                                           \
	SIXTEEN(byte), SIXTEEN((byte) + 16), SIXTEEN((byte) + 32), SIXTEEN((byte) + 48)

static const uint64_t places[256] = {SIXTY_FOUR(0), SIXTY_FOUR(64), SIXTY_FOUR(128),
                                     SIXTY_FOUR(192)};

/* Eight numbers at a time, however many of them are wanted. */
__attribute__((target("avx2,popcnt"))) static inline void store_avx2(uint64_t bits, unsigned n,
                                                                     uint32_t at, uint32_t *to)
{
	const __m256i eight = _mm256_set1_epi32(8);
	__m256i first = _mm256_set1_epi32((int)at);

	(void)n;
#pragma GCC unroll 8
	for (unsigned i = 0; i < 8; i++) {
		unsigned byte = bits >> 8 * i & 255;
		__m128i some = _mm_loadl_epi64((const void *)&places[byte]);

		_mm256_storeu_si256((void *)to,
		                    _mm256_add_epi32(first, _mm256_cvtepu8_epi32(some)));
		to += __builtin_popcount(byte);
		first = _mm256_add_epi32(first, eight);
	}
}

__attribute__((target("popcnt"))) static void scan_sse2(const uint8_t *p, size_t n, uint32_t at,
                                                        uint8_t separator, struct pa_scan *out)
{
	scan_blocks(masks_sse2, store_bits, p, n, at, separator, out);
}

__attribute__((target("avx2,popcnt,bmi,bmi2"))) static void
scan_avx2(const uint8_t *p, size_t n, uint32_t at, uint8_t separator, struct pa_scan *out)
{
	scan_blocks(masks_avx2, store_avx2, p, n, at, separator, out);
}

__attribute__((target("avx512f,avx512bw,avx512vl,popcnt,bmi,bmi2"))) static void
scan_avx512(const uint8_t *p, size_t n, uint32_t at, uint8_t separator, struct pa_scan *out)
{
	scan_blocks(masks_avx512, store_avx2, p, n, at, separator, out);
}

__attribute__((target("popcnt"))) static void filled_sse2(const uint32_t *cuts, size_t n,
                                                          uint64_t *out)
{
	filled_blocks(wide_sse2, 4, cuts, n, out);
}

__attribute__((target("avx2,popcnt,bmi,bmi2"))) static void filled_avx2(const uint32_t *cuts,
                                                                        size_t n, uint64_t *out)
{
	filled_blocks(wide_avx2, 8, cuts, n, out);
}

__attribute__((target("avx512f,avx512bw,avx512vl,popcnt,bmi,bmi2"))) static void
filled_avx512(const uint32_t *cuts, size_t n, uint64_t *out)
{
	filled_blocks(wide_avx512, 8, cuts, n, out);
}

static const struct pa_scan_forms sse2 = {scan_sse2, filled_sse2};
static const struct pa_scan_forms avx2 = {scan_avx2, filled_avx2};
static const struct pa_scan_forms avx512 = {scan_avx512, filled_avx512};

static const struct pa_scan_forms *fast(enum pa_scan_level level)
{
	__builtin_cpu_init();
	switch (level) {
	case PA_SCAN_SSE2:
		return __builtin_cpu_supports("popcnt") ? &sse2 : NULL;
	case PA_SCAN_AVX2:
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") ? &avx2
		                                                                        : NULL;
	case PA_SCAN_AVX512:
		return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
		               __builtin_cpu_supports("bmi2")
		           ? &avx512
		           : NULL;
	default:
		return NULL;
	}
}

#else

static const struct pa_scan_forms *fast(enum pa_scan_level level)
{
	(void)level;
	return NULL;
}

#endif

const struct pa_scan_forms *pa_scan_at(enum pa_scan_level level)
{
	return level == PA_SCAN_SCALAR ? &scalar : fast(level);
}

const struct pa_scan_forms *pa_scan_best(void)
{
	int level = PA_SCAN_LEVELS - 1;

	while (level > PA_SCAN_SCALAR && !pa_scan_at((enum pa_scan_level)level))
		level--;
	return pa_scan_at((enum pa_scan_level)level);
}
