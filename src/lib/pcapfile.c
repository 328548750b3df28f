#include "pcapanalyzer/pcapfile.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_START (256u * 1024)
#define USEC         1000
#define NSEC         1000000000

struct pa_pcapfile {
	pa_read_fn *read;
	void *ctx;
	uint8_t *window;
	size_t cap;
	size_t start; /* of the next record */
	size_t end;   /* of the bytes read */
	size_t given; /* bytes of the record that was given last */
	int eof;
	uint64_t offset; /* of window[start] in the file */
	enum pa_pcapfile_format format;
	int seen_header;     /* pcap */
	uint32_t frac_ns;    /* pcap: nanoseconds in a unit of the fraction */
	uint16_t link_type;  /* pcap */
	struct pa_pcapng ng; /* byte order and interfaces, of pcap, too */
	uint64_t frames;
	int ended;
	enum pa_pcapfile_end how;
	struct pa_error damage;
};

/* The window */

/* Have N bytes from start on, or all that the file still has. The window doubles only when it is
 * full, so it never gets larger than twice what has really come. */
static enum pa_status need(struct pa_pcapfile *f, size_t n, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	if (f->end - f->start >= n)
		return PA_OK;
	if (f->start > 0) {
		memmove(f->window, f->window + f->start, f->end - f->start);
		f->end -= f->start;
		f->start = 0;
	}
	while (st == PA_OK && f->end < n && !f->eof) {
		size_t got = 0;

		if (f->end == f->cap) {
			size_t cap = f->cap ? 2 * f->cap : WINDOW_START;
			uint8_t *grown = realloc(f->window, cap);

			if (!grown)
				return pa_fail(err, PA_ENOMEM, 0, "no memory for a record");
			f->window = grown;
			f->cap = cap;
		}
		st = f->read(f->ctx, f->window + f->end, f->cap - f->end, &got, err);
		if (st == PA_OK) {
			f->end += got;
			f->eof = got == 0;
		}
	}
	return st;
}

static size_t have(const struct pa_pcapfile *f)
{
	return f->end - f->start;
}

static const uint8_t *at(const struct pa_pcapfile *f)
{
	return f->window + f->start;
}

static enum pa_status finish(struct pa_pcapfile *f, enum pa_pcapfile_end how)
{
	f->ended = 1;
	f->how = how;
	return PA_END;
}

/* What is left is too short: nothing, or a record that is cut. */
static enum pa_status run_out(struct pa_pcapfile *f)
{
	return finish(f, have(f) == 0 ? PA_PCAPFILE_COMPLETE : PA_PCAPFILE_TRUNCATED);
}

/* Beginning */

static const struct {
	const char *magic;
	size_t n;
	const char *what;
} strangers[] = {
    {"\x1f\x8b", 2, "compressed by gzip; decompress it first"},
    {"\x28\xb5\x2f\xfd", 4, "compressed by zstd; decompress it first"},
    {"\x04\x22\x4d\x18", 4, "compressed by lz4; decompress it first"},
    {"\xfd"
     "7zXZ",
     5, "compressed by xz; decompress it first"},
    {"BZh", 3, "compressed by bzip2; decompress it first"},
    {"\xa1\xb2\xcd\x34", 4, "a pcap file with Kuznetzov's changes; convert it by editcap"},
    {"\x34\xcd\xb2\xa1", 4, "a pcap file with Kuznetzov's changes; convert it by editcap"},
    {"\xa1\xe2\xcb\x12", 4, "a pcap file of IXIA's; convert it by editcap"},
    {"\x12\xcb\xe2\xa1", 4, "a pcap file of IXIA's; convert it by editcap"},
    {"\x1c\x00\x01\xac", 4, "a pcap file of IXIA's; convert it by editcap"},
    {"\xac\x01\x00\x1c", 4, "a pcap file of IXIA's; convert it by editcap"},
};

static enum pa_status stranger(const struct pa_pcapfile *f, struct pa_error *err)
{
	if (have(f) == 0)
		return pa_fail(err, PA_EVALUE, 0, "the file is empty");
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		if (have(f) >= strangers[i].n &&
		    memcmp(at(f), strangers[i].magic, strangers[i].n) == 0)
			return pa_fail(err, PA_EVALUE, 0, "this is %s", strangers[i].what);
	return pa_fail(err, PA_EVALUE, 0, "not a pcap or pcapng file");
}

/* One interface that every packet is from. */
static enum pa_status read_pcap_header(struct pa_pcapfile *f, struct pa_error *err)
{
	unsigned major = pa_pcapng_u16(&f->ng, at(f) + 4);
	unsigned minor = pa_pcapng_u16(&f->ng, at(f) + 6);

