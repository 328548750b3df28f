/* A table's columns as a list of steps: the conversion plan of a profile, made once.
 *
 * A step knows where its cells are and how to write, in one go, the values that nearly all
 * packets have: a number in its plain form, an address that was seen before, text without
 * anything to escape. What it does not know how to write goes to the general conversion, whose
 * output is the definition: a step writes the same bytes or none.
 */
#ifndef PCAPANALYZER_STEPS_H
#define PCAPANALYZER_STEPS_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/convert.h"
#include "pcapanalyzer/csv.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/layers.h"
#include "pcapanalyzer/profile.h"
#include "pcapanalyzer/rows.h"
#include "pcapanalyzer/text.h"

/* Append the value of column C to OUT the general way. Not PA_OK: the row cannot be written. */
typedef enum pa_status pa_step_fn(void *ctx, const struct pa_column *c, struct pa_buf *out);

struct pa_steps_config {
	const struct pa_profile *p;
	enum pa_csv_style style;
	uint8_t aggregator;
	uint64_t capture_id;
	int slow; /* 1: everything the general way, to compare with */
	pa_step_fn *general;
	void *ctx;
};

/* What a row is made of. */
struct pa_steps_row {
	const struct pa_cells *cells;
	const struct pa_layers *layers; /* the row is of the first one */
	enum pa_dialect dialect;
	struct pa_time time; /* of the packet: what frame.time_epoch says */
	const unsigned *cut; /* values that the general conversion has cut so far */
};

struct pa_steps;

/* The steps of every table of the profile. C is copied, its profile borrowed. */
enum pa_status pa_steps_new(const struct pa_steps_config *c, struct pa_steps **out)
    __attribute__((warn_unused_result));
void pa_steps_free(struct pa_steps *s);

/* Field I of the profile stands in cell CELL_OF[I] from now on; before the first call, in I. */
void pa_steps_map(struct pa_steps *s, const uint16_t *cell_of);

/* Append the one row that a packet has in table TABLE (an index), with its end. Errors as
 * pa_buf_reserve(), and those of the general way; OUT is then as long as before. */
enum pa_status pa_steps_row(struct pa_steps *s, unsigned table, const struct pa_steps_row *row,
                            struct pa_buf *out) __attribute__((warn_unused_result));

/* 1 when rows of STYLE have column C: in a batch LOAD DATA gives the number of the capture. */
int pa_steps_has(const struct pa_profile *p, const struct pa_column *c, enum pa_csv_style style)
    __attribute__((pure));

#endif
