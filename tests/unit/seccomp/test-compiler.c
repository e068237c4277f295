/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The compiler around the language: how it shows errors, its limits, its tables, and its manual. */

#include "../unit.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/policy.h"
#include "seccomp/seccomp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void expect_diagnostics(const char *text, const char *wanted)
{
	struct seccomp_result result;

	assert_int_equal(
		seccomp_compile_text(text, strlen(text), -1, "dir/p\x1b.policy", NULL, &result), -EBADMSG);
	assert_int_equal(result.n_diagnostics, 1);
	assert_string_equal(result.diagnostics[0].rendered, wanted);
	seccomp_result_done(&result);
}

/* The excerpt: the line as it is, tabs and all, and marks below just the place; nothing that moves a cursor.
 */
static void test_excerpts(void **state)
{
	expect_diagnostics("\n\tread:\targ0 == PROT_EXE # \x1b[2J",
		"dir/p?.policy(2:16): error: unknown constant `PROT_EXE`; did you mean `PROT_EXEC`?\n"
		"    \tread:\targ0 == PROT_EXE # ?[2J\n"
		"    \t     \t        ^^^^^^^^");
	expect_diagnostics("read\r\n", "dir/p?.policy(1:5): error: expected `:`, but the line ends\n"
				       "    read\n"
				       "        ^");
	expect_diagnostics("read: 1 \xc3\xa9\xc3\xa9 $",
		"dir/p?.policy(1:9): error: a byte 0xc3 can only stand in a comment\n"
		"    read: 1 \xc3\xa9\xc3\xa9 $\n"
		"            ^");
	expect_diagnostics("read: 1 \xff",
		"dir/p?.policy(1:9): error: a byte 0xff can only stand in a comment\n"
		"    read: 1 ?\n"
		"            ^");
	expect_diagnostics("read: 1\nread: kill",
		"dir/p?.policy(2:7): error: `read` has an unconditional action already\n"
		"    read: kill\n"
		"          ^^^^\n"
		"dir/p?.policy(1:7): note: here it is\n"
		"    read: 1\n"
		"          ^");
}

/* @before, @n times @repeated, and @after. */
static char *repeat(const char *before, size_t n, const char *repeated, const char *after)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	fputs(before, f);
	for (size_t i = 0; i < n; i++)
		fputs(repeated, f);
	fputs(after, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* A long line is cut around the place. */
static void test_long_line(void **state)
{
	_cleanup_free_ char *text = repeat("900: arg0 == 1", 150, " || arg0 == 1",
		" $ # and then so much more that it would not fit into any terminal in the world at all");
	struct seccomp_result result;
	const char *line;

	assert_int_equal(seccomp_compile_text(text, strlen(text), -1, "p", NULL, &result), -EBADMSG);
	line = strchr(result.diagnostics[0].rendered, '\n') + 1;
	assert_in_range(strcspn(line, "\n"), 80, 170);
	assert_int_equal(line[strcspn(line, "\n") + 1 + 4 + 80], '^');
	assert_int_equal(line[4 + 80], '$');
	seccomp_result_done(&result);
}

static void test_error_flood(void **state)
{
	_cleanup_free_ char *text = repeat("", 999, "$\n", "");
	struct seccomp_result result;

	assert_int_equal(seccomp_compile_text(text, strlen(text), -1, "p", NULL, &result), -EBADMSG);
	assert_int_equal(result.n_diagnostics, 101);
	assert_string_equal(
		result.diagnostics[100].rendered, "p: error: too many errors: the rest is not shown");
	seccomp_result_done(&result);
}

static int compile_text(const char *text, struct seccomp_result *ret)
{
	return seccomp_compile_text(text, strlen(text), -1, "p", NULL, ret);
}

/* Refused, and the first diagnostic begins so. */
static void expect_refused(const char *text, const char *beginning)
{
	struct seccomp_result result;

	assert_int_equal(compile_text(text, &result), -EBADMSG);
	assert_null(result.filter);
	if (strncmp(result.diagnostics[0].rendered, beginning, strlen(beginning)) != 0)
		fail_msg("%s", result.diagnostics[0].rendered);
	seccomp_result_done(&result);
}

/* Refused, and the first diagnostic has this somewhere. */
static void expect_refused_where(const char *text, const char *part)
{
	struct seccomp_result result;

	assert_int_equal(compile_text(text, &result), -EBADMSG);
	if (!strstr(result.diagnostics[0].rendered, part))
		fail_msg("%s", result.diagnostics[0].rendered);
	seccomp_result_done(&result);
}

/* Parentheses may nest to a depth, and then not any more; neither takes stack by the byte of input. */
static void test_nesting(void **state)
{
	_cleanup_free_ char *open = repeat("900: arg0 == ", 32, "(", "7"),
			    *closed = repeat(open, 32, ")", "");
	_cleanup_free_ char *deeper = repeat("900: arg0 == ", 33, "(", "7");
	struct seccomp_result result;

	assert_int_equal(compile_text(closed, &result), 0);
	seccomp_result_done(&result);
	expect_refused(deeper, "p(1:46): error: more than 32 nested parentheses\n");
}

static void test_too_many_rules(void **state)
{
	_cleanup_free_ char *text = repeat("", 4097, "900: arg0 == 1\n", "");

	expect_refused(text, "p(4097:6): error: more than 4096 rules for `900`\n");
}

/* The error says by how much, and where most of it comes from. */
static void test_too_large(void **state)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	(void)fputs("900: arg1 == 1\n\n901: arg0 == 0 && arg1 == 0", f);
	for (unsigned i = 1; i < 2000; i++)
		(void)fprintf(f, " || arg%u == %u && arg%u > %u", i % 2, i * 3, (i + 1) % 2, i * 7);
	assert_int_equal(fclose(f), 0);
	expect_refused(text, "p: error: the program needs ");
	expect_refused_where(text, "instructions, the kernel takes at most 4096\np(3:6): note: ");
}

