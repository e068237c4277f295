/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Sanitized user names, as ChromeOS' cryptohome makes them: lower-hex SHA1(salt || ASCII-lowered name). */

#include <stdbool.h>
#include <stddef.h>

#define SANITIZED_LENGTH 40  /* SHA1 in hexadecimal */
#define USERNAME_MAX     255 /* bytes; LOGIN_NAME_MAX less its NUL */

/* 1 to USERNAME_MAX bytes. (D-Bus has seen to UTF-8.) */
bool username_valid(const char *name);
/* The salt is the caller's to check: an empty one is -EINVAL, as is an invalid name. */
int username_sanitize(const void *salt, size_t salt_size, const char *name, char ret[SANITIZED_LENGTH + 1]);
/* Exactly 40 lower-case hexadecimal digits. */
bool username_is_sanitized(const char *s);
