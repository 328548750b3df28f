/* The manifest: what a batch in the spool holds. Text, one "key value" per line, written by
 * the filter's spool module and read by the loader; the layout is in spool(5).
 *
 * A batch is a folder spool/ready/ID with one file NAME.csv per table, "profile" with the
 * profile's canonical text, and "manifest".
 */
#ifndef PCAPANALYZER_MANIFEST_H
#define PCAPANALYZER_MANIFEST_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/digest.h"
#include "pcapanalyzer/error.h"

#define PA_MANIFEST_VERSION    1
#define PA_MANIFEST_TABLES_MAX 65 /* 64 of a profile, and rejects */
#define PA_MANIFEST_BYTES_MAX  (1024 * 1024)
#define PA_BATCH_ID_MAX        40 /* bytes, with the NUL */
#define PA_NAME_MAX            65 /* bytes of an SQL identifier, with the NUL */
#define PA_TS_TEXT             27 /* "YYYY-MM-DD hh:mm:ss.uuuuuu" and the NUL */
#define PA_TSHARK_ARGS_MAX     (256 * 1024)

/* How the capture of this batch ended, known only in its last batch. */
enum pa_capture_end {
	PA_CAPTURE_OPEN,      /* more batches follow */
	PA_CAPTURE_COMPLETE,  /* last batch; tshark read the capture to its end */
	PA_CAPTURE_TRUNCATED, /* last batch; the file is cut, its good prefix is all there */
};

/* One file of the batch. */
struct pa_manifest_table {
	char name[PA_NAME_MAX]; /* table; the file is NAME.csv */
	uint64_t rows;
	uint64_t bytes;
	uint8_t sha256[PA_SHA256_BYTES];
	char *columns; /* comma-separated identifiers in file order; heap */
};

struct pa_manifest {
	char batch_id[PA_BATCH_ID_MAX];
	char profile[PA_NAME_MAX];
	uint8_t profile_sha256[PA_SHA256_BYTES];
	char *sensor;       /* heap, UTF-8 */
	char *capture_name; /* heap, UTF-8 */
	uint8_t capture_sha256[PA_SHA256_BYTES];
	uint64_t capture_bytes;
	int has_capture_packets; /* 0: nobody counted the packets of the capture */
	uint64_t capture_packets;
	uint64_t first_row, last_row; /* 1-based input rows; last < first when there are none */
	uint64_t packets;             /* rows stored as packets */
	uint64_t rejected;            /* rows kept aside, in rejects.csv */
	uint64_t filtered;            /* rows left out on purpose */
	uint64_t cut;                 /* text values cut to their column's length */
	enum pa_capture_end end;
	int replaces;      /* 1: the capture's batches are to replace what is stored of it */
	char *dialect;     /* "4.0" or "4.4"; "" when no row was seen */
	char *tshark;      /* first line of tshark --version; may be "" */
	char *tshark_args; /* as one would type them in bash; NULL when nobody said */
	char *filter;      /* who wrote the batch, and its version; NULL when nobody said */
	char first_ts[PA_TS_TEXT]; /* UTC; "" when the batch has no packet */
	char last_ts[PA_TS_TEXT];
	struct pa_manifest_table tables[PA_MANIFEST_TABLES_MAX];
	unsigned n_tables;
};

/* packets + rejected + filtered = last_row - first_row + 1 holds in every manifest that
 * pa_manifest_read() accepts. */

void pa_manifest_init(struct pa_manifest *m);
/* Free what m holds on the heap; takes a half-read one. */
void pa_manifest_done(struct pa_manifest *m);

/* Append the text of m to OUT, with its checksum as the last line. */
enum pa_status pa_manifest_write(const struct pa_manifest *m, struct pa_buf *out,
                                 struct pa_error *err) __attribute__((warn_unused_result));

/* Read what pa_manifest_write() wrote into the initialised M. Every name is checked to be a
 * plain identifier ([a-z][a-z0-9_]*, at most 64 bytes), every count to be consistent.
 * PA_EFORMAT with the line in err->row for anything else; M then needs pa_manifest_done(). */
enum pa_status pa_manifest_read(struct pa_slice text, struct pa_manifest *m, struct pa_error *err)
    __attribute__((warn_unused_result));

#endif
