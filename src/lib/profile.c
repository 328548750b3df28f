#include "pcapanalyzer/profile.h"

#include <stdlib.h>
#include <string.h>

#define SOURCES_MAX    8192
#define COLUMNS_MAX    4096
#define WORDS_MAX      256
#define GUARD_PENDING  UINT16_MAX /* stands for frame.marked, which becomes the last field */
#define ROW_BYTES_MAX  65535      /* MySQL manual, "Limits on Table Column Count and Row Size" */
#define TABLE_NAME_MAX 62         /* its view v_NAME needs two of MySQL's 64 */
#define KEY_CHARS_MAX  768        /* InnoDB: 3072 bytes of utf8mb4 */

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

static const struct {
	const char *name;
	enum pa_type type;
	unsigned row_bytes;
} types[] = {
    {"time", PA_T_TIME, 8},     {"nanos", PA_T_NANOS, 2},
    {"uint8", PA_T_UINT8, 1},   {"uint16", PA_T_UINT16, 2},
    {"uint32", PA_T_UINT32, 4}, {"uint64", PA_T_UINT64, 8},
    {"int8", PA_T_INT8, 1},     {"int16", PA_T_INT16, 2},
    {"int32", PA_T_INT32, 4},   {"int64", PA_T_INT64, 8},
    {"double", PA_T_DOUBLE, 8}, {"bool", PA_T_BOOL, 1},
    {"ip", PA_T_IP, 17},        {"mac", PA_T_MAC, 6},
    {"bytes", PA_T_BYTES, 12},  {"text", PA_T_TEXT, 12},
    {"json", PA_T_JSON, 12},    {"duration", PA_T_DURATION, 9},
    {"set", PA_T_SET, 8},       {"community_id", PA_T_COMMUNITY_ID, 30},
};

struct parser {
	struct pa_profile *p;
	struct pa_table *table;
	unsigned line;
	unsigned row_bytes;
	struct pa_slice words[WORDS_MAX];
	unsigned n_words;
	struct pa_error *err;
};

static enum pa_status bad(struct parser *ps, const char *fmt, const char *what, size_t len)
{
	enum pa_status st = pa_fail(ps->err, PA_EPROFILE, 0, fmt, (int)(len > 80 ? 80 : len), what);

	if (ps->err && ps->err->row == 0)
		ps->err->row = ps->line;
	return st;
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

const char *pa_type_name(enum pa_type type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return "?";
}

static enum pa_header header_of(struct pa_slice name)
{
	static const struct {
		const char *word;
		enum pa_header header;
	} headers[] = {
	    {"ip.", PA_H_IP},     {"ipv6.", PA_H_IPV6},     {"arp.", PA_H_ARP},
	    {"tcp.", PA_H_TCP},   {"udp.", PA_H_UDP},       {"sctp.", PA_H_SCTP},
	    {"icmp.", PA_H_ICMP}, {"icmpv6.", PA_H_ICMPV6},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		size_t n = strlen(headers[i].word);

		if (name.len > n && memcmp(name.ptr, headers[i].word, n) == 0)
			return headers[i].header;
	}
	return PA_H_NONE;
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
	p->fields[p->n_fields].header = header_of(name);
	p->fields[p->n_fields].single = is_single(name);
	p->fields[p->n_fields].line = ps->line;
	*out = (uint16_t)p->n_fields++;
	return PA_OK;
}

/* tshark's names: letters, digits, dots, underscores and dashes; the first is no dash. */
static int field_name_ok(struct pa_slice w)
{
	int dots = 0;

	if (w.len < 3 || w.len > 200 || w.ptr[0] == '-' || w.ptr[0] == '.')
		return 0;
	for (size_t i = 0; i < w.len; i++) {
		uint8_t c = w.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '.' || c == '-'))
			return 0;
		dots += c == '.';
	}
	return dots > 0 && w.ptr[w.len - 1] != '.';
}

