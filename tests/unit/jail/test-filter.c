/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The small interpreter that asks a filter about execveat: instruction by instruction, and programs that end
 * nowhere. */

#include "base/filter.h"
#include "jail/steps.h"
#include "tests/unit/unit.h"

#include <errno.h>
#define LOAD(offset)  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define VERDICT(...)                                                                                         \
	verdict((const struct sock_filter[]){ __VA_ARGS__ },                                                 \
		sizeof((struct sock_filter[]){ __VA_ARGS__ }) / sizeof(struct sock_filter))

static uint32_t verdict(const struct sock_filter *filter, size_t n)
{
	static const uint64_t args[6] = { 0x1122334455667788, 2, 3, 4, 5, 6 };

	return filter_verdict(filter, n, 0xc000003e, 322, args);
}

static uint32_t computed(unsigned code, uint32_t a, uint32_t k)
{
	return VERDICT(BPF_STMT(BPF_LD | BPF_IMM, a), BPF_STMT((unsigned short)(BPF_ALU | code | BPF_K), k),
		BPF_STMT(BPF_RET | BPF_A, 0));
}

static uint32_t computed_x(unsigned code, uint32_t a, uint32_t x)
{
	return VERDICT(BPF_STMT(BPF_LDX | BPF_IMM, x), BPF_STMT(BPF_LD | BPF_IMM, a),
		BPF_STMT((unsigned short)(BPF_ALU | code | BPF_X), 0), BPF_STMT(BPF_RET | BPF_A, 0));
}

static bool jumps(unsigned code, uint32_t a, uint32_t k)
{
	return VERDICT(BPF_STMT(BPF_LD | BPF_IMM, a),
		       BPF_JUMP((unsigned short)(BPF_JMP | code | BPF_K), k, 0, 1), RETURN(1),
		       RETURN(0)) == 1;
}

static void test_arithmetic(void **state)
{
	static const struct {
		unsigned code;
		uint32_t a, k, expected;
	} cases[] = {
		{ BPF_ADD, 5, 0xffffffff, 4 },
		{ BPF_SUB, 5, 6, 0xffffffff },
		{ BPF_MUL, 0x10000, 0x10001, 0x10000 },
		{ BPF_DIV, 17, 5, 3 },
		{ BPF_OR, 0x0f, 0xf0, 0xff },
		{ BPF_AND, 0x3c, 0x0f, 0x0c },
		{ BPF_XOR, 0xff, 0x0f, 0xf0 },
		{ BPF_LSH, 1, 31, 0x80000000 },
		{ BPF_RSH, 0x80000000, 31, 1 },
		{ BPF_NEG, 1, 0, 0xffffffff },
	};

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		assert_int_equal(computed(cases[i].code, cases[i].a, cases[i].k), cases[i].expected);
		assert_int_equal(computed_x(cases[i].code, cases[i].a, cases[i].k), cases[i].expected);
	}
	assert_int_equal(computed_x(BPF_DIV, 1, 0), SECCOMP_RET_KILL_PROCESS);
}

static void test_jumps(void **state)
{
	assert_true(jumps(BPF_JEQ, 7, 7));
	assert_false(jumps(BPF_JEQ, 7, 8));
	assert_true(jumps(BPF_JGT, 0xffffffff, 7)); /* unsigned */
	assert_false(jumps(BPF_JGT, 7, 7));
	assert_true(jumps(BPF_JGE, 7, 7));
	assert_false(jumps(BPF_JGE, 6, 7));
	assert_true(jumps(BPF_JSET, 6, 2));
	assert_false(jumps(BPF_JSET, 6, 1));
	assert_int_equal(VERDICT(BPF_STMT(BPF_JMP | BPF_JA, 1), RETURN(1), RETURN(2)), 2);
}

static void test_loads(void **state)
{
	assert_int_equal(VERDICT(LOAD(offsetof(struct seccomp_data, nr)), BPF_STMT(BPF_RET | BPF_A, 0)), 322);
	assert_int_equal(
		VERDICT(LOAD(offsetof(struct seccomp_data, arch)), BPF_STMT(BPF_RET | BPF_A, 0)), 0xc000003e);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	assert_int_equal(
		VERDICT(LOAD(offsetof(struct seccomp_data, args)), BPF_STMT(BPF_RET | BPF_A, 0)), 0x55667788);
#endif
	assert_int_equal(VERDICT(BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_RET | BPF_A, 0)),
		sizeof(struct seccomp_data));
	assert_int_equal(VERDICT(BPF_STMT(BPF_LD | BPF_IMM, 9), BPF_STMT(BPF_ST, 3),
				 BPF_STMT(BPF_LD | BPF_IMM, 0), BPF_STMT(BPF_LDX | BPF_MEM, 3),
				 BPF_STMT(BPF_MISC | BPF_TXA, 0), BPF_STMT(BPF_RET | BPF_A, 0)),
		9);
	assert_int_equal(
		VERDICT(BPF_STMT(BPF_LD | BPF_IMM, 4), BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_STX, 0),
			BPF_STMT(BPF_LD | BPF_MEM, 0), BPF_STMT(BPF_RET | BPF_A, 0)),
		4);
}

/* All that the kernel would not load, or that runs off the end. */
static void test_invalid(void **state)
{
	assert_int_equal(verdict(NULL, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(VERDICT(BPF_STMT(BPF_LD | BPF_IMM, 1)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(VERDICT(LOAD(sizeof(struct seccomp_data)), RETURN(1)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(VERDICT(LOAD(1), RETURN(1)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(VERDICT(LOAD(0xffffffff), RETURN(1)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(
		VERDICT(BPF_STMT(BPF_LD | BPF_MEM, BPF_MEMWORDS), RETURN(1)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(VERDICT(BPF_STMT(BPF_ST, BPF_MEMWORDS), RETURN(1)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(
		VERDICT(BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), RETURN(1)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(VERDICT(BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), RETURN(1)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(VERDICT(BPF_STMT(BPF_ALU | 0xe0, 0), RETURN(1)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(VERDICT(BPF_STMT(BPF_JMP | 0xe0, 0), RETURN(1)), SECCOMP_RET_KILL_PROCESS);
}

/* Against a program that the project's own filter maker built. */
static void test_real_filter(void **state)
{
	const struct filter_rule rules[] = { FILTER_ALLOW(read), FILTER_DENY(socket, EACCES),
		FILTER_ALLOW_ARG(execveat, 4, FILTER_WHOLE_ARG, 0x1000) };
	const uint64_t right[6] = { 5, 0, 0, 0, 0x1000 }, wrong[6] = { 5 };
	uint32_t arch = filter_native_arch();
	struct sock_filter *f;
	size_t n;

	assert_int_equal(filter_build(rules, ELEMENTSOF(rules), FILTER_KILL, &f, &n), 0);
	assert_int_equal(filter_verdict(f, n, arch, SYS_read, wrong), SECCOMP_RET_ALLOW);
	assert_int_equal(filter_verdict(f, n, arch, SYS_socket, wrong), FILTER_FAIL(EACCES));
	assert_int_equal(filter_verdict(f, n, arch, SYS_execveat, right), SECCOMP_RET_ALLOW);
	assert_int_equal(filter_verdict(f, n, arch, SYS_execveat, wrong), FILTER_KILL);
	assert_int_equal(filter_verdict(f, n, arch, SYS_write, right), FILTER_KILL);
	assert_int_equal(filter_verdict(f, n, arch ^ 1, SYS_read, right), FILTER_KILL);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_real_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
