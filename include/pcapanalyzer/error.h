/* Status codes, the error record that travels with them, and the exit codes.
 *
 * Every function of this library that can fail returns enum pa_status and takes a
 * struct pa_error * as its last parameter. Outputs stand before it and are written only
 * when PA_OK is returned. The record keeps the first cause: a later pa_fail() on a
 * record that already holds an error changes nothing.
 */
#ifndef PCAPANALYZER_ERROR_H
#define PCAPANALYZER_ERROR_H

#include <stdint.h>

enum pa_status {
	PA_OK = 0,
	PA_END,      /* no more input; not an error */
	PA_EVALUE,   /* a value that its type cannot hold */
	PA_EROW,     /* an input row that is not of the announced shape */
	PA_ELIMIT,   /* something is larger than its stated limit */
	PA_EUSAGE,   /* wrong options or operands */
	PA_EPROFILE, /* a profile that cannot be used */
	PA_EFORMAT,  /* a file of ours (manifest, batch) that is damaged */
	PA_EIO,      /* the operating system refused; sys is errno */
	PA_ENOMEM,   /* no memory */
	PA_EPIPE,    /* the reader of our output is gone */
	PA_EDUP,     /* the batch is stored already; not a failure for the loader */
	PA_ELOSS,    /* the server did not store every row unchanged */
	PA_EDATA,    /* the server refused the batch's data; sys is its error number */
	PA_EBUSY,    /* the server is away or busy: the same call may succeed later */
	PA_EDENIED,  /* the server refuses for good: password, privilege, schema, setting */
	PA_ABORTED,  /* tshark did not finish; what it left unfinished was discarded */
};

/* Exit codes of all programs; pcapanalyzer(1), section EXIT STATUS. */
enum pa_exit {
	PA_EXIT_OK = 0,
	PA_EXIT_FAILED = 1,
	PA_EXIT_USAGE = 2,
	PA_EXIT_ASIDE = 3,  /* done, but something was kept aside */
	PA_EXIT_BUSY = 4,   /* the database is away or busy; nothing was lost, try again */
	PA_EXIT_DENIED = 5, /* the database refuses: password, privilege, schema, setting */
};

struct pa_error {
	enum pa_status code;
	int sys;       /* errno or mysql_errno(); 0 when neither applies */
	uint64_t row;  /* 1-based row or line; 0 when the error is not about one */
	uint32_t col;  /* 1-based column of that row; 0 for the whole row */
	char msg[512]; /* one line, no place, no trailing full stop, NUL-terminated */
};

/* Record a cause and return CODE, so that callers write `return pa_fail(...)`.
 * err: may be NULL; keeps an earlier cause if it holds one
 * sys: errno or mysql_errno(); 0 when neither applies. The text of an errno is NOT
 *      appended: name it in fmt when the reader needs it.
 * Control bytes in the message become '?'. */
enum pa_status pa_fail(struct pa_error *err, enum pa_status code, int sys, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The exit code that a program ends with after STATUS. */
enum pa_exit pa_exit_code(enum pa_status status) __attribute__((const));

#endif
