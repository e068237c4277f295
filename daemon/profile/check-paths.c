/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Contradictions about the same files: what one key mounts and another takes away, protections that take a
 * namespace which the profile does without, and rights that a protection does not leave.
 */

#include "base/capability.h"
#include "base/error.h"
#include "base/path.h"
#include "profile/check.h"

#include <linux/capability.h>
#include <string.h>

static bool is_set(const struct check *c, enum profile_key key)
{
	return c->profile->states[key].set;
}

static bool has(const struct check *c, enum profile_key key, bool value)
{
	return profile_yes(c->profile, key, value);
}

/* @m can never be seen below @path, which @name takes away at the given place. */
static int refuse_mount(const struct check *c, const struct profile_mount *m, const char *path,
	const char *name, const char *place, const char *mend)
{
	return diagnostics_add(c->diagnostics, &m->place,
		"a mount on %s contradicts %s (%s), which makes %s inaccessible; %s or remove the mount",
		m->target, name, place, path, mend);
}

static int check_inaccessible(const struct check *c, const struct profile_mount *m)
{
	const struct profile *p = c->profile;
	_cleanup_free_ char *place = NULL;

	for (size_t i = 0; i < p->n_restrictions; i++) {
		const struct profile_restriction *r = &p->restrictions[i];

		if (r->key != KEY_INACCESSIBLE_PATHS || !path_is_below(m->target, r->path))
			continue;
		if (asprintf(&place, "%s:%u", r->place.file, r->place.line) < 0) {
			place = NULL;
			return -ENOMEM;
		}
		return refuse_mount(c, m, r->path, "InaccessiblePaths=", place, "narrow that");
	}
	return 0;
}

