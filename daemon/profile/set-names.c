/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters for names: of users and groups, which the compiler finds; of domains, units and an action of
 * polkit, which are compared with what the bus, the kernel and polkit say; of templates, policies, daemon
 * stores and pools. Only their form is checked here. */

#include "base/bounds.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/unit-name.h"
#include "profile/profile.h"

#include <limits.h>
#include <string.h>

#define USER_NAME_MAX 31U  /* UT_NAMESIZE - 1, what useradd(8) takes */
#define DOMAIN_MAX    255U /* far above any type of a policy */

typedef const char *(*form_check)(const char *word);

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

/* These say what was expected instead; NULL for a good one. */
static const char *check_user(const char *s)
{
	return user_name_valid(s) ? NULL : "neither a name nor a decimal id from 0 to 4294967294";
}

static const char *check_domain(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t n = strlen(s);

	if (n > 0 && n <= DOMAIN_MAX && s[strspn(s, letters)] == '\0')
		return NULL;
	if (strchr(s, ':'))
		return "expected a domain alone, such as chrome_t: the third part of a label";
	return "expected a domain (a type of the SELinux policy), such as chrome_t";
}

static const char *check_unit(const char *s)
{
	if (unit_pattern_valid(s))
		return NULL;
	return "expected the name of a service or scope, in which '*' and '?' may stand for others, such as "
	       "chrome@*.service; one of a user's manager is user@1000.service/chrome.service";
}

static const char *check_action(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	size_t n = strlen(s);

	if (n > 0 && n <= ACTION_MAX && s[strspn(s, letters)] == '\0' && strchr(s, '.') && s[0] != '.' &&
		s[n - 1] != '.')
		return NULL;
	return "expected an action of polkit, such as org.bailiff.Broker1.launch";
}

/* Daemon stores change while Bailiff runs, so whether they are there is for the launch to see. */
static const char *check_store(const char *s)
{
	if (store_name_valid(s))
		return NULL;
	return "expected the name of a directory in /etc/daemon-store, of letters, digits, '_', '-' and '.', "
	       "up to 64 "
	       "bytes";
}
static_assert(STORE_NAME_MAX == 64, "what check_store() says");

static void names_clear(struct profile_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i].name);
	names->n = 0;
}

/* Adds a name unless it is there; takes it over. */
static int add(
	const struct setting *s, struct profile_names *names, form_check check, char *name, size_t offset)
{
	_cleanup_free_ char *owned = name;
	const char *expected = check(name);
	struct profile_name *v;

	if (expected)
		return setting_error(s, offset, "%s=%s: %s", s->key->name, name, expected);
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

struct checked_names {
	struct profile_names *names;
	form_check check;
};

static int add_checked(const struct setting *s, void *data, char **word, size_t offset)
{
	const struct checked_names *c = data;

	return add(s, c->names, c->check, steal_ptr(*word), offset);
}

static int set_words(const struct setting *s, void *target, form_check check)
{
	struct checked_names c = { setting_slot(s, target), check };

	if (s->value[0] == '\0')
		names_clear(c.names);
	return setting_words(s, 0, false, add_checked, &c);
}

static int set_word(const struct setting *s, void *target, form_check check)
{
	struct profile_names *names = setting_slot(s, target);
	char *text;
	int r = setting_text(s, &text);

	if (r < 0)
		return r;
	names_clear(names);
	return add(s, names, check, text, 0);
}

int set_names(const struct setting *s, void *target)
{
	return set_words(s, target, check_user);
}

int set_name(const struct setting *s, void *target)
{
	return set_word(s, target, check_user);
}

int set_selinux_domains(const struct setting *s, void *target)
{
	return set_words(s, target, check_domain);
}

int set_units(const struct setting *s, void *target)
{
	return set_words(s, target, check_unit);
}

int set_daemon_stores(const struct setting *s, void *target)
{
	return set_words(s, target, check_store);
}

int set_polkit(const struct setting *s, void *target)
{
	return set_word(s, target, check_action);
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

int set_pool(const struct setting *s, void *target)
{
	struct profile *p = target;
	char *copy;

	if (!profile_name_valid(s->value))
		return setting_error(s, 0,
			"%s=%s: expected a name of letters a to z, digits, '_' and '-', up to %u bytes",
			s->key->name, s->value, POOL_NAME_MAX);
	copy = strdup(s->value);
	if (!copy)
		return -ENOMEM;
	free(p->pool);
	p->pool = copy;
	return 0;
}
