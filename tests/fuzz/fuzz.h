/* What every fuzz target begins with. */
#ifndef PCAPANALYZER_FUZZ_H
#define PCAPANALYZER_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A finding is an abort, with the input that led to it kept by the fuzzer. */
#define MUST(what)                                                                                 \
	do {                                                                                       \
		if (!(what))                                                                       \
			abort();                                                                   \
	} while (0)

/* The name and shape that libFuzzer wants. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
