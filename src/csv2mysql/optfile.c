#include "optfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pcapanalyzer/io.h"

#define FILE_MAX    (1024u * 1024)
#define PATH_BYTES  4096
#define DEPTH_MAX   10
#define SUFFIX_STEP 2 /* passes: the groups, then the groups with the suffix */

static const char *const keys[KEY_COUNT] = {
    [KEY_HOST] = "host",
    [KEY_PORT] = "port",
    [KEY_USER] = "user",
    [KEY_PASSWORD] = "password",
    [KEY_SOCKET] = "socket",
    [KEY_DATABASE] = "database",
    [KEY_SSL_CA] = "ssl-ca",
    [KEY_SSL_CAPATH] = "ssl-capath",
    [KEY_SSL_CERT] = "ssl-cert",
    [KEY_SSL_KEY] = "ssl-key",
    [KEY_SSL_CIPHER] = "ssl-cipher",
    [KEY_SSL_MODE] = "ssl-mode",
    [KEY_CONNECT_TIMEOUT] = "connect-timeout",
    [KEY_PLUGIN_DIR] = "plugin-dir",
};

static const char *const modes[] = {
    [PA_SSL_DISABLED] = "disabled",
    [PA_SSL_PREFERRED] = "preferred",
    [PA_SSL_REQUIRED] = "required",
    [PA_SSL_VERIFY_CA] = "verify-ca",
    [PA_SSL_VERIFY_IDENTITY] = "verify-identity",
};

struct parser {
	struct optfile *f;
	const char *suffix;
	const char *path;
	unsigned line;
	int ours; /* the group that we are in is one of ours */
	struct pa_error *err;
};

static enum pa_status read_file(struct parser *p, const char *path, int must, int depth);

static enum pa_status bad(const struct parser *p, const char *why)
{
	return pa_fail(p->err, PA_EUSAGE, 0, "option file %s, line %u: %s", p->path, p->line, why);
}

static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (*s == ' ' || *s == '\t')
		s++;
	while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	*end = '\0';
	return s;
}

/* A value without its quotes, escapes and comment, in place. */
static char *unquote(char *s)
{
	char quote = *s == '"' || *s == '\'' ? *s : '\0';
	char *in = s + (quote != '\0');
	char *out = s;

	for (; *in; in++) {
		if (quote ? *in == quote : *in == '#')
			break;
		if (*in == '\\' && in[1]) {
			static const char from[] = "btnrs\\\"'";
			static const char to[] = "\b\t\n\r \\\"'";
			const char *at = strchr(from, in[1]);

			if (at) {
				*out++ = to[at - from];
				in++;
				continue;
			}
		}
		*out++ = *in;
	}
	*out = '\0';
	return quote ? s : trim(s);
}

static enum pa_status keep(struct parser *p, enum optfile_key key, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return pa_fail(p->err, PA_ENOMEM, 0, "no memory for the option file");
	free(p->f->values[key]);
	p->f->values[key] = copy;
	return PA_OK;
}

/* MariaDB's clients have switches where MySQL's have ssl-mode. */
static enum pa_status tls_switch(struct parser *p, const char *key, const char *value)
{
	int on = !value || strcmp(value, "1") == 0 || strcasecmp(value, "on") == 0 ||
	         strcasecmp(value, "true") == 0;

	if (strcmp(key, "ssl-verify-server-cert") == 0 && on)
		return keep(p, KEY_SSL_MODE, modes[PA_SSL_VERIFY_IDENTITY]);
	if ((strcmp(key, "ssl") == 0 && !on) || (strcmp(key, "skip-ssl") == 0 && on))
		return keep(p, KEY_SSL_MODE, modes[PA_SSL_DISABLED]);
	if (strcmp(key, "ssl") == 0 && !p->f->values[KEY_SSL_MODE])
		return keep(p, KEY_SSL_MODE, modes[PA_SSL_REQUIRED]);
	return PA_OK;
}

static enum pa_status option(struct parser *p, char *line)
{
	char *equals = strchr(line, '=');
	char *value = NULL;

