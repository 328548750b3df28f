/* A profile keeps its promises, and rows run through it are whole rows or rejects without a
 * trace.
 *
 * Input: the profile's text; behind its first zero byte, if there is one, two bytes of settings
 * and what tshark prints. */
#include "fuzz.h"
#include "pcapanalyzer/profile.h"
#include "pcapanalyzer/transform.h"
#include "source.h"

static void check_columns(const struct pa_profile *p, const struct pa_table *t)
{
	static const char *const standard[] = {"ts", "ts_ns", "capture_id", "frame", "idx"};
	unsigned n_standard = t->rows == PA_ROWS_EACH || t->rows == PA_ROWS_LAYERS ? 5 : 4;
	const struct pa_column *c = &p->columns[t->first_column];
	struct pa_buf names;

	MUST(t->first_column + t->n_columns <= p->n_columns);
	MUST(t->n_columns > n_standard && t->n_columns <= PA_TABLE_COLUMNS_MAX);
	for (unsigned i = 0; i < t->n_columns; i++) {
		MUST(pa_identifier_ok(pa_slice_of(c[i].name)));
		MUST(c[i].standard == (i < n_standard || strcmp(c[i].name, "cut") == 0));
		MUST(i >= n_standard || strcmp(c[i].name, standard[i]) == 0);
		MUST(i < n_standard || !c[i].standard || i + 1 == t->n_columns);
		MUST(c[i].n_sources > 0 && c[i].first_source + c[i].n_sources <= p->n_sources);
		for (unsigned k = 0; k < i; k++)
			MUST(strcmp(c[i].name, c[k].name) != 0);
	}
	for (unsigned i = 0; i < t->n_keys; i++) {
		MUST(t->keys[i].n_columns >= 1 && t->keys[i].n_columns <= 4);
		for (unsigned k = 0; k < t->keys[i].n_columns; k++)
			MUST(t->keys[i].columns[k] < t->n_columns);
	}
	pa_buf_init(&names, SIZE_MAX);
	MUST(pa_transform_columns(p, t, PA_CSV_TSV, &names) == PA_OK);
	MUST(names.len > 21 && memcmp(names.ptr, "ts,ts_ns,capture_id,frame,", 26) == 0);
	pa_buf_done(&names);
}

static void check_profile(const struct pa_profile *p)
{
	MUST(p->n_fields >= 4 && p->n_fields <= PA_PROFILE_FIELDS_MAX);
	MUST(p->f_number == 0 && strcmp(p->fields[0].name, "frame.number") == 0);
	MUST(p->f_guard == p->n_fields - 1);
	MUST(strcmp(p->fields[p->f_guard].name, "frame.marked") == 0);
	for (unsigned i = 0; i < p->n_fields; i++) {
		MUST(p->fields[i].name[0] != '-');
		for (unsigned k = 0; k < i; k++)
			MUST(strcmp(p->fields[i].name, p->fields[k].name) != 0);
	}
	for (unsigned i = 0; i < p->n_sources; i++)
		MUST(p->sources[i].kind != PA_S_FIELD || p->sources[i].field < p->n_fields);
	MUST(p->n_tables >= 1 && p->n_tables <= PA_PROFILE_TABLES_MAX);
	for (unsigned i = 0; i < p->n_tables; i++) {
		MUST(pa_profile_table(p, p->tables[i].name) == &p->tables[i]);
		MUST(p->tables[i].first_condition + p->tables[i].n_conditions <= p->n_sources);
		check_columns(p, &p->tables[i]);
	}
}

/* The canonical text means the same. */
static void check_text(const struct pa_profile *p)
{
	struct pa_profile *again;
	struct pa_buf text;

	pa_buf_init(&text, SIZE_MAX);
	MUST(pa_profile_text(p, &text) == PA_OK);
	MUST(pa_profile_read("fuzz", (struct pa_slice){text.ptr, text.len}, NULL, &again, NULL) ==
	     PA_OK);
	MUST(memcmp(p->sha256, again->sha256, PA_SHA256_BYTES) == 0);
	pa_profile_free(again);
	pa_buf_done(&text);
}

/* Lines of an output, each with as many tabs as the table has columns, but for one. */
static uint64_t count_rows(const struct pa_output *o, const struct pa_table *t)
{
	uint64_t rows = 0;
	unsigned tabs = 0;

	for (size_t i = 0; i < o->bytes.len; i++) {
		tabs += o->bytes.ptr[i] == '\t';
		if (o->bytes.ptr[i] == '\n') {
			MUST(tabs + 1 == t->n_columns);
			tabs = 0;
			rows++;
		}
	}
	MUST(tabs == 0 && (o->bytes.len == 0 || o->bytes.ptr[o->bytes.len - 1] == '\n'));
	return rows;
}

