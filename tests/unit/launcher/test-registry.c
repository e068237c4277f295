/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The table of sandboxes: ids, limits, what is dropped first. */

#include "registry/registry.h"
#include "tests/unit/child.h"

#include <errno.h>

#define FIRST 65536

static struct registry registry;

static struct sandbox *add(size_t max_live)
{
	struct sandbox *s = NULL;

	assert_int_equal(registry_add(&registry, max_live, 0, &s), 0);
	return s;
}

static int start(void **state)
{
	registry_init(&registry, FIRST);
	return 0;
}

static int stop(void **state)
{
	struct sandbox *s;

	while ((s = TAILQ_FIRST(&registry.by_age)))
		registry_remove(&registry, s);
	assert_int_equal(registry.n, 0);
	assert_int_equal(registry.n_retained, 0);
	return 0;
}

static void registry_ids_grow(void **state)
{
	struct sandbox *a = add(10), *b = add(10);

	assert_int_equal(a->id, FIRST);
	assert_int_equal(b->id, FIRST + 1);
	assert_ptr_equal(registry_find(&registry, FIRST + 1), b);
	assert_null(registry_find(&registry, FIRST + 2));
	assert_null(registry_find(&registry, 0));
	registry_remove(&registry, b);
	assert_null(registry_find(&registry, FIRST + 1));
	assert_int_equal(add(10)->id, FIRST + 2); /* never a used one */
}

static void registry_counts_live_ones(void **state)
{
	struct sandbox *a = add(2), *s = NULL;

	(void)add(2);
	assert_int_equal(registry_add(&registry, 2, 0, &s), -EUSERS);
	registry_retain(&registry, a);
	assert_int_equal(a->state, SANDBOX_EXITED);
	assert_int_equal(registry_live(&registry), 1);
	(void)add(2);
	assert_int_equal(registry_add(&registry, 2, 0, &s), -EUSERS);
}

static void registry_full_table_drops_the_oldest_end(void **state)
{
	static struct sandbox *s[SANDBOXES_MAX]; /* too much for the stack */
	struct sandbox *more = NULL;

	for (size_t i = 0; i < SANDBOXES_MAX; i++)
		s[i] = add(SANDBOXES_MAX);
	assert_int_equal(registry_add(&registry, SIZE_MAX, 0, &more), -EUSERS);
	registry_retain(&registry, s[5]);
	registry_retain(&registry, s[2]);
	(void)add(SANDBOXES_MAX);
	assert_null(registry_find(&registry, FIRST + 5));
	assert_non_null(registry_find(&registry, FIRST + 2));
	assert_int_equal(registry.n, SANDBOXES_MAX);
}

static void registry_find_from_skips_gaps(void **state)
{
	struct sandbox *a = add(10), *b = add(10), *c = add(10);

	assert_ptr_equal(registry_find_from(&registry, 0), a);
	registry_remove(&registry, b);
	assert_ptr_equal(registry_find_from(&registry, FIRST + 1), c);
	assert_null(registry_find_from(&registry, FIRST + 3));
}

/* Of what is known of sandboxes no jail has a copy. */
static void registry_is_no_childs(void **state)
{
	struct sandbox *s = add(10);

	assert_int_equal(sandbox_set_words(s, "profile", NULL, "note", sizeof("note")), 0);
	assert_string_equal(s->profile, "profile");
	assert_string_equal(s->tag, "");
	assert_int_equal(s->n_note, sizeof("note"));
	assert_memory_equal(s->note, "note", s->n_note);
	assert_true(child_has(&registry)); /* which the launcher takes care of */
	assert_false(child_has(s));
	assert_false(child_has(s->profile));
	assert_false(child_has(s->tag));
	assert_false(child_has(s->note));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(registry_ids_grow, start, stop),
		cmocka_unit_test_setup_teardown(registry_counts_live_ones, start, stop),
		cmocka_unit_test_setup_teardown(registry_full_table_drops_the_oldest_end, start, stop),
		cmocka_unit_test_setup_teardown(registry_find_from_skips_gaps, start, stop),
		cmocka_unit_test_setup_teardown(registry_is_no_childs, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
