/* SHA-1 of one short message, for names that have to be those of other tools: it protects nothing.
 *
 * libcrypto takes several times as long to set up a digest as the digest takes.
 * Source: RFC 3174. */
#ifndef PCAPANALYZER_SHA1_H
#define PCAPANALYZER_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define PA_SHA1_BYTES     20
#define PA_SHA1_SHORT_MAX 55 /* with its padding it is one block */

/* The SHA-1 of the N bytes at P, at most PA_SHA1_SHORT_MAX of them. */
void pa_sha1_short(const uint8_t *p, size_t n, uint8_t out[PA_SHA1_BYTES]);

#endif
