/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters of section [Filesystem] about what is there: devices, lists of restricted paths, and Protect…= with
 * more words than yes and no. Also what those come to that a profile does not set. */

#include "base/capability.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/path.h"
#include "profile/profile.h"

#include <linux/capability.h>
#include <string.h>

const char *const profile_homes[PROFILE_HOMES] = { "/home", "/root", "/run/user" };

/* An empty assignment forgets what this key gave, not what the others did. */
static void clear_restrictions(struct profile *p, enum profile_key key)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n_restrictions; i++)
		if (p->restrictions[i].key == key)
			free(p->restrictions[i].path);
		else
			p->restrictions[kept++] = p->restrictions[i];
	p->n_restrictions = kept;
}

/* "-" and "+" before a path: no error if it is missing; the sandbox's root is meant, as it always is here. */
static size_t prefix_of(const char *word, bool *ret_optional)
{
	size_t n = word[0] == '-';

	*ret_optional = n > 0;
	return word[n] == '+' ? n + 1 : n;
}

/* Adds a path; takes it over. */
static int add_restriction(const struct setting *s, void *data, char **text, size_t offset)
{
	struct profile *p = data;
	struct profile_restriction *v;
	char *word = *text;
	enum profile_key key = (enum profile_key)s->key->id;
	bool optional;
	size_t prefix = prefix_of(word, &optional);

	memmove(word, word + prefix, strlen(word + prefix) + 1);
	if (!path_is_normalized(word))
		return setting_error(s, offset,
			"%s=%s: expected an absolute path without '//', '.', '..' or '/' at its end",
			s->key->name, word);
	if (key == KEY_INACCESSIBLE_PATHS && strcmp(word, "/") == 0)
		return setting_error(
			s, offset, "%s=/: nothing could be started; name what lies below it", s->key->name);
	if (p->n_restrictions >= SETTING_LIST_MAX)
		return setting_error(s, offset, "%s=: more than %u paths", s->key->name, SETTING_LIST_MAX);
	v = reallocarray(p->restrictions, p->n_restrictions + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	p->restrictions = v;
	v[p->n_restrictions++] = (struct profile_restriction){
		.key = key,
		.optional = optional,
		.path = steal_ptr(*text),
		.place = setting_place(s, offset),
	};
	return 0;
}

int set_restrictions(const struct setting *s, void *target)
{
	if (s->value[0] == '\0')
		clear_restrictions(target, (enum profile_key)s->key->id);
	return setting_words(s, 0, false, add_restriction, target);
}

/* Takes over what d owns. */
static int add_device(const struct setting *s, struct profile *p, struct profile_device *d)
{
	struct profile_device *v;

	if (p->n_devices >= SETTING_LIST_MAX)
		return setting_error(s, 0, "%s=: more than %u devices", s->key->name, SETTING_LIST_MAX);
	v = reallocarray(p->devices, p->n_devices + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	p->devices = v;
	v[p->n_devices++] = *d;
	*d = (struct profile_device){ 0 };
	return 0;
}

static void device_done(struct profile_device *d)
{
	free(d->path);
}

/* The memory of the machine, by whatever name: who can open that is in no jail. */
static bool is_memory(const char *path)
{
	return strcmp(path, "/dev/mem") == 0 || strcmp(path, "/dev/kmem") == 0 ||
	       strcmp(path, "/dev/port") == 0;
}

static int check_device(const struct setting *s, size_t offset, const char *path)
{
	if (strncmp(path, "char-", 5) == 0 || strncmp(path, "block-", 6) == 0)
		return setting_error(s, offset,
			"%s=%s: classes of devices are not known here; name each node below /dev",
			s->key->name, path);
	if (!path_is_normalized(path) || !path_is_below(path, "/dev") || path[4] == '\0')
		return setting_error(s, offset,
			"%s=%s: expected a path below /dev without '//', '.', '..' or '/' at its end",
			s->key->name, path);
	if (is_memory(path))
		return setting_error(s, offset,
			"%s=%s: that is the machine's memory or ports, and never given to a sandbox",
			s->key->name, path);
	return 0;
}

/* A node is given whole or not at all: its mount can not tell reading from writing. */
static int check_device_access(const struct setting *s, size_t offset, const char *access)
{
	if (strspn(access, "rwm") != strlen(access))
		return setting_error(s, offset, "%s=: '%s' has other letters than r, w and m; write 'rw'",
			s->key->name, access);
	if (strchr(access, 'm'))
		return setting_error(
			s, offset, "%s=: a sandbox never makes nodes; leave out 'm'", s->key->name);
	if (!strchr(access, 'r') || !strchr(access, 'w'))
		return setting_error(s, offset,
			"%s=: a device can not be given for '%s' alone; write 'rw', and restrict it with "
			"FsPathReadOnly= of [Landlock]",
			s->key->name, access);
	return 0;
}

/* "NODE [rw]" */
int set_devices(const struct setting *s, void *target)
{
	_cleanup_(device_done) struct profile_device d = { 0 };
	_cleanup_free_ char *access = NULL, *more = NULL;
	struct profile *p = target;
	size_t at = 0, offset;
	int r;

	if (s->value[0] == '\0') {
		for (size_t i = 0; i < p->n_devices; i++)
			free(p->devices[i].path);
		p->n_devices = 0;
		return 0;
	}
	r = setting_word(s, &at, false, &d.path, &offset);
	if (r <= 0)
		return r;
	d.place = setting_place(s, offset);
	r = check_device(s, offset, d.path);
	if (r < 0)
		return r;
	r = setting_word(s, &at, false, &access, &offset);
	if (r > 0)
		r = check_device_access(s, offset, access);
	if (r < 0)
		return r;
	r = setting_word(s, &at, false, &more, &offset);
	if (r > 0)
		return setting_error(s, offset, "%s=: one node and its access in each line", s->key->name);
	return r < 0 ? r : add_device(s, p, &d);
}

/* An enumeration whose first two words are no and yes, in all their spellings. */
int set_protection(const struct setting *s, void *target)
{
	bool value;

	if (parse_bool(s->value, &value) < 0)
		return set_enum(s, target);
	*(unsigned *)setting_slot(s, target) = value;
	return 0;
}

bool profile_minimal_root(const struct profile *p)
{
	if (!p->states[KEY_MINIMAL_ROOT].set)
		return !p->states[KEY_ROOT_DIRECTORY].set;
	return p->minimal_root;
}

static bool has_mounts(const struct profile *p)
{
	return profile_yes(p, KEY_PRIVATE_MOUNTS, p->private_mounts);
}

enum profile_protect_system profile_protect_system(const struct profile *p)
{
	if (p->states[KEY_PROTECT_SYSTEM].set)
		return (enum profile_protect_system)p->protect_system;
	return has_mounts(p) ? PROFILE_SYSTEM_STRICT : PROFILE_SYSTEM_NO;
}

enum profile_protect_home profile_protect_home(const struct profile *p)
{
	if (p->states[KEY_PROTECT_HOME].set)
		return (enum profile_protect_home)p->protect_home;
	return has_mounts(p) ? PROFILE_HOME_TMPFS : PROFILE_HOME_NO;
}

bool profile_protects(const struct profile *p, enum profile_key key)
{
	/* who is given the right to wake the machine is meant to have it, unless the profile says both */
	bool wakes = p->states[KEY_AMBIENT_CAPABILITIES].set && (p->ambient & CAPABILITY_BIT(CAP_WAKE_ALARM));

	if (!p->states[key].set)
		return has_mounts(p) && (key != KEY_PROTECT_CLOCK || !wakes);
	switch (key) {
	case KEY_PROTECT_KERNEL_TUNABLES:
		return p->protect_kernel_tunables;
	case KEY_PROTECT_KERNEL_MODULES:
		return p->protect_kernel_modules;
	case KEY_PROTECT_KERNEL_LOGS:
		return p->protect_kernel_logs;
	case KEY_PROTECT_CONTROL_GROUPS:
		return p->protect_control_groups;
	default:
		return p->protect_clock;
	}
}
