/* The connection to a MySQL or MariaDB server. Only db.c knows the client library, so the
 * rest of the code is the same for MariaDB Connector/C and Oracle's libmysqlclient.
 *
 * No connection ever reconnects by itself: a transaction would go on without its first half.
 * After PA_EBUSY free the connection, wait, and make a new one. A PA_EBUSY from
 * pa_db_commit() leaves the outcome unknown; the ledger knows.
 *
 * Failures of the server become
 *   PA_EBUSY    lock waits, deadlocks, lost connections, read-only, disk full: try again
 *   PA_EDATA    values that the server refuses: only the batch can be wrong
 *   PA_EDENIED  password, privilege, schema, settings, and whatever we do not know
 * with mysql_errno() in err->sys and the server's own words in err->msg.
 */
#ifndef PCAPANALYZER_DB_H
#define PCAPANALYZER_DB_H

#include <stddef.h>
#include <stdint.h>

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

#define PA_DB_DEFAULT_DATABASE "pcapanalyzer"

/* Errors of the server that somebody has to tell from others, in err->sys.
 * Source: MySQL manual, "Server Error Message Reference"; the same in MariaDB. */
enum {
	PA_DB_TOO_MANY = 1040, /* connections */
	PA_DB_NO_SUCH_COLUMN = 1054,
	PA_DB_DUPLICATE = 1062,
	PA_DB_NO_SUCH_TABLE = 1146,
	PA_DB_TOO_MANY_OF_USER = 1203,
	PA_DB_LOCK_WAIT = 1205,
	PA_DB_DEADLOCK = 1213,
	PA_DB_USER_LIMIT = 1226,
	PA_DB_TABLE_CHANGED = 1412, /* since the snapshot was taken */
	PA_DB_NO_PARTITION = 1526,
};

struct pa_db;        /* a connection */
struct pa_db_result; /* rows on their way */

/* Order as in --ssl-mode. */
enum pa_ssl_mode {
	PA_SSL_DISABLED,
	PA_SSL_PREFERRED, /* encrypt when the server can; no check of who it is */
	PA_SSL_REQUIRED,  /* fail without encryption; no check of who it is */
	PA_SSL_VERIFY_CA, /* Connector/C checks the host name too */
	PA_SSL_VERIFY_IDENTITY,
};

/* Texts may be NULL: not given. They are read during pa_db_connect() only. */
struct pa_db_options {
	const char *host, *user, *password, *socket;
	const char *database; /* NULL: PA_DB_DEFAULT_DATABASE */
	const char *ssl_ca, *ssl_capath, *ssl_cert, *ssl_key, *ssl_cipher;
	const char *plugin_dir;
	int ssl_mode;  /* enum pa_ssl_mode */
	unsigned port; /* 0: the library's default */
	unsigned connect_timeout_s;
	unsigned answer_timeout_s; /* 0: wait for an answer for ever */
};

enum pa_db_flag {
	PA_DB_LOADS = 1,     /* pa_db_load_local() will be used; else LOCAL is off altogether */
	PA_DB_CREATES = 2,   /* create the database when it is missing */
	PA_DB_READ_ONLY = 4, /* every transaction of the session can only read */
};

/* Connect, choose the database, and set the session: strict sql_mode, time zone UTC, English
 * messages, utf8mb4, 20 s of lock wait. TLS that was asked for and is not there is
 * PA_EDENIED. */
enum pa_status pa_db_connect(const struct pa_db_options *o, unsigned flags, struct pa_db **out,
                             struct pa_error *err) __attribute__((warn_unused_result));
/* Close; the server rolls back what was not committed. Takes NULL. */
void pa_db_free(struct pa_db *db);

/* The name of the database in use; lives as long as DB. */
const char *pa_db_name(const struct pa_db *db) __attribute__((pure));

/* One statement whose rows, if it has any, are thrown away.
 * what: for the message, as in "cannot WHAT: ..."; a verb phrase */
