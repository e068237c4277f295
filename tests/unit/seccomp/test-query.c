/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a policy says about calls: by hand, against trying out a small world, and where nobody can tell. */

#include "small-policy.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/action.h"
#include "seccomp/emit.h"
#include "seccomp/loaded.h"
#include "seccomp/query.h"
#include "seccomp/region.h"
#include "seccomp/seccomp.h"
#include "seccomp/simulate.h"
#include "seccomp/spelling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 300

static uint64_t seed;

static int setup_seed(void **state)
{
	if (random_seed(&seed) < 0)
		return -1;
	seed |= 1;
	return 0;
}

struct query_case {
	const char *policy, *call;
	const char *answers; /* "ACTION@LINE [CONDITION] EXAMPLE\n" each; line 0 for the default */
	enum architecture_id architecture;
};

static char *answers_text(
	const struct loaded_policy *l, const struct policy_call *call, const struct policy_answers *answers)
{
	_cleanup_(spelling_done) struct spelling s = {};
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	assert_int_equal(spelling_init(&s, l->policy.architecture, call->number), 0);
	assert_int_equal(spelling_learn(&s, &l->policy), 0);
	assert_int_equal(spelling_learn_call(&s, call), 0);
	for (size_t i = 0; i < answers->n; i++) {
		const struct policy_answer *answer = &answers->list[i];
		char action[ACTION_TEXT_MAX];

		fprintf(f, "%s@%zu [", action_text(answer->action, action),
			answer->rule ? position_place(answer->rule->at).line : 0);
		spell_condition(&s, answer->atoms, answer->n_atoms, " || ", f);
		fputs("] ", f);
		spell_call(&s, &answer->example, f);
		fputc('\n', f);
	}
	assert_int_equal(fclose(f), 0);
	return text;
}

static void check_query(const struct query_case *c)
{
	const struct seccomp_options options = { .architecture = &architectures[c->architecture],
		.flags = SECCOMP_KEEP | SECCOMP_DENYLIST };
	struct source_set sources = SOURCE_SET_INIT;
	struct diagnostics d = {};
	struct policy_answers answers = {};
	struct seccomp_result result;
	struct policy_call call;
	char *text;
	int r;

	if (seccomp_compile_text(c->policy, strlen(c->policy), -1, "p", &options, &result) < 0)
		fail_msg("%s", result.n_diagnostics > 0 ? result.diagnostics[0].rendered : "?");
	assert_int_equal(policy_call_parse(&sources, &d, options.architecture, c->call, &call), 0);
	r = policy_query(&result.loaded->policy, result.filter, result.n_filter, &call, &answers);
	if (r < 0)
		fail_msg("%s\n%s: %d", c->policy, c->call, r);
	text = answers_text(result.loaded, &call, &answers);
	if (strcmp(text, c->answers) != 0)
		fail_msg("%s\n%s\n%s", c->policy, c->call, text);
	free(text);
	policy_answers_done(&answers);
	seccomp_result_done(&result);
	source_set_done(&sources);
	diagnose_done(&d);
}

#define KILL "kill-process@0 [] "

