/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What one policy allows beyond another: by hand, and against trying out every call of a small world. */

#include "diff-check.h"
#include "small-policy.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/action.h"
#include "seccomp/emit.h"
#include "seccomp/loaded.h"
#include "seccomp/seccomp.h"
#include "seccomp/simulate.h"
#include "seccomp/spelling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS         600
#define CALLS_PER_PAIR 400

static uint64_t seed;

static int setup_seed(void **state)
{
	if (random_seed(&seed) < 0)
		return -1;
	seed |= 1;
	return 0;
}

struct diff_case {
	const char *before, *after;
	const char *changes; /* "+CALL: REGION || REGION\n", with "?" for elsewhere, "~" for actions */
	enum architecture_id architecture;
};

static void print_item(
	const struct diff_item *item, const struct policy *before, const struct policy *after, FILE *f)
{
	_cleanup_(spelling_done) struct spelling s = {};

	assert_int_equal(item->state, DIFF_COMPLETE);
	assert_int_equal(spelling_init(&s, before->architecture, item->number), 0);
	assert_int_equal(spelling_learn(&s, before), 0);
	assert_int_equal(spelling_learn(&s, after), 0);
	fputc("+?~"[item->kind], f);
	if (item->others)
		fputs("OTHERS", f);
	else
		spell_syscall(before->architecture, item->number, f);
	fputs(":", f);
	for (size_t i = 0; i < item->n_regions; i++) {
		char from[ACTION_TEXT_MAX], to[ACTION_TEXT_MAX];

		fputs(i > 0 ? " || " : " ", f);
		if (item->regions[i].n_atoms == 0)
			fputs("all", f);
		spell_condition(&s, item->regions[i].atoms, item->regions[i].n_atoms, " ! ", f);
		if (item->kind == DIFF_ACTION)
			fprintf(f, " %s > %s", action_text(item->regions[i].before_action, from),
				action_text(item->regions[i].after_action, to));
	}
	fputc('\n', f);
}

static void compile(const char *text, const struct architecture *a, struct seccomp_result *ret)
{
	const struct seccomp_options options = { .architecture = a,
		.flags = SECCOMP_KEEP | SECCOMP_DENYLIST };

	if (seccomp_compile_text(text, strlen(text), -1, "p", &options, ret) < 0)
		fail_msg("%s", ret->n_diagnostics > 0 ? ret->diagnostics[0].rendered : "?");
}

static void check_case(const struct diff_case *c)
{
	const struct architecture *a = &architectures[c->architecture];
	struct seccomp_result before, after;
	struct diff_side sides[2];
	struct diff d;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	compile(c->before, a, &before);
	compile(c->after, a, &after);
	sides[0] = (struct diff_side){ &before.loaded->policy, before.filter, before.n_filter };
	sides[1] = (struct diff_side){ &after.loaded->policy, after.filter, after.n_filter };
	assert_int_equal(policy_diff(&sides[0], &sides[1], DIFF_ACTIONS, &d), 0);
	for (size_t i = 0; i < d.n_items; i++)
		print_item(&d.items[i], sides[0].policy, sides[1].policy, f);
	assert_int_equal(fclose(f), 0);
	if (strcmp(text, c->changes) != 0)
		fail_msg("%s\n---\n%s\n---\n%s", c->before, c->after, text);
	free(text);
	diff_done(&d);
	seccomp_result_done(&before);
	seccomp_result_done(&after);
}

#define WX "arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE"

