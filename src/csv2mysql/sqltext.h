/* SQL text as people write it: several statements with comments in one file, and canned
 * questions with :tokens. Quotes and comments are told apart from the rest as the servers do
 * it without NO_BACKSLASH_ESCAPES. */
#ifndef CSV2MYSQL_SQLTEXT_H
#define CSV2MYSQL_SQLTEXT_H

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

/* Cut the first statement off *text, at a ';' outside of quotes and comments.
 * out: without the ';'; points into the text. PA_END when only white space and comments are
 *      left. */
enum pa_status sqltext_next(struct pa_slice *text, struct pa_slice *out)
    __attribute__((warn_unused_result));

struct sqltext_token {
	const char *name;  /* as in the text, with the colon */
	const char *value; /* an SQL literal */
	int used;          /* set to 1 when the text has the token */
};

/* Append TEXT to OUT with the tokens replaced, except in quotes and comments. */
enum pa_status sqltext_expand(struct pa_slice text, struct sqltext_token *tokens, size_t n_tokens,
                              struct pa_buf *out) __attribute__((warn_unused_result));

#endif
