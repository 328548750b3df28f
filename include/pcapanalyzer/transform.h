/* One input row to the rows of every table, or to one reject.
 *
 * A row that cannot be converted leaves no trace in any table. All values that the caller
 * gets are written behind what the outputs hold already.
 */
#ifndef PCAPANALYZER_TRANSFORM_H
#define PCAPANALYZER_TRANSFORM_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/aside.h"
#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/convert.h"
#include "pcapanalyzer/csv.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/profile.h"
#include "pcapanalyzer/rows.h"
#include "pcapanalyzer/text.h"

enum pa_occurrence { PA_OCCURRENCE_ALL, PA_OCCURRENCE_FIRST, PA_OCCURRENCE_LAST };

struct pa_transform_config {
	enum pa_csv_style style;
	const struct pa_table *only; /* write this table alone; NULL for all */
	uint64_t capture_id;         /* for the capture_id column; batches have none */
	enum pa_dialect dialect;
	enum pa_occurrence occurrence;
	uint8_t separator;
	uint8_t aggregator;
	uint8_t quote;
	int slow;                     /* 1: without short cuts, as the definition of what they do */
	const struct pa_aside *aside; /* rows of these frames are rejected; may be NULL */
};

/* What one packet added to one table: a run of whole rows. */
struct pa_run {
	uint64_t ts; /* nanoseconds since 1970 */
	uint64_t offset;
	uint64_t len;
	uint32_t frame;
	uint32_t reserved; /* 0: so that equal runs are equal bytes */
};

/* The rows of one table that wait to be written. */
struct pa_output {
	struct pa_buf bytes;
	struct pa_buf runs; /* of struct pa_run, in input order; PA_CSV_BATCH only */
	uint64_t rows;
};

enum pa_outcome { PA_ROW_CONVERTED, PA_ROW_HEADER, PA_ROW_REJECTED };

struct pa_outcome_info {
	enum pa_outcome outcome;
	struct pa_time time; /* PA_ROW_CONVERTED */
	uint64_t frame;      /* 0 when not known */
	unsigned cut;        /* text values that were cut to their column */
	const char *column;  /* PA_ROW_REJECTED: the column, or NULL for the whole row */
	uint32_t cell;       /* PA_ROW_REJECTED: 1-based cell of the input row; 0: all of it */
	char reason[256];    /* PA_ROW_REJECTED */
};

struct pa_transform;

enum pa_status pa_transform_new(const struct pa_profile *p, const struct pa_transform_config *c,
                                struct pa_transform **out, struct pa_error *err)
    __attribute__((warn_unused_result));
void pa_transform_free(struct pa_transform *t);

/* The dialect in use: the configured one, or what the first row's guard told. */
enum pa_dialect pa_transform_dialect(const struct pa_transform *t) __attribute__((pure));

/* Convert the whole row that pa_rows_next() returned last.
 * outputs: one per table of the profile, in its order
 * PA_ENOMEM, PA_ELIMIT: the outputs are full; flush and call again for the same row
 * PA_EPROFILE: a header that does not fit the profile */
enum pa_status pa_transform_row(struct pa_transform *t, struct pa_rows *rows,
                                const struct pa_row *row, struct pa_output *outputs,
                                struct pa_outcome_info *info, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Append the names of the columns that T is written with in STYLE, commas between. */
enum pa_status pa_transform_columns(const struct pa_profile *p, const struct pa_table *t,
                                    enum pa_csv_style style, struct pa_buf *out)
    __attribute__((warn_unused_result));

#endif
