#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "pcapanalyzer/io.h"
#include "pcapanalyzer/landlock.h"
#include "pcapanalyzer/lockdown.h"
#include "pcapanalyzer/privileges.h"

#define SPACES (CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC)

static const char *const names[LAYERS] = {"user",       "network", "processes",
                                          "privileges", "files",   "calls"};

/* Programs with their libraries and data, and the few files of the system that libc, glib and
 * Wireshark read. None of them holds a secret; not all of /etc. */
static const struct {
	const char *path;
	unsigned rights;
} system_paths[] = {
    {"/usr", PA_LANDLOCK_READ | PA_LANDLOCK_RUN},
    {"/lib", PA_LANDLOCK_READ | PA_LANDLOCK_RUN},
    {"/lib32", PA_LANDLOCK_READ | PA_LANDLOCK_RUN},
    {"/lib64", PA_LANDLOCK_READ | PA_LANDLOCK_RUN},
    {"/bin", PA_LANDLOCK_READ | PA_LANDLOCK_RUN},
    {"/sbin", PA_LANDLOCK_READ | PA_LANDLOCK_RUN},
    {"/opt", PA_LANDLOCK_READ | PA_LANDLOCK_RUN},
    {"/nix/store", PA_LANDLOCK_READ | PA_LANDLOCK_RUN},
    {"/gnu/store", PA_LANDLOCK_READ | PA_LANDLOCK_RUN},
    {"/etc/ld.so.cache", PA_LANDLOCK_READ},
    {"/etc/ld.so.preload", PA_LANDLOCK_READ},
    {"/etc/localtime", PA_LANDLOCK_READ},
    {"/etc/nsswitch.conf", PA_LANDLOCK_READ},
    {"/etc/passwd", PA_LANDLOCK_READ},
    {"/etc/group", PA_LANDLOCK_READ},
    {"/etc/resolv.conf", PA_LANDLOCK_READ},
    {"/etc/hosts", PA_LANDLOCK_READ},
    {"/etc/ethers", PA_LANDLOCK_READ},
    {"/etc/protocols", PA_LANDLOCK_READ},
    {"/etc/services", PA_LANDLOCK_READ},
    {"/etc/gcrypt", PA_LANDLOCK_READ},
    {"/etc/wireshark", PA_LANDLOCK_READ},
    {"/var/lib/GeoIP", PA_LANDLOCK_READ},
    {"/dev/null", PA_LANDLOCK_READ | PA_LANDLOCK_WRITE},
    {"/dev/zero", PA_LANDLOCK_READ},
    {"/dev/random", PA_LANDLOCK_READ},
    {"/dev/urandom", PA_LANDLOCK_READ},
    {"/proc/self", PA_LANDLOCK_READ},
};

#define N_SYSTEM_PATHS (sizeof(system_paths) / sizeof(system_paths[0]))

__attribute__((format(printf, 3, 4))) static void missing(struct layers *l, enum layer which,
                                                          const char *fmt, ...);

static void missing(struct layers *l, enum layer which, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(l->missing[which], sizeof(l->missing[which]), fmt, args);
	va_end(args);
}

/* --- around the parent ------------------------------------------------------------------ */

static const struct passwd *find_user(const char *name)
{
	const struct passwd *user = NULL;

	if (name)
		return getpwnam(name);
	/* Not pcapanalyzer: that one owns the spool and the private server of the services. */
	user = getpwnam("pcapsandbox");
	return user ? user : getpwnam("nobody");
}

