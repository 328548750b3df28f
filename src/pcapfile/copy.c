/* pcapfile mask and pick: copies of a capture that appear whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "pcapanalyzer/frames.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/log.h"

#define OUTPUT_BYTES (256u * 1024) /* written at once when this much waits */
#define OUTPUT_MAX   (PA_PCAPNG_BLOCK_MAX + OUTPUT_BYTES)

struct copy {
	struct pa_frames frames;
	int pick; /* else mask */
	struct input in;
	struct pa_buf out;
	const char *name; /* of the output */
	char *partial;    /* heap; NULL for standard output */
	int fd;
	uint64_t seen; /* frames */
};

static enum pa_status sys_fail(struct pa_error *err, const char *verb, const char *name)
{
	return pa_fail(err, PA_EIO, errno, "cannot %s %s: %s", verb, name, strerror(errno));
}

/* Output */

static enum pa_status open_output(struct copy *c, struct pa_error *err)
{
	c->fd = STDOUT_FILENO;
	if (strcmp(c->name, "-") == 0)
		return PA_OK;
	if (asprintf(&c->partial, "%s.partial", c->name) < 0) {
		c->partial = NULL;
		return pa_fail(err, PA_ENOMEM, 0, "no memory for a name");
	}
	c->fd = open(c->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return c->fd < 0 ? sys_fail(err, "create", c->partial) : PA_OK;
}

static enum pa_status write_output(struct copy *c, struct pa_error *err)
{
	enum pa_status st = pa_io_write_all(c->fd, c->out.ptr, c->out.len,
	                                    c->partial ? c->partial : "standard output", err);

	pa_buf_reset(&c->out);
	return st;
}

static enum pa_status put(struct copy *c, struct pa_slice bytes, struct pa_error *err)
{
	return pa_buf_put(&c->out, bytes.ptr, bytes.len) == PA_OK
	           ? PA_OK
	           : pa_fail(err, PA_ENOMEM, 0, "no memory for a record");
}

/* ST, and when that is PA_OK, what has gathered is written. */
static enum pa_status flush(struct copy *c, enum pa_status st, struct pa_error *err)
{
	return st == PA_OK && c->out.len >= OUTPUT_BYTES ? write_output(c, err) : st;
}

/* The file is on the disk under its name, and so is the name. */
static enum pa_status sync_name(const char *name, struct pa_error *err)
{
	char *copy = strdup(name);
	int dir = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	enum pa_status st =
	    dir < 0 ? sys_fail(err, "open the folder of", name) : pa_io_sync_dir(dir, name, err);

	if (dir >= 0)
		close(dir);
	free(copy);
	return st;
}

static enum pa_status publish(struct copy *c, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	if (!c->partial)
		return PA_OK;
	if (fsync(c->fd) != 0)
		st = sys_fail(err, "sync", c->partial);
	if (close(c->fd) != 0 && st == PA_OK)
		st = sys_fail(err, "close", c->partial);
	c->fd = -1;
	if (st == PA_OK && rename(c->partial, c->name) != 0)
		st = sys_fail(err, "rename", c->partial);
	return st == PA_OK ? sync_name(c->name, err) : st;
}

static void close_output(struct copy *c, int failed)
{
	if (c->partial && c->fd >= 0)
		close(c->fd);
	if (c->partial && failed)
		unlink(c->partial);
	free(c->partial);
}

/* Records */

/* A section that says how long it is would lie in the copy: it says that it does not know. */
static enum pa_status put_header(struct copy *c, const struct pa_record *r, struct pa_error *err)
{
	const size_t at = c->out.len + 16;
	enum pa_status st = put(c, r->block, err);

