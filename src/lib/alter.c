#include "pcapanalyzer/alter.h"

#include <stdio.h>
#include <string.h>

#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/manifest.h"

#define UTF8MB4_BYTES 4
#define TEXT_BYTES    65535

int pa_alter_column(struct pa_slice ddl, const char *name, struct pa_slice *out)
{
	char quoted[PA_NAME_MAX + 4];
	size_t n = (size_t)snprintf(quoted, sizeof(quoted), "`%s` ", name);

	for (size_t i = 0; i < ddl.len;) {
		const uint8_t *line = ddl.ptr + i;
		const uint8_t *lf = memchr(line, '\n', ddl.len - i);
		size_t len = lf ? (size_t)(lf - line) : ddl.len - i;
		size_t start = 0;

		i += len + 1;
		while (start < len && line[start] == '\t')
			start++;
		if (len - start < n || memcmp(line + start, quoted, n) != 0)
			continue;
		if (line[len - 1] == ',')
			len--;
		*out = (struct pa_slice){line + start, len - start};
		return 1;
	}
	return 0;
}

enum pa_status pa_alter_scratch(struct pa_slice ddl, const char *scratch, struct pa_buf *out)
{
	static const char partitions[] = "\nPARTITION BY ";
	const uint8_t *start = memchr(ddl.ptr, '(', ddl.len);
	const uint8_t *end = memmem(ddl.ptr, ddl.len, partitions, sizeof(partitions) - 1);
	enum pa_status st = pa_buf_puts(out, "CREATE TEMPORARY TABLE ");

	if (!end)
		end = ddl.ptr + ddl.len;
	if (!start || start > end)
		return PA_EFORMAT;
	if (st == PA_OK)
		st = pa_sql_identifier(out, scratch);
	if (st == PA_OK)
		st = pa_buf_putc(out, ' ');
	return st == PA_OK ? pa_buf_put(out, start, (size_t)(end - start)) : st;
}

/* A type of the server, taken apart. */
struct kind {
	struct pa_slice word;   /* up to a blank or a bracket */
	struct pa_slice inside; /* of the brackets */
	int is_unsigned;
};

static struct kind take_apart(struct pa_slice type)
{
	static const char sign[] = "unsigned";
	struct kind k = {{type.ptr, 0}, {NULL, 0}, 0};
	size_t i = 0;

	while (i < type.len && type.ptr[i] != '(' && type.ptr[i] != ' ')
		i++;
	k.word.len = i;
	if (i < type.len && type.ptr[i] == '(') {
		size_t end = type.len;

		/* The last bracket: words of a SET may hold some of their own. */
		while (end > i && type.ptr[end - 1] != ')')
			end--;
		if (end > i + 1)
			k.inside = (struct pa_slice){type.ptr + i + 1, end - i - 2};
	}
	k.is_unsigned =
	    type.len >= sizeof(sign) - 1 &&
	    memcmp(type.ptr + type.len - (sizeof(sign) - 1), sign, sizeof(sign) - 1) == 0;
	return k;
}

/* Bytes of a whole number's type; 0 for another type. */
static unsigned whole_bytes(struct pa_slice word)
{
	static const struct {
		const char *name;
		unsigned bytes;
	} types[] = {
	    {"tinyint", 1}, {"smallint", 2}, {"mediumint", 3}, {"int", 4}, {"bigint", 8},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (pa_slice_is(word, types[i].name))
			return types[i].bytes;
	return 0;
}

static uint64_t length_of(struct pa_slice inside)
{
	uint64_t n = 0;

	for (size_t i = 0; i < inside.len && inside.ptr[i] >= '0' && inside.ptr[i] <= '9'; i++)
		n = n * 10 + (uint64_t)(inside.ptr[i] - '0');
	return n;
}

/* A longer VARCHAR is a change of words only while its length takes as many bytes to store. */
static enum pa_alter_cost cost_of_length(const struct kind *from, const struct kind *to,
                                         unsigned bytes)
{
	uint64_t old = length_of(from->inside);
	uint64_t new = length_of(to->inside);

	if (new < old)
		return PA_ALTER_LOSS;
	return (old * bytes > 255) == (new *bytes > 255) ? PA_ALTER_CHEAP : PA_ALTER_REWRITE;
}

static unsigned words_of(struct pa_slice inside)
{
	unsigned n = 1;

	for (size_t i = 0; i < inside.len; i++)
		n += inside.ptr[i] == ',';
	return n;
}

/* Bytes of a SET with N words. Source: MySQL manual, "Data Type Storage Requirements". */
static unsigned set_bytes(unsigned n)
{
	unsigned bytes = (n + 7) / 8;

	return bytes > 4 ? 8 : bytes;
}

static enum pa_alter_cost cost_of_set(const struct kind *from, const struct kind *to)
{
	size_t n = from->inside.len;

	if (n == 0 || to->inside.len <= n || memcmp(from->inside.ptr, to->inside.ptr, n) != 0 ||
	    to->inside.ptr[n] != ',')
		return PA_ALTER_LOSS;
	return set_bytes(words_of(from->inside)) == set_bytes(words_of(to->inside))
	           ? PA_ALTER_CHEAP
	           : PA_ALTER_REWRITE;
}

enum pa_alter_cost pa_alter_cost(struct pa_slice from, struct pa_slice to)
{
	struct kind a = take_apart(from);
	struct kind b = take_apart(to);
	unsigned old = whole_bytes(a.word);
	unsigned new = whole_bytes(b.word);

	if (old > 0 && new > 0 && (a.is_unsigned || !b.is_unsigned)) {
		int room = new > old || (new == old &&a.is_unsigned == b.is_unsigned);

		return room ? PA_ALTER_REWRITE : PA_ALTER_LOSS;
	}
	if (pa_slice_is(a.word, "varchar") && pa_slice_is(b.word, "varchar"))
		return cost_of_length(&a, &b, UTF8MB4_BYTES);
	if (pa_slice_is(a.word, "varbinary") && pa_slice_is(b.word, "varbinary"))
		return cost_of_length(&a, &b, 1);
	if ((pa_slice_is(a.word, "varchar") && pa_slice_is(b.word, "longtext")) ||
	    (pa_slice_is(a.word, "text") && pa_slice_is(b.word, "longtext")) ||
	    (pa_slice_is(a.word, "varbinary") && pa_slice_is(b.word, "longblob")))
		return PA_ALTER_REWRITE;
	if (pa_slice_is(a.word, "varchar") && pa_slice_is(b.word, "text"))
		return length_of(a.inside) * UTF8MB4_BYTES > TEXT_BYTES ? PA_ALTER_LOSS
		                                                        : PA_ALTER_REWRITE;
	if (pa_slice_is(a.word, "set") && pa_slice_is(b.word, "set"))
		return cost_of_set(&a, &b);
	return PA_ALTER_LOSS;
}

int pa_alter_holds(struct pa_slice is, struct pa_slice definition)
{
	struct kind a = take_apart(is);
	struct kind b;

	/* "`name` TEXT(8192) NULL" */
	while (definition.len > 0 && definition.ptr[0] != ' ') {
		definition.ptr++;
		definition.len--;
	}
	if (definition.len == 0)
		return 0;
	definition.ptr++;
	definition.len--;
	b = take_apart(definition);
	return pa_slice_is(a.word, "varchar") && pa_slice_is(b.word, "TEXT") &&
	       length_of(a.inside) >= length_of(b.inside);
}
