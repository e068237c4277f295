/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Every stage failing: which one is named, with which error and object, and that nothing ran and nothing
 * stays. */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/io.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_namespaces(void **state)
{
	struct rig *r = *state;

	r->spec.namespaces |= 1U << 20;
	rig_fail(r, STAGE_NAMESPACES, -EINVAL, "unknown");
}

static void test_missing_source(void **state)
{
	struct rig *r = *state;

	rig_bind(r, "/no-such-place/source", "/data", 0);
	rig_fail(r, STAGE_MOUNTS, -ENOENT, "source /no-such-place/source");
}

/* Mount points are made in our own tmpfs, not in somebody's file system. */
static void test_missing_target(void **state)
{
	struct rig *r = *state;

	rig_bind(r, "/usr", "/usr/no-such-place/target", MOUNT_READ_ONLY);
	rig_fail(r, STAGE_MOUNTS, -ENOENT, "mount point /usr/no-such-place/target");
	assert_int_equal(access("/usr/no-such-place", F_OK), -1);
}

static void test_file_over_directory(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_file(r, "file", "x", 0644), "/usr", 0);
	rig_fail(r, STAGE_MOUNTS, -EISDIR, "mount point /usr");
}

static void test_mounts_without_namespace(void **state)
{
	struct rig *r = *state;

	r->spec.namespaces &= ~JAIL_NS_MOUNT;
	rig_fail(r, STAGE_MOUNTS, -EINVAL, "MinimalRoot");
}

static void test_ids(void **state)
{
	struct rig *r = *state;

	r->spec.uid = (uid_t)-1;
	rig_fail(r, STAGE_IDS, -EINVAL, "uid");
}

static void test_caps(void **state)
{
	struct rig *r = *state;

	r->spec.ambient = UINT64_C(1) << CAP_NET_RAW;
	rig_fail(r, STAGE_CAPABILITIES, -EINVAL, "CAP_NET_RAW");
}

static void test_cap_that_is_not_there(void **state)
{
	struct rig *r = *state;

	r->spec.bounding = UINT64_C(1) << 60;
	rig_fail(r, STAGE_CAPABILITIES, -EPERM, "launcher");
}

/* The spec borrows it; *ret is for the caller to free. */
static void make_filter(struct rig *r, const struct filter_rule *rules, size_t n, struct sock_filter **ret)
{
	assert_int_equal(filter_build(rules, n, FILTER_KILL, ret, &r->spec.n_filter), 0);
	r->spec.filter = *ret;
}

static void test_filter_without_exec(void **state)
{
	const struct filter_rule rules[] = { FILTER_ALLOW(read), FILTER_ALLOW(execve) };
	struct rig *r = *state;
	_cleanup_free_ struct sock_filter *f = NULL;

	make_filter(r, rules, 2, &f);
	rig_fail(r, STAGE_SECCOMP, -EPERM, "execveat");
}

/* The verdict on execveat is fine, but the kernel does not take the program. */
static void test_filter_that_is_none(void **state)
{
	static const struct sock_filter f[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0) };
	struct rig *r = *state;

	r->spec.filter = f;
	r->spec.n_filter = 2;
	rig_fail(r, STAGE_SECCOMP, -EINVAL, "seccomp");
}

static void test_filter_too_long(void **state)
{
	static struct sock_filter f[BPF_MAXINSNS_PER_FILTER + 1];
	struct rig *r = *state;

	r->spec.filter = f;
	r->spec.n_filter = BPF_MAXINSNS_PER_FILTER + 1;
	rig_fail(r, STAGE_SECCOMP, -E2BIG, "4097");
}

