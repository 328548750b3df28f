#include "pcapanalyzer/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/lines.h"
#include "pcapanalyzer/profile.h"

static const char *const ends[] = {
    [PA_CAPTURE_OPEN] = "-",
    [PA_CAPTURE_COMPLETE] = "complete",
    [PA_CAPTURE_TRUNCATED] = "truncated",
};

void pa_manifest_init(struct pa_manifest *m)
{
	memset(m, 0, sizeof(*m));
}

void pa_manifest_done(struct pa_manifest *m)
{
	if (!m)
		return;
	free(m->sensor);
	free(m->capture_name);
	free(m->dialect);
	free(m->tshark);
	free(m->tshark_args);
	free(m->filter);
	for (unsigned i = 0; i < m->n_tables; i++)
		free(m->tables[i].columns);
	pa_manifest_init(m);
}

/* Writing */

static enum pa_status put_head(const struct pa_manifest *m, struct pa_buf *out)
{
	char hex[PA_SHA256_HEX + 1];
	enum pa_status st = pa_buf_printf(out, "pcapanalyzer-manifest %d\nbatch %s\n",
	                                  PA_MANIFEST_VERSION, m->batch_id);

	pa_hex(m->profile_sha256, PA_SHA256_BYTES, hex);
	if (st == PA_OK)
		st = pa_buf_printf(out, "profile %s\nprofile-sha256 %s\n", m->profile, hex);
	if (st == PA_OK)
		st = pa_lines_put_text(out, "sensor", m->sensor);
	pa_hex(m->capture_sha256, PA_SHA256_BYTES, hex);
	if (st == PA_OK)
		st = pa_buf_printf(out, "capture-sha256 %s\n", hex);
	if (st == PA_OK)
		st = pa_lines_put_text(out, "capture-name", m->capture_name);
	if (st == PA_OK)
		st = pa_lines_put_number(out, "capture-bytes", m->capture_bytes);
	if (st == PA_OK && m->has_capture_packets)
		st = pa_lines_put_number(out, "capture-packets", m->capture_packets);
	return st;
}

static enum pa_status put_counts(const struct pa_manifest *m, struct pa_buf *out)
{
	enum pa_status st = pa_lines_put_number(out, "first-row", m->first_row);

	if (st == PA_OK)
		st = pa_lines_put_number(out, "last-row", m->last_row);
	if (st == PA_OK)
		st = pa_lines_put_number(out, "packets", m->packets);
	if (st == PA_OK)
		st = pa_lines_put_number(out, "rejected", m->rejected);
	if (st == PA_OK)
		st = pa_lines_put_number(out, "filtered", m->filtered);
	if (st == PA_OK)
		st = pa_lines_put_number(out, "cut", m->cut);
	if (st == PA_OK)
		st = pa_buf_printf(out, "end %s\n", ends[m->end]);
	if (st == PA_OK && m->replaces)
		st = pa_lines_put_number(out, "replaces", 1);
	if (st == PA_OK)
		st = pa_lines_put_text(out, "dialect", m->dialect);
	if (st == PA_OK)
		st = pa_lines_put_text(out, "tshark", m->tshark);
	if (st == PA_OK && m->tshark_args)
		st = pa_lines_put_text(out, "tshark-args", m->tshark_args);
	if (st == PA_OK && m->filter)
		st = pa_lines_put_text(out, "filter", m->filter);
	if (st == PA_OK)
		st = pa_lines_put_text(out, "first-ts", m->first_ts);
	if (st == PA_OK)
		st = pa_lines_put_text(out, "last-ts", m->last_ts);
	return st;
}

enum pa_status pa_manifest_write(const struct pa_manifest *m, struct pa_buf *out,
                                 struct pa_error *err)
{
	char hex[PA_SHA256_HEX + 1];
	uint8_t sum[PA_SHA256_BYTES];
	size_t start = out->len;
	enum pa_status st = put_head(m, out);

	if (st == PA_OK)
		st = put_counts(m, out);
	for (unsigned i = 0; st == PA_OK && i < m->n_tables; i++) {
		const struct pa_manifest_table *t = &m->tables[i];

		pa_hex(t->sha256, PA_SHA256_BYTES, hex);
		st = pa_buf_printf(out, "table %s %llu %llu %s %s\n", t->name,
		                   (unsigned long long)t->rows, (unsigned long long)t->bytes, hex,
		                   t->columns);
	}
	if (st == PA_OK)
		st = pa_sha256_of(out->ptr + start, out->len - start, sum);
	if (st == PA_OK) {
		pa_hex(sum, PA_SHA256_BYTES, hex);
		st = pa_buf_printf(out, "sha256 %s\n", hex);
	}
	return st == PA_OK ? PA_OK : pa_fail(err, st, 0, "no room for the manifest");
}

/* Reading */

