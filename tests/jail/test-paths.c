/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Paths that are restricted on the finished tree, and /proc with its options. Each restriction is shown to
 * bite, and the same thing to work without. Rows J24 and J25 of the threat model. Runs in a mount namespace
 * of its own.
 */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A directory that the payload can write to, with one below it, each with a file. */
static void bind_data(struct rig *r, const char *name, const char *target)
{
	const char *directory = rig_mkdir(r, name, 0777);

	(void)rig_mkdir(r, rig_format(r, "%s/sub", name), 0777);
	(void)rig_file(r, rig_format(r, "%s/file", name), "top\n", 0666);
	(void)rig_file(r, rig_format(r, "%s/sub/file", name), "sub\n", 0666);
	rig_bind(r, directory, target, 0);
}

#define WRITE_ALL                                                                                            \
	"write", "/data/file", "--", "write", "/data/new", "--", "write", "/data/sub/file", "--", "write",   \
		"/data/sub/new"

static void test_off(void **state)
{
	struct rig *r = *state;

	bind_data(r, "data", "/data");
	RUN(r, WRITE_ALL, "--", "cat", "/data/sub/file");
	assert_string_equal(r->output, "write ok\nwrite ok\nwrite ok\nwrite ok\nprobe\ncat ok\n");
}

static void test_read_only(void **state)
{
	struct rig *r = *state;

	bind_data(r, "data", "/data");
	rig_restrict(r, RESTRICTION_READ_ONLY, "/data", false);
	RUN(r, WRITE_ALL, "--", "cat", "/data/sub/file");
	assert_string_equal(r->output, "write EROFS\nwrite EROFS\nwrite EROFS\nwrite EROFS\nsub\ncat ok\n");
}

/* A directory and a file that are no roots of mounts. */
static void test_read_only_below(void **state)
{
	struct rig *r = *state;

	bind_data(r, "data", "/data");
	rig_restrict(r, RESTRICTION_READ_ONLY, "/data/file", false);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/data/sub", false);
	RUN(r, WRITE_ALL);
	assert_string_equal(r->output, "write EROFS\nwrite ok\nwrite EROFS\nwrite EROFS\n");
}

/* What is mounted on the host below a source is part of the path. */
static void test_read_only_recursive(void **state)
{
	struct rig *r = *state;
	const char *sub;

	bind_data(r, "data", "/data");
	sub = rig_format(r, "%s/data/sub", r->directory);
	assert_int_equal(mount("tmpfs", sub, "tmpfs", 0, "mode=1777"), 0);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/data", false);
	RUN(r, "write", "/data/sub/new");
	assert_int_equal(umount2(sub, MNT_DETACH), 0);
	assert_value(r, "write", "EROFS");
}

/* What the profile mounts deeper keeps its own flags, files and directories, also those that lie in another
 * such mount; what is deeper and read-only by itself, too. */
static void test_read_only_but_for_mounts(void **state)
{
	struct rig *r = *state;

	bind_data(r, "data", "/data");
	bind_data(r, "one", "/data/sub");
	bind_data(r, "two", "/data/sub/sub");
	rig_bind(r, rig_file(r, "file", "x\n", 0666), "/data/sub/file", 0);
	rig_bind(r, rig_file(r, "other", "x\n", 0666), "/data/file", MOUNT_READ_ONLY);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/data", false);
	RUN(r, "write", "/data/new", "--", "write", "/data/file", "--", "write", "/data/sub/new", "--",
		"write", "/data/sub/file", "--", "write", "/data/sub/sub/new", "--", "see");
	assert_int_equal(strncmp(r->output, "write EROFS\nwrite EROFS\nwrite ok\nwrite ok\nwrite ok\n",
				 strlen("write EROFS\nwrite EROFS\nwrite ok\nwrite ok\nwrite ok\n")),
		0);
	assert_int_equal(access(rig_format(r, "%s/two/new", r->directory), F_OK), 0);
}

