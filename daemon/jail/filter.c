/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The payload's seccomp filter: ready-made BPF from the catalog, loaded last of all, so that it need not
 * allow anything that building a jail takes, but for one call: execveat(2). That is tried out beforehand. A
 * filter that kills the process there would otherwise look like a payload that died at its start.
 */

#include "base/filter.h"
#include "base/error.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>

/* Linux 6.3; older headers do not know it. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE              65
#define PR_MDWE_REFUSE_EXEC_GAIN (1UL << 0)
#endif

#define STEPS_MAX BPF_MAXINSNS_PER_FILTER /* jumps only go forward: a program takes no more */

struct machine {
	uint32_t a, x, mem[BPF_MEMWORDS];
	const struct seccomp_data *data;
	bool blind; /* to the arguments */
};

static bool load(struct machine *m, const struct sock_filter *f)
{
	bool to_x = BPF_CLASS(f->code) == BPF_LDX;
	uint32_t v;

	switch (BPF_MODE(f->code)) {
	case BPF_ABS:
		if (to_x || f->k > sizeof(*m->data) - sizeof(v) || f->k % sizeof(v))
			return false;
		if (m->blind && f->k > offsetof(struct seccomp_data, arch))
			return false;
		memcpy(&v, (const char *)m->data + f->k, sizeof(v));
		break;
	case BPF_IMM:
		v = f->k;
		break;
	case BPF_LEN:
		v = sizeof(*m->data);
		break;
	case BPF_MEM:
		if (f->k >= BPF_MEMWORDS)
			return false;
		v = m->mem[f->k];
		break;
	default:
		return false;
	}
	*(to_x ? &m->x : &m->a) = v;
	return true;
}

static bool store(struct machine *m, const struct sock_filter *f)
{
	if (f->k >= BPF_MEMWORDS)
		return false;
	m->mem[f->k] = BPF_CLASS(f->code) == BPF_ST ? m->a : m->x;
	return true;
}

static bool compute(struct machine *m, const struct sock_filter *f)
{
	uint32_t v = BPF_SRC(f->code) == BPF_X ? m->x : f->k;

	switch (BPF_OP(f->code)) {
	case BPF_ADD:
		m->a += v;
		return true;
	case BPF_SUB:
		m->a -= v;
		return true;
	case BPF_MUL:
		m->a *= v;
		return true;
	case BPF_DIV:
		m->a = v ? m->a / v : 0;
		return v != 0;
	case BPF_OR:
		m->a |= v;
		return true;
	case BPF_AND:
		m->a &= v;
		return true;
	case BPF_XOR:
		m->a ^= v;
		return true;
	case BPF_LSH:
		m->a = v < 32 ? m->a << v : 0;
		return true;
	case BPF_RSH:
		m->a = v < 32 ? m->a >> v : 0;
		return true;
	case BPF_NEG:
		m->a = 0U - m->a;
		return true;
	default:
		return false;
	}
}

/* How many instructions to skip. */
static uint32_t jump(const struct machine *m, const struct sock_filter *f, bool *ret_valid)
{
	uint32_t v = BPF_SRC(f->code) == BPF_X ? m->x : f->k;

	*ret_valid = true;
	switch (BPF_OP(f->code)) {
	case BPF_JA:
		return f->k;
	case BPF_JEQ:
		return m->a == v ? f->jt : f->jf;
	case BPF_JGT:
		return m->a > v ? f->jt : f->jf;
	case BPF_JGE:
		return m->a >= v ? f->jt : f->jf;
	case BPF_JSET:
		return m->a & v ? f->jt : f->jf;
	default:
		*ret_valid = false;
		return 0;
	}
}

static bool step(struct machine *m, const struct sock_filter *f, size_t *pc)
{
	bool valid = true;

	switch (BPF_CLASS(f->code)) {
	case BPF_LD:
	case BPF_LDX:
		return load(m, f);
	case BPF_ST:
	case BPF_STX:
		return store(m, f);
	case BPF_ALU:
		return compute(m, f);
	case BPF_JMP:
		*pc += jump(m, f, &valid);
		return valid;
	case BPF_MISC:
		if (BPF_MISCOP(f->code) == BPF_TAX)
			m->x = m->a;
		else
			m->a = m->x;
		return true;
	default:
		return false;
	}
}

static uint32_t run(const struct sock_filter *filter, size_t n, struct machine *m)
{
	size_t pc = 0;

	for (size_t steps = 0; pc < n && steps < STEPS_MAX; steps++) {
		const struct sock_filter *f = &filter[pc++];

		if (BPF_CLASS(f->code) == BPF_RET)
			return BPF_RVAL(f->code) == BPF_A ? m->a : f->k;
		if (!step(m, f, &pc))
			break;
	}
	return SECCOMP_RET_KILL_PROCESS;
}

uint32_t filter_verdict(
	const struct sock_filter *filter, size_t n, uint32_t arch, uint32_t number, const uint64_t args[6])
{
	struct seccomp_data data = { .nr = (int)number, .arch = arch };
	struct machine m = { .data = &data };

	memcpy(data.args, args, sizeof(data.args));
	return run(filter, n, &m);
}

bool filter_permits_always(const struct sock_filter *filter, size_t n, uint32_t number)
{
	const struct seccomp_data data = { .nr = (int)number, .arch = filter_native_arch() };
	struct machine m = { .data = &data, .blind = true };

	return run(filter, n, &m) == SECCOMP_RET_ALLOW;
}

int prepare_filter(const struct jail_spec *spec, int exe_fd, struct jail_error *reterr)
{
	static const char empty[] = "";
	const uint64_t args[6] = { (uint64_t)(unsigned)exe_fd, (uint64_t)(uintptr_t)empty,
		(uint64_t)(uintptr_t)spec->argv, (uint64_t)(uintptr_t)spec->envp, AT_EMPTY_PATH };
	uint32_t action;

	if (spec->n_filter == 0)
		return 0;
	if (spec->n_filter > BPF_MAXINSNS_PER_FILTER)
		return jail_fail_number(
			reterr, STAGE_SECCOMP, -E2BIG, "number of instructions", spec->n_filter);
	action = filter_verdict(spec->filter, spec->n_filter, filter_native_arch(), SYS_execveat, args) &
		 SECCOMP_RET_ACTION_FULL;
	if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG)
		return jail_fail(reterr, STAGE_SECCOMP, -EPERM,
			"the policy must allow execveat, by which the program is started", "");
	return 0;
}

/*
 * The kernel's own rule sees what no filter can: mappings whose protection comes from elsewhere. It outlives
 * execve(2). Kernels before 6.3 answer EINVAL; there the filter does what it does in systemd.
 */
int apply_memory_rule(const struct jail_spec *spec, struct jail_error *reterr)
{
	int r;

	if (!spec->deny_write_execute || spec->n_filter == 0)
		return 0;
	r = RET_ERRNO(prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0));
	return r < 0 && r != -EINVAL ? jail_fail(reterr, STAGE_SECCOMP, r, "MemoryDenyWriteExecute=", "") : 0;
}

int apply_filter(const struct jail_spec *spec, struct jail_error *reterr)
{
	int r;

	if (spec->n_filter == 0)
		return 0;
	r = filter_load(spec->filter, spec->n_filter);
	if (r < 0)
		return jail_fail(reterr, STAGE_SECCOMP, r, "seccomp", "");
	return 0;
}
