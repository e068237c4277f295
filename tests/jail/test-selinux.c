/* SPDX-License-Identifier: GPL-2.0-or-later */

/* SELinuxContext= on a machine without SELinux: never "without label". Row J30 of the threat model. Where
 * SELinux is on, a context that no policy has must fail as well. */

#include "harness.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/vfs.h>

static const char context[] = "system_u:system_r:bailiff_no_such_t:s0";

static bool have_selinux(void)
{
	struct statfs fs;

	return statfs("/sys/fs/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC;
}

static void test_off(void **state)
{
	struct rig *r = *state;

	r->spec.selinux_context = NULL;
	rig_launch(r, ARGS("print", "1", "here"));
	assert_false(r->jail.labelled);
	assert_int_equal(r->jail.lacking, 0);
	rig_read(r, NULL);
	rig_finish(r);
}

static void test_required(void **state)
{
	struct rig *r = *state;

	r->spec.selinux_context = context;
	if (have_selinux())
		rig_fail(r, STAGE_SELINUX, -EINVAL,
			"SELinuxContext= the policy of this machine has no context");
	else
		rig_fail(r, STAGE_SELINUX, -EOPNOTSUPP,
			"SELinuxContext= SELinux is not on here: there is no selinuxfs at /sys/fs/selinux");
}

static void test_optional(void **state)
{
	struct rig *r = *state;

	r->spec.selinux_context = context;
	r->spec.optional = OPTIONAL_SELINUX;
	if (have_selinux()) {
		/* it is there, so it must do as it is told */
		rig_fail(r, STAGE_SELINUX, -EINVAL,
			"SELinuxContext= the policy of this machine has no context");
		return;
	}
	rig_launch(r, ARGS("print", "1", "here"));
	assert_false(r->jail.labelled);
	assert_int_equal(r->jail.lacking, 1U << LACK_SELINUX);
	rig_read(r, NULL);
	rig_finish(r);
}

/* Another layer's word is no leave for this one. */
static void test_other_optional(void **state)
{
	struct rig *r = *state;

	r->spec.selinux_context = context;
	r->spec.optional = _OPTIONAL_ALL & ~OPTIONAL_SELINUX;
	rig_fail(r, STAGE_SELINUX, have_selinux() ? -EINVAL : -EOPNOTSUPP, "SELinuxContext=");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_off),
		TEST(test_required),
		TEST(test_optional),
		TEST(test_other_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
