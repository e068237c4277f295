/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the rules of one call come to together: rules that decide nothing, calls that should not get through.
 */

#include "seccomp/linter.h"

#include "base/error.h"
#include "seccomp/lint-arguments.h"
#include "seccomp/syscalls.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#define WORK_MAX      20000      /* steps for one question; who has rules that need more gets no answer */
#define RULES_MAX     512        /* of a call: more are not looked at one against all */
#define UNUSUAL       0x7ffffff1 /* no address family */
#define UPPER_BITS    (1ULL << 32)
#define PROT_ARGUMENT 2
#define TRY_STEPS     32 /* for each atom, to see whether upper bits evade a comparison */

static const struct conjunction always = { 0 };

/* The decisions of a call. */
struct reach {
	struct linter *l;
	uint32_t number;
	const char *name; /* for messages */
	char buffer[LINT_NAME_MAX];
	struct decisions decisions;
	struct conjunction *conditions; /* of the decisions, in a list of their own */
	size_t n_atoms;                 /* of all of them */
};

static void reach_done(struct reach *r)
{
	decisions_done(&r->decisions);
	free(r->conditions);
}

static int reach_init(struct reach *ret, struct linter *l, uint32_t number)
{
	int r;

	*ret = (struct reach){ .l = l, .number = number };
	ret->name = lint_name(l->p, number, ret->buffer);
	r = decisions_of(l->p, number, &ret->decisions);
	if (r < 0)
		return r;
	ret->conditions = calloc(ret->decisions.n, sizeof(*ret->conditions));
	if (!ret->conditions)
		return -ENOMEM;
	for (size_t i = 0; i < ret->decisions.n; i++) {
		ret->conditions[i] = ret->decisions.list[i].when;
		ret->n_atoms += ret->conditions[i].n;
	}
	return 0;
}

/*
 * Whether there is a call that both conjunctions hold for, and none of the first @n_before decisions: 1, 0;
 * -E2BIG, -ENOMEM.
 */
static int exists(const struct reach *reach, const struct conjunction *one, const struct conjunction *other,
	size_t n_before)
{
	uint64_t work = reach->l->work < WORK_MAX ? reach->l->work : WORK_MAX;
	_cleanup_(region_done) struct region region;
	int r;

	region_init(&region, reach->l->p->architecture, work);
	r = region_add_all(&region, one);
	if (r > 0)
		r = region_add_all(&region, other);
	if (r > 0 && n_before > 0)
		r = region_escape(&region, reach->conditions, n_before);
	reach->l->work -= work - region.work;
	return r;
}

/* Whether decision @i is ever made for a call that @more holds for: as exists(). */
static int is_made(const struct reach *reach, size_t i, const struct conjunction *more)
{
	return exists(reach, more, &reach->conditions[i], i);
}

static struct position place_of(const struct decision *d)
{
	const struct policy_atom *last;
	struct position at;

	if (d->when.n == 0)
		return d->rule->at;
	at = atom_position(d->rule, d->when.atoms);
	last = &d->when.atoms[d->when.n - 1];
	at.length = last->offset + last->length - at.offset;
	return at;
}

static int check_made(const struct reach *reach, size_t i)
{
	const struct decision *d = &reach->decisions.list[i];
	int r = exists(reach, &always, &d->when, 0);

	if (r == 0)
		return lint_warn(reach->l, place_of(d), "never-true", "this condition never holds");
	if (r < 0)
		return r == -E2BIG ? 0 : r;
	r = is_made(reach, i, &always);
	if (r == 0)
		return lint_warn(reach->l, place_of(d), "unreachable",
			"what stands before this for `%s` decides each call that it is about", reach->name);
	return r == -ENOMEM ? r : 0;
}

