#include <time.h>

#include "pcapanalyzer/fields.h"
#include "pcapanalyzer/profile.h"
#include "support.h"

#define F(title, name, ft, mask, blurb)                                                            \
	"F\t" title "\t" name "\t" ft "\tparent\tBASE_DEC\t" mask "\t" blurb "\n"

/* As tshark prints it: protocols, fields, columns without content, letters that are not ASCII. */
static const char small_table[] =
    "P\tTransmission Control Protocol\ttcp\n"
    "P\tAn empty one\tempty\n" F("Source Port", "tcp.srcport", "FT_UINT16", "0x0", "")
        F("Opcode", "dns.flags.opcode", "FT_UINT16", "0x7800",
          "Operation code") F("DSCP", "ipv6.tclass.dscp", "FT_UINT32", "0xfc00000", "")
            F("THETA, [\xc2\xb0]", "asterix.theta", "FT_DOUBLE", "0x0", "")
                F("Epoch Arrival Time", "frame.time_epoch", "FT_RELATIVE_TIME", "0x0", "Epoch time")
                    F("Version", "quic.version", "FT_UINT32", "0x0", "The QUIC version")
                        F("Quick", "other.quick", "FT_STRING", "0x0", "")
                            F("Word", "other.word", "FT_STRING", "0x0",
                              "Not quick, but quic all the same")
                                F("Info", "_ws.col.info", "FT_STRING", "0x0", "");

static struct pa_fields *table(const char *text)
{
	struct pa_fields *f = NULL;
	struct pa_error err = {0};

	if (pa_fields_new(pa_slice_of(text), &f, &err) != PA_OK)
		fail_msg("line %llu: %s", (unsigned long long)err.row, err.msg);
	return f;
}

static void test_find(void **state)
{
	static const struct {
		const char *name, *title, *blurb, *ft_name;
		enum pa_ft ft, ft_values;
	} rows[] = {
	    {"tcp", "Transmission Control Protocol", "", "FT_PROTOCOL", PA_FT_PROTOCOL,
	     PA_FT_PROTOCOL},
	    {"empty", "An empty one", "", "FT_PROTOCOL", PA_FT_PROTOCOL, PA_FT_PROTOCOL},
	    {"tcp.srcport", "Source Port", "", "FT_UINT16", PA_FT_UINT16, PA_FT_UINT16},
	    {"dns.flags.opcode", "Opcode", "Operation code", "FT_UINT16", PA_FT_UINT16,
	     PA_FT_UINT8},
	    {"ipv6.tclass.dscp", "DSCP", "", "FT_UINT32", PA_FT_UINT32, PA_FT_UINT8},
	    {"asterix.theta", "THETA, [\xc2\xb0]", "", "FT_DOUBLE", PA_FT_DOUBLE, PA_FT_DOUBLE},
	    {"_ws.col.info", "Info", "", "FT_STRING", PA_FT_STRING, PA_FT_STRING},
	    {"_ws.col.No.", "No.", "Packet list", "FT_STRING", PA_FT_STRING, PA_FT_STRING},
	    {"_ws.col.Time", "Time", "Packet list", "FT_STRING", PA_FT_STRING, PA_FT_STRING},
	    {"_ws.col.Source", "Source", "Packet list", "FT_STRING", PA_FT_STRING, PA_FT_STRING},
	    {"_ws.col.Destination", "Destination", "Packet list", "FT_STRING", PA_FT_STRING,
	     PA_FT_STRING},
	    {"_ws.col.Protocol", "Protocol", "Packet list", "FT_STRING", PA_FT_STRING,
	     PA_FT_STRING},
	    {"_ws.col.Length", "Length", "Packet list", "FT_STRING", PA_FT_STRING, PA_FT_STRING},
	    {"_ws.col.Info", "Info", "Packet list", "FT_STRING", PA_FT_STRING, PA_FT_STRING},
	};
	static const char *const none[] = {
	    "",    "tc",          "tcp.",      "tcp.srcpor",       "tcp.srcport ",
	    "TCP", "Tcp.srcport", "parent",    "_ws.col.protocol", "_ws.col.PROTOCOL",
	    "P",   "F",           "FT_UINT16",
	};
	struct pa_fields *f = table(small_table);
	struct pa_field_info info;

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		if (!pa_fields_find(f, pa_slice_of(rows[i].name), &info))
			fail_msg("no %s", rows[i].name);
		assert_text(info.name, rows[i].name);
		assert_text(info.title, rows[i].title);
		assert_text(info.blurb, rows[i].blurb);
		assert_text(info.ft_name, rows[i].ft_name);
		assert_int_equal(info.ft, rows[i].ft);
		assert_int_equal(info.ft_values, rows[i].ft_values);
	}
	for (size_t i = 0; i < N_OF(none); i++)
		assert_false(pa_fields_find(f, pa_slice_of(none[i]), &info));
	pa_fields_free(f);
	pa_fields_free(NULL);
}

