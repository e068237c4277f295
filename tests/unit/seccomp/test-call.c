/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How calls that a policy is asked about are read, and actions that are expected. */

#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/query.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct call_case {
	enum architecture_id architecture;
	const char *text;
	uint32_t number;
	const char *arguments; /* as written by describe() */
};

static void describe(const struct policy_call *call, char *ret, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < POLICY_ARGUMENTS; i++) {
		if (call->given[i])
			n += (size_t)snprintf(ret + n, size - n, "0x%" PRIx64 " ", call->arguments[i]);
		else
			n += (size_t)snprintf(ret + n, size - n, "* ");
		assert_true(n < size);
	}
}

#define REST "\xe2\x80\xa6" /* one character of three dots */

static const struct call_case calls[] = {
	{ ARCHITECTURE_X86_64, "read", 0, "* * * * * * " },
	{ ARCHITECTURE_X86_64, "read()", 0, "* * * * * * " },
	{ ARCHITECTURE_X86_64, " read ( ) ", 0, "* * * * * * " },
	{ ARCHITECTURE_X86_64, "openat(AT_FDCWD, *, O_RDONLY)", 257, "0xffffffffffffff9c * 0x0 * * * " },
	{ ARCHITECTURE_X86_64, "ioctl(*,TCGETS)", 16, "* 0x5401 * * * * " },
	{ ARCHITECTURE_X86_64, "#217(1,2)", 217, "0x1 0x2 * * * * " },
	{ ARCHITECTURE_X86_64, "217(1,2)", 217, "0x1 0x2 * * * * " },
	{ ARCHITECTURE_X86_64, "# 0x10 (*)", 16, "* * * * * * " },
	{ ARCHITECTURE_X86_64, "mmap(0, 4096, PROT_READ|PROT_WRITE, ...)", 9, "0x0 0x1000 0x3 * * * " },
	{ ARCHITECTURE_X86_64, "mmap(0, 4096, PROT_READ | PROT_WRITE, " REST ")", 9,
		"0x0 0x1000 0x3 * * * " },
	{ ARCHITECTURE_X86_64, "mmap(...)", 9, "* * * * * * " },
	{ ARCHITECTURE_X86_64, "mmap(1,2,3,4,5,6)", 9, "0x1 0x2 0x3 0x4 0x5 0x6 " },
	{ ARCHITECTURE_X86_64, "mmap(*,*,*,*,*,*)", 9, "* * * * * * " },
	{ ARCHITECTURE_X86_64, "mmap(1,2,3,4,5,6, ...)", 9, "0x1 0x2 0x3 0x4 0x5 0x6 " },
	{ ARCHITECTURE_X86_64, "read(-1, ~0, ~(1|2), (((7))))", 0,
		"0xffffffffffffffff 0xffffffffffffffff 0xfffffffffffffffc 0x7 * * " },
	{ ARCHITECTURE_X86_64, "read(0x10, 010, 18446744073709551615)", 0,
		"0x10 0x8 0xffffffffffffffff * * * " },
	{ ARCHITECTURE_X86_64, "\tread\t(\t1\t,\t*\t)\t", 0, "0x1 * * * * * " },
	{ ARCHITECTURE_I386, "openat(AT_FDCWD)", 295, "0xffffff9c * * * * * " },
	{ ARCHITECTURE_I386, "mmap2(*, ~0)", 192, "* 0xffffffff * * * * " },
	{ ARCHITECTURE_X32, "read(1)", 0x40000000, "0x1 * * * * * " },
	{ ARCHITECTURE_X32, "#1", 0x40000001, "* * * * * * " },
	{ ARCHITECTURE_X32, "#0x40000001", 0x40000001, "* * * * * * " },
	{ ARCHITECTURE_ARM64, "openat(AT_FDCWD)", 56, "0xffffffffffffff9c * * * * * " },
	{ ARCHITECTURE_ARM, "openat(AT_FDCWD)", 322, "0xffffff9c * * * * * " },
	{ ARCHITECTURE_RISCV64, "read(0)", 63, "0x0 * * * * * " },
};

static void test_calls(void **state)
{
	for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
		struct source_set sources = SOURCE_SET_INIT;
		struct diagnostics d = {};
		struct policy_call call;
		char text[256];
		int r = policy_call_parse(
			&sources, &d, &architectures[calls[i].architecture], calls[i].text, &call);

		if (r < 0)
			fail_msg("%s: %d %s", calls[i].text, r, d.n > 0 ? d.list[0].rendered : "");
		describe(&call, text, sizeof(text));
		assert_string_equal(text, calls[i].arguments);
		assert_int_equal(call.number, calls[i].number);
		diagnose_done(&d);
		source_set_done(&sources);
	}
}

struct bad_case {
	const char *text, *code;
	size_t column;
	const char *suggestion;
};

