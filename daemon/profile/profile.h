/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Profile: what a profile's text says, after templates and drop-ins were put together. Names are not
 * resolved, policies not read: that is the compiler's. A value is meaningful when its state says that it was
 * set.
 */

#include "base/bounds.h"
#include "base/fd.h"
#include "profile/settings.h"

#include <sys/types.h>

#define PROFILE_SUFFIX         ".profile"
#define PROFILE_TEMPLATE_DEPTH 16U /* templates of templates; real chains have one or two */

enum profile_key {
	/* [Profile] */
	KEY_DESCRIPTION,
	KEY_TEMPLATE,
	KEY_OPTIONAL,
	/* [Access] */
	KEY_ALLOW_USER,
	KEY_ALLOW_GROUP,
	KEY_ALLOW_SELINUX_DOMAIN,
	KEY_ALLOW_UNIT,
	KEY_POLKIT,
	KEY_LAUNCHES_PER_MINUTE,
	KEY_ALLOW_DETACH,
	KEY_MAX_PER_USER,
	/* [Exec] */
	KEY_EXECUTABLE,
	KEY_ARGUMENT,
	KEY_ENVIRONMENT,
	KEY_PASS_ENVIRONMENT,
	KEY_FILE_DESCRIPTOR,
	KEY_MAX_FILE_DESCRIPTORS,
	KEY_STANDARD_INPUT,
	KEY_STANDARD_OUTPUT,
	KEY_STANDARD_ERROR,
	KEY_WORKING_DIRECTORY,
	KEY_UMASK,
	/* [User] */
	KEY_USER,
	KEY_GROUP,
	KEY_SUPPLEMENTARY_GROUPS,
	KEY_DYNAMIC_USER,
	KEY_PRIVATE_USERS,
	/* [Capabilities] */
	KEY_CAPABILITY_BOUNDING_SET,
	KEY_AMBIENT_CAPABILITIES,
	KEY_SECURE_BITS,
	KEY_NO_NEW_PRIVILEGES,
	/* [Namespaces] */
	KEY_PRIVATE_MOUNTS,
	KEY_PRIVATE_PIDS,
	KEY_PRIVATE_NETWORK,
	KEY_PRIVATE_IPC,
	KEY_PRIVATE_UTS,
	KEY_PROTECT_HOSTNAME,
	KEY_PRIVATE_CGROUP,
	KEY_PRIVATE_TIME,
	KEY_NETWORK_NAMESPACE_PATH,
	KEY_RUN_AS_INIT,
	KEY_RESTRICT_NAMESPACES,
	KEY_JOINS_POOL,
	/* [Filesystem] */
	KEY_MINIMAL_ROOT,
	KEY_ROOT_DIRECTORY,
	KEY_BIND_PATHS,
	KEY_BIND_READ_ONLY_PATHS,
	KEY_TEMPORARY_FILE_SYSTEM,
	KEY_PRIVATE_TMP,
	KEY_PRIVATE_DEVICES,
	KEY_DEVICE_ALLOW,
	KEY_READ_ONLY_PATHS,
	KEY_INACCESSIBLE_PATHS,
	KEY_NO_EXEC_PATHS,
	KEY_PROTECT_SYSTEM,
	KEY_PROTECT_HOME,
	KEY_PROTECT_KERNEL_TUNABLES,
	KEY_PROTECT_KERNEL_MODULES,
	KEY_PROTECT_KERNEL_LOGS,
	KEY_PROTECT_CONTROL_GROUPS,
	KEY_PROTECT_CLOCK,
	KEY_PROTECT_PROC,
	KEY_PROC_SUBSET,
	KEY_MOUNT_PROPAGATION,
	KEY_DAEMON_STORE,
	KEY_MOUNT_SLOT,
	/* [Landlock] */
	KEY_FS_DEFAULT_PATHS,
	KEY_FS_PATH_READ_ONLY,
	KEY_FS_PATH_READ_EXECUTE,
	KEY_FS_PATH_READ_WRITE,
	KEY_FS_PATH_ADVANCED_READ_WRITE,
	KEY_NET_BIND_TCP,
	KEY_NET_CONNECT_TCP,
	KEY_SCOPE,
	KEY_LOG_DENIALS,
	/* [Seccomp] */
	KEY_POLICY,
	KEY_SYSTEM_CALL_FILTER,
	KEY_SYSTEM_CALL_ERROR_NUMBER,
	KEY_SYSTEM_CALL_ARCHITECTURES,
	KEY_SYSTEM_CALL_LOG,
	KEY_RESTRICT_ADDRESS_FAMILIES,
	KEY_MEMORY_DENY_WRITE_EXECUTE,
	KEY_LOCK_PERSONALITY,
	KEY_RESTRICT_REALTIME,
	KEY_RESTRICT_SUID_SGID,
	KEY_REPORT_VIOLATIONS,
	/* [SELinux] */
	KEY_SELINUX_CONTEXT,
	/* [Resources] */
	KEY_LIMIT,
	KEY_RUNTIME_MAX_SEC,
	KEY_TIMEOUT_START_SEC,
	KEY_TIMEOUT_STOP_SEC,
	KEY_KILL_SIGNAL,
	KEY_GROUP_LIMIT,
	KEY_NICE,
	KEY_OOM_SCORE_ADJUST,
	KEY_CPU_AFFINITY,
	KEY_IO_SCHEDULING_CLASS,
	KEY_IO_SCHEDULING_PRIORITY,
	KEY_CORE_SCHEDULING,
	KEY_TIMER_SLACK_NSEC,
	KEY_PERSONALITY,
	KEY_KEYRING_MODE,
	KEY_WARM,
	KEY_MAX_WARM,
	_PROFILE_KEY_MAX,
};

