/* The text of the spool's small files: one "key value" per line, in a fixed order. In a text a
 * control byte, a DEL or a backslash is written as \x and two hexadecimal digits, so a value
 * never holds the end of its line.
 */
#ifndef PCAPANALYZER_LINES_H
#define PCAPANALYZER_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

/* What is left to read. Set what, rest and err; the others begin at 0. */
struct pa_lines {
	const char *what; /* for messages: "manifest" */
	struct pa_slice rest;
	unsigned line;         /* of the line last taken */
	struct pa_slice value; /* of it; points into the text */
	struct pa_error *err;
};

/* PA_EFORMAT with the message "WHAT: WHY" and the line in err->row. */
enum pa_status pa_lines_bad(struct pa_lines *l, const char *why);

/* Take the next line if it is KEY, a space and a value: 1. Else 0, and nothing is taken. */
int pa_lines_take(struct pa_lines *l, const char *key);

/* Take the line KEY with its value; PA_EFORMAT when another one stands there.
 * number: decimal, without a sign
 * text:   at most MAX bytes behind the escapes, none of them 0; freed and replaced in *out */
enum pa_status pa_lines_number(struct pa_lines *l, const char *key, uint64_t *out)
    __attribute__((warn_unused_result));
enum pa_status pa_lines_text(struct pa_lines *l, const char *key, size_t max, char **out)
    __attribute__((warn_unused_result));
/* The same into OUT, which has room for SIZE bytes with the NUL. */
enum pa_status pa_lines_short(struct pa_lines *l, const char *key, char *out, size_t size)
    __attribute__((warn_unused_result));

/* The value S, which the line last taken holds, as a number; and all of it as a text. */
enum pa_status pa_lines_read_number(struct pa_lines *l, struct pa_slice s, uint64_t *out)
    __attribute__((warn_unused_result));
enum pa_status pa_lines_read_text(struct pa_lines *l, size_t max, char **out)
    __attribute__((warn_unused_result));

/* Append a line; TEXT may be NULL for "". Errors as pa_buf_put(). */
enum pa_status pa_lines_put_text(struct pa_buf *out, const char *key, const char *text)
    __attribute__((warn_unused_result));
enum pa_status pa_lines_put_number(struct pa_buf *out, const char *key, uint64_t v)
    __attribute__((warn_unused_result));

#endif