/* The deeper of two restricted paths takes its mounts aside anew. */
static void test_read_only_twice(void **state)
{
	struct rig *r = *state;

	bind_data(r, "data", "/data");
	bind_data(r, "one", "/data/sub");
	bind_data(r, "two", "/data/sub/sub");
	rig_restrict(r, RESTRICTION_READ_ONLY, "/", false);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/data/sub", false);
	RUN(r, "write", "/data/new", "--", "write", "/data/sub/new", "--", "write", "/data/sub/sub/new", "--",
		"write", "/tmp/new", "--", "write", "/dev/shm/new", "--", "write", "/dev/null");
	assert_string_equal(r->output, "write ok\nwrite EROFS\nwrite ok\nwrite ok\nwrite ok\nwrite ok\n");
}

/* The host's tree, all of it read-only, but for what the jail has of its own. */
static void hosts_root(struct rig *r)
{
	r->spec.minimal_root = r->spec.private_tmp = false;
	r->spec.n_mounts = 0;
	r->spec.executable = "/usr/bin/env";
	rig_bind(r, r->probe, "/usr/bin/env", MOUNT_READ_ONLY);
	(void)rig_mkdir(r, "data", 0777);
	rig_bind(r, rig_mkdir(r, "bound", 0777), "/mnt", 0);
}

static void test_hosts_root_off(void **state)
{
	struct rig *r = *state;

	hosts_root(r);
	RUN(r, "write", rig_format(r, "%s/data/new", r->directory), "--", "chmod", "/sys/kernel", "0755");
	assert_string_equal(r->output, "write ok\nchmod EPERM\n");
}

static void test_hosts_root(void **state)
{
	struct rig *r = *state;

	hosts_root(r);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/", true);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/sys", true);
	RUN(r, "write", rig_format(r, "%s/data/new", r->directory), "--", "write", "/mnt/new", "--", "write",
		"/dev/null", "--", "write", "/dev/shm/new", "--", "chmod", "/sys/kernel", "0755", "--",
		"open", "/etc/passwd", "--", "chmod", "/etc/passwd", "0644", "--", "open",
		"/proc/self/oom_score_adj", "rw");
	assert_string_equal(r->output,
		"write EROFS\nwrite ok\nwrite ok\nwrite ok\nchmod EROFS\nopen ok\nchmod EROFS\nopen ok\n");
}

/* The cgroup tree is not part of /sys here: it has a key of its own. */
static void test_control_groups(void **state)
{
	struct rig *r = *state;
	struct stat st;

	if (stat("/sys/fs/cgroup", &st) < 0)
		skip();
	hosts_root(r);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/sys", true);
	RUN(r, "chmod", "/sys/fs/cgroup", "0755", "--", "chmod", "/sys/fs", "0755");
	assert_string_equal(r->output, "chmod EPERM\nchmod EROFS\n");
}

static void test_control_groups_protected(void **state)
{
	struct rig *r = *state;
	struct stat st;

	if (stat("/sys/fs/cgroup", &st) < 0)
		skip();
	hosts_root(r);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/sys/fs/cgroup", true);
	RUN(r, "chmod", "/sys/fs/cgroup", "0755", "--", "chmod", "/sys/fs", "0755");
	assert_string_equal(r->output, "chmod EROFS\nchmod EPERM\n");
}

static void test_no_exec(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_mkdir(r, "bin", 0755), "/opt", 0);
	(void)rig_copy(r, r->probe, "bin/probe", 0755);
	r->spec.executable = "/opt/probe";
	RUN(r, "open", "/opt/probe");
	assert_value(r, "open", "ok");
}

/* A mount below the path is not spared, other than with read-only ones. */
static void test_no_exec_bites(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_mkdir(r, "bin", 0755), "/opt/bin", 0);
	(void)rig_copy(r, r->probe, "bin/probe", 0755);
	r->spec.executable = "/opt/bin/probe";
	rig_restrict(r, RESTRICTION_NO_EXEC, "/opt", false);
	rig_fail(r, STAGE_EXEC, -EACCES, "NoExecPaths=, noexec): /opt/bin/probe");
}

