#include "pcapanalyzer/transform.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pcapanalyzer/community_id.h"
#include "pcapanalyzer/digits.h"
#include "pcapanalyzer/layers.h"
#include "pcapanalyzer/steps.h"

#define SCRATCH_BYTES_MAX (256u * 1024 * 1024)
#define SHAPES            256 /* as many as a byte can tell apart */
#define SHAPE_BYTES       120 /* of protocols; longer ones take turns in one place */
#define NO_CELL           UINT16_MAX
#define SEC_DIGITS        10 /* of the times from 2001 to 2286 */

/* The layers of packets with these protocols. */
struct shape {
	size_t len; /* of the protocols; 0: the place is free */
	uint8_t protocols[SHAPE_BYTES];
	struct pa_layers layers;
};

struct pa_transform {
	const struct pa_profile *p;
	struct pa_transform_config config;
	enum pa_dialect dialect;
	int seen_first;                  /* the first row, header or not, was looked at */
	unsigned first_table, end_table; /* those that are written */
	const struct pa_table *alone;    /* the only one, when there is one row of it at most */
	size_t n_cells;                  /* cells that a row must have */
	uint16_t *cell_of;               /* of each field; NO_CELL never stays after a header */
	uint16_t number_cell, time_cell, protocols_cell, guard_cell;
	struct pa_cells cells;
	struct pa_steps *steps;
	struct shape *shapes;           /* SHAPES of them */
	const struct pa_layers *layers; /* of the row */
	struct pa_buf scratch;          /* bytes and texts made for one value */
	struct pa_buf plain;            /* the text without escapes that clean_text() saw last */
	struct pa_time time;
	uint8_t sec[SEC_DIGITS]; /* of the last time that had as many, and its value */
	int64_t sec_value;
	uint64_t frame;
	unsigned cut;
	struct pa_outcome_info *info;
	const struct context *cx; /* for general_value() */
};

/* The row of a table that is being made. */
struct context {
	const struct pa_table *table;
	const struct pa_layer *layer; /* NULL: the packet has no address layer */
	const struct pa_source *each; /* the condition whose occurrence makes this row, or NULL */
	struct pa_slice value;        /* of that occurrence; may be empty */
	uint32_t index;
	unsigned cut_before; /* values of the packet that were cut before this row */
};

enum pa_dialect pa_transform_dialect(const struct pa_transform *t)
{
	return t->dialect;
}

/* Rejects */

