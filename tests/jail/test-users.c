/* SPDX-License-Identifier: GPL-2.0-or-later */

/* PrivateUsers=: a user namespace in which the payload is itself and everybody else is nobody, and in which
 * it can do no more than without. Rows J18 and J23 of the threat model. */

#include "base/cleanup.h"
#include "base/filter.h"
#include "base/privileges.h"
#include "harness.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const gid_t groups[] = { 40010, 40011 };

static int setup(void **state)
{
	int r = rig_setup(state);
	struct rig *rig = *state;

	rig->spec.namespaces |= JAIL_NS_USER;
	return r;
}

static void test_off(void **state)
{
	struct rig *r = *state;

	r->spec.namespaces &= ~JAIL_NS_USER;
	RUN(r, "see", "--", "stat", "/usr");
	assert_value(r, "uid_map", "         0          0 4294967295");
	assert_value(r, "stat_owner", "0 0");
}

static void test_maps(void **state)
{
	struct rig *r = *state;

	r->spec.groups = groups;
	r->spec.n_groups = 2;
	RUN(r, "see", "--", "stat", "/usr", "--", "cat", "/proc/self/gid_map", "--", "cat",
		"/proc/self/setgroups", "--", "setgroups", "--", "setuid", "0", "--", "setuid", "65534");
	assert_value(r, "uid", "54321 54321 54321 54321");
	/* the groups are held, and have no name here */
	assert_value(r, "groups", "65534 65534");
	assert_value(r, "uid_map", "     54321      54321          1");
	assert_line(r, "     54322      54322          1");
	assert_line(r, "deny");
	assert_value(r, "stat_owner", "65534 65534");
	assert_value(r, "setgroups", "EPERM");
	assert_value(r, "setuid", "EINVAL");
	/* the process that made the namespace is gone, and nothing of it is left open */
	assert_int_equal(rig_count(r, "fd"), 3);
	assert_false(rig_has_line(r, "proc 3"));
}

/* Who enters a user namespace gets all capabilities of it. None is left, neither in the sets nor in what can
 * be done; also when the profile lets the bounding set be as large as it can. */
static void gains_nothing(struct rig *r)
{
	RUN(r, "see", "--", "mount", "/tmp", "--", "unshare", "mnt", "--", "unshare", "user", "--", "unshare",
		"net", "--", "clone-user", "--", "clone3-user", "--", "sethostname", "--", "nice", "-1", "--",
		"chroot", "/", "--", "mknod", "/tmp/node", "--", "keyctl", "--", "setns",
		"/proc/self/ns/net");
	assert_value(r, "cap_effective", "0000000000000000");
	assert_value(r, "cap_permitted", "0000000000000000");
	assert_value(r, "cap_inheritable", "0000000000000000");
	assert_value(r, "cap_ambient", "0000000000000000");
	assert_value(r, "no_new_privs", "1");
	assert_line(r, "mount EPERM");
	assert_value(r, "unshare", "EPERM");
	assert_false(rig_has_line(r, "unshare ok"));
	assert_value(r, "clone-user", "EPERM");
	assert_value(r, "clone3-user", "EPERM");
	assert_value(r, "sethostname", "EPERM");
	assert_line(r, "nice EACCES");
	assert_value(r, "chroot", "EPERM");
	assert_value(r, "mknod", "EPERM");
	assert_value(r, "setns", "EPERM");
}

static void test_gains_nothing(void **state)
{
	struct rig *r = *state;

	gains_nothing(r);
	assert_value(r, "cap_bounding", "0000000000000000");
}

static void test_gains_nothing_by_bounding(void **state)
{
	struct rig *r = *state;

	r->spec.bounding = PRIVILEGES_GRANTABLE;
	r->spec.secure_bits = 0;
	gains_nothing(r);
	assert_value(r, "cap_bounding", rig_format(r, "%016llx", (unsigned long long)PRIVILEGES_GRANTABLE));
}

/* On the host its files are its user's; through its groups it reaches what it would reach without. */
static void test_files(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "data", 0777), *shared = rig_file(r, "data/shared", "s\n", 0040);
	struct stat st;

	assert_int_equal(chmod(directory, 0777), 0);
	assert_int_equal(chown(shared, 40020, groups[1]), 0);
	r->spec.groups = groups;
	r->spec.n_groups = 2;
	rig_bind(r, directory, "/data", 0);
	RUN(r, "write", "/data/new", "--", "stat", "/data/new", "--", "cat", "/data/shared", "--", "chmod",
		"/data/shared", "0777");
	assert_value(r, "write", "ok");
	assert_value(r, "stat_owner", "54321 54322");
	assert_line(r, "s");
	assert_value(r, "chmod", "EPERM");
	assert_int_equal(stat(rig_format(r, "%s/new", directory), &st), 0);
	assert_int_equal(st.st_uid, RIG_UID);
	assert_int_equal(st.st_gid, RIG_GID);
}

/* A mount that maps ids has a namespace of its own, and both hold. */
static void test_with_idmap(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "data", 0700);

	assert_int_equal(chown(directory, 40001, 40002), 0);
	rig_bind(r, directory, "/data", MOUNT_IDMAP);
	RUN(r, "write", "/data/new", "--", "stat", "/data/new");
	assert_value(r, "write", "ok");
	assert_value(r, "stat_owner", "54321 54322");
}

/* Also as pid 1, without mounts, and without any other namespace that could be left out. */
static void test_as_init(void **state)
{
	struct rig *r = *state;

	r->spec.run_as_init = true;
	RUN(r, "see");
	assert_value(r, "pid", "1");
	assert_value(r, "uid_map", "     54321      54321          1");
}

static void test_ambient(void **state)
{
	struct rig *r = *state;

	r->spec.bounding = r->spec.ambient = CAPABILITY_BIT(CAP_NET_RAW);
	rig_fail(r, STAGE_NAMESPACES, -EINVAL, "PrivateUsers= and AmbientCapabilities=");
}

static void test_root(void **state)
{
	struct rig *r = *state;

	r->spec.uid = 0;
	rig_fail(r, STAGE_NAMESPACES, -EINVAL, "PrivateUsers= root can not be mapped");
}

/* The kernel does not let the payload in: setns(2) of this kind alone, which the launcher never uses. */
static int run_without_setns(struct rig *r)
{
	const struct filter_rule rule = FILTER_DENY_ARG(setns, 1, FILTER_WHOLE_ARG, CLONE_NEWUSER, EINVAL);

	if (filter_apply(&rule, 1, FILTER_PERMIT) < 0)
		return 2;
	return rig_fails(r, STAGE_NAMESPACES, -EINVAL, "PrivateUsers= can not be entered") ? 0 : 1;
}

static void test_kernel_lacks_it(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_as_child(r, run_without_setns), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_off),
		TEST(test_maps),
		TEST(test_gains_nothing),
		TEST(test_gains_nothing_by_bounding),
		TEST(test_files),
		TEST(test_with_idmap),
		TEST(test_as_init),
		TEST(test_ambient),
		TEST(test_root),
		TEST(test_kernel_lacks_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
