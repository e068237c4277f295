/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Text that came from outside: is it UTF-8 (RFC 3629), and how to show it when it may hold anything. */

#include <stddef.h>

/* Bytes from the start that are whole, shortest-form UTF-8 characters without surrogates; n if all are. */
size_t utf8_valid_prefix(const char *s, size_t n);
/* A fresh copy that can be shown and sent over D-Bus: control characters as \xNN, and every byte that is no
 * part of a UTF-8 character, too. NULL when out of memory. */
char *utf8_escape(const char *s);
