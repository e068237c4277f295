/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The launcher's confinement. Its seccomp deny-list and no_new_privs come from the keeper and are inherited
 * by all payloads; it is undumpable from main()'s first act; here it gives up what it was passed beyond its
 * work.
 */

#include "launcher/confine.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "base/privileges.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

/* A service manager may protect bailiffd from the kernel's choice when memory runs out; sandboxes inherit
 * from here, and are not protected by that. While CAP_SYS_RESOURCE is there: what it writes is the least that
 * a payload can go back to. */
static int drop_oom_protection(void)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	char sign;

	if (fd < 0 || pread(fd, &sign, 1, 0) != 1)
		return errno_or_eio();
	return sign == '-' ? write_full(fd, "0", 1) : 0;
}

int launcher_confine(void)
{
	struct capability_sets have, want;
	int r;

	r = drop_oom_protection();
	if (r < 0)
		return log_errno(LOG_ERR, r, "cannot set /proc/self/oom_score_adj");
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
