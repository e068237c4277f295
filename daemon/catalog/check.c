/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What must hold of every compiled profile, whoever made it. The compiler asks before it writes a profile,
 * the reader before it believes one: the processes that act on a catalog never meet a value that is not
 * covered here. Each check returns NULL, or a phrase that names the key.
 */

#include "base/error.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/privileges.h"
#include "base/strv.h"
#include "base/unit-name.h"
#include "catalog/compiled.h"
#include "catalog/format.h"

#include <linux/securebits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SECURE_ALL      ((unsigned)(SECURE_ALL_BITS | SECURE_ALL_LOCKS))
#define ID_INVALID      UINT32_MAX /* (uid_t)-1 */
#define ID_INVALID_16   65535U     /* the same for 16-bit system calls */
#define DYNAMIC_UID_LOW 1000U      /* below are the system's own users */
#define POOL_NEVER                                                                                           \
	(CAPABILITY_BIT(CAP_NET_ADMIN) | CAPABILITY_BIT(CAP_NET_RAW) | CAPABILITY_BIT(CAP_IPC_OWNER))
/* By which files of the host can be opened. */
#define KINDS_OPENING (1U << FD_KIND_DIRECTORY | 1U << FD_KIND_PATH | 1U << FD_KIND_CHARDEV)
#define SIGNAL_MAX    64 /* _NSIG */

static bool timeout_valid(uint64_t usec)
{
	return usec <= TIMEOUT_USEC_MAX || usec == USEC_INFINITY;
}

static const char *check_counts(const struct compiled_profile *p)
{
	if (strv_length(p->drop_ins) > LIST_MAX)
		return "there are too many drop-ins";
	if (p->n_access > LIST_MAX)
		return "[Access] has too many entries";
	if (strv_length(p->executables) > LIST_MAX || strv_length(p->arguments) > LIST_MAX)
		return "Executable= or Argument= has too many entries";
	if (strv_length(p->environment) > ENV_MAX || strv_length(p->pass_environment) > ENV_MAX)
		return "Environment= or PassEnvironment= has too many entries";
	if (p->n_restrictions > LIST_MAX)
		return "there are too many restricted paths";
	if (p->n_mounts > LIST_MAX)
		return "there are too many mounts";
	if (p->landlock.n_rules > LIST_MAX || p->landlock.n_ports > LIST_MAX)
		return "there are too many rules of [Landlock]";
	if (p->n_groups > GROUPS_MAX)
		return "SupplementaryGroups= has too many entries";
	return NULL;
}

static const char *check_access(const struct compiled_profile *p)
{
	for (size_t i = 0; i < p->n_access; i++) {
		const struct access_rule *rule = &p->access[i];
		const char *name = rule->name ? rule->name : "";

		if ((unsigned)rule->type >= _ACCESS_TYPE_MAX || rule->id == ID_INVALID)
			return "AllowUser= or AllowGroup= names no valid id";
		if (rule->type == ACCESS_SELINUX_DOMAIN && name[0] == '\0')
			return "AllowSELinuxDomain= names no domain";
		if (rule->type == ACCESS_UNIT && !unit_pattern_valid(name))
			return "AllowUnit= is no pattern for units";
		if (rule->type == ACCESS_POLKIT && (name[0] == '\0' || i + 1 < p->n_access))
			return "Polkit= names no action, or is not the last rule";
	}
	if (p->launches_per_minute > LAUNCHES_PER_MINUTE_MAX)
		return "LaunchesPerMinute= is too large";
	return NULL;
}

/* Names of NAME=VALUE are valid and come once. */
static const char *check_environment(const struct compiled_profile *p)
{
	STRV_FOREACH (e, p->environment) {
		const char *equals = strchr(*e, '=');
		size_t n = equals ? (size_t)(equals - *e) : 0;

		if (!env_name_valid(*e, n))
			return "Environment= has an entry that is no NAME=VALUE";
		STRV_FOREACH (earlier, p->environment) {
			if (earlier == e)
				break;
			if (strncmp(*earlier, *e, n + 1) == 0)
				return "Environment= sets one name twice";
		}
	}
	STRV_FOREACH (e, p->pass_environment) {
		size_t n = strlen(*e);

		if (n > 0 && (*e)[n - 1] == '*')
			n--;
		else if (n == 0)
			return "PassEnvironment= has an empty entry";
		if (n > 0 && !env_name_valid(*e, n))
			return "PassEnvironment= has an entry that is no name, nor a name's beginning and "
			       "\"*\"";
	}
	return NULL;
}

