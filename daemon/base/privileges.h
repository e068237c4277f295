/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Which capabilities Bailiff holds, and why. The keeper keeps all of these so that it can start (and restart)
 * the launcher; the launcher has the working ones in effect, and the ones that profiles may give in its
 * permitted set alone, where they do nothing until a payload is given them, or a step of building its jail
 * takes one up (caps_raise() in daemon/jail/caps.c).
 */

#include "base/capability.h"

/* In effect in the launcher. */
#define PRIVILEGES_LAUNCHER                                                                                  \
	(CAPABILITY_BIT(CAP_SYS_ADMIN) |             /* namespaces and mounts */                             \
		CAPABILITY_BIT(CAP_SYS_CHROOT) |     /* setns(2) to a mount namespace, chroot(2) */          \
		CAPABILITY_BIT(CAP_SETUID) |         /* User=, DynamicUser= */                               \
		CAPABILITY_BIT(CAP_SETGID) |         /* Group=, SupplementaryGroups= */                      \
		CAPABILITY_BIT(CAP_SETPCAP) |        /* bounding set, securebits */                          \
		CAPABILITY_BIT(CAP_KILL) |           /* signals to payloads, whose uid is another */         \
		CAPABILITY_BIT(CAP_DAC_READ_SEARCH)) /* bind sources below directories closed to others */

/* In effect in the launcher too where Bailiff was given it: containers often lack it, and only a profile that
 * raises a hard limit needs it. */
#define PRIVILEGES_LAUNCHER_OPTIONAL CAPABILITY_BIT(CAP_SYS_RESOURCE)

/*
 * In effect in the keeper: namespaces of the broker, ids and ambient set of its children, signals to them,
 * and (DAC_OVERRIDE) removing its cgroup from a hierarchy whose root has mode 0555, as a hybrid one's has.
 */
#define PRIVILEGES_KEEPER                                                                                    \
	(CAPABILITY_BIT(CAP_SYS_ADMIN) | CAPABILITY_BIT(CAP_SETUID) | CAPABILITY_BIT(CAP_SETGID) |           \
		CAPABILITY_BIT(CAP_SETPCAP) | CAPABILITY_BIT(CAP_KILL) | CAPABILITY_BIT(CAP_DAC_OVERRIDE))

/* Ambient in the broker until it has confined itself: its empty root (SYS_ADMIN, SYS_CHROOT), its bounding
 * set. */
#define PRIVILEGES_BROKER_START                                                                              \
	(CAPABILITY_BIT(CAP_SYS_ADMIN) | CAPABILITY_BIT(CAP_SETPCAP) | CAPABILITY_BIT(CAP_SYS_CHROOT))

/* The auditor's one right, for as long as it runs. */
#define PRIVILEGES_AUDITOR CAPABILITY_BIT(CAP_AUDIT_WRITE)

/*
 * What CapabilityBoundingSet= and AmbientCapabilities= of a profile may name besides: rights over a program's
 * own files, network, devices it was given and memory. Left out, for good, are those whose holder is the
 * kernel's or the host's master whatever jail is around it (SYS_MODULE, SYS_RAWIO, SYS_BOOT, SYS_PACCT,
 * SYS_TIME, SYS_PTRACE, SYSLOG, MAC_OVERRIDE, MAC_ADMIN, AUDIT_CONTROL, AUDIT_READ, PERFMON, BPF,
 * CHECKPOINT_RESTORE), and those that would leave behind what outlives the jail's rules (MKNOD, SETFCAP,
 * LINUX_IMMUTABLE).
 */
#define PRIVILEGES_GRANTABLE                                                                                 \
	(CAPABILITY_BIT(CAP_CHOWN) | CAPABILITY_BIT(CAP_DAC_OVERRIDE) |                                      \
		CAPABILITY_BIT(CAP_DAC_READ_SEARCH) | CAPABILITY_BIT(CAP_FOWNER) |                           \
		CAPABILITY_BIT(CAP_FSETID) | CAPABILITY_BIT(CAP_NET_BIND_SERVICE) |                          \
		CAPABILITY_BIT(CAP_NET_BROADCAST) | CAPABILITY_BIT(CAP_NET_ADMIN) |                          \
		CAPABILITY_BIT(CAP_NET_RAW) | CAPABILITY_BIT(CAP_IPC_LOCK) | CAPABILITY_BIT(CAP_IPC_OWNER) | \
		CAPABILITY_BIT(CAP_SYS_NICE) | CAPABILITY_BIT(CAP_SYS_TTY_CONFIG) |                          \
		CAPABILITY_BIT(CAP_LEASE) | CAPABILITY_BIT(CAP_AUDIT_WRITE) |                                \
		CAPABILITY_BIT(CAP_WAKE_ALARM) | CAPABILITY_BIT(CAP_BLOCK_SUSPEND))

/* All that a profile can give: the launcher's bounding set. */
#define PRIVILEGES_PROFILES (PRIVILEGES_LAUNCHER | PRIVILEGES_LAUNCHER_OPTIONAL | PRIVILEGES_GRANTABLE)

/* All that any process of Bailiff may ever have. */
#define PRIVILEGES_ALL                                                                                       \
	(PRIVILEGES_PROFILES | PRIVILEGES_KEEPER | PRIVILEGES_BROKER_START | PRIVILEGES_AUDITOR)
