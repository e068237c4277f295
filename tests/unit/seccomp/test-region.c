/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Whether anything is in a region is decided by reasoning; here it is held against trying out every call of a
 * small world.
 */

#include "small-policy.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/region.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS 4000
#define PLENTY UINT64_MAX

static uint64_t seed;

static int setup_seed(void **state)
{
	if (random_seed(&seed) < 0)
		return -1;
	seed |= 1;
	return 0;
}

struct step {
	enum policy_op op;
	uint64_t value;
};

struct single_case {
	enum architecture_id architecture;
	struct step steps[5];
	size_t n;
	bool empty;
	uint64_t least, greatest;
};

/* One argument, by hand. */
static const struct single_case singles[] = {
	{ ARCHITECTURE_X86_64, { { 0, 0 } }, 0, false, 0, UINT64_MAX },
	{ ARCHITECTURE_I386, { { 0, 0 } }, 0, false, 0, UINT32_MAX },
	{ ARCHITECTURE_X86_64, { { POLICY_LT, 0 } }, 1, true, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_LE, 0 } }, 1, false, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_GT, UINT64_MAX } }, 1, true, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_GE, UINT64_MAX } }, 1, false, UINT64_MAX, UINT64_MAX },
	{ ARCHITECTURE_I386, { { POLICY_GT, UINT32_MAX } }, 1, true, 0, 0 },
	{ ARCHITECTURE_ARM, { { POLICY_GE, UINT32_MAX } }, 1, false, UINT32_MAX, UINT32_MAX },
	{ ARCHITECTURE_X86_64, { { POLICY_ANY, 0 } }, 1, true, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_IN, 0 } }, 1, false, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_IN, 0 }, { POLICY_NE, 0 } }, 2, true, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_IN, 6 }, { POLICY_ANY, 3 } }, 2, false, 2, 6 },
	{ ARCHITECTURE_X86_64, { { POLICY_IN, 6 }, { POLICY_ANY, 9 } }, 2, true, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_IN, 6 }, { POLICY_ANY, 2 }, { POLICY_ANY, 4 } }, 3, false, 6, 6 },
	{ ARCHITECTURE_X86_64, { { POLICY_IN, 6 }, { POLICY_ANY, 2 }, { POLICY_ANY, 4 }, { POLICY_NE, 6 } },
		4, true, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_ANY, 8 }, { POLICY_LT, 8 } }, 2, true, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_ANY, 8 }, { POLICY_ANY, 4 }, { POLICY_LT, 12 } }, 3, true, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_ANY, 8 }, { POLICY_ANY, 4 }, { POLICY_LE, 12 } }, 3, false, 12,
		12 },
	{ ARCHITECTURE_X86_64, { { POLICY_GE, 5 }, { POLICY_LE, 6 }, { POLICY_IN, 8 } }, 3, true, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_GE, 5 }, { POLICY_LE, 9 }, { POLICY_IN, 12 } }, 3, false, 8, 8 },
	{ ARCHITECTURE_X86_64,
		{ { POLICY_GE, 1 }, { POLICY_LE, 3 }, { POLICY_NE, 1 }, { POLICY_NE, 2 }, { POLICY_NE, 3 } },
		5, true, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_LE, 3 }, { POLICY_NE, 0 }, { POLICY_NE, 3 } }, 3, false, 1, 2 },
	{ ARCHITECTURE_X86_64, { { POLICY_NE, 0 }, { POLICY_NE, UINT64_MAX } }, 2, false, 1, UINT64_MAX - 1 },
	{ ARCHITECTURE_X86_64, { { POLICY_ANY, UINT64_C(1) << 63 }, { POLICY_IN, UINT64_C(1) << 63 } }, 2,
		false, UINT64_C(1) << 63, UINT64_C(1) << 63 },
	{ ARCHITECTURE_X86_64, { { POLICY_GT, 0xffffffff }, { POLICY_IN, 0x1ffffffff } }, 2, false,
		0x100000000, 0x1ffffffff },
	{ ARCHITECTURE_X86_64, { { POLICY_EQ, 5 }, { POLICY_EQ, 6 } }, 2, true, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_EQ, 5 }, { POLICY_ANY, 2 } }, 2, true, 0, 0 },
	{ ARCHITECTURE_X86_64, { { POLICY_EQ, 5 }, { POLICY_IN, 7 }, { POLICY_NE, 4 } }, 3, false, 5, 5 },
	/* Of a value only the low half counts where words have 32 bits. */
	{ ARCHITECTURE_I386, { { POLICY_EQ, 0xffffffffffffff9c } }, 1, false, 0xffffff9c, 0xffffff9c },
	{ ARCHITECTURE_I386, { { POLICY_ANY, 0xffffffff00000000 } }, 1, true, 0, 0 },
	{ ARCHITECTURE_I386, { { POLICY_IN, 0x1 } }, 1, false, 0, 1 },
};

