/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Handles of sandboxes: what they hold, and the short calls on them. wait.c has the long one. */

#include "lib/internal.h"
#include "lib/operation.h"

#include "dbus/names.h"

int sandbox_new(bailiff_connection *c, bailiff_sandbox **ret)
{
	bailiff_sandbox *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->pidfd = s->watch = -1;
	for (size_t i = 0; i < ELEMENTSOF(s->streams); i++)
		s->streams[i] = -1;
	s->connection = connection_ref(c);
	s->next = c->sandboxes;
	c->sandboxes = s;
	*ret = s;
	return 0;
}

EXPORT bailiff_sandbox *bailiff_sandbox_free(bailiff_sandbox *s)
{
	bailiff_sandbox **at;

	if (!s)
		return NULL;
	for (at = &s->connection->sandboxes; *at != s;)
		at = &(*at)->next;
	*at = s->next;
	operations_forget(s);
	(void)operation_free(s->on_exit);
	(void)operation_free(s->on_ready);
	operations_free(&s->early);
	(void)close_fd(s->pidfd);
	(void)close_fd(s->watch);
	for (size_t i = 0; i < ELEMENTSOF(s->streams); i++)
		(void)close_fd(s->streams[i]);
	free(s->path);
	free(s->result);
	(void)connection_unref(s->connection);
	free(s);
	return NULL;
}

int sandbox_call(bailiff_sandbox *s, const char *member, int (*fill)(sd_bus_message *, const void *),
	const void *data, uint64_t until, sd_bus_message **ret)
{
	const struct call call = { s->path, BAILIFF_SANDBOX_INTERFACE, member, fill, data, until };

	return call_broker(s->connection, &call, ret);
}

static int fill_id(sd_bus_message *m, const void *data)
{
	return sd_bus_message_append_basic(m, 't', data);
}

static int fill_pidfd(sd_bus_message *m, const void *data)
{
	return sd_bus_message_append_basic(m, 'h', data);
}

static int ask_path(bailiff_sandbox *s, const struct call *call)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *path;
	int r;

	r = call_broker(s->connection, call, &reply);
	if (r < 0)
		return r;
	if (sd_bus_message_read_basic(reply, 'o', &path) <= 0)
		return reply_malformed(s->connection, call->member);
	return replace_str(&s->path, path);
}

int sandbox_find(bailiff_sandbox *s, uint64_t until)
{
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "GetSandbox", fill_id,
		&s->id, until };

	return ask_path(s, &call);
}

/* -ESRCH: it has ended, so there is no process to refer to. */
static int get_pidfd(bailiff_sandbox *s, uint64_t until)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r, fd;

	r = sandbox_call(s, "GetPidfd", NULL, NULL, until, &reply);
	if (r < 0)
		return r;
	if (sd_bus_message_read_basic(reply, 'h', &fd) <= 0)
		return reply_malformed(s->connection, "GetPidfd");
	s->pidfd = dup_fd(fd);
	return s->pidfd < 0 ? s->pidfd : 0;
}

int sandbox_look(bailiff_sandbox *s, uint64_t until)
{
	_cleanup_(bailiff_sandbox_status_freep) bailiff_sandbox_status *status = NULL;
	int r = address_passes_fds(s->connection->address) ? get_pidfd(s, until) : 0;

	if (r == 0 || r == -ESRCH)
		r = sandbox_status(s, until, &status);
	if (r < 0)
		return r;
	s->id = status->id;
	s->pid = status->pid;
	return 0;
}

/* The rest, when the path of its object is known. Takes s over. */
static int open_found(bailiff_sandbox *found, uint64_t until, bailiff_sandbox **ret)
{
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = found;
	int r = sandbox_look(s, until);

	if (r < 0)
		return r;
	*ret = steal_ptr(s);
	return 0;
}

EXPORT int bailiff_sandbox_open(bailiff_connection *c, uint64_t id, bailiff_sandbox **ret)
{
	const uint64_t until = deadline_after(CALL_TIMEOUT_USEC);
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	int r;

	if (!c || !ret)
		return -EINVAL;
	r = sandbox_new(c, &s);
	if (r < 0)
		return r;
	s->id = id;
	r = sandbox_find(s, until);
	return r < 0 ? r : open_found(steal_ptr(s), until, ret);
}