	if (st == PA_OK && r->type == PA_PCAPNG_SECTION)
		memset(c->out.ptr + at, 0xff, 8);
	return st;
}

static enum pa_status empty(struct copy *c, const struct pa_record *r, struct pa_error *err)
{
	if (r->kind == PA_RECORD_EVENT)
		return pa_fail(err, PA_EVALUE, 0,
		               "frame %" PRIu64 " is no packet (a block of type 0x%x), so it "
		               "cannot be emptied",
		               r->frame, (unsigned)r->type);
	if (pa_pcapfile_empty(c->in.file, r, &c->out) != PA_OK)
		return pa_fail(err, PA_ENOMEM, 0, "no memory for a record");
	return PA_OK;
}

static enum pa_status take(struct copy *c, const struct pa_record *r, struct pa_error *err)
{
	int listed = r->frame != 0 && pa_frames_has(&c->frames, r->frame);

	if (r->frame != 0)
		c->seen = r->frame;
	if (r->kind == PA_RECORD_HEADER)
		return put_header(c, r, err);
	if (c->pick)
		return listed || r->frame == 0 ? put(c, r->block, err) : PA_OK;
	return listed ? empty(c, r, err) : put(c, r->block, err);
}

/* A mask keeps what is behind a cut or a damage as it is. */
static enum pa_status put_rest(struct copy *c, struct pa_error *err)
{
	struct pa_slice rest;
	enum pa_status st = PA_OK;

	if (c->pick)
		return PA_OK;
	while (st == PA_OK && (st = pa_pcapfile_rest(c->in.file, &rest, err)) == PA_OK)
		st = flush(c, put(c, rest, err), err);
	return st == PA_END ? PA_OK : st;
}

static enum pa_status copy_all(struct copy *c, struct pa_error *err)
{
	struct pa_record r;
	enum pa_status st = PA_OK;

	while (st == PA_OK && (st = pa_pcapfile_next(c->in.file, &r, err)) == PA_OK)
		st = flush(c, take(c, &r, err), err);
	if (st == PA_END)
		st = put_rest(c, err);
	if (st == PA_OK && pa_frames_highest(&c->frames) > c->seen)
		st = pa_fail(err, PA_EVALUE, 0,
		             "there is no frame %" PRIu64 "; the last one is %" PRIu64,
		             pa_frames_highest(&c->frames), c->seen);
	return st == PA_OK ? write_output(c, err) : st;
}

static enum pa_status check_end(const struct copy *c)
{
	uint64_t offset;
	const char *reason;
	enum pa_pcapfile_end end = pa_pcapfile_end(c->in.file, &offset, &reason);

	if (end == PA_PCAPFILE_COMPLETE)
		return PA_OK;
	pa_log_warning("%s: the file is %s at byte %" PRIu64 "%s%s", c->in.name,
	               end == PA_PCAPFILE_TRUNCATED ? "cut" : "damaged", offset,
	               *reason ? ": " : "", reason);
	return PA_EDATA;
}

static enum pa_status run(const struct options *o, int pick, const char **place,
                          struct pa_error *err)
{
	struct copy c = {.pick = pick, .fd = -1};
	enum pa_status st = o->frames ? pa_frames_read(o->frames, &c.frames, err)
	                              : pa_fail(err, PA_EUSAGE, 0, "%s needs --frames", o->command);

	if (st != PA_OK)
		return st;
	pa_buf_init(&c.out, OUTPUT_MAX);
	*place = o->operands[0];
	st = input_open(o->operands[0], NULL, &c.in, err);
	if (st == PA_OK) {
		c.name = o->operands[1];
		st = open_output(&c, err);
		if (st == PA_OK)
			st = copy_all(&c, err);
		if (st == PA_OK)
			st = publish(&c, err);
		close_output(&c, st != PA_OK);
		if (st == PA_OK)
			st = check_end(&c);
		input_close(&c.in);
	}
	pa_buf_done(&c.out);
	pa_frames_done(&c.frames);
	return st;
}

enum pa_status command_mask(const struct options *o, const char **place, struct pa_error *err)
{
	return run(o, 0, place, err);
}

enum pa_status command_pick(const struct options *o, const char **place, struct pa_error *err)
{
	return run(o, 1, place, err);
}
