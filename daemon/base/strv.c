/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/strv.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

char **strv_free(char **v)
{
	STRV_FOREACH (s, v)
		free(*s);
	free(v);
	return NULL;
}

size_t strv_length(char *const *v)
{
	size_t n = 0;

	STRV_FOREACH (s, v)
		n++;
	return n;
}

int strv_consume(char ***v, char *s)
{
	_cleanup_free_ char *owned = s;
	size_t n = strv_length(*v);
	char **p;

	if (!owned)
		return -ENOMEM;
	p = reallocarray(*v, n + 2, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p[n] = steal_ptr(owned);
	p[n + 1] = NULL;
	*v = p;
	return 0;
}

int strv_extend(char ***v, const char *s)
{
	return strv_consume(v, strdup(s));
}

int strv_extendf(char ***v, const char *format, ...)
{
	char *s = NULL;
	va_list ap;
	int r;

	va_start(ap, format);
	r = vasprintf(&s, format, ap);
	va_end(ap);
	return r < 0 ? -ENOMEM : strv_consume(v, s);
}

char **strv_copy(char *const *v)
{
	_cleanup_(strv_freep) char **copy = calloc(strv_length(v) + 1, sizeof(*copy));
	size_t n = 0;

	if (!copy)
		return NULL;
	STRV_FOREACH (s, v) {
		copy[n] = strdup(*s);
		if (!copy[n++])
			return NULL;
	}
	return steal_ptr(copy);
}

bool strv_contains(char *const *v, const char *s)
{
	STRV_FOREACH (i, v)
		if (strcmp(*i, s) == 0)
			return true;
	return false;
}

size_t strv_bytes(char *const *v)
{
	size_t n = 0;

	STRV_FOREACH (s, v)
		n += strlen(*s) + 1;
	return n;
}

int strv_split(const char *s, const char *separators, char ***ret)
{
	_cleanup_(strv_freep) char **v = calloc(1, sizeof(*v));
	int r;

	if (!v)
		return -ENOMEM;
	for (s += strspn(s, separators); *s; s += strspn(s, separators)) {
		size_t n = strcspn(s, separators);

		r = strv_consume(&v, strndup(s, n));
		if (r < 0)
			return r;
		s += n;
	}
	*ret = steal_ptr(v);
	return 0;
}

static bool env_is(const char *entry, const char *name, size_t n)
{
	return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

const char *strv_env_get(char *const *env, const char *name)
{
	size_t n = strlen(name);

	STRV_FOREACH (e, env)
		if (env_is(*e, name, n))
			return *e + n + 1;
	return NULL;
}

int strv_env_set(char ***env, const char *name, const char *value)
{
	size_t n = strlen(name);
	char *entry;

	if (asprintf(&entry, "%s=%s", name, value) < 0)
		return -ENOMEM;
	for (char **e = *env; e && *e; e++)
		if (env_is(*e, name, n)) {
			free(*e);
			*e = entry;
			return 0;
		}
	return strv_consume(env, entry);
}

void strv_env_unset(char **env, const char *name)
{
	size_t n = strlen(name), kept = 0;

	if (!env)
		return;
	for (char **e = env; *e; e++)
		if (env_is(*e, name, n))
			free(*e);
		else
			env[kept++] = *e;
	env[kept] = NULL;
}
