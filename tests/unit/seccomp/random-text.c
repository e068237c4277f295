/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Writes a policy statement by statement, each in one of the many ways to write it, and tells the model what
 * it says. Whatever the model holds was put there from here, not from the text.
 */

#include "random-text.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/constants.h"
#include "seccomp/groups.h"
#include "seccomp/syscalls.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NAMES_MAX 6 /* of one statement */

struct writer {
	struct random *random;
	const struct text_shape *shape;
	struct random_text *result;
	struct policy grouped;   /* what was said of groups: counts for calls of which nothing else is said */
	FILE *files[TEXT_FILES]; /* as result->files */
	size_t open[TEXT_FILES]; /* those that include each other, the one being written last */
	size_t depth;
	bool denylist;
	bool group_done; /* there is one statement for groups: two could contradict each other */
};

/* What a statement is for. */
struct target_list {
	uint32_t numbers[NAMES_MAX];
	size_t n;
	unsigned architectures; /* bits: for whom the statement is */
	const struct syscall_group *group;
};

static FILE *out(const struct writer *w)
{
	return w->files[w->open[w->depth - 1]];
}

static bool once_in(struct writer *w, size_t n)
{
	return random_once_in(w->random, n);
}

static void begin_file(struct writer *w, const char *name)
{
	struct random_text *p = w->result;
	struct text_file *file = &p->files[p->n_files];

	(void)snprintf(file->name, sizeof(file->name), "%s", name);
	w->files[p->n_files] = open_memstream(&file->text, &file->size);
	assert_non_null(w->files[p->n_files]);
	w->open[w->depth++] = p->n_files++;
	if (w->denylist && strcmp(name, "counts") != 0)
		fputs("@denylist\n", out(w));
}

static void write_blank(struct writer *w)
{
	static const char *const blanks[] = { "", " ", "  ", "\t", " \\\n   " };

	fputs(blanks[random_below(w->random, ELEMENTSOF(blanks))], out(w));
}

static void end_line(struct writer *w)
{
	static const char *const ends[] = { "\n", "\n", "\n", " # why\n", "\n\n",
		"\n# read: 1 {} @default \\\n" };

	fputs(ends[random_below(w->random, ELEMENTSOF(ends))], out(w));
}

/* One of the ways to write a number of 64 bits, or of 32 where the word has no more. */
static void write_number(struct writer *w, uint64_t value, unsigned bits)
{
	uint64_t part = random_next(w->random);
	FILE *f = out(w);

	switch (random_below(w->random, 7)) {
	case 0:
		fprintf(f, "0x%" PRIx64, value);
		break;
	case 1:
		fprintf(f, "0%" PRIo64, value);
		break;
	case 2:
		fprintf(f, "~0x%" PRIX64, bits == 32 ? (uint32_t)~value : ~value);
		break;
	case 3:
		fprintf(f, "%" PRId64, bits == 32 ? (int32_t)value : (int64_t)value);
		break;
	case 4:
		fprintf(f, "(0x%" PRIx64 "|%" PRIu64 ")", value & part, value & ~part);
		break;
	case 5:
		fprintf(f, "0x%" PRIx64 " | ~(~(%" PRIu64 "))", value & part, value & ~part);
		break;
	default:
		fprintf(f, "%" PRIu64, value);
	}
}

/* Some that all architectures have, many with another value on each. */
static const char *const constants[] = { "O_RDWR", "O_CLOEXEC", "AF_UNIX", "AF_INET6", "PROT_EXEC",
	"PROT_WRITE", "MAP_SHARED", "CLONE_NEWUSER", "TIOCSTI", "FIONREAD", "AT_FDCWD", "MADV_DONTNEED",
	"F_SETFL", "PR_SET_NAME", "SOCK_NONBLOCK", "SIGKILL" };

/* @named: names mean what they mean here, and not on the first of other architectures. */
static uint64_t write_value(struct writer *w, unsigned bits, bool named)
{
	uint64_t value = random_value(w->random, bits);
	const char *name = constants[random_below(w->random, ELEMENTSOF(constants))];
	uint64_t constant;

	if (!named || !once_in(w, 4) ||
		constant_lookup(w->shape->architecture, name, strlen(name), &constant) < 0) {
		write_number(w, value, bits);
		return value;
	}
	if (once_in(w, 3)) {
		fprintf(out(w), "~%s", name);
		constant = ~constant;
	} else {
		fputs(name, out(w));
	}
	if (once_in(w, 2)) {
		fputs(" | ", out(w));
		write_number(w, value, bits);
		constant |= value;
	}
	return bits == 32 ? (uint32_t)constant : constant;
}