static void test_single(void **state)
{
	for (size_t i = 0; i < ELEMENTSOF(singles); i++) {
		const struct single_case *c = &singles[i];
		uint64_t least = 1, greatest = 2;
		struct region r;
		int result = 1;

		region_init(&r, &architectures[c->architecture], PLENTY);
		for (size_t j = 0; j < c->n && result > 0; j++)
			result = region_add(&r, (struct policy_atom){ .argument = 3,
							.op = (uint8_t)c->steps[j].op,
							.value = c->steps[j].value });
		if (result != !c->empty)
			fail_msg("case %zu: %d", i, result);
		if (!c->empty) {
			assert_int_equal(region_bounds(&r, 3, &least, &greatest), 0);
			if (least != c->least || greatest != c->greatest)
				fail_msg("case %zu: 0x%" PRIx64 " to 0x%" PRIx64, i, least, greatest);
		}
		region_undo(&r, 0);
		assert_int_equal(region_bounds(&r, 3, &least, &greatest), 0);
		assert_true(least == 0 && greatest == r.mask);
		region_done(&r);
	}
}

static bool lies_in(
	const struct conjunction *c, const struct architecture *a, const struct seccomp_data *call)
{
	for (size_t i = 0; i < c->n; i++)
		if (!atom_holds(&c->atoms[i], a, call->args[c->atoms[i].argument]))
			return false;
	return true;
}

static bool lies_in_one(const struct conjunction *list, size_t n, const struct architecture *a,
	const struct seccomp_data *call)
{
	for (size_t i = 0; i < n; i++)
		if (lies_in(&list[i], a, call))
			return true;
	return false;
}

/* Tries every call. */
static bool has_call(const struct architecture *a, const struct conjunction *inside,
	const struct conjunction *outside, size_t n_outside)
{
	for (unsigned i = 0; i < SMALL_CALLS; i++) {
		struct seccomp_data call = small_call(a, i);

		if (lies_in(inside, a, &call) && !lies_in_one(outside, n_outside, a, &call))
			return true;
	}
	return false;
}

#define ATOMS_MAX   6
#define OUTSIDE_MAX 24

static struct conjunction random_conjunction(struct random *r, const struct architecture *a, size_t max,
	struct policy_atom atoms[static ATOMS_MAX])
{
	size_t n = random_below(r, max + 1);

	for (size_t i = 0; i < n; i++)
		atoms[i] = small_atom(r, a);
	return (struct conjunction){ atoms, n };
}

