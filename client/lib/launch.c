/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* LaunchSandboxed and its reply. */

#include "lib/internal.h"

#include "dbus/names.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

struct launch_info {
	uint64_t id;
	uint32_t pid, n_lost;
};

static int draw_token(char ret[TOKEN_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[(TOKEN_SIZE - 2) / 2];

	/* so few bytes come at once, or not at all */
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return errno > 0 ? -errno : -EIO;
	ret[0] = 'L'; /* digits alone would be an id */
	for (size_t i = 0; i < sizeof(bytes); i++) {
		ret[1 + 2 * i] = digits[bytes[i] >> 4];
		ret[2 + 2 * i] = digits[bytes[i] & 15];
	}
	ret[TOKEN_SIZE - 1] = '\0';
	return 0;
}

int launch_name(const bailiff_request *r, bailiff_request *ret, char token[TOKEN_SIZE])
{
	*ret = *r;
	if (r->token)
		return 0;
	ret->token = token;
	return draw_token(token);
}

static int take_stream(bailiff_sandbox *s, sd_bus_message *m)
{
	uint32_t child;
	int fd;

	/* The message keeps what it carries, and closes it: each fd is duplicated. */
	if (sd_bus_message_read(m, "{uh}", &child, &fd) <= 0 || child > 2 || s->streams[child] >= 0)
		return -EBADMSG;
	s->streams[child] = dup_fd(fd);
	return s->streams[child] < 0 ? s->streams[child] : 0;
}

static int take_streams(bailiff_sandbox *s, sd_bus_message *m)
{
	int r;

	if (sd_bus_message_enter_container(m, 'a', "{uh}") < 0)
		return -EBADMSG;
	while ((r = sd_bus_message_at_end(m, 0)) == 0) {
		r = take_stream(s, m);
		if (r < 0)
			return r;
	}
	return r < 0 || sd_bus_message_exit_container(m) < 0 ? -EBADMSG : 0;
}

static int read_reply(bailiff_sandbox *s, sd_bus_message *m)
{
	static const struct dict_field fields[] = {
		{ BAILIFF_INFO_ID, 't', offsetof(struct launch_info, id) },
		{ BAILIFF_INFO_PID, 'u', offsetof(struct launch_info, pid) },
		{ BAILIFF_INFO_LOST_STREAMS, 'n', offsetof(struct launch_info, n_lost) },
	};
	struct launch_info info = { 0 };
	const char *path;
	int r, fd;

	if (sd_bus_message_read(m, "oh", &path, &fd) <= 0)
		return -EBADMSG;
	r = replace_str(&s->path, path);
	if (r < 0)
		return r;
	s->pidfd = dup_fd(fd);
	if (s->pidfd < 0)
		return s->pidfd;
	r = take_streams(s, m);
	if (r == 0)
		r = dict_read(m, fields, ELEMENTSOF(fields), &info);
	s->incarnation = s->connection->incarnation;
	s->id = info.id;
	s->pid = (pid_t)info.pid;
	s->streams_lost = info.n_lost > 0;
	return r;
}

int launch_take_reply(bailiff_sandbox *s, sd_bus_message *m, bool own_token)
{
	int r = read_reply(s, m);

	/* whoever chose the token asks for what may have been launched before */
	return r == 0 && s->streams_lost && own_token ? -ECONNRESET : r;
}

static int add_lifeline(bailiff_connection *c, bailiff_request *r)
{
	int fd;

	if (!c->direct || r->detach || r->lifeline >= 0)
		return 0;
	fd = connection_lifeline(c);
	if (fd < 0)
		return fd;
	r->lifeline = fd;
	return 0;
}

int launch_prepare(bailiff_connection *c, const bailiff_request *r, bailiff_request *ret)
{
	int k;

	*ret = *r;
	k = add_lifeline(c, ret);
	if (k == 0 && ret->n_fds + ret->n_binds + (ret->lifeline >= 0) > BAILIFF_MESSAGE_FDS_MAX &&
		ret->n_fds > 0)
		k = fd_channel_open(ret, &ret->channel);
	return k < 0 ? connection_fail(c, k, NULL, strerror(-k)) : 0;
}

uint64_t launch_timeout(const bailiff_request *r)
{
	return LAUNCH_TIMEOUT_USEC + (r && r->interactive ? INTERACTION_USEC : 0);
}

void launch_sent(bailiff_request *prepared)
{
	prepared->channel = close_fd(prepared->channel);
}

int launch_spoilt(bailiff_connection *c, int taken)
{
	return taken == -EBADMSG ? reply_malformed(c, "LaunchSandboxed")
				 : connection_failf(c, taken, "launched, but stopped: %s", strerror(-taken));
}

bool launch_unanswered(int error)
{
	return broker_is_away(error) || error == -EBUSY;
}

static int launch_once(bailiff_connection *c, const bailiff_request *r, uint64_t until, sd_bus_message **ret)
{
	bailiff_request prepared;
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "LaunchSandboxed",
		request_marshal, &prepared, until };
	int k = launch_prepare(c, r, &prepared);

	if (k < 0)
		return k;
	k = call_broker(c, &call, ret);
	launch_sent(&prepared);
	return k;
}

/* The broker may have launched before it ended. It, or the one after it, knows by the token; so nothing
 * starts twice, and what started is found. All of them together have until the deadline. */
static int launch_again(bailiff_connection *c, const bailiff_request *r, uint64_t until, sd_bus_message **ret)
{
	struct retry retry = { .deadline = until };
	int k = -ECONNRESET;

	while (launch_unanswered(k) && retry_wait(&retry))
		k = launch_once(c, r, until, ret);
	return k == -EHOSTUNREACH ? connection_fail(c, -ECONNRESET, NULL, LAUNCH_LOST) : k;
}

int launch_set_path(bailiff_sandbox *s, const char *token)
{
	free(steal_ptr(s->path));
	if (asprintf(&s->path, "%s/%s", BAILIFF_SANDBOX_PREFIX, token) < 0) {
		s->path = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* What ended before its launch could be answered. */
static int find_ended(bailiff_sandbox *s, const char *token, uint64_t until)
{
	int r = launch_set_path(s, token);

	return r < 0 ? r : sandbox_look(s, until);
}

/* A sandbox whose reply could not be read, or came without its streams, is stopped. */
static int conclude(bailiff_connection *c, bailiff_sandbox *s, int taken, uint64_t until)
{
	if (taken >= 0)
		return 0;
	if (s->path)
		(void)sandbox_stop(s, 0, until);
	return launch_spoilt(c, taken);
}

EXPORT int bailiff_launch(bailiff_connection *c, const bailiff_request *r, bailiff_sandbox **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	uint64_t until;
	bailiff_request named;
	char token[TOKEN_SIZE];
	int k;

	if (!c || !r || !ret)
		return -EINVAL;
	/* Before the call: there must be nothing left to fail for want of memory once the program runs. */
	k = sandbox_new(c, &s);
	if (k == 0)
		k = launch_name(r, &named, token);
	if (k < 0)
		return k;
	until = deadline_after(launch_timeout(r));
	k = launch_once(c, &named, until, &reply);
	if (k == -ECONNRESET) {
		until = deadline_after(launch_timeout(r));
		k = launch_again(c, &named, until, &reply);
	}
	if (k == 0) {
		k = conclude(c, s, launch_take_reply(s, reply, !r->token), until);
	} else if (k == -ESRCH)
		k = find_ended(s, named.token, until);
	if (k < 0)
		return k;
	*ret = steal_ptr(s);
	return 0;
}
