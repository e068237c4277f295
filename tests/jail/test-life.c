/* SPDX-License-Identifier: GPL-2.0-or-later */

/* From the start of a jail to its end: the go, signals, killing, what is left behind, the init. Rows J7, J36,
 * Q13 and Q22 of the threat model. */

#include "base/capability-names.h"
#include "base/capability.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/process.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY     32
#define RACES    100
#define ATTEMPTS 50000 /* each round of attack() makes eight */
#define SIGNALS  20
#define ORPHANS  10000

static void wait_built(struct rig *r)
{
	while (!r->jail.built) {
		struct pollfd p = { .fd = r->jail.report_fd, .events = POLLIN };

		assert_true(poll(&p, 1, 20000) > 0);
		assert_int_equal(jail_read_report(&r->jail, &r->error), 0);
	}
}

static void expect_status(const struct rig *r, int code, int status)
{
	assert_int_equal(r->status.si_code, code);
	assert_int_equal(r->status.si_status, status);
}

/* Without the go there is no exec, however long it takes; when the launcher is gone, the half-built jail
 * goes, too. */
static void test_no_go(void **state)
{
	struct rig *r = *state;

	assert_int_equal(START(r, "see"), 0);
	wait_built(r);
	assert_int_equal(jail_reap(&r->jail, &r->status), 0);
	r->jail.go_fd = fd_close(r->jail.go_fd);
	rig_finish(r);
	expect_status(r, CLD_EXITED, 127);
	rig_read(r, NULL);
	assert_string_equal(r->output, "");
}

static void test_no_go_is_reported(void **state)
{
	struct rig *r = *state;

	assert_int_equal(START(r, "see"), 0);
	wait_built(r);
	assert_int_equal(process_signal(r->jail.pidfd, SIGKILL), 0);
	assert_int_equal(rig_report(r), -ECHILD);
	assert_int_equal(r->error.stage, STAGE_EXEC);
}

/* In a process of its own: starts a jail, tells the pid of its init, and is gone. */
static noreturn void be_launcher(struct rig *r, int pipe_fd)
{
	pid_t init = -1;

	r->context.cgroup_fd = -1;
	if (START(r, "see") == 0)
		init = process_pid_in_procfs(r->context.proc_fd, r->jail.init_pidfd);
	(void)write_full(pipe_fd, &init, sizeof(init));
	_exit(init > 0 ? 0 : 1);
}

static void expect_end(pid_t pid, int code, int status)
{
	siginfo_t si = { 0 };

	assert_int_equal(waitid(P_PID, (id_t)pid, &si, WEXITED), 0);
	assert_int_equal(si.si_code, code);
	assert_int_equal(si.si_status, status);
}

/* What loses its parent comes to us, as it comes to the keeper. */
static void adopt_orphans(bool on)
{
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0), 0);
}

/* All of them have been killed, and who makes inits has ended, so this ends. Without a PID namespace they are
 * nobody else's to reap. */
static void reap_orphans(struct rig *r)
{
	siginfo_t si;

	rig_without_maker(r);
	while (waitid(P_ALL, 0, &si, WEXITED) == 0)
		;
	adopt_orphans(false);
}

/* The launcher dies for real, with its end of the go-pipe. */
static void test_launcher_dies(void **state)
{
	struct rig *r = *state;
	int fds[2];
	pid_t launcher, init;
	siginfo_t si = { 0 };

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	adopt_orphans(true);
	launcher = fork();
	if (launcher == 0)
		be_launcher(r, fds[1]);
	assert_int_equal(read_full(fds[0], &init, sizeof(init)), sizeof(init));
	expect_end(launcher, CLD_EXITED, 0);
	assert_true(init > 0);
	/* The payload ends by itself, by the end of the go-pipe or by SIGPIPE on its report. Init is the
	 * keeper's to kill: only then would the payload end, too, were it still there. Who made the init is
	 * killed with its launcher. */
	do
		assert_int_equal(waitid(P_ALL, 0, &si, WEXITED), 0);
	while (si.si_code == CLD_KILLED && si.si_status == SIGKILL && si.si_pid != init);
	assert_true((si.si_code == CLD_EXITED && si.si_status == 127) ||
		    (si.si_code == CLD_KILLED && si.si_status == SIGPIPE));
	assert_int_not_equal(si.si_pid, init);
	assert_int_equal(kill(init, SIGKILL), 0);
	expect_end(init, CLD_KILLED, SIGKILL);
	adopt_orphans(false);
	fd_close_many(fds, 2);
	rig_read(r, NULL);
	assert_string_equal(r->output, "");
}

