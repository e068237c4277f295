/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Calls that are made behind the payload's filter, which the policy does not permit: they work for the jail
 * that is built, parked or not, by a key of its own, and are closed to its program, which has none.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"
#include "harness.h"
#include "jail/steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

static const uint32_t numbers[] = { SYS_sendmsg, SYS_recvmsg, SYS_dup3, SYS_close_range, SYS_chdir,
	SYS_getcwd, SYS_munmap, SYS_prlimit64 };

/* What all jails once had, in the sixth argument, and some other. */
#define FORMER UINT64_C(0x1d5c61e3b72f40a6)
static const struct keyed_key some = { UINT64_C(0x8000000100020003), UINT64_C(0x0004000500060007) };

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
	for (size_t i = 1; i < ELEMENTSOF(numbers); i++)
		if (number == numbers[i])
			return ahead;
	return false;
}

static uint32_t verdict(const struct sock_fprog *p, uint32_t arch, uint32_t number, struct keyed_key key)
{
	const uint64_t args[6] = { [4] = key.fifth, [5] = key.sixth };

	return filter_verdict(p->filter, p->len, arch, number, args);
}

/* With nothing that is not the key, however near, is another answer given than without the head. */
static void check_near(const struct filter_plan *p, const struct sock_fprog *plain, uint32_t number)
{
	const struct keyed_key others[] = { { 0, 0 }, { 0, FORMER }, { some.sixth, some.fifth },
		{ some.fifth, 0 }, { 0, some.sixth } };
	const uint32_t arch = filter_native_arch();

	for (size_t i = 0; i < ELEMENTSOF(others); i++)
		assert_int_equal(
			verdict(&p->whole, arch, number, others[i]), verdict(plain, arch, number, others[i]));
	for (unsigned bit = 0; bit < 128; bit++) {
		struct keyed_key near = some;

		*(bit < 64 ? &near.fifth : &near.sixth) ^= UINT64_C(1) << bit % 64;
		assert_int_equal(verdict(&p->whole, arch, number, near), verdict(plain, arch, number, near));
	}
}

static void check_number(const struct rig *r, const struct filter_plan *p, uint32_t number)
{
	const uint32_t arch = filter_native_arch();
	struct sock_fprog plain = { .filter = p->program + p->n_head,
		.len = (unsigned short)(p->whole.len - p->n_head) };

	check_near(p, &plain, number);
	assert_int_equal(verdict(&p->whole, FOREIGN, number, some), FILTER_KILL);
	if (!is_keyed(number, p->asks, p->ahead)) {
		assert_int_equal(verdict(&p->whole, arch, number, some), verdict(&plain, arch, number, some));
		return;
	}
	assert_int_equal(verdict(&p->whole, arch, number, some), FILTER_PERMIT);
	assert_false(filter_permits_always(r->spec.filter, r->spec.n_filter, number));
}

/* Nor does a head that was not written permit anything. */
static void check_unwritten(const struct filter_plan *p)
{
	const struct keyed_key none = { 0, 0 };
	struct sock_fprog plain = { .filter = p->program + p->n_head,
		.len = (unsigned short)(p->whole.len - p->n_head) };

	for (uint32_t nr = 0; nr < NUMBERS_MAX; nr++)
		assert_int_equal(verdict(&p->whole, filter_native_arch(), nr, none),
			verdict(&plain, filter_native_arch(), nr, none));
}

/* Of each call, with the key and without. */
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
	assert_true(plan.n_head > 0);
	check_unwritten(&plan);
	keyed_head(&plan.keyed, &some, plan.program);
	for (uint32_t nr = 0; nr < NUMBERS_MAX; nr++)
		check_number(r, &plan, nr);
	filter_plan_done(&plan);
	free(policy);
}

/* Two that are drawn have no word in common, and none of them is in the other's place. */
static void test_drawn(void **state)
{
	const struct keyed_calls k = { .numbers = { SYS_getcwd }, .n = 1 };
	struct sock_filter heads[2][KEYED_HEAD_MAX];
	size_t n = keyed_head_size(&k), differ = 0;

	for (size_t i = 0; i < ELEMENTSOF(heads); i++)
		assert_int_equal(keyed_begin(&k, heads[i]), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(heads[0][i].code, heads[1][i].code);
		differ += heads[0][i].k != heads[1][i].k;
		if (heads[0][i].k != heads[1][i].k)
			assert_int_equal(heads[0][i].code, BPF_ALU | BPF_XOR | BPF_K);
	}
	assert_int_equal(differ, sizeof(struct keyed_key) / sizeof(uint32_t));
}