static const struct query_case queries[] = {
	{ "read: allow", "read", "allow@1 [] read()\n", 0 },
	{ "read: allow", "write", KILL "write()\n", 0 },
	{ "read: allow", "write(1, *)", KILL "write(1)\n", 0 },
	{ "@default return ENOSYS\nread: allow", "write", "return ENOSYS@0 [] write()\n", 0 },
	{ "read: return 5", "read", "return EIO@1 [] read()\n", 0 },
	{ "\n\nread: log", "read(1)", "log@3 [] read(1)\n", 0 },
	{ "read: trap", "#0", "trap@1 [] read()\n", 0 },
	{ "read: kill-thread", "#0", "kill-thread@1 [] read()\n", 0 },
	/* conditions */
	{ "ioctl: arg1 == TCGETS", "ioctl(*, TCGETS)", "allow@1 [] ioctl(0, TCGETS)\n", 0 },
	{ "ioctl: arg1 == TCGETS", "ioctl(*, TCSETS)", KILL "ioctl(0, TCSETS)\n", 0 },
	{ "ioctl: arg1 == TCGETS", "ioctl",
		"allow@1 [arg1 == TCGETS] ioctl(0, TCGETS)\n" KILL "ioctl(0, 0)\n", 0 },
	{ "ioctl: arg1 == 0x5401", "ioctl(*, *)",
		"allow@1 [arg1 == TCGETS] ioctl(0, TCGETS)\n" KILL "ioctl(0, 0)\n", 0 },
	{ "ioctl: arg1 == TCGETS || arg1 == TCSETS || arg0 == 5 && arg1 == TCSETSW", "ioctl(5)",
		"allow@1 [arg1 == TCGETS || arg1 == TCSETS || arg1 == TCSETSW] ioctl(5, "
		"TCGETS)\n" KILL "ioctl(5, 0)\n",
		0 },
	{ "ioctl: arg1 == TCGETS || arg1 == TCSETS || arg0 == 5 && arg1 == TCSETSW", "ioctl(4)",
		"allow@1 [arg1 == TCGETS || arg1 == TCSETS] ioctl(4, TCGETS)\n" KILL "ioctl(4, 0)\n", 0 },
	{ "openat: arg0 == AT_FDCWD && arg2 in O_RDONLY|O_CLOEXEC", "openat(AT_FDCWD, *, O_RDONLY)",
		"allow@1 [] openat(AT_FDCWD, 0, O_RDONLY)\n", 0 },
	{ "openat: arg0 == AT_FDCWD && arg2 in O_RDONLY|O_CLOEXEC", "openat(*, *, O_CLOEXEC)",
		"allow@1 [arg0 == AT_FDCWD] openat(AT_FDCWD, 0, O_CLOEXEC)\n" KILL
		"openat(0, 0, O_CLOEXEC)\n",
		0 },
	{ "openat: arg2 in O_RDONLY | O_CLOEXEC", "openat(*, *, *)",
		"allow@1 [arg2 in O_RDONLY|O_CLOEXEC] openat(0, 0, O_RDONLY)\n" KILL
		"openat(0, 0, O_WRONLY)\n",
		0 },
	{ "mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE", "mmap(0, 4096, PROT_READ|PROT_WRITE, ...)",
		"allow@1 [] mmap(0, 4096, PROT_READ|PROT_WRITE)\n", 0 },
	{ "mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE", "mmap(*, *, PROT_EXEC|PROT_WRITE)",
		KILL "mmap(0, 0, PROT_EXEC|PROT_WRITE)\n", 0 },
	{ "mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE", "mmap",
		"allow@1 [arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE] mmap(0, 0, PROT_NONE)\n" KILL
		"mmap(0, 0, PROT_WRITE|PROT_EXEC)\n",
		0 },
	/* order of rules */
	{ "read: { arg0 == 0; return EPERM, arg0 < 5; allow, return EACCES }", "read",
		"return EPERM@1 [arg0 == 0] read(0)\nallow@1 [arg0 < 5] read(1)\nreturn EACCES@1 [] "
		"read(5)\n",
		0 },
	{ "read: arg0 == 0; return EPERM\nread: arg0 == 0; allow\nread: arg0 == 1; allow", "read(0)",
		"return EPERM@1 [] read(0)\n", 0 },
	{ "read: arg0 == 0; return EPERM\nread: arg0 == 0; allow\nread: arg0 == 1; allow", "read",
		"return EPERM@1 [arg0 == 0] read(0)\nallow@3 [arg0 == 1] read(1)\n" KILL "read(2)\n", 0 },
	/* an unreachable default */
	{ "read: arg0 < 10 || arg0 > 5", "read", "allow@1 [arg0 < 10 || arg0 > 5] read(0)\n", 0 },
	{ "read: { arg0 & 1, arg0 in ~1 }", "read",
		"allow@1 [arg0 & 1] read(1)\nallow@1 [arg0 in ~1] read(0)\n", 0 },
	{ "read: { arg0 == 3 && arg1 == 4, arg0 != 3; log, arg1 != 4; return 1 }", "read",
		"allow@1 [arg0 == 3 && arg1 == 4] read(3, 4)\nlog@1 [arg0 != 3] read(0, 0)\nreturn "
		"EPERM@1 [arg1 != 4] read(3, 0)\n",
		0 },
	/* 64 bits */
	{ "read: arg0 > 0xffffffff", "read",
		"allow@1 [arg0 > 0xffffffff] read(0x100000000)\n" KILL "read(0)\n", 0 },
	{ "read: arg0 == -1", "read(-1)", "allow@1 [] read(-1)\n", 0 },
	{ "read: arg0 == -1", "read(0xffffffff)", KILL "read(0xffffffff)\n", 0 },
	{ "read: arg0 <= 18446744073709551615", "read", "allow@1 [] read(0)\n", 0 },
	{ "read: arg0 < 0", "read", KILL "read(0)\n", 0 },
	{ "read: arg0 & 0", "read", KILL "read(0)\n", 0 },
	/* 32 bits */
	{ "read: arg0 == -1", "read(0xffffffff)", "allow@1 [] read(-1)\n", ARCHITECTURE_I386 },
	{ "openat: arg0 == AT_FDCWD", "openat(-100)", "allow@1 [] openat(AT_FDCWD)\n", ARCHITECTURE_ARM },
	/* other architectures */
	{ "read: arg0 == 1", "read(1)", "allow@1 [] read(1)\n", ARCHITECTURE_X32 },
	{ "mmap: arg2 & PROT_EXEC; return EPERM", "mmap(*, *, PROT_EXEC)",
		"return EPERM@1 [] mmap(0, 0, PROT_EXEC)\n", ARCHITECTURE_RISCV64 },
	/* several lines */
	{ "ioctl: arg1 == TCGETS || \\\n  arg1 == \\\n TCSETS # done", "ioctl(*, TCSETS)",
		"allow@1 [] ioctl(0, TCSETS)\n", 0 },
};

