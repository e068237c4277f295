/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Programs as people read them: those of the compiler, those that others make, and nonsense. */

#include "../unit.h"
#include "base/error.h"
#include "seccomp/action.h"
#include "seccomp/dump.h"
#include "seccomp/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#define JUMP(op, value, yes, no) BPF_JUMP(BPF_JMP | (op) | BPF_K, (value), (yes), (no))
#define LOAD(at)                 BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define RETURN(action)           BPF_STMT(BPF_RET | BPF_K, (action))

/* Lines of "operation|targets|comment". */
static char *dump_text(const struct sock_filter *filter, size_t n, const struct architecture *a)
{
	_cleanup_(dump_done) struct dump dump = {};
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	assert_int_equal(dump_program(filter, n, a, &dump), 0);
	assert_int_equal(dump.n, n);
	for (size_t i = 0; i < dump.n; i++)
		fprintf(f, "%s|%s|%s\n", dump.lines[i].operation, dump.lines[i].targets,
			dump.lines[i].comment);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void check(
	const struct sock_filter *filter, size_t n, const struct architecture *a, const char *expected)
{
	_cleanup_free_ char *text = dump_text(filter, n, a);

	assert_string_equal(text, expected);
}

static void test_actions(void **state)
{
	static const struct {
		uint32_t action;
		const char *text;
	} cases[] = {
		{ SECCOMP_RET_ALLOW, "allow" },
		{ SECCOMP_RET_LOG, "log" },
		{ SECCOMP_RET_TRACE, "trace" },
		{ SECCOMP_RET_TRACE | 5, "trace 5" },
		{ SECCOMP_RET_USER_NOTIF, "user-notify" },
		{ SECCOMP_RET_ERRNO | 1, "return EPERM" },
		{ SECCOMP_RET_ERRNO | 38, "return ENOSYS" },
		{ SECCOMP_RET_ERRNO, "return 0" },
		{ SECCOMP_RET_ERRNO | 4000, "return 4000" },
		{ SECCOMP_RET_ERRNO | 0xffff, "return 65535" },
		{ SECCOMP_RET_TRAP | 3, "trap 3" },
		{ SECCOMP_RET_KILL_THREAD, "kill-thread" },
		{ SECCOMP_RET_KILL_PROCESS, "kill-process" },
		{ 0x12340000, "kill-process" },
	};
	char buffer[ACTION_TEXT_MAX];

	for (size_t i = 0; i < ELEMENTS(cases); i++)
		assert_string_equal(action_text(cases[i].action, buffer), cases[i].text);
}

/* All that the comments can say, in the form that other compilers give it. */
static void test_comments(void **state)
{
	static const struct sock_filter filter[] = {
		LOAD(4),
		JUMP(BPF_JEQ, AUDIT_ARCH_X86_64, 0, 12),
		LOAD(0),
		JUMP(BPF_JGE, 0x40000000, 10, 0),
		JUMP(BPF_JGT, 59, 0, 2),
		JUMP(BPF_JEQ, 16, 2, 0),
		BPF_STMT(BPF_JMP | BPF_JA, 7),
		RETURN(SECCOMP_RET_ERRNO | 1),
		LOAD(24),
		JUMP(BPF_JEQ, 0x5412, 3, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff),
		JUMP(BPF_JEQ, 3, 1, 0),
		JUMP(BPF_JSET, 0x80, 0, 1),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};

	check(filter, ELEMENTS(filter), NULL,
		"ld   [4]||A = arch\n"
		"jeq  #0xc000003e|jt 2  jf 14|arch == x86_64\n"
		"ld   [0]||A = nr\n"
		"jge  #0x40000000|jt 14  jf 4|nr >= 0x40000000 (x32)\n"
		"jgt  #0x3b|jt 5  jf 7|nr > 59 (execve)\n"
		"jeq  #0x10|jt 8  jf 6|nr == 16 (ioctl)\n"
		"ja|-> 14|\n"
		"ret  #0x50001||return EPERM\n"
		"ld   [24]||A = args[1].lo\n"
		"jeq  #0x5412|jt 13  jf 10|args[1].lo == 0x5412\n"
		"and  #0xff||\n"
		"jeq  #0x3|jt 13  jf 12|(args[1].lo & 0xff) == 0x3\n"
		"jset #0x80|jt 13  jf 14|(args[1].lo & 0xff) & 0x80\n"
		"ret  #0x7fff0000||allow\n"
		"ret  #0x80000000||kill-process\n");
}

/* What holds on one way to an instruction only is not said there. */
static void test_joins(void **state)
{
	static const struct sock_filter filter[] = {
		LOAD(0),
		JUMP(BPF_JEQ, 1, 0, 1),
		LOAD(16),
		JUMP(BPF_JEQ, 2, 0, 1),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_LOG),
		RETURN(SECCOMP_RET_TRAP),
	};

	check(filter, ELEMENTS(filter), &architectures[ARCHITECTURE_ARM64],
		"ld   [0]||A = nr\n"
		"jeq  #0x1|jt 2  jf 3|nr == 1 (io_destroy)\n"
		"ld   [16]||A = args[0].lo\n"
		"jeq  #0x2|jt 4  jf 5|\n"
		"ret  #0x7fff0000||allow\n"
		"ret  #0x7ffc0000||log\n"
		"ret  #0x30000||never reached\n");
}

