/* Addresses and flows that were seen before, with what they become in the output.
 *
 * A capture has few of them beside its packets. What is known is exactly what the converters and
 * the CSV writer made of it the first time.
 */
#ifndef PCAPANALYZER_KNOWN_H
#define PCAPANALYZER_KNOWN_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/community_id.h"
#include "pcapanalyzer/csv.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/type.h"

struct pa_known;

/* For output in STYLE. */
enum pa_status pa_known_new(enum pa_csv_style style, struct pa_known **out)
    __attribute__((warn_unused_result));
void pa_known_free(struct pa_known *k);

/* 1 when values of TYPE can be asked for: addresses of a fixed form. */
int pa_known_type(enum pa_type type) __attribute__((const));

/* Write the address IN at TO, which has room for 64 bytes, and return what is behind it; NULL when
 * it is none. IN has PA_CSV_SLACK readable bytes behind it. */
uint8_t *pa_known_put(struct pa_known *k, struct pa_slice in, enum pa_type type, uint8_t *to);

/* The bytes of the IP address IN, 4 or 16 of them. 0: it is none; OUT is then untouched. */
int pa_known_ip(struct pa_known *k, struct pa_slice in, uint8_t out[16], uint8_t *n);

/* Write the Community ID of FLOW, whose padding must be zero, at TO, which has room for 64 bytes,
 * and return what is behind it. */
uint8_t *pa_known_put_flow(struct pa_known *k, const struct pa_community_flow *flow, uint8_t *to);

/* Have what pa_known_put_flow() takes for FLOW brought near: it comes from far, as a rule. */
void pa_known_expect_flow(const struct pa_known *k, const struct pa_community_flow *flow);

#endif