/* A user or group, by name or number, and where it is named. */
struct profile_name {
	char *name;
	struct place place;
};

struct profile_names {
	struct profile_name *v;
	size_t n;
};

struct profile_slot {
	uint32_t number;
	uint32_t kinds;  /* 1 << enum fd_kind */
	uint32_t access; /* enum fd_access */
	bool required;
	struct place place;
};

enum profile_stdio {
	PROFILE_STDIO_NULL,
	PROFILE_STDIO_PIPE,
	PROFILE_STDIO_FD,
	PROFILE_STDIO_INHERIT,
	PROFILE_STDIO_SOCKET,
	PROFILE_STDIO_PTY,
	PROFILE_STDIO_JOURNAL, /* outputs only */
};

struct profile_mount {
	bool tmpfs; /* else a bind mount */
	bool read_only, no_exec, optional, non_recursive, idmap;
	char *source; /* NULL for tmpfs */
	char *target;
	uint64_t size, inodes; /* tmpfs, 0 = the kernel's default */
	bool percent;          /* size is a part of the memory */
	mode_t mode;           /* tmpfs */
	struct place place;
};

/* A path of ReadOnlyPaths=, InaccessiblePaths= or NoExecPaths=, inside the sandbox. */
struct profile_restriction {
	enum profile_key key;
	bool optional;
	char *path;
	struct place place;
};

/* A node of DeviceAllow=. */
struct profile_device {
	char *path;
	struct place place;
};

/* Words of ProtectSystem=, each with what those before it do. */
enum profile_protect_system {
	PROFILE_SYSTEM_NO,
	PROFILE_SYSTEM_YES,
	PROFILE_SYSTEM_FULL,
	PROFILE_SYSTEM_STRICT,
};

enum profile_protect_home {
	PROFILE_HOME_NO,
	PROFILE_HOME_YES,
	PROFILE_HOME_READ_ONLY,
	PROFILE_HOME_TMPFS,
};

/* What ProtectHome= is about. */
#define PROFILE_HOMES 3U
extern const char *const profile_homes[PROFILE_HOMES];

/* In the order of the kernel's hidepid=. */
enum profile_protect_proc {
	PROFILE_PROC_DEFAULT,
	PROFILE_PROC_NOACCESS,
	PROFILE_PROC_INVISIBLE,
	PROFILE_PROC_PTRACEABLE,
};

enum profile_propagation {
	PROFILE_MOUNTS_PRIVATE,
	PROFILE_MOUNTS_SLAVE,
	PROFILE_MOUNTS_SHARED,
};

/* Where daemon stores are, outside and inside. */
#define PROFILE_STORE_ROOTS 2U
extern const char *const profile_store_roots[PROFILE_STORE_ROOTS];

/* A slot of MountSlot=. */
struct profile_mount_slot {
	char *name, *target;
	bool read_only, idmap;
	struct place place;
};

enum profile_proc_subset {
	PROFILE_PROC_ALL,
	PROFILE_PROC_PID,
};

/* A path of FsPath…=, and the key that it was given with. */
struct profile_landlock_path {
	enum profile_key key;
	bool optional;
	char *path;
};

/* Ports of NetBindTcp= or NetConnectTcp=. */
struct profile_ports {
	uint16_t *v;
	size_t n;
};

enum profile_words_kind {
	PROFILE_WORDS_NONE,
	PROFILE_WORDS_ALLOW, /* begins with nothing: a list of what there is */
	PROFILE_WORDS_DENY,  /* begins with everything, by a "~" */
};

struct profile_word {
	char *text;
	bool inverted; /* behind a "~" */
	struct place place;
};

/* Words in the order given, twice if given twice: later ones may take back what earlier ones said. */
struct profile_words {
	enum profile_words_kind kind;
	struct profile_word *v;
	size_t n, allocated;
};

