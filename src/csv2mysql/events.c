#include "events.h"

#include <stdlib.h>

#include "pcapanalyzer/ledger.h"

struct row {
	struct pa_event event;
	uint64_t sensor_id;
};

/* Read the files and find their sensors, which commits: so before the transaction. */
static enum pa_status prepare(struct pa_db *db, const struct pa_queue *spool,
                              const char (*ids)[PA_EVENT_ID_MAX], size_t n, struct row *rows,
                              struct seen *seen, size_t *bad, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < n; i++) {
		*bad = i;
		st = pa_queue_read_event(spool, ids[i], &rows[i].event, err);
		if (st == PA_OK)
			st = pa_ledger_sensor(db, rows[i].event.sensor, &rows[i].sensor_id, err);
		if (st == PA_OK)
			st = seen_add(seen, rows[i].event.sensor, err);
	}
	return st;
}

static enum pa_status insert(struct pa_db *db, const char (*ids)[PA_EVENT_ID_MAX], size_t n,
                             const struct row *rows, size_t *bad, struct pa_error *err)
{
	enum pa_status st = pa_db_begin(db, err);

	for (size_t i = 0; st == PA_OK && i < n; i++) {
		*bad = i;
		st = pa_ledger_event(db, rows[i].sensor_id, ids[i], &rows[i].event, err);
		if (st == PA_EDUP)
			st = PA_OK;
	}
	if (st == PA_OK)
		st = pa_db_commit(db, err);
	else
		pa_db_rollback(db);
	return st;
}

enum pa_status events_store(struct pa_db *db, const struct pa_queue *spool,
                            const char (*ids)[PA_EVENT_ID_MAX], size_t n, struct seen *seen,
                            size_t *bad, struct pa_error *err)
{
	struct row *rows = calloc(n, sizeof(*rows));
	enum pa_status st;

	if (!rows)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for %zu coverage events", n);
	st = prepare(db, spool, ids, n, rows, seen, bad, err);
	if (st == PA_OK)
		st = insert(db, ids, n, rows, bad, err);
	for (size_t i = 0; st == PA_OK && i < n; i++)
		st = pa_queue_remove_event(spool, ids[i], err);
	free(rows);
	return st;
}