enum pa_status pa_db_exec(struct pa_db *db, const char *what, struct pa_slice sql,
                          struct pa_error *err) __attribute__((warn_unused_result));
/* The same for a short statement put together from parts that are safe to put together. */
enum pa_status pa_db_execf(struct pa_db *db, const char *what, struct pa_error *err,
                           const char *fmt, ...)
    __attribute__((warn_unused_result, format(printf, 4, 5)));

/* Of the last statement. */
uint64_t pa_db_affected(struct pa_db *db);
uint64_t pa_db_insert_id(struct pa_db *db);

enum pa_db_kind { PA_DB_TEXT, PA_DB_NUMBER, PA_DB_BYTES };

struct pa_db_column {
	const char *name; /* UTF-8 */
	enum pa_db_kind kind;
};

/* One statement with rows.
 * store: 1 reads all rows into memory first; 0 streams them, and then nothing else may be
 *        done with DB until pa_db_result_free()
 * *out is NULL when the statement was fine but gives no rows (SET, DO, ...). */
enum pa_status pa_db_query(struct pa_db *db, const char *what, struct pa_slice sql, int store,
                           struct pa_db_result **out, struct pa_error *err)
    __attribute__((warn_unused_result));
/* Lives as long as the result. */
const struct pa_db_column *pa_db_columns(const struct pa_db_result *r, size_t *n_columns);
/* The next row: one slice per column, ptr NULL for SQL NULL, valid until the next call.
 * PA_END after the last row. */
enum pa_status pa_db_next(struct pa_db_result *r, const struct pa_slice **cells,
                          struct pa_error *err) __attribute__((warn_unused_result));
/* Back to the first row; only of a stored result. */
void pa_db_rewind(struct pa_db_result *r);
/* Throws away the rows not yet read. Takes NULL. */
void pa_db_result_free(struct pa_db_result *r);

/* The number of a cell; 0 for NULL and for what is no whole number without sign. */
uint64_t pa_db_u64(struct pa_slice cell) __attribute__((pure));
/* The text of a cell with a NUL behind it, cut to SIZE bytes in all; "" for NULL. */
void pa_db_text(struct pa_slice cell, char *out, size_t size);

enum pa_status pa_db_begin(struct pa_db *db, struct pa_error *err)
    __attribute__((warn_unused_result));
enum pa_status pa_db_commit(struct pa_db *db, struct pa_error *err)
    __attribute__((warn_unused_result));
/* Errors do not matter: a connection that cannot roll back is gone, and so is its
 * transaction. */
void pa_db_rollback(struct pa_db *db);

/* Where LOAD DATA LOCAL gets its bytes: at most N into BYTES, *got 0 at the end only. An
 * error ends the statement, and pa_db_load_local() returns it; the server may then have
 * stored the rows sent so far, so roll back. */
typedef enum pa_status pa_db_read_fn(void *ctx, uint8_t *bytes, size_t n, size_t *got,
                                     struct pa_error *err);

/* What the server says about a LOAD. */
struct pa_db_load_stats {
	uint64_t records, deleted, skipped, warnings, affected;
};

/* Run the LOAD DATA LOCAL statement SQL. Only a request for the file name TOKEN is served, and
 * only once; at all other times every request for a file is refused. */
enum pa_status pa_db_load_local(struct pa_db *db, const char *what, struct pa_slice sql,
                                const char *token, pa_db_read_fn *read, void *ctx,
                                struct pa_db_load_stats *stats, struct pa_error *err)
    __attribute__((warn_unused_result));

/* Append the first warning of the last statement to OUT; nothing when there is none. */
void pa_db_first_warning(struct pa_db *db, struct pa_buf *out);

/* What an error number and an SQLSTATE mean for the caller, as above. For the tests. */
enum pa_status pa_db_classify(unsigned number, const char *sqlstate) __attribute__((pure));

/* Free what the client library holds; once, at the end of the program. */
void pa_db_library_end(void);

#endif
