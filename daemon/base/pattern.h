/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Argument= expressions: POSIX extended regular expressions (regex(7)) that must match the whole of a string.
 * Compiler and plan share this file, so that what loads is what is later asked.
 */

#include "base/cleanup.h"

#include <regex.h>
#include <stdbool.h>

struct pattern {
	regex_t regex;
	bool compiled;
};

#define PATTERN_NULL ((struct pattern){ .compiled = false })
/* Longest expression: the length of the longest line that anybody will read. */
#define PATTERN_MAX 4096

/*
 * -EINVAL, with a static phrase, for what is no expression, is longer than PATTERN_MAX, holds a
 * back-reference (matching could then take exponential time) or closes a group that it did not open. -ENOMEM.
 */
int pattern_compile(struct pattern *ret, const char *expression, const char **reterr_reason);
/* True when the expression matches from the string's first byte to its last. */
bool pattern_matches(const struct pattern *p, const char *s);
void pattern_done(struct pattern *p);