__attribute__((format(printf, 4, 5))) static enum pa_status
reject(struct pa_transform *t, const char *column, unsigned field, const char *fmt, ...)
{
	va_list args;

	t->info->outcome = PA_ROW_REJECTED;
	t->info->column = column;
	t->info->cell = field < t->p->n_fields ? t->cell_of[field] + 1u : 0;
	va_start(args, fmt);
	vsnprintf(t->info->reason, sizeof(t->info->reason), fmt, args);
	va_end(args);
	for (char *c = t->info->reason; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
	return PA_EROW;
}

static enum pa_status reject_value(struct pa_transform *t, const struct pa_column *c,
                                   unsigned field, struct pa_slice value)
{
	return reject(t, c->name, field, "%s: \"%.*s\"%s is not a valid %s", c->name,
	              (int)(value.len > 60 ? 60 : value.len), (const char *)value.ptr,
	              value.len > 60 ? " (cut here)" : "", pa_type_name(c->type));
}

/* Cells and occurrences */

static struct pa_slice cell(const struct pa_transform *t, unsigned field)
{
	return pa_cell(&t->cells, t->cell_of[field]);
}

/* Take the next value off the front of *REST, which has no pointer behind the last one. */
static struct pa_slice take_piece(const struct pa_transform *t, unsigned field,
                                  struct pa_slice *rest)
{
	int several = !t->p->fields[field].single;
	const uint8_t *next =
	    several && rest->len ? memchr(rest->ptr, t->config.aggregator, rest->len) : NULL;
	struct pa_slice value = {rest->ptr, next ? (size_t)(next - rest->ptr) : rest->len};

	*rest = next ? (struct pa_slice){next + 1, rest->len - value.len - 1}
	             : (struct pa_slice){NULL, 0};
	return value;
}

/* The K-th value of a cell; 0 when there is none, or nothing in it. */
static int piece(const struct pa_transform *t, unsigned field, size_t k, struct pa_slice *out)
{
	struct pa_slice rest = cell(t, field);

	for (;; k--) {
		struct pa_slice value = take_piece(t, field, &rest);

		if (k == 0) {
			*out = value;
			return value.len > 0;
		}
		if (!rest.ptr)
			return 0;
	}
}

static size_t count_pieces(const struct pa_transform *t, unsigned field)
{
	struct pa_slice s = cell(t, field);
	size_t n = s.len > 0;

	for (size_t i = 0; !t->p->fields[field].single && i < s.len; i++)
		n += s.ptr[i] == t->config.aggregator;
	return n;
}

static int last_piece(const struct pa_transform *t, unsigned field, struct pa_slice *out)
{
	size_t n = count_pieces(t, field);

	return n > 0 && piece(t, field, n - 1, out);
}

/* The value of a field of the K-th header out of SEEN of its kind. With values from only some
 * of the headers nobody can tell whose they are: they are the packet's, and no layer's. */
static int header_piece(const struct pa_transform *t, const struct context *cx, unsigned field,
                        uint16_t k, struct pa_slice *out)
{
	const struct pa_field *f = &t->p->fields[field];
	uint16_t seen = t->layers->seen[f->header];
	size_t n;

	switch (t->config.occurrence) {
	case PA_OCCURRENCE_ALL:
		if (f->fixed || seen <= 1)
			return piece(t, field, k, out);
		n = count_pieces(t, field);
		if (n % seen == 0)
			return piece(t, field, k * (n / seen), out);
		return cx->table->rows != PA_ROWS_LAYERS && piece(t, field, 0, out);
	case PA_OCCURRENCE_FIRST:
		return k == 0 && piece(t, field, 0, out);
	case PA_OCCURRENCE_LAST:
		return k + 1 == seen && piece(t, field, 0, out);
	}
	return 0;
}

static int is_condition(const struct pa_transform *t, const struct pa_table *table, unsigned field)
{
	for (unsigned i = 0; i < table->n_conditions; i++)
		if (t->p->sources[table->first_condition + i].field == field)
			return 1;
	return 0;
}

/* The value that FIELD has in the row of CX. */
static int value_of(const struct pa_transform *t, const struct context *cx, unsigned field,
                    struct pa_slice *out)
{
	enum pa_header h = t->p->fields[field].header;

	if (cx->each && is_condition(t, cx->table, field)) {
		*out = cx->value;
		return cx->each->field == field && cx->value.len > 0;
	}
	if (h == PA_H_NONE)
		return piece(t, field, 0, out);
	if (!cx->layer)
		return 0;
	if (cx->layer->address == h)
		return header_piece(t, cx, field, cx->layer->address_index, out);
	if (cx->layer->transport == h)
		return header_piece(t, cx, field, cx->layer->transport_index, out);
	return 0;
}

/* The value of FIELD that column C takes. */
static int chosen_value(const struct pa_transform *t, const struct context *cx,
                        const struct pa_column *c, unsigned field, struct pa_slice *out)
{
	switch (c->which) {
	case PA_W_ROW:
		return value_of(t, cx, field, out);
	case PA_W_FIRST:
		return piece(t, field, 0, out);
	case PA_W_LAST:
		return last_piece(t, field, out);
	case PA_W_ALL:
		*out = cell(t, field);
		return out->len > 0;
	}
	return 0;
}

/* Values */

/* *out lives until the next call, or until scratch changes. */
static enum pa_status clean_text(struct pa_transform *t, struct pa_slice in, struct pa_slice *out)
{
	struct pa_slice plain;
	enum pa_status st;

	pa_buf_reset(&t->plain);
	st = pa_text_unescape(in, t->dialect, t->config.separator, &t->plain, &plain);
	return st == PA_OK ? pa_text_utf8(plain, &t->scratch, out) : st;
}

static enum pa_status to_uint(struct pa_slice in, uint64_t max, struct pa_value *v)
{
	v->kind = PA_V_UINT;
	return pa_convert_uint(in, max, &v->u);
}

static enum pa_status to_int(struct pa_slice in, int64_t max, struct pa_value *v)
{
	v->kind = PA_V_INT;
	return pa_convert_int(in, max, &v->i);
}

static enum pa_status to_text(struct pa_transform *t, const struct pa_column *c, struct pa_slice in,
                              struct pa_value *v)
{
	int cut = 0;
	enum pa_status st = clean_text(t, in, &v->text);

	v->kind = PA_V_TEXT;
	if (st == PA_OK)
		v->text = pa_text_cut(v->text, c->max, &cut);
	t->cut += (unsigned)cut;
	return st;
}

static enum pa_status to_bytes(struct pa_transform *t, const struct pa_column *c,
                               struct pa_slice in, struct pa_value *v)
{
	size_t start = t->scratch.len;
	enum pa_status st = pa_convert_bytes(in, &t->scratch);

	if (st != PA_OK)
		return st;
	v->kind = PA_V_BYTES;
	v->text = (struct pa_slice){t->scratch.ptr + start, t->scratch.len - start};
	if (c->max && v->text.len > c->max) {
		v->text.len = c->max;
		t->cut++;
	}
	return PA_OK;
}

/* DATETIME(6) cannot hold a tenth of a microsecond; a column of nanos beside it can. */
static int loses_nanos(const struct pa_transform *t, const struct context *cx,
                       const struct pa_column *c, struct pa_time time)
{
	const struct pa_column *all = &t->p->columns[cx->table->first_column];
	unsigned field = t->p->sources[c->first_source].field;

	for (unsigned i = 0; time.nsec % 1000 != 0 && i < cx->table->n_columns; i++)
		if (all[i].type == PA_T_NANOS && all[i].which == c->which &&
		    t->p->sources[all[i].first_source].field == field)
			return 0;
	return time.nsec % 1000 != 0;
}

static enum pa_status to_time(struct pa_transform *t, const struct context *cx,
                              const struct pa_column *c, struct pa_slice in, struct pa_value *v)
{
	struct pa_time time;
	int null = 0;
	enum pa_status st =
	    c->standard ? pa_convert_epoch(in, &time) : pa_convert_time(in, &time, &null);

	if (st != PA_OK || null)
		return st;
	if (c->type == PA_T_NANOS) {
		v->kind = PA_V_UINT;
		v->u = time.nsec % 1000;
		return PA_OK;
	}
	v->kind = PA_V_TIME;
	v->time = time;
	if (!c->standard && loses_nanos(t, cx, c, time))
		t->cut++;
	return PA_OK;
}

/* A number that goes to the server as it is printed, or one that SQL does not have. */
static enum pa_status to_number(struct pa_transform *t, const struct pa_column *c,
                                struct pa_slice in, struct pa_value *v)
{
	int null = 0;
	enum pa_status st = c->type == PA_T_DURATION ? pa_convert_duration(in, &null)
	                                             : pa_convert_double(in, &null);

	if (null) {
		t->cut++;
		return st;
	}
	v->kind = PA_V_NUMBER;
	v->text = in;
	return st;
}

static enum pa_status to_char(struct pa_transform *t, struct pa_slice in, struct pa_value *v)
{
	enum pa_status st = clean_text(t, in, &in);

	v->kind = PA_V_CHAR;
	return st == PA_OK ? pa_convert_char(in, &v->raw[0]) : st;
}

/* *v is PA_V_NULL, and stays so where SQL has no such value. */
static enum pa_status convert(struct pa_transform *t, const struct context *cx,
                              const struct pa_column *c, struct pa_slice in, struct pa_value *v)
{
	switch (c->type) {
	case PA_T_TIME:
	case PA_T_NANOS:
		return to_time(t, cx, c, in, v);
	case PA_T_UINT8:
		return to_uint(in, UINT8_MAX, v);
	case PA_T_UINT16:
		return to_uint(in, UINT16_MAX, v);
	case PA_T_UINT32:
		return to_uint(in, UINT32_MAX, v);
	case PA_T_UINT64:
		return to_uint(in, UINT64_MAX, v);
	case PA_T_INT8:
		return to_int(in, INT8_MAX, v);
	case PA_T_INT16:
		return to_int(in, INT16_MAX, v);
	case PA_T_INT32:
		return to_int(in, INT32_MAX, v);
	case PA_T_INT64:
		return to_int(in, INT64_MAX, v);
	case PA_T_DOUBLE:
	case PA_T_DURATION:
		return to_number(t, c, in, v);
	case PA_T_BOOL:
		v->kind = PA_V_UINT;
		return pa_convert_bool(in, &v->u);
	case PA_T_PRESENT:
		v->kind = PA_V_UINT;
		v->u = 1;
		return PA_OK;
	case PA_T_CHAR:
		return to_char(t, in, v);
	case PA_T_IP:
	case PA_T_MAC:
	case PA_T_EUI64:
	case PA_T_GUID:
		return pa_convert_address(in, c->type, v);
	case PA_T_BYTES:
		return to_bytes(t, c, in, v);
	case PA_T_TEXT:
		return to_text(t, c, in, v);
	case PA_T_JSON:
	case PA_T_SET:
	case PA_T_COMMUNITY_ID:
	case PA_T_COUNT:
		break;
	}
	return PA_EVALUE;
}

static enum pa_status put_json_string(struct pa_buf *out, struct pa_slice s)
{
	enum pa_status st = pa_buf_putc(out, '"');

	for (size_t i = 0; st == PA_OK && i < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (c == '"' || c == '\\')
			st = pa_buf_printf(out, "\\%c", c);
		else if (c < 0x20)
			st = pa_buf_printf(out, "\\u%04x", (unsigned)c);
		else
			st = pa_buf_putc(out, c);
	}
	return st == PA_OK ? pa_buf_putc(out, '"') : st;
}

/* Every occurrence of FIELD as a JSON array of strings. The array is built behind the clean
 * text of its elements, so it is moved to the front of them as it grows: a second buffer. */
static enum pa_status json_value(struct pa_transform *t, unsigned field, struct pa_value *v)
{
	struct pa_buf json;
	enum pa_status st;
	struct pa_slice rest = cell(t, field);
	size_t n = count_pieces(t, field);

	pa_buf_init(&json, SCRATCH_BYTES_MAX);
	st = pa_buf_putc(&json, '[');
	for (size_t k = 0; st == PA_OK && k < n; k++) {
		struct pa_slice text = take_piece(t, field, &rest);
		size_t mark = t->scratch.len;

		if (text.len > 0)
			st = clean_text(t, text, &text);
		if (st == PA_OK && k > 0)
			st = pa_buf_putc(&json, ',');
		if (st == PA_OK)
			st = put_json_string(&json, text);
		t->scratch.len = mark;
	}
	if (st == PA_OK)
		st = pa_buf_putc(&json, ']');
	if (st == PA_OK) {
		size_t start = t->scratch.len;

		st = pa_buf_put(&t->scratch, json.ptr, json.len);
		v->kind = PA_V_TEXT;
		v->text = (struct pa_slice){t->scratch.ptr + start, json.len};
	}
	pa_buf_done(&json);
	return st;
}

static enum pa_status set_value(struct pa_transform *t, const struct context *cx,
                                const struct pa_column *c, struct pa_value *v)
{
	size_t start = t->scratch.len;
	enum pa_status st = PA_OK;
	struct pa_slice ignored;

	for (unsigned i = 0; st == PA_OK && i < c->n_sources; i++) {
		unsigned field = t->p->sources[c->first_source + i].field;

		if (!chosen_value(t, cx, c, field, &ignored))
			continue;
		if (t->scratch.len > start)
			st = pa_buf_putc(&t->scratch, ',');
		if (st == PA_OK)
			st = pa_buf_puts(&t->scratch, pa_set_word(t->p->fields[field].name));
	}
	if (st == PA_OK && t->scratch.len > start) {
		v->kind = PA_V_TEXT;
		v->text = (struct pa_slice){t->scratch.ptr + start, t->scratch.len - start};
	}
	return st;
}

static int flow_number(const struct pa_transform *t, const struct context *cx,
                       enum pa_flow_field field, uint64_t *out)
{
	struct pa_slice s;

	return value_of(t, cx, t->p->f_flow[field], &s) &&
	       pa_convert_uint(s, UINT16_MAX, out) == PA_OK;
}

static int flow_address(const struct pa_transform *t, const struct context *cx,
                        enum pa_flow_field field, uint8_t out[16], uint8_t *n)
{
	struct pa_slice s;

	return value_of(t, cx, t->p->f_flow[field], &s) && pa_convert_ip(s, out, n) == PA_OK;
}

/* The protocol number of the layer's transport: of ARP there is none. */
static int flow_proto(const struct pa_transform *t, const struct context *cx, uint64_t *out)
{
	int v6 = cx->layer && cx->layer->address == PA_H_IPV6;

	if (!cx->layer || cx->layer->address == PA_H_ARP ||
	    !flow_number(t, cx, v6 ? PA_FLOW_IPV6_NXT : PA_FLOW_IP_PROTO, out) || *out > UINT8_MAX)
		return 0;
	if (v6)
		*out = pa_layer_ipv6_proto(cx->layer, *out);
	return 1;
}

/* A layer without both addresses, or without the ports its protocol has (a later fragment, a
 * short capture), has no Community ID. */
static int flow_of(const struct pa_transform *t, const struct context *cx,
                   struct pa_community_flow *flow)
{
	int v6 = cx->layer && cx->layer->address == PA_H_IPV6;
	uint64_t proto;
	enum pa_flow_field src_field, dst_field;
	uint64_t src;
	uint64_t dst;

	if (!cx->layer)
		return 0;
	memset(flow, 0, sizeof(*flow));
	if (!flow_address(t, cx, v6 ? PA_FLOW_IPV6_SRC : PA_FLOW_IP_SRC, flow->src,
	                  &flow->n_address) ||
	    !flow_address(t, cx, v6 ? PA_FLOW_IPV6_DST : PA_FLOW_IP_DST, flow->dst,
	                  &flow->n_address) ||
	    !flow_proto(t, cx, &proto))
		return 0;
	flow->proto = (uint8_t)proto;
	if (!pa_profile_ports(flow->proto, &src_field, &dst_field))
		return 1;
	if (!flow_number(t, cx, src_field, &src) || !flow_number(t, cx, dst_field, &dst))
		return 0;
	flow->has_ports = 1;
	flow->src_port = (uint16_t)src;
	flow->dst_port = (uint16_t)dst;
	return 1;
}

static enum pa_status community_value(struct pa_transform *t, const struct context *cx,
                                      struct pa_value *v)
{
	struct pa_community_flow flow;
	char text[PA_COMMUNITY_ID_TEXT];
	size_t start = t->scratch.len;
	enum pa_status st;

	if (!flow_of(t, cx, &flow))
		return PA_OK;
	pa_community_id(&flow, text);
	st = pa_buf_puts(&t->scratch, text);
	if (st != PA_OK)
		return st;
	v->kind = PA_V_TEXT;
	v->text = (struct pa_slice){t->scratch.ptr + start, t->scratch.len - start};
	return PA_OK;
}

static void own_value(const struct pa_transform *t, const struct context *cx,
                      enum pa_source_kind kind, struct pa_value *v)
{
	static const char *const kinds[PA_H_COUNT] = {
	    [PA_H_IP] = "ip", [PA_H_IPV6] = "ipv6", [PA_H_ARP] = "arp"};
	unsigned cut = t->cut - cx->cut_before;

	v->kind = PA_V_UINT;
	switch (kind) {
	case PA_S_CAPTURE:
		v->u = t->config.capture_id;
		return;
	case PA_S_INDEX:
		v->u = cx->index;
		return;
	case PA_S_CUT:
		v->u = cut < UINT8_MAX ? cut : UINT8_MAX;
		return;
	case PA_S_PROTO:
		v->kind = flow_proto(t, cx, &v->u) ? PA_V_UINT : PA_V_NULL;
		return;
	case PA_S_QUOTED:
		v->kind = cx->layer ? PA_V_UINT : PA_V_NULL;
		v->u = cx->layer ? (uint64_t)cx->layer->quoted : 0;
		return;
	case PA_S_KIND:
		v->kind = cx->layer ? PA_V_TEXT : PA_V_NULL;
		if (cx->layer)
			v->text = pa_slice_of(kinds[cx->layer->address]);
		return;
	case PA_S_FIELD:
	case PA_S_LAYER:
		v->kind = PA_V_NULL;
		return;
	}
}

static enum pa_status field_value(struct pa_transform *t, const struct context *cx,
                                  const struct pa_column *c, struct pa_value *v)
{
	for (unsigned i = 0; i < c->n_sources; i++) {
		unsigned field = t->p->sources[c->first_source + i].field;
		struct pa_slice in;
		enum pa_status st;

		if (!chosen_value(t, cx, c, field, &in))
			continue;
		st = c->type == PA_T_JSON ? json_value(t, field, v) : convert(t, cx, c, in, v);
		return st == PA_EVALUE ? reject_value(t, c, field, in) : st;
	}
	return c->standard ? reject(t, c->name, t->p->sources[c->first_source].field,
	                            "%s: the field is empty", c->name)
	                   : PA_OK;
}

static enum pa_status column_value(struct pa_transform *t, const struct context *cx,
                                   const struct pa_column *c, struct pa_value *v)
{
	enum pa_source_kind kind = t->p->sources[c->first_source].kind;

	v->kind = PA_V_NULL;
	if (c->type == PA_T_SET)
		return set_value(t, cx, c, v);
	if (c->type == PA_T_COMMUNITY_ID)
		return community_value(t, cx, v);
	if (kind != PA_S_FIELD) {
		own_value(t, cx, kind, v);
		return PA_OK;
	}
	return field_value(t, cx, c, v);
}

/* Rows */

static enum pa_status write_value(struct pa_transform *t, const struct context *cx,
                                  const struct pa_column *c, struct pa_buf *out)
{
	struct pa_value v;
	enum pa_status st;

	t->scratch.len = 0;
	st = column_value(t, cx, c, &v);
	return st == PA_OK ? pa_csv_value(out, t->config.style, &v) : st;
}

static enum pa_status general_value(void *ctx, const struct pa_column *c, struct pa_buf *out)
{
	struct pa_transform *t = ctx;

	return write_value(t, t->cx, c, out);
}

/* The one row of a packet; none when it fails. */
static enum pa_status write_only_row(struct pa_transform *t, struct context *cx,
                                     struct pa_output *out)
{
	const struct pa_steps_row row = {
	    .cells = &t->cells,
	    .layers = t->layers,
	    .dialect = t->dialect,
	    .time = t->time,
	    .cut = &t->cut,
	};
	enum pa_status st;

	cx->cut_before = t->cut;
	t->cx = cx;
	st = pa_steps_row(t->steps, (unsigned)(cx->table - t->p->tables), &row, &out->bytes);
	if (st == PA_OK)
		out->rows++;
	return st;
}

static enum pa_status write_row(struct pa_transform *t, struct context *cx, struct pa_output *out)
{
	const struct pa_column *columns = &t->p->columns[cx->table->first_column];
	enum pa_csv_style style = t->config.style;
	uint8_t separator = pa_csv_separator(style);
	enum pa_status st = PA_OK;
	int first = 1;

	cx->cut_before = t->cut;
	for (unsigned i = 0; st == PA_OK && i < cx->table->n_columns; i++) {
		if (!pa_steps_has(t->p, &columns[i], style))
			continue;
		if (!first)
			st = pa_buf_putc(&out->bytes, separator);
		if (st == PA_OK)
			st = write_value(t, cx, &columns[i], &out->bytes);
		first = 0;
	}
	if (st == PA_OK)
		st = pa_csv_end_row(&out->bytes, style);
	if (st == PA_OK)
		out->rows++;
	return st;
}

static enum pa_status write_each(struct pa_transform *t, struct context *cx, struct pa_output *out)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && i < cx->table->n_conditions; i++) {
		const struct pa_source *s = &t->p->sources[cx->table->first_condition + i];
		struct pa_slice rest = cell(t, s->field);
		int some = rest.len > 0;

