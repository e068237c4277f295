/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * jail_spec_fits() has to know every field of a spec: one that it forgot would give a launch a jail that was
 * built for another. So each is changed here, and those that no line of the table is about are found.
 */

#include "jail/jail.h"
#include "tests/unit/unit.h"

#include <stddef.h>
#include <string.h>

enum kind {
	BUILT,  /* a jail is built by it: another value does not fit */
	SENT,   /* goes to a parked jail with the launch */
	UNLIKE, /* what has any of it is never given a parked jail; see test_refused() */
	UNUSED, /* of no meaning without slots */
	TEXT,   /* compared as text: see test_executable() */
};

#define FIELD(name, kind)                                                                                    \
	{                                                                                                    \
#name, offsetof(struct jail_spec, name), sizeof(((struct jail_spec *)0)->name), kind         \
	}

static const struct {
	const char *name;
	size_t at, size;
	enum kind kind;
} fields[] = {
	FIELD(id, SENT),
	FIELD(park, SENT),
	FIELD(executable, TEXT),
	FIELD(argv, SENT),
	FIELD(envp, SENT),
	FIELD(working_directory, SENT),
	FIELD(umask, BUILT),
	FIELD(fds, SENT),
	FIELD(n_fds, UNLIKE),
	FIELD(pty, UNLIKE),
	FIELD(notify, UNLIKE),
	FIELD(uid, BUILT),
	FIELD(gid, BUILT),
	FIELD(groups, BUILT),
	FIELD(n_groups, BUILT),
	FIELD(bounding, BUILT),
	FIELD(ambient, BUILT),
	FIELD(secure_bits, BUILT),
	FIELD(namespaces, BUILT),
	FIELD(run_as_init, BUILT),
	FIELD(network_namespace_path, BUILT),
	FIELD(shares_network, BUILT),
	FIELD(reuses_network, BUILT),
	FIELD(shares_ipc, BUILT),
	FIELD(pool, UNLIKE),
	FIELD(no_network, BUILT),
	FIELD(hostname, BUILT),
	FIELD(minimal_root, BUILT),
	FIELD(private_tmp, BUILT),
	FIELD(private_devices, BUILT),
	FIELD(mount_proc, BUILT),
	FIELD(mounts, BUILT),
	FIELD(n_mounts, BUILT),
	FIELD(root_directory, BUILT),
	FIELD(devices, BUILT),
	FIELD(propagation, BUILT),
	FIELD(daemon_stores, BUILT),
	FIELD(slots, SENT),
	FIELD(n_slots, UNLIKE),
	FIELD(caller_uid, UNUSED),
	FIELD(caller_gids, UNUSED),
	FIELD(n_caller_gids, UNUSED),
	FIELD(restrictions, BUILT),
	FIELD(n_restrictions, BUILT),
	FIELD(proc_hiding, BUILT),
	FIELD(proc_subset, BUILT),
	FIELD(selinux_context, BUILT),
	FIELD(landlock, BUILT),
	FIELD(optional, BUILT),
	FIELD(filter, BUILT),
	FIELD(n_filter, BUILT),
	FIELD(deny_write_execute, BUILT),
	FIELD(violations, BUILT),
	FIELD(limits, SENT),
	FIELD(n_limits, SENT),
	FIELD(tuning, BUILT),
	FIELD(group, BUILT),
	FIELD(tightened, UNLIKE),
};

static const struct jail_spec parked = { .executable = "/usr/bin/xz" };

static void test_each_field(void **state)
{
	for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
		struct jail_spec launch = parked;

		if (fields[i].kind == UNLIKE || fields[i].kind == TEXT)
			continue;
		/* one, or a pointer to what nobody looks at; little-endian or not, it is not zero */
		((unsigned char *)&launch)[fields[i].at] = 1;
		if (jail_spec_fits(&parked, &launch) != (fields[i].kind != BUILT))
			fail_msg("%s", fields[i].name);
	}
}

/* What is between the fields is no more than what aligns the next. */
static void test_all_fields(void **state)
{
	size_t end = 0;

	for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
		if (fields[i].at < end || fields[i].at - end >= (fields[i].size < 8 ? fields[i].size : 8))
			fail_msg("what is before %s?", fields[i].name);
		end = fields[i].at + fields[i].size;
	}
	assert_true(sizeof(parked) - end < _Alignof(struct jail_spec));
}

static void test_executable(void **state)
{
	static const char same[] = "/usr/bin/xz";
	struct jail_spec launch = parked;

	launch.executable = same;
	assert_true(jail_spec_fits(&parked, &launch));
	launch.executable = "/usr/bin/xzz";
	assert_false(jail_spec_fits(&parked, &launch));
}

static void test_refused(void **state)
{
	struct jail_slot slot = { .source = -1 };
	struct jail_fd fds[] = { { 0, 0 }, { 0, 127 } };
	struct jail_tightened tightened = { 0 };
	struct jail_spec launch = parked;

	launch.slots = &slot;
	launch.n_slots = 1;
	launch.fds = fds;
	launch.n_fds = 2;
	assert_true(jail_spec_fits(&parked, &launch));
	slot.source = 0;
	assert_false(jail_spec_fits(&parked, &launch));
	slot.source = -1;
	fds[1].target = 128;
	assert_false(jail_spec_fits(&parked, &launch));
	launch = parked;
	launch.pty.wanted = true;
	assert_false(jail_spec_fits(&parked, &launch));
	launch = parked;
	launch.notify = true;
	assert_false(jail_spec_fits(&parked, &launch));
	launch = parked;
	launch.pool = &(const struct jail_pool){ .net_fd = -1, .ipc_fd = -1 };
	assert_false(jail_spec_fits(&parked, &launch));
	launch = parked;
	launch.tightened = &tightened;
	assert_false(jail_spec_fits(&parked, &launch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_field),
		cmocka_unit_test(test_all_fields),
		cmocka_unit_test(test_executable),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
