/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who we are, the kernel says (EXTERNAL, without a name of ours: another user namespace may have another
 * number for it). What is to be said until Hello is said at once: who does not let us in hangs up.
 */

#include "base/error.h"
#include "bus/bus.h"
#include "wire/stream.h"

#include <string.h>

#define LINE_BYTES 512
#define OK         "OK "
#define GUID_SIZE  32
#define DRIVER     "org.freedesktop.DBus"

int greeting_begin(sd_bus *bus)
{
	static const char external[] = "\0AUTH EXTERNAL\r\nDATA\r\n", fds[] = "NEGOTIATE_UNIX_FD\r\n",
			  begin[] = "BEGIN\r\n";
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *hello = NULL;
	int r = sd_bus_message_new_method_call(bus, &hello, DRIVER, "/org/freedesktop/DBus", DRIVER, "Hello");

	if (r == 0)
		r = message_seal(hello, ++bus->serial, true);
	if (r < 0)
		return r;
	buf_put(&bus->greeting, external, sizeof(external) - 1);
	if (bus->wants_fds)
		buf_put(&bus->greeting, fds, sizeof(fds) - 1);
	buf_put(&bus->greeting, begin, sizeof(begin) - 1);
	buf_put(&bus->greeting, hello->header.data, hello->header.size);
	r = buf_error(&bus->greeting);
	return r < 0 ? r : stream_queue(bus, NULL, bus->greeting.data, bus->greeting.size);
}

/* One of its answers. 1: that was the last one. */
static int take_line(sd_bus *bus, const char *line, size_t size)
{
	if (!bus->accepted) {
		/* it asks for the name that we have given already */
		if (size == strlen("DATA") && memcmp(line, "DATA", size) == 0)
			return 0;
		if (size != strlen(OK) + GUID_SIZE || memcmp(line, OK, strlen(OK)) != 0)
			return -EPERM;
		bus->accepted = true;
		return !bus->wants_fds;
	}
	bus->passes_fds = size == strlen("AGREE_UNIX_FD") && memcmp(line, "AGREE_UNIX_FD", size) == 0;
	return 1;
}

int greeting_read(sd_bus *bus)
{
	char line[LINE_BYTES];
	int r = 0;

	while (r == 0) {
		ssize_t n = stream_take_line(bus->fd, line, sizeof(line));

		if (n < 0)
			return n == -EAGAIN ? 0 : (int)n;
		r = take_line(bus, line, (size_t)n);
	}
	return r;
}
