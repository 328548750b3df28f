#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "pcapanalyzer/io.h"

static enum pa_status read_input(void *ctx, uint8_t *bytes, size_t n, size_t *got,
                                 struct pa_error *err)
{
	const struct input *in = ctx;
	enum pa_status st = pa_io_read(in->fd, bytes, n, got, in->name, err);

	if (st == PA_OK && in->hash)
		pa_sha256_update(in->hash, bytes, *got);
	return st;
}

enum pa_status input_open(const char *name, struct pa_sha256 *hash, struct input *out,
                          struct pa_error *err)
{
	enum pa_status st;

	*out = (struct input){.name = name, .fd = STDIN_FILENO, .hash = hash};
	if (strcmp(name, "-") != 0)
		out->fd = open(name, O_RDONLY | O_CLOEXEC);
	if (out->fd < 0)
		return pa_fail(err, PA_EIO, errno, "cannot open it: %s", strerror(errno));
	st = pa_pcapfile_new(read_input, out, &out->file, err);
	if (st != PA_OK)
		input_close(out);
	return st;
}

void input_close(struct input *in)
{
	pa_pcapfile_free(in->file);
	in->file = NULL;
	if (in->fd > STDIN_FILENO)
		close(in->fd);
}
