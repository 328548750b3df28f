/* The canary: a built-in capture that the installed tshark reads before it is trusted.
 *
 * Eight packets hold what can go wrong between a tshark and us: quotes, separators, backslashes,
 * every control byte, a NUL, bad UTF-8, characters of four bytes, repeated fields with every
 * candidate for an aggregator in them, a tunnel, IPv6, times, booleans. The answer is compared
 * cell by cell with what each known tshark prints, so a tshark that escapes, repeats or writes
 * values in another way is found before any capture is touched.
 * The capture is made by tests/data/make-canary.
 */
#ifndef PCAPANALYZER_CANARY_H
#define PCAPANALYZER_CANARY_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/text.h"

/* An answer is below 4 KiB; more than this is none. */
#define PA_CANARY_ANSWER_MAX ((size_t)64 * 1024)

/* The capture, a pcapng file. */
struct pa_slice pa_canary_capture(void) __attribute__((const));

/* Append tshark's arguments for it, words without white space, and a line feed. The capture
 * itself (-r) is not among them.
 * aggregator: the byte between several values of one cell */
enum pa_status pa_canary_args(uint8_t aggregator, struct pa_buf *out)
    __attribute__((warn_unused_result));

/* Which dialect the tshark speaks that gave ANSWER when it was run with TZ=UTC and the
 * arguments for this AGGREGATOR.
 * out: PA_DIALECT_4_0 or PA_DIALECT_4_4; every cell of the answer is then as tshark 4.0, or
 *      4.4 and 4.6, print it. Where they print a value in two ways (times of type ABSOLUTE_TIME,
 *      comments of several lines), either is right.
 * PA_EFORMAT with a line that says what is unexpected, and where. */
enum pa_status pa_canary_learn(struct pa_slice answer, uint8_t aggregator, enum pa_dialect *out,
                               struct pa_error *err) __attribute__((warn_unused_result));

#endif
