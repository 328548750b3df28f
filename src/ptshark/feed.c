#include "feed.h"

#include <string.h>

#include "pcapanalyzer/flow.h"

#define CUSTOM_BLOCK  0x0bad
#define CUSTOM_NUMBER 32473 /* of nobody, for examples: RFC 5612 */
#define DUMMY_LINK    235   /* whose dissector does nothing with an empty packet */
#define PACKET_BYTES  (PA_PCAPNG_BLOCK_MAX + 64)
#define OPT_TSRESOL   9
#define HEADER_BYTES  28 /* of a packet block, before the packet's bytes */
#define CUSTOM_BYTES  16
#define MASK_BYTES    36 /* and of what pushes */
#define CUT_BYTES     64 /* what the packet block that is cut says it has */

/* Queues */

static enum pa_status put(struct feed *f, unsigned worker, struct pa_slice bytes,
                          struct pa_error *err)
{
	return pa_buf_put(&f->queues[worker], bytes.ptr, bytes.len) == PA_OK
	           ? PA_OK
	           : pa_fail(err, PA_ENOMEM, 0, "no memory for a record");
}

static enum pa_status put_all(struct feed *f, struct pa_slice bytes, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && i < f->n_workers; i++)
		st = put(f, i, bytes, err);
	return st;
}

/* The section and its interfaces */

static void set_u32(struct feed *f, uint8_t *at, uint32_t v)
{
	pa_pcapng_put_u32(&f->order, v, at);
}

/* An interface of LINK_TYPE in this machine's order, as a pcap file implies it. */
static struct pa_slice make_interface(const struct plan *p, uint8_t block[32])
{
	const struct {
		uint32_t type, length;
		uint16_t link_type, reserved;
		uint32_t snaplen;
		uint16_t option, option_length;
		uint8_t resolution[4];
		uint32_t end, length_again;
	} b = {PA_PCAPNG_INTERFACE,
	       32,
	       p->link_type,
	       0,
	       p->snaplen,
	       OPT_TSRESOL,
	       1,
	       {p->nanoseconds ? 9 : 6, 0, 0, 0},
	       0,
	       32};

	memcpy(block, &b, sizeof(b));
	return (struct pa_slice){block, sizeof(b)};
}

/* All interfaces twice: as they are, and with the dummy link type. */
static enum pa_status put_interfaces(struct feed *f, struct pa_slice blocks, struct pa_error *err)
{
	struct pa_buf dummies;
	uint32_t length;
	enum pa_status st;

	pa_buf_init(&dummies, blocks.len);
	if (pa_buf_put(&dummies, blocks.ptr, blocks.len) != PA_OK)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for interfaces");
	for (size_t at = 0; at < dummies.len; at += length) {
		length = pa_pcapng_u32(&f->order, dummies.ptr + at + 4);
		/* The link type shares its word with a reserved one. */
		memset(dummies.ptr + at + 8, 0, 4);
		dummies.ptr[at + (f->order.swapped ? 9 : 8)] = DUMMY_LINK;
	}
	st = put_all(f, blocks, err);
	if (st == PA_OK)
		st = put_all(f, pa_buf_slice(&dummies), err);
	pa_buf_done(&dummies);
	return st;
}

/* A section that does not say how long it is, and its interfaces, wherever they stand in the file:
 * it has the numbers behind theirs for us. */
static enum pa_status begin(struct feed *f, const struct pa_record *r, struct pa_error *err)
{
	static const struct {
		uint32_t type, length, order;
		uint16_t major, minor;
		int64_t section;
		uint32_t length_again;
	} __attribute__((packed)) section = {PA_PCAPNG_SECTION, 28, PA_PCAPNG_ORDER, 1, 0, -1, 28};
	uint8_t interface[32];
	enum pa_status st;

	if (f->plan->format == PA_PCAPFILE_PCAP) {
		st = put_all(f, (struct pa_slice){(const uint8_t *)&section, sizeof(section)}, err);
		return st == PA_OK ? put_interfaces(f, make_interface(f->plan, interface), err)
		                   : st;
	}
	pa_buf_reset(&f->packet);
	if (pa_buf_put(&f->packet, r->block.ptr, r->block.len) != PA_OK)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for a section");
	memset(f->packet.ptr + 16, 0xff, 8);
	st = put_all(f, pa_buf_slice(&f->packet), err);
	return st == PA_OK ? put_interfaces(f, pa_buf_slice(&f->plan->interfaces), err) : st;
}

/* Packets */

/* A packet block of interface 0 for a packet of a pcap file, but for its end when CUT. */
static enum pa_status from_pcap(struct feed *f, const struct pa_record *r, struct pa_error *err)
{
	const struct pa_pcapng *order = &f->plan->order;
	const uint8_t *b = r->block.ptr;
	const uint64_t units = f->plan->nanoseconds ? 1000000000 : 1000000;
	const uint64_t ticks = pa_pcapng_u32(order, b) * units + pa_pcapng_u32(order, b + 4);
	const uint32_t padded = (r->caplen + 3) & ~3u;
	const uint32_t length = HEADER_BYTES + padded + 4;
	const uint32_t head[] = {PA_PCAPNG_PACKET, length,    0,     (uint32_t)(ticks >> 32),
	                         (uint32_t)ticks,  r->caplen, r->len};
	static const uint8_t zeros[4];

