#include "pcapanalyzer/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCES_MAX         8192
#define COLUMNS_MAX         4096
#define WORDS_MAX           256
#define CANONICAL_BYTES_MAX (16u * 1024 * 1024)
#define GUARD_PENDING       UINT16_MAX /* stands for frame.marked, which becomes the last field */
#define ROW_BYTES_MAX       65535 /* MySQL manual, "Limits on Table Column Count and Row Size" */
#define TABLE_NAME_MAX      62    /* its view v_NAME needs two of MySQL's 64 */
#define KEY_CHARS_MAX       768   /* InnoDB: 3072 bytes of utf8mb4 */

static const uint8_t builtin[] = {
#include "builtin_profile.inc"
};

static const char *const flow_fields[PA_FLOW_COUNT] = {
    [PA_FLOW_IP_SRC] = "ip.src",           [PA_FLOW_IP_DST] = "ip.dst",
    [PA_FLOW_IP_PROTO] = "ip.proto",       [PA_FLOW_IPV6_SRC] = "ipv6.src",
    [PA_FLOW_IPV6_DST] = "ipv6.dst",       [PA_FLOW_IPV6_NXT] = "ipv6.nxt",
    [PA_FLOW_TCP_SRC] = "tcp.srcport",     [PA_FLOW_TCP_DST] = "tcp.dstport",
    [PA_FLOW_UDP_SRC] = "udp.srcport",     [PA_FLOW_UDP_DST] = "udp.dstport",
    [PA_FLOW_SCTP_SRC] = "sctp.srcport",   [PA_FLOW_SCTP_DST] = "sctp.dstport",
    [PA_FLOW_ICMP_TYPE] = "icmp.type",     [PA_FLOW_ICMP_CODE] = "icmp.code",
    [PA_FLOW_ICMPV6_TYPE] = "icmpv6.type", [PA_FLOW_ICMPV6_CODE] = "icmpv6.code",
};

struct parser {
	struct pa_profile *p;
	const struct pa_fields *fields; /* NULL: not known */
	struct pa_table *table;
	unsigned line;
	unsigned row_bytes;
	struct pa_slice words[WORDS_MAX];
	unsigned n_words;
	struct pa_error *err;
};

/* Give the message that is there its line. */
static enum pa_status bad_here(struct parser *ps)
{
	if (ps->err && ps->err->row == 0)
		ps->err->row = ps->line;
	return PA_EPROFILE;
}

static enum pa_status bad(struct parser *ps, const char *fmt, const char *what, size_t len)
{
	pa_fail(ps->err, PA_EPROFILE, 0, fmt, (int)(len > 80 ? 80 : len), what);
	return bad_here(ps);
}

static enum pa_status bad_word(struct parser *ps, const char *fmt, struct pa_slice w)
{
	return bad(ps, fmt, (const char *)w.ptr, w.len);
}

int pa_identifier_ok(struct pa_slice name)
{
	if (name.len == 0 || name.len >= PA_NAME_MAX || name.ptr[0] < 'a' || name.ptr[0] > 'z')
		return 0;
	for (size_t i = 1; i < name.len; i++) {
		uint8_t c = name.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
			return 0;
	}
	return 1;
}

const char *pa_set_word(const char *field_name)
{
	const char *dot = strrchr(field_name, '.');

	return dot ? dot + 1 : field_name;
}

/* The columns of the packet list and what is said of the frame itself; comments come several
 * to a frame. */
static int is_single(struct pa_slice name)
{
	return (name.len > 8 && memcmp(name.ptr, "_ws.col.", 8) == 0) ||
	       (name.len > 6 && memcmp(name.ptr, "frame.", 6) == 0 &&
	        !pa_slice_is(name, "frame.comment"));
}

static enum pa_status add_field(struct parser *ps, struct pa_slice name, uint16_t *out)
{
	struct pa_profile *p = ps->p;

	if (ps->line && pa_slice_is(name, "frame.marked")) {
		*out = GUARD_PENDING;
		return PA_OK;
	}
	for (unsigned i = 0; i < p->n_fields; i++) {
		if (pa_slice_is(name, p->fields[i].name)) {
			*out = (uint16_t)i;
			return PA_OK;
		}
	}
	if (p->n_fields == PA_PROFILE_FIELDS_MAX)
		return bad_word(ps, "too many fields; \"%.*s\" is one more than 1024", name);
	p->fields[p->n_fields].name = strndup((const char *)name.ptr, name.len);
	if (!p->fields[p->n_fields].name)
		return pa_fail(ps->err, PA_ENOMEM, 0, "no memory for the profile");
	p->fields[p->n_fields].header = pa_header_of(name);
	p->fields[p->n_fields].fixed = pa_header_fixed(name);
	p->fields[p->n_fields].single = is_single(name);
	p->fields[p->n_fields].line = ps->line;
	*out = (uint16_t)p->n_fields++;
	return PA_OK;
}

