/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The writer of SELinux contexts, on files that stand for the kernel's: what it takes for the attribute file
 * and what not, and that a context which reads back otherwise is a failure. Row J30 of the threat model. */

#include "base/bounds.h"
#include "base/fd.h"
#include "jail/steps.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char context[] = "system_u:system_r:decoder_t:s0:c1,c5";

static void test_write(void **state)
{
	int fd = memfd_create("attr", MFD_CLOEXEC);
	char text[128] = "";

	assert_int_equal(label_write(fd, context), 0);
	assert_int_equal(pread(fd, text, sizeof(text) - 1, 0), strlen(context));
	assert_string_equal(text, context);
	/* the kernel shows a NUL, or a line, at the end */
	assert_int_equal(pwrite(fd, "", 1, (off_t)strlen(context)), 1);
	assert_int_equal(label_write(fd, context), 0);
	assert_int_equal(pwrite(fd, "\n", 1, (off_t)strlen(context)), 1);
	assert_int_equal(label_write(fd, context), 0);
	assert_int_equal(close(fd), 0);
}

/* The file has more to say than what was written: another context. */
static void test_reads_otherwise(void **state)
{
	int fd = memfd_create("attr", MFD_CLOEXEC);

	assert_int_equal(pwrite(fd, "x", 1, (off_t)strlen(context)), 1);
	assert_int_equal(label_write(fd, context), -EBADMSG);
	assert_int_equal(close(fd), 0);
	/* it forgets */
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(label_write(fd, context), -EBADMSG);
	assert_int_equal(close(fd), 0);
	/* it takes nothing */
	fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	assert_int_equal(label_write(fd, context), -ENOSPC);
	assert_int_equal(close(fd), 0);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(label_write(fd, context), -EBADF);
	assert_int_equal(close(fd), 0);
}

static void test_lengths(void **state)
{
	char text[SELINUX_CONTEXT_MAX + 2];
	int fd = memfd_create("attr", MFD_CLOEXEC);

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(label_write(fd, text), -EINVAL);
	assert_int_equal(label_write(fd, ""), -EINVAL);
	text[sizeof(text) - 2] = '\0';
	assert_int_equal(label_write(fd, text), 0);
	assert_int_equal(close(fd), 0);
}

static void test_real_procfs(void **state)
{
	int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = label_open(proc_fd);

	/* kernels without any security module that has labels lack the file */
	if (fd < 0)
		assert_int_equal(fd, -ENOENT);
	else
		assert_int_equal(close(fd), 0);
	assert_int_equal(close(proc_fd), 0);
}

/* Directories with the right names that are no procfs, or not the whole of one. */
static void test_fake_procfs(void **state)
{
	char path[] = "/tmp/bailiff-label-XXXXXX", name[64];
	int fd;

	assert_non_null(mkdtemp(path));
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(fd, "self", 0700), 0);
	assert_int_equal(mkdirat(fd, "self/attr", 0700), 0);
	assert_int_equal(close(openat(fd, "self/attr/exec", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	assert_int_equal(label_open(fd), -EBADF);
	assert_int_equal(unlinkat(fd, "self/attr/exec", 0), 0);
	assert_int_equal(unlinkat(fd, "self/attr", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(fd, "self", AT_REMOVEDIR), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(rmdir(path), 0);
	(void)snprintf(name, sizeof(name), "/proc/%d", (int)getpid());
	fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(label_open(fd), -EBADF);
	assert_int_equal(close(fd), 0);
	assert_int_equal(label_open(-1), -EBADF);
}

/* In a mount namespace of its own: something lies over a part of the real one. */
static int run_overmounted(const char *part)
{
	char path[64];
	int proc_fd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 2;
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)getpid(), part);
	if (mount("/dev/null", path, NULL, MS_BIND, NULL) < 0)
		return 3;
	proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return label_open(proc_fd) == -EBADF ? 0 : 1;
}

static void test_overmount(void **state)
{
	int status;
	pid_t pid;

	if (geteuid() != 0 || access("/proc/self/attr/exec", F_OK) < 0)
		skip();
	pid = fork();
	if (pid == 0)
		_exit(run_overmounted("attr/exec"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int prepare(const char *selinuxfs, uint32_t optional, struct label_plan *p, uint32_t *lacking)
{
	const struct jail_spec s = { .selinux_context = context, .optional = optional };
	struct jail_error e = { .stage = STAGE_NONE };
	int r;

	*lacking = 0;
	r = prepare_label(&s, selinuxfs, p, lacking, &e);
	assert_int_equal(e.stage, r < 0 ? STAGE_SELINUX : STAGE_NONE);
	if (r < 0)
		assert_non_null(strstr(e.object, "SELinuxContext="));
	return r;
}

/* What is not selinuxfs does not pass for one, whatever is in it. */
static void test_absent(void **state)
{
	static const char *const places[] = { "/no-such-place", "/proc", "/dev/null", "/proc/self/exe" };
	struct jail_spec none = { .selinux_context = "" };
	struct label_plan p;
	struct jail_error e;
	uint32_t lacking;

	for (size_t i = 0; i < ELEMENTS(places); i++) {
		assert_int_equal(prepare(places[i], 0, &p, &lacking), -EOPNOTSUPP);
		assert_int_equal(prepare(places[i], OPTIONAL_LANDLOCK, &p, &lacking), -EOPNOTSUPP);
		assert_int_equal(prepare(places[i], OPTIONAL_SELINUX, &p, &lacking), 0);
		assert_int_equal(lacking, 1U << LACK_SELINUX);
		assert_null(p.context);
	}
	lacking = 0;
	assert_int_equal(prepare_label(&none, "/no-such-place", &p, &lacking, &e), 0);
	assert_int_equal(lacking, 0);
}

/* The child's part: an executable that the user may not run is not SELinux's doing. */
static void test_apply(void **state)
{
	struct label_plan p = { .context = context, .fd = -1 };
	int exe_fd = open("/bin/sh", O_PATH | O_CLOEXEC), data_fd = memfd_create("data", MFD_CLOEXEC);
	struct jail_error e;

	assert_int_equal(apply_label(&p, memfd_create("attr", MFD_CLOEXEC), exe_fd, &e), 0);
	assert_int_equal(apply_label(&p, open("/dev/full", O_RDWR | O_CLOEXEC), exe_fd, &e), -ENOSPC);
	assert_int_equal(e.stage, STAGE_SELINUX);
	assert_int_equal(apply_label(&p, open("/dev/null", O_RDWR | O_CLOEXEC), exe_fd, &e), -EBADMSG);
	assert_int_equal(fchmod(data_fd, 0600), 0);
	assert_int_equal(apply_label(&p, memfd_create("attr", MFD_CLOEXEC), data_fd, &e), -EACCES);
	assert_int_equal(e.stage, STAGE_EXEC);
	p.context = NULL;
	assert_int_equal(apply_label(&p, -1, -1, &e), 0);
	assert_int_equal(close(exe_fd), 0);
	assert_int_equal(close(data_fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_reads_otherwise),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_real_procfs),
		cmocka_unit_test(test_fake_procfs),
		cmocka_unit_test(test_overmount),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_apply),
	};

	return cmocka_run_group_tests_name("jail-label", tests, NULL, NULL);
}
