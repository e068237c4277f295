/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the place that output goes to can show: colours, and how many columns. */

#include <stdbool.h>
#include <stddef.h>

enum color_mode {
	COLOR_AUTO, /* on a terminal that can, unless $NO_COLOR is set and not empty */
	COLOR_ALWAYS,
	COLOR_NEVER,
};

struct style {
	bool color;
	size_t width; /* 0: no limit */
};

/* Of standard output. full: lines are not cut. */
struct style style_get(enum color_mode mode, bool full);
/* The escape sequence that begins how a cell is shown, or NULL; "\033[0m" ends it. For the columns of tables.
 */
const char *style_state(const char *text);
const char *style_allowed(const char *text);
