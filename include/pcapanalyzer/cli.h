/* One table of options per program: it feeds the parser, --help, the shell completion and
 * the test that compares them with the man page.
 *
 * The options struct of the program holds, at each row's offset:
 *   PA_OPT_FLAG   int            set to 1
 *   PA_OPT_TEXT   const char *   the argument; lives as long as argv
 *   PA_OPT_TEXTS  struct pa_texts    the arguments of an option that may be given again
 *   PA_OPT_NUMBER uint64_t       whole, decimal, min..max
 *   PA_OPT_CHOICE int            index of the argument in the '|'-separated ARG text
 */
#ifndef PCAPANALYZER_CLI_H
#define PCAPANALYZER_CLI_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

enum pa_opt_type { PA_OPT_FLAG, PA_OPT_TEXT, PA_OPT_TEXTS, PA_OPT_NUMBER, PA_OPT_CHOICE };

#define PA_TEXTS_MAX 16

struct pa_texts {
	unsigned n;
	const char *text[PA_TEXTS_MAX];
};

struct pa_option {
	char letter;      /* short form; 0 for none */
	const char *name; /* long form without the dashes */
	enum pa_opt_type type;
	size_t offset;     /* into the program's options struct */
	const char *arg;   /* "FILE", "N"; for PA_OPT_CHOICE "auto|always|never"; NULL for flags */
	const char *help;  /* one line */
	uint64_t min, max; /* PA_OPT_NUMBER: both inclusive */
};

/* Parse argv; options and operands may be mixed, "--" ends the options.
 * opts:          the program's options struct, holding the defaults
 * first_operand: index into argv of the first operand; argv is reordered so that the
 *                operands stand together at its end
 * PA_EUSAGE with a message that names the option. */
enum pa_status pa_cli_parse(int argc, char **argv, const struct pa_option *table, size_t n_options,
                            void *opts, int *first_operand, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Append the "Options:" part of --help. */
enum pa_status pa_cli_help(const struct pa_option *table, size_t n_options, struct pa_buf *out)
    __attribute__((warn_unused_result));

/* Append one line per option, "--name TAB -x or nothing TAB argument TAB help LF": what
 * --dump-options prints for the completion and the tests. */
enum pa_status pa_cli_dump(const struct pa_option *table, size_t n_options, struct pa_buf *out)
    __attribute__((warn_unused_result));

#endif
