#include "pcapanalyzer/event.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pcapanalyzer/io.h"
#include "pcapanalyzer/lines.h"
#include "pcapanalyzer/text.h"

#define TIME_TEXT 27 /* of pa_time_text() */

static const char *const kinds[PA_EVENT_KINDS] = {"captured", "dropped", "lost", "stopped",
                                                  "clock"};

const char *pa_event_kind_name(enum pa_event_kind kind)
{
	return kinds[kind];
}

int pa_event_kind_of(struct pa_slice name, enum pa_event_kind *out)
{
	for (unsigned i = 0; i < PA_EVENT_KINDS; i++) {
		if (pa_slice_is(name, kinds[i])) {
			*out = (enum pa_event_kind)i;
			return 1;
		}
	}
	return 0;
}

int pa_event_id_ok(const char *name)
{
	size_t n = strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz.-");

	return n > 0 && n < PA_EVENT_ID_MAX && name[n] == '\0' && name[0] != '.';
}

/* Writing */

enum pa_status pa_event_write(const struct pa_event *e, struct pa_buf *out, struct pa_error *err)
{
	char from[TIME_TEXT];
	char until[TIME_TEXT];
	char hex[PA_SHA256_HEX + 1];
	enum pa_status st;

	pa_time_text(e->from, from);
	pa_time_text(e->until, until);
	st = pa_lines_put_number(out, "pcapanalyzer-coverage", PA_EVENT_VERSION);
	if (st == PA_OK)
		st = pa_lines_put_text(out, "sensor", e->sensor);
	if (st == PA_OK)
		st = pa_lines_put_text(out, "interface", e->interface);
	if (st == PA_OK)
		st =
		    pa_buf_printf(out, "kind %s\nfrom %s\nuntil %s\n", kinds[e->kind], from, until);
	if (st == PA_OK && e->has_packets)
		st = pa_lines_put_number(out, "packets", e->packets);
	if (st == PA_OK && e->has_bytes)
		st = pa_lines_put_number(out, "bytes", e->bytes);
	if (st == PA_OK && e->has_capture) {
		pa_hex(e->capture_sha256, PA_SHA256_BYTES, hex);
		st = pa_lines_put_text(out, "capture_sha256", hex);
	}
	if (st == PA_OK)
		st = pa_lines_put_text(out, "detail", e->detail);
	if (st == PA_OK)
		st = pa_buf_puts(out, "end\n");
	return st == PA_OK ? PA_OK : pa_fail(err, st, 0, "no room for the coverage event");
}

/* Reading */

/* A text that goes into the database, which refuses what is not UTF-8. */
static enum pa_status take_text(struct pa_lines *l, const char *key, char *out, size_t size)
{
	enum pa_status st = pa_lines_short(l, key, out, size);
	struct pa_slice valid = {NULL, 0};
	struct pa_buf scratch;

	if (st != PA_OK)
		return st;
	pa_buf_init(&scratch, 4 * size);
	st = pa_text_utf8(pa_slice_of(out), &scratch, &valid);
	if (st == PA_OK && (const char *)valid.ptr != out)
		st = pa_lines_bad(l, "a text is not UTF-8");
	pa_buf_done(&scratch);
	return st;
}

static enum pa_status take_time(struct pa_lines *l, const char *key, struct pa_time *out)
{
	if (!pa_lines_take(l, key))
		return pa_lines_bad(l, "a line is missing or out of order");
	if (pa_time_read(l->value, out) != PA_OK || out->sec < 0)
		return pa_lines_bad(l, "a time is broken");
	return PA_OK;
}

static enum pa_status take_counts(struct pa_lines *l, struct pa_event *e)
{
	enum pa_status st = PA_OK;

	if (pa_lines_take(l, "packets")) {
		e->has_packets = 1;
		st = pa_lines_read_number(l, l->value, &e->packets);
	}
	if (st == PA_OK && pa_lines_take(l, "bytes")) {
		e->has_bytes = 1;
		st = pa_lines_read_number(l, l->value, &e->bytes);
	}
	if (st == PA_OK && pa_lines_take(l, "capture_sha256")) {
		e->has_capture = 1;
		if (pa_unhex(l->value, e->capture_sha256, PA_SHA256_BYTES) != PA_OK)
			st = pa_lines_bad(l, "a checksum is broken");
	}
	return st;
}

static int before(struct pa_time a, struct pa_time b)
{
	return a.sec != b.sec ? a.sec < b.sec : a.nsec < b.nsec;
}

