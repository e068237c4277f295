/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Two policies made one, in which a call gets what the kernel would make of it if both were loaded, one after
 * the other. Knows policies, no text and no programs.
 */

#include "seccomp/policy.h"

/*
 * The more restrictive of two verdicts, as the kernel ranks them: kill-process, kill-thread, trap, return,
 * user-notify, trace, log, allow. Of two alike the first, with its data. seccomp(2).
 */
uint32_t action_stricter(uint32_t first, uint32_t second);

/*
 * Afterwards @p says of each call action_stricter() of what it and @by (of the same architecture) have said.
 * -E2BIG, -EOVERFLOW: the rules of both multiply beyond POLICY_RULES_MAX or POLICY_ATTACHED_MAX; *ret_number
 * is the call. After an error @p is only good for policy_done().
 */
int policy_restrict(struct policy *p, const struct policy *by, uint32_t *reterr_number);

/* Appends to a rule that the bits @mask of an argument are those of @value, whatever its other bits are, as
 * one atom or several; none of them ends the conjunction. */
int policy_rule_add_bits(struct policy_rule *rule, unsigned argument, uint64_t mask, uint64_t value);
