/* What reads as a coverage event is written and read again as the same one. */
#include "fuzz.h"
#include "pcapanalyzer/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pa_event e;
	static struct pa_event again;
	struct pa_error err = {0};
	char id[PA_EVENT_ID_MAX];
	struct pa_buf one;
	struct pa_buf two;
	enum pa_status st = pa_event_read((struct pa_slice){data, size}, &e, &err);

	MUST(st == PA_OK || (st == PA_EFORMAT && err.code == st && err.msg[0]));
	if (st != PA_OK)
		return 0;
	MUST(e.sensor[0] && strlen(e.sensor) < PA_EVENT_NAME_MAX);
	MUST(strlen(e.interface) < PA_EVENT_NAME_MAX && strlen(e.detail) < PA_EVENT_DETAIL_MAX);
	MUST(e.kind < PA_EVENT_KINDS && e.from.sec >= 0 && e.from.sec <= e.until.sec);
	MUST(pa_event_id(&e, id, NULL) == PA_OK && pa_event_id_ok(id));
	pa_buf_init(&one, SIZE_MAX);
	pa_buf_init(&two, SIZE_MAX);
	MUST(pa_event_write(&e, &one, NULL) == PA_OK);
	MUST(pa_event_read((struct pa_slice){one.ptr, one.len}, &again, NULL) == PA_OK);
	MUST(pa_event_write(&again, &two, NULL) == PA_OK);
	MUST(one.len == two.len && memcmp(one.ptr, two.ptr, one.len) == 0);
	pa_buf_done(&one);
	pa_buf_done(&two);
	return 0;
}
