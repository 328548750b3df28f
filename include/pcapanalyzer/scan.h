/* Where the separator bytes are in a block of 64 bytes. */
#ifndef PCAPANALYZER_SCAN_H
#define PCAPANALYZER_SCAN_H

#include <stdint.h>

#define PA_SCAN_BLOCK 64

/* Bit i is set when p[i] is A or B. p has 64 readable bytes, any alignment. */
uint64_t pa_scan64(const uint8_t *p, uint8_t a, uint8_t b) __attribute__((pure));

#endif