/* RestrictNamespaces=. */
struct profile_namespaces {
	bool given;
	uint32_t allowed; /* CLONE_NEW* */
};

/* Words of Scope=. */
#define PROFILE_SCOPE_ABSTRACT_UNIX (1U << 0)
#define PROFILE_SCOPE_SIGNAL        (1U << 1)
/* Words of Optional=. */
#define PROFILE_OPTIONAL_LANDLOCK        (1U << 0)
#define PROFILE_OPTIONAL_CORE_SCHEDULING (1U << 1)
#define PROFILE_OPTIONAL_CGROUP          (1U << 2)
#define PROFILE_OPTIONAL_SELINUX         (1U << 3)

enum profile_io_class {
	PROFILE_IO_REALTIME,
	PROFILE_IO_BEST_EFFORT,
	PROFILE_IO_IDLE,
};

/* Keys that a control group bounds the whole sandbox by. */
enum profile_group_limit {
	PROFILE_MEMORY_MAX,
	PROFILE_MEMORY_HIGH,
	PROFILE_TASKS_MAX,
	PROFILE_CPU_QUOTA,
	PROFILE_CPU_WEIGHT,
	PROFILE_IO_WEIGHT,
	_PROFILE_GROUP_LIMIT_MAX,
};

struct profile_group_value {
	bool set, relative; /* relative: hundredths of a percent */
	uint64_t value;     /* UINT64_MAX: infinity; CPUWeight=idle: 0 */
	struct place place;
};

#define PROFILE_LIMITS 16U /* RLIM_NLIMITS of Linux */

struct profile_limit {
	bool set;
	uint64_t soft, hard; /* UINT64_MAX: infinity */
	struct place place;
};

struct profile {
	char *name;
	const struct source *
		*files; /* in the order read: templates first, drop-ins last; borrowed from the store */
	size_t n_files;
	size_t first_own; /* index in files of the profile's own file */
	char **errors;    /* non-empty: the profile is invalid as a whole */
	struct setting_state states[_PROFILE_KEY_MAX];

	char *description, *template;
	uint32_t optional; /* PROFILE_OPTIONAL_* */
	struct profile_names allow_users, allow_groups, allow_domains, allow_units;
	struct profile_names polkit; /* none or one */
	bool allow_detach;
	uint32_t max_per_user, launches_per_minute;

	char **executables, **arguments, **environment, **pass_environment;
	struct profile_slot *slots;
	size_t n_slots;
	uint32_t max_fds;
	unsigned stdio[3]; /* enum profile_stdio */
	char *working_directory;
	mode_t umask;

	struct profile_names user, group; /* none or one */
	struct profile_names groups;
	bool dynamic_user, private_users;

	uint64_t bounding, ambient;
	uint32_t secure_bits;

	bool private_mounts, private_pids, private_network, private_ipc, private_uts, private_cgroup,
		protect_hostname;
	struct profile_namespaces restrict_namespaces;
	bool private_time, run_as_init;
	char *network_namespace_path;
	char *pool;
	char *selinux_context;
	bool selinux_optional; /* "-" before the context */

	bool minimal_root, private_tmp, private_devices;
	struct profile_mount *mounts;
	size_t n_mounts;
	char *root_directory;
	struct profile_device *devices;
	size_t n_devices;
	struct profile_restriction *restrictions;
	size_t n_restrictions;
	unsigned protect_system, protect_home, protect_proc, proc_subset; /* enum profile_… */
	unsigned propagation;                                             /* enum profile_propagation */
	struct profile_names daemon_stores;
	struct profile_mount_slot *mount_slots;
	size_t n_mount_slots;
	bool protect_kernel_tunables, protect_kernel_modules, protect_kernel_logs, protect_control_groups,
		protect_clock;

	bool fs_default_paths;
	struct profile_landlock_path *landlock_paths;
	size_t n_landlock_paths;
	struct profile_ports bind_ports, connect_ports;
	uint32_t scope; /* PROFILE_SCOPE_* */
	bool log_denials;

	char *policy;
	struct profile_words call_filter, call_error, architectures, call_log, address_families;
	bool memory_deny_write_execute, lock_personality, restrict_realtime, restrict_suid_sgid,
		report_violations;

	struct profile_limit limits[PROFILE_LIMITS]; /* by RLIMIT_* */
	uint64_t runtime_max_usec, timeout_start_usec, timeout_stop_usec;
	int kill_signal;
	struct profile_group_value bounds[_PROFILE_GROUP_LIMIT_MAX];
	int nice, oom_score_adjust;
	uint64_t cpus[CPU_WORDS]; /* of CPUAffinity=, bit (cpu % 64) of word (cpu / 64) */
	unsigned io_class;        /* enum profile_io_class */
	uint32_t io_priority;
	bool core_scheduling;
	uint64_t timer_slack_nsec;
	unsigned keyring_mode; /* there is one */
	uint32_t warm, max_warm;
};

