#include "pcapanalyzer/canary.h"

#include <stdio.h>
#include <string.h>

#define PACKETS 8
#define SHOWN   48 /* bytes of a cell in a message */

static const uint8_t capture[] = {
#include "builtin_canary.inc"
};

enum field {
	F_NUMBER,
	F_EPOCH,
	F_INTERFACE,
	F_COMMENT,
	F_PROTOCOLS,
	F_ETH,
	F_IP,
	F_DF,
	F_IPV6,
	F_FLAGS,
	F_PORT,
	F_SYSLOG,
	F_RESPONSE,
	F_TIME,
	F_NAME,
	F_A,
	F_TXT,
	F_URI,
	F_AGENT,
	F_LINE,
	F_XMT,
	F_REFTIME,
	F_DATA,
	F_COLUMN,
	F_MARKED,
	FIELDS
};

static const char *const fields[FIELDS] = {
    [F_NUMBER] = "frame.number",
    [F_EPOCH] = "frame.time_epoch",
    [F_INTERFACE] = "frame.interface_name",
    [F_COMMENT] = "frame.comment",
    [F_PROTOCOLS] = "frame.protocols",
    [F_ETH] = "eth.src",
    [F_IP] = "ip.src",
    [F_DF] = "ip.flags.df",
    [F_IPV6] = "ipv6.src",
    [F_FLAGS] = "tcp.flags",
    [F_PORT] = "udp.srcport",
    [F_SYSLOG] = "syslog.msg",
    [F_RESPONSE] = "dns.flags.response",
    [F_TIME] = "dns.time",
    [F_NAME] = "dns.qry.name",
    [F_A] = "dns.a",
    [F_TXT] = "dns.txt",
    [F_URI] = "http.request.uri",
    [F_AGENT] = "http.user_agent",
    [F_LINE] = "http.request.line",
    [F_XMT] = "ntp.xmt",
    [F_REFTIME] = "ntp.reftime",
    [F_DATA] = "data.data",
    [F_COLUMN] = "_ws.col.Protocol",
    [F_MARKED] = "frame.marked",
};

enum form {
	TEXT, /* escaped as the dialect does it */
	RAW,  /* so too, but bytes above 0x7f arrive as they are in 4.0, each as U+FFFD in 4.4 */
	BOOL, /* "0", "1": False and True in 4.4 */
};

enum speakers { IN_4_0 = 1 << PA_DIALECT_4_0, IN_4_4 = 1 << PA_DIALECT_4_4, IN_ALL = ~0 };

/* A cell that is not empty, by its values before a tshark escapes and joins them. Several of
 * these for one field of one packet: any of them is right. */
struct cell {
	uint8_t packet;
	uint8_t field; /* enum field */
	enum form form;
	int in; /* enum speakers */
	const char *values[6];
};

