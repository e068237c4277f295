/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the policies say: each is compiled, and asked about what was seen and what was not. */

#include "rig.h"

#include "seccomp/loaded.h"
#include "seccomp/seccomp.h"
#include "seccomp/simulate.h"
#include "seccomp/syscalls.h"

#include <linux/seccomp.h>
#include <stdlib.h>

static const struct learn_write_options plain = { .origin = "strace", .command = "the test" };

static void learn_log(struct learning *l, enum architecture_id id, const char *log)
{
	assert_int_equal(learning_init(l, &architectures[id]), 0);
	assert_int_equal(rig_strace(l, "log", log, 0), 0);
	assert_int_equal(l->n_problems, 0);
}

static void learn_records(struct learning *l, const char *log)
{
	assert_int_equal(learning_init(l, &architectures[ARCHITECTURE_X86_64]), 0);
	assert_int_equal(rig_audit(l, NULL, log, 0), 0);
	assert_int_equal(l->n_problems, 0);
}

static void expect_statement(
	const struct learning *l, const struct learn_write_options *o, const char *name, const char *wanted)
{
	_cleanup_free_ char *policy = rig_policy(l, o), *statement = rig_statement(policy, name);

	assert_string_equal(statement, wanted);
}

static void expect_warning(const struct learning *l, const struct learn_write_options *o, const char *wanted)
{
	_cleanup_free_ char *policy = rig_policy(l, o);

	if (wanted && !strstr(policy, wanted))
		fail_msg("no warning \"%s\" in\n%s", wanted, policy);
	if (!wanted && strstr(policy, "WARNING"))
		fail_msg("a warning in\n%s", policy);
}

static void compile(const struct learning *l, const struct learn_write_options *o, struct seccomp_result *ret)
{
	const struct seccomp_options options = { .architecture = l->architecture };
	_cleanup_free_ char *policy = rig_policy(l, o);

	if (seccomp_compile_text(policy, strlen(policy), -1, "policy", &options, ret) < 0)
		fail_msg("%s\n%s", policy, ret->n_diagnostics > 0 ? ret->diagnostics[0].rendered : "");
}

static bool permits(const struct learning *l, const struct seccomp_result *program, const char *name,
	unsigned argument, uint64_t value)
{
	struct seccomp_data data = { .arch = l->architecture->audit };
	uint32_t number, action;

	assert_int_equal(syscall_lookup(l->architecture, name, strlen(name), &number), 0);
	data.nr = (int)number;
	data.args[argument] = value;
	assert_int_equal(filter_simulate(program->filter, program->n_filter, &data, &action), 0);
	return action == SECCOMP_RET_ALLOW;
}

static void test_whole_text(void **state)
{
	static const char wanted[] =
		"# The system calls that were seen in logs of strace, for x86_64.\n"
		"# Made by the test from:\n"
		"#     log\n"
		"# 6 lines, 2 processes or threads, 5 calls.\n"
		"# Left out: execve, 1 time, by which strace started the program.\n"
		"#\n"
		"# Bailiff starts the program by its open file, when this filter is in "
		"force already.\n"
		"execveat: arg4 == AT_EMPTY_PATH\n"
		"exit: allow                     # not seen: how a thread ends\n"
		"exit_group: allow               # 1 call\n"
		"# 2 calls, by argument: 1 TCGETS, 1 FIONREAD\n"
		"ioctl: arg1 == TCGETS || \\\n"
		"\targ1 == FIONREAD\n"
		"read: allow                     # 1 call\n"
		"restart_syscall: allow          # not seen: the kernel has it called after a "
		"stop\n"
		"rt_sigreturn: allow             # not seen: the return from a signal's "
		"handler\n";
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_free_ char *policy = NULL, *again = NULL;

	learn_log(&l, ARCHITECTURE_X86_64,
		"7 execve(\"/bin/x\", [\"x\"], 0x7f) = 0\n7 ioctl(0, FIONREAD, [0]) = 0\n"
		"8 ioctl(1, TCGETS, 0x7f) = 0\n7 read(0, \"\", 1) = 0\n7 exit_group(0) = ?\n"
		"7 +++ exited with 0 +++\n");
	policy = rig_policy(&l, &plain);
	again = rig_policy(&l, &plain);
	assert_string_equal(policy, wanted);
	assert_string_equal(again, wanted);
}