	/* Before 2.4 the two lengths of a record stood the other way round, or not. */
	if (major != 2 || minor != 4)
		return pa_fail(err, PA_EVALUE, 0,
		               "a pcap file of version %u.%u, not 2.4; convert it by editcap",
		               major, minor);
	f->link_type = pa_pcapng_u16(&f->ng, at(f) + (f->ng.swapped ? 22 : 20));
	f->ng.interfaces = calloc(1, sizeof(*f->ng.interfaces));
	if (!f->ng.interfaces)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for an interface");
	f->ng.n_interfaces = f->ng.cap_interfaces = 1;
	f->ng.interfaces[0] = (struct pa_interface){.link_type = f->link_type,
	                                            .snaplen = pa_pcapng_u32(&f->ng, at(f) + 16)};
	return PA_OK;
}

static enum pa_status begin(struct pa_pcapfile *f, struct pa_error *err)
{
	static const struct {
		uint32_t magic;
		uint32_t frac_ns;
	} kinds[] = {{0xa1b2c3d4, USEC}, {0xa1b23c4d, 1}};
	enum pa_status st = need(f, PA_PCAP_HEADER_BYTES, err);

	if (st != PA_OK)
		return st;
	if (have(f) >= 4 && pa_pcapng_u32(&f->ng, at(f)) == PA_PCAPNG_SECTION) {
		f->format = PA_PCAPFILE_PCAPNG;
		return PA_OK;
	}
	for (size_t i = 0; have(f) >= 4 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (f->ng.swapped = 0; f->ng.swapped < 2; f->ng.swapped++) {
			if (pa_pcapng_u32(&f->ng, at(f)) != kinds[i].magic)
				continue;
			f->format = PA_PCAPFILE_PCAP;
			f->frac_ns = kinds[i].frac_ns;
			return have(f) < PA_PCAP_HEADER_BYTES ? PA_OK : read_pcap_header(f, err);
		}
	return stranger(f, err);
}

enum pa_status pa_pcapfile_new(pa_read_fn *read, void *ctx, struct pa_pcapfile **out,
                               struct pa_error *err)
{
	struct pa_pcapfile *f = calloc(1, sizeof(*f));
	enum pa_status st;

	if (!f)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for a capture file");
	f->read = read;
	f->ctx = ctx;
	pa_pcapng_init(&f->ng);
	st = begin(f, err);
	if (st == PA_OK)
		*out = f;
	else
		pa_pcapfile_free(f);
	return st;
}

void pa_pcapfile_free(struct pa_pcapfile *f)
{
	if (!f)
		return;
	pa_pcapng_done(&f->ng);
	free(f->window);
	free(f);
}

/* Records */

static enum pa_status next_pcap(struct pa_pcapfile *f, struct pa_record *out, struct pa_error *err)
{
	size_t n = f->seen_header ? PA_PCAP_RECORD_BYTES : PA_PCAP_HEADER_BYTES;
	struct pa_record r = {.kind = PA_RECORD_HEADER};
	enum pa_status st = need(f, n, err);

	if (st != PA_OK)
		return st;
	if (have(f) < n)
		return run_out(f);
	if (f->seen_header) {
		r.kind = PA_RECORD_PACKET;
		r.link_type = f->link_type;
		r.has_time = 1;
		r.time_ns = (int64_t)pa_pcapng_u32(&f->ng, at(f)) * NSEC +
		            (int64_t)pa_pcapng_u32(&f->ng, at(f) + 4) * f->frac_ns;
		r.caplen = pa_pcapng_u32(&f->ng, at(f) + 8);
		r.len = pa_pcapng_u32(&f->ng, at(f) + 12);
		if (r.caplen > PA_PACKET_MAX) {
			(void)pa_fail(&f->damage, PA_EROW, 0, "a packet cannot have %u bytes",
			              (unsigned)r.caplen);
			return finish(f, PA_PCAPFILE_DAMAGED);
		}
		n += r.caplen;
		st = need(f, n, err);
		if (st != PA_OK)
			return st;
		if (have(f) < n)
			return run_out(f);
		r.bytes = (struct pa_slice){at(f) + PA_PCAP_RECORD_BYTES, r.caplen};
		f->ng.interfaces[0].packets++;
	}
	f->seen_header = 1;
	r.block = (struct pa_slice){at(f), n};
	*out = r;
	return PA_OK;
}

/* A damage of the file is its end, everything else the caller's trouble. */
static enum pa_status damaged(struct pa_pcapfile *f, enum pa_status st, struct pa_error *err)
{
	return st == PA_EROW ? finish(f, PA_PCAPFILE_DAMAGED)
	                     : pa_fail(err, st, 0, "%s", f->damage.msg);
}

static enum pa_status next_pcapng(struct pa_pcapfile *f, struct pa_record *out,
                                  struct pa_error *err)
{
	size_t n;
	enum pa_status st = need(f, PA_PCAPNG_FRAME_BYTES, err);

	if (st != PA_OK)
		return st;
	if (have(f) < PA_PCAPNG_FRAME_BYTES)
		return run_out(f);
	st = pa_pcapng_length(&f->ng, at(f), &n, &f->damage);
	if (st != PA_OK)
		return damaged(f, st, err);
	st = need(f, n, err);
	if (st != PA_OK)
		return st;
	if (have(f) < n)
		return run_out(f);
	st = pa_pcapng_take(&f->ng, (struct pa_slice){at(f), n}, out, &f->damage);
	return st == PA_OK ? PA_OK : damaged(f, st, err);
}

enum pa_status pa_pcapfile_next(struct pa_pcapfile *f, struct pa_record *out, struct pa_error *err)
{
	enum pa_status st;

