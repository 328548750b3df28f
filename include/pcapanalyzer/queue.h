/* The loader's side of the spool: what is ready, and where a batch or a coverage event goes
 * afterwards. */
#ifndef PCAPANALYZER_QUEUE_H
#define PCAPANALYZER_QUEUE_H

#include <stddef.h>

#include "pcapanalyzer/error.h"
#include "pcapanalyzer/event.h"
#include "pcapanalyzer/manifest.h"

/* The folders of a spool; descriptors, -1 when closed. */
struct pa_queue {
	int root, ready, tmp, aside, coverage;
	int lock; /* load.lock, locked; -1 when another loader has it */
};

/* Open the spool folder PATH, making ready/, tmp/, aside/ and coverage/ when they are
 * missing. */
enum pa_status pa_queue_open(const char *path, struct pa_queue *s, struct pa_error *err)
    __attribute__((warn_unused_result));
void pa_queue_close(struct pa_queue *s);

/* Become the spool's one loader, without waiting; then also remove what a killed loader left
 * half removed, and what writers of events that are gone left unfinished. *got is 0 when another
 * one works on it. */
enum pa_status pa_queue_lock(struct pa_queue *s, int *got, struct pa_error *err)
    __attribute__((warn_unused_result));

/* 1 when NAME looks like a batch id, [0-9a-f]{16}-[0-9]{10}. */
int pa_batch_id_ok(const char *name) __attribute__((pure));

/* The batches in ready/, oldest name first; *ids is heap, for free(). */
enum pa_status pa_queue_list(const struct pa_queue *s, char (**ids)[PA_BATCH_ID_MAX], size_t *n_ids,
                             struct pa_error *err) __attribute__((warn_unused_result));

/* Remove a stored batch. A kill in between leaves it whole in ready/, or not there. */
enum pa_status pa_queue_remove(const struct pa_queue *s, const char *id, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Move the batch to aside/, with REASON in its file "reason"; replaces an older one there. */
enum pa_status pa_queue_aside(const struct pa_queue *s, const char *id, const char *reason,
                              struct pa_error *err) __attribute__((warn_unused_result));

/* The same for coverage events, each a file of coverage/. */
enum pa_status pa_queue_list_events(const struct pa_queue *s, char (**ids)[PA_EVENT_ID_MAX],
                                    size_t *n_ids, struct pa_error *err)
    __attribute__((warn_unused_result));
/* PA_EFORMAT for a file that is no event. */
enum pa_status pa_queue_read_event(const struct pa_queue *s, const char *id, struct pa_event *e,
                                   struct pa_error *err) __attribute__((warn_unused_result));
enum pa_status pa_queue_remove_event(const struct pa_queue *s, const char *id, struct pa_error *err)
    __attribute__((warn_unused_result));
/* It becomes the file "event" in the folder aside/ID, beside "reason". */
enum pa_status pa_queue_aside_event(const struct pa_queue *s, const char *id, const char *reason,
                                    struct pa_error *err) __attribute__((warn_unused_result));

#endif
