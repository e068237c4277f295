/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Payloads' processes that stand still before their first word, and cloners that do (daemon/jail/cloner.c):
 * the launcher does not wait for them for ever, what it was building fails, and others are launched
 * meanwhile. A seccomp filter of the cloners holds them up here, in a call that they make, as a signal or the
 * freezer would. The launcher is a child of this process. Row J7 of the threat model.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/process.h"
#include "harness.h"
#include "jail/alone.h"
#include "jail/steps.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PIDFD_GET_PID_NAMESPACE
#define PIDFD_GET_PID_NAMESPACE _IO(0xFF, 5)
#endif

#define TIMEOUT_MSEC 20000
#define PATIENCE     (8 * UINT64_C(1000000)) /* of who waits for the launcher, which itself has less */
#define CLONERS      8                       /* as many as cloner.c has */
#define TRIES        1000
#define CALLER       2000   /* user and group, and the next group */
#define BORN_USEC    300000 /* more than it takes until one builds */

/* Which call of theirs waits: its number, and one of its arguments. */
struct held {
	struct rig *rig;
	uint32_t call, argument, value;
	uint32_t other; /* another call that waits, whatever its arguments are, and how often one did */
	uint32_t n_others;
	int refusal;  /* what others that are refused are told */
	int listener; /* where they are heard of */
};

static struct held held;

static int hold(const struct held *h)
{
	const uint32_t low = (uint32_t)(offsetof(struct seccomp_data, args) + h->argument * sizeof(uint64_t));
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, h->other, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, h->call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, h->value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = sizeof(program) / sizeof(program[0]), .filter = program };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}

/* The cloners have the filter of whoever makes them; inits are copies of us. */
static void *make_cloners(void *arg)
{
	struct held *h = arg;

	h->rig->sharer = getpid();
	h->listener = hold(h);
	if (h->listener < 0 || jail_share_memory(&h->rig->context) < 0)
		return arg;
	rig_without_maker(h->rig);
	return NULL;
}

static bool begin_with(struct rig *r, uint32_t call, uint32_t argument, uint32_t value, uint32_t other)
{
	pthread_t thread;
	void *failed;

	held = (struct held){ r, call, argument, value, other, 0, -EPERM, -1 };
	return pthread_create(&thread, NULL, make_cloners, &held) == 0 &&
	       pthread_join(thread, &failed) == 0 && !failed;
}

static bool begin(struct rig *r, uint32_t call, uint32_t argument, uint32_t value)
{
	return begin_with(r, call, argument, value, UINT32_MAX);
}