static const char *check_exec(const struct compiled_profile *p)
{
	if (strv_length(p->environment) > ENV_MAX || strv_length(p->pass_environment) > ENV_MAX)
		return "Environment= or PassEnvironment= has too many entries";
	STRV_FOREACH (e, p->executables) {
		if (!path_is_normalized(*e) || strcmp(*e, "/") == 0)
			return "Executable= is no normalized absolute path of a file";
		STRV_FOREACH (earlier, p->executables) {
			if (earlier == e)
				break;
			if (strcmp(*earlier, *e) == 0)
				return "Executable= names one path twice";
		}
	}
	for (size_t i = 0; i < ELEMENTSOF(p->stdio); i++)
		if ((unsigned)p->stdio[i] >= _STDIO_MODE_MAX)
			return "StandardInput=, StandardOutput= or StandardError= has no valid mode";
	if (p->stdio[0] == STDIO_JOURNAL)
		return "StandardInput= is the journal, which is only written to";
	if (p->working_directory && !path_is_normalized(p->working_directory))
		return "WorkingDirectory= is no normalized absolute path";
	if (p->umask > 0777)
		return "UMask= is above 0777";
	return NULL;
}

static const char *check_slots(const struct compiled_profile *p)
{
	const uint32_t kinds_all = ((1U << _FD_KIND_MAX) - 1) & ~(1U << FD_KIND_OTHER);
	const uint32_t access_all = FD_ACCESS_READ | FD_ACCESS_WRITE;

	if (p->n_slots > FDS_MAX || p->max_fds > FDS_MAX)
		return "FileDescriptor= or MaxFileDescriptors= is above what a launch can carry";
	for (size_t i = 0; i < p->n_slots; i++) {
		const struct fd_slot *s = &p->slots[i];

		if (s->number > FD_TARGET_MAX)
			return "FileDescriptor= has a number above 1023";
		if (s->kinds == 0 || (s->kinds & ~kinds_all) != 0)
			return "FileDescriptor= allows no kind, or one that is never passed";
		if (s->access == 0 || (s->access & ~access_all) != 0)
			return "FileDescriptor= has no valid access";
		for (size_t j = 0; j < i; j++)
			if (p->slots[j].number == s->number)
				return "FileDescriptor= names one number twice";
	}
	return NULL;
}

static const char *check_user(const struct compiled_profile *p)
{
	if (p->uid == ID_INVALID || p->gid == ID_INVALID)
		return "User= or Group= is no valid id";
	/* a dynamic id comes from the configured range: a 0 here could only be an oversight */
	if (p->dynamic_user && (p->uid == 0 || p->gid == 0))
		return "DynamicUser=yes together with root's id";
	for (size_t i = 0; i < p->n_groups; i++)
		if (p->groups[i] == ID_INVALID)
			return "SupplementaryGroups= names no valid id";
	return NULL;
}

/* Who is root, or has a right, could set what is the namespace's; a node of /dev/net or a directory of the
 * host with one in it could be opened in it. Mounts show no devices but those that are named here. */
static const char *own_namespace(const struct compiled_profile *p)
{
	if (p->pool && p->pool[0])
		return "JoinsPool= has one for the pool";
	if (p->uid == 0 || p->gid == 0)
		return "User= or Group= is root's";
	for (size_t i = 0; i < p->n_groups; i++)
		if (p->groups[i] == 0)
			return "SupplementaryGroups= has root's";
	if ((p->bounding | p->ambient) != 0)
		return "CapabilityBoundingSet= is not empty";
	if (!(p->namespaces & JAIL_NS_MOUNT) || !p->private_devices)
		return "PrivateDevices=no";
	if (p->devices && p->devices[0])
		return "DeviceAllow= gives devices";
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->slots[i].kinds & KINDS_OPENING)
			return "FileDescriptor= takes a directory, path or device";
	return NULL;
}

const char *compiled_profile_own_network(const struct compiled_profile *p)
{
	return p->namespaces & JAIL_NS_NET ? own_namespace(p) : "PrivateNetwork=no";
}

