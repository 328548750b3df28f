/* bench_libcsv FILE: libcsv splits tab-separated text and quotes every cell again. It converts
 * nothing, selects nothing, and keeps its output in one buffer that is written when it is full.
 */
#include <csv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCK (256u * 1024)

struct output {
	size_t len;
	int first;
	int failed;
	size_t size;
	unsigned char *bytes;
};

static void flush(struct output *out)
{
	if (write(STDOUT_FILENO, out->bytes, out->len) != (ssize_t)out->len)
		out->failed = 1;
	out->len = 0;
}

/* csv_write() makes at most two bytes of one, and two quotes. */
static void room(struct output *out, size_t len)
{
	size_t need = 2 * len + 3;

	if (out->size - out->len < need)
		flush(out);
	if (out->size < need) {
		unsigned char *bytes = realloc(out->bytes, need);

		if (!bytes)
			abort();
		out->bytes = bytes;
		out->size = need;
	}
}

static void cell(void *text, size_t len, void *data)
{
	struct output *out = data;

	room(out, len);
	if (!out->first)
		out->bytes[out->len++] = ',';
	out->first = 0;
	out->len += csv_write(out->bytes + out->len, out->size - out->len, text, len);
}

static void row(int end, void *data)
{
	struct output *out = data;

	(void)end;
	room(out, 0);
	out->bytes[out->len++] = '\n';
	out->first = 1;
}

static int never(unsigned char c)
{
	(void)c;
	return 0;
}

int main(int argc, char **argv)
{
	static char block[BLOCK];
	struct output out = {.first = 1, .size = BLOCK, .bytes = malloc(BLOCK)};
	struct csv_parser parser;
	size_t got;
	FILE *in;

	in = argc == 2 ? fopen(argv[1], "r") : NULL;
	if (!in || !out.bytes || csv_init(&parser, 0) != 0)
		return 1;
	setvbuf(in, NULL, _IONBF, 0);
	csv_set_delim(&parser, '\t');
	csv_set_quote(&parser, 1); /* tshark's text has quotes that are nothing but text */
	csv_set_space_func(&parser, never);
	csv_set_blk_size(&parser, 64u * 1024);
	while ((got = fread(block, 1, sizeof(block), in)) > 0)
		if (csv_parse(&parser, block, got, cell, row, &out) != got)
			return 1;
	csv_fini(&parser, cell, row, &out);
	flush(&out);
	csv_free(&parser);
	(void)fclose(in);
	free(out.bytes);
	return out.failed;
}
