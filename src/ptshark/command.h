/* The arguments that tshark is given, and what they mean to who divides its work. */
#ifndef PTSHARK_COMMAND_H
#define PTSHARK_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/error.h"
#include "pcapanalyzer/renumber.h"

#define REASON_MAX 200

struct command {
	char **argv; /* NULL-terminated; borrowed from the options */
	size_t n;
	size_t tshark;       /* which of them is its name; what is before runs it */
	const char **fields; /* heap; borrowed names, in the order of the columns */
	size_t n_fields;
	uint8_t separator;
	int reads_twice;         /* the capture, which is then no standard input to it */
	int needs_times;         /* of packets that are not its own, in every worker */
	char reason[REASON_MAX]; /* why its work cannot be divided; "" when it can */
	uint8_t *prints;         /* heap, 1 for each of argv that says what is printed, and how */
	int mixed;               /* it is said in a way that the plugin has no words for */
	int flushed;             /* each row goes out at once */
	int prints_fields;       /* it has -T fields */
	char **tapped;           /* heap, what command_tap() made of argv, or NULL */
	char *words;             /* heap, in there */
};

/* Read ARGV. PA_EUSAGE when it names a capture, or reads none; PA_ENOMEM */
enum pa_status command_read(char **argv, struct command *out, struct pa_error *err);
void command_done(struct command *c);

/* Which cells of its rows have to change; EMPTY: those too that the capture's format lacks. */
enum pa_status command_renumber(const struct command *c, unsigned n_workers, int empty,
                                struct pa_renumber **out, struct pa_error *err);

/* Have tshark print through the tap of the plugin pcapfields(7) from now on, instead of -T fields:
 * of the packets that match FILTER, or of all with NULL; with FLUSH each as soon as it is there.
 * Its arguments stay where that cannot be. PA_ENOMEM */
enum pa_status command_tap(struct command *c, const char *filter, int flush, struct pa_error *err);

/* Its argument vector with MORE, which ends with NULL, right behind tshark: all that is behind an
 * operand is a filter. For free(); NULL without memory. */
char **command_with(const struct command *c, const char *const *more);

#endif