/* tshark's names: letters, digits, dots, underscores and dashes; the first is no dash. A
 * protocol's has no dot. */
static int field_name_ok(struct pa_slice w)
{
	if (w.len < 2 || w.len > 200 || w.ptr[0] == '-' || w.ptr[0] == '.')
		return 0;
	for (size_t i = 0; i < w.len; i++) {
		uint8_t c = w.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '.' || c == '-'))
			return 0;
	}
	return w.ptr[w.len - 1] != '.';
}

/* "A/B/C" is one field under the names that different versions of tshark give it: the first
 * that this one knows, or the first when nobody knows. */
static enum pa_status choose_name(struct parser *ps, struct pa_slice word, struct pa_slice *out)
{
	struct pa_slice rest = word;
	int found = 0;

	for (;;) {
		const uint8_t *slash = memchr(rest.ptr, '/', rest.len);
		struct pa_slice name = {rest.ptr, slash ? (size_t)(slash - rest.ptr) : rest.len};
		struct pa_field_info info;

		if (!field_name_ok(name))
			return bad_word(ps, "\"%.*s\" is not a tshark field name", word);
		if (!found && (!ps->fields || pa_fields_find(ps->fields, name, &info))) {
			*out = name;
			found = 1;
		}
		if (!slash)
			break;
		rest.ptr += name.len + 1;
		rest.len -= name.len + 1;
	}
	return found ? PA_OK
	             : bad_word(ps,
	                        "this tshark has no field \"%.*s\"; 'pcapanalyzer fields WORD' "
	                        "searches those it has",
	                        word);
}

static enum pa_status add_source(struct parser *ps, struct pa_slice w)
{
	static const struct {
		const char *name;
		enum pa_source_kind kind;
	} own[] = {
	    {"@capture", PA_S_CAPTURE}, {"@index", PA_S_INDEX}, {"@kind", PA_S_KIND},
	    {"@quoted", PA_S_QUOTED},   {"@layer", PA_S_LAYER}, {"@proto", PA_S_PROTO},
	};
	struct pa_profile *p = ps->p;
	struct pa_source s = {PA_S_FIELD, 0};
	enum pa_status st = PA_OK;
	size_t i = 0;

	if (p->n_sources == SOURCES_MAX)
		return bad_word(ps, "too many sources; \"%.*s\" is one more than 8192", w);
	if (w.ptr[0] == '@') {
		while (i < sizeof(own) / sizeof(own[0]) && !pa_slice_is(w, own[i].name))
			i++;
		if (i == sizeof(own) / sizeof(own[0]))
			return bad_word(ps,
			                "\"%.*s\" is not one of @capture, @index, @kind, @quoted, "
			                "@proto, @layer",
			                w);
		s.kind = own[i].kind;
	} else {
		struct pa_slice name = w;

		st = choose_name(ps, w, &name);
		if (st == PA_OK)
			st = add_field(ps, name, &s.field);
	}
	if (st == PA_OK)
		p->sources[p->n_sources++] = s;
	return st;
}

/* "A | B | C" from word FROM to the end of the line. */
static enum pa_status add_sources(struct parser *ps, unsigned from, uint16_t *first, uint16_t *n)
{
	enum pa_status st = PA_OK;

	*first = (uint16_t)ps->p->n_sources;
	for (unsigned i = from; st == PA_OK && i < ps->n_words; i++) {
		int bar = pa_slice_is(ps->words[i], "|");

		if (bar != (int)((i - from) & 1) || (bar && i + 1 == ps->n_words))
			return bad_word(ps, "\"%.*s\" stands where FIELD | FIELD is wanted",
			                ps->words[i]);
		if (!bar)
			st = add_source(ps, ps->words[i]);
	}
	*n = (uint16_t)(ps->p->n_sources - *first);
	return st;
}

static struct pa_column *find_column(const struct pa_profile *p, const struct pa_table *t,
                                     struct pa_slice name)
{
	for (unsigned i = 0; i < t->n_columns; i++)
		if (pa_slice_is(name, p->columns[t->first_column + i].name))
			return &p->columns[t->first_column + i];
	return NULL;
}

static enum pa_status new_column(struct parser *ps, struct pa_slice name, struct pa_column **out)
{
	struct pa_profile *p = ps->p;
	struct pa_column *c = NULL;

	if (p->n_columns == COLUMNS_MAX || ps->table->n_columns == PA_TABLE_COLUMNS_MAX)
		return bad_word(ps, "too many columns; \"%.*s\" is one more than allowed", name);
	c = &p->columns[p->n_columns];
	memset(c, 0, sizeof(*c));
	memcpy(c->name, name.ptr, name.len);
	c->line = ps->line;
	*out = c;
	return PA_OK;
}