/* For keys that older batches do not have. */
static enum pa_status take_optional(struct pa_lines *r, const char *key, size_t max, char **out)
{
	return pa_lines_take(r, key) ? pa_lines_read_text(r, max, out) : PA_OK;
}

static enum pa_status take_name(struct pa_lines *r, const char *key, char *out)
{
	if (!pa_lines_take(r, key) || !pa_identifier_ok(r->value))
		return pa_lines_bad(r, "a name is missing or not a plain identifier");
	memcpy(out, r->value.ptr, r->value.len);
	out[r->value.len] = '\0';
	return PA_OK;
}

static enum pa_status take_hash(struct pa_lines *r, const char *key, uint8_t *out)
{
	if (!pa_lines_take(r, key) || pa_unhex(r->value, out, PA_SHA256_BYTES) != PA_OK)
		return pa_lines_bad(r, "a checksum is missing or broken");
	return PA_OK;
}

static struct pa_slice word(struct pa_slice *s)
{
	const uint8_t *space = s->len ? memchr(s->ptr, ' ', s->len) : NULL;
	struct pa_slice w = {s->ptr, space ? (size_t)(space - s->ptr) : s->len};

	s->ptr += space ? w.len + 1 : w.len;
	s->len -= space ? w.len + 1 : w.len;
	return w;
}

static int columns_ok(struct pa_slice list)
{
	for (;;) {
		const uint8_t *comma = list.len ? memchr(list.ptr, ',', list.len) : NULL;
		size_t n = comma ? (size_t)(comma - list.ptr) : list.len;

		if (!pa_identifier_ok((struct pa_slice){list.ptr, n}))
			return 0;
		if (!comma)
			return 1;
		list.ptr += n + 1;
		list.len -= n + 1;
	}
}

static enum pa_status read_table(struct pa_lines *r, struct pa_manifest *m)
{
	struct pa_slice s = r->value;
	struct pa_slice name = word(&s);
	struct pa_manifest_table *t = &m->tables[m->n_tables];
	enum pa_status st;

	if (m->n_tables == PA_MANIFEST_TABLES_MAX)
		return pa_lines_bad(r, "too many tables");
	if (!pa_identifier_ok(name))
		return pa_lines_bad(r, "a table name is not a plain identifier");
	for (unsigned i = 0; i < m->n_tables; i++)
		if (pa_slice_is(name, m->tables[i].name))
			return pa_lines_bad(r, "a table stands twice");
	memcpy(t->name, name.ptr, name.len);
	t->name[name.len] = '\0';
	st = pa_lines_read_number(r, word(&s), &t->rows);
	if (st == PA_OK)
		st = pa_lines_read_number(r, word(&s), &t->bytes);
	if (st == PA_OK && pa_unhex(word(&s), t->sha256, PA_SHA256_BYTES) != PA_OK)
		st = pa_lines_bad(r, "a checksum is broken");
	if (st == PA_OK && !columns_ok(s))
		st = pa_lines_bad(r, "a column list is broken");
	if (st != PA_OK)
		return st;
	t->columns = strndup((const char *)s.ptr, s.len);
	if (!t->columns)
		return pa_fail(r->err, PA_ENOMEM, 0, "no memory for a manifest");
	m->n_tables++;
	return PA_OK;
}

static int batch_id_ok(struct pa_slice s)
{
	if (s.len == 0 || s.len >= PA_BATCH_ID_MAX)
		return 0;
	for (size_t i = 0; i < s.len; i++)
		if (!((s.ptr[i] >= '0' && s.ptr[i] <= '9') ||
		      (s.ptr[i] >= 'a' && s.ptr[i] <= 'f') || s.ptr[i] == '-'))
			return 0;
	return 1;
}

/* "" or "YYYY-MM-DD hh:mm:ss.uuuuuu"; it goes into SQL. */
static int ts_ok(const char *ts)
{
	static const char shape[] = "dddd-dd-dd dd:dd:dd.dddddd";

	if (!*ts)
		return 1;
	if (strlen(ts) != sizeof(shape) - 1)
		return 0;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? ts[i] < '0' || ts[i] > '9' : ts[i] != shape[i])
			return 0;
	return 1;
}

static enum pa_status read_head(struct pa_lines *r, struct pa_manifest *m)
{
	uint64_t version = 0;
	enum pa_status st = pa_lines_number(r, "pcapanalyzer-manifest", &version);

