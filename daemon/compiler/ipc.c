/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a process can do in an IPC namespace it does by the calls of System V IPC and of POSIX message queues,
 * by mounting a file system of such queues, or by rights over the namespace. A profile that gives none of
 * these can make no use of one, and a namespace in which nobody can do anything tells nothing of one sandbox
 * to another: so all such sandboxes have the same. docs/THREAT-MODEL.md goes through the ways.
 *
 * The question is put to the program that is loaded, for each interface, and for each number that is not
 * known to be harmless, as it is for networks. In doubt the namespace is the sandbox's own.
 */

#include "compiler/ipc.h"
#include "base/error.h"
#include "compiler/calls.h"

#include <stdio.h>

static const char *const calls[] = {
	"shmget",
	"shmat",
	"shmctl",
	"shmdt",
	"semget",
	"semop",
	"semtimedop",
	"semtimedop_time64",
	"semctl",
	"msgget",
	"msgsnd",
	"msgrcv",
	"msgctl",
	"ipc", /* i386: all of these */
	"mq_open",
	"mq_unlink",
	/* a queue that is handed in stays that of its own namespace; but nobody needs them for anything else
	 */
	"mq_timedsend",
	"mq_timedsend_time64",
	"mq_timedreceive",
	"mq_timedreceive_time64",
	"mq_notify",
	"mq_getsetattr",
	/* a file system of the namespace's queues; it takes a right that no such profile gives */
	"mount",
	"fsopen",
	"fsconfig",
	"fspick",
	"fsmount",
	"move_mount",
	"open_tree",
	"open_tree_attr",
	"mount_setattr",
	"setns",
	"io_uring_setup", /* makes calls past any filter; so does a ring that somebody else has made */
	"io_uring_enter",
	"io_uring_register",
};

const char *ipc_call(const struct sock_filter *filter, size_t n)
{
	return calls_find(filter, n, calls, ELEMENTSOF(calls));
}

static const char *call_once(const struct compiled_profile *c, const struct shared_filters *shared)
{
	struct shared_filter *f = shared ? shared_filter_of(shared, c->filter, c->n_filter) : NULL;

	if (!f)
		return ipc_call(c->filter, c->n_filter);
	if (!f->ipc_asked)
		f->ipc_call = ipc_call(c->filter, c->n_filter);
	f->ipc_asked = true;
	return f->ipc_call;
}

bool ipc_may_be_shared(
	const struct compiled_profile *c, const struct shared_filters *shared, char reason[IPC_REASON_MAX])
{
	const char *why = compiled_profile_own_ipc(c), *call;

	reason[0] = '\0';
	if (!(c->namespaces & JAIL_NS_IPC))
		return false;
	if (why) {
		(void)snprintf(reason, IPC_REASON_MAX, "%s", why);
		return false;
	}
	call = call_once(c, shared);
	if (call)
		(void)snprintf(reason, IPC_REASON_MAX, "[Seccomp] may let %s through", call);
	return !call;
}
