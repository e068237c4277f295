/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A connection: to which bus, whose broker. The only place that decides whom to trust as the broker. */

#include "lib/internal.h"

#include "config.h"
#include "dbus/names.h"

#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DIRECT_PREFIX ":direct." /* of the unique names on the broker's own socket */

bailiff_connection *connection_ref(bailiff_connection *c)
{
	c->n_ref++;
	return c;
}

bailiff_connection *connection_unref(bailiff_connection *c)
{
	if (!c || --c->n_ref > 0)
		return NULL;
	loop_close(c);
	if (c->bus)
		(void)sd_bus_close_unref(c->bus);
	connection_forget_error(c);
	(void)close_fd(c->lifeline[0]);
	(void)close_fd(c->lifeline[1]);
	free(c->address);
	free(c->owner);
	free(c);
	return NULL;
}

bool connection_usable(const bailiff_connection *c)
{
	return c->bus && sd_bus_is_open(c->bus) > 0 && !c->opening;
}

static bool is_to_be_reopened(const bailiff_connection *c)
{
	return !c->freed && c->direct && !connection_usable(c);
}

int connection_look(bailiff_connection *c)
{
	connection_forget_error(c);
	if (c->pid != getpid())
		return connection_fail(c, -ECHILD, NULL, "the connection was opened before fork(2)");
	if (!is_to_be_reopened(c) && (!c->bus || sd_bus_is_open(c->bus) <= 0))
		return connection_fail(c, -ENOTCONN, NULL, "the connection to the bus is closed");
	return 0;
}

int connection_check(bailiff_connection *c, uint64_t until)
{
	int r = connection_look(c);

	return r == 0 && is_to_be_reopened(c) ? connection_reopen(c, until) : r;
}

static int fill_name(sd_bus_message *m, const void *data)
{
	const char *name = data;

	return sd_bus_message_append_basic(m, 's', name);
}

static int fill_start(sd_bus_message *m, const void *data)
{
	const char *name = data;

	return sd_bus_message_append(m, "su", name, (uint32_t)0);
}

static int ask_bus(
	bailiff_connection *c, const char *member, const char *name, uint64_t until, sd_bus_message **ret)
{
	const struct call call = { BUS_DRIVER_PATH, BUS_DRIVER, member, fill_name, name, until };

	return call_peer(c, BUS_DRIVER, &call, ret);
}

static struct call owner_call(uint64_t until)
{
	return (struct call){ BUS_DRIVER_PATH, BUS_DRIVER, "GetNameOwner", fill_name, BAILIFF_BUS_NAME,
		until };
}

static int ask_for_owner(bailiff_connection *c, uint64_t until, struct call_pending *ret)
{
	const struct call call = owner_call(until);

	return call_begin(c, BUS_DRIVER, &call, ret);
}

/* @asked: it was asked for before; or NULL. */
static int get_owner(bailiff_connection *c, uint64_t until, struct call_pending *asked, char **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const struct call call = owner_call(until);
	const char *owner;
	int r;

	r = asked && asked->slot ? call_end(c, BUS_DRIVER, &call, asked, &reply)
				 : call_peer(c, BUS_DRIVER, &call, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_read_basic(reply, 's', &owner);
	if (r <= 0)
		return reply_malformed(c, "GetNameOwner");
	*ret = strdup(owner);
	return *ret ? 0 : -ENOMEM;
}

static int start_broker(bailiff_connection *c, uint64_t until)
{
	const struct call call = { BUS_DRIVER_PATH, BUS_DRIVER, "StartServiceByName", fill_start,
		BAILIFF_BUS_NAME, until };
	int r = call_peer(c, BUS_DRIVER, &call, NULL);

	/* Whatever kept it from starting: the caller finds a bus without broker. */
	return r < 0 && *bailiff_last_error_name(c) ? -EHOSTUNREACH : r;
}

/* 0 where the user does not exist: then only root is the broker. */
static int lookup_broker_uid(uid_t *ret)
{
	_cleanup_(freep) char *buffer = NULL;
	struct passwd entry, *found = NULL;
	size_t size = 1024;
	int r;

	do {
		free(steal_ptr(buffer));
		size *= 2;
		buffer = malloc(size);
		if (!buffer)
			return -ENOMEM;
		r = getpwnam_r(BAILIFF_USER, &entry, buffer, size, &found);
	} while (r == ERANGE && size < 1024 * 1024);
	*ret = r == 0 && found ? found->pw_uid : 0;
	return 0;
}

/* The user is looked up when it is somebody: a socket of root's needs no reading of /etc/passwd. */
bool connection_trusts(bailiff_connection *c, uid_t uid)
{
	if (uid == 0)
		return true;
	if (!c->broker_known)
		c->broker_known = lookup_broker_uid(&c->broker_uid) == 0;
	return c->broker_uid != 0 && uid == c->broker_uid;
}

static int check_owner(bailiff_connection *c, const char *owner, uint64_t until)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	uint32_t uid;
	int r;

	r = ask_bus(c, "GetConnectionUnixUser", owner, until, &reply);
	if (r < 0)
		return r == -EHOSTUNREACH || r == -ETIMEDOUT
			       ? r
			       : connection_failf(c, -EPERM, "the bus does not say who %s is", owner);
	r = sd_bus_message_read_basic(reply, 'u', &uid);
	if (r <= 0)
		return reply_malformed(c, "GetConnectionUnixUser");
	if (connection_trusts(c, uid))
		return 0;
	return connection_failf(c, -EPERM, "%s on this bus belongs to uid %u, not to root or the user %s",
		BAILIFF_BUS_NAME, uid, BAILIFF_USER);
}