#define ALL(packet, field, ...)                                                                    \
	{                                                                                          \
		packet, field, TEXT, IN_ALL,                                                       \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

/* What every packet has. */
#define PACKET(n, fraction, mac, protocols, column)                                                \
	ALL(n, F_NUMBER, #n), ALL(n, F_EPOCH, "1735689600." fraction),                             \
	    {n, F_INTERFACE, RAW, IN_ALL, {"if\\0\t\"\xff\xe9\""}},                                \
	    {n, F_MARKED, BOOL, IN_ALL, {"0"}}, ALL(n, F_ETH, mac),                                \
	    ALL(n, F_PROTOCOLS, "eth:ethertype:" protocols), ALL(n, F_COLUMN, column)

#define OURS         "02:00:00:00:00:10"
#define THEIRS       "02:00:00:00:00:01"
#define NAME         "na\xc3\xafve.\xf0\x9f\x90\xa6.bad\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd(.x"
#define AGENT        "u\"'\\t\t\\\\ \xef\xbf\xbd\xef\xbf\xbd \x01\x02\b\v\f\x1b"
#define COMMENT      "one\xff\ttwo\\three"
#define LONG_COMMENT "line\nand line"

static const struct cell cells[] = {
    PACKET(1, "000000000", OURS, "ip:udp:syslog", "Syslog"),
    /* 4.4 prints a comment of two lines line by line, the first one twice, and then whole. */
    {1, F_COMMENT, RAW, IN_ALL, {COMMENT, LONG_COMMENT}},
    {1, F_COMMENT, RAW, IN_4_4, {COMMENT, "line", "line", "and line", LONG_COMMENT}},
    ALL(1, F_IP, "192.0.2.10"),
    {1, F_DF, BOOL, IN_ALL, {"1"}},
    ALL(1, F_PORT, "40001"),
    ALL(1, F_SYSLOG, "qdq\"sq'comma,bar|back\\slash\\t\\n\\r\\\\tab\tlf\ncr\rend"),

    PACKET(2, "012346679", OURS, "ip:udp:syslog", "Syslog"),
    ALL(2, F_IP, "192.0.2.10"),
    {2, F_DF, BOOL, IN_ALL, {"1"}},
    ALL(2, F_PORT, "40002"),
    ALL(2, F_SYSLOG,
        "c\x01\x02\x03\x04\x05\x06\a\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19"
        "\x1a\x1b\x1c\x1d\x1e\x1f\x7fz"),

    PACKET(3, "024693358", OURS, "ip:udp:syslog", "Syslog"),
    ALL(3, F_IP, "192.0.2.10"),
    {3, F_DF, BOOL, IN_ALL, {"1"}},
    ALL(3, F_PORT, "40003"),
    ALL(3, F_SYSLOG, "nul"),

    PACKET(4, "037040037", OURS, "ip:udp:dns", "DNS"),
    ALL(4, F_IP, "192.0.2.10"),
    {4, F_DF, BOOL, IN_ALL, {"1"}},
    ALL(4, F_PORT, "40004"),
    {4, F_RESPONSE, BOOL, IN_ALL, {"0"}},
    ALL(4, F_NAME, NAME),

    PACKET(5, "049386716", THEIRS, "ip:udp:dns", "DNS"),
    ALL(5, F_IP, "192.0.2.53"),
    {5, F_DF, BOOL, IN_ALL, {"1"}},
    ALL(5, F_PORT, "53"),
    {5, F_RESPONSE, BOOL, IN_ALL, {"1"}},
    ALL(5, F_TIME, "0.012346679"),
    ALL(5, F_NAME, NAME),
    ALL(5, F_A, "192.0.2.1", "192.0.2.2", "192.0.2.1"),
    ALL(5, F_TXT, "a\rb", "c,d", "", "\xef\xbf\xbd", "\x1e\x1f", "\\r\\"),

    PACKET(6, "061733395", OURS, "ip:tcp:http", "HTTP"),
    ALL(6, F_IP, "192.0.2.10"),
    {6, F_DF, BOOL, IN_ALL, {"1"}},
    ALL(6, F_FLAGS, "0x0018"),
    ALL(6, F_URI, "/a%20b?c='d'&e=\"f\""),
    ALL(6, F_AGENT, AGENT),
    ALL(6, F_LINE, "Host: h\r\n", "User-Agent: " AGENT "\r\n"),

    PACKET(7, "074080074", OURS, "ip:ip:udp:data", "UDP"),
    ALL(7, F_IP, "192.0.2.10", "10.0.0.1"),
    {7, F_DF, BOOL, IN_ALL, {"1", "0"}},
    ALL(7, F_PORT, "17001"),
    ALL(7, F_DATA, "696e6e6572"),

    PACKET(8, "086419746", OURS, "ipv6:udp:ntp", "NTP"),
    ALL(8, F_IPV6, "2001:db8::10"),
    ALL(8, F_PORT, "40006"),
    /* The second is how 4.6 writes it. */
    ALL(8, F_XMT, "Jan  1, 2024 00:00:00.500000000 UTC"),
    {8, F_XMT, TEXT, IN_4_4, {"2024-01-01T00:00:00.500000000Z"}},
    ALL(8, F_REFTIME, "NULL"),
};

#define N_CELLS      (sizeof(cells) / sizeof(cells[0]))
#define N_VALUES_MAX (sizeof(cells[0].values) / sizeof(cells[0].values[0]))

struct pa_slice pa_canary_capture(void)
{
	return (struct pa_slice){capture, sizeof(capture)};
}

enum pa_status pa_canary_args(uint8_t aggregator, struct pa_buf *out)
{
	enum pa_status st =
	    pa_buf_puts(out, "-n -T fields -E occurrence=a -E quote=n -E separator=/t "
	                     "-E aggregator=");

	if (st == PA_OK)
		st = pa_buf_putc(out, aggregator);
	for (unsigned i = 0; st == PA_OK && i < FIELDS; i++)
		st = pa_buf_printf(out, " -e %s", fields[i]);
	return st == PA_OK ? pa_buf_putc(out, '\n') : st;
}

static enum pa_status put_byte(uint8_t c, enum pa_dialect dialect, struct pa_buf *out)
{
	static const char control[] = "\b\f\n\r\t\\\a\v";
	static const char letters[] = "bfnrt\\av";
	const char *hit = c ? strchr(control, c) : NULL;
	enum pa_status st = PA_OK;

	if (!hit || (dialect == PA_DIALECT_4_0 && hit - control >= 5))
		return pa_buf_putc(out, c);
	st = pa_buf_putc(out, '\\');
	return st == PA_OK ? pa_buf_putc(out, (uint8_t)letters[hit - control]) : st;
}

static enum pa_status put_value(const struct cell *c, const char *value, enum pa_dialect dialect,
                                struct pa_buf *out)
{
	enum pa_status st = PA_OK;

	if (c->form == BOOL && dialect == PA_DIALECT_4_4)
		return pa_buf_puts(out, *value == '1' ? "True" : "False");
	for (; st == PA_OK && *value; value++) {
		if (c->form == RAW && dialect == PA_DIALECT_4_4 && (uint8_t)*value >= 0x80)
			st = pa_buf_puts(out, "\xef\xbf\xbd");
		else
			st = put_byte((uint8_t)*value, dialect, out);
	}
	return st;
}

/* As a tshark of DIALECT prints it. From 4.4 on it escapes the aggregator like any other byte. */
static enum pa_status put_cell(const struct cell *c, enum pa_dialect dialect, uint8_t aggregator,
                               struct pa_buf *out)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && i < N_VALUES_MAX && c->values[i]; i++) {
		if (i > 0)
			st = dialect == PA_DIALECT_4_0 ? pa_buf_putc(out, aggregator)
			                               : put_byte(aggregator, dialect, out);
		if (st == PA_OK)
			st = put_value(c, c->values[i], dialect, out);
	}
	return st;
}