	if (equals) {
		*equals = '\0';
		value = unquote(trim(equals + 1));
	} else {
		char *comment = strchr(line, '#');

		if (comment)
			*comment = '\0';
	}
	line = trim(line);
	for (char *c = line; *c; c++)
		if (*c == '_')
			*c = '-';
	if (strncmp(line, "loose-", 6) == 0)
		line += 6;
	for (int k = 0; k < KEY_COUNT; k++)
		if (strcmp(line, keys[k]) == 0)
			return value ? keep(p, (enum optfile_key)k, value)
			             : bad(p, "the value is missing");
	return tls_switch(p, line, value);
}

static int group_is_ours(const struct parser *p, const char *name)
{
	static const char *const groups[] = {"client", "client-server", "client-mariadb",
	                                     "pcapanalyzer"};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		size_t n = strlen(groups[i]);

		if (strncmp(name, groups[i], n) == 0 && strcmp(name + n, p->suffix) == 0)
			return 1;
	}
	return 0;
}

static enum pa_status include_dir(struct parser *p, const char *path, int depth)
{
	struct dirent **names = NULL;
	enum pa_status st = PA_OK;
	int n = scandir(path, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		size_t len = strlen(names[i]->d_name);
		char file[PATH_BYTES];

		if (st == PA_OK && len > 4 && strcmp(names[i]->d_name + len - 4, ".cnf") == 0 &&
		    snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name) <
		        (int)sizeof(file))
			st = read_file(p, file, 0, depth + 1);
		free(names[i]);
	}
	free(names);
	return st;
}

static enum pa_status directive(struct parser *p, char *line, int depth)
{
	if (strncmp(line, "!includedir", 11) == 0)
		return include_dir(p, trim(line + 11), depth);
	if (strncmp(line, "!include", 8) == 0)
		return read_file(p, trim(line + 8), 0, depth + 1);
	return bad(p, "unknown directive");
}

static enum pa_status read_line(struct parser *p, char *line, int depth)
{
	char *end;

	line = trim(line);
	if (*line == '\0' || *line == '#' || *line == ';')
		return PA_OK;
	if (*line == '!')
		return directive(p, line, depth);
	if (*line != '[')
		return p->ours ? option(p, line) : PA_OK;
	end = strchr(line, ']');
	if (!end)
		return bad(p, "the group has no ]");
	*end = '\0';
	p->ours = group_is_ours(p, trim(line + 1));
	return PA_OK;
}

static enum pa_status read_lines(struct parser *p, char *text, int depth)
{
	enum pa_status st = PA_OK;

	while (st == PA_OK && *text) {
		size_t n = strcspn(text, "\n");
		char *next = text + n + (text[n] == '\n');

		text[n] = '\0';
		p->line++;
		st = read_line(p, text, depth);
		text = next;
	}
	return st;
}

/* must: a file that cannot be read is an error, not an absent one */
static enum pa_status read_file(struct parser *p, const char *path, int must, int depth)
{
	struct parser inner = {p->f, p->suffix, path, 0, 0, p->err};
	struct stat info;
	struct pa_buf text;
	enum pa_status st;

	if (depth > DEPTH_MAX)
		return bad(p, "too many nested files");
	if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) {
		if (!must)
			return PA_OK;
		return pa_fail(p->err, PA_EUSAGE, errno, "cannot read the option file %s", path);
	}
	/* As the servers' own clients: what everybody can write nobody should trust. */
	if ((info.st_mode & S_IWOTH) && !must)
		return PA_OK;
	if (info.st_mode & S_IWOTH)
		return pa_fail(p->err, PA_EUSAGE, 0,
		               "everybody can write the option file %s; run chmod 600 on it", path);
	pa_buf_init(&text, FILE_MAX);
	st = pa_io_read_file(AT_FDCWD, path, &text, must ? p->err : NULL);
	if (st == PA_OK)
		st = pa_buf_putc(&text, '\0');
	if (st == PA_OK)
		st = read_lines(&inner, (char *)text.ptr, depth);
	else
		st = must ? PA_EUSAGE : PA_OK;
	pa_buf_done(&text);
	return st;
}

static enum pa_status read_all(struct parser *p, const char *defaults_file)
{
	char path[PATH_BYTES];
	const char *home = getenv("HOME");
	enum pa_status st;

	if (defaults_file)
		return read_file(p, defaults_file, 1, 0);
	st = read_file(p, "/etc/my.cnf", 0, 0);
	if (st == PA_OK)
		st = read_file(p, "/etc/mysql/my.cnf", 0, 0);
	if (st == PA_OK && home && snprintf(path, sizeof(path), "%s/.my.cnf", home) < PATH_BYTES)
		st = read_file(p, path, 0, 0);
	return st;
}

