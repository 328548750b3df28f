#include "pcapanalyzer/batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pcapanalyzer/digest.h"
#include "pcapanalyzer/io.h"
#include "pcapanalyzer/profile.h"

#define PROFILE_BYTES_MAX ((size_t)4 * PA_PROFILE_BYTES_MAX) /* the canonical text says more */

/* The ledger's own tables are not for batches. */
static int table_allowed(const char *name)
{
	static const char *const ledger[] = {"sensors",  "captures", "passports", "batches",
	                                     "coverage", "prunes",   "pruned",    "schema_version"};

	for (size_t i = 0; i < sizeof(ledger) / sizeof(ledger[0]); i++)
		if (strcmp(name, ledger[i]) == 0)
			return 0;
	return 1;
}

static enum pa_status read_manifest(struct pa_batch *b, const char *id, struct pa_error *err)
{
	struct pa_buf text;
	int found = 0;
	enum pa_status st = pa_io_find_file(b->dir, "manifest", &found, err);

	if (st != PA_OK)
		return st;
	if (!found)
		return pa_fail(err, PA_EFORMAT, ENOENT, "the batch has no manifest");
	pa_buf_init(&text, PA_MANIFEST_BYTES_MAX);
	st = pa_io_read_file(b->dir, "manifest", &text, err);
	if (st == PA_OK)
		st = pa_manifest_read(pa_buf_slice(&text), &b->m, err);
	pa_buf_done(&text);
	if (st == PA_ELIMIT)
		st = PA_EFORMAT;
	if (st == PA_OK && strcmp(b->m.batch_id, id) != 0)
		st = pa_fail(err, PA_EFORMAT, 0, "the manifest is of batch %s", b->m.batch_id);
	for (unsigned i = 0; st == PA_OK && i < b->m.n_tables; i++)
		if (!table_allowed(b->m.tables[i].name))
			st = pa_fail(err, PA_EFORMAT, 0, "a batch cannot load the table %s",
			             b->m.tables[i].name);
	return st;
}

static enum pa_status read_profile(struct pa_batch *b, struct pa_error *err)
{
	uint8_t sum[PA_SHA256_BYTES];
	int found = 0;
	enum pa_status st = pa_io_find_file(b->dir, "profile", &found, err);

	if (st != PA_OK)
		return st;
	/* Batches of older filters have none, and do not say who wrote them. */
	if (!found)
		return b->m.filter ? pa_fail(err, PA_EFORMAT, ENOENT, "the batch has no profile")
		                   : PA_OK;
	st = pa_io_read_file(b->dir, "profile", &b->profile, err);
	if (st == PA_ELIMIT)
		return PA_EFORMAT;
	if (st == PA_OK && pa_sha256_of(b->profile.ptr, b->profile.len, sum) != PA_OK)
		st = pa_fail(err, PA_ENOMEM, 0, "cannot compute SHA-256");
	if (st == PA_OK && memcmp(sum, b->m.profile_sha256, sizeof(sum)) != 0)
		st = pa_fail(err, PA_EFORMAT, 0,
		             "the profile's text is damaged: its SHA-256 is not the one in the "
		             "manifest");
	return st;
}

enum pa_status pa_batch_open(const struct pa_queue *s, const char *id, struct pa_batch **out,
                             struct pa_error *err)
{
	struct pa_batch *b;
	enum pa_status st;
	int dir = openat(s->ready, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return pa_fail(err, errno == ENOTDIR || errno == ELOOP ? PA_EFORMAT : PA_EIO, errno,
		               "cannot open batch %s: %s", id, strerror(errno));
	b = malloc(sizeof(*b));
	if (!b) {
		close(dir);
		return pa_fail(err, PA_ENOMEM, 0, "no memory for a batch");
	}
	b->dir = dir;
	pa_manifest_init(&b->m);
	pa_buf_init(&b->profile, PROFILE_BYTES_MAX);
	st = read_manifest(b, id, err);
	if (st == PA_OK)
		st = read_profile(b, err);
	if (st != PA_OK)
		pa_batch_free(b);
	else
		*out = b;
	return st;
}

void pa_batch_free(struct pa_batch *b)
{
	if (!b)
		return;
	pa_manifest_done(&b->m);
	pa_buf_done(&b->profile);
	close(b->dir);
	free(b);
}