static void run_rows(const struct pa_profile *p, const struct pa_transform_config *tc,
                     struct pa_slice in, struct pa_output *outputs)
{
	struct source source = {in, in.len};
	const struct pa_rows_config rc = {.read = read_source,
	                                  .ctx = &source,
	                                  .separator = tc->separator,
	                                  .quote = tc->quote,
	                                  .max_bytes = 100000,
	                                  .max_cells = PA_PROFILE_FIELDS_MAX};
	struct pa_transform *t;
	struct pa_rows *rows;
	struct pa_row row;

	for (unsigned i = 0; i < p->n_tables; i++) {
		pa_buf_init(&outputs[i].bytes, 1 << 24);
		pa_buf_init(&outputs[i].runs, 1 << 24);
		outputs[i].rows = 0;
	}
	MUST(pa_transform_new(p, tc, &t, NULL) == PA_OK);
	MUST(pa_rows_new(&rc, &rows, NULL) == PA_OK);
	while (pa_rows_next(rows, &row, NULL) == PA_OK && row.kind == PA_ROW_WHOLE) {
		struct pa_outcome_info info;
		size_t before = 0;
		size_t after = 0;
		enum pa_status st;

		for (unsigned i = 0; i < p->n_tables; i++)
			before += outputs[i].bytes.len + outputs[i].runs.len;
		st = pa_transform_row(t, rows, &row, outputs, &info, NULL);
		for (unsigned i = 0; i < p->n_tables; i++)
			after += outputs[i].bytes.len + outputs[i].runs.len;
		MUST(after == before || (st == PA_OK && info.outcome == PA_ROW_CONVERTED));
		if (st != PA_OK) {
			MUST(st == PA_EPROFILE || st == PA_ELIMIT);
			break;
		}
		MUST(info.outcome != PA_ROW_REJECTED || info.reason[0]);
		MUST(info.outcome != PA_ROW_CONVERTED || info.frame > 0);
	}
	pa_rows_free(rows);
	pa_transform_free(t);
}

static void check_same(const struct pa_buf *a, const struct pa_buf *b)
{
	MUST(a->len == b->len && (a->len == 0 || memcmp(a->ptr, b->ptr, a->len) == 0));
}

/* With the short cuts and without them: the same. */
static void check_rows(const struct pa_profile *p, uint8_t settings, uint8_t more,
                       struct pa_slice in)
{
	static struct pa_output outputs[PA_PROFILE_TABLES_MAX];
	static struct pa_output slow[PA_PROFILE_TABLES_MAX];
	struct pa_transform_config tc = {.style = settings & 8 ? PA_CSV_BATCH : PA_CSV_TSV,
	                                 .separator = settings & 1 ? ',' : '\t',
	                                 .aggregator = settings & 2 ? 0xff : '|',
	                                 .quote = settings & 4 ? '"' : 0,
	                                 .dialect = (enum pa_dialect)(more % 3),
	                                 .occurrence = (enum pa_occurrence)(more / 3 % 3)};

	run_rows(p, &tc, in, outputs);
	tc.slow = 1;
	run_rows(p, &tc, in, slow);
	for (unsigned i = 0; i < p->n_tables; i++) {
		check_same(&outputs[i].bytes, &slow[i].bytes);
		check_same(&outputs[i].runs, &slow[i].runs);
		if (tc.style == PA_CSV_TSV)
			MUST(count_rows(&outputs[i], &p->tables[i]) == outputs[i].rows);
		pa_buf_done(&outputs[i].bytes);
		pa_buf_done(&outputs[i].runs);
		pa_buf_done(&slow[i].bytes);
		pa_buf_done(&slow[i].runs);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	struct pa_slice text = {data, zero ? (size_t)(zero - data) : size};
	struct pa_slice rest = {data + text.len, size - text.len};
	struct pa_profile *p = NULL;
	struct pa_error err = {0};
	enum pa_status st = pa_profile_read("fuzz", text, NULL, &p, &err);

	MUST(st == PA_OK || (st == PA_EPROFILE && !p && err.code == st && err.msg[0]));
	if (st != PA_OK)
		return 0;
	check_profile(p);
	check_text(p);
	if (rest.len > 3)
		check_rows(p, rest.ptr[1], rest.ptr[2],
		           (struct pa_slice){rest.ptr + 3, rest.len - 3});
	pa_profile_free(p);
	return 0;
}
