/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters of Optional=, the layers that a kernel may lack without the launch failing, and of the one layer
 * that can be called optional by its own key. */

#include "base/bounds.h"
#include "base/error.h"
#include "base/parse.h"
#include "profile/profile.h"

#include <string.h>

int set_optional(const struct setting *s, void *target)
{
	static const struct setting_flag flags[] = {
		{ "Cgroup", PROFILE_OPTIONAL_CGROUP },
		{ "CoreScheduling", PROFILE_OPTIONAL_CORE_SCHEDULING },
		{ "Landlock", PROFILE_OPTIONAL_LANDLOCK },
		{ "SELinux", PROFILE_OPTIONAL_SELINUX },
	};

	return setting_flags(s, target, flags, ELEMENTSOF(flags),
		"the name of a layer that can be missing: Cgroup, CoreScheduling, Landlock or SELinux");
}

/* As systemd has it, "-" before the context makes it optional. */
int set_selinux_context(const struct setting *s, void *target)
{
	struct profile *p = target;
	bool optional = s->value[0] == '-';
	const char *context = s->value + optional;
	char *copy;

	if (!selinux_context_valid(context))
		return setting_error(s, optional,
			"%s=%s: expected a context user:role:type or user:role:type:range, up to %u bytes",
			s->key->name, context, SELINUX_CONTEXT_MAX);
	copy = strdup(context);
	if (!copy)
		return -ENOMEM;
	free(p->selinux_context);
	p->selinux_context = copy;
	p->selinux_optional = optional;
	return 0;
}
