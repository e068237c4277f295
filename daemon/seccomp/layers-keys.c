/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The keys that refuse some calls, each as the rules that systemd 252 makes of it, and a little more where an
 * argument lies in memory or a call has grown a sibling since. Of arguments that the kernel takes for an int,
 * only the low 32 bits are looked at: a program can put anything above them.
 */

#include "base/error.h"
#include "seccomp/groups.h"
#include "seccomp/layer.h"
#include "seccomp/restrict.h"
#include "seccomp/syscalls.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/stat.h>

#define INT_MASK          UINT32_MAX
#define IPC_SHMAT         21 /* linux/ipc.h: first argument of ipc(2), below the version in its upper half */
#define IPC_MASK          0xffff
#define SOCKETCALL        1          /* linux/net.h: SYS_SOCKET */
#define PERSONALITY_QUERY 0xffffffff /* personality(2): changes nothing */
#define TMPFILE           (O_TMPFILE & ~O_DIRECTORY)

/* Adds a rule to what a call has, if the architecture has it. */
static int attach(struct policy *p, const char *call, struct policy_rule *rule)
{
	const struct policy_rule *earlier;
	uint32_t number;

	if (syscall_lookup(p->architecture, call, strlen(call), &number) < 0)
		return 0;
	return policy_attach(p, number, rule, &earlier);
}

static struct policy_rule *new_rule(struct policy *p, uint32_t action)
{
	struct policy_rule *rule = policy_add_rule(p);

	if (rule)
		rule->action = action;
	return rule;
}

/* "These bits of an argument are so", and the same for another argument. */
struct condition {
	unsigned argument;
	uint64_t any;         /* one bit of these, unless it is 0 */
	uint64_t mask, value; /* these bits are so, unless .mask is 0 */
};

static int add_condition(struct policy_rule *rule, const struct condition *c)
{
	const struct policy_atom any = {
		.argument = (uint8_t)c->argument, .op = POLICY_ANY, .value = c->any
	};
	int r = c->any != 0 ? policy_rule_add_atom(rule, any) : 0;

	return r < 0 || c->mask == 0 ? r : policy_rule_add_bits(rule, c->argument, c->mask, c->value);
}

/* Appends a clause of one or two conditions (@second: NULL): the rule applies when one of its clauses does.
 */
static int add_clause(struct policy_rule *rule, const struct condition *first, const struct condition *second)
{
	int r = add_condition(rule, first);

	if (r == 0 && second)
		r = add_condition(rule, second);
	if (r == 0)
		rule->atoms[rule->n_atoms - 1].last = true;
	return r;
}

static int refuse_if(struct policy *p, const char *call, int error, const struct condition *first,
	const struct condition *second)
{
	struct policy_rule *rule = new_rule(p, SECCOMP_RET_ERRNO | (uint32_t)error);
	int r;

	if (!rule)
		return -ENOMEM;
	r = add_clause(rule, first, second);
	return r < 0 ? r : attach(p, call, rule);
}

static int allow_if(struct policy *p, const char *call, const struct condition *when)
{
	struct policy_rule *rule = new_rule(p, SECCOMP_RET_ALLOW);
	int r;

	if (!rule)
		return -ENOMEM;
	r = add_clause(rule, when, NULL);
	return r < 0 ? r : attach(p, call, rule);
}

static int refuse(struct policy *p, const char *call, int error)
{
	struct policy_rule *rule = new_rule(p, SECCOMP_RET_ERRNO | (uint32_t)error);

	return rule ? attach(p, call, rule) : -ENOMEM;
}

static int refuse_group(struct policy *p, const char *name, int error)
{
	const struct syscall_group *group = syscall_group_find(name, strlen(name));
	int r = 0;

	for (size_t i = 0; group && i < group->n_members && r == 0; i++)
		r = refuse(p, syscall_group_member(group, i), error);
	return r;
}

/* A flag anywhere in an argument. */
static int refuse_flag(struct policy *p, const char *call, int error, unsigned argument, uint64_t flag)
{
	const struct condition has = { .argument = argument, .any = flag };

	return refuse_if(p, call, error, &has, NULL);
}

