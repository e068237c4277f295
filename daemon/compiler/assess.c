/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a profile leaves open, but for system calls. In doubt a setting is exposed. */

#include "compiler/assess.h"
#include "base/capability.h"
#include "base/error.h"

#include <linux/securebits.h>
#include <string.h>
#include <sys/resource.h>

#define ID_NOBODY 65534U
#define WHOLE     10U /* of a range of ten */

/* By whom the program runs. */
static void assess_user(const struct compiled_profile *c, struct score *s)
{
	const uint32_t bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED;

	if (!c->dynamic_user)
		s->badness[SCORE_USER] = c->uid == 0 ? WHOLE : c->uid == ID_NOBODY ? 9 : 0;
	s->badness[SCORE_GROUPS] = c->n_groups > 0;
	s->badness[SCORE_PRIVATE_USERS] = !(c->namespaces & JAIL_NS_USER);
	s->badness[SCORE_AMBIENT] = c->ambient != 0;
	s->badness[SCORE_SECURE_BITS] = (c->secure_bits & bits) != bits;
}

static void assess_capabilities(const struct compiled_profile *c, struct score *s)
{
#define BIT(name) CAPABILITY_BIT(CAP_##name)
	static const struct {
		enum score_item item;
		uint64_t mask;
	} rows[] = {
		{ SCORE_CAP_SYS_ADMIN, BIT(SYS_ADMIN) },
		{ SCORE_CAP_SYS_PTRACE, BIT(SYS_PTRACE) },
		{ SCORE_CAP_SET_IDS, BIT(SETUID) | BIT(SETGID) | BIT(SETPCAP) },
		{ SCORE_CAP_FILE_OWNERS, BIT(CHOWN) | BIT(FSETID) | BIT(SETFCAP) },
		{ SCORE_CAP_FILE_CHECKS,
			BIT(DAC_OVERRIDE) | BIT(DAC_READ_SEARCH) | BIT(FOWNER) | BIT(IPC_OWNER) },
		{ SCORE_CAP_NET_ADMIN, BIT(NET_ADMIN) },
		{ SCORE_CAP_SYS_MODULE, BIT(SYS_MODULE) },
		{ SCORE_CAP_SYS_RAWIO, BIT(SYS_RAWIO) },
		{ SCORE_CAP_SYS_TIME, BIT(SYS_TIME) },
		{ SCORE_CAP_NETWORK, BIT(NET_BIND_SERVICE) | BIT(NET_BROADCAST) | BIT(NET_RAW) },
		{ SCORE_CAP_AUDIT, BIT(AUDIT_WRITE) | BIT(AUDIT_CONTROL) | BIT(AUDIT_READ) },
		{ SCORE_CAP_KILL, BIT(KILL) },
		{ SCORE_CAP_MKNOD, BIT(MKNOD) },
		{ SCORE_CAP_RESOURCES, BIT(SYS_NICE) | BIT(SYS_RESOURCE) },
		{ SCORE_CAP_SYSLOG, BIT(SYSLOG) },
		{ SCORE_CAP_MAC, BIT(MAC_OVERRIDE) | BIT(MAC_ADMIN) },
		{ SCORE_CAP_BOOT, BIT(SYS_BOOT) },
		{ SCORE_CAP_IMMUTABLE, BIT(LINUX_IMMUTABLE) },
		{ SCORE_CAP_IPC_LOCK, BIT(IPC_LOCK) },
		{ SCORE_CAP_CHROOT, BIT(SYS_CHROOT) },
	};
#undef BIT
	const uint64_t has = c->bounding | c->ambient;
	uint64_t rest = has;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		s->badness[rows[i].item] = (has & rows[i].mask) != 0;
		rest &= ~rows[i].mask;
	}
	s->badness[SCORE_CAP_OTHERS] = rest != 0;
}

static bool has(const struct compiled_profile *c, uint32_t namespace)
{
	return (c->namespaces & namespace) != 0;
}

static void assess_namespaces(const struct compiled_profile *c, struct score *s)
{
	s->badness[SCORE_PRIVATE_MOUNTS] = !has(c, JAIL_NS_MOUNT);
	s->badness[SCORE_PRIVATE_PIDS] = !has(c, JAIL_NS_PID);
	s->badness[SCORE_PRIVATE_NETWORK] = !has(c, JAIL_NS_NET);
	s->badness[SCORE_PRIVATE_IPC] = !has(c, JAIL_NS_IPC);
	s->badness[SCORE_PRIVATE_CGROUP] = !has(c, JAIL_NS_CGROUP);
}

