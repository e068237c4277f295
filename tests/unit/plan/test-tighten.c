/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * P13: options that ask for less of the machine, of capabilities and of the network. Each value of the
 * profile against an option below, at and above it, and against no value at all.
 */

#include "base/error.h"
#include "plan/plan.h"
#include "tests/unit/unit.h"

#include <string.h>

#define MEGABYTE (UINT64_C(1) << 20)
#define CAPS     (UINT64_C(1) << 13 | UINT64_C(1) << 10) /* CAP_NET_RAW, CAP_NET_BIND_SERVICE */

static char s_name[] = "tight", s_program[] = "/usr/bin/view", s_netns[] = "/run/netns/lan";
static char *executables[] = { s_program, NULL };

enum has {
	NOTHING,
	NUMBERS, /* memory 8M, 100 tasks, half a processor and a quarter of a percent, nice 5, score 100 */
	SHARES,  /* half of memory and of tasks */
	BELOW,   /* nice -5, score -500 */
};

static const struct row {
	const char *name;
	enum has has;
	struct tighter asked;
	bool unmeasured; /* nobody knows the machine's size */
	int expected;    /* 0: the option holds */
	const char *says;
} rows[] = {
	{ "memory where there is none", NOTHING, { .memory_max = UINT64_MAX - 1 } },
	{ "memory below", NUMBERS, { .memory_max = 1 } },
	{ "memory equal", NUMBERS, { .memory_max = 8 * MEGABYTE } },
	{ "memory above", NUMBERS, { .memory_max = 8 * MEGABYTE + 1 }, .expected = -EACCES,
		.says = "option memory-max: profile tight has MemoryMax=8388608, which" },
	{ "endless memory", NUMBERS, { .memory_max = UINT64_MAX }, .expected = -EACCES },
	{ "a share equal", SHARES, { .memory_max = 512 * MEGABYTE } },
	{ "a share above", SHARES, { .memory_max = 512 * MEGABYTE + 1 }, .expected = -EACCES,
		.says = "MemoryMax=536870912 on this machine" },
	{ "a share of what is not known", SHARES, { .memory_max = UINT64_MAX - 1, .tasks_max = 1 << 30 },
		.unmeasured = true },
	{ "tasks where there is none", NOTHING, { .tasks_max = 1 } },
	{ "tasks equal", NUMBERS, { .tasks_max = 100 } },
	{ "tasks above", NUMBERS, { .tasks_max = 101 }, .expected = -EACCES, .says = "TasksMax=100" },
	{ "a share of tasks", SHARES, { .tasks_max = 500 } },
	{ "more than it", SHARES, { .tasks_max = 501 }, .expected = -EACCES, .says = "TasksMax=500 on" },
	{ "quota where there is none", NOTHING, { .cpu_quota = GROUP_QUOTA_MAX } },
	{ "too much quota", NOTHING, { .cpu_quota = GROUP_QUOTA_MAX + 1 }, .expected = -EINVAL,
		.says = "8192 processors" },
	{ "quota equal", NUMBERS, { .cpu_quota = 5025 }, .unmeasured = true },
	{ "quota above", NUMBERS, { .cpu_quota = 5100 }, .unmeasured = true, .expected = -EACCES,
		.says = "CPUQuota=50%" },
	{ "nice where there is none", NOTHING, { .has_nice = true, .nice = 0 } },
	{ "nice below 0 where there is none", NOTHING, { .has_nice = true, .nice = -1 }, .expected = -EACCES,
		.says = "no Nice=" },
	{ "nice equal", NUMBERS, { .has_nice = true, .nice = 5 } },
	{ "nice higher", NUMBERS, { .has_nice = true, .nice = 19 } },
	{ "nice lower", NUMBERS, { .has_nice = true, .nice = 4 }, .expected = -EACCES, .says = "Nice=5" },
	{ "nice 20", NUMBERS, { .has_nice = true, .nice = 20 }, .expected = -EINVAL, .says = "-20 to 19" },
	{ "nice -2^31", NUMBERS, { .has_nice = true, .nice = INT32_MIN }, .expected = -EINVAL },
	{ "nice above one below 0", BELOW, { .has_nice = true, .nice = -4 } },
	{ "nice below one below 0", BELOW, { .has_nice = true, .nice = -6 }, .expected = -EACCES },
	{ "score where there is none", NOTHING, { .has_oom_score_adjust = true, .oom_score_adjust = 0 } },
	{ "score below 0 where there is none", NOTHING,
		{ .has_oom_score_adjust = true, .oom_score_adjust = -1 }, .expected = -EACCES,
		.says = "no OOMScoreAdjust=" },
	{ "score higher", NUMBERS, { .has_oom_score_adjust = true, .oom_score_adjust = 1000 } },
	{ "score lower", NUMBERS, { .has_oom_score_adjust = true, .oom_score_adjust = 99 },
		.expected = -EACCES, .says = "OOMScoreAdjust=100" },
	{ "score 1001", BELOW, { .has_oom_score_adjust = true, .oom_score_adjust = 1001 },
		.expected = -EINVAL },
	{ "score above one below 0", BELOW, { .has_oom_score_adjust = true, .oom_score_adjust = -499 } },
	{ "one of two above", NUMBERS, { .memory_max = 1, .has_nice = true, .nice = 0 },
		.expected = -EACCES },
	{ "capabilities that it has not", NOTHING, { .drop_capabilities = UINT64_MAX } },
	{ "all capabilities", NUMBERS, { .drop_capabilities = UINT64_MAX } },
	{ "one capability", NUMBERS, { .drop_capabilities = UINT64_C(1) << 13 } },
	{ "no network", NUMBERS, { .no_network = true } },
	{ "no network where it has its own", NOTHING, { .no_network = true } },
};

