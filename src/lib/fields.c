#include "pcapanalyzer/fields.h"

#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/convert.h"

/* The columns of the packet list: -G fields of 4.0 does not have them, that of 4.4 has other
 * names for them, yet every version prints them when asked for by these titles. */
static const char columns[] = "F\tNo.\t_ws.col.No.\tFT_STRING\t_ws.col\t\t0x0\tPacket list\n"
                              "F\tTime\t_ws.col.Time\tFT_STRING\t_ws.col\t\t0x0\tPacket list\n"
                              "F\tSource\t_ws.col.Source\tFT_STRING\t_ws.col\t\t0x0\tPacket list\n"
                              "F\tDestination\t_ws.col.Destination\tFT_STRING\t_ws.col\t\t0x0\t"
                              "Packet list\n"
                              "F\tProtocol\t_ws.col.Protocol\tFT_STRING\t_ws.col\t\t0x0\t"
                              "Packet list\n"
                              "F\tLength\t_ws.col.Length\tFT_STRING\t_ws.col\t\t0x0\tPacket list\n"
                              "F\tInfo\t_ws.col.Info\tFT_STRING\t_ws.col\t\t0x0\tPacket list\n";

enum kind { K_OTHER, K_UNSIGNED, K_SIGNED };

/* Source: Wireshark, epan/ftypes/ftypes.h. */
static const struct {
	const char *name;
	unsigned char len;
	enum pa_type type;
	enum kind kind;
	unsigned char bits;
} fts[PA_FT_COUNT] = {
#define FT(ft, type, kind, bits) [PA_##ft] = {#ft, sizeof(#ft) - 1, type, kind, bits}
    FT(FT_NONE, PA_T_PRESENT, K_OTHER, 0),
    FT(FT_PROTOCOL, PA_T_PRESENT, K_OTHER, 0),
    FT(FT_BOOLEAN, PA_T_BOOL, K_OTHER, 0),
    FT(FT_CHAR, PA_T_CHAR, K_OTHER, 0),
    /* Dissectors print wider values than they declare: bitcoin.inv.count, an UINT8, is 500 in
     * everyday captures. */
    FT(FT_UINT8, PA_T_UINT64, K_UNSIGNED, 8),
    FT(FT_UINT16, PA_T_UINT64, K_UNSIGNED, 16),
    FT(FT_UINT24, PA_T_UINT64, K_UNSIGNED, 24),
    FT(FT_UINT32, PA_T_UINT64, K_UNSIGNED, 32),
    FT(FT_UINT40, PA_T_UINT64, K_UNSIGNED, 40),
    FT(FT_UINT48, PA_T_UINT64, K_UNSIGNED, 48),
    FT(FT_UINT56, PA_T_UINT64, K_UNSIGNED, 56),
    FT(FT_UINT64, PA_T_UINT64, K_UNSIGNED, 64),
    FT(FT_INT8, PA_T_INT64, K_SIGNED, 8),
    FT(FT_INT16, PA_T_INT64, K_SIGNED, 16),
    FT(FT_INT24, PA_T_INT64, K_SIGNED, 24),
    FT(FT_INT32, PA_T_INT64, K_SIGNED, 32),
    FT(FT_INT40, PA_T_INT64, K_SIGNED, 40),
    FT(FT_INT48, PA_T_INT64, K_SIGNED, 48),
    FT(FT_INT56, PA_T_INT64, K_SIGNED, 56),
    FT(FT_INT64, PA_T_INT64, K_SIGNED, 64),
    FT(FT_IEEE_11073_SFLOAT, PA_T_DOUBLE, K_OTHER, 0),
    FT(FT_IEEE_11073_FLOAT, PA_T_DOUBLE, K_OTHER, 0),
    FT(FT_FLOAT, PA_T_DOUBLE, K_OTHER, 0),
    FT(FT_DOUBLE, PA_T_DOUBLE, K_OTHER, 0),
    FT(FT_ABSOLUTE_TIME, PA_T_TIME, K_OTHER, 0),
    FT(FT_RELATIVE_TIME, PA_T_DURATION, K_OTHER, 0),
    FT(FT_STRING, PA_T_TEXT, K_OTHER, 0),
    FT(FT_STRINGZ, PA_T_TEXT, K_OTHER, 0),
    FT(FT_STRINGZPAD, PA_T_TEXT, K_OTHER, 0),
    FT(FT_STRINGZTRUNC, PA_T_TEXT, K_OTHER, 0),
    FT(FT_UINT_STRING, PA_T_TEXT, K_OTHER, 0),
    FT(FT_ETHER, PA_T_MAC, K_OTHER, 0),
    FT(FT_BYTES, PA_T_BYTES, K_OTHER, 0),
    FT(FT_UINT_BYTES, PA_T_BYTES, K_OTHER, 0),
    [PA_FT_IPV4] = {"FT_IPv4", 7, PA_T_IP, K_OTHER, 0},
    [PA_FT_IPV6] = {"FT_IPv6", 7, PA_T_IP, K_OTHER, 0},
    /* 32 bits up to 4.0, 64 from 4.4 on. */
    FT(FT_IPXNET, PA_T_UINT64, K_UNSIGNED, 64),
    FT(FT_FRAMENUM, PA_T_UINT64, K_UNSIGNED, 32),
    FT(FT_GUID, PA_T_GUID, K_OTHER, 0),
    FT(FT_OID, PA_T_TEXT, K_OTHER, 0),
    FT(FT_REL_OID, PA_T_TEXT, K_OTHER, 0),
    FT(FT_EUI64, PA_T_EUI64, K_OTHER, 0),
    FT(FT_AX25, PA_T_TEXT, K_OTHER, 0),
    FT(FT_VINES, PA_T_TEXT, K_OTHER, 0),
    FT(FT_SYSTEM_ID, PA_T_TEXT, K_OTHER, 0),
    FT(FT_FCWWN, PA_T_TEXT, K_OTHER, 0),
#undef FT
};