static void keep_column(struct parser *ps)
{
	ps->p->n_columns++;
	ps->table->n_columns++;
}

static enum pa_status add_standard(struct parser *ps, const char *name, enum pa_type type,
                                   struct pa_source source)
{
	struct pa_column *c = NULL;
	enum pa_status st = new_column(ps, pa_slice_of(name), &c);

	if (st != PA_OK)
		return st;
	if (ps->p->n_sources == SOURCES_MAX)
		return bad(ps, "too many sources in table \"%.*s\"", ps->table->name,
		           strlen(ps->table->name));
	c->type = type;
	c->standard = 1;
	c->line = 0;
	c->first_source = (uint16_t)ps->p->n_sources;
	c->n_sources = 1;
	ps->p->sources[ps->p->n_sources++] = source;
	keep_column(ps);
	return PA_OK;
}

static enum pa_status add_standards(struct parser *ps)
{
	const struct pa_source time = {PA_S_FIELD, (uint16_t)ps->p->f_time};
	const struct pa_source number = {PA_S_FIELD, (uint16_t)ps->p->f_number};
	const struct pa_source capture = {PA_S_CAPTURE, 0};
	const struct pa_source index = {PA_S_INDEX, 0};
	enum pa_status st = add_standard(ps, "ts", PA_T_TIME, time);

	if (st == PA_OK)
		st = add_standard(ps, "ts_ns", PA_T_NANOS, time);
	if (st == PA_OK)
		st = add_standard(ps, "capture_id", PA_T_UINT32, capture);
	if (st == PA_OK)
		st = add_standard(ps, "frame", PA_T_UINT32, number);
	if (st == PA_OK && (ps->table->rows == PA_ROWS_EACH || ps->table->rows == PA_ROWS_LAYERS))
		st = add_standard(ps, "idx", PA_T_UINT32, index);
	return st;
}

/* Can a value of the field be more than the column holds? */
static int may_cut(const struct pa_profile *p, const struct pa_column *c)
{
	return !c->standard && p->sources[c->first_source].kind == PA_S_FIELD &&
	       (c->max > 0 || c->type == PA_T_DOUBLE || c->type == PA_T_DURATION ||
	        c->type == PA_T_TIME);
}

static enum pa_status add_cut(struct parser *ps)
{
	const struct pa_source cut = {PA_S_CUT, 0};
	const struct pa_table *t = ps->table;

	for (unsigned i = 0; i < t->n_columns; i++)
		if (may_cut(ps->p, &ps->p->columns[t->first_column + i]))
			return add_standard(ps, "cut", PA_T_UINT8, cut);
	return PA_OK;
}

/* MySQL refuses rows whose columns could need more; better here, with the table's line. */
static enum pa_status end_table(struct parser *ps)
{
	if (!ps->table)
		return PA_OK;
	ps->line = ps->table->line;
	if (find_column(ps->p, ps->table, pa_slice_of("idx")) == NULL ? ps->table->n_columns <= 4
	                                                              : ps->table->n_columns <= 5)
		return bad(ps, "table \"%.*s\" has no columns", ps->table->name,
		           strlen(ps->table->name));
	if (ps->row_bytes > ROW_BYTES_MAX)
		return bad(
		    ps,
		    "a row of table \"%.*s\" could need more than 65535 bytes: leave the (N) "
		    "of text(N) and bytes(N) out, or make it smaller",
		    ps->table->name, strlen(ps->table->name));
	return add_cut(ps);
}

static enum pa_status begin_table(struct parser *ps)
{
	/* Tables of the ledger, and tables whose view v_NAME one of sql/views is. */
	static const char *const taken[] = {
	    "sensors",        "captures",      "batches",     "rejects",       "coverage",
	    "schema_version", "conversations", "dns_lookups", "http_requests",
	};
	struct pa_profile *p = ps->p;
	struct pa_slice name = ps->words[0];
	unsigned line = ps->line;
	enum pa_status st = end_table(ps);