static void test_programs(void **state)
{
	check_programs(*state, telling, ELEMENTSOF(telling), false);
	check_programs(*state, telling, ELEMENTSOF(telling), true);
	check_programs(*state, silent, ELEMENTSOF(silent), true); /* kills for foreign calls */
}

/* Where the policy permits all that is called there is no head. */
static void test_no_head(void **state)
{
	struct rig *r = *state;
	struct filter_plan plan = { 0 };
	struct sock_filter *policy;
	struct jail_error e;

	use(r, open_to_all, ELEMENTSOF(open_to_all), &policy);
	r->spec.park = true;
	assert_int_equal(prepare_violations(&r->context, &r->spec, 5, &plan, &e), 0);
	assert_true(plan.asks && plan.ahead);
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

/* The program itself makes such a call, with what jails once had, too. */
static void check_closed(struct rig *r, bool parked, enum violation_report told, uint32_t number)
{
	const char *call = rig_format(r, "%u", number), *former = rig_format(r, "%lu", FORMER);
	struct sock_filter *policy;

	use(r, telling, ELEMENTSOF(telling), &policy);
	r->spec.violations = told;
	launch(r, parked,
		ARGS("call", call, "12345", "12345", "0", "0", "0", "1", "--", "call", call, "12345", "12345",
			"0", "0", "0", former));
	rig_read(r, NULL);
	rig_finish(r);
	assert_string_equal(r->output, "call EXDEV\ncall EXDEV\n");
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

/* Of the parked process, as the machine's root sees it: what it has in its registers while it waits. */
static struct keyed_key key_of(pid_t pid)
{
	unsigned long sixth = 0, fifth = 0;
	char path[64], line[512], waits[16];
	bool found = false;

	(void)snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	(void)snprintf(waits, sizeof(waits), "%d ", SYS_recvmsg);
	for (int i = 0; !found && i < 20000; i++) {
		FILE *f = fopen(path, "re");

		assert_non_null(f);
		found = fgets(line, sizeof(line), f) && strncmp(line, waits, strlen(waits)) == 0;
		assert_int_equal(fclose(f), 0);
		(void)usleep(1000);
	}
	assert_int_equal(sscanf(line, "%*d %*x %*x %*x %*x %lx %lx", &fifth, &sixth), 2);
	return (struct keyed_key){ fifth, sixth };
}

static struct keyed_key park_and_look(struct rig *r)
{
	struct keyed_key key;

	assert_int_equal(rig_park(r), 0);
	key = key_of(r->jail.pid);
	assert_true(key.fifth != 0 && key.sixth != 0);
	return key;
}

/* Each has its own, which is what it comes to: not another's, and who had it would be let through. */
static void test_key_of_each(void **state)
{
	struct rig *r = *state;
	const char *call = rig_format(r, "%u", (unsigned)SYS_getcwd);
	struct keyed_key first, second;
	struct sock_filter *policy;

	use(r, telling, ELEMENTSOF(telling), &policy);
	first = park_and_look(r);
	jail_done(&r->context, &r->jail);
	second = park_and_look(r);
	assert_true(first.fifth != second.fifth && first.sixth != second.sixth);
#define KEY(f, s) call, "12345", "12345", "0", "0", rig_format(r, "%lu", (f)), rig_format(r, "%lu", (s))
	rig_arguments(
		r, ARGS("call", KEY(first.fifth, first.sixth), "--", "call", KEY(second.sixth, second.fifth),
			   "--", "call", KEY(second.fifth, second.sixth ^ 1), "--", "call",
			   KEY(second.fifth, second.sixth)));
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	rig_read(r, NULL);
	rig_finish(r);
	assert_string_equal(r->output, "call EXDEV\ncall EXDEV\ncall EXDEV\ncall EFAULT\n");
	free(policy);
}

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

/* Where no key can be drawn no program runs. */
static int not_drawn(struct rig *r)
{
	const struct filter_rule rules[] = { FILTER_DENY(getrandom, ENOSYS) };

	if (filter_apply(rules, ELEMENTSOF(rules), FILTER_PERMIT) < 0)
		return 1;
	return rig_fails(r, STAGE_SECCOMP, -ENOSYS, "key") ? 0 : 2;
}

static void test_not_drawn(void **state)
{
	struct rig *r = *state;
	struct sock_filter *policy;

	use(r, telling, ELEMENTSOF(telling), &policy);
	assert_int_equal(rig_as_child(r, not_drawn), 0);
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
		TEST(test_drawn),
		TEST(test_no_head),
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
		TEST(test_not_drawn),
		TEST(test_key_of_each),
		TEST(test_no_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