static void test_go_once(void **state)
{
	struct rig *r = *state;

	assert_int_equal(START(r, "exit", "0"), 0);
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(jail_go(&r->jail, &r->spec), -EBADF);
	assert_int_equal(rig_report(r), 1);
	assert_int_equal(jail_read_report(&r->jail, &r->error), -EBADF);
	rig_finish(r);
}

/* A child that is gone must not end the launcher by SIGPIPE. */
static void test_go_to_the_dead(void **state)
{
	struct rig *r = *state;
	struct pollfd p = { .events = POLLIN };

	assert_int_equal(START(r, "exit", "0"), 0);
	p.fd = r->jail.pidfd;
	wait_built(r);
	assert_int_equal(process_signal(r->jail.pidfd, SIGKILL), 0);
	assert_int_equal(rig_report(r), -ECHILD);
	assert_true(poll(&p, 1, 20000) > 0);
	assert_int_equal(jail_go(&r->jail, &r->spec), -EPIPE);
	rig_finish(r);
	expect_status(r, CLD_KILLED, SIGKILL);
}

static void test_signal(void **state)
{
	struct rig *r = *state;

	rig_launch(r, ARGS("await-signal"));
	rig_read(r, "waiting");
	assert_int_equal(jail_signal(&r->jail, SIGUSR2, false), 0);
	rig_read(r, NULL);
	rig_finish(r);
	assert_value(r, "await-signal", rig_format(r, "ok %d", SIGUSR2));
	assert_int_equal(jail_signal(&r->jail, SIGUSR2, false), -ESRCH);
	assert_int_equal(jail_signal(&r->jail, SIGUSR2, true), -ESRCH);
}

/* Children in sessions of their own get it as well. The end of the output says that none is left. */
static void signal_all(struct rig *r)
{
	rig_launch(r, ARGS("leave-behind", "--", "leave-behind", "--", "leave-behind", "--", "await-signal"));
	rig_read(r, "waiting");
	assert_int_equal(jail_signal(&r->jail, SIGTERM, true), 0);
	rig_read(r, NULL);
	assert_value(r, "await-signal", rig_format(r, "ok %d", SIGTERM));
	rig_finish(r);
	expect_status(r, CLD_EXITED, 0);
}

static void test_signal_all(void **state)
{
	signal_all(*state);
}

static void test_signal_all_by_cgroup(void **state)
{
	struct rig *r = *state;

	if (!r->cgroup)
		skip();
	r->spec.namespaces &= ~JAIL_NS_PID;
	adopt_orphans(true);
	signal_all(r);
	reap_orphans(r);
}

/* Lowers the limit of open files so far that only this many can be opened. */
static void leave_free_fds(int count)
{
	struct rlimit l;
	int fd = 0;

	for (; count > 0; fd++)
		count -= fcntl(fd, F_GETFD) < 0;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &l), 0);
	l.rlim_cur = (rlim_t)fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
}