static uint32_t write_action(struct writer *w, bool permissive)
{
	static const struct {
		const char *text;
		uint32_t action;
	} actions[] = { { "allow", SECCOMP_RET_ALLOW }, { "1", SECCOMP_RET_ALLOW },
		{ "log", SECCOMP_RET_LOG }, { "kill", SECCOMP_RET_KILL_PROCESS },
		{ "kill-process", SECCOMP_RET_KILL_PROCESS }, { "kill-thread", SECCOMP_RET_KILL_THREAD },
		{ "trap", SECCOMP_RET_TRAP }, { "trace", SECCOMP_RET_TRACE },
		{ "user-notify", SECCOMP_RET_USER_NOTIF }, { "return EPERM", SECCOMP_RET_ERRNO | EPERM },
		{ "return ENOSYS", SECCOMP_RET_ERRNO | ENOSYS } };
	size_t first = permissive ? 0 : 3,
	       i = first + random_below(w->random, ELEMENTSOF(actions) + 3 - first);
	uint32_t error = 1 + (uint32_t)random_below(w->random, 4095);

	if (w->denylist && i < ELEMENTSOF(actions) - 2)
		i = ELEMENTSOF(actions);
	if (i < ELEMENTSOF(actions)) {
		fputs(actions[i].text, out(w));
		return actions[i].action;
	}
	fprintf(out(w), once_in(w, 2) ? "return %u" : "return 0x%x", error);
	return SECCOMP_RET_ERRNO | error;
}

/* The atoms and what joins them. */
static void write_atoms(struct writer *w, struct policy_rule *rule, unsigned bits, bool named)
{
	static const char *const ops[] = { "==", "!=", "<", "<=", ">", ">=", "&", "in" };
	size_t n = 1 + random_below(w->random, once_in(w, 2) ? 3 : w->shape->max_atoms);
	/* Half of the rules are lists of values for one argument, as real ones are. */
	bool list = once_in(w, 2);
	uint8_t argument = (uint8_t)random_below(w->random, POLICY_ARGUMENTS);

	for (size_t i = 0; i < n; i++) {
		struct policy_atom atom = {
			.argument = list || once_in(w, 2)
					    ? argument
					    : (uint8_t)random_below(w->random, POLICY_ARGUMENTS),
			.op = (uint8_t)(list && !once_in(w, 8) ? POLICY_EQ
							       : random_below(w->random, _POLICY_OP_MAX)),
			.last = (list && !once_in(w, 8)) || i + 1 == n || once_in(w, 2),
		};
		bool tight = atom.op != POLICY_IN && once_in(w, 4);

		fprintf(out(w), tight ? "arg%u%s" : "arg%u %s ", atom.argument, ops[atom.op]);
		atom.value = write_value(w, bits, named);
		assert_int_equal(policy_rule_add_atom(rule, atom), 0);
		if (i + 1 == n)
			break;
		write_blank(w);
		fputs(atom.last ? "||" : "&&", out(w));
		write_blank(w);
	}
}

static struct policy_rule *write_rule(struct writer *w, bool unconditional, unsigned bits, bool named)
{
	struct policy_rule *rule = policy_add_rule(&w->result->model);

	assert_non_null(rule);
	rule->action = SECCOMP_RET_ALLOW;
	if (unconditional) {
		rule->action = write_action(w, true);
		return rule;
	}
	write_atoms(w, rule, bits, named);
	if (!w->denylist && once_in(w, 2))
		return rule;
	fputs(once_in(w, 2) ? "; " : ";", out(w));
	rule->action = write_action(w, true);
	return rule;
}

static void attach(struct policy *p, uint32_t number, struct policy_rule *rule)
{
	const struct policy_rule *earlier;

	assert_int_equal(policy_attach(p, number, rule, &earlier), 0);
}

/* Whether something more can be said of a number. */
static bool is_open(const struct writer *w, uint32_t number)
{
	const struct policy_entry *entry = policy_find(&w->result->model, number);

	return !entry || entry->rules[entry->n_rules - 1]->n_atoms > 0;
}

