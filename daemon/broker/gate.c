/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/gate.h"
#include "base/error.h"
#include "base/fd.h"
#include "dbus/names.h"
#include "wire/stream.h"

#include <string.h>
#include <sys/socket.h>

#define BUFFER_BYTES (128 * 1024)
#define STEPS_MAX    16 /* of sd-bus' greeting; it takes four */

/* The client has authenticated itself to us; to sd-bus we do so, as who we are, all in one go. */
static const char greeting[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
static const char greeting_fds[] = "\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";

static int set_up(sd_bus *bus, const char *name, sd_id128_t id, int fd)
{
	int r;

	r = sd_bus_set_description(bus, name);
	if (r >= 0)
		r = sd_bus_set_server(bus, 1, id);
	if (r >= 0)
		r = sd_bus_set_anonymous(bus, 0);
	if (r >= 0)
		r = sd_bus_set_trusted(bus, 0);
	if (r >= 0)
		r = sd_bus_negotiate_fds(bus, 1);
	/* at the loop's end it would wait until the client has read all */
	if (r >= 0)
		r = sd_bus_set_close_on_exit(bus, 0);
	/* clients look for the name that they called */
	if (r >= 0)
		r = sd_bus_set_sender(bus, BAILIFF_BUS_NAME);
	/* the last, as it owns fd from then on */
	if (r >= 0)
		r = sd_bus_set_fd(bus, fd, fd);
	return r;
}

/* sd-bus asks for 8 MiB: what a client does not read is to be counted, message by message. */
static int shorten(int fd)
{
	const int size = BUFFER_BYTES;

	return RET_ERRNO(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
}

/* Both ends are ours and in memory: nothing is waited for. */
static int greet(sd_bus *bus, int fd, bool fds)
{
	const size_t size = fds ? sizeof(greeting_fds) - 1 : sizeof(greeting) - 1;
	char answer[256];
	ssize_t n;
	int r = 0;

	n = stream_send(fd, fds ? greeting_fds : greeting, size, NULL, 0);
	if (n != (ssize_t)size)
		return n < 0 ? (int)n : -EIO;
	for (unsigned i = 0; i < STEPS_MAX && r >= 0; i++) {
		r = sd_bus_is_ready(bus);
		if (r > 0)
			break;
		if (r == 0)
			r = sd_bus_process(bus, NULL);
	}
	if (r < 0)
		return r;
	if (sd_bus_is_ready(bus) <= 0)
		return -EPROTO;
	n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
	if (n < 2)
		return -EPROTO;
	return memcmp(answer + n - 2, "\r\n", 2) == 0 ? 0 : -EPROTO;
}

int gate_open(const char *name, sd_id128_t id, bool fds, sd_bus **ret, int *ret_fd)
{
	_cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
	_cleanup_close_ int one = -1, other = -1;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return errno_or_eio();
	one = pair[0];
	other = pair[1];
	r = sd_bus_new(&bus);
	if (r >= 0)
		r = set_up(bus, name, id, other);
	if (r < 0)
		return r;
	(void)steal_fd(other);
	r = sd_bus_start(bus);
	if (r >= 0)
		r = shorten(pair[1]);
	if (r >= 0)
		r = greet(bus, one, fds);
	if (r < 0) {
		(void)sd_bus_close_unref(steal_ptr(bus));
		return r;
	}
	*ret = steal_ptr(bus);
	*ret_fd = steal_fd(one);
	return 0;
}
