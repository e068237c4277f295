/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Cloning a payload that shares the launcher's memory until its exec, as vfork(2) does. A copy would have to
 * be made, page by page of what either writes to, and would be thrown away by the exec: together a fifth of
 * what a launch takes. The one who clones waits for the exec then, so the launcher has threads for it, its
 * cloners, which do nothing else and own nothing. Where none is free, or the payload may not share memory, it
 * is a copy.
 *
 * What makes this safe:
 *  - The child writes to its own setup and its cloner's stack, and to nothing else of the launcher's. The
 *    setup and what it points to, the spec with it, stay until the launcher has seen the exec or the end
 *    (struct jail_shared). Before it closes its end of the report, or after its last word there, the child
 *    does nothing with memory but its stack.
 *  - Between clone3(2) and execveat(2) there are no locks, no malloc(3) and no variables that others have:
 * what is a thread's own (errno, and the key of keyed.c) is the cloner's, who waits.
 *  - The kernel counts a child of vfork(2) as one that has no memory of its own: where the jail's control
 *    group runs out of memory it is not killed, which would kill the launcher with it; its calls fail
 *    (in_vfork() in oom_badness()), and it sets its own oom_score_adj and not the launcher's.
 *  - What holds for memory as a whole is not for such a child: a rule that memory is never executable after
 *    it was written to, user and time namespaces; nor is a jail that is parked, which may wait for long.
 *  - Memory that is shared is as little anybody's to look into as the launcher's own: it stays undumpable. A
 *    change of ids may make it dumpable for a moment (fs.suid_dumpable=1), in which nobody has the
 *    capabilities to attach that the child still has; see child.c. The cloner makes sure of it at the end.
 *
 * The bounding set of capabilities is a thread's own, too, and a payload begins with its cloner's: so cloners
 * drop what no profile in force keeps, and a payload that keeps something else has another thread.
 *
 * On machines whose calls are not written down here all payloads are copies.
 */

#include "jail/cloner.h"
#include "base/error.h"
#include "base/fd.h"
#include "jail/template.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef PIDFD_GET_PID_NAMESPACE
#define PIDFD_GET_PID_NAMESPACE _IO(0xFF, 5)
#endif

#define CLONERS    8
#define STACK_SIZE (512 * 1024) /* a payload's set-up takes the fewest of its pages */
#define PAUSE_NSEC 1000000      /* between looks whether a payload that was killed has ended, */
#define PAUSES     100          /* as often at most */

/* What a payload looks at until its exec. */
struct jail_shared {
	struct jail_setup setup;
	struct jail_spec spec;   /* a copy; it owns nothing until jail_keep_spec(), but these two */
	char *working_directory; /* which may be the request's, */
	gid_t *caller_gids;      /* as these are */
	struct template template;
};

enum order {
	ORDER_NONE,
	ORDER_CLONE,
	ORDER_END,
};

enum answer {
	ANSWER_NONE,
	ANSWER_READY, /* of a new one: for orders */
	ANSWER_BORN,
	ANSWER_FAILED,
};

struct cloner {
	pthread_t thread;
	uint32_t busy;   /* from the order until it can take the next one */
	uint32_t order;  /* enum order, for the cloner; a futex */
	uint32_t answer; /* enum answer, for the launcher; a futex */
	/* of the order: */
	struct jail_setup *setup;
	struct clone_args args;
	uint64_t keep; /* of its bounding set */
	int enter_fd, back_fd;
	bool first; /* of a new PID namespace */
	/* of the answer: */
	int pidfd, pidns_fd, error;
	bool entered;
	pid_t pid;
	/* while it is not busy: */
	uint64_t bounding; /* its set, as the kernel says */
	bool there;        /* else there is no thread */
};

struct jail_cloners {
	pid_t owner;                    /* a copy of this process has no threads */
	uint64_t keep;                  /* of the bounding set: what a profile may keep */
	struct cloner all[CLONERS + 1]; /* one has no thread, for that which takes another one's place */
};

