/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The compiled profile as an object: its most confined state, its end, and finding one by name. */

#include "catalog/compiled.h"
#include "base/error.h"
#include "base/strv.h"

#include <linux/securebits.h>
#include <signal.h>
#include <string.h>

#define USEC_PER_SEC 1000000ULL
#define ID_NOBODY    65534U /* the kernel's overflow id: owns nothing */

/* Above every range that systemd hands out (dynamic users, containers), below 2^31, where signed ids go
 * wrong. */
#define DYNAMIC_UID_MIN 1900000000U
#define DYNAMIC_UID_MAX 1900065535U

/* root is nobody special; capabilities neither survive nor follow a change of ids; none of this can be
 * undone. */
#define SECURE_BITS_CONFINED                                                                                 \
	(SECURE_ALL_LOCKS | SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_CAP_AMBIENT_RAISE)

void compiled_profile_init(struct compiled_profile *p)
{
	*p = (struct compiled_profile){
		.stdio = { STDIO_INHERIT, STDIO_INHERIT, STDIO_INHERIT },
		.umask = 0077,
		.dynamic_user = true,
		.uid = ID_NOBODY,
		.gid = ID_NOBODY,
		.secure_bits = SECURE_BITS_CONFINED,
		.namespaces = JAIL_NS_DEFAULT,
		.minimal_root = true,
		.private_tmp = true,
		.private_devices = true,
		.proc_hiding = PROC_INVISIBLE,
		.proc_subset = true,
		.protect_kernel_tunables = true,
		.protect_kernel_modules = true,
		.protect_kernel_logs = true,
		.protect_control_groups = true,
		.protect_clock = true,
		.runtime_max_usec = USEC_INFINITY,
		.timeout_start_usec = 90 * USEC_PER_SEC,
		.timeout_stop_usec = 10 * USEC_PER_SEC,
		.kill_signal = SIGTERM,
	};
}

static void free_access(struct access_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(rules[i].name);
		free(rules[i].origin);
	}
	free(rules);
}

static void free_mounts(struct compiled_mount *mounts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(mounts[i].source);
		free(mounts[i].target);
	}
	free(mounts);
}

static void free_mount_slots(struct mount_slot *slots, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(slots[i].name);
		free(slots[i].target);
	}
	free(slots);
}

static void landlock_done(struct compiled_landlock *l)
{
	for (size_t i = 0; i < l->n_rules; i++)
		free(l->rules[i].path);
	free(l->rules);
	free(l->ports);
}

static void free_settings(struct compiled_setting *settings, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(settings[i].key);
		strv_free(settings[i].values);
	}
	free(settings);
}

void compiled_profile_done(struct compiled_profile *p)
{
	free(p->name);
	free(p->description);
	free(p->source_path);
	strv_free(p->drop_ins);
	free(p->error);
	free_access(p->access, p->n_access);
	strv_free(p->executables);
	strv_free(p->arguments);
	strv_free(p->environment);
	strv_free(p->pass_environment);
	free(p->slots);
	free(p->working_directory);
	free(p->groups);
	free(p->network_namespace_path);
	free(p->pool);
	free(p->selinux_context);
	free_mounts(p->mounts, p->n_mounts);
	strv_free(p->daemon_stores);
	free_mount_slots(p->mount_slots, p->n_mount_slots);
	for (size_t i = 0; i < p->n_restrictions; i++)
		free(p->restrictions[i].path);
	free(p->restrictions);
	free(p->root_directory);
	strv_free(p->devices);
	landlock_done(&p->landlock);
	free(p->policy_path);
	free(p->filter);
	free(p->limits);
	free_settings(p->settings, p->n_settings);
	*p = (struct compiled_profile){ 0 };
}

void compiled_config_init(struct compiled_config *c)
{
	*c = (struct compiled_config){
		.dynamic_uid_min = DYNAMIC_UID_MIN,
		.dynamic_uid_max = DYNAMIC_UID_MAX,
		.max_sandboxes = 1024,
		.max_sandboxes_per_user = 128,
		.max_calls_per_user = 64,
		.max_retained_per_user = 128,
		.max_bytes_per_user = 4 * 1024 * 1024,
		.max_fds_per_user = 1024,
		.launches_per_minute_per_user = 30000,
		.setup_timeout_usec = 10 * USEC_PER_SEC,
		.dynamic_quarantine_usec = 30 * USEC_PER_SEC,
		.max_spare_jails = 4,
	};
}

void compiled_config_done(struct compiled_config *c)
{
	strv_free(c->salt_paths);
	*c = (struct compiled_config){ 0 };
}

struct catalog *catalog_free(struct catalog *c)
{
	if (!c)
		return NULL;
	if (c->arena.data) {
		arena_done(&c->arena);
		free(c);
		return NULL;
	}
	compiled_config_done(&c->config);
	for (size_t i = 0; i < c->n_profiles; i++)
		compiled_profile_done(&c->profiles[i]);
	free(c->profiles);
	for (size_t i = 0; i < c->n_groups; i++)
		free(c->groups[i].uids);
	free(c->groups);
	strv_free(c->errors);
	free(c);
	return NULL;
}

static int compare_name(const void *name, const void *profile)
{
	return strcmp(name, ((const struct compiled_profile *)profile)->name);
}

const struct compiled_profile *catalog_find(const struct catalog *c, const char *name)
{
	if (c->n_profiles == 0)
		return NULL;
	return bsearch(name, c->profiles, c->n_profiles, sizeof(*c->profiles), compare_name);
}

int catalog_index(const struct catalog *c, const char *name)
{
	const struct compiled_profile *p = catalog_find(c, name);

	return p ? (int)(p - c->profiles) : -ENOENT;
}

bool catalog_is_member(const struct catalog *c, uint32_t gid, uint32_t uid)
{
	for (size_t i = 0; i < c->n_groups; i++)
		for (size_t k = 0; c->groups[i].gid == gid && k < c->groups[i].n_uids; k++)
			if (c->groups[i].uids[k] == uid)
				return true;
	return false;
}

const char *exposure_level(uint32_t tenths)
{
	static const struct {
		uint32_t least;
		const char *name;
	} levels[] = {
		{ 100, "DANGEROUS" },
		{ 90, "UNSAFE" },
		{ 75, "EXPOSED" },
		{ 50, "MEDIUM" },
		{ 10, "OK" },
		{ 1, "SAFE" },
	};

	for (size_t i = 0; i < ELEMENTSOF(levels); i++)
		if (tenths >= levels[i].least)
			return levels[i].name;
	return "PERFECT";
}
