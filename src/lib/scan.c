#include "pcapanalyzer/scan.h"

uint64_t pa_scan64(const uint8_t *p, uint8_t a, uint8_t b)
{
	uint64_t hits = 0;

	for (unsigned i = 0; i < PA_SCAN_BLOCK; i++)
		hits |= (uint64_t)(p[i] == a || p[i] == b) << i;
	return hits;
}