/* Such as "arg0 >= 0". Where words have 32 bits, what is good on other architectures often holds always. */
static int check_always(const struct reach *reach, const struct decision *d)
{
	for (size_t i = 0; i < d->when.n && reach->l->p->architecture->word_bits == 64; i++) {
		const struct policy_atom opposite = atom_negated(&d->when.atoms[i]);
		int r = exists(reach, &always, &(struct conjunction){ &opposite, 1 }, 0);

		if (r == 0)
			r = lint_warn(reach->l, atom_position(d->rule, &d->when.atoms[i]), "always-true",
				"this comparison always holds");
		if (r < 0 && r != -E2BIG)
			return r;
	}
	return 0;
}

/* The rule that allows a call for which @more holds, or NULL. */
static int find_permission(
	const struct reach *reach, const struct conjunction *more, const struct decision **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < reach->decisions.n; i++) {
		const struct decision *d = &reach->decisions.list[i];
		int r;

		if (!d->rule || !rule_allows(d->rule))
			continue;
		r = is_made(reach, i, more);
		if (r == -ENOMEM)
			return r;
		if (r <= 0)
			continue;
		*ret = d;
		return 0;
	}
	return 0;
}

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/* The old mmap of i386 takes its six arguments in a block of memory: what a rule compares is something else.
 */
static int check_old_mmap(const struct reach *reach)
{
	const struct decision *d;
	int r = find_permission(reach, &always, &d);

	if (r < 0 || !d)
		return r;
	return lint_warn(reach->l, place_of(d), "writable-executable",
		"on i386 the arguments of `mmap` are in memory, out of a filter's sight: this lets it make "
		"memory "
		"that is both writable and executable; C libraries use `mmap2`");
}

static int check_memory(const struct reach *reach)
{
	static const char *const calls[] = { "mmap", "mmap2", "mprotect", "pkey_mprotect" };
	const struct policy_atom both[] = {
		{ .argument = PROT_ARGUMENT, .op = POLICY_ANY, .value = PROT_WRITE },
		{ .argument = PROT_ARGUMENT, .op = POLICY_ANY, .value = PROT_EXEC, .last = true },
	};
	const struct decision *d;
	int r;

	if (!is_one_of(reach->name, calls, ELEMENTSOF(calls)))
		return 0;
	if (reach->l->p->architecture->id == ARCHITECTURE_I386 && strcmp(reach->name, "mmap") == 0)
		return check_old_mmap(reach);
	r = find_permission(reach, &(struct conjunction){ both, ELEMENTSOF(both) }, &d);
	if (r < 0 || !d)
		return r;
	return lint_warn(reach->l, place_of(d), "writable-executable",
		"this lets `%s` make memory that is both writable and executable; "
		"`arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE` keeps them apart",
		reach->name);
}

static int check_family(const struct reach *reach)
{
	static const char *const calls[] = { "socket", "socketpair" };
	const struct policy_atom unusual = { .op = POLICY_EQ, .value = UNUSUAL, .last = true };
	const struct decision *d;
	int r;

	if (!is_one_of(reach->name, calls, ELEMENTSOF(calls)))
		return 0;
	r = find_permission(reach, &(struct conjunction){ &unusual, 1 }, &d);
	if (r < 0 || !d)
		return r;
	return lint_warn(reach->l, place_of(d), "socket-family",
		"this lets `%s` have sockets of any family, and so reach much of the kernel; "
		"name the families: `arg0 == AF_UNIX`",
		reach->name);
}

/* Whether all comparisons of one argument hold. */
static bool agrees(const struct reach *reach, size_t i, unsigned argument, uint64_t value)
{
	const struct conjunction *c = &reach->conditions[i];

	for (size_t k = 0; k < c->n; k++)
		if (c->atoms[k].argument == argument &&
			!atom_holds(&c->atoms[k], reach->l->p->architecture, value))
			return false;
	return true;
}

static bool looks_only_at(const struct conjunction *c, unsigned argument)
{
	for (size_t k = 0; k < c->n; k++)
		if (c->atoms[k].argument != argument)
			return false;
	return true;
}