	if (st == PA_OK && version != PA_MANIFEST_VERSION)
		st = pa_lines_bad(r, "written by another version of PCAPAnalyzer");
	if (st == PA_OK && (!pa_lines_take(r, "batch") || !batch_id_ok(r->value)))
		st = pa_lines_bad(r, "the batch id is missing or broken");
	if (st != PA_OK)
		return st;
	memcpy(m->batch_id, r->value.ptr, r->value.len);
	m->batch_id[r->value.len] = '\0';
	st = take_name(r, "profile", m->profile);
	if (st == PA_OK)
		st = take_hash(r, "profile-sha256", m->profile_sha256);
	if (st == PA_OK)
		st = pa_lines_text(r, "sensor", 255, &m->sensor);
	if (st == PA_OK)
		st = take_hash(r, "capture-sha256", m->capture_sha256);
	if (st == PA_OK)
		st = pa_lines_text(r, "capture-name", 4096, &m->capture_name);
	if (st == PA_OK)
		st = pa_lines_number(r, "capture-bytes", &m->capture_bytes);
	if (st == PA_OK && pa_lines_take(r, "capture-packets")) {
		m->has_capture_packets = 1;
		st = pa_lines_read_number(r, r->value, &m->capture_packets);
	}
	return st;
}

static int counts_ok(const struct pa_manifest *m)
{
	uint64_t left;

	if (m->first_row == 0 || m->last_row == UINT64_MAX || m->last_row + 1 < m->first_row)
		return 0;
	left = m->last_row + 1 - m->first_row;
	if (m->packets > left || m->rejected > left - m->packets)
		return 0;
	return m->filtered == left - m->packets - m->rejected;
}

static enum pa_status read_counts(struct pa_lines *r, struct pa_manifest *m)
{
	enum pa_status st = pa_lines_number(r, "first-row", &m->first_row);
	unsigned i = 0;

	if (st == PA_OK)
		st = pa_lines_number(r, "last-row", &m->last_row);
	if (st == PA_OK)
		st = pa_lines_number(r, "packets", &m->packets);
	if (st == PA_OK)
		st = pa_lines_number(r, "rejected", &m->rejected);
	if (st == PA_OK)
		st = pa_lines_number(r, "filtered", &m->filtered);
	if (st == PA_OK)
		st = pa_lines_number(r, "cut", &m->cut);
	if (st == PA_OK && !pa_lines_take(r, "end"))
		st = pa_lines_bad(r, "a line is missing or out of order");
	while (st == PA_OK && i < 3 && !pa_slice_is(r->value, ends[i]))
		i++;
	if (st == PA_OK && i == 3)
		st = pa_lines_bad(r, "the end mark is unknown");
	m->end = st == PA_OK ? (enum pa_capture_end)i : PA_CAPTURE_OPEN;
	if (st == PA_OK && pa_lines_take(r, "replaces")) {
		m->replaces = pa_slice_is(r->value, "1");
		st = m->replaces ? PA_OK : pa_lines_bad(r, "the mark of a replacement is unknown");
	}
	if (st == PA_OK)
		st = pa_lines_text(r, "dialect", 16, &m->dialect);
	if (st == PA_OK)
		st = pa_lines_text(r, "tshark", 255, &m->tshark);
	if (st == PA_OK)
		st = take_optional(r, "tshark-args", PA_TSHARK_ARGS_MAX, &m->tshark_args);
	if (st == PA_OK)
		st = take_optional(r, "filter", 255, &m->filter);
	if (st == PA_OK)
		st = pa_lines_short(r, "first-ts", m->first_ts, sizeof(m->first_ts));
	if (st == PA_OK)
		st = pa_lines_short(r, "last-ts", m->last_ts, sizeof(m->last_ts));
	if (st == PA_OK && (!ts_ok(m->first_ts) || !ts_ok(m->last_ts)))
		st = pa_lines_bad(r, "a time is broken");
	if (st == PA_OK && !counts_ok(m))
		st = pa_lines_bad(r, "the counts do not add up");
	return st;
}

enum pa_status pa_manifest_read(struct pa_slice text, struct pa_manifest *m, struct pa_error *err)
{
	static const char last[] = "sha256 ";
	const size_t last_len = sizeof(last) - 1 + PA_SHA256_HEX + 1;
	struct pa_lines r = {.what = "manifest", .rest = text, .err = err};
	char hex[PA_SHA256_HEX + 1];
	uint8_t sum[PA_SHA256_BYTES];
	enum pa_status st;

	if (text.len < last_len)
		return pa_lines_bad(&r, "cut short");
	r.rest.ptr += text.len - last_len;
	r.rest.len = last_len;
	if (!pa_lines_take(&r, "sha256"))
		return pa_lines_bad(&r, "cut short");
	if (pa_sha256_of(text.ptr, text.len - last_len, sum) != PA_OK)
		return pa_fail(err, PA_ENOMEM, 0, "cannot compute SHA-256");
	pa_hex(sum, sizeof(sum), hex);
	if (!pa_slice_is(r.value, hex))
		return pa_lines_bad(&r, "damaged: the checksum does not match");
	r = (struct pa_lines){
	    .what = "manifest", .rest = {text.ptr, text.len - last_len}, .err = err};
	st = read_head(&r, m);
	if (st == PA_OK)
		st = read_counts(&r, m);
	while (st == PA_OK && r.rest.len > 0)
		st = pa_lines_take(&r, "table") ? read_table(&r, m)
		                                : pa_lines_bad(&r, "an unknown line");
	return st;
}
