/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The keys of profiles, in the order of bailiff.profile(5). */

#include "base/bounds.h"
#include "base/privileges.h"
#include "profile/profile.h"

#include <stddef.h>
#include <sys/resource.h>

#define DESCRIPTION_MAX  256U  /* one line of a list */
#define MAX_PER_USER_MAX 4096U /* SANDBOXES_MAX */

#define AT(member) .offset = offsetof(struct profile, member)
#define LIMIT(key, type)                                                                                     \
	{                                                                                                    \
		"Resources", "Limit" key, set_limit, KEY_LIMIT, .min = RLIMIT_##type, .list = true           \
	}
#define GROUP(key, which)                                                                                    \
	{                                                                                                    \
		"Resources", (key), set_group_limit, KEY_GROUP_LIMIT, .min = PROFILE_##which, .list = true   \
	}
#define YES_NO(in, key, number, member)                                                                      \
	{                                                                                                    \
		(in), (key), set_bool, (number), AT(member)                                                  \
	}

static const char *const input_names[] = { "null", "pipe", "fd", "inherit", "socket", "pty", NULL };
static const char *const output_names[] = { "null", "pipe", "fd", "inherit", "socket", "pty", "journal",
	NULL };
static const char *const io_classes[] = { "realtime", "best-effort", "idle", NULL };
static const char *const keyring_modes[] = { "private", NULL };

/* In the order of the enumerations; the first two also as any other word for no and yes. */
static const char *const system_names[] = { "no", "yes", "full", "strict", NULL };
static const char *const home_names[] = { "no", "yes", "read-only", "tmpfs", NULL };
static const char *const proc_names[] = { "default", "noaccess", "invisible", "ptraceable", NULL };
static const char *const propagation_names[] = { "private", "slave", "shared", NULL };
static const char *const subset_names[] = { "all", "pid", NULL };

