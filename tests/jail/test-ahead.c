/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Payloads' processes that are made ahead, in the launcher's memory (daemon/jail/cloner.c): launches go on
 * with them; what becomes of them where they are killed, stopped, of no use or not wanted, and with the
 * launcher's end. The launcher is this process. That jails out of them are as others the tests of whole jails
 * show, which run with them, too (those "from-template").
 */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "harness.h"
#include "jail/alone.h"
#include "jail/steps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MSEC 20000
#define CLONERS      8 /* as many as cloner.c has, */
#define AHEAD_MOST   4 /* and as many of these as may wait */
#define HOLD_MSEC    1500
#define KEPT_MSEC    300 /* longer than the end of any other jail is waited for */

static bool shares_memory(pid_t pid)
{
	long r = syscall(SYS_kcmp, getpid(), pid, KCMP_VM, 0, 0);

	assert_true(r >= 0);
	return r == 0;
}

static void await_end(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, TIMEOUT_MSEC), 1);
}

static void make(struct rig *r)
{
	assert_int_equal(rig_spare(r), 0);
	assert_true(r->jail.spare);
	assert_non_null(r->jail.ahead);
	assert_true(r->jail.pidfd >= 0);
	assert_true(shares_memory(r->jail.pid));
}

static void go_and_finish(struct rig *r)
{
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	assert_null(r->jail.shared);
	assert_false(shares_memory(r->jail.pid));
	jail_done(&r->context, &r->jail);
}

static void expect_success(struct rig *r)
{
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	rig_read(r, NULL);
	rig_finish(r);
	assert_int_equal(r->status.si_code, CLD_EXITED);
	assert_int_equal(r->status.si_status, 0);
}

/* Not the launcher's, where the kernel has any. */
static void has_own_keyring(struct rig *r)
{
	long own = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
	const char *value = rig_value(r, "session_keyring");

	assert_non_null(value);
	if (own >= 0 || errno != ENOSYS) {
		assert_true(strtol(value, NULL, 10) > 0);
		assert_int_not_equal(strtol(value, NULL, 10), own);
	}
}

static void goes_on(struct rig *r)
{
	pid_t pid;

	make(r);
	pid = r->jail.pid;
	assert_int_equal(START(r, "see"), 0);
	assert_int_equal(r->jail.pid, pid);
	assert_null(r->jail.ahead);
	assert_non_null(r->jail.shared);
	expect_success(r);
	has_own_keyring(r);
}

static void test_goes_on(void **state)
{
	struct rig *r = *state;

	goes_on(r);
	assert_non_null(strstr(r->output, "\npid 2\n"));
}

static void test_as_init_goes_on(void **state)
{
	struct rig *r = *state;

	r->spec.run_as_init = true;
	goes_on(r);
	assert_non_null(strstr(r->output, "\npid 1\n"));
}

/* It waits for as long as nobody comes. */
static void test_waits(void **state)
{
	struct rig *r = *state;

	make(r);
	(void)usleep(HOLD_MSEC * 1000);
	assert_true(jail_waits(&r->jail));
	assert_int_equal(START(r, "sleep", "1000"), 0);
	go_and_finish(r);
}

/* Another one is made, and of this one nothing is left. */
static void expect_other(struct rig *r, pid_t pid)
{
	assert_int_equal(START(r, "sleep", "1000"), 0);
	assert_int_not_equal(r->jail.pid, pid);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	jail_done(&r->context, &r->jail);
}

/* Killed more often than there are cloners: each is free again. */
static void test_killed(void **state)
{
	struct rig *r = *state;

	for (size_t i = 0; i < 2 * CLONERS; i++) {
		r->spec.run_as_init = i % 2 == 0;
		r->spec.id++;
		make(r);
		assert_int_equal(process_signal(r->jail.pidfd, SIGKILL), 0);
		await_end(r->jail.pidfd);
		expect_other(r, r->jail.pid);
	}
}