static void test_no_table(void **state)
{
	static const struct {
		struct pa_slice text;
		uint64_t row;
	} rows[] = {
	    {LIT(""), 0},
	    {LIT("\n"), 0},
	    {LIT("Running as user \"root\".\n"), 0},
	    {LIT("F"), 1},
	    {LIT("F\tA\ta.a\tFT_NONE\tx\t\t0x0\t"), 1},
	    {LIT("P\tA\ta\nF\tA\ta.a\tFT_NONE\tx\t\t0x0\tcut off"), 2},
	    {LIT("P\tA\ta\nP\tB\n"), 2},
	    {LIT("P\tA\ta\n\nP\tB\t\n"), 3},
	    {LIT("F\tA\ta.a\n"), 1},
	    {LIT("F\tA\ta.a\t\n"), 1},
	    {LIT("F\tA\t\tFT_NONE\tx\t\t0x0\t\n"), 1},
	    {LIT("F\tA\ta.a\tFT_\tx\t\t0x0\t\n"), 1},
	    {LIT("F\tA\ta.a\tNONE\tx\t\t0x0\t\n"), 1},
	    {LIT("F\tA\ta.a\tft_none\tx\t\t0x0\t\n"), 1},
	    {LIT("F\tA\tB\ta.a\tFT_NONE\tx\t\t0x0\t\n"), 1},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice text = copy_of(rows[i].text);
		struct pa_error err = {0};
		struct pa_fields *f = NULL;

		if (pa_fields_new(text, &f, &err) != PA_EFORMAT || f || err.row != rows[i].row)
			fail_msg("row %zu: line %llu: %s", i, (unsigned long long)err.row, err.msg);
		assert_true(err.msg[0] != '\0');
		free_copy(text);
	}
}

/* The shortest that is one; what is no line of a field is left out. */
static void test_short_table(void **state)
{
	static const char *const texts[] = {
	    "P\tA\ta\n",
	    "F\tB\ta\tFT_NONE\n",
	    "\n\nnot this\nP\nF\nX\tA\tb\tFT_NEW\nP\t\ta\nV\n",
	};

	(void)state;
	for (size_t i = 0; i < N_OF(texts); i++) {
		struct pa_slice text = copy_of(pa_slice_of(texts[i]));
		struct pa_fields *f;
		struct pa_field_info info;

		assert_ok(pa_fields_new(text, &f, NULL));
		assert_true(pa_fields_find(f, SLICE("a"), &info));
		assert_text(info.blurb, "");
		assert_false(pa_fields_find(f, SLICE("b"), &info));
		pa_fields_free(f);
		free_copy(text);
	}
}

