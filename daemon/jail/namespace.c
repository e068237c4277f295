/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Namespaces: which ones clone3(2) makes, and what is done inside them that belongs to no other file. Those
 * of networks are none of them: see network.c. A time namespace has the offsets of the launcher's: it hides
 * no clock, it only is another one than the host's.
 */

#include "base/error.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#define HOSTNAME_DEFAULT   "localhost"
#define DOMAINNAME_DEFAULT "(none)" /* what the kernel starts with: hides the host's NIS domain */

static const struct {
	uint32_t wanted;
	uint64_t flag;
	const char *file, *lacking; /* in /proc, where the kernel has the kind; else what is said */
} kinds[] = {
	{ JAIL_NS_MOUNT, CLONE_NEWNS, "self/ns/mnt", "PrivateMounts=: this kernel has no mount namespaces" },
	{ JAIL_NS_IPC, CLONE_NEWIPC, "self/ns/ipc", "PrivateIPC=: this kernel has no IPC namespaces" },
	{ JAIL_NS_UTS, CLONE_NEWUTS, "self/ns/uts", "PrivateUTS=: this kernel has no UTS namespaces" },
	{ JAIL_NS_TIME, CLONE_NEWTIME, "self/ns/time", "PrivateTime=: this kernel has no time namespaces" },
};

int prepare_namespaces(const struct jail_context *c, const struct jail_spec *spec, struct namespace_plan *ret,
	struct jail_error *reterr)
{
	struct namespace_plan p = { 0 };
	const char *hostname = spec->hostname && spec->hostname[0] ? spec->hostname : HOSTNAME_DEFAULT;

	if (spec->namespaces & ~_JAIL_NS_ALL)
		return jail_fail_number(
			reterr, STAGE_NAMESPACES, -EINVAL, "unknown namespaces", spec->namespaces);
	/* Something must hold all processes together, or they could not be found again to be killed. */
	if (!(spec->namespaces & JAIL_NS_PID) && c->cgroup_fd < 0)
		return jail_fail(reterr, STAGE_CGROUP, -EOPNOTSUPP,
			"no PID namespace, and no cgroup v2 in its place", "");
	if (spec->run_as_init && !(spec->namespaces & JAIL_NS_PID))
		return jail_fail(reterr, STAGE_NAMESPACES, -EINVAL, "RunAsInit=: no PID namespace", "");
	p.run_as_init = spec->run_as_init;
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
		if (spec->namespaces & kinds[i].wanted)
			p.clone_flags |= kinds[i].flag;
	if (spec->pool && spec->pool->ipc_fd >= 0)
		p.clone_flags &= ~(uint64_t)CLONE_NEWIPC;
	p.shares_ipc = (p.clone_flags & CLONE_NEWIPC) && spec->shares_ipc && c->ipc_fd >= 0;
	if (p.shares_ipc)
		p.clone_flags &= ~(uint64_t)CLONE_NEWIPC;
	p.pid = spec->namespaces & JAIL_NS_PID;
	p.cgroup = spec->namespaces & JAIL_NS_CGROUP;
	p.uts = spec->namespaces & JAIL_NS_UTS;
	if (strlen(hostname) > HOSTNAME_LEN_MAX)
		return jail_fail(reterr, STAGE_NAMESPACES, -ENAMETOOLONG, "host name", hostname);
	memcpy(p.hostname, hostname, strlen(hostname) + 1);
	*ret = p;
	return 0;
}

/* The kernel says only that something about the flags is wrong: a kind that it has has a file. */
int namespaces_failed(
	const struct jail_context *c, const struct namespace_plan *p, int error, struct jail_error *reterr)
{
	for (size_t i = 0; error == -EINVAL && i < ELEMENTSOF(kinds); i++)
		if ((p->clone_flags & kinds[i].flag) &&
			faccessat(c->proc_fd, kinds[i].file, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return jail_fail(reterr, STAGE_NAMESPACES, -EOPNOTSUPP, kinds[i].lacking, "");
	return jail_fail(reterr, STAGE_NAMESPACES, error, "clone", "");
}

int apply_namespaces(const struct jail_context *c, const struct namespace_plan *p, struct jail_error *reterr)
{
	if (p->late && unshare((int)p->late) < 0)
		return namespaces_failed(c, p, errno_or_eio(), reterr);
	if (p->shares_ipc && setns(c->ipc_fd, CLONE_NEWIPC) < 0)
		return jail_fail(reterr, STAGE_NAMESPACES, errno_or_eio(),
			"PrivateIPC=: the IPC namespace can not be entered", "");
	/* Not a flag of clone3(): that would root the namespace at the launcher's cgroup, not at the jail's.
	 */
	if (p->cgroup && unshare(CLONE_NEWCGROUP) < 0)
		return jail_fail(
			reterr, STAGE_NAMESPACES, errno_or_eio(), "PrivateCgroup=: cgroup namespace", "");
	if (!p->uts)
		return 0;
	if (sethostname(p->hostname, strlen(p->hostname)) < 0)
		return jail_fail(
			reterr, STAGE_NAMESPACES, errno_or_eio(), "PrivateUTS=: host name", p->hostname);
	if (setdomainname(DOMAINNAME_DEFAULT, strlen(DOMAINNAME_DEFAULT)) < 0)
		return jail_fail(reterr, STAGE_NAMESPACES, errno_or_eio(), "PrivateUTS=: domain name",
			DOMAINNAME_DEFAULT);
	return 0;
}
