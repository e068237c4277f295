/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the maker of inits does all its life, and the inits that it makes; see init-maker.c. Built as room.c
 * is, and for the same reason: the less memory there is, the less has to be copied for an init, and taken
 * away at its end.
 */

#include "jail/init-room.h"
#include "base/error.h"
#include "jail/init.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define CODE __attribute__((section("init_room"), noinline, used))

/* The linker's names for the section's ends. */
extern const char __start_init_room[] __attribute__((visibility("hidden")));
extern const char __stop_init_room[] __attribute__((visibility("hidden")));

/* What an init has not got from its maker, in the order of init.c. Returns 0, or a negative errno and what
 * failed. */
HERE long confine(const struct init_room *r, const char **what)
{
	long e;

	(void)call(SYS_prctl, PR_SET_NAME, (uintptr_t)r->name, 0, 0, 0, 0);
	*what = r->texts.group;
	e = call(SYS_setpgid, 0, 0, 0, 0, 0, 0);
	if (e < 0)
		return e;
	*what = r->texts.table;
	e = call(SYS_close_range, 0, ~0U, CLOSE_RANGE_UNSHARE, 0, 0, 0);
	if (e < 0)
		return e;
	*what = r->texts.gid;
	e = call(SYS_setresgid, INIT_NOBODY, INIT_NOBODY, INIT_NOBODY, 0, 0, 0);
	if (e < 0)
		return e;
	*what = r->texts.uid;
	e = call(SYS_setresuid, INIT_NOBODY, INIT_NOBODY, INIT_NOBODY, 0, 0, 0);
	if (e < 0)
		return e;
	*what = r->texts.dumpable;
	e = call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0, 0);
	if (e < 0)
		return e;
	*what = r->texts.capabilities;
	e = call(SYS_capset, (uintptr_t)&r->head, (uintptr_t)r->none, 0, 0, 0, 0);
	if (e < 0)
		return e;
	*what = r->texts.filter;
	return call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (uintptr_t)&r->filter, 0, 0, 0);
}

HERE void report(struct report *word, long error, const char *what)
{
	size_t i = 0;

	for (; i < JAIL_OBJECT_MAX - 1 && what[i]; i++)
		word->object[i] = what[i];
	word->object[i] = '\0';
	word->error = (int32_t)error;
	__atomic_store_n(&word->stage, STAGE_NAMESPACES, __ATOMIC_RELEASE);
}

HERE noreturn void be_init(const struct init_room *r, struct report *word)
{
	const char *what;
	long e = confine(r, &what);

	if (e < 0)
		report(word, e, what);
	else
		__atomic_store_n(&word->error, REPORT_READY, __ATOMIC_RELEASE);
	while (e >= 0)
		(void)call(SYS_rt_sigsuspend, (uintptr_t)&r->signals, sizeof(r->signals), 0, 0, 0, 0);
	for (;;)
		(void)call(SYS_exit_group, 1, 0, 0, 0, 0, 0);
}

/* What the pidfd knows of it only who may look into the init may ask. */
HERE long open_namespace(const struct init_room *r)
{
	return call(SYS_openat, (unsigned long)r->proc_fd, (uintptr_t)r->namespace, O_RDONLY | O_CLOEXEC, 0,
		0, 0);
}

/* In a new PID namespace, which is left again. */
HERE long clone_init(struct init_room *r, struct report *word)
{
	struct init_order *o = r->order;
	long e = call(SYS_unshare, CLONE_NEWPID, 0, 0, 0, 0, 0);

	o->namespace = e >= 0;
	if (e < 0)
		return e;
	r->args.flags = CLONE_PARENT | CLONE_FILES | CLONE_PIDFD | CLONE_PARENT_SETTID |
			(o->cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0);
	r->args.cgroup = o->cgroup_fd >= 0 ? (uint64_t)(unsigned)o->cgroup_fd : 0;
	e = call(SYS_clone3, (uintptr_t)&r->args, sizeof(r->args), 0, 0, 0, 0);
	if (e == 0)
		be_init(r, word);
	if (e > 0)
		e = o->pidns_fd = (int)open_namespace(r);
	/* whoever is in the wrong namespace makes no other init */
	if (call(SYS_setns, (unsigned long)r->back_fd, CLONE_NEWPID, 0, 0, 0, 0) < 0)
		(void)call(SYS_exit_group, 1, 0, 0, 0, 0, 0);
	return e < 0 ? e : 0;
}

/* The page of the report is the init's alone. */
HERE long make(struct init_room *r)
{
	long e, word = call(SYS_mmap, 0, r->page, PROT_READ | PROT_WRITE, MAP_SHARED,
			(unsigned long)r->order->word_fd, 0);

	if (word < 0 && word > -4096)
		return word;
	e = clone_init(r, (struct report *)((uintptr_t)word + REPORT_INIT * sizeof(struct report)));
	(void)call(SYS_munmap, (unsigned long)word, r->page, 0, 0, 0, 0);
	return e;
}

CODE __attribute__((aligned(4096))) static void init_room_run(struct init_room *r)
{
	struct init_order *o = r->order;
	uint32_t turn;

	for (size_t i = 0; i < r->n_gaps; i++)
		(void)call(SYS_munmap, r->gaps[i].from, r->gaps[i].to - r->gaps[i].from, 0, 0, 0, 0);
	for (;;) {
		turn = __atomic_load_n(&o->turn, __ATOMIC_ACQUIRE);
		if (turn != INIT_ORDERED) {
			(void)call(SYS_futex, (uintptr_t)&o->turn, FUTEX_WAIT, turn, 0, 0, 0);
			continue;
		}
		o->error = (int)make(r);
		__atomic_store_n(&o->turn, INIT_MADE, __ATOMIC_RELEASE);
		(void)call(SYS_futex, (uintptr_t)&o->turn, FUTEX_WAKE, 1, 0, 0, 0);
	}
}

_Static_assert(sizeof(struct init_room) <= 4096, "a page, as init-maker.c says");

#if ROOM_STANDS_ALONE
void init_room_enter(struct init_room *r)
{
	__asm__ volatile("mov %0, %%rsp\n\tcall *%1"
			 :
			 : "r"(r->stack + sizeof(r->stack)), "r"(init_room_run), "D"(r)
			 : "memory");
	__builtin_unreachable();
}
#else
void init_room_enter(struct init_room *r)
{
	init_room_run(r);
}
#endif

struct shed_range init_room_code(void)
{
	return (struct shed_range){ (uintptr_t)__start_init_room, (uintptr_t)__stop_init_room };
}