static void test_names_in_several_lines(void **state)
{
	static const struct {
		const char *first, *second;
		enum pa_ft ft;
	} rows[] = {
	    {"FT_UINT8", "FT_UINT8", PA_FT_UINT8},      {"FT_UINT8", "FT_UINT16", PA_FT_UINT16},
	    {"FT_UINT16", "FT_UINT8", PA_FT_UINT16},    {"FT_UINT24", "FT_UINT32", PA_FT_UINT32},
	    {"FT_INT16", "FT_UINT8", PA_FT_INT64},      {"FT_UINT56", "FT_INT16", PA_FT_INT64},
	    {"FT_INT8", "FT_UINT64", PA_FT_STRING},     {"FT_DOUBLE", "FT_UINT32", PA_FT_DOUBLE},
	    {"FT_DOUBLE", "FT_UINT64", PA_FT_STRING},   {"FT_STRING", "FT_STRINGZ", PA_FT_STRING},
	    {"FT_STRINGZ", "FT_UINT32", PA_FT_STRINGZ}, {"FT_NONE", "FT_PROTOCOL", PA_FT_NONE},
	    {"FT_NONE", "FT_UINT8", PA_FT_STRING},      {"FT_UINT8", "FT_NONE", PA_FT_STRING},
	    {"FT_NONE", "FT_STRINGZ", PA_FT_STRINGZ},   {"FT_IPv4", "FT_IPv6", PA_FT_IPV4},
	    {"FT_IPv4", "FT_ETHER", PA_FT_STRING},      {"FT_ETHER", "FT_BYTES", PA_FT_BYTES},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		char text[300];
		struct pa_fields *f;
		struct pa_field_info info;
		uint64_t n;
		struct pa_buf out;

		snprintf(text, sizeof(text),
		         "F\tFirst\ta.b\t%s\ta\tBASE_DEC\t0x0f\t\n"
		         "F\tOther\ta.c\tFT_NONE\ta\t\t0x0\t\n"
		         "F\tSecond\ta.b\t%s\ta\tBASE_DEC\t0x0f\t\n",
		         rows[i].first, rows[i].second);
		f = table(text);
		assert_true(pa_fields_find(f, SLICE("a.b"), &info));
		if (info.ft != rows[i].ft)
			fail_msg("row %zu: %s", i, shown(info.ft_name));
		assert_int_equal(info.ft_values, rows[i].ft);
		assert_text(info.title, "First");
		assert_true(pa_fields_find(f, SLICE("a.c"), &info));
		pa_buf_init(&out, 1000);
		assert_ok(pa_fields_search(f, SLICE("a.b"), 0, &out, &n));
		assert_int_equal(n, 1);
		pa_buf_done(&out);
		pa_fields_free(f);
	}
}

static void test_bit_masks(void **state)
{
	static const struct {
		const char *ft, *mask;
		enum pa_ft values;
	} rows[] = {
	    {"FT_UINT64", "0x0", PA_FT_UINT64},
	    {"FT_UINT64", "", PA_FT_UINT64},
	    {"FT_UINT64", "mask", PA_FT_UINT64},
	    {"FT_UINT64", "0x1", PA_FT_UINT8},
	    {"FT_UINT64", "0x8000000000000000", PA_FT_UINT8},
	    {"FT_UINT64", "0xff", PA_FT_UINT8},
	    {"FT_UINT64", "0x1ff", PA_FT_UINT16},
	    {"FT_UINT64", "0x1fe", PA_FT_UINT8},
	    {"FT_UINT64", "0x8001", PA_FT_UINT16}, /* bits between count, too */
	    {"FT_UINT64", "0x10001", PA_FT_UINT24},
	    {"FT_UINT64", "0xffffffff", PA_FT_UINT32},
	    {"FT_UINT64", "0x1ffffffff", PA_FT_UINT40},
	    {"FT_UINT64", "0xffffffffffff", PA_FT_UINT48},
	    {"FT_UINT64", "0xffffffffffffff", PA_FT_UINT56},
	    {"FT_UINT64", "0xffffffffffffffff", PA_FT_UINT64},
	    {"FT_UINT8", "0xffff", PA_FT_UINT8},
	    {"FT_UINT16", "0xffff", PA_FT_UINT16},
	    {"FT_INT32", "0xff00", PA_FT_INT8},
	    {"FT_INT64", "0xff00ff0000", PA_FT_INT24},
	    {"FT_FRAMENUM", "0x0", PA_FT_FRAMENUM},
	    {"FT_BOOLEAN", "0x1", PA_FT_BOOLEAN},
	    {"FT_CHAR", "0x1", PA_FT_CHAR},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		char text[100];
		struct pa_fields *f;
		struct pa_field_info info;

		snprintf(text, sizeof(text), "F\tA\ta\t%s\tx\t\t%s\t\n", rows[i].ft, rows[i].mask);
		f = table(text);
		assert_true(pa_fields_find(f, SLICE("a"), &info));
		if (info.ft_values != rows[i].values)
			fail_msg("row %zu: %d", i, (int)info.ft_values);
		assert_text(info.ft_name, rows[i].ft);
		pa_fields_free(f);
	}
}

