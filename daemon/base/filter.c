/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A table becomes a chain: one comparison per number, each followed by the lines of that number. The kernel
 * remembers numbers that are always allowed (since 5.11), so a chain costs nothing for those, and it can be
 * read.
 */

#include "base/filter.h"
#include "base/bounds.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <endian.h>
#include <linux/audit.h>
#include <stdbool.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#define X32_BIT     0x40000000U
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#elif defined(__i386__)
#define NATIVE_ARCH AUDIT_ARCH_I386
#elif defined(__arm__)
#define NATIVE_ARCH AUDIT_ARCH_ARM
#else
#define NATIVE_ARCH 0U
#endif

#ifndef X32_BIT
#define X32_BIT 0U
#endif

#define HEAD_INSNS      6U /* architecture and x32 */
#define HEAD_OTHER      2U /* where the head ends for another architecture */
#define FOREIGN_INSNS   3U /* a second head */
#define GROUP_INSNS     2U /* comparison of the number, default action behind the last condition */
#define CONDITION_INSNS 4U /* load, mask, compare, return */

uint32_t filter_native_arch(void)
{
	return NATIVE_ARCH;
}

struct program {
	struct sock_filter *insns;
	size_t n;
};

static void emit(struct program *p, unsigned code, uint32_t k, size_t jump_true, size_t jump_false)
{
	p->insns[p->n++] = (struct sock_filter){
		.code = (uint16_t)code, .jt = (uint8_t)jump_true, .jf = (uint8_t)jump_false, .k = k
	};
}

static void emit_return(struct program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

static void emit_head(struct program *p)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	emit_return(p, FILTER_KILL);
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	if (X32_BIT) {
		emit(p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
		emit_return(p, FILTER_KILL);
	}
}

static size_t group_size(const struct filter_rule *rules, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += rules[i].mask ? CONDITION_INSNS : 1;
	return rules[n - 1].mask ? size + 1 : size;
}

/* All lines of one number. The accumulator holds the number before, and after when the number is another. */
static void emit_group(struct program *p, const struct filter_rule *rules, size_t n, uint32_t default_action)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, rules[0].number, 0, group_size(rules, n));
	for (size_t i = 0; i < n; i++) {
		if (!rules[i].mask) {
			emit_return(p, rules[i].action);
			return;
		}
		emit(p, BPF_LD | BPF_W | BPF_ABS, FILTER_LOW_WORD_OF_ARG(rules[i].argument), 0, 0);
		emit(p, BPF_ALU | BPF_AND | BPF_K, rules[i].mask, 0, 0);
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, rules[i].value, 0, 1);
		emit_return(p, rules[i].action);
	}
	emit_return(p, default_action);
}

static bool rule_valid(const struct filter_rule *r)
{
	if (X32_BIT && (r->number & ~(X32_BIT - 1U)))
		return false;
	if (r->mask == 0)
		return r->argument == 0 && r->value == 0;
	return r->argument <= 5 && (r->value & ~r->mask) == 0;
}

/* Insertion sort; tables are short. */
int filter_sort(const struct filter_rule *rules, size_t n, struct filter_rule **ret)
{
	struct filter_rule *sorted = calloc(n + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		size_t j = i;

		for (; j > 0 && sorted[j - 1].number > rules[i].number; j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = rules[i];
	}
	*ret = sorted;
	return 0;
}

/* Lines of the number that stands at rules[0]; 0 for a table that can't be meant. */
static size_t group_length(const struct filter_rule *rules, size_t n)
{
	size_t length = 0;

	while (length < n && rules[length].number == rules[0].number) {
		if (!rule_valid(&rules[length]) || (length > 0 && rules[length - 1].mask == 0))
			return 0;
		length++;
	}
	return group_size(rules, length) <= UINT8_MAX ? length : 0;
}

/* The chain of a table, and the default behind it. The accumulator holds the number. */
static int emit_table(struct program *p, const struct filter_rule *rules, size_t n, uint32_t default_action)
{
	_cleanup_free_ struct filter_rule *sorted = NULL;
	size_t length;
	int r = filter_sort(rules, n, &sorted);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i += length) {
		length = group_length(sorted + i, n - i);
		if (length == 0)
			return -EINVAL;
		emit_group(p, sorted + i, length, default_action);
	}
	emit_return(p, default_action);
	return 0;
}

/* The second architecture's part, to which the head jumps where it would kill. */
static int emit_foreign(struct program *p, const struct filter_foreign *foreign, uint32_t default_action)
{
	p->insns[HEAD_OTHER] =
		(struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(p->n - HEAD_OTHER - 1));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, foreign->arch, 1, 0);
	emit_return(p, FILTER_KILL);
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	return emit_table(p, foreign->rules, foreign->n, default_action);
}

int filter_build_two(const struct filter_rule *rules, size_t n, const struct filter_foreign *foreign,
	uint32_t default_action, struct sock_filter **ret, size_t *ret_n)
{
	_cleanup_free_ struct sock_filter *insns = NULL;
	size_t all = n + (foreign ? foreign->n : 0);
	struct program p;
	int r;

	if (NATIVE_ARCH == 0)
		return -EOPNOTSUPP;
	if (all > BPF_MAXINSNS_PER_FILTER)
		return -E2BIG;
	insns = calloc(
		HEAD_INSNS + FOREIGN_INSNS + all * (GROUP_INSNS + CONDITION_INSNS) + 2, sizeof(*insns));
	if (!insns)
		return -ENOMEM;
	p = (struct program){ .insns = insns };
	emit_head(&p);
	r = emit_table(&p, rules, n, default_action);
	if (r == 0 && foreign)
		r = emit_foreign(&p, foreign, default_action);
	if (r < 0)
		return r;
	if (p.n > BPF_MAXINSNS_PER_FILTER)
		return -E2BIG;
	*ret = steal_ptr(insns);
	*ret_n = p.n;
	return 0;
}

int filter_build(const struct filter_rule *rules, size_t n, uint32_t default_action, struct sock_filter **ret,
	size_t *ret_n)
{
	return filter_build_two(rules, n, NULL, default_action, ret, ret_n);
}

int filter_load(const struct sock_filter *filter, size_t n)
{
	/* the kernel only reads the program, but its struct has no const */
	union {
		const struct sock_filter *constant;
		struct sock_filter *plain;
	} insns = { .constant = filter };
	struct sock_fprog program = { .len = (unsigned short)n, .filter = insns.plain };

	if (n == 0 || n > BPF_MAXINSNS_PER_FILTER)
		return -EINVAL;
	return (int)RET_ERRNO(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &program));
}

int filter_apply(const struct filter_rule *rules, size_t n, uint32_t default_action)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	size_t n_filter;
	int r;

	r = filter_build(rules, n, default_action, &filter, &n_filter);
	if (r < 0)
		return r;
	return filter_load(filter, n_filter);
}