	if (st != PA_OK)
		return st;
	ps->line = line;
	ps->row_bytes = 40;
	if (name.ptr[name.len - 1] != ']')
		return bad_word(ps, "\"%.*s\" does not end with ]", name);
	name.ptr++;
	name.len -= 2;
	if (!pa_identifier_ok(name) || name.len > TABLE_NAME_MAX ||
	    (name.len >= 2 && memcmp(name.ptr, "v_", 2) == 0))
		return bad_word(
		    ps,
		    "\"%.*s\" is not a table name: a-z, 0-9 and _, a letter first, not v_, "
		    "at most 62 bytes",
		    name);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (pa_slice_is(name, taken[i]))
			return bad_word(ps, "table name \"%.*s\" is taken by PCAPAnalyzer itself",
			                name);
	for (unsigned i = 0; i < p->n_tables; i++)
		if (pa_slice_is(name, p->tables[i].name))
			return bad_word(ps, "table \"%.*s\" is there already", name);
	if (p->n_tables == PA_PROFILE_TABLES_MAX)
		return bad_word(ps, "too many tables; \"%.*s\" is one more than 64", name);
	ps->table = &p->tables[p->n_tables++];
	memcpy(ps->table->name, name.ptr, name.len);
	ps->table->line = ps->line;
	ps->table->rows = PA_ROWS_PACKET;
	if (ps->n_words > 1) {
		int when = pa_slice_is(ps->words[1], "when");

		if (!when && !pa_slice_is(ps->words[1], "each"))
			return bad_word(ps, "\"%.*s\" is neither \"when\" nor \"each\"",
			                ps->words[1]);
		if (ps->n_words == 2)
			return bad_word(ps, "\"%.*s\" needs a field", ps->words[1]);
		ps->table->rows = when ? PA_ROWS_WHEN : PA_ROWS_EACH;
		if (!when && ps->n_words == 3 && pa_slice_is(ps->words[2], "@layer")) {
			ps->table->rows = PA_ROWS_LAYERS;
		} else {
			st = add_sources(ps, 2, &ps->table->first_condition,
			                 &ps->table->n_conditions);
			for (unsigned i = 0; st == PA_OK && i < ps->table->n_conditions; i++)
				if (p->sources[ps->table->first_condition + i].kind != PA_S_FIELD)
					st = bad_word(ps, "\"%.*s\" takes tshark fields only",
					              ps->words[1]);
		}
	}
	ps->table->first_column = (uint16_t)p->n_columns;
	return st == PA_OK ? add_standards(ps) : st;
}

static enum pa_status parse_count(struct parser *ps, struct pa_slice digits, uint32_t max,
                                  uint32_t *out)
{
	uint32_t v = 0;

	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9' || v > max)
			return bad_word(ps, "(%.*s) is not a length this type can have", digits);
		v = v * 10 + (uint32_t)(digits.ptr[i] - '0');
	}
	if (v == 0 || v > max)
		return bad_word(ps, "(%.*s) is not a length this type can have", digits);
	*out = v;
	return PA_OK;
}

/* "word(12)" into word and 12; no brackets leaves *n alone. */
static enum pa_status split_count(struct parser *ps, struct pa_slice *word, uint32_t max,
                                  uint32_t *n)
{
	const uint8_t *open = memchr(word->ptr, '(', word->len);
	struct pa_slice digits;

	if (!open)
		return PA_OK;
	if (word->ptr[word->len - 1] != ')')
		return bad_word(ps, "\"%.*s\" does not end with )", *word);
	digits.ptr = open + 1;
	digits.len = (size_t)(word->ptr + word->len - 1 - digits.ptr);
	word->len = (size_t)(open - word->ptr);
	return parse_count(ps, digits, max, n);
}

static enum pa_status parse_type(struct parser *ps, struct pa_slice word, struct pa_column *c)
{
	struct pa_slice name = word;
	enum pa_status st = split_count(ps, &name, 65535, &c->max);

	if (st != PA_OK)
		return st;
	if (!pa_type_find(name, &c->type))
		return bad_word(ps, "\"%.*s\" is not a type; profile(5) lists them", word);
	if (c->max && c->type != PA_T_TEXT && c->type != PA_T_BYTES)
		return bad_word(ps, "type \"%.*s\" takes no length", name);
	if (c->type == PA_T_TEXT && c->max > 16383)
		return bad_word(ps, "\"%.*s\" is above 16383 characters: leave (N) out", word);
	return PA_OK;
}

static int parse_which(struct pa_slice word, enum pa_which *out)
{
	if (pa_slice_is(word, "first"))
		*out = PA_W_FIRST;
	else if (pa_slice_is(word, "last"))
		*out = PA_W_LAST;
	else if (pa_slice_is(word, "all"))
		*out = PA_W_ALL;
	else
		return 0;
	return 1;
}

static const char *word_of(const struct pa_profile *p, const struct pa_source *s)
{
	return s->field == GUARD_PENDING ? "marked" : pa_set_word(p->fields[s->field].name);
}

/* A SET has each of its words once. */
static enum pa_status check_words(struct parser *ps, const struct pa_column *c)
{
	const struct pa_source *s = &ps->p->sources[c->first_source];

	for (unsigned i = 0; i < c->n_sources; i++) {
		const char *word = word_of(ps->p, &s[i]);

		for (unsigned j = 0; j < i; j++)
			if (strcmp(word, word_of(ps->p, &s[j])) == 0)
				return bad(ps, "the set would have \"%.*s\" twice", word,
				           strlen(word));
	}
	return PA_OK;
}