	pa_buf_reset(&f->packet);
	if (pa_buf_put(&f->packet, head, sizeof(head)) != PA_OK ||
	    pa_buf_put(&f->packet, r->bytes.ptr, r->caplen) != PA_OK ||
	    pa_buf_put(&f->packet, zeros, padded - r->caplen) != PA_OK ||
	    pa_buf_put(&f->packet, &length, sizeof(length)) != PA_OK)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for a packet");
	return PA_OK;
}

/* A packet of N bytes at the time of the packet BLOCK of INTERFACE, of its dummy. */
static struct pa_slice make_dummy(struct feed *f, struct pa_slice block, uint32_t interface,
                                  uint32_t n, uint8_t dummy[MASK_BYTES])
{
	const uint32_t length = HEADER_BYTES + (n > 0 ? 4 : 0) + 4;

	memset(dummy, 0, MASK_BYTES);
	memcpy(dummy, block.ptr, 20);
	set_u32(f, dummy + 4, length);
	set_u32(f, dummy + 8, f->plan->n_interfaces + interface);
	set_u32(f, dummy + 20, n);
	set_u32(f, dummy + 24, n);
	set_u32(f, dummy + length - 4, length);
	return (struct pa_slice){dummy, length};
}

/* What stands for the packet R, that is BLOCK, in a worker that must not see it. */
static struct pa_slice make_mask(struct feed *f, const struct pa_record *r, struct pa_slice block,
                                 uint8_t mask[MASK_BYTES])
{
	/* The first one is what all times are relative to. */
	if (f->needs_times || r->frame == 1)
		return make_dummy(f, block, r->interface, 0, mask);
	set_u32(f, mask, CUSTOM_BLOCK);
	set_u32(f, mask + 4, CUSTOM_BYTES);
	set_u32(f, mask + 8, CUSTOM_NUMBER);
	set_u32(f, mask + 12, CUSTOM_BYTES);
	return (struct pa_slice){mask, CUSTOM_BYTES};
}

static enum pa_status put_packet(struct feed *f, const struct pa_record *r, struct pa_slice block,
                                 struct pa_error *err)
{
	struct pa_flow flow = pa_flow_of(r->link_type, r->bytes);
	const unsigned owner = pa_owners_take(&f->owners, flow.hash, r->caplen);
	uint8_t bytes[2][MASK_BYTES];
	const struct pa_slice mask = make_mask(f, r, block, bytes[0]);
	enum pa_status st = PA_OK;

	if (flow.shared)
		pa_announced_read(&f->announced, flow.said);
	else
		flow.shared = pa_announced_take(&f->announced, &flow);
	pa_merge_tell(f->merge, owner, flow.shared);
	for (unsigned i = 0; st == PA_OK && i < f->n_workers; i++) {
		if (i == owner || flow.shared) {
			st = put(f, i, block, err);
		} else if (f->pushed == (int)i) {
			pa_merge_push(f->merge, i);
			st = put(f, i, make_dummy(f, block, r->interface, 1, bytes[1]), err);
		} else {
			st = put(f, i, mask, err);
		}
	}
	return st;
}

/* The end */

/* What is behind a cut, so that every tshark says what it would say of the file. */
static enum pa_status put_rest(struct feed *f, struct pa_error *err)
{
	const uint32_t head[] = {PA_PCAPNG_PACKET, HEADER_BYTES + CUT_BYTES + 4, 0};
	struct pa_slice rest;
	enum pa_status st;

	f->ended = 1;
	while ((st = pa_pcapfile_rest(f->capture.file, &rest, err)) == PA_OK) {
		if (f->plan->format == PA_PCAPFILE_PCAP)
			rest = (struct pa_slice){(const uint8_t *)head, sizeof(head)};
		st = put_all(f, rest, err);
		if (st != PA_OK || f->plan->format == PA_PCAPFILE_PCAP)
			return st;
	}
	return st == PA_END ? PA_OK : st;
}

enum pa_status feed_open(struct feed *f, int fd, struct pa_error *err)
{
	pa_buf_init(&f->packet, PACKET_BYTES);
	pa_announced_init(&f->announced);
	pa_owners_init(&f->owners, f->n_workers);
	f->pushed = -1;
	f->ended = 0;
	f->order.swapped = f->plan->format == PA_PCAPFILE_PCAPNG && f->plan->order.swapped;
	return capture_open(fd, &f->capture, err);
}

void feed_close(struct feed *f)
{
	capture_close(&f->capture);
	pa_buf_done(&f->packet);
}

enum pa_status feed_next(struct feed *f, struct pa_error *err)
{
	struct pa_record r;
	enum pa_status st = pa_pcapfile_next(f->capture.file, &r, err);

	if (st == PA_END)
		return put_rest(f, err);
	if (st != PA_OK)
		return st;
	/* The file has grown or changed since it was looked through. */
	if (r.frame > f->plan->frames ||
	    (r.kind == PA_RECORD_PACKET && r.interface >= f->plan->n_interfaces))
		return pa_fail(err, PA_EVALUE, 0, "the capture changes while it is read");
	switch (r.kind) {
	case PA_RECORD_HEADER:
		return begin(f, &r, err);
	case PA_RECORD_INTERFACE:
		return PA_OK;
	case PA_RECORD_PACKET:
		if (f->plan->format == PA_PCAPFILE_PCAPNG)
			return put_packet(f, &r, r.block, err);
		st = from_pcap(f, &r, err);
		return st == PA_OK ? put_packet(f, &r, pa_buf_slice(&f->packet), err) : st;
	default:
		return put_all(f, r.block, err);
	}
}
