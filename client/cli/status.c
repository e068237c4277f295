/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl status: everything that the broker says of itself, or of one sandbox. */

#include "base/error.h"
#include "base/parse.h"
#include "base/strv.h"
#include "cli/cli.h"
#include "cli/humane.h"
#include "cli/json.h"
#include "cli/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static void print_line(const char *key, const char *value)
{
	_cleanup_free_ char *safe = text_escape(value);

	(void)printf("%12s: %s\n", key, safe && *safe ? safe : "-");
}

static void print_number(const char *key, uint64_t v)
{
	(void)printf("%12s: %" PRIu64 "\n", key, v);
}

static void print_list(const char *key, char *const *v)
{
	if (!v || !v[0])
		print_line(key, "");
	for (size_t i = 0; v && v[i]; i++) {
		_cleanup_free_ char *safe = text_escape(v[i]);

		(void)printf("%12s%c %s\n", i == 0 ? key : "", i == 0 ? ':' : ' ', safe ? safe : "");
	}
}

static void print_user(const char *key, uid_t uid)
{
	_cleanup_free_ char *name = user_name(uid);

	if (!name || isdigit((unsigned char)*name))
		print_number(key, uid);
	else
		(void)printf("%12s: %s (%" PRIu32 ")\n", key, name, (uint32_t)uid);
}

static void print_time(const char *key, uint64_t usec)
{
	char text[HUMANE_MAX];

	humane_time(usec, text);
	print_line(key, text);
}

static void print_end(const bailiff_sandbox_status *s)
{
	const char *signal = s->exit_signal > 0 ? signal_to_string(s->exit_signal) : NULL;

	if (strcmp(s->state, "exited") != 0)
		return;
	print_time("Ended", s->exited_usec);
	if (s->exit_signal > 0)
		(void)printf("%12s: %s, signal %d%s%s\n", "Result", s->result, s->exit_signal,
			signal ? " " : "", signal ? signal : "");
	else
		(void)printf("%12s: %s, status %d\n", "Result", s->result, s->exit_code);
}

static void print_sandbox(const bailiff_sandbox_status *s)
{
	print_number("Sandbox", s->id);
	print_line("Profile", s->profile);
	print_line("Tag", s->tag);
	print_line("State", s->state);
	print_user("Owner", s->owner);
	print_user("Runs as", s->uid);
	if (s->pid > 0)
		print_number("Pid", (uint64_t)s->pid);
	print_time("Started", s->started_usec);
	print_end(s);
	print_number("Generation", s->generation);
	print_line("Cgroup", s->control_group);
	print_list("Layers", s->layers);
	print_list("Skipped", s->skipped);
}

static void field_unsigned(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_unsigned(j, v);
}

static void field_string(struct json *j, const char *key, const char *s)
{
	json_key(j, key);
	json_string(j, s);
}

static void field_strv(struct json *j, const char *key, char *const *v)
{
	json_key(j, key);
	json_strv(j, v);
}

static void print_sandbox_json(const struct cli *cli, const bailiff_sandbox_status *s)
{
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);

	json_object(&j);
	field_unsigned(&j, "id", s->id);
	field_string(&j, "profile", s->profile);
	field_string(&j, "tag", s->tag);
	field_string(&j, "state", s->state);
	field_unsigned(&j, "owner", s->owner);
	field_unsigned(&j, "uid", s->uid);
	field_unsigned(&j, "pid", (uint64_t)s->pid);
	field_unsigned(&j, "started-usec", s->started_usec);
	field_unsigned(&j, "exited-usec", s->exited_usec);
	field_string(&j, "result", s->result);
	json_key(&j, "exit-code");
	json_signed(&j, s->exit_code);
	json_key(&j, "exit-signal");
	json_signed(&j, s->exit_signal);
	field_unsigned(&j, "generation", s->generation);
	field_string(&j, "control-group", s->control_group);
	field_strv(&j, "layers", s->layers);
	field_strv(&j, "skipped", s->skipped);
	json_end(&j);
}

static void print_broker(const bailiff_broker_status *s)
{
	print_line("Version", s->version);
	print_number("Generation", s->generation);
	print_number("Sandboxes", s->n_sandboxes);
	print_number("Launched", s->n_launched);
	print_number("Landlock", s->landlock_abi);
	print_list("Features", s->features);
	if (s->profile_errors && s->profile_errors[0])
		print_list("Errors", s->profile_errors);
}

static void print_broker_json(const struct cli *cli, const bailiff_broker_status *s)
{
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);

	json_object(&j);
	field_string(&j, "version", s->version);
	field_unsigned(&j, "generation", s->generation);
	field_unsigned(&j, "sandboxes", s->n_sandboxes);
	field_unsigned(&j, "launched", s->n_launched);
	field_unsigned(&j, "landlock-abi", s->landlock_abi);
	field_strv(&j, "features", s->features);
	field_strv(&j, "profile-errors", s->profile_errors);
	json_end(&j);
}

static int show_broker(const struct cli *cli, bailiff_connection *c)
{
	_cleanup_(bailiff_broker_status_freep) bailiff_broker_status *status = NULL;
	int r = bailiff_get_broker_status(c, &status);

	if (r < 0) {
		report_failure(c, r, "status");
		return EXIT_FAILURE;
	}
	if (cli->json == JSON_OFF)
		print_broker(status);
	else
		print_broker_json(cli, status);
	return EXIT_SUCCESS;
}

static int show_sandbox(const struct cli *cli, bailiff_connection *c, const char *id)
{
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	_cleanup_(bailiff_sandbox_status_freep) bailiff_sandbox_status *status = NULL;
	int r = cli_open_sandbox(c, id, &s);

	if (r < 0)
		return EXIT_FAILURE;
	r = bailiff_sandbox_get_status(s, &status);
	if (r < 0) {
		report_failure(c, r, id);
		return EXIT_FAILURE;
	}
	if (cli->json == JSON_OFF)
		print_sandbox(status);
	else
		print_sandbox_json(cli, status);
	return EXIT_SUCCESS;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	return n == 0 ? show_broker(cli, c) : show_sandbox(cli, c, args[0]);
}

const struct verb verb_status = {
	.name = "status",
	.arguments = "[ID]",
	.summary = "Show a sandbox, or the broker itself",
	.details = "",
	.max = 1,
	.run = run,
};