static enum pa_status check_sources(struct parser *ps, const struct pa_column *c)
{
	const struct pa_source *s = &ps->p->sources[c->first_source];
	int layer = c->type == PA_T_COMMUNITY_ID;

	if (c->type == PA_T_SET && c->n_sources > 64)
		return bad(ps, "column \"%.*s\": a set has at most 64 fields", c->name,
		           strlen(c->name));
	for (unsigned i = 0; i < c->n_sources; i++) {
		if (layer != (s[i].kind == PA_S_LAYER) || (layer && c->n_sources > 1))
			return bad(ps, "column \"%.*s\": community_id goes with @layer alone",
			           c->name, strlen(c->name));
		if (s[i].kind != PA_S_FIELD && c->n_sources > 1)
			return bad(ps, "column \"%.*s\": an @ source stands alone", c->name,
			           strlen(c->name));
		if ((c->type == PA_T_SET || c->which != PA_W_ROW) && s[i].kind != PA_S_FIELD)
			return bad(ps, "column \"%.*s\": this takes tshark fields only", c->name,
			           strlen(c->name));
		for (unsigned j = 0; j < i; j++)
			if (s[i].kind == PA_S_FIELD && s[j].field == s[i].field)
				return bad(ps, "column \"%.*s\" names a field twice", c->name,
				           strlen(c->name));
	}
	return c->type == PA_T_SET ? check_words(ps, c) : PA_OK;
}

static enum pa_status add_flow_fields(struct parser *ps)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; st == PA_OK && i < PA_FLOW_COUNT; i++)
		st = add_field(ps, pa_slice_of(flow_fields[i]), &ps->p->f_flow[i]);
	ps->p->has_flow_fields = 1;
	return st;
}

/* What stands between the name and the first field: [TYPE] [first|last|all]. A word before
 * another word is no field, whatever it looks like: *from is the place of the first field. */
static enum pa_status parse_manner(struct parser *ps, struct pa_column *c, int *typed,
                                   unsigned *from)
{
	enum pa_status st = PA_OK;
	int chosen = 0;

	*typed = 0;
	*from = ps->n_words > 1 ? 1 : 0;
	while (st == PA_OK && *from > 0 && *from + 1 < ps->n_words &&
	       !pa_slice_is(ps->words[*from + 1], "|")) {
		struct pa_slice word = ps->words[*from];

		if (!chosen && parse_which(word, &c->which)) {
			chosen = 1;
		} else if (*typed || chosen) {
			st = bad_word(ps, "\"%.*s\" stands where FIELD | FIELD is wanted", word);
		} else {
			*typed = 1;
			st = parse_type(ps, word, c);
		}
		(*from)++;
	}
	if (st == PA_OK && *typed && (c->type == PA_T_JSON) != (c->which == PA_W_ALL)) {
		if (c->type != PA_T_JSON)
			return bad_word(ps, "\"all\" makes json, not %.*s",
			                pa_slice_of(pa_type_name(c->type)));
		if (chosen)
			return bad_word(ps, "\"%.*s\" holds all occurrences", pa_slice_of("json"));
		c->which = PA_W_ALL;
	}
	return st;
}

/* The type of a column that names none, out of the types of its fields. */
static enum pa_status infer_type(struct parser *ps, struct pa_column *c)
{
	const struct pa_source *s = &ps->p->sources[c->first_source];

	if (c->which == PA_W_ALL) {
		c->type = PA_T_JSON;
		return PA_OK;
	}
	for (unsigned i = 0; i < c->n_sources; i++) {
		const char *name =
		    s[i].field == GUARD_PENDING ? "frame.marked" : ps->p->fields[s[i].field].name;
		struct pa_field_info info;
		enum pa_type type;

		if (s[i].kind != PA_S_FIELD)
			return bad(ps, "column \"%.*s\" needs a type before its @ source", c->name,
			           strlen(c->name));
		if (!ps->fields)
			return bad(ps,
			           "column \"%.*s\" has no type, and nobody gave tshark's table of "
			           "fields (--field-table)",
			           c->name, strlen(c->name));
		if (!pa_fields_find(ps->fields, pa_slice_of(name), &info))
			return bad(ps, "this tshark has no field \"%.*s\"", name, strlen(name));
		type = pa_fields_type(info.ft);
		/* Fields of different kinds have nothing in common but their text. */
		c->type = i == 0 || c->type == type ? type : PA_T_TEXT;
		if (c->type == PA_T_TEXT && type != PA_T_TEXT)
			break;
	}
	return PA_OK;
}

static enum pa_status check_fit(struct parser *ps, const struct pa_column *c)
{
	const struct pa_source *s = &ps->p->sources[c->first_source];