struct entry {
	const uint8_t *line;
	const uint8_t *name;
	uint32_t name_len;
	enum pa_ft ft;
	int twice; /* the name is in several lines */
};

struct pa_fields {
	struct entry *entries;
	uint32_t n_entries, room;
	uint32_t *slots; /* open addressing: place in entries, plus one; 0 is free */
	uint32_t mask;
};

/* The bytes up to the next tab, which are taken off IN together with it. */
static struct pa_slice take_cell(struct pa_slice *in)
{
	const uint8_t *tab = in->len ? memchr(in->ptr, '\t', in->len) : NULL;
	struct pa_slice cell = {in->ptr, tab ? (size_t)(tab - in->ptr) : in->len};
	size_t used = cell.len + (tab != NULL);

	in->ptr += used;
	in->len -= used;
	return cell;
}

/* A type that only a later Wireshark has is text: that holds whatever it prints. */
static enum pa_ft find_ft(struct pa_slice name)
{
	for (unsigned i = 0; i < PA_FT_COUNT; i++)
		if (name.len == fts[i].len && memcmp(name.ptr, fts[i].name, name.len) == 0)
			return (enum pa_ft)i;
	return PA_FT_STRING;
}

/* A line without its LF. 0: it is of neither a field nor a protocol. */
static int split(struct pa_slice line, struct pa_field_info *out, struct pa_slice *mask)
{
	int is_field = line.len > 2 && line.ptr[0] == 'F' && line.ptr[1] == '\t';

	if (!is_field && !(line.len > 2 && line.ptr[0] == 'P' && line.ptr[1] == '\t'))
		return 0;
	(void)take_cell(&line);
	out->title = take_cell(&line);
	out->name = take_cell(&line);
	out->blurb = *mask = (struct pa_slice){line.ptr, 0};
	out->ft_name = pa_slice_of("FT_PROTOCOL");
	if (!is_field)
		return 1;
	out->ft_name = take_cell(&line);
	(void)take_cell(&line); /* parent */
	(void)take_cell(&line); /* base */
	*mask = take_cell(&line);
	out->blurb = line;
	return 1;
}

/* FNV-1a. */
static uint32_t hash(struct pa_slice name)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ name.ptr[i]) * 16777619u;
	return h ^ h >> 15;
}

