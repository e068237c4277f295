/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl wait */

#include "base/error.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/text.h"

#include <inttypes.h>

struct wait_options {
	bool has_timeout, release;
	uint64_t timeout;
};

static int set_timeout(void *into, const char *value, char **reterr_why)
{
	struct wait_options *o = into;

	o->has_timeout = true;
	return parse_span(value, &o->timeout, reterr_why);
}

static int set_release(void *into, const char *value, char **reterr_why)
{
	struct wait_options *o = into;

	o->release = true;
	return 0;
}

static void print_json(struct json *j, uint64_t id, const bailiff_exit *e)
{
	json_object(j);
	json_key(j, "id");
	json_unsigned(j, id);
	json_key(j, "result");
	json_string(j, e->result);
	json_key(j, "code");
	json_signed(j, e->code);
	json_key(j, "signal");
	json_signed(j, e->signal);
	json_end(j);
}

static int put_row(struct table *t, uint64_t id, const bailiff_exit *e)
{
	int r = table_put_unsigned(t, id);

	if (r == 0)
		r = table_put(t, e->result);
	if (r == 0)
		r = e->signal > 0 ? table_put(t, "") : table_put_unsigned(t, (uint64_t)e->code);
	if (r == 0)
		r = e->signal > 0 ? table_put_unsigned(t, (uint64_t)e->signal) : table_put(t, "");
	return r;
}

static int wait_one(bailiff_connection *c, const struct wait_options *o, const char *id,
	bailiff_sandbox **ret, bailiff_exit *ret_exit)
{
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	int r = cli_open_sandbox(c, id, &s);

	if (r < 0)
		return r;
	r = bailiff_sandbox_wait(s, o->has_timeout ? o->timeout : BAILIFF_TIMEOUT_INFINITE, ret_exit);
	if (r < 0) {
		report_failure(c, r, id);
		return r;
	}
	if (o->release)
		(void)bailiff_sandbox_release(s);
	*ret = steal_ptr(s); /* the result is its */
	return 0;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	static const struct column columns[] = {
		{ "ID", true, NULL },
		{ "RESULT", false, NULL },
		{ "CODE", true, NULL },
		{ "SIGNAL", true, NULL },
	};
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_(table_done) struct table t = TABLE_INIT(columns);
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);
	int status = EXIT_SUCCESS;

	if (cli_connect(cli, &c) < 0)
		return EXIT_BROKER;
	if (cli->json != JSON_OFF)
		json_array(&j);
	for (size_t i = 0; i < n; i++) {
		_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
		bailiff_exit e;
		int r = wait_one(c, state, args[i], &s, &e);

		status = r == -ETIMEDOUT ? EXIT_TIMEOUT : r < 0 ? EXIT_BROKER : exit_status(&e);
		if (r == 0 && cli->json != JSON_OFF)
			print_json(&j, bailiff_sandbox_id(s), &e);
		else if (r == 0 && put_row(&t, bailiff_sandbox_id(s), &e) < 0)
			return report_no_memory();
	}
	if (cli->json != JSON_OFF)
		json_end(&j);
	else if (t.n_cells > 0)
		cli_print_table(cli, &t);
	return status;
}

static const struct option options[] = {
	{ "timeout", 't', "TIME", "wait no longer for each; the exit status is then 124", set_timeout },
	{ "release", 'r', NULL, "then have the broker forget how it ended", set_release },
};

const struct verb verb_wait = {
	.name = "wait",
	.arguments = "ID...",
	.summary = "Wait until sandboxes have ended, and show how",
	.details = "The exit status is that of the last one's program, or 128 and the signal that ended it;\n"
		   "125 if the broker failed or does not know it.",
	.min = 1,
	.max = SIZE_MAX,
	.usage_status = EXIT_BROKER,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct wait_options),
	.run = run,
};
