/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn/write.h"

#include "base/array.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "learn/statements.h"
#include "learn/tracked.h"
#include "seccomp/syscalls.h"

#include <inttypes.h>
#include <string.h>

#define NAMES_SHOWN    32 /* files in the header; a trace with -ff has one for each process */
#define LINE_COLUMNS   96 /* comments go on in the next line past this */
#define ALLOW_COLUMN   32 /* where comments behind "allow" begin */
#define UPPER_HALF     0xffffffff00000000U
#define HIGHEST_OF_LOW 0x80000000U

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* A name from outside in a comment: a backslash at the end of a line would join the next one to it. */
static int print_name(FILE *f, const char *name)
{
	_cleanup_free_ char *safe = utf8_escape(name);

	if (!safe)
		return -ENOMEM;
	for (const char *c = safe; *c; c++)
		(void)fputc(*c == '\\' ? '/' : *c, f);
	return 0;
}

static int print_names(FILE *f, char *const *names)
{
	size_t n = strv_length(names);

	for (size_t i = 0; i < n && i < NAMES_SHOWN; i++) {
		(void)fputs("#     ", f);
		if (print_name(f, names[i]) < 0)
			return -ENOMEM;
		(void)fputc('\n', f);
	}
	if (n > NAMES_SHOWN)
		(void)fprintf(f, "#     and %zu more\n", n - NAMES_SHOWN);
	return 0;
}

static int print_warnings(const struct learning *l, const struct learn_write_options *o, FILE *f)
{
	_cleanup_(strv_freep) char **warnings = NULL;
	int r = learn_warnings(l, o, &warnings);

	if (r < 0)
		return r;
	STRV_FOREACH (text, warnings)
		(void)fprintf(f, "# WARNING: %s.\n", *text);
	if (warnings)
		(void)fputs("#\n", f);
	return 0;
}

static int print_header(const struct learning *l, const struct learn_write_options *o, FILE *f)
{
	int r;

	(void)fprintf(f, "# The system calls that were seen in logs of %s, for %s.\n# Made by %s from:\n",
		o->origin, l->architecture->name, o->command);
	r = print_names(f, l->files);
	if (r == 0 && l->programs) {
		(void)fputs("# Programs:\n", f);
		r = print_names(f, l->programs);
		if (l->more_programs)
			(void)fputs("#     and more\n", f);
	}
	if (r < 0)
		return r;
	(void)fprintf(f, "# %" PRIu64 " line%s, %" PRIu64 " process%s or thread%s, %" PRIu64 " call%s.\n",
		l->n_lines, plural(l->n_lines), l->n_processes, l->n_processes == 1 ? "" : "es",
		plural(l->n_processes), l->n_events, plural(l->n_events));
	if (l->n_starts > 0)
		(void)fprintf(f,
			"# Left out: execve, %" PRIu64 " time%s, by which strace started the program.\n",
			l->n_starts, plural(l->n_starts));
	(void)fputs("#\n", f);
	return print_warnings(l, o, f);
}

/* "# 12 calls, arg1: 9 TCGETS, 3 FIONREAD" */
static int print_counts(const struct learning *l, const struct learn_call *call, FILE *f)
{
	const struct tracked_call *tracked = call->tracked;
	long column = ftell(f), begin;

	(void)fprintf(f, "# %" PRIu64 " call%s", call->count, plural(call->count));
	if (call->n_values > 0)
		(void)fprintf(f, ", %s:", tracked->behind_pointer ? "in memory" : "by argument");
	for (size_t i = 0; i < call->n_values; i++) {
		begin = ftell(f);
		if (begin - column > LINE_COLUMNS) {
			(void)fputs("\n#    ", f);
			column = begin + 1;
		}
		(void)fprintf(f, " %" PRIu64 " ", call->values[i].count);
		(void)tracked_print(f, l->architecture, tracked, call->values[i].value);
		(void)fputs(i + 1 < call->n_values ? "," : "", f);
	}
	if (call->without_argument > 0 && !tracked->behind_pointer)
		(void)fprintf(f, "; %" PRIu64 " without in the log", call->without_argument);
	(void)fputc('\n', f);
	return ferror(f) ? -EIO : 0;
}

/* " || \" and a new line between the comparisons. */
static void print_comparison(
	const struct learning *l, const struct tracked_call *tracked, uint64_t value, bool *first, FILE *f)
{
	(void)fprintf(f, "%sarg%u == ", *first ? "" : " || \\\n\t", tracked->argument);
	(void)tracked_print(f, l->architecture, tracked, value);
	*first = false;
}

