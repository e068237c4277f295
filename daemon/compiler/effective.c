/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A key that is given has the text that was given, with specifiers replaced; values of lists stand one after
 * the other. Keys whose value is made of several lines, or that mean more than their text, are written from
 * the compiled profile. So is the default of a key that follows another; fixed defaults are in a table.
 */

#include "compiler/effective.h"
#include "base/capability-names.h"
#include "base/capability.h"
#include "base/error.h"
#include "base/parse.h"
#include "profile/words.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

/* Of keys that are not said to follow another. A key without a default is empty, or without
 * limit, when it is not given. */
static const struct {
	unsigned id;
	const char *text;
} defaults[] = {
	{ KEY_MAX_FILE_DESCRIPTORS, "0" },
	{ KEY_STANDARD_INPUT, "inherit" },
	{ KEY_STANDARD_OUTPUT, "inherit" },
	{ KEY_STANDARD_ERROR, "inherit" },
	{ KEY_WORKING_DIRECTORY, "/" },
	{ KEY_UMASK, "0077" },
	{ KEY_PROTECT_PROC, "invisible" },
	{ KEY_PROC_SUBSET, "pid" },
	{ KEY_MOUNT_PROPAGATION, "private" },
	{ KEY_RUNTIME_MAX_SEC, "infinity" },
	{ KEY_TIMEOUT_START_SEC, "90s" },
	{ KEY_TIMEOUT_STOP_SEC, "10s" },
	{ KEY_KILL_SIGNAL, "SIGTERM" },
	{ KEY_KEYRING_MODE, "private" },
	{ KEY_WARM, "0" },
	{ KEY_RESTRICT_NAMESPACES, "no" },
	{ KEY_SYSTEM_CALL_ARCHITECTURES, "native" },
};

static const char *const system_words[] = { "no", "yes", "full", "strict" };
static const char *const home_words[] = { "no", "yes", "read-only", "tmpfs" };

/* The yes or no that holds, set or not; false where there is no such key. */
static bool flag_of(const struct profile *p, const struct compiled_profile *c, unsigned id, bool *ret)
{
	const struct {
		unsigned id;
		bool value;
	} flags[] = {
		{ KEY_NO_NEW_PRIVILEGES, true },
		{ KEY_REPORT_VIOLATIONS, c->violations != VIOLATIONS_UNTOLD },
		{ KEY_ALLOW_DETACH, c->allow_detach },
		{ KEY_DYNAMIC_USER, profile_has_dynamic_user(p) },
		{ KEY_PRIVATE_USERS, c->namespaces & JAIL_NS_USER },
		{ KEY_PRIVATE_MOUNTS, c->namespaces & JAIL_NS_MOUNT },
		{ KEY_PRIVATE_PIDS, c->namespaces & JAIL_NS_PID },
		{ KEY_PRIVATE_NETWORK, c->namespaces & JAIL_NS_NET },
		{ KEY_PRIVATE_IPC, c->namespaces & JAIL_NS_IPC },
		{ KEY_PRIVATE_UTS, c->namespaces & JAIL_NS_UTS },
		{ KEY_PROTECT_HOSTNAME, profile_protects_hostname(p) },
		{ KEY_PRIVATE_CGROUP, c->namespaces & JAIL_NS_CGROUP },
		{ KEY_PRIVATE_TIME, c->namespaces & JAIL_NS_TIME },
		{ KEY_RUN_AS_INIT, c->run_as_init },
		{ KEY_MINIMAL_ROOT, c->minimal_root },
		{ KEY_PRIVATE_TMP, c->private_tmp },
		{ KEY_PRIVATE_DEVICES, c->private_devices },
		{ KEY_PROTECT_KERNEL_TUNABLES, c->protect_kernel_tunables },
		{ KEY_PROTECT_KERNEL_MODULES, c->protect_kernel_modules },
		{ KEY_PROTECT_KERNEL_LOGS, c->protect_kernel_logs },
		{ KEY_PROTECT_CONTROL_GROUPS, c->protect_control_groups },
		{ KEY_PROTECT_CLOCK, c->protect_clock },
		{ KEY_FS_DEFAULT_PATHS, p->states[KEY_FS_DEFAULT_PATHS].set && p->fs_default_paths },
		{ KEY_LOG_DENIALS, c->landlock.restricts & RESTRICT_LOG },
		{ KEY_MEMORY_DENY_WRITE_EXECUTE, c->deny_write_execute },
		{ KEY_LOCK_PERSONALITY, profile_asks(p, KEY_LOCK_PERSONALITY, p->lock_personality) },
		{ KEY_RESTRICT_REALTIME, profile_asks(p, KEY_RESTRICT_REALTIME, p->restrict_realtime) },
		{ KEY_RESTRICT_SUID_SGID, profile_restricts_suid_sgid(p) },
		/* not given, it also depends on the payload: see jail/violation.c */
		{ KEY_REPORT_VIOLATIONS, c->violations != VIOLATIONS_UNTOLD },
		{ KEY_CORE_SCHEDULING, c->tuning.set & TUNE_CORE },
	};

	for (size_t i = 0; i < ELEMENTSOF(flags); i++)
		if (flags[i].id == id) {
			*ret = flags[i].value;
			return true;
		}
	return false;
}

