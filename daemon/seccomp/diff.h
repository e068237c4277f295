/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What one policy allows beyond another, for each system call and as conditions on its arguments. Exact, or
 * it says that it is not. Knows no text.
 */

#include "seccomp/policy.h"
#include "seccomp/region.h"

#include <linux/filter.h>

/* A policy with its program, which every example is put to. */
struct diff_side {
	const struct policy *policy;
	const struct sock_filter *filter;
	size_t n_filter;
};

enum diff_kind {
	DIFF_ALLOWED,   /* allowed by the second, not by the first */
	DIFF_ELSEWHERE, /* denied by the first; in the second a tracer or a supervisor decides */
	/* No more and no less allowed, but by another action. What both leave to their defaults is not in it.
	 */
	DIFF_ACTION,
};

/* Calls that the change is about: those for which all atoms hold. */
struct diff_region {
	struct policy_atom *atoms; /* none: all calls of the number */
	size_t n_atoms, allocated;
	struct seccomp_data example;
	const struct policy_rule *before, *after; /* that decide on the example; NULL: the default */
	uint32_t before_action, after_action;
};

enum diff_state {
	DIFF_COMPLETE,
	DIFF_PARTIAL,   /* there may be more than these */
	DIFF_UNDECIDED, /* nothing was found, but not everything was looked through */
};

/* One change of one system call. */
struct diff_item {
	enum diff_kind kind;
	enum diff_state state;
	bool others; /* every call that neither policy names; .number is one of them */
	uint32_t number;
	struct diff_region *regions; /* together they are the change; they may overlap */
	size_t n_regions, allocated;
};

/* By number, then by kind; what is about other calls is last. */
struct diff {
	struct diff_item *items;
	size_t n_items, allocated;
};

enum diff_flags {
	DIFF_ACTIONS = 1 << 0, /* DIFF_ACTION, too */
};

/*
 * Compares two policies for one architecture. Returns 0; -EPROTO when a program, its rules and the result
 * contradict each other; -ENOMEM.
 */
int policy_diff(
	const struct diff_side *before, const struct diff_side *after, unsigned flags, struct diff *ret);
void diff_done(struct diff *d);
