/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/suggest.h"

#include <stdarg.h>
#include <string.h>

#define HELP_COLUMN 30

int option_refuse(char **reterr_why, const char *format, ...)
{
	va_list ap;
	int r;

	free(steal_ptr(*reterr_why));
	va_start(ap, format);
	r = vasprintf(reterr_why, format, ap);
	va_end(ap);
	if (r < 0)
		*reterr_why = NULL;
	return r < 0 ? -ENOMEM : -EINVAL;
}

static const struct option *find_long(
	const struct option_table *tables, size_t n, const char *name, size_t length, void **ret_into)
{
	for (size_t t = 0; t < n; t++)
		for (size_t i = 0; i < tables[t].n; i++) {
			const struct option *o = &tables[t].options[i];

			if (strlen(o->name) == length && strncmp(o->name, name, length) == 0) {
				*ret_into = tables[t].into;
				return o;
			}
		}
	return NULL;
}

static const struct option *find_letter(
	const struct option_table *tables, size_t n, char letter, void **ret_into)
{
	for (size_t t = 0; t < n; t++)
		for (size_t i = 0; i < tables[t].n; i++)
			if (tables[t].options[i].letter == letter) {
				*ret_into = tables[t].into;
				return &tables[t].options[i];
			}
	return NULL;
}

static int refuse_unknown(
	const struct option_table *tables, size_t n, const char *name, size_t length, char **reterr_why)
{
	_cleanup_free_ char *word = strndup(name, length);
	struct suggestion near = suggestion_for(name, length);

	if (!word)
		return -ENOMEM;
	for (size_t t = 0; t < n; t++)
		for (size_t i = 0; i < tables[t].n; i++)
			suggestion_offer(&near, tables[t].options[i].name);
	if (suggestion_get(&near))
		return option_refuse(
			reterr_why, "unknown option --%s; did you mean --%s?", word, suggestion_get(&near));
	return option_refuse(reterr_why, "unknown option --%s", word);
}

static int apply(const struct option *o, void *into, const char *value, char **reterr_why)
{
	_cleanup_free_ char *why = NULL;
	int r = o->set(into, value, &why);

	if (r >= 0 || r == -ENOMEM)
		return r;
	if (!value)
		return option_refuse(reterr_why, "--%s: %s", o->name, why ? why : strerror(-r));
	return option_refuse(reterr_why, "--%s=%s: %s", o->name, value, why ? why : strerror(-r));
}

/* "--name", "--name=value" or "--name value". Sets *used to the arguments eaten. */
static int parse_long(
	const struct option_table *tables, size_t n, char *const *argv, size_t *used, char **reterr_why)
{
	const char *name = argv[0] + 2, *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct option *o;
	void *into = NULL;

	o = find_long(tables, n, name, length, &into);
	if (!o)
		return refuse_unknown(tables, n, name, length, reterr_why);
	*used = 1;
	if (!o->value)
		return equals ? option_refuse(reterr_why, "--%s takes no value", o->name)
			      : apply(o, into, NULL, reterr_why);
	if (equals)
		return apply(o, into, equals + 1, reterr_why);
	if (!argv[1])
		return option_refuse(reterr_why, "--%s needs a value: --%s=%s", o->name, o->name, o->value);
	*used = 2;
	return apply(o, into, argv[1], reterr_why);
}

/* "-abc", "-svalue" or "-s value". */
static int parse_letters(
	const struct option_table *tables, size_t n, char *const *argv, size_t *used, char **reterr_why)
{
	*used = 1;
	for (const char *p = argv[0] + 1; *p; p++) {
		void *into = NULL;
		const struct option *o = find_letter(tables, n, *p, &into);
		int r;

		if (!o)
			return option_refuse(reterr_why, "unknown option -%c", *p);
		if (o->value) {
			if (p[1])
				return apply(o, into, p + 1, reterr_why);
			if (!argv[1])
				return option_refuse(reterr_why, "-%c needs a value: %s", *p, o->value);
			*used = 2;
			return apply(o, into, argv[1], reterr_why);
		}
		r = apply(o, into, NULL, reterr_why);
		if (r < 0)
			return r;
	}
	return 0;
}

int options_parse(const struct option_table *tables, size_t n_tables, char **argv, bool stop_early,
	size_t *ret_n, char **reterr_why)
{
	bool options_over = false;
	size_t n = 0, i = 0;

	while (argv[i]) {
		size_t used = 1;
		int r = 0;

		if (options_over || argv[i][0] != '-' || argv[i][1] == '\0') {
			options_over = options_over || stop_early;
			argv[n++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0)
			options_over = true;
		else if (argv[i][1] == '-')
			r = parse_long(tables, n_tables, argv + i, &used, reterr_why);
		else
			r = parse_letters(tables, n_tables, argv + i, &used, reterr_why);
		if (r < 0)
			return r;
		i += used;
	}
	argv[n] = NULL;
	*ret_n = n;
	return 0;
}

static void help_line(FILE *f, const struct option *o)
{
	char head[80];
	int n;

	n = snprintf(head, sizeof(head), "  %c%c%c --%s%s%s", o->letter ? '-' : ' ',
		o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name, o->value ? "=" : "",
		o->value ? o->value : "");
	if (n < HELP_COLUMN)
		(void)fprintf(f, "%-*s", HELP_COLUMN, head);
	else
		(void)fprintf(f, "%s\n%*s", head, HELP_COLUMN, "");
}

void options_help(FILE *f, const struct option *options, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = options[i].help;

		help_line(f, &options[i]);
		for (const char *end; (end = strchr(text, '\n')); text = end + 1)
			(void)fprintf(f, "%.*s\n%*s", (int)(end - text), text, HELP_COLUMN, "");
		(void)fprintf(f, "%s\n", text);
	}
}