		cx->each = s;
		/* Value by value: each search from the start would take a crafted packet's time
		 * by the square of their number. */
		while (st == PA_OK && some && rest.ptr) {
			cx->value = take_piece(t, s->field, &rest);
			st = write_row(t, cx, out);
			cx->index++;
		}
	}
	return st;
}

static int any_condition(const struct pa_transform *t, const struct pa_table *table)
{
	for (unsigned i = 0; i < table->n_conditions; i++)
		if (cell(t, t->p->sources[table->first_condition + i].field).len > 0)
			return 1;
	return 0;
}

/* The bytes from BEFORE on are the packet's. */
static enum pa_status add_run(const struct pa_transform *t, struct pa_output *out, size_t before)
{
	struct pa_run *run;

	if (out->runs.cap - out->runs.len < sizeof(*run)) {
		enum pa_status st = pa_buf_reserve(&out->runs, sizeof(*run));

		if (st != PA_OK)
			return st;
	}
	/* In place: a copy of what was written a moment ago waits for it. The buffer has nothing
	 * but runs, so they are aligned. */
	run = (void *)(out->runs.ptr + out->runs.len);
	run->ts = (uint64_t)t->time.sec * 1000000000u + t->time.nsec;
	run->offset = before;
	run->len = out->bytes.len - before;
	run->frame = (uint32_t)t->frame;
	run->reserved = 0;
	out->runs.len += sizeof(*run);
	return PA_OK;
}

