/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy-run.h"

#include "base/error.h"

#include <stdbool.h>
#include <string.h>

struct machine {
	uint32_t a, x;
	uint32_t memory[BPF_MEMWORDS];
};

static int load(struct machine *m, const struct sock_filter *insn, const struct seccomp_data *data)
{
	uint32_t value;

	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		value = insn->k;
		break;
	case BPF_ABS:
		if (insn->k % sizeof(value) != 0 || insn->k > sizeof(*data) - sizeof(value))
			return -EINVAL;
		memcpy(&value, (const char *)data + insn->k, sizeof(value));
		break;
	case BPF_MEM:
		if (insn->k >= BPF_MEMWORDS)
			return -EINVAL;
		value = m->memory[insn->k];
		break;
	default:
		return -EINVAL;
	}
	if (BPF_CLASS(insn->code) == BPF_LD)
		m->a = value;
	else
		m->x = value;
	return 0;
}

static int store(struct machine *m, const struct sock_filter *insn)
{
	if (insn->k >= BPF_MEMWORDS)
		return -EINVAL;
	m->memory[insn->k] = BPF_CLASS(insn->code) == BPF_ST ? m->a : m->x;
	return 0;
}

static int compute(struct machine *m, const struct sock_filter *insn)
{
	uint32_t operand = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_AND:
		m->a &= operand;
		return 0;
	case BPF_OR:
		m->a |= operand;
		return 0;
	default:
		return -EINVAL;
	}
}

/* How many instructions to skip; negative errno. */
static int64_t jump(const struct machine *m, const struct sock_filter *insn)
{
	uint32_t operand = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_JA:
		return insn->k;
	case BPF_JEQ:
		return m->a == operand ? insn->jt : insn->jf;
	case BPF_JGT:
		return m->a > operand ? insn->jt : insn->jf;
	case BPF_JGE:
		return m->a >= operand ? insn->jt : insn->jf;
	case BPF_JSET:
		return (m->a & operand) != 0 ? insn->jt : insn->jf;
	default:
		return -EINVAL;
	}
}

static int64_t step(struct machine *m, const struct sock_filter *insn, const struct seccomp_data *data)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_LDX:
		return load(m, insn, data);
	case BPF_ST:
	case BPF_STX:
		return store(m, insn);
	case BPF_ALU:
		return compute(m, insn);
	case BPF_JMP:
		return jump(m, insn);
	case BPF_MISC:
		if (BPF_MISCOP(insn->code) == BPF_TAX)
			m->x = m->a;
		else
			m->a = m->x;
		return 0;
	default:
		return -EINVAL;
	}
}

int program_run(const struct sock_filter *filter, size_t n, const struct seccomp_data *data,
	uint32_t *ret_action, size_t *ret_steps)
{
	struct machine m = {};
	size_t steps = 0;

	for (size_t at = 0; at < n; at++) {
		int64_t skip;

		steps++;
		if (BPF_CLASS(filter[at].code) == BPF_RET) {
			*ret_action = BPF_RVAL(filter[at].code) == BPF_A ? m.a : filter[at].k;
			*ret_steps = steps;
			return 0;
		}
		skip = step(&m, &filter[at], data);
		if (skip < 0)
			return (int)skip;
		at += (size_t)skip;
	}
	return -EINVAL;
}
