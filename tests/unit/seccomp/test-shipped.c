/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The policies that are installed: real programs must run under them as they do in a sandbox (no_new_privs,
 * filter, execveat of an open file), and what the policies exclude must be excluded by the kernel.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/io.h"
#include "base/process.h"
#include "base/strv.h"
#include "seccomp/seccomp.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct seccomp_options untrusted = { .flags = SECCOMP_UNTRUSTED };

#define DATA_SIZE (3 * 1024 * 1024)

static struct seccomp_result base, decoder, probe;

static void compile(int dir_fd, const char *name, struct seccomp_result *ret)
{
	if (seccomp_compile_file(dir_fd, name, name, &untrusted, ret) == 0)
		return;
	for (size_t i = 0; i < ret->n_diagnostics; i++)
		print_error("%s\n", ret->diagnostics[i].rendered);
	fail_msg("%s does not compile", name);
}

static int setup(void **state)
{
	const char *root = getenv("BAILIFF_SOURCE_ROOT");
	_cleanup_close_ int fd = open(root ? root : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	compile(fd, "policies/seccomp/base.policy", &base);
	compile(fd, "policies/seccomp/decoder.policy", &decoder);
	compile(fd, "tests/unit/seccomp/probe.policy", &probe);
	return 0;
}

static int teardown(void **state)
{
	seccomp_result_done(&base);
	seccomp_result_done(&decoder);
	seccomp_result_done(&probe);
	return 0;
}

/* Only this call: for an _exit() sanitizers make calls of their own, which a filter may not permit. */
static void leave(int status)
{
	(void)syscall(SYS_exit_group, status);
}

static void load_or_exit(const struct seccomp_result *policy)
{
	const struct rlimit none = {};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)process_reset_signals(); /* cmocka catches SIGSYS */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || filter_load(policy->filter, policy->n_filter) < 0)
		leave(99);
}