const char *compiled_profile_own_ipc(const struct compiled_profile *p)
{
	if (!(p->namespaces & JAIL_NS_IPC))
		return "PrivateIPC=no";
	/* its objects would be those of a root who is not the host's */
	if (p->namespaces & JAIL_NS_USER)
		return "PrivateUsers=yes";
	return own_namespace(p);
}

static const char *check_privileges(const struct compiled_profile *p)
{
	if (((p->bounding | p->ambient) & ~PRIVILEGES_PROFILES) != 0)
		return "CapabilityBoundingSet= or AmbientCapabilities= has what no profile can give";
	if ((p->ambient & ~p->bounding) != 0)
		return "AmbientCapabilities= is not part of CapabilityBoundingSet=";
	if ((p->secure_bits & ~SECURE_ALL) != 0)
		return "SecureBits= has an unknown bit";
	if ((p->namespaces & ~_JAIL_NS_ALL) != 0)
		return "the namespaces have an unknown bit";
	if ((unsigned)p->violations >= _VIOLATIONS_MAX)
		return "ReportViolations= is none of its values";
	if (p->run_as_init && (p->namespaces & JAIL_NS_PID) == 0)
		return "RunAsInit= needs PrivatePIDs=yes";
	if (p->network_namespace_path && p->network_namespace_path[0]) {
		if (!path_is_normalized(p->network_namespace_path) || !p->network_namespace_path[1])
			return "NetworkNamespacePath= is no normalized absolute path of a file";
		if (p->namespaces & JAIL_NS_NET)
			return "NetworkNamespacePath= and PrivateNetwork=yes are both set";
	}
	if (p->pool && p->pool[0]) {
		if (!profile_name_valid(p->pool))
			return "JoinsPool= is no name";
		if ((p->namespaces & (JAIL_NS_NET | JAIL_NS_IPC)) == 0)
			return "JoinsPool= needs PrivateNetwork=yes or PrivateIPC=yes";
		if (p->network_namespace_path && p->network_namespace_path[0])
			return "JoinsPool= and NetworkNamespacePath= are both set";
		if ((p->bounding & POOL_NEVER) != 0)
			return "JoinsPool= together with a right over the other sandboxes of the pool";
	}
	if (p->shares_network && compiled_profile_own_network(p))
		return "a network namespace is shared by what needs its own";
	if (p->shares_ipc && compiled_profile_own_ipc(p))
		return "an IPC namespace is shared by what needs its own";
	/* who is in it is known to have gone when its PID namespace has */
	if (p->reuses_network &&
		(p->shares_network || compiled_profile_own_network(p) || !(p->namespaces & JAIL_NS_PID)))
		return "a network namespace comes back from what may have changed it";
	if ((p->namespaces & JAIL_NS_USER) && p->ambient != 0)
		return "PrivateUsers= and AmbientCapabilities= are both set";
	if ((p->namespaces & JAIL_NS_USER) && (p->uid == 0 || p->gid == 0))
		return "PrivateUsers= together with root's id";
	if (p->selinux_context && p->selinux_context[0] && !selinux_context_valid(p->selinux_context))
		return "SELinuxContext= is no context of the form user:role:type[:range]";
	if (p->n_filter > BPF_MAXINSNS_PER_FILTER)
		return "[Seccomp] compiles to more instructions than the kernel takes";
	/* the daemon's own filter leaves the 32-bit interface to that of each profile */
	if (p->n_filter == 0)
		return "[Seccomp] has no filter, which each profile needs to close foreign interfaces";
	return NULL;
}

static bool mount_valid(const struct compiled_mount *m)
{
	if ((m->flags & ~_MOUNT_FLAGS_ALL) != 0 || m->mode > 07777 || !m->target ||
		!path_is_normalized(m->target))
		return false;
	if (m->type == MOUNT_BIND)
		return m->source && path_is_normalized(m->source) && !(m->flags & MOUNT_PERCENT);
	if ((m->flags & MOUNT_IDMAP) || ((m->flags & MOUNT_PERCENT) && (m->size < 1 || m->size > 100)))
		return false;
	return m->type == MOUNT_TMPFS && (!m->source || m->source[0] == '\0');
}

