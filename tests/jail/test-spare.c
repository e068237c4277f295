/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Spare jails, which have a control group, and an init or none, and become those of a launch: what they are,
 * what becomes of them, and what is left where nothing does. That launches out of them are as others the
 * tests of whole jails show, which run with them, too (those "from-template"). */

#include "base/fd.h"
#include "base/process.h"
#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t init_of(const struct rig *r)
{
	return process_pid_in_procfs(r->context.proc_fd, r->jail.init_pidfd);
}

static const char *group_of(struct rig *r, uint64_t id)
{
	return rig_format(r, "%s/sandbox-%ju", r->cgroup, (uintmax_t)id);
}

static void expect_group(struct rig *r, uint64_t id, bool there)
{
	struct stat st;

	if (r->cgroup)
		assert_int_equal(stat(group_of(r, id), &st), there ? 0 : -1);
}

static void expect_success(struct rig *r)
{
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	rig_read(r, NULL);
	rig_finish(r);
	assert_int_equal(r->status.si_code, CLD_EXITED);
	assert_int_equal(r->status.si_status, 0);
}

/* The launch goes on with its init, in its control group, and not with what it no longer is. */
static void test_goes_on(void **state)
{
	struct rig *r = *state;
	pid_t init;

	assert_int_equal(rig_spare(r), 0);
	assert_true(r->jail.spare);
	assert_int_equal(r->jail.pidfd, -1);
	init = init_of(r);
	assert_true(init > 0);
	expect_group(r, r->spec.id, true);
	assert_int_equal(START(r, "see"), 0);
	assert_false(r->jail.spare || r->jail.built);
	assert_int_equal(init_of(r), init);
	expect_success(r);
	assert_non_null(strstr(r->output, "\npid 2\n"));
	expect_group(r, r->spec.id, false);
}

static void kill_init(struct rig *r)
{
	struct pollfd p = { .fd = r->jail.init_pidfd, .events = POLLIN };

	assert_int_equal(process_signal(r->jail.init_pidfd, SIGKILL), 0);
	assert_int_equal(poll(&p, 1, 20000), 1);
}

/* Where the launch has no init it goes on with what there is: the control group, and no page that most would
 * have no use for. */
static void goes_on_bare(struct rig *r)
{
	uint64_t group;

	assert_int_equal(rig_spare(r), 0);
	assert_true(r->jail.spare);
	assert_int_equal(r->jail.pidfd, -1);
	assert_int_equal(r->jail.init_pidfd, -1);
	expect_group(r, r->spec.id, true);
	assert_null(r->jail.last_word);
	group = jail_cgroup_id(&r->jail);
	assert_int_equal(START(r, "see"), 0);
	assert_false(r->jail.spare || r->jail.built);
	assert_int_equal(r->jail.init_pidfd, -1);
	assert_non_null(r->jail.last_word);
	assert_int_equal(jail_cgroup_id(&r->jail), group);
	expect_success(r);
	expect_group(r, r->spec.id, false);
}

static void test_as_init_goes_on(void **state)
{
	struct rig *r = *state;

	r->spec.run_as_init = true;
	goes_on_bare(r);
	assert_non_null(strstr(r->output, "\npid 1\n"));
}

static void test_without_namespace_goes_on(void **state)
{
	struct rig *r = *state;

	if (!r->cgroup)
		skip();
	r->spec.namespaces &= ~JAIL_NS_PID;
	goes_on_bare(r);
}

/* Somebody takes a control group away that nobody is in: the launch makes its own. */
static void test_group_removed(void **state)
{
	struct rig *r = *state;

	if (!r->cgroup)
		skip();
	r->spec.run_as_init = true;
	assert_int_equal(rig_spare(r), 0);
	assert_int_equal(rmdir(group_of(r, r->spec.id)), 0);
	assert_int_equal(START(r, "see"), 0);
	expect_group(r, r->spec.id, true);
	expect_success(r);
	expect_group(r, r->spec.id, false);
}

/* A launch that has an init makes it, and all else. */
static void test_bare_of_no_use(void **state)
{
	struct rig *r = *state;

	r->spec.run_as_init = true;
	assert_int_equal(rig_spare(r), 0);
	r->spec.run_as_init = false;
	assert_int_equal(START(r, "see"), 0);
	assert_true(init_of(r) > 0);
	expect_success(r);
	assert_non_null(strstr(r->output, "\npid 2\n"));
}

/* One that has died is taken away, and the launch has an init of its own. */
static void test_dead(void **state)
{
	struct rig *r = *state;
	pid_t init;

	assert_int_equal(rig_spare(r), 0);
	init = init_of(r);
	kill_init(r);
	assert_int_equal(START(r, "see"), 0);
	assert_int_not_equal(init_of(r), init);
	expect_success(r);
}

/* So is one that is another sandbox', */
static void test_of_another(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_spare(r), 0);
	r->spec.id++;
	assert_int_equal(START(r, "see"), 0);
	expect_group(r, r->spec.id - 1, false);
	expect_success(r);
}

/* and one that the launch has no use for. */
static void test_of_no_use(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_spare(r), 0);
	r->spec.run_as_init = true;
	assert_int_equal(START(r, "see"), 0);
	expect_success(r);
	assert_non_null(strstr(r->output, "\npid 1\n"));
}

static void test_without_namespace(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_spare(r), 0);
	r->spec.namespaces &= ~JAIL_NS_PID;
	assert_int_equal(START(r, "see"), 0);
	assert_int_equal(r->jail.init_pidfd, -1);
	expect_success(r);
}

/* A launch that fails leaves nothing of it. */
static void test_failed(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_spare(r), 0);
	r->spec.executable = "/missing";
	assert_int_equal(START(r, "see"), 0);
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), -ENOENT);
	rig_finish(r);
	expect_group(r, r->spec.id, false);
	assert_int_equal(rig_spare(r), 0);
	r->spec.namespaces |= 1U << 31;
	assert_int_equal(START(r, "see"), -EINVAL);
	assert_int_equal(r->jail.init_pidfd, -1);
	expect_group(r, r->spec.id, false);
}

static void expect_own_page(const struct rig *r)
{
	pid_t pid = fork();
	unsigned char there;
	int status;

	if (pid == 0)
		_exit(mincore(r->jail.last_word, 1, &there) == -1 && errno == ENOMEM ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What is made while it waits, or goes on, does not have the page in which its processes report. */
static void test_page(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_spare(r), 0);
	expect_own_page(r);
	assert_int_equal(START(r, "see"), 0);
	expect_own_page(r);
	expect_success(r);
}

/* Nobody needs it. */
static void test_ends(void **state)
{
	struct rig *r = *state;

	for (int as_init = 0; as_init < 2; as_init++) {
		r->spec.run_as_init = as_init;
		assert_int_equal(rig_spare(r), 0);
		expect_group(r, r->spec.id, true);
		jail_done(&r->context, &r->jail);
		expect_group(r, r->spec.id, false);
	}
}

/* Those that may have the payload's process, too, have tests of their own: test-ahead.c. */
static int setup(void **state)
{
	struct rig *r;

	if (rig_setup(state) < 0)
		return -1;
	r = *state;
	r->spec.namespaces &= ~JAIL_NS_UTS;
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_goes_on),
		TEST(test_as_init_goes_on),
		TEST(test_without_namespace_goes_on),
		TEST(test_group_removed),
		TEST(test_bare_of_no_use),
		TEST(test_dead),
		TEST(test_of_another),
		TEST(test_of_no_use),
		TEST(test_without_namespace),
		TEST(test_failed),
		TEST(test_page),
		TEST(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