/* So few numbers are free that the members are signalled one at a time. */
static void test_signal_all_with_few_fds(void **state)
{
	struct rig *r = *state;
	struct rlimit old;

	if (!r->cgroup)
		skip();
	r->spec.namespaces &= ~JAIL_NS_PID;
	adopt_orphans(true);
	rig_launch(r, ARGS("leave-behind", "--", "leave-behind", "--", "leave-behind", "--", "await-signal"));
	rig_read(r, "waiting");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	leave_free_fds(1);
	assert_int_equal(jail_signal(&r->jail, SIGTERM, true), -EMFILE);
	leave_free_fds(2);
	assert_int_equal(jail_signal(&r->jail, SIGTERM, true), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	rig_read(r, NULL);
	assert_value(r, "await-signal", rig_format(r, "ok %d", SIGTERM));
	rig_finish(r);
	reap_orphans(r);
}

/* A payload with uid 0 or 65534 may signal what has that uid, too. Whom we send in to signal it must not be
 * stopped by it: the launcher waits for that one. */
static void test_signal_all_of_hostile(void **state)
{
	static const uid_t uids[] = { 0, 65534 };
	struct rig *r = *state;

	for (size_t i = 0; i < SIGNALS; i++) {
		r->spec.uid = r->spec.gid = uids[i % 2];
		r->spec.id += 1000;
		rig_launch(r, ARGS("stop-others"));
		usleep(2000);
		assert_int_equal(jail_signal(&r->jail, SIGUSR1, true), 0);
		rig_finish(r);
		expect_status(r, CLD_KILLED, SIGUSR1);
	}
}

/* The payload ends; what it left behind ends with it. */
static void leave_behind(struct rig *r)
{
	rig_launch(r, ARGS("leave-behind", "--", "forks", "20", "--", "exit", "5"));
	rig_finish(r);
	expect_status(r, CLD_EXITED, 5);
	rig_read(r, NULL);
	assert_value(r, "leave-behind", "ok");
	rig_await_lingering(r);
	assert_null(r->context.lingering);
}

static void test_left_behind(void **state)
{
	leave_behind(*state);
}

static void test_left_behind_by_cgroup(void **state)
{
	struct rig *r = *state;

	if (!r->cgroup)
		skip();
	r->spec.namespaces &= ~JAIL_NS_PID;
	adopt_orphans(true);
	leave_behind(r);
	reap_orphans(r);
}

static void test_left_behind_without_cgroup(void **state)
{
	struct rig *r = *state;
	int fd = r->context.cgroup_fd;

	r->context.cgroup_fd = -1;
	leave_behind(r);
	r->context.cgroup_fd = fd;
}

static void test_kill(void **state)
{
	struct rig *r = *state;

	rig_launch(r, ARGS("forks", "50", "--", "sleep", "1000"));
	rig_read(r, "sleeping");
	assert_int_equal(jail_signal(&r->jail, SIGKILL, true), 0);
	rig_read(r, NULL);
	rig_finish(r);
	expect_status(r, CLD_KILLED, SIGKILL);
}

/* Somebody kills the init: the payload dies with its namespace. */
static void test_init_dies(void **state)
{
	struct rig *r = *state;

	rig_launch(r, ARGS("sleep", "1000"));
	rig_read(r, "sleeping");
	assert_int_equal(process_signal(r->jail.init_pidfd, SIGKILL), 0);
	rig_finish(r);
	expect_status(r, CLD_KILLED, SIGKILL);
}

/* Dropped while it runs, without a look at it. */
static void test_done_at_once(void **state)
{
	struct rig *r = *state;

	rig_launch(r, ARGS("sleep", "1000"));
	jail_done(&r->context, &r->jail);
	assert_int_equal(r->jail.pidfd, -1);
	rig_await_lingering(r);
	assert_null(r->context.lingering);
	jail_done(&r->context, &r->jail);
	assert_int_equal(jail_reap(&r->jail, &r->status), -EBADF);
}

static void test_reap_again(void **state)
{
	struct rig *r = *state;
	siginfo_t again = { 0 };

	rig_launch(r, ARGS("exit", "9"));
	rig_read(r, NULL);
	while (jail_reap(&r->jail, &r->status) == 0)
		;
	assert_int_equal(jail_reap(&r->jail, &again), 1);
	assert_int_equal(again.si_status, 9);
	assert_int_equal(again.si_pid, r->jail.pid);
}

static void test_many_at_once(void **state)
{
	struct rig *r = *state;
	struct jail jails[MANY];

	rig_arguments(r, ARGS("sleep", "1000"));
	for (int i = 0; i < MANY; i++) {
		r->spec.id += 1000;
		assert_int_equal(rig_start_again(r), 0);
		assert_int_equal(jail_go(&r->jail, &r->spec), 0);
		jails[i] = r->jail;
	}
	for (int i = 0; i < MANY; i++) {
		r->jail = jails[i];
		assert_int_equal(rig_report(r), 1);
		jails[i] = r->jail;
	}
	for (int i = 0; i < MANY; i++)
		jail_kill(&jails[i]);
	for (int i = 0; i < MANY; i++)
		jail_done(&r->context, &jails[i]);
	r->jail = JAIL_NULL;
	rig_read(r, NULL);
}

/* All of them reaped by the jail's init, without it having done anything. */
static void test_orphans(void **state)
{
	struct rig *r = *state;

	/* those that have not had their turn yet get it meanwhile */
	RUN(r, "orphans", rig_format(r, "%d", ORPHANS), "--", "sleep", "1", "--", "list", "/proc");
	assert_value(r, "orphans", "ok");
	/* the last few may be on their way; thousands would not */
	assert_true(rig_count(r, "entry") < 20);
}

static const char *proc_text(struct rig *r, pid_t pid, const char *name)
{
	_cleanup_close_ int fd = open(rig_format(r, "/proc/%d/%s", pid, name), O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *data = NULL;
	size_t size;

	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, 1024 * 1024, &data, &size), 0);
	return rig_format(r, "%s", data);
}

