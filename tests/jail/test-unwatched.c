/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Without memory for what is watched of a template nothing is: neither its sources nor what it knows of paths
 * in directories of the host's is taken for what it was. Rows J4 and J12 of the threat model. */

#include "base/fd.h"
#include "harness.h"
#include "jail/steps.h"
#include "sources.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define PATIENCE_MSEC 30000

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static bool fails;
static unsigned n_failed;

void *__wrap_calloc(size_t n, size_t size)
{
	if (!fails)
		return __real_calloc(n, size);
	n_failed++;
	return NULL;
}

/* What is watched is the one thing that takes memory when a template is ready. */
static void make_template(struct rig *r)
{
	struct pollfd p = { .events = POLLIN };

	assert_false(rig_has_template(r));
	p.fd = jail_templates_make(&r->context);
	assert_true(p.fd >= 0);
	assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
	n_failed = 0;
	fails = true;
	jail_templates_event(&r->context);
	fails = false;
	assert_int_equal(n_failed, 1);
	assert_true(rig_has_template(r));
	assert_int_equal(sources_watches(), 0);
}

static void test_sources(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	make_template(r);
	assert_true(rig_looks(r) > 0);
	sources_exchange(r);
	sources_expect(r, "new\n");
}

/* That it was absent does not hold. */
static void test_paths(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data/secret", true);
	make_template(r);
	rig_file(r, "above/data/secret", "", 0444);
	RUN(r, "open", "/data/secret");
	assert_value(r, "open", "EACCES");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sources),
		TEST(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
