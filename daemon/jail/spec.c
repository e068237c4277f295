/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ownership of a JailSpec, which the engine only reads, and which kind of spare jail is of use to it. */

#include "jail/spec.h"
#include "base/strv.h"

uint8_t jail_spare_kind(uint32_t namespaces, bool run_as_init)
{
	return (namespaces & JAIL_NS_PID) && !run_as_init ? JAIL_SPARE_INIT : JAIL_SPARE_BARE;
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
