/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the compiler can and can not do once it is confined: each attempt in a child of its own. */

#include "base/error.h"
#include "base/process.h"
#include "compiler/confine.h"
#include "compiler/users.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct tree tree;

static int outcome(long result)
{
	return result < 0 ? errno : 0;
}

static int read_config(void)
{
	return outcome(open(tree_path(&tree, "bailiffd.conf"), O_RDONLY | O_CLOEXEC));
}

static int read_passwd(void)
{
	struct user_record u = { 0 };
	int r = users_find("daemon", &u);

	user_record_done(&u);
	return -r;
}

static int find_nobody_there(void)
{
	struct user_record u = { 0 };

	return -users_find("no-such-user", &u);
}

static int read_elsewhere(void)
{
	return outcome(open("/usr/bin/env", O_RDONLY | O_CLOEXEC));
}

static int read_proc(void)
{
	return outcome(open("/proc/self/environ", O_RDONLY | O_CLOEXEC));
}

static int write_config(void)
{
	return outcome(open(tree_path(&tree, "bailiffd.conf"), O_WRONLY | O_CLOEXEC));
}

static int make_file(void)
{
	return outcome(open(tree_path(&tree, "new"), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int make_socket(void)
{
	return outcome(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		       ? errno
		       : 0;
}

static int make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? 255 : outcome(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int make_process(void)
{
	return outcome(fork());
}

static int remove_file(void)
{
	return outcome(unlink(tree_path(&tree, "bailiffd.conf")));
}

static int raise_limit(void)
{
	const struct rlimit l = { RLIM_INFINITY, RLIM_INFINITY };

	return outcome(setrlimit(RLIMIT_CPU, &l));
}

static int run_program(void)
{
	char *argv[] = { NULL }, *envp[] = { NULL };

	return outcome(execve("/bin/true", argv, envp));
}

static int trace(void)
{
	return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

#define KILLED (128 + SIGSYS)

static const struct {
	const char *name;
	int (*attempt)(void);
	int expected; /* errno, or KILLED */
} rows[] = {
	{ "read the configuration", read_config, 0 },
	{ "look up a user", read_passwd, 0 },
	{ "look up a user who is not there", find_nobody_there, ENOENT },
	{ "read another file", read_elsewhere, EACCES },
	{ "read /proc", read_proc, EACCES },
	{ "write to the configuration", write_config, EPERM },
	{ "make a file", make_file, EPERM },
	{ "make a socket", make_socket, EAFNOSUPPORT },
	{ "map code", map_code, EACCES },
	{ "turn data into code", make_code, EACCES },
	{ "make a process", make_process, EPERM },
	{ "remove a file", remove_file, EPERM },
	{ "raise a limit", raise_limit, EPERM },
	{ "execute a program", run_program, KILLED },
	{ "trace", trace, KILLED },
};

/* The child's errno as its exit status, or 128 and the signal. */
static int try(int (*attempt)(void))
{
	int pidfd = -1, status;
	pid_t pid = process_clone(0, -1, &pidfd);

	assert_true(pid >= 0);
	if (pid == 0) {
		users_warm_up();
		_exit(confine(tree.root) < 0 ? 254 : attempt());
	}
	status = process_wait_status(pidfd);
	assert_int_equal(close(pidfd), 0);
	return status;
}

static void test_confined(void **state)
{
	unsigned wrong = 0;

	(void)state;
	tree_make(&tree);
	tree_write(&tree, "bailiffd.conf", "");
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		int status = try(rows[i].attempt);

		if (status == rows[i].expected)
			continue;
		print_error("%s: %d, not %d\n", rows[i].name, status, rows[i].expected);
		wrong++;
	}
	tree_remove(&tree);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_confined),
	};

	return cmocka_run_group_tests_name("compiler-confine", tests, NULL, NULL);
}