static const struct diff_case changes[] = {
	{ "read: allow", "read: allow", "", 0 },
	{ "read: allow", "read: log", "~read: all allow > log\n", 0 },
	{ "read: allow", "read: allow\nwrite: allow", "+write: all\n", 0 },
	{ "read: allow\nwrite: allow", "read: allow", "", 0 },
	{ "read: allow", "write: allow", "+write: all\n", 0 },
	{ "read: return EPERM", "read: allow", "+read: all\n", 0 },
	{ "read: return EPERM", "read: log", "+read: all\n", 0 },
	{ "read: return EPERM", "read: return EACCES", "~read: all return EPERM > return EACCES\n", 0 },
	{ "read: return EPERM", "write: allow", "~read: all return EPERM > kill-process\n+write: all\n", 0 },
	{ "read: allow", "read: arg0 == 0", "", 0 },
	{ "read: arg0 == 0", "read: allow", "+read: arg0 != 0\n", 0 },
	/* defaults */
	{ "read: allow", "@default return ENOSYS\nread: allow", "", 0 },
	{ "read: return EPERM", "@default return ENOSYS\nread: return EPERM", "", 0 },
	{ "read: allow", "@denylist\nwrite: return EPERM",
		"~write: all kill-process > return EPERM\n+OTHERS: all\n", 0 },
	{ "@denylist\nwrite: return EPERM", "read: allow", "~write: all return EPERM > kill-process\n", 0 },
	{ "@denylist\nwrite: return EPERM", "@denylist\nread: return EPERM", "+write: all\n", 0 },
	/* values and masks */
	{ "ioctl: arg1 == TCGETS", "ioctl: arg1 == TCGETS || arg1 == TCSETS", "+ioctl: arg1 == TCSETS\n", 0 },
	{ "ioctl: arg1 == TCGETS", "ioctl: { arg1 == TCSETS, arg1 == TCSETSW, arg1 == TCGETS }",
		"+ioctl: arg1 == TCSETS || arg1 == TCSETSW\n", 0 },
	{ "ioctl: arg1 == TCGETS || arg1 == TCSETS", "ioctl: allow",
		"+ioctl: arg1 != TCGETS && arg1 != TCSETS\n", 0 },
	{ "mmap: " WX, "mmap: allow", "+mmap: arg2 & PROT_EXEC && arg2 & PROT_WRITE\n", 0 },
	{ "mmap: " WX, "mmap: " WX " || arg0 == 0",
		"+mmap: arg0 == 0 && arg2 & PROT_EXEC && arg2 & PROT_WRITE\n", 0 },
	{ "mmap: arg2 in ~PROT_EXEC", "mmap: " WX, "+mmap: arg2 in ~PROT_WRITE && arg2 & PROT_EXEC\n", 0 },
	{ "openat: arg2 in O_RDONLY|O_CLOEXEC", "openat: arg2 in O_RDWR|O_CLOEXEC",
		"+openat: arg2 in O_RDWR|O_CLOEXEC && arg2 & O_RDWR\n", 0 },
	{ "openat: arg2 in O_RDWR|O_CLOEXEC", "openat: arg2 in O_RDONLY|O_CLOEXEC", "", 0 },
	{ "clone: arg0 & CLONE_THREAD", "clone: arg0 & CLONE_THREAD|CLONE_VM",
		"+clone: arg0 in ~CLONE_THREAD && arg0 & CLONE_VM\n", 0 },
	{ "clone: arg0 in 0", "clone: arg0 in 1", "+clone: arg0 == 1\n", 0 },
	/* ranges */
	{ "read: arg0 < 10", "read: arg0 < 100", "+read: arg0 < 100 && arg0 >= 10\n", 0 },
	{ "read: arg0 < 10", "read: arg0 < 11", "+read: arg0 == 10\n", 0 },
	{ "read: arg0 < 10 || arg0 > 20", "read: allow", "+read: arg0 >= 10 && arg0 <= 20\n", 0 },
	{ "read: arg0 <= 10", "read: arg0 < 11", "", 0 },
	{ "read: arg0 < 10 || arg0 >= 10", "read: allow", "", 0 },
	/* several arguments */
	{ "socket: arg0 == AF_UNIX", "socket: arg0 == AF_UNIX || arg0 == AF_INET && arg1 == SOCK_STREAM",
		"+socket: arg0 == AF_INET && arg1 == SOCK_STREAM\n", 0 },
	{ "socket: arg0 == AF_UNIX && arg1 == SOCK_STREAM", "socket: arg0 == AF_UNIX",
		"+socket: arg0 == AF_UNIX && arg1 != SOCK_STREAM\n", 0 },
	{ "socket: arg0 == AF_UNIX && arg1 == SOCK_STREAM", "socket: allow",
		"+socket: arg0 != AF_UNIX || arg1 != SOCK_STREAM\n", 0 },
	{ "socket: arg0 == AF_UNIX && arg1 == SOCK_STREAM",
		"socket: { arg0 == AF_UNIX, arg1 == SOCK_STREAM }",
		"+socket: arg0 == AF_UNIX && arg1 != SOCK_STREAM || arg0 != AF_UNIX && arg1 == "
		"SOCK_STREAM\n",
		0 },
	/* the same, said otherwise */
	{ "read: { arg0 == 1; return EPERM, allow }", "read: { arg0 != 1; allow, return EPERM }", "", 0 },
	{ "read: arg0 == 1 && arg1 == 1 || arg0 == 1 && arg1 != 1", "read: arg0 == 1", "", 0 },
	{ "read: arg0 == 1", "read: arg0 == 1 && arg1 == 1 || arg0 == 1 && arg1 != 1", "", 0 },
	{ "read: arg0 & 3", "read: arg0 & 1 || arg0 & 2", "", 0 },
	{ "read: arg0 in 3", "read: arg0 <= 3", "", 0 },
	{ "read: arg0 in ~0", "read: allow", "", 0 },
	/* order and shadowed rules */
	{ "read: { arg0 == 1; return EPERM, arg0 < 5 }", "read: arg0 < 5", "+read: arg0 == 1\n", 0 },
	{ "read: arg0 < 5", "read: { arg0 == 1; return EPERM, arg0 < 5 }", "", 0 },
	{ "read: { arg0 < 5, arg0 == 1; return EPERM }", "read: arg0 < 5", "", 0 },
	{ "read: { arg0 == 1; return EPERM, allow }", "read: { arg0 == 2; return EPERM, allow }",
		"+read: arg0 == 1\n", 0 },
	{ "read: { arg0 == 1; return EPERM, return EACCES }",
		"read: { arg0 == 1; return EACCES, return EPERM }",
		"~read: arg0 == 1 return EPERM > return EACCES || arg0 != 1 return EACCES > return "
		"EPERM\n",
		0 },
	{ "read: { arg0 == 1; trap, allow }", "read: { arg0 < 2; kill, allow }",
		"~read: arg0 == 1 trap > kill-process\n", 0 },
	/* 32-bit words */
	{ "read: arg0 != -1", "read: allow", "+read: arg0 == -1\n", ARCHITECTURE_I386 },
	{ "read: arg0 <= 0xfffffffe", "read: allow", "+read: arg0 == -1\n", ARCHITECTURE_ARM },
	{ "read: arg0 <= 0xfffffffe", "read: allow", "+read: arg0 > 0xfffffffe\n", ARCHITECTURE_ARM64 },
	{ "read: arg0 in ~1", "read: allow", "+read: arg0 & 1\n", ARCHITECTURE_X32 },
	/* several calls at once, by number */
	{ "{read, write}: arg0 == 1", "{read, write, close}: arg0 == 1 || arg0 == 2",
		"+read: arg0 == 2\n+write: arg0 == 2\n+close: arg0 == 1 || arg0 == 2\n", 0 },
	{ "1000: arg0 == 1", "1000: arg0 == 2", "+1000: arg0 == 2\n", 0 },
};