static enum pa_status write_table(struct pa_transform *t, const struct pa_table *table,
                                  struct pa_output *out)
{
	struct context cx = {.table = table, .layer = t->layers->n ? &t->layers->layer[0] : NULL};
	enum pa_status st = PA_OK;

	switch (table->rows) {
	case PA_ROWS_PACKET:
		st = write_only_row(t, &cx, out);
		break;
	case PA_ROWS_WHEN:
		if (any_condition(t, table))
			st = write_only_row(t, &cx, out);
		break;
	case PA_ROWS_EACH:
		st = write_each(t, &cx, out);
		break;
	case PA_ROWS_LAYERS:
		for (unsigned i = 0; st == PA_OK && t->layers->n > 1 && i < t->layers->n; i++) {
			cx.layer = &t->layers->layer[i];
			cx.index = i;
			st = write_row(t, &cx, out);
		}
		break;
	}
	return st;
}

/* The marks that outputs are cut back to when a row turns out to be a reject. */
struct mark {
	size_t bytes, runs;
	uint64_t rows;
};

static void cut_back(struct pa_output *out, const struct mark *mark)
{
	out->bytes.len = mark->bytes;
	out->runs.len = mark->runs;
	out->rows = mark->rows;
}

/* All of them, or none when one of them fails. */
static __attribute__((noinline)) enum pa_status write_tables(struct pa_transform *t,
                                                             struct pa_output *outputs)
{
	struct mark marks[PA_PROFILE_TABLES_MAX];
	enum pa_status st = PA_OK;
	unsigned i = t->first_table;

