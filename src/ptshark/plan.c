#include "plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pcapanalyzer/flow.h"
#include "pcapanalyzer/io.h"

#define INTERFACES_BYTES (4u * 1024 * 1024)
#define PACKET_MAX       262144u /* longer ones are damage to Wireshark, for most link types */
#define PCAP_MICRO       0xa1b2c3d4u
#define PCAP_NANO        0xa1b23c4du

static enum pa_status read_capture(void *ctx, uint8_t *bytes, size_t n, size_t *got,
                                   struct pa_error *err)
{
	const struct capture *c = ctx;

	return pa_io_read(c->fd, bytes, n, got, "the capture", err);
}

enum pa_status capture_open(int fd, struct capture *out, struct pa_error *err)
{
	*out = (struct capture){.fd = fd};
	if (lseek(fd, 0, SEEK_SET) != 0)
		return pa_fail(err, PA_EIO, errno, "cannot read the capture again: %s",
		               strerror(errno));
	return pa_pcapfile_new(read_capture, out, &out->file, err);
}

void capture_close(struct capture *c)
{
	pa_pcapfile_free(c->file);
	c->file = NULL;
}

static void refuse(struct plan *p, const struct pa_record *r, const char *why)
{
	char frame[32] = "";

	if (p->reason[0] != '\0')
		return;
	if (r->frame != 0)
		(void)snprintf(frame, sizeof(frame), "frame %" PRIu64 " ", r->frame);
	/* What is too long for a line is cut. */
	(void)snprintf(p->reason, sizeof(p->reason), "%s%.*s", frame,
	               (int)(sizeof(p->reason) - sizeof(frame)), why);
}

static void take_header(struct plan *p, const struct pa_record *r)
{
	const uint8_t *b = r->block.ptr;
	uint32_t network;

	if (p->format == PA_PCAPFILE_PCAPNG) {
		p->order.swapped = pa_pcapng_u32(&p->order, b + 8) != PA_PCAPNG_ORDER;
		return;
	}
	p->nanoseconds = pa_pcapng_u32(&p->order, b) == PCAP_NANO;
	if (!p->nanoseconds && pa_pcapng_u32(&p->order, b) != PCAP_MICRO) {
		p->order.swapped = 1;
		p->nanoseconds = pa_pcapng_u32(&p->order, b) == PCAP_NANO;
	}
	p->n_interfaces = 1;
	p->snaplen = pa_pcapng_u32(&p->order, b + 16);
	network = pa_pcapng_u32(&p->order, b + 20);
	p->link_type = (uint16_t)network;
	if (network > UINT16_MAX)
		refuse(p, r, "its header tells of a frame check sequence");
}

static void take_packet(struct plan *p, const struct pa_record *r)
{
	const uint32_t whole = p->nanoseconds ? 1000000000 : 1000000;

	p->strange += !pa_flow_supports(r->link_type);
	if (r->type == PA_PCAPNG_OLD_PACKET || r->type == PA_PCAPNG_SIMPLE)
		refuse(p, r, "is in a block of an old or simple kind");
	else if (r->caplen > PACKET_MAX || r->caplen > r->len)
		refuse(p, r, "has a length that cannot be");
	else if (r->caplen == 0)
		refuse(p, r, "has no bytes");
	else if (p->format == PA_PCAPFILE_PCAP &&
	         pa_pcapng_u32(&p->order, r->block.ptr + 4) >= whole)
		refuse(p, r, "has a time that cannot be");
}

static enum pa_status take(struct plan *p, const struct pa_record *r, struct pa_error *err)
{
	if (r->frame != 0)
		p->frames = r->frame;
	switch (r->kind) {
	case PA_RECORD_HEADER:
		if (r->offset > 0)
			refuse(p, r, "it has several sections");
		else
			take_header(p, r);
		break;
	case PA_RECORD_INTERFACE:
		p->n_interfaces++;
		if (p->interfaces.len + r->block.len > INTERFACES_BYTES)
			refuse(p, r, "it has too many interfaces");
		else if (pa_buf_put(&p->interfaces, r->block.ptr, r->block.len) != PA_OK)
			return pa_fail(err, PA_ENOMEM, 0, "no memory for interfaces");
		break;
	case PA_RECORD_PACKET:
		take_packet(p, r);
		break;
	case PA_RECORD_EVENT:
		refuse(p, r, "is no packet");
		break;
	default:
		break;
	}
	return PA_OK;
}

enum pa_status plan_read(int fd, struct plan *out, struct pa_error *err)
{
	struct capture c;
	struct pa_error why = {0};
	struct pa_record r = {.frame = 0};
	const char *reason;
	uint64_t offset;
	enum pa_status st = capture_open(fd, &c, &why);

	*out = (struct plan){.frames = 0};
	pa_buf_init(&out->interfaces, INTERFACES_BYTES);
	if (st == PA_EVALUE) {
		refuse(out, &r, why.msg);
		return PA_OK;
	}
	if (st != PA_OK)
		return pa_fail(err, st, why.sys, "%s", why.msg);
	out->format = pa_pcapfile_format(c.file);
	while (out->reason[0] == '\0' && (st = pa_pcapfile_next(c.file, &r, err)) == PA_OK)
		if ((st = take(out, &r, err)) != PA_OK)
			break;
	if (st == PA_END && pa_pcapfile_end(c.file, &offset, &reason) == PA_PCAPFILE_DAMAGED) {
		r.frame = 0;
		refuse(out, &r, reason);
	}
	if (out->strange > out->frames / 2) {
		r.frame = 0;
		refuse(out, &r,
		       "most of its packets have a link type whose addresses are not known");
	}
	capture_close(&c);
	if (st != PA_OK && st != PA_END)
		plan_done(out);
	return st == PA_END ? PA_OK : st;
}

void plan_done(struct plan *p)
{
	pa_buf_done(&p->interfaces);
}