static void test_cases(void **state)
{
	for (size_t i = 0; i < ELEMENTSOF(changes); i++)
		check_case(&changes[i]);
}

/* What is complete is right; how much that is, the caller looks at. */
static size_t expect_complete(const struct diff *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_items; i++) {
		assert_int_equal(d->items[i].state, DIFF_COMPLETE);
		n += d->items[i].n_regions;
	}
	return n;
}

static size_t compare(const struct policy *before, const struct policy *after, struct diff *ret)
{
	_cleanup_free_ struct sock_filter *first = NULL, *second = NULL;
	struct diff_side sides[2] = { { .policy = before }, { .policy = after } };
	struct emit_size size;

	assert_int_equal(policy_emit(before, &first, &sides[0].n_filter, &size), 0);
	assert_int_equal(policy_emit(after, &second, &sides[1].n_filter, &size), 0);
	sides[0].filter = first;
	sides[1].filter = second;
	assert_int_equal(policy_diff(&sides[0], &sides[1], DIFF_ACTIONS, ret), 0);
	return expect_complete(ret);
}

static size_t check_small(struct random *r, const struct architecture *a)
{
	size_t n_actions = 2 + random_below(r, 6), n;
	struct policy before, after;
	struct diff d;

	policy_init(&before, a);
	policy_init(&after, a);
	small_policy(r, 6, 6, n_actions, &before);
	if (random_below(r, 2) == 0)
		small_variation(r, &before, &after);
	else
		small_policy(r, 6, 6, n_actions, &after);
	n = compare(&before, &after, &d);
	for (unsigned i = 0; i < SMALL_CALLS; i++) {
		struct seccomp_data call = small_call(a, i);

		diff_check_call(&before, &after, &d, &call);
	}
	diff_done(&d);
	policy_done(&before);
	policy_done(&after);
	return n;
}