/* Every type of Wireshark, as _ws.ftypes.* lists them. */
static void test_types(void **state)
{
	static const struct {
		const char *name;
		enum pa_type type;
	} rows[] = {
	    {"FT_NONE", PA_T_PRESENT},
	    {"FT_PROTOCOL", PA_T_PRESENT},
	    {"FT_BOOLEAN", PA_T_BOOL},
	    {"FT_CHAR", PA_T_CHAR},
	    {"FT_UINT8", PA_T_UINT64},
	    {"FT_UINT16", PA_T_UINT64},
	    {"FT_UINT24", PA_T_UINT64},
	    {"FT_UINT32", PA_T_UINT64},
	    {"FT_UINT40", PA_T_UINT64},
	    {"FT_UINT48", PA_T_UINT64},
	    {"FT_UINT56", PA_T_UINT64},
	    {"FT_UINT64", PA_T_UINT64},
	    {"FT_INT8", PA_T_INT64},
	    {"FT_INT16", PA_T_INT64},
	    {"FT_INT24", PA_T_INT64},
	    {"FT_INT32", PA_T_INT64},
	    {"FT_INT40", PA_T_INT64},
	    {"FT_INT48", PA_T_INT64},
	    {"FT_INT56", PA_T_INT64},
	    {"FT_INT64", PA_T_INT64},
	    {"FT_IEEE_11073_SFLOAT", PA_T_DOUBLE},
	    {"FT_IEEE_11073_FLOAT", PA_T_DOUBLE},
	    {"FT_FLOAT", PA_T_DOUBLE},
	    {"FT_DOUBLE", PA_T_DOUBLE},
	    {"FT_ABSOLUTE_TIME", PA_T_TIME},
	    {"FT_RELATIVE_TIME", PA_T_DURATION},
	    {"FT_STRING", PA_T_TEXT},
	    {"FT_STRINGZ", PA_T_TEXT},
	    {"FT_STRINGZPAD", PA_T_TEXT},
	    {"FT_STRINGZTRUNC", PA_T_TEXT},
	    {"FT_UINT_STRING", PA_T_TEXT},
	    {"FT_ETHER", PA_T_MAC},
	    {"FT_BYTES", PA_T_BYTES},
	    {"FT_UINT_BYTES", PA_T_BYTES},
	    {"FT_IPv4", PA_T_IP},
	    {"FT_IPv6", PA_T_IP},
	    {"FT_IPXNET", PA_T_UINT64},
	    {"FT_FRAMENUM", PA_T_UINT64},
	    {"FT_GUID", PA_T_GUID},
	    {"FT_OID", PA_T_TEXT},
	    {"FT_REL_OID", PA_T_TEXT},
	    {"FT_EUI64", PA_T_EUI64},
	    {"FT_AX25", PA_T_TEXT},
	    {"FT_VINES", PA_T_TEXT},
	    {"FT_SYSTEM_ID", PA_T_TEXT},
	    {"FT_FCWWN", PA_T_TEXT},
	};

	(void)state;
	assert_int_equal(N_OF(rows), PA_FT_COUNT);
	for (size_t i = 0; i < N_OF(rows); i++) {
		char text[100];
		struct pa_fields *f;
		struct pa_field_info info;

		snprintf(text, sizeof(text), "F\tA\ta\t%s\tx\t\t0x0\t\n", rows[i].name);
		f = table(text);
		assert_true(pa_fields_find(f, SLICE("a"), &info));
		assert_int_equal(info.ft, i);
		assert_int_equal(info.ft_values, i);
		assert_text(info.ft_name, rows[i].name);
		assert_int_equal(pa_fields_type(info.ft), rows[i].type);
		assert_true(pa_fields_fit(info.name, info.ft, rows[i].type));
		pa_fields_free(f);
	}
	assert_int_equal(pa_fields_type(PA_FT_COUNT), PA_T_TEXT);
}