/* Neither call fails for a reason that would last: whoever waits looks again, and is woken up for certain. */
static void futex_set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	while (syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) < 0)
		(void)sched_yield();
}

static uint32_t futex_await(const uint32_t *word)
{
	uint32_t value;

	while ((value = __atomic_load_n(word, __ATOMIC_ACQUIRE)) == 0)
		(void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	return value;
}

#if defined(__x86_64__)
#define IS_WRITTEN_DOWN true

/* Only a process in the namespace can open it by right. Its pidfd was there before it was, and knows (Linux
 * 6.11); a way through procfs has that make, and take away, what it has of a process. */
static int own_namespace(const struct cloner *c)
{
	int fd = ioctl(c->pidfd, PIDFD_GET_PID_NAMESPACE, 0);

	return fd >= 0 ? fd : openat(c->setup->context->proc_fd, "self/ns/pid", O_RDONLY | O_CLOEXEC);
}

/* The table of descriptors is the launcher's still. */
static noreturn void born(struct cloner *c)
{
	struct jail_setup *s = c->setup;

	if (c->first)
		c->pidns_fd = own_namespace(c);
	futex_set(&c->answer, ANSWER_BORN);
	child_run(s);
}

/* The kernel's call itself: the child may not return from any function that its parent is still in, but call
 * others. */
static __attribute__((noinline)) long clone_shared(struct cloner *c)
{
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(SYS_clone3), "D"(&c->args), "S"(sizeof(c->args))
			 : "rcx", "r11", "memory");
	if (r == 0)
		born(c);
	return r;
}
#else
#define IS_WRITTEN_DOWN false

static long clone_shared(struct cloner *c)
{
	return -ENOSYS;
}
#endif

static int enter(const struct cloner *c)
{
	if (c->enter_fd >= 0)
		return RET_ERRNO(setns(c->enter_fd, CLONE_NEWPID));
	return c->first ? RET_ERRNO(unshare(CLONE_NEWPID)) : 0;
}

/* Each capability that is dropped has the kernel copy all credentials, and most are dropped by each payload:
 * what none of them keeps is dropped here, once. */
static void narrow(struct cloner *c)
{
	if (c->bounding & ~c->keep)
		c->bounding = caps_bounding(c->keep);
	c->setup->bounding = c->bounding;
}

/* From here until the payload's exec this thread waits in the kernel. One that can not leave the jail's PID
 * namespace is never asked again. */
static void carry_out(struct cloner *c)
{
	long r = enter(c);
	bool left;

	narrow(c);
	c->entered = r >= 0;
	if (r >= 0)
		r = clone_shared(c);
	keyed_forget();
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	left = (c->enter_fd < 0 && !c->first) || setns(c->back_fd, CLONE_NEWPID) >= 0;
	if (r < 0) {
		c->error = (int)r;
		futex_set(&c->answer, ANSWER_FAILED);
	} else if (__atomic_load_n(&c->answer, __ATOMIC_ACQUIRE) == ANSWER_NONE)
		futex_set(&c->answer, ANSWER_BORN); /* and killed at once */
	if (left)
		__atomic_store_n(&c->busy, 0, __ATOMIC_RELEASE);
}

/* It has the launcher's name, as its payloads do until their exec: records about them are told by it. */
static void *work(void *arg)
{
	struct cloner *c = arg;

	c->bounding = caps_bounding(CAPS_ALL);
	futex_set(&c->answer, ANSWER_READY);
	while (futex_await(&c->order) == ORDER_CLONE) {
		__atomic_store_n(&c->order, ORDER_NONE, __ATOMIC_RELAXED);
		carry_out(c);
	}
	return NULL;
}

/* With the bounding set of who calls this, which is all that the launcher has. Signals are the launcher's. */
static int start_thread(struct cloner *c)
{
	pthread_attr_t attributes;
	sigset_t all, old;
	int r = -pthread_attr_init(&attributes);

	if (r < 0)
		return r;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	*c = (struct cloner){ .busy = 0 };
	r = -pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (r >= 0)
		r = -pthread_create(&c->thread, &attributes, work, c);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_attr_destroy(&attributes);
	c->there = r >= 0;
	return r;
}

