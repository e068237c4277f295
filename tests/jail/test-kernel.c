/* SPDX-License-Identifier: GPL-2.0-or-later */

/* An old kernel: a filter around launcher and jail refuses one system call after the other, as a kernel does
 * that has not got it or not all of its flags. Each launch must fail, say where, and leave nothing. Row J40
 * of the threat model. */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "harness.h"
#include "jail/report.h"
#include "old-kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define INIT "init of the PID namespace"

static const struct {
	uint32_t number;
	int error;
	enum jail_stage stage; /* of the payload; the jail's init may be faster */
	const char *object;
} rows[] = {
	{ SYS_unshare, ENOSYS, STAGE_NAMESPACES, "PID namespace" },
	{ SYS_clone3, ENOSYS, STAGE_NAMESPACES, INIT },
	{ SYS_clone3, EINVAL, STAGE_NAMESPACES, INIT },
	{ SYS_clone3, E2BIG, STAGE_NAMESPACES, INIT },
	{ SYS_prctl, EINVAL, STAGE_IDS, "PR_SET_DUMPABLE" },
	{ SYS_setsid, EPERM, STAGE_IDS, "setsid" },
	{ SYS_personality, ENOSYS, STAGE_IDS, "personality" },
	{ SYS_sethostname, ENOSYS, STAGE_NAMESPACES, "host name" },
	{ SYS_mount_setattr, ENOSYS, STAGE_MOUNTS, "private propagation" },
	{ SYS_mount_setattr, EINVAL, STAGE_MOUNTS, "private propagation" },
	{ SYS_openat2, ENOSYS, STAGE_MOUNTS, "source /usr" },
	{ SYS_openat2, E2BIG, STAGE_MOUNTS, "source /usr" },
	{ SYS_open_tree, ENOSYS, STAGE_MOUNTS, "source /usr" },
	{ SYS_open_tree, EINVAL, STAGE_MOUNTS, "source /usr" },
	{ SYS_fsopen, ENOSYS, STAGE_MOUNTS, "file system for /proc" },
	{ SYS_fsconfig, ENOSYS, STAGE_MOUNTS, "file system for /proc" },
	{ SYS_fsconfig, EINVAL, STAGE_MOUNTS, "file system for /proc" },
	{ SYS_fsmount, ENOSYS, STAGE_MOUNTS, "file system for /proc" },
	{ SYS_move_mount, ENOSYS, STAGE_MOUNTS, "base of the new root" },
	{ SYS_move_mount, EINVAL, STAGE_MOUNTS, "base of the new root" },
	{ SYS_pivot_root, ENOSYS, STAGE_MOUNTS, "pivot_root" },
	{ SYS_umount2, ENOSYS, STAGE_MOUNTS, "pivot_root" },
	{ SYS_chroot, ENOSYS, STAGE_MOUNTS, "chroot" },
	{ SYS_dup3, ENOSYS, STAGE_FDS, "file descriptor" },
	{ SYS_close_range, ENOSYS, STAGE_FDS, "table of descriptors" },
	{ SYS_close_range, EINVAL, STAGE_FDS, "table of descriptors" },
	{ SYS_keyctl, EPERM, STAGE_IDS, "session keyring" },
	{ SYS_prlimit64, ENOSYS, STAGE_FDS, "limit of open files" },
	{ SYS_setgroups, ENOSYS, STAGE_IDS, "setgroups" },
	{ SYS_setresgid, ENOSYS, STAGE_IDS, "setresgid" },
	{ SYS_setresuid, ENOSYS, STAGE_IDS, "setresuid" },
	{ SYS_capset, ENOSYS, STAGE_CAPABILITIES, "capset" },
	{ SYS_seccomp, ENOSYS, STAGE_SECCOMP, "seccomp" },
	{ SYS_execveat, ENOSYS, STAGE_EXEC, RIG_PROBE },
};

static void expect_refusal(struct rig *r, size_t i)
{
	const struct filter_rule rule = { rows[i].number, FILTER_FAIL(rows[i].error), 0, 0, 0 };
	struct answer a;
	bool init;

	old_kernel_launch(r, &rule, &a);
	init = a.error.stage == STAGE_NAMESPACES && strncmp(a.error.object, INIT, strlen(INIT)) == 0;
	if (a.result != -rows[i].error || a.error.error != a.result ||
		(!init && (a.error.stage != rows[i].stage || !strstr(a.error.object, rows[i].object))))
		fail_msg("system call %u, error %d, expected %s: %s; got %d, %s: %s", rows[i].number,
			rows[i].error, jail_stage_to_string(rows[i].stage), rows[i].object, a.result,
			jail_stage_to_string(a.error.stage), a.error.object);
}

