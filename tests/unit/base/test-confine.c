/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What Bailiff's processes lay on themselves: capability sets, a filter, Landlock. Each in a child of its
 * own. */

#include "base/capability.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/landlock.h"
#include "base/privileges.h"
#include "base/process.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Runs f in a child; its result is the exit status, a deadly signal's is 128 more. */
static int in_child(int (*f)(void))
{
	_cleanup_close_ int pidfd = -1;
	pid_t pid = process_clone(0, -1, &pidfd);

	assert_true(pid >= 0);
	if (pid == 0) /* not _exit(3): a sanitizer would look for leaks first, with calls that the filters
			 deny */
		(void)syscall(SYS_exit_group, f());
	return process_wait_status(pidfd);
}

static const struct filter_rule rules[] = {
	FILTER_ALLOW(getpid),
	FILTER_ALLOW(exit_group),
	FILTER_DENY(getuid, ENOTTY),
	FILTER_ALLOW_ARG(socket, 0, FILTER_WHOLE_ARG, AF_UNIX),
	FILTER_DENY_ARG(socket, 0, FILTER_WHOLE_ARG, AF_INET, EPROTO),
	FILTER_DENY(socket, EXDEV),
};

static int filtered(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		filter_apply(rules, ELEMENTS(rules), FILTER_FAIL(ENODATA)) < 0)
		return 1;
	if (getpid() <= 0)
		return 2;
	if (syscall(SYS_getuid) != -1 || errno != ENOTTY)
		return 3;
	if (socket(AF_UNIX, SOCK_STREAM, 0) < 0)
		return 4;
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPROTO)
		return 5;
	if (socket(AF_NETLINK, SOCK_RAW, 0) >= 0 || errno != EXDEV)
		return 6;
	if (syscall(SYS_getppid) != -1 || errno != ENODATA)
		return 7;
	return 0;
}

static int killed(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		filter_apply(rules, ELEMENTS(rules), FILTER_KILL) < 0)
		return 1;
	(void)syscall(SYS_getppid);
	return 2;
}

static int without_no_new_privs(void)
{
	const struct capability_sets none = { 0 };

	if (geteuid() == 0 && capability_set(&none) < 0)
		return 1;
	return filter_apply(rules, ELEMENTS(rules), FILTER_KILL) == -EACCES ? 0 : 2;
}

static void test_filter(void **state)
{
	assert_int_equal(in_child(filtered), 0);
	assert_int_equal(in_child(killed), 128 + SIGSYS);
	assert_int_equal(in_child(without_no_new_privs), 0);
}

static void test_filter_tables(void **state)
{
	const struct filter_rule shadowed[] = { FILTER_ALLOW(getpid), FILTER_DENY(getpid, EPERM) };
	const struct filter_rule argument[] = { { SYS_getpid, FILTER_PERMIT, 6, 1, 1 } };
	struct sock_filter *filter = NULL;
	size_t n = 0;

	assert_int_not_equal(filter_native_arch(), 0);
	assert_int_equal(filter_build(shadowed, 2, FILTER_KILL, &filter, &n), -EINVAL);
	assert_int_equal(filter_build(argument, 1, FILTER_KILL, &filter, &n), -EINVAL);
	assert_null(filter);
	assert_int_equal(filter_build(NULL, 0, FILTER_KILL, &filter, &n), 0);
	assert_true(n > 0);
	free(filter);
}

static int no_capabilities(void)
{
	const struct capability_sets none = { 0 };
	struct capability_sets now;

	if (capability_set(&none) < 0 || capability_get(&now) < 0)
		return 1;
	if ((now.bounding | now.permitted | now.effective | now.inheritable | now.ambient) != 0)
		return 2;
	/* and no way back */
	now.permitted = CAPABILITY_BIT(CAP_KILL);
	return capability_set(&now) == -EPERM ? 0 : 3;
}

static int some_capabilities(void)
{
	const uint64_t two = CAPABILITY_BIT(CAP_KILL) | CAPABILITY_BIT(CAP_SETUID);
	const struct capability_sets want = { .bounding = two,
		.permitted = two,
		.effective = CAPABILITY_BIT(CAP_KILL),
		.inheritable = two,
		.ambient = CAPABILITY_BIT(CAP_SETUID) };
	struct capability_sets now;

	if (capability_set(&want) < 0 || capability_get(&now) < 0)
		return 1;
	return memcmp(&want, &now, sizeof(now)) == 0 ? 0 : 2;
}

static void test_capabilities(void **state)
{
	struct capability_sets now;

	assert_int_equal(capability_get(&now), 0);
	assert_int_equal(now.effective & ~now.permitted, 0);
	if (geteuid() != 0)
		skip(); /* the bounding set can be changed by root only */
	assert_int_equal(in_child(no_capabilities), 0);
	assert_int_equal(in_child(some_capabilities), 0);
	/* what a profile may give is within what the keeper holds, and holds nothing that rules the kernel */
	assert_int_equal(PRIVILEGES_GRANTABLE & ~PRIVILEGES_ALL, 0);
	assert_int_equal(PRIVILEGES_ALL & (CAPABILITY_BIT(CAP_SYS_MODULE) | CAPABILITY_BIT(CAP_SYS_RAWIO) |
						  CAPABILITY_BIT(CAP_BPF) | CAPABILITY_BIT(CAP_MAC_ADMIN)),
		0);
}

static int restricted(void)
{
	const struct landlock_path paths[] = { { -1, "/etc", LANDLOCK_READ },
		{ -1, "/does/not/exist", LANDLOCK_READ } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || landlock_restrict_paths(paths, ELEMENTS(paths)) < 0)
		return 1;
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0)
		return 2;
	if (open("/etc/passwd", O_WRONLY | O_CLOEXEC) >= 0 || errno != EACCES)
		return 3;
	if (open("/usr/bin/env", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
		return 4;
	if (open("/tmp/test-confine", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0 || errno != EACCES)
		return 5;
	return 0;
}

static void test_landlock(void **state)
{
	int abi = landlock_abi();

	if (abi == -EOPNOTSUPP)
		skip(); /* no Landlock in this kernel, or a filter that hides it */
	assert_true(abi >= 1);
	assert_int_equal(in_child(restricted), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_tables),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_landlock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
