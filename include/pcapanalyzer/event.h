/* Coverage events: when a sensor listened, when it did not, and what it missed meanwhile. Each
 * is a small file coverage/ID in the spool, so that it survives a database that is away; the
 * layout is in spool(5).
 */
#ifndef PCAPANALYZER_EVENT_H
#define PCAPANALYZER_EVENT_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/convert.h"
#include "pcapanalyzer/digest.h"
#include "pcapanalyzer/error.h"

#define PA_EVENT_VERSION    1
#define PA_EVENT_ID_MAX     65 /* bytes, with the NUL */
#define PA_EVENT_NAME_MAX   256
#define PA_EVENT_DETAIL_MAX 513
#define PA_EVENT_BYTES_MAX  8192 /* of a file */

enum pa_event_kind {
	PA_EVENT_CAPTURED, /* somebody listened; 0 packets: there was no traffic */
	PA_EVENT_DROPPED,  /* packets that kernel or dumpcap could not take */
	PA_EVENT_LOST,     /* packets that were captured and are not in the database */
	PA_EVENT_STOPPED,  /* nobody listened */
	PA_EVENT_CLOCK,    /* the clock was set */
	PA_EVENT_KINDS,
};

struct pa_event {
	char sensor[PA_EVENT_NAME_MAX];    /* UTF-8, not empty */
	char interface[PA_EVENT_NAME_MAX]; /* UTF-8 */
	enum pa_event_kind kind;
	struct pa_time from, until; /* from the year 1970 on, whole microseconds; until >= from */
	int has_packets, has_bytes, has_capture; /* 0: not known */
	uint64_t packets, bytes;
	uint8_t capture_sha256[PA_SHA256_BYTES];
	char detail[PA_EVENT_DETAIL_MAX]; /* UTF-8; may be "" */
};

/* "captured", "dropped", ... */
const char *pa_event_kind_name(enum pa_event_kind kind) __attribute__((const));
/* The reverse; 0 for no such kind. */
int pa_event_kind_of(struct pa_slice name, enum pa_event_kind *out);

/* 1 when NAME can be an event's id, [0-9a-z.-]{1,64} and no dot in front. */
int pa_event_id_ok(const char *name) __attribute__((pure));

/* Append the text of E to OUT. */
enum pa_status pa_event_write(const struct pa_event *e, struct pa_buf *out, struct pa_error *err)
    __attribute__((warn_unused_result));
/* Read such a text. PA_EFORMAT, with the line in err->row, for anything else. */
enum pa_status pa_event_read(struct pa_slice text, struct pa_event *e, struct pa_error *err)
    __attribute__((warn_unused_result));

/* The id that follows from sensor, interface, kind, from and until; ids sort by time. */
enum pa_status pa_event_id(const struct pa_event *e, char out[PA_EVENT_ID_MAX],
                           struct pa_error *err) __attribute__((warn_unused_result));

/* Put E into the folder coverage/ of the spool SPOOL, which is made when it is missing. The file
 * appears whole, and is on disk when this returns; one with this id is replaced. */
enum pa_status pa_event_save(const char *spool, const struct pa_event *e, struct pa_error *err)
    __attribute__((warn_unused_result));

#endif
