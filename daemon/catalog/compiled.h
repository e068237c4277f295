/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * CompiledProfile: what a profile is after every name was resolved and every policy compiled. Plain data; the
 * compiler fills it, catalog/writer.c and catalog/reader.c carry it, plan and broker read it.
 * Lists own their strings; a NULL string is an empty one (working_directory: "/"). Times are microseconds.
 * compiled_profile_init() gives the most confined values.
 */

#include "base/arena.h"
#include "base/bounds.h"
#include "base/fd.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Where a standard stream of the child comes from when the caller's options don't say. */
enum stdio_mode {
	STDIO_NULL,    /* /dev/null */
	STDIO_PIPE,    /* the broker makes a pipe and returns the other end */
	STDIO_FD,      /* the caller must map an fd */
	STDIO_SOCKET,  /* the broker makes a pair of stream sockets and returns the other one */
	STDIO_PTY,     /* the launcher makes a pseudo terminal; the caller gets its master */
	STDIO_JOURNAL, /* the launcher opens a stream to the system's journal; outputs only */
	STDIO_INHERIT, /* as STDIO_FD when the caller maps one, else null: the default */
	_STDIO_MODE_MAX,
};

/* One slot of FileDescriptor=: the child's number and what may be put there. */
struct fd_slot {
	uint32_t number;
	uint32_t kinds;  /* bit (1 << enum fd_kind) for each allowed kind */
	uint32_t access; /* enum fd_access bits that the fd may have at most; both = no restriction */
	bool required;   /* the launch is refused without it */
};

enum mount_type {
	MOUNT_BIND,  /* source on the host to target */
	MOUNT_TMPFS, /* target, with options */
	_MOUNT_TYPE_MAX,
};

#define MOUNT_READ_ONLY     (1U << 0)
#define MOUNT_NO_EXEC       (1U << 1)
#define MOUNT_OPTIONAL      (1U << 2) /* "-" before the path: a missing source is no error */
#define MOUNT_NON_RECURSIVE (1U << 3) /* ":norbind" */
#define MOUNT_PERCENT       (1U << 4) /* tmpfs: size is a part of the memory */
#define MOUNT_IDMAP         (1U << 5) /* ":idmap": the source's owner is the payload's user */
#define _MOUNT_FLAGS_ALL    63U

struct compiled_mount {
	enum mount_type type;
	uint32_t flags;
	char *source;    /* normalized absolute path on the host; "" for tmpfs */
	char *target;    /* normalized absolute path inside */
	uint64_t size;   /* tmpfs: bytes, 0 = kernel default */
	uint32_t mode;   /* tmpfs: mode of the root, e.g. 01777 */
	uint64_t inodes; /* tmpfs: most files, 0 = kernel default */
};

/* A place for what a caller opened and binds there. */
struct mount_slot {
	char *name;     /* of the form of a profile's */
	char *target;   /* normalized absolute path inside, not the root */
	uint32_t flags; /* MOUNT_READ_ONLY, MOUNT_IDMAP */
};

#define _MOUNT_SLOT_FLAGS (MOUNT_READ_ONLY | MOUNT_IDMAP)

/* Whether mounts that are made outside later appear below writable binds and the host's tree. None of them
 * lets one out. */
enum mount_propagation {
	PROPAGATION_PRIVATE,
	PROPAGATION_SLAVE,
	PROPAGATION_SHARED, /* as slave; namespaces that are made inside see what is mounted inside */
	_PROPAGATION_MAX,
};

/* What a file or directory of the finished tree is made, with all below it; in the order in which it is done.
 */
enum restriction_type {
	RESTRICTION_READ_ONLY, /* but for what was mounted below it by the profile or for the jail */
	RESTRICTION_NO_EXEC,
	RESTRICTION_INACCESSIBLE, /* something empty lies over it */
	_RESTRICTION_TYPE_MAX,
};

struct compiled_restriction {
	enum restriction_type type;
	bool optional; /* a missing path is no error */
	char *path;    /* normalized absolute path inside */
};

/* Whose directories the jail's /proc shows: hidepid= of proc(5). */
enum proc_hiding {
	PROC_HIDES_NOTHING,
	PROC_NO_ACCESS,
	PROC_INVISIBLE,
	PROC_PTRACEABLE,
	_PROC_HIDING_MAX,
};

/* What a jail may do with a file or directory and all below it, in the order of growing rights. */
enum path_access {
	PATH_READ_ONLY,
	PATH_READ_EXECUTE,
	PATH_READ_WRITE,          /* and make, truncate and remove files and directories */
	PATH_ADVANCED_READ_WRITE, /* and make nodes, sockets and links, rename between directories, device
				     ioctls */
	_PATH_ACCESS_MAX,
};

struct landlock_rule {
	enum path_access access;
	bool optional; /* "-" before the path: missing is no error */
	char *path;    /* normalized absolute path inside */
};