/* The slot of NAME, or the free one where it belongs. */
static uint32_t *slot_of(const struct pa_fields *f, struct pa_slice name)
{
	for (uint32_t i = hash(name) & f->mask;; i = (i + 1) & f->mask) {
		const struct entry *e;

		if (f->slots[i] == 0)
			return &f->slots[i];
		e = &f->entries[f->slots[i] - 1];
		if (e->name_len == name.len && memcmp(e->name, name.ptr, name.len) == 0)
			return &f->slots[i];
	}
}

/* What prints of both: the wider one, or text. */
static enum pa_ft common(enum pa_ft a, enum pa_ft b)
{
	const struct pa_slice any = {(const uint8_t *)"", 0};

	if (fts[a].kind != K_OTHER && fts[a].kind == fts[b].kind)
		return fts[a].bits >= fts[b].bits ? a : b;
	if (fts[a].kind != K_OTHER && fts[b].kind != K_OTHER)
		return fts[fts[a].kind == K_UNSIGNED ? a : b].bits < 64 ? PA_FT_INT64
		                                                        : PA_FT_STRING;
	if (fts[a].type == fts[b].type)
		return a;
	/* "present" holds everything, but says nothing of it. */
	if (fts[a].type != PA_T_PRESENT && pa_fields_fit(any, b, fts[a].type))
		return a;
	if (fts[b].type != PA_T_PRESENT && pa_fields_fit(any, a, fts[b].type))
		return b;
	return PA_FT_STRING;
}

static enum pa_status add(struct pa_fields *f, const uint8_t *line,
                          const struct pa_field_info *info)
{
	if (f->n_entries == f->room) {
		uint32_t room = f->room ? f->room * 2 : 4096;
		struct entry *more = realloc(f->entries, room * sizeof(*more));

		if (!more)
			return PA_ENOMEM;
		f->entries = more;
		f->room = room;
	}
	f->entries[f->n_entries++] =
	    (struct entry){line, info->name.ptr, (uint32_t)info->name.len, info->ft, 0};
	return PA_OK;
}

static struct pa_slice line_at(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));

	return (struct pa_slice){p, (size_t)((lf ? lf : end) - p)};
}

static enum pa_status read_table(struct pa_fields *f, struct pa_slice text, struct pa_error *err)
{
	const uint8_t *end = text.ptr + text.len;
	uint64_t row = 1;

	for (const uint8_t *p = text.ptr; p < end; row++) {
		struct pa_slice line = line_at(p, end);
		struct pa_field_info info;
		struct pa_slice mask = {0};
		const char *wrong = NULL;

		if (p + line.len == end) {
			wrong = "the table of fields ends inside a line";
		} else if (split(line, &info, &mask)) {
			info.ft = find_ft(info.ft_name);
			if (info.name.len == 0)
				wrong = "a field without a name";
			else if (info.ft_name.len < 4 || memcmp(info.ft_name.ptr, "FT_", 3) != 0)
				wrong = "a field without a type";
			else if (add(f, p, &info) != PA_OK)
				return pa_fail(err, PA_ENOMEM, 0, "no memory for the fields");
		}
		if (wrong) {
			(void)pa_fail(err, PA_EFORMAT, 0, "%s", wrong);
			if (err)
				err->row = row;
			return PA_EFORMAT;
		}
		p += line.len + 1;
	}
	return PA_OK;
}

static enum pa_status make_index(struct pa_fields *f, struct pa_error *err)
{
	uint32_t n_slots = 64;
	uint32_t kept = 0;

	while (n_slots < f->n_entries * 2)
		n_slots *= 2;
	f->slots = calloc(n_slots, sizeof(*f->slots));
	if (!f->slots)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the fields");
	f->mask = n_slots - 1;
	for (uint32_t i = 0; i < f->n_entries; i++) {
		struct entry *e = &f->entries[i];
		uint32_t *slot = slot_of(f, (struct pa_slice){e->name, e->name_len});

		if (*slot) {
			struct entry *first = &f->entries[*slot - 1];

			first->ft = common(first->ft, e->ft);
			first->twice = 1;
		} else {
			f->entries[kept++] = *e;
			*slot = kept;
		}
	}
	f->n_entries = kept;
	return PA_OK;
}

