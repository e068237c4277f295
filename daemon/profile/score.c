/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Weights are those of systemd 252 where it weighs the same thing; the others are set beside them by what
 * they are worth to somebody who got hold of the program. docs/EXPOSURE.md has the reasons. */

#include "profile/score.h"

#include <stddef.h>

/* clang-format off */
const struct score_weight score_weights[_SCORE_ITEM_MAX] = {
	[SCORE_USER]              = { "User=", "runs as a user whom others run as, too", 2000, 10 },
	[SCORE_GROUPS]            = { "SupplementaryGroups=", "has rights of groups of the host", 200, 1 },
	[SCORE_PRIVATE_USERS]     = { "PrivateUsers=", "has the host's user ids", 1000, 1 },
	[SCORE_AMBIENT]           = { "AmbientCapabilities=", "starts with capabilities", 500, 1 },
	[SCORE_SECURE_BITS]       = { "SecureBits=", "could get capabilities by becoming root", 100, 1 },
	[SCORE_CAP_SYS_ADMIN]     = { "CapabilityBoundingSet=~CAP_SYS_ADMIN", "has administrator privileges", 1500, 1 },
	[SCORE_CAP_SYS_PTRACE]    = { "CapabilityBoundingSet=~CAP_SYS_PTRACE", "may debug any process", 1500, 1 },
	[SCORE_CAP_SET_IDS]       = { "CapabilityBoundingSet=~CAP_SET(UID|GID|PCAP)", "may change ids and capabilities", 1500, 1 },
	[SCORE_CAP_FILE_OWNERS]   = { "CapabilityBoundingSet=~CAP_(CHOWN|FSETID|SETFCAP)", "may give files away", 1000, 1 },
	[SCORE_CAP_FILE_CHECKS]   = { "CapabilityBoundingSet=~CAP_(DAC_*|FOWNER|IPC_OWNER)", "may override permissions of files", 1000, 1 },
	[SCORE_CAP_NET_ADMIN]     = { "CapabilityBoundingSet=~CAP_NET_ADMIN", "may configure the network", 1000, 1 },
	[SCORE_CAP_SYS_MODULE]    = { "CapabilityBoundingSet=~CAP_SYS_MODULE", "may load kernel modules", 1000, 1 },
	[SCORE_CAP_SYS_RAWIO]     = { "CapabilityBoundingSet=~CAP_SYS_RAWIO", "has raw access to devices", 1000, 1 },
	[SCORE_CAP_SYS_TIME]      = { "CapabilityBoundingSet=~CAP_SYS_TIME", "may set the clock", 1000, 1 },
	[SCORE_CAP_NETWORK]       = { "CapabilityBoundingSet=~CAP_NET_(BIND_SERVICE|BROADCAST|RAW)", "has privileges on the network", 500, 1 },
	[SCORE_CAP_AUDIT]         = { "CapabilityBoundingSet=~CAP_AUDIT_*", "may write to or read the audit log", 500, 1 },
	[SCORE_CAP_KILL]          = { "CapabilityBoundingSet=~CAP_KILL", "may signal processes of others", 500, 1 },
	[SCORE_CAP_MKNOD]         = { "CapabilityBoundingSet=~CAP_MKNOD", "may make device nodes", 500, 1 },
	[SCORE_CAP_RESOURCES]     = { "CapabilityBoundingSet=~CAP_SYS_(NICE|RESOURCE)", "may take more than its share", 500, 1 },
	[SCORE_CAP_SYSLOG]        = { "CapabilityBoundingSet=~CAP_SYSLOG", "may read the kernel's log", 500, 1 },
	[SCORE_CAP_MAC]           = { "CapabilityBoundingSet=~CAP_MAC_*", "may change mandatory access control", 100, 1 },
	[SCORE_CAP_BOOT]          = { "CapabilityBoundingSet=~CAP_SYS_BOOT", "may reboot", 100, 1 },
	[SCORE_CAP_IMMUTABLE]     = { "CapabilityBoundingSet=~CAP_LINUX_IMMUTABLE", "may mark files immutable", 75, 1 },
	[SCORE_CAP_IPC_LOCK]      = { "CapabilityBoundingSet=~CAP_IPC_LOCK", "may lock memory", 50, 1 },
	[SCORE_CAP_CHROOT]        = { "CapabilityBoundingSet=~CAP_SYS_CHROOT", "may change its root", 50, 1 },
	[SCORE_CAP_OTHERS]        = { "CapabilityBoundingSet=~CAP_(WAKE_ALARM|…)", "has a capability of lesser weight", 25, 1 },
	[SCORE_PRIVATE_MOUNTS]    = { "PrivateMounts=", "sees the host's mounts", 1000, 1 },
	[SCORE_PRIVATE_PIDS]      = { "PrivatePIDs=", "sees the host's processes", 1000, 1 },
	[SCORE_PRIVATE_NETWORK]   = { "PrivateNetwork=", "has a network that is not its own", 2500, 1 },
	[SCORE_PRIVATE_IPC]       = { "PrivateIPC=", "shares System V IPC and message queues", 500, 1 },
	[SCORE_PRIVATE_CGROUP]    = { "PrivateCgroup=", "sees the host's control groups by name", 100, 1 },
	[SCORE_HOSTNAME]          = { "ProtectHostname=", "may change a host name", 50, 1 },
	[SCORE_NAMESPACE_USER]    = { "RestrictNamespaces=~user", "may ask for user namespaces", 1500, 1 },
	[SCORE_NAMESPACE_MOUNT]   = { "RestrictNamespaces=~mnt", "may ask for mount namespaces", 500, 1 },
	[SCORE_NAMESPACE_PID]     = { "RestrictNamespaces=~pid", "may ask for PID namespaces", 500, 1 },
	[SCORE_NAMESPACE_NET]     = { "RestrictNamespaces=~net", "may ask for network namespaces", 500, 1 },
	[SCORE_NAMESPACE_IPC]     = { "RestrictNamespaces=~ipc", "may ask for IPC namespaces", 500, 1 },
	[SCORE_NAMESPACE_UTS]     = { "RestrictNamespaces=~uts", "may ask for host name namespaces", 100, 1 },
	[SCORE_NAMESPACE_CGROUP]  = { "RestrictNamespaces=~cgroup", "may ask for cgroup namespaces", 500, 1 },
	[SCORE_ROOT]              = { "MinimalRoot=, RootDirectory=", "has the host's root directory", 200, 1 },
	[SCORE_WRITABLE]          = { "BindPaths=, MountSlot=, DaemonStore=", "may change directories of the host", 1000, 10 },
	[SCORE_PRIVATE_TMP]       = { "PrivateTmp=", "shares temporary files", 1000, 1 },
	[SCORE_PRIVATE_DEVICES]   = { "PrivateDevices=", "has the host's /dev", 1000, 1 },
	[SCORE_DEVICES]           = { "DeviceAllow=", "has devices of the host", 1000, 10 },
	[SCORE_PROTECT_SYSTEM]    = { "ProtectSystem=", "could change the system's files", 1000, 10 },
	[SCORE_PROTECT_HOME]      = { "ProtectHome=", "sees home directories", 1000, 10 },
	[SCORE_PROTECT_TUNABLES]  = { "ProtectKernelTunables=", "could change settings of the kernel", 1000, 1 },
	[SCORE_PROTECT_MODULES]   = { "ProtectKernelModules=", "may read kernel modules", 1000, 1 },
	[SCORE_PROTECT_LOGS]      = { "ProtectKernelLogs=", "may read the kernel's log", 1000, 1 },
	[SCORE_PROTECT_CGROUPS]   = { "ProtectControlGroups=", "could change control groups", 1000, 1 },
	[SCORE_PROTECT_CLOCK]     = { "ProtectClock=", "may reach the clocks", 1000, 1 },
	[SCORE_PROTECT_PROC]      = { "ProtectProc=", "sees processes of other users", 1000, 3 },
	[SCORE_PROC_SUBSET]       = { "ProcSubset=", "sees the kernel's files in /proc", 10, 1 },
	[SCORE_PROPAGATION]       = { "MountPropagation=", "gets mounts that are made later", 50, 1 },
	[SCORE_LANDLOCK_FILES]    = { "FsPath…=", "has no second fence around files", 250, 1 },
	[SCORE_LANDLOCK_SCOPE]    = { "Scope=", "may reach sockets or processes outside", 200, 2 },
	[SCORE_PORTS]             = { "NetBindTcp=, NetConnectTcp=", "may talk to any address", 1000, 10 },
	[SCORE_ARCHITECTURES]     = { "SystemCallArchitectures=", "may use another interface of the kernel", 1000, 10 },
	[SCORE_FAMILY_INET]       = { "RestrictAddressFamilies=~AF_(INET|INET6)", "may make Internet sockets", 1500, 1 },
	[SCORE_FAMILY_UNIX]       = { "RestrictAddressFamilies=~AF_UNIX", "may make local sockets", 25, 1 },
	[SCORE_FAMILY_NETLINK]    = { "RestrictAddressFamilies=~AF_NETLINK", "may make netlink sockets", 200, 1 },
	[SCORE_FAMILY_PACKET]     = { "RestrictAddressFamilies=~AF_PACKET", "may make packet sockets", 1000, 1 },
	[SCORE_FAMILY_OTHERS]     = { "RestrictAddressFamilies=~…", "may make exotic sockets", 1250, 1 },
	[SCORE_CALLS_CLOCK]       = { "SystemCallFilter=~@clock", "may call what sets clocks", 1000, 10 },
	[SCORE_CALLS_CPU_EMULATION] = { "SystemCallFilter=~@cpu-emulation", "may call what emulates processors", 250, 10 },
	[SCORE_CALLS_DEBUG]       = { "SystemCallFilter=~@debug", "may call what debugs", 1000, 10 },
	[SCORE_CALLS_MODULE]      = { "SystemCallFilter=~@module", "may call what loads modules", 1000, 10 },
	[SCORE_CALLS_MOUNT]       = { "SystemCallFilter=~@mount", "may call what mounts", 1000, 10 },
	[SCORE_CALLS_OBSOLETE]    = { "SystemCallFilter=~@obsolete", "may make obsolete calls", 250, 10 },
	[SCORE_CALLS_PRIVILEGED]  = { "SystemCallFilter=~@privileged", "may make calls for the privileged", 700, 10 },
	[SCORE_CALLS_RAW_IO]      = { "SystemCallFilter=~@raw-io", "may call what reaches hardware", 1000, 10 },
	[SCORE_CALLS_REBOOT]      = { "SystemCallFilter=~@reboot", "may call what reboots", 1000, 10 },
	[SCORE_CALLS_RESOURCES]   = { "SystemCallFilter=~@resources", "may call what changes its share", 700, 10 },
	[SCORE_CALLS_SWAP]        = { "SystemCallFilter=~@swap", "may call what swaps", 1000, 10 },
	[SCORE_WRITE_EXECUTE]     = { "MemoryDenyWriteExecute=", "may make memory writable and executable", 100, 1 },
	[SCORE_PERSONALITY]       = { "LockPersonality=", "may change its personality", 100, 1 },
	[SCORE_REALTIME]          = { "RestrictRealtime=", "may ask for realtime scheduling", 500, 1 },
	[SCORE_SUID_SGID]         = { "RestrictSUIDSGID=", "may make set-user-ID files", 1000, 1 },
	[SCORE_UMASK]             = { "UMask=", "makes files that others may read", 100, 10 },
	[SCORE_DESCRIPTORS]       = { "FileDescriptor=", "may be given directories, listeners or devices", 500, 10 },
	[SCORE_MEMORY]            = { "MemoryMax=, LimitAS=", "may take all memory", 100, 1 },
	[SCORE_TASKS]             = { "TasksMax=, LimitNPROC=", "may make processes without end", 100, 1 },
	[SCORE_CORE_SCHEDULING]   = { "CoreScheduling=", "may share a core with what it spies on", 100, 1 },
};
/* clang-format on */

uint32_t score_total(const struct score *s)
{
	uint64_t sum = 0, whole = 0;

	for (size_t i = 0; i < _SCORE_ITEM_MAX; i++) {
		const struct score_weight *w = &score_weights[i];

		/* rounded up, as systemd does: a little badness is never lost */
		sum += ((uint64_t)s->badness[i] * w->weight + w->range - 1) / w->range;
		whole += w->weight;
	}
	return (uint32_t)((sum * SCORE_MAX + whole - 1) / whole);
}
