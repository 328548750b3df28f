#include "pcapanalyzer/fields_file.h"

#include <fcntl.h>

#include "pcapanalyzer/io.h"

enum pa_status pa_fields_file_read(const char *path, struct pa_fields_file *f, struct pa_error *err)
{
	enum pa_status st;

	*f = (struct pa_fields_file){0};
	pa_buf_init(&f->text, PA_FIELDS_BYTES_MAX);
	st = pa_io_read_file(AT_FDCWD, path, &f->text, err);
	if (st == PA_OK)
		st = pa_fields_new(pa_buf_slice(&f->text), &f->fields, err);
	if (st == PA_EFORMAT) {
		/* No file of ours is damaged: the user named a wrong one. */
		st = PA_EROW;
		if (err)
			err->code = st;
	}
	if (st != PA_OK)
		pa_fields_file_done(f);
	return st;
}

void pa_fields_file_done(struct pa_fields_file *f)
{
	pa_fields_free(f->fields);
	pa_buf_done(&f->text);
	f->fields = NULL;
}
