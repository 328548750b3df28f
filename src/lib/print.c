#include "pcapanalyzer/print.h"

#include <stdlib.h>
#include <string.h>

/* One character: its length in bytes, or 0 when the bytes at P are no valid UTF-8.
 * *code gets the code point. Unicode 15, table 3-7. */
static size_t character(const uint8_t *p, size_t n, uint32_t *code)
{
	uint32_t c = p[0];
	size_t len;

	if (c < 0x80) {
		*code = c;
		return 1;
	}
	if (c >= 0xc2 && c <= 0xdf)
		len = 2;
	else if ((c & 0xf0) == 0xe0)
		len = 3;
	else if (c >= 0xf0 && c <= 0xf4)
		len = 4;
	else
		return 0;
	if (n < len)
		return 0;
	c &= 0xffU >> (len + 1);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if ((len == 3 && c < 0x800) || (len == 4 && (c < 0x10000 || c > 0x10ffff)) ||
	    (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return len;
}

/* What must not reach a terminal: C0, DEL, C1, line separators, direction marks. */
static int unprintable(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || c == 0x61c ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static enum pa_status put_hex(struct pa_buf *out, struct pa_slice bytes)
{
	static const char digits[] = "0123456789abcdef";
	enum pa_status st = pa_buf_reserve(out, 2 * bytes.len + 2);

	if (st == PA_OK)
		st = pa_buf_puts(out, "0x");
	for (size_t i = 0; st == PA_OK && i < bytes.len; i++) {
		uint8_t pair[2] = {(uint8_t)digits[bytes.ptr[i] >> 4],
		                   (uint8_t)digits[bytes.ptr[i] & 15]};

		st = pa_buf_put(out, pair, 2);
	}
	return st;
}

/* Table */

/* The cell as the table shows it goes to OUT, when there is one; its width is returned. */
static size_t table_text(struct pa_slice cell, struct pa_buf *out, enum pa_status *st)
{
	size_t width = 0;
	size_t cut = 0; /* bytes of OUT where the "..." would start */

	for (size_t i = 0; i < cell.len; width++) {
		uint32_t c = 0;
		size_t n = character(cell.ptr + i, cell.len - i, &c);

		if (width == PA_PRINT_CELL_MAX - 3 && out)
			cut = out->len;
		if (width == PA_PRINT_CELL_MAX) {
			if (out && *st == PA_OK) {
				out->len = cut;
				*st = pa_buf_puts(out, "...");
			}
			break;
		}
		if (out && *st == PA_OK)
			*st = n == 0 || unprintable(c) ? pa_buf_putc(out, '?')
			                               : pa_buf_put(out, cell.ptr + i, n);
		i += n ? n : 1;
	}
	return width;
}

static size_t table_cell(enum pa_db_kind kind, struct pa_slice cell, struct pa_buf *out,
                         enum pa_status *st)
{
	enum pa_status ignored = PA_OK;

	if (!st)
		st = &ignored;
	if (!cell.ptr)
		return table_text(pa_slice_of("NULL"), out, st);
	if (kind == PA_DB_BYTES) {
		const size_t most = PA_PRINT_CELL_MAX / 2 - 1;
		struct pa_slice part = {cell.ptr, cell.len > most ? most : cell.len};

		if (out && *st == PA_OK)
			*st = put_hex(out, part);
		if (out && *st == PA_OK && part.len < cell.len)
			*st = pa_buf_puts(out, "...");
		return 2 + 2 * part.len + (part.len < cell.len ? 3 : 0);
	}
	return table_text(cell, out, st);
}

static enum pa_status spaces(struct pa_buf *out, size_t n)
{
	enum pa_status st = PA_OK;

	while (st == PA_OK && n-- > 0)
		st = pa_buf_putc(out, ' ');
	return st;
}

static enum pa_status table_row(const struct pa_printer *p, const struct pa_slice *cells, int head,
                                struct pa_buf *out)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < p->n_columns; i++) {
		enum pa_db_kind kind = head ? PA_DB_TEXT : p->columns[i].kind;
		struct pa_slice cell = head ? pa_slice_of(p->columns[i].name) : cells[i];
		size_t width = table_cell(kind, cell, NULL, NULL);
		size_t pad = p->widths[i] > width ? p->widths[i] - width : 0;
		int right = p->columns[i].kind == PA_DB_NUMBER;

		if (i > 0)
			st = spaces(out, 2);
		if (st == PA_OK && right)
			st = spaces(out, pad);
		if (st == PA_OK)
			table_cell(kind, cell, out, &st);
		if (st == PA_OK && !right && i + 1 < p->n_columns)
			st = spaces(out, pad);
	}
	return st == PA_OK ? pa_buf_putc(out, '\n') : st;
}

static enum pa_status table_head(const struct pa_printer *p, struct pa_buf *out)
{
	enum pa_status st = table_row(p, NULL, 1, out);

	for (size_t i = 0; st == PA_OK && i < p->n_columns; i++) {
		if (i > 0)
			st = spaces(out, 2);
		for (size_t j = 0; st == PA_OK && j < p->widths[i]; j++)
			st = pa_buf_putc(out, '-');
	}
	return st == PA_OK ? pa_buf_putc(out, '\n') : st;
}

/* CSV */

static enum pa_status csv_cell(struct pa_slice cell, struct pa_buf *out)
{
	int quote = cell.len == 0;
	enum pa_status st;

	if (!cell.ptr)
		return PA_OK;
	for (size_t i = 0; !quote && i < cell.len; i++)
		quote = cell.ptr[i] == '"' || cell.ptr[i] == ',' || cell.ptr[i] == '\n' ||
		        cell.ptr[i] == '\r';
	if (!quote)
		return pa_buf_put(out, cell.ptr, cell.len);
	st = pa_buf_putc(out, '"');
	for (size_t i = 0; st == PA_OK && i < cell.len; i++) {
		if (cell.ptr[i] == '"')
			st = pa_buf_putc(out, '"');
		if (st == PA_OK)
			st = pa_buf_putc(out, cell.ptr[i]);
	}
	return st == PA_OK ? pa_buf_putc(out, '"') : st;
}

/* TSV */

static enum pa_status tsv_cell(struct pa_slice cell, struct pa_buf *out)
{
	enum pa_status st = PA_OK;

	if (!cell.ptr)
		return pa_buf_puts(out, "\\N");
	for (size_t i = 0; st == PA_OK && i < cell.len; i++) {
		switch (cell.ptr[i]) {
		case '\0':
			st = pa_buf_puts(out, "\\0");
			break;
		case '\n':
			st = pa_buf_puts(out, "\\n");
			break;
		case '\t':
			st = pa_buf_puts(out, "\\t");
			break;
		case '\r':
			st = pa_buf_puts(out, "\\r");
			break;
		case '\\':
			st = pa_buf_puts(out, "\\\\");
			break;
		default:
			st = pa_buf_putc(out, cell.ptr[i]);
		}
	}
	return st;
}

/* JSON, RFC 8259 */

static size_t digits(struct pa_slice s, size_t i)
{
	size_t n = 0;

	while (i + n < s.len && s.ptr[i + n] >= '0' && s.ptr[i + n] <= '9')
		n++;
	return n;
}

/* ZEROFILL columns and the like are no numbers to JSON. */
static int json_number(struct pa_slice s)
{
	size_t i = s.len > 0 && s.ptr[0] == '-';
	size_t n = digits(s, i);

	if (n == 0 || (n > 1 && s.ptr[i] == '0'))
		return 0;
	i += n;
	if (i < s.len && s.ptr[i] == '.') {
		n = digits(s, i + 1);
		if (n == 0)
			return 0;
		i += 1 + n;
	}
	if (i < s.len && (s.ptr[i] == 'e' || s.ptr[i] == 'E')) {
		i++;
		if (i < s.len && (s.ptr[i] == '+' || s.ptr[i] == '-'))
			i++;
		n = digits(s, i);
		if (n == 0)
			return 0;
		i += n;
	}
	return i == s.len;
}

enum pa_status pa_print_json_text(struct pa_slice s, struct pa_buf *out)
{
	enum pa_status st = pa_buf_putc(out, '"');

	for (size_t i = 0; st == PA_OK && i < s.len;) {
		uint32_t c = 0;
		size_t n = character(s.ptr + i, s.len - i, &c);

		if (n == 0)
			st = pa_buf_puts(out, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			st = pa_buf_printf(out, "\\%c", (int)c);
		else if (c < 0x20 || c == 0x7f || c == 0x2028 || c == 0x2029)
			st = pa_buf_printf(out, "\\u%04x", (unsigned)c);
		else
			st = pa_buf_put(out, s.ptr + i, n);
		i += n ? n : 1;
	}
	return st == PA_OK ? pa_buf_putc(out, '"') : st;
}

static enum pa_status json_cell(enum pa_db_kind kind, struct pa_slice cell, struct pa_buf *out)
{
	enum pa_status st;

	if (!cell.ptr)
		return pa_buf_puts(out, "null");
	if (kind == PA_DB_NUMBER && json_number(cell))
		return pa_buf_put(out, cell.ptr, cell.len);
	if (kind != PA_DB_BYTES)
		return pa_print_json_text(cell, out);
	st = pa_buf_putc(out, '"');
	if (st == PA_OK)
		st = put_hex(out, cell);
	return st == PA_OK ? pa_buf_putc(out, '"') : st;
}

static enum pa_status json_row(const struct pa_printer *p, const struct pa_slice *cells,
                               struct pa_buf *out)
{
	enum pa_status st = pa_buf_puts(out, p->rows ? ",\n{" : "\n{");

	for (size_t i = 0; st == PA_OK && i < p->n_columns; i++) {
		if (i > 0)
			st = pa_buf_putc(out, ',');
		if (st == PA_OK)
			st = pa_print_json_text(pa_slice_of(p->columns[i].name), out);
		if (st == PA_OK)
			st = pa_buf_putc(out, ':');
		if (st == PA_OK)
			st = json_cell(p->columns[i].kind, cells[i], out);
	}
	return st == PA_OK ? pa_buf_putc(out, '}') : st;
}

/* All of them */

enum pa_status pa_print_init(struct pa_printer *p, enum pa_print_format format,
                             const struct pa_db_column *columns, size_t n_columns)
{
	size_t *widths = calloc(n_columns + 1, sizeof(*widths));

	if (!widths)
		return PA_ENOMEM;
	*p = (struct pa_printer){format, columns, n_columns, widths, 0};
	for (size_t i = 0; i < n_columns; i++)
		widths[i] = table_text(pa_slice_of(columns[i].name), NULL, NULL);
	return PA_OK;
}

void pa_print_done(struct pa_printer *p)
{
	if (!p)
		return;
	free(p->widths);
	p->widths = NULL;
}

void pa_print_measure(struct pa_printer *p, const struct pa_slice *cells)
{
	for (size_t i = 0; i < p->n_columns; i++) {
		size_t width = table_cell(p->columns[i].kind, cells[i], NULL, NULL);

		if (width > p->widths[i])
			p->widths[i] = width;
	}
}

/* A row of CSV or TSV; CELLS NULL is the header row. */
static enum pa_status separated(const struct pa_printer *p, const struct pa_slice *cells,
                                struct pa_buf *out)
{
	int csv = p->format == PA_PRINT_CSV;
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < p->n_columns; i++) {
		struct pa_slice cell = cells ? cells[i] : pa_slice_of(p->columns[i].name);

		if (i > 0)
			st = pa_buf_putc(out, csv ? ',' : '\t');
		if (st == PA_OK)
			st = csv ? csv_cell(cell, out) : tsv_cell(cell, out);
	}
	return st == PA_OK ? pa_buf_puts(out, csv ? "\r\n" : "\n") : st;
}

enum pa_status pa_print_head(struct pa_printer *p, struct pa_buf *out)
{
	switch (p->format) {
	case PA_PRINT_TABLE:
		return table_head(p, out);
	case PA_PRINT_CSV:
	case PA_PRINT_TSV:
		return separated(p, NULL, out);
	case PA_PRINT_JSON:
		break;
	}
	return pa_buf_putc(out, '[');
}

enum pa_status pa_print_row(struct pa_printer *p, const struct pa_slice *cells, struct pa_buf *out)
{
	enum pa_status st = PA_OK;

	switch (p->format) {
	case PA_PRINT_TABLE:
		st = table_row(p, cells, 0, out);
		break;
	case PA_PRINT_CSV:
	case PA_PRINT_TSV:
		st = separated(p, cells, out);
		break;
	case PA_PRINT_JSON:
		st = json_row(p, cells, out);
		break;
	}
	p->rows++;
	return st;
}

enum pa_status pa_print_tail(struct pa_printer *p, struct pa_buf *out)
{
	if (p->format != PA_PRINT_JSON)
		return PA_OK;
	return pa_buf_puts(out, p->rows ? "\n]\n" : "]\n");
}
