#include "seen.h"

#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/ledger.h"

enum pa_status seen_add(struct seen *s, const char *sensor, struct pa_error *err)
{
	char **bigger;

	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->names[i], sensor) == 0)
			return PA_OK;
	bigger = realloc(s->names, (s->n + 1) * sizeof(*bigger));
	if (bigger)
		s->names = bigger;
	if (!bigger || !(bigger[s->n] = strdup(sensor)))
		return pa_fail(err, PA_ENOMEM, 0, "no memory for a list of sensors");
	s->n++;
	return PA_OK;
}

void seen_done(struct seen *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->names[i]);
	free(s->names);
}

enum pa_status seen_note(const struct seen *s, struct pa_db *db, const struct pa_queue *spool,
                         struct pa_error *err)
{
	char(*ids)[PA_BATCH_ID_MAX] = NULL;
	size_t waiting = 0;
	int64_t offset_us = 0;
	enum pa_status st;

	if (s->n == 0)
		return PA_OK;
	st = pa_queue_list(spool, &ids, &waiting, err);
	free(ids);
	if (st == PA_OK)
		st = pa_ledger_clock(db, &offset_us, err);
	for (size_t i = 0; st == PA_OK && i < s->n; i++)
		st = pa_ledger_seen(db, s->names[i], offset_us, waiting, "csv2mysql " PA_VERSION,
		                    err);
	return st;
}
