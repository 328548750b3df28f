/* The commands of pcapfile, and how they open a capture. */
#ifndef PCAPFILE_COMMANDS_H
#define PCAPFILE_COMMANDS_H

#include "options.h"
#include "pcapanalyzer/digest.h"
#include "pcapanalyzer/pcapfile.h"

struct input {
	const char *name;
	int fd;
	struct pa_sha256 *hash; /* of the bytes that were read; NULL: nobody wants it */
	struct pa_pcapfile *file;
};

/* Open the capture NAME, or standard input for "-". HASH stays the caller's. */
enum pa_status input_open(const char *name, struct pa_sha256 *hash, struct input *out,
                          struct pa_error *err);
void input_close(struct input *in);

/* *place: the file that an error is about.
 * PA_EDATA without a message: done, but a file is cut or damaged. */
typedef enum pa_status command_fn(const struct options *o, const char **place,
                                  struct pa_error *err);

command_fn command_stat;
command_fn command_mask;
command_fn command_pick;

#endif
