#include "pcapanalyzer/profile.h"
#include "support.h"

static struct pa_profile *read_ok(const char *text)
{
	struct pa_slice in = copy_of(pa_slice_of(text));
	struct pa_profile *p = NULL;
	struct pa_error err = {0};

	if (pa_profile_read("test", in, NULL, &p, &err) != PA_OK)
		fail_msg("line %llu: %s", (unsigned long long)err.row, err.msg);
	free_copy(in);
	return p;
}

static const struct pa_column *column(const struct pa_profile *p, const struct pa_table *t,
                                      unsigned i)
{
	assert_true(i < t->n_columns);
	return &p->columns[t->first_column + i];
}

/* The canonical text is a profile, and its own canonical text; the digest is of it. */
static void check_text(const struct pa_profile *p)
{
	struct pa_profile *again;
	struct pa_error err = {0};
	struct pa_buf text;
	struct pa_buf second;
	uint8_t sum[PA_SHA256_BYTES];

	pa_buf_init(&text, 1 << 24);
	pa_buf_init(&second, 1 << 24);
	assert_ok(pa_profile_text(p, &text));
	assert_ok(pa_sha256_of(text.ptr, text.len, sum));
	assert_memory_equal(p->sha256, sum, sizeof(sum));
	if (pa_profile_read(p->name, of_buf(&text), NULL, &again, &err) != PA_OK)
		fail_msg("canonical line %llu: %s", (unsigned long long)err.row, err.msg);
	assert_ok(pa_profile_text(again, &second));
	assert_int_equal(text.len, second.len);
	assert_memory_equal(text.ptr, second.ptr, text.len);
	assert_memory_equal(p->sha256, again->sha256, sizeof(sum));
	assert_int_equal(p->n_fields, again->n_fields);
	assert_int_equal(p->n_columns, again->n_columns);
	for (unsigned i = 0; i < p->n_columns; i++) {
		assert_string_equal(p->columns[i].name, again->columns[i].name);
		assert_int_equal(p->columns[i].type, again->columns[i].type);
		assert_int_equal(p->columns[i].which, again->columns[i].which);
		assert_int_equal(p->columns[i].max, again->columns[i].max);
	}
	pa_profile_free(again);
	pa_buf_done(&text);
	pa_buf_done(&second);
}

/* What every profile promises to its users. */
static void check_promises(const struct pa_profile *p)
{
	assert_int_equal(p->f_number, 0);
	assert_string_equal(p->fields[p->f_number].name, "frame.number");
	assert_string_equal(p->fields[p->f_time].name, "frame.time_epoch");
	assert_string_equal(p->fields[p->f_protocols].name, "frame.protocols");
	assert_int_equal(p->f_guard, p->n_fields - 1);
	assert_string_equal(p->fields[p->f_guard].name, "frame.marked");
	for (unsigned i = 0; i < p->n_fields; i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(p->fields[i].name, p->fields[j].name);
	for (unsigned i = 0; i < p->n_sources; i++)
		assert_true(p->sources[i].kind != PA_S_FIELD || p->sources[i].field < p->n_fields);
	for (unsigned i = 0; i < p->n_tables; i++) {
		const struct pa_table *t = &p->tables[i];
		int many = t->rows == PA_ROWS_EACH || t->rows == PA_ROWS_LAYERS;
		static const char *const standard[] = {"ts", "ts_ns", "capture_id", "frame", "idx"};
		unsigned n_first = 4u + (unsigned)many;

		assert_ptr_equal(pa_profile_table(p, t->name), t);
		assert_true(t->first_column + t->n_columns <= p->n_columns);
		assert_true(t->first_condition + t->n_conditions <= p->n_sources);
		assert_true(t->n_columns > n_first);
		for (unsigned k = 0; k < t->n_columns; k++) {
			const struct pa_column *c = column(p, t, k);

			assert_true(pa_identifier_ok(pa_slice_of(c->name)));
			assert_true(c->n_sources > 0);
			assert_true(c->first_source + c->n_sources <= p->n_sources);
			assert_int_equal(c->standard, k < n_first || strcmp(c->name, "cut") == 0);
			if (c->standard && k < n_first)
				assert_string_equal(c->name, standard[k]);
			else if (c->standard)
				assert_int_equal(k, t->n_columns - 1);
			assert_int_equal(c->standard, c->line == 0);
			assert_int_equal(c->which == PA_W_ALL, c->type == PA_T_JSON);
		}
		for (unsigned k = 0; k < t->n_keys; k++) {
			assert_in_range(t->keys[k].n_columns, 1, 4);
			for (unsigned m = 0; m < t->keys[k].n_columns; m++)
				assert_true(t->keys[k].columns[m] < t->n_columns);
		}
	}
	if (p->has_flow_fields) {
		assert_string_equal(p->fields[p->f_flow[PA_FLOW_IP_SRC]].name, "ip.src");
		assert_string_equal(p->fields[p->f_flow[PA_FLOW_IPV6_NXT]].name, "ipv6.nxt");
		assert_string_equal(p->fields[p->f_flow[PA_FLOW_ICMPV6_CODE]].name, "icmpv6.code");
	}
	check_text(p);
}

static void test_builtin(void **state)
{
	static const char *const tables[] = {"packets",     "layers", "dns",
	                                     "dns_answers", "http",   "tls"};
	struct pa_slice text = pa_profile_builtin();
	struct pa_profile *p;
	struct pa_error err = {0};

	(void)state;
	assert_ok(pa_profile_read("packets", text, NULL, &p, &err));
	check_promises(p);
	assert_string_equal(p->name, "packets");
	assert_int_equal(p->n_tables, N_OF(tables));
	for (unsigned i = 0; i < N_OF(tables); i++)
		assert_string_equal(p->tables[i].name, tables[i]);
	assert_int_equal(p->tables[0].rows, PA_ROWS_PACKET);
	assert_int_equal(p->tables[1].rows, PA_ROWS_LAYERS);
	assert_int_equal(p->tables[2].rows, PA_ROWS_WHEN);
	assert_int_equal(p->tables[3].rows, PA_ROWS_EACH);
	assert_true(p->has_flow_fields);
	assert_null(pa_profile_table(p, "Packets"));
	assert_null(pa_profile_table(p, ""));
	pa_profile_free(p);
	pa_profile_free(NULL);
}

static void test_builtin_is_the_file(void **state)
{
	struct pa_slice text = pa_profile_builtin();
	FILE *f = fopen(PA_SOURCE_DIR "/sql/profiles/packets.profile", "rb");
	uint8_t *bytes = malloc(text.len + 1);

	(void)state;
	assert_non_null(f);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, text.len + 1, f), text.len);
	assert_memory_equal(bytes, text.ptr, text.len);
	fclose(f);
	free(bytes);
}