EXPORT int bailiff_sandbox_open_pidfd(bailiff_connection *c, int pidfd, bailiff_sandbox **ret)
{
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "GetSandboxByPidfd",
		fill_pidfd, &pidfd, deadline_after(CALL_TIMEOUT_USEC) };
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	int r;

	if (!c || !ret)
		return -EINVAL;
	if (pidfd < 0)
		return -EBADF;
	r = sandbox_new(c, &s);
	if (r == 0)
		r = ask_path(s, &call);
	return r < 0 ? r : open_found(steal_ptr(s), call.until, ret);
}

EXPORT uint64_t bailiff_sandbox_id(const bailiff_sandbox *s)
{
	return s ? s->id : 0;
}

EXPORT pid_t bailiff_sandbox_pid(const bailiff_sandbox *s)
{
	return s ? s->pid : 0;
}

EXPORT int bailiff_sandbox_pidfd(const bailiff_sandbox *s)
{
	if (!s)
		return -EINVAL;
	return s->pidfd >= 0 ? s->pidfd : -ENOENT;
}

EXPORT int bailiff_sandbox_steal_pidfd(bailiff_sandbox *s)
{
	int fd, watch;

	if (!s)
		return -EINVAL;
	if (s->pidfd < 0)
		return -ENOENT;
	watch = dup_fd(s->pidfd);
	if (watch < 0)
		return watch;
	fd = s->pidfd;
	s->watch = watch;
	s->pidfd = -1;
	return fd;
}

EXPORT int bailiff_sandbox_stream(const bailiff_sandbox *s, int child)
{
	if (!s || child < 0 || child > 2)
		return -EINVAL;
	return s->streams[child] >= 0 ? s->streams[child] : -ENOENT;
}

EXPORT int bailiff_sandbox_steal_stream(bailiff_sandbox *s, int child)
{
	int fd = bailiff_sandbox_stream(s, child);

	if (fd >= 0)
		s->streams[child] = -1;
	return fd;
}

static int fill_timeout(sd_bus_message *m, const void *data)
{
	return sd_bus_message_append_basic(m, 't', data);
}

int sandbox_stop(bailiff_sandbox *s, uint64_t timeout_usec, uint64_t until)
{
	return sandbox_call(s, "Stop", fill_timeout, &timeout_usec, until, NULL);
}

EXPORT int bailiff_sandbox_stop(bailiff_sandbox *s, uint64_t timeout_usec)
{
	return s ? sandbox_stop(s, timeout_usec, 0) : -EINVAL;
}

struct signal_call {
	int signal, all;
};

static int fill_signal(sd_bus_message *m, const void *data)
{
	const struct signal_call *call = data;

	return sd_bus_message_append(m, "is", call->signal, call->all ? "all" : "main");
}

EXPORT int bailiff_sandbox_signal(bailiff_sandbox *s, int signal, int all)
{
	const struct signal_call call = { signal, all };

	if (!s || signal < 1 || signal > 64)
		return -EINVAL;
	return sandbox_call(s, "Signal", fill_signal, &call, 0, NULL);
}

struct size {
	uint16_t rows, columns;
};

static int fill_size(sd_bus_message *m, const void *data)
{
	const struct size *size = data;

	return sd_bus_message_append(m, "qq", size->rows, size->columns);
}

EXPORT int bailiff_sandbox_resize_pty(bailiff_sandbox *s, uint16_t rows, uint16_t columns)
{
	const struct size size = { rows, columns };

	if (!s)
		return -EINVAL;
	return sandbox_call(s, "ResizePty", fill_size, &size, 0, NULL);
}

EXPORT int bailiff_sandbox_release(bailiff_sandbox *s)
{
	if (!s)
		return -EINVAL;
	return sandbox_call(s, "Release", NULL, NULL, 0, NULL);
}
