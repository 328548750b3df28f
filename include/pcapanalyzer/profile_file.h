/* Profiles by name or file. */
#ifndef PCAPANALYZER_PROFILE_FILE_H
#define PCAPANALYZER_PROFILE_FILE_H

#include "pcapanalyzer/error.h"
#include "pcapanalyzer/profile.h"

/* Open the profile that the option -p names: "packets" is the one built in; any other text is
 * the path of a file. A file's profile is called after the file, without folder and ending;
 * signs that are no part of an identifier become '_'.
 * fields: as for pa_profile_read()
 * PA_EIO, or what pa_profile_read() returns. */
enum pa_status pa_profile_open(const char *name_or_file, const struct pa_fields *fields,
                               struct pa_profile **out, struct pa_error *err)
    __attribute__((warn_unused_result));

#endif