static int add_capabilities(char ***list, uint64_t mask)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && capability_to_string(i); i++)
		if (mask & CAPABILITY_BIT(i))
			r = strv_extend(list, capability_to_string(i));
	return r;
}

/* One value as it was given. Everything was read once already: what fails here can only be for want of
 * memory, or a text that its key takes literally. */
static int add_text(char ***list, const char *text)
{
	_cleanup_free_ char *expanded = NULL;
	struct word_error error = { 0 };
	int r = specifiers_expand(text, &expanded, &error);

	if (r == -ENOMEM)
		return r;
	return strv_extend(list, r < 0 ? text : expanded);
}

/* An empty assignment of one of these two takes back the other, too. */
static bool clears(const struct key *key, const struct item *i)
{
	const bool bind = key->id == KEY_BIND_PATHS || key->id == KEY_BIND_READ_ONLY_PATHS;

	if (i->value[0] != '\0')
		return false;
	return strcmp(i->key, key->name) == 0 ||
	       (bind && (strcmp(i->key, "BindPaths") == 0 || strcmp(i->key, "BindReadOnlyPaths") == 0));
}

/* What all files together say of a key, in the order in which they were read. */
static int collect(const struct profile *p, const struct key *key, char ***list)
{
	for (size_t f = 0; f < p->n_files; f++)
		for (size_t i = 0; i < p->files[f]->n_items; i++) {
			const struct item *item = &p->files[f]->items[i];
			bool mine;
			int r = 0;

			if (!item->key)
				continue;
			/* of most this is all that is compared: an empty assignment may be another key's */
			mine = item->key[0] == key->name[0] && strcmp(item->key, key->name) == 0;
			if ((!mine && item->value[0] != '\0') || strcmp(item->section, key->section) != 0)
				continue;
			if (clears(key, item) || (mine && !key->list))
				*list = strv_free(*list);
			if (mine && item->value[0] != '\0')
				r = add_text(list, item->value);
			if (r < 0)
				return r;
		}
	return 0;
}

/* Keys whose default follows another, or whose text is not what holds. 1: it was one. */
static int add_special(
	const struct profile *p, const struct compiled_profile *c, const struct key *key, char ***list)
{
	int r = 1;

	switch (key->id) {
	case KEY_CAPABILITY_BOUNDING_SET:
		r = add_capabilities(list, c->bounding);
		break;
	case KEY_AMBIENT_CAPABILITIES:
		r = add_capabilities(list, c->ambient);
		break;
	case KEY_PROTECT_SYSTEM:
		r = strv_extend(list, system_words[profile_protect_system(p)]);
		break;
	case KEY_PROTECT_HOME:
		r = strv_extend(list, home_words[profile_protect_home(p)]);
		break;
	default:
		return 0;
	}
	return r < 0 ? r : 1;
}

static int add_default(const struct key *key, char ***list)
{
	/* the one limit that every sandbox has, see translate_resources() */
	if (key->id == KEY_LIMIT && key->min == RLIMIT_CORE)
		return strv_extend(list, "0");
	for (size_t i = 0; i < ELEMENTSOF(defaults); i++)
		if (defaults[i].id == key->id)
			return strv_extend(list, defaults[i].text);
	return 0;
}

/* One line, whatever the table says of the key's lists: a limit is one value, later ones take its place. */
static bool is_list(const struct key *key)
{
	return key->list && key->id != KEY_LIMIT && key->id != KEY_GROUP_LIMIT;
}

static int keep_last(char ***list)
{
	size_t n = strv_length(*list);
	char **one = NULL;
	int r;

	if (n < 2)
		return 0;
	r = strv_extend(&one, (*list)[n - 1]);
	if (r < 0)
		return r;
	(void)strv_free(*list);
	*list = one;
	return 0;
}

static int fill(const struct profile *p, const struct compiled_profile *c, const struct key *key,
	struct compiled_setting *s)
{
	bool flag;
	int r;

	s->key = strdup(key->name);
	if (!s->key)
		return -ENOMEM;
	if (flag_of(p, c, key->id, &flag)) {
		s->type = flag ? SETTING_YES : SETTING_NO;
		return 0;
	}
	s->type = is_list(key) ? SETTING_LIST : SETTING_TEXT;
	r = add_special(p, c, key, &s->values);
	if (r == 0)
		r = collect(p, key, &s->values);
	if (r == 0 && s->type == SETTING_TEXT)
		r = keep_last(&s->values);
	if (r == 0 && !s->values)
		r = add_default(key, &s->values);
	return r < 0 ? r : 0;
}

int effective_settings(const struct key_table *keys, const struct profile *p, struct compiled_profile *ret)
{
	int r = 0;

	ret->settings = calloc(keys->n, sizeof(*ret->settings));
	if (!ret->settings)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < keys->n; i++)
		if (keys->keys[i].set)
			r = fill(p, ret, &keys->keys[i], &ret->settings[ret->n_settings++]);
	return r;
}