static void test_refused(void **state)
{
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		expect_refusal(r, i);
	r->output_end = fd_close(r->output_end);
	rig_read(r, NULL);
	assert_string_equal(r->output, "");
}

/* Without a PID namespace there is no init that could be faster. */
static void test_refused_without_init(void **state)
{
	struct rig *r = *state;

	if (!r->cgroup)
		skip();
	r->spec.namespaces &= ~JAIL_NS_PID;
	r->spec.mount_proc = false;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		if (rows[i].number == SYS_mount_setattr || rows[i].number == SYS_open_tree ||
			rows[i].number == SYS_close_range || rows[i].number == SYS_seccomp)
			expect_refusal(r, i);
}

/* Only the init asks for this one with these arguments: the launch fails by it alone. */
static void test_init_refused(void **state)
{
	const struct filter_rule rule = FILTER_DENY_ARG(setresuid, 0, FILTER_WHOLE_ARG, 65534, EAGAIN);
	struct rig *r = *state;
	struct answer a;

	old_kernel_launch(r, &rule, &a);
	assert_int_equal(a.result, -EAGAIN);
	assert_int_equal(a.error.stage, STAGE_NAMESPACES);
	assert_string_equal(a.error.object, INIT ": setresuid 65534");
}

/* A filter for which somebody has to answer calls of setresuid() with uid 65534: the init's. */
static int hold_init(void)
{
	const struct filter_rule rule = { SYS_setresuid, SECCOMP_RET_USER_NOTIF, 0, FILTER_WHOLE_ARG, 65534 };
	_cleanup_free_ struct sock_filter *f = NULL;
	struct sock_fprog program;
	size_t n;

	if (filter_build(&rule, 1, FILTER_PERMIT, &f, &n) < 0)
		return -1;
	program = (struct sock_fprog){ .len = (unsigned short)n, .filter = f };
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static bool is_built(const struct jail *j)
{
	return __atomic_load_n(&j->last_word[REPORT_PAYLOAD].error, __ATOMIC_ACQUIRE) == REPORT_READY;
}

/* The payload, told to go, waits as long as the init does. An exit status. */
static int go_before_init(struct rig *r)
{
	int listener = hold_init();
	struct seccomp_notif call = { 0 };
	struct seccomp_notif_resp answer = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	if (listener < 0 || START(r, "see") < 0 || jail_go(&r->jail, &r->spec) < 0)
		return 1;
	/* the go was there first, so it says in memory alone that it is built */
	for (int i = 0; i < 10000 && !is_built(&r->jail); i++)
		usleep(1000);
	usleep(100000);
	if (!is_built(&r->jail) || jail_read_report(&r->jail, &r->error) != 0)
		return 2;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return 3;
	answer.id = call.id;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 || rig_report(r) != 1)
		return 4;
	jail_done(&r->context, &r->jail);
	return 0;
}

static void test_init_first(void **state)
{
	assert_int_equal(rig_as_child(*state, go_before_init), 0);
}

/* A kernel without keyrings has none to share. */
static void test_no_keyrings(void **state)
{
	const struct filter_rule rule = FILTER_DENY(keyctl, ENOSYS);
	struct rig *r = *state;
	struct answer a;

	old_kernel_launch(r, &rule, &a);
	assert_int_equal(a.result, 1);
}

static void test_pidfds(void **state)
{
	static const struct filter_rule refused[] = { FILTER_DENY(pidfd_open, ENOSYS),
		FILTER_DENY(pidfd_send_signal, ENOSYS), FILTER_DENY(waitid, EINVAL) };

	for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
		int expected = i == 2 ? -EINVAL : -ENOSYS, status;
		pid_t pid = fork();

		if (pid == 0) {
			struct jail_context c;

			if (filter_apply(&refused[i], 1, FILTER_PERMIT) < 0)
				_exit(2);
			_exit(jail_context_open(&c, -1, -1) != expected);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refused),
		TEST(test_refused_without_init),
		TEST(test_init_refused),
		TEST(test_init_first),
		TEST(test_no_keyrings),
		TEST(test_pidfds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
