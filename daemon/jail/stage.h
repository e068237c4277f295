/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Stages of setting up a jail: a failed launch names one, it becomes the D-Bus error
 * org.bailiff.Broker1.Error.Setup.NAME, and GetUsage reports time per stage. The numbers are part of the
 * private protocol.
 */

#include <stdint.h>

enum jail_stage {
	STAGE_NONE,
	STAGE_NAMESPACES,
	STAGE_MOUNTS,
	STAGE_IDS,
	STAGE_CAPABILITIES,
	STAGE_SECCOMP,
	STAGE_LANDLOCK,
	STAGE_SELINUX,
	STAGE_CGROUP,
	STAGE_RLIMITS,
	STAGE_PTY,
	STAGE_FDS,
	STAGE_EXEC,
	_STAGE_MAX,
};

/* Nanoseconds that each stage took, in one process; of STAGE_NONE those that are no stage's. */
struct stage_times {
	uint64_t last; /* CLOCK_MONOTONIC: when the one before was over */
	uint64_t nsec[_STAGE_MAX];
};

void stage_begin(struct stage_times *t);
/* What has passed since the last one. Both may be called where only async-signal-safe functions may: they
 * read a clock, which takes no system call. */
void stage_took(struct stage_times *t, enum jail_stage stage);

/*
 * Settings of layers that a profile may call optional (Optional=): what of them the kernel lacks is told as a
 * mask of these bits, so that the caller learns which of the profile's lines do not hold. The numbers are
 * part of the private protocol.
 */
enum jail_lack {
	LACK_FS_PATH,
	LACK_NET_BIND,
	LACK_NET_CONNECT,
	LACK_SCOPE_UNIX,
	LACK_SCOPE_SIGNAL,
	LACK_LOG_DENIALS,
	LACK_CORE_SCHEDULING,
	LACK_MEMORY_MAX, /* and so on: as enum group_limit */
	LACK_MEMORY_HIGH,
	LACK_TASKS_MAX,
	LACK_CPU_QUOTA,
	LACK_CPU_WEIGHT,
	LACK_IO_WEIGHT,
	LACK_SELINUX,         /* there is no SELinux */
	LACK_SELINUX_ENFORCE, /* there is, and the context is set, but it denies nothing */
	_LACK_MAX,
};

#define JAIL_LACK_ALL ((1U << _LACK_MAX) - 1)

/* "NetBindTcp=", "MemoryMax=", … as in profiles. */
const char *jail_lack_key(enum jail_lack lack);
enum jail_stage jail_lack_stage(enum jail_lack lack);

/* "Namespaces", "Mounts", … as in the error names; "" for STAGE_NONE. */
const char *jail_stage_to_string(enum jail_stage stage);
