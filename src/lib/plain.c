#include "pcapanalyzer/plain.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static int is_arrow(const uint8_t *p, size_t n)
{
	return n >= 3 && memcmp(p, "\xe2\x86\x92", 3) == 0;
}

static int is_plain(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_arrow(p + i, n - i))
			i += 2;
		else if (p[i] < ' ' || p[i] > 0x7f || p[i] == '"' || p[i] == '\\')
			return 0;
	}
	return 1;
}

static int text_scalar(const uint8_t *p, size_t n, uint8_t *to)
{
	int plain = 1;

	memcpy(to, p, n);
	for (size_t i = 0; i < n; i += PA_PLAIN_BLOCK)
		plain &= is_plain(p + i, n - i < PA_PLAIN_BLOCK ? n - i : PA_PLAIN_BLOCK);
	return plain;
}

static int numbers_scalar(const uint8_t *p, size_t n, uint8_t separator, uint8_t between,
                          uint8_t *to)
{
	size_t digits = 0; /* since the last separator */
	int n_separators = 0;
	int plain = 1;

	for (size_t i = 0; i < PA_PLAIN_BLOCK; i++)
		to[i] = p[i] == separator ? between : p[i];
	for (size_t i = 0; i < n; i++) {
		if (p[i] == separator) {
			digits = 0;
			n_separators++;
			continue;
		}
		plain &=
		    p[i] >= '0' && p[i] <= '9' && digits < 9 && !(digits == 1 && p[i - 1] == '0');
		digits++;
	}
	return plain ? n_separators : -1;
}

#if defined(__x86_64__)

static inline uint64_t first_bits(size_t n)
{
	return n < PA_PLAIN_BLOCK ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

/* The bytes of a block that are digits, zeros, separators. */
struct number_marks {
	uint64_t digit, zero, separator;
};

static inline __attribute__((always_inline)) int plain_numbers(const struct number_marks *m,
                                                               size_t n)
{
	uint64_t inside = first_bits(n);
	uint64_t digit = m->digit & inside & ~m->separator;
	uint64_t two = digit & digit >> 1;
	uint64_t four = two & two >> 2;
	uint64_t ten = four & four >> 4 & two >> 8;
	uint64_t padding = m->zero & two & ~(digit << 1); /* a first digit */

	if ((inside & ~(digit | m->separator)) != 0 || ten != 0 || padding != 0)
		return -1;
	return __builtin_popcountll(m->separator & inside);
}

/* Where in a block what stands. */
struct marks {
	uint64_t odd; /* what no plain text has, but for arrows */
	uint64_t arrow[3];
};

/* Copy a block and look at it. */
typedef void block_fn(const uint8_t *p, uint8_t *to, struct marks *out);

static inline __attribute__((always_inline)) int plain_text(block_fn *block, const uint8_t *p,
                                                            size_t n, uint8_t *to)
{
	uint64_t odd = 0;

	for (size_t i = 0; i < n; i += PA_PLAIN_BLOCK) {
		uint64_t inside = first_bits(n - i);
		struct marks m;
		uint64_t arrow;

		block(p + i, to + i, &m);
		arrow = m.arrow[0] & m.arrow[1] >> 1 & (m.arrow[2] & inside) >> 2;
		odd |= m.odd & inside & ~(arrow | arrow << 1 | arrow << 2);
	}
	return odd == 0;
}

static inline uint64_t bits_sse2(__m128i v, unsigned at)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(v) << at;
}