static void test_queries(void **state)
{
	for (size_t i = 0; i < ELEMENTSOF(queries); i++)
		check_query(&queries[i]);
}

/* What the answers say of a call in the small world must be what the rules say of it, and all of it. */
static void check_small(struct random *r, const struct architecture *a, size_t *n_answers)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct policy_call asked = { .number = a->first_number + SMALL_NUMBER };
	bool seen[64] = {};
	struct policy_answers answers;
	struct emit_size size;
	struct policy p;
	size_t n;

	policy_init(&p, a);
	small_policy(r, 8, 6, 7, &p);
	assert_int_equal(policy_emit(&p, &filter, &n, &size), 0);
	for (unsigned i = 0; i < POLICY_ARGUMENTS; i++) {
		asked.given[i] = random_below(r, 3) == 0;
		asked.arguments[i] = small_call(a, (unsigned)random_below(r, SMALL_CALLS)).args[i];
	}
	assert_int_equal(policy_query(&p, filter, n, &asked, &answers), 0);
	*n_answers += answers.n;
	for (unsigned i = 0; i < SMALL_CALLS; i++) {
		struct seccomp_data call = small_call(a, i);
		size_t decided = SIZE_MAX;
		uint32_t action = policy_evaluate(&p, &call);
		bool meant = true;

		for (unsigned j = 0; j < POLICY_ARGUMENTS; j++)
			meant = meant && (!asked.given[j] || asked.arguments[j] == call.args[j]);
		if (!meant)
			continue;
		for (size_t j = 0; j < answers.n; j++)
			if (answers.list[j].action == action)
				decided = j;
		assert_true(decided < ELEMENTSOF(seen));
		seen[decided] = true;
	}
	/* An answer with an example in the small world must have been met. */
	for (size_t j = 0; j < answers.n; j++) {
		bool inside = true, met = false;

		for (unsigned k = 0; k < POLICY_ARGUMENTS; k++)
			inside = inside && (answers.list[j].example.args[k] & ~small_bits(a, k)) == 0;
		for (size_t k = 0; k < answers.n; k++)
			met = met || (seen[k] && answers.list[k].action == answers.list[j].action);
		assert_true(met || !inside);
		assert_true(inside || answers.list[j].action == SMALL_OUTSIDE);
	}
	policy_answers_done(&answers);
	policy_done(&p);
}

