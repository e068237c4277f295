/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who may launch a profile: its rules in the order they stand in, and the administrators. */

#include "base/error.h"
#include "base/unit-name.h"
#include "plan/parts.h"

#include <stdio.h>
#include <string.h>

#define ID_INVALID UINT32_MAX /* (uid_t)-1: nobody was identified */

static const char *const keys[_ACCESS_TYPE_MAX] = { "AllowUser", "AllowGroup", "AllowSELinuxDomain",
	"AllowUnit", "Polkit" };

static bool in_group(const struct plan_caller *c, gid_t gid)
{
	for (size_t i = 0; i < c->n_gids; i++)
		if (c->gids[i] == gid)
			return true;
	return false;
}

/* The type of "user:role:type" or "user:role:type:level"; a level has colons of its own. */
static bool in_domain(const struct plan_caller *c, const char *domain)
{
	const char *type = c->label;
	size_t n = strlen(domain);

	for (int i = 0; type && i < 2; i++) {
		type = strchr(type, ':');
		type = type ? type + 1 : NULL;
	}
	return type && n > 0 && strncmp(type, domain, n) == 0 && (type[n] == ':' || type[n] == '\0');
}

static bool rule_matches(const struct access_rule *rule, const struct plan_caller *c)
{
	const char *name = rule->name ? rule->name : "";

	switch (rule->type) {
	case ACCESS_USER:
		return rule->id == c->uid;
	case ACCESS_GROUP:
		return rule->id != ID_INVALID && in_group(c, rule->id);
	case ACCESS_SELINUX_DOMAIN:
		return in_domain(c, name);
	case ACCESS_UNIT:
		return c->unit && unit_matches(name, c->unit);
	case ACCESS_POLKIT:
		return c->polkit;
	case _ACCESS_TYPE_MAX:
		break;
	}
	return false;
}

static int allow(const struct access_rule *rule, struct plan_result *ret)
{
	char origin[SHOWN_MAX], name[SHOWN_MAX];

	(void)snprintf(ret->rule, sizeof(ret->rule), "%s %s=%s",
		shown(origin, rule->origin ? rule->origin : ""), keys[rule->type],
		shown(name, rule->name ? rule->name : ""));
	return 0;
}

/* "you are not in group video: rule at decoder.profile:12, nor ..." */
static void say_unmatched(
	const struct access_rule *rule, const struct plan_caller *c, bool first, struct plan_result *ret)
{
	static const char *const nouns[_ACCESS_TYPE_MAX] = { "user", "in group", "in domain", "in unit",
		"permitted by polkit as" };
	char name[SHOWN_MAX], origin[SHOWN_MAX];

	if (first)
		refuse_more(ret, ": %s not ", c->other ? "it is" : "you are");
	else
		refuse_more(ret, ", nor ");
	refuse_more(ret, "%s %s: rule at %s", nouns[rule->type], shown(name, rule->name ? rule->name : ""),
		shown(origin, rule->origin ? rule->origin : ""));
}

static int deny(const struct compiled_profile *p, const struct plan_caller *c, struct plan_result *ret)
{
	const char *key = p->n_access > 0 ? "[Access] (no rule matches)" : "[Access] (administrators only)";

	(void)refuse(ret, p, key, REFUSAL_ACCESS_DENIED, -EACCES, "user %u may not launch profile %s", c->uid,
		p->name);
	if (p->n_access == 0)
		refuse_more(ret, ": its section [Access] lets nobody in");
	for (size_t i = 0; i < p->n_access; i++)
		say_unmatched(&p->access[i], c, i == 0, ret);
	refuse_more(ret,
		"; administrators may, and can let others in with AllowUser= or AllowGroup= in a drop-in");
	return -EACCES;
}

bool plan_needs_unit(const struct compiled_profile *p)
{
	for (size_t i = 0; i < p->n_access; i++)
		if (p->access[i].type == ACCESS_UNIT)
			return true;
	return false;
}

const char *plan_polkit_action(const struct compiled_profile *p)
{
	const struct access_rule *last = p->n_access > 0 ? &p->access[p->n_access - 1] : NULL;

	return last && last->type == ACCESS_POLKIT ? last->name : NULL;
}

static const struct access_rule *find_rule(const struct compiled_profile *p, const struct plan_caller *c)
{
	for (size_t i = 0; i < p->n_access; i++)
		if (rule_matches(&p->access[i], c))
			return &p->access[i];
	return NULL;
}

bool plan_permits(const struct compiled_profile *p, const struct plan_caller *c)
{
	return !p->invalid && c->uid != ID_INVALID && (c->administrator || find_rule(p, c));
}

int plan_access(const struct compiled_profile *p, const struct plan_caller *c, struct plan_result *ret)
{
	const struct access_rule *rule;

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
	rule = find_rule(p, c);
	return rule ? allow(rule, ret) : deny(p, c, ret);
}
