/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "random-policy.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/random.h>

#include <cmocka.h>

int random_seed(uint64_t *ret)
{
	const char *wanted = getenv("BAILIFF_TEST_SEED");

	if (wanted)
		*ret = strtoull(wanted, NULL, 0);
	else if (getrandom(ret, sizeof(*ret), 0) != sizeof(*ret))
		return -1;
	print_message("BAILIFF_TEST_SEED=0x%" PRIx64 "\n", *ret);
	return 0;
}

struct random random_from_seed(uint64_t seed)
{
	struct random r = { .state = seed * 0x9e3779b97f4a7c15ULL | 1 };

	/* Seeds that are neighbours begin alike. */
	for (size_t i = 0; i < 8; i++)
		(void)random_next(&r);
	return r;
}

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

bool random_once_in(struct random *r, size_t n)
{
	return random_below(r, n) == 0;
}

uint64_t random_value(struct random *r, unsigned bits)
{
	static const uint64_t edges[] = { 0, 1, 2, 4, 6, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		0x100000001, 0x1ffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffff00000000,
		UINT64_MAX - 1, UINT64_MAX };
	uint64_t value = edges[random_below(r, ELEMENTSOF(edges))];

	switch (random_below(r, 6)) {
	case 0:
		value = random_next(r);
		break;
	case 1:
	case 2:
		value = random_below(r, 16);
		break;
	case 3:
		value = ~(1ULL << random_below(r, 64));
		break;
	default:
		break;
	}
	return bits == 32 ? (uint32_t)value : value;
}

static uint32_t random_action(struct random *r)
{
	static const uint32_t actions[] = { SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS,
		SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_LOG };
	size_t i = random_below(r, ELEMENTSOF(actions) + 3);

	return i < ELEMENTSOF(actions) ? actions[i]
				       : SECCOMP_RET_ERRNO | (uint32_t)(1 + random_below(r, 4095));
}

static void random_atoms(
	struct random *r, const struct random_shape *shape, unsigned bits, struct policy_rule *rule)
{
	size_t n = 1 + random_below(r, shape->max_atoms);
	/* Half of the rules are lists of values for one argument, as real ones are. */
	bool list = random_below(r, 2) == 0;
	uint8_t argument = (uint8_t)random_below(r, POLICY_ARGUMENTS);

	for (size_t i = 0; i < n; i++) {
		struct policy_atom atom = {
			.value = random_value(r, bits),
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
				random_atoms(r, shape, ret->architecture->word_bits, rule);
			assert_int_equal(policy_attach(ret, number, rule, &earlier), 0);
		}
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
			return atom->value ^ 1ULL << random_below(r, 64);
		case 3:
			return ~atom->value;
		case 4:
			return atom->value & random_next(r);
		default:
			return atom->value;
		}
	}
	return random_value(r, 64);
}

/* Values for which one conjunction of the entry holds, as far as that is easy to say. */
static void aim(struct random *r, const struct policy_entry *entry, struct seccomp_data *data)
{
	const struct policy_rule *rule = entry->rules[random_below(r, entry->n_rules)];
	size_t at = rule->n_atoms > 0 ? random_below(r, rule->n_atoms) : 0;

	while (at > 0 && !rule->atoms[at - 1].last)
		at--;
	for (; at < rule->n_atoms; at++) {
		const struct policy_atom *atom = &rule->atoms[at];
		uint64_t value = atom->value;

		if (atom->op == POLICY_NE || atom->op == POLICY_LT)
			value--;
		else if (atom->op == POLICY_GT)
			value++;
		data->args[atom->argument] = value;
		if (atom->last)
			break;
	}
}

void random_call(struct random *r, const struct policy *p, struct seccomp_data *ret)
{
	static const struct policy_rule nothing = {};
	static const struct policy_rule *const no_rules[] = { &nothing };
	struct policy_entry none = { .number = p->architecture->first_number + (uint32_t)random_below(r, 500),
		.rules = (struct policy_rule **)(uintptr_t)no_rules,
		.n_rules = 1 };
	const struct policy_entry *entry =
		p->n_entries > 0 ? &p->entries[random_below(r, p->n_entries)] : &none;
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
	if (random_once_in(r, 3))
		aim(r, entry, ret);
}

void random_disturb(struct random *r, const struct policy *p, struct seccomp_data *data)
{
	bool garbage = p->architecture->word_bits == 32 && random_once_in(r, 2);

	data->instruction_pointer = random_next(r);
	switch (random_below(r, 24)) {
	case 0:
		data->nr ^= 0x40000000;
		break;
	case 1:
		data->nr = (int)((uint32_t)data->nr ^ 0x80000000);
		break;
	case 2:
		data->nr = (int)(uint32_t)random_value(r, 32);
		break;
	case 3:
		data->arch = (uint32_t)random_value(r, 32);
		break;
	case 4:
		data->arch = architectures[random_below(r, _ARCHITECTURE_MAX)].audit;
		break;
	default:
		break;
	}
	for (unsigned i = 0; garbage && i < POLICY_ARGUMENTS; i++)
		data->args[i] ^= random_next(r) << 32;
}
