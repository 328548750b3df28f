/* What the short cuts write is what the general conversion writes: rows that are put together from
 * many odd and even cells, through both. */
#include "pcapanalyzer/transform.h"
#include "support.h"

#define ROWS 400

/* Cells by kind; each kind has what is common, what is at an edge and what is no such value. */
static const char *const numbers[] = {
    "",           "",           "0",           "1",
    "7",          "53",         "255",         "256",
    "443",        "65535",      "65536",       "4294967295",
    "4294967296", "00",         "007",         "0x0018",
    "0x",         "0xffffffff", "0x1ffffffff", "0xFF",
    "99999999",   "100000000",  "12345678901", "-1",
    "1 ",         "1\3772",     "\3773",       "18446744073709551615",
    "3\xff",      ",",          "17",          "6",
    "58"};
static const char *const addresses[] = {"",
                                        "",
                                        "10.0.0.1",
                                        "192.168.100.200",
                                        "1.2.3.4",
                                        "255.255.255.255",
                                        "256.1.1.1",
                                        "01.2.3.4",
                                        "1.2.3",
                                        "::",
                                        "::1",
                                        "fe80::1",
                                        "2001:db8:85a3:8d3:1319:8a2e:370:7348",
                                        "2001:0db8::1",
                                        "::ffff:1.2.3.4",
                                        "1.2.3.4\3775.6.7.8",
                                        "fe80::1\377fe80::2",
                                        "\3771.1.1.1",
                                        "00:1b:21:0a:ff:0e",
                                        "00:1B:21:0A:FF:0E",
                                        "00-1b-21-0a-ff-0e",
                                        "00:1b:21:0a:ff:0g",
                                        "00:1b:21:0a:ff",
                                        "0.0.0.0",
                                        "9.9.9.9\t"};
#define LONG_TEXT "a text that is not short: with three of them it is longer than most others are; "

static const char *const texts[] = {
    "", "TCP", "443 \xe2\x86\x92 53406 [PSH, ACK] Seq=5526 Ack=596 Win=33 Len=12",
    "a \"quoted\" word", "back\\\\slash", "back\\slash", "tab\\t", "ends with one \\",
    "control \x01\x1f\x7f", "broken \xc3(", "cut \xe2\x86", "four \xf0\x9f\x98\x80 bytes",
    "surrogate \xed\xa0\x80", "\xff", "a\377b", "exactly sixteen!", "exactly seventeen",
    "fifteen charact\"", "sixteen characte\xe2\x86\x92", "a,b|c;d",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
    /* Arrows on both sides of the places where blocks of text end, and one across. */
    "012345678901234567890123456 \xe2\x86\x92 \xe2\x86\x92 x",
    "0123456789012345678901234567 \xe2\x86\x92\xe2\x86\x91 \xe2\x86\x92",
    "0123456789012345678901234567890\xe2\x86\x92\xe2\x86",
    LONG_TEXT " \xe2\x86\x92 " LONG_TEXT "\\\\" LONG_TEXT "\"",
    LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT};
/* Too long for a place of its own among the shapes of a capture. */
#define LONG_PROTOCOLS                                                                             \
	"eth:ethertype:ip:tcp:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:"    \
	"tls:"                                                                                     \
	"tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls:tls"

static const char *const protocols[] = {
    "eth:ethertype:ip:tcp",
    "eth:ethertype:ip:udp:dns",
    "eth:ethertype:ipv6:tcp",
    "eth:ethertype:ipv6:icmpv6",
    "eth:ethertype:ip:icmp:ip:udp",
    "eth:ethertype:ip:gre:ip:tcp",
    "eth:ethertype:ip:ipv6:udp",
    "eth:ethertype:arp",
    "eth:ethertype:ip:sctp",
    "eth:llc",
    "frame",
    "",
    LONG_PROTOCOLS,
};
static const char *const times[] = {
    "1489363823.466752001", "1489363823.466752000",   "1489363823",          "1489363823.5",
    "0.000000001",          "253402300799.999999999", "1489363824.000000999"};
