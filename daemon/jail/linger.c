/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The list of jails that take long to die. The maker of templates, of which there is one, keeps itself. */

#include "jail/linger.h"
#include "base/error.h"
#include "base/private.h"
#include "jail/steps.h"

void linger_add(struct jail_context *c, struct jail *j)
{
	struct jail_linger *l = steal_ptr(j->linger);

	l->jail = *j;
	*j = JAIL_NULL;
	l->next = c->lingering;
	c->lingering = l;
}

void linger_collect(struct jail_context *c)
{
	for (struct jail_linger **at = &c->lingering; *at;) {
		struct jail_linger *l = *at;

		if (jail_try_finish(c, &l->jail) < 0) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		jail_release(&l->jail);
		private_free(l);
	}
}

bool jail_collect(struct jail_context *c)
{
	const bool maker = templates_collect(c);

	linger_collect(c);
	return maker || c->lingering;
}

void linger_forget(struct jail_context *c)
{
	while (c->lingering) {
		struct jail_linger *l = c->lingering;

		c->lingering = l->next;
		jail_release(&l->jail);
		private_free(l);
	}
}
