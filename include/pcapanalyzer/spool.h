/* The spool: batches of one capture, each a folder that appears whole; pcapanalyzer-spool(5).
 *
 * A batch's name comes from sensor, capture, profile, limits and first row alone, so that
 * doing a capture again makes the same batches, and those that wait or are stored already are
 * recognised. One that is to replace what is stored is named after its tshark, too.
 */
#ifndef PCAPANALYZER_SPOOL_H
#define PCAPANALYZER_SPOOL_H

#include <stdint.h>

#include "pcapanalyzer/error.h"
#include "pcapanalyzer/manifest.h"
#include "pcapanalyzer/profile.h"
#include "pcapanalyzer/text.h"
#include "pcapanalyzer/transform.h"

struct pa_spool_config {
	const char *dir;
	const struct pa_profile *profile;
	const char *sensor;
	const char *capture_name;
	const char *tshark;      /* first line of tshark --version, or "" */
	const char *tshark_args; /* as one would type them; NULL: not known */
	const char *filter;      /* who writes here, and its version; NULL: not known */
	int replaces;            /* 1: to replace what the database has of this capture */
	uint8_t capture_sha256[PA_SHA256_BYTES];
	uint64_t capture_bytes;
	int has_capture_packets;
	uint64_t capture_packets;
	uint64_t batch_rows;  /* rows of input, at most 1,000,000 */
	uint64_t batch_bytes; /* bytes of all files of the batch */
};

struct pa_spool;

/* Open the spool DIR, make its folders where they are missing, and remove what writers that
 * are gone left unfinished. The configuration's pointers must outlive the spool. */
enum pa_status pa_spool_new(const struct pa_spool_config *config, struct pa_spool **out,
                            struct pa_error *err) __attribute__((warn_unused_result));
/* Forget the batch in the making, and free. */
void pa_spool_free(struct pa_spool *s);

/* What the names of all batches of this capture begin with; lives as long as the spool. */
const char *pa_spool_prefix(const struct pa_spool *s) __attribute__((pure));

/* Where pa_transform_row() writes, one output per table of the profile. */
struct pa_output *pa_spool_outputs(struct pa_spool *s);

/* Count a converted row. */
void pa_spool_packet(struct pa_spool *s, uint64_t row, const struct pa_outcome_info *info);

/* Keep a row aside: begin, its bytes in one or more pieces, end. The row goes into the batch's
 * rejects.csv; of a row above PA_REJECT_RAW_MAX bytes the rest goes to a file of its own,
 * rejects/ID.raw, which holds all of it. */
#define PA_REJECT_RAW_MAX (4u * 1024 * 1024)
enum pa_status pa_spool_reject_begin(struct pa_spool *s, uint64_t row,
                                     const struct pa_outcome_info *info, struct pa_error *err)
    __attribute__((warn_unused_result));
enum pa_status pa_spool_reject_bytes(struct pa_spool *s, struct pa_slice bytes,
                                     struct pa_error *err) __attribute__((warn_unused_result));
enum pa_status pa_spool_reject_end(struct pa_spool *s, struct pa_error *err)
    __attribute__((warn_unused_result));

/* 1 when the batch has reached a limit and pa_spool_flush() is due. */
int pa_spool_full(const struct pa_spool *s) __attribute__((pure));
/* 1 when the batch holds any row. */
int pa_spool_pending(const struct pa_spool *s) __attribute__((pure));

/* Write the batch; END is PA_CAPTURE_OPEN but for the last batch of the capture, which is
 * written even when it is empty.
 * PA_ELIMIT past 9,999,999,999 rows of one capture: the loader would not know the batch. */
enum pa_status pa_spool_flush(struct pa_spool *s, enum pa_capture_end end, enum pa_dialect dialect,
                              struct pa_error *err) __attribute__((warn_unused_result));

#endif
