#include "pcapanalyzer/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char *program = "pcapanalyzer";

void pa_log_program(const char *name)
{
	program = name;
}

/* One write per message, so that lines of several processes do not mix. */
static void emit(char *line, size_t size, int n)
{
	size_t len = n < 0 ? 0 : (size_t)n;

	if (len > size - 2)
		len = size - 2;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len] = '\n';
	(void)!write(STDERR_FILENO, line, len + 1);
}

__attribute__((format(printf, 2, 0))) static void message(const char *level, const char *fmt,
                                                          va_list args)
{
	char text[1024];
	char line[1200];

	vsnprintf(text, sizeof(text), fmt, args);
	emit(line, sizeof(line), snprintf(line, sizeof(line), "%s: %s: %s", program, level, text));
}

void pa_log_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message("error", fmt, args);
	va_end(args);
}

void pa_log_warning(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message("warning", fmt, args);
	va_end(args);
}

void pa_log_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message("note", fmt, args);
	va_end(args);
}

void pa_log_failure(const char *where, const struct pa_error *err)
{
	char place[600] = "";
	char line[1200];
	int n = 0;

	if (where && err->row && err->col)
		n = snprintf(place, sizeof(place), "%s:%llu:%u: ", where,
		             (unsigned long long)err->row, (unsigned)err->col);
	else if (where && err->row)
		n = snprintf(place, sizeof(place), "%s:%llu: ", where,
		             (unsigned long long)err->row);
	else if (where)
		n = snprintf(place, sizeof(place), "%s: ", where);
	if (n < 0)
		place[0] = '\0';
	emit(line, sizeof(line),
	     snprintf(line, sizeof(line), "%s: %serror: %s", program, place, err->msg));
}
