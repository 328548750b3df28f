#include "pcapanalyzer/cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 96

static enum pa_status bad(struct pa_error *err, const struct pa_option *o, const char *arg,
                          const char *why)
{
	return pa_fail(err, PA_EUSAGE, 0, "option --%s: \"%s\" %s", o->name, arg, why);
}

static enum pa_status set_number(const struct pa_option *o, const char *arg, uint64_t *out,
                                 struct pa_error *err)
{
	uint64_t v = 0;
	uint64_t digit;

	for (const char *p = arg; *p; p++) {
		if (*p < '0' || *p > '9')
			return bad(err, o, arg, "is not a whole number");
		digit = (uint64_t)(*p - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return bad(err, o, arg, "is too large");
		v = v * 10 + digit;
	}
	if (!*arg)
		return bad(err, o, arg, "is not a whole number");
	if (v < o->min || v > o->max)
		return pa_fail(err, PA_EUSAGE, 0, "option --%s: %s is not from %llu to %llu",
		               o->name, arg, (unsigned long long)o->min,
		               (unsigned long long)o->max);
	*out = v;
	return PA_OK;
}

static enum pa_status set_choice(const struct pa_option *o, const char *arg, int *out,
                                 struct pa_error *err)
{
	const char *p = o->arg;
	size_t n = strlen(arg);

	for (int i = 0; *p; i++) {
		size_t len = strcspn(p, "|");

		if (len == n && memcmp(p, arg, n) == 0) {
			*out = i;
			return PA_OK;
		}
		p += len + (p[len] == '|');
	}
	return pa_fail(err, PA_EUSAGE, 0, "option --%s: \"%s\" is not one of %s", o->name, arg,
	               o->arg);
}

static enum pa_status add_text(const struct pa_option *o, const char *arg, struct pa_texts *out,
                               struct pa_error *err)
{
	if (out->n == PA_TEXTS_MAX)
		return pa_fail(err, PA_EUSAGE, 0, "option --%s: %d at most", o->name, PA_TEXTS_MAX);
	out->text[out->n++] = arg;
	return PA_OK;
}

static enum pa_status set(const struct pa_option *o, const char *arg, void *opts,
                          struct pa_error *err)
{
	char *at = (char *)opts + o->offset;

	switch (o->type) {
	case PA_OPT_FLAG:
		*(int *)(void *)at = 1;
		return PA_OK;
	case PA_OPT_TEXT:
		*(const char **)(void *)at = arg;
		return PA_OK;
	case PA_OPT_TEXTS:
		return add_text(o, arg, (struct pa_texts *)(void *)at, err);
	case PA_OPT_NUMBER:
		return set_number(o, arg, (uint64_t *)(void *)at, err);
	case PA_OPT_CHOICE:
		return set_choice(o, arg, (int *)(void *)at, err);
	}
	return PA_EUSAGE;
}

enum pa_status pa_cli_parse(int argc, char **argv, const struct pa_option *table, size_t n_options,
                            void *opts, int *first_operand, struct pa_error *err)
{
	struct option longs[OPTIONS_MAX + 1] = {{0}};
	char shorts[2 * OPTIONS_MAX + 2] = ":";
	size_t n = 1;
	int c;

	if (n_options > OPTIONS_MAX)
		return pa_fail(err, PA_EUSAGE, 0, "too many options in the table");
	for (size_t i = 0; i < n_options; i++) {
		int has_arg = table[i].type == PA_OPT_FLAG ? no_argument : required_argument;

		longs[i] = (struct option){table[i].name, has_arg, NULL, 1000 + (int)i};
		if (table[i].letter) {
			shorts[n++] = table[i].letter;
			if (has_arg == required_argument)
				shorts[n++] = ':';
		}
	}
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct pa_option *o = NULL;
		enum pa_status st;

		if (c == ':')
			return pa_fail(err, PA_EUSAGE, 0, "option %s needs an argument; see --help",
			               argv[optind - 1]);
		if (c == '?' && optopt >= 1000)
			return pa_fail(err, PA_EUSAGE, 0, "option --%s takes no argument",
			               table[optopt - 1000].name);
		if (c == '?' && optopt)
			return pa_fail(err, PA_EUSAGE, 0, "unknown option -%c; see --help", optopt);
		if (c == '?')
			return pa_fail(err, PA_EUSAGE, 0,
			               "unknown or ambiguous option %s; see --help",
			               argv[optind - 1]);
		for (size_t i = 0; !o && i < n_options; i++)
			if (c == 1000 + (int)i || (table[i].letter && c == table[i].letter))
				o = &table[i];
		if (!o)
			return PA_EUSAGE;
		st = set(o, optarg, opts, err);
		if (st != PA_OK)
			return st;
	}
	*first_operand = optind;
	return PA_OK;
}

enum pa_status pa_cli_help(const struct pa_option *table, size_t n_options, struct pa_buf *out)
{
	enum pa_status st = pa_buf_puts(out, "Options:\n");

	for (size_t i = 0; st == PA_OK && i < n_options; i++) {
		const struct pa_option *o = &table[i];
		char letter[4] = {o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
		                  o->letter ? ',' : ' ', '\0'};
		size_t start = out->len;

		st = pa_buf_printf(out, "  %s --%s%s%s", letter, o->name, o->arg ? " " : "",
		                   o->arg ? o->arg : "");
		if (st == PA_OK && out->len - start > 30)
			st = pa_buf_printf(out, "\n%32s", "");
		while (st == PA_OK && out->len - start < 32)
			st = pa_buf_putc(out, ' ');
		if (st == PA_OK)
			st = pa_buf_printf(out, "%s\n", o->help);
	}
	return st;
}

enum pa_status pa_cli_dump(const struct pa_option *table, size_t n_options, struct pa_buf *out)
{
	enum pa_status st = PA_OK;

	for (size_t i = 0; st == PA_OK && i < n_options; i++) {
		const char letter[3] = {table[i].letter ? '-' : '\0', table[i].letter, '\0'};

		st = pa_buf_printf(out, "--%s\t%s\t%s\t%s\n", table[i].name, letter,
		                   table[i].arg ? table[i].arg : "", table[i].help);
	}
	return st;
}
