/* The types of columns: what a profile calls them, and what they need. */
#ifndef PCAPANALYZER_TYPE_H
#define PCAPANALYZER_TYPE_H

#include "pcapanalyzer/buf.h"

enum pa_type {
	PA_T_TIME,         /* DATETIME(6), UTC */
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
	PA_T_PRESENT,      /* BOOLEAN: 1 when the field is there, whatever it says; else NULL */
	PA_T_CHAR,         /* BINARY(1): the byte that tshark prints as 'c' */
	PA_T_IP,           /* VARBINARY(16): 4 or 16 bytes */
	PA_T_MAC,          /* BINARY(6) */
	PA_T_EUI64,        /* BINARY(8) */
	PA_T_GUID,         /* BINARY(16), in the order of its text */
	PA_T_BYTES,        /* VARBINARY(N), or LONGBLOB without N */
	PA_T_TEXT,         /* VARCHAR(N) or TEXT utf8mb4, or LONGTEXT without N */
	PA_T_JSON,         /* LONGTEXT utf8mb4: every occurrence as a JSON array of strings */
	PA_T_DURATION,     /* DECIMAL(20,9): seconds */
	PA_T_SET,          /* SET('a','b',...): which of the fields are present, by last word */
	PA_T_COMMUNITY_ID, /* CHAR(30) ascii: Community ID v1 of the row's layer */
	PA_T_COUNT
};

/* Text of more characters is a TEXT: servers copy room for a whole VARCHAR with every row of LOAD
 * DATA, and 12 bytes for a TEXT. */
#define PA_VARCHAR_MAX 768u

/* The type's name in a profile. */
const char *pa_type_name(enum pa_type type) __attribute__((const));

/* The type called NAME; 0 when there is none. */
int pa_type_find(struct pa_slice name, enum pa_type *out) __attribute__((warn_unused_result));

/* Bytes that a column of this type adds to a row, without a length in brackets.
 * Source: MySQL manual, "Data Type Storage Requirements". */
unsigned pa_type_row_bytes(enum pa_type type) __attribute__((const));

#endif
