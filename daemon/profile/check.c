/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What contradicts itself in a whole profile. Each error stands at one key and names the place of the other,
 * or says that the other is the default.
 */

#include "profile/check.h"
#include "base/capability-names.h"
#include "base/error.h"
#include "base/path.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

int check_where(const struct check *c, enum profile_key key, char **ret)
{
	const struct setting_state *s = &c->profile->states[key];
	int n;

	if (s->set)
		n = asprintf(ret, "%s:%u", s->place.file, s->place.line);
	else
		n = asprintf(ret, "the default");
	if (n >= 0)
		return 0;
	*ret = NULL;
	return -ENOMEM;
}

static bool is_set(const struct check *c, enum profile_key key)
{
	return c->profile->states[key].set;
}

static int check_user(const struct check *c)
{
	const struct profile *p = c->profile;
	_cleanup_free_ char *other = NULL;
	int r;

	if (is_set(c, KEY_USER) && is_set(c, KEY_DYNAMIC_USER) && p->dynamic_user) {
		r = check_where(c, KEY_DYNAMIC_USER, &other);
		if (r < 0)
			return r;
		return diagnostics_add(c->diagnostics, &p->states[KEY_USER].place,
			"User= contradicts DynamicUser=yes (%s); set DynamicUser=no, or remove User=", other);
	}
	if (!is_set(c, KEY_USER) && is_set(c, KEY_DYNAMIC_USER) && !p->dynamic_user)
		return diagnostics_add(c->diagnostics, &p->states[KEY_DYNAMIC_USER].place,
			"DynamicUser=no needs User=, so that there is somebody to run as");
	if (!is_set(c, KEY_USER) && is_set(c, KEY_GROUP)) {
		r = check_where(c, KEY_DYNAMIC_USER, &other);
		if (r < 0)
			return r;
		return diagnostics_add(c->diagnostics, &p->states[KEY_GROUP].place,
			"Group= contradicts DynamicUser=yes (%s), which brings a group of its own; add "
			"User=, or use "
			"SupplementaryGroups=",
			other);
	}
	return 0;
}

static int check_capabilities(const struct check *c)
{
	const struct profile *p = c->profile;
	_cleanup_free_ char *other = NULL;
	uint64_t ambient = is_set(c, KEY_AMBIENT_CAPABILITIES) ? p->ambient : 0;
	uint64_t bounding = is_set(c, KEY_CAPABILITY_BOUNDING_SET) ? p->bounding : 0;
	uint64_t extra = ambient & ~bounding;
	int r;

	if (ambient != 0 && profile_asks(p, KEY_PRIVATE_USERS, p->private_users)) {
		r = check_where(c, KEY_PRIVATE_USERS, &other);
		return r < 0 ? r
			     : diagnostics_add(c->diagnostics, &p->states[KEY_AMBIENT_CAPABILITIES].place,
				       "AmbientCapabilities= contradicts PrivateUsers=yes (%s): in a user "
				       "namespace they are about nothing of the host's; remove one of them",
				       other);
	}
	if (!extra)
		return 0;
	r = check_where(c, KEY_CAPABILITY_BOUNDING_SET, &other);
	if (r < 0)
		return r;
	return diagnostics_add(c->diagnostics, &p->states[KEY_AMBIENT_CAPABILITIES].place,
		"AmbientCapabilities= has %s, which CapabilityBoundingSet= (%s) has not; add it there or "
		"remove it here",
		capability_to_string((unsigned)__builtin_ctzll(extra)), other);
}

/* Two networks at once; a pid 1 without a PID namespace. */
static int check_namespaces(const struct check *c)
{
	const struct profile *p = c->profile;
	_cleanup_free_ char *network = NULL, *pids = NULL;
	bool failed = false;
	int r;

	if (is_set(c, KEY_NETWORK_NAMESPACE_PATH) && is_set(c, KEY_PRIVATE_NETWORK) && p->private_network) {
		r = check_where(c, KEY_PRIVATE_NETWORK, &network);
		if (r < 0)
			return r;
		r = diagnostics_add(c->diagnostics, &p->states[KEY_NETWORK_NAMESPACE_PATH].place,
			"NetworkNamespacePath= contradicts PrivateNetwork=yes (%s); remove one of them",
			network);
		if (r != -EBADMSG)
			return r;
		failed = true;
	}
	if (is_set(c, KEY_RUN_AS_INIT) && p->run_as_init &&
		!profile_yes(p, KEY_PRIVATE_PIDS, p->private_pids)) {
		r = check_where(c, KEY_PRIVATE_PIDS, &pids);
		if (r < 0)
			return r;
		return diagnostics_add(c->diagnostics, &p->states[KEY_RUN_AS_INIT].place,
			"RunAsInit=yes contradicts PrivatePIDs=no (%s): pid 1 is the host's then; remove one "
			"of them",
			pids);
	}
	return failed ? -EBADMSG : 0;
}

