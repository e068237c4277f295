/* SPDX-License-Identifier: GPL-2.0-or-later */

/* From a command line to the broker, and to one sandbox there. */

#include "base/cleanup.h"
#include "base/error.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/remote.h"
#include "cli/text.h"
#include "lib/address.h"

#include <inttypes.h>
#include <pwd.h>
#include <string.h>

static const char *mend(int error)
{
	switch (error) {
	case -ENOENT:
	case -ECONNREFUSED:
		return "is the message bus running, and is this its address? --address= or $BAILIFF_ADDRESS "
		       "name another one";
	case -EACCES:
	case -ECONNRESET:
	case -EPIPE:
	case -ENOTCONN:
		return "what listens there is no message bus, or does not let this user in";
	case -EHOSTUNREACH:
		return "org.bailiff.Broker1 is not there and the bus can not start it; is bailiffd running?";
	case -EPERM:
		return "org.bailiff.Broker1 is owned by a user who is neither root nor bailiff; not trusting "
		       "it";
	case -EINVAL:
	case -E2BIG:
		return "this is no D-Bus address; one looks like unix:path=/run/dbus/system_bus_socket";
	default:
		return strerror(-error);
	}
}

/* The address that -H or -M stand for; *ret stays NULL without either. */
static int remote_address(const struct cli *cli, char **ret)
{
	_cleanup_free_ char *why = NULL;
	int r = 0;

	if (cli->host)
		r = remote_host_address(cli->host, ret, &why);
	else if (cli->machine)
		r = remote_machine_address(cli->machine, ret, &why);
	if (r < 0)
		report("%s=%s: %s", cli->host ? "--host" : "--machine", cli->host ? cli->host : cli->machine,
			why ? why : strerror(-r));
	return r;
}

static void report_remote_failure(const struct cli *cli, int error)
{
	if (cli->host)
		report("can not reach the broker on %s: %s", cli->host,
			error == -EHOSTUNREACH || error == -EPERM
				? mend(error)
				: "ssh to it failed, or systemd-stdio-bridge is not there, or does not let "
				  "this "
				  "user in");
	else
		report("can not reach the broker in %s: %s", cli->machine,
			error == -EHOSTUNREACH ? mend(error)
					       : "is there such a machine, with a system bus? Only root gets "
						 "there; machinectl list shows them");
}

int cli_connect(const struct cli *cli, bailiff_connection **ret)
{
	_cleanup_free_ char *remote = NULL;
	const char *address = cli->address;
	int r = remote_address(cli, &remote);

	if (r < 0)
		return r;
	if (remote) {
		r = bailiff_connect_address(remote, ret);
		if (r < 0)
			report_remote_failure(cli, r);
		return r;
	}
	r = address ? bailiff_connect_address(address, ret) : bailiff_connect(ret);
	if (!address)
		address = address_choose(
			secure_getenv("BAILIFF_ADDRESS"), secure_getenv("DBUS_SYSTEM_BUS_ADDRESS"));
	if (r < 0)
		report("can not reach the broker on %s: %s", address, mend(r));
	return r;
}

static int each_sandbox(bailiff_connection *c, char **ids, size_t n,
	int (*act)(bailiff_sandbox *s, const void *state), const void *state)
{
	int status = EXIT_SUCCESS;

	for (size_t i = 0; i < n; i++) {
		_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
		int r = cli_open_sandbox(c, ids[i], &s);

		if (r == 0) {
			r = act(s, state);
			if (r < 0)
				report_failure(c, r, ids[i]);
		}
		if (r < 0)
			status = EXIT_FAILURE;
	}
	return status;
}

/* Reports those that are no ids. */
static bool are_ids(bailiff_connection *c, char **ids, size_t n)
{
	bool all = true;
	uint64_t id;

	for (size_t i = 0; i < n; i++)
		if (parse_u64(ids[i], &id) < 0) {
			report_sandbox_failure(c, -EINVAL, ids[i]);
			all = false;
		}
	return all;
}

int cli_each_sandbox(const struct cli *cli, char **ids, size_t n,
	int (*act)(bailiff_sandbox *s, const void *state), const void *state)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;

	if (cli_connect(cli, &c) < 0 || !are_ids(c, ids, n))
		return EXIT_FAILURE;
	return each_sandbox(c, ids, n, act, state);
}

int cli_show_each(const struct cli *cli, char **ids, size_t n, struct table *t,
	int (*put)(bailiff_sandbox *s, const void *state))
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);
	const struct showing to = { .table = t, .json = cli->json != JSON_OFF ? &j : NULL };
	int status;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	if (to.json)
		json_array(to.json);
	status = each_sandbox(c, ids, n, put, &to);
	if (to.json)
		json_end(to.json);
	else if (t->n_cells > 0)
		cli_print_table(cli, t);
	return status;
}

void cli_print_table(const struct cli *cli, const struct table *t)
{
	table_print(t, stdout, !cli->no_legend, style_get(cli->color, cli->full));
}

int cli_open_sandbox(bailiff_connection *c, const char *text, bailiff_sandbox **ret)
{
	uint64_t id;
	int r;

	r = parse_u64(text, &id);
	if (r == 0)
		r = bailiff_sandbox_open(c, id, ret);
	else
		r = -EINVAL;
	if (r < 0)
		report_sandbox_failure(c, r, text);
	return r;
}

int exit_status(const bailiff_exit *e)
{
	return e->signal > 0 ? 128 + e->signal : e->code;
}

void report_end(const char *what, const bailiff_exit *e)
{
	static const struct {
		const char *result, *text;
	} ends[] = {
		{ "timeout", "stopped: its time was up (RuntimeMaxSec= or --runtime-max=)" },
		{ "oom", "killed: it needed more memory than it may have" },
		{ "violation", "killed: it made a system call that its seccomp policy forbids" },
		{ "client-gone", "stopped: the client that launched it went away" },
		{ "killed", "stopped by its owner, by an administrator or with the daemon" },
		{ "setup-failed", "its sandbox could not be set up" },
	};

	for (size_t i = 0; i < ELEMENTSOF(ends); i++)
		if (strcmp(e->result, ends[i].result) == 0)
			report("%s: %s", what, ends[i].text);
}

char *user_name(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);
	char *text = NULL;

	if (user)
		return strdup(user->pw_name);
	return asprintf(&text, "%" PRIu32, (uint32_t)uid) < 0 ? NULL : text;
}

int parse_span(const char *value, uint64_t *ret, char **reterr_why)
{
	if (parse_usec(value, ret) < 0)
		return option_refuse(reterr_why, "not a time span; examples: 30, 500ms, 2min");
	return 0;
}

int parse_positive(const char *value, uint64_t *ret, char **reterr_why)
{
	if (parse_u64(value, ret) < 0 || *ret == 0)
		return option_refuse(reterr_why, "must be a number, 1 or more");
	return 0;
}