int check_restrictions(const struct check *c)
{
	const struct profile *p = c->profile;
	const struct place *mounts = &p->states[KEY_PRIVATE_MOUNTS].place;
	bool failed = false;
	int r;

	if (p->n_restrictions > 0 && !has(c, KEY_PRIVATE_MOUNTS, p->private_mounts))
		return diagnostics_add(c->diagnostics, &p->restrictions[0].place,
			"restricted paths contradict PrivateMounts=no (%s:%u): they would be so for all; "
			"remove one of them",
			mounts->file, mounts->line);
	for (size_t i = 0; i < p->n_mounts; i++) {
		r = check_inaccessible(c, &p->mounts[i]);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	return failed ? -EBADMSG : 0;
}

/* Everything that only a mount can do. */
static const struct {
	enum profile_key key;
	const char *name;
} by_mounts[] = {
	{ KEY_PROTECT_SYSTEM, "ProtectSystem" },
	{ KEY_PROTECT_HOME, "ProtectHome" },
	{ KEY_PROTECT_KERNEL_TUNABLES, "ProtectKernelTunables" },
	{ KEY_PROTECT_KERNEL_MODULES, "ProtectKernelModules" },
	{ KEY_PROTECT_KERNEL_LOGS, "ProtectKernelLogs" },
	{ KEY_PROTECT_CONTROL_GROUPS, "ProtectControlGroups" },
	{ KEY_PROTECT_CLOCK, "ProtectClock" },
};

static bool is_on(const struct check *c, enum profile_key key)
{
	switch (key) {
	case KEY_PROTECT_SYSTEM:
		return profile_protect_system(c->profile) != PROFILE_SYSTEM_NO;
	case KEY_PROTECT_HOME:
		return profile_protect_home(c->profile) != PROFILE_HOME_NO;
	default:
		return profile_protects(c->profile, key);
	}
}

static int check_namespace(const struct check *c)
{
	const struct profile *p = c->profile;
	const struct place *mounts = &p->states[KEY_PRIVATE_MOUNTS].place;
	bool failed = false;
	int r;

	if (has(c, KEY_PRIVATE_MOUNTS, p->private_mounts))
		return 0;
	for (size_t i = 0; i < ELEMENTSOF(by_mounts); i++) {
		if (!is_set(c, by_mounts[i].key) || !is_on(c, by_mounts[i].key))
			continue;
		r = diagnostics_add(c->diagnostics, &p->states[by_mounts[i].key].place,
			"%s= contradicts PrivateMounts=no (%s:%u): mounts would change for all; remove one "
			"of them",
			by_mounts[i].name, mounts->file, mounts->line);
		if (r != -EBADMSG)
			return r;
		failed = true;
	}
	return failed ? -EBADMSG : 0;
}

/* A /proc is mounted for a PID namespace, and for nothing else. */
static int check_proc(const struct check *c)
{
	static const struct {
		enum profile_key key;
		const char *name;
	} keys[] = { { KEY_PROTECT_PROC, "ProtectProc" }, { KEY_PROC_SUBSET, "ProcSubset" } };
	const struct profile *p = c->profile;
	const struct place *pids = &p->states[KEY_PRIVATE_PIDS].place;

	if (has(c, KEY_PRIVATE_PIDS, p->private_pids))
		return 0;
	for (size_t i = 0; i < ELEMENTSOF(keys); i++)
		if (is_set(c, keys[i].key))
			return diagnostics_add(c->diagnostics, &p->states[keys[i].key].place,
				"%s= contradicts PrivatePIDs=no (%s:%u): without a PID namespace of its own "
				"the sandbox gets no /proc of its own; remove one of them",
				keys[i].name, pids->file, pids->line);
	return 0;
}

static int check_homes(const struct check *c, const struct profile_mount *m)
{
	enum profile_protect_home home = profile_protect_home(c->profile);
	_cleanup_free_ char *place = NULL;
	int r;

	for (size_t i = 0; i < PROFILE_HOMES; i++) {
		bool same = strcmp(m->target, profile_homes[i]) == 0;

		if (home == PROFILE_HOME_YES ? !path_is_below(m->target, profile_homes[i])
					     : !same || home != PROFILE_HOME_TMPFS)
			continue;
		/* what protects by default makes way for a mount in the same place */
		if (!is_set(c, KEY_PROTECT_HOME))
			continue;
		r = check_where(c, KEY_PROTECT_HOME, &place);
		if (r < 0)
			return r;
		if (home == PROFILE_HOME_YES)
			return refuse_mount(
				c, m, profile_homes[i], "ProtectHome=yes", place, "set ProtectHome=tmpfs");
		return diagnostics_add(c->diagnostics, &m->place,
			"a mount on %s contradicts ProtectHome=tmpfs (%s), which mounts there; mount below "
			"it, or set ProtectHome=no",
			m->target, place);
	}
	return 0;
}

static int check_hidden(const struct check *c, const struct profile_mount *m)
{
	static const struct {
		enum profile_key key;
		const char *name, *mend, *path;
		bool prefix;
	} hidden[] = {
		{ KEY_PROTECT_KERNEL_MODULES, "ProtectKernelModules=yes", "set ProtectKernelModules=no",
			"/usr/lib/modules", false },
		{ KEY_PROTECT_KERNEL_MODULES, "ProtectKernelModules=yes", "set ProtectKernelModules=no",
			"/lib/modules", false },
		{ KEY_PROTECT_KERNEL_LOGS, "ProtectKernelLogs=yes", "set ProtectKernelLogs=no", "/dev/kmsg",
			false },
		{ KEY_PROTECT_CLOCK, "ProtectClock=yes", "set ProtectClock=no", "/dev/rtc", true },
	};
	_cleanup_free_ char *place = NULL;
	int r;

	for (size_t i = 0; i < ELEMENTSOF(hidden); i++) {
		bool hit = hidden[i].prefix ? strncmp(m->target, hidden[i].path, strlen(hidden[i].path)) == 0
					    : path_is_below(m->target, hidden[i].path);

		if (!hit || !profile_protects(c->profile, hidden[i].key))
			continue;
		r = check_where(c, hidden[i].key, &place);
		return r < 0 ? r : refuse_mount(c, m, hidden[i].path, hidden[i].name, place, hidden[i].mend);
	}
	return 0;
}

/* The right to wake the machine up is one over its clock. */
static int check_clock(const struct check *c)
{
	const struct profile *p = c->profile;
	_cleanup_free_ char *place = NULL;
	int r;

	if (!is_set(c, KEY_AMBIENT_CAPABILITIES) || !(p->ambient & CAPABILITY_BIT(CAP_WAKE_ALARM)) ||
		!profile_protects(p, KEY_PROTECT_CLOCK))
		return 0;
	r = check_where(c, KEY_PROTECT_CLOCK, &place);
	return r < 0 ? r
		     : diagnostics_add(c->diagnostics, &p->states[KEY_AMBIENT_CAPABILITIES].place,
			       "AmbientCapabilities= has CAP_WAKE_ALARM, which ProtectClock=yes (%s) takes "
			       "away; set ProtectClock=no or remove the capability",
			       place);
}

int check_protections(const struct check *c)
{
	static int (*const checks[])(const struct check *) = { check_namespace, check_proc, check_clock };
	static int (*const of_mounts[])(
		const struct check *, const struct profile_mount *) = { check_homes, check_hidden };
	const struct profile *p = c->profile;
	bool failed = false;
	int r;

	for (size_t i = 0; i < ELEMENTSOF(checks); i++) {
		r = checks[i](c);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	for (size_t i = 0; i < p->n_mounts * ELEMENTSOF(of_mounts); i++) {
		r = of_mounts[i % ELEMENTSOF(of_mounts)](c, &p->mounts[i / ELEMENTSOF(of_mounts)]);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	return failed ? -EBADMSG : 0;
}

int check_root(const struct check *c)
{
	const struct profile *p = c->profile;
	const struct place *at = &p->states[KEY_ROOT_DIRECTORY].place, *other;

	if (!is_set(c, KEY_ROOT_DIRECTORY))
		return 0;
	if (strcmp(p->root_directory, "/") == 0)
		return diagnostics_add(
			c->diagnostics, at, "RootDirectory=/: that is the host's; write MinimalRoot=no");
	other = &p->states[KEY_MINIMAL_ROOT].place;
	if (is_set(c, KEY_MINIMAL_ROOT) && p->minimal_root)
		return diagnostics_add(c->diagnostics, at,
			"RootDirectory= contradicts MinimalRoot=yes (%s:%u): there is one root; remove one "
			"of "
			"them",
			other->file, other->line);
	other = &p->states[KEY_PRIVATE_MOUNTS].place;
	if (!has(c, KEY_PRIVATE_MOUNTS, p->private_mounts))
		return diagnostics_add(c->diagnostics, at,
			"RootDirectory= contradicts PrivateMounts=no (%s:%u): the root directory would be "
			"changed for all; remove one of them",
			other->file, other->line);
	return 0;
}

/* A device that another key hides. */
static int check_device(const struct check *c, const struct profile_device *d)
{
	static const struct {
		enum profile_key key;
		const char *name, *beginning;
	} hidden[] = { { KEY_PROTECT_KERNEL_LOGS, "ProtectKernelLogs", "/dev/kmsg" },
		{ KEY_PROTECT_CLOCK, "ProtectClock", "/dev/rtc" } };
	const struct profile *p = c->profile;
	_cleanup_free_ char *place = NULL;
	int r;

	for (size_t i = 0; i < p->n_mounts; i++)
		if (path_is_below(d->path, p->mounts[i].target))
			return diagnostics_add(c->diagnostics, &d->place,
				"DeviceAllow=%s: the mount on %s (%s:%u) hides it; remove one of them",
				d->path, p->mounts[i].target, p->mounts[i].place.file,
				p->mounts[i].place.line);
	for (size_t i = 0; i < ELEMENTSOF(hidden); i++) {
		if (strncmp(d->path, hidden[i].beginning, strlen(hidden[i].beginning)) != 0 ||
			!profile_protects(p, hidden[i].key))
			continue;
		r = check_where(c, hidden[i].key, &place);
		return r < 0 ? r
			     : diagnostics_add(c->diagnostics, &d->place,
				       "DeviceAllow=%s contradicts %s=yes (%s); set %s=no or remove the "
				       "device",
				       d->path, hidden[i].name, place, hidden[i].name);
	}
	return 0;
}

int check_devices(const struct check *c)
{
	const struct profile *p = c->profile;
	const struct place *other = &p->states[KEY_PRIVATE_DEVICES].place;
	bool failed = false;
	int r;

	if (p->n_devices > 0 && !has(c, KEY_PRIVATE_DEVICES, p->private_devices))
		return diagnostics_add(c->diagnostics, &p->devices[0].place,
			"DeviceAllow= contradicts PrivateDevices=no (%s:%u), which gives the host's whole "
			"/dev; remove one of them",
			other->file, other->line);
	for (size_t i = 0; i < p->n_devices; i++) {
		r = check_device(c, &p->devices[i]);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	return failed ? -EBADMSG : 0;
}