/* Of a later Wireshark: text holds whatever it prints. */
static void test_unknown_type(void **state)
{
	struct pa_fields *f = table("F\tA\ta.a\tFT_NONEE\tx\t\t0x0\t\n");
	struct pa_field_info info;

	(void)state;
	assert_true(pa_fields_find(f, SLICE("a.a"), &info));
	assert_int_equal(info.ft, PA_FT_STRING);
	assert_text(info.ft_name, "FT_STRING");
	pa_fields_free(f);
}

/* The types that a field fits besides text, json, present and set. */
static void test_fit(void **state)
{
	static const struct {
		enum pa_ft first, last;
		const char *types;
	} rows[] = {
	    {PA_FT_NONE, PA_FT_PROTOCOL, ""},
	    {PA_FT_BOOLEAN, PA_FT_BOOLEAN, "bool "},
	    {PA_FT_CHAR, PA_FT_CHAR, "char "},
	    {PA_FT_UINT8, PA_FT_UINT8, "uint8 uint16 uint32 uint64 int16 int32 int64 double "},
	    {PA_FT_UINT16, PA_FT_UINT16, "uint16 uint32 uint64 int32 int64 double "},
	    {PA_FT_UINT24, PA_FT_UINT24, "uint32 uint64 int32 int64 double "},
	    {PA_FT_UINT32, PA_FT_UINT32, "uint32 uint64 int64 double "},
	    {PA_FT_UINT40, PA_FT_UINT56, "uint64 int64 "},
	    {PA_FT_UINT64, PA_FT_UINT64, "uint64 "},
	    {PA_FT_INT8, PA_FT_INT8, "int8 int16 int32 int64 double "},
	    {PA_FT_INT16, PA_FT_INT16, "int16 int32 int64 double "},
	    {PA_FT_INT24, PA_FT_INT32, "int32 int64 double "},
	    {PA_FT_INT40, PA_FT_INT64, "int64 "},
	    {PA_FT_IEEE_11073_SFLOAT, PA_FT_DOUBLE, "double "},
	    {PA_FT_ABSOLUTE_TIME, PA_FT_ABSOLUTE_TIME, "time nanos "},
	    {PA_FT_RELATIVE_TIME, PA_FT_RELATIVE_TIME, "duration "},
	    {PA_FT_STRING, PA_FT_UINT_STRING, ""},
	    {PA_FT_ETHER, PA_FT_ETHER, "mac bytes "},
	    {PA_FT_BYTES, PA_FT_UINT_BYTES, "bytes "},
	    {PA_FT_IPV4, PA_FT_IPV6, "ip "},
	    {PA_FT_IPXNET, PA_FT_IPXNET, "uint64 "},
	    {PA_FT_FRAMENUM, PA_FT_FRAMENUM, "uint32 uint64 int64 double "},
	    {PA_FT_GUID, PA_FT_GUID, "guid "},
	    {PA_FT_OID, PA_FT_REL_OID, ""},
	    {PA_FT_EUI64, PA_FT_EUI64, "eui64 bytes "},
	    {PA_FT_AX25, PA_FT_FCWWN, ""},
	};
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		for (unsigned ft = rows[i].first; ft <= (unsigned)rows[i].last; ft++, n++) {
			char types[200] = "";
			size_t len = 0;

			for (unsigned t = 0; t < PA_T_COUNT; t++) {
				int always = t == PA_T_TEXT || t == PA_T_JSON ||
				             t == PA_T_PRESENT || t == PA_T_SET;
				int fits =
				    pa_fields_fit(SLICE("a.b"), (enum pa_ft)ft, (enum pa_type)t);

				assert_true(fits || !always);
				if (fits && !always)
					len +=
					    (size_t)snprintf(types + len, sizeof(types) - len,
					                     "%s ", pa_type_name((enum pa_type)t));
			}
			assert_string_equal(types, rows[i].types);
		}
	}
	assert_int_equal(n, PA_FT_COUNT);
	assert_false(pa_fields_fit(SLICE("a.b"), PA_FT_COUNT, PA_T_TEXT));
}

