/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl policy check: what is wrong with policies, or looks it, on one or several architectures. */

#include "base/error.h"
#include "cli/policy.h"

#include <string.h>

/* A file, compiled for each architecture asked for. */
struct checked {
	const char *path;
	const struct architecture *architectures[_ARCHITECTURE_MAX];
	struct seccomp_result results[_ARCHITECTURE_MAX];
	int errors[_ARCHITECTURE_MAX]; /* what the compilations returned */
	size_t n;
};

static void checked_done(struct checked *c)
{
	for (size_t i = 0; i < c->n; i++)
		seccomp_result_done(&c->results[i]);
}

static bool has_diagnostic(const struct seccomp_result *result, const struct seccomp_diagnostic *d)
{
	for (size_t i = 0; i < result->n_diagnostics; i++)
		if (strcmp(result->diagnostics[i].rendered, d->rendered) == 0)
			return true;
	return false;
}

/* Once for all architectures from number @first on; names them unless they are all that were asked for. */
static void print_merged(const struct checked *c, size_t first, const struct seccomp_diagnostic *d)
{
	size_t shared = 0;

	for (size_t i = 0; i < first; i++)
		if (has_diagnostic(&c->results[i], d))
			return;
	policy_print_diagnostic(d);
	for (size_t i = first; i < c->n; i++)
		shared += has_diagnostic(&c->results[i], d);
	if (shared == c->n)
		return;
	(void)fputs("    on ", stderr);
	for (size_t i = first, shown = 0; i < c->n; i++)
		if (has_diagnostic(&c->results[i], d))
			(void)fprintf(stderr, "%s%s", shown++ > 0 ? ", " : "", c->architectures[i]->name);
	(void)fputc('\n', stderr);
}

static void print_text(const struct checked *c)
{
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->results[i].n_diagnostics; k++)
			print_merged(c, i, &c->results[i].diagnostics[k]);
}

static void print_json(struct json *j, const struct checked *c)
{
	for (size_t i = 0; i < c->n; i++) {
		json_object(j);
		json_key(j, "file");
		json_string(j, c->path);
		json_key(j, "architecture");
		json_string(j, c->architectures[i]->name);
		json_key(j, "valid");
		json_bool(j, c->errors[i] == 0);
		json_key(j, "instructions");
		json_unsigned(j, c->results[i].n_filter);
		json_key(j, "diagnostics");
		policy_json_diagnostics(j, &c->results[i]);
		json_end(j);
	}
}

static int check_one(const char *path, const struct policy_options *o, struct checked *ret)
{
	int status = EXIT_SUCCESS;

	for (size_t i = 0; i < o->n_architectures; i++) {
		ret->architectures[i] = o->architectures[i];
		ret->errors[i] = policy_read(path, o, o->architectures[i], 0, &ret->results[i]);
		ret->n++;
		if (policy_status(o, ret->errors[i], &ret->results[i]) != EXIT_SUCCESS)
			status = EXIT_FAILURE;
	}
	return status;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);
	struct policy_options *o = state;
	int status = EXIT_SUCCESS;

	if (o->n_architectures == 0 && architecture_native())
		o->architectures[o->n_architectures++] = architecture_native();
	if (o->n_architectures == 0) {
		report("there are no tables for the architecture of this program: name another with --arch=");
		return EXIT_FAILURE;
	}
	if (cli->json != JSON_OFF)
		json_array(&j);
	for (size_t i = 0; i < n; i++) {
		_cleanup_(checked_done) struct checked c = { .path = args[i] };

		if (check_one(args[i], o, &c) != EXIT_SUCCESS)
			status = EXIT_FAILURE;
		if (cli->json != JSON_OFF)
			print_json(&j, &c);
		else
			print_text(&c);
	}
	if (cli->json != JSON_OFF)
		json_end(&j);
	return status;
}

static const struct option options[] = {
	{ "arch", 0, "ARCH",
		"the architecture: x86_64, i386, x32, arm64, arm, riscv64 or all;\nmay be repeated; by "
		"default this one",
		policy_add_arch },
	POLICY_OPTION_ROOT,
	POLICY_OPTION_DENYLIST,
	POLICY_OPTION_KERNEL,
	POLICY_OPTION_WERROR,
	POLICY_OPTION_NO_WARNINGS,
};

const struct verb verb_policy_check = {
	.name = "check",
	.arguments = "FILE...",
	.summary = "Check seccomp policies",
	.details =
		"Prints every error and warning with its place on standard error; nothing if all is well. "
		"\"-\" is\nstandard input. Files that others than root can change, which the daemon refuses, "
		"are accepted:\ndrafts can be checked. The exit status is 1 if anything is wrong.",
	.min = 1,
	.max = SIZE_MAX,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct policy_options),
	.run = run,
};