/* What needs a mount namespace and is on unless the profile says no. */
static const struct {
	enum profile_key key;
	const char *name;
	const char *reason;
} needs_mounts[] = {
	{ KEY_PRIVATE_PIDS, "PrivatePIDs", "/proc could not be mounted for the new PID namespace" },
	{ KEY_MINIMAL_ROOT, "MinimalRoot", "the root directory would be changed for all" },
	{ KEY_PRIVATE_TMP, "PrivateTmp", "/tmp would be changed for all" },
	{ KEY_PRIVATE_DEVICES, "PrivateDevices", "/dev would be changed for all" },
};

static bool value_of(const struct profile *p, enum profile_key key)
{
	switch (key) {
	case KEY_PRIVATE_PIDS:
		return profile_yes(p, key, p->private_pids);
	case KEY_MINIMAL_ROOT:
		return profile_minimal_root(p);
	case KEY_PRIVATE_TMP:
		return profile_yes(p, key, p->private_tmp);
	default:
		return profile_yes(p, key, p->private_devices);
	}
}

static int check_mount_namespace(const struct check *c)
{
	const struct profile *p = c->profile;
	const struct place *place = &p->states[KEY_PRIVATE_MOUNTS].place;
	bool failed = false;
	int r;

	if (profile_yes(p, KEY_PRIVATE_MOUNTS, p->private_mounts))
		return 0;
	for (size_t i = 0; i < ELEMENTSOF(needs_mounts); i++) {
		_cleanup_free_ char *other = NULL;

		if (!value_of(p, needs_mounts[i].key))
			continue;
		r = check_where(c, needs_mounts[i].key, &other);
		if (r < 0)
			return r;
		r = diagnostics_add(c->diagnostics, place,
			"PrivateMounts=no contradicts %s=yes (%s): %s; set %s=no or remove PrivateMounts=no",
			needs_mounts[i].name, other, needs_mounts[i].reason, needs_mounts[i].name);
		if (r != -EBADMSG)
			return r;
		failed = true;
	}
	if (p->n_mounts > 0)
		return diagnostics_add(c->diagnostics, &p->mounts[0].place,
			"mounts contradict PrivateMounts=no (%s:%u): they would be seen by all; remove one "
			"of them",
			place->file, place->line);
	return failed ? -EBADMSG : 0;
}

/* Targets that Bailiff itself mounts, or must not have changed. */
static int check_target(const struct check *c, const struct profile_mount *m)
{
	const struct profile *p = c->profile;
	_cleanup_free_ char *other = NULL;
	bool tmp = strcmp(m->target, "/tmp") == 0 || strcmp(m->target, "/var/tmp") == 0;
	int r;

	if (strcmp(m->target, "/") == 0)
		return diagnostics_add(c->diagnostics, &m->place,
			"nothing can be mounted on '/'; mount on directories below it");
	if (path_is_below(m->target, "/proc"))
		return diagnostics_add(c->diagnostics, &m->place, "nothing can be mounted on or below /proc");
	if (tmp && value_of(p, KEY_PRIVATE_TMP)) {
		r = check_where(c, KEY_PRIVATE_TMP, &other);
		return r < 0 ? r
			     : diagnostics_add(c->diagnostics, &m->place,
				       "a mount on %s contradicts PrivateTmp=yes (%s); set PrivateTmp=no or "
				       "remove the mount",
				       m->target, other);
	}
	if (strcmp(m->target, "/dev") == 0 && value_of(p, KEY_PRIVATE_DEVICES)) {
		r = check_where(c, KEY_PRIVATE_DEVICES, &other);
		return r < 0 ? r
			     : diagnostics_add(c->diagnostics, &m->place,
				       "a mount on /dev contradicts PrivateDevices=yes (%s); mount below it",
				       other);
	}
	return 0;
}

static int check_mounts(const struct check *c)
{
	const struct profile *p = c->profile;
	bool failed = false;
	int r;

	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct profile_mount *m = &p->mounts[i], *twin = NULL;

		r = check_target(c, m);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
		for (size_t j = 0; j < i && !twin; j++)
			if (strcmp(p->mounts[j].target, m->target) == 0)
				twin = &p->mounts[j];
		if (!twin)
			continue;
		r = diagnostics_add(c->diagnostics, &m->place,
			"%s is already mounted on by %s:%u; keep one of them", m->target, twin->place.file,
			twin->place.line);
		if (r != -EBADMSG)
			return r;
		failed = true;
	}
	return failed ? -EBADMSG : 0;
}

