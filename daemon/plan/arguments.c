/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The command line: argv[0] picks one of the profile's executables, by its path or by its file name; every
 * further argument must match one of the profile's expressions, if it has any.
 */

#include "base/error.h"
#include "base/pattern.h"
#include "base/strv.h"
#include "plan/parts.h"

#include <string.h>

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void list_executables(const struct compiled_profile *p, struct plan_result *result)
{
	char buf[SHOWN_MAX];

	if (strv_length(p->executables) == 0)
		refuse_more(result, "it has no Executable=");
	STRV_FOREACH (e, p->executables)
		refuse_more(result, "%s%s", e == p->executables ? "" : ", ", shown(buf, *e));
}

static int find_executable(const struct compiled_profile *p, const char *name, const char **ret_executable,
	struct plan_result *result)
{
	bool by_path = strchr(name, '/') != NULL;
	const char *found = NULL;
	unsigned n = 0;
	char buf[SHOWN_MAX];

	STRV_FOREACH (e, p->executables)
		if (strcmp(by_path ? *e : file_name(*e), name) == 0) {
			found = *e;
			n++;
		}
	if (n == 1) {
		*ret_executable = found;
		return 0;
	}
	if (n == 0)
		(void)refuse(result, p, "Executable=", REFUSAL_ARGV_DENIED, -EACCES,
			"profile %s does not run \"%s\"; argv[0] must be one of: ", p->name,
			shown(buf, name));
	else
		(void)refuse(result, p, "Executable=", REFUSAL_ARGV_DENIED, -EACCES,
			"\"%s\" stands for %u executables of profile %s; argv[0] must be one of these "
			"paths: ",
			shown(buf, name), n, p->name);
	list_executables(p, result);
	return -EACCES;
}

struct pattern_list {
	struct pattern *patterns;
	size_t n;
};

static void pattern_list_done(struct pattern_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		pattern_done(&l->patterns[i]);
	free(l->patterns);
}

static int compile_patterns(
	const struct compiled_profile *p, struct pattern_list *l, struct plan_result *result)
{
	size_t n = strv_length(p->arguments);

	l->patterns = calloc(n, sizeof(*l->patterns));
	if (!l->patterns)
		return -ENOMEM;
	for (l->n = 0; l->n < n; l->n++) {
		const char *reason;
		int r = pattern_compile(&l->patterns[l->n], p->arguments[l->n], &reason);
		char buf[SHOWN_MAX];

		if (r != -EINVAL) {
			if (r < 0)
				return r;
			continue;
		}
		return refuse(result, p, "Argument=", REFUSAL_PROFILE_INVALID, -EACCES,
			"Argument=%s of profile %s can not be used: %s; an administrator has to mend it",
			shown(buf, p->arguments[l->n]), p->name, reason);
	}
	return 0;
}

static bool any_matches(const struct pattern_list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (pattern_matches(&l->patterns[i], s))
			return true;
	return false;
}

static int check_arguments(const struct compiled_profile *p, char *const *argv, struct plan_result *result)
{
	_cleanup_(pattern_list_done) struct pattern_list patterns = { 0 };
	char buf[SHOWN_MAX];
	int r;

	if (strv_length(p->arguments) == 0 || !argv[1])
		return 0;
	r = compile_patterns(p, &patterns, result);
	if (r < 0)
		return r;
	for (size_t i = 1; argv[i]; i++) {
		if (any_matches(&patterns, argv[i]))
			continue;
		(void)refuse(result, p, "Argument=", REFUSAL_ARGV_DENIED, -EACCES,
			"argument %zu, \"%s\", matches no Argument= of profile %s; these are: ", i,
			shown(buf, argv[i]), p->name);
		STRV_FOREACH (e, p->arguments)
			refuse_more(result, "%s%s", e == p->arguments ? "" : ", ", shown(buf, *e));
		return -EACCES;
	}
	return 0;
}

static int check_sizes(
	const struct compiled_profile *p, const struct plan_request *r, struct plan_result *result)
{
	size_t bytes;

	if (strv_length(r->argv) > ARGV_MAX)
		return refuse(result, p, "(size)", REFUSAL_QUOTA_EXCEEDED, -EINVAL,
			"argv has more than %d elements; pass long lists in a file descriptor", ARGV_MAX);
	if (strv_length(r->env) > ENV_MAX || strv_length(r->unset_env) > ENV_MAX)
		return refuse(result, p, "(size)", REFUSAL_QUOTA_EXCEEDED, -EINVAL,
			"env or unset-env has more than %d elements", ENV_MAX);
	bytes = strv_bytes(r->argv) + strv_bytes(r->env) + strv_bytes(r->unset_env);
	if (bytes > ARG_BYTES_MAX)
		return refuse(result, p, "(size)", REFUSAL_QUOTA_EXCEEDED, -EINVAL,
			"argv and env take %zu bytes, and %d is the most; pass long data in a file "
			"descriptor",
			bytes, ARG_BYTES_MAX);
	return 0;
}

int plan_arguments(const struct compiled_profile *p, const struct plan_request *r,
	const char **ret_executable, struct plan_result *result)
{
	const char *executable = NULL;
	int q;

	q = check_sizes(p, r, result);
	if (q < 0)
		return q;
	if (!r->argv || !r->argv[0] || !r->argv[0][0]) {
		(void)refuse(result, p, "Executable=", REFUSAL_ARGV_DENIED, -EINVAL,
			"argv[0] is missing or empty; it must name one of profile %s's executables: ",
			p->name);
		list_executables(p, result);
		return -EINVAL;
	}
	q = find_executable(p, r->argv[0], &executable, result);
	if (q < 0)
		return q;
	q = check_arguments(p, r->argv, result);
	if (q < 0)
		return q;
	*ret_executable = executable;
	return 0;
}
