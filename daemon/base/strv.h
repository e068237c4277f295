/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* NULL-terminated string lists. A NULL list is an empty one. */

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

char **strv_free(char **v); /* returns NULL */
DEFINE_CLEANUP(char **, strv_free);

size_t strv_length(char *const *v);
char **strv_copy(char *const *v); /* NULL when out of memory; an empty list is not NULL */
/* Appends a copy; the list may be NULL. -ENOMEM. */
int strv_extend(char ***v, const char *s);
/* Appends s itself; takes it over also on failure. */
int strv_consume(char ***v, char *s);
int strv_extendf(char ***v, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool strv_contains(char *const *v, const char *s);
/* Bytes of all strings with their NULs. */
size_t strv_bytes(char *const *v);
/* Splits at any of the separators; empty parts are dropped. */
int strv_split(const char *s, const char *separators, char ***ret);
/* The value of NAME in a list of NAME=VALUE, or NULL. */
const char *strv_env_get(char *const *env, const char *name);
/* Puts NAME=VALUE in place of an earlier NAME=, or at the end. Both borrowed. */
int strv_env_set(char ***env, const char *name, const char *value);
/* Removes every NAME=. */
void strv_env_unset(char **env, const char *name);

#define STRV_FOREACH(s, v) for (char *const *s = (v); s && *s; s++)
