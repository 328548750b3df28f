#include "pcapanalyzer/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

enum pa_status pa_fail(struct pa_error *err, enum pa_status code, int sys, const char *fmt, ...)
{
	va_list args;

	if (!err || err->code != PA_OK)
		return code;
	err->code = code;
	err->sys = sys;
	va_start(args, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, args);
	va_end(args);
	for (char *p = err->msg; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return code;
}

enum pa_exit pa_exit_code(enum pa_status status)
{
	switch (status) {
	case PA_OK:
	case PA_END:
	case PA_EDUP:
		return PA_EXIT_OK;
	case PA_EUSAGE:
	case PA_EPROFILE:
		return PA_EXIT_USAGE;
	case PA_EDATA:
	case PA_ELOSS:
	case PA_EFORMAT:
		return PA_EXIT_ASIDE;
	case PA_EBUSY:
		return PA_EXIT_BUSY;
	case PA_EDENIED:
		return PA_EXIT_DENIED;
	case PA_EVALUE:
	case PA_EROW:
	case PA_ELIMIT:
	case PA_EIO:
	case PA_ENOMEM:
	case PA_EPIPE:
	case PA_ABORTED:
		break;
	}
	return PA_EXIT_FAILED;
}
