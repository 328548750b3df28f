/* What a replacement has changed, told on standard error. */
#ifndef CSV2MYSQL_REPLACE_H
#define CSV2MYSQL_REPLACE_H

#include "pcapanalyzer/redissect.h"

/* A line for the capture, one for each of its tables, and which columns differ in how many
 * rows. */
void replace_tell(const struct pa_redissect_report *r);

#endif