static void test_stopped(void **state)
{
	struct rig *r = *state;

	for (int as_init = 0; as_init < 2; as_init++) {
		r->spec.run_as_init = as_init;
		r->spec.id++;
		make(r);
		assert_int_equal(process_signal(r->jail.pidfd, SIGSTOP), 0);
		for (int i = 0; i < TIMEOUT_MSEC && jail_waits(&r->jail); i++)
			(void)usleep(1000);
		expect_other(r, r->jail.pid);
	}
}

/* What may not share the launcher's memory, */
static void not_with(struct rig *r)
{
	pid_t pid = r->jail.pid;

	assert_int_equal(START(r, "sleep", "1000"), 0);
	assert_null(r->jail.shared);
	assert_null(r->jail.ahead);
	assert_int_not_equal(r->jail.pid, pid);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	go_and_finish(r);
}

static void test_of_no_use(void **state)
{
	struct rig *r = *state;

	make(r);
	r->spec.deny_write_execute = true;
	not_with(r);
	assert_int_equal(rig_spare(r), 0);
	assert_null(r->jail.ahead);
	jail_done(&r->context, &r->jail);
}

static void test_of_no_use_to_users(void **state)
{
	static const uint32_t with[] = { JAIL_NS_USER, JAIL_NS_TIME };
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(with); i++) {
		r->spec.namespaces = JAIL_NS_DEFAULT;
		r->spec.id++;
		make(r);
		r->spec.namespaces |= with[i];
		not_with(r);
		r->spec.id++;
		assert_int_equal(rig_spare(r), 0);
		assert_null(r->jail.ahead);
		jail_done(&r->context, &r->jail);
	}
}

/* of mounts that map ids, the caller's or the profile's, */
static void test_of_no_use_to_idmap(void **state)
{
	static char name[] = "data", place[] = "/slot";
	static struct mount_slot slot = { name, place, MOUNT_IDMAP | MOUNT_READ_ONLY };
	struct rig *r = *state;
	_cleanup_close_ int fd = -1;
	const char *source = rig_mkdir(r, "source", 0755);

	assert_int_equal(chown(source, r->spec.caller_uid, RIG_GID), 0);
	fd = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	r->spec.slots = calloc(1, sizeof(*r->spec.slots));
	assert_non_null(r->spec.slots);
	r->spec.slots[0] = (struct jail_slot){ .slot = &slot, .source = -1, .read_only = true };
	r->spec.n_slots = 1;
	make(r);
	/* nothing is in it: so there is nothing to map */
	assert_int_equal(START(r, "sleep", "1000"), 0);
	assert_non_null(r->jail.shared);
	go_and_finish(r);
	r->spec.id++;
	make(r);
	r->spec.slots[0].source = fd;
	assert_int_equal(START(r, "sleep", "1000"), 0);
	assert_null(r->jail.shared);
	jail_done(&r->context, &r->jail);
	r->spec.slots[0].source = -1;
	r->spec.id++;
	make(r);
	rig_bind(r, source, "/data", MOUNT_IDMAP | MOUNT_READ_ONLY);
	assert_int_equal(START(r, "sleep", "1000"), 0);
	assert_null(r->jail.shared);
	jail_done(&r->context, &r->jail);
	r->spec.id++;
	assert_int_equal(rig_spare(r), 0);
	assert_null(r->jail.ahead);
	jail_done(&r->context, &r->jail);
}

/* A limit that is written when they are there already is no other one. */
static void tasks(struct rig *r, uint64_t value, enum group_unit unit, bool used)
{
	static struct group_value group[_GROUP_LIMIT_MAX];
	pid_t pid;

	group[GROUP_TASKS_MAX] = (struct group_value){ .unit = unit, .value = value };
	r->spec.group = NULL;
	r->spec.id++;
	make(r);
	pid = r->jail.pid;
	/* where there is no such controller */
	r->spec.optional = OPTIONAL_CGROUP;
	r->spec.group = group;
	if (START(r, "sleep", "1000") < 0)
		assert_false(used);
	else
		assert_int_equal(r->jail.pid == pid, used);
	jail_done(&r->context, &r->jail);
}

