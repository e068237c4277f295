/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Translates a policy into classic BPF. The program looks at the architecture, finds the system call by a
 * balanced search over ranges of numbers, in which what is more frequent comes sooner, and only then at
 * arguments. Same policy, same program. It has no other instructions than loads of words of seccomp_data,
 * JEQ/JGE/JSET with a constant, JA and RET with a constant.
 */

#include "seccomp/policy.h"

#include <linux/filter.h>

/*
 * What a policy costs. Up to EMIT_COUNT_MAX the size of a program that is too large is still known, so that
 * an error can say by how much.
 */
#define EMIT_COUNT_MAX 262144

struct emit_size {
	size_t instructions; /* of the whole program; EMIT_COUNT_MAX stands for "that many or more" */
	const struct policy_entry
		*largest; /* the entry whose rules take most of them; NULL if none has any */
	size_t largest_instructions;
};

/*
 * @ret_filter: freed with free(3). @reterr_size: set when the program exceeds BPF_MAXINSNS_PER_FILTER, which
 * is -E2BIG.
 */
int policy_emit(const struct policy *p, struct sock_filter **ret_filter, size_t *ret_n,
	struct emit_size *reterr_size);
/*
 * One program for several policies, whose architectures differ and come in the order of their ids. A call of
 * any other architecture kills. Otherwise as policy_emit().
 */
int policies_emit(const struct policy *const *policies, size_t n, struct sock_filter **ret_filter,
	size_t *ret_n, struct emit_size *reterr_size);