static const struct bad_case bad_calls[] = {
	{ "", "syntax", 1, NULL },
	{ "   ", "syntax", 4, NULL },
	{ "(1)", "syntax", 1, NULL },
	{ "opennat(1)", "unknown-syscall", 1, "openat" },
	{ "read(", "syntax", 6, NULL },
	{ "read(1", "syntax", 7, NULL },
	{ "read(1,)", "syntax", 8, NULL },
	{ "read(,1)", "syntax", 6, NULL },
	{ "read(1 2)", "syntax", 8, NULL },
	{ "read(* 2)", "syntax", 8, NULL },
	{ "read(**)", "stray-byte", 7, NULL },
	{ "read(1) x", "syntax", 9, NULL },
	{ "read(1))", "syntax", 8, NULL },
	{ "read 1", "syntax", 6, NULL },
	{ "read(..., 1)", "syntax", 9, NULL },
	{ "read(1,2,3,4,5,6,7)", "argument-number", 18, NULL },
	{ "read(1,2,3,4,5,6,*)", "argument-number", 18, NULL },
	{ "read(O_RDONYL)", "unknown-constant", 6, "O_RDONLY" },
	{ "read(1|)", "syntax", 8, NULL },
	{ "read(|1)", "syntax", 6, NULL },
	{ "read((1)", NULL, 0, NULL },
	{ "read(~)", "syntax", 7, NULL },
	{ "read(arg0)", "misplaced-argument", 6, NULL },
	{ "read(1.5)", "stray-byte", 7, NULL },
	{ "read(0x)", "not-a-number", 6, NULL },
	{ "read(18446744073709551616)", "number-range", 6, NULL },
	{ "5000(1)", "number-range", 1, NULL },
	{ "# read", "", 0, NULL },
	{ "#", "syntax", 2, NULL },
	{ "@system-service", NULL, 1, NULL },
	{ "read: allow", "syntax", 5, NULL },
	{ "read(1)\nread(2)", "syntax", 8, NULL },
	{ "read(\"x\")", "stray-byte", 6, NULL },
};

static void test_bad_calls(void **state)
{
	for (size_t i = 0; i < ELEMENTSOF(bad_calls); i++) {
		const struct bad_case *c = &bad_calls[i];
		struct source_set sources = SOURCE_SET_INIT;
		struct diagnostics d = {};
		struct policy_call call;
		int r = policy_call_parse(&sources, &d, &architectures[ARCHITECTURE_X86_64], c->text, &call);

		if (c->code && !*c->code) { /* the "#" is a habit, not a demand for a number */
			assert_int_equal(r, 0);
		} else {
			if (r != -EBADMSG || d.n == 0)
				fail_msg("%s: %d", c->text, r);
			if ((c->code && strcmp(d.list[0].code, c->code) != 0) ||
				(c->column > 0 && d.list[0].place.column != c->column))
				fail_msg("%s: %s\n%s", c->text, d.list[0].code, d.list[0].rendered);
			if (c->suggestion)
				assert_string_equal(d.list[0].suggestion, c->suggestion);
			assert_string_equal(d.list[0].place.file, "call");
		}
		diagnose_done(&d);
		source_set_done(&sources);
	}
}

/* Both mistakes at once. */
static void test_two_mistakes(void **state)
{
	struct source_set sources = SOURCE_SET_INIT;
	struct diagnostics d = {};
	struct policy_call call;

	assert_int_equal(policy_call_parse(&sources, &d, &architectures[ARCHITECTURE_X86_64],
				 "opennat(AT_FDCWDD, O_RDONYL)", &call),
		-EBADMSG);
	assert_int_equal(d.n, 3);
	diagnose_done(&d);
	source_set_done(&sources);
}

#define NONE UINT32_MAX

struct action_case {
	const char *text;
	uint32_t action;  /* NONE: it is none */
	const char *code; /* then, why; NULL: does not matter */
};

static void test_actions(void **state)
{
	static const struct action_case cases[] = {
		{ "allow", SECCOMP_RET_ALLOW, NULL },
		{ " 1 ", SECCOMP_RET_ALLOW, NULL },
		{ "log", SECCOMP_RET_LOG, NULL },
		{ "kill", SECCOMP_RET_KILL_PROCESS, NULL },
		{ "kill-process", SECCOMP_RET_KILL_PROCESS, NULL },
		{ "kill-thread", SECCOMP_RET_KILL_THREAD, NULL },
		{ "trap", SECCOMP_RET_TRAP, NULL },
		{ "trace", SECCOMP_RET_TRACE, NULL },
		{ "user-notify", SECCOMP_RET_USER_NOTIF, NULL },
		{ "return EPERM", SECCOMP_RET_ERRNO | 1, NULL },
		{ "return 13", SECCOMP_RET_ERRNO | 13, NULL },
		{ "", NONE, "syntax" },
		{ "alow", NONE, "unknown-action" },
		{ "return", NONE, "syntax" },
		{ "return EPREM", NONE, "unknown-errno" },
		{ "allow allow", NONE, "syntax" },
		{ "2", NONE, NULL },
	};

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct source_set sources = SOURCE_SET_INIT;
		struct diagnostics d = {};
		uint32_t action = NONE;
		int r = policy_action_parse(
			&sources, &d, &architectures[ARCHITECTURE_X86_64], cases[i].text, &action);

		if (action != cases[i].action || (r < 0) != (cases[i].action == NONE))
			fail_msg("%s: %d, 0x%x", cases[i].text, r, action);
		if (cases[i].code)
			assert_string_equal(d.list[0].code, cases[i].code);
		diagnose_done(&d);
		source_set_done(&sources);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_bad_calls),
		cmocka_unit_test(test_two_mistakes),
		cmocka_unit_test(test_actions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
