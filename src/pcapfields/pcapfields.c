/* pcapfields: a plugin for tshark, a tap that prints what tshark -T fields prints, for less work.
 *
 * For -T fields tshark makes every field and line of text that Wireshark would show of a packet. Of
 * a tap the dissectors know which fields it wants, and make no others; what prints them is the same
 * function. How it is called: pcapfields(7).
 */
#include <wireshark.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include <epan/column-info.h>
#include <epan/epan_dissect.h>
#include <epan/print.h>
#include <epan/proto.h>
#include <epan/stat_tap_ui.h>
#include <epan/tap.h>

#define VERSION (WIRESHARK_VERSION_MAJOR * 100 + WIRESHARK_VERSION_MINOR)
#define NAME    "pcapfields"
#define COLUMN  "_ws.col."

#if VERSION >= 402
#include <wsutil/plugins.h>
#else
#define WS_PLUGIN_DESC_TAP_LISTENER 0 /* nobody asks */
#endif

/* What Wireshark looks for in a plugin. */
extern const char plugin_version[];
extern const int plugin_want_major;
extern const int plugin_want_minor;
void plugin_register(void);
uint32_t plugin_describe(void);

__attribute__((visibility("default"))) const char plugin_version[] = PA_VERSION;
__attribute__((visibility("default"))) const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
__attribute__((visibility("default"))) const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

/* Of the one -z pcapfields that a tshark can have. */
static struct {
	output_fields_t *fields;
	GString *wanted; /* a filter that is true, and names all fields */
	const char *filter;
	int flush;
	int started;
} tap;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *fmt, ...);

static void fail(const char *fmt, ...)
{
	va_list args;

	fputs("tshark: " NAME ": ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static tap_packet_status print_packet(void *data, packet_info *pinfo, epan_dissect_t *edt,
                                      const void *tapped, tap_flags_t flags)
{
	(void)data;
	(void)tapped;
	(void)flags;
#if VERSION >= 402
	/* It prepares what the printing needs, besides the packet. */
	if (!tap.started)
		output_fields_prime_edt(edt, tap.fields);
#endif
	tap.started = 1;
	write_fields_proto_tree(tap.fields, edt, pinfo->cinfo, stdout);
	putc_unlocked('\n', stdout);
	if (tap.flush)
		fflush(stdout);
	return TAP_PACKET_DONT_REDRAW;
}

/* What is another text where lines are not made, or comes in another order: measured. Of the
 * columns those that no dissector writes are filled in behind the tap. */
static int is_unlike(const char *name)
{
	if (strncmp(name, COLUMN, strlen(COLUMN)) == 0)
		return g_ascii_strcasecmp(name, COLUMN "info") != 0 &&
		       g_ascii_strcasecmp(name, COLUMN "protocol") != 0;
	return strcmp(name, "text") == 0 || strncmp(name, "image-jfif.", 11) == 0 ||
	       strncmp(name, "_ws.", 4) == 0;
}

/* Fields of the same name may be of several types. */
static void check_field(const char *name)
{
	const header_field_info *field = proto_registrar_get_byname(name);

	if (is_unlike(name))
		fail("%s: it is not the same without the lines of text", name);
	while (field && field->same_name_prev_id != -1)
		field = proto_registrar_get_nth((guint)field->same_name_prev_id);
	for (; field; field = field->same_name_next)
		if (field->type == FT_PROTOCOL)
			fail("%s: it is a line of text", name);
}

static void take_field(const char *given)
{
	int column = strncmp(given, COLUMN, strlen(COLUMN)) == 0;
	/* Up to 4.0 columns are no fields, and need no wish; since then small letters are their
	 * names, and tshark takes any. */
	char *name = column && VERSION >= 402 ? g_ascii_strdown(given, -1) : g_strdup(given);

	output_fields_add(tap.fields, name); /* which keeps a copy */
	check_field(name);
	if (column && VERSION < 402)
		return;
	g_string_append_printf(tap.wanted, "%s%s", tap.wanted->len > 0 ? " || " : "", name);
}

static void take_word(const char *word)
{
	if (strncmp(word, "e:", 2) == 0) {
		take_field(word + 2);
	} else if (strncmp(word, "E:", 2) == 0) {
		/* It is cut in pieces, and kept. */
		if (!output_fields_set_option(tap.fields, g_strdup(word + 2)))
			fail("-E %s is not known", word + 2);
	} else if (strncmp(word, "Y:", 2) == 0) {
		tap.filter = g_strdup(word + 2);
	} else if (strcmp(word, "l") == 0) {
		tap.flush = 1;
	} else {
		fail("%s: not known", word);
	}
}

/* Those that tshark's -T fields would refuse. */
static void check_names(void)
{
	const GSList *unknown = output_fields_valid(tap.fields);

	if (unknown)
		fail("Some fields aren't valid: %s", (const char *)unknown->data);
}

static void start(const char *words)
{
	char **word = g_strsplit(words, "\n", -1);
	char *filter;
	GString *error;

	if (tap.fields || strncmp(words, NAME ",", strlen(NAME ",")) != 0)
		fail("what is printed is said once, behind " NAME ",");
	tap.fields = output_fields_new();
	tap.wanted = g_string_new(NULL);
	word[0] += strlen(NAME ",");
	for (size_t i = 0; word[i]; i++)
		if (word[i][0] != '\0')
			take_word(word[i]);
	check_names();
	if (tap.wanted->len == 0)
		fail("there is no field");
	filter = g_strdup_printf("(%s) && (frame.number || %s)",
	                         tap.filter ? tap.filter : "frame.number", tap.wanted->str);
	error = register_tap_listener("frame", &tap, filter,
	                              TL_REQUIRES_PROTO_TREE | TL_REQUIRES_COLUMNS |
	                                  TL_REQUIRES_ERROR_PACKETS,
	                              NULL, print_packet, NULL, NULL);
	if (error)
		fail("%s", error->str);
	/* Nobody else writes there. */
	__fsetlocking(stdout, FSETLOCKING_BYCALLER);
	g_free(filter);
}

#if VERSION >= 406
static bool start_tap(const char *words, void *data)
{
	(void)data;
	start(words);
	return true;
}
#else
static void start_tap(const char *words, void *data)
{
	(void)data;
	start(words);
}
#endif

static void register_pcapfields(void)
{
	static stat_tap_ui ui = {
	    .group = REGISTER_STAT_GROUP_GENERIC,
	    .cli_string = NAME,
	    .tap_init_cb = start_tap,
	};

	register_stat_tap_ui(&ui, NULL);
}

__attribute__((visibility("default"))) void plugin_register(void)
{
	static const tap_plugin plugin = {.register_tap_listener = register_pcapfields};

	tap_register_plugin(&plugin);
}

__attribute__((visibility("default"))) uint32_t plugin_describe(void)
{
	return WS_PLUGIN_DESC_TAP_LISTENER;
}
