/* Messages on standard error; for the mains only. Each message is one line and one write,
 * "PROGRAM: [PLACE: ]LEVEL: text", with control bytes shown as '?'. */
#ifndef PCAPANALYZER_LOG_H
#define PCAPANALYZER_LOG_H

#include "pcapanalyzer/error.h"

/* Name the program (a literal); call once at start. */
void pa_log_program(const char *name);

void pa_log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void pa_log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void pa_log_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "PROGRAM: WHERE:row:col: error: msg"; WHERE may be NULL, and row and column are left out
 * where the record has none. */
void pa_log_failure(const char *where, const struct pa_error *err);

#endif
