/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "random-policy.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

uint64_t random_next(struct random *r)
{
	/* xorshift64* */
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1dULL;
}

size_t random_below(struct random *r, size_t n)
{
	return (size_t)(random_next(r) >> 16) % n;
}

static uint64_t random_value(struct random *r)
{
	static const uint64_t edges[] = { 0, 1, 2, 4, 6, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		0x100000001, 0x1ffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffff00000000,
		UINT64_MAX - 1, UINT64_MAX };
	uint64_t value = edges[random_below(r, ELEMENTSOF(edges))];

	switch (random_below(r, 5)) {
	case 0:
		return random_next(r);
	case 1:
		return random_below(r, 16);
	case 2:
		return ~(1ULL << random_below(r, 64));
	default:
		return value;
	}
}

static uint32_t random_action(struct random *r)
{
	static const uint32_t actions[] = { SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS,
		SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_LOG };
	size_t i = random_below(r, ELEMENTSOF(actions) + 3);

	return i < ELEMENTSOF(actions) ? actions[i]
				       : SECCOMP_RET_ERRNO | (uint32_t)(1 + random_below(r, 4095));
}

static void random_atoms(struct random *r, const struct random_shape *shape, struct policy_rule *rule)
{
	size_t n = 1 + random_below(r, shape->max_atoms);
	/* Half of the rules are lists of values for one argument, as real ones are. */
	bool list = random_below(r, 2) == 0;
	uint8_t argument = (uint8_t)random_below(r, POLICY_ARGUMENTS);

	for (size_t i = 0; i < n; i++) {
		struct policy_atom atom = {
			.value = random_value(r),
			.argument = list ? argument : (uint8_t)random_below(r, POLICY_ARGUMENTS),
			.op = (uint8_t)(list && random_below(r, 8) > 0 ? POLICY_EQ
								       : random_below(r, _POLICY_OP_MAX)),
			.last = list || i + 1 == n || random_below(r, 2) == 0,
		};

		assert_int_equal(policy_rule_add_atom(rule, atom), 0);
	}
}

void random_policy(struct random *r, const struct random_shape *shape, struct policy *ret)
{
	size_t entries = 1 + random_below(r, shape->max_entries);

	do
		ret->default_action = random_action(r);
	while (ret->default_action == SECCOMP_RET_ALLOW || ret->default_action == SECCOMP_RET_LOG);
	for (size_t i = 0; i < entries; i++) {
		uint32_t number = shape->first_number + (uint32_t)random_below(r, shape->n_numbers);
		size_t rules = 1 + random_below(r, shape->max_rules);
		const struct policy_rule *earlier;

		if (policy_find(ret, number))
			continue;
		for (size_t j = 0; j < rules; j++) {
			struct policy_rule *rule = policy_add_rule(ret);

			assert_non_null(rule);
			rule->action = random_action(r);
			if (j + 1 < rules || random_below(r, 2) == 0)
				random_atoms(r, shape, rule);
			assert_int_equal(policy_attach(ret, number, rule, &earlier), 0);
		}
	}
}

static void print_value(struct random *r, uint64_t value, FILE *f)
{
	uint64_t part = random_next(r);

	switch (random_below(r, 6)) {
	case 0:
		fprintf(f, "0x%" PRIx64, value);
		break;
	case 1:
		fprintf(f, "0%" PRIo64, value);
		break;
	case 2:
		fprintf(f, "~0x%" PRIX64, ~value);
		break;
	case 3:
		fprintf(f, "%" PRId64, (int64_t)value);
		break;
	case 4:
		fprintf(f, "(0x%" PRIx64 "|%" PRIu64 ")", value & part, value & ~part);
		break;
	default:
		fprintf(f, "0x%" PRIx64 " | ~(~(%" PRIu64 "))", value & part, value & ~part);
	}
}

static void print_action(uint32_t action, FILE *f)
{
	if (action == SECCOMP_RET_ALLOW)
		fputs("allow", f);
	else if (action == SECCOMP_RET_KILL_PROCESS)
		fputs("kill", f);
	else if (action == SECCOMP_RET_KILL_THREAD)
		fputs("kill-thread", f);
	else if (action == SECCOMP_RET_TRAP)
		fputs("trap", f);
	else if (action == SECCOMP_RET_LOG)
		fputs("log", f);
	else
		fprintf(f, "return %u", action & SECCOMP_RET_DATA);
}

static void print_rule(struct random *r, const struct policy_rule *rule, FILE *f)
{
	static const char *const ops[] = { "==", "!=", "<", "<=", ">", ">=", "&", "in" };

	for (size_t i = 0; i < rule->n_atoms; i++) {
		const struct policy_atom *atom = &rule->atoms[i];

		fprintf(f, "arg%u %s ", atom->argument, ops[atom->op]);
		print_value(r, atom->value, f);
		if (i + 1 < rule->n_atoms)
			fprintf(f, " %s%s", atom->last ? "||" : "&&",
				random_below(r, 4) == 0 ? " \\\n  " : " ");
		else if (rule->action != SECCOMP_RET_ALLOW || random_below(r, 2) == 0)
			fputs("; ", f);
		else
			return;
	}
	print_action(rule->action, f);
}

void random_print(struct random *r, const struct policy *p, FILE *f)
{
	fputs("@default ", f);
	print_action(p->default_action, f);
	fputs(" # made by a test\n", f);
	for (size_t i = 0; i < p->n_entries; i++) {
		const struct policy_entry *entry = &p->entries[i];
		bool block = random_below(r, 2) == 0;

		fprintf(f, block ? "{%u}: { " : "%u: ", entry->number);
		for (size_t j = 0; j < entry->n_rules; j++) {
			if (j > 0 && block)
				fputs(", ", f);
			else if (j > 0)
				fprintf(f, "\n%u: ", entry->number);
			print_rule(r, entry->rules[j], f);
		}
		fputs(block ? " }\n" : "\n", f);
	}
}

/* A value that an atom of the entry compares with, or one that differs from it as little as can be. */
static uint64_t near_value(struct random *r, const struct policy_entry *entry, unsigned argument)
{
	const struct policy_rule *rule = entry->rules[random_below(r, entry->n_rules)];

	for (size_t tries = 0; tries < 8 && rule->n_atoms > 0; tries++) {
		const struct policy_atom *atom = &rule->atoms[random_below(r, rule->n_atoms)];

		if (atom->argument != argument)
			continue;
		switch (random_below(r, 8)) {
		case 0:
			return atom->value + 1;
		case 1:
			return atom->value - 1;
		case 2:
			return atom->value ^ (1ULL << random_below(r, 64));
		case 3:
			return ~atom->value;
		case 4:
			return atom->value & random_next(r);
		default:
			return atom->value;
		}
	}
	return random_value(r);
}

void random_call(struct random *r, const struct policy *p, struct seccomp_data *ret)
{
	const struct policy_entry *entry = &p->entries[random_below(r, p->n_entries)];
	uint32_t number = entry->number;

	switch (random_below(r, 16)) {
	case 0:
		number++;
		break;
	case 1:
		number--;
		break;
	default:
		break;
	}
	*ret = (struct seccomp_data){ .nr = (int)number, .arch = p->architecture->audit };
	for (unsigned i = 0; i < POLICY_ARGUMENTS; i++)
		ret->args[i] = near_value(r, entry, i);
}