/* Where an answer is not what a dialect prints. */
struct difference {
	unsigned packet, field;
	struct pa_slice got;
};

/* *same: 1 when GOT is right; else WANT holds what would have been. */
static enum pa_status compare(const struct difference *d, enum pa_dialect dialect,
                              uint8_t aggregator, struct pa_buf *want, int *same)
{
	enum pa_status st = PA_OK;

	*same = 0;
	pa_buf_reset(want);
	for (size_t i = 0; i < N_CELLS && st == PA_OK && !*same; i++) {
		const struct cell *c = &cells[i];

		if (c->packet != d->packet || c->field != d->field || !(c->in & (1 << dialect)))
			continue;
		pa_buf_reset(want);
		st = put_cell(c, dialect, aggregator, want);
		*same = st == PA_OK && d->got.ptr && d->got.len == want->len &&
		        memcmp(d->got.ptr, want->ptr, want->len) == 0;
	}
	if (want->len == 0)
		*same = d->got.len == 0;
	return st;
}

/* The cell before the next SEPARATOR, which is taken off *REST; without one: all of it. */
static struct pa_slice next(struct pa_slice *rest, uint8_t separator)
{
	const uint8_t *end = rest->len ? memchr(rest->ptr, separator, rest->len) : NULL;
	struct pa_slice cell = {rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len};

	if (end)
		*rest = (struct pa_slice){end + 1, rest->len - cell.len - 1};
	else
		*rest = (struct pa_slice){NULL, 0};
	return cell;
}

static size_t count(struct pa_slice s, uint8_t byte)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == byte;
	return n;
}

static enum pa_status check_shape(struct pa_slice answer, struct pa_error *err)
{
	const size_t rows = count(answer, '\n');

