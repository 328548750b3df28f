#include "pcapanalyzer/stall.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pcapanalyzer/io.h"

#define TEXT_MAX 4096

int pa_stall_look(struct pa_stall *s, const struct pa_usage *now)
{
	if (now->bytes != s->last.bytes || now->cpu_ms < s->last.cpu_ms) {
		s->last = *now;
		return 0;
	}
	return s->limit_ms > 0 && now->cpu_ms - s->last.cpu_ms > s->limit_ms;
}

/* The text of S as a string in OUT, which has SIZE bytes. */
static int to_string(struct pa_slice s, char *out, size_t size)
{
	if (s.len >= size)
		return 0;
	memcpy(out, s.ptr, s.len);
	out[s.len] = '\0';
	return 1;
}

enum pa_status pa_usage_parse(struct pa_slice stat, struct pa_slice io, uint64_t ticks,
                              struct pa_usage *out)
{
	char text[TEXT_MAX + 1];
	const char *p;
	uint64_t user, kernel, in, written;

	/* The second word is the program's name in parentheses, which may hold any byte. */
	if (ticks == 0 || !to_string(stat, text, sizeof(text)) || !(p = strrchr(text, ')')) ||
	    sscanf(p + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64 " %" SCNu64,
	           &user, &kernel) != 2)
		return PA_EFORMAT;
	if (!to_string(io, text, sizeof(text)) ||
	    sscanf(text, "rchar: %" SCNu64 " wchar: %" SCNu64, &in, &written) != 2)
		return PA_EFORMAT;
	*out = (struct pa_usage){(user + kernel) * 1000 / ticks, in + written};
	return PA_OK;
}

enum pa_status pa_usage_read(pid_t pid, struct pa_usage *out, struct pa_error *err)
{
	struct pa_buf stat;
	struct pa_buf io;
	char path[64];
	enum pa_status st;

	pa_buf_init(&stat, TEXT_MAX);
	pa_buf_init(&io, TEXT_MAX);
	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	st = pa_io_read_file(AT_FDCWD, path, &stat, err);
	snprintf(path, sizeof(path), "/proc/%ld/io", (long)pid);
	if (st == PA_OK)
		st = pa_io_read_file(AT_FDCWD, path, &io, err);
	if (st == PA_OK && pa_usage_parse(pa_buf_slice(&stat), pa_buf_slice(&io),
	                                  (uint64_t)sysconf(_SC_CLK_TCK), out) != PA_OK)
		st = pa_fail(err, PA_EIO, 0, "%s is not as expected", path);
	pa_buf_done(&stat);
	pa_buf_done(&io);
	return st;
}