static void test_small(void **state)
{
	struct random r = { .state = seed };
	size_t n = 0;

	for (size_t i = 0; i < ROUNDS; i++)
		check_small(&r, &architectures[i % _ARCHITECTURE_MAX], &n);
	print_message("%d questions, %zu answers\n", ROUNDS, n);
}

static void test_random_policies(void **state)
{
	static const struct random_shape shape = { 0, 20, 6, 6, 12 };
	struct random r = { .state = seed };
	size_t n = 0;

	for (size_t i = 0; i < ROUNDS; i++) {
		_cleanup_free_ struct sock_filter *filter = NULL;
		struct policy_answers answers;
		struct emit_size size;
		struct policy p;
		size_t n_filter;

		policy_init(&p, &architectures[ARCHITECTURE_X86_64]);
		random_policy(&r, &shape, &p);
		assert_int_equal(policy_emit(&p, &filter, &n_filter, &size), 0);
		for (size_t j = 0; j < 40; j++) {
			struct seccomp_data call;
			struct policy_call asked = {};
			bool found = false;

			random_call(&r, &p, &call);
			asked.number = (uint32_t)call.nr;
			if (!architecture_has_number(p.architecture, asked.number))
				continue;
			for (size_t k = 0; k < POLICY_ARGUMENTS; k++) {
				asked.given[k] = random_below(&r, 2) == 0;
				asked.arguments[k] = call.args[k];
			}
			assert_int_equal(policy_query(&p, filter, n_filter, &asked, &answers), 0);
			for (size_t k = 0; k < answers.n; k++)
				found = found || answers.list[k].action == policy_evaluate(&p, &call);
			assert_true(found);
			n += answers.n;
			policy_answers_done(&answers);
		}
		policy_done(&p);
	}
	print_message("%zu answers\n", n);
}

/* Which of the pigeons sits in which hole, one bit each, spread over the arguments. */
static struct policy_atom pigeon_bit(unsigned pigeon, unsigned hole, unsigned holes)
{
	unsigned bit = pigeon * holes + hole;

	return (struct policy_atom){
		.argument = (uint8_t)(bit / 60), .op = POLICY_ANY, .value = 1ULL << bit % 60
	};
}

static struct policy_rule *deny(struct policy *p)
{
	struct policy_rule *rule = policy_add_rule(p);
	const struct policy_rule *earlier;

	assert_non_null(rule);
	rule->action = SECCOMP_RET_ERRNO | 1;
	assert_int_equal(policy_attach(p, 0, rule, &earlier), 0);
	return rule;
}

/* Denies to leave a pigeon outside and to put two into one hole: what is allowed after that is nothing. */
static void pigeon_policy(struct policy *p, unsigned pigeons)
{
	unsigned holes = pigeons - 1;

	for (unsigned one = 0; one < pigeons; one++) {
		struct policy_rule *outside = deny(p);

		for (unsigned hole = 0; hole < holes; hole++) {
			struct policy_atom seat = pigeon_bit(one, hole, holes), empty = atom_negated(&seat);

			empty.last = hole + 1 == holes;
			assert_int_equal(policy_rule_add_atom(outside, empty), 0);
			for (unsigned other = 0; other < one; other++) {
				struct policy_rule *shared = deny(p);
				struct policy_atom second = pigeon_bit(other, hole, holes);

				second.last = true;
				assert_int_equal(policy_rule_add_atom(shared, seat), 0);
				assert_int_equal(policy_rule_add_atom(shared, second), 0);
			}
		}
	}
	deny(p)->action = SECCOMP_RET_ALLOW;
}