	if (answer.len == 0)
		return pa_fail(err, PA_EFORMAT, 0, "the answer to the canary is empty");
	if (answer.ptr[answer.len - 1] != '\n')
		return pa_fail(err, PA_EFORMAT, 0,
		               "the answer to the canary ends in the middle of a line");
	if (rows != PACKETS)
		return pa_fail(err, PA_EFORMAT, 0, "the canary has %d packets, its answer %zu %s",
		               PACKETS, rows, rows == 1 ? "line" : "lines");
	for (unsigned packet = 1; packet <= PACKETS; packet++) {
		const size_t columns = count(next(&answer, '\n'), '\t') + 1;

		if (columns != FIELDS)
			return pa_fail(err, PA_EFORMAT, 0,
			               "packet %u of the canary has %zu columns, not %d", packet,
			               columns, FIELDS);
	}
	return PA_OK;
}

/* The first cell that DIALECT would print in another way; *same: 1 when there is none. */
static enum pa_status find_difference(struct pa_slice answer, enum pa_dialect dialect,
                                      uint8_t aggregator, struct difference *d, struct pa_buf *want,
                                      int *same)
{
	enum pa_status st = PA_OK;

	*same = 1;
	for (d->packet = 1; d->packet <= PACKETS; d->packet++) {
		struct pa_slice row = next(&answer, '\n');

		for (d->field = 0; d->field < FIELDS; d->field++) {
			d->got = next(&row, '\t');
			st = compare(d, dialect, aggregator, want, same);
			if (st != PA_OK || !*same)
				return st;
		}
	}
	return st;
}

/* The piece of TEXT from byte FROM on, fit for a line of a message. */
static void show(struct pa_slice text, size_t from, char out[SHOWN + 8])
{
	size_t n = 0;

	if (from > 0)
		n = (size_t)(stpcpy(out, "...") - out);
	for (size_t i = from; i < text.len && i - from < SHOWN; i++)
		out[n++] = (char)(text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f ? text.ptr[i] : '?');
	if (text.len > from + SHOWN)
		n = (size_t)(stpcpy(out + n, "...") - out);
	out[n] = '\0';
}

static enum pa_status complain(const struct difference *d, enum pa_dialect dialect,
                               const struct pa_buf *wanted, struct pa_error *err)
{
	const struct pa_slice want = {wanted->ptr, wanted->len};
	char got_text[SHOWN + 8];
	char want_text[SHOWN + 8];
	char byte[8] = "none";
	size_t same = 0;
	size_t from;

	while (same < want.len && same < d->got.len && want.ptr[same] == d->got.ptr[same])
		same++;
	if (same < d->got.len)
		(void)snprintf(byte, sizeof(byte), "0x%02x", (unsigned)d->got.ptr[same]);
	from = same > SHOWN / 2 ? same - SHOWN / 2 : 0;
	show(d->got, from, got_text);
	show(want, from, want_text);
	return pa_fail(
	    err, PA_EFORMAT, 0,
	    "packet %u of the canary, field %s, byte %zu (%s): it prints \"%s\", tshark %s "
	    "prints \"%s\"",
	    d->packet, fields[d->field], same + 1, byte, got_text,
	    dialect == PA_DIALECT_4_0 ? "4.0" : "4.4", want_text);
}

enum pa_status pa_canary_learn(struct pa_slice answer, uint8_t aggregator, enum pa_dialect *out,
                               struct pa_error *err)
{
	static const enum pa_dialect dialects[] = {PA_DIALECT_4_4, PA_DIALECT_4_0};
	enum pa_dialect nearest = dialects[0];
	struct difference worst = {0};
	struct pa_buf want;
	enum pa_status st = check_shape(answer, err);
	int same = 0;

	pa_buf_init(&want, PA_CANARY_ANSWER_MAX);
	for (unsigned i = 0; st == PA_OK && !same && i < 2; i++) {
		struct difference d;

		st = find_difference(answer, dialects[i], aggregator, &d, &want, &same);
		if (same)
			*out = dialects[i];
		/* The dialect that explains more of the answer is the one to name. */
		if (d.packet * FIELDS + d.field > worst.packet * FIELDS + worst.field) {
			worst = d;
			nearest = dialects[i];
		}
	}
	if (st == PA_OK && !same) {
		st = compare(&worst, nearest, aggregator, &want, &same);
		if (st == PA_OK)
			st = complain(&worst, nearest, &want, err);
	} else if (st != PA_OK) {
		st = pa_fail(err, st, 0, "no memory to read the canary's answer");
	}
	pa_buf_done(&want);
	return st;
}