/* A slot that the limit on open files makes unusable. */
static int check_slots(const struct check *c)
{
	const struct profile *p = c->profile;
	const struct profile_limit *limit = &p->limits[RLIMIT_NOFILE];

	for (size_t i = 0; limit->set && i < p->n_slots; i++)
		if (p->slots[i].number >= limit->soft)
			return diagnostics_add(c->diagnostics, &p->slots[i].place,
				"FileDescriptor=%" PRIu32 " contradicts LimitNOFILE=%" PRIu64
				" (%s:%u): numbers must be below it; raise the limit or lower the number",
				p->slots[i].number, limit->soft, limit->place.file, limit->place.line);
	return 0;
}

static int check_executables(const struct check *c)
{
	if (strv_contains(c->profile->executables, "/"))
		return diagnostics_add(c->diagnostics, &c->profile->states[KEY_EXECUTABLE].place,
			"Executable=/: that is a directory; name a program");
	return 0;
}

/* LogDenials= is about what the other keys deny. */
static int check_landlock(const struct check *c)
{
	static const enum profile_key restricting[] = { KEY_FS_PATH_READ_ONLY, KEY_FS_PATH_READ_EXECUTE,
		KEY_FS_PATH_READ_WRITE, KEY_FS_PATH_ADVANCED_READ_WRITE, KEY_NET_BIND_TCP,
		KEY_NET_CONNECT_TCP, KEY_SCOPE };
	const struct profile *p = c->profile;

	if (!is_set(c, KEY_LOG_DENIALS) || !p->log_denials)
		return 0;
	if (is_set(c, KEY_FS_DEFAULT_PATHS) && p->fs_default_paths)
		return 0;
	for (size_t i = 0; i < ELEMENTSOF(restricting); i++)
		if (is_set(c, restricting[i]))
			return 0;
	return diagnostics_add(c->diagnostics, &p->states[KEY_LOG_DENIALS].place,
		"LogDenials=yes: nothing in [Landlock] denies anything; add a FsPath…=, Net…Tcp= or Scope=, "
		"or "
		"remove it");
}

/* The class of the idle has no levels. */
static int check_io(const struct check *c)
{
	const struct profile *p = c->profile;
	_cleanup_free_ char *other = NULL;
	int r;

	if (!is_set(c, KEY_IO_SCHEDULING_CLASS) || p->io_class != PROFILE_IO_IDLE ||
		!is_set(c, KEY_IO_SCHEDULING_PRIORITY))
		return 0;
	r = check_where(c, KEY_IO_SCHEDULING_CLASS, &other);
	if (r < 0)
		return r;
	return diagnostics_add(c->diagnostics, &p->states[KEY_IO_SCHEDULING_PRIORITY].place,
		"IOSchedulingPriority= contradicts IOSchedulingClass=idle (%s), which has no levels; remove "
		"one of them",
		other);
}

/* A soft limit that is never met. */
static int check_memory(const struct check *c)
{
	const struct profile_group_value *high = &c->profile->bounds[PROFILE_MEMORY_HIGH],
					 *max = &c->profile->bounds[PROFILE_MEMORY_MAX];

	if (!high->set || !max->set || high->relative != max->relative || high->value == UINT64_MAX ||
		high->value <= max->value)
		return 0;
	return diagnostics_add(c->diagnostics, &high->place,
		"MemoryHigh= contradicts MemoryMax= (%s:%u), which is less; lower it, or remove one of them",
		max->place.file, max->place.line);
}

int profile_check(const struct profile *p, struct diagnostics *d)
{
	static int (*const checks[])(const struct check *) = { check_user, check_capabilities,
		check_mount_namespace, check_mounts, check_restrictions, check_protections, check_root,
		check_devices, check_propagation, check_stores, check_mount_slots, check_slots,
		check_executables, check_landlock, check_io, check_namespaces, check_pool, check_memory,
		check_warm };
	struct check c = { p, d };
	bool failed = false;
	int r;

	for (size_t i = 0; i < ELEMENTSOF(checks); i++) {
		r = checks[i](&c);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	r = profile_check_filter(p, d);
	if (r < 0 && r != -EBADMSG)
		return r;
	return failed || r < 0 ? -EBADMSG : 0;
}