/* The name, or "@capture" and the like. */
static const char *source_name(const struct pa_profile *p, const struct pa_source *s)
{
	static const char *const own[] = {
	    [PA_S_CAPTURE] = "@capture", [PA_S_INDEX] = "@index", [PA_S_KIND] = "@kind",
	    [PA_S_QUOTED] = "@quoted",   [PA_S_PROTO] = "@proto", [PA_S_CUT] = "@cut",
	    [PA_S_LAYER] = "@layer"};

	return s->kind == PA_S_FIELD ? p->fields[s->field].name : own[s->kind];
}

/* Every column as "name type(max) first|last|all source|source". */
static void assert_columns(const struct pa_profile *p, const char *table, const char *want)
{
	static const char *const which[] = {"", " first", " last", " all"};
	const struct pa_table *t = pa_profile_table(p, table);
	struct pa_buf b;

	assert_non_null(t);
	pa_buf_init(&b, 100000);
	for (unsigned i = 0; i < t->n_columns; i++) {
		const struct pa_column *c = column(p, t, i);

		assert_ok(
		    pa_buf_printf(&b, "%s%s %s", i ? "; " : "", c->name, pa_type_name(c->type)));
		if (c->max)
			assert_ok(pa_buf_printf(&b, "(%u)", c->max));
		assert_ok(pa_buf_puts(&b, which[c->which]));
		for (unsigned k = 0; k < c->n_sources; k++)
			assert_ok(pa_buf_printf(&b, "%s%s", k ? "|" : " ",
			                        source_name(p, &p->sources[c->first_source + k])));
	}
	assert_text(of_buf(&b), want);
	pa_buf_done(&b);
}

static void test_types_and_sources(void **state)
{
	static const char text[] = "# a comment\n"
	                           "\r\n"
	                           "[all]\t # another\r\n"
	                           "a time a.b\n"
	                           "b nanos a.b\n"
	                           "c uint8 a.b|a.c | a.d\n"
	                           "d uint16 a.b\n"
	                           "e uint32 a.b\n"
	                           "f uint64 a.b\n"
	                           "g int8 a.b\n"
	                           "h int16 a.b\n"
	                           "i int32 a.b\n"
	                           "j int64 a.b\n"
	                           "k double a.b\n"
	                           "l bool a.b\n"
	                           "m ip a.b\n"
	                           "n mac a.b\n"
	                           "o bytes a.b\n"
	                           "p bytes(65) a.b\n"
	                           "q text a.b\n"
	                           "r text(16) a.b#no blank\n"
	                           "s json a.b\n"
	                           "t duration a.b\n"
	                           "u set tcp.flags.syn | x.y\n"
	                           "v community_id @layer\n"
	                           "w text(4) @kind\n"
	                           "x bool @quoted\n"
	                           "y uint32 @index\n"
	                           "  z\tuint32   @capture\n"
	                           "aa uint8 @proto\n"
	                           "ab present a.b\n"
	                           "ac char a.b\n"
	                           "ad eui64 a.b\n"
	                           "ae guid a.b\n"
	                           "af uint8 first ip.ttl\n"
	                           "ag uint8 last ip.ttl | a.b\n"
	                           "ah json all a.b\n"
	                           "ai all a.b | a.c\n"
	                           "aj present tcp\n"
	                           "ak uint8 new.name/old.name/older.name | x.y/x.z";
	struct pa_profile *p = read_ok(text);

	(void)state;
	check_promises(p);
	assert_columns(p, "all",
	               "ts time frame.time_epoch; ts_ns nanos frame.time_epoch; "
	               "capture_id uint32 @capture; frame uint32 frame.number; "
	               "a time a.b; b nanos a.b; c uint8 a.b|a.c|a.d; d uint16 a.b; "
	               "e uint32 a.b; f uint64 a.b; g int8 a.b; h int16 a.b; i int32 a.b; "
	               "j int64 a.b; k double a.b; l bool a.b; m ip a.b; n mac a.b; "
	               "o bytes a.b; p bytes(65) a.b; q text a.b; r text(16) a.b; s json all a.b; "
	               "t duration a.b; u set tcp.flags.syn|x.y; v community_id @layer; "
	               "w text(4) @kind; x bool @quoted; y uint32 @index; z uint32 @capture; "
	               "aa uint8 @proto; ab present a.b; ac char a.b; ad eui64 a.b; ae guid a.b; "
	               "af uint8 first ip.ttl; ag uint8 last ip.ttl|a.b; ah json all a.b; "
	               "ai json all a.b|a.c; aj present tcp; ak uint8 new.name|x.y; "
	               "cut uint8 @cut");
	assert_true(p->has_flow_fields);
	assert_int_equal(p->columns[p->tables[0].first_column + 4].line, 4);
	assert_int_equal(p->tables[0].line, 3);
	pa_profile_free(p);
}

