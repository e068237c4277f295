/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Stages of setting up a jail: a failed launch names one, it becomes the D-Bus error
 * org.bailiff.Broker1.Error.Setup.NAME, and GetUsage reports time per stage. The numbers are part of the
 * private protocol.
 */

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

/* "Namespaces", "Mounts", … as in the error names; "" for STAGE_NONE. */
const char *jail_stage_to_string(enum jail_stage stage);
