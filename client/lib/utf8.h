/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Well-formed UTF-8 (RFC 3629), as D-Bus demands it: shortest form, no surrogates, nothing above U+10FFFF. A
 * bus ends the connection of who sends a string that is not, so the library looks before it sends;
 * bailiffctl, which must not print such bytes either, is built with the same file.
 */

#include <stdbool.h>
#include <stddef.h>

/* The length of the well-formed sequence that s begins with, 1..4; 0 if it begins with none. Not for "". */
size_t utf8_sequence(const char *s);
bool utf8_valid(const char *s);