/* tshark gets the fields in the order in which the profile names them, each once; the guards
 * stand at both ends. */
static void test_field_order(void **state)
{
	struct pa_profile *p = read_ok("[t] when x.one | frame.marked\n"
	                               "a text x.two | frame.marked | frame.time_epoch\n"
	                               "b text ip.src\n"
	                               "c text x.one\n"
	                               "d text frame.number\n"
	                               "e text frame.protocols\n"
	                               "f bool frame.marked\n"
	                               "[u]\n"
	                               "a text x.two\n"
	                               "b text ip.src | x.three\n");
	static const char *const want[] = {
	    "frame.number", "frame.time_epoch", "frame.protocols", "x.one",
	    "x.two",        "ip.src",           "x.three",         "frame.marked"};
	static const unsigned lines[] = {0, 0, 0, 1, 2, 3, 10, 0};

	(void)state;
	check_promises(p);
	assert_false(p->has_flow_fields);
	assert_int_equal(p->n_fields, N_OF(want));
	for (unsigned i = 0; i < N_OF(want); i++) {
		assert_string_equal(p->fields[i].name, want[i]);
		assert_int_equal(p->fields[i].line, lines[i]);
	}
	assert_columns(p, "t",
	               "ts time frame.time_epoch; ts_ns nanos frame.time_epoch; "
	               "capture_id uint32 @capture; frame uint32 frame.number; "
	               "a text x.two|frame.marked|frame.time_epoch; b text ip.src; c text x.one; "
	               "d text frame.number; e text frame.protocols; f bool frame.marked");
	assert_int_equal(p->sources[p->tables[0].first_condition + 1].field, p->f_guard);
	pa_profile_free(p);
}

static void test_headers_of_fields(void **state)
{
	struct pa_profile *p = read_ok("[t]\n"
	                               "a text ip.src\n"
	                               "b text ipv6.src\n"
	                               "c text arp.src.proto_ipv4\n"
	                               "d text tcp.srcport\n"
	                               "e text udp.srcport\n"
	                               "f text sctp.srcport\n"
	                               "g text icmp.type\n"
	                               "h text icmpv6.type\n"
	                               "i text ipx.src\n"
	                               "j text tcpros.x\n"
	                               "k text icmpv.x\n"
	                               "l text http.host\n"
	                               "m text IP.src\n");
	static const enum pa_header want[] = {
	    PA_H_IP,     PA_H_IPV6, PA_H_ARP,  PA_H_TCP,  PA_H_UDP,  PA_H_SCTP, PA_H_ICMP,
	    PA_H_ICMPV6, PA_H_NONE, PA_H_NONE, PA_H_NONE, PA_H_NONE, PA_H_NONE};

	(void)state;
	for (unsigned i = 0; i < N_OF(want); i++)
		assert_int_equal(p->fields[3 + i].header, want[i]);
	pa_profile_free(p);
}

static void test_row_kinds_and_standard_columns(void **state)
{
	struct pa_profile *p = read_ok("[packet]\nx text a.b\n"
	                               "[cond] when a.b | a.c\nx text a.b\n"
	                               "[multi] each a.b|a.c\nx text a.b\n"
	                               "[layered] each @layer\nx text a.b\n");

	(void)state;
	check_promises(p);
	assert_int_equal(p->tables[0].rows, PA_ROWS_PACKET);
	assert_int_equal(p->tables[1].rows, PA_ROWS_WHEN);
	assert_int_equal(p->tables[1].n_conditions, 2);
	assert_int_equal(p->tables[2].rows, PA_ROWS_EACH);
	assert_int_equal(p->tables[2].n_conditions, 2);
	assert_int_equal(p->tables[3].rows, PA_ROWS_LAYERS);
	assert_int_equal(p->tables[3].n_conditions, 0);
	assert_columns(p, "cond",
	               "ts time frame.time_epoch; ts_ns nanos frame.time_epoch; "
	               "capture_id uint32 @capture; frame uint32 frame.number; x text a.b");
	assert_columns(p, "multi",
	               "ts time frame.time_epoch; ts_ns nanos frame.time_epoch; "
	               "capture_id uint32 @capture; frame uint32 frame.number; idx uint32 @index; "
	               "x text a.b");
	pa_profile_free(p);

	/* Saying what is there anyway is fine. */
	p = read_ok("[t] each a.b\n"
	            "ts time frame.time_epoch\n"
	            "ts_ns nanos frame.time_epoch\n"
	            "capture_id uint32 @capture\n"
	            "frame uint32 frame.number\n"
	            "idx uint32 @index\n"
	            "x text a.b\n");
	check_promises(p);
	assert_int_equal(p->tables[0].n_columns, 6);
	pa_profile_free(p);
}

