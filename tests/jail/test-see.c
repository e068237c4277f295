/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a payload sees of itself, compared with the spec. Rows J1, J2, J4, J6, J9 to J11, J19 to J23 of the
 * threat model. */

#include "harness.h"

static void test_most_confined(void **state)
{
	struct rig *r = *state;

	RUN(r, "see");
	print_message("%s", r->output);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_most_confined, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