static void test_inaccessible(void **state)
{
	struct rig *r = *state;

	bind_data(r, "data", "/data");
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data/file", false);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data/sub", false);
	RUN(r, "open", "/data/file", "--", "open", "/data/sub", "--", "open", "/data/sub/file", "--", "chmod",
		"/data/sub", "0777", "--", "write", "/data/new", "--", "stat", "/data/sub", "--", "umount",
		"/data/sub");
	assert_int_equal(strncmp(r->output, "open EACCES\nopen EACCES\nopen EACCES\nchmod EROFS\nwrite ok\n",
				 strlen("open EACCES\nopen EACCES\nopen EACCES\nchmod EROFS\nwrite ok\n")),
		0);
	assert_value(r, "stat_mode", "40000");
	assert_value(r, "umount", "EPERM");
}

/* Who may open everything finds nothing. */
static void test_inaccessible_to_the_mighty(void **state)
{
	struct rig *r = *state;

	bind_data(r, "data", "/data");
	r->spec.bounding = r->spec.ambient = UINT64_C(1) << CAP_DAC_OVERRIDE;
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data/file", false);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data/sub", false);
	RUN(r, "list", "/data/sub", "--", "cat", "/data/file", "--", "write", "/data/sub/new", "--", "write",
		"/data/file");
	assert_int_equal(rig_count(r, "entry"), 0);
	assert_false(rig_has_line(r, "top"));
	assert_value(r, "write", "EROFS");
}

static void test_missing(void **state)
{
	struct rig *r = *state;

	rig_restrict(r, RESTRICTION_READ_ONLY, "/usr/no-such-place", false);
	rig_fail(r, STAGE_MOUNTS, -ENOENT, "ReadOnlyPaths= /usr/no-such-place");
}

static void test_missing_inaccessible(void **state)
{
	struct rig *r = *state;

	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/no-such-place", false);
	rig_fail(r, STAGE_MOUNTS, -ENOENT, "InaccessiblePaths= /no-such-place");
}

static void test_missing_optional(void **state)
{
	struct rig *r = *state;

	for (unsigned type = 0; type < _RESTRICTION_TYPE_MAX; type++)
		rig_restrict(r, type, "/usr/no-such-place", true);
	RUN(r, "open", "/usr");
	assert_value(r, "open", "ok");
}

/* A link of root's: what it leads to is restricted, by whatever name it is reached. */
static void test_link_of_root(void **state)
{
	struct rig *r = *state;
	struct stat st;

	if (lstat("/sbin", &st) < 0 || !S_ISLNK(st.st_mode))
		skip();
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/sbin", false);
	RUN(r, "open", "/usr/sbin", "--", "open", "/usr/bin");
	assert_string_equal(r->output, "open EACCES\nopen ok\n");
}

/* A link of the payload's could have something else restricted than what is named. */
static void test_link_of_payload(void **state)
{
	struct rig *r = *state;
	const char *link;

	bind_data(r, "data", "/data");
	link = rig_format(r, "%s/data/link", r->directory);
	assert_int_equal(chown(rig_format(r, "%s/data", r->directory), RIG_UID, RIG_GID), 0);
	assert_int_equal(symlink("/tmp", link), 0);
	assert_int_equal(lchown(link, RIG_UID, RIG_GID), 0);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data/link/secret", false);
	rig_fail(r, STAGE_MOUNTS, -ELOOP, "InaccessiblePaths= /data/link/secret");
}

/* Homes as a profile's ProtectHome=tmpfs has them: no error where there are none. */
static void test_optional_tmpfs(void **state)
{
	struct rig *r = *state;

	hosts_root(r);
	rig_tmpfs(r, "/home", MOUNT_READ_ONLY | MOUNT_OPTIONAL, 4096, 0755);
	rig_tmpfs(r, "/no-such-place", MOUNT_READ_ONLY | MOUNT_OPTIONAL, 4096, 0755);
	RUN(r, "list", "/home", "--", "write", "/home/new", "--", "open", "/no-such-place");
	assert_int_equal(rig_count(r, "entry"), 0);
	assert_value(r, "write", "EROFS");
	assert_value(r, "open", "ENOENT");
}

