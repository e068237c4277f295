/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The keeper's conversations: records of one size, with exactly the fds that their type calls for. */

#include "base/error.h"
#include "base/fd.h"
#include "wire/messages.h"

#include <poll.h>

#define KEEPER_FLAGS_BROKER (KEEPER_HAS_DIRECT | KEEPER_HAS_RATES)
#define KEEPER_FLAGS_LAUNCHER                                                                                \
	(KEEPER_HAS_HOST_PROC | KEEPER_HAS_CGROUP | KEEPER_HAS_MOUNTS | KEEPER_HAS_UIDS | KEEPER_HAS_TABLE)
#define HOLD_ALL ((1U << _HOLD_MAX) - 1)

_Static_assert(_HOLD_MAX <= KEEPER_FDS_MAX, "all that is held of a jail is one message");

/* What belongs to the launcher, or what belongs to the broker; never both. */
static bool start_flags_valid(uint32_t flags)
{
	return (flags & ~KEEPER_FLAGS_LAUNCHER) == 0 || (flags & ~KEEPER_FLAGS_BROKER) == 0;
}

static bool flags_valid(const struct keeper_message *m)
{
	switch (m->type) {
	case WIRE_START:
		return start_flags_valid(m->flags);
	case WIRE_HOLD:
		return (m->flags & ~HOLD_ALL) == 0;
	case WIRE_HELD:
		return (m->flags & ~(HOLD_ALL | HELD_ENDED)) == 0;
	case WIRE_COMPILED:
		return (m->flags & ~KEEPER_KERNEL_AUDIT) == 0;
	default:
		return m->flags == 0;
	}
}

/* A sandbox's number is where it belongs, and nowhere else. */
static bool id_valid(const struct keeper_message *m)
{
	bool wanted = m->type == WIRE_HOLD || m->type == WIRE_HELD || m->type == WIRE_RELEASE ||
		      m->type == WIRE_ENDED;

	return wanted == (m->id != 0);
}

/* How many fds belong to this message, or -EBADMSG for one that no process may send. */
static int fds_of(const struct keeper_message *m)
{
	if (m->reserved != 0 || !flags_valid(m) || !id_valid(m))
		return -EBADMSG;
	switch (m->type) {
	case WIRE_START:
	case WIRE_HOLD:
	case WIRE_HELD:
		return __builtin_popcount(m->flags & ~HELD_ENDED);
	case WIRE_CATALOG:
	case WIRE_RELOAD_FAILED:
	case WIRE_PEER:
	case WIRE_BUS:
	case WIRE_AUDIT:
	case WIRE_COMPILED:
		return 1;
	case WIRE_SHUTDOWN:
	case WIRE_READY:
	case WIRE_CATALOG_OK:
	case WIRE_CATALOG_BAD:
	case WIRE_RELOAD:
	case WIRE_RELEASE:
	case WIRE_ENDED:
	case WIRE_BROKEN:
	case WIRE_PING:
	case WIRE_PONG:
	case WIRE_BUS_WANTED:
		return 0;
	default:
		return -EBADMSG;
	}
}

int keeper_send(int fd, const struct keeper_message *m, const int *fds, size_t n_fds)
{
	int expected = fds_of(m);

	if (expected < 0 || n_fds != (size_t)expected)
		return -EINVAL;
	return wire_send(fd, m, sizeof(*m), fds, n_fds);
}

int keeper_send_all(int fd, const struct keeper_message *m, const int *fds, size_t n_fds)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int r = keeper_send(fd, m, fds, n_fds);

	while (r == -EAGAIN) {
		(void)poll(&p, 1, -1);
		r = keeper_send(fd, m, fds, n_fds);
	}
	return r;
}

int keeper_receive(int fd, struct keeper_message *ret, int ret_fds[KEEPER_FDS_MAX])
{
	int fds[KEEPER_FDS_MAX], r, expected;
	struct keeper_message m;
	size_t n_fds;

	r = wire_receive_fixed(fd, &m, sizeof(m), fds, KEEPER_FDS_MAX, &n_fds);
	if (r <= 0)
		return r;
	expected = fds_of(&m);
	if (expected < 0 || n_fds != (size_t)expected) {
		fd_close_many(fds, n_fds);
		return -EBADMSG;
	}
	for (size_t i = 0; i < KEEPER_FDS_MAX; i++)
		ret_fds[i] = fds[i];
	*ret = m;
	return 1;
}
