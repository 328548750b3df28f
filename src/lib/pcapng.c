#include "pcapanalyzer/pcapng.h"

#include <stdlib.h>
#include <string.h>

#define NSEC 1000000000

/* Blocks that are no packets but frames to tshark: its systemd journal, custom, and event blocks
 * of Sysdig. */
static const uint32_t events[] = {9, 0xbad, 0x40000bad, 0x204, 0x216, 0x221};

#define OPT_IF_NAME     2
#define OPT_IF_TSRESOL  9
#define OPT_IF_TSOFFSET 14

void pa_pcapng_init(struct pa_pcapng *p)
{
	*p = (struct pa_pcapng){.interfaces = NULL};
}

void pa_pcapng_done(struct pa_pcapng *p)
{
	free(p->interfaces);
	pa_pcapng_init(p);
}

/* Numbers */

uint16_t pa_pcapng_u16(const struct pa_pcapng *p, const uint8_t *bytes)
{
	uint16_t v;

	memcpy(&v, bytes, sizeof(v));
	return p->swapped ? __builtin_bswap16(v) : v;
}

uint32_t pa_pcapng_u32(const struct pa_pcapng *p, const uint8_t *bytes)
{
	uint32_t v;

	memcpy(&v, bytes, sizeof(v));
	return p->swapped ? __builtin_bswap32(v) : v;
}

static uint64_t u64(const struct pa_pcapng *p, const uint8_t *bytes)
{
	uint64_t v;

	memcpy(&v, bytes, sizeof(v));
	return p->swapped ? __builtin_bswap64(v) : v;
}

/* A time: the high word first in either byte order. */
static uint64_t ticks(const struct pa_pcapng *p, const uint8_t *bytes)
{
	return (uint64_t)pa_pcapng_u32(p, bytes) << 32 | pa_pcapng_u32(p, bytes + 4);
}

void pa_pcapng_put_u32(const struct pa_pcapng *p, uint32_t v, uint8_t *bytes)
{
	if (p->swapped)
		v = __builtin_bswap32(v);
	memcpy(bytes, &v, sizeof(v));
}

static uint64_t power_of_10(unsigned n)
{
	uint64_t v = 1;

	while (n-- > 0)
		v *= 10;
	return v;
}

/* 0 when int64_t cannot hold it. */
static int to_ns(const struct pa_interface *i, uint64_t t, int64_t *out)
{
	unsigned n = i->tsresol & 0x7f;
	uint64_t sec = 0;
	uint64_t nsec = 0;
	int64_t whole;

	if (i->tsresol & 0x80) {
		uint64_t part = n < 64 ? t & (((uint64_t)1 << n) - 1) : t;

		sec = n < 64 ? t >> n : 0;
		/* 34 bits are finer than a nanosecond, and their product fits. */
		if (n > 34)
			part = n - 34 < 64 ? part >> (n - 34) : 0;
		nsec = part * NSEC >> (n > 34 ? 34 : n);
	} else if (n <= 9) {
		sec = t / power_of_10(n);
		nsec = t % power_of_10(n) * power_of_10(9 - n);
	} else {
		sec = n <= 19 ? t / power_of_10(n) : 0;
		t = n <= 19 ? t % power_of_10(n) : t;
		nsec = n - 9 <= 19 ? t / power_of_10(n - 9) : 0;
	}
	return sec <= INT64_MAX && !__builtin_add_overflow((int64_t)sec, i->tsoffset, &whole) &&
	       !__builtin_mul_overflow(whole, NSEC, &whole) &&
	       !__builtin_add_overflow(whole, (int64_t)nsec, out);
}

/* Blocks */

enum pa_status pa_pcapng_length(struct pa_pcapng *p, const uint8_t *head, size_t *length,
                                struct pa_error *err)
{
	struct pa_pcapng other = {.swapped = 0};
	uint32_t n;

	/* The type reads the same in both orders. */
	if (pa_pcapng_u32(p, head) == PA_PCAPNG_SECTION) {
		other.swapped = pa_pcapng_u32(&other, head + 8) != PA_PCAPNG_ORDER;
		if (pa_pcapng_u32(&other, head + 8) != PA_PCAPNG_ORDER)
			return pa_fail(err, PA_EROW, 0, "a section without a byte order");
		p->swapped = other.swapped;
	}
	n = pa_pcapng_u32(p, head + 4);
	if (n < PA_PCAPNG_FRAME_BYTES || n % 4 != 0 || n > PA_PCAPNG_BLOCK_MAX)
		return pa_fail(err, PA_EROW, 0, "a block cannot have %u bytes", (unsigned)n);
	*length = n;
	return PA_OK;
}