static void test_small(void **state)
{
	struct random r = { .state = seed };
	size_t n = 0;

	for (size_t i = 0; i < ROUNDS; i++)
		n += check_small(&r, &architectures[i % _ARCHITECTURE_MAX]);
	print_message("%d pairs, all calls tried out, %zu regions\n", ROUNDS, n);
	assert_true(n > ROUNDS);
}

/* What is said of newly allowed calls, as text of the language. */
static char *allowed_text(const struct diff *d, const struct policy *before)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	for (size_t i = 0; i < d->n_items; i++) {
		_cleanup_(spelling_done) struct spelling s = {};
		const struct diff_item *item = &d->items[i];

		if (item->kind != DIFF_ALLOWED || item->others)
			continue;
		assert_int_equal(spelling_init(&s, before->architecture, item->number), 0);
		for (size_t j = 0; j < item->n_regions; j++) {
			spell_syscall(before->architecture, item->number, f);
			fputs(": ", f);
			spell_condition(&s, item->regions[j].atoms, item->regions[j].n_atoms, " || ", f);
			fputs(item->regions[j].n_atoms > 0 ? "\n" : "allow\n", f);
		}
	}
	fputs("4000: allow\n", f); /* an empty policy would be refused */
	assert_int_equal(fclose(f), 0);
	return text;
}

/* The text means what the regions are. */
static void check_text(const struct diff *d, const struct policy *before, const struct policy *after,
	struct random *r, size_t *n_texts)
{
	const struct seccomp_options options = { .architecture = before->architecture,
		.flags = SECCOMP_KEEP };
	_cleanup_free_ char *text = allowed_text(d, before);
	struct seccomp_result result;
	int error = seccomp_compile_text(text, strlen(text), -1, "text", &options, &result);

	if (error < 0 && strcmp(result.diagnostics[0].code, "program-too-large") != 0)
		fail_msg("%s\n%s", result.diagnostics[0].rendered, text);
	for (size_t i = 0; i < CALLS_PER_PAIR && error == 0; i++) {
		const struct diff_region *region;
		struct seccomp_data call;
		bool named;

		random_call(r, i % 2 ? before : after, &call);
		named = policy_find(before, (uint32_t)call.nr) || policy_find(after, (uint32_t)call.nr);
		assert_int_equal(policy_evaluate(&result.loaded->policy, &call) == SECCOMP_RET_ALLOW,
			named && diff_reports(d, DIFF_ALLOWED, before->architecture, true, &call, &region));
	}
	*n_texts += error == 0;
	seccomp_result_done(&result);
}

/* Wide words and many calls: calls near the values that the policies compare with. */
static size_t check_wide(struct random *r, const struct random_shape *shape, size_t *n_texts)
{
	struct policy policies[2];
	struct diff d;
	size_t n;

	for (size_t i = 0; i < ELEMENTSOF(policies); i++) {
		policy_init(&policies[i], &architectures[ARCHITECTURE_X86_64]);
		random_policy(r, shape, &policies[i]);
	}
	n = compare(&policies[0], &policies[1], &d);
	for (size_t i = 0; i < CALLS_PER_PAIR; i++) {
		struct seccomp_data call;

		random_call(r, &policies[i % ELEMENTSOF(policies)], &call);
		if (architecture_has_number(policies[0].architecture, (uint32_t)call.nr))
			diff_check_call(&policies[0], &policies[1], &d, &call);
	}
	check_text(&d, &policies[0], &policies[1], r, n_texts);
	diff_done(&d);
	for (size_t i = 0; i < ELEMENTSOF(policies); i++)
		policy_done(&policies[i]);
	return n;
}

static void test_wide(void **state)
{
	static const struct random_shape shapes[] = { { 0, 4, 4, 3, 4 }, { 0, 12, 12, 2, 8 },
		{ 0, 3, 3, 4, 8 } };
	struct random r = { .state = seed };
	size_t n = 0, n_texts = 0;

	for (size_t i = 0; i < ROUNDS; i++)
		n += check_wide(&r, &shapes[i % ELEMENTSOF(shapes)], &n_texts);
	print_message("%d pairs, %d calls each, %zu regions, %zu texts of them\n", ROUNDS, CALLS_PER_PAIR, n,
		n_texts);
	assert_true(n_texts > ROUNDS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_wide),
	};

	return cmocka_run_group_tests(tests, setup_seed, NULL);
}
