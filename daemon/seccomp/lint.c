/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/linter.h"

#include "base/error.h"
#include "base/suggest.h"
#include "seccomp/syscalls.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define REACH_WORK_MAX 20000000  /* steps of regions: well below a second */
#define LINT_WORK_MAX  500000000 /* of everything else: the same */

const char *const lint_codes[] = { "always-true", "any-bits", "bypass", "dangerous-uncommented",
	"fake-success", "high-bits", "kill-thread", "negative-int", "never-true", "new-syscall",
	"pointer-compared", "socket-family", "stray-include", "unanswered", "unknown-lint", "unreachable",
	"unsigned-order", "writable-executable", NULL };

static bool was_said(const struct diagnostics *d, struct position at, const char *code)
{
	struct text_place place = position_place(at);

	for (size_t i = 0; i < d->n; i++) {
		const struct seccomp_diagnostic *one = &d->list[i];

		if (strcmp(one->code, code) == 0 && one->place.line == place.line &&
			one->place.column == place.column && strcmp(one->place.file, at.source->display) == 0)
			return true;
	}
	return false;
}

bool lint_spend(struct linter *l, uint64_t steps)
{
	if (steps > LINT_WORK_MAX - l->d->lint_work) {
		l->d->lint_work = LINT_WORK_MAX;
		return false;
	}
	l->d->lint_work += steps;
	return true;
}

int lint_warn(struct linter *l, struct position at, const char *code, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int r;

	/* The place in the text and the comments around it are looked for from the start each time. */
	if (l->d->n_warnings >= DIAGNOSTICS_MAX || !lint_spend(l, at.source->size) ||
		lint_allowed(at, code) || was_said(l->d, at, code))
		return 0;
	va_start(ap, format);
	r = vasprintf(&text, format, ap);
	va_end(ap);
	if (r < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return diagnose_warning(l->d, at, code, "%s", text);
}

struct position atom_position(const struct policy_rule *rule, const struct policy_atom *atom)
{
	return (struct position){
		.source = rule->at.source,
		.offset = atom->offset,
		.length = atom->length,
	};
}

const char *lint_name(const struct policy *p, uint32_t number, char buffer[static LINT_NAME_MAX])
{
	const char *name = syscall_name(p->architecture, number);

	if (name)
		return name;
	(void)snprintf(buffer, LINT_NAME_MAX, "#%" PRIu32, number);
	return buffer;
}

static int check_comments(struct linter *l, const struct statement *s)
{
	struct position at;
	struct suggestion near;

	if (!lint_find_unknown(s->names[0].at, &at))
		return 0;
	near = suggestion_for(at.source->text + at.offset, at.length);
	for (size_t i = 0; lint_codes[i]; i++)
		suggestion_offer(&near, lint_codes[i]);
	return lint_warn(l, at, "unknown-lint", "no warning has this code%s%s%s",
		suggestion_get(&near) ? "; did you mean `" : "",
		suggestion_get(&near) ? suggestion_get(&near) : "", suggestion_get(&near) ? "`?" : "");
}

/* Groups have what newer kernels added on purpose, and to deny what is not there yet is foresight. */
static int check_since(struct linter *l, const struct statement *s, const struct statement_name *name)
{
	const struct syscall_row *row;
	bool allows = false;

	for (size_t i = 0; i < s->n_rules; i++)
		allows = allows || rule_allows(s->rules[i]);
	if (!allows || name->from_group || l->d->kernel == 0)
		return 0;
	row = syscall_find(name->at.source->text + name->at.offset, name->at.length);
	if (!row || row->since <= l->d->kernel)
		return 0;
	return lint_warn(l, name->at, "new-syscall", "`%s` is new in Linux %u.%u, and %u.%u does not have it",
		row->name, row->since >> 16, row->since >> 8 & 0xff, l->d->kernel >> 16,
		l->d->kernel >> 8 & 0xff);
}

int lint_statement(struct diagnostics *d, const struct policy *p, const struct statement *s)
{
	struct linter l = { .d = d, .p = p };
	int r = check_comments(&l, s);

	for (size_t i = 0; r == 0 && i < s->n_names; i++)
		r = check_since(&l, s, &s->names[i]);
	for (size_t i = 0; r == 0 && i < s->n_rules; i++)
		r = lint_rule(&l, s, s->rules[i]);
	return r;
}

/* Where a diagnostic goes. */
struct sort_key {
	size_t file; /* the first diagnostic about the same one */
	size_t line, column, index;
};

static size_t first_of_file(const struct diagnostics *d, const char *file)
{
	size_t i = 0;

	while (strcmp(d->list[i].place.file, file) != 0)
		i++;
	return i;
}

static int order(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_keys(const void *a, const void *b)
{
	const struct sort_key *one = a, *two = b;
	int r = order(one->file, two->file);

	if (r == 0)
		r = order(one->line, two->line);
	if (r == 0)
		r = order(one->column, two->column);
	return r != 0 ? r : order(one->index, two->index);
}

static int sort(struct diagnostics *d)
{
	_cleanup_free_ struct sort_key *keys = calloc(d->n + 1, sizeof(*keys));
	struct seccomp_diagnostic *sorted = calloc(d->allocated + 1, sizeof(*sorted));

	if (!keys || !sorted) {
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < d->n; i++) {
		const struct seccomp_place *place = &d->list[i].place;

		keys[i] = (struct sort_key){ first_of_file(d, place->file), place->line, place->column, i };
	}
	qsort(keys, d->n, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < d->n; i++)
		sorted[i] = d->list[keys[i].index];
	free(d->list);
	d->list = sorted;
	return 0;
}

int lint_policy(struct diagnostics *d, const struct policy *p)
{
	struct linter l = { .d = d, .p = p, .work = REACH_WORK_MAX };
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_entries; i++)
		r = lint_entry(&l, &p->entries[i]);
	if (r == 0)
		r = lint_calls(&l);
	return r < 0 ? r : sort(d);
}