static void test_cgroup_there_already(void **state)
{
	struct rig *r = *state;
	const char *path;

	if (!r->cgroup)
		skip();
	path = rig_format(r, "%s/sandbox-%llu", r->cgroup, (unsigned long long)r->spec.id);
	assert_int_equal(mkdir(path, 0755), 0);
	rig_fail(r, STAGE_CGROUP, -EEXIST, rig_format(r, "%llu", (unsigned long long)r->spec.id));
	assert_int_equal(rmdir(path), 0); /* not ours, so not removed */
}

static void test_nothing_to_hold_processes(void **state)
{
	struct rig *r = *state;

	r->context.cgroup_fd = fd_close(r->context.cgroup_fd);
	r->spec.namespaces &= ~JAIL_NS_PID;
	rig_fail(r, STAGE_CGROUP, -EOPNOTSUPP, "PID namespace");
}

/* Above fs.nr_open nobody may go. */
static void test_limit_too_high(void **state)
{
	struct rig *r = *state;

	rig_limit(r, RLIMIT_NOFILE, 1, UINT64_C(1) << 40);
	rig_fail(r, STAGE_RLIMITS, -EPERM, "LimitNOFILE");
}

static void test_limit_soft_above_hard(void **state)
{
	struct rig *r = *state;

	rig_limit(r, RLIMIT_AS, 2, 1);
	rig_fail(r, STAGE_RLIMITS, -EINVAL, "LimitAS");
}

/* Our own hard limit is the roof where CAP_SYS_RESOURCE is missing; asking for more is said, not cut. */
static void test_limit_above_ours(void **state)
{
	struct rig *r = *state;
	struct rlimit old;

	if (prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) == 1)
		skip();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	rig_limit(r, RLIMIT_NOFILE, 1, old.rlim_max + 1);
	rig_fail(r, STAGE_RLIMITS, -EPERM, "LimitNOFILE");
}

static void test_exec_missing(void **state)
{
	struct rig *r = *state;

	r->spec.executable = "/usr/no-such-place";
	rig_fail(r, STAGE_EXEC, -ENOENT, "/usr/no-such-place");
}

static void test_exec_outside(void **state)
{
	struct rig *r = *state;

	r->spec.executable = r->probe; /* there on the host, not inside */
	rig_fail(r, STAGE_EXEC, -ENOENT, r->probe);
}

static void test_exec_directory(void **state)
{
	struct rig *r = *state;

	r->spec.executable = "/usr";
	rig_fail(r, STAGE_EXEC, -EACCES, "not a regular file: /usr");
}

static void test_exec_script(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_file(r, "script", "#!/bin/sh\necho hello\n", 0755), "/script", MOUNT_READ_ONLY);
	r->spec.executable = "/script";
	rig_fail(r, STAGE_EXEC, -ENOEXEC, "script");
}

static void test_exec_no_program(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_file(r, "text", "hello\n", 0755), "/text", MOUNT_READ_ONLY);
	r->spec.executable = "/text";
	rig_fail(r, STAGE_EXEC, -ENOEXEC, "/text");
}

/* With the payload's own rights: root could execute this one. */
static void test_exec_not_permitted(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_file(r, "private", "\177ELF", 0700), "/private", MOUNT_READ_ONLY);
	r->spec.executable = "/private";
	rig_fail(r, STAGE_EXEC, -EACCES, "/private");
}

static void test_exec_on_noexec(void **state)
{
	struct rig *r = *state;

	r->mounts[0].flags |= MOUNT_NO_EXEC;
	rig_fail(r, STAGE_EXEC, -EACCES, RIG_PROBE);
}

/* A copy of a dynamic program, whose loader has another name. */
static const char *program_without_loader(struct rig *r)
{
	_cleanup_close_ int in = open("/bin/true", O_RDONLY | O_CLOEXEC), out = -1;
	const char *path = rig_format(r, "%s/orphan", r->directory);
	char *data, *name;
	size_t size;

	assert_int_equal(read_fd_to_end(in, 16U * 1024 * 1024, &data, &size), 0);
	name = memmem(data, size, "/lib", 4);
	assert_non_null(name);
	name[1] = 'x';
	out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	assert_int_equal(write_full(out, data, size), 0);
	free(data);
	return path;
}