/* Runs the program as the launcher does, and returns its wait status. */
static int run(
	const struct seccomp_result *policy, const char *path, const char *const argv[], int in, int out)
{
	static char *const environment[] = { NULL };
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	pid_t pid;
	int status;

	assert_true(fd >= 0);
	pid = fork();
	if (pid == 0) {
		if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
			leave(98);
		load_or_exit(policy);
		(void)syscall(SYS_execveat, fd, "", argv, environment, AT_EMPTY_PATH);
		leave(97);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int memory_file(const void *data, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	if (size > 0)
		assert_int_equal(write_full(fd, data, size), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static char *make_data(void)
{
	char *data = malloc(DATA_SIZE);
	uint32_t state = 1;

	assert_non_null(data);
	for (size_t i = 0; i < DATA_SIZE; i++) {
		state = state * 1664525 + 1013904223;
		/* Some of it can be compressed, some not. */
		data[i] = (i / 4096) % 2 == 0 ? (char)(state >> 24) : (char)('a' + (i % 7));
	}
	return data;
}

struct program {
	const char *path;
	const char *compress[5],
		*decompress[5]; /* arguments; without .decompress the data come out unchanged */
};

static const struct program programs[] = {
	{ "/usr/bin/cat", { "cat" }, {} },
	{ "/usr/bin/xz", { "xz", "-0", "-c" }, { "xz", "-d", "-c" } },
	{ "/usr/bin/xz", { "xz", "-0", "-T3", "-c" }, { "xz", "-d", "-T0", "-c" } },
	{ "/usr/bin/gzip", { "gzip", "-1", "-c" }, { "gzip", "-d", "-c" } },
	{ "/usr/bin/bzip2", { "bzip2", "-1", "-c" }, { "bzip2", "-d", "-c" } },
	{ "/usr/bin/lz4", { "lz4", "-1", "-c" }, { "lz4", "-d", "-c" } },
	{ "/usr/bin/zstd", { "zstd", "-1", "-c", "-" }, { "zstd", "-d", "-c", "-" } },
	{ "/usr/bin/zstd", { "zstd", "-1", "-T3", "-c" }, { "zstd", "-d", "-c" } },
};

static void expect_success(const struct program *program, const char *const argv[], int in, int out)
{
	int status = run(&decoder, program->path, argv, in, out);

	if (status != 0)
		fail_msg("%s %s: wait status 0x%x", program->path, argv[1] ? argv[1] : "", (unsigned)status);
	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
}

static void check_program(const struct program *program, const char *data)
{
	_cleanup_close_ int in = memory_file(data, DATA_SIZE), middle = memory_file(NULL, 0),
			    out = memory_file(NULL, 0);
	_cleanup_free_ char *result = NULL;
	size_t size;

	expect_success(program, program->compress, in, middle);
	if (program->decompress[0])
		expect_success(program, program->decompress, middle, out);
	assert_int_equal(read_fd_to_end(program->decompress[0] ? out : middle, DATA_SIZE, &result, &size), 0);
	assert_int_equal(size, DATA_SIZE);
	assert_memory_equal(result, data, DATA_SIZE);
}

static void test_decoders_run(void **state)
{
	_cleanup_free_ char *data = make_data();
	unsigned n = 0;

	for (size_t i = 0; i < ELEMENTSOF(programs); i++) {
		if (access(programs[i].path, X_OK) < 0) {
			if (getenv("BAILIFF_MUST_WORK"))
				fail_msg("%s is not installed", programs[i].path);
			print_message("%s is not installed\n", programs[i].path);
			continue;
		}
		check_program(&programs[i], data);
		n++;
	}
	print_message("%u programs came through their data unharmed under decoder.policy\n", n);
}

/* A decoder that is given a damaged stream says so; it is not killed. */
static void test_decoder_reports_errors(void **state)
{
	static const char *const argv[] = { "gzip", "-d", "-c", NULL };
	_cleanup_close_ int in = memory_file("\x1f\x8b\x08\0damaged, as can be seen", 26),
			    out = memory_file(NULL, 0);
	int status = run(&decoder, "/usr/bin/gzip", argv, in, out);

	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void test_static_program_runs(void **state)
{
	static const char *const argv[] = { "probe", "x", NULL };
	const char *root = getenv("BAILIFF_BUILD_ROOT");
	_cleanup_close_ int in = memory_file(NULL, 0), out = memory_file(NULL, 0);
	_cleanup_free_ char *path = NULL, *result = NULL;
	size_t size;

	assert_true(asprintf(&path, "%s/tests/unit/seccomp/static-probe", root ? root : ".") > 0);
	if (access(path, X_OK) < 0)
		skip();
	assert_int_equal(run(&base, path, argv, in, out), 0);
	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
	assert_int_equal(read_fd_to_end(out, 100, &result, &size), 0);
	assert_string_equal(result, "probe: 2 arguments\n");
}

/* The tests' own policy lets a shell do what shells do. */
static void test_shell_runs(void **state)
{
	static const char *const argv[] = { "sh", "-c",
		"set -e; d=$(mktemp -d); (echo a; echo b) | cat >$d/f; wc -l <$d/f; rm -r $d; (exit 3)",
		NULL };
	_cleanup_close_ int in = memory_file(NULL, 0), out = memory_file(NULL, 0);
	_cleanup_free_ char *result = NULL;
	size_t size;
	int status = run(&probe, "/bin/sh", argv, in, out);

	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
	assert_int_equal(read_fd_to_end(out, 100, &result, &size), 0);
	assert_string_equal(result, "2\n");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

#define KILLED (-1)

/* One call and what the kernel must make of it: KILLED, 0, or an error. */
struct forbidden {
	const char *name;
	long number;
	unsigned long arguments[6];
	int result;
};

#define AT_CWD    ((unsigned long)AT_FDCWD)
#define TEXT(s)   ((unsigned long)(s))
#define PAGE      0x1000UL
#define ANONYMOUS ((unsigned long)(MAP_PRIVATE | MAP_ANONYMOUS))
#define NO_FD     ((unsigned long)-1)
#define NULL_DEV  TEXT("/dev/null")
#define THREAD                                                                                               \
	((unsigned long)(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM))
#define LIMIT_NEW TEXT(&(const struct rlimit){})

static const struct forbidden base_calls[] = {
	{ "open for writing", SYS_openat, { AT_CWD, NULL_DEV, O_WRONLY }, KILLED },
	{ "open for both", SYS_openat, { AT_CWD, NULL_DEV, O_RDWR }, KILLED },
	{ "create", SYS_openat, { AT_CWD, TEXT("/tmp/never"), O_CREAT, 0600 }, KILLED },
	{ "truncate", SYS_openat, { AT_CWD, NULL_DEV, O_TRUNC }, KILLED },
	{ "unnamed file", SYS_openat, { AT_CWD, TEXT("/tmp"), O_TMPFILE | O_RDWR, 0600 }, KILLED },
	{ "open with high bits", SYS_openat, { AT_CWD, NULL_DEV, 1UL << 32 }, KILLED },
	{ "openat2", SYS_openat2, { AT_CWD, NULL_DEV }, KILLED },
	{ "old open", SYS_open, { NULL_DEV, O_RDONLY }, KILLED },
	{ "socket", SYS_socket, { AF_UNIX, SOCK_STREAM }, KILLED },
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM }, KILLED },
	{ "mount", SYS_mount, {}, KILLED },
	{ "ptrace", SYS_ptrace, { PTRACE_TRACEME }, KILLED },
	{ "process_vm_readv", SYS_process_vm_readv, {}, KILLED },
	{ "fork", SYS_fork, {}, KILLED },
	{ "vfork", SYS_vfork, {}, KILLED },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER }, KILLED },
	{ "setns", SYS_setns, {}, KILLED },
	{ "kill", SYS_kill, { 0, 0 }, KILLED },
	{ "bpf", SYS_bpf, {}, KILLED },
	{ "memfd_create", SYS_memfd_create, { TEXT(""), 0 }, KILLED },
	{ "io_uring_setup", SYS_io_uring_setup, {}, KILLED },
	{ "execveat of a path", SYS_execveat, { AT_CWD, TEXT("/bin/true"), 0, 0, 0 }, KILLED },
	{ "execveat with more flags", SYS_execveat,
		{ AT_CWD, TEXT("/bin/true"), 0, 0, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW }, KILLED },
	{ "writable code", SYS_mmap, { 0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, ANONYMOUS, NO_FD },
		KILLED },
	{ "anonymous code", SYS_mmap, { 0, PAGE, PROT_READ | PROT_EXEC, ANONYMOUS, NO_FD }, KILLED },
	{ "code made executable", SYS_mprotect, { 0, 0, PROT_READ | PROT_EXEC }, KILLED },
	{ "code by a key", SYS_pkey_mprotect, { 0, 0, PROT_READ | PROT_EXEC, NO_FD }, KILLED },
	{ "a mapping moved", SYS_mremap, { 0, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED }, KILLED },
	{ "mprotect", SYS_mprotect, { 0, 0, PROT_READ }, 0 },
	{ "typing into a terminal", SYS_ioctl, { 0, TIOCSTI, NULL_DEV }, ENOTTY },
	{ "the same in 64 bits", SYS_ioctl, { 0, TIOCSTI | 1UL << 32, NULL_DEV }, ENOTTY },
	{ "a limit", SYS_prlimit64, { 0, RLIMIT_CORE, LIMIT_NEW }, EPERM },
	{ "a thread register", SYS_arch_prctl, { 0x1001, 0 }, EINVAL },
	{ "hardware poison", SYS_madvise, { 0, 0, 100 }, EINVAL },
};

static const struct forbidden decoder_calls[] = {
	{ "execve", SYS_execve, { TEXT("/bin/true"), 0, 0 }, EPERM },
	{ "execveat of a path", SYS_execveat, { AT_CWD, TEXT("/bin/true"), 0, 0, 0 }, KILLED },
	{ "open for writing", SYS_openat, { AT_CWD, NULL_DEV, O_WRONLY }, KILLED },
	{ "socket", SYS_socket, { AF_INET, SOCK_STREAM }, KILLED },
	{ "mount", SYS_mount, {}, KILLED },
	{ "ptrace", SYS_ptrace, { PTRACE_TRACEME }, KILLED },
	{ "fork by clone", SYS_clone, { SIGCHLD }, KILLED },
	{ "user namespace", SYS_clone, { CLONE_NEWUSER | SIGCHLD }, KILLED },
	{ "thread with a namespace", SYS_clone, { THREAD | CLONE_NEWNS }, KILLED },
	{ "thread with too little", SYS_clone, { THREAD }, KILLED },
	{ "clone3", SYS_clone3, { 0, 0 }, ENOSYS },
	{ "landlock", SYS_landlock_create_ruleset, { 0, 0, 1 }, ENOSYS },
	{ "dumpable", SYS_prctl, { PR_SET_DUMPABLE, 1 }, EINVAL },
	{ "a lease", SYS_fcntl, { 0, F_SETLEASE, F_WRLCK }, EINVAL },
	{ "no_new_privs", SYS_prctl, { PR_SET_NO_NEW_PRIVS, 1 }, 0 },
};

static void check_call(const struct seccomp_result *policy, const struct forbidden *f)
{
	const unsigned long *a = f->arguments;
	pid_t pid = fork();
	bool killed;
	int status;

	if (pid == 0) {
		load_or_exit(policy);
		if (syscall(f->number, a[0], a[1], a[2], a[3], a[4], a[5]) < 0)
			leave(errno);
		leave(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
	if (f->result == KILLED ? !killed : !WIFEXITED(status) || WEXITSTATUS(status) != f->result)
		fail_msg("%s: wait status 0x%x", f->name, (unsigned)status);
}

static void test_base_forbids(void **state)
{
	for (size_t i = 0; i < ELEMENTSOF(base_calls); i++)
		check_call(&base, &base_calls[i]);
}

static void test_decoder_forbids(void **state)
{
	for (size_t i = 0; i < ELEMENTSOF(decoder_calls); i++)
		check_call(&decoder, &decoder_calls[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decoders_run),
		cmocka_unit_test(test_decoder_reports_errors),
		cmocka_unit_test(test_static_program_runs),
		cmocka_unit_test(test_shell_runs),
		cmocka_unit_test(test_base_forbids),
		cmocka_unit_test(test_decoder_forbids),
	};

	return cmocka_run_group_tests_name("seccomp shipped policies", tests, setup, teardown);
}