/* Never a wrong answer: none. */
static void test_too_hard(void **state)
{
	static const unsigned counts[] = { 3, 4, 5, 6, 9, 14 };

	for (size_t i = 0; i < ELEMENTSOF(counts); i++) {
		unsigned pigeons = counts[i];
		struct policy_call all = {};
		struct policy_answers answers = {};
		struct sock_filter *filter;
		struct emit_size size;
		bool reachable = false;
		struct policy p;
		size_t n;
		int r;

		policy_init(&p, &architectures[ARCHITECTURE_X86_64]);
		pigeon_policy(&p, pigeons);
		r = policy_reachable(&p, 0, &reachable);
		assert_true((r == 0 && !reachable) || (r == -E2BIG && pigeons > 6));
		assert_true(pigeons < 14 || r == -E2BIG);
		assert_int_equal(policy_emit(&p, &filter, &n, &size), 0);
		assert_int_equal(policy_query(&p, filter, n, &all, &answers), r);
		assert_int_equal(answers.n > 0, r == 0);
		policy_answers_done(&answers);
		free(filter);
		policy_done(&p);
	}
}

struct reach_case {
	const char *policy;
	bool reachable; /* read(2) */
};

static void test_reachable(void **state)
{
	static const struct reach_case cases[] = {
		{ "read: allow", true },
		{ "read: log", true },
		{ "read: trace", true },
		{ "read: { arg0 == 1; user-notify, kill }", true },
		{ "@default trace\nread: arg0 == 1; kill", true },
		{ "@default trace\nread: { arg0 == 1; kill, arg0 != 1; trap }", false },
		{ "write: allow", false },
		{ "read: return EPERM", false },
		{ "read: arg0 == 1", true },
		{ "read: arg0 & 0", false },
		{ "read: arg0 < 0", false },
		{ "read: arg0 == 1 && arg0 == 2", false },
		{ "read: { arg0 == 1; kill, arg0 == 1; allow }", false },
		{ "read: { arg0 & 1; kill, arg0 in ~1; kill, allow }", false },
		{ "read: { arg0 > 5; kill, arg0 < 7 && arg1 == 2; kill, arg1 == 2; allow }", false },
		{ "read: { arg0 > 5; kill, arg0 < 5 && arg1 == 2; kill, arg1 == 2; allow }", true },
		{ "@default return EPERM\nread: { arg0 == 1; kill, arg0 != 1; trap, allow }", false },
	};

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		const struct seccomp_options options = {
			.architecture = &architectures[i % _ARCHITECTURE_MAX], .flags = SECCOMP_KEEP
		};
		struct seccomp_result result;
		uint32_t number;
		bool reachable = !cases[i].reachable;

		assert_int_equal(seccomp_compile_text(cases[i].policy, strlen(cases[i].policy), -1, "p",
					 &options, &result),
			0);
		number = result.loaded->policy.entries[0].number;
		if (strncmp(cases[i].policy, "write", 5) == 0)
			number = options.architecture->first_number + 1000;
		assert_int_equal(policy_reachable(&result.loaded->policy, number, &reachable), 0);
		if (reachable != cases[i].reachable)
			fail_msg("%s", cases[i].policy);
		seccomp_result_done(&result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_random_policies),
		cmocka_unit_test(test_too_hard),
		cmocka_unit_test(test_reachable),
	};

	return cmocka_run_group_tests(tests, setup_seed, NULL);
}