static void test_exec_missing_loader(void **state)
{
	struct rig *r = *state;

	rig_bind(r, program_without_loader(r), "/orphan", MOUNT_READ_ONLY);
	r->spec.executable = "/orphan";
	rig_fail(r, STAGE_EXEC, -ENOENT, "loader");
}

/* The filter lets nothing through by which a failure could be told; it is told all the same. */
static void test_exec_fails_in_silence(void **state)
{
	const struct filter_rule rules[] = { FILTER_ALLOW(execveat) };
	struct rig *r = *state;
	_cleanup_free_ struct sock_filter *f = NULL;

	make_filter(r, rules, 1, &f);
	rig_bind(r, program_without_loader(r), "/orphan", MOUNT_READ_ONLY);
	r->spec.executable = "/orphan";
	rig_fail(r, STAGE_EXEC, -ENOENT, "loader");
}

static void test_exec_too_much(void **state)
{
	struct rig *r = *state;
	size_t n = 256 * 1024; /* one string may have 128 KiB */
	char *text = malloc(n + 1);

	memset(text, 'x', n);
	text[n] = '\0';
	rig_env(r, (const char *const[]){ text, NULL });
	free(text);
	rig_fail(r, STAGE_EXEC, -E2BIG, RIG_PROBE);
}

static void test_directory_missing(void **state)
{
	struct rig *r = *state;

	r->spec.working_directory = "/no-such-place";
	rig_fail(r, STAGE_EXEC, -ENOENT, "working directory /no-such-place");
}

static void test_directory_not_permitted(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_mkdir(r, "private", 0700), "/private", 0);
	r->spec.working_directory = "/private";
	rig_fail(r, STAGE_EXEC, -EACCES, "working directory /private");
}

static void expect_outside(struct rig *r)
{
	int result = START(r, "see");

	if (result >= 0) {
		(void)jail_go(&r->jail, &r->spec);
		result = rig_report(r);
		jail_done(&r->context, &r->jail);
	}
	assert_int_equal(result, -EXDEV);
	assert_int_equal(r->error.stage, STAGE_EXEC);
	assert_non_null(strstr(r->error.object, r->spec.working_directory));
}

/* A directory fd that the caller passes is the one way to name a directory that is not in the jail. */
static void test_directory_outside(void **state)
{
	static const char *const names[] = { "/proc/self/fd/5", "/proc/self/fd/5/..",
		"/proc/thread-self/fd/5" };
	struct rig *r = *state;
	_cleanup_close_ int fd = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	rig_fd(r, fd, 5);
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		r->spec.id += 1000;
		r->spec.working_directory = names[i];
		expect_outside(r);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_namespaces),
		TEST(test_missing_source),
		TEST(test_missing_target),
		TEST(test_file_over_directory),
		TEST(test_mounts_without_namespace),
		TEST(test_ids),
		TEST(test_caps),
		TEST(test_cap_that_is_not_there),
		TEST(test_filter_without_exec),
		TEST(test_filter_that_is_none),
		TEST(test_filter_too_long),
		TEST(test_cgroup_there_already),
		TEST(test_nothing_to_hold_processes),
		TEST(test_limit_too_high),
		TEST(test_limit_soft_above_hard),
		TEST(test_limit_above_ours),
		TEST(test_exec_missing),
		TEST(test_exec_outside),
		TEST(test_exec_directory),
		TEST(test_exec_script),
		TEST(test_exec_no_program),
		TEST(test_exec_not_permitted),
		TEST(test_exec_on_noexec),
		TEST(test_exec_missing_loader),
		TEST(test_exec_fails_in_silence),
		TEST(test_exec_too_much),
		TEST(test_directory_missing),
		TEST(test_directory_not_permitted),
		TEST(test_directory_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