/* Words that tell a field of which kind its cells are. */
static const char *const address_words[] = {"src", "dst", ".sa", ".da", "ipv4", "dns.a", "addr"};
static const char *const text_words[] = {"col.",
                                         "name",
                                         "host",
                                         "ja3",
                                         "alpn",
                                         "comment",
                                         "server",
                                         "iface",
                                         "uri",
                                         "agent",
                                         "referer",
                                         "type_",
                                         "request.method",
                                         "request.version",
                                         "response.version",
                                         "content_type"};

static const char *pick(const char *const *from, size_t n, uint32_t *seed)
{
	return from[next_random(seed) % n];
}

static int has_word(const char *name, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(name, words[i]))
			return 1;
	return 0;
}

/* A cell of field I. TAME: of a kind that fits, so that rows are not all rejects. */
static const char *cell_of(const struct pa_profile *p, unsigned i, int tame, uint32_t *seed)
{
	const char *name = p->fields[i].name;
	int port = strstr(name, "port") != NULL;

	if (i == p->f_time)
		return pick(times, N_OF(times), seed);
	if (i == p->f_protocols)
		return pick(protocols, N_OF(protocols), seed);
	if (next_random(seed) % 3 == 0)
		return "";
	if (!port && has_word(name, address_words, N_OF(address_words)))
		return tame ? (strncmp(name, "eth", 3) == 0 || strncmp(name, "wlan", 4) == 0 ||
		                       strstr(name, ".eth")
		                   ? addresses[18]
		                   : addresses[2 + next_random(seed) % 3])
		            : pick(addresses, N_OF(addresses), seed);
	if (has_word(name, text_words, N_OF(text_words)))
		return tame ? texts[1 + next_random(seed) % 3] : pick(texts, N_OF(texts), seed);
	if (tame && strcmp(name, "dns.flags.response") == 0)
		return numbers[2 + next_random(seed) % 2];
	return tame ? numbers[2 + next_random(seed) % 4] : pick(numbers, N_OF(numbers), seed);
}

/* Rows repeat most cells of the row before them, as packets of a conversation do; one in three is
 * all new. */
static void put_row(struct pa_buf *out, const struct pa_profile *p, uint64_t number, int dialect,
                    uint32_t *seed)
{
	static const char *cells[PA_PROFILE_FIELDS_MAX];
	int fresh = number == 1 || next_random(seed) % 3 == 0;
	int wild = next_random(seed) % 4 != 0;

	assert_ok(pa_buf_put_u64(out, number));
	for (unsigned i = 1; i + 1 < p->n_fields; i++) {
		int tame = !wild || next_random(seed) % 60 != 0;

		if (fresh || i == p->f_protocols || next_random(seed) % 50 == 0)
			cells[i] = cell_of(p, i, tame, seed);
		assert_ok(pa_buf_putc(out, '\t'));
		assert_ok(pa_buf_puts(out, cells[i]));
	}
	assert_ok(pa_buf_puts(out, dialect == PA_DIALECT_4_0 ? "\t0\n" : "\tTrue\n"));
}

/* Everything that the rows become, tables and outcomes, in one text; returns how many rows were
 * converted. */
static unsigned convert(const struct pa_profile *p, struct pa_transform_config c, int slow,
                        struct pa_slice in, struct pa_buf *log)
{
	static struct pa_output outputs[PA_PROFILE_TABLES_MAX];
	const struct pa_rows_config rc = {.read = read_slice,
	                                  .ctx = &in,
	                                  .separator = '\t',
	                                  .quote = c.quote,
	                                  .max_bytes = 100000,
	                                  .max_cells = PA_PROFILE_FIELDS_MAX};
	struct pa_transform *t;
	struct pa_rows *rows;
	struct pa_row row;
	unsigned n = 0;