static void print_values(const struct learning *l, const struct learn_call *call, bool *first, FILE *f)
{
	for (size_t i = 0; i < call->n_values; i++) {
		const struct learn_value *v = &call->values[i];

		print_comparison(l, call->tracked, v->value, first, f);
		if (v->low_half && (v->value & HIGHEST_OF_LOW) != 0 && l->architecture->word_bits == 64) {
			(void)fprintf(f, " || \\\n\targ%u == ", call->tracked->argument);
			(void)tracked_print(f, l->architecture, call->tracked, v->value);
			(void)fprintf(f, " | 0x%llx", (unsigned long long)UPPER_HALF);
		}
	}
}

static int print_tracked(
	const struct learning *l, const struct learn_write_options *o, const struct statement *s, FILE *f)
{
	const struct learn_call *call = s->call;
	bool first = true;
	int r = print_counts(l, call, f);

	switch (statement_limits(l, o, call)) {
	case LIMIT_NONE:
		(void)fprintf(f, "%s: allow\n", s->name);
		break;
	case LIMIT_GUARD:
		(void)fprintf(f, "%s: arg%u in ~PROT_EXEC || arg%u in ~PROT_WRITE\n", s->name,
			call->tracked->argument, call->tracked->argument);
		break;
	case LIMIT_REFUSED:
		(void)fprintf(f, "# Not permitted, its arguments are not known: %s: allow\n", s->name);
		break;
	case LIMIT_ENOSYS:
		(void)fprintf(f,
			"# Answered so, C libraries call clone instead, whose flags a filter sees.\n"
			"%s: return ENOSYS\n",
			s->name);
		break;
	case LIMIT_VALUES:
		(void)fprintf(f, "%s: ", s->name);
		print_values(l, call, &first, f);
		(void)fputc('\n', f);
		break;
	}
	return r;
}

/* The start, in Bailiff's way, and what the program was seen to execute by descriptor. */
static void print_start(const struct learning *l, const struct statement *s, FILE *f)
{
	static const char value[] = "arg4 == AT_EMPTY_PATH";

	(void)fputs(
		"# Bailiff starts the program by its open file, when this filter is in force already.\n", f);
	if (s->call)
		(void)print_counts(l, s->call, f);
	(void)fprintf(f, "%s: %s", s->name, value);
	for (size_t i = 0; s->call && i < s->call->n_values; i++) {
		bool first = false;

		if (!statement_is_start_value(l, s->call->values[i].value))
			print_comparison(l, s->call->tracked, s->call->values[i].value, &first, f);
	}
	(void)fputc('\n', f);
}

/* What the included policy says already is said in a comment. */
static bool print_included(
	const struct learning *l, const struct learn_write_options *o, const struct statement *s, FILE *f)
{
	enum statement_included included = statement_included(l, o, s);

	if (included == INCLUDED_NOT)
		return false;
	if (!s->call)
		(void)fprintf(f, "# Included: %s", s->name);
	else
		(void)fprintf(f, "# Included: %s, %" PRIu64 " call%s", s->name, s->call->count,
			plural(s->call->count));
	(void)fputs(included == INCLUDED_PERMITS ? "\n" : ", not all of which may be permitted\n", f);
	return true;
}

static int print_statement(
	const struct learning *l, const struct learn_write_options *o, const struct statement *s, FILE *f)
{
	int n;

	if (print_included(l, o, s, f))
		return 0;
	if (s->start) {
		print_start(l, s, f);
		return 0;
	}
	if (s->call && s->call->tracked)
		return print_tracked(l, o, s, f);
	n = fprintf(f, "%s: allow", s->name);
	(void)fprintf(f, "%*s# ", n < ALLOW_COLUMN ? ALLOW_COLUMN - n : 1, "");
	if (s->call)
		(void)fprintf(f, "%" PRIu64 " call%s\n", s->call->count, plural(s->call->count));
	else
		(void)fprintf(f, "not seen: %s\n", s->why);
	return 0;
}

int learn_write_policy(const struct learning *l, const struct learn_write_options *o, FILE *f)
{
	_cleanup_(statements_done) struct statements statements = {};
	int r = print_header(l, o, f);

	if (r == 0 && o->include)
		(void)fprintf(f, "@include %s\n#\n", o->include);
	if (r == 0)
		r = statements_make(l, o, &statements);
	for (size_t i = 0; r == 0 && i < statements.n; i++)
		r = print_statement(l, o, &statements.list[i], f);
	if (r < 0)
		return r;
	return ferror(f) ? -EIO : 0;
}

int learn_write_frequency(const struct learning *l, const struct learn_write_options *o, FILE *f)
{
	_cleanup_(statements_done) struct statements statements = {};
	int r = statements_make(l, o, &statements);

	if (r < 0)
		return r;
	(void)fprintf(f, "# How often each system call was seen, for %s. Made by %s.\n",
		l->architecture->name, o->command);
	for (size_t i = 0; i < statements.n; i++)
		if (statements.list[i].call && statements.list[i].call->count > 0)
			(void)fprintf(f, "%s: %" PRIu64 "\n", statements.list[i].name,
				statements.list[i].call->count);
	return ferror(f) ? -EIO : 0;
}
