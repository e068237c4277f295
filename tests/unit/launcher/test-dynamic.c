/* SPDX-License-Identifier: GPL-2.0-or-later */

/* User ids of DynamicUser= as the real launcher gives them out: apart, in quarantine, over a restart, and not
 * while something of one is left. */

#include "jail/jail.h"
#include "tests/unit/launcher/harness.h"

#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

static struct launcher L;

static int start(void **state)
{
	/* each test has a record of its own; fd 0 stands for none */
	if (L.uids_fd > 0)
		L.uids_fd = close(L.uids_fd);
	launcher_start(&L);
	return 0;
}

static int stop(void **state)
{
	launcher_stop(&L);
	return 0;
}

static char nothing[] = ":", sleeps[] = "while :; do sleep 0.05; done";

static void dynamic_uids_differ(void **state)
{
	char *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_DYNAMIC, argv, sleeps);
	struct launched a, b;

	(void)launch_request_ok(&L, &m, NULL, 0, &a, NULL);
	(void)launch_request_ok(&L, &m, NULL, 0, &b, NULL);
	assert_true(a.uid - DYNAMIC_MIN < DYNAMIC_N && b.uid - DYNAMIC_MIN < DYNAMIC_N);
	assert_int_not_equal(a.uid, b.uid);
	launched_done(&a);
	launched_done(&b);
}

static struct launched launch_dynamic(void)
{
	char *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_DYNAMIC, argv, nothing);
	struct launched a;
	uint64_t id = launch_request_ok(&L, &m, NULL, 0, &a, NULL);

	(void)expect_exit(&L, id);
	assert_int_equal(ask_forget(&L, id), 0);
	return a;
}

static void expect_quarantine(void)
{
	char *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_DYNAMIC, argv, nothing);
	struct refused refused = launch_refused(&L, &m, NULL, 0);

	assert_int_equal(refused.refusal, REFUSAL_QUOTA_EXCEEDED);
	assert_non_null(strstr(refused.message, "DynamicUserQuarantineSec="));
	refused_done(&refused);
}

/* Each of the ids is used once; then none is free, also for another launcher that gets the record. */
static void dynamic_uids_quarantine(void **state)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i < DYNAMIC_N; i++) {
		struct launched a = launch_dynamic();

		seen |= UINT64_C(1) << (a.uid - DYNAMIC_MIN);
		launched_done(&a);
	}
	assert_true(seen == (UINT64_C(1) << DYNAMIC_N) - 1);
	expect_quarantine();
	/* others do not need one */
	(void)expect_exit(&L, launch(&L, PROFILE_SHELL, nothing, NULL));
	launcher_stop(&L);
	launcher_start(&L);
	expect_quarantine();
}

/* What is in use when the launcher dies is in quarantine for the next one. */
static void dynamic_uids_after_a_crash(void **state)
{
	char *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_DYNAMIC, argv, sleeps);
	struct launched a, b;

	(void)launch_request_ok(&L, &m, NULL, 0, &a, NULL);
	launcher_stop(&L);
	launcher_start(&L);
	b = launch_dynamic();
	assert_int_not_equal(a.uid, b.uid);
	launched_done(&a);
	launched_done(&b);
}

/* A System V object of the host's that belongs to an id keeps it from being used. */
static void dynamic_uids_with_remnants(void **state)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	struct shmid_ds ds;
	struct launched a;
	struct jail_context none = JAIL_CONTEXT_NULL;
	bool left;
	void *at;

	assert_true(id >= 0);
	/* removed now, it is there until we detach or end, however that comes */
	at = shmat(id, NULL, 0);
	assert_true(at != (void *)-1);
	assert_int_equal(shmctl(id, IPC_STAT, &ds), 0);
	ds.shm_perm.uid = DYNAMIC_MIN;
	assert_int_equal(shmctl(id, IPC_SET, &ds), 0);
	assert_int_equal(shmctl(id, IPC_RMID, NULL), 0);
	left = jail_remnants(&none, DYNAMIC_MIN);
	a = launch_dynamic();
	assert_int_equal(shmdt(at), 0);
	assert_true(left);
	assert_int_equal(a.uid, DYNAMIC_MIN + 1);
	launched_done(&a);
	assert_false(jail_remnants(&none, DYNAMIC_MIN));
	id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	assert_true(jail_remnants(&none, 0));
	assert_int_equal(msgctl(id, IPC_RMID, NULL), 0);
	id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	assert_true(jail_remnants(&none, 0));
	assert_int_equal(semctl(id, 0, IPC_RMID), 0);
}

#define LAUNCHER_TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAUNCHER_TEST(dynamic_uids_differ),
		LAUNCHER_TEST(dynamic_uids_quarantine),
		LAUNCHER_TEST(dynamic_uids_after_a_crash),
		LAUNCHER_TEST(dynamic_uids_with_remnants),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
