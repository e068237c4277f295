/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/layers.h"
#include "base/error.h"
#include "base/strv.h"
#include "jail/stage.h"

/* Stages that leave something on the program. */
static const enum jail_stage confining[] = {
	STAGE_NAMESPACES,
	STAGE_MOUNTS,
	STAGE_IDS,
	STAGE_CAPABILITIES,
	STAGE_SECCOMP,
	STAGE_LANDLOCK,
	STAGE_SELINUX,
	STAGE_CGROUP,
	STAGE_RLIMITS,
};

static bool applied(uint32_t mask, enum jail_stage stage)
{
	return (mask & (UINT32_C(1) << stage)) != 0;
}

int layers_applied(uint32_t mask, char ***ret)
{
	_cleanup_(strv_freep) char **v = NULL;

	for (size_t i = 0; i < ELEMENTSOF(confining); i++)
		if (applied(mask, confining[i]) && strv_extend(&v, jail_stage_to_string(confining[i])) < 0)
			return -ENOMEM;
	*ret = steal_ptr(v);
	return 0;
}

/* What a profile asks for is applied, or the launch fails, but for what it calls optional. Of what is always
 * wanted only the cgroup can be done without: a PID namespace takes its place, else the launch fails as well.
 */
static const char *reason(enum jail_lack lack)
{
	switch (lack) {
	case LACK_SELINUX:
		return "SELinux is not on here";
	case LACK_SELINUX_ENFORCE:
		return "the context is set, but SELinux is permissive here and denies nothing";
	default:
		return jail_lack_stage(lack) == STAGE_CGROUP ? "the controller is missing here"
							     : "this kernel lacks it";
	}
}

int layers_skipped(uint32_t mask, uint32_t lacking, char ***ret)
{
	_cleanup_(strv_freep) char **v = NULL;

	for (unsigned i = 0; i < _LACK_MAX; i++) {
		enum jail_lack lack = (enum jail_lack)i;

		if ((lacking & (1U << i)) != 0 &&
			strv_extendf(&v, "%s: %s %s", jail_stage_to_string(jail_lack_stage(lack)),
				jail_lack_key(lack), reason(lack)) < 0)
			return -ENOMEM;
	}
	if (!applied(mask, STAGE_CGROUP) && strv_extendf(&v, "%s: the launcher found no cgroup2 hierarchy",
						    jail_stage_to_string(STAGE_CGROUP)) < 0)
		return -ENOMEM;
	*ret = steal_ptr(v);
	return 0;
}

static void put_list(struct writer *w, const char *key, char *const *list)
{
	writer_open_entry(w, key, "as");
	writer_open(w, SD_BUS_TYPE_ARRAY, "s");
	for (char *const *s = list; s && *s; s++)
		writer_text(w, *s);
	writer_close(w);
	writer_close(w);
	writer_close(w);
}

int layers_append(
	struct writer *w, const char *applied_key, const char *skipped_key, uint32_t mask, uint32_t lacking)
{
	_cleanup_(strv_freep) char **done = NULL, **skipped = NULL;
	int r;

	r = layers_applied(mask, &done);
	if (r >= 0)
		r = layers_skipped(mask, lacking, &skipped);
	if (r < 0)
		return r;
	put_list(w, applied_key, done);
	put_list(w, skipped_key, skipped);
	return 0;
}

static bool limits_group(const struct group_value *group)
{
	for (size_t i = 0; i < _GROUP_LIMIT_MAX; i++)
		if (group[i].unit != GROUP_UNSET)
			return true;
	return false;
}

static uint32_t wanted(const struct compiled_profile *p)
{
	/* ids, capabilities and no new privileges are every sandbox's, and so is a filter */
	uint32_t mask = 1U << STAGE_IDS | 1U << STAGE_CAPABILITIES | 1U << STAGE_SECCOMP;

	if (p->namespaces != 0)
		mask |= 1U << STAGE_NAMESPACES;
	if (p->namespaces & JAIL_NS_MOUNT)
		mask |= 1U << STAGE_MOUNTS;
	if (p->landlock.restricts != 0)
		mask |= 1U << STAGE_LANDLOCK;
	if (p->selinux_context && p->selinux_context[0] != '\0')
		mask |= 1U << STAGE_SELINUX;
	if (limits_group(p->group))
		mask |= 1U << STAGE_CGROUP;
	if (p->n_limits > 0 || p->tuning.set != 0)
		mask |= 1U << STAGE_RLIMITS;
	return mask;
}

int layers_wanted(const struct compiled_profile *p, char ***ret)
{
	return layers_applied(wanted(p), ret);
}

int layers_of_launch(const struct compiled_profile *p, const struct jail_spec *spec, char ***ret)
{
	uint32_t mask = wanted(p);

	if (spec->namespaces != 0)
		mask |= 1U << STAGE_NAMESPACES;
	if (limits_group(spec->group))
		mask |= 1U << STAGE_CGROUP;
	if (spec->n_limits > 0 || spec->tuning->set != 0)
		mask |= 1U << STAGE_RLIMITS;
	return layers_applied(mask, ret);
}
