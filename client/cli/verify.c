/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl verify: what the daemon would say to a file. Needs no broker. */

#include "base/error.h"
#include "base/strv.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/text.h"
#include "compiler/compile.h"

#include <string.h>

struct verify_options {
	const char *config_dir;
	bool draft;
};

static int set_config_dir(void *into, const char *value, char **reterr_why)
{
	struct verify_options *o = into;

	o->config_dir = value;
	return 0;
}

static int set_draft(void *into, const char *value, char **reterr_why)
{
	struct verify_options *o = into;

	o->draft = true;
	return 0;
}

/* As compilers print them, so that editors find the place. */
static void print_lines(char *const *lines)
{
	STRV_FOREACH (line, lines) {
		_cleanup_free_ char *safe = text_escape(*line);

		(void)fprintf(stderr, "%s\n", safe ? safe : "out of memory");
	}
}

/* The legs of the forbidden intersection, and whether a profile stands on each. */
static const struct {
	uint32_t leg;
	const char *name, *key;
} legs[] = {
	{ INTERSECTION_PRIVILEGED, "privileged", "privileged" },
	{ INTERSECTION_INITIAL_NAMESPACES, "in the initial namespaces", "initial-namespaces" },
	{ INTERSECTION_UNCONFINED, "without both a filter and Landlock", "unconfined" },
};

static bool in_intersection(const struct verify_verdict *v)
{
	return v->intersection == _INTERSECTION_ALL;
}

static void print_verdict(const char *path, const struct verify_verdict *v)
{
	_cleanup_free_ char *safe = text_escape(path);

	(void)printf("%s: exposure %u.%u %s; ", safe ? safe : "out of memory", v->exposure / 10,
		v->exposure % 10, v->level);
	(void)printf("%sin the forbidden intersection", in_intersection(v) ? "" : "not ");
	for (size_t i = 0; i < ELEMENTSOF(legs); i++)
		(void)printf("%s%s %s", i == 0 ? ": " : ", ", legs[i].name,
			v->intersection & legs[i].leg ? "yes" : "no");
	if (v->shares_network)
		(void)printf("; network namespace: shared");
	else if (v->private_network)
		(void)printf("; network namespace: its own, as %s", v->own_network);
	if (v->shares_ipc)
		(void)printf("; IPC namespace: shared");
	else if (v->private_ipc)
		(void)printf("; IPC namespace: its own, as %s", v->own_ipc);
	(void)putchar('\n');
}

static void print_json_verdict(struct json *j, const struct verify_verdict *v)
{
	json_key(j, "exposure");
	json_decimal(j, v->exposure / 10.0);
	json_key(j, "exposureLevel");
	json_string(j, v->level);
	json_key(j, "forbiddenIntersection");
	json_bool(j, in_intersection(v));
	json_key(j, "forbiddenLegs");
	json_array(j);
	for (size_t i = 0; i < ELEMENTSOF(legs); i++)
		if (v->intersection & legs[i].leg)
			json_string(j, legs[i].key);
	json_end(j);
	json_key(j, "sharedNetwork");
	json_bool(j, v->shares_network);
	json_key(j, "ownNetworkReason");
	json_string(j, v->own_network);
	json_key(j, "sharedIPC");
	json_bool(j, v->shares_ipc);
	json_key(j, "ownIPCReason");
	json_string(j, v->own_ipc);
}

static void print_json(struct json *j, const char *path, const struct verify_verdict *v, char *const *lines)
{
	json_object(j);
	json_key(j, "file");
	json_string(j, path);
	json_key(j, "valid");
	json_bool(j, strv_length(lines) == 0);
	json_key(j, "errors");
	json_strv(j, lines);
	if (v->is_profile)
		print_json_verdict(j, v);
	json_end(j);
}

/* 0, or the error; *ret_lines says what is wrong in either case that it is not. */
static int verify_one(const char *path, const struct verify_options *o, struct verify_verdict *ret_verdict,
	char ***ret_lines)
{
	const struct compile_options options = {
		.config_dir = o->config_dir,
		.resolve_users = !o->draft,
		.lenient = o->draft,
	};
	_cleanup_(strv_freep) char **lines = NULL;
	int r = compile_verify_file(path, &options, ret_verdict, &lines);

	if (r < 0 && r != -EBADMSG && strv_extendf(&lines, "%s: error: %s", path, strerror(-r)) < 0)
		return -ENOMEM;
	*ret_lines = steal_ptr(lines);
	return r;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);
	int status = EXIT_SUCCESS;

	if (cli->json != JSON_OFF)
		json_array(&j);
	for (size_t i = 0; i < n; i++) {
		struct verify_verdict verdict = { .is_profile = false };
		_cleanup_(strv_freep) char **lines = NULL;

		if (verify_one(args[i], state, &verdict, &lines) < 0)
			status = EXIT_FAILURE;
		if (cli->json != JSON_OFF)
			print_json(&j, args[i], &verdict, lines);
		else if (verdict.is_profile)
			print_verdict(args[i], &verdict);
		else
			print_lines(lines);
	}
	if (cli->json != JSON_OFF)
		json_end(&j);
	return status;
}

static const struct option options[] = {
	{ "config-dir", 0, "DIR", "where templates and policies are, instead of the system's places",
		set_config_dir },
	{ "draft", 0, NULL, "accept files that others than root can change, and unknown users", set_draft },
};

const struct verb verb_verify = {
	.name = "verify",
	.arguments = "FILE...",
	.summary = "Check profiles, drop-ins and bailiffd.conf",
	.details =
		"Prints FILE:LINE:COLUMN: and what is wrong there for every error, on standard error. Of a "
		"profile that is\n"
		"well it prints how much it leaves open, from 0 (safe) to 10, as systemd-analyze security "
		"does of units,\n"
		"and whether it is in the forbidden intersection. The exit status is 1 if anything is wrong.",
	.min = 1,
	.max = SIZE_MAX,
	.reach = REACH_HERE,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct verify_options),
	.run = run,
};
