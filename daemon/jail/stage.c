/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names of the stages, as they end D-Bus error names, and their times. */

#include "jail/stage.h"
#include "base/cleanup.h"

#include <time.h>

static const char *const names[_STAGE_MAX] = {
	[STAGE_NONE] = "",
	[STAGE_NAMESPACES] = "Namespaces",
	[STAGE_MOUNTS] = "Mounts",
	[STAGE_IDS] = "Ids",
	[STAGE_CAPABILITIES] = "Capabilities",
	[STAGE_SECCOMP] = "Seccomp",
	[STAGE_LANDLOCK] = "Landlock",
	[STAGE_SELINUX] = "SELinux",
	[STAGE_CGROUP] = "Cgroup",
	[STAGE_RLIMITS] = "Rlimits",
	[STAGE_PTY] = "Pty",
	[STAGE_FDS] = "Fds",
	[STAGE_EXEC] = "Exec",
};

const char *jail_stage_to_string(enum jail_stage stage)
{
	return (unsigned)stage < ELEMENTSOF(names) ? names[stage] : "";
}

static const struct {
	enum jail_stage stage;
	const char *key;
} lacks[_LACK_MAX] = {
	[LACK_FS_PATH] = { STAGE_LANDLOCK, "FsPath…=" },
	[LACK_NET_BIND] = { STAGE_LANDLOCK, "NetBindTcp=" },
	[LACK_NET_CONNECT] = { STAGE_LANDLOCK, "NetConnectTcp=" },
	[LACK_SCOPE_UNIX] = { STAGE_LANDLOCK, "Scope=abstract-unix-socket" },
	[LACK_SCOPE_SIGNAL] = { STAGE_LANDLOCK, "Scope=signal" },
	[LACK_LOG_DENIALS] = { STAGE_LANDLOCK, "LogDenials=" },
	[LACK_CORE_SCHEDULING] = { STAGE_RLIMITS, "CoreScheduling=" },
	[LACK_MEMORY_MAX] = { STAGE_CGROUP, "MemoryMax=" },
	[LACK_MEMORY_HIGH] = { STAGE_CGROUP, "MemoryHigh=" },
	[LACK_TASKS_MAX] = { STAGE_CGROUP, "TasksMax=" },
	[LACK_CPU_QUOTA] = { STAGE_CGROUP, "CPUQuota=" },
	[LACK_CPU_WEIGHT] = { STAGE_CGROUP, "CPUWeight=" },
	[LACK_IO_WEIGHT] = { STAGE_CGROUP, "IOWeight=" },
	[LACK_SELINUX] = { STAGE_SELINUX, "SELinuxContext=" },
	[LACK_SELINUX_ENFORCE] = { STAGE_SELINUX, "SELinuxContext=" },
};

const char *jail_lack_key(enum jail_lack lack)
{
	return (unsigned)lack < ELEMENTSOF(lacks) ? lacks[lack].key : "";
}

enum jail_stage jail_lack_stage(enum jail_lack lack)
{
	return (unsigned)lack < ELEMENTSOF(lacks) ? lacks[lack].stage : STAGE_NONE;
}

static uint64_t now_nsec(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void stage_begin(struct stage_times *t)
{
	t->last = now_nsec();
}

void stage_took(struct stage_times *t, enum jail_stage stage)
{
	uint64_t now = now_nsec();

	t->nsec[stage] += now - t->last;
	t->last = now;
}
