/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Protect…= of [Filesystem] spelled out as restricted paths and mounts, together with the paths that the
 * profile restricts itself. The jail engine knows nothing of the system's directories but those of its root.
 */

#include "base/capability.h"
#include "base/error.h"
#include "compiler/translate.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#define HOME_SIZE   4096U /* names of mount points alone, which take none */
#define HOME_MODE   0755U
#define CLOCKS      16U /* rtc devices that the kernel can have: RTC_DEV_MAX */
#define CLOCK_NAME  16U /* of "/dev/rtc15" */
#define FIXED_PATHS 32U /* more than all tables below have */

struct fixed_path {
	enum restriction_type type;
	const char *path;
};

/* The paths are those of systemd.exec(5). None need be there. */
static const struct fixed_path system_paths[] = {
	{ RESTRICTION_READ_ONLY, "/usr" },
	{ RESTRICTION_READ_ONLY, "/boot" },
	{ RESTRICTION_READ_ONLY, "/efi" },
};
static const struct fixed_path full_paths[] = { { RESTRICTION_READ_ONLY, "/etc" } };
static const struct fixed_path strict_paths[] = { { RESTRICTION_READ_ONLY, "/" } };
static const struct fixed_path tunables[] = { { RESTRICTION_READ_ONLY, "/sys" } };
static const struct fixed_path proc_tunables[] = {
	{ RESTRICTION_READ_ONLY, "/proc/sys" },
	{ RESTRICTION_READ_ONLY, "/proc/sysrq-trigger" },
	{ RESTRICTION_READ_ONLY, "/proc/latency_stats" },
	{ RESTRICTION_READ_ONLY, "/proc/acpi" },
	{ RESTRICTION_READ_ONLY, "/proc/timer_stats" },
	{ RESTRICTION_READ_ONLY, "/proc/fs" },
	{ RESTRICTION_READ_ONLY, "/proc/irq" },
	{ RESTRICTION_INACCESSIBLE, "/proc/kallsyms" },
	{ RESTRICTION_INACCESSIBLE, "/proc/kcore" },
};
static const struct fixed_path modules[] = {
	{ RESTRICTION_INACCESSIBLE, "/usr/lib/modules" },
	{ RESTRICTION_INACCESSIBLE, "/lib/modules" },
};
static const struct fixed_path logs[] = { { RESTRICTION_INACCESSIBLE, "/dev/kmsg" } };
static const struct fixed_path proc_logs[] = { { RESTRICTION_INACCESSIBLE, "/proc/kmsg" } };
static const struct fixed_path control_groups[] = { { RESTRICTION_READ_ONLY, "/sys/fs/cgroup" } };

static int add_path(struct compiled_profile *ret, enum restriction_type type, bool optional, const char *path)
{
	struct compiled_restriction *r = &ret->restrictions[ret->n_restrictions];

	*r = (struct compiled_restriction){ .type = type, .optional = optional, .path = strdup(path) };
	if (!r->path)
		return -ENOMEM;
	ret->n_restrictions++;
	return 0;
}

static int add_fixed(struct compiled_profile *ret, const struct fixed_path *paths, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_path(ret, paths[i].type, true, paths[i].path);
	return r;
}

#define ADD_FIXED(ret, table) add_fixed((ret), (table), ELEMENTSOF(table))

static int add_system(const struct profile *p, struct compiled_profile *ret)
{
	enum profile_protect_system level = profile_protect_system(p);
	int r = 0;

	/* a root that is not the host's is read-only anyway, with all that is not mounted by the profile */
	if (level == PROFILE_SYSTEM_STRICT)
		return ret->minimal_root || ret->root_directory ? 0 : ADD_FIXED(ret, strict_paths);
	if (level >= PROFILE_SYSTEM_YES)
		r = ADD_FIXED(ret, system_paths);
	if (r == 0 && level >= PROFILE_SYSTEM_FULL)
		r = ADD_FIXED(ret, full_paths);
	return r;
}

static int add_homes(const struct profile *p, struct compiled_profile *ret)
{
	enum profile_protect_home home = profile_protect_home(p);
	int r = 0;

	if (home != PROFILE_HOME_YES && home != PROFILE_HOME_READ_ONLY)
		return 0;
	for (size_t i = 0; r == 0 && i < PROFILE_HOMES; i++)
		r = add_path(ret, home == PROFILE_HOME_YES ? RESTRICTION_INACCESSIBLE : RESTRICTION_READ_ONLY,
			true, profile_homes[i]);
	return r;
}

/* A mount can not tell reading a device from writing to it: who may not set a clock, gets none. */
static int add_clocks(struct compiled_profile *ret)
{
	char name[CLOCK_NAME];
	int r = 0;

	for (unsigned i = 0; r == 0 && i < CLOCKS; i++) {
		(void)snprintf(name, sizeof(name), "/dev/rtc%u", i);
		r = add_path(ret, RESTRICTION_INACCESSIBLE, true, name);
	}
	return r;
}

