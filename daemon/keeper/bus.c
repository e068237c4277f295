/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The bus for a broker that runs already: in its empty root it can not connect to anything. The keeper
 * connects in its place, for that moment with the broker's uid and group, because a bus takes who we are from
 * the process that connects. Nothing is read or written here: the socket goes to the broker as it is.
 */

#include "keeper/bus.h"
#include "base/bus-address.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "keeper/acts.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One that asks without pause gets no more connections than one that waits. */
#define PAUSE_USEC (UINT64_C(900) * 1000)

/* Real and saved ids stay root's: nobody with the broker's uid may signal or trace us meanwhile. */
static int connect_as_broker(const struct keeper *k)
{
	const char *address = k->options.bus_address ? k->options.bus_address : BUS_ADDRESS_SYSTEM;
	int fd;

	if (setgroups(0, NULL) < 0 || setegid(k->gid) < 0)
		return errno_or_eio();
	fd = seteuid(k->uid) < 0 ? errno_or_eio() : bus_address_connect(address);
	/* half of each there is no going on with */
	if (seteuid(0) < 0 || setegid(0) < 0)
		abort();
	return fd;
}

int bus_is_wanted(struct keeper *k)
{
	const struct keeper_message m = { .type = WIRE_BUS };
	const uint64_t now = now_boottime_usec();
	_cleanup_close_ int fd = -1;

	if (!k->options.bus || strcmp(k->options.bus, "optional") != 0)
		return -EBADMSG;
	if (now - k->bus_asked_usec < PAUSE_USEC || k->stopping)
		return 0;
	k->bus_asked_usec = now;
	fd = connect_as_broker(k);
	if (fd < 0)
		(void)log_errno(LOG_DEBUG, fd, "there is no bus yet");
	else
		(void)send_to(k, HELPER_BROKER, &m, &fd, 1);
	return 0;
}
