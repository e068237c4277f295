/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Taking over a jail that another launcher has started. The keeper has kept its fds, so that nothing is
 * looked up by a number of a process; what was looked up (the control group, by its name) or kept for long is
 * compared with what was written down of it.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/private.h"
#include "base/process.h"
#include "jail/linger.h"
#include "jail/steps.h"

#include <sys/stat.h>

uint64_t jail_cgroup_id(const struct jail *j)
{
	struct stat st;

	/* cgroups(7): the number of its directory's inode is the number of the group */
	return j->cgroup_fd >= 0 && fstat(j->cgroup_fd, &st) == 0 ? st.st_ino : 0;
}

static int check(const struct jail_kept *kept, const struct jail *j)
{
	uint64_t process = 0;

	if (j->pidfd < 0)
		return -ESTALE;
	if (kept->process != 0 && (fd_process(j->pidfd, &process) < 0 || process != kept->process))
		return -ESTALE;
	return jail_cgroup_id(j) == kept->cgroup_id ? 0 : -ESTALE;
}

int jail_adopt(struct jail_context *c, const struct jail_kept *kept, struct jail *ret)
{
	struct jail j = JAIL_NULL;
	pid_t pid;

	j.id = kept->id;
	j.uid = kept->uid;
	j.pidfd = kept->pidfd;
	j.init_pidfd = kept->init_pidfd;
	j.pidns_fd = kept->pidns_fd;
	j.listener_fd = kept->listener_fd;
	j.pty_node_fd = kept->pty_node_fd;
	j.notify_fd = kept->notify_fd;
	j.payload_is_init = j.pidns_fd >= 0 && j.init_pidfd < 0;
	j.frozen = kept->frozen;
	j.without_memory = c->without_memory;
	j.without_tasks = c->without_tasks;
	j.went = j.built = true;
	/* without a place it is waited for once, and then let go */
	j.linger = private_calloc(sizeof(*j.linger));
	if (c->cgroup_fd >= 0) {
		j.cgroup_fd = fd_move_high(cgroup_open(c, kept->id));
		if (j.cgroup_fd < 0)
			j.cgroup_fd = -1;
	}
	pid = j.pidfd >= 0 ? process_pid_in_procfs(c->proc_fd, j.pidfd) : 0;
	j.pid = pid > 0 ? pid : 0;
	*ret = j;
	return check(kept, &j);
}
