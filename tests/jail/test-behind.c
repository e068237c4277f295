/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Calls that are made behind the payload's filter, which the policy does not permit: they work for the jail
 * that is built, parked or not, and are closed to its program.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"
#include "harness.h"
#include "jail/steps.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NUMBERS_MAX 600
#define FOREIGN     0x40000003U /* i386 */

/* Of the calls that an order takes nothing is permitted, but three that a program needs. */
#define STRICT_CALLS                                                                                         \
	{ SYS_sendmsg, FILTER_FAIL(EXDEV), 0, 0, 0 }, { SYS_seccomp, FILTER_FAIL(EXDEV), 0, 0, 0 },          \
		{ SYS_recvmsg, FILTER_FAIL(EXDEV), 0, 0, 0 }, { SYS_dup3, FILTER_FAIL(EXDEV), 0, 0, 0 },     \
		{ SYS_close_range, FILTER_FAIL(EXDEV), 0, 0, 0 },                                            \
		{ SYS_chdir, FILTER_FAIL(EXDEV), 0, 0, 0 },                                                  \
		{ SYS_getcwd, FILTER_FAIL(EXDEV), 1, FILTER_WHOLE_ARG, 12345 },                              \
		{ SYS_munmap, FILTER_FAIL(EXDEV), 1, FILTER_WHOLE_ARG, 12345 },                              \
	{                                                                                                    \
		SYS_prlimit64, FILTER_FAIL(EXDEV), 0, FILTER_WHOLE_ARG, 12345                                \
	}

static const struct filter_rule telling[] = { STRICT_CALLS, { SYS_sethostname, FILTER_KILL, 0, 0, 0 } };
static const struct filter_rule silent[] = { STRICT_CALLS };
static const struct filter_rule open_to_all[] = { { SYS_sethostname, FILTER_FAIL(EXDEV), 0, 0, 0 } };

static const uint32_t numbers[] = { SYS_sendmsg, SYS_seccomp, SYS_recvmsg, SYS_dup3, SYS_close_range,
	SYS_chdir, SYS_getcwd, SYS_munmap, SYS_prlimit64 };

static void use(struct rig *r, const struct filter_rule *rules, size_t n, struct sock_filter **ret)
{
	assert_int_equal(filter_build(rules, n, FILTER_PERMIT, ret, &r->spec.n_filter), 0);
	r->spec.filter = *ret;
	r->spec.violations = VIOLATIONS_TOLD;
}

static bool is_keyed(uint32_t number, bool asks, bool ahead)
{
	if (number == SYS_sendmsg)
		return asks;
	if (number == SYS_seccomp)
		return asks || ahead;
	for (size_t i = 2; i < ELEMENTSOF(numbers); i++)
		if (number == numbers[i])
			return ahead;
	return false;
}

static uint32_t verdict(const struct sock_fprog *p, uint32_t arch, uint32_t number, uint64_t key)
{
	const uint64_t args[6] = { [5] = key };

	return filter_verdict(p->filter, p->len, arch, number, args);
}

static void check_number(const struct rig *r, const struct filter_plan *p, uint32_t number)
{
	const uint64_t near[] = { 0, KEYED_KEY ^ 1, KEYED_KEY ^ (UINT64_C(1) << 63), (uint32_t)KEYED_KEY };
	const uint32_t arch = filter_native_arch();
	struct sock_fprog plain = { .filter = p->program + p->n_head,
		.len = (unsigned short)(p->whole.len - p->n_head) };

	for (size_t i = 0; i < ELEMENTSOF(near); i++) {
		assert_int_equal(
			verdict(&p->whole, arch, number, near[i]), verdict(&plain, arch, number, near[i]));
		assert_int_equal(verdict(&p->closer, arch, number, near[i]), FILTER_PERMIT);
	}
	assert_int_equal(verdict(&p->whole, FOREIGN, number, KEYED_KEY), FILTER_KILL);
	if (!is_keyed(number, p->asks, p->ahead)) {
		assert_int_equal(
			verdict(&p->whole, arch, number, KEYED_KEY), verdict(&plain, arch, number, 0));
		assert_int_equal(verdict(&p->closer, arch, number, KEYED_KEY), FILTER_PERMIT);
		return;
	}
	assert_int_equal(verdict(&p->whole, arch, number, KEYED_KEY), FILTER_PERMIT);
	assert_int_equal(verdict(&p->closer, arch, number, KEYED_KEY), FILTER_KILL);
	assert_false(filter_permits_always(r->spec.filter, r->spec.n_filter, number));
}

