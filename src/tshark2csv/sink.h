/* Where converted rows go: standard output, or batches in a spool. */
#ifndef TSHARK2CSV_SINK_H
#define TSHARK2CSV_SINK_H

#include <stdint.h>

#include "options.h"
#include "pcapanalyzer/profile.h"
#include "pcapanalyzer/spool.h"
#include "pcapanalyzer/transform.h"

/* How the input ended, as the trailer told; SINK_END without one. */
enum sink_end { SINK_END, SINK_COMPLETE, SINK_TRUNCATED, SINK_FAILED };

struct sink {
	const struct options *o;
	const struct pa_profile *p;
	const struct pa_table *table;
	const struct pa_transform *transform; /* borrowed, from the first row on */
	struct pa_spool *spool;               /* NULL for standard output */
	struct pa_output *outputs;            /* where rows are to be added: the spool's, or own */
	struct pa_output own[PA_PROFILE_TABLES_MAX]; /* standard output */
	struct pa_buf *waiting;                      /* in own: the bytes of the table */
	char *sensor_name;
	struct pa_buf tshark_args; /* text, with its NUL */
	int rejects_fd;            /* -1 for none */
	const char *rejects_name;
	int progress_fd; /* -1 for none */
	uint64_t rows, rejected;
	int64_t batch_began_ms, progress_ms;
};

enum pa_status sink_open(struct sink *s, const struct options *o, const struct pa_profile *p,
                         const struct pa_table *table, struct pa_error *err);
void sink_close(struct sink *s);

enum pa_csv_style sink_style(const struct sink *s);
enum pa_status sink_converted(struct sink *s, uint64_t row, const struct pa_outcome_info *info,
                              struct pa_error *err);
/* A reject: begin, the raw bytes in pieces, end. */
enum pa_status sink_reject_begin(struct sink *s, uint64_t row, const struct pa_outcome_info *info,
                                 struct pa_error *err);
enum pa_status sink_reject_bytes(struct sink *s, struct pa_slice bytes, struct pa_error *err);
enum pa_status sink_reject_end(struct sink *s, struct pa_error *err);

/* The input has nothing for now: what waits is written out. */
enum pa_status sink_idle(struct sink *s, struct pa_error *err);
/* Milliseconds until a time limit of the batch; -1 for none. */
int sink_timeout_ms(const struct sink *s);
/* The time limit has come, or the rows have: end the batch. */
enum pa_status sink_flush(struct sink *s, struct pa_error *err);
enum pa_status sink_finish(struct sink *s, enum sink_end end, struct pa_error *err);

#endif