static void become_user(const struct options *o, struct layers *l)
{
	const struct passwd *user;
	struct pa_error why = {0};

	if (geteuid() != 0)
		return;
	user = find_user(o->user);
	if (!user)
		missing(l, LAYER_USER, "there is no user %s", o->user ? o->user : "nobody");
	else if (pa_privileges_become(user->pw_uid, user->pw_gid, &why) != PA_OK)
		missing(l, LAYER_USER, "%s", why.msg);
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Namespaces without being root: in a user namespace, where we are who we were. */
static int unshare_with_user(void)
{
	char uid[64];
	char gid[64];

	snprintf(uid, sizeof(uid), "%ld %ld 1", (long)geteuid(), (long)geteuid());
	snprintf(gid, sizeof(gid), "%ld %ld 1", (long)getegid(), (long)getegid());
	/* After a change of user /proc/self belongs to root, until this. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return unshare(CLONE_NEWUSER | SPACES) == 0 && write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/uid_map", uid) && write_text("/proc/self/gid_map", gid);
}

void layers_enter(const struct options *o, struct layers *l)
{
	int apart = geteuid() == 0 && unshare(SPACES) == 0;

	become_user(o, l);
	if (!apart && !unshare_with_user()) {
		missing(l, LAYER_NETWORK, "no namespaces: %s", strerror(errno));
		missing(l, LAYER_PROCESSES, "no namespaces: %s", strerror(errno));
	}
}

/* --- in the child ----------------------------------------------------------------------- */

static enum pa_status allow_texts(struct pa_landlock *rules, const struct pa_texts *paths,
                                  unsigned rights, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (unsigned i = 0; i < paths->n && st == PA_OK; i++)
		st = pa_landlock_allow(rules, paths->text[i], rights, err);
	return st;
}

static enum pa_status seal_files(const struct options *o, const char *command, struct layers *l,
                                 struct pa_error *err)
{
	struct pa_landlock rules;
	struct pa_error why = {0};
	enum pa_status st;

	if (pa_landlock_init(&rules, &why) != PA_OK) {
		missing(l, LAYER_FILES, "%s", why.msg);
		return PA_OK;
	}
	/* What this system does not have needs no rule. */
	for (size_t i = 0; i < N_SYSTEM_PATHS; i++)
		(void)!pa_landlock_allow(&rules, system_paths[i].path, system_paths[i].rights,
		                         NULL);
	if (command)
		(void)!pa_landlock_allow(&rules, command, PA_LANDLOCK_READ | PA_LANDLOCK_RUN, NULL);
	st = allow_texts(&rules, &o->read, PA_LANDLOCK_READ, err);
	if (st == PA_OK)
		st = allow_texts(&rules, &o->write, PA_LANDLOCK_READ | PA_LANDLOCK_WRITE, err);
	if (st == PA_OK && pa_landlock_enforce(&rules, &why) != PA_OK)
		missing(l, LAYER_FILES, "%s", why.msg);
	pa_landlock_done(&rules);
	return st;
}

enum pa_status layers_seal(const struct options *o, const char *command, struct layers *l,
                           struct pa_error *err)
{
	struct pa_error why = {0};
	enum pa_status st;

	if (pa_privileges_drop(&why) != PA_OK)
		missing(l, LAYER_PRIVILEGES, "%s", why.msg);
	st = seal_files(o, command, l, err);
	why = (struct pa_error){0};
	if (st == PA_OK && pa_lockdown_command(&why) != PA_OK)
		missing(l, LAYER_CALLS, "%s", why.msg);
	return st;
}

/* --- what became of them ---------------------------------------------------------------- */

static int find_layer(struct pa_slice name)
{
	for (int i = 0; i < LAYERS; i++)
		if (pa_slice_is(name, names[i]))
			return i;
	return -1;
}

enum pa_status layers_check(const struct options *o, const struct layers *l, struct pa_error *err)
{
	const char *p = o->require ? o->require : "";

	while (*p) {
		struct pa_slice name = {(const uint8_t *)p, strcspn(p, ",")};
		int i = find_layer(name);

		if (i < 0)
			return pa_fail(err, PA_EUSAGE, 0,
			               "option --require: no layer is called "
			               "\"%.*s\"; see --report",
			               (int)name.len, p);
		if (l->missing[i][0])
			return pa_fail(err, PA_EIO, 0, "the layer %s is missing: %s", names[i],
			               l->missing[i]);
		p += name.len + (p[name.len] == ',');
	}
	return PA_OK;
}

enum pa_status layers_report(const struct layers *l, struct pa_buf *out)
{
	enum pa_status st = PA_OK;

	for (int i = 0; i < LAYERS && st == PA_OK; i++)
		st = l->missing[i][0]
		         ? pa_buf_printf(out, "%s missing: %s\n", names[i], l->missing[i])
		         : pa_buf_printf(out, "%s ok\n", names[i]);
	return st;
}