static void wait_seccomp(struct rig *r, pid_t pid)
{
	for (int i = 0; i < 2000 && !strstr(proc_text(r, pid, "status"), "Seccomp:\t2"); i++)
		usleep(1000);
}

/* It owns nothing, can do nothing and see nothing. */
static void test_init_has_nothing(void **state)
{
	static const char *const lines[] = { "\nUid:\t65534\t65534\t65534\t65534\n",
		"\nGid:\t65534\t65534\t65534\t65534\n", "\nGroups:\t \n", "\nCapInh:\t0000000000000000\n",
		"\nCapPrm:\t0000000000000000\n", "\nCapEff:\t0000000000000000\n",
		"\nCapBnd:\t0000000000000000\n", "\nCapAmb:\t0000000000000000\n", "\nNoNewPrivs:\t1\n",
		"\nSeccomp:\t2\n" };
	struct rig *r = *state;
	const char *status;
	pid_t pid;

	rig_launch(r, ARGS("sleep", "1000"));
	pid = process_pid_in_procfs(r->context.proc_fd, r->jail.init_pidfd);
	assert_true(pid > 0);
	wait_seccomp(r, pid);
	status = proc_text(r, pid, "status");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strstr(status, lines[i]))
			fail_msg("%s is not in%s", lines[i], status);
	assert_null(strchr(proc_text(r, pid, "mountinfo"), '\n')[1] ? "more than one mount" : NULL);
	jail_kill(&r->jail);
	rig_finish(r);
}

/* Even with its uid, the payload neither ends nor stops it, nor looks into it. */
static void test_init_of_same_uid(void **state)
{
	struct rig *r = *state;

	r->spec.uid = r->spec.gid = 65534;
	RUN(r, "sleep", "0.05", "--", "kill", "1", "15", "--", "kill", "1", "9", "--", "kill", "1", "19",
		"--", "ptrace", "1", "--", "vm-read", "1", "--", "open", "/proc/1/mem", "--", "sleep", "0.05",
		"--", "args", "alive");
	assert_line(r, "arg alive");
	assert_value(r, "ptrace", "EPERM");
	assert_value(r, "vm-read", "EPERM");
	assert_value(r, "open", "ENOENT"); /* hidepid */
}

/* The page in which a jail's processes say what fails is theirs and the launcher's. */
static void test_report_is_no_others(void **state)
{
	struct rig *r = *state;
	unsigned char unused;
	int status;
	pid_t pid;

	assert_int_equal(START(r, "see"), 0);
	assert_non_null(r->jail.last_word);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(mincore(r->jail.last_word, 1, &unused) < 0 && errno == ENOMEM ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	rig_finish(r);
	assert_int_equal(r->status.si_status, 0);
}

static void test_host_pid(void **state)
{
	struct rig *r = *state;

	/* the rig's host procfs is our own */
	rig_launch(r, ARGS("sleep", "1000"));
	jail_find_host_pid(&r->context, &r->jail);
	assert_int_equal(r->jail.host_pid, r->jail.pid);
	jail_kill(&r->jail);
	rig_finish(r);
	assert_int_equal(r->status.si_pid, r->jail.pid ? r->jail.pid : r->status.si_pid);
}

/* The way back out of the jail's PID namespace fails: that is said, nothing runs, and it can be told apart.
 */
static void test_no_way_back(void **state)
{
	struct rig *r = *state;
	int real = r->context.pidns_fd;

	/* who makes inits has the way back already, and ends where it leads nowhere */
	rig_without_maker(r);
	r->context.pidns_fd = r->context.null_fd;
	assert_int_equal(START(r, "see"), -ENOTRECOVERABLE);
	assert_int_equal(r->error.stage, STAGE_NAMESPACES);
	assert_non_null(strstr(r->error.object, "launcher"));
	r->context.pidns_fd = real;
	assert_int_equal(setns(real, CLONE_NEWPID), 0);
	/* and with it, all is as before */
	r->spec.id += 1000;
	RUN(r, "see");
	assert_value(r, "pid", "2");
}

static void test_context_checks(void **state)
{
	struct jail_context c;

	assert_int_equal(jail_context_open(&c, open("/", O_PATH | O_CLOEXEC), -1), -EBADF);
	assert_int_equal(jail_context_open(&c, open("/proc/self", O_PATH | O_CLOEXEC), -1), -EBADF);
	assert_int_equal(jail_context_open(&c, -1, open("/tmp", O_PATH | O_CLOEXEC)), -EBADF);
	assert_int_equal(jail_context_open(&c, -1, -1), 0);
	jail_context_close(&c);
	jail_context_close(&c);
}

/* What another process of the payload's uid gets at, when it tries: a bit for each. */
static unsigned attack(pid_t pid)
{
	static const char *const files[] = { "mem", "environ", "maps", "fd/0", "root/etc", "cwd/etc" };
	struct iovec local = { (char[8]){ 0 }, 8 }, remote = local;
	unsigned got = 0;
	char path[64];

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0)
		got |= 1;
	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) > 0)
		got |= 2;
	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd;

		(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0)
			got |= 4U << i;
		fd_close(fd);
	}
	return got;
}

