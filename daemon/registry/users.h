/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "jail/jail.h"
#include "jail/uids.h"

#include <stdbool.h>

/* The id that is longest out of use, unless something of its last holder is left: then its quarantine begins
 * anew. -EBUSY: something is left of all that were looked at; else as uids_take(). */
int users_take(struct uids *u, struct jail_context *c, uint64_t quarantine_usec, uid_t *ret);
/* Of its errors: whether there are too few ids, and what to say to who wanted one. */
bool users_are_short(int error);
const char *users_why(int error);
