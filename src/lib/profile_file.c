#include "pcapanalyzer/profile_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pcapanalyzer/io.h"

static void name_of(const char *path, char out[PA_NAME_MAX])
{
	const char *slash = strrchr(path, '/');
	const char *p = slash ? slash + 1 : path;
	size_t n = 0;

	for (; *p && *p != '.' && n < PA_NAME_MAX - 1; p++) {
		char c = *p >= 'A' && *p <= 'Z' ? (char)(*p + 'a' - 'A') : *p;

		if (n == 0 && !(c >= 'a' && c <= 'z'))
			out[n++] = 'p';
		if (n < PA_NAME_MAX - 1)
			out[n++] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
	}
	if (n == 0)
		out[n++] = 'p';
	out[n] = '\0';
}

enum pa_status pa_profile_open(const char *name_or_file, const struct pa_fields *fields,
                               struct pa_profile **out, struct pa_error *err)
{
	char name[PA_NAME_MAX];
	struct pa_buf text;
	enum pa_status st;

	if (strcmp(name_or_file, "packets") == 0)
		return pa_profile_read("packets", pa_profile_builtin(), fields, out, err);
	if (!strchr(name_or_file, '/') && access(name_or_file, F_OK) != 0)
		return pa_fail(err, PA_EPROFILE, errno,
		               "no such profile: give packets, or the path of a profile file");
	pa_buf_init(&text, PA_PROFILE_BYTES_MAX);
	name_of(name_or_file, name);
	st = pa_io_read_file(AT_FDCWD, name_or_file, &text, err);
	if (st == PA_OK)
		st = pa_profile_read(name, pa_buf_slice(&text), fields, out, err);
	pa_buf_done(&text);
	return st;
}