/* Without "all" in a /proc of its own, there is nothing there but processes. */
static bool sees_kernel_in_proc(const struct compiled_profile *ret)
{
	return !ret->proc_subset || !ret->mount_proc;
}

static int add_kernel(struct compiled_profile *ret)
{
	int r = 0;

	if (ret->protect_kernel_tunables) {
		r = ADD_FIXED(ret, tunables);
		if (r == 0 && sees_kernel_in_proc(ret))
			r = ADD_FIXED(ret, proc_tunables);
	}
	if (r == 0 && ret->protect_kernel_modules)
		r = ADD_FIXED(ret, modules);
	if (r == 0 && ret->protect_kernel_logs) {
		r = ADD_FIXED(ret, logs);
		if (r == 0 && sees_kernel_in_proc(ret))
			r = ADD_FIXED(ret, proc_logs);
	}
	if (r == 0 && ret->protect_control_groups)
		r = ADD_FIXED(ret, control_groups);
	if (r == 0 && ret->protect_clock && !ret->private_devices)
		r = add_clocks(ret);
	return r;
}

static enum restriction_type type_of(enum profile_key key)
{
	return key == KEY_READ_ONLY_PATHS ? RESTRICTION_READ_ONLY
	       : key == KEY_NO_EXEC_PATHS ? RESTRICTION_NO_EXEC
					  : RESTRICTION_INACCESSIBLE;
}

static int compare(const void *a, const void *b)
{
	const struct compiled_restriction *x = a, *y = b;

	return x->type != y->type ? (int)x->type - (int)y->type : strcmp(x->path, y->path);
}

static void translate_flags(const struct profile *p, struct compiled_profile *ret)
{
	static const enum proc_hiding hiding[] = {
		[PROFILE_PROC_DEFAULT] = PROC_HIDES_NOTHING,
		[PROFILE_PROC_NOACCESS] = PROC_NO_ACCESS,
		[PROFILE_PROC_INVISIBLE] = PROC_INVISIBLE,
		[PROFILE_PROC_PTRACEABLE] = PROC_PTRACEABLE,
	};

	if (p->states[KEY_PROTECT_PROC].set)
		ret->proc_hiding = hiding[p->protect_proc];
	if (p->states[KEY_PROC_SUBSET].set)
		ret->proc_subset = p->proc_subset == PROFILE_PROC_PID;
	ret->protect_kernel_tunables = profile_protects(p, KEY_PROTECT_KERNEL_TUNABLES);
	ret->protect_kernel_modules = profile_protects(p, KEY_PROTECT_KERNEL_MODULES);
	ret->protect_kernel_logs = profile_protects(p, KEY_PROTECT_KERNEL_LOGS);
	ret->protect_control_groups = profile_protects(p, KEY_PROTECT_CONTROL_GROUPS);
	ret->protect_clock = profile_protects(p, KEY_PROTECT_CLOCK);
	/* of the rights over clock, log and modules this is the only one that a profile could have */
	if (ret->protect_clock)
		ret->bounding &= ~CAPABILITY_BIT(CAP_WAKE_ALARM);
}

int translate_restrictions(const struct profile *p, struct compiled_profile *ret)
{
	int r;

	translate_flags(p, ret);
	ret->restrictions =
		calloc(p->n_restrictions + FIXED_PATHS + CLOCKS + PROFILE_HOMES, sizeof(*ret->restrictions));
	if (!ret->restrictions)
		return -ENOMEM;
	r = add_system(p, ret);
	if (r == 0)
		r = add_homes(p, ret);
	if (r == 0)
		r = add_kernel(ret);
	for (size_t i = 0; r == 0 && i < p->n_restrictions; i++)
		r = add_path(ret, type_of(p->restrictions[i].key), p->restrictions[i].optional,
			p->restrictions[i].path);
	if (r == 0 && ret->n_restrictions > 1)
		qsort(ret->restrictions, ret->n_restrictions, sizeof(*ret->restrictions), compare);
	return r;
}

/* In a minimal root there are no homes but those that the profile mounts. */
size_t count_home_mounts(const struct profile *p)
{
	return profile_protect_home(p) == PROFILE_HOME_TMPFS && !profile_minimal_root(p) ? PROFILE_HOMES : 0;
}

static bool mounted_on(const struct profile *p, const char *path)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		if (strcmp(p->mounts[i].target, path) == 0)
			return true;
	return false;
}

int translate_home_mounts(const struct profile *p, struct compiled_profile *ret)
{
	for (size_t i = 0; i < count_home_mounts(p); i++) {
		struct compiled_mount *m = &ret->mounts[ret->n_mounts];

		if (mounted_on(p, profile_homes[i]))
			continue;
		ret->n_mounts++;
		*m = (struct compiled_mount){
			.type = MOUNT_TMPFS,
			.flags = MOUNT_READ_ONLY | MOUNT_NO_EXEC | MOUNT_OPTIONAL,
			.source = strdup(""),
			.target = strdup(profile_homes[i]),
			.size = HOME_SIZE,
			.mode = HOME_MODE,
		};
		if (!m->source || !m->target)
			return -ENOMEM;
	}
	return 0;
}
