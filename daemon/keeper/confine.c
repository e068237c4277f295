/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The keeper's own confinement. It runs in the new namespaces, before the first helper exists. */

#include "base/denied.h"
#include "base/error.h"
#include "base/log.h"
#include "base/privileges.h"
#include "keeper/keeper.h"

#include <sys/mount.h>
#include <sys/prctl.h>

/* Mounts made here stay here; the host's still come in, so that bind sources are what they are outside. */
static int own_mounts(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return log_errno(LOG_ERR, errno_or_eio(), "cannot make the mounts private");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return log_errno(LOG_ERR, errno_or_eio(), "cannot mount /proc");
	return 0;
}

static int limit_capabilities(void)
{
	const uint64_t needed = PRIVILEGES_KEEPER | PRIVILEGES_LAUNCHER | PRIVILEGES_BROKER_START;
	struct capability_sets have, want;
	int r;

	r = capability_get(&have);
	if (r < 0)
		return log_errno(LOG_ERR, r, "cannot ask for the capabilities");
	if ((have.permitted & needed) != needed) {
		log_error("capabilities are missing: started with mask %#llx, needs at least %#llx",
			(unsigned long long)have.permitted, (unsigned long long)needed);
		return -EPERM;
	}
	want = (struct capability_sets){
		.bounding = PRIVILEGES_ALL,
		.permitted = have.permitted & PRIVILEGES_ALL,
		.effective = PRIVILEGES_KEEPER,
	};
	r = capability_set(&want);
	return r < 0 ? log_errno(LOG_ERR, r, "cannot drop capabilities") : 0;
}

int keeper_confine(bool again)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	size_t n_filter;
	int r;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return log_errno(LOG_ERR, errno_or_eio(), "cannot give up privileges");
	if (again)
		return limit_capabilities();
	r = own_mounts();
	if (r < 0)
		return r;
	r = filter_build_two(denied_calls, n_denied_calls, denied_foreign, FILTER_PERMIT, &filter, &n_filter);
	if (r == 0)
		r = filter_load(filter, n_filter);
	if (r < 0)
		return log_errno(LOG_ERR, r, "cannot install the system call filter");
	return limit_capabilities();
}