static int find_broker(bailiff_connection *c, uint64_t until, struct call_pending *asked)
{
	_cleanup_(freep) char *owner = NULL;
	int r;

	/* its peer was checked when it was opened */
	if (c->direct)
		return replace_str(&c->owner, BAILIFF_BUS_NAME);
	r = get_owner(c, until, asked, &owner);
	if (r == -EHOSTUNREACH) {
		r = start_broker(c, until);
		if (r == 0)
			r = get_owner(c, until, NULL, &owner);
	}
	if (r == 0)
		r = check_owner(c, owner, until);
	if (r < 0)
		return r;
	free(c->owner);
	c->owner = steal_ptr(owner);
	return 0;
}

int connection_find_broker(bailiff_connection *c, uint64_t until)
{
	return find_broker(c, until, NULL);
}

static int open_bus(const char *address, sd_bus **ret)
{
	_cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
	int r;

	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, 1);
	if (r >= 0)
		r = sd_bus_negotiate_fds(bus, address_passes_fds(address));
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0)
		return r;
	*ret = steal_ptr(bus);
	return 0;
}

/* Authentication and Hello; sd-bus itself would wait without end for a bus that accepts and says nothing. */
static int await_ready(sd_bus *bus, uint64_t deadline)
{
	for (;;) {
		uint64_t left = deadline_left(deadline);
		int r = sd_bus_is_ready(bus);

		if (r > 0)
			return 0;
		if (left == 0)
			return -ETIMEDOUT;
		if (r == 0)
			r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, left);
		if (r < 0 && r != -EINTR)
			/* -EPERM is kept for an impostor */
			return r == -EPERM ? -EACCES : r;
	}
}

/* A program may have to log in somewhere first, and ask somebody for a password. */
static uint64_t connect_deadline(const char *address)
{
	return deadline_after(address_passes_fds(address) ? CALL_TIMEOUT_USEC : LOGIN_TIMEOUT_USEC);
}

/* On the direct socket the broker itself gives the unique names. Then nobody vouches for it but the kernel:
 * the socket must have been made by root, or by the broker's user. */
static int look_at_peer(bailiff_connection *c)
{
	const char *name;
	struct ucred ucred;
	socklen_t size = sizeof(ucred);

	if (sd_bus_get_unique_name(c->bus, &name) < 0 ||
		strncmp(name, DIRECT_PREFIX, strlen(DIRECT_PREFIX)) != 0)
		return 0;
	if (getsockopt(sd_bus_get_fd(c->bus), SOL_SOCKET, SO_PEERCRED, &ucred, &size) < 0)
		return -errno;
	if (!connection_trusts(c, ucred.uid))
		return connection_failf(c, -EPERM, "%s was made by uid %u, not by root or the user %s",
			c->address, ucred.uid, BAILIFF_USER);
	c->direct = true;
	return 0;
}

static int begin_opening(bailiff_connection *c)
{
	int r;

	loop_unwatch(c);
	c->bus = sd_bus_close_unref(c->bus);
	r = open_bus(c->address, &c->bus);
	c->opening = r == 0;
	c->opening_until = deadline_after(CALL_TIMEOUT_USEC);
	return r;
}

