/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The environment: the profile's own, less what the caller unsets, with what the caller may set. The caller's
 * part is looked up in a sorted index, so that a thousand variables cost no more than a thousand.
 */

#include "base/environment.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/strv.h"
#include "plan/parts.h"

#include <string.h>

#define NOTIFY_VARIABLE "NOTIFY_SOCKET"

static bool may_set(const struct compiled_profile *p, const char *name, size_t len)
{
	STRV_FOREACH (e, p->pass_environment)
		if (env_name_matches(*e, name, len))
			return true;
	return false;
}

/* The one that option ready sets; what a profile has there is another manager's. */
static bool is_notify(const char *entry, size_t len)
{
	return len == strlen(NOTIFY_VARIABLE) && memcmp(entry, NOTIFY_VARIABLE, len) == 0;
}

/* One variable of the caller's. */
struct variable {
	const char *entry; /* NAME=VALUE */
	size_t len;        /* of NAME */
	bool placed;       /* stands in for one of the profile's */
};

struct variables {
	struct variable *list; /* sorted by name */
	size_t n;
};

static void variables_done(struct variables *v)
{
	free(v->list);
}

static int compare_variables(const void *a, const void *b)
{
	const struct variable *x = a, *y = b;
	int r = memcmp(x->entry, y->entry, x->len < y->len ? x->len : y->len);

	return r != 0 ? r : (x->len > y->len) - (x->len < y->len);
}

static struct variable *find_variable(const struct variables *v, const char *name, size_t len)
{
	struct variable key = { .entry = name, .len = len };

	return v->n == 0 ? NULL : bsearch(&key, v->list, v->n, sizeof(key), compare_variables);
}

static int check_variable(const struct compiled_profile *p, const char *entry, struct plan_result *result)
{
	size_t len = strcspn(entry, "=");
	const char *reason;
	char buf[SHOWN_MAX];

	if (entry[len] != '=' || !env_name_valid(entry, len))
		return refuse(result, p, "PassEnvironment=", REFUSAL_ENV_DENIED, -EINVAL,
			"environment entry \"%s\" is not NAME=VALUE with a name of letters, digits and \"_\"",
			shown(buf, entry));
	(void)shown(buf, entry);
	if (len < SHOWN_MAX)
		buf[len] = '\0'; /* names are plain ASCII, so that this is where the name ends; no value is
				    shown */
	reason = env_never_reason(entry, len);
	if (reason)
		return refuse(result, p, "PassEnvironment=", REFUSAL_ENV_DENIED, -EACCES,
			"environment variable %s is never taken from a caller: %s; leave it out", buf,
			reason);
	if (!may_set(p, entry, len))
		return refuse(result, p, "PassEnvironment=", REFUSAL_ENV_DENIED, -EACCES,
			"profile %s does not let callers set environment variable %s; leave it out, or have "
			"an "
			"administrator add it to PassEnvironment=",
			p->name, buf);
	return 0;
}

static int index_variables(const struct compiled_profile *p, const struct plan_request *r,
	struct variables *v, struct plan_result *result)
{
	size_t n = strv_length(r->env);
	char buf[SHOWN_MAX];

	v->list = calloc(n + 1, sizeof(*v->list));
	if (!v->list)
		return -ENOMEM;
	for (v->n = 0; v->n < n; v->n++) {
		int q = check_variable(p, r->env[v->n], result);

		if (q < 0)
			return q;
		v->list[v->n] = (struct variable){ .entry = r->env[v->n], .len = strcspn(r->env[v->n], "=") };
	}
	qsort(v->list, v->n, sizeof(*v->list), compare_variables);
	for (size_t i = 1; i < v->n; i++)
		if (compare_variables(&v->list[i - 1], &v->list[i]) == 0) {
			(void)shown(buf, v->list[i].entry);
			if (v->list[i].len < SHOWN_MAX)
				buf[v->list[i].len] = '\0';
			return refuse(result, p, "PassEnvironment=", REFUSAL_ENV_DENIED, -EINVAL,
				"environment variable %s is given twice; leave one out", buf);
		}
	return 0;
}

/* A caller may take away what it may set. A variable that is not there is no matter. */
static int check_unset(const struct compiled_profile *p, const struct plan_request *r,
	const struct variables *v, struct plan_result *result)
{
	char buf[SHOWN_MAX];

	STRV_FOREACH (name, r->unset_env) {
		size_t len = strlen(*name);

		(void)shown(buf, *name);
		if (!env_name_valid(*name, len))
			return refuse(result, p, "PassEnvironment=", REFUSAL_ENV_DENIED, -EINVAL,
				"unset-env: \"%s\" is no name of letters, digits and \"_\"", buf);
		if (r->notify && is_notify(*name, len))
			return refuse(result, p, "PassEnvironment=", REFUSAL_ENV_DENIED, -EINVAL,
				"environment variable %s is what option ready sets; leave one out", buf);
		if (find_variable(v, *name, len))
			return refuse(result, p, "PassEnvironment=", REFUSAL_ENV_DENIED, -EINVAL,
				"environment variable %s is both set and unset; leave one out", buf);
		if (strv_env_get(p->environment, *name) && !may_set(p, *name, len))
			return refuse(result, p, "PassEnvironment=", REFUSAL_ENV_DENIED, -EACCES,
				"profile %s does not let callers unset environment variable %s; leave it "
				"out, or have "
				"an administrator add it to PassEnvironment=",
				p->name, buf);
	}
	return 0;
}

static bool contains_name(char *const *names, const char *name, size_t len)
{
	STRV_FOREACH (n, names)
		if (strncmp(*n, name, len) == 0 && (*n)[len] == '\0')
			return true;
	return false;
}

/* Copies entry to the end of env, where there is room. */
static int place(char **env, size_t *n, const char *entry)
{
	env[*n] = strdup(entry);
	if (!env[*n])
		return -ENOMEM;
	(*n)++;
	return 0;
}

static int merge(const struct compiled_profile *p, const struct plan_request *r, const struct variables *v,
	char ***ret_env)
{
	_cleanup_(strv_freep) char **env = calloc(strv_length(p->environment) + v->n + 2, sizeof(*env));
	size_t n = 0;
	int q;

	if (!env)
		return -ENOMEM;
	STRV_FOREACH (e, p->environment) {
		size_t len = strcspn(*e, "=");
		struct variable *mine = find_variable(v, *e, len);

		if (mine)
			mine->placed = true;
		else if (contains_name(r->unset_env, *e, len) || (r->notify && is_notify(*e, len)))
			continue;
		q = place(env, &n, mine ? mine->entry : *e);
		if (q < 0)
			return q;
	}
	STRV_FOREACH (e, r->env) {
		const struct variable *mine = find_variable(v, *e, strcspn(*e, "="));

		if (mine && mine->placed)
			continue;
		q = place(env, &n, *e);
		if (q < 0)
			return q;
	}
	q = r->notify ? place(env, &n, NOTIFY_VARIABLE "=" JAIL_NOTIFY_SOCKET) : 0;
	if (q < 0)
		return q;
	*ret_env = steal_ptr(env);
	return 0;
}

int plan_environment(const struct compiled_profile *p, const struct plan_request *r, char ***ret_env,
	struct plan_result *result)
{
	_cleanup_(variables_done) struct variables v = { 0 };
	int q;

	q = index_variables(p, r, &v, result);
	if (q < 0)
		return q;
	q = check_unset(p, r, &v, result);
	if (q < 0)
		return q;
	return merge(p, r, &v, ret_env);
}