/* A root that is made for the sandbox has nothing but what the profile mounts: what it then protects is not
 * there. */
static bool own_root(const struct compiled_profile *c)
{
	return has(c, JAIL_NS_MOUNT) &&
	       (c->minimal_root || (c->root_directory && c->root_directory[0] != '\0'));
}

static uint32_t system_badness(const struct profile *p, const struct compiled_profile *c)
{
	if (own_root(c))
		return 0;
	switch (profile_protect_system(p)) {
	case PROFILE_SYSTEM_STRICT:
		return 0;
	case PROFILE_SYSTEM_FULL:
		return 1;
	case PROFILE_SYSTEM_YES:
		return 5;
	case PROFILE_SYSTEM_NO:
		break;
	}
	return WHOLE;
}

static uint32_t home_badness(const struct profile *p, const struct compiled_profile *c)
{
	if (own_root(c))
		return 0;
	switch (profile_protect_home(p)) {
	case PROFILE_HOME_YES:
	case PROFILE_HOME_TMPFS:
		return 0;
	case PROFILE_HOME_READ_ONLY:
		return 5;
	case PROFILE_HOME_NO:
		break;
	}
	return WHOLE;
}

/* A directory of the host that can be changed is half of what can be; its root is all. */
static uint32_t writable_badness(const struct compiled_profile *c)
{
	uint32_t badness = c->daemon_stores && c->daemon_stores[0] ? WHOLE / 2 : 0;

	/* what a caller binds there, it could write to itself; the program is another */
	for (size_t i = 0; i < c->n_mount_slots; i++)
		if (!(c->mount_slots[i].flags & MOUNT_READ_ONLY))
			badness = WHOLE / 2;
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct compiled_mount *m = &c->mounts[i];

		if (m->type != MOUNT_BIND || (m->flags & MOUNT_READ_ONLY))
			continue;
		if (strcmp(m->source, "/") == 0)
			return WHOLE;
		badness = WHOLE / 2;
	}
	return badness;
}

static uint32_t device_badness(const struct compiled_profile *c)
{
	if (!c->private_devices || !has(c, JAIL_NS_MOUNT))
		return WHOLE;
	return c->devices && c->devices[0] ? WHOLE / 2 : 0;
}

/* In a PID namespace with a /proc of its own there is nobody to hide but the sandbox's own. */
static uint32_t proc_badness(const struct compiled_profile *c)
{
	if (c->proc_hiding == PROC_INVISIBLE || c->proc_hiding == PROC_PTRACEABLE)
		return 0;
	if (c->mount_proc)
		return 1;
	return c->proc_hiding == PROC_NO_ACCESS ? 2 : 3;
}

static uint32_t umask_badness(const struct compiled_profile *c)
{
	if (!(c->umask & 02))
		return WHOLE;
	if (!(c->umask & 04))
		return 5;
	if (!(c->umask & 020))
		return 2;
	return c->umask & 040 ? 0 : 1;
}

static void assess_files(const struct profile *p, const struct compiled_profile *c, struct score *s)
{
	const bool mounts = has(c, JAIL_NS_MOUNT);

	s->badness[SCORE_ROOT] = !own_root(c);
	s->badness[SCORE_WRITABLE] = writable_badness(c);
	s->badness[SCORE_PRIVATE_TMP] = !c->private_tmp || !mounts;
	s->badness[SCORE_PRIVATE_DEVICES] = !c->private_devices || !mounts;
	s->badness[SCORE_DEVICES] = device_badness(c);
	s->badness[SCORE_PROTECT_SYSTEM] = system_badness(p, c);
	s->badness[SCORE_PROTECT_HOME] = home_badness(p, c);
	s->badness[SCORE_PROTECT_TUNABLES] = !c->protect_kernel_tunables;
	s->badness[SCORE_PROTECT_MODULES] = !c->protect_kernel_modules;
	s->badness[SCORE_PROTECT_LOGS] = !c->protect_kernel_logs;
	s->badness[SCORE_PROTECT_CGROUPS] = !c->protect_control_groups;
	s->badness[SCORE_PROTECT_CLOCK] = !c->protect_clock;
	s->badness[SCORE_PROTECT_PROC] = proc_badness(c);
	s->badness[SCORE_PROC_SUBSET] = !c->proc_subset;
	s->badness[SCORE_PROPAGATION] = c->propagation != PROPAGATION_PRIVATE;
	s->badness[SCORE_UMASK] = umask_badness(c);
}

/* Kinds that reach beyond what one file or stream is: whole trees, whoever calls, hardware. */
#define KINDS_WIDE                                                                                           \
	(1U << FD_KIND_DIRECTORY | 1U << FD_KIND_PATH | 1U << FD_KIND_LISTENER | 1U << FD_KIND_CHARDEV)

