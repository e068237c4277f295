/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The library in a caller's event loop: what to poll for, and what is done when there is something. The
 * caller polls one descriptor for as long as the connection lives, an epoll(7) one with the bus' socket in
 * it: the number of a socket that was closed is soon that of another one, so a loop could not tell that the
 * broker's own socket was connected to anew. Nothing here waits.
 */

#include "lib/internal.h"
#include "lib/operation.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

void loop_unwatch(bailiff_connection *c)
{
	/* after fork(2) the set is that of the process that made it */
	if (c->loop.bus_fd >= 0 && c->pid == getpid())
		(void)epoll_ctl(c->loop.fd, EPOLL_CTL_DEL, c->loop.bus_fd, NULL);
	c->loop.bus_fd = close_fd(c->loop.bus_fd);
}

void loop_close(bailiff_connection *c)
{
	loop_unwatch(c);
	c->loop.fd = close_fd(c->loop.fd);
}

/* A number of its own: sd-bus closes the other without a word. */
static int watch_bus(bailiff_connection *c)
{
	struct epoll_event e = { .events = (uint32_t)c->loop.events };
	int fd = dup_fd(sd_bus_get_fd(c->bus));

	if (fd < 0)
		return fd;
	c->loop.bus_fd = fd;
	if (epoll_ctl(c->loop.fd, EPOLL_CTL_ADD, fd, &e) == 0)
		return 0;
	fd = -errno;
	c->loop.bus_fd = close_fd(c->loop.bus_fd);
	return fd;
}

/* What sd-bus waits for, in events of poll(2), which are the same numbers. */
static int watch(bailiff_connection *c)
{
	struct epoll_event e = { 0 };
	int events;

	if (!c->bus || sd_bus_is_open(c->bus) <= 0) {
		loop_unwatch(c);
		return 0;
	}
	events = sd_bus_get_events(c->bus);
	if (events < 0 || (c->loop.bus_fd >= 0 && events == c->loop.events))
		return events < 0 ? events : 0;
	c->loop.events = events;
	if (c->loop.bus_fd < 0)
		return watch_bus(c);
	e.events = (uint32_t)events;
	return epoll_ctl(c->loop.fd, EPOLL_CTL_MOD, c->loop.bus_fd, &e) < 0 ? -errno : 0;
}

/* Will it never come back by itself? A call may open the direct socket again, a bus is gone. */
static bool is_over(const bailiff_connection *c)
{
	if (c->freed || (!c->direct && (!c->bus || sd_bus_is_open(c->bus) <= 0)))
		return true;
	return c->direct && !connection_usable(c) && !c->opening && c->away.n > 0 &&
	       c->away.next == BAILIFF_TIMEOUT_INFINITE;
}

static int check(const bailiff_connection *c)
{
	if (!c)
		return -EINVAL;
	if (c->pid != getpid())
		return -ECHILD;
	return is_over(c) && !c->due ? -ENOTCONN : 0;
}

EXPORT int bailiff_connection_get_fd(bailiff_connection *c)
{
	int r = check(c);

	if (r < 0)
		return r;
	if (c->loop.fd < 0)
		c->loop.fd = epoll_create1(EPOLL_CLOEXEC);
	if (c->loop.fd < 0)
		return -errno;
	r = watch(c);
	return r < 0 ? r : c->loop.fd;
}

EXPORT int bailiff_connection_get_events(bailiff_connection *c)
{
	int r = bailiff_connection_get_fd(c);

	return r < 0 ? r : POLLIN;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

EXPORT int bailiff_connection_get_timeout(bailiff_connection *c, uint64_t *ret)
{
	uint64_t until = BAILIFF_TIMEOUT_INFINITE;
	int r = ret ? check(c) : -EINVAL;

	if (r < 0)
		return r;
	if (c->due) { /* noted by a call that has read the bus meanwhile */
		*ret = 0;
		return 0;
	}
	if (c->bus && sd_bus_is_open(c->bus) > 0) {
		r = sd_bus_get_timeout(c->bus, &until);
		if (r < 0)
			return r;
		if (c->opening)
			until = earlier(until, c->opening_until);
	} else
		until = c->away.next; /* 0 until it was noticed */
	*ret = earlier(until, launches_next(c));
	return 0;
}

/* Reads and writes, or gets the direct socket back. */
static int serve(bailiff_connection *c)
{
	int r;

	if (c->direct && !connection_usable(c)) {
		r = connection_reopen_step(c);
		if (r < 0) {
			launches_fail(c, -ECONNRESET);
			r = r == -EPERM ? r : -ENOTCONN;
		}
	} else {
		r = connection_process(c);
		if (c->direct && !connection_usable(c))
			return 1; /* the next step is to get it back */
		if (r >= 0 && sd_bus_is_open(c->bus) <= 0)
			r = r > 0 ? r : -ENOTCONN;
		if (r < 0 && is_over(c))
			launches_fail(c, -ENOTCONN);
	}
	return r;
}

EXPORT int bailiff_connection_process(bailiff_connection *c)
{
	_cleanup_(connection_unrefp) bailiff_connection *held = NULL;
	_cleanup_(operation_freep) struct operation *o = NULL; /* gone before what it may hold on to */
	int r = check(c);

	if (r < 0)
		return r;
	held = connection_ref(c); /* a handler may free it */
	o = c->due;
	if (o) {
		c->due = o->next;
		operation_tell(o);
		return 1;
	}
	if (launches_repeat(c) > 0)
		return 1;
	r = serve(c);
	if (r < 0)
		return held->due ? 1 : r;
	return r > 0;
}
