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
 * A process can be made ahead, too, as part of a spare jail (jail_spec.spare): it has done what is the same
 * for all, and waits at a futex for its setup, with nothing of a profile or a caller. Its cloner waits with
 * it, so launches are left half of them. It ends with the launcher, by PR_SET_PDEATHSIG, which is the end of
 * its cloner's thread. The table of descriptors that it shares meanwhile is the launcher's of the moment in
 * which it is told to begin: what it needs is there by then, under the same numbers, and from there on
 * everything is as with one that is cloned then. The kernel counts who waits in vfork(2) as one that runs, in
 * the load average: so they are there only while launches follow each other (registry/parked.c).
 *
 * Whoever may stop or freeze the launcher's children, which is root, could do so before a child's first word.
 * The launcher waits for that for two seconds, and then gives the order up: either the word is said or that
 * is, whichever is first, and a child that was given up ends instead of saying it. It is killed, what is
 * built fails, and its cloner is out of use, with the descriptors of its order, until the child has ended.
 *
 * On machines whose calls are not written down here all payloads are copies.
 */

#include "jail/cloner.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "jail/init.h"

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

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#define CLONERS        8
#define CLONERS_KEPT   4 /* of them are for launches that find nothing made ahead */
#define AHEAD_FLAGS    CLONE_NEWUTS
#define STACK_SIZE     (512 * 1024) /* a payload's set-up takes the fewest of its pages */
#define PAUSE_NSEC     1000000      /* between looks whether a payload that was killed has ended, */
#define PAUSES         100          /* as often at most */
#define PERMYRIAD_SURE 1000         /* of the tasks that a kernel can have, which are no fewer than 20: two */
#define ANSWER_TURNS   20           /* that long, twenty times, until an order is given up: */
#define ANSWER_NSEC    100000000    /* a machine that stood still itself has not waited all that time */

enum order {
	ORDER_NONE,
	ORDER_CLONE,
	ORDER_END,
};

/* What one that was made ahead waits for. */
enum begin {
	BEGIN_NONE,
	BEGIN_LATER, /* the launcher lives, and has it */
	BEGIN_NOW,   /* there is a setup */
};

enum answer {
	ANSWER_NONE,
	ANSWER_BORN,
	ANSWER_FAILED,
	ANSWER_GIVEN_UP, /* by the launcher: nobody waits for one any more */
};

struct cloner {
	pthread_t thread;
	uint32_t busy;   /* from the order until it can take the next one; a futex of a new one */
	uint32_t order;  /* enum order, for the cloner; a futex */
	uint32_t answer; /* enum answer, for the launcher; a futex */
	uint32_t begin;  /* enum begin, for a child made ahead; a futex */
	/* of the order: */
	const struct jail_context *context;
	struct jail_setup *setup; /* of one made ahead, with BEGIN_NOW */
	bool ahead;
	struct clone_args args;
	uint64_t keep; /* of its bounding set */
	int enter_fd, back_fd;
	bool first; /* of a new PID namespace */
	/* of the answer: */
	int pidfd, pidns_fd, error;
	bool entered;
	pid_t pid; /* 0: nobody has been born */
	/* while it is not busy: */
	uint64_t bounding; /* its set, as the kernel says */
	bool there;        /* else there is no thread */
	/* the launcher's own: */
	bool given_up;   /* the last order, which is not over yet; */
	int kept_fds[2]; /* until then these numbers mean what they meant in it */
};

struct jail_cloners {
	pid_t owner;                    /* a copy of this process has no threads */
	uint64_t keep;                  /* of the bounding set: what a profile may keep */
	struct cloner all[CLONERS + 1]; /* one has no thread, for that which takes another one's place */
};

/* Neither call fails for a reason that would last: whoever waits looks again, and is woken up for certain. */
static void futex_wake(uint32_t *word)
{
	while (syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) < 0)
		(void)sched_yield();
}

static void futex_set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	futex_wake(word);
}

/* Until it is another one than this. False: it was not in time. */
static bool futex_await(const uint32_t *word, uint32_t value, const struct timespec *patience)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
		if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, patience, NULL, 0) < 0 &&
			errno == ETIMEDOUT)
			return false;
	return true;
}

/* The same for the launcher, which waits for nobody without end. */
static bool futex_await_soon(const uint32_t *word, uint32_t value)
{
	static const struct timespec turn = { .tv_nsec = ANSWER_NSEC };
	int i = 0;

	while (i < ANSWER_TURNS && !futex_await(word, value, &turn))
		i++;
	return i < ANSWER_TURNS;
}

