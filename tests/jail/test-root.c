/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A directory of the host as root, further devices, and the sizes of file systems in memory. Each shown to
 * work, and to be refused where somebody else than root has a hand in it. Rows J27 and J28 of the threat
 * model. Runs in a mount namespace of its own.
 */

#include "base/cleanup.h"
#include "base/fd.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A root with the probe in it, and what is mounted on. */
static const char *make_root(struct rig *r, const char *name)
{
	static const char *const directories[] = { "proc", "dev", "tmp", "data", "etc" };
	const char *root = rig_mkdir(r, name, 0755);

	for (size_t i = 0; i < ELEMENTSOF(directories); i++)
		(void)rig_mkdir(r, rig_format(r, "%s/%s", name, directories[i]), 0755);
	(void)rig_file(r, rig_format(r, "%s/etc/passwd", name), "mine\n", 0644);
	(void)rig_copy(r, r->probe, rig_format(r, "%s/probe", name), 0755);
	return root;
}

static void use_root(struct rig *r, const char *root)
{
	r->spec.minimal_root = false;
	r->spec.n_mounts = 0;
	r->spec.root_directory = root;
}

static void test_root(void **state)
{
	struct rig *r = *state;
	const char *root = make_root(r, "root");

	(void)rig_mkdir(r, "root/open", 0777);
	use_root(r, root);
	rig_bind(r, rig_mkdir(r, "bound", 0777), "/data", 0);
	RUN(r, "cat", "/etc/passwd", "--", "write", "/open/new", "--", "write", "/data/new", "--", "write",
		"/tmp/new", "--", "write", "/dev/null", "--", "unshare", "user", "--", "open", "/usr", "--",
		"see");
	assert_line(r, "mine");
	assert_line(r, "write EROFS");
	assert_int_equal(rig_count(r, "write"), 4);
	assert_line(r, "write ok");
	assert_value(r, "unshare", "EPERM");
	assert_value(r, "open", "ENOENT");
	assert_line(r, "proc 2");
	assert_false(rig_has_line(r, "proc 1"));
	assert_line(r, "root data");
	assert_false(rig_has_line(r, "root usr"));
	for (const char *line = r->output; (line = strstr(line, "\nmount ")); line++) {
		char point[512], flags[256];

		assert_int_equal(sscanf(line, "\nmount %*s %*s %*s %*s %511s %255s", point, flags), 2);
		assert_non_null(strstr(flags, "nosuid"));
		if (strcmp(point, "/") == 0)
			assert_int_equal(strncmp(flags, "ro,", 3), 0);
	}
}

/* What is mounted below it belongs to it, and is as read-only. */
static void test_root_is_recursive(void **state)
{
	struct rig *r = *state;
	const char *root = make_root(r, "root"), *sub = rig_mkdir(r, "root/sub", 0755);

	assert_int_equal(mount("tmpfs", sub, "tmpfs", 0, "mode=1777"), 0);
	use_root(r, root);
	RUN(r, "write", "/sub/new", "--", "open", "/sub");
	assert_int_equal(umount2(sub, MNT_DETACH), 0);
	assert_value(r, "write", "EROFS");
	assert_value(r, "open", "ok");
}

/* Links in it mean its own files, whatever is there on the host. */
static void test_root_with_links(void **state)
{
	struct rig *r = *state;
	const char *root = make_root(r, "root");

	assert_int_equal(symlink("/etc", rig_format(r, "%s/link", root)), 0);
	use_root(r, root);
	rig_bind(r, rig_file(r, "file", "bound\n", 0644), "/link/passwd", MOUNT_READ_ONLY);
	RUN(r, "cat", "/etc/passwd", "--", "cat", "/link/passwd");
	assert_line(r, "bound");
	assert_false(rig_has_line(r, "mine"));
}

static void test_root_without_mount_point(void **state)
{
	struct rig *r = *state;
	const char *root = make_root(r, "root");

	assert_int_equal(rmdir(rig_format(r, "%s/proc", root)), 0);
	use_root(r, root);
	rig_fail(r, STAGE_MOUNTS, -ENOENT, "mount point /proc");
	assert_int_equal(access(rig_format(r, "%s/proc", root), F_OK), -1);
}

static void test_root_missing(void **state)
{
	struct rig *r = *state;

	use_root(r, "/no-such-place/root");
	rig_fail(r, STAGE_MOUNTS, -ENOENT, "new root /no-such-place/root");
}

static void test_root_is_file(void **state)
{
	struct rig *r = *state;

	use_root(r, rig_file(r, "file", "x\n", 0644));
	rig_fail(r, STAGE_MOUNTS, -ENOTDIR, "/file");
}

static void test_root_of_somebody(void **state)
{
	struct rig *r = *state;
	const char *root = make_root(r, "root");

	assert_int_equal(chown(root, RIG_UID, 0), 0);
	use_root(r, root);
	rig_fail(r, STAGE_MOUNTS, -EPERM, "new root");
}

static void test_root_writable_by_group(void **state)
{
	struct rig *r = *state;
	const char *root = make_root(r, "root");

	assert_int_equal(chmod(root, 0775), 0);
	use_root(r, root);
	rig_fail(r, STAGE_MOUNTS, -EPERM, "new root");
}