/* A TCP port that may be used all the same. */
struct landlock_port {
	uint16_t port;
	bool bind, connect;
};

/* What Landlock denies but for the rules. */
#define RESTRICT_FILES         (1U << 0)
#define RESTRICT_BIND_TCP      (1U << 1)
#define RESTRICT_CONNECT_TCP   (1U << 2)
#define RESTRICT_ABSTRACT_UNIX (1U << 3) /* connecting to abstract sockets that were made outside */
#define RESTRICT_SIGNAL        (1U << 4) /* signals to processes outside */
#define RESTRICT_LOG           (1U << 5) /* denies nothing: denials are written to the audit log */
#define _RESTRICT_ALL          63U

struct compiled_landlock {
	uint32_t restricts; /* RESTRICT_*; 0: no Landlock */
	struct landlock_rule *rules;
	size_t n_rules;
	struct landlock_port *ports; /* each port once */
	size_t n_ports;
};

/* Layers of Optional=: what of them the kernel lacks is reported, and the launch goes on. */
#define OPTIONAL_LANDLOCK        (1U << 0)
#define OPTIONAL_CORE_SCHEDULING (1U << 1)
#define OPTIONAL_CGROUP          (1U << 2)
#define OPTIONAL_SELINUX         (1U << 3)
#define _OPTIONAL_ALL            15U

struct compiled_limit {
	uint32_t resource;   /* RLIMIT_* */
	uint64_t soft, hard; /* UINT64_MAX: infinity */
};

/* What of a process' share in the machine is set; the rest stays as the launcher has it. */
#define TUNE_NICE        (1U << 0)
#define TUNE_OOM_SCORE   (1U << 1)
#define TUNE_CPUS        (1U << 2)
#define TUNE_IO          (1U << 3)
#define TUNE_CORE        (1U << 4) /* shares no processor core with processes outside at the same time */
#define TUNE_TIMER_SLACK (1U << 5)
#define _TUNE_ALL        63U

/* The kernel's numbers, ioprio_set(2). */
enum io_class {
	IO_CLASS_REALTIME = 1,
	IO_CLASS_BEST_EFFORT,
	IO_CLASS_IDLE,
	_IO_CLASS_MAX,
};

/* What a sandbox as a whole may take, by its control group. */
enum group_limit {
	GROUP_MEMORY_MAX,  /* bytes, or a share of the machine's */
	GROUP_MEMORY_HIGH, /* the same */
	GROUP_TASKS_MAX,   /* tasks, or a share of what the kernel can have */
	GROUP_CPU_QUOTA,   /* share of one processor, or GROUP_INFINITY */
	GROUP_CPU_WEIGHT,  /* 1 to 10000; 0: only when nobody else wants to run */
	GROUP_IO_WEIGHT,   /* 1 to 10000 */
	_GROUP_LIMIT_MAX,
};

enum group_unit {
	GROUP_UNSET,
	GROUP_ABSOLUTE,
	GROUP_PERMYRIAD, /* hundredths of a percent */
	_GROUP_UNIT_MAX,
};

#define GROUP_INFINITY   UINT64_MAX
#define GROUP_WHOLE      10000U /* permyriads */
#define GROUP_PERCENT    100U
#define GROUP_QUOTA_MAX  (8192U * GROUP_WHOLE)
#define GROUP_WEIGHT_MAX 10000U

struct group_value {
	enum group_unit unit;
	uint64_t value;
};

struct compiled_tuning {
	uint32_t set;             /* TUNE_*; what is not set is 0 below */
	int32_t nice;             /* -20 to 19 */
	int32_t oom_score_adjust; /* -1000 to 1000 */
	enum io_class io_class;
	uint32_t io_priority;      /* 0, the first, to 7 */
	uint64_t timer_slack_nsec; /* 1 or more */
	uint64_t cpus[CPU_WORDS];  /* bit (cpu % 64) of word (cpu / 64) */
};

/* A key and what it is, for people: as a profile's file would say it. */
enum setting_type {
	SETTING_NO,
	SETTING_YES,
	SETTING_TEXT, /* one value, or none: empty */
	SETTING_LIST,
	_SETTING_TYPE_MAX,
};

struct compiled_setting {
	char *key;
	enum setting_type type;
	char **values;
};

/* Legs of the forbidden intersection. */
#define INTERSECTION_PRIVILEGED         (1U << 0) /* root, or CAP_SYS_ADMIN */
#define INTERSECTION_INITIAL_NAMESPACES (1U << 1) /* the host's processes, or its mounts without Landlock */
#define INTERSECTION_UNCONFINED         (1U << 2) /* not both a filter and Landlock */
#define _INTERSECTION_ALL               7U

#define EXPOSURE_MAX 100U /* tenths */

