/* Profiles: the one source of truth for fields, columns, tables and keys; profile(5).
 *
 * A profile is read once at start and never changes afterwards. Every table begins with the
 * four standard columns ts, ts_ns, capture_id, frame, which a profile does not declare; a
 * table with several rows per packet has the fifth, idx.
 */
#ifndef PCAPANALYZER_PROFILE_H
#define PCAPANALYZER_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/digest.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/manifest.h"

#define PA_PROFILE_BYTES_MAX  (1024 * 1024)
#define PA_PROFILE_TABLES_MAX 64
#define PA_TABLE_COLUMNS_MAX  512
#define PA_PROFILE_FIELDS_MAX 1024
#define PA_TABLE_KEYS_MAX     16

enum pa_type {
	PA_T_TIME,         /* DATETIME(6) from seconds since 1970 */
	PA_T_NANOS,        /* SMALLINT UNSIGNED: 0..999, what DATETIME(6) leaves of a time */
	PA_T_UINT8,        /* TINYINT UNSIGNED */
	PA_T_UINT16,       /* SMALLINT UNSIGNED */
	PA_T_UINT32,       /* INT UNSIGNED */
	PA_T_UINT64,       /* BIGINT UNSIGNED */
	PA_T_INT8,         /* TINYINT */
	PA_T_INT16,        /* SMALLINT */
	PA_T_INT32,        /* INT */
	PA_T_INT64,        /* BIGINT */
	PA_T_DOUBLE,       /* DOUBLE */
	PA_T_BOOL,         /* BOOLEAN (TINYINT(1)) */
	PA_T_IP,           /* VARBINARY(16): 4 or 16 bytes */
	PA_T_MAC,          /* BINARY(6) */
	PA_T_BYTES,        /* VARBINARY(N), or LONGBLOB without N */
	PA_T_TEXT,         /* VARCHAR(N) utf8mb4, or LONGTEXT without N */
	PA_T_JSON,         /* LONGTEXT utf8mb4: every occurrence as a JSON array of strings */
	PA_T_DURATION,     /* DECIMAL(20,9): seconds */
	PA_T_SET,          /* SET('a','b',...): which of the fields are present, by last word */
	PA_T_COMMUNITY_ID, /* CHAR(30) ascii: Community ID v1 of the row's layer */
};

/* Where a value comes from: a tshark field, or something that the filter knows itself. */
enum pa_source_kind {
	PA_S_FIELD,   /* fields[field] */
	PA_S_CAPTURE, /* @capture: the number of the capture; set by LOAD DATA in batches */
	PA_S_INDEX,   /* @index: the row's place among the rows of this packet, from 0 */
	PA_S_KIND,    /* @kind: "ip", "ipv6" or "arp", the row's layer */
	PA_S_QUOTED,  /* @quoted: 1 when the row's layer is quoted inside an ICMP error */
	PA_S_LAYER,   /* @layer: the row's layer as a whole (community_id) */
};

struct pa_source {
	enum pa_source_kind kind;
	uint16_t field; /* index into pa_profile.fields; PA_S_FIELD only */
};

struct pa_column {
	char name[PA_NAME_MAX];
	enum pa_type type;
	uint32_t max;                     /* characters of TEXT, bytes of BYTES; 0 for no limit */
	int standard;                     /* 1 for ts, ts_ns, capture_id, frame, idx: NOT NULL */
	unsigned line;                    /* where the profile says it; 0 for standard columns */
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

/* Which header a field belongs to, from the word before its first dot. Values of these come
 * from the row's layer; all others are the packet's first occurrence. */
enum pa_header {
	PA_H_NONE,
	PA_H_IP,
	PA_H_IPV6,
	PA_H_ARP,
	PA_H_TCP,
	PA_H_UDP,
	PA_H_SCTP,
	PA_H_ICMP,
	PA_H_ICMPV6,
	PA_H_COUNT
};

struct pa_field {
	char *name; /* tshark's, as after -e; heap */
	enum pa_header header;
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
	uint8_t sha256[PA_SHA256_BYTES]; /* of the profile's text */
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
	/* What a Community ID is made of, in the order of enum pa_flow_field; only when a table
	 * has such a column. */
	int has_flow_fields;
	uint16_t f_flow[PA_FLOW_COUNT];
};

/* Read the profile TEXT called NAME (a plain identifier).
 * PA_EPROFILE with the line in err->row. *out is heap, for pa_profile_free(). */
enum pa_status pa_profile_read(const char *name, struct pa_slice text, struct pa_profile **out,
                               struct pa_error *err) __attribute__((warn_unused_result));
void pa_profile_free(struct pa_profile *p);

/* The default profile's text, built into the library. */
struct pa_slice pa_profile_builtin(void);

/* The table called NAME, or NULL. */
const struct pa_table *pa_profile_table(const struct pa_profile *p, const char *name)
    __attribute__((pure));

/* 1 when NAME is a plain SQL identifier: [a-z][a-z0-9_]*, at most 64 bytes. */
int pa_identifier_ok(struct pa_slice name) __attribute__((pure));

/* The type's name in a profile. */
const char *pa_type_name(enum pa_type type) __attribute__((const));

/* The word that a field adds to a SET column: what follows its last dot.
 * Points into the field's name. */
const char *pa_set_word(const char *field_name) __attribute__((pure));

#endif