/* What differs in the order of the lines alone makes the same policy. */
static void test_order(void **state)
{
	_cleanup_(learning_done) struct learning one = {}, other = {};
	_cleanup_free_ char *a = NULL, *b = NULL;

	learn_log(&one, ARCHITECTURE_X86_64,
		"write(1, \"\", 0) = 0\nsocket(AF_UNIX, 1, 0) = 3\nsocket(AF_INET, 1, 0) = 3\ngetpid() = "
		"7\n");
	learn_log(&other, ARCHITECTURE_X86_64,
		"getpid() = 7\nsocket(AF_INET, 1, 0) = 3\nsocket(0x1, 1, 0) = 3\nwrite(1, \"\", 0) = 0\n");
	a = rig_policy(&one, &plain);
	b = rig_policy(&other, &plain);
	assert_string_equal(a, b);
}

static void test_tracked(void **state)
{
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_(seccomp_result_done) struct seccomp_result p = {};

	learn_log(&l, ARCHITECTURE_X86_64,
		"ioctl(0, TIOCGPTN, [0]) = 0\nioctl(0, 0x1234, 0) = 0\nprctl(PR_SET_NAME, \"x\") = 0\n"
		"socket(AF_UNIX, SOCK_STREAM, 0) = 3\nmmap(NULL, 8, PROT_NONE, 0, -1, 0) = 0x7f\n"
		"mprotect(0x7f, 8, PROT_READ|PROT_EXEC) = 0\npkey_mprotect(0x7f, 8, PROT_READ, 1) = 0\n"
		"clone(child_stack=NULL, flags=CLONE_VM|CLONE_VFORK|SIGCHLD) = 8\n"
		"execveat(3, \"\", [\"x\"], NULL, AT_EMPTY_PATH|AT_SYMLINK_NOFOLLOW) = 0\n");
	expect_statement(&l, &plain, "clone", "clone: arg0 == CLONE_VM | CLONE_VFORK | SIGCHLD");
	expect_statement(&l, &plain, "execveat",
		"execveat: arg4 == AT_EMPTY_PATH || arg4 == AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW");
	expect_statement(&l, &plain, "ioctl",
		"ioctl: arg1 == 0x1234 || arg1 == TIOCGPTN || arg1 == TIOCGPTN | 0xffffffff00000000");
	expect_warning(&l, &plain, NULL);
	compile(&l, &plain, &p);
	assert_true(
		permits(&l, &p, "ioctl", 1, 0x80045430) && permits(&l, &p, "ioctl", 1, 0xffffffff80045430));
	assert_false(permits(&l, &p, "ioctl", 1, 0x180045430) || permits(&l, &p, "ioctl", 1, 0x5412));
	assert_false(permits(&l, &p, "ioctl", 1, 0x100001234) || permits(&l, &p, "ioctl", 1, 0));
	assert_true(permits(&l, &p, "prctl", 0, 15) && !permits(&l, &p, "prctl", 0, 4));
	assert_true(permits(&l, &p, "socket", 0, 1) && !permits(&l, &p, "socket", 0, 16));
	assert_true(permits(&l, &p, "mmap", 2, 0) && !permits(&l, &p, "mmap", 2, 1));
	assert_true(permits(&l, &p, "mprotect", 2, 5) && !permits(&l, &p, "mprotect", 2, 7));
	assert_false(permits(&l, &p, "mprotect", 2, 4) || permits(&l, &p, "mprotect", 2, 0));
	assert_true(permits(&l, &p, "pkey_mprotect", 2, 1) && !permits(&l, &p, "pkey_mprotect", 2, 4));
	assert_true(permits(&l, &p, "clone", 0, 0x4111) && !permits(&l, &p, "clone", 0, 0x10004111));
	assert_true(permits(&l, &p, "execveat", 4, 0x1000) && !permits(&l, &p, "execveat", 4, 0));
	assert_false(permits(&l, &p, "read", 0, 0) || permits(&l, &p, "execve", 0, 0));
}

