/* Profiles: the one source of truth for fields, columns, tables and keys; profile(5).
 *
 * A profile is read once at start and never changes afterwards. Every table begins with the
 * four standard columns ts, ts_ns, capture_id, frame, which a profile does not declare. A table
 * with several rows per packet then has idx, and one with a column that may be too narrow for a
 * value has cut, behind all others.
 */
#ifndef PCAPANALYZER_PROFILE_H
#define PCAPANALYZER_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/digest.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/fields.h"
#include "pcapanalyzer/header.h"
#include "pcapanalyzer/manifest.h"
#include "pcapanalyzer/type.h"

#define PA_PROFILE_BYTES_MAX  (1024 * 1024)
#define PA_PROFILE_TABLES_MAX 64
#define PA_TABLE_COLUMNS_MAX  512
#define PA_PROFILE_FIELDS_MAX 1024
#define PA_TABLE_KEYS_MAX     16

/* Where a value comes from: a tshark field, or something that the filter knows itself. */
enum pa_source_kind {
	PA_S_FIELD,   /* fields[field] */
	PA_S_CAPTURE, /* @capture: the number of the capture; set by LOAD DATA in batches */
	PA_S_INDEX,   /* @index: the row's place among the rows of this packet, from 0 */
	PA_S_KIND,    /* @kind: "ip", "ipv6" or "arp", the row's layer */
	PA_S_QUOTED,  /* @quoted: 1 when the row's layer is quoted inside an ICMP error */
	PA_S_PROTO,   /* @proto: the transport's protocol number in the row's layer */
	PA_S_CUT,     /* @cut: how many values of the row its columns could not hold whole */
	PA_S_LAYER,   /* @layer: the row's layer as a whole (community_id) */
};

/* Which of a field's occurrences in the packet a column takes. */
enum pa_which {
	PA_W_ROW,   /* the row's own: of its layer, its occurrence under "each", else the first */
	PA_W_FIRST, /* the packet's first */
	PA_W_LAST,  /* the packet's last */
	PA_W_ALL,   /* every one, as a JSON array; type json only */
};

struct pa_source {
	enum pa_source_kind kind;
	uint16_t field; /* index into pa_profile.fields; PA_S_FIELD only */
};

struct pa_column {
	char name[PA_NAME_MAX];
	enum pa_type type;
	enum pa_which which;
	uint32_t max;  /* characters of TEXT, bytes of BYTES; 0 for no limit */
	int standard;  /* 1 for ts, ts_ns, capture_id, frame, idx, cut: NOT NULL */
	unsigned line; /* where the profile says it; 0 for standard columns */
	uint16_t first_source, n_sources; /* into pa_profile.sources; first that is present */
};

enum pa_rows_kind {
	PA_ROWS_PACKET, /* one row per packet */
	PA_ROWS_WHEN,   /* one row when any of the condition's fields is present */
	PA_ROWS_EACH,   /* one row per occurrence of each of the condition's fields */
	PA_ROWS_LAYERS, /* one row per address layer, when a packet has two or more */
};

struct pa_key {
	uint16_t columns[4]; /* indices into the table's columns */
	uint16_t prefix[4];  /* characters of the column that are indexed; 0 for all */
	unsigned n_columns;
};

struct pa_table {
	char name[PA_NAME_MAX];
	enum pa_rows_kind rows;
	unsigned line;
	uint16_t first_condition, n_conditions; /* into pa_profile.sources */
	uint16_t first_column, n_columns;       /* into pa_profile.columns */
	struct pa_key keys[PA_TABLE_KEYS_MAX];  /* secondary keys */
	unsigned n_keys;
};

struct pa_field {
	char *name; /* tshark's, as after -e; heap */
	enum pa_header header;
	int fixed;     /* 1: every header of its kind has one value of it */
	int single;    /* 1: a packet has one value at most, so nothing in it separates values */
	unsigned line; /* where the profile first names it; 0 for one the filter needs itself */
};

/* The fields of a flow's identity; pa_profile.f_flow has their places. */
enum pa_flow_field {
	PA_FLOW_IP_SRC,
	PA_FLOW_IP_DST,
	PA_FLOW_IP_PROTO,
	PA_FLOW_IPV6_SRC,
	PA_FLOW_IPV6_DST,
	PA_FLOW_IPV6_NXT,
	PA_FLOW_TCP_SRC,
	PA_FLOW_TCP_DST,
	PA_FLOW_UDP_SRC,
	PA_FLOW_UDP_DST,
	PA_FLOW_SCTP_SRC,
	PA_FLOW_SCTP_DST,
	PA_FLOW_ICMP_TYPE,
	PA_FLOW_ICMP_CODE,
	PA_FLOW_ICMPV6_TYPE,
	PA_FLOW_ICMPV6_CODE,
	PA_FLOW_COUNT
};

struct pa_profile {
	char name[PA_NAME_MAX];
	uint8_t sha256[PA_SHA256_BYTES]; /* of the canonical text */
	struct pa_field *fields;         /* in the order of tshark's -e arguments */
	unsigned n_fields;
	struct pa_source *sources;
	unsigned n_sources;
	struct pa_column *columns;
	unsigned n_columns;
	struct pa_table *tables;
	unsigned n_tables;
	/* Fields that every profile has; indices into fields. frame.number is field 0 and
	 * frame.marked the last one: the guards at both ends of every row. */
	unsigned f_number, f_time, f_protocols, f_guard;
	/* What a Community ID and @proto are made of, in the order of enum pa_flow_field; only
	 * when a column needs them. */
	int has_flow_fields;
	uint16_t f_flow[PA_FLOW_COUNT];
};

/* Read the profile TEXT called NAME (a plain identifier).
 * fields: the installed tshark's, against which the profile is checked and from which columns
 *         without a type get theirs; NULL when nobody knows them, and then every column needs
 *         a type. They are not kept.
 * PA_EPROFILE with the line in err->row. *out is heap, for pa_profile_free(). */
enum pa_status pa_profile_read(const char *name, struct pa_slice text,
                               const struct pa_fields *fields, struct pa_profile **out,
                               struct pa_error *err) __attribute__((warn_unused_result));

/* Append the profile's canonical text: every type said, no comments. Reading it gives the same
 * profile, without fields. It is what sha256 is of, and what the ledger keeps. */
enum pa_status pa_profile_text(const struct pa_profile *p, struct pa_buf *out)
    __attribute__((warn_unused_result));
void pa_profile_free(struct pa_profile *p);

/* The default profile's text, built into the library. */
struct pa_slice pa_profile_builtin(void);

/* The table called NAME, or NULL. */
const struct pa_table *pa_profile_table(const struct pa_profile *p, const char *name)
    __attribute__((pure));

/* The fields of the ports of protocol number PROTO, or of what a Community ID takes for them: type
 * and code of ICMP. 0: it has none. */
int pa_profile_ports(uint8_t proto, enum pa_flow_field *src, enum pa_flow_field *dst);

/* 1 when NAME is a plain SQL identifier: [a-z][a-z0-9_]*, at most 64 bytes. */
int pa_identifier_ok(struct pa_slice name) __attribute__((pure));

/* The word that a field adds to a SET column: what follows its last dot.
 * Points into the field's name. */
const char *pa_set_word(const char *field_name) __attribute__((pure));

#endif
