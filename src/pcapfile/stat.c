/* pcapfile stat: what a capture holds, and how it ends. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/print.h"

#define TEXT_MAX   (64u * 1024 * 1024) /* 65536 interfaces fit */
#define LINK_TYPES 65536u

struct summary {
	uint64_t packets, events, bytes;
	int has_time;
	int64_t first_ns, last_ns;
	uint8_t link_types[LINK_TYPES / 8]; /* a bit each */
	const struct pa_interface *interfaces;
	size_t n_interfaces;
	enum pa_pcapfile_end end;
	uint64_t end_offset;
	const char *reason;
	char sha256[PA_SHA256_HEX + 1]; /* "" when it was not asked for */
};

static void count(struct summary *s, const struct pa_record *r)
{
	s->bytes += r->block.len;
	s->events += r->kind == PA_RECORD_EVENT;
	if (r->kind != PA_RECORD_PACKET)
		return;
	s->packets++;
	s->link_types[r->link_type / 8] |= (uint8_t)(1u << r->link_type % 8);
	if (!r->has_time)
		return;
	if (!s->has_time || r->time_ns < s->first_ns)
		s->first_ns = r->time_ns;
	if (!s->has_time || r->time_ns > s->last_ns)
		s->last_ns = r->time_ns;
	s->has_time = 1;
}

static enum pa_status read_all(struct pa_pcapfile *f, struct summary *s, struct pa_error *err)
{
	struct pa_record r;
	struct pa_slice rest;
	enum pa_status st;

	while ((st = pa_pcapfile_next(f, &r, err)) == PA_OK)
		count(s, &r);
	while (st == PA_END && (st = pa_pcapfile_rest(f, &rest, err)) == PA_OK) {
		s->bytes += rest.len;
		st = PA_END;
	}
	s->n_interfaces = pa_pcapfile_interfaces(f, &s->interfaces);
	s->end = pa_pcapfile_end(f, &s->end_offset, &s->reason);
	return st == PA_END ? PA_OK : st;
}

/* The answer, in either form: a name and its value, one after the other. */
struct answer {
	struct pa_buf text;
	enum format form;
	const char *prefix; /* of the names, text only; "" or "interface.N." */
	int first;          /* nothing stands in this object yet */
	enum pa_status st;
};

static void put(struct answer *a, const char *text)
{
	if (a->st == PA_OK)
		a->st = pa_buf_puts(&a->text, text);
}

static void begin_value(struct answer *a, const char *name)
{
	if (a->form == FORMAT_JSON) {
		put(a, a->first ? "\"" : ",\"");
		put(a, name);
		put(a, "\":");
	} else {
		put(a, a->prefix);
		put(a, name);
		put(a, "\t");
	}
	a->first = 0;
}

static void end_value(struct answer *a)
{
	if (a->form == FORMAT_TEXT)
		put(a, "\n");
}

/* Text from the file: it may hold any byte. */
static void put_text(struct answer *a, const char *name, const char *value)
{
	begin_value(a, name);
	if (a->form == FORMAT_JSON && a->st == PA_OK)
		a->st = pa_print_json_text(pa_slice_of(value), &a->text);
	for (const char *c = value; a->form == FORMAT_TEXT && a->st == PA_OK && *c; c++)
		a->st = pa_buf_putc(&a->text, (uint8_t)*c < 0x20 || *c == 0x7f ? '?' : (uint8_t)*c);
	end_value(a);
}

static void put_number(struct answer *a, const char *name, uint64_t value)
{
	begin_value(a, name);
	if (a->st == PA_OK)
		a->st = pa_buf_put_u64(&a->text, value);
	end_value(a);
}

/* Seconds with nine digits; -0.5 is half a second before 1970. In JSON it is text, because a
 * double cannot hold it. */
static void put_time(struct answer *a, const char *name, int64_t ns)
{
	const char *quote = a->form == FORMAT_JSON ? "\"" : "";
	uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;

	begin_value(a, name);
	if (a->st == PA_OK)
		a->st =
		    pa_buf_printf(&a->text, "%s%s%" PRIu64 ".%09" PRIu64 "%s", quote,
		                  ns < 0 ? "-" : "", size / 1000000000, size % 1000000000, quote);
	end_value(a);
}

static void put_link_types(struct answer *a, const struct summary *s)
{
	const char *comma = "";

	begin_value(a, "link_types");
	put(a, a->form == FORMAT_JSON ? "[" : "");
	for (unsigned i = 0; i < LINK_TYPES; i++) {
		if (!(s->link_types[i / 8] & 1u << i % 8))
			continue;
		put(a, comma);
		if (a->st == PA_OK)
			a->st = pa_buf_put_u64(&a->text, i);
		comma = ",";
	}
	put(a, a->form == FORMAT_JSON ? "]" : "");
	end_value(a);
}

