/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/action.h"

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *action_name(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return "allow";
	case SECCOMP_RET_LOG:
		return "log";
	case SECCOMP_RET_TRACE:
		return "trace";
	case SECCOMP_RET_USER_NOTIF:
		return "user-notify";
	case SECCOMP_RET_ERRNO:
		return "return";
	case SECCOMP_RET_TRAP:
		return "trap";
	case SECCOMP_RET_KILL_THREAD:
		return "kill-thread";
	default:
		return "kill-process";
	}
}

const char *action_text(uint32_t action, char buffer[static ACTION_TEXT_MAX])
{
	unsigned data = action & SECCOMP_RET_DATA;
	bool error = (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
	/* The numbers are the same on all architectures that there are tables for. */
	const char *name = error && data > 0 ? strerrorname_np((int)data) : NULL;

	if (name)
		(void)snprintf(buffer, ACTION_TEXT_MAX, "return %s", name);
	else if (error || data > 0)
		(void)snprintf(buffer, ACTION_TEXT_MAX, "%s %u", action_name(action), data);
	else
		(void)snprintf(buffer, ACTION_TEXT_MAX, "%s", action_name(action));
	return buffer;
}
