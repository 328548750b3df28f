#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcapanalyzer/buf.h"

#define WORDS_MAX (16u * 1024 * 1024)

/* Options of tshark that change nothing in how its work is divided: those that take an argument,
 * and those that do not. */
static const char with_argument[] = "NoduK";
static const char without_argument[] = "nlQq";
/* Those that say what is printed, and how. */
static const char printing[] = "eET";
/* And all others that take none. */
static const char other_flags[] = "2DghILpPvVx";
static const char *const long_with_argument[] = {
    "log-level",      "log-domain",        "disable-protocol", "enable-protocol",
    "only-protocols", "disable-heuristic", "enable-heuristic",
};

/* Fields that depend on what is printed, or number what packets of several workers share. */
static const char *const whole_fields[] = {
    "frame", "frame.time_delta_displayed", "frame.file_off", "eth.stream", "_ws.col.cls_time",
};

/* Of the tap: print nothing else, and what is printed. */
static char quiet[] = "-q";
static char tap[] = "-z";

static void refuse(struct command *c, const char *what, const char *name)
{
	if (c->reason[0] == '\0')
		(void)snprintf(c->reason, sizeof(c->reason), "%s%s", what, name);
}

static void take_field(struct command *c, const char *name)
{
	for (size_t i = 0; i < sizeof(whole_fields) / sizeof(whole_fields[0]); i++)
		if (strcmp(name, whole_fields[i]) == 0)
			refuse(c, "it prints ", name);
	/* tshark prints it in the last of its columns only. */
	for (size_t i = 0; i < c->n_fields; i++)
		if (strcmp(name, c->fields[i]) == 0)
			refuse(c, "it has this field twice: ", name);
	if (strcmp(name, "frame.time_delta") == 0)
		c->needs_times = 1;
	c->fields[c->n_fields++] = name;
}

/* Of -E: how a row is framed. */
static void take_form(struct command *c, const char *form)
{
	if (strcmp(form, "separator=/t") == 0 || strcmp(form, "header=n") == 0 ||
	    strcmp(form, "bom=n") == 0 || strcmp(form, "quote=n") == 0 ||
	    strcmp(form, "escape=y") == 0 || strncmp(form, "occurrence=", 11) == 0 ||
	    strncmp(form, "aggregator=", 11) == 0)
		return;
	refuse(c, "it prints with -E ", form);
}

/* Columns may hang on what is printed, or on the packet before: all are refused but a few. */
static void take_preference(struct command *c, const char *preference)
{
	static const char columns[] = "gui.column.format:";
	const char *p = preference;

	if (strncmp(preference, columns, sizeof(columns) - 1) != 0)
		return;
	while ((p = strchr(p, '%')) != NULL) {
		if (p[1] == '\0' || !strchr("pimsdL", p[1]) ||
		    (p[2] != '\0' && !strchr("\", ", p[2]))) {
			refuse(c, "it has the option -o ", preference);
			return;
		}
		p += 2;
	}
}

/* An option with its argument. */
static enum pa_status take_option(struct command *c, char letter, const char *argument,
                                  struct pa_error *err)
{
	char name[3] = {'-', letter, '\0'};

	switch (letter) {
	case 'G':
		return pa_fail(err, PA_EUSAGE, 0,
		               "tshark's -G reads no capture: run it without ptshark");
	case 'r':
		return pa_fail(err, PA_EUSAGE, 0,
		               "the capture is named before COMMAND, not by tshark's -r");
	case 'e':
		take_field(c, argument);
		break;
	case 'E':
		take_form(c, argument);
		break;
	case 'o':
		take_preference(c, argument);
		break;
	case 'T':
		c->mixed = c->mixed || c->prints_fields; /* which tshark refuses */
		c->prints_fields = strcmp(argument, "fields") == 0;
		if (!c->prints_fields)
			refuse(c, "it prints with -T ", argument);
		break;
	default:
		if (!strchr(with_argument, letter))
			refuse(c, "it has the option ", name);
	}
	return PA_OK;
}

/* --NAME, --NAME=ARGUMENT; 1 when ARGUMENT is the next word. */
static int take_long(struct command *c, const char *word)
{
	const char *name = word + 2;
	size_t n = strcspn(name, "=");

	for (size_t i = 0; i < sizeof(long_with_argument) / sizeof(long_with_argument[0]); i++)
		if (strlen(long_with_argument[i]) == n &&
		    strncmp(name, long_with_argument[i], n) == 0)
			return name[n] == '\0';
	refuse(c, "it has the option ", word);
	return 0;
}

/* Where tshark stands: behind the last "--", or first. */
static size_t find_tshark(char **argv, size_t n)
{
	while (n > 0 && strcmp(argv[n - 1], "--") != 0)
		n--;
	return n;
}

/* Option P in word I, with its argument. */
static void take_printing(struct command *c, size_t i, const char *p)
{
	c->mixed = c->mixed || p != c->argv[i] + 1;
	/* Words of the plugin's end with a line. */
	c->mixed = c->mixed || strchr(c->argv[i], '\n');
	c->prints[i] = 1;
	if (p[1] == '\0' && i + 1 < c->n) {
		c->mixed = c->mixed || strchr(c->argv[i + 1], '\n');
		c->prints[i + 1] = 1;
	}
}

