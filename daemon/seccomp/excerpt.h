/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Shows a place in a text: the line around it and marks below it. */

#include "seccomp/source.h"

#include <stdio.h>

/* Where the line of a position begins and ends (without its end), and its number, 1 for the first. */
struct text_line {
	size_t begin, end, number;
};

struct text_line text_line_at(struct position at);
/*
 * Prints bytes of the input, each control character and, where they are not all UTF-8, each byte past ASCII
 * as '?': nothing in a policy can move a terminal's cursor or spoil a record.
 */
void print_harmless(FILE *f, const char *text, size_t n);
/* The line (or the part of a long one around the place) and the marks below it, each after a newline. */
void print_excerpt(FILE *f, struct position at);