static void test_limit_of_tasks(void **state)
{
	struct rig *r = *state;

	tasks(r, 1, GROUP_ABSOLUTE, false);
	tasks(r, 2, GROUP_ABSOLUTE, true);
	tasks(r, GROUP_INFINITY, GROUP_ABSOLUTE, true);
	tasks(r, 999, GROUP_PERMYRIAD, false);
	tasks(r, 1000, GROUP_PERMYRIAD, true);
	r->spec.run_as_init = true;
	tasks(r, 0, GROUP_ABSOLUTE, false);
	tasks(r, 1, GROUP_ABSOLUTE, true);
}

/* Another process keeps it for a while when it has ended, so that it is not the launcher's to reap. */
static pid_t keep_dead(pid_t pid)
{
	int told[2];
	char ready;
	pid_t tracer;

	assert_int_equal(pipe(told), 0);
	tracer = fork();
	if (tracer == 0) {
		if (ptrace(PTRACE_SEIZE, pid, NULL, 0) < 0 || write(told[1], "", 1) != 1)
			_exit(1);
		(void)usleep(KEPT_MSEC * 1000);
		_exit(0);
	}
	assert_int_equal(read(told[0], &ready, 1), 1);
	(void)close(told[0]);
	(void)close(told[1]);
	return tracer;
}

/* One of no use that takes long to die: the launch has its id, and so its control group's name. */
static void test_dies_slowly(void **state)
{
	struct rig *r = *state;
	pid_t tracer;
	int status;

	r->spec.run_as_init = true;
	make(r);
	tracer = keep_dead(r->jail.pid);
	r->spec.deny_write_execute = true;
	assert_int_equal(START(r, "sleep", "1000"), 0);
	go_and_finish(r);
	assert_int_equal(waitpid(tracer, &status, 0), tracer);
	assert_int_equal(status, 0);
}

#define CHOWN UINT64_C(0x1)
#define KILL  UINT64_C(0x20)

static uint64_t bounding_of(struct rig *r)
{
	unsigned long long set = UINT64_MAX;
	FILE *f = fopen(rig_format(r, "/proc/%d/status", r->jail.pid), "re");
	char line[256];

	assert_non_null(f);
	while (set == UINT64_MAX && fgets(line, sizeof(line), f))
		(void)sscanf(line, "CapBnd: %llx", &set);
	(void)fclose(f);
	return set;
}

/* A catalog with a profile that keeps these. */
static void reload(struct rig *r, uint64_t capabilities)
{
	struct compiled_profile profile = { .bounding = capabilities };
	const struct catalog catalog = { .profiles = &profile, .n_profiles = 1 };

	jail_ahead(&r->context, &catalog);
}

/* What the program has is its profile's, and whether it was the process that was made ahead. */
static void launch_with(struct rig *r, uint64_t bounding, bool used)
{
	pid_t pid = r->jail.pid;

	r->spec.bounding = bounding;
	assert_int_equal(START(r, "sleep", "1000"), 0);
	assert_int_equal(r->jail.pid == pid, used);
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	assert_int_equal(bounding_of(r), bounding);
	jail_done(&r->context, &r->jail);
	r->spec.id++;
}

/* Profiles that keep more, or less, come into force while they wait. */
static void test_bounding(void **state)
{
	static const struct {
		uint64_t before, after, keeps;
		bool used;
	} cases[] = {
		{ CHOWN, CHOWN | KILL, CHOWN | KILL, false },
		{ CHOWN, CHOWN | KILL, KILL, false },
		{ CHOWN, CHOWN | KILL, CHOWN, true },
		{ CHOWN, CHOWN | KILL, 0, true },
		{ CHOWN | KILL, 0, 0, true },
		{ 0, CHOWN, CHOWN, false },
		{ CAPS_ALL, CHOWN, CHOWN, true },
	};
	struct rig *r = *state;

	/* there are cloners from here on */
	make(r);
	jail_done(&r->context, &r->jail);
	r->spec.id++;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		reload(r, cases[i].before);
		make(r);
		reload(r, cases[i].after);
		launch_with(r, cases[i].keeps, cases[i].used);
		/* and the next one of the new ones' */
		make(r);
		launch_with(r, cases[i].after & r->context.bounding, true);
	}
}

static pid_t threads[4 * CLONERS];