/* Shared by the test and its attacker. */
struct race {
	_Atomic pid_t target; /* 0: pause, -1: end */
	_Atomic bool busy;
	_Atomic unsigned got, tries;
};

static noreturn void attacker(struct race *race, uid_t uid)
{
	const struct capability_sets none = { .bounding = CAPABILITIES_ALL };

	if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0 || capability_set(&none) < 0)
		_exit(1);
	/* where the test fails, nobody tells it to end */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		pid_t pid;

		race->busy = true;
		pid = race->target;
		if (pid > 0) {
			race->got |= attack(pid);
			race->tries++;
		}
		race->busy = false;
		if (pid == 0)
			(void)sched_yield();
		if (pid < 0)
			_exit(0);
	}
}

/* All through the building of the jail, in a loop, by another process with the same uid. It pauses before the
 * child is killed: a zombie's files can be opened, and are empty. */
static void race_with(struct rig *r, uid_t uid)
{
	struct race *race =
		mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	assert_ptr_not_equal(race, MAP_FAILED);
	pid = fork();
	if (pid == 0)
		attacker(race, uid);
	r->spec.uid = r->spec.gid = uid;
	for (int i = 0; i < RACES || race->tries < ATTEMPTS / 8; i++) {
		r->spec.id += 1000;
		assert_int_equal(START(r, "see"), 0);
		race->target = r->jail.pid;
		wait_built(r);
		usleep(500);
		race->target = 0;
		while (race->busy)
			(void)sched_yield();
		jail_done(&r->context, &r->jail);
	}
	race->target = -1;
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(race->got, 0);
	assert_int_equal(munmap(race, sizeof(*race)), 0);
}

static void test_undumpable(void **state)
{
	race_with(*state, RIG_UID);
}

/* One that has no rights but this uid; and here no change of ids makes the child undumpable. */
static void test_undumpable_root(void **state)
{
	race_with(*state, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_go),
		TEST(test_no_go_is_reported),
		TEST(test_launcher_dies),
		TEST(test_go_once),
		TEST(test_go_to_the_dead),
		TEST(test_signal),
		TEST(test_signal_all),
		TEST(test_signal_all_by_cgroup),
		TEST(test_signal_all_with_few_fds),
		TEST(test_signal_all_of_hostile),
		TEST(test_left_behind),
		TEST(test_left_behind_by_cgroup),
		TEST(test_left_behind_without_cgroup),
		TEST(test_kill),
		TEST(test_init_dies),
		TEST(test_done_at_once),
		TEST(test_reap_again),
		TEST(test_many_at_once),
		TEST(test_orphans),
		TEST(test_init_has_nothing),
		TEST(test_report_is_no_others),
		TEST(test_init_of_same_uid),
		TEST(test_host_pid),
		TEST(test_no_way_back),
		TEST(test_context_checks),
		TEST(test_undumpable),
		TEST(test_undumpable_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