static void test_keys(void **state)
{
	struct pa_profile *p = read_ok("[t]\n"
	                               "a text(191) x.a\n"
	                               "b text x.b\n"
	                               "c bytes(191) x.c\n"
	                               "d bytes x.d\n"
	                               "e json x.e\n"
	                               "f ip x.f\n"
	                               "key a\n"
	                               "key b(64) ts\n"
	                               "key c d(768) e(1) f\n"
	                               "key frame\n");
	const struct pa_table *t = &p->tables[0];

	(void)state;
	check_promises(p);
	assert_int_equal(t->n_keys, 4);
	assert_int_equal(t->keys[0].n_columns, 1);
	assert_int_equal(t->keys[0].columns[0], 4);
	assert_int_equal(t->keys[0].prefix[0], 0);
	assert_int_equal(t->keys[1].n_columns, 2);
	assert_int_equal(t->keys[1].columns[0], 5);
	assert_int_equal(t->keys[1].prefix[0], 64);
	assert_int_equal(t->keys[1].columns[1], 0);
	assert_int_equal(t->keys[2].n_columns, 4);
	assert_int_equal(t->keys[2].prefix[1], 768);
	assert_int_equal(t->keys[2].prefix[2], 1);
	assert_int_equal(t->keys[3].columns[0], 3);
	pa_profile_free(p);
}

#define NAME_64 "abcdefghijklmnopqrstuvwxyz_0123456789_abcdefghijklmnopqrstuvwxyz"

static void test_identifiers(void **state)
{
	static const struct {
		struct pa_slice name;
		int ok;
	} rows[] = {
	    {LIT("a"), 1},         {LIT("z9_"), 1}, {LIT(NAME_64), 1},    {LIT(""), 0},
	    {LIT(NAME_64 "x"), 0}, {LIT("A"), 0},   {LIT("aB"), 0},       {LIT("9a"), 0},
	    {LIT("_a"), 0},        {LIT("a-b"), 0}, {LIT("a b"), 0},      {LIT("a`b"), 0},
	    {LIT("a\0b"), 0},      {LIT("a;"), 0},  {LIT("\xc3\xa4"), 0}, {LIT("a\xc3\xa4"), 0},
	    {LIT("a/b"), 0},       {LIT("a."), 0},  {LIT("`"), 0},        {LIT("{"), 0},
	    {LIT("a:"), 0},
	};

	(void)state;
	assert_int_equal(strlen(NAME_64), 64);
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice name = copy_of(rows[i].name);

		if (pa_identifier_ok(name) != rows[i].ok)
			fail_msg("row %zu: \"%s\"", i, shown(name));
		free_copy(name);
	}
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(pa_set_word("tcp.flags.syn"), "syn");
	assert_string_equal(pa_set_word("syn"), "syn");
	assert_string_equal(pa_type_name(PA_T_TIME), "time");
	assert_string_equal(pa_type_name(PA_T_COMMUNITY_ID), "community_id");
}

