/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ownership of a JailSpec, and nothing else: the engine only reads it. */

#include "jail/spec.h"
#include "base/strv.h"

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
