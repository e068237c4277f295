/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The IPC namespace of sandboxes that can do nothing in one: which profiles' sandboxes are in it, and which
 * have their own, call by call and option by option; whose launcher has gone; and that nothing is ever in it.
 * Row J34 of the threat model.
 */

#include "rig.h"

#include <string.h>

/* What shows it, with all of /proc. */
#define SHOWN "[Filesystem]\nProcSubset=all\n"
#define QUIET                                                                                                \
	"[Profile]\nTemplate=probe.profile\n[Access]\nAllowUser=lp\n[Seccomp]\nSystemCallErrorNumber="       \
	"EPERM\n"                                                                                            \
	"SystemCallFilter=@system-service\nSystemCallFilter=~@ipc setns io_uring_setup io_uring_enter "      \
	"io_uring_register\n"

static void write_profiles(struct rig *rig, const char *more)
{
	g_autofree char *text = g_strdup_printf("%s%s", QUIET, more);
	GDBusConnection *root = rig_connect(rig, 0);

	rig_write(rig, "profiles/quiet-one.profile", QUIET);
	rig_write(rig, "profiles/quiet-two.profile", text);
	g_variant_unref(rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL));
	rig_disconnect(rig, root);
}

static char *namespace_of(GDBusConnection *c, const char *name)
{
	static const char *const argv[] = { "/probe", "see", NULL };
	g_autofree char *output = rig_run_probe(c, name, argv, NULL);
	char *value = rig_probe_value(output, "ns_ipc");

	if (!value)
		fail_msg("%s", output);
	return value;
}

/* Two profiles, two users, and those that may not. */
static void test_for_all(void **state)
{
	GDBusConnection *alice, *bob;
	g_autofree char *shared = NULL, *other = NULL, *bobs = NULL, *own = NULL;

	write_profiles(*state, "");
	alice = rig_connect(*state, RIG_ALICE);
	bob = rig_connect(*state, RIG_BOB);
	shared = namespace_of(alice, "quiet-one");
	other = namespace_of(alice, "quiet-two");
	bobs = namespace_of(bob, "quiet-two");
	own = namespace_of(alice, "probe");
	assert_string_equal(other, shared);
	assert_string_equal(bobs, shared);
	assert_string_not_equal(own, shared);
	rig_disconnect(*state, alice);
	rig_disconnect(*state, bob);
	rig_wait_jailed(*state, 0);
}

static const struct {
	const char *more;
	bool shares;
} rows[] = {
	{ "", true },
	{ "SystemCallFilter=unshare clone3 memfd_create pipe pipe2 ptrace\n", true },
	{ "SystemCallFilter=shmget\nSystemCallFilter=~shmget\n", true },
	{ "[Namespaces]\nRunAsInit=yes\n", true },
	{ "[Namespaces]\nPrivateNetwork=no\n", true },
	{ "[Filesystem]\nProcSubset=all\n", true },
	{ "[Exec]\nFileDescriptor=3 optional regular,pipe\n", true },
	/* a launch of what is parked */
	{ "[Profile]\nWarm=1\n", true },
	{ "SystemCallFilter=shmget\n", false },
	{ "SystemCallFilter=shmat\n", false },
	{ "SystemCallFilter=shmctl\n", false },
	{ "SystemCallFilter=shmdt\n", false },
	{ "SystemCallFilter=semget\n", false },
	{ "SystemCallFilter=semop\n", false },
	{ "SystemCallFilter=semtimedop\n", false },
	{ "SystemCallFilter=semctl\n", false },
	{ "SystemCallFilter=msgget\n", false },
	{ "SystemCallFilter=msgsnd\n", false },
	{ "SystemCallFilter=msgrcv\n", false },
	{ "SystemCallFilter=msgctl\n", false },
	{ "SystemCallFilter=mq_open\n", false },
	{ "SystemCallFilter=mq_unlink\n", false },
	{ "SystemCallFilter=mq_timedsend\n", false },
	{ "SystemCallFilter=mq_timedreceive\n", false },
	{ "SystemCallFilter=mq_notify\n", false },
	{ "SystemCallFilter=mq_getsetattr\n", false },
	{ "SystemCallFilter=mount\n", false },
	{ "SystemCallFilter=fsopen\n", false },
	{ "SystemCallFilter=fsmount\n", false },
	{ "SystemCallFilter=move_mount\n", false },
	{ "SystemCallFilter=open_tree\n", false },
	{ "SystemCallFilter=setns\n", false },
	{ "SystemCallFilter=io_uring_setup\n", false },
	/* a call that is logged is made */
	{ "SystemCallFilter=msgget\nSystemCallLog=msgget\n", false },
	{ "[Seccomp]\nSystemCallFilter=\n", false },
#ifdef __x86_64__
	{ "SystemCallArchitectures=x86\n", true },
	{ "SystemCallArchitectures=x86\nSystemCallFilter=ipc\n", false },
#endif
	{ "[Namespaces]\nJoinsPool=quiet\n", false },
	{ "[User]\nPrivateUsers=yes\n", false },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_CHOWN\n", false },
	{ "[Filesystem]\nPrivateDevices=no\n", false },
	{ "[Filesystem]\nDeviceAllow=/dev/kmsg\n", false },
	{ "[Exec]\nFileDescriptor=3 optional directory\n", false },
};

