/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Lists of calls, for calls that are many in one: i386 has socketcall(2) and ipc(2), which take the number of
 * an operation in their first argument. What a list says of connect(2) holds for it there, too; else a
 * program would only have to ask in the other way.
 */

#include "base/error.h"
#include "seccomp/layer.h"
#include "seccomp/restrict.h"
#include "seccomp/syscalls.h"

#include <assert.h>
#include <linux/seccomp.h>
#include <string.h>

struct operation {
	uint32_t number;
	const char *name; /* of the call that it is */
};

/* linux/net.h */
static const struct operation of_sockets[] = {
	{ 1, "socket" },
	{ 2, "bind" },
	{ 3, "connect" },
	{ 4, "listen" },
	{ 5, "accept" },
	{ 6, "getsockname" },
	{ 7, "getpeername" },
	{ 8, "socketpair" },
	{ 9, "send" },
	{ 10, "recv" },
	{ 11, "sendto" },
	{ 12, "recvfrom" },
	{ 13, "shutdown" },
	{ 14, "setsockopt" },
	{ 15, "getsockopt" },
	{ 16, "sendmsg" },
	{ 17, "recvmsg" },
	{ 18, "accept4" },
	{ 19, "recvmmsg" },
	{ 20, "sendmmsg" },
};

/* linux/ipc.h */
static const struct operation of_ipc[] = {
	{ 1, "semop" },
	{ 2, "semget" },
	{ 3, "semctl" },
	{ 4, "semtimedop" },
	{ 11, "msgsnd" },
	{ 12, "msgrcv" },
	{ 13, "msgget" },
	{ 14, "msgctl" },
	{ 21, "shmat" },
	{ 22, "shmdt" },
	{ 23, "shmget" },
	{ 24, "shmctl" },
};

static const struct packer {
	const char *call;
	uint64_t mask; /* of the operation: above that of ipc(2) there is a version */
	const struct operation *operations;
	size_t n;
} packers[] = {
	{ "socketcall", UINT32_MAX, of_sockets, ELEMENTSOF(of_sockets) },
	{ "ipc", 0xffff, of_ipc, ELEMENTSOF(of_ipc) },
};

static uint32_t filtered(const struct call_list *l, const struct call_mark *mark)
{
	if (mark->listed && mark->answered)
		return mark->action;
	return mark->listed == (l->kind == LIST_ALLOW) ? SECCOMP_RET_ALLOW : l->otherwise;
}

static uint32_t logged(const struct call_list *l, const struct call_mark *mark)
{
	return mark->listed == (l->kind == LIST_ALLOW) ? SECCOMP_RET_LOG : SECCOMP_RET_ALLOW;
}

static int attach(
	struct policy *p, uint32_t call, const struct packer *packer, uint32_t operation, uint32_t action)
{
	const struct policy_rule *earlier;
	struct policy_rule *rule = policy_add_rule(p);
	int r;

	if (!rule)
		return -ENOMEM;
	rule->action = action;
	r = policy_rule_add_bits(rule, 0, packer->mask, operation);
	if (r < 0)
		return r;
	rule->atoms[rule->n_atoms - 1].last = true;
	return policy_attach(p, call, rule, &earlier);
}

static int attach_all(struct policy *p, const struct call_list *l,
	uint32_t (*action_of)(const struct call_list *, const struct call_mark *))
{
	int r = 0;

	for (size_t i = 0; i < ELEMENTSOF(packers) && l->kind != LIST_NONE && r == 0; i++) {
		const struct packer *packer = &packers[i];
		uint32_t call;

		if (syscall_lookup(p->architecture, packer->call, strlen(packer->call), &call) < 0)
			continue;
		for (size_t j = 0; j < packer->n && r == 0; j++) {
			const struct operation *o = &packer->operations[j];
			const struct syscall_row *row = syscall_find(o->name, strlen(o->name));
			uint32_t action;

			assert(row);
			action = action_of(l, &l->marks[row - syscall_rows]);
			if (action != SECCOMP_RET_ALLOW)
				r = attach(p, call, packer, o->number, action);
		}
	}
	return r;
}

int layer_filter_packed(const struct seccomp_layers *l, struct policy *ret)
{
	return attach_all(ret, &l->filter, filtered);
}

int layer_log_packed(const struct seccomp_layers *l, struct policy *ret)
{
	return attach_all(ret, &l->log, logged);
}
