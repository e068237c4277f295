/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names of the stages, as they end D-Bus error names. */

#include "jail/stage.h"
#include "base/cleanup.h"

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