void profile_done(struct profile *p);

/* Every key that a profile may hold. */
extern const struct key_table profile_keys;

/* Finds what contradicts itself, defaults included. -EBADMSG after diagnosing, -ENOMEM. */
int profile_check(const struct profile *p, struct diagnostics *d);
/* Its part in check-filter.c. */
int profile_check_filter(const struct profile *p, struct diagnostics *d);

/* Is the root directory one that is made for the sandbox? */
bool profile_minimal_root(const struct profile *p);
/* The values that hold, set or not. Without a mount namespace nothing is protected that the profile does not
 * name. */
enum profile_protect_system profile_protect_system(const struct profile *p);
enum profile_protect_home profile_protect_home(const struct profile *p);
bool profile_protects(const struct profile *p, enum profile_key key);

/* The value of a yes/no key, or yes if it is not set: the default of all that confine. */
static inline bool profile_yes(const struct profile *p, enum profile_key key, bool value)
{
	return !p->states[key].set || value;
}

/* The value of a yes/no key, or no if it is not set. */
static inline bool profile_asks(const struct profile *p, enum profile_key key, bool value)
{
	return p->states[key].set && value;
}

/* The values that hold where a default follows another key: as systemd has it, DynamicUser=yes brings
 * RestrictSUIDSGID=yes, as a bind with idmap and a mount slot do that can be written to; and PrivateUTS=yes
 * brings ProtectHostname=yes. */
bool profile_has_dynamic_user(const struct profile *p);
bool profile_restricts_suid_sgid(const struct profile *p);
/* The first mount in which files are made that belong to another user of the host; NULL if there is none. */
const struct profile_mount *profile_foreign_mount(const struct profile *p);
/* The same for a mount slot: a caller's directory that can be written to. */
const struct profile_mount_slot *profile_foreign_slot(const struct profile *p);
bool profile_protects_hostname(const struct profile *p);
/* All that RestrictNamespaces= knows: CLONE_NEW* */
uint32_t profile_namespaces_all(void);
void profile_words_done(struct profile_words *w);

/* "base.profile" → the length of "base"; 0 if it is not the name of a profile's file. */
size_t profile_file_stem(const char *file_name);

/*
 * One file alone, without templates and drop-ins: for tests and tools. Everything wrong with it is in @d.
 * *ret_source must outlive *ret. 0, -EBADMSG (both are set), -ENOMEM (neither is).
 */
int profile_parse_text(const char *path, const char *data, size_t size, struct diagnostics *d,
	struct source **ret_source, struct profile *ret);

/* Setters of profiles' own kinds of values. */
int set_template(const struct setting *s, void *target);
int set_names(const struct setting *s, void *target);
int set_name(const struct setting *s, void *target);
int set_selinux_domains(const struct setting *s, void *target);
int set_units(const struct setting *s, void *target);
int set_polkit(const struct setting *s, void *target);
int set_argument(const struct setting *s, void *target);
int set_environment(const struct setting *s, void *target);
int set_pass_environment(const struct setting *s, void *target);
int set_file_descriptor(const struct setting *s, void *target);
int set_capabilities(const struct setting *s, void *target);
int set_secure_bits(const struct setting *s, void *target);
int set_binds(const struct setting *s, void *target);
int set_tmpfs(const struct setting *s, void *target);
int set_restrictions(const struct setting *s, void *target);
int set_devices(const struct setting *s, void *target);
int set_protection(const struct setting *s, void *target);
int set_daemon_stores(const struct setting *s, void *target);
int set_mount_slot(const struct setting *s, void *target);
int set_optional(const struct setting *s, void *target);
int set_landlock_paths(const struct setting *s, void *target);
int set_ports(const struct setting *s, void *target);
int set_scope(const struct setting *s, void *target);
int set_pool(const struct setting *s, void *target);
int set_selinux_context(const struct setting *s, void *target);
int set_policy(const struct setting *s, void *target);
int set_call_words(const struct setting *s, void *target);
int set_error_number(const struct setting *s, void *target);
int set_architectures(const struct setting *s, void *target);
int set_address_families(const struct setting *s, void *target);
int set_restrict_namespaces(const struct setting *s, void *target);
int set_limit(const struct setting *s, void *target);
int set_runtime(const struct setting *s, void *target);
int set_group_limit(const struct setting *s, void *target);
int set_nice(const struct setting *s, void *target);
int set_oom_score(const struct setting *s, void *target);
int set_cpus(const struct setting *s, void *target);
int set_timer_slack(const struct setting *s, void *target);
int set_personality(const struct setting *s, void *target);