static const char *check_stores(const struct compiled_profile *p)
{
	if ((unsigned)p->propagation >= _PROPAGATION_MAX)
		return "MountPropagation= has no valid value";
	if (strv_length(p->daemon_stores) > LIST_MAX)
		return "DaemonStore= has too many entries";
	/* a store belongs to a fixed user */
	if (p->daemon_stores && p->daemon_stores[0] && p->dynamic_user)
		return "DaemonStore= together with DynamicUser=yes";
	STRV_FOREACH (name, p->daemon_stores) {
		if (!store_name_valid(*name))
			return "DaemonStore= has an entry that is no name";
		STRV_FOREACH (earlier, p->daemon_stores) {
			if (earlier == name)
				break;
			if (strcmp(*earlier, *name) == 0)
				return "DaemonStore= names one store twice";
		}
	}
	return NULL;
}

static const char *check_mount_slots(const struct compiled_profile *p)
{
	if (p->n_mount_slots > MOUNT_SLOTS_MAX)
		return "MountSlot= has too many entries";
	for (size_t i = 0; i < p->n_mount_slots; i++) {
		const struct mount_slot *s = &p->mount_slots[i];

		if (!s->name || !profile_name_valid(s->name))
			return "MountSlot= has an entry that is no name";
		if (!s->target || !path_is_normalized(s->target) || s->target[1] == '\0')
			return "MountSlot= is no normalized absolute path below the root";
		if ((s->flags & ~_MOUNT_SLOT_FLAGS) != 0)
			return "MountSlot= has an unknown option";
		/* what is made there would be left to whoever gets the id next */
		if (p->dynamic_user && !s->flags)
			return "MountSlot= can be written to together with DynamicUser=yes and without idmap";
		for (size_t j = 0; j < i; j++)
			if (strcmp(p->mount_slots[j].name, s->name) == 0 ||
				path_is_below(p->mount_slots[j].target, s->target) ||
				path_is_below(s->target, p->mount_slots[j].target))
				return "MountSlot= names one slot twice, or one in another";
	}
	return NULL;
}

static const char *check_filesystem(const struct compiled_profile *p)
{
	bool mounts = strv_length(p->daemon_stores) > 0 || p->propagation != PROPAGATION_PRIVATE ||
		      p->n_mounts > 0 || p->n_mount_slots > 0 || p->n_restrictions > 0 || p->minimal_root ||
		      p->private_tmp || p->private_devices || p->mount_proc;

	/* without a mount namespace of its own, the jail's mounts would be the host's */
	if (mounts && (p->namespaces & JAIL_NS_MOUNT) == 0)
		return "a file system setting needs PrivateMounts=yes";
	for (size_t i = 0; i < p->n_mounts; i++)
		if (!mount_valid(&p->mounts[i]))
			return "a mount has no normalized absolute paths, or an unknown option";
	return NULL;
}

static bool has_root_directory(const struct compiled_profile *p)
{
	return p->root_directory && p->root_directory[0] != '\0';
}

static const char *check_root(const struct compiled_profile *p)
{
	if (has_root_directory(p)) {
		if (!path_is_normalized(p->root_directory) || strcmp(p->root_directory, "/") == 0)
			return "RootDirectory= is no normalized absolute path below the root";
		if (p->minimal_root || (p->namespaces & JAIL_NS_MOUNT) == 0)
			return "RootDirectory= needs MinimalRoot=no and PrivateMounts=yes";
	}
	if (strv_length(p->devices) > LIST_MAX)
		return "DeviceAllow= has too many entries";
	if (p->devices && p->devices[0] && !p->private_devices)
		return "DeviceAllow= needs PrivateDevices=yes";
	STRV_FOREACH (d, p->devices)
		if (!path_is_normalized(*d) || !path_is_below(*d, "/dev") || strcmp(*d, "/dev") == 0)
			return "DeviceAllow= is no normalized path below /dev";
	return NULL;
}

static const char *check_restrictions(const struct compiled_profile *p)
{
	for (size_t i = 0; i < p->n_restrictions; i++) {
		const struct compiled_restriction *r = &p->restrictions[i];

		if ((unsigned)r->type >= _RESTRICTION_TYPE_MAX || !r->path || !path_is_normalized(r->path))
			return "a restricted path is no normalized absolute path";
		if (r->type == RESTRICTION_INACCESSIBLE && r->path[1] == '\0')
			return "InaccessiblePaths= has the root directory";
		if (i > 0 && r->type < p->restrictions[i - 1].type)
			return "the restricted paths are not in order";
	}
	if ((unsigned)p->proc_hiding >= _PROC_HIDING_MAX)
		return "ProtectProc= has no valid value";
	return NULL;
}

