/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/layers.h"
#include "base/error.h"
#include "base/strv.h"
#include "jail/stage.h"

/* Why a layer can be missing from a jail that was set up without error. */
static const struct {
	enum jail_stage stage;
	const char *reason;
} confining[] = {
	{ STAGE_NAMESPACES, "the profile asks for no namespace" },
	{ STAGE_MOUNTS, "the profile asks for no mount namespace" },
	{ STAGE_IDS, "the program keeps the ids of the launcher" },
	{ STAGE_CAPABILITIES, "the profile leaves the capabilities alone" },
	{ STAGE_SECCOMP, "the profile names no policy" },
	{ STAGE_LANDLOCK, "not supported yet" },
	{ STAGE_SELINUX, "not supported yet" },
	{ STAGE_CGROUP, "no cgroup2 hierarchy was found" },
	{ STAGE_RLIMITS, "the profile sets no limit" },
};

static bool applied(uint32_t mask, enum jail_stage stage)
{
	return (mask & (UINT32_C(1) << stage)) != 0;
}

int layers_applied(uint32_t mask, char ***ret)
{
	_cleanup_(strv_freep) char **v = NULL;

	for (size_t i = 0; i < ELEMENTSOF(confining); i++)
		if (applied(mask, confining[i].stage) &&
			strv_extend(&v, jail_stage_to_string(confining[i].stage)) < 0)
			return -ENOMEM;
	*ret = steal_ptr(v);
	return 0;
}

int layers_skipped(uint32_t mask, char ***ret)
{
	_cleanup_(strv_freep) char **v = NULL;

	for (size_t i = 0; i < ELEMENTSOF(confining); i++)
		if (!applied(mask, confining[i].stage) &&
			strv_extendf(&v, "%s: %s", jail_stage_to_string(confining[i].stage),
				confining[i].reason) < 0)
			return -ENOMEM;
	*ret = steal_ptr(v);
	return 0;
}
