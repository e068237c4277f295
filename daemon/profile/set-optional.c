/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setter of Optional=: the layers that a kernel may lack without the launch failing. */

#include "base/cleanup.h"
#include "profile/profile.h"

int set_optional(const struct setting *s, void *target)
{
	static const struct setting_flag flags[] = {
		{ "Cgroup", PROFILE_OPTIONAL_CGROUP },
		{ "CoreScheduling", PROFILE_OPTIONAL_CORE_SCHEDULING },
		{ "Landlock", PROFILE_OPTIONAL_LANDLOCK },
	};

	return setting_flags(s, target, flags, ELEMENTSOF(flags),
		"the name of a layer that can be missing: Cgroup, CoreScheduling or Landlock");
}