/* Of each call, with the key and without: what the head permits, the closer kills for, and neither says more.
 */
static void check_programs(struct rig *r, const struct filter_rule *rules, size_t n, bool park)
{
	struct filter_plan plan = { 0 };
	struct sock_filter *policy;
	struct jail_error e;

	use(r, rules, n, &policy);
	r->spec.park = park;
	assert_int_equal(prepare_violations(&r->context, &r->spec, 5, &plan, &e), 0);
	assert_int_equal(plan.ahead, park);
	assert_int_equal(plan.asks, true);
	assert_true(plan.closer.len > 0);
	for (uint32_t nr = 0; nr < NUMBERS_MAX; nr++)
		check_number(r, &plan, nr);
	filter_plan_done(&plan);
	free(policy);
}

static void test_programs(void **state)
{
	check_programs(*state, telling, ELEMENTSOF(telling), false);
	check_programs(*state, telling, ELEMENTSOF(telling), true);
	check_programs(*state, silent, ELEMENTSOF(silent), true); /* kills for foreign calls */
}

/* Where the policy permits all that is called there is no head, and nothing to close. */
static void test_nothing_to_close(void **state)
{
	struct rig *r = *state;
	struct filter_plan plan = { 0 };
	struct sock_filter *policy;
	struct jail_error e;

	use(r, open_to_all, ELEMENTSOF(open_to_all), &policy);
	r->spec.park = true;
	assert_int_equal(prepare_violations(&r->context, &r->spec, 5, &plan, &e), 0);
	assert_true(plan.asks && plan.ahead);
	assert_int_equal(plan.closer.len, 0);
	assert_int_equal(plan.n_head, 0);
	filter_plan_done(&plan);
	free(policy);
}

/* Parked, with the filter loaded; and another way. */
static void launch(struct rig *r, bool parked, const char *const *argv)
{
	if (parked) {
		assert_int_equal(rig_park(r), 0);
		rig_arguments(r, argv);
	} else {
		assert_int_equal(rig_start(r, argv), 0);
	}
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
}

/* An order that takes every call there is. */
static void check_order(struct rig *r, const struct filter_rule *rules, size_t n, enum violation_report told)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct sock_filter *policy;

	assert_true(fd >= 0);
	use(r, rules, n, &policy);
	r->spec.violations = told;
	rig_fd(r, fd, 17);
	assert_int_equal(rig_park(r), 0);
	rig_limit(r, RLIMIT_NOFILE, 40, 50);
	r->spec.working_directory = "/tmp";
	rig_arguments(r, ARGS("see"));
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	rig_read(r, NULL);
	rig_finish(r);
	assert_value(r, "cwd", "/tmp");
	assert_value(r, "limit_NOFILE", "40 50");
	assert_int_equal(rig_count(r, "fd"), 4);
	(void)close(fd);
	free(policy);
}

static void test_order(void **state)
{
	check_order(*state, telling, ELEMENTSOF(telling), VIOLATIONS_TOLD);
}

static void test_order_untold(void **state)
{
	check_order(*state, telling, ELEMENTSOF(telling), VIOLATIONS_UNTOLD);
}

/* The program itself makes such a call. */
static void check_closed(struct rig *r, bool parked, enum violation_report told, uint32_t number)
{
	const char *call = rig_format(r, "%u", number), *key = rig_format(r, "%lu", KEYED_KEY);
	struct sock_filter *policy;

	use(r, telling, ELEMENTSOF(telling), &policy);
	r->spec.violations = told;
	launch(r, parked,
		ARGS("call", call, "12345", "12345", "0", "0", "0", "1", "--", "call", call, "12345", "12345",
			"0", "0", "0", key));
	rig_read(r, NULL);
	rig_finish(r);
	assert_string_equal(r->output, "call EXDEV\n");
	assert_int_equal(r->status.si_code, CLD_KILLED);
	assert_int_equal(r->status.si_status, SIGSYS);
	free(policy);
}

#define CLOSED(name, parked, told, number)                                                                   \
	static void test_closed_##name(void **state)                                                         \
	{                                                                                                    \
		check_closed(*state, parked, told, number);                                                  \
	}

