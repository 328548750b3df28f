#include "pcapanalyzer/db.h"

#include <errmsg.h>
#include <mysql.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/ddl.h"

#ifdef MARIADB_PACKAGE_VERSION_ID
typedef my_bool db_bool;
#else
typedef bool db_bool;
#endif

#define STATEMENT_MAX  8192
#define NAME_MAX_BYTES 260

struct pa_db {
	MYSQL mysql;
	unsigned flags;
	char name[NAME_MAX_BYTES];
	char where[256];
	/* The local-infile handler. */
	int armed; /* 1 from pa_db_load_local() until the server has asked for the token */
	const char *token;
	pa_db_read_fn *read;
	void *read_ctx;
	enum pa_status read_status;
	struct pa_error read_err;
};

struct pa_db_result {
	struct pa_db *db;
	MYSQL_RES *res;
	int stored;
	size_t n;
	struct pa_db_column *columns;
	struct pa_slice *cells;
};

/* What to do about an error; facts of each number are in the manuals of the two servers. */
struct rule {
	unsigned short number;
	enum pa_status status;
};

static const struct rule rules[] = {
    /* Client side: the server is not there, or no longer. */
    {2002, PA_EBUSY},
    {2003, PA_EBUSY},
    {2005, PA_EBUSY},
    {2006, PA_EBUSY},
    {2013, PA_EBUSY},
    {2055, PA_EBUSY},
    {4031, PA_EBUSY},
    {1927, PA_EBUSY},
    {1053, PA_EBUSY},
    {PA_DB_TOO_MANY, PA_EBUSY},
    {PA_DB_TOO_MANY_OF_USER, PA_EBUSY},
    {PA_DB_USER_LIMIT, PA_EBUSY},
    {1637, PA_EBUSY},
    {3032, PA_EBUSY},
    {3168, PA_EBUSY},
    {1158, PA_EBUSY},
    {1159, PA_EBUSY},
    {1160, PA_EBUSY},
    {1161, PA_EBUSY},
    /* Lock wait, deadlock, killed, changed meanwhile, no partition yet, AUTO_INCREMENT lock. */
    {PA_DB_LOCK_WAIT, PA_EBUSY},
    {PA_DB_DEADLOCK, PA_EBUSY},
    {1317, PA_EBUSY},
    {3024, PA_EBUSY},
    {1969, PA_EBUSY},
    {PA_DB_TABLE_CHANGED, PA_EBUSY},
    {PA_DB_NO_PARTITION, PA_EBUSY},
    {1467, PA_EBUSY},
    /* Read-only, not ready, disk full. */
    {1290, PA_EBUSY},
    {1836, PA_EBUSY},
    {1047, PA_EBUSY},
    {1114, PA_EBUSY},
    {1021, PA_EBUSY},
    /* Values. */
    {1048, PA_EDATA},
    {PA_DB_DUPLICATE, PA_EDUP},
    {1118, PA_EDATA},
    {1139, PA_EDATA},
    {1153, PA_EDATA},
    {1261, PA_EDATA},
    {1262, PA_EDATA},
    {1263, PA_EDATA},
    {1264, PA_EDATA},
    {1265, PA_EDATA},
    {1292, PA_EDATA},
    {1300, PA_EDATA},
    {1301, PA_EDATA},
    {1366, PA_EDATA},
    {1367, PA_EDATA},
    {1406, PA_EDATA},
    {1411, PA_EDATA},
    {1690, PA_EDATA},
    {1713, PA_EDATA},
    {3140, PA_EDATA},
    {3156, PA_EDATA},
    {3819, PA_EDATA},
    {4025, PA_EDATA},
    /* Settings and privileges whose SQLSTATE says something else. */
    {1054, PA_EDENIED},
    {1105, PA_EDENIED},
    {1136, PA_EDENIED},
    {1180, PA_EDENIED},
    {1197, PA_EDENIED},
    {1296, PA_EDENIED},
    {1364, PA_EDENIED},
};