/* Every system call with thousands of rules that differ in the last: refused, and soon. */
static void test_far_too_large(void **state)
{
	_cleanup_free_ char *text = NULL;
	clock_t begin = clock();
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	for (unsigned number = 0; number < 4096; number++)
		(void)fprintf(f, "%c%u", number == 0 ? '{' : ',', number);
	(void)fputs("}: {arg0 == 0", f);
	for (unsigned i = 1; i < 4000; i++)
		(void)fprintf(f, ", arg0 == %u", i);
	(void)fputs("}\n", f);
	for (unsigned number = 0; number < 4096; number++)
		(void)fprintf(f, "%u: arg1 == %u\n", number, number);
	assert_int_equal(fclose(f), 0);
	expect_refused_where(
		text, "error: more than 1048576 rules, each counted for every system call that it is for\n");
	/* a tenth of it, without a sanitizer; it once took 30 s */
	assert_in_range((clock() - begin) / CLOCKS_PER_SEC, 0, 10);
}

/* Groups make much of few bytes: what many mentions come to is bounded, whether or not they add anything. */
static void test_group_flood(void **state)
{
	static const char *const lines[] = { "@known: arg0 == 1\n", "@known: 1\n",
		"@known: return EPERM\n@known: 1\n" };
	clock_t begin = clock();

	for (size_t i = 0; i < ELEMENTS(lines); i++) {
		_cleanup_free_ char *text = repeat("", POLICY_BYTES_MAX / strlen(lines[i]), lines[i], "");

		expect_refused_where(text,
			"error: more than 1048576 rules, each counted for every system call that it is "
			"for\n");
	}
	assert_in_range((clock() - begin) / CLOCKS_PER_SEC, 0, 30);
}

static void test_oversized_text(void **state)
{
	_cleanup_free_ char *text = calloc(1, POLICY_BYTES_MAX + 1);
	struct seccomp_result result;

	memset(text, '\n', POLICY_BYTES_MAX + 1);
	memcpy(text, "0: 1", strlen("0: 1"));
	assert_int_equal(seccomp_compile_text(text, POLICY_BYTES_MAX, -1, "p", NULL, &result), 0);
	seccomp_result_done(&result);
	assert_int_equal(seccomp_compile_text(text, POLICY_BYTES_MAX + 1, -1, "p", NULL, &result), -EFBIG);
	assert_string_equal(result.diagnostics[0].rendered,
		"p: error: the file is too large, or there are too many files");
	seccomp_result_done(&result);
}

/* The same text gives the same program, to the bit. */
static void test_deterministic(void **state)
{
	static const char text[] =
		"{read, write, close}: arg0 == 1 || arg0 == 7; return EPERM\nmmap: arg2 in ~4\n1000: 1";
	struct seccomp_result a, b;

	assert_int_equal(seccomp_compile_text(text, strlen(text), -1, "a", NULL, &a), 0);
	assert_int_equal(seccomp_compile_text(text, strlen(text), -1, "b", NULL, &b), 0);
	assert_int_equal(a.n_filter, b.n_filter);
	assert_memory_equal(a.filter, b.filter, a.n_filter * sizeof(*a.filter));
	seccomp_result_done(&a);
	seccomp_result_done(&b);
}

/* What the manual shows is a policy. Its literal blocks are unwrapped from "\e" to "\" and compiled as one.
 */
static void test_manual_examples(void **state)
{
	const char *root = getenv("BAILIFF_SOURCE_ROOT");
	_cleanup_free_ char *path = NULL, *line = NULL, *text = NULL;
	_cleanup_(fclosep) FILE *manual = NULL;
	bool examples = false, literal = false;
	struct seccomp_result result;
	size_t allocated = 0, size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	assert_true(asprintf(&path, "%s/docs/man/bailiff.policy.5", root ? root : ".") > 0);
	manual = fopen(path, "re");
	assert_non_null(manual);
	while (getline(&line, &allocated, manual) > 0) {
		char *escape = strstr(line, "\\e\n");

		if (strncmp(line, ".Sh ", 4) == 0)
			examples = strcmp(line, ".Sh EXAMPLES\n") == 0;
		else if (line[0] == '.')
			literal = examples && strncmp(line, ".Bd ", 4) == 0;
		else if (literal)
			fprintf(f, "%.*s%s", (int)(escape ? escape - line : (ptrdiff_t)strlen(line)), line,
				escape ? "\\\n" : "");
	}
	assert_int_equal(fclose(f), 0);
	assert_true(size > 100);
	if (seccomp_compile_text(text, size, -1, "EXAMPLES", NULL, &result) < 0)
		fail_msg("%s", result.diagnostics[0].rendered);
	seccomp_result_done(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_excerpts),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_error_flood),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_too_many_rules),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_far_too_large),
		cmocka_unit_test(test_group_flood),
		cmocka_unit_test(test_oversized_text),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_manual_examples),
	};

	return cmocka_run_group_tests_name("seccomp compiler", tests, NULL, NULL);
}
