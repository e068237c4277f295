/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the child writes into its report pipe: at most one record "built", then one failure or nothing. The
 * pipe is close-on-exec, so a successful exec shows as end of file after "built". A failure also goes into a
 * page that both share: once the filter is loaded, writing to a pipe may be what it forbids.
 */

#include "jail/jail.h"

struct report {
	int32_t stage; /* enum jail_stage; STAGE_NONE: built, waiting to go */
	int32_t error;
	char object[JAIL_OBJECT_MAX];
};

/* An empty record in memory that will be shared with children. */
int report_share(struct report **ret);
/* Accepts NULL; returns NULL. */
struct report *report_unshare(struct report *r);
