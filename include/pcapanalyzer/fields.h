/* Wireshark's table of fields, as `tshark -G fields` prints it: which fields there are, and of
 * which type each is.
 *
 * One line per field, columns between tabs: F, title, name, type (FT_...), parent protocol,
 * base, bit mask, description. A line of a protocol is P, title, name; its name is a field, too,
 * of type FT_PROTOCOL. Other lines are none of ours. The table belongs to one version of tshark;
 * only the seven columns of the packet list that every version prints (_ws.col.No., .Time,
 * .Source, .Destination, .Protocol, .Length, .Info: in exactly these letters) are built in,
 * as type FT_STRING, because 4.0 prints them without listing them. Other names of columns are
 * there when the table has them.
 * Source: tshark(1), -G fields.
 */
#ifndef PCAPANALYZER_FIELDS_H
#define PCAPANALYZER_FIELDS_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/type.h"

#define PA_FIELDS_BYTES_MAX ((size_t)256 * 1024 * 1024)

/* What Wireshark calls a field's type. */
enum pa_ft {
	PA_FT_NONE,
	PA_FT_PROTOCOL,
	PA_FT_BOOLEAN,
	PA_FT_CHAR,
	PA_FT_UINT8,
	PA_FT_UINT16,
	PA_FT_UINT24,
	PA_FT_UINT32,
	PA_FT_UINT40,
	PA_FT_UINT48,
	PA_FT_UINT56,
	PA_FT_UINT64,
	PA_FT_INT8,
	PA_FT_INT16,
	PA_FT_INT24,
	PA_FT_INT32,
	PA_FT_INT40,
	PA_FT_INT48,
	PA_FT_INT56,
	PA_FT_INT64,
	PA_FT_IEEE_11073_SFLOAT,
	PA_FT_IEEE_11073_FLOAT,
	PA_FT_FLOAT,
	PA_FT_DOUBLE,
	PA_FT_ABSOLUTE_TIME,
	PA_FT_RELATIVE_TIME,
	PA_FT_STRING,
	PA_FT_STRINGZ,
	PA_FT_STRINGZPAD,
	PA_FT_STRINGZTRUNC,
	PA_FT_UINT_STRING,
	PA_FT_ETHER,
	PA_FT_BYTES,
	PA_FT_UINT_BYTES,
	PA_FT_IPV4,
	PA_FT_IPV6,
	PA_FT_IPXNET,
	PA_FT_FRAMENUM,
	PA_FT_GUID,
	PA_FT_OID,
	PA_FT_REL_OID,
	PA_FT_EUI64,
	PA_FT_AX25,
	PA_FT_VINES,
	PA_FT_SYSTEM_ID,
	PA_FT_FCWWN,
	PA_FT_COUNT
};

/* A field; all slices point into the table's text or to constants. */
struct pa_field_info {
	struct pa_slice name;  /* as after -e */
	struct pa_slice title; /* a few words */
	struct pa_slice blurb; /* a sentence, or nothing */
	struct pa_slice ft_name;
	enum pa_ft ft;
	enum pa_ft ft_values; /* ft, or the narrowest integer that its bit mask leaves room for */
};

struct pa_fields;

/* Index the table TEXT, which must outlive *out. A name that stands in it twice with different
 * types gets the one that holds both, or else FT_STRING.
 * A type that is not known here, of a later Wireshark, counts as FT_STRING.
 * PA_EFORMAT with the line in err->row for text that is no such table (no field at all, a line
 * of a field without name and type, no line feed at the end).
 * PA_ELIMIT for more than PA_FIELDS_BYTES_MAX. */
enum pa_status pa_fields_new(struct pa_slice text, struct pa_fields **out, struct pa_error *err)
    __attribute__((warn_unused_result));
void pa_fields_free(struct pa_fields *f);

/* The field called NAME, in exactly these letters; 0 when this tshark has none. */
int pa_fields_find(const struct pa_fields *f, struct pa_slice name, struct pa_field_info *out)
    __attribute__((warn_unused_result));

/* The type that a column has when the profile names none, of pa_field_info.ft:
 * pcapanalyzer-profile(5), "Types of fields". */
enum pa_type pa_fields_type(enum pa_ft ft) __attribute__((const));

/* 1 when a column of TYPE holds every value that a field NAME of type FT can print; FT is
 * pa_field_info.ft_values. text, json, present and set hold everything; integers fit into the
 * same width and wider, unsigned ones into wider signed ones, and up to 32 bits into double;
 * bytes hold MACs and EUI-64, too. frame.time_epoch fits time and duration alike: 4.0 calls it
 * FT_RELATIVE_TIME, 4.4 FT_ABSOLUTE_TIME, and all print seconds since 1970. */
int pa_fields_fit(struct pa_slice name, enum pa_ft ft, enum pa_type type) __attribute__((pure));

/* Append one line per field in whose name, title or description WORD is found, letters of
 * either case alike: name, type of Wireshark, title, and the line for a profile; tabs between.
 * Fields whose name starts with WORD come first, then names that hold it, then the others;
 * each in the table's order.
 * *n: how many there were; with MAX (0: no limit) at most that many lines are written. */
enum pa_status pa_fields_search(const struct pa_fields *f, struct pa_slice word, uint64_t max,
                                struct pa_buf *out, uint64_t *n)
    __attribute__((warn_unused_result));

/* The column name that a profile's line with nothing but the field FIELD stands for: its letters
 * made small, digits, and an underscore for all else, without those in front; cut at 64 bytes,
 * with a NUL put into OUT. What would not start with a letter, or is a standard column's name
 * (frame), gets "f_" in front. */
void pa_fields_column(struct pa_slice field, char out[65]);

#endif