static bool takes_wide_descriptors(const struct compiled_profile *c)
{
	for (size_t i = 0; i < c->n_slots; i++)
		if (c->slots[i].kinds & KINDS_WIDE)
			return true;
	return false;
}

static uint32_t port_badness(const struct compiled_profile *c)
{
	const uint32_t both = RESTRICT_BIND_TCP | RESTRICT_CONNECT_TCP;

	if (has(c, JAIL_NS_NET))
		return 0;
	/* UDP and raw sockets have no such fence */
	return (c->landlock.restricts & both) == both ? WHOLE / 2 : WHOLE;
}

static uint32_t scope_badness(const struct compiled_profile *c)
{
	const bool sockets = !has(c, JAIL_NS_NET) && !(c->landlock.restricts & RESTRICT_ABSTRACT_UNIX);
	const bool signals = !has(c, JAIL_NS_PID) && !(c->landlock.restricts & RESTRICT_SIGNAL);

	return (sockets ? 1U : 0U) + (signals ? 1U : 0U);
}

static void assess_fences(const struct compiled_profile *c, struct score *s)
{
	s->badness[SCORE_LANDLOCK_FILES] = !(c->landlock.restricts & RESTRICT_FILES);
	s->badness[SCORE_LANDLOCK_SCOPE] = scope_badness(c);
	s->badness[SCORE_PORTS] = port_badness(c);
	s->badness[SCORE_DESCRIPTORS] = takes_wide_descriptors(c) ? WHOLE / 2 : 0;
}

static bool limits(const struct compiled_profile *c, uint32_t resource, enum group_limit group)
{
	if (c->group[group].unit != GROUP_UNSET && c->group[group].value != GROUP_INFINITY)
		return true;
	for (size_t i = 0; i < c->n_limits; i++)
		if (c->limits[i].resource == resource && c->limits[i].hard != UINT64_MAX)
			return true;
	return false;
}

static void assess_resources(const struct compiled_profile *c, struct score *s)
{
	s->badness[SCORE_MEMORY] = !limits(c, RLIMIT_AS, GROUP_MEMORY_MAX);
	s->badness[SCORE_TASKS] = !limits(c, RLIMIT_NPROC, GROUP_TASKS_MAX);
	s->badness[SCORE_CORE_SCHEDULING] = !(c->tuning.set & TUNE_CORE);
}

/* It asks the program for some thousand calls. */
static void assess_filter_once(
	const struct compiled_profile *c, const struct shared_filters *shared, struct score *s)
{
	struct shared_filter *f = shared ? shared_filter_of(shared, c->filter, c->n_filter) : NULL;
	const int which = c->deny_write_execute;

	if (!f) {
		assess_filter(c, s);
		return;
	}
	if (!f->assessed[which])
		assess_filter(c, &f->scores[which]);
	f->assessed[which] = true;
	for (size_t i = 0; i < ELEMENTSOF(s->badness); i++)
		s->badness[i] += f->scores[which].badness[i];
}

void assess_profile(const struct profile *p, const struct compiled_profile *c,
	const struct shared_filters *shared, struct score *ret)
{
	*ret = (struct score){ .badness = { 0 } };
	assess_user(c, ret);
	assess_capabilities(c, ret);
	assess_namespaces(c, ret);
	assess_files(p, c, ret);
	assess_fences(c, ret);
	assess_resources(c, ret);
	assess_filter_once(c, shared, ret);
}

/* ChromeOS' rule: never all three. What is merely optional does not count as there. */
uint32_t assess_intersection(const struct compiled_profile *c)
{
	const bool landlock = (c->landlock.restricts & RESTRICT_FILES) && !(c->optional & OPTIONAL_LANDLOCK);
	const bool apart = has(c, JAIL_NS_PID) && (has(c, JAIL_NS_MOUNT) || landlock);
	const bool domain =
		c->selinux_context && c->selinux_context[0] != '\0' && !(c->optional & OPTIONAL_SELINUX);
	uint32_t legs = 0;

	if ((!c->dynamic_user && c->uid == 0) || ((c->bounding | c->ambient) & CAPABILITY_BIT(CAP_SYS_ADMIN)))
		legs |= INTERSECTION_PRIVILEGED;
	if (!apart)
		legs |= INTERSECTION_INITIAL_NAMESPACES;
	if ((c->n_filter == 0 || !landlock) && !domain)
		legs |= INTERSECTION_UNCONFINED;
	return legs;
}
