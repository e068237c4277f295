/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Names and values that the broker sent, as text and as JSON. */

#include "bailiff/bailiff.h"
#include "cli/json.h"

/* "NAME=VALUE" lines, a line for each value of a list; "infinity" for UINT64_MAX. only: no others than this
 * name; NULL: all. Returns how many names were printed. */
unsigned settings_print(const bailiff_setting *list, const char *only);
/* The members of an object that is open: strings, numbers, booleans, lists of strings. */
void settings_json(struct json *j, const bailiff_setting *list, const char *only);
/* The number of this name. -ENOENT: the list has none. */
int settings_number(const bailiff_setting *list, const char *name, uint64_t *ret);