static void put_statistics(struct answer *a, const struct pa_interface_stats *s)
{
	if (s->has & PA_ISB_IFRECV)
		put_number(a, "isb_ifrecv", s->ifrecv);
	if (s->has & PA_ISB_IFDROP)
		put_number(a, "isb_ifdrop", s->ifdrop);
	if (s->has & PA_ISB_OSDROP)
		put_number(a, "isb_osdrop", s->osdrop);
	if (s->has & PA_ISB_USRDELIV)
		put_number(a, "isb_usrdeliv", s->usrdeliv);
	if (s->has & PA_ISB_START)
		put_time(a, "isb_starttime", s->start_ns);
	if (s->has & PA_ISB_END)
		put_time(a, "isb_endtime", s->end_ns);
}

static void put_interfaces(struct answer *a, const struct summary *s)
{
	int json = a->form == FORMAT_JSON;
	char prefix[32];

	put(a, json ? ",\"interfaces\":[" : "");
	for (size_t i = 0; i < s->n_interfaces; i++) {
		snprintf(prefix, sizeof(prefix), "interface.%zu.", i);
		a->prefix = prefix;
		a->first = 1;
		if (json)
			put(a, i > 0 ? ",\n{" : "\n{");
		put_text(a, "name", s->interfaces[i].name);
		put_number(a, "link_type", s->interfaces[i].link_type);
		put_number(a, "packets", s->interfaces[i].packets);
		put_statistics(a, &s->interfaces[i].stats);
		put(a, json ? "}" : "");
	}
	put(a, json ? "]" : "");
	a->prefix = "";
}

static void put_summary(struct answer *a, const char *name, const struct pa_pcapfile *f,
                        const struct summary *s)
{
	static const char *const ends[] = {"complete", "truncated", "damaged"};

	a->first = 1;
	put(a, a->form == FORMAT_JSON ? "{" : "");
	put_text(a, "file", name);
	put_text(a, "format", pa_pcapfile_format(f) == PA_PCAPFILE_PCAP ? "pcap" : "pcapng");
	put_number(a, "packets", s->packets);
	put_number(a, "frames", s->packets + s->events);
	if (s->has_time) {
		put_time(a, "first", s->first_ns);
		put_time(a, "last", s->last_ns);
	}
	put_number(a, "bytes", s->bytes);
	if (*s->sha256)
		put_text(a, "sha256", s->sha256);
	put_link_types(a, s);
	put_text(a, "end", ends[s->end]);
	if (s->end != PA_PCAPFILE_COMPLETE)
		put_number(a, "end_offset", s->end_offset);
	if (s->end == PA_PCAPFILE_DAMAGED)
		put_text(a, "damage", s->reason);
	put_interfaces(a, s);
	put(a, a->form == FORMAT_JSON ? "}" : "");
}

static void finish_hash(struct pa_sha256 *hash, struct summary *s)
{
	uint8_t sum[PA_SHA256_BYTES];

	pa_sha256_final(hash, sum);
	pa_hex(sum, sizeof(sum), s->sha256);
}

static enum pa_status stat_file(struct answer *a, const struct options *o, const char *name,
                                int *whole, struct pa_error *err)
{
	struct summary *s = calloc(1, sizeof(*s));
	struct pa_sha256 *hash = NULL;
	struct input in;
	enum pa_status st = s ? PA_OK : pa_fail(err, PA_ENOMEM, 0, "no memory");

	if (st == PA_OK && o->sha256)
		st = pa_sha256_new(&hash, err);
	if (st == PA_OK)
		st = input_open(name, hash, &in, err);
	if (st == PA_OK) {
		st = read_all(in.file, s, err);
		if (st == PA_OK && hash)
			finish_hash(hash, s);
		if (st == PA_OK) {
			put_summary(a, name, in.file, s);
			*whole = *whole && s->end == PA_PCAPFILE_COMPLETE;
		}
		input_close(&in);
	}
	pa_sha256_free(hash);
	free(s);
	if (st == PA_OK && a->st != PA_OK)
		st = pa_fail(err, a->st, 0, "no memory for the answer");
	return st;
}

enum pa_status command_stat(const struct options *o, const char **place, struct pa_error *err)
{
	struct answer a = {.form = (enum format)o->format, .prefix = ""};
	enum pa_status st = PA_OK;
	int whole = 1;

	pa_buf_init(&a.text, TEXT_MAX);
	put(&a, a.form == FORMAT_JSON ? "[" : "");
	for (int i = 0; st == PA_OK && i < o->n_operands; i++) {
		*place = o->operands[i];
		if (i > 0)
			put(&a, a.form == FORMAT_JSON ? ",\n" : "\n");
		st = stat_file(&a, o, o->operands[i], &whole, err);
	}
	put(&a, a.form == FORMAT_JSON ? "]\n" : "");
	if (st == PA_OK) {
		*place = NULL;
		st = pa_io_write_all(STDOUT_FILENO, a.text.ptr, a.text.len, "standard output", err);
	}
	pa_buf_done(&a.text);
	return st == PA_OK && !whole ? PA_EDATA : st;
}