/* "[arch=...]", or nothing. Only architectures of the mask @possible. Returns those that are meant. */
static unsigned write_architectures(struct writer *w, unsigned possible)
{
	unsigned chosen = (unsigned)random_next(w->random) & possible;
	const char *separator = "";

	if (!once_in(w, 4) || chosen == 0)
		return (1U << _ARCHITECTURE_MAX) - 1;
	fputs("[arch=", out(w));
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++) {
		const struct architecture *a = &architectures[i];

		if (!(chosen & 1U << i))
			continue;
		fprintf(out(w), "%s%s", separator, a->alias && once_in(w, 2) ? a->alias : a->name);
		separator = once_in(w, 2) ? "," : ", ";
	}
	fputs("]", out(w));
	return chosen;
}

static unsigned owners(const char *name)
{
	unsigned found = 0;
	uint32_t number;

	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		if (syscall_lookup(&architectures[i], name, strlen(name), &number) == 0)
			found |= 1U << i;
	return found;
}

/* @number: without the first one of the architecture. */
static unsigned write_target(struct writer *w, uint32_t number)
{
	const struct architecture *a = w->shape->architecture;
	uint32_t full = number + a->first_number;
	const char *name = syscall_name(a, full);

	if (name && once_in(w, 2)) {
		fputs(name, out(w));
		return write_architectures(w, owners(name));
	}
	if (a->first_number > 0 && once_in(w, 2)) {
		fprintf(out(w), "0x%x", full);
		return write_architectures(w, 1U << a->id);
	}
	fprintf(out(w), once_in(w, 4) ? "0x%x" : "%u", number);
	return write_architectures(w, number < 4096 ? (1U << _ARCHITECTURE_MAX) - 1 : 1U << a->id);
}

static void write_group(struct writer *w, struct target_list *t)
{
	static const char *const names[] = { "basic-io", "signal", "timer", "sync", "io-event", "process" };
	const char *name = names[random_below(w->random, ELEMENTSOF(names))];

	t->group = syscall_group_find(name, strlen(name));
	assert_non_null(t->group);
	fprintf(out(w), once_in(w, 2) ? "@%s" : "%s@systemd", name);
	t->architectures |= write_architectures(w, (1U << _ARCHITECTURE_MAX) - 1);
	if (!(t->architectures & 1U << w->shape->architecture->id))
		t->group = NULL;
}

/* Numbers of which something can be said, each once. */
static size_t choose_numbers(struct writer *w, uint32_t *ret, size_t wanted)
{
	size_t n = 0;

	for (size_t tries = 0; tries < 16 && n < wanted; tries++) {
		uint32_t number = w->shape->numbers[random_below(w->random, w->shape->n_numbers)];
		bool usable = is_open(w, number + w->shape->architecture->first_number);

		for (size_t i = 0; i < n; i++)
			usable = usable && ret[i] != number;
		if (usable)
			ret[n++] = number;
	}
	return n;
}

/* What stands before the colon. Returns false when there is nothing left to say anything about. */
static bool write_targets(struct writer *w, struct target_list *t)
{
	size_t wanted = 1 + (once_in(w, 3) ? random_below(w->random, NAMES_MAX) : 0), n;
	uint32_t numbers[NAMES_MAX];
	bool braces;

	*t = (struct target_list){};
	if (w->shape->groups && !w->group_done && once_in(w, 4)) {
		w->group_done = true;
		write_group(w, t);
		return true;
	}
	n = choose_numbers(w, numbers, wanted);
	braces = n > 1 || once_in(w, 4);
	if (n == 0)
		return false;
	fputs(braces ? "{" : "", out(w));
	for (size_t i = 0; i < n; i++) {
		unsigned meant;

		fputs(i > 0 ? ", " : "", out(w));
		meant = write_target(w, numbers[i]);
		t->architectures |= meant;
		if (meant & 1U << w->shape->architecture->id)
			t->numbers[t->n++] = numbers[i] + w->shape->architecture->first_number;
	}
	fputs(braces ? "}" : "", out(w));
	return true;
}

static void attach_rule(struct writer *w, const struct target_list *t, struct policy_rule *rule)
{
	const struct architecture *a = w->shape->architecture;
	uint32_t number;

	for (size_t i = 0; i < t->n; i++)
		attach(&w->result->model, t->numbers[i], rule);
	for (size_t i = 0; t->group && i < t->group->n_members; i++) {
		const char *name = syscall_group_member(t->group, i);

		if (syscall_lookup(a, name, strlen(name), &number) == 0)
			attach(&w->grouped, number, rule);
	}
}

