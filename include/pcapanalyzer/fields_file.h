/* Wireshark's table of fields from a file. */
#ifndef PCAPANALYZER_FIELDS_FILE_H
#define PCAPANALYZER_FIELDS_FILE_H

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/fields.h"

/* All zero until it is read. */
struct pa_fields_file {
	struct pa_buf text;
	struct pa_fields *fields;
};

/* Read the file PATH, which holds what `tshark -G fields` printed.
 * PA_EIO, PA_ENOMEM, PA_ELIMIT above PA_FIELDS_BYTES_MAX; PA_EROW with the line in err->row for
 * a file that holds something else. F then needs no pa_fields_file_done(). */
enum pa_status pa_fields_file_read(const char *path, struct pa_fields_file *f, struct pa_error *err)
    __attribute__((warn_unused_result));
void pa_fields_file_done(struct pa_fields_file *f);

#endif
