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
#include "pcapanalyzer/event.h"
#include "pcapanalyzer/manifest.h"

#define PA_LEDGER_VERSION    3
#define PA_LEDGER_TABLES_MAX 256 /* different tables in all batches together */

/* 0 when there is no ledger. */
enum pa_status pa_ledger_version(struct pa_db *db, uint64_t *version, struct pa_error *err)
    __attribute__((warn_unused_result));
/* PA_EDENIED when there is no ledger, or one of another version than ours. */
enum pa_status pa_ledger_check(struct pa_db *db, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Find or make the sensor; commits at once, so call it outside a transaction. */
enum pa_status pa_ledger_sensor(struct pa_db *db, const char *name, uint64_t *sensor_id,
                                struct pa_error *err) __attribute__((warn_unused_result));

/* Enter the coverage event ID. PA_EDUP: it is there already, and stays as it is. */
enum pa_status pa_ledger_event(struct pa_db *db, uint64_t sensor_id, const char *id,
                               const struct pa_event *e, struct pa_error *err)
    __attribute__((warn_unused_result));

/* How far this machine's clock is ahead of the server's, in microseconds, as one round trip
 * tells: wrong by half of its time at most. */
enum pa_status pa_ledger_clock(struct pa_db *db, int64_t *offset_us, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Note that the loader of this sensor lives; a sensor that is not in the ledger is none yet.
 * waiting: batches in its spool
 * loader:  program and version */
enum pa_status pa_ledger_seen(struct pa_db *db, const char *sensor, int64_t offset_us,
                              uint64_t waiting, const char *loader, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Find or make the sensor and the capture that the batch names; commits at once, so call it
 * outside a transaction. */
enum pa_status pa_ledger_capture(struct pa_db *db, const struct pa_manifest *m,
                                 uint32_t *capture_id, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Find or make the passport: which tshark, called how, with which profile, made these rows.
 * It commits at once, like pa_ledger_capture().
 * profile_text: the batch's file "profile"; empty for a batch of an older filter */
enum pa_status pa_ledger_passport(struct pa_db *db, const struct pa_manifest *m,
                                  struct pa_slice profile_text, uint32_t *passport_id,
                                  struct pa_error *err) __attribute__((warn_unused_result));

/* Be the only loader of this capture up to the end of the open transaction; others wait. */
enum pa_status pa_ledger_lock(struct pa_db *db, uint32_t capture_id, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Enter the batch, in an open transaction; locks the capture, as above.
 * PA_EDUP:  the very same batch is stored already
 * PA_EDATA: the ledger holds a batch that contradicts this one (the same id with other
 *           counts, or a part of the same rows) */
enum pa_status pa_ledger_claim(struct pa_db *db, const struct pa_manifest *m, uint32_t capture_id,
                               uint32_t passport_id, uint64_t *batch_no, struct pa_error *err)
    __attribute__((warn_unused_result));

/* What the batch tells about its capture, in the same transaction: its packets, and that it
 * is truncated. */
enum pa_status pa_ledger_close(struct pa_db *db, const struct pa_manifest *m, uint32_t capture_id,
                               struct pa_error *err) __attribute__((warn_unused_result));

enum pa_ledger_state {
	PA_LEDGER_PARTIAL,
	PA_LEDGER_TRUNCATED,
	PA_LEDGER_COMPLETE,
	PA_LEDGER_PRUNED, /* it was one of the two before, and none of its rows is left */
};

/* A table, how many rows the batches of one capture put into it, and how many of these prune
 * has removed (always 0 for the rejects). */
struct pa_ledger_rows {
	char table[PA_NAME_MAX];
	uint64_t rows, pruned;
};

/* The next table of a batch's table_rows, {"table":rows,...}; moves *json behind it. 0 when
 * there is no more. */
int pa_ledger_next_table(struct pa_slice *json, struct pa_ledger_rows *out);

#define PA_LEDGER_MIXED "mixed"

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
	uint64_t pruned;   /* rows of its tables, rejects apart, that prune has removed */
	uint64_t last_row; /* highest input row of any batch */
	uint64_t gap;      /* first input row that no batch has; 0 for none */
	char first_ts[PA_TS_TEXT], last_ts[PA_TS_TEXT]; /* "" when there is no packet */
	/* Of all its batches, PA_LEDGER_MIXED when they differ, "" when there is none. */
	char profile_sha256[PA_SHA256_HEX + 1];
	const char *tshark;
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

/* The same for these captures, at most PA_LEDGER_SOME_MAX, with all their profiles. IDS may not be
 * NULL. */
#define PA_LEDGER_SOME_MAX 1000
enum pa_status pa_ledger_some(struct pa_db *db, const uint32_t *ids, size_t n_ids, pa_ledger_fn *fn,
                              void *ctx, struct pa_error *err) __attribute__((warn_unused_result));

#endif
