/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The launcher's confinement. Its seccomp deny-list and no_new_privs come from the keeper and are inherited
 * by all payloads; it is undumpable from main()'s first act; here it gives up what it was passed beyond its
 * work.
 */

#include "launcher/confine.h"
#include "base/error.h"
#include "base/log.h"
#include "base/privileges.h"

#include <sys/prctl.h>

int launcher_confine(void)
{
	struct capability_sets have, want;
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return errno_or_eio();
	r = capability_get(&have);
	if (r < 0)
		return r;
	if ((have.permitted & PRIVILEGES_LAUNCHER) != PRIVILEGES_LAUNCHER) {
		log_error("capabilities are missing (have mask %#llx, need %#llx)",
			(unsigned long long)have.permitted, (unsigned long long)PRIVILEGES_LAUNCHER);
		return -EPERM;
	}
	want = (struct capability_sets){
		.bounding = PRIVILEGES_PROFILES,
		.effective = have.permitted & (PRIVILEGES_LAUNCHER | PRIVILEGES_LAUNCHER_OPTIONAL),
	};
	want.permitted = have.permitted & want.bounding;
	return capability_set(&want);
}