/* Word *i, one option or several; *i becomes that of the argument when it is the next. */
static enum pa_status take_letters(struct command *c, size_t *i, struct pa_error *err)
{
	for (const char *p = c->argv[*i] + 1; *p != '\0'; p++) {
		const char name[] = {'-', *p, '\0'};

		c->flushed = c->flushed || *p == 'l';
		if (strchr(without_argument, *p))
			continue;
		if (strchr(printing, *p))
			take_printing(c, *i, p);
		if (strchr(other_flags, *p)) {
			c->reads_twice = c->reads_twice || *p == '2';
			refuse(c, "it has the option ", name);
			continue;
		}
		if (p[1] != '\0')
			return take_option(c, *p, p + 1, err);
		if (*p == 'G' || *i + 1 < c->n)
			return take_option(c, *p, *p == 'G' ? "" : c->argv[++*i], err);
		refuse(c, "it has the option ", name);
	}
	return PA_OK;
}

/* As tshark does, up to the first operand, behind which all is a filter. */
static enum pa_status take_words(struct command *c, size_t i, struct pa_error *err)
{
	enum pa_status st = PA_OK;

	for (; st == PA_OK && i < c->n; i++) {
		const char *word = c->argv[i];

		if (word[0] != '-' || word[1] == '\0') {
			refuse(c, "it has the argument ", word);
			break;
		}
		if (word[1] == '-')
			i += (size_t)take_long(c, word);
		else
			st = take_letters(c, &i, err);
	}
	return st;
}

enum pa_status command_read(char **argv, struct command *out, struct pa_error *err)
{
	struct command c = {.argv = argv, .separator = '\t'};
	enum pa_status st;

	while (argv[c.n])
		c.n++;
	c.fields = calloc(c.n + 1, sizeof(*c.fields));
	c.prints = calloc(c.n + 1, sizeof(*c.prints));
	if (!c.fields || !c.prints) {
		command_done(&c);
		return pa_fail(err, PA_ENOMEM, 0, "no memory for arguments");
	}
	c.tshark = find_tshark(argv, c.n);
	st = take_words(&c, c.tshark + 1, err);
	if (st != PA_OK) {
		command_done(&c);
		return st;
	}
	if (c.n_fields == 0 || strcmp(c.fields[0], "frame.number") != 0)
		refuse(&c, "its first field is not frame.number", "");
	*out = c;
	return PA_OK;
}

void command_done(struct command *c)
{
	free(c->fields);
	free(c->prints);
	free(c->tapped);
	free(c->words);
}

/* What pcapfields is told: see there. */
static enum pa_status put_words(const struct command *c, const char *filter, int flush,
                                struct pa_buf *out)
{
	enum pa_status st = pa_buf_puts(out, "pcapfields,");

	for (size_t i = c->tshark + 1; st == PA_OK && i < c->n; i++) {
		const char *word = c->argv[i];

		if (!c->prints[i] || word[1] == 'T')
			i += c->prints[i] && word[2] == '\0';
		else
			st = pa_buf_printf(out, "%c:%s\n", word[1],
			                   word[2] ? word + 2 : c->argv[++i]);
	}
	if (st == PA_OK && (flush || c->flushed))
		st = pa_buf_puts(out, "l\n");
	if (st == PA_OK && filter)
		st = pa_buf_printf(out, "Y:%s\n", filter);
	return st == PA_OK ? pa_buf_putc(out, '\0') : st;
}

enum pa_status command_tap(struct command *c, const char *filter, int flush, struct pa_error *err)
{
	struct pa_buf words;
	size_t n = 0;

	if (c->reason[0] != '\0' || c->mixed || !c->prints_fields)
		return PA_OK;
	pa_buf_init(&words, WORDS_MAX);
	c->tapped = calloc(c->n + 4, sizeof(*c->tapped));
	if (!c->tapped || put_words(c, filter, flush, &words) != PA_OK) {
		pa_buf_done(&words);
		return pa_fail(err, PA_ENOMEM, 0, "no memory for arguments");
	}
	c->words = (char *)words.ptr;
	for (size_t i = 0; i <= c->tshark; i++)
		c->tapped[n++] = c->argv[i];
	c->tapped[n++] = quiet;
	c->tapped[n++] = tap;
	c->tapped[n++] = c->words;
	for (size_t i = c->tshark + 1; i < c->n; i++)
		if (!c->prints[i])
			c->tapped[n++] = c->argv[i];
	c->argv = c->tapped;
	c->n = n;
	return PA_OK;
}

enum pa_status command_renumber(const struct command *c, unsigned n_workers, int empty,
                                struct pa_renumber **out, struct pa_error *err)
{
	enum pa_status st = pa_renumber_new(n_workers, c->separator, out, err);

	for (size_t i = 0; st == PA_OK && i < c->n_fields; i++) {
		enum pa_renumber_how how;

		if (pa_renumber_field(c->fields[i], &how) && (how != PA_RENUMBER_EMPTY || empty))
			st = pa_renumber_column(*out, (unsigned)i, how, err);
	}
	return st;
}

char **command_with(const struct command *c, const char *const *more)
{
	const size_t at = c->tshark < c->n ? c->tshark + 1 : c->n;
	size_t n = 0;
	char **argv;

	while (more[n])
		n++;
	argv = calloc(c->n + n + 1, sizeof(*argv));
	if (!argv)
		return NULL;
	memcpy(argv, c->argv, at * sizeof(*argv));
	/* execvp() does not write to them. */
	memcpy(argv + at, more, n * sizeof(*argv));
	memcpy(argv + at + n, c->argv + at, (c->n - at) * sizeof(*argv));
	return argv;
}