/* The options from REST on, one a call: 1 with *code and *value, 0 at their end, -1 for one that is
 * longer than what is left. */
static int next_option(const struct pa_pcapng *p, struct pa_slice *rest, uint16_t *code,
                       struct pa_slice *value)
{
	size_t padded;

	if (rest->len < 4)
		return 0;
	*code = pa_pcapng_u16(p, rest->ptr);
	*value = (struct pa_slice){rest->ptr + 4, pa_pcapng_u16(p, rest->ptr + 2)};
	if (*code == 0)
		return 0;
	padded = 4 + ((value->len + 3) & ~(size_t)3);
	if (padded > rest->len)
		return -1;
	rest->ptr += padded;
	rest->len -= padded;
	return 1;
}

static enum pa_status broken_options(struct pa_error *err)
{
	return pa_fail(err, PA_EROW, 0, "an option is longer than its block");
}

static enum pa_status add_interface(struct pa_pcapng *p, struct pa_interface **out,
                                    struct pa_error *err)
{
	if (p->n_interfaces == PA_INTERFACES_MAX)
		return pa_fail(err, PA_EROW, 0, "more than %u interfaces", PA_INTERFACES_MAX);
	if (p->n_interfaces == p->cap_interfaces) {
		size_t cap = p->cap_interfaces ? 2 * p->cap_interfaces : 4;
		struct pa_interface *grown = realloc(p->interfaces, cap * sizeof(*grown));

		if (!grown)
			return pa_fail(err, PA_ENOMEM, 0, "no memory for %zu interfaces", cap);
		p->interfaces = grown;
		p->cap_interfaces = cap;
	}
	*out = &p->interfaces[p->n_interfaces++];
	**out = (struct pa_interface){.tsresol = 6};
	return PA_OK;
}

static enum pa_status take_section(struct pa_pcapng *p, struct pa_slice body, struct pa_error *err)
{
	uint16_t major;

	if (body.len < 16)
		return pa_fail(err, PA_EROW, 0, "a section header that is too short");
	major = pa_pcapng_u16(p, body.ptr + 4);
	if (major != 1)
		return pa_fail(err, PA_EROW, 0, "a section of version %u", (unsigned)major);
	p->first_interface = p->n_interfaces;
	return PA_OK;
}

static enum pa_status take_interface(struct pa_pcapng *p, struct pa_slice body,
                                     struct pa_error *err)
{
	struct pa_interface *i = NULL;
	struct pa_slice value;
	uint16_t code;
	int more;
	enum pa_status st = body.len < 8
	                        ? pa_fail(err, PA_EROW, 0, "an interface that is too short")
	                        : add_interface(p, &i, err);

	if (st != PA_OK)
		return st;
	i->link_type = pa_pcapng_u16(p, body.ptr);
	i->snaplen = pa_pcapng_u32(p, body.ptr + 4);
	body = (struct pa_slice){body.ptr + 8, body.len - 8};
	while ((more = next_option(p, &body, &code, &value)) > 0) {
		if (code == OPT_IF_NAME) {
			size_t n = value.len < sizeof(i->name) ? value.len : sizeof(i->name) - 1;

			memcpy(i->name, value.ptr, n);
			i->name[n] = '\0';
		} else if (code == OPT_IF_TSRESOL && value.len == 1) {
			i->tsresol = value.ptr[0];
		} else if (code == OPT_IF_TSOFFSET && value.len == 8) {
			i->tsoffset = (int64_t)u64(p, value.ptr);
		}
	}
	return more < 0 ? broken_options(err) : PA_OK;
}

static enum pa_status find_interface(const struct pa_pcapng *p, uint32_t id, uint32_t *out,
                                     struct pa_error *err)
{
	if (id >= p->n_interfaces - p->first_interface)
		return pa_fail(err, PA_EROW, 0, "the section has no interface %u", (unsigned)id);
	*out = (uint32_t)p->first_interface + id;
	return PA_OK;
}

static enum pa_status take_statistics(struct pa_pcapng *p, struct pa_slice body,
                                      struct pa_error *err)
{
	struct pa_interface_stats s = {0};
	struct pa_slice value;
	uint32_t at = 0;
	uint16_t code;
	int more;
	enum pa_status st =
	    body.len < 12 ? pa_fail(err, PA_EROW, 0, "interface statistics that are too short")
	                  : find_interface(p, pa_pcapng_u32(p, body.ptr), &at, err);

