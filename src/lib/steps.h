/* What the files of the module steps share: the steps of a table, the patterns of its rows, and
 * the row that is being written. */
#ifndef PCAPANALYZER_LIB_STEPS_H
#define PCAPANALYZER_LIB_STEPS_H

#include "pcapanalyzer/community_id.h"
#include "pcapanalyzer/known.h"
#include "pcapanalyzer/scan.h"
#include "pcapanalyzer/spans.h"
#include "pcapanalyzer/steps.h"

#define LEAD_MAX           16
#define FIXED_MAX          20
#define STEPS_ROOM         128 /* bytes that any act but text and sets may write */
#define STEPS_TEXT_USUAL   200 /* bytes of text that is not long */
#define WORDS              (PA_PROFILE_FIELDS_MAX / 64)
#define STEPS_PATTERN_BITS 12 /* of the places for a table's patterns */
#define SEEN_BITS          6
#define SEEN_MAX           7 /* bytes of such a cell */

enum action {
	DO_GENERAL,
	DO_NOTHING,
	DO_END,
	DO_SPAN,  /* the columns up to the next DO_END at once, when they are known */
	DO_FIXED, /* the same text in every row */
	DO_TIME,
	DO_NANOS,
	DO_TIME_NANOS, /* both, as they begin every table */
	DO_CUT,
	DO_SET,
	DO_PROTO,
	DO_COMMUNITY_ID,
	/* From here on: the first of the cells that is there, converted. */
	DO_UINT,
	DO_NUMBER,    /* as it stands */
	DO_NUMBERS,   /* neighbouring ones, as they stand */
	DO_CONVERTED, /* a number that is not written as it stands */
	DO_TEXT,
	DO_ADDRESS,
};

/* A cell that a step may take, and whose header it belongs to. */
struct origin {
	uint16_t field;
	uint16_t cell;
	uint16_t header; /* a bit */
	int single;
	const char *word; /* what it adds to a SET */
	size_t n_word;
};

/* A short cell, and the number that it was written as. */
struct seen {
	uint64_t key; /* its bytes, and its length on top; 0: the place is free */
	uint8_t text[7];
	uint8_t len;
};

/* A column. */
struct step {
	enum action action;
	const struct pa_column *column;
	struct origin *origins; /* heap */
	unsigned n_origins;
	struct seen *seen; /* heap: 1 << SEEN_BITS of a number's values that are no plain ones */
	uint64_t max;      /* value, or bytes of text */
	unsigned n_digits; /* of max; shorter numbers are below it */
	uint8_t fixed_len;
	uint8_t fixed[FIXED_MAX];
};

/* A column of a row whose pattern is known. Columns that have no value then, or always the same,
 * are a part of the lead of the next act. */
struct act {
	const struct step *step;
	uint16_t cell;
	uint16_t last; /* of the cells, where it has several */
	uint16_t skip; /* DO_SPAN: acts up to the one behind its DO_END */
	uint8_t action;
	uint8_t single; /* the cell has one value at most */
	uint8_t table;  /* DO_SPAN: whose columns */
	uint8_t has_id; /* DO_SPAN: its cells are also all that the Community ID is made of */
	uint8_t lead_len;
	uint8_t lead[LEAD_MAX]; /* separators, and columns without a choice */
};

/* Rows with values in the same cells, of the same headers: what decides which cell a column takes
 * is decided once for all of them. */
struct pattern {
	size_t bytes;     /* all that it takes */
	uint32_t headers; /* struct work's plain and several */
	unsigned n_acts;
	size_t room;      /* bytes that all acts may write, but for long text */
	struct act *acts; /* behind filled */
	uint64_t filled[];
};

/* What a pattern's hash leads to. */
struct place {
	struct pattern *pattern; /* heap, or NULL */
};

struct list {
	struct step *steps;
	unsigned n;
	uint64_t wanted[WORDS];     /* the cells that the steps look at */
	unsigned n_words;           /* up to the last of them */
	unsigned first, end;        /* steps whose columns are looked up as a span */
	int has_span;               /* they are */
	uint16_t low, high;         /* the first and the last of its cells */
	int has_id;                 /* these are also all that the Community ID is made of */
	struct act *draft;          /* heap: the acts of a pattern that is being made */
	const struct pattern *last; /* of the row before, or NULL */
	struct place *places;       /* heap, 1 << STEPS_PATTERN_BITS of them */
	size_t n_bytes;             /* of all patterns */
};