	for (; st == PA_OK && i < t->end_table; i++) {
		const struct pa_output *out = &outputs[i];

		marks[i] = (struct mark){out->bytes.len, out->runs.len, out->rows};
		st = write_table(t, &t->p->tables[i], &outputs[i]);
		/* Nobody sorts the others. */
		if (st == PA_OK && t->config.style == PA_CSV_BATCH &&
		    out->bytes.len > marks[i].bytes)
			st = add_run(t, &outputs[i], marks[i].bytes);
	}
	while (st != PA_OK && i-- > t->first_table)
		cut_back(&outputs[i], &marks[i]);
	return st;
}

/* The first row */

/* From 4.4 on tshark writes the names of its columns in small letters, however asked. */
static int is_name(struct pa_slice text, const char *name)
{
	static const char column[] = "_ws.col.";
	size_t n = strlen(name);

	return pa_slice_is(text, name) ||
	       (text.len == n && strncmp(name, column, sizeof(column) - 1) == 0 &&
	        strncasecmp((const char *)text.ptr, name, n) == 0);
}

static int is_header(const struct pa_transform *t, struct pa_slice line)
{
	const uint8_t *end;
	struct pa_slice first;

	/* A packet starts with its number, maybe in quotes; a header never is quoted. */
	if (line.len == 0 || (line.ptr[0] >= '0' && line.ptr[0] <= '9') ||
	    line.ptr[0] == t->config.quote)
		return 0;
	end = memchr(line.ptr, t->config.separator, line.len);
	first = (struct pa_slice){line.ptr, end ? (size_t)(end - line.ptr) : line.len};
	for (unsigned i = 0; i < t->p->n_fields; i++)
		if (is_name(first, t->p->fields[i].name))
			return 1;
	return 0;
}

