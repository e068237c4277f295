/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Writes values, conditions, actions and calls in the language of policies, with the names that the policy's
 * own text has for a value of an argument, or else those that such an argument usually has.
 */

#include "seccomp/policy.h"
#include "seccomp/query.h"

#include <stdio.h>

/* How a value can be written. */
struct spelt_value {
	uint64_t value;
	char *text;
	uint8_t argument;
	bool name;  /* a single one, which needs no parentheses */
	bool part;  /* can be joined with others */
	bool usual; /* comes from nobody's text */
};

/* What is known of the values of one system call. */
struct spelling {
	const struct architecture *architecture;
	uint32_t number;
	struct spelt_value *list;
	size_t n, allocated;
	unsigned n_arguments;         /* up to the last one that a text looks at */
	bool flags[POLICY_ARGUMENTS]; /* values of this argument are sets of bits */
};

/* Of a number that architecture_has_number(). */
int spelling_init(struct spelling *ret, const struct architecture *architecture, uint32_t number);
/* Learns from the rules that the policy has for the number. */
int spelling_learn(struct spelling *s, const struct policy *p);
/* Learns from what was asked. */
int spelling_learn_call(struct spelling *s, const struct policy_call *call);
void spelling_done(struct spelling *s);

/* "openat", or the number. */
void spell_syscall(const struct architecture *a, uint32_t number, FILE *f);
/* "arg0 == AF_UNIX && arg1 in SOCK_STREAM|SOCK_CLOEXEC || arg0 == AF_INET"; @separator: in place of " || ".
 */
void spell_condition(
	const struct spelling *s, const struct policy_atom *atoms, size_t n, const char *separator, FILE *f);
/* "socket(AF_UNIX, SOCK_STREAM)", as far as anything looks at the arguments. */
void spell_call(const struct spelling *s, const struct seccomp_data *call, FILE *f);
/* The text of a rule in one line: "arg0 == AF_UNIX; allow". */
void spell_rule(const struct policy_rule *rule, FILE *f);
