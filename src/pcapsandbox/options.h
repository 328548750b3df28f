/* The command line of pcapsandbox. */
#ifndef PCAPSANDBOX_OPTIONS_H
#define PCAPSANDBOX_OPTIONS_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/cli.h"
#include "pcapanalyzer/error.h"

struct options {
	struct pa_texts read, write;
	const char *user;
	const char *require;
	uint64_t memory_mib, stall_seconds, wall_seconds;
	int report;
	int dump, help, version;
	char **command; /* NULL-terminated; empty with --report */
};

/* Read the command line into O. PA_EUSAGE for anything wrong with it. */
enum pa_status options_read(int argc, char **argv, struct options *o, struct pa_error *err);

/* Append the text of --help, or of --dump-options. */
enum pa_status options_help(struct pa_buf *out);
enum pa_status options_dump(struct pa_buf *out);

#endif
