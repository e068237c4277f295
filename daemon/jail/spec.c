/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ownership of a JailSpec, which the engine only reads, and which kind of spare jail is of use to it. */

#include "jail/spec.h"
#include "base/strv.h"

/* What a process that is made ahead has namespaces of. */
#define AHEAD_NAMESPACES (JAIL_NS_PID | JAIL_NS_UTS | JAIL_NS_CGROUP)

bool jail_may_share(
	uint32_t namespaces, bool deny_write_execute, const struct compiled_mount *mounts, size_t n_mounts)
{
	for (size_t i = 0; i < n_mounts; i++)
		if (mounts[i].flags & MOUNT_IDMAP)
			return false;
	return !deny_write_execute && !(namespaces & (JAIL_NS_TIME | JAIL_NS_USER));
}

uint8_t jail_spare_kind(uint32_t namespaces, bool run_as_init, bool shares)
{
	const bool init = (namespaces & JAIL_NS_PID) && !run_as_init,
		   ahead = shares && (namespaces & AHEAD_NAMESPACES) == AHEAD_NAMESPACES;

	return (uint8_t)((init ? JAIL_SPARE_INIT : JAIL_SPARE_BARE) | (ahead ? JAIL_SPARE_AHEAD : 0));
}

void jail_spec_done(struct jail_spec *s)
{
	if (!s->lent) {
		strv_free(s->argv);
		strv_free(s->envp);
		free(s->fds);
		free(s->slots);
		free(s->limits);
		free(s->tightened);
	}
	*s = (struct jail_spec){ 0 };
}
