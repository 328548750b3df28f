/* Landlock (Linux 5.13): which files a process can still reach. It needs no privilege, holds for
 * good, and for every program that the process starts. Descriptors that are open stay open, and
 * names can still be looked up: what is refused is opening, making and removing.
 *
 * Where the kernel knows how (6.7, 6.12), TCP and what lies outside in abstract sockets and
 * signals are refused with it. */
#ifndef PCAPANALYZER_LANDLOCK_H
#define PCAPANALYZER_LANDLOCK_H

#include <stdint.h>

#include "pcapanalyzer/error.h"

#define PA_LANDLOCK_READ  1u /* read files, list folders */
#define PA_LANDLOCK_RUN   2u /* start programs */
#define PA_LANDLOCK_WRITE 4u /* write, make, rename and remove files and folders */

struct pa_landlock {
	int fd;
	uint64_t files; /* the rights that are refused unless allowed */
};

/* Begin a rule set that allows nothing; end it with pa_landlock_done().
 * PA_EIO when the kernel lacks Landlock, or has its first version only, which cannot rename
 * from one folder to another. */
enum pa_status pa_landlock_init(struct pa_landlock *l, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Allow RIGHTS (PA_LANDLOCK_*) on PATH: a file, or a folder and all below it.
 * PA_EIO with errno in sys when PATH cannot be opened. */
enum pa_status pa_landlock_allow(struct pa_landlock *l, const char *path, unsigned rights,
                                 struct pa_error *err) __attribute__((warn_unused_result));

/* From now on nothing else is allowed. Sets no_new_privs. */
enum pa_status pa_landlock_enforce(const struct pa_landlock *l, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Close the rule set; one that was never begun (fd -1) is fine. */
void pa_landlock_done(struct pa_landlock *l);

#endif