static void test_protection(void **state)
{
	static const struct learn_write_options guard = {
		.origin = "strace", .command = "the test", .protection_guard = true
	};
	_cleanup_(learning_done) struct learning l = {}, code = {};

	learn_log(&l, ARCHITECTURE_X86_64,
		"mmap(NULL, 8, PROT_READ, 0, -1, 0) = 0x7f\nmmap(NULL, 8, PROT_READ|PROT_EXEC, 0, 3, 0) = "
		"0x7f\n");
	expect_statement(&l, &plain, "mmap", "mmap: arg2 == PROT_READ || arg2 == PROT_READ | PROT_EXEC");
	expect_statement(&l, &guard, "mmap", "mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE");
	learn_log(&code, ARCHITECTURE_X86_64,
		"mprotect(0x7f, 8, PROT_READ|PROT_WRITE|PROT_EXEC) = 0\nmprotect(0x7f, 8, PROT_READ) = 0\n");
	expect_statement(&code, &guard, "mprotect",
		"mprotect: arg2 == PROT_READ || arg2 == PROT_READ | PROT_WRITE | PROT_EXEC");
	expect_warning(&code, &plain, "# WARNING: mprotect made memory writable and executable.\n");
}

static void test_clone3(void **state)
{
	static const struct learn_write_options avoid = {
		.origin = "strace", .command = "the test", .avoid_clone3 = true
	};
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_(seccomp_result_done) struct seccomp_result p = {};

	learn_log(&l, ARCHITECTURE_X86_64,
		"7 clone3({flags=CLONE_VM|CLONE_FS, exit_signal=SIGCHLD}, 88) = 8\n"
		"7 clone3({flags=CLONE_VM|CLONE_FS, exit_signal=SIGCHLD}, 88) = 9\n"
		"7 clone(child_stack=NULL, flags=SIGCHLD) = 10\n");
	expect_statement(&l, &plain, "clone3", "clone3: allow");
	expect_statement(&l, &plain, "clone", "clone: arg0 == SIGCHLD");
	expect_warning(&l, &plain, "# WARNING: clone3 is permitted with every argument");
	expect_statement(&l, &avoid, "clone3", "clone3: return ENOSYS");
	expect_statement(
		&l, &avoid, "clone", "clone: arg0 == SIGCHLD || arg0 == CLONE_VM | CLONE_FS | SIGCHLD");
	expect_warning(&l, &avoid, NULL);
	compile(&l, &avoid, &p);
	assert_true(permits(&l, &p, "clone", 0, 0x311) && !permits(&l, &p, "clone", 0, 0x10000011));
	assert_false(permits(&l, &p, "clone3", 0, 0));
}

static void test_without_arguments(void **state)
{
	static const struct learn_write_options any = {
		.origin = "audit", .command = "the test", .any_argument = true
	};
	_cleanup_(learning_done) struct learning l = {};

	learn_records(&l, "type=SECCOMP msg=audit(1:1): arch=c000003e syscall=16\n"
			  "type=SECCOMP msg=audit(1:2): arch=c000003e syscall=9\n"
			  "type=SECCOMP msg=audit(1:3): arch=c000003e syscall=41\n"
			  "type=SYSCALL msg=audit(1:4): arch=c000003e syscall=41 a0=2 a1=1 a2=0 a3=0\n");
	expect_statement(&l, &plain, "ioctl", "");
	expect_statement(&l, &plain, "mmap", "mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE");
	expect_statement(&l, &plain, "socket", "socket: arg0 == AF_INET");
	expect_warning(&l, &plain, "# WARNING: ioctl: the logs lack the arguments of 1 of its calls");
	expect_warning(&l, &plain, "# WARNING: socket: the logs lack the arguments of 1 of its calls");
	expect_warning(&l, &plain, "# WARNING: mmap is permitted for all but writable code");
	expect_statement(&l, &any, "ioctl", "ioctl: allow");
	expect_statement(&l, &any, "socket", "socket: allow");
	expect_statement(&l, &any, "mmap", "mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE");
	expect_warning(&l, &any, "# WARNING: ioctl is permitted with every argument");
}

