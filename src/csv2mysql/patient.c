#include "patient.h"

#include <unistd.h>

enum pa_status run_patiently(struct pa_db *db, const char *what, struct pa_slice sql, int waits,
                             struct pa_error *cause)
{
	for (int i = 1;; i++) {
		enum pa_status st;

		*cause = (struct pa_error){0};
		st = pa_db_exec(db, what, sql, cause);
		if (st == PA_OK || i == PATIENT_TRIES ||
		    !(cause->sys == PA_DB_DEADLOCK || (waits && cause->sys == PA_DB_LOCK_WAIT)))
			return st;
		usleep(PATIENT_PAUSE_US);
	}
}
