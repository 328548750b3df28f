/* Another user, no capabilities. */
#ifndef PCAPANALYZER_PRIVILEGES_H
#define PCAPANALYZER_PRIVILEGES_H

#include <sys/types.h>

#include "pcapanalyzer/error.h"

/* For root: become the user UID with the one group GID, for good. Whoever is started afterwards
 * cannot have a capability, not even from a file (the bounding set is emptied). */
enum pa_status pa_privileges_become(uid_t uid, gid_t gid, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Give up every capability, and gaining any by starting a program (no_new_privs). */
enum pa_status pa_privileges_drop(struct pa_error *err) __attribute__((warn_unused_result));

#endif