/* What an included policy has is left out where it could not be said twice. */
static void test_include(void **state)
{
	static const char base[] =
		"read: allow\nopenat: arg2 in O_RDONLY|O_CLOEXEC\nclose: return EPERM\n"
		"ioctl: { arg1 == TIOCSTI; return EPERM, allow }\nexit: allow\n"
		"prctl: { arg0 == PR_SET_NAME; allow, return EPERM }\nsocket: arg0 == AF_UNIX\n"
		"execveat: arg4 == AT_EMPTY_PATH\n"
		"{mmap, mprotect}: arg2 in PROT_READ|PROT_EXEC\n";
	const struct seccomp_options options = { .architecture = &architectures[ARCHITECTURE_X86_64],
		.flags = SECCOMP_KEEP };
	struct learn_write_options o = {
		.origin = "strace", .command = "the test", .include = "base.policy"
	};
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_(seccomp_result_done) struct seccomp_result included = {}, joined = {};
	_cleanup_free_ char *policy = NULL, *text = NULL;
	char *rest;

	learn_log(&l, ARCHITECTURE_X86_64,
		"read(0, \"\", 1) = 0\nopenat(AT_FDCWD, \"/x\", O_RDONLY) = 3\nclose(3) = 0\n"
		"ioctl(0, FIONREAD, [0]) = 0\nprctl(PR_SET_DUMPABLE, 0) = 0\nsocket(AF_INET, 1, 0) = 3\n"
		"getpid() = 7\nmmap(NULL, 8, PROT_READ, 0, -1, 0) = 0x7f\n"
		"mprotect(0x7f, 8, PROT_READ|PROT_WRITE) = 0\n");
	assert_int_equal(seccomp_compile_text(base, strlen(base), -1, "base", &options, &included), 0);
	o.included = &included.loaded->policy;
	policy = rig_policy(&l, &o);
	assert_non_null(strstr(policy, "\n@include base.policy\n"));
	expect_statement(&l, &o, "getpid", "getpid: allow");
	expect_statement(&l, &o, "read", "");
	expect_statement(&l, &o, "exit", "");
	expect_statement(&l, &o, "openat", "openat: allow");
	expect_warning(&l, &o, "# WARNING: openat is permitted beyond the included policy");
	expect_statement(&l, &o, "close", "");
	expect_warning(&l, &o, "# WARNING: close: the included policy decides");
	expect_statement(&l, &o, "ioctl", "");
	expect_statement(&l, &o, "prctl", "");
	expect_warning(&l, &o, "# WARNING: prctl: the included policy decides");
	expect_statement(&l, &o, "socket", "socket: arg0 == AF_INET");
	expect_statement(&l, &o, "mmap", "");
	expect_statement(&l, &o, "mprotect", "mprotect: arg2 == PROT_READ | PROT_WRITE");
	expect_statement(&l, &o, "execveat", "");
	/* Put together, it compiles. */
	rest = strstr(policy, "@include base.policy\n") + strlen("@include base.policy\n");
	assert_true(asprintf(&text, "%s%s", base, rest) > 0);
	if (seccomp_compile_text(text, strlen(text), -1, "joined", &options, &joined) < 0)
		fail_msg("%s", joined.diagnostics[0].rendered);
	assert_true(permits(&l, &joined, "socket", 0, 2) && permits(&l, &joined, "socket", 0, 1));
	assert_true(permits(&l, &joined, "ioctl", 1, 0x541b) && !permits(&l, &joined, "ioctl", 1, 0x5412));
	assert_false(permits(&l, &joined, "prctl", 0, 4) || permits(&l, &joined, "close", 0, 0));
}