static void test_epoch_fits_both(void **state)
{
	static const enum pa_type types[] = {PA_T_TIME, PA_T_NANOS, PA_T_DURATION, PA_T_TEXT};
	struct pa_slice name = SLICE("frame.time_epoch");

	(void)state;
	for (size_t i = 0; i < N_OF(types); i++) {
		assert_true(pa_fields_fit(name, PA_FT_RELATIVE_TIME, types[i]));
		assert_true(pa_fields_fit(name, PA_FT_ABSOLUTE_TIME, types[i]));
	}
	assert_false(pa_fields_fit(name, PA_FT_ABSOLUTE_TIME, PA_T_DOUBLE));
	assert_false(pa_fields_fit(SLICE("frame.time_delta"), PA_FT_RELATIVE_TIME, PA_T_TIME));
	assert_false(pa_fields_fit(SLICE("frame.time"), PA_FT_ABSOLUTE_TIME, PA_T_DURATION));
}

static void test_search(void **state)
{
	static const struct {
		const char *word;
		uint64_t max, n;
		const char *lines;
	} rows[] = {
	    {"quic", 0, 3,
	     "quic.version\tFT_UINT32\tVersion\tquic_version uint64 quic.version\n"
	     "other.quick\tFT_STRING\tQuick\tother_quick text other.quick\n"
	     "other.word\tFT_STRING\tWord\tother_word text other.word\n"},
	    {"QUIC", 2, 3,
	     "quic.version\tFT_UINT32\tVersion\tquic_version uint64 quic.version\n"
	     "other.quick\tFT_STRING\tQuick\tother_quick text other.quick\n"},
	    {"operation", 1, 1,
	     "dns.flags.opcode\tFT_UINT16\tOpcode\tdns_flags_opcode uint64 dns.flags.opcode\n"},
	    {"[\xc2\xb0]", 0, 1,
	     "asterix.theta\tFT_DOUBLE\tTHETA, [\xc2\xb0]\tasterix_theta double asterix.theta\n"},
	    {"_ws.col.INFO", 0, 2,
	     "_ws.col.info\tFT_STRING\tInfo\tws_col_info text _ws.col.info\n"
	     "_ws.col.Info\tFT_STRING\tInfo\tws_col_info text _ws.col.Info\n"},
	    {"Transmission", 0, 1,
	     "tcp\tFT_PROTOCOL\tTransmission Control Protocol\ttcp present tcp\n"},
	    {"FT_UINT32", 0, 0, ""}, /* types, parents and masks are not searched */
	    {"parent", 0, 0, ""},
	    {"0x0", 0, 0, ""},
	    {"no such word", 0, 0, ""},
	};
	struct pa_fields *f = table(small_table);
	struct pa_buf out;
	uint64_t n;

	(void)state;
	pa_buf_init(&out, 10000);
	for (size_t i = 0; i < N_OF(rows); i++) {
		n = 99;
		pa_buf_reset(&out);
		assert_ok(pa_buf_puts(&out, "before\n"));
		assert_ok(pa_fields_search(f, pa_slice_of(rows[i].word), rows[i].max, &out, &n));
		assert_int_equal(n, rows[i].n);
		assert_memory_equal(out.ptr, "before\n", 7);
		assert_text(((struct pa_slice){out.ptr + 7, out.len - 7}), rows[i].lines);
	}
	/* The empty word is in all of them. */
	assert_ok(pa_fields_search(f, SLICE(""), 1, &out, &n));
	assert_int_equal(n, 11 + 7);
	pa_buf_done(&out);
	pa_buf_init(&out, 20);
	assert_int_equal(pa_fields_search(f, SLICE("quic"), 0, &out, &n), PA_ELIMIT);
	pa_buf_done(&out);
	pa_fields_free(f);
}