static void test_errors(void **state)
{
	static const struct {
		struct pa_slice text;
		unsigned line;
		const char *said;
	} rows[] = {
	    {LIT(""), 0, "no [table]"},
	    {LIT("# only a comment\n\n"), 0, "no [table]"},
	    {LIT("\na text a.b\n"), 2, "before the first [table]"},
	    {LIT("key a\n"), 1, "before the first [table]"},
	    /* tables */
	    {LIT("[t\na text a.b\n"), 1, "does not end with ]"},
	    {LIT("[\na text a.b\n"), 1, "does not end with ]"},
	    {LIT("[]\na text a.b\n"), 1, "not a table name"},
	    {LIT("[T]\na text a.b\n"), 1, "not a table name"},
	    {LIT("[1t]\na text a.b\n"), 1, "not a table name"},
	    {LIT("[a-b]\na text a.b\n"), 1, "not a table name"},
	    {LIT("[" NAME_64 "x]\na text a.b\n"), 1, "not a table name"},
	    {LIT("[v_t]\na text a.b\n"), 1, "not v_"},
	    {LIT("[v_]\na text a.b\n"), 1, "not v_"},
	    {LIT("[sensors]\na text a.b\n"), 1, "is taken by"},
	    {LIT("[captures]\na text a.b\n"), 1, "is taken by"},
	    {LIT("[batches]\na text a.b\n"), 1, "is taken by"},
	    {LIT("[rejects]\na text a.b\n"), 1, "is taken by"},
	    {LIT("[coverage]\na text a.b\n"), 1, "is taken by"},
	    {LIT("[schema_version]\na text a.b\n"), 1, "is taken by"},
	    {LIT("[conversations]\na text a.b\n"), 1, "is taken by"},
	    {LIT("[dns_lookups]\na text a.b\n"), 1, "is taken by"},
	    {LIT("[http_requests]\na text a.b\n"), 1, "is taken by"},
	    {LIT("[t]\na text a.b\n[t]\na text a.b\n"), 3, "there already"},
	    {LIT("[t] if a.b\na text a.b\n"), 1, "neither"},
	    {LIT("[t] when\na text a.b\n"), 1, "needs a field"},
	    {LIT("[t] each\na text a.b\n"), 1, "needs a field"},
	    {LIT("[t] when @layer\na text a.b\n"), 1, "tshark fields only"},
	    {LIT("[t] each @index\na text a.b\n"), 1, "tshark fields only"},
	    {LIT("[t] each a.b | @layer\na text a.b\n"), 1, "tshark fields only"},
	    {LIT("[t] each a.b |\na text a.b\n"), 1, "FIELD | FIELD"},
	    {LIT("[t] each a.b a.c\na text a.b\n"), 1, "FIELD | FIELD"},
	    {LIT("[t] each | a.b\na text a.b\n"), 1, "FIELD | FIELD"},
	    {LIT("\n[t]\n"), 2, "no columns"},
	    {LIT("\n[t] each a.b\n[u]\na text a.b\n"), 2, "no columns"},
	    {LIT("[t]\nframe uint32 frame.number\n"), 1, "no columns"},
	    /* columns */
	    {LIT("[t]\nA text a.b\n"), 2, "not a column name"},
	    {LIT("[t]\n\n9 text a.b\n"), 3, "not a column name"},
	    {LIT("[t]\n" NAME_64 "x text a.b\n"), 2, "not a column name"},
	    {LIT("[t]\na text a.b\na text a.c\n"), 3, "there already"},
	    {LIT("[t]\na\n"), 2, "not a tshark field"},
	    {LIT("[t]\na.b\n"), 2, "\"a_b\" has no type"},
	    {LIT("[t]\na text\n"), 2, "has no type"},
	    {LIT("[t]\na a.b | a.c\n"), 2, "has no type"},
	    {LIT("[t]\na first a.b\n"), 2, "has no type"},
	    {LIT("[t]\na @kind\n"), 2, "needs a type"},
	    {LIT("[t]\na text all a.b\n"), 2, "\"all\" makes json, not text"},
	    {LIT("[t]\na json first a.b\n"), 2, "\"json\" holds all"},
	    {LIT("[t]\na first last a.b\n"), 2, "FIELD | FIELD"},
	    {LIT("[t]\na first text a.b\n"), 2, "FIELD | FIELD"},
	    {LIT("[t]\na text text a.b\n"), 2, "FIELD | FIELD"},
	    {LIT("[t]\na text(4) first @kind\n"), 2, "tshark fields only"},
	    {LIT("[t]\na all @index\n"), 2, "tshark fields only"},
	    {LIT("[t]\ncut uint8 a.b\n"), 2, "standard column"},
	    {LIT("[t]\na text a.b/\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text /a.b\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text a.b/-x\n"), 2, "not a tshark field"},
	    {LIT("[t]\nframe uint32 last frame.number\n"), 2, "standard column"},
	    {LIT("[t]\na uint8 @kind\n"), 2, "@ source does not fit"},
	    {LIT("[t]\na text @proto\n"), 2, "@ source does not fit"},
	    {LIT("[t]\na bool @index\n"), 2, "@ source does not fit"},
	    {LIT("[t]\na text @quoted\n"), 2, "@ source does not fit"},
	    {LIT("[t]\na string a.b\n"), 2, "not a type"},
	    {LIT("[t]\na Text a.b\n"), 2, "not a type"},
	    {LIT("[t]\na (5) a.b\n"), 2, "not a type"},
	    {LIT("[t]\na text( a.b\n"), 2, "does not end with )"},
	    {LIT("[t]\na text(5 a.b\n"), 2, "does not end with )"},
	    {LIT("[t]\na text(5)x a.b\n"), 2, "does not end with )"},
	    {LIT("[t]\na text() a.b\n"), 2, "not a length"},
	    {LIT("[t]\na text(0) a.b\n"), 2, "not a length"},
	    {LIT("[t]\na text(-1) a.b\n"), 2, "not a length"},
	    {LIT("[t]\na text(5)(6) a.b\n"), 2, "not a length"},
	    {LIT("[t]\na bytes(65536) a.b\n"), 2, "not a length"},
	    {LIT("[t]\na bytes(99999999999999999999) a.b\n"), 2, "not a length"},
	    {LIT("[t]\na text(16384) a.b\n"), 2, "above 16383"},
	    {LIT("[t]\na uint8(3) a.b\n"), 2, "takes no length"},
	    {LIT("[t]\na json(3) a.b\n"), 2, "takes no length"},
	    {LIT("[t]\nts text a.b\n"), 2, "standard column"},
	    {LIT("[t]\nts time a.b\n"), 2, "standard column"},
	    {LIT("[t]\nframe uint64 frame.number\n"), 2, "standard column"},
	    {LIT("[t]\nframe uint32 frame.number | a.b\n"), 2, "standard column"},
	    {LIT("[t] each a.b\nidx uint32 @capture\n"), 2, "standard column"},
	    {LIT("[t]\na bytes(65535) a.b\n"), 1, "65535 bytes"},
	    {LIT("[t]\na bytes(62410) a.b\nb text(769) a.b\nc text(768) a.b\n"), 1, "65535 bytes"},
	    {LIT("[t]\na bytes(65535) a.b\n[u]\na text a.b\n"), 1, "65535 bytes"},
	    /* sources */
	    {LIT("[t]\na text a\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text -Ea.b\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text .a.b\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text a.b.\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text a.b$(x)\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text $a.b\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text `a.b\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text a.b;c\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text a.b*\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text a.b'\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text a.b,c\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text ip.src#1\nb ip ip.src[0]\n"), 3, "not a tshark field"},
	    {LIT("[t]\na text a.\xc3\xa4\n"), 2, "not a tshark field"},
	    {LIT("[t]\na text @\n"), 2, "not one of @capture"},
	    {LIT("[t]\na text @time\n"), 2, "not one of @capture"},
	    {LIT("[t]\na text a.b a.c\n"), 2, "FIELD | FIELD"},
	    {LIT("[t]\na text a.b |\n"), 2, "FIELD | FIELD"},
	    {LIT("[t]\na text | a.b\n"), 2, "has no type"},
	    {LIT("[t]\na text a.b || a.c\n"), 2, "FIELD | FIELD"},
	    {LIT("[t]\na text |\n"), 2, "FIELD | FIELD"},
	    {LIT("[t]\na text a.b | a.c | a.b\n"), 2, "names a field twice"},
	    {LIT("[t]\na text a.b | @kind\n"), 2, "stands alone"},
	    {LIT("[t]\na text @kind | a.b\n"), 2, "stands alone"},
	    {LIT("[t]\na community_id ip.src\n"), 2, "community_id"},
	    {LIT("[t]\na community_id @kind\n"), 2, "community_id"},
	    {LIT("[t]\na text @layer\n"), 2, "community_id"},
	    {LIT("[t]\na community_id @layer | @layer\n"), 2, "community_id"},
	    {LIT("[t]\na set @kind\n"), 2, "takes tshark fields only"},
	    {LIT("[t]\na set tcp.flags.syn | other.syn\n"), 2, "\"syn\" twice"},
	    /* keys */
	    {LIT("[t]\na text(5) a.b\nkey\n"), 3, "one to four columns"},
	    {LIT("[t]\na ip a.b\nkey a ts frame capture_id ts_ns\n"), 3, "one to four columns"},
	    {LIT("[t]\nkey a\na text(5) a.b\n"), 2, "no column"},
	    {LIT("[t]\na text a.b\nkey a\n"), 3, "prefix length"},
	    {LIT("[t]\na text(192) a.b\nkey a\n"), 3, "prefix length"},
	    {LIT("[t]\na bytes a.b\nkey a\n"), 3, "prefix length"},
	    {LIT("[t]\na json a.b\nkey a\n"), 3, "prefix length"},
	    {LIT("[t]\na text a.b\nkey a(0)\n"), 3, "not a length"},
	    {LIT("[t]\na text a.b\nkey a(769)\n"), 3, "not a length"},
	    {LIT("[t]\na text a.b\nkey a(\n"), 3, "does not end with )"},
	    {LIT("[t]\na text a.b\nkey (5)\n"), 3, "no column"},
	    {LIT("[t]\na uint8 a.b\nkey a(4)\n"), 3, "prefix"},
	    {LIT("[t]\na text(8) a.b\nkey a(9)\n"), 3, "prefix"},
	    {LIT("[t]\na uint8 a.b\nkey a ts a\n"), 3, "twice"},
	    /* bytes that do not belong here */
	    {LIT("[t]\na text a.b\0\n"), 2, "control byte"},
	    {LIT("[t]\n\x01\n"), 2, "control byte"},
	    {LIT("\xef\xbb\xbf[t]\na text a.b\n"), 1, "before the first [table]"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice text = copy_of(rows[i].text);
		struct pa_profile *p = (void *)&rows;
		struct pa_error err = {0};
		enum pa_status st = pa_profile_read("test", text, NULL, &p, &err);

		if (st != PA_EPROFILE || err.code != st || err.row != rows[i].line ||
		    !strstr(err.msg, rows[i].said))
			fail_msg("row %zu: \"%s\": %d, line %llu: %s", i, shown(text), (int)st,
			         (unsigned long long)err.row, err.msg);
		assert_ptr_equal(p, &rows);
		assert_int_equal(pa_profile_read("test", text, NULL, &p, NULL), PA_EPROFILE);
		free_copy(text);
	}
}

static const char table_of_fields[] =
    "P\tTransmission Control Protocol\ttcp\n"
    "F\tSource Port\ttcp.srcport\tFT_UINT16\ttcp\tBASE_DEC\t0x0\t\n"
    "F\tSyn\ttcp.flags.syn\tFT_BOOLEAN\ttcp\t12\t0x2\t\n"
    "F\tVersion\tquic.version\tFT_UINT32\tquic\tBASE_HEX\t0x0\t\n"
    "F\tName\tkerberos.CNameString\tFT_STRING\tkerberos\t\t0x0\t\n"
    "F\tAddress\tx.ip\tFT_IPv4\tx\t\t0x0\t\n"
    "F\tAddress\tx.ip6\tFT_IPv6\tx\t\t0x0\t\n"
    "F\tTime\tx.time\tFT_ABSOLUTE_TIME\tx\t\t0x0\t\n"
    "F\tFloat\tx.float\tFT_FLOAT\tx\t\t0x0\t\n"
    "F\tMark\tx.none\tFT_NONE\tx\t\t0x0\t\n";

/* Columns without a type get the one of their field; what this tshark lacks is refused. */
static void test_types_of_fields(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *said;
	} rows[] = {
	    {"[t]\nquic.nothing\n", 2, "this tshark has no field \"quic.nothing\""},
	    {"[t]\na text x.ip | x.nothing\n", 2, "no field \"x.nothing\""},
	    {"[t]\na text y.a/y.b\n", 2, "no field \"y.a/y.b\""},
	    {"[t] when x.nothing\na ip x.ip\n", 1, "no field \"x.nothing\""},
	    {"[t]\n\na uint8 tcp.srcport\n", 3,
	     "uint8 cannot hold tcp.srcport, which is FT_UINT16"},
	    {"[t]\na ip x.ip | x.time\n", 2, "ip cannot hold x.time"},
	    {"[t]\na bool kerberos.CNameString\n", 2, "bool cannot hold"},
	    {"[t]\nquic.version\nquic.version\n", 3, "\"quic_version\" is there already"},
	};
	struct pa_fields *fields;
	struct pa_profile *p;
	struct pa_error err = {0};

	(void)state;
	assert_ok(pa_fields_new(pa_slice_of(table_of_fields), &fields, &err));
	assert_ok(pa_profile_read("test",
	                          SLICE("[t] when quic.version | tcp\n"
	                                "quic.version\n"
	                                "kerberos.CNameString\n"
	                                "old.name/tcp.srcport\n"
	                                "syn tcp.flags.syn\n"
	                                "address last x.ip | x.ip6\n"
	                                "both x.ip | tcp.srcport\n"
	                                "every all tcp.srcport\n"
	                                "seen x.time\n"
	                                "is_tcp tcp\n"
	                                "marked x.none\n"
	                                "port uint16 y.port/tcp.srcport\n"
	                                "wide uint64 tcp.srcport\n"
	                                "[u]\n"
	                                "x.float\n"),
	                          fields, &p, &err));
	pa_fields_free(fields);
	check_promises(p);
	assert_columns(p, "t",
	               "ts time frame.time_epoch; ts_ns nanos frame.time_epoch; "
	               "capture_id uint32 @capture; frame uint32 frame.number; "
	               "quic_version uint64 quic.version; "
	               "kerberos_cnamestring text kerberos.CNameString; "
	               "old_name uint64 tcp.srcport; syn bool tcp.flags.syn; "
	               "address ip last x.ip|x.ip6; both text x.ip|tcp.srcport; "
	               "every json all tcp.srcport; seen time x.time; is_tcp present tcp; "
	               "marked present x.none; port uint16 tcp.srcport; wide uint64 tcp.srcport; "
	               "cut uint8 @cut");
	assert_columns(p, "u",
	               "ts time frame.time_epoch; ts_ns nanos frame.time_epoch; "
	               "capture_id uint32 @capture; frame uint32 frame.number; "
	               "x_float double x.float; cut uint8 @cut");
	pa_profile_free(p);
	for (size_t i = 0; i < N_OF(rows); i++) {
		assert_ok(pa_fields_new(pa_slice_of(table_of_fields), &fields, &err));
		err = (struct pa_error){0};
		assert_int_equal(
		    pa_profile_read("test", pa_slice_of(rows[i].text), fields, &p, &err),
		    PA_EPROFILE);
		if (err.row != rows[i].line || !strstr(err.msg, rows[i].said))
			fail_msg("row %zu: line %llu: %s", i, (unsigned long long)err.row, err.msg);
		pa_fields_free(fields);
	}
}