static size_t list_threads(pid_t tids[])
{
	DIR *d = opendir("/proc/self/task");
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) && n < ELEMENTSOF(threads);)
		if (e->d_name[0] != '.')
			tids[n++] = (pid_t)strtol(e->d_name, NULL, 10);
	(void)closedir(d);
	return n;
}

/* Profiles that keep what the launcher itself has not got: no cloner has it, and none is replaced for it. */
static void test_keeps_cloners(void **state)
{
	struct rig *r = *state;
	pid_t after[ELEMENTSOF(threads)];
	size_t n;

	make(r);
	jail_done(&r->context, &r->jail);
	n = list_threads(threads);
	reload(r, CAPS_ALL);
	assert_int_not_equal(r->context.bounding, CAPS_ALL);
	r->spec.id++;
	make(r);
	jail_done(&r->context, &r->jail);
	assert_int_equal(list_threads(after), n);
	assert_memory_equal(after, threads, n * sizeof(*after));
}

/* and what has not the namespaces that it has. */
static void test_without_namespaces(void **state)
{
	static const uint32_t without[] = { JAIL_NS_UTS, JAIL_NS_CGROUP };
	struct rig *r = *state;
	pid_t pid;

	for (size_t i = 0; i < ELEMENTSOF(without); i++) {
		r->spec.namespaces = JAIL_NS_DEFAULT;
		r->spec.id++;
		make(r);
		pid = r->jail.pid;
		r->spec.namespaces &= ~without[i];
		expect_other(r, pid);
		r->spec.id++;
		assert_int_equal(rig_spare(r), 0);
		assert_null(r->jail.ahead);
		jail_done(&r->context, &r->jail);
	}
}

/* Half of the cloners are left to launches: what is made ahead beyond has no process, and is of use without.
 */
static void test_many(void **state)
{
	struct jail waiting[AHEAD_MOST];
	struct rig *r = *state;

	r->spec.run_as_init = true;
	for (size_t i = 0; i < AHEAD_MOST; i++) {
		r->spec.id += 1000;
		make(r);
		waiting[i] = r->jail;
		r->jail = JAIL_NULL;
	}
	r->spec.id += 1000;
	assert_int_equal(rig_spare(r), 0);
	assert_null(r->jail.ahead);
	assert_int_equal(r->jail.pidfd, -1);
	assert_int_equal(START(r, "sleep", "1000"), 0);
	assert_non_null(r->jail.shared);
	go_and_finish(r);
	for (size_t i = 0; i < AHEAD_MOST; i++) {
		r->jail = waiting[i];
		r->spec.id = r->jail.id;
		assert_int_equal(rig_start_again(r), 0);
		assert_int_equal(r->jail.pid, waiting[i].pid);
		go_and_finish(r);
	}
	r->spec.id += 1000;
	make(r);
	jail_done(&r->context, &r->jail);
}

/* A launch that fails leaves nothing of it, before and after it has begun. */
static void test_failed(void **state)
{
	struct rig *r = *state;
	pid_t pid;

	make(r);
	r->spec.executable = "/missing";
	assert_int_equal(START(r, "see"), 0);
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), -ENOENT);
	rig_finish(r);
	r->spec.id++;
	make(r);
	pid = r->jail.pid;
	r->spec.namespaces |= 1U << 31;
	assert_int_equal(START(r, "see"), -EINVAL);
	assert_int_equal(r->jail.pidfd, -1);
	assert_int_equal(kill(pid, 0), -1);
}

static void test_ends(void **state)
{
	struct rig *r = *state;
	pid_t pid;

	for (size_t i = 0; i < 2 * CLONERS; i++) {
		r->spec.id++;
		make(r);
		pid = r->jail.pid;
		jail_done(&r->context, &r->jail);
		assert_int_equal(kill(pid, 0), -1);
	}
}

/* Nobody else takes away what a killed launcher leaves: the init and the control group. */
static void clear(struct rig *r, pid_t init)
{
	const char *group = rig_format(r, "%s/sandbox-%ju", r->cgroup, (uintmax_t)r->spec.id);

	if (init > 0)
		assert_int_equal(kill(init, SIGKILL), 0);
	for (int i = 0; r->cgroup && rmdir(group) < 0; i++) {
		assert_true(i < TIMEOUT_MSEC);
		(void)usleep(1000);
	}
}