enum pa_status optfile_read(const struct options *o, struct optfile *f, struct pa_error *err)
{
	const char *suffixes[SUFFIX_STEP] = {"", o->group_suffix};
	enum pa_status st = PA_OK;

	*f = (struct optfile){{NULL}};
	for (int i = 0; st == PA_OK && i < SUFFIX_STEP; i++) {
		struct parser p = {f, suffixes[i], "", 0, 0, err};

		if (suffixes[i])
			st = read_all(&p, o->defaults_file);
	}
	return st;
}

void optfile_done(struct optfile *f)
{
	for (int i = 0; i < KEY_COUNT; i++) {
		if (i == KEY_PASSWORD && f->values[i])
			explicit_bzero(f->values[i], strlen(f->values[i]));
		free(f->values[i]);
		f->values[i] = NULL;
	}
}

static enum pa_status number(const char *key, const char *text, unsigned max, unsigned *out,
                             struct pa_error *err)
{
	unsigned long v = strtoul(text, NULL, 10);

	if (strspn(text, "0123456789") != strlen(text) || !*text || v > max)
		return pa_fail(err, PA_EUSAGE, 0, "option file: %s = \"%s\" is not from 0 to %u",
		               key, text, max);
	*out = (unsigned)v;
	return PA_OK;
}

static enum pa_status mode(const char *text, int *out, struct pa_error *err)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		size_t n = 0;

		/* MySQL writes VERIFY_IDENTITY, others verify-identity. */
		while (modes[i][n] &&
		       (modes[i][n] == (text[n] | 0x20) || (modes[i][n] == '-' && text[n] == '_')))
			n++;
		if (modes[i][n] == '\0' && text[n] == '\0') {
			*out = (int)i;
			return PA_OK;
		}
	}
	return pa_fail(err, PA_EUSAGE, 0, "option file: ssl-mode = \"%s\" is not known", text);
}

static const char *either(const char *option_text, const struct optfile *f, enum optfile_key key)
{
	return option_text ? option_text : f->values[key];
}

enum pa_status optfile_connection(const struct options *o, const struct optfile *f,
                                  struct pa_db_options *out, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	*out = (struct pa_db_options){
	    .host = either(o->host, f, KEY_HOST),
	    .user = either(o->user, f, KEY_USER),
	    .password = f->values[KEY_PASSWORD],
	    .socket = either(o->socket, f, KEY_SOCKET),
	    .database = either(o->database, f, KEY_DATABASE),
	    .ssl_ca = either(o->ssl_ca, f, KEY_SSL_CA),
	    .ssl_capath = f->values[KEY_SSL_CAPATH],
	    .ssl_cert = either(o->ssl_cert, f, KEY_SSL_CERT),
	    .ssl_key = either(o->ssl_key, f, KEY_SSL_KEY),
	    .ssl_cipher = f->values[KEY_SSL_CIPHER],
	    .plugin_dir = f->values[KEY_PLUGIN_DIR],
	    .ssl_mode = o->ssl_mode >= 0 ? o->ssl_mode : (int)PA_SSL_PREFERRED,
	    .port = (unsigned)o->port,
	    .connect_timeout_s = (unsigned)o->connect_timeout_s,
	};
	/* A host given by hand is not reached through the file's socket, nor the other way. */
	if (o->host && strcmp(o->host, "localhost") != 0 && !o->socket)
		out->socket = NULL;
	if (o->socket && !o->host)
		out->host = NULL;
	/* As the libraries have it, localhost means the socket. */
	if (out->host && strcmp(out->host, "localhost") == 0 && out->socket)
		out->host = NULL;
	if (o->ssl_mode < 0 && f->values[KEY_SSL_MODE])
		st = mode(f->values[KEY_SSL_MODE], &out->ssl_mode, err);
	if (st == PA_OK && !o->port && f->values[KEY_PORT])
		st = number("port", f->values[KEY_PORT], 65535, &out->port, err);
	if (st == PA_OK && !o->connect_timeout_s && f->values[KEY_CONNECT_TIMEOUT])
		st = number("connect-timeout", f->values[KEY_CONNECT_TIMEOUT], 3600,
		            &out->connect_timeout_s, err);
	return st;
}
