/* SPDX-License-Identifier: GPL-2.0-or-later */

/* busctl(1) as a user of the interface: check-busctl.sh says what it must show. */

#include "rig.h"

static void test_busctl(void **state)
{
	struct rig *rig = *state;
	g_autofree char *script =
		g_strdup_printf("%s/tests/integration/check-busctl.sh", g_getenv("BAILIFF_SOURCE_ROOT"));
	char shell[] = "/bin/sh", *argv[] = { shell, script, rig->address, NULL };
	g_autofree char *out = NULL, *err = NULL;
	g_autoptr(GError) error = NULL;
	int status = -1;

	if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status, &error))
		fail_msg("%s", error->message);
	print_message("%s", out);
	if (!g_spawn_check_wait_status(status, &error))
		fail_msg("%s%s", err, error->message);
}

int main(void)
{
	const struct CMUnitTest tests[] = { rig_test(test_busctl) };

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