static int restrict_namespaces(const struct seccomp_layers *l, struct policy *ret)
{
	static const struct condition any_kind = { .argument = 1, .mask = INT_MASK, .value = 0 };
	uint32_t denied = l->namespaces_denied;
	/* in clone(2), this bit is part of the signal at the child's end */
	uint32_t by_clone = denied & ~(uint32_t)CLONE_NEWTIME;
	int r;

	if (denied == 0)
		return 0;
	r = refuse(ret, "clone3", ENOSYS); /* its flags lie in memory; libraries fall back to clone(2) */
	if (r == 0)
		r = refuse_flag(ret, "unshare", EPERM, 0, denied);
	if (r == 0 && by_clone != 0)
		r = refuse_flag(ret, "clone", EPERM, 0, by_clone);
	if (r == 0 && l->namespaces_none)
		return refuse(ret, "setns", EPERM);
	if (r == 0)
		r = refuse_if(ret, "setns", EPERM, &any_kind, NULL);
	return r < 0 ? r : refuse_flag(ret, "setns", EPERM, 1, denied);
}

static int restrict_address_families(const struct seccomp_layers *l, struct policy *ret)
{
	const struct condition makes = { .argument = 0, .mask = INT_MASK, .value = SOCKETCALL };
	const struct family_list *families = &l->families;
	bool allow = families->kind == LIST_ALLOW;
	uint32_t refused = SECCOMP_RET_ERRNO | EAFNOSUPPORT;
	struct policy_rule *rule;
	int r = 0;

	if (families->kind == LIST_NONE || (!allow && families->families == 0))
		return 0;
	rule = new_rule(ret, allow ? SECCOMP_RET_ALLOW : refused);
	if (!rule)
		return -ENOMEM;
	for (unsigned i = 0; i < LAYERS_FAMILIES_MAX && r == 0; i++) {
		const struct condition is = { .argument = 0, .mask = INT_MASK, .value = i };

		if (families->families >> i & 1)
			r = add_clause(rule, &is, NULL);
	}
	if (r == 0 && rule->n_atoms > 0)
		r = attach(ret, "socket", rule);
	if (r == 0 && allow)
		r = refuse(ret, "socket", EAFNOSUPPORT);
	/* the same on i386, where the family lies in memory */
	return r < 0 ? r : refuse_if(ret, "socketcall", EAFNOSUPPORT, &makes, NULL);
}

static int deny_write_execute(const struct seccomp_layers *l, struct policy *ret)
{
	static const struct condition both = {
		.argument = 2, .mask = PROT_WRITE | PROT_EXEC, .value = PROT_WRITE | PROT_EXEC
	};
	static const struct condition attaches = { .argument = 0, .mask = IPC_MASK, .value = IPC_SHMAT };
	static const struct condition executable = { .argument = 2, .any = SHM_EXEC };
	static const struct condition query = { .argument = 0, .mask = INT_MASK, .value = PERSONALITY_QUERY };
	int r;

	if (!l->deny_write_execute)
		return 0;
	/* the old call of 32-bit interfaces has its arguments in memory */
	if (ret->architecture->word_bits == 32)
		r = refuse(ret, "mmap", EPERM);
	else
		r = refuse_if(ret, "mmap", EPERM, &both, NULL);
	if (r == 0)
		r = refuse_if(ret, "mmap2", EPERM, &both, NULL);
	if (r == 0)
		r = refuse_flag(ret, "mprotect", EPERM, 2, PROT_EXEC);
	if (r == 0)
		r = refuse_flag(ret, "pkey_mprotect", EPERM, 2, PROT_EXEC);
	if (r == 0)
		r = refuse_flag(ret, "shmat", EPERM, 2, SHM_EXEC);
	if (r == 0)
		r = refuse_if(ret, "ipc", EPERM, &attaches, &executable);
	/* under it, what is readable is executable, and no PROT_EXEC is ever seen */
	if (r == 0)
		r = allow_if(ret, "personality", &query);
	return r < 0 ? r : refuse_flag(ret, "personality", EPERM, 0, READ_IMPLIES_EXEC);
}

static int lock_personality(const struct seccomp_layers *l, struct policy *ret)
{
	static const struct condition native = { .argument = 0, .mask = INT_MASK, .value = PER_LINUX };
	int r;

	if (!l->lock_personality)
		return 0;
	r = allow_if(ret, "personality", &native);
	return r < 0 ? r : refuse(ret, "personality", EPERM);
}

