/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a launch takes of its user's share, and GetQuota, which tells what of it is used. */

#include "broker/launch-args.h"
#include "broker/launch.h"

/* Counts the new one as live already, so that launches in flight can not overrun a limit together. On failure
 * error is set (QuotaExceeded: which limit, and what to do) or -ENOMEM returned; what was taken by then is
 * given back with launch_free(). */
int launch_take_quota(
	struct launch *l, const struct compiled_profile *p, const struct launch_args *a, sd_bus_error *error);
/* Counts what the caller hands over, and so many descriptors more. As above; nothing stays taken on failure.
 */
int carried_take(struct broker *b, uid_t uid, const struct launch_args *a, uint32_t more_fds,
	struct carried *ret, sd_bus_error *error);
void launch_give_quota(struct launch *l);

int quota_call(sd_bus_message *m, void *userdata, sd_bus_error *error);