/* Those that are looked at in every row. */
static void find_cells(struct pa_transform *t)
{
	t->number_cell = t->cell_of[t->p->f_number];
	t->time_cell = t->cell_of[t->p->f_time];
	t->protocols_cell = t->cell_of[t->p->f_protocols];
	t->guard_cell = t->cell_of[t->p->f_guard];
}

/* tshark joins the names with the separator and never quotes them. */
static enum pa_status read_header(struct pa_transform *t, struct pa_slice line,
                                  struct pa_error *err)
{
	const uint8_t *p = line.ptr;
	size_t at = 0;

	for (unsigned i = 0; i < t->p->n_fields; i++)
		t->cell_of[i] = NO_CELL;
	for (size_t from = 0, i = 0; i <= line.len; i++) {
		if (i < line.len && p[i] != t->config.separator)
			continue;
		for (unsigned f = 0; f < t->p->n_fields; f++) {
			if (!is_name((struct pa_slice){p + from, i - from}, t->p->fields[f].name))
				continue;
			if (t->cell_of[f] != NO_CELL)
				return pa_fail(
				    err, PA_EPROFILE, 0,
				    "the header names %s twice: tshark leaves one of them "
				    "empty",
				    t->p->fields[f].name);
			t->cell_of[f] = (uint16_t)at;
		}
		from = i + 1;
		at++;
	}
	if (at > PA_PROFILE_FIELDS_MAX)
		return pa_fail(err, PA_EPROFILE, 0, "the header has more than %d names",
		               PA_PROFILE_FIELDS_MAX);
	for (unsigned f = 0; f < t->p->n_fields; f++)
		if (t->cell_of[f] == NO_CELL)
			return pa_fail(err, PA_EPROFILE, 0,
			               "the header has no %s, which profile %s needs: run tshark "
			               "with $(tshark2csv --tshark-args)",
			               t->p->fields[f].name, t->p->name);
	t->n_cells = at;
	find_cells(t);
	pa_steps_map(t->steps, t->cell_of);
	return PA_OK;
}

/* Guards, number and time */

/* The guard's word: which dialect it is of, or PA_DIALECT_AUTO when it is no boolean. */
static enum pa_dialect guard_dialect(struct pa_slice guard)
{
	switch (guard.len) {
	case 1:
		return guard.ptr[0] == '0' || guard.ptr[0] == '1' ? PA_DIALECT_4_0
		                                                  : PA_DIALECT_AUTO;
	case 4:
		return memcmp(guard.ptr, "True", 4) == 0 ? PA_DIALECT_4_4 : PA_DIALECT_AUTO;
	case 5:
		return memcmp(guard.ptr, "False", 5) == 0 ? PA_DIALECT_4_4 : PA_DIALECT_AUTO;
	default:
		return PA_DIALECT_AUTO;
	}
}