/* False: there is one already. */
static bool answer(struct cloner *c, enum answer value)
{
	uint32_t none = ANSWER_NONE;

	if (!__atomic_compare_exchange_n(&c->answer, &none, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return false;
	futex_wake(&c->answer);
	return true;
}

#if defined(__x86_64__)
#define IS_WRITTEN_DOWN true

#ifndef PIDFD_GET_PID_NAMESPACE
#define PIDFD_GET_PID_NAMESPACE _IO(0xFF, 5)
#endif

/* Only a process in the namespace can open it by right. Its pidfd was there before it was, and knows (Linux
 * 6.11); a way through procfs has that make, and take away, what it has of a process. */
static int own_namespace(const struct cloner *c)
{
	int fd = ioctl(c->pidfd, PIDFD_GET_PID_NAMESPACE, 0);

	return fd >= 0 ? fd : openat(c->context->proc_fd, "self/ns/pid", O_RDONLY | O_CLOEXEC);
}

/* What is the same for all. */
static int prepare_ahead(const struct cloner *c)
{
	const struct namespace_plan own = { .cgroup = true };
	struct jail_error unused;
	int r = apply_undumpable(&unused);

	if (r >= 0)
		r = apply_session(c->context->ignored_signals, &unused);
	if (r >= 0)
		r = apply_own_session(&unused);
	if (r >= 0)
		r = apply_keyring(&unused);
	return r < 0 ? r : apply_namespaces(c->context, &own, &unused);
}

/* It ends with the launcher. Of one that had died before it said so the kernel tells nothing: so this one has
 * to be heard of after that. It is taken back, since it would outlive the exec. */
static void await_setup(struct cloner *c)
{
	static const struct timespec patience = { .tv_sec = 1 };

	if (prepare_ahead(c) < 0 || !futex_await(&c->begin, BEGIN_NONE, &patience))
		_exit(1);
	(void)futex_await(&c->begin, BEGIN_LATER, NULL);
	if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		_exit(1);
}

/* The table of descriptors is the launcher's still. What was given up has no setup any more. */
static noreturn void born(struct cloner *c)
{
	if (c->first)
		c->pidns_fd = own_namespace(c);
	if (c->ahead && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		_exit(1);
	if (!answer(c, ANSWER_BORN))
		_exit(1);
	if (c->ahead)
		await_setup(c);
	c->setup->bounding = c->bounding;
	child_run(c->setup);
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
}

/* AddressSanitizer marks what functions have on the stack, and a child that was killed has not taken its
 * marks back. */
static void forget_marks(void)
{
#ifdef __SANITIZE_ADDRESS__
	const uint8_t *here = __builtin_frame_address(0);

	__asan_unpoison_memory_region(here - STACK_SIZE / 2, STACK_SIZE / 2);
#endif
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
	forget_marks();
	keyed_forget();
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	left = (c->enter_fd < 0 && !c->first) || setns(c->back_fd, CLONE_NEWPID) >= 0;
	c->error = (int)r;
	/* a child that has not said so itself was killed at once */
	(void)answer(c, r < 0 ? ANSWER_FAILED : ANSWER_BORN);
	if (left)
		__atomic_store_n(&c->busy, 0, __ATOMIC_RELEASE);
}

/* It has the launcher's name, as its payloads do until their exec: records about them are told by it. */
static void *work(void *arg)
{
	struct cloner *c = arg;

	c->bounding = caps_bounding(CAPS_ALL);
	futex_set(&c->busy, 0);
	while (futex_await(&c->order, ORDER_NONE, NULL) &&
		__atomic_load_n(&c->order, __ATOMIC_ACQUIRE) == ORDER_CLONE) {
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
	*c = (struct cloner){ .busy = 1 };
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
	(void)init_maker_open(c);
	c->cloners = calloc(1, sizeof(*c->cloners));
	if (!c->cloners)
		return -ENOMEM;
	c->cloners->owner = getpid();
	c->cloners->keep = CAPS_ALL;
	for (size_t i = 0; r >= 0 && i < CLONERS; i++)
		r = start_thread(&c->cloners->all[i]);
	for (size_t i = 0; i < CLONERS; i++)
		if (c->cloners->all[i].there)
			(void)futex_await_soon(&c->cloners->all[i].busy, 1);
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

static bool is_free(const struct cloner *c)
{
	return c->there && !c->given_up && __atomic_load_n(&c->busy, __ATOMIC_ACQUIRE) == 0;
}

/* The next one that waits for an order, and whose set has all of these capabilities. */
static struct cloner *find_with(struct jail_cloners *cs, uint64_t capabilities)
{
	for (size_t i = 0; i < ELEMENTSOF(cs->all); i++) {
		struct cloner *c = &cs->all[i];

		if (is_free(c) && (capabilities & ~c->bounding) == 0)
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
	return futex_await_soon(&c->busy, 1) ? c : NULL;
}

/* A capability that a thread has dropped it gets back by no way. So where none has all that the payload
 * keeps, as a profile does that was not in force when they dropped it, another one takes a free one's place.
 * Where all are busy, there is none. */
static struct cloner *find_or_replace(const struct jail_context *context, uint64_t capabilities)
{
	struct jail_cloners *cs = context->cloners;
	struct cloner *c;

	if (!cs || cs->owner != getpid())
		return NULL;
	c = find_with(cs, capabilities);
	return c ? c : replace(cs, find_with(cs, 0));
}

static struct cloner *find_free(const struct jail_setup *s)
{
	return find_or_replace(s->context, s->spec->bounding);
}

/* For what is made ahead, which may be any profile's, only while others are left. */
static struct cloner *find_beside(const struct jail_context *context)
{
	const struct jail_cloners *cs = context->cloners;
	size_t n = 0;

	for (size_t i = 0; cs && i < ELEMENTSOF(cs->all); i++)
		n += is_free(&cs->all[i]);
	return n > CLONERS_KEPT ? find_or_replace(context, cs->keep & context->bounding) : NULL;
}

/* A user namespace to map ids takes a child of the child's, which would be a copy of all. */
static bool maps_ids(const struct jail_spec *spec)
{
	for (size_t i = 0; i < spec->n_slots; i++)
		if (spec->slots[i].source >= 0 && (spec->slots[i].slot->flags & MOUNT_IDMAP))
			return true;
	return false;
}

static bool may_share(const struct jail_spec *spec)
{
	return !spec->park && !maps_ids(spec) &&
	       jail_may_share(spec->namespaces, spec->deny_write_execute, spec->mounts, spec->n_mounts);
}

bool cloner_takes(const struct jail_setup *s)
{
	return may_share(s->spec) && find_free(s);
}

/* The kernel looks at this limit when a process is made: one that is there already must be within it. */
static bool has_room(const struct jail *j, const struct jail_spec *spec)
{
	const struct group_value *v = spec->group ? &spec->group[GROUP_TASKS_MAX] : NULL;

	if (!v || v->unit == GROUP_UNSET)
		return true;
	return v->unit == GROUP_PERMYRIAD ? v->value >= PERMYRIAD_SURE
					  : v->value >= (j->init_pidfd >= 0 ? 2 : 1);
}

bool ahead_fits(const struct jail *j, const struct jail_spec *spec)
{
	return may_share(spec) && has_room(j, spec) && jail_waits(j) &&
	       (spec->bounding & ~j->ahead->bounding) == 0;
}

/* Where the jail has nothing that it looks at yet, it is made ahead. */
static void give_order(
	struct cloner *c, const struct jail_context *context, const struct jail *j, uint64_t flags)
{
	c->args = (struct clone_args){
		.flags = flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_PARENT_SETTID |
			 (j->cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&c->pidfd,
		.parent_tid = (uint64_t)(uintptr_t)&c->pid,
		.exit_signal = SIGCHLD,
		.cgroup = j->cgroup_fd >= 0 ? (uint64_t)(unsigned)j->cgroup_fd : 0,
	};
	c->setup = j->shared ? &j->shared->setup : NULL;
	c->ahead = !j->shared;
	c->begin = BEGIN_NONE;
	c->context = context;
	c->keep = context->cloners->keep | (j->shared ? j->shared->spec.bounding : 0);
	c->back_fd = context->pidns_fd;
	c->pidfd = c->pidns_fd = -1;
	c->pid = 0;
	c->answer = ANSWER_NONE;
	c->busy = 1;
	futex_set(&c->order, ORDER_CLONE);
}

/* The number that a cloner was given goes to it, and the jail has another one. Without one for it there is
 * nothing to kill. */
static int keep_fd(int *fd)
{
	int kept = *fd, other = kept < 0 ? -1 : fcntl(kept, F_DUPFD_CLOEXEC, kept);

	if (other < 0)
		return -1;
	*fd = other;
	return kept;
}

/* The kernel gives the pidfd's number before it knows whether anybody is born, and may take it back: it is
 * somebody else's then. The pid is told last. */
static int child_of(const struct cloner *c)
{
	return __atomic_load_n(&c->pid, __ATOMIC_ACQUIRE) != 0 ? c->pidfd : -1;
}

/* Its child, if it has one, is killed and waited for. Only who does that closes its pidfd. */
static bool is_over(const struct cloner *c)
{
	const bool busy = __atomic_load_n(&c->busy, __ATOMIC_ACQUIRE) != 0;
	const int pidfd = child_of(c);
	siginfo_t unused;

	if (pidfd < 0)
		return !busy;
	(void)process_signal(pidfd, SIGKILL);
	return process_wait(pidfd, WNOHANG, &unused) != 0 && !busy;
}

static void take_back(struct cloner *c)
{
	int fds[] = { child_of(c), c->pidns_fd, c->kept_fds[0], c->kept_fds[1] };

	fd_close_many(fds, ELEMENTSOF(fds));
	c->given_up = false;
}

void cloners_collect(const struct jail_context *context)
{
	struct jail_cloners *cs = context->cloners;

	for (size_t i = 0; cs && cs->owner == getpid() && i < ELEMENTSOF(cs->all); i++) {
		struct cloner *c = &cs->all[i];

		if (c->given_up && is_over(c))
			take_back(c);
	}
}

/* False: the order is given up. */
static bool await_answer(struct cloner *c, struct jail *j)
{
	if (futex_await_soon(&c->answer, ANSWER_NONE) || !answer(c, ANSWER_GIVEN_UP))
		return true;
	c->given_up = true;
	c->kept_fds[0] = keep_fd(&j->pidns_fd);
	c->kept_fds[1] = keep_fd(&j->cgroup_fd);
	(void)is_over(c);
	return false;
}

static pid_t take_answer(struct cloner *c, struct jail *j)
{
	if (!await_answer(c, j))
		return -ETIMEDOUT;
	if (__atomic_load_n(&c->answer, __ATOMIC_ACQUIRE) == ANSWER_FAILED)
		return c->error;
	j->pidfd = c->pidfd;
	if (!c->first)
		return c->pid;
	j->pidns_fd = fd_move_high(c->pidns_fd);
	return j->pidns_fd < 0 ? -ECHILD : c->pid;
}

/* It is the jail's now. */
static void disown(struct jail_setup *s)
{
	s->mounts = (struct mount_plan){ .template = s->mounts.template };
	s->filter = (struct filter_plan){ 0 };
}

pid_t cloner_start(struct jail_setup *s, uint64_t flags, int pidns_fd, struct jail *j, bool *ret_entered)
{
	struct cloner *c = find_free(s);
	pid_t pid;

	*ret_entered = true;
	j->shared = c ? shared_make(s) : NULL;
	if (!j->shared)
		return -ENOMEM;
	c->enter_fd = pidns_fd;
	c->first = pidns_fd < 0 && s->namespaces.pid;
	give_order(c, s->context, j, flags);
	pid = take_answer(c, j);
	*ret_entered = j->pidfd >= 0 || pid == -ETIMEDOUT || c->entered;
	/* what both own is the setup's again where there is nobody else */
	if (j->pidfd < 0) {
		j->shared->setup.mounts = (struct mount_plan){ .template = j->shared->setup.mounts.template };
		j->shared->setup.filter = (struct filter_plan){ 0 };
		shared_release(j);
	} else
		disown(s);
	return pid;
}

int ahead_start(const struct jail_context *context, struct jail *j)
{
	struct cloner *c = find_beside(context);
	pid_t pid;

	if (!c)
		return -EAGAIN;
	c->enter_fd = j->pidns_fd;
	c->first = j->pidns_fd < 0;
	give_order(c, context, j, AHEAD_FLAGS | CLONE_FILES | CLONE_CLEAR_SIGHAND);
	pid = take_answer(c, j);
	if (pid < 0)
		return (int)pid;
	j->pid = pid;
	j->pidfd = fd_move_high(j->pidfd);
	j->ahead = c;
	futex_set(&c->begin, BEGIN_LATER);
	return 0;
}

int ahead_begin(struct jail_setup *s, struct jail *j)
{
	struct cloner *c = steal_ptr(j->ahead);

	s->ahead = true;
	s->namespaces.late = s->namespaces.clone_flags & ~(uint64_t)AHEAD_FLAGS;
	s->namespaces.cgroup = false;
	j->shared = shared_make(s);
	if (!j->shared)
		return -ENOMEM;
	disown(s);
	c->setup = &j->shared->setup;
	futex_set(&c->begin, BEGIN_NOW);
	return 0;
}
