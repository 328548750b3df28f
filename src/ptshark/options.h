/* The command line of ptshark. */
#ifndef PTSHARK_OPTIONS_H
#define PTSHARK_OPTIONS_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

struct options {
	uint64_t jobs;
	uint64_t min_packets;
	const char *file;
	int tap;
	int dump, help, version;
	char **command; /* NULL-terminated, not empty */
};

/* Read the command line into O. PA_EUSAGE for anything wrong with it. */
enum pa_status options_read(int argc, char **argv, struct options *o, struct pa_error *err);

/* Append the text of --help, or of --dump-options. */
enum pa_status options_help(struct pa_buf *out);
enum pa_status options_dump(struct pa_buf *out);

#endif