CLOSED(cold_sendmsg, false, VIOLATIONS_TOLD, SYS_sendmsg)
CLOSED(cold_seccomp, false, VIOLATIONS_TOLD, SYS_seccomp)
CLOSED(sendmsg, true, VIOLATIONS_TOLD, SYS_sendmsg)
CLOSED(seccomp, true, VIOLATIONS_TOLD, SYS_seccomp)
CLOSED(recvmsg, true, VIOLATIONS_TOLD, SYS_recvmsg)
CLOSED(dup3, true, VIOLATIONS_TOLD, SYS_dup3)
CLOSED(close_range, true, VIOLATIONS_TOLD, SYS_close_range)
CLOSED(chdir, true, VIOLATIONS_TOLD, SYS_chdir)
CLOSED(getcwd, true, VIOLATIONS_TOLD, SYS_getcwd)
CLOSED(munmap, true, VIOLATIONS_TOLD, SYS_munmap)
CLOSED(prlimit64, true, VIOLATIONS_TOLD, SYS_prlimit64)
CLOSED(untold_recvmsg, true, VIOLATIONS_UNTOLD, SYS_recvmsg)
CLOSED(untold_seccomp, true, VIOLATIONS_UNTOLD, SYS_seccomp)

/* An order that fails behind the filter is reported, though it permits nothing but the exec; and one that
 * does not come ends the jail. */
static void test_failed_order(void **state)
{
	static const struct filter_rule only_exec[] = { { SYS_execveat, FILTER_PERMIT, 0, 0, 0 } };
	struct rig *r = *state;
	struct sock_filter *policy;

	assert_int_equal(filter_build(only_exec, 1, FILTER_KILL, &policy, &r->spec.n_filter), 0);
	r->spec.filter = policy;
	r->spec.violations = VIOLATIONS_TOLD;
	assert_int_equal(rig_park(r), 0);
	r->spec.working_directory = "/not/there";
	rig_arguments(r, ARGS("see"));
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), -ENOENT);
	assert_int_equal(r->error.stage, STAGE_EXEC);
	assert_non_null(strstr(r->error.object, "/not/there"));
	jail_done(&r->context, &r->jail);
	free(policy);
}

/* What closes them can not be loaded: then no program runs. */
static int not_closed(struct rig *r)
{
	/* the one that asks has flags */
	const struct filter_rule rules[] = {
		FILTER_ALLOW_ARG(seccomp, 0, FILTER_WHOLE_ARG, SECCOMP_GET_NOTIF_SIZES),
		FILTER_DENY_ARG(seccomp, 1, FILTER_WHOLE_ARG, 0, ENOMEM),
	};

	r->spec.namespaces &= ~JAIL_NS_PID; /* whose init would fail first */
	r->spec.mount_proc = false;
	if (filter_apply(rules, ELEMENTSOF(rules), FILTER_PERMIT) < 0)
		return 1;
	return rig_fails(r, STAGE_SECCOMP, -ENOMEM, "seccomp") ? 0 : 2;
}

static void test_not_closed(void **state)
{
	struct rig *r = *state;
	struct sock_filter *policy;

	use(r, telling, ELEMENTSOF(telling), &policy);
	assert_int_equal(rig_as_child(r, not_closed), 0);
	free(policy);
}

static void test_no_order(void **state)
{
	struct rig *r = *state;
	struct sock_filter *policy;

	use(r, telling, ELEMENTSOF(telling), &policy);
	assert_int_equal(rig_park(r), 0);
	r->jail.go_fd = fd_close(r->jail.go_fd);
	assert_true(rig_report(r) < 0);
	rig_finish(r);
	assert_int_equal(r->status.si_status, SIGILL);
	free(policy);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_programs),
		TEST(test_nothing_to_close),
		TEST(test_order),
		TEST(test_order_untold),
		TEST(test_closed_cold_sendmsg),
		TEST(test_closed_cold_seccomp),
		TEST(test_closed_sendmsg),
		TEST(test_closed_seccomp),
		TEST(test_closed_recvmsg),
		TEST(test_closed_dup3),
		TEST(test_closed_close_range),
		TEST(test_closed_chdir),
		TEST(test_closed_getcwd),
		TEST(test_closed_munmap),
		TEST(test_closed_prlimit64),
		TEST(test_closed_untold_recvmsg),
		TEST(test_closed_untold_seccomp),
		TEST(test_failed_order),
		TEST(test_not_closed),
		TEST(test_no_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
