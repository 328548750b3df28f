/* Where the separators and the line feeds are: the first look at every byte of the input.
 *
 * The scalar form is the definition; the others give the same for every input and are chosen by
 * what the processor has.
 * Source: Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019: a bit mask of a
 * block, and its set bits as numbers.
 */
#ifndef PCAPANALYZER_SCAN_H
#define PCAPANALYZER_SCAN_H

#include <stddef.h>
#include <stdint.h>

#define PA_SCAN_BLOCK 64   /* bytes that may be read behind the last one */
#define PA_SCAN_BYTES 4096 /* at most in one call */

struct pa_scan {
	/* Places of separators and line feeds, ascending. The room behind the last one is for
	 * the blind stores of the fast forms. */
	uint32_t *cuts;
	size_t n_cuts;
	/* Which of the cuts are line feeds: indices into cuts, ascending. */
	uint16_t ends[PA_SCAN_BYTES];
	size_t n_ends;
};

/* What cuts must have room for. */
#define PA_SCAN_CUTS (PA_SCAN_BYTES + PA_SCAN_BLOCK)

/* Find every SEPARATOR (which is no line feed) and line feed in the N bytes at P, at most
 * PA_SCAN_BYTES; the first byte's place is AT. PA_SCAN_BLOCK more bytes must be readable. */
typedef void pa_scan_fn(const uint8_t *p, size_t n, uint32_t at, uint8_t separator,
                        struct pa_scan *out);

/* Which of N cells hold something: bit i % 64 of OUT[i / 64] is set when there is a byte between
 * cuts[i] and cuts[i + 1]. Bits behind the last cell are 0. PA_SCAN_BLOCK more cuts must be
 * readable. */
typedef void pa_filled_fn(const uint32_t *cuts, size_t n, uint64_t *out);

enum pa_scan_level { PA_SCAN_SCALAR, PA_SCAN_SSE2, PA_SCAN_AVX2, PA_SCAN_AVX512, PA_SCAN_LEVELS };

struct pa_scan_forms {
	pa_scan_fn *scan;
	pa_filled_fn *filled;
};

/* The forms of LEVEL, or NULL when they were not built or this processor cannot run them. */
const struct pa_scan_forms *pa_scan_at(enum pa_scan_level level);
/* The fastest that this processor can run. */
const struct pa_scan_forms *pa_scan_best(void);

#endif