/* One way in: who may launch, with the place in the profile that says so (for "rule" in replies and logs). */
enum access_type {
	ACCESS_USER,
	ACCESS_GROUP,
	ACCESS_SELINUX_DOMAIN, /* type of the caller's label */
	ACCESS_UNIT,           /* pattern for the caller's unit: base/unit-name.h */
	ACCESS_POLKIT,         /* action; asked when no other rule matches; the last one, and one at most */
	_ACCESS_TYPE_MAX,
};

struct access_rule {
	enum access_type type;
	uint32_t id;  /* uid or gid; 0 for the others */
	char *name;   /* as written: for messages, and what the others compare with */
	char *origin; /* "decoder.profile:12" */
};

/* Namespaces that the jail gets of its own. */
#define JAIL_NS_MOUNT  (1U << 0)
#define JAIL_NS_PID    (1U << 1)
#define JAIL_NS_NET    (1U << 2)
#define JAIL_NS_IPC    (1U << 3)
#define JAIL_NS_UTS    (1U << 4)
#define JAIL_NS_CGROUP (1U << 5)
#define JAIL_NS_TIME   (1U << 6) /* with the clocks of the launcher's */
#define JAIL_NS_DEFAULT                                                                                      \
	(JAIL_NS_MOUNT | JAIL_NS_PID | JAIL_NS_NET | JAIL_NS_IPC | JAIL_NS_UTS | JAIL_NS_CGROUP)
#define JAIL_NS_USER (1U << 7) /* entered last; only the payload's own user and group are mapped */
#define _JAIL_NS_ALL 255U

/* Whether it is recorded which call a process was killed for. Zero is what a profile gets that is silent. */
enum violation_report {
	VIOLATIONS_AUTO, /* unless the payload may load filters of its own, which could answer instead */
	VIOLATIONS_UNTOLD,
	VIOLATIONS_TOLD,
	_VIOLATIONS_MAX,
};

struct compiled_profile {
	/* [Profile] */
	char *name, *description, *source_path;
	char **drop_ins;
	uint8_t sha256[32]; /* over the files' bytes in the order read; all zero until a hash is computed */
	bool invalid;       /* failed to compile: only name, source_path and error are meaningful */
	char *error;        /* first error, one line, "" when valid */
	uint32_t optional;  /* OPTIONAL_* */

	/* [Access]; no rules = administrators only */
	struct access_rule *access;
	size_t n_access;
	bool allow_detach;
	uint32_t max_per_user;        /* live sandboxes of this profile per uid; 0 = no limit */
	uint32_t launches_per_minute; /* of this profile per uid; 0 = no limit of its own */

	/* [Exec] */
	char **executables; /* normalized absolute paths as seen inside the jail; the first is the default */
	char **arguments;   /* anchored EREs; empty = any argument */
	char **environment; /* NAME=VALUE */
	char **pass_environment; /* names or patterns ending in "*" that a caller may set */
	struct fd_slot *slots;
	size_t n_slots;
	uint32_t max_fds; /* most fds above 2; 0: those with a slot and no other, else also ordinary kinds
			     without */
	enum stdio_mode stdio[3];
	char *working_directory;
	uint32_t umask;

	/* [User] */
	bool dynamic_user;
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t n_groups;

	/* [Capabilities]: masks by number (1 << CAP_X) */
	uint64_t bounding, ambient;
	uint32_t secure_bits; /* SECBIT_* */

	/* [Namespaces] */
	uint32_t namespaces;
	bool run_as_init;             /* the program itself is pid 1 of its namespace */
	char *network_namespace_path; /* normalized; "": none. Then without JAIL_NS_NET */
	bool shares_network; /* one that is empty, with all others of which this is true, instead of its own
			      */
	bool reuses_network; /* its own may be one that a sandbox of this kind has had, and has left as it was
			      */
	bool shares_ipc;     /* as shares_network */
	char *pool; /* whose members of one owner share network and IPC, as far as of their own; "": none */

	/* [Filesystem] */
	bool minimal_root, private_tmp, private_devices, mount_proc;
	struct compiled_mount *mounts;
	size_t n_mounts;
	enum mount_propagation propagation;
	char **daemon_stores; /* names */
	struct mount_slot *mount_slots;
	size_t n_mount_slots;
	struct compiled_restriction *restrictions; /* sorted by type */
	size_t n_restrictions;
	enum proc_hiding proc_hiding;
	bool proc_subset;     /* only processes are in /proc */
	char *root_directory; /* a directory of the host as root, instead of a minimal one; "": none */
	char **devices;       /* further nodes of a /dev of the jail's own: normalized paths below it */
	/* These are restrictions, too; here for what else they come to. */
	bool protect_kernel_tunables, protect_kernel_modules, protect_kernel_logs, protect_control_groups,
		protect_clock;

	struct compiled_landlock landlock;