	for (unsigned i = 0; ps->fields && i < c->n_sources; i++) {
		struct pa_slice name;
		struct pa_field_info info;

		if (s[i].kind != PA_S_FIELD || s[i].field == GUARD_PENDING)
			continue;
		name = pa_slice_of(ps->p->fields[s[i].field].name);
		if (!pa_fields_find(ps->fields, name, &info) ||
		    pa_fields_fit(name, info.ft_values, c->type))
			continue;
		pa_fail(ps->err, PA_EPROFILE, 0,
		        "column \"%s\": %s cannot hold %.*s, which is %.*s; leave the type out to "
		        "get one that can",
		        c->name, pa_type_name(c->type), (int)name.len, (const char *)name.ptr,
		        (int)info.ft_name.len, (const char *)info.ft_name.ptr);
		return bad_here(ps);
	}
	return PA_OK;
}

/* What an own source gives goes into columns of its kind. */
static enum pa_status check_own(struct parser *ps, const struct pa_column *c)
{
	enum pa_type t = c->type;
	int wide = t == PA_T_UINT32 || t == PA_T_UINT64;
	int number = wide || t == PA_T_UINT8 || t == PA_T_UINT16;
	int fits = 1;

	switch (ps->p->sources[c->first_source].kind) {
	case PA_S_KIND:
		fits = t == PA_T_TEXT;
		break;
	case PA_S_QUOTED:
		fits = number || t == PA_T_BOOL;
		break;
	case PA_S_PROTO:
		fits = number;
		break;
	case PA_S_CAPTURE:
	case PA_S_INDEX:
		fits = wide;
		break;
	case PA_S_FIELD:
	case PA_S_LAYER:
	case PA_S_CUT:
		break;
	}
	return fits ? PA_OK
	            : bad(ps, "column \"%.*s\" has a type that its @ source does not fit", c->name,
	                  strlen(c->name));
}

/* Saying what is there anyway is fine; saying something else is not. */
static enum pa_status check_twin(struct parser *ps, const struct pa_column *twin,
                                 const struct pa_column *c)
{
	const struct pa_source *a = &ps->p->sources[twin->first_source];
	const struct pa_source *b = &ps->p->sources[c->first_source];

	if (c->type != twin->type || c->which != PA_W_ROW || c->n_sources != 1 ||
	    a->kind != b->kind || (a->kind == PA_S_FIELD && a->field != b->field))
		return bad(ps, "column \"%.*s\" is a standard column of every table", c->name,
		           strlen(c->name));
	ps->p->n_sources--;
	return PA_OK;
}

static enum pa_status column_name(struct parser *ps, char out[PA_NAME_MAX])
{
	struct pa_slice name = ps->words[0];

	if (ps->n_words == 1) {
		const uint8_t *slash = memchr(name.ptr, '/', name.len);

		if (slash)
			name.len = (size_t)(slash - name.ptr);
		pa_fields_column(name, out);
		return PA_OK;
	}
	if (!pa_identifier_ok(name))
		return bad_word(ps, "\"%.*s\" is not a column name: a-z, 0-9 and _, a letter first",
		                name);
	memcpy(out, name.ptr, name.len);
	out[name.len] = '\0';
	return PA_OK;
}

static unsigned row_bytes(const struct pa_column *c)
{
	if (c->max == 0 || (c->type == PA_T_TEXT && c->max > PA_VARCHAR_MAX))
		return pa_type_row_bytes(c->type);
	return c->max * (c->type == PA_T_TEXT ? 4 : 1) + 2;
}

/* FIELD, or NAME [TYPE] [first|last|all] FIELD | FIELD ... */
static enum pa_status add_column(struct parser *ps)
{
	char name[PA_NAME_MAX];
	const struct pa_column *twin;
	struct pa_column *c = NULL;
	unsigned from = 0;
	int typed = 0;
	enum pa_status st = column_name(ps, name);

	if (st != PA_OK)
		return st;
	twin = find_column(ps->p, ps->table, pa_slice_of(name));
	if (twin && !twin->standard)
		return bad(ps, "column \"%.*s\" is there already", name, strlen(name));
	if (strcmp(name, "cut") == 0)
		return bad(ps, "column \"%.*s\" is a standard column", name, strlen(name));
	st = new_column(ps, pa_slice_of(name), &c);
	if (st == PA_OK)
		st = parse_manner(ps, c, &typed, &from);
	if (st == PA_OK)
		st = add_sources(ps, from, &c->first_source, &c->n_sources);
	if (st == PA_OK && !typed)
		st = infer_type(ps, c);
	if (st == PA_OK)
		st = check_sources(ps, c);
	if (st == PA_OK)
		st = check_own(ps, c);
	if (st == PA_OK && typed)
		st = check_fit(ps, c);
	if (st != PA_OK)
		return st;
	if (twin)
		return check_twin(ps, twin, c);
	ps->row_bytes += row_bytes(c);
	keep_column(ps);
	return (c->type == PA_T_COMMUNITY_ID ||
	        ps->p->sources[c->first_source].kind == PA_S_PROTO) &&
	               !ps->p->has_flow_fields
	           ? add_flow_fields(ps)
	           : PA_OK;
}