static enum pa_status add_source(struct parser *ps, struct pa_slice w)
{
	static const struct {
		const char *name;
		enum pa_source_kind kind;
	} own[] = {
	    {"@capture", PA_S_CAPTURE}, {"@index", PA_S_INDEX}, {"@kind", PA_S_KIND},
	    {"@quoted", PA_S_QUOTED},   {"@layer", PA_S_LAYER},
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
			                "@layer",
			                w);
		s.kind = own[i].kind;
	} else {
		if (!field_name_ok(w))
			return bad_word(ps, "\"%.*s\" is not a tshark field name", w);
		st = add_field(ps, w, &s.field);
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
		return bad(ps,
		           "a row of table \"%.*s\" could need more than 65535 bytes: make text(N) "
		           "shorter, or leave (N) out",
		           ps->table->name, strlen(ps->table->name));
	return PA_OK;
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
	size_t i = 0;

	if (st != PA_OK)
		return st;
	while (i < sizeof(types) / sizeof(types[0]) && !pa_slice_is(name, types[i].name))
		i++;
	if (i == sizeof(types) / sizeof(types[0]))
		return bad_word(ps, "\"%.*s\" is not a type; profile(5) lists them", word);
	c->type = types[i].type;
	if (c->max && c->type != PA_T_TEXT && c->type != PA_T_BYTES)
		return bad_word(ps, "type \"%.*s\" takes no length", name);
	if (c->type == PA_T_TEXT && c->max > 16383)
		return bad_word(ps, "\"%.*s\" is above 16383 characters: leave (N) out", word);
	ps->row_bytes += c->max ? c->max * (c->type == PA_T_TEXT ? 4 : 1) + 2 : types[i].row_bytes;
	return PA_OK;
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
		if (c->type == PA_T_SET && s[i].kind != PA_S_FIELD)
			return bad(ps, "column \"%.*s\": a set takes tshark fields", c->name,
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

static enum pa_status add_column(struct parser *ps)
{
	struct pa_slice name = ps->words[0];
	const struct pa_column *twin = find_column(ps->p, ps->table, name);
	struct pa_column *c = NULL;
	enum pa_status st;

	if (!pa_identifier_ok(name))
		return bad_word(ps, "\"%.*s\" is not a column name: a-z, 0-9 and _, a letter first",
		                name);
	if (twin && !twin->standard)
		return bad_word(ps, "column \"%.*s\" is there already", name);
	if (ps->n_words < 3)
		return bad_word(ps, "column \"%.*s\" needs a type and a field", name);
	st = new_column(ps, name, &c);
	if (st == PA_OK)
		st = parse_type(ps, ps->words[1], c);
	if (st == PA_OK)
		st = add_sources(ps, 2, &c->first_source, &c->n_sources);
	if (st == PA_OK)
		st = check_sources(ps, c);
	if (st != PA_OK)
		return st;
	if (twin) {
		/* Saying what is there anyway is fine; saying something else is not. */
		const struct pa_source *a = &ps->p->sources[twin->first_source];
		const struct pa_source *b = &ps->p->sources[c->first_source];

		if (c->type != twin->type || c->n_sources != 1 || a->kind != b->kind ||
		    (a->kind == PA_S_FIELD && a->field != b->field))
			return bad_word(ps, "column \"%.*s\" is a standard column of every table",
			                name);
		ps->p->n_sources--;
		return PA_OK;
	}
	keep_column(ps);
	return c->type == PA_T_COMMUNITY_ID && !ps->p->has_flow_fields ? add_flow_fields(ps)
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

enum pa_status pa_profile_read(const char *name, struct pa_slice text, struct pa_profile **out,
                               struct pa_error *err)
{
	struct parser ps = {.err = err};
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
	if (st == PA_OK && pa_sha256_of(text.ptr, text.len, p->sha256) != PA_OK)
		st = pa_fail(err, PA_ENOMEM, 0, "cannot compute SHA-256");
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

const struct pa_table *pa_profile_table(const struct pa_profile *p, const char *name)
{
	for (unsigned i = 0; i < p->n_tables; i++)
		if (strcmp(p->tables[i].name, name) == 0)
			return &p->tables[i];
	return NULL;
}