/* Returns whether the region has a call outside of the others. */
static bool check_random(struct random *random, const struct architecture *a)
{
	struct policy_atom fence[POLICY_ARGUMENTS], atoms[ATOMS_MAX], others[OUTSIDE_MAX][ATOMS_MAX];
	size_t n = random_below(random, OUTSIDE_MAX + 1);
	struct conjunction inside, outside[OUTSIDE_MAX], world = { fence, ELEMENTSOF(fence) };
	struct seccomp_data found = { .nr = SMALL_NUMBER, .arch = a->audit };
	bool wanted;
	struct region r;
	int result;

	for (unsigned i = 0; i < POLICY_ARGUMENTS; i++)
		fence[i] = (struct policy_atom){
			.argument = (uint8_t)i, .op = POLICY_IN, .value = small_bits(a, i)
		};
	inside = random_conjunction(random, a, 4, atoms);
	for (size_t i = 0; i < n; i++) {
		outside[i] = random_conjunction(random, a, ATOMS_MAX, others[i]);
		if (outside[i].n == 0) /* would hold everything */
			outside[i] = inside.n > 0 ? inside : world;
	}
	wanted = has_call(a, &inside, outside, n);
	region_init(&r, a, PLENTY);
	result = region_add_all(&r, &world);
	assert_int_equal(result, 1);
	result = region_add_all(&r, &inside);
	if (result > 0)
		result = (random_below(random, 2) ? region_escape : region_example)(&r, outside, n);
	assert_int_equal(result, wanted);
	for (unsigned i = 0; i < POLICY_ARGUMENTS; i++)
		found.args[i] = r.words[i].member;
	if (result > 0)
		assert_true(lies_in(&world, a, &found) && lies_in(&inside, a, &found) &&
			    !lies_in_one(outside, n, a, &found));
	region_done(&r);
	return wanted;
}

static void test_random(void **state)
{
	struct random r = { .state = seed };
	unsigned escapes = 0;

	for (size_t i = 0; i < ROUNDS; i++)
		escapes += check_random(&r, &architectures[i % _ARCHITECTURE_MAX]);
	print_message("%d regions tried out, %u of them with a way out\n", ROUNDS, escapes);
	assert_true(escapes > ROUNDS / 10 && escapes < ROUNDS - ROUNDS / 10);
}

/* Whether the negation of an atom holds exactly where it does not. */
static void test_negation(void **state)
{
	struct random r = { .state = seed };

	for (size_t i = 0; i < ROUNDS; i++) {
		const struct architecture *a = &architectures[i % _ARCHITECTURE_MAX];
		struct policy_atom atom = small_atom(&r, a), negated = atom_negated(&atom);
		struct seccomp_data call = small_call(a, (unsigned)random_below(&r, SMALL_CALLS));
		uint64_t x = random_below(&r, 2) ? call.args[atom.argument] : random_next(&r);

		assert_int_equal(atom_holds(&atom, a, x), !atom_holds(&negated, a, x));
	}
}

/*
 * Each conjunction but one forbids one way to set a pair of bits, and all ways are forbidden: only by going
 * through exponentially many can that be found out this way. The answer must be that there is none.
 */
static void test_gives_up(void **state)
{
	struct policy_atom atoms[64][2];
	struct conjunction list[64];
	size_t n = 0;
	struct region r;

	for (unsigned pigeon = 0; pigeon < 6; pigeon++)
		for (unsigned other = 0; other < pigeon; other++)
			for (unsigned hole = 0; hole < 4; hole++) {
				if (n == ELEMENTSOF(list))
					continue;
				atoms[n][0] = (struct policy_atom){
					.argument = (uint8_t)pigeon, .op = POLICY_EQ, .value = hole
				};
				atoms[n][1] = (struct policy_atom){
					.argument = (uint8_t)other, .op = POLICY_EQ, .value = hole
				};
				list[n] = (struct conjunction){ atoms[n], 2 };
				n++;
			}
	region_init(&r, &architectures[ARCHITECTURE_X86_64], 300);
	for (unsigned i = 0; i < POLICY_ARGUMENTS; i++)
		assert_int_equal(
			region_add(&r,
				(struct policy_atom){ .argument = (uint8_t)i, .op = POLICY_LT, .value = 4 }),
			1);
	assert_int_equal(region_escape(&r, list, n), -E2BIG);
	assert_int_equal(region_escape(&r, list, n), -E2BIG);
	r.work = PLENTY;
	/* Six pigeons do not fit into four holes. */
	assert_int_equal(region_escape(&r, list, n), 0);
	assert_int_equal(r.n_trail, POLICY_ARGUMENTS);
	region_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_negation),
		cmocka_unit_test(test_gives_up),
	};

	return cmocka_run_group_tests(tests, setup_seed, NULL);
}