/* How many characters or bytes of a column a key may take; 0: only all of it. */
static uint32_t prefix_max(const struct pa_column *c)
{
	switch (c->type) {
	case PA_T_TEXT:
	case PA_T_BYTES:
		return c->max ? c->max : KEY_CHARS_MAX;
	case PA_T_JSON:
		return KEY_CHARS_MAX;
	case PA_T_IP:
		return 16;
	case PA_T_MAC:
		return 6;
	case PA_T_EUI64:
		return 8;
	case PA_T_GUID:
		return 16;
	case PA_T_COMMUNITY_ID:
		return 30;
	default:
		return 0;
	}
}

static enum pa_status add_key(struct parser *ps)
{
	struct pa_table *t = ps->table;
	struct pa_key *key = &t->keys[t->n_keys];

	if (t->n_keys == PA_TABLE_KEYS_MAX)
		return bad(ps, "table \"%.*s\" has too many keys", t->name, strlen(t->name));
	if (ps->n_words < 2 || ps->n_words > 5)
		return bad(ps, "a key of table \"%.*s\" names one to four columns", t->name,
		           strlen(t->name));
	for (unsigned i = 1; i < ps->n_words; i++) {
		struct pa_slice name = ps->words[i];
		const struct pa_column *c;
		uint32_t prefix = 0;
		uint16_t at;
		enum pa_status st = split_count(ps, &name, KEY_CHARS_MAX, &prefix);

		if (st != PA_OK)
			return st;
		c = find_column(ps->p, t, name);
		if (!c)
			return bad_word(ps, "no column \"%.*s\" stands above this key", name);
		if ((c->type == PA_T_TEXT || c->type == PA_T_BYTES || c->type == PA_T_JSON) &&
		    !prefix && (c->max == 0 || c->max > 191))
			return bad_word(
			    ps, "a key on \"%.*s\" needs a prefix length, as in name(64)", name);
		if (prefix > prefix_max(c))
			return bad_word(ps, "\"%.*s\" cannot have a prefix that long", name);
		at = (uint16_t)(c - &ps->p->columns[t->first_column]);
		for (unsigned k = 0; k < key->n_columns; k++)
			if (key->columns[k] == at)
				return bad_word(ps, "the key names \"%.*s\" twice", name);
		key->columns[key->n_columns] = at;
		key->prefix[key->n_columns++] = (uint16_t)prefix;
	}
	t->n_keys++;
	return PA_OK;
}

static int ends_word(uint8_t c)
{
	return c <= ' ' || c == '|';
}

static enum pa_status parse_line(struct parser *ps, struct pa_slice line)
{
	const uint8_t *hash = memchr(line.ptr, '#', line.len);
	const uint8_t *end = hash ? hash : line.ptr + line.len;

	ps->n_words = 0;
	for (const uint8_t *p = line.ptr; p < end;) {
		const uint8_t *start = p;

		if (*p == ' ' || *p == '\t' || *p == '\r') {
			p++;
			continue;
		}
		if (*p == '|')
			p++;
		else
			while (p < end && !ends_word(*p))
				p++;
		if (p == start)
			return bad(ps, "a control byte stands in the line%.*s", "", 0);
		if (ps->n_words == WORDS_MAX)
			return bad(ps, "the line has too many words%.*s", "", 0);
		ps->words[ps->n_words++] = (struct pa_slice){start, (size_t)(p - start)};
	}
	if (ps->n_words == 0)
		return PA_OK;
	if (ps->words[0].ptr[0] == '[')
		return begin_table(ps);
	if (!ps->table)
		return bad_word(ps, "\"%.*s\" stands before the first [table]", ps->words[0]);
	return pa_slice_is(ps->words[0], "key") ? add_key(ps) : add_column(ps);
}

static enum pa_status begin_profile(struct parser *ps)
{
	uint16_t at = 0;
	enum pa_status st = add_field(ps, pa_slice_of("frame.number"), &at);

	ps->p->f_number = at;
	if (st == PA_OK)
		st = add_field(ps, pa_slice_of("frame.time_epoch"), &at);
	ps->p->f_time = at;
	if (st == PA_OK)
		st = add_field(ps, pa_slice_of("frame.protocols"), &at);
	ps->p->f_protocols = at;
	return st;
}