/* clang-format off */
static const struct key keys[] = {
	{ "Profile", "Description", set_string, KEY_DESCRIPTION, AT(description), .max = DESCRIPTION_MAX },
	{ "Profile", "Template", set_template, KEY_TEMPLATE, AT(template) },
	{ "Profile", "Optional", set_optional, KEY_OPTIONAL, AT(optional), .list = true },

	{ "Access", "AllowUser", set_names, KEY_ALLOW_USER, AT(allow_users), .list = true },
	{ "Access", "AllowGroup", set_names, KEY_ALLOW_GROUP, AT(allow_groups), .list = true },
	YES_NO("Access", "AllowDetach", KEY_ALLOW_DETACH, allow_detach),
	{ "Access", "MaxPerUser", set_u32, KEY_MAX_PER_USER, AT(max_per_user), 1, MAX_PER_USER_MAX },
	{ "Access", "AllowSELinuxDomain", set_selinux_domains, KEY_ALLOW_SELINUX_DOMAIN, AT(allow_domains), .list = true },
	{ "Access", "AllowUnit", set_units, KEY_ALLOW_UNIT, AT(allow_units), .list = true },
	{ "Access", "Polkit", set_polkit, KEY_POLKIT, AT(polkit) },
	{ "Access", "LaunchesPerMinute", set_u32, KEY_LAUNCHES_PER_MINUTE, AT(launches_per_minute), 1, LAUNCHES_PER_MINUTE_MAX },

	{ "Exec", "Executable", set_paths, KEY_EXECUTABLE, AT(executables), .list = true },
	{ "Exec", "Argument", set_argument, KEY_ARGUMENT, AT(arguments), .list = true },
	{ "Exec", "Environment", set_environment, KEY_ENVIRONMENT, AT(environment), .list = true },
	{ "Exec", "PassEnvironment", set_pass_environment, KEY_PASS_ENVIRONMENT, AT(pass_environment), .list = true },
	{ "Exec", "FileDescriptor", set_file_descriptor, KEY_FILE_DESCRIPTOR, AT(slots), .list = true },
	{ "Exec", "MaxFileDescriptors", set_u32, KEY_MAX_FILE_DESCRIPTORS, AT(max_fds), 0, FDS_MAX },
	{ "Exec", "StandardInput", set_enum, KEY_STANDARD_INPUT, AT(stdio[0]), .names = input_names },
	{ "Exec", "StandardOutput", set_enum, KEY_STANDARD_OUTPUT, AT(stdio[1]), .names = output_names },
	{ "Exec", "StandardError", set_enum, KEY_STANDARD_ERROR, AT(stdio[2]), .names = output_names },
	{ "Exec", "WorkingDirectory", set_path, KEY_WORKING_DIRECTORY, AT(working_directory) },
	{ "Exec", "UMask", set_mode, KEY_UMASK, AT(umask), .max = 0777 },

	YES_NO("User", "DynamicUser", KEY_DYNAMIC_USER, dynamic_user),
	{ "User", "User", set_name, KEY_USER, AT(user) },
	{ "User", "Group", set_name, KEY_GROUP, AT(group) },
	{ "User", "SupplementaryGroups", set_names, KEY_SUPPLEMENTARY_GROUPS, AT(groups), .list = true },
	YES_NO("User", "PrivateUsers", KEY_PRIVATE_USERS, private_users),

	{ "Capabilities", "CapabilityBoundingSet", set_capabilities, KEY_CAPABILITY_BOUNDING_SET, AT(bounding),
	  .max = PRIVILEGES_PROFILES, .list = true },
	{ "Capabilities", "AmbientCapabilities", set_capabilities, KEY_AMBIENT_CAPABILITIES, AT(ambient), .list = true },
	{ "Capabilities", "SecureBits", set_secure_bits, KEY_SECURE_BITS, AT(secure_bits), .list = true },
	{ "Capabilities", "NoNewPrivileges", set_always_yes, KEY_NO_NEW_PRIVILEGES },

	YES_NO("Namespaces", "PrivateMounts", KEY_PRIVATE_MOUNTS, private_mounts),
	YES_NO("Namespaces", "PrivatePIDs", KEY_PRIVATE_PIDS, private_pids),
	YES_NO("Namespaces", "PrivateNetwork", KEY_PRIVATE_NETWORK, private_network),
	YES_NO("Namespaces", "PrivateIPC", KEY_PRIVATE_IPC, private_ipc),
	YES_NO("Namespaces", "PrivateUTS", KEY_PRIVATE_UTS, private_uts),
	YES_NO("Namespaces", "ProtectHostname", KEY_PROTECT_HOSTNAME, protect_hostname),
	YES_NO("Namespaces", "PrivateCgroup", KEY_PRIVATE_CGROUP, private_cgroup),
	YES_NO("Namespaces", "PrivateTime", KEY_PRIVATE_TIME, private_time),
	{ "Namespaces", "NetworkNamespacePath", set_path, KEY_NETWORK_NAMESPACE_PATH, AT(network_namespace_path) },
	YES_NO("Namespaces", "RunAsInit", KEY_RUN_AS_INIT, run_as_init),
	{ "Namespaces", "RestrictNamespaces", set_restrict_namespaces, KEY_RESTRICT_NAMESPACES, AT(restrict_namespaces),
	  .list = true },
	{ "Namespaces", "JoinsPool", set_pool, KEY_JOINS_POOL },

	YES_NO("Filesystem", "MinimalRoot", KEY_MINIMAL_ROOT, minimal_root),
	{ "Filesystem", "RootDirectory", set_path, KEY_ROOT_DIRECTORY, AT(root_directory) },
	{ "Filesystem", "BindPaths", set_binds, KEY_BIND_PATHS, .list = true },
	{ "Filesystem", "BindReadOnlyPaths", set_binds, KEY_BIND_READ_ONLY_PATHS, .list = true },
	{ "Filesystem", "TemporaryFileSystem", set_tmpfs, KEY_TEMPORARY_FILE_SYSTEM, .list = true },
	YES_NO("Filesystem", "PrivateTmp", KEY_PRIVATE_TMP, private_tmp),
	YES_NO("Filesystem", "PrivateDevices", KEY_PRIVATE_DEVICES, private_devices),
	{ "Filesystem", "DeviceAllow", set_devices, KEY_DEVICE_ALLOW, .list = true },
	{ "Filesystem", "ReadOnlyPaths", set_restrictions, KEY_READ_ONLY_PATHS, .list = true },
	{ "Filesystem", "InaccessiblePaths", set_restrictions, KEY_INACCESSIBLE_PATHS, .list = true },
	{ "Filesystem", "NoExecPaths", set_restrictions, KEY_NO_EXEC_PATHS, .list = true },
	{ "Filesystem", "ProtectSystem", set_protection, KEY_PROTECT_SYSTEM, AT(protect_system), .names = system_names },
	{ "Filesystem", "ProtectHome", set_protection, KEY_PROTECT_HOME, AT(protect_home), .names = home_names },
	YES_NO("Filesystem", "ProtectKernelTunables", KEY_PROTECT_KERNEL_TUNABLES, protect_kernel_tunables),
	YES_NO("Filesystem", "ProtectKernelModules", KEY_PROTECT_KERNEL_MODULES, protect_kernel_modules),
	YES_NO("Filesystem", "ProtectKernelLogs", KEY_PROTECT_KERNEL_LOGS, protect_kernel_logs),
	YES_NO("Filesystem", "ProtectControlGroups", KEY_PROTECT_CONTROL_GROUPS, protect_control_groups),
	YES_NO("Filesystem", "ProtectClock", KEY_PROTECT_CLOCK, protect_clock),
	{ "Filesystem", "ProtectProc", set_enum, KEY_PROTECT_PROC, AT(protect_proc), .names = proc_names },
	{ "Filesystem", "ProcSubset", set_enum, KEY_PROC_SUBSET, AT(proc_subset), .names = subset_names },
	{ "Filesystem", "MountPropagation", set_enum, KEY_MOUNT_PROPAGATION, AT(propagation), .names = propagation_names },
	{ "Filesystem", "DaemonStore", set_daemon_stores, KEY_DAEMON_STORE, AT(daemon_stores), .list = true },
	{ "Filesystem", "MountSlot", set_mount_slot, KEY_MOUNT_SLOT, .list = true },

	YES_NO("Landlock", "FsDefaultPaths", KEY_FS_DEFAULT_PATHS, fs_default_paths),
	{ "Landlock", "FsPathReadOnly", set_landlock_paths, KEY_FS_PATH_READ_ONLY, .list = true },
	{ "Landlock", "FsPathReadExecute", set_landlock_paths, KEY_FS_PATH_READ_EXECUTE, .list = true },
	{ "Landlock", "FsPathReadWrite", set_landlock_paths, KEY_FS_PATH_READ_WRITE, .list = true },
	{ "Landlock", "FsPathAdvancedReadWrite", set_landlock_paths, KEY_FS_PATH_ADVANCED_READ_WRITE, .list = true },
	{ "Landlock", "NetBindTcp", set_ports, KEY_NET_BIND_TCP, AT(bind_ports), .list = true },
	{ "Landlock", "NetConnectTcp", set_ports, KEY_NET_CONNECT_TCP, AT(connect_ports), .list = true },
	{ "Landlock", "Scope", set_scope, KEY_SCOPE, AT(scope), .list = true },
	YES_NO("Landlock", "LogDenials", KEY_LOG_DENIALS, log_denials),

	{ "Seccomp", "Policy", set_policy, KEY_POLICY, AT(policy) },
	{ "Seccomp", "SystemCallFilter", set_call_words, KEY_SYSTEM_CALL_FILTER, AT(call_filter), .list = true },
	{ "Seccomp", "SystemCallErrorNumber", set_error_number, KEY_SYSTEM_CALL_ERROR_NUMBER, AT(call_error) },
	{ "Seccomp", "SystemCallArchitectures", set_architectures, KEY_SYSTEM_CALL_ARCHITECTURES, AT(architectures),
	  .list = true },
	{ "Seccomp", "SystemCallLog", set_call_words, KEY_SYSTEM_CALL_LOG, AT(call_log), .list = true },
	{ "Seccomp", "RestrictAddressFamilies", set_address_families, KEY_RESTRICT_ADDRESS_FAMILIES,
	  AT(address_families), .list = true },
	YES_NO("Seccomp", "MemoryDenyWriteExecute", KEY_MEMORY_DENY_WRITE_EXECUTE, memory_deny_write_execute),
	YES_NO("Seccomp", "LockPersonality", KEY_LOCK_PERSONALITY, lock_personality),
	YES_NO("Seccomp", "RestrictRealtime", KEY_RESTRICT_REALTIME, restrict_realtime),
	YES_NO("Seccomp", "RestrictSUIDSGID", KEY_RESTRICT_SUID_SGID, restrict_suid_sgid),
	YES_NO("Seccomp", "ReportViolations", KEY_REPORT_VIOLATIONS, report_violations),

	{ "SELinux", "SELinuxContext", set_selinux_context, KEY_SELINUX_CONTEXT },

	LIMIT("CPU", CPU),
	LIMIT("FSIZE", FSIZE),
	LIMIT("DATA", DATA),
	LIMIT("STACK", STACK),
	LIMIT("CORE", CORE),
	LIMIT("RSS", RSS),
	LIMIT("NOFILE", NOFILE),
	LIMIT("AS", AS),
	LIMIT("NPROC", NPROC),
	LIMIT("MEMLOCK", MEMLOCK),
	LIMIT("LOCKS", LOCKS),
	LIMIT("SIGPENDING", SIGPENDING),
	LIMIT("MSGQUEUE", MSGQUEUE),
	LIMIT("NICE", NICE),
	LIMIT("RTPRIO", RTPRIO),
	LIMIT("RTTIME", RTTIME),
	{ "Resources", "RuntimeMaxSec", set_runtime, KEY_RUNTIME_MAX_SEC, AT(runtime_max_usec), 0, USEC_INFINITY },
	{ "Resources", "TimeoutStartSec", set_runtime, KEY_TIMEOUT_START_SEC, AT(timeout_start_usec), 0, USEC_INFINITY },
	{ "Resources", "TimeoutStopSec", set_usec, KEY_TIMEOUT_STOP_SEC, AT(timeout_stop_usec), 1, TIMEOUT_USEC_MAX },
	{ "Resources", "KillSignal", set_signal, KEY_KILL_SIGNAL, AT(kill_signal) },
	GROUP("MemoryMax", MEMORY_MAX),
	GROUP("MemoryHigh", MEMORY_HIGH),
	GROUP("TasksMax", TASKS_MAX),
	GROUP("CPUQuota", CPU_QUOTA),
	GROUP("CPUWeight", CPU_WEIGHT),
	GROUP("IOWeight", IO_WEIGHT),
	{ "Resources", "Nice", set_nice, KEY_NICE, AT(nice) },
	{ "Resources", "OOMScoreAdjust", set_oom_score, KEY_OOM_SCORE_ADJUST, AT(oom_score_adjust) },
	{ "Resources", "CPUAffinity", set_cpus, KEY_CPU_AFFINITY, AT(cpus), .list = true },
	{ "Resources", "IOSchedulingClass", set_enum, KEY_IO_SCHEDULING_CLASS, AT(io_class), .names = io_classes },
	{ "Resources", "IOSchedulingPriority", set_u32, KEY_IO_SCHEDULING_PRIORITY, AT(io_priority), .max = 7 },
	YES_NO("Resources", "CoreScheduling", KEY_CORE_SCHEDULING, core_scheduling),
	{ "Resources", "TimerSlackNSec", set_timer_slack, KEY_TIMER_SLACK_NSEC, AT(timer_slack_nsec) },
	{ "Resources", "Personality", set_personality, KEY_PERSONALITY },
	{ "Resources", "KeyringMode", set_enum, KEY_KEYRING_MODE, AT(keyring_mode), .names = keyring_modes },

	{ "Pool", "Warm", set_u32, KEY_WARM, AT(warm), .max = WARM_MAX },
	{ "Pool", "MaxWarm", set_u32, KEY_MAX_WARM, AT(max_warm), .max = WARM_MAX },
};
/* clang-format on */

const struct key_table profile_keys = { keys, sizeof(keys) / sizeof(keys[0]) };
