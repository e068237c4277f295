/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/profile.h"
#include "base/bounds.h"
#include "base/error.h"
#include "base/parse.h"

#include <string.h>

static void names_done(struct profile_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i].name);
	free(names->v);
}

void profile_done(struct profile *p)
{
	free(p->name);
	free(p->files);
	strv_free(p->errors);
	free(p->description);
	free(p->template);
	names_done(&p->allow_users);
	names_done(&p->allow_groups);
	names_done(&p->allow_domains);
	names_done(&p->allow_units);
	names_done(&p->polkit);
	strv_free(p->executables);
	strv_free(p->arguments);
	strv_free(p->environment);
	strv_free(p->pass_environment);
	free(p->slots);
	free(p->working_directory);
	names_done(&p->user);
	names_done(&p->group);
	names_done(&p->groups);
	for (size_t i = 0; i < p->n_mounts; i++) {
		free(p->mounts[i].source);
		free(p->mounts[i].target);
	}
	free(p->mounts);
	names_done(&p->daemon_stores);
	for (size_t i = 0; i < p->n_mount_slots; i++) {
		free(p->mount_slots[i].name);
		free(p->mount_slots[i].target);
	}
	free(p->mount_slots);
	for (size_t i = 0; i < p->n_restrictions; i++)
		free(p->restrictions[i].path);
	free(p->restrictions);
	for (size_t i = 0; i < p->n_devices; i++)
		free(p->devices[i].path);
	free(p->devices);
	free(p->root_directory);
	for (size_t i = 0; i < p->n_landlock_paths; i++)
		free(p->landlock_paths[i].path);
	free(p->landlock_paths);
	free(p->bind_ports.v);
	free(p->connect_ports.v);
	free(p->network_namespace_path);
	free(p->pool);
	free(p->selinux_context);
	free(p->policy);
	profile_words_done(&p->call_filter);
	profile_words_done(&p->call_error);
	profile_words_done(&p->architectures);
	profile_words_done(&p->call_log);
	profile_words_done(&p->address_families);
	*p = (struct profile){ 0 };
}

size_t profile_file_stem(const char *file_name)
{
	size_t n = strlen(file_name), suffix = strlen(PROFILE_SUFFIX);
	char stem[PROFILE_NAME_MAX + 1];

	if (n <= suffix || strcmp(file_name + n - suffix, PROFILE_SUFFIX) != 0 || n - suffix >= sizeof(stem))
		return 0;
	memcpy(stem, file_name, n - suffix);
	stem[n - suffix] = '\0';
	return profile_name_valid(stem) ? n - suffix : 0;
}

int profile_parse_text(const char *path, const char *data, size_t size, struct diagnostics *d,
	struct source **ret_source, struct profile *ret)
{
	_cleanup_(source_freep) struct source *source = NULL;
	_cleanup_(profile_done) struct profile p = { 0 };
	int lexed, applied, checked;

	lexed = source_parse(path, data, size, d, &source);
	if (!source)
		return lexed;
	applied = settings_apply(&profile_keys, source, &p, p.states, d);
	if (applied == -ENOMEM)
		return applied;
	checked = profile_check(&p, d);
	if (checked == -ENOMEM)
		return checked;
	*ret_source = steal_ptr(source);
	*ret = p;
	p = (struct profile){ 0 };
	return lexed < 0 || applied < 0 || checked < 0 ? -EBADMSG : 0;
}

/* A user that is named excludes the default. */
bool profile_has_dynamic_user(const struct profile *p)
{
	return p->states[KEY_DYNAMIC_USER].set ? p->dynamic_user : !p->states[KEY_USER].set;
}

const struct profile_mount *profile_foreign_mount(const struct profile *p)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].idmap && !p->mounts[i].read_only)
			return &p->mounts[i];
	return NULL;
}

const struct profile_mount_slot *profile_foreign_slot(const struct profile *p)
{
	for (size_t i = 0; i < p->n_mount_slots; i++)
		if (!p->mount_slots[i].read_only)
			return &p->mount_slots[i];
	return NULL;
}

bool profile_restricts_suid_sgid(const struct profile *p)
{
	if (p->states[KEY_RESTRICT_SUID_SGID].set)
		return p->restrict_suid_sgid;
	return profile_has_dynamic_user(p) || profile_foreign_mount(p) != NULL ||
	       profile_foreign_slot(p) != NULL;
}

bool profile_protects_hostname(const struct profile *p)
{
	if (p->states[KEY_PROTECT_HOSTNAME].set)
		return p->protect_hostname;
	return profile_yes(p, KEY_PRIVATE_UTS, p->private_uts);
}