static enum pa_status end_profile(struct parser *ps)
{
	struct pa_profile *p = ps->p;
	uint16_t guard = 0;
	enum pa_status st = end_table(ps);

	if (st != PA_OK)
		return st;
	ps->line = 0;
	if (p->n_tables == 0)
		return bad(ps, "the profile has no [table]%.*s", "", 0);
	st = add_field(ps, pa_slice_of("frame.marked"), &guard);
	if (st != PA_OK)
		return st;
	p->f_guard = guard;
	for (unsigned i = 0; i < p->n_sources; i++)
		if (p->sources[i].kind == PA_S_FIELD && p->sources[i].field == GUARD_PENDING)
			p->sources[i].field = guard;
	return PA_OK;
}

/* The digest of what the profile means, not of how it is written. */
static enum pa_status take_digest(struct pa_profile *p, struct pa_error *err)
{
	struct pa_buf text;
	enum pa_status st;

	pa_buf_init(&text, CANONICAL_BYTES_MAX);
	st = pa_profile_text(p, &text);
	if (st == PA_OK)
		st = pa_sha256_of(text.ptr, text.len, p->sha256);
	pa_buf_done(&text);
	return st == PA_OK ? PA_OK : pa_fail(err, PA_ENOMEM, 0, "cannot compute SHA-256");
}

enum pa_status pa_profile_read(const char *name, struct pa_slice text,
                               const struct pa_fields *fields, struct pa_profile **out,
                               struct pa_error *err)
{
	struct parser ps = {.fields = fields, .err = err};
	struct pa_profile *p;
	enum pa_status st = PA_OK;

	if (!pa_identifier_ok(pa_slice_of(name)))
		return pa_fail(err, PA_EPROFILE, 0,
		               "profile name \"%.80s\" is not made of a-z, 0-9 and _", name);
	p = calloc(1, sizeof(*p));
	if (p) {
		memcpy(p->name, name, strlen(name));
		p->fields = calloc(PA_PROFILE_FIELDS_MAX + 1, sizeof(*p->fields));
		p->sources = calloc(SOURCES_MAX, sizeof(*p->sources));
		p->columns = calloc(COLUMNS_MAX, sizeof(*p->columns));
		p->tables = calloc(PA_PROFILE_TABLES_MAX, sizeof(*p->tables));
	}
	if (!p || !p->fields || !p->sources || !p->columns || !p->tables)
		st = pa_fail(err, PA_ENOMEM, 0, "no memory for the profile");
	ps.p = p;
	if (st == PA_OK)
		st = begin_profile(&ps);
	while (st == PA_OK && text.len > 0) {
		const uint8_t *nl = memchr(text.ptr, '\n', text.len);
		size_t n = nl ? (size_t)(nl - text.ptr) : text.len;

		ps.line++;
		st = parse_line(&ps, (struct pa_slice){text.ptr, n});
		text.ptr += nl ? n + 1 : n;
		text.len -= nl ? n + 1 : n;
	}
	if (st == PA_OK)
		st = end_profile(&ps);
	if (st == PA_OK)
		st = take_digest(p, err);
	if (st != PA_OK) {
		pa_profile_free(p);
		return st;
	}
	*out = p;
	return PA_OK;
}

void pa_profile_free(struct pa_profile *p)
{
	if (!p)
		return;
	for (unsigned i = 0; p->fields && i < p->n_fields; i++)
		free(p->fields[i].name);
	free(p->fields);
	free(p->sources);
	free(p->columns);
	free(p->tables);
	free(p);
}

struct pa_slice pa_profile_builtin(void)
{
	return (struct pa_slice){builtin, sizeof(builtin)};
}

int pa_profile_ports(uint8_t proto, enum pa_flow_field *src, enum pa_flow_field *dst)
{
	static const struct {
		uint8_t proto;
		enum pa_flow_field src, dst;
	} ports[] = {
	    {6, PA_FLOW_TCP_SRC, PA_FLOW_TCP_DST},
	    {17, PA_FLOW_UDP_SRC, PA_FLOW_UDP_DST},
	    {132, PA_FLOW_SCTP_SRC, PA_FLOW_SCTP_DST},
	    {1, PA_FLOW_ICMP_TYPE, PA_FLOW_ICMP_CODE},
	    {58, PA_FLOW_ICMPV6_TYPE, PA_FLOW_ICMPV6_CODE},
	};

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		if (ports[i].proto == proto) {
			*src = ports[i].src;
			*dst = ports[i].dst;
			return 1;
		}
	}
	return 0;
}

const struct pa_table *pa_profile_table(const struct pa_profile *p, const char *name)
{
	for (unsigned i = 0; i < p->n_tables; i++)
		if (strcmp(p->tables[i].name, name) == 0)
			return &p->tables[i];
	return NULL;
}