enum pa_status pa_fields_new(struct pa_slice text, struct pa_fields **out, struct pa_error *err)
{
	const struct pa_slice own = {(const uint8_t *)columns, sizeof(columns) - 1};
	struct pa_fields *f;
	enum pa_status st;

	if (text.len > PA_FIELDS_BYTES_MAX)
		return pa_fail(err, PA_ELIMIT, 0, "a table of fields is longer than %zu bytes",
		               PA_FIELDS_BYTES_MAX);
	f = calloc(1, sizeof(*f));
	if (!f)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the fields");
	st = read_table(f, text, err);
	if (st == PA_OK && f->n_entries == 0)
		st = pa_fail(err, PA_EFORMAT, 0, "no field in what should be the table of fields");
	if (st == PA_OK)
		st = read_table(f, own, err);
	if (st == PA_OK)
		st = make_index(f, err);
	if (st != PA_OK) {
		pa_fields_free(f);
		return st;
	}
	*out = f;
	return PA_OK;
}

void pa_fields_free(struct pa_fields *f)
{
	if (!f)
		return;
	free(f->entries);
	free(f->slots);
	free(f);
}

/* Values are shifted down to the lowest bit of the mask. */
static enum pa_ft narrowed(enum pa_ft ft, struct pa_slice mask)
{
	uint64_t bits;

	if (fts[ft].kind == K_OTHER || pa_convert_uint(mask, UINT64_MAX, &bits) != PA_OK ||
	    bits == 0)
		return ft;
	while ((bits & 1) == 0)
		bits >>= 1;
	for (unsigned i = 0; i < PA_FT_COUNT; i++)
		if (fts[i].kind == fts[ft].kind && fts[i].bits < fts[ft].bits &&
		    bits >> fts[i].bits == 0)
			return (enum pa_ft)i;
	return ft;
}

static void describe(const struct entry *e, struct pa_field_info *out)
{
	/* Every line ends with its LF: read_table() saw to it. */
	const uint8_t *lf = rawmemchr(e->line, '\n');
	struct pa_slice mask = {0};

	*out = (struct pa_field_info){0};
	(void)split((struct pa_slice){e->line, (size_t)(lf - e->line)}, out, &mask);
	out->ft = e->ft;
	out->ft_values = e->twice ? e->ft : narrowed(e->ft, mask);
	if (!pa_slice_is(out->ft_name, fts[e->ft].name))
		out->ft_name = pa_slice_of(fts[e->ft].name);
}

int pa_fields_find(const struct pa_fields *f, struct pa_slice name, struct pa_field_info *out)
{
	uint32_t slot = *slot_of(f, name);

	if (slot == 0)
		return 0;
	describe(&f->entries[slot - 1], out);
	return 1;
}

enum pa_type pa_fields_type(enum pa_ft ft)
{
	return ft < PA_FT_COUNT ? fts[ft].type : PA_T_TEXT;
}

/* Bits of an integer type; 0 for another type. */
static unsigned unsigned_bits(enum pa_type type)
{
	switch (type) {
	case PA_T_UINT8:
		return 8;
	case PA_T_UINT16:
		return 16;
	case PA_T_UINT32:
		return 32;
	case PA_T_UINT64:
		return 64;
	default:
		return 0;
	}
}

static unsigned signed_bits(enum pa_type type)
{
	switch (type) {
	case PA_T_INT8:
		return 8;
	case PA_T_INT16:
		return 16;
	case PA_T_INT32:
		return 32;
	case PA_T_INT64:
		return 64;
	default:
		return 0;
	}
}

int pa_fields_fit(struct pa_slice name, enum pa_ft ft, enum pa_type type)
{
	unsigned bits;

	if (ft >= PA_FT_COUNT)
		return 0;
	bits = fts[ft].bits;
	if (type == PA_T_TEXT || type == PA_T_JSON || type == PA_T_PRESENT || type == PA_T_SET)
		return 1;
	/* Seconds since 1970 in every version; 4.0 calls them FT_RELATIVE_TIME. */
	if (pa_slice_is(name, "frame.time_epoch") &&
	    (type == PA_T_TIME || type == PA_T_NANOS || type == PA_T_DURATION))
		return 1;
	if (type == fts[ft].type)
		return 1;
	switch (type) {
	case PA_T_NANOS:
		return ft == PA_FT_ABSOLUTE_TIME;
	case PA_T_BYTES:
		return ft == PA_FT_UINT_BYTES || ft == PA_FT_ETHER || ft == PA_FT_EUI64;
	case PA_T_DOUBLE:
		return bits > 0 && bits <= 32;
	default:
		break;
	}
	switch (fts[ft].kind) {
	case K_UNSIGNED:
		return unsigned_bits(type) >= bits || signed_bits(type) > bits;
	case K_SIGNED:
		return signed_bits(type) >= bits;
	default:
		return 0;
	}
}

