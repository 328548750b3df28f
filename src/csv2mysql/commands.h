/* The commands of csv2mysql, one file for each group of them. */
#ifndef CSV2MYSQL_COMMANDS_H
#define CSV2MYSQL_COMMANDS_H

#include "options.h"
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/ledger.h"
#include "pcapanalyzer/print.h"
#include "pcapanalyzer/profile.h"

struct run {
	struct options o;
	struct pa_db_options connection;
	struct pa_profile *profile; /* NULL when the command needs none */
	const char *place;          /* what an error is about; may be NULL */
};

typedef enum pa_status command_fn(struct run *r, struct pa_error *err);

command_fn command_init;                     /* schema.c */
command_fn command_migrate;                  /* migrate.c */
command_fn command_load;                     /* spool.c */
command_fn command_event;                    /* event.c */
command_fn command_prune;                    /* prune.c */
command_fn command_status;                   /* status.c */
command_fn command_metrics;                  /* metrics.c */
command_fn command_coverage;                 /* coverage.c */
command_fn command_size, command_forecast;   /* forecast.c */
command_fn command_captures, command_verify; /* report.c */
command_fn command_query, command_queries;   /* query.c */

/* Run every statement of TEXT; `what` as in pa_db_exec(). schema.c */
enum pa_status run_statements(struct pa_db *db, const char *what, struct pa_slice text,
                              struct pa_error *err) __attribute__((warn_unused_result));

/* A connection that only reads, to a ledger of this program's version or an older one.
 * report.c */
enum pa_status connect_reader(const struct run *r, struct pa_db **db, uint64_t *version,
                              struct pa_error *err) __attribute__((warn_unused_result));
/* report.c */
const char *state_name(enum pa_ledger_state state) __attribute__((const));

/* The SQL literal of a UTC time as --OPTION has it. query.c */
#define LITERAL_MAX 64
enum pa_status time_literal(const char *option, const char *text, char out[LITERAL_MAX],
                            struct pa_error *err) __attribute__((warn_unused_result));

/* --format, with auto settled. query.c */
enum pa_print_format answer_format(const struct options *o);

/* Write OUT to standard output and empty it. query.c */
enum pa_status flush_answer(struct pa_buf *out, struct pa_error *err)
    __attribute__((warn_unused_result));

/* The names in DIR/SUB that end in ".sql", sorted; *names is heap, and so is each of them. A
 * folder that is not there has none. query.c */
enum pa_status list_sql(const char *dir, const char *sub, char ***names, size_t *n_names,
                        struct pa_error *err) __attribute__((warn_unused_result));
void free_names(char **names, size_t n_names);

#endif