/* How a profile is written does not matter, what it means does. */
static void test_digest(void **state)
{
	struct pa_profile *a = read_ok("[t]\na uint8 a.b | a.c\nkey a ts\n");
	struct pa_profile *b =
	    read_ok("# other words\n[t]\n  a\tuint8\ta.b|a.c # here\n\nkey a ts");
	struct pa_profile *c = read_ok("[t]\na uint8 a.c | a.b\nkey a ts\n");
	struct pa_profile *d = read_ok("[t]\na uint8 first a.b | a.c\nkey a ts\n");

	(void)state;
	assert_memory_equal(a->sha256, b->sha256, PA_SHA256_BYTES);
	assert_memory_not_equal(a->sha256, c->sha256, PA_SHA256_BYTES);
	assert_memory_not_equal(a->sha256, d->sha256, PA_SHA256_BYTES);
	pa_profile_free(a);
	pa_profile_free(b);
	pa_profile_free(c);
	pa_profile_free(d);
}

static void test_bad_names(void **state)
{
	static const char *const names[] = {"", "A", "9", "a-b", "a b", "../x", NAME_64 "x"};
	struct pa_profile *p;

	(void)state;
	for (size_t i = 0; i < N_OF(names); i++)
		assert_int_equal(
		    pa_profile_read(names[i], SLICE("[t]\na text a.b\n"), NULL, &p, NULL),
		    PA_EPROFILE);
	assert_ok(pa_profile_read(NAME_64, SLICE("[t]\na text a.b\n"), NULL, &p, NULL));
	assert_string_equal(p->name, NAME_64);
	pa_profile_free(p);
}