/* Whoever makes the call, or has made it, goes on from now on. */
static void *let_go(void *arg)
{
	struct seccomp_notif call;
	struct seccomp_notif_resp resp;

	for (;;) {
		memset(&call, 0, sizeof(call));
		if (ioctl(held.listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
			continue;
		if ((uint32_t)call.data.nr == held.other)
			(void)__atomic_fetch_add(&held.n_others, 1, __ATOMIC_SEQ_CST);
		resp = (struct seccomp_notif_resp){ .id = call.id,
			.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
		(void)ioctl(held.listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
	return arg;
}

static bool begin_beside(void *(*what)(void *))
{
	pthread_t thread;

	return pthread_create(&thread, NULL, what, NULL) == 0;
}

/* Who makes the call does not get it. */
static void *refuse(void *arg)
{
	struct seccomp_notif call;
	struct seccomp_notif_resp resp;

	for (;;) {
		memset(&call, 0, sizeof(call));
		if (ioctl(held.listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
			continue;
		resp = (struct seccomp_notif_resp){ .id = call.id, .error = held.refusal };
		if (ioctl(held.listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) == 0)
			(void)__atomic_fetch_add(&held.n_others, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

/* Who makes the call comes no further. */
static void *kill_them(void *arg)
{
	struct seccomp_notif call;

	for (;;) {
		memset(&call, 0, sizeof(call));
		if (ioctl(held.listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0)
			(void)kill((pid_t)call.pid, SIGKILL);
	}
	return arg;
}

/* Nothing is left of what was given up: no child of the launcher's. */
static bool collected(struct rig *r)
{
	for (int i = 0; i < TIMEOUT_MSEC; i++) {
		siginfo_t unused;

		(void)jail_collect(&r->context);
		if (waitid(P_ALL, 0, &unused, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD)
			return true;
		(void)usleep(1000);
	}
	return false;
}

/* What was begun fails, after a while, and leaves no jail. */
static bool fails_in_time(struct rig *r, int (*start)(struct rig *r))
{
	const uint64_t begun = now_boottime_usec();

	return start(r) == -ETIMEDOUT && r->jail.pidfd < 0 && r->jail.init_pidfd < 0 &&
	       r->error.stage == STAGE_NAMESPACES && now_boottime_usec() - begun < PATIENCE;
}

static bool launches(struct rig *r, bool shares)
{
	r->spec.id += 1000;
	if (START(r, "sleep", "1000") < 0 || (r->jail.shared != NULL) != shares)
		return false;
	if (jail_go(&r->jail, &r->spec) < 0 || rig_report(r) != 1)
		return false;
	jail_done(&r->context, &r->jail);
	return true;
}

/* As many as there are, at a time. */
static bool has_cloners(struct rig *r)
{
	struct jail waiting[CLONERS];
	bool all = true;

	for (size_t i = 0; i < CLONERS; i++) {
		r->spec.id += 1000;
		all &= rig_start_again(r) == 0 && r->jail.shared;
		waiting[i] = r->jail;
		r->jail = JAIL_NULL;
	}
	for (size_t i = 0; i < CLONERS; i++)
		jail_done(&r->context, &waiting[i]);
	return all;
}

static bool has_all_cloners(struct rig *r)
{
	rig_arguments(r, ARGS("sleep", "1000"));
	for (int i = 0; i < TRIES; i++) {
		if (has_cloners(r))
			return collected(r);
		(void)usleep(10000);
	}
	return false;
}

static int again(struct rig *r)
{
	rig_arguments(r, ARGS("sleep", "1000"));
	return rig_start_again(r);
}

/* As if nobody had been held. */
static int recovers(struct rig *r)
{
	if (!launches(r, true))
		return 3;
	if (!collected(r))
		return 4;
	return has_all_cloners(r) ? 0 : 5;
}

/* A child that is held before it has said that it is there. Killed, it is over. */
static int child_ahead(struct rig *r)
{
	if (!begin(r, SYS_prctl, 0, PR_SET_PDEATHSIG))
		return 1;
	return fails_in_time(r, rig_spare) ? recovers(r) : 2;
}

static void test_child_ahead(void **state)
{
	assert_int_equal(rig_as_child(*state, child_ahead), 0);
}

/* With neither init nor control group to be killed by. */
static int child_ahead_alone(struct rig *r)
{
	r->spec.run_as_init = true;
	r->context.cgroup_fd = fd_close(r->context.cgroup_fd);
	return child_ahead(r);
}

static void test_child_ahead_alone(void **state)
{
	assert_int_equal(rig_as_child(*state, child_ahead_alone), 0);
}

/* The same for a launch's own. */
static int child(struct rig *r)
{
	if (!begin(r, SYS_ioctl, 1, PIDFD_GET_PID_NAMESPACE))
		return 1;
	r->spec.run_as_init = true;
	if (!fails_in_time(r, again) || r->jail.shared)
		return 2;
	r->spec.run_as_init = false;
	return recovers(r);
}

static void test_child(void **state)
{
	assert_int_equal(rig_as_child(*state, child), 0);
}

/* A cloner that is held before it has cloned, and goes on when nobody waits for it any more. */
static int cloner(struct rig *r, int (*start)(struct rig *r))
{
	const uint32_t namespaces = r->spec.namespaces;
	const bool run_as_init = r->spec.run_as_init;

	if (!fails_in_time(r, start))
		return 2;
	/* it is not asked again, and the next one is held, too */
	r->spec.id += 1000;
	if (!fails_in_time(r, start))
		return 3;
	/* the others launch what makes no such call */
	r->spec.namespaces &= ~JAIL_NS_PID;
	r->spec.run_as_init = false;
	if (r->cgroup && !launches(r, true))
		return 4;
	r->spec.namespaces = namespaces;
	r->spec.run_as_init = run_as_init;
	return begin_beside(let_go) && has_all_cloners(r) ? 0 : 5;
}

static int cloner_enters(struct rig *r)
{
	return begin(r, SYS_setns, 1, CLONE_NEWPID) ? cloner(r, rig_spare) : 1;
}

static int cloner_unshares(struct rig *r)
{
	r->spec.run_as_init = true;
	return begin(r, SYS_unshare, 0, CLONE_NEWPID) ? cloner(r, rig_spare) : 1;
}

static int cloner_launches(struct rig *r)
{
	r->spec.run_as_init = true;
	return begin(r, SYS_unshare, 0, CLONE_NEWPID) ? cloner(r, again) : 1;
}

/* A child that is born then does nothing of what a payload does, which begins a session. */
static int born_late(struct rig *r)
{
	r->spec.run_as_init = true;
	/* in one that has been taken away nobody would be born */
	r->context.cgroup_fd = fd_close(r->context.cgroup_fd);
	if (!begin_with(r, SYS_unshare, 0, CLONE_NEWPID, SYS_setsid) || !fails_in_time(r, rig_spare))
		return 1;
	if (!begin_beside(let_go))
		return 2;
	(void)usleep(BORN_USEC);
	if (!collected(r) || __atomic_load_n(&held.n_others, __ATOMIC_SEQ_CST) != 0)
		return 2;
	return has_all_cloners(r) && __atomic_load_n(&held.n_others, __ATOMIC_SEQ_CST) >= CLONERS ? 0 : 3;
}

static void test_born_late(void **state)
{
	assert_int_equal(rig_as_child(*state, born_late), 0);
}

/* Where the control group has been taken away meanwhile the kernel gives a number for the child's pidfd, and
 * takes it back. What has that number then is not the child's. The cloner has made one before. */
static int not_born(struct rig *r)
{
	const bool used = begin(r, SYS_unshare, 0, CLONE_NEWPID) && launches(r, true);
	int other;
	pid_t pid;

	r->spec.run_as_init = true;
	if (!used || !fails_in_time(r, rig_spare) || !begin_beside(let_go))
		return 1;
	(void)usleep(BORN_USEC);
	pid = fork();
	if (pid == 0) {
		(void)pause();
		_exit(1);
	}
	/* the lowest number, as that was */
	other = process_pidfd_open(pid);
	(void)jail_collect(&r->context);
	(void)usleep(BORN_USEC);
	if (fcntl(other, F_GETFD) < 0 || process_has_ended(other) || kill(pid, SIGKILL) < 0)
		return 2;
	return waitpid(pid, NULL, 0) == pid && has_all_cloners(r) ? 0 : 3;
}

static void test_not_born(void **state)
{
	assert_int_equal(rig_as_child(*state, not_born), 0);
}

/* The launcher's descriptors of what is called so. */
static size_t count_open(const char *what)
{
	char path[PATH_MAX];
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		ssize_t size = readlinkat(dirfd(d), e->d_name, path, sizeof(path) - 1);

		path[size > 0 ? size : 0] = '\0';
		n += strstr(path, what) != NULL;
	}
	(void)closedir(d);
	return n;
}

/* What it goes on with means what it meant, however long that takes. */
static int keeps_numbers(struct rig *r)
{
	const size_t groups = count_open("/sandbox-"), namespaces = count_open("pid:[");

	if (!begin(r, SYS_setns, 1, CLONE_NEWPID) || !fails_in_time(r, rig_spare))
		return 1;
	(void)jail_collect(&r->context);
	if (count_open("pid:[") != namespaces + 1 || count_open("/sandbox-") != groups + (r->cgroup != NULL))
		return 2;
	if (!begin_beside(let_go))
		return 3;
	for (int i = 0; count_open("pid:[") != namespaces || count_open("/sandbox-") != groups; i++) {
		if (i == TIMEOUT_MSEC)
			return 4;
		(void)jail_collect(&r->context);
		(void)usleep(1000);
	}
	return 0;
}

static void test_keeps_numbers(void **state)
{
	assert_int_equal(rig_as_child(*state, keeps_numbers), 0);
}

static void test_cloner(void **state)
{
	assert_int_equal(rig_as_child(*state, cloner_enters), 0);
	assert_int_equal(rig_as_child(*state, cloner_unshares), 0);
	assert_int_equal(rig_as_child(*state, cloner_launches), 0);
}

/* Of a child that is killed before its first word the namespace that it was to be the first of is not known.
 */
static int killed(struct rig *r)
{
	r->spec.run_as_init = true;
	if (!begin(r, SYS_ioctl, 1, PIDFD_GET_PID_NAMESPACE) || !begin_beside(kill_them))
		return 1;
	if (again(r) != -ECHILD || r->jail.pidfd >= 0)
		return 2;
	if (rig_spare(r) != -ECHILD || r->jail.pidfd >= 0)
		return 3;
	r->spec.run_as_init = false;
	return collected(r) && has_all_cloners(r) ? 0 : 4;
}

static void test_killed(void **state)
{
	assert_int_equal(rig_as_child(*state, killed), 0);
}

/* What can not be is said by its own name. A spare jail is of use without. */
static int cannot_enter(struct rig *r)
{
	r->spec.run_as_init = true;
	if (!begin(r, SYS_unshare, 0, CLONE_NEWPID) || !begin_beside(refuse))
		return 1;
	if (again(r) != -EPERM || !strstr(r->error.object, "PID namespace"))
		return 2;
	if (rig_spare(r) != 0 || r->jail.ahead)
		return 3;
	jail_done(&r->context, &r->jail);
	r->spec.id += 1000;
	r->spec.run_as_init = false;
	return launches(r, true) ? 0 : 4;
}

static void test_cannot_enter(void **state)
{
	assert_int_equal(rig_as_child(*state, cannot_enter), 0);
}

/* One that the kernel has not got, of those that the child makes when it begins, has its name, too. */
static int lacks(struct rig *r)
{
	static const char named[] = "PrivateMounts=: this kernel has no mount namespaces";
	const int proc_fd = r->context.proc_fd;
	int result;

	r->spec.namespaces &= ~JAIL_NS_IPC;
	if (!begin(r, SYS_unshare, 0, CLONE_NEWNS) || rig_spare(r) < 0 || !r->jail.ahead)
		return 1;
	held.refusal = -EINVAL;
	r->context.proc_fd = open(r->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!begin_beside(refuse) || START(r, "sleep", "1000") < 0 || jail_go(&r->jail, &r->spec) < 0)
		return 2;
	result = rig_report(r);
	jail_done(&r->context, &r->jail);
	r->context.proc_fd = proc_fd;
	return result == -EOPNOTSUPP && strcmp(r->error.object, named) == 0 ? 0 : 3;
}

static void test_lacks(void **state)
{
	assert_int_equal(rig_as_child(*state, lacks), 0);
}

/* A directory that the caller may look into by the last of these groups alone. */
static bool fill_slot(struct rig *r, gid_t *gids, size_t n)
{
	static char name[] = "data", place[] = "/slot";
	static struct mount_slot slot = { name, place, MOUNT_READ_ONLY };
	const char *source = rig_mkdir(r, "source", 0750);

	r->spec.slots = calloc(1, sizeof(*r->spec.slots));
	if (!r->spec.slots || chown(source, 0, gids[n - 1]) < 0)
		return false;
	r->spec.slots[0] = (struct jail_slot){
		.slot = &slot, .source = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .read_only = true
	};
	r->spec.n_slots = 1;
	r->spec.caller_uid = CALLER;
	r->spec.caller_gids = gids;
	r->spec.n_caller_gids = n;
	return r->spec.slots[0].source >= 0;
}

static bool goes_ahead;

/* What belongs to who asked goes when he was answered, and the child has not come to it. */
static int borrowed(struct rig *r)
{
	char directory[] = "/tmp";
	gid_t gids[] = { CALLER, CALLER + 1 };
	struct stat now, wanted;

	r->spec.working_directory = directory;
	if (!fill_slot(r, gids, ELEMENTSOF(gids)) || !begin(r, SYS_umask, 0, SETUP_UMASK))
		return 1;
	if (goes_ahead && (rig_spare(r) < 0 || !r->jail.ahead))
		return 2;
	if (START(r, "sleep", "1000") < 0 || !r->jail.shared)
		return 3;
	memset(directory, 'x', strlen(directory));
	memset(gids, 0, sizeof(gids));
	if (!begin_beside(let_go) || jail_go(&r->jail, &r->spec) < 0 || rig_report(r) != 1)
		return 4;
	if (stat(rig_format(r, "/proc/%d/cwd", r->jail.pid), &now) < 0 ||
		stat(rig_format(r, "/proc/%d/root/tmp", r->jail.pid), &wanted) < 0)
		return 5;
	jail_done(&r->context, &r->jail);
	return now.st_dev == wanted.st_dev && now.st_ino == wanted.st_ino ? 0 : 6;
}

static void test_borrowed(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < 2; i++) {
		goes_ahead = i == 0;
		assert_int_equal(rig_as_child(r, borrowed), 0);
		assert_int_equal(rmdir(rig_format(r, "%s/source", r->directory)), 0);
	}
}

static bool is_in_ours(struct rig *r)
{
	struct stat ours, its;

	return stat("/proc/self/ns/pid", &ours) == 0 &&
	       stat(rig_format(r, "/proc/%d/ns/pid", r->jail.pid), &its) == 0 && ours.st_ino == its.st_ino;
}

/* A cloner that can not come back from a jail's PID namespace makes no payload of another jail. */
static int cannot_leave(struct rig *r)
{
	struct jail first;
	bool own;

	r->spec.run_as_init = true;
	if (!begin(r, SYS_setns, 1, CLONE_NEWPID) || !begin_beside(refuse))
		return 1;
	if (START(r, "sleep", "1000") < 0 || jail_go(&r->jail, &r->spec) < 0 || rig_report(r) != 1)
		return 2;
	for (int i = 0; __atomic_load_n(&held.n_others, __ATOMIC_SEQ_CST) == 0; i++) {
		if (i == TIMEOUT_MSEC)
			return 3;
		(void)usleep(1000);
	}
	(void)usleep(BORN_USEC);
	first = r->jail;
	r->jail = JAIL_NULL;
	r->spec.id += 1000;
	r->spec.run_as_init = false;
	r->spec.namespaces &= ~JAIL_NS_PID;
	own = START(r, "sleep", "1000") == 0 && r->jail.shared && is_in_ours(r);
	jail_done(&r->context, &r->jail);
	jail_done(&r->context, &first);
	return own ? 0 : 4;
}

static void test_cannot_leave(void **state)
{
	struct rig *r = *state;

	/* without a PID namespace it takes one */
	if (!r->cgroup)
		skip();
	assert_int_equal(rig_as_child(r, cannot_leave), 0);
}

/* With as many that are held as there are cloners, launches are copies. */
static int all_held(struct rig *r)
{
	if (!begin(r, SYS_setns, 1, CLONE_NEWPID))
		return 1;
	for (size_t i = 0; i < CLONERS; i++) {
		r->spec.id += 1000;
		if (!fails_in_time(r, again))
			return 2;
	}
	if (!launches(r, false))
		return 3;
	return begin_beside(let_go) && has_all_cloners(r) ? 0 : 4;
}

static void test_all_held(void **state)
{
	assert_int_equal(rig_as_child(*state, all_held), 0);
}

/* Of the launcher's end before it could ask for that a child is told nothing. Beside the launcher: says
 * whether it ends all the same. */
static noreturn void watch(pid_t launcher, int told_fd)
{
	struct seccomp_notif_resp resp = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	int launcher_fd = process_pidfd_open(launcher), fd;
	struct seccomp_notif call;
	struct pollfd p = { .events = POLLIN };
	char ended;

	memset(&call, 0, sizeof(call));
	while (ioctl(held.listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		;
	fd = process_pidfd_open((pid_t)call.pid);
	p.fd = launcher_fd;
	if (fd < 0 || kill(launcher, SIGKILL) < 0 || poll(&p, 1, TIMEOUT_MSEC) != 1)
		_exit(1);
	resp.id = call.id;
	if (ioctl(held.listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0)
		_exit(1);
	p.fd = fd;
	ended = poll(&p, 1, TIMEOUT_MSEC) == 1;
	_exit(write(told_fd, &ended, 1) == 1 ? 0 : 1);
}

static void test_launcher_ends(void **state)
{
	struct rig *r = *state;
	int told[2], status;
	pid_t launcher;
	char ended = 0;

	assert_int_equal(pipe(told), 0);
	launcher = fork();
	if (launcher == 0) {
		r->spec.run_as_init = true;
		if (!begin(r, SYS_prctl, 0, PR_SET_PDEATHSIG))
			_exit(1);
		if (fork() == 0)
			watch(getppid(), told[1]);
		(void)rig_spare(r);
		_exit(2);
	}
	(void)close(told[1]);
	assert_int_equal(waitpid(launcher, &status, 0), launcher);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(read(told[0], &ended, 1), 1);
	assert_true(ended);
	(void)close(told[0]);
	for (int i = 0;
		r->cgroup && rmdir(rig_format(r, "%s/sandbox-%ju", r->cgroup, (uintmax_t)r->spec.id)) < 0;
		i++) {
		assert_true(i < TIMEOUT_MSEC);
		(void)usleep(1000);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_child_ahead),
		TEST(test_child_ahead_alone),
		TEST(test_child),
		TEST(test_cloner),
		TEST(test_keeps_numbers),
		TEST(test_born_late),
		TEST(test_not_born),
		TEST(test_killed),
		TEST(test_cannot_enter),
		TEST(test_lacks),
		TEST(test_borrowed),
		TEST(test_cannot_leave),
		TEST(test_all_held),
		TEST(test_launcher_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	if (!ROOM_STANDS_ALONE)
		return 77; /* there are no cloners */
	return rig_main(run);
}
