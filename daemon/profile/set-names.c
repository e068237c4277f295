/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters for names of users, groups, templates and policies. They check the form; who is meant, the compiler
 * finds. */

#include "base/error.h"
#include "base/parse.h"
#include "profile/profile.h"

#include <limits.h>
#include <string.h>

#define USER_NAME_MAX 31U /* UT_NAMESIZE - 1, what useradd(8) takes */

static void names_clear(struct profile_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i].name);
	names->n = 0;
}

/* A name as useradd(8) allows, or a decimal id. Upper case and dots inside are common in directories. */
static bool user_name_valid(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t n = strlen(s);
	uid_t id;

	if (s[0] >= '0' && s[0] <= '9')
		return parse_uid(s, &id) == 0;
	if (n == 0 || n > USER_NAME_MAX || !strchr(letters, s[0]))
		return false;
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-")] == '\0';
}

/* Adds a name unless it is there; takes it over. */
static int add_name(const struct setting *s, struct profile_names *names, char *name, size_t offset)
{
	_cleanup_free_ char *owned = name;
	struct profile_name *v;

	if (!user_name_valid(name))
		return setting_error(s, offset, "%s=%s: neither a name nor a decimal id from 0 to 4294967294",
			s->key->name, name);
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i].name, name) == 0)
			return 0;
	if (names->n >= SETTING_LIST_MAX)
		return setting_error(s, offset, "%s=: more than %u elements", s->key->name, SETTING_LIST_MAX);
	v = reallocarray(names->v, names->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	names->v = v;
	v[names->n++] = (struct profile_name){ steal_ptr(owned), setting_place(s, offset) };
	return 0;
}

int set_names(const struct setting *s, void *target)
{
	struct profile_names *names = setting_slot(s, target);
	size_t at = 0, offset;
	bool failed = false;
	char *word;
	int r;

	if (s->value[0] == '\0')
		names_clear(names);
	for (;;) {
		r = setting_word(s, &at, false, &word, &offset);
		if (r <= 0)
			return r == 0 && failed ? -EBADMSG : r;
		r = add_name(s, names, word, offset);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
}

int set_name(const struct setting *s, void *target)
{
	struct profile_names *names = setting_slot(s, target);
	char *text;
	int r = setting_text(s, &text);

	if (r < 0)
		return r;
	names_clear(names);
	return add_name(s, names, text, 0);
}

int set_template(const struct setting *s, void *target)
{
	char **slot = setting_slot(s, target), *text;
	int r = setting_text(s, &text);

	if (r < 0)
		return r;
	if (profile_file_stem(text) == 0) {
		r = setting_error(s, 0,
			"Template=%s: expected the name of a profile's file, such as base.profile", text);
		free(text);
		return r;
	}
	free(*slot);
	*slot = text;
	return 0;
}

static bool policy_name_valid(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return s[0] != '.' && s[0] != '-' && s[0] != '\0' && strlen(s) <= NAME_MAX &&
	       s[strspn(s, letters)] == '\0';
}

int set_policy(const struct setting *s, void *target)
{
	char **slot = setting_slot(s, target), *text;
	int r = setting_text(s, &text);

	if (r < 0)
		return r;
	if (!policy_name_valid(text)) {
		r = setting_error(s, 0,
			"Policy=%s: expected the name of a file in a policies directory, without '/'", text);
		free(text);
		return r;
	}
	free(*slot);
	*slot = text;
	return 0;
}