static void test_rows(void **state)
{
	GDBusConnection *c = rig_connect(*state, RIG_ALICE);
	g_autofree char *shared = NULL;

	write_profiles(*state, "");
	shared = namespace_of(c, "quiet-one");
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *now = NULL, *beside = NULL;

		write_profiles(*state, rows[i].more);
		now = namespace_of(c, "quiet-two");
		beside = namespace_of(c, "quiet-one");
		assert_string_equal(beside, shared);
		if (g_str_equal(now, shared) != rows[i].shares)
			fail_msg("row %zu: %s%s, and all have %s", i, rows[i].more, now, shared);
	}
	write_profiles(*state, "");
	rig_disconnect(*state, c);
	rig_wait_jailed(*state, 0);
}

/* What is shared is as empty after many launches as a namespace that was made for the sandbox, and nothing
 * can be made in it. */
static void test_empty(void **state)
{
	static const char *const attempts[] = { "/probe", "reach", "shmget", "--", "reach", "semget", "--",
		"reach", "msgget", "--", "reach", "mq_open", "--", "reach", "setns", NULL };
	static const char *const show[] = { "/probe", "cat", "/proc/sysvipc/shm", "--", "cat",
		"/proc/sysvipc/sem", "--", "cat", "/proc/sysvipc/msg", "--", "cat", "/proc/sys/kernel/shmmax",
		"--", "cat", "/proc/sys/kernel/shm_rmid_forced", "--", "cat", "/proc/sys/kernel/sem", "--",
		"cat", "/proc/sys/kernel/msgmni", "--", "cat", "/proc/sys/fs/mqueue/queues_max", NULL };
	GDBusConnection *c;
	g_autofree char *shared = NULL, *own = NULL, *first = NULL, *ns = NULL;

	write_profiles(*state, "");
	rig_write(*state, "profiles/quiet-one.profile", QUIET SHOWN);
	rig_write(*state, "profiles/quiet-two.profile", QUIET "SystemCallFilter=mq_notify\n" SHOWN);
	c = rig_connect(*state, 0);
	g_variant_unref(rig_call_ok(c, RIG_PATH, RIG_MANAGER, "Reload", NULL));
	rig_disconnect(*state, c);
	c = rig_connect(*state, RIG_ALICE);
	own = rig_run_probe(c, "quiet-two", show, NULL);
	first = rig_run_probe(c, "quiet-one", show, NULL);
	ns = namespace_of(c, "quiet-one");
	for (int i = 0; i < 30; i++) {
		g_autofree char *said = rig_run_probe(c, "quiet-one", attempts, NULL);

		assert_string_equal(
			said, "reach EPERM\nreach EPERM\nreach EPERM\nreach EPERM\nreach EPERM\n");
	}
	shared = rig_run_probe(c, "quiet-one", show, NULL);
	assert_non_null(strstr(shared, "shmid"));
	assert_non_null(strstr(shared, "msqid"));
	assert_string_equal(first, own);
	assert_string_equal(shared, own);
	write_profiles(*state, "");
	rig_disconnect(*state, c);
	rig_wait_jailed(*state, 0);
}

/* With the launcher the namespace goes; launches go on, and share the next one. */
static void test_lost(void **state)
{
	GDBusConnection *c = rig_connect(*state, RIG_ALICE);

	for (int i = 0; i < 3; i++) {
		g_autofree char *one = namespace_of(c, "quiet-one"), *two = namespace_of(c, "quiet-two");

		assert_string_equal(one, two);
		rig_kill_and_wait(*state, RIG_LAUNCHER);
	}
	rig_disconnect(*state, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_for_all),
		rig_test(test_rows),
		rig_test(test_empty),
		cmocka_unit_test(test_lost),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
