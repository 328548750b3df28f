/* The command line of tshark2csv. */
#ifndef TSHARK2CSV_OPTIONS_H
#define TSHARK2CSV_OPTIONS_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/ddl.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/text.h"
#include "pcapanalyzer/transform.h"

struct options {
	const char *profile;
	const char *field_table;
	const char *table;
	int format; /* enum pa_format */
	const char *spool;
	uint64_t capture_id;
	const char *capture_name;
	const char *capture_sha256;
	uint64_t capture_bytes;
	uint64_t capture_packets; /* UINT64_MAX: not given */
	const char *sensor;
	const char *tshark;
	uint64_t batch_rows, batch_bytes, batch_seconds;
	int dialect; /* index into the choices of --dialect */
	const char *separator_text;
	const char *aggregator_text; /* NULL: the dialect's own */
	int quote;                   /* n, d, s */
	int occurrence;
	const char *rejects;
	const char *aside_file;
	uint64_t max_row_bytes;
	const char *progress_file;
	const char *name_file;
	int replace, trailer;
	int print_args, print_ddl, print_load, print_columns, print_fields, print_text;
	const char *find;
	int canary, canary_args, learn;
	int dump, help, version;

	/* What the texts above mean. */
	uint8_t separator, aggregator, quote_byte;
	enum pa_dialect spoken;
	const char *input; /* file name, or NULL for standard input */
};

/* Read the command line into O. PA_EUSAGE for anything wrong with it. */
enum pa_status options_read(int argc, char **argv, struct options *o, struct pa_error *err);

/* Append the text of --help, or of --dump-options. */
enum pa_status options_help(struct pa_buf *out);
enum pa_status options_dump(struct pa_buf *out);

#endif