	c.slow = slow;
	for (unsigned i = 0; i < p->n_tables; i++) {
		pa_buf_init(&outputs[i].bytes, 1 << 26);
		pa_buf_init(&outputs[i].runs, 1 << 26);
		outputs[i].rows = 0;
	}
	assert_ok(pa_transform_new(p, &c, &t, NULL));
	assert_ok(pa_rows_new(&rc, &rows, NULL));
	while (pa_rows_next(rows, &row, NULL) == PA_OK) {
		struct pa_outcome_info info;

		assert_ok(pa_transform_row(t, rows, &row, outputs, &info, NULL));
		n += info.outcome == PA_ROW_CONVERTED;
		assert_ok(pa_buf_printf(log, "%d cut %u column %s cell %u: %s\n", info.outcome,
		                        info.cut, info.column ? info.column : "-", info.cell,
		                        info.reason));
	}
	for (unsigned i = 0; i < p->n_tables; i++) {
		assert_ok(pa_buf_put(log, outputs[i].bytes.ptr, outputs[i].bytes.len));
		assert_ok(pa_buf_put(log, outputs[i].runs.ptr, outputs[i].runs.len));
		pa_buf_done(&outputs[i].bytes);
		pa_buf_done(&outputs[i].runs);
	}
	pa_rows_free(rows);
	pa_transform_free(t);
	return n;
}

static void compare(const struct pa_profile *p, const struct pa_transform_config *c,
                    struct pa_slice in, unsigned least)
{
	struct pa_buf quick;
	struct pa_buf slow;
	unsigned n;

	pa_buf_init(&quick, SIZE_MAX);
	pa_buf_init(&slow, SIZE_MAX);
	n = convert(p, *c, 0, in, &quick);
	assert_true(n >= least);
	assert_int_equal(n, convert(p, *c, 1, in, &slow));
	for (size_t i = 0; i < quick.len && i < slow.len; i++)
		if (quick.ptr[i] != slow.ptr[i])
			fail_msg("byte %zu: \"%.60s\", not \"%.60s\"", i,
			         (const char *)quick.ptr + (i < 30 ? 0 : i - 30),
			         (const char *)slow.ptr + (i < 30 ? 0 : i - 30));
	assert_int_equal(quick.len, slow.len);
	pa_buf_done(&quick);
	pa_buf_done(&slow);
}

static void test_short_cuts_change_nothing(void **state)
{
	static const uint8_t aggregators[] = {0xff, 0x1f, ',', '1', 0x86};
	struct pa_profile *p;
	uint32_t seed = 5;

	(void)state;
	assert_ok(pa_profile_read("packets", pa_profile_builtin(), NULL, &p, NULL));
	for (unsigned dialect = PA_DIALECT_4_0; dialect <= PA_DIALECT_4_4; dialect++) {
		struct pa_buf in;

		pa_buf_init(&in, SIZE_MAX);
		for (uint64_t n = 1; n <= ROWS; n++)
			put_row(&in, p, n, (int)dialect, &seed);
		for (unsigned style = PA_CSV_MYSQL; style <= PA_CSV_BATCH; style++) {
			for (size_t a = 0; a < N_OF(aggregators); a++) {
				const struct pa_transform_config c = {
				    .style = (enum pa_csv_style)style,
				    .capture_id = 18446744073709551615u,
				    .dialect = (enum pa_dialect)dialect,
				    .occurrence = (enum pa_occurrence)(a % 3),
				    .separator = '\t',
				    .aggregator = aggregators[a]};

				compare(p, &c, pa_buf_slice(&in),
				        aggregators[a] == '1' ? 0 : ROWS / 8);
			}
		}
		pa_buf_done(&in);
	}
	pa_profile_free(p);
}

/* The header gives the cells another order, so that neighbours are none any more. */
static void test_any_order_of_cells(void **state)
{
	struct pa_profile *p;
	uint32_t seed = 9;
	struct pa_buf in;
	const struct pa_transform_config c = {.style = PA_CSV_MYSQL,
	                                      .dialect = PA_DIALECT_4_4,
	                                      .separator = '\t',
	                                      .aggregator = 0xff};

	(void)state;
	assert_ok(pa_profile_read("packets", pa_profile_builtin(), NULL, &p, NULL));
	pa_buf_init(&in, SIZE_MAX);
	for (unsigned i = p->n_fields; i-- > 0;) {
		assert_ok(pa_buf_puts(&in, p->fields[i].name));
		assert_ok(pa_buf_putc(&in, i ? '\t' : '\n'));
	}
	for (uint64_t n = 1; n <= ROWS; n++)
		for (unsigned i = p->n_fields; i-- > 0;) {
			if (i == p->f_guard)
				assert_ok(pa_buf_puts(&in, "False"));
			else if (i == p->f_number)
				assert_ok(pa_buf_put_u64(&in, n));
			else
				assert_ok(pa_buf_puts(
				    &in, cell_of(p, i, next_random(&seed) % 120 != 0, &seed)));
			assert_ok(pa_buf_putc(&in, i ? '\t' : '\n'));
		}
	compare(p, &c, pa_buf_slice(&in), ROWS / 8);
	pa_buf_done(&in);
	pa_profile_free(p);
}