/* Whether a decision from number @first on that allows can be made for this value of the argument. */
static bool may_allow(const struct reach *reach, size_t first, unsigned argument, uint64_t value)
{
	for (size_t i = 0; i < reach->decisions.n; i++) {
		const struct decision *d = &reach->decisions.list[i];

		if (!agrees(reach, i, argument, value))
			continue;
		if (i >= first && action_permission(d->action) == PERMISSION_ALLOWED)
			return true;
		if (looks_only_at(&d->when, argument))
			return false;
	}
	return false;
}

/*
 * Whether the upper half of the argument, which the kernel ignores, changes the verdict to "allowed": then
 * whoever wants the call with @value sets it.
 */
static bool is_evaded(const struct reach *reach, size_t i, unsigned argument, uint32_t value)
{
	uint64_t garbled = value | UPPER_BITS;
	bool plain = agrees(reach, i, argument, value), evaded = agrees(reach, i, argument, garbled);

	if (action_permission(reach->decisions.list[i].action) == PERMISSION_ALLOWED)
		return evaded && !plain && may_allow(reach, i, argument, garbled) &&
		       !may_allow(reach, 0, argument, value);
	return plain && !evaded && may_allow(reach, i + 1, argument, garbled);
}

static int warn_evasion(const struct reach *reach, const struct decision *d, const struct policy_atom *atom)
{
	struct position at = atom_position(d->rule, atom);

	if (rule_allows(d->rule))
		return lint_warn(reach->l, at, "high-bits",
			"the kernel ignores the upper 32 bits of arg%u of `%s`, and with any of them set "
			"other "
			"values get through here; put `arg%u in 0xffffffff &&` before it",
			atom->argument, reach->name, atom->argument);
	return lint_warn(reach->l, at, "high-bits",
		"the kernel ignores the upper 32 bits of arg%u of `%s`, and with any of them set the call is "
		"not "
		"stopped here; name the values that are allowed, or begin what allows the others with "
		"`arg%u in 0xffffffff`",
		atom->argument, reach->name, atom->argument);
}

static int check_evasion(const struct reach *reach, size_t i, const struct policy_atom *atom)
{
	uint32_t value = (uint32_t)atom->value;
	const uint32_t tries[] = { value, value - 1, value + 1, value & -value, 0 };

	for (size_t k = 0; k < ELEMENTSOF(tries); k++)
		if (is_evaded(reach, i, atom->argument, tries[k]))
			return warn_evasion(reach, &reach->decisions.list[i], atom);
	return 0;
}

static int check_evasions(const struct reach *reach, size_t i)
{
	const struct decision *d = &reach->decisions.list[i];
	const struct architecture *a = reach->l->p->architecture;
	int r = 0;

	for (size_t k = 0; r == 0 && k < d->when.n && a->word_bits == 64; k++) {
		const struct policy_atom *atom = &d->when.atoms[k];

		if (argument_kind(a, syscall_name(a, reach->number), atom->argument) == ARGUMENT_INT &&
			lint_spend(reach->l, TRY_STEPS * reach->n_atoms))
			r = check_evasion(reach, i, atom);
	}
	return r;
}

int lint_entry(struct linter *l, const struct policy_entry *entry)
{
	_cleanup_(reach_done) struct reach reach;
	int r = reach_init(&reach, l, entry->number);

	if (r == 0)
		r = check_memory(&reach);
	if (r == 0)
		r = check_family(&reach);
	if (reach.decisions.n > RULES_MAX)
		return r;
	for (size_t i = 0; r == 0 && i < reach.decisions.n; i++) {
		if (!reach.decisions.list[i].rule)
			continue;
		r = check_made(&reach, i);
		if (r == 0)
			r = check_always(&reach, &reach.decisions.list[i]);
		if (r == 0)
			r = check_evasions(&reach, i);
	}
	return r;
}
