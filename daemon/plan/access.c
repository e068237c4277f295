/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who may launch a profile: its rules in the order they stand in, and the administrators. */

#include "base/error.h"
#include "plan/parts.h"

#include <stdio.h>

#define ID_INVALID UINT32_MAX /* (uid_t)-1: nobody was identified */

static bool in_group(const struct plan_caller *c, gid_t gid)
{
	for (size_t i = 0; i < c->n_gids; i++)
		if (c->gids[i] == gid)
			return true;
	return false;
}

static bool rule_matches(const struct access_rule *rule, const struct plan_caller *c)
{
	switch (rule->type) {
	case ACCESS_USER:
		return rule->id == c->uid;
	case ACCESS_GROUP:
		return rule->id != ID_INVALID && in_group(c, rule->id);
	case _ACCESS_TYPE_MAX:
		break;
	}
	return false;
}

static int allow(const struct access_rule *rule, struct plan_result *ret)
{
	char origin[SHOWN_MAX], name[SHOWN_MAX];

	(void)snprintf(ret->rule, sizeof(ret->rule), "%s %s=%s",
		shown(origin, rule->origin ? rule->origin : ""),
		rule->type == ACCESS_USER ? "AllowUser" : "AllowGroup",
		shown(name, rule->name ? rule->name : ""));
	return 0;
}

static int deny(const struct compiled_profile *p, const struct plan_caller *c, struct plan_result *ret)
{
	const char *key = p->n_access > 0 ? "[Access] (no rule matches)" : "[Access] (administrators only)";

	(void)refuse(ret, p, key, REFUSAL_ACCESS_DENIED, -EACCES,
		"user %u may not launch profile %s; an administrator can allow it with AllowUser= or "
		"AllowGroup= in "
		"its [Access] section. Allowed now: administrators",
		c->uid, p->name);
	for (size_t i = 0; i < p->n_access; i++) {
		char name[SHOWN_MAX];

		refuse_more(ret, ", %s %s", p->access[i].type == ACCESS_USER ? "user" : "group",
			shown(name, p->access[i].name ? p->access[i].name : ""));
	}
	return -EACCES;
}

int plan_access(const struct compiled_profile *p, const struct plan_caller *c, struct plan_result *ret)
{
	*ret = (struct plan_result){ 0 };
	if (p->invalid)
		return refuse(ret, p, "(invalid)", REFUSAL_PROFILE_INVALID, -EACCES,
			"profile %s has errors and can not be launched; the property ProfileErrors and "
			"\"bailiffctl "
			"verify\" show them, and a reload takes the mended file",
			p->name);
	if (c->uid == ID_INVALID)
		return refuse(ret, p, "[Access] (no identity)", REFUSAL_ACCESS_DENIED, -EACCES,
			"the bus gave no identity for the caller; without one nothing is launched");
	if (c->administrator) {
		(void)snprintf(ret->rule, sizeof(ret->rule), "administrator (user %u)", c->uid);
		return 0;
	}
	for (size_t i = 0; i < p->n_access; i++)
		if (rule_matches(&p->access[i], c))
			return allow(&p->access[i], ret);
	return deny(p, c, ret);
}
