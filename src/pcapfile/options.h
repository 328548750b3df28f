/* The command line of pcapfile. */
#ifndef PCAPFILE_OPTIONS_H
#define PCAPFILE_OPTIONS_H

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

enum format { FORMAT_TEXT, FORMAT_JSON };

struct options {
	const char *frames;
	int format; /* enum format */
	int sha256;
	int dump, help, version;

	const char *command;
	char **operands;
	int n_operands;
};

/* Read the command line into O. PA_EUSAGE for anything wrong with it. */
enum pa_status options_read(int argc, char **argv, struct options *o, struct pa_error *err);

/* Append the text of --help, or of --dump-options. */
enum pa_status options_help(struct pa_buf *out);
enum pa_status options_dump(struct pa_buf *out);

#endif