static void fill(struct compiled_profile *p, enum has has)
{
	compiled_profile_init(p);
	p->name = s_name;
	p->executables = executables;
	p->uid = p->gid = 500;
	p->dynamic_user = false;
	if (has == NUMBERS) {
		p->group[GROUP_MEMORY_MAX] = (struct group_value){ GROUP_ABSOLUTE, 8 * MEGABYTE };
		p->group[GROUP_TASKS_MAX] = (struct group_value){ GROUP_ABSOLUTE, 100 };
		p->group[GROUP_CPU_QUOTA] = (struct group_value){ GROUP_PERMYRIAD, 5025 };
		p->tuning = (struct compiled_tuning){
			.set = TUNE_NICE | TUNE_OOM_SCORE, .nice = 5, .oom_score_adjust = 100
		};
		p->bounding = p->ambient = CAPS;
		p->namespaces &= ~JAIL_NS_NET;
		p->network_namespace_path = s_netns;
	}
	if (has == SHARES)
		p->group[GROUP_MEMORY_MAX] = p->group[GROUP_TASKS_MAX] =
			(struct group_value){ GROUP_PERMYRIAD, GROUP_WHOLE / 2 };
	if (has == BELOW)
		p->tuning = (struct compiled_tuning){
			.set = TUNE_NICE | TUNE_OOM_SCORE, .nice = -5, .oom_score_adjust = -500
		};
}

static void expect_limit(const struct compiled_profile *p, const struct jail_spec *spec,
	enum group_limit which, enum group_unit unit, uint64_t asked)
{
	const struct group_value want = { unit, asked }, *v = asked != 0 ? &want : &p->group[which];

	assert_int_equal(spec->group[which].unit, v->unit);
	assert_int_equal(spec->group[which].value, v->value);
}

static void expect_number(const struct compiled_profile *p, const struct jail_spec *spec, uint32_t flag,
	bool asked, int32_t number, int32_t own, int32_t got)
{
	assert_int_equal(spec->tuning->set & flag, asked ? flag : p->tuning.set & flag);
	assert_int_equal(got, asked ? number : own);
	/* the service's own value counts where the profile has none, and only there */
	assert_int_equal(spec->tightened ? spec->tightened->floor & flag : 0,
		asked && (p->tuning.set & flag) == 0 ? flag : 0);
}