/* @r: 0 when Hello was answered. */
static int end_opening(bailiff_connection *c, int r)
{
	c->opening = false;
	if (r == 0) {
		c->direct = false;
		r = look_at_peer(c);
		r = r == 0 && !c->direct ? -EPERM : r;
		c->direct = true;
	}
	if (r == 0)
		r = signals_open(c);
	if (r == 0) {
		c->away = (struct retry){ 0 };
		signals_renew(c);
		return 0;
	}
	loop_unwatch(c);
	c->bus = sd_bus_close_unref(c->bus);
	/* as a bus says it of a broker that has not come back yet */
	return connection_fail(
		c, r == -EPERM ? r : -EHOSTUNREACH, NULL, "the broker does not answer on its socket");
}

int connection_reopen(bailiff_connection *c, uint64_t until)
{
	int r;

	operations_fail(c, -ECONNRESET);
	r = c->opening ? 0 : begin_opening(c);
	if (r == 0)
		r = await_ready(c->bus, c->opening_until < until ? c->opening_until : until);
	return end_opening(c, r);
}

/* 1: Hello was answered; 0: not yet. */
static int await_step(bailiff_connection *c)
{
	int r = sd_bus_is_ready(c->bus);

	if (r != 0)
		return r;
	r = sd_bus_process(c->bus, NULL);
	if (r >= 0)
		r = sd_bus_is_ready(c->bus);
	return r == 0 && deadline_left(c->opening_until) == 0 ? -ETIMEDOUT : r;
}

int connection_reopen_step(bailiff_connection *c)
{
	int r;

	if (c->away.n == 0) {
		operations_fail(c, -ECONNRESET);
		c->away.deadline = BAILIFF_TIMEOUT_INFINITE;
		return retry_plan(&c->away);
	}
	if (!c->opening) {
		if (deadline_left(c->away.next) > 0)
			return 0;
		r = begin_opening(c);
	} else
		r = await_step(c);
	if (r == 0)
		return 0;
	r = end_opening(c, r < 0 ? r : 0);
	if (r < 0 && r != -EPERM && retry_plan(&c->away))
		return 1;
	if (r < 0)
		c->away.next = BAILIFF_TIMEOUT_INFINITE;
	return r < 0 ? r : 1;
}

int connection_lifeline(bailiff_connection *c)
{
	if (c->lifeline[0] < 0 && pipe2(c->lifeline, O_CLOEXEC) < 0)
		return -errno;
	return c->lifeline[0];
}

EXPORT int bailiff_connect_address(const char *address, bailiff_connection **ret)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_(call_pending_done) struct call_pending asked = { 0 };
	uint64_t until;
	int r;

	if (!address || !*address || !ret)
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->n_ref = 1;
	c->lifeline[0] = c->lifeline[1] = -1;
	c->loop.fd = c->loop.bus_fd = -1;
	c->address = strdup(address);
	if (!c->address)
		return -ENOMEM;
	c->pid = getpid();
	until = connect_deadline(address);
	r = open_bus(address, &c->bus);
	/* a bus is asked at once, behind Hello: one way there and back less */
	if (r == 0 && !address_is_direct(address))
		(void)ask_for_owner(c, until, &asked);
	if (r == 0)
		r = await_ready(c->bus, until);
	if (r == 0)
		r = look_at_peer(c);
	if (r == 0)
		r = signals_open(c);
	if (r == 0)
		r = find_broker(c, until, &asked);
	if (r < 0)
		return r;
	*ret = steal_ptr(c);
	return 0;
}

EXPORT int bailiff_connect(bailiff_connection **ret)
{
	const char *own = secure_getenv("BAILIFF_ADDRESS"), *bus = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	int r;

	/* Who is not let in there may be on the bus, and where it is not there. */
	if ((!own || !*own) && (!bus || !*bus)) {
		r = bailiff_connect_address(ADDRESS_DIRECT, ret);
		if (r >= 0 || r == -EINVAL || r == -ENOMEM)
			return r;
	}
	return bailiff_connect_address(address_choose(own, bus), ret);
}

EXPORT bailiff_connection *bailiff_connection_free(bailiff_connection *c)
{
	if (!c)
		return NULL;
	c->freed = true;
	operations_drop(c);
	signals_close(c);
	loop_close(c);
	if (c->bus) {
		(void)sd_bus_close_unref(c->bus);
		c->bus = NULL;
	}
	/* sandboxes end with the connection, whether its broker has been another one meanwhile or not */
	c->lifeline[0] = close_fd(c->lifeline[0]);
	c->lifeline[1] = close_fd(c->lifeline[1]);
	return connection_unref(c);
}
