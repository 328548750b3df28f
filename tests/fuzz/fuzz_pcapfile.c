/* A capture file must be read the same however the bytes come in; records and rest are the whole
 * file; and a copy with every packet emptied has the same packets, without their bytes.
 *
 * Input: size of the reads; then the file. */
#include "pcapanalyzer/pcapfile.h"
#include "source.h"

#define COPY_MAX (64u * 1024 * 1024)

static void check(const struct pa_record *r, struct pa_slice file, uint64_t at)
{
	MUST(r->offset == at && r->block.len > 0 && r->block.len <= file.len - at);
	MUST(memcmp(r->block.ptr, file.ptr + at, r->block.len) == 0);
	MUST((r->frame != 0) == (r->kind == PA_RECORD_PACKET || r->kind == PA_RECORD_EVENT));
	if (r->kind != PA_RECORD_PACKET)
		return;
	MUST(r->bytes.len == r->caplen);
	MUST(r->bytes.ptr >= r->block.ptr &&
	     r->bytes.ptr + r->bytes.len <= r->block.ptr + r->block.len);
}

/* Read FILE twice at once, and append it without its packets' bytes to COPY. */
static int read_both(struct pa_slice file, size_t chunk, struct pa_buf *copy)
{
	struct source one = {file, SIZE_MAX};
	struct source two = {file, chunk};
	struct pa_pcapfile *a = NULL;
	struct pa_pcapfile *b = NULL;
	struct pa_record r;
	struct pa_record same;
	struct pa_slice rest;
	uint64_t at = 0;
	uint64_t where;
	const char *why;
	const char *other;
	enum pa_status st = pa_pcapfile_new(read_source, &one, &a, NULL);

	MUST(pa_pcapfile_new(read_source, &two, &b, NULL) == st);
	if (st != PA_OK)
		return 0;
	while ((st = pa_pcapfile_next(a, &r, NULL)) == PA_OK) {
		MUST(pa_pcapfile_next(b, &same, NULL) == PA_OK);
		check(&r, file, at);
		check(&same, file, at);
		MUST(r.kind == same.kind && r.frame == same.frame && r.caplen == same.caplen &&
		     r.len == same.len && r.interface == same.interface &&
		     r.has_time == same.has_time && (!r.has_time || r.time_ns == same.time_ns));
		at += r.block.len;
		if (r.kind == PA_RECORD_PACKET)
			MUST(pa_pcapfile_empty(a, &r, copy) == PA_OK);
		else
			MUST(pa_buf_put(copy, r.block.ptr, r.block.len) == PA_OK);
	}
	MUST(st == PA_END && pa_pcapfile_next(b, &same, NULL) == PA_END);
	MUST(pa_pcapfile_end(a, &where, &why) == pa_pcapfile_end(b, &where, &other));
	MUST(where == at && strcmp(why, other) == 0);
	while (pa_pcapfile_rest(b, &rest, NULL) == PA_OK) {
		MUST(rest.len > 0 && memcmp(rest.ptr, file.ptr + at, rest.len) == 0);
		at += rest.len;
	}
	MUST(at == file.len);
	pa_pcapfile_free(a);
	pa_pcapfile_free(b);
	return 1;
}

/* FILE and its emptied COPY, packet for packet. */
static void compare(struct pa_slice file, struct pa_slice emptied)
{
	struct source one = {file, SIZE_MAX};
	struct source two = {emptied, SIZE_MAX};
	struct pa_pcapfile *a = NULL;
	struct pa_pcapfile *b = NULL;
	struct pa_record r;
	struct pa_record e;

	MUST(pa_pcapfile_new(read_source, &one, &a, NULL) == PA_OK);
	MUST(pa_pcapfile_new(read_source, &two, &b, NULL) == PA_OK);
	while (pa_pcapfile_next(a, &r, NULL) == PA_OK) {
		MUST(pa_pcapfile_next(b, &e, NULL) == PA_OK);
		MUST(r.kind == e.kind && r.frame == e.frame && r.type == e.type);
		if (r.kind != PA_RECORD_PACKET)
			continue;
		MUST(r.len == e.len && r.interface == e.interface && r.link_type == e.link_type);
		MUST(r.has_time == e.has_time && (!r.has_time || r.time_ns == e.time_ns));
		MUST(e.caplen <= r.caplen && (e.caplen <= 24 || e.type == PA_PCAPNG_SIMPLE));
	}
	MUST(pa_pcapfile_next(b, &e, NULL) == PA_END);
	pa_pcapfile_free(a);
	pa_pcapfile_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pa_slice file = {data + 1, size - 1};
	struct pa_buf copy;

	if (size < 1)
		return 0;
	pa_buf_init(&copy, COPY_MAX);
	if (read_both(file, 1u + data[0], &copy) && copy.len > 0)
		compare(file, pa_buf_slice(&copy));
	pa_buf_done(&copy);
	return 0;
}
