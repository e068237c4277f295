/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/decision.h"

#include "base/array.h"
#include "base/error.h"

void decisions_done(struct decisions *d)
{
	free(d->list);
	*d = (struct decisions){};
}

static int add(struct decisions *d, struct decision new)
{
	if (array_reserve(&d->list, &d->allocated, d->n + 1, sizeof(*d->list)) < 0)
		return -ENOMEM;
	d->list[d->n++] = new;
	return 0;
}

static int add_rule(struct decisions *d, const struct policy_rule *rule)
{
	size_t begin = 0;

	if (rule->n_atoms == 0)
		return add(d, (struct decision){ .action = rule->action, .rule = rule });
	for (size_t i = 0; i < rule->n_atoms; i++) {
		struct decision new = {
			.when = { rule->atoms + begin, i + 1 - begin },
			.action = rule->action,
			.rule = rule,
		};

		if (!rule->atoms[i].last)
			continue;
		begin = i + 1;
		if (add(d, new) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int add_all(struct decisions *d, const struct policy *p, const struct policy_entry *entry)
{
	for (size_t i = 0; entry && i < entry->n_rules; i++) {
		int r = add_rule(d, entry->rules[i]);

		if (r < 0 || entry->rules[i]->n_atoms == 0)
			return r;
	}
	return add(d, (struct decision){ .action = p->default_action });
}

int decisions_of(const struct policy *p, uint32_t number, struct decisions *ret)
{
	struct decisions d = {};
	int r = add_all(&d, p, policy_find(p, number));

	if (r < 0) {
		decisions_done(&d);
		return r;
	}
	*ret = d;
	return 0;
}

size_t decisions_find(
	const struct decisions *d, const struct architecture *architecture, const struct seccomp_data *call)
{
	size_t at = 0;

	/* The last one holds always. */
	for (size_t i = 0; at + 1 < d->n && i < d->list[at].when.n;) {
		const struct policy_atom *atom = &d->list[at].when.atoms[i];

		if (atom_holds(atom, architecture, call->args[atom->argument])) {
			i++;
		} else {
			at++;
			i = 0;
		}
	}
	return at;
}

enum permission action_permission(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		return PERMISSION_ALLOWED;
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		return PERMISSION_ELSEWHERE;
	default:
		return PERMISSION_DENIED;
	}
}

void conjunctions_done(struct conjunctions *c)
{
	free(c->list);
	*c = (struct conjunctions){};
}

int conjunctions_add(struct conjunctions *c, const struct conjunction *new, size_t n_new)
{
	if (array_reserve(&c->list, &c->allocated, c->n + n_new, sizeof(*c->list)) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n_new; i++)
		c->list[c->n++] = new[i];
	return 0;
}