static void test_vdso(void **state)
{
	static const struct learn_write_options vdso = {
		.origin = "strace", .command = "the test", .vdso = true
	};
	_cleanup_(learning_done) struct learning l = {};

	learn_log(&l, ARCHITECTURE_X86_64, "time(NULL) = 1\n");
	expect_statement(&l, &plain, "clock_gettime", "");
	expect_statement(&l, &vdso, "clock_gettime", "clock_gettime: allow");
	expect_statement(&l, &vdso, "time", "time: allow");
}

static void test_too_many_values(void **state)
{
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_(seccomp_result_done) struct seccomp_result p = {};
	char *log = NULL;
	size_t size;
	FILE *f = open_memstream(&log, &size);

	assert_non_null(f);
	for (unsigned i = 1; i <= LEARN_VALUES_MAX + 3; i++)
		(void)fprintf(f, "ioctl(3, 0x%x, 0) = 0\n", 7 * i);
	assert_int_equal(fclose(f), 0);
	learn_log(&l, ARCHITECTURE_X86_64, log);
	free(log);
	expect_warning(&l, &plain,
		"# WARNING: ioctl is permitted with the first 256 different arguments; 3 of its calls");
	compile(&l, &plain, &p);
	assert_true(permits(&l, &p, "ioctl", 1, 7 * LEARN_VALUES_MAX));
	assert_false(permits(&l, &p, "ioctl", 1, 7 * (LEARN_VALUES_MAX + 1)));
}

/* A name from outside can neither end a comment nor join the next line to it. */
static void test_names(void **state)
{
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_free_ char *policy = NULL;

	assert_int_equal(learning_init(&l, &architectures[ARCHITECTURE_X86_64]), 0);
	assert_int_equal(rig_strace(&l, "a\nread: allow", "getpid() = 7\n", 0), 0);
	assert_int_equal(rig_strace(&l, "b\\", "getpid() = 7\n", 0), 0);
	policy = rig_policy(&l, &plain);
	assert_null(strstr(policy, "\nread:"));
	assert_null(strstr(policy, "\\\n"));
}

static void test_all_architectures(void **state)
{
	for (unsigned i = 0; i < _ARCHITECTURE_MAX; i++) {
		_cleanup_(learning_done) struct learning l = {};
		_cleanup_(seccomp_result_done) struct seccomp_result p = {};

		learn_log(&l, i,
			"ioctl(0, TIOCGPTN, [0]) = 0\nmprotect(0x7f, 8, PROT_READ) = 0\n"
			"clone(child_stack=NULL, flags=CLONE_VM|SIGCHLD) = 8\nsocket(AF_UNIX, 1, 0) = 3\n"
			"bind(3, {sa_family=AF_UNIX, sun_path=\"/x\"}, 110) = 0\nprctl(PR_SET_NAME, \"x\") = "
			"0\n");
		compile(&l, &plain, &p);
		assert_true(permits(&l, &p, "bind", 0, 0) && permits(&l, &p, "prctl", 0, 15));
		assert_true(permits(&l, &p, "exit_group", 0, 0) && !permits(&l, &p, "read", 0, 0));
		assert_true(permits(&l, &p, "execveat", 4, 0x1000));
	}
}

static void test_frequency(void **state)
{
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	learn_log(&l, ARCHITECTURE_X86_64, "read(0, \"\", 1) = 0\nread(0, \"\", 1) = 0\nclose(0) = 0\n");
	assert_int_equal(learn_write_frequency(&l, &plain, f), 0);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(text, "# How often each system call was seen, for x86_64. Made by the test.\n"
				  "close: 1\nread: 2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_text),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_tracked),
		cmocka_unit_test(test_protection),
		cmocka_unit_test(test_clone3),
		cmocka_unit_test(test_without_arguments),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_vdso),
		cmocka_unit_test(test_too_many_values),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_all_architectures),
		cmocka_unit_test(test_frequency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