int jail_share_memory(struct jail_context *c)
{
	int r = 0;

	if (!IS_WRITTEN_DOWN)
		return 0;
	c->cloners = calloc(1, sizeof(*c->cloners));
	if (!c->cloners)
		return -ENOMEM;
	c->cloners->owner = getpid();
	c->cloners->keep = CAPS_ALL;
	for (size_t i = 0; r >= 0 && i < CLONERS; i++)
		r = start_thread(&c->cloners->all[i]);
	for (size_t i = 0; i < CLONERS; i++)
		if (c->cloners->all[i].there)
			(void)futex_await(&c->cloners->all[i].answer);
	return r;
}

void cloners_keep(struct jail_context *c, uint64_t capabilities)
{
	if (c->cloners)
		c->cloners->keep = capabilities;
}

/* One whose payload stands still is not waited for. */
static bool end_thread(struct cloner *c)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NSEC };

	for (int i = 0; i < PAUSES && __atomic_load_n(&c->busy, __ATOMIC_ACQUIRE) != 0; i++)
		(void)nanosleep(&pause, NULL);
	if (__atomic_load_n(&c->busy, __ATOMIC_ACQUIRE) != 0)
		return false;
	futex_set(&c->order, ORDER_END);
	(void)pthread_join(c->thread, NULL);
	return true;
}

void cloners_close(struct jail_context *c)
{
	struct jail_cloners *cs = steal_ptr(c->cloners);
	bool ended = true;

	for (size_t i = 0; cs && cs->owner == getpid() && i < ELEMENTSOF(cs->all); i++)
		if (cs->all[i].there)
			ended &= end_thread(&cs->all[i]);
	/* the thread still has it, and ends with the process */
	if (ended)
		free(cs);
}

/* The next one that waits for an order, and whose set has all of these capabilities. */
static struct cloner *find_with(struct jail_cloners *cs, uint64_t capabilities)
{
	for (size_t i = 0; i < ELEMENTSOF(cs->all); i++) {
		struct cloner *c = &cs->all[i];

		if (c->there && __atomic_load_n(&c->busy, __ATOMIC_ACQUIRE) == 0 &&
			(capabilities & ~c->bounding) == 0)
			return c;
	}
	return NULL;
}

/* Another thread for one that waits for an order; or NULL. */
static struct cloner *replace(struct jail_cloners *cs, struct cloner *old)
{
	struct cloner *c = cs->all;

	while (c->there)
		c++;
	if (!old || start_thread(c) < 0)
		return NULL;
	(void)end_thread(old);
	old->there = false;
	(void)futex_await(&c->answer);
	return c;
}

/* A capability that a thread has dropped it gets back by no way. So where none has all that the payload
 * keeps, as a profile does that was not in force when they dropped it, another one takes a free one's place.
 * Where all are busy, there is none. */
static struct cloner *find_free(const struct jail_setup *s)
{
	struct jail_cloners *cs = s->context->cloners;
	struct cloner *c;

	if (!cs || cs->owner != getpid())
		return NULL;
	c = find_with(cs, s->spec->bounding);
	return c ? c : replace(cs, find_with(cs, 0));
}

/* A user namespace to map ids takes a child of the child's, which would be a copy of all. */
static bool maps_ids(const struct jail_setup *s)
{
	for (size_t i = 0; i < s->mounts.n; i++)
		if (s->mounts.items[i].idmap)
			return true;
	return s->users.wanted;
}

bool cloner_takes(const struct jail_setup *s)
{
	return !s->spec->park && !s->spec->deny_write_execute && !maps_ids(s) &&
	       !(s->namespaces.clone_flags & CLONE_NEWTIME) && find_free(s);
}

static void free_shared(struct jail_shared *k)
{
	jail_spec_done(&k->spec);
	free(k->working_directory);
	free(k->caller_gids);
	free(k);
}

