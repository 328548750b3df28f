/* Rows of a table as a file that LOAD DATA brings back: tab-separated, \N for NULL, backslash
 * escapes, all bytes as they are. Beside NAME.tsv stands NAME.sql, with the statements that do
 * it. Both appear whole or not at all, and nothing that is there is overwritten.
 */
#ifndef PCAPANALYZER_EXPORT_H
#define PCAPANALYZER_EXPORT_H

#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/manifest.h"

#define PA_EXPORT_NAME_MAX (2 * PA_NAME_MAX + 32)

/* A folder, and the file of it that is at hand. */
struct pa_export {
	int dir;
	char *path;                    /* of the folder, absolute; heap */
	char table[PA_NAME_MAX];       /* whose rows they are */
	char name[PA_EXPORT_NAME_MAX]; /* without ".tsv" */
	struct pa_buf columns;         /* "a,b,c" */
};

/* Open the folder DIR, made with mode 0700 when it is missing. */
enum pa_status pa_export_open(const char *dir, struct pa_export *e, struct pa_error *err)
    __attribute__((warn_unused_result));
/* Takes one that is all 0, too. */
void pa_export_close(struct pa_export *e);

/* Write the rows of SELECT into TABLE.PART.tsv.partial, or TABLE.PART-2.tsv.partial when there
 * is a TABLE.PART.tsv already, and so on; it is on the disk afterwards.
 * rows: how many there were */
enum pa_status pa_export_rows(struct pa_export *e, struct pa_db *db, const char *table,
                              const char *part, struct pa_slice select, uint64_t *rows,
                              struct pa_error *err) __attribute__((warn_unused_result));

/* Write NAME.sql, which also takes the rows out of the count of what prune PRUNE_ID removed, and
 * give both files their names. */
enum pa_status pa_export_publish(const struct pa_export *e, uint64_t prune_id, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Remove the files at hand: their rows stay where they are. */
void pa_export_withdraw(const struct pa_export *e);

#endif