static void expect_spec(
	const struct compiled_profile *p, const struct tighter *asked, const struct jail_spec *spec)
{
	expect_limit(p, spec, GROUP_MEMORY_MAX, GROUP_ABSOLUTE, asked->memory_max);
	expect_limit(p, spec, GROUP_TASKS_MAX, GROUP_ABSOLUTE, asked->tasks_max);
	expect_limit(p, spec, GROUP_CPU_QUOTA, GROUP_PERMYRIAD, asked->cpu_quota);
	expect_limit(p, spec, GROUP_MEMORY_HIGH, GROUP_UNSET, 0);
	expect_number(p, spec, TUNE_NICE, asked->has_nice, asked->nice, p->tuning.nice, spec->tuning->nice);
	expect_number(p, spec, TUNE_OOM_SCORE, asked->has_oom_score_adjust, asked->oom_score_adjust,
		p->tuning.oom_score_adjust, spec->tuning->oom_score_adjust);
	assert_int_equal(spec->bounding, p->bounding & ~asked->drop_capabilities);
	assert_int_equal(spec->ambient, p->ambient & ~asked->drop_capabilities);
	assert_int_equal(spec->no_network, asked->no_network);
	assert_int_equal(spec->namespaces, p->namespaces | (asked->no_network ? JAIL_NS_NET : 0));
	if (asked->no_network)
		assert_null(spec->network_namespace_path);
	else
		assert_ptr_equal(spec->network_namespace_path, p->network_namespace_path);
}

static void check_row(void **state)
{
	const struct row *row = *state;
	const struct machine machine = { .memory = 1024 * MEGABYTE, .tasks = 1000 };
	const struct plan_caller caller = { .administrator = true };
	char *argv[] = { s_program, NULL };
	struct plan_request request = { .argv = argv,
		.stdio = { PLAN_STDIO_UNSET, PLAN_STDIO_UNSET, PLAN_STDIO_UNSET },
		.tighter = row->asked,
		.machine = row->unmeasured ? NULL : &machine };
	struct compiled_profile p;
	struct plan_effective effective;
	struct plan_result result = { 0 };
	struct jail_spec spec = { 0 };

	fill(&p, row->has);
	assert_int_equal(plan_make(&p, &caller, &request, &spec, &effective, &result), row->expected);
	assert_int_equal(result.refusal, row->expected == 0 ? REFUSAL_NONE : REFUSAL_OVERRIDE_DENIED);
	if (row->says && !strstr(result.message, row->says))
		fail_msg("message \"%s\" lacks \"%s\"", result.message, row->says);
	if (row->expected == 0)
		expect_spec(&p, &row->asked, &spec);
	else
		assert_null(spec.tightened);
	jail_spec_done(&spec);
}

/* Who asks for nothing gets the profile's own, and no copy. */
static void test_nothing(void **state)
{
	const struct plan_caller caller = { .administrator = true };
	char *argv[] = { s_program, NULL };
	struct plan_request request = { .argv = argv,
		.stdio = { PLAN_STDIO_UNSET, PLAN_STDIO_UNSET, PLAN_STDIO_UNSET } };
	struct compiled_profile p;
	struct plan_effective effective;
	struct plan_result result;
	struct jail_spec spec;

	fill(&p, NUMBERS);
	assert_int_equal(plan_make(&p, &caller, &request, &spec, &effective, &result), 0);
	assert_ptr_equal(spec.tuning, &p.tuning);
	assert_ptr_equal(spec.group, p.group);
	assert_null(spec.tightened);
	jail_spec_done(&spec);
}

/* A machine that could not be measured has next to no share: nothing is below it. */
static void test_unmeasurable(void **state)
{
	const struct machine none = { 0 };
	const struct group_value half = { GROUP_PERMYRIAD, GROUP_WHOLE / 2 };

	assert_int_equal(plan_limit_in_force(&half, GROUP_MEMORY_MAX, &none), 1);
	assert_int_equal(plan_limit_in_force(&half, GROUP_TASKS_MAX, &none), 1);
}

int main(void)
{
	struct CMUnitTest tests[ELEMENTS(rows) + 2];
	size_t n = 0;

	for (size_t i = 0; i < ELEMENTS(rows); i++)
		tests[n++] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_row,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_nothing);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_unmeasurable);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