static int read_number(struct pa_slice in, uint64_t *out)
{
	if (in.len - 1 < 8 && in.ptr[0] > '0' && pa_digits_eight_only(in.ptr, in.len)) {
		*out = pa_digits_eight(in.ptr, in.len);
		return 1;
	}
	if (pa_digits_plain(in))
		*out = pa_digits_value(in);
	else if (pa_convert_uint(in, UINT32_MAX, out) != PA_OK)
		return 0;
	return *out > 0 && *out <= UINT32_MAX;
}

static enum pa_status check_guards(struct pa_transform *t)
{
	enum pa_dialect dialect = guard_dialect(pa_cell(&t->cells, t->guard_cell));
	const char *aside;

	if (!read_number(pa_cell(&t->cells, t->number_cell), &t->frame)) {
		t->frame = 0;
		return reject(t, NULL, t->p->f_number, "the first guard is no frame number");
	}
	t->info->frame = t->frame;
	if (dialect == PA_DIALECT_AUTO)
		return reject(t, NULL, t->p->f_guard, "the last guard, %s, is no boolean",
		              t->p->fields[t->p->f_guard].name);
	if (dialect != t->dialect)
		return reject(t, NULL, t->p->f_guard,
		              "the row is in tshark's dialect %s, not %s; see --dialect",
		              dialect == PA_DIALECT_4_4 ? "4.4" : "4.0",
		              dialect == PA_DIALECT_4_4 ? "4.0" : "4.4");
	aside = t->config.aside ? pa_aside_reason(t->config.aside, t->frame) : NULL;
	return aside ? reject(t, NULL, NO_CELL, "%s", aside) : PA_OK;
}

/* The second of a time that has SEC_DIGITS of them; many packets have that of the one before them.
 * 0: it is none. */
static inline int read_second(struct pa_transform *t, const uint8_t *p)
{
	if (memcmp(p, t->sec, SEC_DIGITS) == 0)
		return 1;
	if (!pa_digits_eight_only(p, 8) || !pa_digits_eight_only(p + 8, SEC_DIGITS - 8))
		return 0;
	memcpy(t->sec, p, SEC_DIGITS);
	t->sec_value =
	    (int64_t)(pa_digits_eight(p, 8) * 100 + pa_digits_eight(p + 8, SEC_DIGITS - 8));
	return 1;
}

/* Seconds and a whole fraction: how tshark prints the time of a sound packet. */
static inline enum pa_status read_time(struct pa_transform *t, struct pa_slice in)
{
	const uint8_t *fraction = in.ptr + SEC_DIGITS + 1;
	unsigned last;

	if (in.len != SEC_DIGITS + 10 || fraction[-1] != '.')
		return pa_convert_epoch(in, &t->time);
	last = (unsigned)fraction[8] - '0';
	if (last > 9 || !pa_digits_eight_only(fraction, 8) || !read_second(t, in.ptr))
		return pa_convert_epoch(in, &t->time);
	t->time.sec = t->sec_value;
	t->time.nsec = (uint32_t)pa_digits_eight(fraction, 8) * 10 + last;
	return PA_OK;
}

/* Most packets of a capture have one of a few dozen shapes, which differ at the end. */
static enum pa_status find_layers(struct pa_transform *t)
{
	struct pa_slice in = pa_cell(&t->cells, t->protocols_cell);
	uint64_t end[2] = {0, 0};
	uint64_t hash;
	struct shape *s;

	if (in.len >= sizeof(end))
		memcpy(end, in.ptr + in.len - sizeof(end), sizeof(end));
	hash = (end[0] ^ in.len) * UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ end[1] ^ hash >> 32) * UINT64_C(0xff51afd7ed558ccd);
	s = &t->shapes[in.len <= SHAPE_BYTES ? hash >> 56 : 0];
	t->layers = &s->layers;
	if (s->len == in.len && in.len > 0 && memcmp(s->protocols, in.ptr, in.len) == 0)
		return PA_OK;
	s->len = 0;
	if (in.len > 0 && in.len <= SHAPE_BYTES) {
		memcpy(s->protocols, in.ptr, in.len);
		s->len = in.len;
	}
	return pa_layers_walk(in, &s->layers);
}

static enum pa_status read_frame(struct pa_transform *t)
{
	struct pa_slice time = pa_cell(&t->cells, t->time_cell);
	enum pa_status st = check_guards(t);

	if (st != PA_OK)
		return st;
	if (read_time(t, time) != PA_OK)
		return reject(t, "ts", t->p->f_time, "ts: \"%.*s\" is not a valid time",
		              (int)(time.len > 60 ? 60 : time.len), (const char *)time.ptr);
	if (find_layers(t) != PA_OK)
		return reject(t, NULL, t->p->f_protocols, "more than %d address layers",
		              PA_LAYERS_MAX);
	return PA_OK;
}

/* The reason is long, and has nothing to say of most rows. */
static void info_init(struct pa_outcome_info *info)
{
	info->outcome = PA_ROW_CONVERTED;
	info->time = (struct pa_time){0};
	info->frame = 0;
	info->cut = 0;
	info->column = NULL;
	info->cell = 0;
	info->reason[0] = '\0';
}

