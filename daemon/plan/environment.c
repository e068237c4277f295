/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The environment: the profile's own, less what the caller unsets, with what the caller may set. The caller's
 * part is looked up in a sorted index, so that a thousand variables cost no more than a thousand.
 */

#include "base/error.h"
#include "base/parse.h"
#include "base/strv.h"
#include "plan/parts.h"

#include <string.h>

/*
 * Never from a caller, whatever PassEnvironment= says. Each of them makes some library or interpreter load
 * code, open files or change how input is understood, before the program's own first line; the C library
 * ignores the first group in programs that gain privileges by exec, and a jailed program may hold privileges
 * (capabilities, groups) that its caller lacks without the C library noticing. A name that ends in "*" stands
 * for all that begin so.
 */
static const struct {
	const char *name, *reason;
} never[] = {
	{ "LD_*", "the dynamic loader loads code and writes files by it" },
	{ "GLIBC_TUNABLES", "it changes the C library's hardening" },
	{ "GCONV_PATH", "the C library loads character set converters from it" },
	{ "GETCONF_DIR", "getconf(1) runs programs from it" },
	{ "LOCPATH", "the C library reads locale files from it" },
	{ "NLSPATH", "the C library reads message formats from it" },
	{ "MALLOC_*", "the C library's allocator writes files and loosens checks by it" },
	{ "HOSTALIASES", "the resolver reads the file that it names" },
	{ "LOCALDOMAIN", "it redirects the resolver" },
	{ "RESOLV_HOST_CONF", "the resolver reads the file that it names" },
	{ "RES_OPTIONS", "it redirects the resolver" },
	{ "NIS_PATH", "it redirects user look-ups" },
	{ "TMPDIR", "it moves temporary files to a place that the caller chose" },
	{ "TZDIR", "the C library reads files below it" },

	{ "IFS", "shells split words by it" },
	{ "ENV", "shells run the file that it names" },
	{ "BASH_ENV", "bash runs the file that it names" },
	{ "BASH_FUNC*", "bash takes functions from it" },
	{ "BASHOPTS", "it changes how bash understands scripts" },
	{ "SHELLOPTS", "it changes how bash understands scripts" },
	{ "PS4", "bash runs commands in it when tracing" },
	{ "PROMPT_COMMAND", "bash runs it" },
	{ "CDPATH", "it changes where cd(1) goes" },
	{ "GLOBIGNORE", "it changes what patterns match" },
	{ "ZDOTDIR", "zsh runs files from it" },

	{ "PYTHON*", "Python loads code by it" },
	{ "PERL*", "Perl loads code by it" },
	{ "RUBYLIB", "Ruby loads code from it" },
	{ "RUBYOPT", "Ruby loads code by it" },
	{ "GEM_*", "Ruby loads code from it" },
	{ "LUA_*", "Lua runs code by it" },
	{ "NODE_*", "Node.js loads code by it" },
	{ "PHPRC", "PHP reads its configuration from it" },
	{ "PHP_INI_SCAN_DIR", "PHP reads its configuration from it" },
	{ "TCL*", "Tcl loads code from it" },
	{ "GUILE_*", "Guile loads code by it" },
	{ "CLASSPATH", "Java loads code from it" },
	{ "JAVA_TOOL_OPTIONS", "Java loads code by it" },
	{ "JDK_JAVA_OPTIONS", "Java loads code by it" },
	{ "_JAVA_OPTIONS", "Java loads code by it" },

	{ "OPENSSL_*", "OpenSSL loads code by it" },
	{ "KRB5*", "Kerberos reads files and writes traces by it" },
	{ "GIO_EXTRA_MODULES", "GIO loads code from it" },
	{ "GIO_MODULE_DIR", "GIO loads code from it" },
	{ "GCONV_*", "the C library loads character set converters by it" },
	{ "GTK_*", "GTK loads code by it" },
	{ "GDK_PIXBUF_MODULE*", "GdkPixbuf loads code by it" },
	{ "GST_*", "GStreamer loads code and writes files by it" },
	{ "QT_*", "Qt loads code by it" },
	{ "QML*", "Qt loads code by it" },
	{ "SASL_*", "SASL loads code by it" },
	{ "TERMCAP", "terminal libraries read the file that it names" },
	{ "TERMINFO*", "terminal libraries read files below it" },
	{ "TERMPATH", "terminal libraries read the file that it names" },
	{ "ASAN_OPTIONS", "the sanitizer's run time writes files by it" },
	{ "LSAN_OPTIONS", "the sanitizer's run time writes files by it" },
	{ "MSAN_OPTIONS", "the sanitizer's run time writes files by it" },
	{ "TSAN_OPTIONS", "the sanitizer's run time writes files by it" },
	{ "UBSAN_OPTIONS", "the sanitizer's run time writes files by it" },
	{ "LLVM_PROFILE_FILE", "profiled programs write the file that it names" },
	{ "GCOV_PREFIX*", "profiled programs write files below it" },
};

/* pattern: a name, or a beginning and "*". */
static bool name_matches(const char *pattern, const char *name, size_t len)
{
	size_t n = strlen(pattern);

	if (n > 0 && pattern[n - 1] == '*')
		return len >= n - 1 && memcmp(pattern, name, n - 1) == 0;
	return n == len && memcmp(pattern, name, n) == 0;
}

static const char *never_reason(const char *name, size_t len)
{
	for (size_t i = 0; i < ELEMENTSOF(never); i++)
		if (name_matches(never[i].name, name, len))
			return never[i].reason;
	return NULL;
}

static bool may_set(const struct compiled_profile *p, const char *name, size_t len)
{
	STRV_FOREACH (e, p->pass_environment)
		if (name_matches(*e, name, len))
			return true;
	return false;
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
	reason = never_reason(entry, len);
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
	_cleanup_(strv_freep) char **env = calloc(strv_length(p->environment) + v->n + 1, sizeof(*env));
	size_t n = 0;
	int q;

	if (!env)
		return -ENOMEM;
	STRV_FOREACH (e, p->environment) {
		size_t len = strcspn(*e, "=");
		struct variable *mine = find_variable(v, *e, len);

		if (mine)
			mine->placed = true;
		else if (contains_name(r->unset_env, *e, len))
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