/* At the limit it reads; one more is refused, on its line. */
static void check_limit(struct pa_buf *b, const char *more, unsigned line)
{
	struct pa_profile *p;
	struct pa_error err = {0};

	if (pa_profile_read("test", of_buf(b), NULL, &p, &err) != PA_OK)
		fail_msg("at the limit: line %llu: %s", (unsigned long long)err.row, err.msg);
	check_promises(p);
	pa_profile_free(p);
	assert_ok(pa_buf_puts(b, more));
	assert_int_equal(pa_profile_read("test", of_buf(b), NULL, &p, &err), PA_EPROFILE);
	if (err.row != line)
		fail_msg("line %llu: %s", (unsigned long long)err.row, err.msg);
	pa_buf_reset(b);
}

static void test_limits(void **state)
{
	struct pa_buf b;

	(void)state;
	pa_buf_init(&b, PA_PROFILE_BYTES_MAX);
	for (unsigned i = 0; i < PA_PROFILE_TABLES_MAX; i++)
		assert_ok(pa_buf_printf(&b, "[t%u]\na uint8 a.b\n", i));
	check_limit(&b, "[more]\na uint8 a.b\n", 2 * PA_PROFILE_TABLES_MAX + 1);

	assert_ok(pa_buf_puts(&b, "[t]\n"));
	for (unsigned i = 0; i < PA_TABLE_COLUMNS_MAX - 4; i++)
		assert_ok(pa_buf_printf(&b, "c%u uint8 a.b\n", i));
	check_limit(&b, "more uint8 a.b\n", PA_TABLE_COLUMNS_MAX - 4 + 2);

	/* 1024 fields with the four of the filter. */
	assert_ok(pa_buf_puts(&b, "[t]\n"));
	for (unsigned i = 0; i < PA_PROFILE_FIELDS_MAX - 4; i++) {
		if (i % 100 == 0)
			assert_ok(pa_buf_printf(&b, "\nc%u json a.f%u", i, i));
		else
			assert_ok(pa_buf_printf(&b, "|a.f%u", i));
	}
	check_limit(&b, "|a.more", 0); /* the guard is the one too many */

	assert_ok(pa_buf_puts(&b, "[t]\na uint8 a.b\nb uint8 a.b\n"));
	for (unsigned i = 0; i < PA_TABLE_KEYS_MAX; i++)
		assert_ok(pa_buf_puts(&b, "key a b\n"));
	check_limit(&b, "key a b\n", PA_TABLE_KEYS_MAX + 4);

	assert_ok(pa_buf_puts(&b, "[t]\na set f.w0"));
	for (unsigned i = 1; i < 64; i++)
		assert_ok(pa_buf_printf(&b, "|f.w%u", i));
	check_limit(&b, "|f.more", 2);
	pa_buf_done(&b);
}

