#include "pcapanalyzer/print.h"
#include "support.h"

static const struct pa_db_column columns[] = {
    {"t", PA_DB_TEXT}, {"n", PA_DB_NUMBER}, {"b", PA_DB_BYTES}};

/* All rows of CELLS, three cells each, as FORMAT prints them. */
static void print(enum pa_print_format format, const struct pa_slice *cells, size_t n_rows,
                  struct pa_buf *out)
{
	struct pa_printer p;

	pa_buf_init(out, 1 << 20);
	assert_int_equal(pa_print_init(&p, format, columns, N_OF(columns)), PA_OK);
	for (size_t i = 0; i < n_rows; i++)
		pa_print_measure(&p, cells + 3 * i);
	assert_int_equal(pa_print_head(&p, out), PA_OK);
	for (size_t i = 0; i < n_rows; i++)
		assert_int_equal(pa_print_row(&p, cells + 3 * i, out), PA_OK);
	assert_int_equal(pa_print_tail(&p, out), PA_OK);
	pa_print_done(&p);
}

static void test_formats(void **state)
{
	static const struct {
		enum pa_print_format format;
		struct pa_slice cells[3];
		struct pa_slice text;
	} rows[] = {
	    /* NULL, empty */
	    {PA_PRINT_TABLE,
	     {{NULL, 0}, {NULL, 0}, {NULL, 0}},
	     LIT("t        n  b\n----  ----  ----\nNULL  NULL  NULL\n")},
	    {PA_PRINT_CSV, {{NULL, 0}, {NULL, 0}, LIT("")}, LIT("t,n,b\r\n,,\"\"\r\n")},
	    {PA_PRINT_TSV, {{NULL, 0}, {NULL, 0}, LIT("")}, LIT("t\tn\tb\n\\N\t\\N\t\n")},
	    {PA_PRINT_JSON,
	     {{NULL, 0}, {NULL, 0}, LIT("")},
	     LIT("[\n{\"t\":null,\"n\":null,\"b\":\"0x\"}\n]\n")},
	    /* Width counts characters; numbers stand to the right; bytes are hexadecimal. */
	    {PA_PRINT_TABLE,
	     {LIT("h\xc3\xa9\xe2\x98\x83"), LIT("1234"), LIT("\x00\xff")},
	     LIT("t       n  b\n---  ----  ------\nh\xc3\xa9\xe2\x98\x83  1234  0x00ff\n")},
	    /* Nothing that moves the cursor or the writing direction. */
	    {PA_PRINT_TABLE,
	     {LIT("\x1b[2J\xc2\x9b\xe2\x80\xae\n\xff\xf0\x9f"), LIT("1"), LIT("")},
	     LIT("t           n  b\n----------  -  --\n?[2J?\?\?\?\?\?  1  0x\n")},
	    {PA_PRINT_CSV,
	     {LIT("a,\"b\"\r\n"), LIT("-1.5"), LIT("\x00\xff")},
	     LIT("t,n,b\r\n\"a,\"\"b\"\"\r\n\",-1.5,\x00\xff\r\n")},
	    {PA_PRINT_TSV,
	     {LIT("\\N\t\n\r\0x"), LIT("1"), LIT("\xff")},
	     LIT("t\tn\tb\n\\\\N\\t\\n\\r\\0x\t1\t\xff\n")},
	    {PA_PRINT_JSON,
	     {LIT("\"\\\n\x01\x7f"), LIT("1e300"), LIT("\xff")},
	     LIT("[\n{\"t\":\"\\\"\\\\\\u000a\\u0001\\u007f\",\"n\":1e300,\"b\":\"0xff\"}\n]\n")},
	    /* Bytes that are not UTF-8: stray, overlong, surrogate, cut short, too large. */
	    {PA_PRINT_JSON,
	     {LIT("\x80|\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x82"), LIT("1"), LIT("")},
	     LIT("[\n{\"t\":\"\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd"
	         "\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd"
	         "\xef\xbf\xbd\",\"n\":1,\"b\":\"0x\"}\n]\n")},
	    {PA_PRINT_JSON,
	     {LIT("\xf0\x9f\x98\x80\xe2\x80\xa8"), LIT("-0.5E-3"), LIT("a")},
	     LIT("[\n{\"t\":\"\xf0\x9f\x98\x80\\u2028\",\"n\":-0.5E-3,\"b\":\"0x61\"}\n]\n")},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_buf out;

		print(rows[i].format, rows[i].cells, 1, &out);
		if (!same(of_buf(&out), rows[i].text))
			fail_msg("row %zu: %.*s", i, (int)out.len, (const char *)out.ptr);
		pa_buf_done(&out);
	}
}

