/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the broker can still do once it is confined, each attempt in a child of its own. The filter hides what
 * is behind it, so the layers below are looked at a second time without it: filter_apply() is the linker's
 * --wrap, and does nothing when it is told so.
 */

#include "base/error.h"
#include "base/filter.h"
#include "base/process.h"
#include "broker/confine.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SKIPPED      77
#define KILLED       (128 + SIGSYS)
#define NOT_CONFINED 200

int __real_filter_apply(const struct filter_rule *rules, size_t n, uint32_t default_action);
int __wrap_filter_apply(const struct filter_rule *rules, size_t n, uint32_t default_action);

static bool without_filter;

int __wrap_filter_apply(const struct filter_rule *rules, size_t n, uint32_t default_action)
{
	return without_filter ? 0 : __real_filter_apply(rules, n, default_action);
}

static int outcome(long result)
{
	return result < 0 ? errno : 0;
}

static int read_root(void)
{
	return outcome(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int write_root(void)
{
	return outcome(open("/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int read_host(void)
{
	return outcome(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int stat_host(void)
{
	struct stat st;

	return outcome(stat("/etc", &st));
}

static int internet(void)
{
	return outcome(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int local_socket(void)
{
	return outcome(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int execute(void)
{
	return outcome(execl("/bin/true", "true", NULL));
}

static int clone_child(void)
{
	return outcome(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static int trace(void)
{
	return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int mount_something(void)
{
	return outcome(mount("none", "/", "tmpfs", 0, NULL));
}

static int new_namespace(void)
{
	return outcome(unshare(CLONE_NEWNS));
}

static int kill_others(void)
{
	return outcome(kill(1, 0));
}

static int executable_memory(void)
{
	return outcome(
		(long)(intptr_t)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static int make_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NOT_CONFINED : outcome(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int new_pipe(void)
{
	int p[2];

	return outcome(pipe2(p, O_CLOEXEC));
}

static int new_privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : NOT_CONFINED;
}

/* Its exit status, a deadly signal's is 128 more. */
static int confined(int (*attempt)(void), bool filtered)
{
	int pidfd = -1, status;
	pid_t pid = process_clone(0, -1, &pidfd);

	assert_true(pid >= 0);
	if (pid == 0) {
		without_filter = !filtered;
		(void)syscall(SYS_exit_group, confine() < 0 ? NOT_CONFINED : attempt());
	}
	status = process_wait_status(pidfd);
	(void)close(pidfd);
	return status;
}

static const struct {
	const char *name;
	int (*attempt)(void);
	int status;
} filtered[] = {
	{ "make a pipe", new_pipe, 0 },
	{ "look at the host's files", stat_host, ENOENT },
	{ "read the host's files", read_host, ENOENT },
	{ "create a file", write_root, KILLED },
	{ "make an IP socket", internet, KILLED },
	{ "make a local socket", local_socket, KILLED },
	{ "execute", execute, KILLED },
	{ "clone", clone_child, KILLED },
	{ "be traced", trace, KILLED },
	{ "mount", mount_something, KILLED },
	{ "unshare", new_namespace, KILLED },
	{ "signal others", kill_others, KILLED },
	{ "map executable memory", executable_memory, EACCES },
	{ "make memory executable", make_executable, EACCES },
},
  unfiltered[] = {
	  { "gain privileges", new_privileges, 0 },
	  { "read its root (Landlock)", read_root, EACCES },
	  { "create a file", write_root, EROFS },
	  { "read the host's files", read_host, ENOENT },
	  { "look at the host's files", stat_host, ENOENT },
	  { "mount without capabilities", mount_something, EPERM },
	  { "unshare without capabilities", new_namespace, EPERM },
  };

static void test_behind_the_filter(void **state)
{
	for (size_t i = 0; i < ELEMENTS(filtered); i++) {
		int status = confined(filtered[i].attempt, true);

		if (status != filtered[i].status)
			fail_msg("%s: %d, wanted %d", filtered[i].name, status, filtered[i].status);
	}
}

static void test_below_the_filter(void **state)
{
	for (size_t i = 0; i < ELEMENTS(unfiltered); i++) {
		int status = confined(unfiltered[i].attempt, false);

		if (status != unfiltered[i].status)
			fail_msg("%s: %d, wanted %d", unfiltered[i].name, status, unfiltered[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_behind_the_filter),
		cmocka_unit_test(test_below_the_filter),
	};

	if (geteuid() != 0)
		return SKIPPED;
	return cmocka_run_group_tests_name("broker confine", tests, NULL, NULL);
}
