/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The maker of inits. An init lives as long as its jail, so it can not share the launcher's memory as a
 * payload does until its exec; and a copy of that is most of what it costs: the clone, the pages that the
 * launcher writes to afterwards, and the init's end, which takes it away again. So there is a process of the
 * launcher's that has given back all memory but three pages (init-room.h), waits for orders, and makes
 * inits, which are copies of it.
 *
 * It is as near to an init as who makes one can be: an empty root, no more capabilities than that takes, none
 * that it could come by, and a filter of its own. What is left for the init are eight calls. Inits are the
 * launcher's children all the same (CLONE_PARENT), and it has their pidfds, since the maker has the
 * launcher's table of descriptors, as makers of namespaces do until they end. It ends with the launcher.
 *
 * An order is a few numbers in a page that only these two have. The page in which an init says that it has
 * confined itself is another one for each. It is the launcher's before the order, and the maker's during it.
 *
 * Who stops or freezes it, which is root, has the launcher wait for two seconds, once: then it is killed, and
 * from there on inits are copies of the launcher again, as they are on other machines.
 */

#include "base/capability.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/process.h"
#include "jail/init-room.h"
#include "jail/init.h"
#include "jail/linger.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Namespaces; an init's ids. */
#define CAPABILITIES (CAPABILITY_BIT(CAP_SYS_ADMIN) | CAPABILITY_BIT(CAP_SETUID) | CAPABILITY_BIT(CAP_SETGID))
#define ANSWER_TURNS 20 /* that long, twenty times, until an order is given up: */
#define ANSWER_NSEC  100000000

struct jail_init_maker {
	pid_t owner; /* a copy of this process has none */
	int pidfd;   /* -1: it has ended */
	bool killed;
	size_t page;
	struct init_order *order;
};

/* The maker's, and what its inits need until they have loaded theirs. */
static const struct filter_rule rules[] = {
	FILTER_ALLOW(futex),
	FILTER_ALLOW_ARG(mmap, 2, FILTER_WHOLE_ARG, PROT_READ | PROT_WRITE),
	FILTER_ALLOW(munmap),
	FILTER_ALLOW_ARG(unshare, 0, FILTER_WHOLE_ARG, CLONE_NEWPID),
	FILTER_ALLOW(clone3),
	FILTER_ALLOW_ARG(openat, 2, FILTER_WHOLE_ARG, O_RDONLY | O_CLOEXEC),
	FILTER_ALLOW_ARG(setns, 1, FILTER_WHOLE_ARG, CLONE_NEWPID),
	FILTER_ALLOW_ARG(prctl, 0, FILTER_WHOLE_ARG, PR_SET_NAME),
	FILTER_ALLOW_ARG(prctl, 0, FILTER_WHOLE_ARG, PR_SET_DUMPABLE),
	FILTER_ALLOW(setpgid),
	FILTER_ALLOW(close_range),
	FILTER_ALLOW(setresgid),
	FILTER_ALLOW(setresuid),
	FILTER_ALLOW(capset),
	FILTER_ALLOW_ARG(seccomp, 0, FILTER_WHOLE_ARG, SECCOMP_SET_MODE_FILTER),
	FILTER_ALLOW(rt_sigsuspend),
	FILTER_ALLOW(rt_sigreturn),
	FILTER_ALLOW(restart_syscall),
	FILTER_ALLOW(exit_group),
};

static const struct init_texts texts = {
	.group = "init of the PID namespace: setpgid",
	.table = "init of the PID namespace: close_range",
	.gid = "init of the PID namespace: setresgid 65534",
	.uid = "init of the PID namespace: setresuid 65534",
	.dumpable = "init of the PID namespace: PR_SET_DUMPABLE",
	.capabilities = "init of the PID namespace: capset",
	.filter = "init of the PID namespace: seccomp",
};