/* What a spec borrows from whoever asks for the launch, and not from a catalog. */
static bool copy_borrowed(struct jail_shared *k)
{
	struct jail_spec *spec = &k->spec;
	const size_t size = spec->n_caller_gids * sizeof(*spec->caller_gids);

	k->working_directory = strdup(spec->working_directory);
	k->caller_gids = malloc(size + 1);
	if (!k->working_directory || !k->caller_gids)
		return false;
	if (size > 0)
		memcpy(k->caller_gids, spec->caller_gids, size);
	spec->working_directory = k->working_directory;
	spec->caller_gids = k->caller_gids;
	return true;
}

/* What a template has of memory lives as long as its descriptors have users. */
static void keep_template(struct jail_shared *k)
{
	struct mount_plan *m = &k->setup.mounts;

	if (!m->template)
		return;
	k->template = *m->template;
	(void)template_fds_ref(k->template.fds);
	m->template = &k->template;
}

static struct jail_shared *keep(const struct jail_setup *s)
{
	struct jail_shared *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->spec = *s->spec;
	k->spec.lent = true;
	if (!copy_borrowed(k)) {
		free_shared(k);
		return NULL;
	}
	k->setup = *s;
	k->setup.spec = k->setup.mounts.spec = &k->spec;
	keep_template(k);
	return k;
}

void shared_release(struct jail *j)
{
	struct jail_shared *k = steal_ptr(j->shared);

	if (!k)
		return;
	if (k->setup.mounts.template)
		(void)template_fds_unref(k->template.fds);
	mount_plan_done(&k->setup.mounts);
	filter_plan_done(&k->setup.filter);
	free_shared(k);
}

void jail_keep_spec(struct jail *j, struct jail_spec *spec)
{
	if (!j->shared || spec->lent)
		return;
	j->shared->spec.lent = false;
	spec->lent = true;
}

static void give_order(struct cloner *c, const struct jail_setup *s, struct jail *j, uint64_t flags)
{
	c->args = (struct clone_args){
		.flags = flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_PARENT_SETTID |
			 (j->cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&c->pidfd,
		.parent_tid = (uint64_t)(uintptr_t)&c->pid,
		.exit_signal = SIGCHLD,
		.cgroup = j->cgroup_fd >= 0 ? (uint64_t)(unsigned)j->cgroup_fd : 0,
	};
	c->setup = &j->shared->setup;
	c->keep = s->context->cloners->keep | s->spec->bounding;
	c->back_fd = s->context->pidns_fd;
	c->pidfd = c->pidns_fd = -1;
	c->answer = ANSWER_NONE;
	c->busy = 1;
	futex_set(&c->order, ORDER_CLONE);
}

static pid_t take_answer(const struct cloner *c, struct jail *j)
{
	if (futex_await(&c->answer) == ANSWER_FAILED)
		return c->error;
	j->pidfd = c->pidfd;
	if (!c->first)
		return c->pid;
	j->pidns_fd = fd_move_high(c->pidns_fd);
	return j->pidns_fd < 0 ? -ECHILD : c->pid;
}

pid_t cloner_start(struct jail_setup *s, uint64_t flags, int pidns_fd, struct jail *j, bool *ret_entered)
{
	struct cloner *c = find_free(s);
	pid_t pid;

	*ret_entered = true;
	j->shared = c ? keep(s) : NULL;
	if (!j->shared)
		return -ENOMEM;
	c->enter_fd = pidns_fd;
	c->first = pidns_fd < 0 && s->namespaces.pid;
	give_order(c, s, j, flags);
	pid = take_answer(c, j);
	*ret_entered = j->pidfd >= 0 || c->entered;
	/* what both own is the setup's again where there is nobody else */
	if (j->pidfd < 0) {
		j->shared->setup.mounts = (struct mount_plan){ .template = j->shared->setup.mounts.template };
		j->shared->setup.filter = (struct filter_plan){ 0 };
		shared_release(j);
	} else {
		s->mounts = (struct mount_plan){ .template = s->mounts.template };
		s->filter = (struct filter_plan){ 0 };
	}
	return pid;
}
