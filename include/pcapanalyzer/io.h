/* Whole reads and writes on descriptors, and files that appear whole or not at all.
 *
 * Every call retries after EINTR and after short transfers. SIGPIPE must be ignored by
 * the program: a reader that is gone is PA_EPIPE.
 */
#ifndef PCAPANALYZER_IO_H
#define PCAPANALYZER_IO_H

#include <dirent.h>
#include <stddef.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

/* Write all N bytes. NAME is for the message ("standard output", a path).
 * PA_EPIPE, or PA_EIO with errno in sys (a write of 0 bytes counts as ENOSPC). */
enum pa_status pa_io_write_all(int fd, const void *bytes, size_t n, const char *name,
                               struct pa_error *err) __attribute__((warn_unused_result));

/* Read at most N bytes; *got is 0 at end of file only. */
enum pa_status pa_io_read(int fd, void *bytes, size_t n, size_t *got, const char *name,
                          struct pa_error *err) __attribute__((warn_unused_result));

/* Is there a file NAME in the folder? PA_EFORMAT when it is something else, such as a link or a
 * folder, which is not opened. */
enum pa_status pa_io_find_file(int dirfd, const char *name, int *found, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Append the whole file PATH, relative to the folder DIRFD (AT_FDCWD for the working
 * folder), to OUT. PA_ELIMIT when it is larger than OUT may hold. */
enum pa_status pa_io_read_file(int dirfd, const char *path, struct pa_buf *out,
                               struct pa_error *err) __attribute__((warn_unused_result));

/* Create NAME in the folder DIRFD with these bytes, mode 0600, and fsync it. The file must
 * not exist. A failed write leaves no file behind. */
enum pa_status pa_io_write_file(int dirfd, const char *name, const void *bytes, size_t n,
                                struct pa_error *err) __attribute__((warn_unused_result));

/* Open the folder NAME in DIRFD, made with mode 0700 when it is missing; *fd is the caller's. */
enum pa_status pa_io_open_dir(int dirfd, const char *name, int *fd, struct pa_error *err)
    __attribute__((warn_unused_result));

/* A listing of the folder DIRFD from its start, on a descriptor of its own; for closedir().
 * NULL with errno when it cannot be had. */
DIR *pa_io_list_dir(int dirfd);

/* fsync a folder, so that names made or renamed in it survive a power cut. */
enum pa_status pa_io_sync_dir(int dirfd, const char *name, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Remove the folder NAME in DIRFD with the plain files in it (no folders below it).
 * A name that is not there is PA_OK. */
enum pa_status pa_io_remove_dir(int dirfd, const char *name, struct pa_error *err)
    __attribute__((warn_unused_result));

#endif
