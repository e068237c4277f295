/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Binds whose owner is the payload's user: what each side sees of the other's files, whose they are on the
 * host, and what is refused. Row J23 of the threat model. */

#include "base/cleanup.h"
#include "harness.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWNER_UID    40001
#define OWNER_GID    40002
#define STRANGER_UID 40003

/* A directory that only its owner can look into, with a file of the owner's and one of somebody else's. */
static const char *make_source(struct rig *r, uid_t uid, gid_t gid)
{
	const char *directory = rig_mkdir(r, "data", 0700);
	const char *own = rig_file(r, "data/own", "own\n", 0600),
		   *other = rig_file(r, "data/other", "x\n", 0600);

	assert_int_equal(chown(own, uid, gid), 0);
	assert_int_equal(chown(other, STRANGER_UID, STRANGER_UID), 0);
	assert_int_equal(chown(directory, uid, gid), 0);
	return directory;
}

static void test_off(void **state)
{
	struct rig *r = *state;

	rig_bind(r, make_source(r, OWNER_UID, OWNER_GID), "/data", 0);
	RUN(r, "open", "/data/own");
	assert_value(r, "open", "EACCES");
}

static void test_idmap(void **state)
{
	struct rig *r = *state;
	struct stat st;

	rig_bind(r, make_source(r, OWNER_UID, OWNER_GID), "/data", MOUNT_IDMAP);
	RUN(r, "see", "--", "cat", "/data/own", "--", "stat", "/data/own", "--", "write", "/data/new", "--",
		"open", "/data/other", "--", "list", "/data");
	assert_line(r, "own");
	assert_value(r, "stat_owner", "54321 54322");
	assert_value(r, "write", "ok");
	assert_value(r, "open", "EACCES");
	assert_int_equal(rig_count(r, "entry"), 3);
	/* the process that made the mapping is gone, and nothing of it is left open */
	assert_int_equal(rig_count(r, "fd"), 3);
	assert_false(rig_has_line(r, "proc 3"));
	assert_value(r, "uid_map", "         0          0 4294967295");
	assert_int_equal(stat(rig_format(r, "%s/data/new", r->directory), &st), 0);
	assert_int_equal(st.st_uid, OWNER_UID);
	assert_int_equal(st.st_gid, OWNER_GID);
}

static void test_stranger(void **state)
{
	struct rig *r = *state;

	rig_bind(r, make_source(r, OWNER_UID, OWNER_GID), "/data", MOUNT_IDMAP);
	RUN(r, "stat", "/data/other");
	assert_value(r, "stat_owner", "65534 65534");
}

/* Two of them in one jail: each has a mapping of its own. */
static void test_twice(void **state)
{
	struct rig *r = *state;
	const char *second = rig_mkdir(r, "second", 0700);

	assert_int_equal(chown(second, STRANGER_UID, STRANGER_UID), 0);
	rig_bind(r, make_source(r, OWNER_UID, OWNER_GID), "/data", MOUNT_IDMAP);
	rig_bind(r, second, "/second", MOUNT_IDMAP | MOUNT_NON_RECURSIVE);
	RUN(r, "write", "/data/new", "--", "write", "/second/new");
	assert_string_equal(r->output, "write ok\nwrite ok\n");
}

/* A program of root's could be made here, set-user-ID on the host. */
static void test_root_writable(void **state)
{
	struct rig *r = *state;
	const char *source = make_source(r, 0, OWNER_GID);

	rig_bind(r, source, "/data", MOUNT_IDMAP);
	rig_fail(r, STAGE_MOUNTS, -EPERM, rig_format(r, "source with idmap %s", source));
}

static void test_roots_group_writable(void **state)
{
	struct rig *r = *state;

	rig_bind(r, make_source(r, OWNER_UID, 0), "/data", MOUNT_IDMAP);
	rig_fail(r, STAGE_MOUNTS, -EPERM, "source with idmap");
}

static void test_root_read_only(void **state)
{
	struct rig *r = *state;

	rig_bind(r, make_source(r, 0, 0), "/data", MOUNT_IDMAP | MOUNT_READ_ONLY);
	RUN(r, "cat", "/data/own", "--", "write", "/data/new", "--", "chmod", "/data/own", "4755");
	assert_line(r, "own");
	assert_value(r, "write", "EROFS");
	assert_value(r, "chmod", "EROFS");
}

/* As everything on a kernel that has no such mounts. */
static void test_file_system_lacks_it(void **state)
{
	struct rig *r = *state;

	rig_bind(r, "/sys/kernel", "/kernel", MOUNT_IDMAP | MOUNT_READ_ONLY | MOUNT_NON_RECURSIVE);
	rig_fail(r, STAGE_MOUNTS, -EINVAL, "source with idmap /sys/kernel");
}

static void test_missing_optional(void **state)
{
	struct rig *r = *state;

	rig_bind(r, "/no-such-place", "/data", MOUNT_IDMAP | MOUNT_OPTIONAL);
	RUN(r, "open", "/data");
	assert_value(r, "open", "ENOENT");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_off),
		TEST(test_idmap),
		TEST(test_stranger),
		TEST(test_twice),
		TEST(test_root_writable),
		TEST(test_roots_group_writable),
		TEST(test_root_read_only),
		TEST(test_file_system_lacks_it),
		TEST(test_missing_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
