/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiffctl attach: follows a sandbox that runs already, until its end. Its streams were handed to whoever
 * launched it, and nobody, the broker included, has them to give away again.
 */

#include "base/error.h"
#include "base/fd.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/text.h"
#include "cli/violations.h"
#include "cli/watch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define LOOK_USEC UINT64_C(250000) /* between two looks at violations and at our own signals */

struct attach_options {
	bool lifeline;
};

static int set_lifeline(void *into, const char *value, char **reterr_why)
{
	struct attach_options *o = into;

	o->lifeline = true;
	return 0;
}

struct watched {
	const struct cli *cli;
	bailiff_sandbox *s;
	char *state;         /* that was said last */
	size_t n_violations; /* that were said */
};

static void say_state(struct watched *w, const bailiff_sandbox_status *status)
{
	_cleanup_free_ char *profile = text_escape(status->profile);
	struct json j = JSON_INIT(stdout, w->cli->json == JSON_PRETTY);

	if (w->cli->json == JSON_OFF) {
		(void)printf("%" PRIu64 " %s: %s\n", status->id, profile ? profile : "", status->state);
		return;
	}
	json_object(&j);
	json_key(&j, "event");
	json_string(&j, status->state);
	json_key(&j, "id");
	json_unsigned(&j, status->id);
	json_key(&j, "profile");
	json_string(&j, status->profile);
	json_end(&j);
}

static void say_violation(const struct watched *w, const bailiff_violation *v)
{
	_cleanup_free_ char *what = text_escape(v->what), *detail = text_escape(v->detail);
	struct json j = JSON_INIT(stdout, w->cli->json == JSON_PRETTY);

	if (w->cli->json == JSON_OFF) {
		(void)printf("%" PRIu64 " violation: %s %s\n", bailiff_sandbox_id(w->s), what ? what : "",
			detail ? detail : "");
		return;
	}
	json_object(&j);
	json_key(&j, "event");
	json_string(&j, "violation");
	violation_json(&j, bailiff_sandbox_id(w->s), v);
	json_end(&j);
}

static int look(struct watched *w)
{
	_cleanup_(bailiff_sandbox_status_freep) bailiff_sandbox_status *status = NULL;
	_cleanup_(bailiff_violation_freep) bailiff_violation *list = NULL;
	size_t n = 0;
	int r = bailiff_sandbox_get_violations(w->s, &list);

	for (const bailiff_violation *v = list; v; v = v->next)
		if (n++ >= w->n_violations)
			say_violation(w, v);
	w->n_violations = n > w->n_violations ? n : w->n_violations;
	if (r == 0)
		r = bailiff_sandbox_get_status(w->s, &status);
	if (r < 0)
		return r;
	if (!w->state || strcmp(w->state, status->state) != 0) {
		say_state(w, status);
		free(w->state);
		w->state = steal_ptr(status->state);
	}
	return fflush(stdout) == 0 ? 0 : -EPIPE;
}

static bool is_away(int error)
{
	return error == -ECONNRESET || error == -EHOSTUNREACH;
}

static int follow(struct watched *w, bailiff_connection *c, const char *id)
{
	for (;;) {
		bailiff_exit e;
		int r = look(w);

		if (r < 0 && !is_away(r)) {
			report_failure(c, r, id);
			return EXIT_BROKER;
		}
		r = bailiff_sandbox_wait(w->s, 0, &e);
		if (r == 0) {
			(void)look(w);
			report_end(id, &e);
			return exit_status(&e);
		}
		if (r != -ETIMEDOUT && !is_away(r)) {
			report_failure(c, r, id);
			return EXIT_BROKER;
		}
		if (!watch_pause(LOOK_USEC))
			return EXIT_SUCCESS;
	}
}

/* The write end stays with us, and ends with us. */
static int bind_to_us(bailiff_sandbox *s, int ret_lifeline[2])
{
	if (pipe2(ret_lifeline, O_CLOEXEC) < 0)
		return errno_or_eio();
	return bailiff_sandbox_attach_lifeline(s, ret_lifeline[0]);
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	const struct attach_options *o = state;
	struct watched w = { .cli = cli };
	int lifeline[2] = { -1, -1 }, status = EXIT_BROKER, r = 0;

	if (o->lifeline && cli->host) {
		report("attach: --lifeline is a descriptor, which ssh does not carry to %s", cli->host);
		return EXIT_BROKER;
	}
	if (cli_connect(cli, &c) < 0 || cli_open_sandbox(c, args[0], &s) < 0)
		return EXIT_BROKER;
	w.s = s;
	watch_begin();
	if (o->lifeline)
		r = bind_to_us(s, lifeline);
	if (r < 0)
		report_failure(c, r, args[0]);
	else
		status = follow(&w, c, args[0]);
	(void)fd_close(lifeline[0]);
	(void)fd_close(lifeline[1]);
	free(w.state);
	return status;
}

static const struct option options[] = {
	{ "lifeline", 'l', NULL, "stop the sandbox when this command ends", set_lifeline },
};

const struct verb verb_attach = {
	.name = "attach",
	.arguments = "ID",
	.summary = "Follow a sandbox until it ends",
	.details = "Shows its state, what it is killed for and how it ends, and ends as run does; with 0 if "
		   "interrupted, which\nleaves the sandbox alone. Its standard streams and its terminal are "
		   "with "
		   "whoever launched it, and can not\nbe had again.",
	.min = 1,
	.max = 1,
	.usage_status = EXIT_BROKER,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct attach_options),
	.run = run,
};