static void test_column(void **state)
{
	static const struct {
		const char *field, *column;
	} rows[] = {
	    {"quic.version", "quic_version"},
	    {"kerberos.CNameString", "kerberos_cnamestring"},
	    {"tcp", "tcp"},
	    {"_ws.col.Protocol", "ws_col_protocol"},
	    {"___", "f_"},
	    {"", "f_"},
	    {"104apci.len", "f_104apci_len"},
	    {".42", "f__42"},
	    {"a-b.c d\xc3\xa9", "a_b_c_d__"},
	    {"frame", "f_frame"},
	    {"ts", "f_ts"},
	    {"ts_ns", "f_ts_ns"},
	    {"capture_id", "f_capture_id"},
	    {"idx", "f_idx"},
	    {"cut", "f_cut"},
	    {"frame.len", "frame_len"},
	    {"a23456789.b23456789.c23456789.d23456789.e23456789.f23456789.g234",
	     "a23456789_b23456789_c23456789_d23456789_e23456789_f23456789_g234"},
	    {"a23456789.b23456789.c23456789.d23456789.e23456789.f23456789.g2345",
	     "a23456789_b23456789_c23456789_d23456789_e23456789_f23456789_g234"},
	    {"123456789.b23456789.c23456789.d23456789.e23456789.f23456789.g2345",
	     "f_123456789_b23456789_c23456789_d23456789_e23456789_f23456789_g2"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		char out[65];

		memset(out, 'x', sizeof(out));
		pa_fields_column(pa_slice_of(rows[i].field), out);
		assert_string_equal(out, rows[i].column);
		assert_true(pa_identifier_ok(pa_slice_of(out)));
	}
}

/* As large as Wireshark's own: every name is found again, and fast. */
static void test_large_table(void **state)
{
	static const char *const fts[] = {"FT_UINT32", "FT_STRING", "FT_NONE", "FT_BOOLEAN"};
	const unsigned n = 240000;
	struct pa_buf text;
	struct pa_fields *f;
	struct pa_field_info info;
	char name[40];
	clock_t start;

	(void)state;
	pa_buf_init(&text, PA_FIELDS_BYTES_MAX);
	for (unsigned i = 0; i < n; i++)
		assert_ok(pa_buf_printf(&text,
		                        "F\tThe title of field %u\tproto%u.field.%u\t%s\tproto%u\t"
		                        "BASE_DEC\t0x0\tWhat there is to say of it\n",
		                        i, i / 100, i, fts[i % N_OF(fts)], i / 100));
	start = clock();
	assert_ok(pa_fields_new(of_buf(&text), &f, NULL));
	/* Some 50 ms without sanitizers; this is for what grows with the square. */
	assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "proto%u.field.%u", i / 100, i);
		assert_true(pa_fields_find(f, pa_slice_of(name), &info));
		assert_text(info.name, name);
		assert_text(info.ft_name, fts[i % N_OF(fts)]);
		name[0] = 'q';
		assert_false(pa_fields_find(f, pa_slice_of(name), &info));
	}
	pa_fields_free(f);
	pa_buf_done(&text);
}

static void test_too_large(void **state)
{
	struct pa_fields *f;
	struct pa_error err = {0};

	(void)state;
	/* Refused by its length: nothing of it is read. */
	assert_int_equal(
	    pa_fields_new((struct pa_slice){(const uint8_t *)"", PA_FIELDS_BYTES_MAX + 1}, &f,
	                  &err),
	    PA_ELIMIT);
	assert_int_equal(err.code, PA_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_no_table),
	    cmocka_unit_test(test_short_table),
	    cmocka_unit_test(test_names_in_several_lines),
	    cmocka_unit_test(test_bit_masks),
	    cmocka_unit_test(test_types),
	    cmocka_unit_test(test_unknown_type),
	    cmocka_unit_test(test_fit),
	    cmocka_unit_test(test_epoch_fits_both),
	    cmocka_unit_test(test_search),
	    cmocka_unit_test(test_column),
	    cmocka_unit_test(test_large_table),
	    cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
