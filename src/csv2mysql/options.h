/* The options of csv2mysql. */
#ifndef CSV2MYSQL_OPTIONS_H
#define CSV2MYSQL_OPTIONS_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

enum format { FORMAT_AUTO, FORMAT_TABLE, FORMAT_CSV, FORMAT_TSV, FORMAT_JSON };

#define NOT_GIVEN UINT64_MAX

struct options {
	const char *profile, *field_table, *spool, *sensor, *sql, *since, *until;
	const char *interface, *from, *sha256, *detail, *output;
	int kind;                /* enum pa_event_kind; -1: not given */
	uint64_t packets, bytes; /* NOT_GIVEN: not given */
	const char *keep, *max_size, *rate, *min_free, *datadir, *export_dir;
	int follow, verbose, dry_run, keep_views, all;
	uint64_t retry_s, answer_timeout_s;
	int format;
	uint64_t limit; /* 0: not given */
	/* Connection; -1, 0 and NULL: not given. */
	const char *defaults_file, *group_suffix, *host, *user, *socket, *database;
	const char *ssl_ca, *ssl_cert, *ssl_key;
	int ssl_mode;
	uint64_t port, connect_timeout_s;
	int help, version, dump;
	/* Operands: the command, and what follows it. */
	const char *command, *operand;
	int n_operands;
};

enum pa_status options_read(int argc, char **argv, struct options *o, struct pa_error *err)
    __attribute__((warn_unused_result));
enum pa_status options_help(struct pa_buf *out) __attribute__((warn_unused_result));
enum pa_status options_dump(struct pa_buf *out) __attribute__((warn_unused_result));

#endif