static const char *check_landlock(const struct compiled_profile *p)
{
	const struct compiled_landlock *l = &p->landlock;
	uint32_t net = 0;

	if ((l->restricts & ~_RESTRICT_ALL) != 0 || l->restricts == RESTRICT_LOG)
		return "the section [Landlock] restricts nothing, or what is unknown";
	if ((p->optional & ~_OPTIONAL_ALL) != 0)
		return "Optional= has an unknown bit";
	for (size_t i = 0; i < l->n_rules; i++)
		if ((unsigned)l->rules[i].access >= _PATH_ACCESS_MAX || !l->rules[i].path ||
			!path_is_normalized(l->rules[i].path))
			return "a FsPath…= is no normalized absolute path";
	for (size_t i = 0; i < l->n_ports; i++) {
		net |= l->ports[i].bind ? RESTRICT_BIND_TCP : 0;
		net |= l->ports[i].connect ? RESTRICT_CONNECT_TCP : 0;
	}
	/* a rule about what is not restricted would be refused by the kernel */
	if ((l->n_rules > 0 && (l->restricts & RESTRICT_FILES) == 0) || (net & ~l->restricts) != 0)
		return "a rule of [Landlock] is about what is not restricted";
	return NULL;
}

static const char *check_resources(const struct compiled_profile *p)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < p->n_limits; i++) {
		const struct compiled_limit *l = &p->limits[i];

		if (l->resource >= RLIM_NLIMITS || (seen & (1U << l->resource)) != 0)
			return "a Limit…= is unknown or given twice";
		if (l->soft > l->hard)
			return "a Limit…= is above its own hard limit";
		seen |= 1U << l->resource;
	}
	if (p->runtime_max_usec == 0 || !timeout_valid(p->runtime_max_usec))
		return "RuntimeMaxSec= is 0 or longer than a year";
	if (p->timeout_start_usec == 0 || !timeout_valid(p->timeout_start_usec))
		return "TimeoutStartSec= is 0 or longer than a year";
	if (!timeout_valid(p->timeout_stop_usec))
		return "TimeoutStopSec= is longer than a year";
	if (p->kill_signal < 1 || p->kill_signal > SIGNAL_MAX)
		return "KillSignal= is no signal";
	return NULL;
}

/* Jails are parked for whoever comes. */
static const char *check_warm(const struct compiled_profile *p)
{
	if (p->max_warm > WARM_MAX || p->warm > p->max_warm)
		return "Warm= is more than MaxWarm=, or that too many";
	if (p->max_warm == 0)
		return NULL;
	if (p->pool && p->pool[0])
		return "Warm= and JoinsPool= are both set";
	for (size_t i = 0; i < ELEMENTSOF(p->stdio); i++)
		if (p->stdio[i] == STDIO_PTY)
			return "Warm= together with a terminal";
	return NULL;
}

static bool any_cpu(const struct compiled_tuning *t)
{
	for (size_t i = 0; i < CPU_WORDS; i++)
		if (t->cpus[i] != 0)
			return true;
	return false;
}

static const char *check_tuning(const struct compiled_profile *p)
{
	const struct compiled_tuning *t = &p->tuning;
	bool io = (t->set & TUNE_IO) != 0;

	if ((t->set & ~_TUNE_ALL) != 0)
		return "the process' settings have an unknown bit";
	if (t->nice < -20 || t->nice > 19 || ((t->set & TUNE_NICE) == 0 && t->nice != 0))
		return "Nice= is outside of -20 to 19";
	if (t->oom_score_adjust < -1000 || t->oom_score_adjust > 1000 ||
		((t->set & TUNE_OOM_SCORE) == 0 && t->oom_score_adjust != 0))
		return "OOMScoreAdjust= is outside of -1000 to 1000";
	if (any_cpu(t) != ((t->set & TUNE_CPUS) != 0))
		return "CPUAffinity= names no processor";
	if ((unsigned)t->io_class >= _IO_CLASS_MAX || io != (t->io_class != 0) || t->io_priority > 7 ||
		(t->io_priority != 0 && (!io || t->io_class == IO_CLASS_IDLE)))
		return "IOSchedulingClass= or IOSchedulingPriority= is unknown";
	if (((t->set & TUNE_TIMER_SLACK) != 0) != (t->timer_slack_nsec != 0))
		return "TimerSlackNSec= is 0";
	return NULL;
}