static void write_statement(struct writer *w)
{
	size_t n = 1 + (once_in(w, 2) ? random_below(w->random, w->shape->max_rules) : 0);
	bool block = n > 1 || once_in(w, 4), own;
	struct target_list t;
	unsigned bits;

	if (!write_targets(w, &t))
		return;
	own = t.architectures & 1U << w->shape->architecture->id;
	bits = own ? w->shape->architecture->word_bits : 32;
	fputs(":", out(w));
	write_blank(w);
	fputs(block ? "{" : "", out(w));
	for (size_t i = 0; i < n; i++) {
		fputs(i > 0 ? ", " : "", out(w));
		attach_rule(w, &t, write_rule(w, i + 1 == n && once_in(w, 2), bits, own));
	}
	fputs(block ? " }" : "", out(w));
	end_line(w);
}

/* How often calls are made changes the program, and never what it says. */
static void write_frequencies(struct writer *w)
{
	struct random_text *p = w->result;
	size_t depth = w->depth;

	fputs("@frequency ./counts\n", out(w));
	begin_file(w, "counts");
	for (size_t i = 0; i < 10; i++) {
		fprintf(out(w), "%u: %" PRIu64,
			w->shape->numbers[random_below(w->random, w->shape->n_numbers)] % 4096,
			random_next(w->random) >> random_below(w->random, 64));
		fputs(once_in(w, 4) ? " # seen\n" : "\n", out(w));
	}
	w->depth = depth;
	assert_true(p->n_files <= TEXT_FILES);
}

static void write_include(struct writer *w)
{
	char name[24];

	(void)snprintf(name, sizeof(name), "part%zu.policy", w->result->n_files);
	fprintf(out(w), once_in(w, 2) ? "@include %s\n" : "@include ./%s\n", name);
	begin_file(w, name);
}

static void write_default(struct writer *w)
{
	fputs("@default ", out(w));
	w->result->model.default_action = write_action(w, false);
	end_line(w);
}

/* What is said by name goes before what is said of groups: in a deny list it comes first, else alone. */
static void merge_groups(struct writer *w)
{
	for (size_t i = 0; i < w->grouped.n_entries; i++) {
		const struct policy_entry *entry = &w->grouped.entries[i];

		if (w->denylist ? !is_open(w, entry->number)
				: policy_find(&w->result->model, entry->number) != NULL)
			continue;
		for (size_t j = 0; j < entry->n_rules; j++)
			attach(&w->result->model, entry->number, entry->rules[j]);
	}
}

static void write_policy(struct writer *w)
{
	size_t n = 1 + random_below(w->random, w->shape->max_statements);
	size_t default_before = w->denylist || once_in(w, 4) ? n : random_below(w->random, n);
	size_t counts_before = w->shape->files && once_in(w, 4) ? random_below(w->random, n) : n;

	begin_file(w, "");
	for (size_t i = 0; i < n; i++) {
		if (i == default_before)
			write_default(w);
		if (i == counts_before)
			write_frequencies(w);
		if (w->shape->files && w->result->n_files + 1 < TEXT_FILES && once_in(w, 8))
			write_include(w);
		else if (w->depth > 1 && once_in(w, 3))
			w->depth--;
		write_statement(w);
	}
}

void random_text_make(struct random *r, const struct text_shape *shape, struct random_text *ret)
{
	struct writer w = { .random = r, .shape = shape, .result = ret };

	*ret = (struct random_text){};
	policy_init(&ret->model, shape->architecture);
	policy_init(&w.grouped, shape->architecture);
	w.denylist = shape->denylists && once_in(&w, 8);
	ret->model.denylist = w.denylist;
	if (w.denylist)
		ret->model.default_action = SECCOMP_RET_ALLOW;
	write_policy(&w);
	merge_groups(&w);
	policy_done(&w.grouped);
	for (size_t i = 0; i < ret->n_files; i++)
		assert_int_equal(fclose(w.files[i]), 0);
}

void random_text_done(struct random_text *p)
{
	policy_done(&p->model);
	for (size_t i = 0; i < p->n_files; i++)
		free(p->files[i].text);
}

void random_text_print(const struct random_text *p, FILE *f)
{
	for (size_t i = 0; i < p->n_files; i++)
		fprintf(f, "--- %s for %s\n%s", i == 0 ? "policy" : p->files[i].name,
			p->model.architecture->name, p->files[i].text);
	fputs("---\n", f);
}
