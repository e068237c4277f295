/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a policy says about one system call, as a plain list: the first conjunction that holds decides. Knows
 * policies, no text.
 */

#include "seccomp/policy.h"
#include "seccomp/region.h"

struct decision {
	struct conjunction when;
	uint32_t action;
	const struct policy_rule *rule; /* NULL: the default */
};

/* The last always holds. */
struct decisions {
	struct decision *list;
	size_t n, allocated;
};

/* Those of a number that architecture_has_number(). Borrows from the policy. */
int decisions_of(const struct policy *p, uint32_t number, struct decisions *ret);
void decisions_done(struct decisions *d);
/* Index of the decision for a call of that number. */
size_t decisions_find(
	const struct decisions *d, const struct architecture *architecture, const struct seccomp_data *call);

/* What an action comes to for who wants to make the call. */
enum permission {
	PERMISSION_DENIED,
	PERMISSION_ELSEWHERE, /* a tracer or a supervisor says; without one the call fails */
	PERMISSION_ALLOWED,   /* logged or not */
};

enum permission action_permission(uint32_t action);

/* A growing list of conjunctions. */
struct conjunctions {
	struct conjunction *list;
	size_t n, allocated;
};

int conjunctions_add(struct conjunctions *c, const struct conjunction *new, size_t n_new);
void conjunctions_done(struct conjunctions *c);