static int restrict_realtime(const struct seccomp_layers *l, struct policy *ret)
{
	static const struct condition ordinary[] = {
		{ .argument = 1, .mask = INT_MASK, .value = SCHED_OTHER },
		{ .argument = 1, .mask = INT_MASK, .value = SCHED_BATCH },
		{ .argument = 1, .mask = INT_MASK, .value = SCHED_IDLE },
	};
	int r = 0;

	if (!l->restrict_realtime)
		return 0;
	for (size_t i = 0; i < ELEMENTSOF(ordinary) && r == 0; i++)
		r = allow_if(ret, "sched_setscheduler", &ordinary[i]);
	if (r == 0)
		r = refuse(ret, "sched_setscheduler", EPERM);
	return r < 0 ? r : refuse(ret, "sched_setattr", ENOSYS); /* the policy lies in memory */
}

static int restrict_suid_sgid(const struct seccomp_layers *l, struct policy *ret)
{
	static const struct {
		const char *call;
		unsigned mode;
	} modes[] = {
		{ "chmod", 1 },
		{ "fchmod", 1 },
		{ "fchmodat", 2 },
		{ "fchmodat2", 2 },
		{ "mkdir", 1 },
		{ "mkdirat", 2 },
		{ "mknod", 1 },
		{ "mknodat", 2 },
		{ "creat", 1 },
	};
	/* The mode counts only when a file is made. */
	static const struct {
		const char *call;
		struct condition flags, mode;
	} opens[] = {
		{ "open", { .argument = 1, .any = O_CREAT | TMPFILE },
			{ .argument = 2, .any = S_ISUID | S_ISGID } },
		{ "openat", { .argument = 2, .any = O_CREAT | TMPFILE },
			{ .argument = 3, .any = S_ISUID | S_ISGID } },
	};
	int r = 0;

	if (!l->restrict_suid_sgid)
		return 0;
	for (size_t i = 0; i < ELEMENTSOF(modes) && r == 0; i++)
		r = refuse_flag(ret, modes[i].call, EPERM, modes[i].mode, S_ISUID | S_ISGID);
	for (size_t i = 0; i < ELEMENTSOF(opens) && r == 0; i++)
		r = refuse_if(ret, opens[i].call, EPERM, &opens[i].flags, &opens[i].mode);
	return r < 0 ? r : refuse(ret, "openat2", ENOSYS); /* flags and mode lie in memory */
}

static int protect_hostname(const struct seccomp_layers *l, struct policy *ret)
{
	int r;

	if (!l->protect_hostname)
		return 0;
	r = refuse(ret, "sethostname", EPERM);
	return r < 0 ? r : refuse(ret, "setdomainname", EPERM);
}

static int protect_clock(const struct seccomp_layers *l, struct policy *ret)
{
	return l->protect_clock ? refuse_group(ret, "clock", EPERM) : 0;
}

static int protect_modules(const struct seccomp_layers *l, struct policy *ret)
{
	return l->protect_modules ? refuse_group(ret, "module", EPERM) : 0;
}

static int protect_logs(const struct seccomp_layers *l, struct policy *ret)
{
	return l->protect_logs ? refuse(ret, "syslog", EPERM) : 0;
}

/* No key switches this off: what is typed into a terminal that is shared, somebody outside runs. */
static int protect_terminals(const struct seccomp_layers *l, struct policy *ret)
{
	static const struct condition requests[] = {
		{ .argument = 1, .mask = INT_MASK, .value = TIOCSTI },
		{ .argument = 1, .mask = INT_MASK, .value = TIOCLINUX },
	};
	int r = 0;

	for (size_t i = 0; i < ELEMENTSOF(requests) && r == 0; i++)
		r = refuse_if(ret, "ioctl", EPERM, &requests[i], NULL);
	return r;
}

const struct layer key_layers[] = {
	{ "RestrictNamespaces=", restrict_namespaces },
	{ "RestrictAddressFamilies=", restrict_address_families },
	{ "MemoryDenyWriteExecute=", deny_write_execute },
	{ "LockPersonality=", lock_personality },
	{ "RestrictRealtime=", restrict_realtime },
	{ "RestrictSUIDSGID=", restrict_suid_sgid },
	{ "ProtectHostname=", protect_hostname },
	{ "ProtectClock=", protect_clock },
	{ "ProtectKernelModules=", protect_modules },
	{ "ProtectKernelLogs=", protect_logs },
	{ "the protection of terminals", protect_terminals },
};
const size_t n_key_layers = ELEMENTSOF(key_layers);
