/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Where fs.suid_dumpable is 1, each change of ids makes a process dumpable: then everybody of its new user id
 * may attach to it. Nobody may to a jail's processes before their program runs, nor ever to its init. Row J7
 * of the threat model. The setting is the machine's: it is made for the moment in which a jail is built, by
 * one such program at a time, and skipped where it can not be made.
 */

#include "base/fd.h"
#include "base/process.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETTING "/proc/sys/fs/suid_dumpable"
#define NOBODY  65534

static int setting = -1, lock = -1;
static char before;

static bool set(char value)
{
	return setting >= 0 && pwrite(setting, &value, 1, 0) == 1;
}

static void restore(void)
{
	if (before)
		assert_true(set(before));
	before = '\0';
	setting = fd_close(setting);
	lock = fd_close(lock);
}

/* Of all test programs on the machine one has it: /dev/null is the one file that they have in common. */
static void make_dumpable(void)
{
	char old = '\0';

	lock = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_return_code(flock(lock, LOCK_EX), errno);
	setting = open(SETTING, O_RDWR | O_CLOEXEC);
	if (setting < 0 || pread(setting, &old, 1, 0) != 1 || !set('1')) {
		print_message("%s can not be set: %s\n", SETTING, strerror(errno));
		restore();
		skip();
	}
	before = old;
}

/* As the test must have it: a process that only changes its ids can be attached to. */
static bool changes_make_dumpable(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(setresuid(RIG_UID, RIG_UID, RIG_UID) < 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Another process with its user id and without any right. */
static bool may_attach(pid_t pid, uid_t uid)
{
	int status;
	pid_t other = fork();

	if (other == 0) {
		if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(2);
		_exit(ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0 ? 1 : errno == EPERM ? 0 : 3);
	}
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 1;
}

/* The files of one that can be attached to are its user's. */
static uid_t owner(pid_t pid)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	assert_return_code(stat(path, &st), errno);
	return st.st_uid;
}

static uid_t uid_of(pid_t pid)
{
	char path[64], line[256] = "";
	unsigned uid = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (strncmp(line, "Uid:", 4) != 0 && fgets(line, sizeof(line), f))
		;
	assert_int_equal(sscanf(line, "Uid: %u", &uid), 1);
	assert_int_equal(fclose(f), 0);
	return uid;
}

/* It has its ids by now. */
static void check(pid_t pid, uid_t uid)
{
	for (int i = 0; uid_of(pid) != uid && i < 20000; i++)
		(void)usleep(1000);
	/* what follows the change of ids follows at once */
	(void)usleep(20000);
	assert_int_equal(uid_of(pid), uid);
	assert_int_equal(owner(pid), 0);
	assert_false(may_attach(pid, uid));
}

static void check_both(struct rig *r)
{
	const pid_t init =
		r->jail.init_pidfd >= 0 ? process_pid_in_procfs(r->context.proc_fd, r->jail.init_pidfd) : 0;

	check(r->jail.pid, r->spec.uid);
	if (init > 0)
		check(init, NOBODY);
	restore();
	jail_done(&r->context, &r->jail);
}

static void await_built(struct rig *r)
{
	while (!r->jail.built) {
		struct pollfd p = { .fd = r->jail.report_fd, .events = POLLIN };

		assert_true(poll(&p, 1, 20000) > 0);
		assert_int_equal(jail_read_report(&r->jail, &r->error), 0);
	}
}

static void test_built(void **state)
{
	struct rig *r = *state;

	make_dumpable();
	assert_true(changes_make_dumpable());
	assert_int_equal(START(r, "see"), 0);
	await_built(r);
	assert_true(r->jail.init_pidfd >= 0);
	check_both(r);
}

static void test_parked(void **state)
{
	struct rig *r = *state;

	make_dumpable();
	assert_int_equal(rig_park(r), 0);
	check_both(r);
}

static void test_without_pid_namespace(void **state)
{
	struct rig *r = *state;

	r->spec.namespaces &= ~JAIL_NS_PID;
	make_dumpable();
	assert_int_equal(START(r, "see"), 0);
	await_built(r);
	check_both(r);
}

static int teardown(void **state)
{
	restore();
	return rig_teardown(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_built),
		TEST(test_parked),
		TEST(test_without_pid_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