/* Each architecture's own names, in one program for several. */
static void test_architectures(void **state)
{
	static const struct sock_filter filter[] = {
		LOAD(4),
		JUMP(BPF_JEQ, AUDIT_ARCH_I386, 1, 0),
		JUMP(BPF_JEQ, AUDIT_ARCH_X86_64, 2, 5),
		LOAD(0),
		JUMP(BPF_JEQ, 1, 3, 3),
		LOAD(0),
		JUMP(BPF_JEQ, 1, 1, 0),
		JUMP(BPF_JEQ, 0x40000001, 0, 0),
		RETURN(SECCOMP_RET_TRAP),
	};

	check(filter, ELEMENTS(filter), NULL,
		"ld   [4]||A = arch\n"
		"jeq  #0x40000003|jt 3  jf 2|arch == i386\n"
		"jeq  #0xc000003e|jt 5  jf 8|arch == x86_64\n"
		"ld   [0]||A = nr\n"
		"jeq  #0x1|jt 8  jf 8|nr == 1 (exit)\n"
		"ld   [0]||A = nr\n"
		"jeq  #0x1|jt 8  jf 7|nr == 1 (write)\n"
		"jeq  #0x40000001|jt 8  jf 8|nr == 0x40000001 (write)\n"
		"ret  #0x30000||trap\n");
}

/* Instructions that the kernel accepts and the compiler never makes, and those that nobody accepts. */
static void test_foreign(void **state)
{
	static const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_STMT(BPF_LDX | BPF_IMM, 7),
		BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_LD | BPF_MEM, 3),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_NEG, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 1, 0),
		LOAD(64),
		LOAD(3),
		JUMP(BPF_JEQ, 0, 255, 0),
		{ .code = 0xffff, .jt = 1, .jf = 2, .k = 3 },
		BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};

	check(filter, ELEMENTS(filter), NULL,
		"ld   len||\n"
		"ldx  #0x7||\n"
		"st   M[3]||\n"
		"ld   M[3]||\n"
		"add  x||\n"
		"neg||\n"
		"tax||\n"
		"jgt  x|jt 9  jf 8|\n"
		"ld   [64]||\n"
		"ld   [3]||\n"
		"jeq  #0x0|jt 266  jf 11|\n"
		".word 0xffff, 1, 2, 0x3||\n"
		"ja|-> 4294967308|\n"
		"ret  a||never reached\n");
	check(filter, 0, NULL, "");
}

/* A whole policy, as the compiler has it. */
static void test_policy(void **state)
{
	static const char policy[] = "read: allow\nioctl: { arg1 == 0x5401, return ENOTTY }\n";
	const struct seccomp_options options = { .architecture = &architectures[ARCHITECTURE_I386] };
	_cleanup_(seccomp_result_done) struct seccomp_result result = {};
	_cleanup_free_ char *text = NULL;

	assert_int_equal(seccomp_compile_text(policy, strlen(policy), -1, "t", &options, &result), 0);
	text = dump_text(result.filter, result.n_filter, options.architecture);
	assert_non_null(strstr(text, "|arch == i386\n"));
	assert_non_null(strstr(text, "|nr == 3 (read)\n"));
	assert_non_null(strstr(text, " (ioctl)\n"));
	assert_non_null(strstr(text, "|args[1].lo == 0x5401\n"));
	assert_non_null(strstr(text, "|return ENOTTY\n"));
	assert_null(strstr(text, "args[1].hi"));
	assert_null(strstr(text, "never reached"));
	assert_null(strstr(text, ".word"));
}

/* Random bytes are shown, too: a program can be anything. */
static void test_nonsense(void **state)
{
	struct sock_filter filter[64];
	uint32_t seed = 1;

	for (unsigned round = 0; round < 2000; round++) {
		_cleanup_(dump_done) struct dump dump = {};

		for (size_t i = 0; i < sizeof(filter); i++) {
			seed = seed * 1664525 + 1013904223;
			((unsigned char *)filter)[i] = (unsigned char)(seed >> 24);
		}
		assert_int_equal(dump_program(filter, ELEMENTS(filter), NULL, &dump), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_joins),
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
