#include "sqltext.h"

#include <string.h>

static int at(struct pa_slice s, size_t i, char c)
{
	return i < s.len && s.ptr[i] == (uint8_t)c;
}

static int blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t quoted(struct pa_slice s, size_t i)
{
	uint8_t quote = s.ptr[i];

	for (i++; i < s.len; i++) {
		if (s.ptr[i] == '\\' && quote != '`')
			i++;
		else if (s.ptr[i] == quote)
			return i + 1; /* a doubled quote starts the next quoted piece */
	}
	return s.len;
}

/* Where the piece at I ends, when it is quoted text or a comment; I otherwise. */
static size_t skip(struct pa_slice s, size_t i, int *comment)
{
	*comment = 1;
	if (at(s, i, '#') ||
	    (at(s, i, '-') && at(s, i + 1, '-') && (i + 2 >= s.len || blank(s.ptr[i + 2])))) {
		while (i < s.len && s.ptr[i] != '\n')
			i++;
		return i;
	}
	if (at(s, i, '/') && at(s, i + 1, '*')) {
		/* The servers run what stands in such a comment. */
		*comment = !at(s, i + 2, '!') && !at(s, i + 2, 'M');
		for (i += 2; i < s.len; i++)
			if (at(s, i, '*') && at(s, i + 1, '/'))
				return i + 2;
		return s.len;
	}
	*comment = 0;
	if (at(s, i, '\'') || at(s, i, '"') || at(s, i, '`'))
		return quoted(s, i);
	return i;
}

enum pa_status sqltext_next(struct pa_slice *text, struct pa_slice *out)
{
	struct pa_slice s = *text;
	size_t start = 0;
	size_t i = 0;
	int something = 0;

	while (i < s.len) {
		int comment = 0;
		size_t end = skip(s, i, &comment);

		if (end > i) {
			something |= !comment;
			i = end;
			continue;
		}
		if (s.ptr[i] == ';' && something)
			break;
		if (s.ptr[i] == ';')
			start = i + 1;
		else if (!blank(s.ptr[i]))
			something = 1;
		i++;
	}
	if (!something)
		return PA_END;
	*out = (struct pa_slice){s.ptr + start, i - start};
	i += i < s.len;
	*text = (struct pa_slice){s.ptr + i, s.len - i};
	return PA_OK;
}

static int word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '$' || c >= 0x80;
}

static const struct sqltext_token *find(struct pa_slice s, size_t i, struct sqltext_token *tokens,
                                        size_t n_tokens)
{
	for (size_t t = 0; t < n_tokens; t++) {
		size_t n = strlen(tokens[t].name);

		if (s.len - i >= n && memcmp(s.ptr + i, tokens[t].name, n) == 0 &&
		    (i + n == s.len || !word(s.ptr[i + n]))) {
			tokens[t].used = 1;
			return &tokens[t];
		}
	}
	return NULL;
}

enum pa_status sqltext_expand(struct pa_slice text, struct sqltext_token *tokens, size_t n_tokens,
                              struct pa_buf *out)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < text.len;) {
		int comment = 0;
		size_t end = skip(text, i, &comment);
		const struct sqltext_token *t =
		    end == i && text.ptr[i] == ':' ? find(text, i, tokens, n_tokens) : NULL;

		if (t) {
			st = pa_buf_puts(out, t->value);
			i += strlen(t->name);
			continue;
		}
		if (end == i)
			end++;
		st = pa_buf_put(out, text.ptr + i, end - i);
		i = end;
	}
	return st;
}
