/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "shipped.h"

#include "base/capability.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/io.h"
#include "base/process.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX    (16 * 1024 * 1024)
#define NOBODY        65534
#define FIRST_FREE_FD 10 /* above those that a program gets */
#define TIMEOUT_SEC   60 /* a program that waits for ever is a failure, too */

void shipped_compile_file(
	const char *path, const struct architecture *architecture, bool warnings, struct seccomp_result *ret)
{
	const char *root = getenv("BAILIFF_SOURCE_ROOT");
	_cleanup_close_ int fd = open(root ? root : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct seccomp_options options = {
		.architecture = architecture,
		.flags = SECCOMP_UNTRUSTED | (warnings ? SECCOMP_WARNINGS : 0),
	};
	int r;

	assert_true(fd >= 0);
	r = seccomp_compile_file(fd, path, path, &options, ret);
	for (size_t i = 0; i < ret->n_diagnostics; i++)
		print_error("%s\n", ret->diagnostics[i].rendered);
	if (r < 0 || ret->n_diagnostics > 0)
		fail_msg(
			"%s is not in order on %s", path, architecture ? architecture->name : "this machine");
}

void shipped_compile(const char *name, const struct architecture *architecture, struct seccomp_result *ret)
{
	_cleanup_free_ char *path = NULL;

	assert_true(asprintf(&path, "policies/seccomp/%s.policy", name) > 0);
	shipped_compile_file(path, architecture, true, ret);
}

void shipped_leave(int status)
{
	(void)syscall(SYS_exit_group, status);
}

void shipped_load_or_exit(const struct seccomp_result *policy)
{
	const struct rlimit none = {};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)process_reset_signals(); /* cmocka catches SIGSYS */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || filter_load(policy->filter, policy->n_filter) < 0)
		shipped_leave(99);
}

/* As a profile with a user of its own and, perhaps, one ambient capability. */
static int become_nobody(int capability)
{
	struct capability_sets sets;
	int r;

	if (geteuid() != 0)
		return capability == 0 ? 0 : -EPERM;
	r = capability_get(&sets);
	if (r < 0)
		return r;
	sets.permitted = sets.effective = sets.inheritable = sets.ambient =
		capability == 0 ? 0 : CAPABILITY_BIT(capability);
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setgroups(0, NULL) < 0 ||
		setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return errno_or_eio();
	return capability_set(&sets);
}

/* Puts what the program gets to its numbers; the others close by themselves. */
static void arrange_fds(const struct shipped_run *r)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int wanted[] = { r->in > 0 ? r->in : null, r->out > 0 ? r->out : null, STDERR_FILENO,
		r->extra[0], r->extra[1] };
	int high[ELEMENTS(wanted)];

	/* First out of each other's way. */
	for (size_t i = 0; i < ELEMENTS(wanted); i++)
		high[i] = wanted[i] > 0 ? fcntl(wanted[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD) : -1;
	for (size_t i = 0; i < ELEMENTS(wanted); i++)
		if (wanted[i] > 0 && dup2(high[i], (int)i) < 0)
			shipped_leave(98);
}

pid_t shipped_start(const struct shipped_run *r)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	static char *const environment[] = { path, locale, NULL };
	int fd = open(r->path, O_PATH | O_CLOEXEC), program = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	pid_t pid;

	assert_true(fd >= 0 && program >= 0);
	assert_int_equal(close(fd), 0);
	pid = fork();
	if (pid == 0) {
		arrange_fds(r);
		if (r->working_directory && chdir(r->working_directory) < 0)
			shipped_leave(96);
		if (r->unprivileged && become_nobody(r->capability) < 0)
			shipped_leave(95);
		(void)alarm(TIMEOUT_SEC);
		shipped_load_or_exit(r->policy);
		(void)syscall(SYS_execveat, program, "", r->argv, environment, AT_EMPTY_PATH);
		shipped_leave(97);
	}
	assert_true(pid > 0);
	assert_int_equal(close(program), 0);
	return pid;
}

int shipped_run(const struct shipped_run *r)
{
	pid_t pid = shipped_start(r);
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void describe_failure(const struct shipped_run *r, int status)
{
	fail_msg("%s %s: %s %d", r->path, r->argv[0] && r->argv[1] ? r->argv[1] : "",
		WIFSIGNALED(status) ? "signal" : "status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

void shipped_expect(const struct shipped_run *r, int status)
{
	int got = shipped_run(r);

	if (!WIFEXITED(got) || WEXITSTATUS(got) != status)
		describe_failure(r, got);
}

char *shipped_output(struct shipped_run r, int status)
{
	_cleanup_close_ int out = shipped_memory_file(NULL, 0);
	char *text;
	size_t size;

	r.out = out;
	shipped_expect(&r, status);
	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
	assert_int_equal(read_fd_to_end(out, OUTPUT_MAX, &text, &size), 0);
	return text;
}

bool shipped_installed(const char *path)
{
	if (access(path, X_OK) == 0)
		return true;
	if (getenv("BAILIFF_MUST_WORK"))
		fail_msg("%s is not installed", path);
	print_message("%s is not installed\n", path);
	return false;
}

void shipped_need_root(void)
{
	if (geteuid() == 0)
		return;
	if (getenv("BAILIFF_MUST_WORK"))
		fail_msg("this test needs root");
	skip();
}

int shipped_memory_file(const void *data, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	if (size > 0)
		assert_int_equal(write_full(fd, data, size), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

char *shipped_built(const char *name)
{
	const char *root = getenv("BAILIFF_BUILD_ROOT");
	char *path;

	assert_true(asprintf(&path, "%s/tests/unit/seccomp/%s", root ? root : ".", name) > 0);
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}
