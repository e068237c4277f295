/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Compares policies that others have written, each with the next one for the same architecture, in both
 * directions. Nothing may stay undecided there, and it must not take long.
 */

#include "collection.h"
#include "diff-check.h"
#include "random-policy.h"

#include "base/cleanup.h"
#include "base/strv.h"
#include "seccomp/loaded.h"
#include "seccomp/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define CALLS_PER_PAIR 200
#define SLOW_MS        2000 /* for one pair in one direction, also where a sanitizer looks on; usual is 1 */

struct run {
	struct random random;
	size_t pairs, regions, reachable;
	double slowest;
};

static double now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void compare(struct run *t, const struct seccomp_result *before, const struct seccomp_result *after)
{
	const struct policy *policies[] = { &before->loaded->policy, &after->loaded->policy };
	const struct diff_side sides[] = {
		{ policies[0], before->filter, before->n_filter },
		{ policies[1], after->filter, after->n_filter },
	};
	double begin = now_ms(), ms;
	struct diff d;

	assert_int_equal(policy_diff(&sides[0], &sides[1], DIFF_ACTIONS, &d), 0);
	ms = now_ms() - begin;
	if (ms > t->slowest)
		t->slowest = ms;
	for (size_t i = 0; i < d.n_items; i++) {
		assert_int_equal(d.items[i].state, DIFF_COMPLETE);
		t->regions += d.items[i].n_regions;
	}
	for (size_t i = 0; i < CALLS_PER_PAIR; i++) {
		struct seccomp_data call;

		random_call(&t->random, policies[i % ELEMENTSOF(policies)], &call);
		if (architecture_has_number(policies[0]->architecture, (uint32_t)call.nr))
			diff_check_call(policies[0], policies[1], &d, &call);
	}
	diff_done(&d);
	t->pairs++;
}

/* Whether a number is reachable can be told for every one that a policy names. */
static void count_reachable(struct run *t, const struct policy *p)
{
	for (size_t i = 0; i < p->n_entries; i++) {
		bool reachable = false;

		assert_int_equal(policy_reachable(p, p->entries[i].number, &reachable), 0);
		t->reachable += reachable;
	}
}

static void compare_neighbours(struct run *t, const struct collection *c, char *const *names,
	const struct architecture *a, const char *word)
{
	struct seccomp_result previous = {};

	STRV_FOREACH (name, names) {
		struct seccomp_result result;

		if (!strstr(*name, word))
			continue;
		if (collection_compile(c, *name, a, SECCOMP_DENYLIST | SECCOMP_KEEP, &result) < 0) {
			seccomp_result_done(&result); /* which ones, and why, another test knows */
			continue;
		}
		count_reachable(t, &result.loaded->policy);
		if (previous.loaded) {
			compare(t, &previous, &result);
			compare(t, &result, &previous);
		}
		seccomp_result_done(&previous);
		previous = result;
	}
	seccomp_result_done(&previous);
}

static void test_collected(void **state)
{
	struct collection *c = *state;
	_cleanup_(strv_freep) char **names = NULL;
	struct run t = { .random = random_from_seed(1) };

	if (!collection_there(c))
		return;
	names = collection_list(c);
	compare_neighbours(&t, c, names, &architectures[ARCHITECTURE_X86_64], "amd64");
	compare_neighbours(&t, c, names, &architectures[ARCHITECTURE_X86_64], "x86_64");
	compare_neighbours(&t, c, names, &architectures[ARCHITECTURE_ARM64], "arm64");
	compare_neighbours(&t, c, names, &architectures[ARCHITECTURE_ARM], "-arm.policy");
	print_message("%zu comparisons, the slowest %.1f ms: %zu regions; %zu reachable calls\n", t.pairs,
		t.slowest, t.regions, t.reachable);
	assert_true(t.pairs > 100);
	assert_true(t.slowest < SLOW_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_collected, collection_setup, collection_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
