/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Names of environment variables that a caller can not be trusted with, and patterns of names. */

#include <stdbool.h>
#include <stddef.h>

/* pattern: a name, or a beginning and "*". The name need not be terminated. */
bool env_name_matches(const char *pattern, const char *name, size_t length);
/* Why a variable of this name is never taken from a caller: a static phrase; NULL if it may be. */
const char *env_never_reason(const char *name, size_t length);
/* The same of a pattern that can match no other names: to pass it would pass nothing. */
const char *env_pattern_never_reason(const char *pattern);