/* Every prefix and every text with a byte changed is read or refused, never more. */
static void test_damaged_builtin(void **state)
{
	struct pa_slice text = pa_profile_builtin();
	struct pa_slice copy = copy_of(text);
	uint8_t *bytes = (uint8_t *)(uintptr_t)copy.ptr;
	uint32_t seed = 41;

	(void)state;
	for (size_t i = 0; i < text.len; i++) {
		static const char nasty[] = "|[]()@#\n\0\xff.- a9";
		uint8_t old = bytes[i];
		struct pa_profile *p;
		struct pa_error err = {0};

		if (i % 8 == 0 &&
		    pa_profile_read("test", (struct pa_slice){bytes, i}, NULL, &p, &err) == PA_OK) {
			check_promises(p);
			pa_profile_free(p);
		}
		bytes[i] = (uint8_t)nasty[next_random(&seed) % (sizeof(nasty) - 1)];
		err = (struct pa_error){0};
		if (pa_profile_read("test", copy, NULL, &p, &err) == PA_OK) {
			check_promises(p);
			pa_profile_free(p);
		} else {
			assert_int_equal(err.code, PA_EPROFILE);
			assert_true(err.msg[0] != '\0');
		}
		bytes[i] = old;
	}
	free_copy(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_builtin),
	    cmocka_unit_test(test_builtin_is_the_file),
	    cmocka_unit_test(test_types_and_sources),
	    cmocka_unit_test(test_field_order),
	    cmocka_unit_test(test_headers_of_fields),
	    cmocka_unit_test(test_row_kinds_and_standard_columns),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_identifiers),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_types_of_fields),
	    cmocka_unit_test(test_digest),
	    cmocka_unit_test(test_bad_names),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_damaged_builtin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