	char *selinux_context; /* "": none */

	/* [Seccomp] */
	char *policy_path; /* of Policy=, "" = none */
	struct sock_filter *filter;
	size_t n_filter;
	bool deny_write_execute; /* memory, also by the kernel's own rule where it has one */
	enum violation_report violations;

	/* [Resources] */
	struct compiled_limit *limits;
	size_t n_limits;
	uint64_t runtime_max_usec;   /* USEC_INFINITY = none */
	uint64_t timeout_start_usec; /* in which to say that it is ready, where that is asked for */
	uint64_t timeout_stop_usec;  /* grace between stop signal and kill */
	int32_t kill_signal;
	struct compiled_tuning tuning;
	struct group_value group[_GROUP_LIMIT_MAX];

	/* [Pool] */
	uint32_t warm;     /* jails that wait for launches */
	uint32_t max_warm; /* and with many launches; not below it */

	/* What is shown of it, and decides nothing */
	struct compiled_setting *settings; /* every key, in the order of bailiff.profile(5) */
	size_t n_settings;
	uint32_t exposure;     /* tenths, 0 is safe */
	uint32_t intersection; /* INTERSECTION_* */
};

/* Who belonged to a group that a profile lets in, when the profiles were read: for questions about somebody
 * who is not there. A caller's own groups come from the bus. */
struct group_members {
	uint32_t gid;
	uint32_t *uids; /* ascending */
	size_t n_uids;
};

/* Settings of bailiffd.conf that the daemons need. */
struct compiled_config {
	uint32_t dynamic_uid_min, dynamic_uid_max; /* inclusive */
	uint64_t dynamic_quarantine_usec;          /* how long an id is not used again */
	char **salt_paths;                         /* tried in order */
	uint32_t max_sandboxes;                    /* whole daemon */
	uint32_t max_sandboxes_per_user;
	uint32_t max_calls_per_user;    /* pending deferred calls (Wait, launches in flight) */
	uint32_t max_retained_per_user; /* exit states kept until Release */
	uint32_t max_bytes_per_user;    /* argv and environment of launches in flight */
	uint32_t max_fds_per_user;      /* descriptors of theirs */
	uint32_t launches_per_minute_per_user;
	bool audit_command_line;     /* records of launches have argv */
	bool kernel_audit;           /* records go to the kernel's audit log, too */
	uint64_t setup_timeout_usec; /* a jail that is not built by then is killed */
	uint32_t max_spare_jails;    /* control groups, most with an init, that wait for a launch */
};

struct catalog {
	struct compiled_config config;
	struct compiled_profile *profiles; /* sorted by name, strcmp order */
	size_t n_profiles;
	struct group_members *groups; /* by ascending gid */
	size_t n_groups;
	char **errors;      /* everything the compiler had to say, one line each */
	struct arena arena; /* with all of the above in it; ARENA_NULL or zeroed: each is memory of its own */
};

/* Sets the defaults: no access, no capability, all namespaces, minimal root, stdio null/inherit, … */
void compiled_profile_init(struct compiled_profile *p);
void compiled_profile_done(struct compiled_profile *p);
/*
 * 0 when every value is in its range and fits the others (paths normalized, masks without unknown bits, ids
 * valid, mounts only with a mount namespace of the jail's own, …). -EINVAL with a static phrase that names
 * the key. The compiler marks a profile that fails this as invalid; catalog_encode() and catalog_decode()
 * refuse it.
 */
int compiled_profile_check(const struct compiled_profile *p, const char **reterr_reason);
/* Why sandboxes of a profile need a network namespace of their own even if no call can make a socket: a
 * static phrase that names the key. NULL: they need none. */
const char *compiled_profile_own_network(const struct compiled_profile *p);
/* The same of an IPC namespace, even if no call can make a queue, a semaphore or shared memory. */
const char *compiled_profile_own_ipc(const struct compiled_profile *p);
void compiled_config_init(struct compiled_config *c);
void compiled_config_done(struct compiled_config *c);
/* As compiled_profile_check(). */
int compiled_config_check(const struct compiled_config *c, const char **reterr_reason);
struct catalog *catalog_free(struct catalog *c); /* returns NULL */
DEFINE_CLEANUP(struct catalog *, catalog_free);
/* Binary search by exact name; NULL when there is none. */
const struct compiled_profile *catalog_find(const struct catalog *c, const char *name);
/* Whether the user was in the group when the profiles were read. */
bool catalog_is_member(const struct catalog *c, uint32_t gid, uint32_t uid);
/* systemd's words: PERFECT, SAFE, OK, MEDIUM, EXPOSED, UNSAFE, DANGEROUS. */
const char *exposure_level(uint32_t tenths);
/* The position in c->profiles, by which launch requests name a profile. -ENOENT. */
int catalog_index(const struct catalog *c, const char *name);