static inline void block_sse2(const uint8_t *p, uint8_t *to, struct marks *out)
{
	*out = (struct marks){0};
	for (unsigned i = 0; i < PA_PLAIN_BLOCK; i += 16) {
		__m128i v = _mm_loadu_si128((const void *)(p + i));
		__m128i odd = _mm_cmplt_epi8(v, _mm_set1_epi8(' ')); /* above 127, too */

		_mm_storeu_si128((void *)(to + i), v);
		odd = _mm_or_si128(odd, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
		odd = _mm_or_si128(odd, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
		out->odd |= bits_sse2(odd, i);
		out->arrow[0] |= bits_sse2(_mm_cmpeq_epi8(v, _mm_set1_epi8('\xe2')), i);
		out->arrow[1] |= bits_sse2(_mm_cmpeq_epi8(v, _mm_set1_epi8('\x86')), i);
		out->arrow[2] |= bits_sse2(_mm_cmpeq_epi8(v, _mm_set1_epi8('\x92')), i);
	}
}

__attribute__((target("avx2"))) static inline uint64_t bits_avx2(__m256i v, unsigned at)
{
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(v) << at;
}

__attribute__((target("avx2"))) static inline void block_avx2(const uint8_t *p, uint8_t *to,
                                                              struct marks *out)
{
	*out = (struct marks){0};
	for (unsigned i = 0; i < PA_PLAIN_BLOCK; i += 32) {
		__m256i v = _mm256_loadu_si256((const void *)(p + i));
		__m256i odd = _mm256_cmpgt_epi8(_mm256_set1_epi8(' '), v);

		_mm256_storeu_si256((void *)(to + i), v);
		odd = _mm256_or_si256(odd, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')));
		odd = _mm256_or_si256(odd, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
		out->odd |= bits_avx2(odd, i);
		out->arrow[0] |= bits_avx2(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\xe2')), i);
		out->arrow[1] |= bits_avx2(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\x86')), i);
		out->arrow[2] |= bits_avx2(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\x92')), i);
	}
}

__attribute__((target("avx512f,avx512bw"))) static inline void
block_avx512(const uint8_t *p, uint8_t *to, struct marks *out)
{
	__m512i v = _mm512_loadu_si512(p);

	_mm512_storeu_si512(to, v);
	out->odd = _mm512_cmplt_epi8_mask(v, _mm512_set1_epi8(' ')) |
	           _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"')) |
	           _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\'));
	out->arrow[0] = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\xe2'));
	out->arrow[1] = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\x86'));
	out->arrow[2] = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\x92'));
}

static int text_sse2(const uint8_t *p, size_t n, uint8_t *to)
{
	return plain_text(block_sse2, p, n, to);
}

__attribute__((target("avx2,bmi,bmi2"))) static int text_avx2(const uint8_t *p, size_t n,
                                                              uint8_t *to)
{
	return plain_text(block_avx2, p, n, to);
}

__attribute__((target("avx512f,avx512bw,bmi,bmi2"))) static int text_avx512(const uint8_t *p,
                                                                            size_t n, uint8_t *to)
{
	return plain_text(block_avx512, p, n, to);
}

__attribute__((target("popcnt"))) static int
numbers_sse2(const uint8_t *p, size_t n, uint8_t separator, uint8_t between, uint8_t *to)
{
	const __m128i from = _mm_set1_epi8((char)separator);
	const __m128i change = _mm_set1_epi8((char)(separator ^ between));
	struct number_marks m = {0};

	for (unsigned i = 0; i < PA_PLAIN_BLOCK; i += 16) {
		__m128i v = _mm_loadu_si128((const void *)(p + i));
		__m128i cut = _mm_cmpeq_epi8(v, from);
		__m128i value = _mm_sub_epi8(v, _mm_set1_epi8('0'));
		__m128i above = _mm_subs_epu8(value, _mm_set1_epi8(9));

		_mm_storeu_si128((void *)(to + i), _mm_xor_si128(v, _mm_and_si128(cut, change)));
		m.digit |= bits_sse2(_mm_cmpeq_epi8(above, _mm_setzero_si128()), i);
		m.zero |= bits_sse2(_mm_cmpeq_epi8(value, _mm_setzero_si128()), i);
		m.separator |= bits_sse2(cut, i);
	}
	return plain_numbers(&m, n);
}

__attribute__((target("avx2,popcnt,bmi,bmi2"))) static int
numbers_avx2(const uint8_t *p, size_t n, uint8_t separator, uint8_t between, uint8_t *to)
{
	const __m256i from = _mm256_set1_epi8((char)separator);
	const __m256i change = _mm256_set1_epi8((char)(separator ^ between));
	struct number_marks m = {0};

	for (unsigned i = 0; i < PA_PLAIN_BLOCK; i += 32) {
		__m256i v = _mm256_loadu_si256((const void *)(p + i));
		__m256i cut = _mm256_cmpeq_epi8(v, from);
		__m256i value = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));
		__m256i above = _mm256_subs_epu8(value, _mm256_set1_epi8(9));

		_mm256_storeu_si256((void *)(to + i),
		                    _mm256_xor_si256(v, _mm256_and_si256(cut, change)));
		m.digit |= bits_avx2(_mm256_cmpeq_epi8(above, _mm256_setzero_si256()), i);
		m.zero |= bits_avx2(_mm256_cmpeq_epi8(value, _mm256_setzero_si256()), i);
		m.separator |= bits_avx2(cut, i);
	}
	return plain_numbers(&m, n);
}

__attribute__((target("avx512f,avx512bw,popcnt,bmi,bmi2"))) static int
numbers_avx512(const uint8_t *p, size_t n, uint8_t separator, uint8_t between, uint8_t *to)
{
	__m512i v = _mm512_loadu_si512(p);
	__mmask64 cut = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)separator));
	__m512i value = _mm512_sub_epi8(v, _mm512_set1_epi8('0'));
	struct number_marks m;

	_mm512_storeu_si512(to, _mm512_mask_mov_epi8(v, cut, _mm512_set1_epi8((char)between)));
	m.digit = _mm512_cmplt_epu8_mask(value, _mm512_set1_epi8(10));
	m.zero = _mm512_testn_epi8_mask(value, value);
	m.separator = cut;
	return plain_numbers(&m, n);
}

static const struct pa_plain_forms forms[PA_SCAN_LEVELS] = {
    [PA_SCAN_SCALAR] = {text_scalar, numbers_scalar},
    [PA_SCAN_SSE2] = {text_sse2, numbers_sse2},
    [PA_SCAN_AVX2] = {text_avx2, numbers_avx2},
    [PA_SCAN_AVX512] = {text_avx512, numbers_avx512},
};

#else

static const struct pa_plain_forms forms[] = {{text_scalar, numbers_scalar}};

#endif

const struct pa_plain_forms *pa_plain_at(enum pa_scan_level level)
{
	return pa_scan_at(level) ? &forms[level] : NULL;
}

const struct pa_plain_forms *pa_plain_best(void)
{
	int level = PA_SCAN_LEVELS - 1;

	while (!pa_plain_at((enum pa_scan_level)level))
		level--;
	return pa_plain_at((enum pa_scan_level)level);
}