struct pa_steps {
	struct pa_steps_config config;
	int quick; /* the aggregator cannot be a part of a number or an address */
	struct list tables[PA_PROFILE_TABLES_MAX];
	struct origin flow[PA_FLOW_COUNT]; /* only when the profile has flow fields */
	struct pa_known *known;
	struct pa_spans spans;
	pa_filled_fn *filled;
	int64_t date_of;  /* the second that the date is of */
	int64_t midnight; /* before it */
	char date[27];
	uint8_t separator;
	int quotes;  /* text stands in double quotes */
	int arrows;  /* U+2192 is text, whatever the aggregator */
	int escapes; /* a backslash is special in the output */
};

/* The row that is being written. */
struct work {
	struct pa_steps *s;
	const struct pa_steps_row *row;
	const uint8_t *base; /* of the cells */
	const uint32_t *cuts;
	const struct pa_layer *layer;
	struct pa_span *span;  /* of the row's steady columns, or NULL */
	struct pa_span *place; /* where that is looked for; NULL: nowhere */
	struct pa_span *id;    /* the same when it may tell the Community ID, too */
	unsigned plain;        /* bits of the headers whose cells are this row's */
	unsigned several;      /* bits of the headers that the packet has more than once */
	unsigned cut_before;
	size_t room;       /* the pattern's */
	enum pa_status st; /* why the row cannot be written */
	int odd;           /* the general way wrote a column */
	int has_flow;      /* flow is the row's */
	struct pa_community_flow flow;
	uint64_t filled[WORDS];
};

enum found { FOUND_NOTHING, FOUND, FOUND_ODD };

/* By the filled cells and the headers of the row: whether O has a value for it. */
static inline enum found find(const struct work *w, const struct origin *o)
{
	if (!(w->filled[o->cell / 64] >> o->cell % 64 & 1))
		return FOUND_NOTHING;
	if (o->header & w->several)
		return FOUND_ODD;
	return o->header & w->plain ? FOUND : FOUND_NOTHING;
}

/* The text of CELL, and of all cells from there to LAST. */
static inline struct pa_slice cells_at(const uint8_t *base, const uint32_t *cuts, unsigned cell,
                                       unsigned last)
{
	uint32_t from = cuts[cell] + 1;

	return (struct pa_slice){base + from, cuts[last + 1] - from};
}

static inline struct pa_slice text_of(const struct work *w, unsigned cell, unsigned last)
{
	return cells_at(w->base, w->cuts, cell, last);
}

/* Of a row that has a layer: where its protocol number stands. */
static inline const struct origin *proto_origin(const struct work *w)
{
	return &w->s->flow[w->layer->address == PA_H_IPV6 ? PA_FLOW_IPV6_NXT : PA_FLOW_IP_PROTO];
}

/* 1 when the row of W, with these HEADERS, is of the pattern P. */
static inline int steps_is_pattern(const struct pattern *p, const struct work *w, unsigned n_words,
                                   uint32_t headers)
{
	uint64_t differs;

	if (!p)
		return 0;
	differs = (p->headers ^ headers) | (p->filled[0] ^ w->filled[0]);
	for (unsigned i = 1; i < n_words; i++)
		differs |= p->filled[i] ^ w->filled[i];
	return differs == 0;
}

/* The pattern of the row of W with these HEADERS, which is made when it is new. NULL: there is no
 * memory. */
const struct pattern *steps_find_pattern(const struct work *w, struct list *list, uint32_t headers);
void steps_forget_patterns(struct list *list);

/* Guessed before it is looked for: most rows are like the one before them. NULL as above. */
static inline const struct pattern *steps_pattern(const struct work *w, struct list *list)
{
	uint32_t headers = w->plain | w->several << 16;

	if (!steps_is_pattern(list->last, w, list->n_words, headers))
		list->last = steps_find_pattern(w, list, headers);
	return list->last;
}

/* Write the row of W by its pattern. Errors as pa_steps_row(). */
enum pa_status steps_write(struct work *w, const struct pattern *p, struct pa_buf *out);

#endif
