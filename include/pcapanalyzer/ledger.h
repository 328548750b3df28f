/* The ledger: which captures there are, and which batches of them are stored. A batch's row is
 * written in the transaction of the batch's rows, so the ledger never says more or less than
 * what is there.
 */
#ifndef PCAPANALYZER_LEDGER_H
#define PCAPANALYZER_LEDGER_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/manifest.h"

#define PA_LEDGER_VERSION    1
#define PA_LEDGER_TABLES_MAX 256 /* different tables in all batches together */

/* Find or make the sensor and the capture that the batch names; commits at once, so call it
 * outside a transaction. */
enum pa_status pa_ledger_capture(struct pa_db *db, const struct pa_manifest *m,
                                 uint32_t *capture_id, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Enter the batch, in an open transaction; other loaders of the same capture wait here.
 * PA_EDUP:  the very same batch is stored already
 * PA_EDATA: the ledger holds a batch that contradicts this one (the same id with other
 *           counts, or a part of the same rows) */
enum pa_status pa_ledger_claim(struct pa_db *db, const struct pa_manifest *m, uint32_t capture_id,
                               uint64_t *batch_no, struct pa_error *err)
    __attribute__((warn_unused_result));

/* What the batch tells about its capture, in the same transaction: its packets, and that it
 * is truncated. */
enum pa_status pa_ledger_close(struct pa_db *db, const struct pa_manifest *m, uint32_t capture_id,
                               struct pa_error *err) __attribute__((warn_unused_result));

enum pa_ledger_state { PA_LEDGER_PARTIAL, PA_LEDGER_TRUNCATED, PA_LEDGER_COMPLETE };

/* A table, and how many rows the batches of one capture put into it. */
struct pa_ledger_rows {
	char table[PA_NAME_MAX];
	uint64_t rows;
};

/* A capture as one profile sees it. Slices and the table list are valid during the call that
 * hands it out. */
struct pa_ledger_entry {
	uint32_t capture_id;
	struct pa_slice sensor, name, profile; /* profile is "" when no batch is stored */
	char sha256[PA_SHA256_HEX + 1];
	uint64_t bytes;
	int has_packets;
	uint64_t packets; /* in the file */
	enum pa_ledger_state state;
	uint64_t batches, stored, rejected, filtered, cut;
	uint64_t last_row; /* highest input row of any batch */
	uint64_t gap;      /* first input row that no batch has; 0 for none */
	char first_ts[PA_TS_TEXT], last_ts[PA_TS_TEXT]; /* "" when there is no packet */
	const struct pa_ledger_rows *tables;
	unsigned n_tables;
};

typedef enum pa_status pa_ledger_fn(void *ctx, const struct pa_ledger_entry *e,
                                    struct pa_error *err);

/* Call FN once per capture and profile, ordered by capture_id and profile; a status other
 * than PA_OK ends it. FN may not use DB.
 * sensor, profile: only these; NULL for all. With a profile every capture is handed out, also
 *                  one of which that profile has stored nothing. */
enum pa_status pa_ledger_each(struct pa_db *db, const char *sensor, const char *profile,
                              pa_ledger_fn *fn, void *ctx, struct pa_error *err)
    __attribute__((warn_unused_result));

#endif