enum pa_status pa_event_read(struct pa_slice text, struct pa_event *e, struct pa_error *err)
{
	struct pa_lines l = {.what = "coverage event", .rest = text, .err = err};
	struct pa_event got = {0};
	uint64_t version = 0;
	enum pa_status st = pa_lines_number(&l, "pcapanalyzer-coverage", &version);

	if (st == PA_OK && version != PA_EVENT_VERSION)
		st = pa_lines_bad(&l, "written by another version of PCAPAnalyzer");
	if (st == PA_OK)
		st = take_text(&l, "sensor", got.sensor, sizeof(got.sensor));
	if (st == PA_OK && !got.sensor[0])
		st = pa_lines_bad(&l, "the sensor has no name");
	if (st == PA_OK)
		st = take_text(&l, "interface", got.interface, sizeof(got.interface));
	if (st == PA_OK && (!pa_lines_take(&l, "kind") || !pa_event_kind_of(l.value, &got.kind)))
		st = pa_lines_bad(&l, "the kind is missing or unknown");
	if (st == PA_OK)
		st = take_time(&l, "from", &got.from);
	if (st == PA_OK)
		st = take_time(&l, "until", &got.until);
	if (st == PA_OK && before(got.until, got.from))
		st = pa_lines_bad(&l, "it ends before it begins");
	if (st == PA_OK)
		st = take_counts(&l, &got);
	if (st == PA_OK)
		st = take_text(&l, "detail", got.detail, sizeof(got.detail));
	if (st == PA_OK && !pa_slice_is(l.rest, "end\n"))
		st = pa_lines_bad(&l, "cut short, or more than one event");
	if (st == PA_OK)
		*e = got;
	return st;
}

/* Files */

enum pa_status pa_event_id(const struct pa_event *e, char out[PA_EVENT_ID_MAX],
                           struct pa_error *err)
{
	char until[TIME_TEXT];
	char hex[PA_SHA256_HEX + 1];
	uint8_t sum[PA_SHA256_BYTES];
	struct pa_sha256 *h = NULL;
	enum pa_status st = pa_sha256_new(&h, err);

	if (st != PA_OK)
		return st;
	pa_time_text(e->until, until);
	pa_sha256_update(h, e->sensor, strlen(e->sensor) + 1);
	pa_sha256_update(h, e->interface, strlen(e->interface) + 1);
	pa_sha256_update(h, until, sizeof(until));
	pa_sha256_final(h, sum);
	pa_sha256_free(h);
	pa_hex(sum, sizeof(sum), hex);
	snprintf(out, PA_EVENT_ID_MAX, "%010lld.%06u-%s-%.16s", (long long)e->from.sec,
	         e->from.nsec / 1000, kinds[e->kind], hex);
	return PA_OK;
}

static enum pa_status save(int dir, const struct pa_event *e, struct pa_error *err)
{
	char id[PA_EVENT_ID_MAX];
	char name[PA_EVENT_ID_MAX + 32];
	struct pa_buf text;
	enum pa_status st = pa_event_id(e, id, err);

	pa_buf_init(&text, PA_EVENT_BYTES_MAX);
	if (st == PA_OK)
		st = pa_event_write(e, &text, err);
	if (st == PA_OK) {
		snprintf(name, sizeof(name), ".%s.%ld", id, (long)getpid());
		(void)unlinkat(dir, name, 0); /* of one that was killed */
		st = pa_io_write_file(dir, name, text.ptr, text.len, err);
	}
	if (st == PA_OK && renameat(dir, name, dir, id) != 0) {
		st = pa_fail(err, PA_EIO, errno, "cannot rename %s: %s", name, strerror(errno));
		(void)unlinkat(dir, name, 0);
	}
	if (st == PA_OK)
		st = pa_io_sync_dir(dir, "the folder coverage", err);
	pa_buf_done(&text);
	return st;
}

enum pa_status pa_event_save(const char *spool, const struct pa_event *e, struct pa_error *err)
{
	int root = -1;
	int dir = -1;
	enum pa_status st = pa_io_open_dir(AT_FDCWD, spool, &root, err);

	if (st == PA_OK)
		st = pa_io_open_dir(root, "coverage", &dir, err);
	if (st == PA_OK)
		st = save(dir, e, err);
	if (dir >= 0)
		close(dir);
	if (root >= 0)
		close(root);
	return st;
}