/* Whoever owns a directory above it can put another in its place. */
static void test_root_below_somebodys(void **state)
{
	struct rig *r = *state;
	const char *home = rig_mkdir(r, "home", 0755);
	const char *root = make_root(r, "home/root");

	use_root(r, root);
	assert_int_equal(chown(home, RIG_UID, RIG_GID), 0);
	rig_fail(r, STAGE_MOUNTS, -EPERM, "new root");
	assert_int_equal(chown(home, 0, 0), 0);
}

/* The same directory where root alone has a say: it was the owner that mattered. */
static void test_root_below_roots(void **state)
{
	struct rig *r = *state;

	(void)rig_mkdir(r, "home", 0755);
	use_root(r, make_root(r, "home/root"));
	RUN(r, "cat", "/etc/passwd");
	assert_line(r, "mine");
}

static void test_root_by_somebodys_link(void **state)
{
	struct rig *r = *state;
	const char *home = rig_mkdir(r, "home", 0755), *link = rig_format(r, "%s/link", home);

	assert_int_equal(symlink(make_root(r, "root"), link), 0);
	assert_int_equal(lchown(link, RIG_UID, RIG_GID), 0);
	assert_int_equal(chown(home, RIG_UID, RIG_GID), 0);
	use_root(r, link);
	rig_fail(r, STAGE_MOUNTS, -ELOOP, "new root");
}

static void test_root_without_namespace(void **state)
{
	struct rig *r = *state;

	r->spec.namespaces &= ~JAIL_NS_MOUNT;
	use_root(r, "/usr");
	r->spec.private_tmp = r->spec.private_devices = false;
	rig_fail(r, STAGE_MOUNTS, -EINVAL, "needs a mount namespace: RootDirectory=");
}

/* /dev/tty can be opened by everyone, and says ENXIO without a terminal; a node on a nodev mount would say
 * EACCES. */
static void test_device(void **state)
{
	static char tty[] = "/dev/tty";
	static char *const devices[] = { tty, NULL };
	struct rig *r = *state;

	r->spec.devices = devices;
	RUN(r, "open", "/dev/tty", "rw", "--", "chmod", "/dev/tty", "0600", "--", "write", "/dev/new", "--",
		"stat", "/dev/ptmx", "--", "unlink", "/dev/tty");
	assert_string_equal(r->output, "open ENXIO\nchmod EROFS\nwrite EROFS\nstat ENOENT\nunlink EROFS\n");
}

static void test_device_off(void **state)
{
	struct rig *r = *state;

	RUN(r, "open", "/dev/tty", "rw");
	assert_value(r, "open", "ENOENT");
}

/* In a directory that the minimal /dev has not got; with the rights that the node has on the host. */
static void test_device_in_directory(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "nodes", 0755);
	_cleanup_free_ char *path = NULL;
	char *devices[2] = { NULL, NULL };

	assert_true(asprintf(&path, "%s/null", directory) > 0);
	assert_int_equal(mknod(path, S_IFCHR | 0600, makedev(1, 3)), 0);
	devices[0] = path;
	r->spec.devices = devices;
	r->spec.private_tmp = false; /* it would lie over the node, which is not below /dev here */
	RUN(r, "stat", path, "--", "open", path);
	assert_value(r, "stat_mode", "20600");
	assert_value(r, "open", "EACCES");
}

static void fail_device(struct rig *r, mode_t mode, dev_t device, int error)
{
	const char *directory = rig_mkdir(r, "nodes", 0755);
	_cleanup_free_ char *path = NULL;
	char *devices[2] = { NULL, NULL };

	assert_true(asprintf(&path, "%s/node", directory) > 0);
	if (mode != 0)
		assert_int_equal(mknod(path, mode, device), 0);
	devices[0] = path;
	r->spec.devices = devices;
	rig_fail(r, STAGE_MOUNTS, error, path);
}

static void test_device_is_memory(void **state)
{
	fail_device(*state, S_IFCHR | 0666, makedev(1, 1), -EPERM);
}

static void test_device_is_file(void **state)
{
	fail_device(*state, S_IFREG | 0666, 0, -ENODEV);
}

static void test_device_missing(void **state)
{
	fail_device(*state, 0, 0, -ENOENT);
}

static void test_tmpfs_inodes(void **state)
{
	struct rig *r = *state;

	rig_tmpfs(r, "/var", MOUNT_PERCENT, 1, 01777);
	r->mounts[r->spec.n_mounts - 1].inodes = 3; /* the root is one of them */
	RUN(r, "write", "/var/a", "--", "write", "/var/b", "--", "write", "/var/c", "--", "cat",
		"/proc/self/mountinfo");
	assert_int_equal(strncmp(r->output, "write ok\nwrite ok\nwrite ENOSPC\n", 30), 0);
	assert_non_null(strstr(r->output, "nr_inodes=3"));
	assert_non_null(strstr(r->output, " /var "));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_root),
		TEST(test_root_is_recursive),
		TEST(test_root_with_links),
		TEST(test_root_without_mount_point),
		TEST(test_root_missing),
		TEST(test_root_is_file),
		TEST(test_root_of_somebody),
		TEST(test_root_writable_by_group),
		TEST(test_root_below_somebodys),
		TEST(test_root_below_roots),
		TEST(test_root_by_somebodys_link),
		TEST(test_root_without_namespace),
		TEST(test_device),
		TEST(test_device_off),
		TEST(test_device_in_directory),
		TEST(test_device_is_memory),
		TEST(test_device_is_file),
		TEST(test_device_missing),
		TEST(test_tmpfs_inodes),
	};

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