static enum pa_status split(struct pa_transform *t, struct pa_rows *rows)
{
	int escaped =
	    t->dialect == PA_DIALECT_4_4 && t->config.separator != '\t' && !t->config.quote;
	enum pa_status st = pa_rows_split(rows, escaped, &t->cells);

	if (st == PA_EROW)
		return reject(t, NULL, UINT16_MAX, "the quoting is broken");
	if (st != PA_OK)
		return st;
	if (t->cells.n != t->n_cells)
		return reject(t, NULL, UINT16_MAX, "%zu columns instead of the %zu of profile %s",
		              t->cells.n, t->n_cells, t->p->name);
	return PA_OK;
}

/* The guard's word tells the dialect; where the guard is does depend on it when a value holds
 * a separator. */
static enum pa_status split_unknown(struct pa_transform *t, struct pa_rows *rows)
{
	enum pa_status st;

	t->dialect = PA_DIALECT_4_4;
	st = split(t, rows);
	if (st == PA_OK && guard_dialect(cell(t, t->p->f_guard)) == PA_DIALECT_4_4)
		return PA_OK;
	if (st != PA_OK && st != PA_EROW)
		return st;
	info_init(t->info);
	t->dialect = PA_DIALECT_4_0;
	return split(t, rows);
}

enum pa_status pa_transform_new(const struct pa_profile *p, const struct pa_transform_config *c,
                                struct pa_transform **out, struct pa_error *err)
{
	struct pa_transform *t = calloc(1, sizeof(*t));
	const struct pa_steps_config sc = {
	    .p = p,
	    .style = c->style,
	    .aggregator = c->aggregator,
	    .capture_id = c->capture_id,
	    .slow = c->slow,
	    .general = general_value,
	    .ctx = t,
	};

	if (t) {
		t->cell_of = calloc(p->n_fields, sizeof(*t->cell_of));
		t->shapes = calloc(SHAPES, sizeof(*t->shapes));
	}
	if (!t || !t->cell_of || !t->shapes || pa_steps_new(&sc, &t->steps) != PA_OK) {
		pa_transform_free(t);
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the conversion");
	}
	t->p = p;
	t->config = *c;
	t->dialect = c->dialect;
	t->first_table = c->only ? (unsigned)(c->only - p->tables) : 0;
	t->end_table = c->only ? t->first_table + 1 : p->n_tables;
	if (c->only && c->style != PA_CSV_BATCH &&
	    (c->only->rows == PA_ROWS_PACKET || c->only->rows == PA_ROWS_WHEN))
		t->alone = c->only;
	t->n_cells = p->n_fields;
	for (unsigned i = 0; i < p->n_fields; i++)
		t->cell_of[i] = (uint16_t)i;
	find_cells(t);
	pa_buf_init(&t->scratch, SCRATCH_BYTES_MAX);
	pa_buf_init(&t->plain, SCRATCH_BYTES_MAX);
	*out = t;
	return PA_OK;
}

void pa_transform_free(struct pa_transform *t)
{
	if (!t)
		return;
	pa_buf_done(&t->scratch);
	pa_buf_done(&t->plain);
	pa_steps_free(t->steps);
	free(t->shapes);
	free(t->cell_of);
	free(t);
}

enum pa_status pa_transform_row(struct pa_transform *t, struct pa_rows *rows,
                                const struct pa_row *row, struct pa_output *outputs,
                                struct pa_outcome_info *info, struct pa_error *err)
{
	int unknown = t->dialect == PA_DIALECT_AUTO;
	enum pa_status st = PA_OK;

	info_init(info);
	t->info = info;
	t->cut = 0;
	t->frame = 0;
	if (!t->seen_first && row->terminated && is_header(t, row->line)) {
		t->seen_first = 1;
		info->outcome = PA_ROW_HEADER;
		return read_header(t, row->line, err);
	}
	t->seen_first = 1;
	if (!row->terminated)
		st = reject(t, NULL, UINT16_MAX,
		            "the line has no end: tshark was stopped inside it");
	if (st == PA_OK)
		st = unknown ? split_unknown(t, rows) : split(t, rows);
	if (st == PA_OK)
		st = read_frame(t);
	/* Only a row with both guards in place may decide. */
	if (st != PA_OK && unknown)
		t->dialect = PA_DIALECT_AUTO;
	if (st == PA_OK)
		st = t->alone ? write_table(t, t->alone, &outputs[t->first_table])
		              : write_tables(t, outputs);
	if (st == PA_EROW)
		return PA_OK;
	if (st != PA_OK)
		return pa_fail(err, st, 0, "no room to convert row %llu",
		               (unsigned long long)row->number);
	info->time = t->time;
	info->cut = t->cut;
	return PA_OK;
}

enum pa_status pa_transform_columns(const struct pa_profile *p, const struct pa_table *t,
                                    enum pa_csv_style style, struct pa_buf *out)
{
	enum pa_status st = PA_OK;
	int first = 1;

	for (unsigned i = 0; st == PA_OK && i < t->n_columns; i++) {
		const struct pa_column *c = &p->columns[t->first_column + i];

		if (!pa_steps_has(p, c, style))
			continue;
		if (!first)
			st = pa_buf_putc(out, ',');
		if (st == PA_OK)
			st = pa_buf_puts(out, c->name);
		first = 0;
	}
	return st;
}
