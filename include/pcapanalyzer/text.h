/* tshark's text escapes, and UTF-8. */
#ifndef PCAPANALYZER_TEXT_H
#define PCAPANALYZER_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

/* How a tshark escapes what it prints with -T fields. */
enum pa_dialect {
	PA_DIALECT_AUTO, /* not known yet: the first row's guard column tells */
	PA_DIALECT_4_0,  /* up to 4.0: a backslash is printed as it is, so nothing can be undone */
	PA_DIALECT_4_4,  /* from 4.4: \\ \a \b \t \n \v \f \r, and \SEPARATOR */
};

/* Undo the escapes of DIALECT. In 4.0 the text is left as it is: its "\t" is a tab or the two
 * characters, and nobody can tell.
 * out: IN itself when there is nothing to undo, else bytes appended to SCRATCH, valid until
 *      SCRATCH changes; IN must not be in SCRATCH
 * PA_EVALUE for an escape that 4.4 never prints. */
enum pa_status pa_text_unescape(struct pa_slice in, enum pa_dialect dialect, uint8_t separator,
                                struct pa_buf *scratch, struct pa_slice *out)
    __attribute__((warn_unused_result));

/* Make IN valid UTF-8: every maximal run of bytes that cannot start or go on a character
 * becomes one U+FFFD (Unicode 15, chapter 3, "U+FFFD Substitution of Maximal Subparts").
 * out: IN itself when it was valid, else bytes appended to SCRATCH; IN must not be in SCRATCH */
enum pa_status pa_text_utf8(struct pa_slice in, struct pa_buf *scratch, struct pa_slice *out)
    __attribute__((warn_unused_result));

/* Length of the character that begins at P, of which N (at least one) bytes are there; 0 when they
 * are no valid UTF-8. */
size_t pa_text_character(const uint8_t *p, size_t n) __attribute__((pure));

/* The first MAX characters of valid UTF-8; *cut is set to 1 when there were more, and left
 * alone otherwise. MAX 0 is no limit. */
struct pa_slice pa_text_cut(struct pa_slice in, uint32_t max, int *cut);

#endif