static bool group_value_valid(enum group_limit which, const struct group_value *v)
{
	bool weight = which == GROUP_CPU_WEIGHT || which == GROUP_IO_WEIGHT;

	if (v->unit == GROUP_UNSET)
		return v->value == 0;
	if (weight)
		return v->unit == GROUP_ABSOLUTE && v->value <= GROUP_WEIGHT_MAX &&
		       (v->value >= 1 || which == GROUP_CPU_WEIGHT);
	if (v->value == 0)
		return false;
	if (which == GROUP_CPU_QUOTA)
		return v->unit == GROUP_PERMYRIAD ? v->value <= GROUP_QUOTA_MAX : v->value == GROUP_INFINITY;
	return v->unit == GROUP_ABSOLUTE || v->value <= GROUP_WHOLE;
}

static const char *check_group(const struct compiled_profile *p)
{
	for (unsigned i = 0; i < _GROUP_LIMIT_MAX; i++)
		if ((unsigned)p->group[i].unit >= _GROUP_UNIT_MAX ||
			!group_value_valid((enum group_limit)i, &p->group[i]))
			return "MemoryMax=, MemoryHigh=, TasksMax=, CPUQuota=, CPUWeight= or IOWeight= is "
			       "out of range";
	return NULL;
}

static const char *check_names(const struct compiled_profile *p)
{
	if (!p->name || !profile_name_valid(p->name))
		return "the profile's name is not of the form [a-z0-9][a-z0-9_-]{0,63}";
	if (p->invalid != (p->error && p->error[0]))
		return "an invalid profile must say why, and a valid one has nothing to say";
	return NULL;
}

int compiled_profile_check(const struct compiled_profile *p, const char **reterr_reason)
{
	static const char *(*const checks[])(const struct compiled_profile *) = { check_counts, check_access,
		check_exec, check_environment, check_slots, check_user, check_privileges, check_filesystem,
		check_root, check_stores, check_mount_slots, check_restrictions, check_landlock,
		check_resources, check_tuning, check_group, check_warm };
	const char *reason = check_names(p);

	for (size_t i = 0; !reason && !p->invalid && i < ELEMENTSOF(checks); i++)
		reason = checks[i](p);
	if (!reason)
		return 0;
	*reterr_reason = reason;
	return -EINVAL;
}

int compiled_config_check(const struct compiled_config *c, const char **reterr_reason)
{
	const char *reason = NULL;

	if (c->dynamic_uid_min < DYNAMIC_UID_LOW || c->dynamic_uid_min > c->dynamic_uid_max ||
		c->dynamic_uid_max == ID_INVALID)
		reason = "DynamicUserRange= is empty, begins below 1000 or ends at the invalid id";
	else if (c->dynamic_uid_min <= ID_INVALID_16 && c->dynamic_uid_max >= ID_INVALID_16 - 1)
		reason = "DynamicUserRange= contains 65534 (nobody) or 65535 (no id)";
	else if (c->max_sandboxes == 0 || c->max_sandboxes > SANDBOXES_MAX)
		reason = "the number of sandboxes is 0 or above 4096";
	else if (c->max_sandboxes_per_user == 0 || c->max_calls_per_user == 0)
		reason = "a limit per user is 0: nobody could launch anything";
	else if (c->dynamic_quarantine_usec > TIMEOUT_USEC_MAX)
		reason = "the quarantine of user ids is longer than a year";
	else if (c->max_bytes_per_user < ARG_BYTES_MAX || c->max_fds_per_user < LAUNCH_FDS_MAX)
		reason = "a limit per user is below what one launch may have";
	else if (c->launches_per_minute_per_user == 0 ||
		 c->launches_per_minute_per_user > LAUNCHES_PER_MINUTE_MAX)
		reason = "LaunchesPerMinutePerUser= is 0 or above 60000";
	else if (c->setup_timeout_usec == 0 || c->setup_timeout_usec > TIMEOUT_USEC_MAX)
		reason = "the set-up timeout is 0 or longer than a year";
	else if (c->max_spare_jails > SPARE_JAILS_MAX)
		reason = "MaxSpareJails= is above 16";
	STRV_FOREACH (s, c->salt_paths)
		if (!path_is_normalized(*s))
			reason = "a salt file is no normalized absolute path";
	if (!reason)
		return 0;
	*reterr_reason = reason;
	return -EINVAL;
}
