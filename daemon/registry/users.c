/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A user id that nobody has, for a sandbox or for a jail that is parked. */

#include "registry/users.h"
#include "base/error.h"
#include "base/io.h"
#include "base/log.h"

#define TRIES 16 /* ids of which something is left: then no more are looked at */

int users_take(struct uids *u, struct jail_context *c, uint64_t quarantine_usec, uid_t *ret)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t now = now_boottime_usec();
		int r = uids_take(u, now, quarantine_usec, ret);

		if (r == -EUSERS || r == -EAGAIN)
			return r;
		if (r < 0)
			return log_errno(LOG_ERR, r, "cannot note which user ids are in use");
		if (!jail_remnants(c, *ret))
			return 0;
		log_warning("uid %u is not used again yet: something of it is left", *ret);
		(void)uids_give(u, now, *ret);
	}
	return -EBUSY;
}

bool users_are_short(int error)
{
	return error == -EUSERS || error == -EAGAIN || error == -EBUSY;
}

const char *users_why(int error)
{
	switch (error) {
	case -EUSERS:
		return "every user id of DynamicUserRange= is in use";
	case -EAGAIN:
		return "every user id of DynamicUserRange= is in use or, for DynamicUserQuarantineSec=, in "
		       "quarantine; try again later";
	case -EBUSY:
		return "of every user id of DynamicUserRange= something is left, a process or an IPC object";
	default:
		return "the use of a user id can not be noted";
	}
}
