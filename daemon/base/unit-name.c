/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/unit-name.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <stdint.h>
#include <string.h>

#define SLICE   ".slice"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.\\@-"
#define WILD    "*?"

static bool ends_with(const char *s, size_t n, const char *suffix)
{
	size_t m = strlen(suffix);

	return n > m && memcmp(s + n - m, suffix, m) == 0;
}

/* Kinds of units that have processes. */
static bool has_processes(const char *s, size_t n)
{
	static const char *const kinds[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

	for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
		if (ends_with(s, n, kinds[i]))
			return true;
	return false;
}

static bool has_only(const char *s, size_t n, const char *letters, const char *more)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\0' || (!strchr(letters, s[i]) && !strchr(more, s[i])))
			return false;
	return true;
}

static bool name_valid(const char *s, size_t n, const char *more)
{
	return n <= UNIT_NAME_MAX && s[0] != '@' && has_processes(s, n) && has_only(s, n, LETTERS, more);
}

/* Steps over slices to the component that is a unit: its start and length, with systemd's escape taken off,
 * and what follows it. */
static int next_unit(const char **path, const char **ret, size_t *ret_n)
{
	const char *p = *path;

	for (;;) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (n == 0)
			return -ENXIO;
		*path = p + n;
		/* a name that could be a file of the kernel's has "_" before it */
		if (p[0] == '_') {
			p++;
			n--;
		}
		if (!ends_with(p, n, SLICE)) {
			if (!name_valid(p, n, ""))
				return -ENXIO;
			*ret = p;
			*ret_n = n;
			return 0;
		}
		if (n > UNIT_NAME_MAX || !has_only(p, n, LETTERS, ""))
			return -ENXIO;
		p = *path;
	}
}

static bool is_user_manager(const char *s, size_t n)
{
	return n > strlen("user@.service") && strncmp(s, "user@", strlen("user@")) == 0 &&
	       ends_with(s, n, ".service");
}

int unit_from_cgroup(const char *path, char ret[UNIT_MAX + 1])
{
	const char *unit, *inner;
	size_t n, n_inner;
	int r;

	if (path[0] != '/')
		return -ENXIO;
	r = next_unit(&path, &unit, &n);
	if (r < 0)
		return r;
	memcpy(ret, unit, n);
	/* in the manager's own group, or in none of its units: the manager's unit is all that is said */
	if (is_user_manager(unit, n) && next_unit(&path, &inner, &n_inner) == 0) {
		ret[n++] = '/';
		memcpy(ret + n, inner, n_inner);
		n += n_inner;
	}
	ret[n] = '\0';
	return 0;
}

bool unit_pattern_valid(const char *pattern)
{
	size_t n = strcspn(pattern, "/");

	if (!name_valid(pattern, n, WILD))
		return false;
	if (pattern[n] == '\0')
		return true;
	/* the manager of a user, and not whatever a wildcard lets through */
	return is_user_manager(pattern, n) && name_valid(pattern + n + 1, strlen(pattern + n + 1), WILD);
}

/* To go back to the last "*" is enough: it takes what an earlier one could have. */
static bool glob_matches(const char *pattern, size_t n_pattern, const char *s, size_t n)
{
	size_t i = 0, j = 0, star = SIZE_MAX, retry = 0;

	while (j < n)
		if (i < n_pattern && pattern[i] == '*') {
			star = i++;
			retry = j;
		} else if (i < n_pattern && (pattern[i] == '?' || pattern[i] == s[j])) {
			i++;
			j++;
		} else if (star != SIZE_MAX) {
			i = star + 1;
			j = ++retry;
		} else {
			return false;
		}
	while (i < n_pattern && pattern[i] == '*')
		i++;
	return i == n_pattern;
}

bool unit_matches(const char *pattern, const char *unit)
{
	size_t n_pattern = strcspn(pattern, "/"), n = strcspn(unit, "/");

	if (!glob_matches(pattern, n_pattern, unit, n))
		return false;
	if (pattern[n_pattern] == '\0')
		return true;
	return unit[n] == '/' && glob_matches(pattern + n_pattern + 1, strlen(pattern + n_pattern + 1),
					 unit + n + 1, strlen(unit + n + 1));
}
