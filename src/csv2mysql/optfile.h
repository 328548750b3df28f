/* Option files as MySQL's and MariaDB's clients read them. We read them ourselves: Connector/C
 * passes over ssl-mode in silence, knows no group suffix, and lets the file win over the
 * command line.
 *
 * Read are /etc/my.cnf, /etc/mysql/my.cnf and ~/.my.cnf, or only --defaults-file; of them the
 * groups [client], [client-server], [client-mariadb] and [pcapanalyzer], then the same with
 * the suffix. Later values win. Unknown keys are ignored, as they are meant for others.
 */
#ifndef CSV2MYSQL_OPTFILE_H
#define CSV2MYSQL_OPTFILE_H

#include "options.h"
#include "pcapanalyzer/db.h"
#include "pcapanalyzer/error.h"

enum optfile_key {
	KEY_HOST,
	KEY_PORT,
	KEY_USER,
	KEY_PASSWORD,
	KEY_SOCKET,
	KEY_DATABASE,
	KEY_SSL_CA,
	KEY_SSL_CAPATH,
	KEY_SSL_CERT,
	KEY_SSL_KEY,
	KEY_SSL_CIPHER,
	KEY_SSL_MODE,
	KEY_CONNECT_TIMEOUT,
	KEY_PLUGIN_DIR,
	KEY_COUNT
};

struct optfile {
	char *values[KEY_COUNT]; /* NULL: not given; heap */
};

/* Read the files that O asks for. PA_EUSAGE for a --defaults-file that cannot be read, for a
 * line that is no option, and for a value that its key cannot have. */
enum pa_status optfile_read(const struct options *o, struct optfile *f, struct pa_error *err)
    __attribute__((warn_unused_result));
void optfile_done(struct optfile *f);

/* The connection that command line and option files ask for together; the command line
 * wins. Points into both. */
enum pa_status optfile_connection(const struct options *o, const struct optfile *f,
                                  struct pa_db_options *out, struct pa_error *err)
    __attribute__((warn_unused_result));

#endif
