/* What captures begin with: some are given to us instead of to tshark. */
#ifndef PCAPANALYZER_TSHARK2CSV_CAPTURE_H
#define PCAPANALYZER_TSHARK2CSV_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

/* What a file is that begins with the N bytes at P, in words; NULL when it may be text. MORE is 1
 * when the bytes are too few to tell. */
const char *capture_kind(const uint8_t *p, size_t n, int *more);

#endif
