/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/simulate.h"

#include "base/error.h"

#include <string.h>

static bool atom_holds(const struct policy_atom *atom, uint64_t argument)
{
	switch ((enum policy_op)atom->op) {
	case POLICY_EQ:
		return argument == atom->value;
	case POLICY_NE:
		return argument != atom->value;
	case POLICY_LT:
		return argument < atom->value;
	case POLICY_LE:
		return argument <= atom->value;
	case POLICY_GT:
		return argument > atom->value;
	case POLICY_GE:
		return argument >= atom->value;
	case POLICY_ANY:
		return (argument & atom->value) != 0;
	case POLICY_IN:
		return (argument & ~atom->value) == 0;
	case _POLICY_OP_MAX:
		break;
	}
	return false;
}

/* The part of an argument that the kernel looks at. */
static uint64_t argument_word(const struct architecture *a, uint64_t argument)
{
	return a->word_bits == 32 ? (uint32_t)argument : argument;
}

static bool rule_applies(
	const struct architecture *a, const struct policy_rule *rule, const struct seccomp_data *data)
{
	bool all = true;

	for (size_t i = 0; i < rule->n_atoms; i++) {
		const struct policy_atom *atom = &rule->atoms[i];

		all = all && atom_holds(atom, argument_word(a, data->args[atom->argument]));
		if (!atom->last)
			continue;
		if (all)
			return true;
		all = true;
	}
	return rule->n_atoms == 0;
}

uint32_t policy_evaluate(const struct policy *p, const struct seccomp_data *data)
{
	uint32_t number = (uint32_t)data->nr;
	const struct policy_entry *entry;

	if (data->arch != p->architecture->audit || number < p->architecture->first_number ||
		number > p->architecture->last_number)
		return SECCOMP_RET_KILL_PROCESS;
	entry = policy_find(p, number);
	if (!entry)
		return p->default_action;
	for (size_t i = 0; i < entry->n_rules; i++)
		if (rule_applies(p->architecture, entry->rules[i], data))
			return entry->rules[i]->action;
	return p->default_action;
}

/* Whether a conditional jump is taken: 1 or 0; -EINVAL for an instruction that is none. */
static int jump_taken(const struct sock_filter *insn, uint32_t accumulator)
{
	switch (insn->code) {
	case BPF_JMP | BPF_JEQ | BPF_K:
		return accumulator == insn->k;
	case BPF_JMP | BPF_JGE | BPF_K:
		return accumulator >= insn->k;
	case BPF_JMP | BPF_JSET | BPF_K:
		return (accumulator & insn->k) != 0;
	default:
		return -EINVAL;
	}
}

int filter_simulate(
	const struct sock_filter *filter, size_t n, const struct seccomp_data *data, uint32_t *ret_action)
{
	uint32_t accumulator = 0;

	/* Jumps only go forward, so this ends. */
	for (size_t at = 0; at < n; at++) {
		const struct sock_filter *insn = &filter[at];
		int taken;

		if (insn->code == (BPF_RET | BPF_K)) {
			*ret_action = insn->k;
			return 0;
		}
		if (insn->code == (BPF_LD | BPF_W | BPF_ABS)) {
			if (insn->k % sizeof(accumulator) != 0 ||
				insn->k > sizeof(*data) - sizeof(accumulator))
				return -EINVAL;
			memcpy(&accumulator, (const char *)data + insn->k, sizeof(accumulator));
			continue;
		}
		if (insn->code == (BPF_JMP | BPF_JA)) {
			if (insn->k >= n - at)
				return -EINVAL;
			at += insn->k;
			continue;
		}
		taken = jump_taken(insn, accumulator);
		if (taken < 0)
			return taken;
		at += taken ? insn->jt : insn->jf;
	}
	return -EINVAL;
}