/* Options of the jail's /proc, as its mount table has them. */
static void test_proc(void **state)
{
	static const char *const expected[_PROC_HIDING_MAX] = { NULL, "hidepid=noaccess", "hidepid=invisible",
		"hidepid=ptraceable" };
	struct rig *r = *state;

	for (unsigned i = 0; i < _PROC_HIDING_MAX; i++) {
		r->spec.proc_hiding = i;
		r->spec.proc_subset = i % 2 == 0;
		r->spec.id++;
		if (i > 0) {
			int out[2];

			assert_int_equal(pipe2(out, O_CLOEXEC), 0);
			(void)fd_close(r->output_fd);
			r->output_fd = out[0];
			r->output_end = out[1];
			r->spec.fds[1].source = r->spec.fds[2].source = out[1];
			r->output[0] = '\0';
		}
		RUN(r, "cat", "/proc/self/mountinfo", "--", "open", "/proc/sys/kernel");
		if (expected[i])
			assert_non_null(strstr(r->output, expected[i]));
		else
			assert_null(strstr(r->output, "hidepid"));
		assert_int_equal(strstr(r->output, "subset=pid") != NULL, r->spec.proc_subset);
		assert_value(r, "open", r->spec.proc_subset ? "ENOENT" : "ok");
	}
}

static void test_tunables(void **state)
{
	struct rig *r = *state;

	r->spec.proc_subset = false;
	rig_restrict(r, RESTRICTION_READ_ONLY, "/proc/sys", true);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/proc/kallsyms", true);
	RUN(r, "chmod", "/proc/sys/kernel/hostname", "0644", "--", "open", "/proc/sys/kernel/hostname", "--",
		"open", "/proc/kallsyms", "--", "open", "/proc/self/status");
	assert_string_equal(r->output, "chmod EROFS\nopen ok\nopen EACCES\nopen ok\n");
}

static void test_tunables_off(void **state)
{
	struct rig *r = *state;

	r->spec.proc_subset = false;
	RUN(r, "chmod", "/proc/sys/kernel/hostname", "0644", "--", "open", "/proc/kallsyms");
	assert_string_equal(r->output, "chmod EPERM\nopen ok\n");
}

/* Without mount ids (the C library makes up a statx(2) that has none) it is not known what lies where: the
 * launch fails, and nothing is half restricted. */
static int refuse_statx(struct rig *r)
{
	const struct filter_rule rule = { SYS_statx, FILTER_FAIL(ENOSYS), 0, 0, 0 };
	bool failed;

	if (filter_apply(&rule, 1, FILTER_PERMIT) < 0 || START(r, "exit", "0") < 0)
		return 1;
	failed = rig_report(r) == -EOPNOTSUPP && r->error.stage == STAGE_MOUNTS &&
		 strcmp(r->error.object, "ReadOnlyPaths= /tmp") == 0;
	jail_done(&r->context, &r->jail);
	return failed ? 0 : 2;
}

static void test_kernel_lacks_it(void **state)
{
	struct rig *r = *state;

	rig_restrict(r, RESTRICTION_READ_ONLY, "/tmp", false);
	assert_int_equal(rig_as_child(r, refuse_statx), 0);
}

static void test_without_namespace(void **state)
{
	struct rig *r = *state;

	r->spec.namespaces &= ~JAIL_NS_MOUNT;
	r->spec.minimal_root = r->spec.private_tmp = r->spec.private_devices = false;
	r->spec.n_mounts = 0;
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/etc", true);
	rig_fail(r, STAGE_MOUNTS, -EINVAL, "needs a mount namespace: /etc");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_off),
		TEST(test_read_only),
		TEST(test_read_only_below),
		TEST(test_read_only_recursive),
		TEST(test_read_only_but_for_mounts),
		TEST(test_read_only_twice),
		TEST(test_hosts_root_off),
		TEST(test_hosts_root),
		TEST(test_control_groups),
		TEST(test_control_groups_protected),
		TEST(test_no_exec),
		TEST(test_no_exec_bites),
		TEST(test_inaccessible),
		TEST(test_inaccessible_to_the_mighty),
		TEST(test_missing),
		TEST(test_missing_inaccessible),
		TEST(test_missing_optional),
		TEST(test_link_of_root),
		TEST(test_link_of_payload),
		TEST(test_optional_tmpfs),
		TEST(test_proc),
		TEST(test_tunables),
		TEST(test_tunables_off),
		TEST(test_kernel_lacks_it),
		TEST(test_without_namespace),
	};

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