enum pa_status pa_db_classify(unsigned number, const char *sqlstate)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].number == number)
			return rules[i].status;
	if (strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "40", 2) == 0)
		return PA_EBUSY;
	if (strncmp(sqlstate, "22", 2) == 0)
		return PA_EDATA;
	return PA_EDENIED;
}

/* What the reader can do about it; "" when we have no advice. */
static const char *hint(unsigned number)
{
	switch (number) {
	case 2002:
	case 2003:
	case 2005:
		return "; start it with 'pcapanalyzer server start', or say where it is in an "
		       "option file";
	case 1045:
	case 1698:
		return "; put the right user and password into the option file, group "
		       "[pcapanalyzer]";
	case 1044:
	case 1142:
	case 1143:
	case 1227:
		return "; an administrator must grant this privilege";
	case 1049:
	case 1146:
		return "; run 'csv2mysql init' first";
	case 1054:
		return "; run 'csv2mysql migrate' if the profile has changed";
	case 3948:
	case 4166:
	case 1148:
		return "; an administrator must run SET GLOBAL local_infile = 1";
	case 2061:
	case 2026:
		return "; see the ssl options";
	case 1114:
	case 1021:
		return "; the server's disk is full";
	case 1290:
	case 1836:
		return "; the server is read-only now";
	case 1105:
	case 1180:
	case 1197:
	case 1296:
		return "; smaller batches may fit";
	default:
		return "";
	}
}

static enum pa_status server_fail(struct pa_db *db, const char *what, struct pa_error *err)
{
	unsigned number = mysql_errno(&db->mysql);
	/* Who asks questions may have asked for the impossible: nobody needs to grant it. */
	int advise = !(db->flags & PA_DB_READ_ONLY);

	return pa_fail(err, pa_db_classify(number, mysql_sqlstate(&db->mysql)), (int)number,
	               "cannot %s: %s (error %u)%s", what, mysql_error(&db->mysql), number,
	               advise ? hint(number) : "");
}

/* The local-infile handler. The library calls end() even when begin() has failed. */

static int infile_begin(void **state, const char *name, void *arg)
{
	struct pa_db *db = arg;

	*state = db;
	if (!db->armed || !db->token || strcmp(name, db->token) != 0) {
		db->read_status = pa_fail(&db->read_err, PA_EDENIED, 0,
		                          "the server asked for a file that was not offered");
		return 1;
	}
	db->armed = 0;
	return 0;
}

static int infile_read(void *state, char *bytes, unsigned n)
{
	struct pa_db *db = state;
	size_t got = 0;

	if (db->read_status == PA_OK)
		db->read_status = db->read(db->read_ctx, (uint8_t *)bytes, n, &got, &db->read_err);
	return db->read_status == PA_OK ? (int)got : -1;
}

static void infile_end(void *state)
{
	(void)state;
}

static int infile_error(void *state, char *message, unsigned size)
{
	const struct pa_db *db = state;

	snprintf(message, size, "%s", db ? db->read_err.msg : "refused");
	return CR_UNKNOWN_ERROR;
}

static void set_tls(struct pa_db *db, const struct pa_db_options *o)
{
	if (o->ssl_key)
		mysql_options(&db->mysql, MYSQL_OPT_SSL_KEY, o->ssl_key);
	if (o->ssl_cert)
		mysql_options(&db->mysql, MYSQL_OPT_SSL_CERT, o->ssl_cert);
	if (o->ssl_ca)
		mysql_options(&db->mysql, MYSQL_OPT_SSL_CA, o->ssl_ca);
	if (o->ssl_capath)
		mysql_options(&db->mysql, MYSQL_OPT_SSL_CAPATH, o->ssl_capath);
	if (o->ssl_cipher)
		mysql_options(&db->mysql, MYSQL_OPT_SSL_CIPHER, o->ssl_cipher);
#ifdef MARIADB_PACKAGE_VERSION_ID
	{
		db_bool use = o->ssl_mode != PA_SSL_DISABLED;
		db_bool check = o->ssl_mode >= PA_SSL_VERIFY_CA;

		mysql_options(&db->mysql, MYSQL_OPT_SSL_ENFORCE, &use);
		mysql_options(&db->mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &check);
	}
#else
	{
		static const unsigned modes[] = {
		    [PA_SSL_DISABLED] = SSL_MODE_DISABLED,
		    [PA_SSL_PREFERRED] = SSL_MODE_PREFERRED,
		    [PA_SSL_REQUIRED] = SSL_MODE_REQUIRED,
		    [PA_SSL_VERIFY_CA] = SSL_MODE_VERIFY_CA,
		    [PA_SSL_VERIFY_IDENTITY] = SSL_MODE_VERIFY_IDENTITY,
		};
		unsigned mode = modes[o->ssl_mode];

		mysql_options(&db->mysql, MYSQL_OPT_SSL_MODE, &mode);
	}
#endif
}

