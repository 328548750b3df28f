#include "pcapanalyzer/csv.h"

#include <arpa/inet.h>
#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/digest.h"

#define CELL_BYTES_MAX (256u * 1024 * 1024)

static enum pa_status escape(struct pa_buf *out, const uint8_t *p, size_t n, int double_quotes)
{
	enum pa_status st = pa_buf_reserve(out, 2 * n);
	uint8_t *to;

	if (st != PA_OK || n == 0)
		return st;
	to = out->ptr + out->len;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = p[i];

		if (c > '\\' || (c > '"' && c != '\\')) {
			*to++ = c;
			continue;
		}
		switch (c) {
		case '\0':
			*to++ = '\\';
			*to++ = '0';
			break;
		case '\t':
			*to++ = '\\';
			*to++ = 't';
			break;
		case '\n':
			*to++ = '\\';
			*to++ = 'n';
			break;
		case '\r':
			*to++ = '\\';
			*to++ = 'r';
			break;
		case '\\':
			*to++ = '\\';
			*to++ = '\\';
			break;
		case '"':
			if (double_quotes)
				*to++ = '"';
			*to++ = '"';
			break;
		default:
			*to++ = c;
		}
	}
	out->len = (size_t)(to - out->ptr);
	return PA_OK;
}

enum pa_status pa_csv_escape(struct pa_buf *out, const uint8_t *bytes, size_t n)
{
	return escape(out, bytes, n, 0);
}

static enum pa_status quote_rfc4180(struct pa_buf *out, const uint8_t *p, size_t n)
{
	enum pa_status st = pa_buf_reserve(out, 2 * n + 2);
	uint8_t *to;

	if (st != PA_OK)
		return st;
	to = out->ptr + out->len;
	*to++ = '"';
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"')
			*to++ = '"';
		*to++ = p[i];
	}
	*to++ = '"';
	out->len = (size_t)(to - out->ptr);
	return PA_OK;
}

static enum pa_status put_text(struct pa_buf *out, enum pa_csv_style style, const uint8_t *p,
                               size_t n)
{
	enum pa_status st;

	switch (style) {
	case PA_CSV_RFC4180:
		return quote_rfc4180(out, p, n);
	case PA_CSV_MYSQL:
		st = pa_buf_putc(out, '"');
		if (st == PA_OK)
			st = escape(out, p, n, 1);
		return st == PA_OK ? pa_buf_putc(out, '"') : st;
	case PA_CSV_TSV:
	case PA_CSV_BATCH:
		break;
	}
	return escape(out, p, n, 0);
}

static enum pa_status put_bytes(struct pa_buf *out, enum pa_csv_style style, const uint8_t *p,
                                size_t n)
{
	enum pa_status st;

	if (style == PA_CSV_BATCH)
		return escape(out, p, n, 0);
	st = pa_buf_reserve(out, 2 * n + 1);
	if (st == PA_OK) {
		pa_hex(p, n, (char *)out->ptr + out->len);
		out->len += 2 * n;
	}
	return st;
}

static enum pa_status put_ip(struct pa_buf *out, const uint8_t *raw, uint8_t n)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(n == 4 ? AF_INET : AF_INET6, raw, text, sizeof(text));
	return pa_buf_puts(out, text);
}

/* Hexadecimal pairs, with SEPARATOR in front of the bytes whose bits are set in PLACES. */
static enum pa_status put_pairs(struct pa_buf *out, const uint8_t *raw, size_t n, uint32_t places,
                                char separator)
{
	enum pa_status st = pa_buf_reserve(out, 3 * n + 1);
	char *to;

	if (st != PA_OK)
		return st;
	to = (char *)out->ptr + out->len;
	for (size_t i = 0; i < n; i++) {
		if (places >> i & 1)
			*to++ = separator;
		pa_hex(raw + i, 1, to);
		to += 2;
	}
	out->len = (size_t)(to - (char *)out->ptr);
	return PA_OK;
}

/* The byte as MySQL's character set latin1 has it, which is Windows-1252 where that has one. */
static enum pa_status put_char(struct pa_buf *out, enum pa_csv_style style, uint8_t byte)
{
	static const uint16_t windows[] = {
	    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};
	uint16_t c = byte >= 0x80 && byte < 0xa0 ? windows[byte - 0x80] : byte;
	uint8_t text[3];
	size_t n = 0;

	if (c < 0x80) {
		text[n++] = (uint8_t)c;
	} else if (c < 0x800) {
		text[n++] = (uint8_t)(0xc0 | c >> 6);
		text[n++] = (uint8_t)(0x80 | (c & 0x3f));
	} else {
		text[n++] = (uint8_t)(0xe0 | c >> 12);
		text[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		text[n++] = (uint8_t)(0x80 | (c & 0x3f));
	}
	return put_text(out, style, text, n);
}

static size_t raw_bytes(const struct pa_value *v)
{
	switch (v->kind) {
	case PA_V_IP:
		return v->n_raw;
	case PA_V_MAC:
		return 6;
	case PA_V_EUI64:
		return 8;
	case PA_V_GUID:
		return 16;
	default: /* PA_V_CHAR */
		return 1;
	}
}

static enum pa_status put_raw(struct pa_buf *out, enum pa_csv_style style, const struct pa_value *v)
{
	if (style == PA_CSV_BATCH)
		return escape(out, v->raw, raw_bytes(v), 0);
	switch (v->kind) {
	case PA_V_IP:
		return put_ip(out, v->raw, v->n_raw);
	case PA_V_MAC:
		return put_pairs(out, v->raw, 6, 0x3e, ':');
	case PA_V_EUI64:
		return put_pairs(out, v->raw, 8, 0xfe, ':');
	case PA_V_GUID:
		return put_pairs(out, v->raw, 16, 0x550, '-');
	default:
		return put_char(out, style, v->raw[0]);
	}
}

static enum pa_status put_int(struct pa_buf *out, int64_t v)
{
	enum pa_status st = v < 0 ? pa_buf_putc(out, '-') : PA_OK;

