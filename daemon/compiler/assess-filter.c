/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The part of the score that is about system calls. It is not the profile's words that count but the program
 * that they became: calls are put to it, and what it may let through is exposed, whichever key let it.
 */

#include "base/error.h"
#include "compiler/assess.h"
#include "seccomp/groups.h"
#include "seccomp/reach.h"
#include "seccomp/syscalls.h"

#include <linux/audit.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define CALLS_EXPOSED 10U
#define OTHER_FAMILY  UINT64_C(38) /* AF_ALG: none that the other rows are about */

/* The call by its name with its first arguments. One that the architecture lacks can not be made. */
static bool may(const struct compiled_profile *c, const char *name, const uint64_t *arguments, unsigned n)
{
	const struct architecture *a = architecture_native();
	struct seccomp_data call = { 0 };
	uint32_t number;

	if (!a || syscall_lookup(a, name, strlen(name), &number) < 0)
		return !a;
	call.nr = (int)number;
	call.arch = a->audit;
	for (unsigned i = 0; i < n; i++)
		call.args[i] = arguments[i];
	return filter_may_allow(c->filter, c->n_filter, &call, n);
}

static bool may_call(const struct compiled_profile *c, const char *name)
{
	return may(c, name, NULL, 0);
}

static bool may_open_family(const struct compiled_profile *c, uint64_t family)
{
	return may(c, "socket", &family, 1) || may(c, "socketpair", &family, 1);
}

static void assess_families(const struct compiled_profile *c, struct score *s)
{
	s->badness[SCORE_FAMILY_INET] = may_open_family(c, AF_INET) || may_open_family(c, AF_INET6);
	s->badness[SCORE_FAMILY_UNIX] = may_open_family(c, AF_UNIX);
	s->badness[SCORE_FAMILY_NETLINK] = may_open_family(c, AF_NETLINK);
	s->badness[SCORE_FAMILY_PACKET] = may_open_family(c, AF_PACKET);
	s->badness[SCORE_FAMILY_OTHERS] = may_open_family(c, AF_BLUETOOTH) || may_open_family(c, AF_VSOCK) ||
					  may_open_family(c, OTHER_FAMILY);
}

/* clone3's flags are in memory, where no filter sees them. */
static void assess_namespaces(const struct compiled_profile *c, struct score *s)
{
	static const struct {
		enum score_item item;
		uint64_t flag;
	} kinds[] = {
		{ SCORE_NAMESPACE_USER, CLONE_NEWUSER },
		{ SCORE_NAMESPACE_MOUNT, CLONE_NEWNS },
		{ SCORE_NAMESPACE_PID, CLONE_NEWPID },
		{ SCORE_NAMESPACE_NET, CLONE_NEWNET },
		{ SCORE_NAMESPACE_IPC, CLONE_NEWIPC },
		{ SCORE_NAMESPACE_UTS, CLONE_NEWUTS },
		{ SCORE_NAMESPACE_CGROUP, CLONE_NEWCGROUP },
	};
	const bool any = may_call(c, "clone3");

	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		const uint64_t child = kinds[i].flag | SIGCHLD;

		s->badness[kinds[i].item] =
			any || may(c, "unshare", &kinds[i].flag, 1) || may(c, "clone", &child, 1);
	}
}

static bool may_call_any(const struct compiled_profile *c, const char *group)
{
	const struct syscall_group *g = syscall_group_find(group, strlen(group));

	for (size_t i = 0; g && i < g->n_members; i++)
		if (may_call(c, syscall_group_member(g, i)))
			return true;
	return !g;
}

static void assess_groups(const struct compiled_profile *c, struct score *s)
{
	static const struct {
		enum score_item item;
		const char *group;
	} groups[] = {
		{ SCORE_CALLS_CLOCK, "clock" },
		{ SCORE_CALLS_CPU_EMULATION, "cpu-emulation" },
		{ SCORE_CALLS_DEBUG, "debug" },
		{ SCORE_CALLS_MODULE, "module" },
		{ SCORE_CALLS_MOUNT, "mount" },
		{ SCORE_CALLS_OBSOLETE, "obsolete" },
		{ SCORE_CALLS_PRIVILEGED, "privileged" },
		{ SCORE_CALLS_RAW_IO, "raw-io" },
		{ SCORE_CALLS_REBOOT, "reboot" },
		{ SCORE_CALLS_RESOURCES, "resources" },
		{ SCORE_CALLS_SWAP, "swap" },
	};

	for (size_t i = 0; i < ELEMENTSOF(groups); i++)
		s->badness[groups[i].item] = may_call_any(c, groups[i].group) ? CALLS_EXPOSED : 0;
}

/* Any call of any interface but the machine's own. */
static bool may_use_another(const struct compiled_profile *c)
{
	const struct architecture *native = architecture_native();

	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++) {
		if (!filter_may_allow_any(c->filter, c->n_filter, architectures[i].audit))
			continue;
		for (size_t k = 0; native && i != native->id && k < n_syscall_rows; k++) {
			struct seccomp_data call = { .nr = (int)syscall_rows[k].numbers[i],
				.arch = architectures[i].audit };

			if (syscall_rows[k].numbers[i] != SYSCALL_NONE &&
				filter_may_allow(c->filter, c->n_filter, &call, 0))
				return true;
		}
	}
	return !native;
}

/* pkey_mprotect and shmat make such memory as well; a filter that stops the others stops them. */
static bool may_write_execute(const struct compiled_profile *c)
{
	const uint64_t map[] = { 0, 0, PROT_READ | PROT_WRITE | PROT_EXEC };
	const uint64_t protect[] = { 0, 0, PROT_READ | PROT_EXEC };

	if (c->deny_write_execute)
		return false;
	return may(c, "mmap", map, ELEMENTSOF(map)) || may(c, "mprotect", protect, ELEMENTSOF(protect)) ||
	       may(c, "pkey_mprotect", protect, ELEMENTSOF(protect));
}

static bool may_make_suid(const struct compiled_profile *c)
{
	const uint64_t chmod[] = { 0, S_ISUID | 0755 }, fchmodat[] = { 0, 0, S_ISUID | 0755 };

	return may(c, "chmod", chmod, ELEMENTSOF(chmod)) || may(c, "fchmod", chmod, ELEMENTSOF(chmod)) ||
	       may(c, "fchmodat", fchmodat, ELEMENTSOF(fchmodat)) ||
	       may(c, "fchmodat2", fchmodat, ELEMENTSOF(fchmodat));
}

static bool may_change_personality(const struct compiled_profile *c)
{
	const uint64_t linux32 = 8;

	return may(c, "personality", &linux32, 1);
}

static bool may_be_realtime(const struct compiled_profile *c)
{
	const uint64_t fifo[] = { 0, SCHED_FIFO };

	return may(c, "sched_setscheduler", fifo, ELEMENTSOF(fifo)) || may_call(c, "sched_setattr");
}

void assess_filter(const struct compiled_profile *c, struct score *s)
{
	assess_families(c, s);
	assess_namespaces(c, s);
	assess_groups(c, s);
	s->badness[SCORE_ARCHITECTURES] = may_use_another(c) ? 10 : 0;
	s->badness[SCORE_WRITE_EXECUTE] = may_write_execute(c);
	s->badness[SCORE_PERSONALITY] = may_change_personality(c);
	s->badness[SCORE_REALTIME] = may_be_realtime(c);
	s->badness[SCORE_SUID_SGID] = may_make_suid(c);
	s->badness[SCORE_HOSTNAME] = may_call(c, "sethostname") || may_call(c, "setdomainname");
}
