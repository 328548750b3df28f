/* SHA-256 (libcrypto), and its hexadecimal text. */
#ifndef PCAPANALYZER_DIGEST_H
#define PCAPANALYZER_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

#define PA_SHA256_BYTES 32
#define PA_SHA256_HEX   64 /* characters, without the NUL */

struct pa_sha256; /* a running SHA-256 */

enum pa_status pa_sha256_new(struct pa_sha256 **out, struct pa_error *err)
    __attribute__((warn_unused_result));
void pa_sha256_free(struct pa_sha256 *h);
void pa_sha256_update(struct pa_sha256 *h, const void *bytes, size_t n);
/* Write the digest and start anew. */
void pa_sha256_final(struct pa_sha256 *h, uint8_t out[PA_SHA256_BYTES]);

/* One-shot. PA_ENOMEM when libcrypto has none. */
enum pa_status pa_sha256_of(const void *bytes, size_t n, uint8_t out[PA_SHA256_BYTES])
    __attribute__((warn_unused_result));

/* Lower-case hexadecimal of N bytes into OUT, which has room for 2*N+1; NUL-terminated. */
void pa_hex(const uint8_t *bytes, size_t n, char *out);
/* The reverse: exactly 2*N digits of either case. PA_EVALUE for anything else. */
enum pa_status pa_unhex(struct pa_slice text, uint8_t *out, size_t n)
    __attribute__((warn_unused_result));

#endif
