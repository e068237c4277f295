/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Profiles' texts and exactly what must be said about them. */

#include <stddef.h>

struct snippet {
	const char *text;
	const char *errors; /* all lines, joined with newlines; "" for a valid text */
};

struct snippets {
	const struct snippet *v;
	size_t n;
};

extern const struct snippets snippets_syntax, snippets_values, snippets_checks;