static uint8_t small(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static int starts_with(struct pa_slice in, struct pa_slice word)
{
	if (in.len < word.len)
		return 0;
	for (size_t i = 0; i < word.len; i++)
		if (small(in.ptr[i]) != small(word.ptr[i]))
			return 0;
	return 1;
}

static int holds(struct pa_slice in, struct pa_slice word)
{
	for (; in.len >= word.len; in.ptr++, in.len--)
		if (starts_with(in, word))
			return 1;
	return 0;
}

enum { R_NONE, R_STARTS, R_NAME, R_WORDS, R_COUNT };

static uint8_t rank_of(const struct entry *e, struct pa_slice word)
{
	const struct pa_slice name = {e->name, e->name_len};
	struct pa_field_info info;

	if (starts_with(name, word))
		return R_STARTS;
	if (holds(name, word))
		return R_NAME;
	describe(e, &info);
	return holds(info.title, word) || holds(info.blurb, word) ? R_WORDS : R_NONE;
}

static enum pa_status put_found(const struct entry *e, struct pa_buf *out)
{
	struct pa_field_info info;
	char column[65];
	enum pa_status st;

	describe(e, &info);
	pa_fields_column(info.name, column);
	st = pa_buf_put(out, info.name.ptr, info.name.len);
	if (st == PA_OK)
		st = pa_buf_putc(out, '\t');
	if (st == PA_OK)
		st = pa_buf_put(out, info.ft_name.ptr, info.ft_name.len);
	if (st == PA_OK)
		st = pa_buf_putc(out, '\t');
	if (st == PA_OK)
		st = pa_buf_put(out, info.title.ptr, info.title.len);
	return st == PA_OK
	           ? pa_buf_printf(out, "\t%s %s %.*s\n", column, pa_type_name(fts[e->ft].type),
	                           (int)info.name.len, (const char *)info.name.ptr)
	           : st;
}

enum pa_status pa_fields_search(const struct pa_fields *f, struct pa_slice word, uint64_t max,
                                struct pa_buf *out, uint64_t *n)
{
	uint8_t *ranks = malloc(f->n_entries);
	uint64_t found = 0;
	uint64_t written = 0;
	enum pa_status st = PA_OK;

	if (!ranks)
		return PA_ENOMEM;
	for (uint32_t i = 0; i < f->n_entries; i++) {
		ranks[i] = rank_of(&f->entries[i], word);
		found += ranks[i] != R_NONE;
	}
	for (int rank = R_STARTS; rank < R_COUNT; rank++) {
		for (uint32_t i = 0; st == PA_OK && i < f->n_entries; i++) {
			if (ranks[i] != rank || (max != 0 && written == max))
				continue;
			st = put_found(&f->entries[i], out);
			written++;
		}
	}
	free(ranks);
	if (st == PA_OK)
		*n = found;
	return st;
}

void pa_fields_column(struct pa_slice field, char out[65])
{
	static const char *const standard[] = {"ts", "ts_ns", "capture_id", "frame", "idx", "cut"};
	size_t from = 0;
	size_t n = 0;
	int taken = 0;

	while (from < field.len && field.ptr[from] == '_')
		from++;
	field.ptr += from;
	field.len -= from;
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
		taken |= pa_slice_is(field, standard[i]);
	if (taken || field.len == 0 || small(field.ptr[0]) < 'a' || small(field.ptr[0]) > 'z') {
		out[n++] = 'f';
		out[n++] = '_';
	}
	for (size_t i = 0; i < field.len && n < 64; i++) {
		uint8_t c = small(field.ptr[i]);
		int plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		out[n++] = plain ? (char)c : '_';
	}
	out[n] = '\0';
}
