/* Escapes come back, U+FFFD stands where Unicode wants it, and a cut is made between
 * characters. Each is checked against a second, slower way to say the same.
 *
 * Input: the separator, the length to cut at, then the text. */
#include "fuzz.h"
#include "pcapanalyzer/text.h"

static const char control[] = "\\\a\b\t\n\v\f\r";
static const char letters[] = "\\abtnvfr";

static int same(struct pa_slice a, struct pa_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static struct pa_slice of(const struct pa_buf *b)
{
	return (struct pa_slice){b->ptr, b->len};
}

/* What tshark 4.4 prints for a text. */
static void print_like_4_4(struct pa_slice in, uint8_t separator, struct pa_buf *out)
{
	for (size_t i = 0; i < in.len; i++) {
		const char *hit = in.ptr[i] ? strchr(control, in.ptr[i]) : NULL;

		if (hit || in.ptr[i] == separator)
			MUST(pa_buf_putc(out, '\\') == PA_OK);
		MUST(pa_buf_putc(out, hit ? (uint8_t)letters[hit - control] : in.ptr[i]) == PA_OK);
	}
}

/* The definition: 0 when a backslash is not followed by what may follow it. */
static int undo(struct pa_slice in, uint8_t separator, struct pa_buf *out)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];

		if (c == '\\') {
			const char *hit;

			if (++i == in.len)
				return 0;
			hit = in.ptr[i] ? strchr(letters, in.ptr[i]) : NULL;
			if (!hit && (in.ptr[i] != separator || separator == 0))
				return 0;
			c = hit ? (uint8_t)control[hit - letters] : separator;
		}
		MUST(pa_buf_putc(out, c) == PA_OK);
	}
	return 1;
}

static void check_escapes(struct pa_slice in, uint8_t separator)
{
	struct pa_buf scratch;
	struct pa_buf other;
	struct pa_slice out = {NULL, 0};
	enum pa_status st;

	pa_buf_init(&scratch, SIZE_MAX);
	pa_buf_init(&other, SIZE_MAX);
	MUST(pa_text_unescape(in, PA_DIALECT_4_0, separator, &scratch, &out) == PA_OK);
	MUST(out.ptr == in.ptr && out.len == in.len);

	st = pa_text_unescape(in, PA_DIALECT_4_4, separator, &scratch, &out);
	MUST(st == PA_OK || st == PA_EVALUE);
	MUST((st == PA_OK) == undo(in, separator, &other));
	MUST(st != PA_OK || same(out, of(&other)));

	pa_buf_reset(&other);
	pa_buf_reset(&scratch);
	if (separator && !strchr(letters, separator)) {
		print_like_4_4(in, separator, &other);
		MUST(pa_text_unescape(of(&other), PA_DIALECT_4_4, separator, &scratch, &out) ==
		     PA_OK);
		MUST(same(out, in));
	}
	pa_buf_done(&scratch);
	pa_buf_done(&other);
}

/* 1 when some well-formed sequence of LEN bytes begins with the N bytes at p: the code points
 * that they leave open must not all be overlong, surrogates or past the end. */
static int begins_well(const uint8_t *p, size_t n, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t low = p[0] & (0x7fu >> len);
	uint32_t high;

	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		low = low << 6 | (p[i] & 0x3f);
	}
	high = ((low + 1) << (6 * (len - n))) - 1;
	low <<= 6 * (len - n);
	if (low < least[len])
		low = least[len];
	if (high > 0x10ffff)
		high = 0x10ffff;
	if (low >= 0xd800 && low <= 0xdfff)
		low = 0xe000;
	return low <= high;
}

/* Bytes of the character at p, or of the longest part of one; *whole tells them apart. */
static size_t longest(const uint8_t *p, size_t n, int *whole)
{
	size_t len = p[0] < 0x80             ? 1
	             : (p[0] & 0xe0) == 0xc0 ? 2
	             : (p[0] & 0xf0) == 0xe0 ? 3
	             : (p[0] & 0xf8) == 0xf0 ? 4
	                                     : 0;

	*whole = len == 1;
	if (len < 2)
		return 1;
	for (size_t k = len < n ? len : n; k > 0; k--) {
		if (begins_well(p, k, len)) {
			*whole = k == len;
			return k;
		}
	}
	return 1;
}

static void check_utf8(struct pa_slice in, uint32_t max)
{
	struct pa_buf scratch;
	struct pa_buf want;
	struct pa_slice out;
	struct pa_slice again;
	struct pa_slice head;
	size_t chars = 0;
	size_t cut_at = 0;
	int whole = 1;
	int cut = 0;

	pa_buf_init(&scratch, SIZE_MAX);
	pa_buf_init(&want, SIZE_MAX);
	for (size_t i = 0; i < in.len;) {
		size_t n = longest(in.ptr + i, in.len - i, &whole);

		MUST((whole ? pa_buf_put(&want, in.ptr + i, n)
		            : pa_buf_puts(&want, "\xef\xbf\xbd")) == PA_OK);
		i += n;
		if (++chars == max)
			cut_at = want.len;
	}
	MUST(pa_text_utf8(in, &scratch, &out) == PA_OK);
	MUST(same(out, of(&want)));
	MUST(same(in, out) == (in.ptr == out.ptr));
	MUST(pa_text_utf8(out, &want, &again) == PA_OK);
	MUST(again.ptr == out.ptr && again.len == out.len);

	head = pa_text_cut(out, max, &cut);
	MUST(head.ptr == out.ptr);
	MUST(cut == (max > 0 && chars > max));
	MUST(head.len == (cut ? cut_at : out.len));
	pa_buf_done(&scratch);
	pa_buf_done(&want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	check_escapes((struct pa_slice){data + 2, size - 2}, data[0]);
	check_utf8((struct pa_slice){data + 2, size - 2}, data[1]);
	return 0;
}