/* More patterns, addresses and conversations than there are places: what is forgotten is found
 * out anew. */
static void test_more_than_is_remembered(void **state)
{
	static const char profile[] = "[t]\n"
	                              "a uint8 ip.ttl\nb ip ip.src\nc ip ip.dst\nd mac eth.src\n"
	                              "e uint16 udp.srcport\nf uint16 udp.dstport\n"
	                              "g community_id @layer\nh text(20) http.host\n";
	struct pa_profile *p;
	struct pa_buf in;
	const struct pa_transform_config c = {.style = PA_CSV_BATCH,
	                                      .dialect = PA_DIALECT_4_0,
	                                      .separator = '\t',
	                                      .aggregator = 0xff};

	(void)state;
	assert_ok(pa_profile_read("t", pa_slice_of(profile), NULL, &p, NULL));
	pa_buf_init(&in, SIZE_MAX);
	for (unsigned n = 1; n <= 40000; n++) {
		assert_ok(pa_buf_printf(&in, "%u", n));
		for (unsigned i = 1; i + 1 < p->n_fields; i++) {
			const char *name = p->fields[i].name;

			assert_ok(pa_buf_putc(&in, '\t'));
			if (i == p->f_time)
				assert_ok(pa_buf_puts(&in, times[n % N_OF(times)]));
			else if (i == p->f_protocols)
				assert_ok(pa_buf_puts(&in, "eth:ethertype:ip:udp"));
			else if (strcmp(name, "ip.src") == 0)
				assert_ok(pa_buf_printf(&in, "10.%u.%u.1", n / 2 % 7, n / 2 % 251));
			else if (strcmp(name, "ip.dst") == 0)
				assert_ok(pa_buf_printf(&in, "10.%u.9.%u", n / 2 % 11, n / 2 % 13));
			else if (strcmp(name, "eth.src") == 0)
				assert_ok(pa_buf_printf(&in, "00:00:5e:00:%02x:%02x", n >> 9 & 255,
				                        n >> 1 & 255));
			else if (strcmp(name, "ip.proto") == 0)
				assert_ok(pa_buf_puts(&in, n % 2 ? "17" : "50"));
			else if (strncmp(name, "udp", 3) == 0)
				assert_ok(pa_buf_put_u64(&in, n / 2 % 5000));
		}
		assert_ok(pa_buf_puts(&in, "\t0\n"));
	}
	compare(p, &c, pa_buf_slice(&in), 40000);
	pa_buf_done(&in);
	pa_profile_free(p);
}

/* In quotes a cell may hold the byte that stands between those of a row, or be none at all. */
static void test_quoted_numbers(void **state)
{
	static const char profile[] = "[t]\na uint32 frame.len\nb uint32 frame.cap_len\n";
#define QUOTED(n, a, b) n "\t1.000000000\teth\t" a "\t" b "\t0\n"
	const struct pa_slice in =
	    SLICE(QUOTED("1", "10", "20") QUOTED("2", "\"10\"", "20") QUOTED("3", "1\0002", "3")
	              QUOTED("4", "\"1\0002\"", "\"3\t\"") QUOTED("5", "1234567890", "20")
	                  QUOTED("6", "10", "4294967296") QUOTED("7", "\"\"", "20"));
	const struct pa_transform_config c = {.style = PA_CSV_MYSQL,
	                                      .dialect = PA_DIALECT_4_0,
	                                      .separator = '\t',
	                                      .aggregator = 0xff,
	                                      .quote = '"'};
	struct pa_profile *p;

	(void)state;
	assert_ok(pa_profile_read("t", pa_slice_of(profile), NULL, &p, NULL));
	compare(p, &c, in, 4);
	pa_profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_short_cuts_change_nothing),
	    cmocka_unit_test(test_any_order_of_cells),
	    cmocka_unit_test(test_more_than_is_remembered),
	    cmocka_unit_test(test_quoted_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
