/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Hosts that look otherwise than the one that the tests happen to run on: "/" is read-only, private and a
 * file system of its own, /usr is another, /bin and /lib are directories and no links, /tmp is a third, and
 * there is no cgroup v2. Such a host is built in a mount namespace, before the tests run on it.
 */

#include "base/fd.h"
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bind_directory(const char *source, const char *target)
{
	return mkdir(target, 0755) < 0 ? -1 : mount(source, target, NULL, MS_BIND | MS_REC, NULL);
}

/* One name of "/". What is a link into /usr becomes a directory, as it was before /usr was merged. */
static int copy_entry(const char *name, const char *root)
{
	char source[PATH_MAX], target[PATH_MAX], text[PATH_MAX];
	struct stat st;
	ssize_t n;

	(void)snprintf(source, sizeof(source), "/%s", name);
	(void)snprintf(target, sizeof(target), "%s/%s", root, name);
	if (lstat(source, &st) < 0)
		return -1;
	if (S_ISDIR(st.st_mode))
		return bind_directory(source, target);
	if (!S_ISLNK(st.st_mode))
		return 0;
	n = readlink(source, text, sizeof(text) - 1);
	if (n < 0)
		return -1;
	text[n] = '\0';
	return strncmp(text, "usr/", 4) == 0 ? bind_directory(source, target) : symlink(text, target);
}

static int copy_root(const char *root)
{
	DIR *d = opendir("/");
	struct dirent *e;
	int r = d ? 0 : -1;

	while (r == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = copy_entry(e->d_name, root);
	if (d)
		(void)closedir(d);
	return r;
}

/* Afterwards the process lives on that host. */
static int make_host(void)
{
	char root[] = "/tmp/bailiff-host-XXXXXX";

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	if (!mkdtemp(root))
		return -1;
	if (mount("tmpfs", root, "tmpfs", 0, "mode=0755") < 0 || copy_root(root) < 0 ||
		mount(NULL, root, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0 || chdir(root) < 0 ||
		syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		return -1;
	/* binding /tmp took the new root along, to where it was mounted */
	return chdir("/") < 0 || umount2(root, MNT_DETACH) < 0 ? -1 : rmdir(root);
}

/* Is it the host that we want to test on? */
static void test_host(void **state)
{
	struct stat root, usr, bin;

	assert_int_equal(mkdir("/new", 0755), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(stat("/", &root), 0);
	assert_int_equal(stat("/usr", &usr), 0);
	assert_int_equal(lstat("/bin", &bin), 0);
	assert_int_not_equal(root.st_dev, usr.st_dev);
	assert_true(S_ISDIR(bin.st_mode));
}

static void test_minimal_root(void **state)
{
	struct rig *r = *state;

	RUN(r, "see", "--", "stat", "/bin", "--", "open", "/usr/bin/env", "--", "write", "/bin/new", "--",
		"unshare", "user");
	assert_value(r, "uid", "54321 54321 54321 54321");
	assert_value(r, "stat_mode", "40755"); /* a directory inside, too */
	assert_value(r, "open", "ok");
	assert_value(r, "write", "EROFS");
	assert_value(r, "unshare", "EPERM");
	assert_false(rig_has_line(r, "root home"));
}

static void test_dynamic_program(void **state)
{
	struct rig *r = *state;

	r->spec.executable = "/bin/true";
	RUN(r, "ignored");
	assert_int_equal(r->status.si_status, 0);
}

static void test_hosts_root(void **state)
{
	struct rig *r = *state;

	r->spec.minimal_root = false;
	r->spec.n_mounts = 0;
	r->spec.executable = "/usr/bin/env";
	rig_bind(r, r->probe, "/usr/bin/env", MOUNT_READ_ONLY);
	rig_bind(r, rig_mkdir(r, "data", 01777), "/mnt", 0);
	RUN(r, "see", "--", "stat", "/bin", "--", "write", "/mnt/file", "--", "write", "/new");
	assert_line(r, "root etc");
	assert_value(r, "stat_mode", "40755");
	assert_line(r, "write ok");
	assert_line(r, "write EROFS");
	assert_line(r, "proc 2");
	assert_false(rig_has_line(r, "proc 1"));
}

static void test_no_cgroup2(void **state)
{
	struct rig *r = *state;
	int fd = r->context.cgroup_fd;

	r->context.cgroup_fd = -1;
	rig_launch(r, ARGS("leave-behind", "--", "forks", "20", "--", "exit", "5"));
	rig_finish(r);
	r->context.cgroup_fd = fd;
	rig_read(r, NULL);
	assert_int_equal(r->status.si_status, 5);
	rig_await_lingering(r);
	assert_null(r->context.lingering);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_host),
		TEST(test_minimal_root),
		TEST(test_dynamic_program),
		TEST(test_hosts_root),
		TEST(test_no_cgroup2),
	};

	if (make_host() < 0) {
		(void)fprintf(stderr, "cannot build a host to test on: %s\n", strerror(errno));
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