/* A launcher that is killed takes it along, with no help. */
static void killed_with_launcher(struct rig *r)
{
	_cleanup_close_ int pidfd = -1;
	pid_t launcher, pids[2];
	int told[2], status;

	assert_int_equal(pipe(told), 0);
	launcher = fork();
	if (launcher == 0) {
		r->sharer = 0;
		if (rig_spare(r) < 0 || !r->jail.ahead)
			_exit(1);
		pids[0] = r->jail.pid;
		pids[1] = r->jail.init_pidfd < 0
				  ? 0
				  : process_pid_in_procfs(r->context.proc_fd, r->jail.init_pidfd);
		while (write(told[1], pids, sizeof(pids)) == sizeof(pids))
			(void)pause();
		_exit(1);
	}
	assert_int_equal(read(told[0], pids, sizeof(pids)), sizeof(pids));
	pidfd = process_pidfd_open(pids[0]);
	assert_true(pidfd >= 0);
	assert_false(process_has_ended(pidfd));
	assert_int_equal(kill(launcher, SIGKILL), 0);
	assert_int_equal(waitpid(launcher, &status, 0), launcher);
	await_end(pidfd);
	(void)close(told[0]);
	(void)close(told[1]);
	clear(r, pids[1]);
}

static void test_launcher_killed(void **state)
{
	struct rig *r = *state;

	for (int as_init = 0; as_init < 2; as_init++) {
		r->spec.run_as_init = as_init;
		r->spec.id++;
		killed_with_launcher(r);
	}
}

/* What ties it to the launcher's thread is taken back: of root, too, for whom no change of ids does it. */
static int outlives_cloner(struct rig *r)
{
	struct jail_context cloners = JAIL_CONTEXT_NULL;

	r->sharer = 0;
	r->spec.run_as_init = true;
	r->spec.uid = r->spec.gid = 0;
	r->spec.bounding = r->spec.ambient = CAPS_ALL & r->context.bounding;
	if (rig_spare(r) < 0 || !r->jail.ahead || START(r, "sleep", "1000") < 0 ||
		jail_go(&r->jail, &r->spec) < 0 || rig_report(r) != 1)
		return 1;
	cloners.cloners = steal_ptr(r->context.cloners);
	jail_context_close(&cloners);
	(void)usleep(50000);
	if (process_has_ended(r->jail.pidfd))
		return 2;
	jail_done(&r->context, &r->jail);
	return 0;
}

static void test_outlives_cloner(void **state)
{
	assert_int_equal(rig_as_child(*state, outlives_cloner), 0);
}

/* A launcher that ends is not held up by it. */
static int ends_meanwhile(struct rig *r)
{
	struct jail_context cloners = JAIL_CONTEXT_NULL;

	r->sharer = 0;
	if (rig_spare(r) < 0 || !r->jail.ahead)
		return 1;
	cloners.cloners = steal_ptr(r->context.cloners);
	jail_context_close(&cloners);
	jail_done(&r->context, &r->jail);
	return 0;
}

static void test_ends_meanwhile(void **state)
{
	assert_int_equal(rig_as_child(*state, ends_meanwhile), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_goes_on),
		TEST(test_as_init_goes_on),
		TEST(test_waits),
		TEST(test_killed),
		TEST(test_stopped),
		TEST(test_of_no_use),
		TEST(test_of_no_use_to_users),
		TEST(test_of_no_use_to_idmap),
		TEST(test_limit_of_tasks),
		TEST(test_dies_slowly),
		TEST(test_bounding),
		TEST(test_keeps_cloners),
		TEST(test_without_namespaces),
		TEST(test_many),
		TEST(test_failed),
		TEST(test_ends),
		TEST(test_launcher_killed),
		TEST(test_outlives_cloner),
		TEST(test_ends_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	if (!ROOM_STANDS_ALONE)
		return 77; /* there are none: spare jails have no more than an init */
	return rig_main(run);
}
