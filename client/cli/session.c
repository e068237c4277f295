/* SPDX-License-Identifier: GPL-2.0-or-later */

/* From a command line to the broker, and to one sandbox there. */

#include "base/cleanup.h"
#include "base/error.h"
#include "base/parse.h"
#include "cli/cli.h"
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

int cli_connect(const struct cli *cli, bailiff_connection **ret)
{
	const char *address = cli->address;
	int r;

	if (!address)
		address = address_choose(
			secure_getenv("BAILIFF_ADDRESS"), secure_getenv("DBUS_SYSTEM_BUS_ADDRESS"));
	r = bailiff_connect_address(address, ret);
	if (r < 0)
		report("can not reach the broker on %s: %s", address, mend(r));
	return r;
}

int cli_open_sandbox(bailiff_connection *c, const char *text, bailiff_sandbox **ret)
{
	uint64_t id;
	int r;

	r = parse_u64(text, &id);
	if (r < 0) {
		report("%s: not the id of a sandbox, which is a number; bailiffctl list shows them", text);
		return r;
	}
	r = bailiff_sandbox_open(c, id, ret);
	if (r < 0)
		report_failure(c, r, text);
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