	if (st != PA_OK)
		return st;
	body = (struct pa_slice){body.ptr + 12, body.len - 12};
	while ((more = next_option(p, &body, &code, &value)) > 0) {
		uint64_t *counters[] = {NULL,      NULL, NULL,      NULL,       &s.ifrecv,
		                        &s.ifdrop, NULL, &s.osdrop, &s.usrdeliv};
		int64_t *times[] = {NULL, NULL, &s.start_ns, &s.end_ns};

		if (value.len != 8 || code >= sizeof(counters) / sizeof(counters[0]))
			continue;
		if (counters[code])
			*counters[code] = u64(p, value.ptr);
		else if (code >= sizeof(times) / sizeof(times[0]) || !times[code] ||
		         !to_ns(&p->interfaces[at], ticks(p, value.ptr), times[code]))
			continue;
		s.has |= 1u << code;
	}
	if (more < 0)
		return broken_options(err);
	p->interfaces[at].stats = s;
	return PA_OK;
}

static enum pa_status too_short(struct pa_error *err)
{
	return pa_fail(err, PA_EROW, 0, "a packet that is longer than its block");
}

/* The enhanced packet block, and the obsolete one, whose interface shares its word with a count of
 * drops. */
static enum pa_status take_packet(struct pa_pcapng *p, struct pa_slice body, struct pa_record *out,
                                  struct pa_error *err)
{
	uint32_t id;
	enum pa_status st;

	if (body.len < PA_PCAPNG_PACKET_BYTES)
		return too_short(err);
	id =
	    out->type == PA_PCAPNG_PACKET ? pa_pcapng_u32(p, body.ptr) : pa_pcapng_u16(p, body.ptr);
	st = find_interface(p, id, &out->interface, err);
	if (st != PA_OK)
		return st;
	out->caplen = pa_pcapng_u32(p, body.ptr + 12);
	out->len = pa_pcapng_u32(p, body.ptr + 16);
	if (out->caplen > body.len - PA_PCAPNG_PACKET_BYTES)
		return too_short(err);
	out->bytes = (struct pa_slice){body.ptr + PA_PCAPNG_PACKET_BYTES, out->caplen};
	out->has_time =
	    to_ns(&p->interfaces[out->interface], ticks(p, body.ptr + 4), &out->time_ns);
	return PA_OK;
}

/* It has no length of its own: the snap length of interface 0 tells. */
static enum pa_status take_simple(struct pa_pcapng *p, struct pa_slice body, struct pa_record *out,
                                  struct pa_error *err)
{
	uint32_t snaplen;
	enum pa_status st =
	    body.len < 4 ? too_short(err) : find_interface(p, 0, &out->interface, err);

	if (st != PA_OK)
		return st;
	snaplen = p->interfaces[out->interface].snaplen;
	out->len = pa_pcapng_u32(p, body.ptr);
	out->caplen = snaplen && snaplen < out->len ? snaplen : out->len;
	if (out->caplen > body.len - 4)
		return too_short(err);
	out->bytes = (struct pa_slice){body.ptr + 4, out->caplen};
	return PA_OK;
}

enum pa_status pa_pcapng_take(struct pa_pcapng *p, struct pa_slice block, struct pa_record *out,
                              struct pa_error *err)
{
	struct pa_slice body = {block.ptr + 8, block.len - PA_PCAPNG_FRAME_BYTES};
	struct pa_record r = {
	    .kind = PA_RECORD_OTHER, .block = block, .type = pa_pcapng_u32(p, block.ptr)};
	enum pa_status st = PA_OK;

	if (pa_pcapng_u32(p, block.ptr + block.len - 4) != block.len)
		return pa_fail(err, PA_EROW, 0, "a block has two lengths");
	switch (r.type) {
	case PA_PCAPNG_SECTION:
		r.kind = PA_RECORD_HEADER;
		st = take_section(p, body, err);
		break;
	case PA_PCAPNG_INTERFACE:
		r.kind = PA_RECORD_INTERFACE;
		st = take_interface(p, body, err);
		break;
	case PA_PCAPNG_STATISTICS:
		r.kind = PA_RECORD_STATISTICS;
		st = take_statistics(p, body, err);
		break;
	case PA_PCAPNG_PACKET:
	case PA_PCAPNG_OLD_PACKET:
		r.kind = PA_RECORD_PACKET;
		st = take_packet(p, body, &r, err);
		break;
	case PA_PCAPNG_SIMPLE:
		r.kind = PA_RECORD_PACKET;
		st = take_simple(p, body, &r, err);
		break;
	default:
		for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
			if (r.type == events[i])
				r.kind = PA_RECORD_EVENT;
		break;
	}
	if (st != PA_OK)
		return st;
	if (r.kind == PA_RECORD_PACKET) {
		struct pa_interface *i = &p->interfaces[r.interface];

		r.link_type = i->link_type;
		i->packets++;
	}
	*out = r;
	return PA_OK;
}
