#include "pcapanalyzer/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct pa_sha256 {
	EVP_MD_CTX *ctx;
};

enum pa_status pa_sha256_new(struct pa_sha256 **out, struct pa_error *err)
{
	struct pa_sha256 *h = calloc(1, sizeof(*h));

	if (h)
		h->ctx = EVP_MD_CTX_new();
	if (!h || !h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
		pa_sha256_free(h);
		return pa_fail(err, PA_ENOMEM, 0, "cannot set up SHA-256");
	}
	*out = h;
	return PA_OK;
}

void pa_sha256_free(struct pa_sha256 *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void pa_sha256_update(struct pa_sha256 *h, const void *bytes, size_t n)
{
	EVP_DigestUpdate(h->ctx, bytes, n);
}

void pa_sha256_final(struct pa_sha256 *h, uint8_t out[PA_SHA256_BYTES])
{
	EVP_DigestFinal_ex(h->ctx, out, NULL);
	EVP_DigestInit_ex(h->ctx, NULL, NULL);
}

enum pa_status pa_sha256_of(const void *bytes, size_t n, uint8_t out[PA_SHA256_BYTES])
{
	return EVP_Digest(bytes, n, out, NULL, EVP_sha256(), NULL) == 1 ? PA_OK : PA_ENOMEM;
}

void pa_hex(const uint8_t *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

/* Above 15 for what is no digit. */
static unsigned hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

enum pa_status pa_unhex(struct pa_slice text, uint8_t *out, size_t n)
{
	if (text.len != 2 * n)
		return PA_EVALUE;
	for (size_t i = 0; i < text.len; i++)
		if (hex_digit(text.ptr[i]) > 15)
			return PA_EVALUE;
	for (size_t i = 0; i < n; i++)
		out[i] =
		    (uint8_t)(hex_digit(text.ptr[2 * i]) << 4 | hex_digit(text.ptr[2 * i + 1]));
	return PA_OK;
}
