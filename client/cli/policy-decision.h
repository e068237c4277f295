/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How "policy test" and "policy diff" name what decides about a call: a rule with its place, or the default.
 */

#include "cli/json.h"
#include "cli/policy.h"
#include "seccomp/policy.h"

#include <stdio.h>

#define EXIT_UNDECIDED 3 /* too many combinations to be sure */

/* "FILE:LINE", the file as it was named. */
void policy_print_place(struct position at, FILE *f);
/* "FILE:LINE: arg0 == AF_UNIX; allow" or "no rule: default kill-process"; @rule: NULL for the default. */
void policy_print_rule(const struct policy *p, const struct policy_rule *rule, FILE *f);
/* {"file":...,"line":...,"text":...}, or null for the default. */
void policy_json_rule(struct json *j, const struct policy_rule *rule);

/* What was written into a stream of memory, as a string. */
struct memory_text {
	FILE *f;
	char *text;
	size_t size;
};

/* Opens the stream. Returns -ENOMEM. */
int memory_text_open(struct memory_text *m);
/* Closes it; .text is complete then. Returns -ENOMEM. */
int memory_text_close(struct memory_text *m);
void memory_text_done(struct memory_text *m);