	if (f->ended)
		return PA_END;
	f->start += f->given;
	f->offset += f->given;
	f->given = 0;
	st = f->format == PA_PCAPFILE_PCAP ? next_pcap(f, out, err) : next_pcapng(f, out, err);
	if (st != PA_OK)
		return st;
	f->given = out->block.len;
	out->offset = f->offset;
	if (out->kind == PA_RECORD_PACKET || out->kind == PA_RECORD_EVENT)
		out->frame = ++f->frames;
	return PA_OK;
}

enum pa_status pa_pcapfile_rest(struct pa_pcapfile *f, struct pa_slice *out, struct pa_error *err)
{
	enum pa_status st;

	f->start += f->given;
	f->given = 0;
	st = need(f, 1, err);
	if (st != PA_OK)
		return st;
	if (have(f) == 0)
		return PA_END;
	*out = (struct pa_slice){at(f), have(f)};
	f->given = have(f);
	return PA_OK;
}

/* What there is to know */

enum pa_pcapfile_format pa_pcapfile_format(const struct pa_pcapfile *f)
{
	return f->format;
}

enum pa_pcapfile_end pa_pcapfile_end(const struct pa_pcapfile *f, uint64_t *offset,
                                     const char **reason)
{
	*offset = f->offset;
	*reason = f->damage.msg;
	return f->how;
}

size_t pa_pcapfile_interfaces(const struct pa_pcapfile *f, const struct pa_interface **out)
{
	*out = f->ng.interfaces;
	return f->ng.n_interfaces;
}

/* Emptying */

/* Bytes of a pseudo header without which Wireshark takes the whole file for damaged.
 * Source: wiretap/pcap-common.c, and trying all link types with tshark 4.0. */
static uint32_t kept_bytes(uint16_t link_type)
{
	static const struct {
		uint16_t link_type;
		uint8_t n;
	} kept[] = {
	    {123, 4},  /* SunATM */
	    {139, 4},  /* MTP2 with its header */
	    {144, 16}, /* Linux IrDA */
	    {177, 16}, /* Linux LAPD */
	    {196, 5},  /* SITA */
	    {197, 24}, /* ERF, with a subheader */
	    {201, 4},  /* Bluetooth H4 with its direction */
	    {204, 1},  /* PPP with its direction */
	    {209, 5},  /* Linux I2C */
	    {245, 2},  /* NFC LLCP */
	    {254, 4},  /* Linux Bluetooth monitor */
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i].link_type == link_type)
			return kept[i].n;
	return 0;
}

static enum pa_status put_zeros(struct pa_buf *out, size_t n)
{
	enum pa_status st = pa_buf_reserve(out, n);

	if (st != PA_OK)
		return st;
	memset(out->ptr + out->len, 0, n);
	out->len += n;
	return PA_OK;
}

/* The HEAD bytes before the packet's own, and KEEP of those; the length of a pcapng block and its
 * padding follow from that. */
static enum pa_status put_short(const struct pa_pcapfile *f, const struct pa_record *r, size_t head,
                                uint32_t keep, struct pa_buf *out)
{
	size_t start = out->len;
	int ng = f->format == PA_PCAPFILE_PCAPNG;
	uint32_t padded = (keep + 3) & ~3u;
	uint8_t length[4];
	enum pa_status st = pa_buf_put(out, r->block.ptr, head + keep);

	if (st != PA_OK)
		return st;
	pa_pcapng_put_u32(&f->ng, keep, out->ptr + start + head - 8);
	if (!ng)
		return PA_OK;
	st = put_zeros(out, padded - keep);
	pa_pcapng_put_u32(&f->ng, (uint32_t)head + padded + 4, length);
	if (st == PA_OK)
		st = pa_buf_put(out, length, sizeof(length));
	if (st == PA_OK)
		memcpy(out->ptr + start + 4, length, sizeof(length));
	return st;
}

enum pa_status pa_pcapfile_empty(const struct pa_pcapfile *f, const struct pa_record *record,
                                 struct pa_buf *out)
{
	uint32_t keep = kept_bytes(record->link_type);
	size_t head = (size_t)(record->bytes.ptr - record->block.ptr);
	enum pa_status st;

	if (record->kind != PA_RECORD_PACKET)
		return PA_EVALUE;
	if (keep > record->caplen)
		keep = record->caplen;
	/* In both forms the two lengths stand right before the bytes. */
	if (record->type != PA_PCAPNG_SIMPLE)
		return put_short(f, record, head, keep, out);
	st = pa_buf_put(out, record->block.ptr, head + keep);
	if (st == PA_OK)
		st = put_zeros(out, record->block.len - 4 - head - keep);
	return st == PA_OK ? pa_buf_put(out, record->block.ptr + record->block.len - 4, 4) : st;
}