static struct init_room *furnish(const struct jail_context *c, const struct jail_init_maker *m)
{
	struct init_room *r = mmap(
		NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (r == MAP_FAILED || c->n_init_filter > ELEMENTSOF(r->insns))
		return NULL;
	r->order = m->order;
	r->page = m->page;
	r->back_fd = c->pidns_fd;
	r->proc_fd = c->proc_fd;
	r->args.pidfd = (uint64_t)(uintptr_t)&m->order->pidfd;
	r->args.parent_tid = (uint64_t)(uintptr_t)&m->order->pid;
	r->head.version = _LINUX_CAPABILITY_VERSION_3;
	r->filter = (struct sock_fprog){ .len = (unsigned short)c->n_init_filter, .filter = r->insns };
	memcpy(r->insns, c->init_filter, c->n_init_filter * sizeof(*r->insns));
	memcpy(r->namespace, "self/ns/pid_for_children", sizeof("self/ns/pid_for_children"));
	memcpy(r->name, "jail-init", sizeof("jail-init"));
	r->texts = texts;
	return r;
}

static int confine_rights(void)
{
	const struct capability_sets own = { .permitted = CAPABILITIES, .effective = CAPABILITIES };

	if (prctl(PR_SET_SECUREBITS, INIT_SECURE_BITS, 0, 0, 0) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return errno_or_eio();
	return capability_set(&own);
}

/* All that inits have in common, but for the rights that it takes to make one. The secure bits have it that
 * ids and capabilities have nothing to do with each other. */
static int confine(const struct jail_context *c)
{
	struct jail_error unused;
	int r;

	r = process_begin_signals(c->ignored_signals);
	if (r >= 0)
		r = init_ignore_children();
	if (r >= 0 && setns(c->init_root_fd, CLONE_NEWNS) < 0)
		r = errno_or_eio();
	if (r >= 0)
		r = apply_ids(getuid(), getgid(), NULL, 0, &unused);
	if (r >= 0)
		r = apply_undumpable(&unused);
	return r < 0 ? r : confine_rights();
}

static size_t plan_gaps(struct init_room *room)
{
	struct shed_range kept[INIT_KEPT] = {
		init_room_code(),
		{ (uintptr_t)room, (uintptr_t)(room + 1) },
		{ (uintptr_t)room->order, (uintptr_t)(room->order + 1) },
	};

	return shed_all_but(kept, ELEMENTSOF(kept), room->gaps);
}

/* It has a name, for people who look at ps. A launcher that has ended by now has no children. */
static noreturn void maker_run(const struct jail_context *c, const struct jail_init_maker *m)
{
	struct init_room *room = furnish(c, m);

	if (!room || prctl(PR_SET_NAME, "init-maker", 0, 0, 0) < 0 || setpgid(0, 0) < 0 ||
		madvise(m->order, m->page, MADV_DONTFORK) < 0 || confine(c) < 0)
		_exit(1);
	room->n_gaps = plan_gaps(room);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != m->owner ||
		filter_apply(rules, ELEMENTSOF(rules), FILTER_KILL) < 0)
		_exit(1);
	init_room_enter(room);
	_exit(1);
}

static int start(struct jail_context *c, struct jail_init_maker *m)
{
	sigset_t all, old;
	pid_t pid;

	m->order = mmap(NULL, m->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (m->order == MAP_FAILED) {
		m->order = NULL;
		return errno_or_eio();
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = process_clone(CLONE_FILES | CLONE_CLEAR_SIGHAND, -1, &m->pidfd);
	if (pid == 0)
		maker_run(c, m);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return (int)pid;
	m->pidfd = fd_move_high(m->pidfd);
	/* nothing else that we clone gives orders */
	return RET_ERRNO(madvise(m->order, m->page, MADV_DONTFORK));
}

int init_maker_open(struct jail_context *c)
{
	struct jail_init_maker *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	*m = (struct jail_init_maker){
		.owner = getpid(), .pidfd = -1, .page = (size_t)sysconf(_SC_PAGESIZE)
	};
	c->init_maker = m;
	r = start(c, m);
	if (r < 0)
		init_maker_close(c);
	return r;
}

void init_maker_close(struct jail_context *c)
{
	struct jail_init_maker *m = steal_ptr(c->init_maker);

	if (!m || m->owner != getpid())
		return;
	maker_end(&m->pidfd);
	if (m->order)
		(void)munmap(m->order, m->page);
	(void)fd_close(m->pidfd);
	free(m);
}

void init_maker_collect(const struct jail_context *c)
{
	struct jail_init_maker *m = c->init_maker;

	if (m && m->owner == getpid() && m->killed && m->pidfd >= 0)
		maker_reap(&m->pidfd);
}

static bool is_there(const struct jail_init_maker *m)
{
	return m && m->owner == getpid() && !m->killed;
}

static uint32_t turn_of(const struct init_order *o)
{
	return __atomic_load_n(&o->turn, __ATOMIC_ACQUIRE);
}

/* False: it does not answer, or has ended. */
static bool await_answer(const struct jail_init_maker *m)
{
	static const struct timespec turn = { .tv_nsec = ANSWER_NSEC };

	for (int i = 0; turn_of(m->order) != INIT_MADE; i++) {
		if (i == ANSWER_TURNS || (i > 0 && process_has_ended(m->pidfd)))
			return false;
		/* woken up, or too late to sleep: neither is a turn */
		while (turn_of(m->order) != INIT_MADE &&
			(syscall(SYS_futex, &m->order->turn, FUTEX_WAIT, INIT_ORDERED, &turn, NULL, 0) >= 0 ||
				errno != ETIMEDOUT))
			;
	}
	return true;
}

static void give_order(struct init_order *o, const struct jail *j, int word_fd)
{
	o->cgroup_fd = j->cgroup_fd;
	o->word_fd = word_fd;
	o->error = -ETIMEDOUT;
	o->pidns_fd = o->pidfd = -1;
	o->pid = 0;
	o->namespace = true;
	__atomic_store_n(&o->turn, INIT_ORDERED, __ATOMIC_RELEASE);
	(void)syscall(SYS_futex, &o->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* What it has made by its end is there, answer or not. */
static int take(struct jail_init_maker *m, struct jail *j, struct jail_error *reterr)
{
	const struct init_order *o = m->order;
	int r;

	if (!await_answer(m)) {
		maker_end(&m->pidfd);
		m->killed = true;
	}
	j->init_pidfd = o->pid > 0 ? fd_move_high(o->pidfd) : -1;
	j->pidns_fd = fd_move_high(o->pidns_fd);
	r = o->error;
	if (m->killed && j->init_pidfd < 0)
		return 0;
	if (r >= 0 && (j->init_pidfd < 0 || j->pidns_fd < 0))
		r = -EMFILE;
	if (r >= 0)
		return 1;
	return jail_fail(reterr, STAGE_NAMESPACES, r,
		o->namespace ? "init of the PID namespace" : "PrivatePIDs=: PID namespace", "");
}

int init_maker_order(const struct jail_context *c, struct jail *j, struct jail_error *reterr)
{
	struct jail_init_maker *m = c->init_maker;
	_cleanup_close_ int word_fd = -1;

	if (!is_there(m))
		return 0;
	word_fd = report_make_fd(j);
	if (word_fd < 0)
		return jail_fail(reterr, STAGE_FDS, word_fd, "report", "");
	give_order(m->order, j, word_fd);
	return take(m, j, reterr);
}