/* What a server calls a number is not always one to JSON. */
static void test_json_numbers(void **state)
{
	static const struct {
		const char *in;
		int number;
	} rows[] = {
	    {"0", 1},    {"-0", 1}, {"10", 1},  {"007", 0}, {"-01", 0},   {"1.", 0},  {".5", 0},
	    {"1.50", 1}, {"1e", 0}, {"1e5", 1}, {"1e+", 0}, {"1E-10", 1}, {"nan", 0}, {"inf", 0},
	    {"", 0},     {"-", 0},  {"+1", 0},  {"1 ", 0},  {"0x1", 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct pa_slice cells[3] = {LIT(""), pa_slice_of(rows[i].in), LIT("")};
		char wanted[64];
		struct pa_buf out;

		snprintf(wanted, sizeof(wanted), rows[i].number ? "\"n\":%s," : "\"n\":\"%s\",",
		         rows[i].in);
		print(PA_PRINT_JSON, cells, 1, &out);
		if (!has(of_buf(&out), wanted))
			fail_msg("%s: %.*s", rows[i].in, (int)out.len, (const char *)out.ptr);
		pa_buf_done(&out);
	}
}

static void test_many_and_none(void **state)
{
	static const struct pa_slice cells[] = {LIT("a"),   LIT("1"),  LIT(""),
	                                        LIT("bcd"), LIT("22"), LIT("")};
	struct pa_buf out;

	(void)state;
	print(PA_PRINT_JSON, cells, 2, &out);
	assert_true(same(of_buf(&out), SLICE("[\n{\"t\":\"a\",\"n\":1,\"b\":\"0x\"},\n"
	                                     "{\"t\":\"bcd\",\"n\":22,\"b\":\"0x\"}\n]\n")));
	pa_buf_done(&out);
	print(PA_PRINT_JSON, cells, 0, &out);
	assert_true(same(of_buf(&out), SLICE("[]\n")));
	pa_buf_done(&out);
	print(PA_PRINT_TABLE, cells, 2, &out);
	assert_true(same(of_buf(&out), SLICE("t     n  b\n---  --  --\na     1  0x\n"
	                                     "bcd  22  0x\n")));
	pa_buf_done(&out);
}

static void test_long_cells_are_cut_in_tables_only(void **state)
{
	char text[PA_PRINT_CELL_MAX + 2];
	struct pa_slice cells[3] = {{(const uint8_t *)text, 0}, LIT("1"), LIT("")};
	struct pa_buf out;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t n = PA_PRINT_CELL_MAX - 4; n <= PA_PRINT_CELL_MAX + 2; n++) {
		cells[0].len = n;
		print(PA_PRINT_TABLE, cells, 1, &out);
		assert_int_equal(has(of_buf(&out), "..."), n > PA_PRINT_CELL_MAX);
		assert_int_equal(has(of_buf(&out), "x...  1"), n > PA_PRINT_CELL_MAX);
		pa_buf_done(&out);
		print(PA_PRINT_TSV, cells, 1, &out);
		assert_false(has(of_buf(&out), "..."));
		pa_buf_done(&out);
	}
}

static void test_full_buffer_is_an_error(void **state)
{
	struct pa_slice cells[3] = {LIT("abcdefgh"), LIT("1"), LIT("\xff")};
	const enum pa_print_format formats[] = {PA_PRINT_TABLE, PA_PRINT_CSV, PA_PRINT_TSV,
	                                        PA_PRINT_JSON};

	(void)state;
	for (size_t f = 0; f < N_OF(formats); f++) {
		struct pa_printer p;
		struct pa_buf out;

		assert_int_equal(pa_print_init(&p, formats[f], columns, 3), PA_OK);
		pa_buf_init(&out, 6);
		assert_int_equal(pa_print_row(&p, cells, &out), PA_ELIMIT);
		pa_buf_done(&out);
		pa_print_done(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_formats),
	    cmocka_unit_test(test_json_numbers),
	    cmocka_unit_test(test_many_and_none),
	    cmocka_unit_test(test_long_cells_are_cut_in_tables_only),
	    cmocka_unit_test(test_full_buffer_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