	return st == PA_OK ? pa_buf_put_u64(out, v < 0 ? ~(uint64_t)v + 1 : (uint64_t)v) : st;
}

enum pa_status pa_csv_value(struct pa_buf *out, enum pa_csv_style style, const struct pa_value *v)
{
	char time[27];

	switch (v->kind) {
	case PA_V_NULL:
		return style == PA_CSV_RFC4180 ? PA_OK : pa_buf_put(out, "\\N", 2);
	case PA_V_UINT:
		return pa_buf_put_u64(out, v->u);
	case PA_V_INT:
		return put_int(out, v->i);
	case PA_V_NUMBER:
		return pa_buf_put(out, v->text.ptr, v->text.len);
	case PA_V_TEXT:
		return put_text(out, style, v->text.ptr, v->text.len);
	case PA_V_BYTES:
		return put_bytes(out, style, v->text.ptr, v->text.len);
	case PA_V_TIME:
		pa_time_text(v->time, time);
		return pa_buf_put(out, time, 26);
	case PA_V_IP:
	case PA_V_MAC:
	case PA_V_EUI64:
	case PA_V_GUID:
	case PA_V_CHAR:
		return put_raw(out, style, v);
	}
	return PA_EVALUE;
}

uint8_t pa_csv_separator(enum pa_csv_style style)
{
	return style == PA_CSV_MYSQL || style == PA_CSV_RFC4180 ? ',' : '\t';
}

enum pa_status pa_csv_end_row(struct pa_buf *out, enum pa_csv_style style)
{
	return style == PA_CSV_RFC4180 ? pa_buf_put(out, "\r\n", 2) : pa_buf_putc(out, '\n');
}

/* Reading */

struct pa_csv_splitter {
	struct csv_parser parser;
	uint8_t separator, quote;
	struct pa_buf bytes;    /* the cells of one line, a NUL behind each, and slack */
	struct pa_slice *cells; /* the caller's; ptr holds offsets until the line is done */
	size_t room;
	size_t n;
	enum pa_status status;
};

/* libcsv trims what this calls a space; tshark's blanks are content. */
static int never(unsigned char c)
{
	(void)c;
	return 0;
}

static int is_lf(unsigned char c)
{
	return c == '\n';
}

static void on_cell(void *cell, size_t len, void *ctx)
{
	struct pa_csv_splitter *s = ctx;

	if (s->n < s->room)
		s->cells[s->n] = (struct pa_slice){NULL, len};
	s->n++;
	if (s->status == PA_OK)
		s->status = pa_buf_put(&s->bytes, cell, cell ? len : 0);
	if (s->status == PA_OK)
		s->status = pa_buf_putc(&s->bytes, '\0');
}

/* csv_init() puts every setting back, so a parser that met broken quoting needs them anew. */
static int set_up(struct pa_csv_splitter *s)
{
	if (csv_init(&s->parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return -1;
	csv_set_delim(&s->parser, s->separator);
	csv_set_quote(&s->parser, s->quote);
	csv_set_space_func(&s->parser, never);
	csv_set_term_func(&s->parser, is_lf);
	csv_set_blk_size(&s->parser, (size_t)64 * 1024);
	return 0;
}

enum pa_status pa_csv_splitter_new(uint8_t separator, uint8_t quote, struct pa_csv_splitter **out,
                                   struct pa_error *err)
{
	struct pa_csv_splitter *s = calloc(1, sizeof(*s));

	if (s) {
		s->separator = separator;
		s->quote = quote;
	}
	if (!s || set_up(s) != 0) {
		free(s);
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the CSV parser");
	}
	pa_buf_init(&s->bytes, CELL_BYTES_MAX);
	*out = s;
	return PA_OK;
}

void pa_csv_splitter_free(struct pa_csv_splitter *s)
{
	if (!s)
		return;
	csv_free(&s->parser);
	pa_buf_done(&s->bytes);
	free(s);
}

enum pa_status pa_csv_split(struct pa_csv_splitter *s, struct pa_slice line, struct pa_slice *cells,
                            size_t *n)
{
	const uint8_t *p;
	int broken;

	s->cells = cells;
	s->room = *n;
	s->n = 0;
	s->status = PA_OK;
	pa_buf_reset(&s->bytes);
	/* libcsv skips an empty line; for us it is one empty cell. */
	if (line.len == 0)
		on_cell(NULL, 0, s);
	broken = csv_parse(&s->parser, line.ptr, line.len, on_cell, NULL, s) != line.len;
	/* csv_fini() hands out the last cell, and leaves the parser ready for the next line. */
	broken |= csv_fini(&s->parser, on_cell, NULL, s) != 0;
	*n = s->n;
	if (broken) {
		csv_free(&s->parser);
		return set_up(s) == 0 ? PA_EROW : PA_ENOMEM;
	}
	if (s->status == PA_OK)
		s->status = pa_buf_reserve(&s->bytes, PA_CSV_SLACK);
	if (s->status != PA_OK)
		return s->status;
	p = s->bytes.ptr;
	for (size_t i = 0; i < s->n && i < s->room; i++) {
		cells[i].ptr = p;
		p += cells[i].len + 1;
	}
	return PA_OK;
}