static void set_options(struct pa_db *db, const struct pa_db_options *o, unsigned flags)
{
	unsigned local = (flags & PA_DB_LOADS) != 0;
	unsigned timeout_s = o->connect_timeout_s ? o->connect_timeout_s : 10;

	/* First of all: both libraries' own handler gives any file to any server. */
	mysql_set_local_infile_handler(&db->mysql, infile_begin, infile_read, infile_end,
	                               infile_error, db);
	mysql_options(&db->mysql, MYSQL_OPT_LOCAL_INFILE, &local);
	mysql_options(&db->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(&db->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &timeout_s);
	if (o->answer_timeout_s) {
		mysql_options(&db->mysql, MYSQL_OPT_READ_TIMEOUT, &o->answer_timeout_s);
		mysql_options(&db->mysql, MYSQL_OPT_WRITE_TIMEOUT, &o->answer_timeout_s);
	}
	if (o->plugin_dir)
		mysql_options(&db->mysql, MYSQL_PLUGIN_DIR, o->plugin_dir);
#ifdef MARIADB_PACKAGE_VERSION_ID
	{
		/* Oracle's library never reconnects unless told to, and warns when told not to. */
		db_bool off = 0;

		mysql_options(&db->mysql, MYSQL_OPT_RECONNECT, &off);
	}
#endif
	if (o->socket && !o->host) {
		unsigned protocol = MYSQL_PROTOCOL_SOCKET;

		mysql_options(&db->mysql, MYSQL_OPT_PROTOCOL, &protocol);
	}
	set_tls(db, o);
}

/* Look, do not trust the option: Connector/C's "enforce" goes on in clear text. */
static enum pa_status check_tls(struct pa_db *db, const struct pa_db_options *o,
                                struct pa_error *err)
{
	if (o->ssl_mode >= PA_SSL_REQUIRED && !mysql_get_ssl_cipher(&db->mysql))
		return pa_fail(
		    err, PA_EDENIED, 0,
		    "the connection to %s is not encrypted, but the ssl mode asks for it",
		    db->where);
	return PA_OK;
}

static enum pa_status use_database(struct pa_db *db, unsigned flags, struct pa_error *err)
{
	struct pa_buf sql;
	enum pa_status st;

	if (mysql_select_db(&db->mysql, db->name) == 0)
		return PA_OK;
	if (mysql_errno(&db->mysql) != 1049 || !(flags & PA_DB_CREATES)) {
		unsigned number = mysql_errno(&db->mysql);

		if (number == 1049)
			return pa_fail(err, PA_EDENIED, (int)number,
			               "there is no database \"%s\" on the server at %s%s",
			               db->name, db->where, hint(1049));
		return server_fail(db, "use the database", err);
	}
	pa_buf_init(&sql, STATEMENT_MAX);
	st = pa_buf_puts(&sql, "CREATE DATABASE IF NOT EXISTS ");
	if (st == PA_OK)
		st = pa_sql_identifier(&sql, db->name);
	if (st == PA_OK)
		st = pa_buf_puts(&sql, " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
	if (st == PA_OK)
		st = pa_db_exec(db, "create the database", pa_buf_slice(&sql), err);
	if (st == PA_OK && mysql_select_db(&db->mysql, db->name) != 0)
		st = server_fail(db, "use the database", err);
	pa_buf_done(&sql);
	return st;
}

static enum pa_status set_session(struct pa_db *db, unsigned flags, struct pa_error *err)
{
	static const char session[] =
	    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
	    "time_zone = '+00:00', lc_messages = 'en_US', innodb_lock_wait_timeout = 20, "
	    "autocommit = 1";
	enum pa_status st = pa_db_exec(db, "set up the session", pa_slice_of(session), err);

	if (st == PA_OK && (flags & PA_DB_READ_ONLY))
		st = pa_db_exec(db, "make the session read-only",
		                pa_slice_of("SET SESSION TRANSACTION READ ONLY"), err);
	return st;
}

enum pa_status pa_db_connect(const struct pa_db_options *o, unsigned flags, struct pa_db **out,
                             struct pa_error *err)
{
	struct pa_db *db = calloc(1, sizeof(*db));
	const char *name = o->database ? o->database : PA_DB_DEFAULT_DATABASE;
	enum pa_status st = PA_OK;

	if (!db || !mysql_init(&db->mysql)) {
		free(db);
		return pa_fail(err, PA_ENOMEM, 0, "no memory for a connection");
	}
	db->flags = flags;
	set_options(db, o, flags);
	if (strlen(name) >= sizeof(db->name) || !*name) {
		st = pa_fail(err, PA_EUSAGE, 0, "\"%.80s\" cannot be the name of a database", name);
		goto done;
	}
	memcpy(db->name, name, strlen(name) + 1);
	if (o->socket && !o->host)
		snprintf(db->where, sizeof(db->where), "%s", o->socket);
	else if (o->host && o->port)
		snprintf(db->where, sizeof(db->where), "%s:%u", o->host, o->port);
	else
		snprintf(db->where, sizeof(db->where), "%s", o->host ? o->host : "localhost");
	/* Not straight into the database: then a missing one would look like a refusal. */
	if (!mysql_real_connect(&db->mysql, o->host, o->user, o->password ? o->password : "", NULL,
	                        o->port, o->socket, 0)) {
		unsigned number = mysql_errno(&db->mysql);
		int refused = number == 1045 || number == 1698;

		st = pa_fail(err, pa_db_classify(number, mysql_sqlstate(&db->mysql)), (int)number,
		             "%s the database server at %s: %s%s",
		             refused ? "cannot log in to" : "cannot reach", db->where,
		             mysql_error(&db->mysql), hint(number));
		goto done;
	}
	st = check_tls(db, o, err);
	if (st == PA_OK)
		st = set_session(db, flags, err);
	if (st == PA_OK)
		st = use_database(db, flags, err);
done:
	if (st != PA_OK)
		pa_db_free(db);
	else
		*out = db;
	return st;
}

void pa_db_free(struct pa_db *db)
{
	if (!db)
		return;
	mysql_close(&db->mysql);
	free(db);
}

const char *pa_db_name(const struct pa_db *db)
{
	return db->name;
}

enum pa_status pa_db_exec(struct pa_db *db, const char *what, struct pa_slice sql,
                          struct pa_error *err)
{
	MYSQL_RES *res;

	if (mysql_real_query(&db->mysql, (const char *)sql.ptr, (unsigned long)sql.len) != 0)
		return server_fail(db, what, err);
	res = mysql_store_result(&db->mysql);
	if (res)
		mysql_free_result(res);
	else if (mysql_errno(&db->mysql) != 0)
		return server_fail(db, what, err);
	return PA_OK;
}

enum pa_status pa_db_execf(struct pa_db *db, const char *what, struct pa_error *err,
                           const char *fmt, ...)
{
	char sql[STATEMENT_MAX];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(sql, sizeof(sql), fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(sql))
		return pa_fail(err, PA_ELIMIT, 0, "cannot %s: the statement is too long", what);
	return pa_db_exec(db, what, (struct pa_slice){(const uint8_t *)sql, (size_t)n}, err);
}

uint64_t pa_db_affected(struct pa_db *db)
{
	return mysql_affected_rows(&db->mysql);
}

uint64_t pa_db_insert_id(struct pa_db *db)
{
	return mysql_insert_id(&db->mysql);
}

static enum pa_db_kind kind_of(const MYSQL_FIELD *f)
{
	const unsigned binary = 63; /* the number of the character set "binary" */

	switch (f->type) {
	case MYSQL_TYPE_DECIMAL:
	case MYSQL_TYPE_NEWDECIMAL:
	case MYSQL_TYPE_TINY:
	case MYSQL_TYPE_SHORT:
	case MYSQL_TYPE_LONG:
	case MYSQL_TYPE_LONGLONG:
	case MYSQL_TYPE_INT24:
	case MYSQL_TYPE_YEAR:
	case MYSQL_TYPE_FLOAT:
	case MYSQL_TYPE_DOUBLE:
		return PA_DB_NUMBER;
	case MYSQL_TYPE_BIT:
	case MYSQL_TYPE_GEOMETRY:
		return PA_DB_BYTES;
	case MYSQL_TYPE_VARCHAR:
	case MYSQL_TYPE_VAR_STRING:
	case MYSQL_TYPE_STRING:
	case MYSQL_TYPE_TINY_BLOB:
	case MYSQL_TYPE_MEDIUM_BLOB:
	case MYSQL_TYPE_LONG_BLOB:
	case MYSQL_TYPE_BLOB:
		return f->charsetnr == binary ? PA_DB_BYTES : PA_DB_TEXT;
	default:
		return PA_DB_TEXT;
	}
}

enum pa_status pa_db_query(struct pa_db *db, const char *what, struct pa_slice sql, int store,
                           struct pa_db_result **out, struct pa_error *err)
{
	struct pa_db_result *r;
	MYSQL_RES *res;
	const MYSQL_FIELD *fields;

	if (mysql_real_query(&db->mysql, (const char *)sql.ptr, (unsigned long)sql.len) != 0)
		return server_fail(db, what, err);
	res = store ? mysql_store_result(&db->mysql) : mysql_use_result(&db->mysql);
	if (!res && mysql_errno(&db->mysql) != 0)
		return server_fail(db, what, err);
	if (!res) {
		*out = NULL;
		return PA_OK;
	}
	r = calloc(1, sizeof(*r));
	if (r) {
		r->db = db;
		r->stored = store;
		r->n = mysql_num_fields(res);
		r->columns = calloc(r->n + 1, sizeof(*r->columns));
		r->cells = calloc(r->n + 1, sizeof(*r->cells));
	}
	if (!r || !r->columns || !r->cells) {
		if (r) {
			free(r->columns);
			free(r->cells);
		}
		free(r);
		mysql_free_result(res);
		return pa_fail(err, PA_ENOMEM, 0, "no memory for the answer");
	}
	r->res = res;
	fields = mysql_fetch_fields(res);
	for (size_t i = 0; i < r->n; i++)
		r->columns[i] = (struct pa_db_column){fields[i].name, kind_of(&fields[i])};
	*out = r;
	return PA_OK;
}

const struct pa_db_column *pa_db_columns(const struct pa_db_result *r, size_t *n_columns)
{
	*n_columns = r->n;
	return r->columns;
}

enum pa_status pa_db_next(struct pa_db_result *r, const struct pa_slice **cells,
                          struct pa_error *err)
{
	MYSQL_ROW row = mysql_fetch_row(r->res);
	const unsigned long *lengths;

	/* A stored result reads no more: the error number is then of something else. */
	if (!row)
		return !r->stored && mysql_errno(&r->db->mysql) != 0
		           ? server_fail(r->db, "read the answer", err)
		           : PA_END;
	lengths = mysql_fetch_lengths(r->res);
	for (size_t i = 0; i < r->n; i++)
		r->cells[i] = (struct pa_slice){(const uint8_t *)row[i], row[i] ? lengths[i] : 0};
	*cells = r->cells;
	return PA_OK;
}

void pa_db_rewind(struct pa_db_result *r)
{
	mysql_data_seek(r->res, 0);
}

void pa_db_result_free(struct pa_db_result *r)
{
	if (!r)
		return;
	mysql_free_result(r->res);
	free(r->columns);
	free(r->cells);
	free(r);
}

uint64_t pa_db_u64(struct pa_slice cell)
{
	uint64_t v = 0;

	for (size_t i = 0; i < cell.len; i++) {
		unsigned digit = (unsigned)cell.ptr[i] - '0';

		if (digit > 9 || v > (UINT64_MAX - digit) / 10)
			return 0;
		v = v * 10 + digit;
	}
	return v;
}

void pa_db_text(struct pa_slice cell, char *out, size_t size)
{
	snprintf(out, size, "%.*s", (int)cell.len, cell.len ? (const char *)cell.ptr : "");
}

enum pa_status pa_db_begin(struct pa_db *db, struct pa_error *err)
{
	return pa_db_exec(db, "start a transaction", pa_slice_of("START TRANSACTION"), err);
}

enum pa_status pa_db_commit(struct pa_db *db, struct pa_error *err)
{
	return pa_db_exec(db, "commit", pa_slice_of("COMMIT"), err);
}

void pa_db_rollback(struct pa_db *db)
{
	(void)!pa_db_exec(db, "roll back", pa_slice_of("ROLLBACK"), NULL);
}

/* "Records: 3  Deleted: 0  Skipped: 0  Warnings: 0", by place: the words are translated. */
static int parse_info(const char *info, uint64_t out[4])
{
	unsigned n = 0;

	for (const char *p = info; p && *p && n < 4; p++) {
		if (*p < '0' || *p > '9')
			continue;
		out[n++] = strtoull(p, NULL, 10);
		while (p[1] >= '0' && p[1] <= '9')
			p++;
	}
	return n == 4;
}

enum pa_status pa_db_load_local(struct pa_db *db, const char *what, struct pa_slice sql,
                                const char *token, pa_db_read_fn *read, void *ctx,
                                struct pa_db_load_stats *stats, struct pa_error *err)
{
	uint64_t n[4];
	int failed;

	db->armed = 1;
	db->token = token;
	db->read = read;
	db->read_ctx = ctx;
	db->read_status = PA_OK;
	db->read_err = (struct pa_error){0};
	failed = mysql_real_query(&db->mysql, (const char *)sql.ptr, (unsigned long)sql.len) != 0;
	db->armed = 0;
	db->token = NULL;
	/* Our own trouble first: the server may have taken the short file for a whole one. */
	if (db->read_status != PA_OK) {
		if (err && err->code == PA_OK)
			*err = db->read_err;
		return db->read_status;
	}
	if (failed) {
		enum pa_status st = server_fail(db, what, err);

		/* Only the ledger may know a batch; a duplicate here is a fault in the data. */
		return st == PA_EDUP ? PA_EDATA : st;
	}
	if (mysql_field_count(&db->mysql) != 0) {
		MYSQL_RES *res = mysql_store_result(&db->mysql);

		mysql_free_result(res);
		return pa_fail(err, PA_EDENIED, 0, "the server answered LOAD DATA with rows");
	}
	if (!parse_info(mysql_info(&db->mysql), n))
		return pa_fail(err, PA_ELOSS, 0, "the server did not say what it stored");
	*stats = (struct pa_db_load_stats){n[0], n[1], n[2], n[3], mysql_affected_rows(&db->mysql)};
	return PA_OK;
}

void pa_db_first_warning(struct pa_db *db, struct pa_buf *out)
{
	struct pa_db_result *r = NULL;
	const struct pa_slice *cells = NULL;
	size_t n;

	if (pa_db_query(db, "ask for warnings", pa_slice_of("SHOW WARNINGS LIMIT 1"), 1, &r,
	                NULL) != PA_OK ||
	    !r)
		return;
	pa_db_columns(r, &n);
	if (n >= 3 && pa_db_next(r, &cells, NULL) == PA_OK && cells)
		(void)!pa_buf_printf(out, "%.*s (%.*s)", (int)cells[2].len,
		                     (const char *)cells[2].ptr, (int)cells[1].len,
		                     (const char *)cells[1].ptr);
	pa_db_result_free(r);
}

void pa_db_library_end(void)
{
	mysql_library_end();
}
