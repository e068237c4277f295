/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Network namespaces that were made ahead: each is one jail's, once; a launch that finds none makes its own;
 * those that can do nothing in one share one; and nothing stays when the context is closed, or none are
 * wanted. Row J34 of the threat model. */

#include "base/capability.h"
#include "base/fd.h"
#include "base/filter.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MSEC 30000

static const char *name_of(struct rig *r, int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return rig_format(r, "net:[%ju]", (uintmax_t)st.st_ino);
}

static const char *hosts(struct rig *r)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return rig_format(r, "net:[%ju]", (uintmax_t)st.st_ino);
}

/* As the launcher does it. */
static int fill_with(struct jail_context *c, bool own, bool shared)
{
	struct pollfd p = { .events = POLLIN };

	jail_stock_want(c, own, false, shared);
	if (jail_stock_wait(c) < 0)
		return -EALREADY;
	p.fd = jail_stock_make(c);
	if (p.fd < 0)
		return p.fd;
	/* one at a time */
	if (jail_stock_wait(c) >= 0 || poll(&p, 1, PATIENCE_MSEC) != 1)
		return -ETIMEDOUT;
	jail_stock_receive(c);
	return 0;
}

static int fill(struct jail_context *c)
{
	return fill_with(c, true, true);
}

static void test_filled(void **state)
{
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;

	assert_int_equal(jail_stock_wait(&r->context), -1);
	assert_int_equal(fill(&r->context), 0);
	assert_int_equal(s->n, JAIL_STOCK_MAX);
	assert_int_equal(jail_stock_wait(&r->context), -1);
	for (size_t i = 0; i < s->n; i++) {
		assert_int_equal(fcntl(s->networks[i].fd, F_GETFD), FD_CLOEXEC);
		assert_string_not_equal(name_of(r, s->networks[i].fd), hosts(r));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(name_of(r, s->networks[i].fd), name_of(r, s->networks[k].fd));
	}
}

/* The payload is in it, its loopback device is up, and it is gone from the stock. */
static void test_used_once(void **state)
{
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;
	const char *name;
	int fd;

	assert_int_equal(fill(&r->context), 0);
	fd = s->networks[s->n - 1].fd;
	name = name_of(r, fd);
	RUN(r, "see", "--", "talk", "4711", "x");
	assert_value(r, "ns_net", name);
	assert_value(r, "talk", "ECONNREFUSED");
	assert_int_equal(rig_count(r, "fd"), 3);
	assert_int_equal(s->n, JAIL_STOCK_MAX - 1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(jail_stock_wait(&r->context), 3);
}

/* One of them becomes that of all which may share, and stays; the payload has no descriptor of it. */
static void test_shared(void **state)
{
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;

	assert_int_equal(fill(&r->context), 0);
	r->spec.shares_network = true;
	RUN(r, "see", "--", "talk", "4711", "x");
	assert_int_equal(s->n, JAIL_STOCK_MAX - 1);
	assert_value(r, "ns_net", name_of(r, s->shared_fd));
	assert_value(r, "talk", "ECONNREFUSED");
	assert_int_equal(rig_count(r, "fd"), 3);
	assert_string_not_equal(name_of(r, s->shared_fd), hosts(r));
	for (size_t i = 0; i < s->n; i++)
		assert_string_not_equal(name_of(r, s->networks[i].fd), name_of(r, s->shared_fd));
	assert_int_equal(fill(&r->context), 0);
	assert_int_equal(s->n, JAIL_STOCK_MAX);
}

/* The network of a payload that waits. */
static const char *network_of(struct rig *r, const struct jail *j)
{
	struct stat st;

	assert_int_equal(stat(rig_format(r, "/proc/%d/ns/net", j->pid), &st), 0);
	return rig_format(r, "net:[%ju]", (uintmax_t)st.st_ino);
}

/* A second jail beside the rig's. Until its payload has its own table, the rig's end of the output is its,
 * too.
 */
static void launch_second(struct rig *r, struct jail *ret)
{
	struct pollfd p = { .events = POLLIN };

	r->spec.id++;
	assert_int_equal(jail_start(&r->context, &r->spec, ret, &r->error), 0);
	assert_int_equal(jail_go(ret, &r->spec), 0);
	p.fd = ret->report_fd;
	do
		assert_int_equal(poll(&p, 1, 20000), 1);
	while (jail_read_report(ret, &r->error) == 0);
}

static void end_second(struct rig *r, struct jail *j)
{
	jail_kill(j);
	jail_done(&r->context, j);
	rig_await_lingering(r);
}

/* Two that live have the same; a third one, which may not share, has another. */
static void test_shared_by_two(void **state)
{
	struct rig *r = *state;
	struct jail second = JAIL_NULL, third = JAIL_NULL;
	const char *shared;

	assert_int_equal(fill(&r->context), 0);
	r->spec.shares_network = true;
	rig_launch(r, ARGS("await-signal"));
	shared = name_of(r, r->context.stock.shared_fd);
	launch_second(r, &second);
	r->spec.shares_network = false;
	launch_second(r, &third);
	rig_read(r, "waiting\nwaiting\nwaiting");
	assert_string_equal(network_of(r, &r->jail), shared);
	assert_string_equal(network_of(r, &second), shared);
	assert_string_not_equal(network_of(r, &third), shared);
	end_second(r, &second);
	end_second(r, &third);
	/* the end of one takes nothing from the other */
	assert_string_equal(network_of(r, &r->jail), shared);
	jail_kill(&r->jail);
	rig_finish(r);
}

/* Without a stock there is nothing to share, and each has its own; later launches share again. */
static void test_shared_lost(void **state)
{
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;

	jail_stock_want(&r->context, false, false, true);
	r->spec.shares_network = true;
	RUN(r, "see", "--", "talk", "4711", "x");
	assert_string_not_equal(rig_value(r, "ns_net"), hosts(r));
	assert_value(r, "talk", "ECONNREFUSED");
	assert_int_equal(s->shared_fd, -1);
	assert_int_equal(jail_stock_wait(&r->context), 3);
}

/* Where nobody asks for another one, one is made. */
static void test_shared_alone(void **state)
{
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;

	assert_int_equal(fill_with(&r->context, false, true), 0);
	assert_int_equal(s->n, 1);
	assert_int_equal(jail_stock_wait(&r->context), -1);
	r->spec.shares_network = true;
	RUN(r, "see");
	assert_value(r, "ns_net", name_of(r, s->shared_fd));
	assert_int_equal(s->n, 0);
	assert_int_equal(jail_stock_wait(&r->context), -1);
	/* kept over a reload, and let go when no profile has a use for it */
	jail_stock_want(&r->context, true, false, true);
	assert_value(r, "ns_net", name_of(r, s->shared_fd));
	jail_stock_want(&r->context, true, false, false);
	assert_int_equal(s->shared_fd, -1);
}

/* A pool's is a pool's, and what is not private is not shared. */
static void test_shared_elsewhere(void **state)
{
	struct rig *r = *state;
	struct jail_pool pool;

	assert_int_equal(fill(&r->context), 0);
	assert_int_equal(jail_pool_open(&r->context, JAIL_NS_NET, &pool, &r->error), 0);
	r->spec.pool = &pool;
	r->spec.shares_network = true;
	RUN(r, "see");
	assert_value(r, "ns_net", name_of(r, pool.net_fd));
	assert_int_equal(r->context.stock.shared_fd, -1);
	jail_pool_close(&pool);
}

static void test_empty(void **state)
{
	struct rig *r = *state;

	jail_stock_want(&r->context, true, false, false);
	RUN(r, "see", "--", "talk", "4711", "x");
	assert_string_not_equal(rig_value(r, "ns_net"), hosts(r));
	assert_value(r, "talk", "ECONNREFUSED");
}

static void test_not_asked_for(void **state)
{
	struct rig *r = *state;

	assert_int_equal(fill(&r->context), 0);
	r->spec.namespaces &= ~JAIL_NS_NET;
	RUN(r, "see");
	assert_value(r, "ns_net", hosts(r));
	assert_int_equal(r->context.stock.n, JAIL_STOCK_MAX);
}

/* A launch that fails before it needs a namespace takes none. */
static void test_not_launched(void **state)
{
	struct rig *r = *state;

	assert_int_equal(fill(&r->context), 0);
	r->spec.uid = (uid_t)-1;
	rig_fail(r, STAGE_IDS, -EINVAL, "");
	assert_int_equal(r->context.stock.n, JAIL_STOCK_MAX);
}

/* One that shares a pool's has that. */
static void test_pool(void **state)
{
	struct rig *r = *state;
	struct jail_pool pool;

	assert_int_equal(fill(&r->context), 0);
	assert_int_equal(jail_pool_open(&r->context, JAIL_NS_NET, &pool, &r->error), 0);
	r->spec.pool = &pool;
	RUN(r, "see");
	assert_value(r, "ns_net", name_of(r, pool.net_fd));
	assert_int_equal(r->context.stock.n, JAIL_STOCK_MAX);
	jail_pool_close(&pool);
}

static void test_not_wanted(void **state)
{
	struct rig *r = *state;
	int fd;

	assert_int_equal(fill(&r->context), 0);
	fd = r->context.stock.networks[0].fd;
	jail_stock_want(&r->context, false, false, false);
	assert_int_equal(r->context.stock.n, 0);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(jail_stock_wait(&r->context), -1);
}

/* Nobody wants them any more when they come. */
static void test_late(void **state)
{
	struct rig *r = *state;
	struct pollfd p = { .events = POLLIN };

	jail_stock_want(&r->context, true, false, false);
	p.fd = jail_stock_make(&r->context);
	assert_true(p.fd >= 0);
	jail_stock_want(&r->context, false, false, false);
	assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
	jail_stock_receive(&r->context);
	assert_int_equal(r->context.stock.n, 0);
}

/* The process that makes them ends with the context: the rig finds it, or its fds, otherwise. */
static void test_closed_meanwhile(void **state)
{
	struct rig *r = *state;

	jail_stock_want(&r->context, true, false, false);
	assert_true(jail_stock_make(&r->context) >= 0);
}

/* What can not be made is not tried again and again. A launch, which can not make it either, says so, and the
 * next silence is another try. */
static int run_lacking(struct rig *r)
{
	const struct filter_rule rule = { SYS_unshare, FILTER_FAIL(ENOSPC), 0, FILTER_WHOLE_ARG,
		CLONE_NEWNET };

	if (filter_apply(&rule, 1, FILTER_PERMIT) < 0)
		return 2;
	if (fill(&r->context) < 0 || r->context.stock.n != 0 || jail_stock_wait(&r->context) >= 0)
		return 3;
	if (!rig_fails(r, STAGE_NAMESPACES, -ENOSPC, "PrivateNetwork=: network namespace"))
		return 4;
	return jail_stock_wait(&r->context) >= 0 ? 0 : 5;
}

/* As in many a container: as without a stock, the device is down. */
static int run_without_right(struct rig *r)
{
	if (rig_give_up(CAPABILITY_BIT(CAP_NET_ADMIN), true) < 0 || fill(&r->context) < 0 ||
		r->context.stock.n != JAIL_STOCK_MAX)
		return 2;
	return rig_prints(r, ARGS("talk", "4711", "x"), "talk ENETUNREACH\n") ? 0 : 3;
}

/* One that can not be entered fails the launch, and is not left out. */
static int run_not_entered(struct rig *r)
{
	const struct filter_rule rule = { SYS_setns, FILTER_FAIL(EPERM), 1, FILTER_WHOLE_ARG, CLONE_NEWNET };

	r->spec.shares_network = r->spec.id % 2 == 0;
	if (fill(&r->context) < 0 || filter_apply(&rule, 1, FILTER_PERMIT) < 0)
		return 2;
	return rig_fails(r, STAGE_NAMESPACES, -EPERM, "PrivateNetwork=: the network can not be entered") ? 0
													 : 3;
}

static void test_kernel(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_as_child(r, run_lacking), 0);
	r->spec.id++;
	assert_int_equal(rig_as_child(r, run_without_right), 0);
	r->spec.id++;
	assert_int_equal(rig_as_child(r, run_not_entered), 0);
	r->spec.id++;
	assert_int_equal(rig_as_child(r, run_not_entered), 0);
}

/* A maker that was killed and can not be reaped at once, as it is the tracer's first, is not waited for, and
 * stays nobody's zombie. */
static void test_traced(void **state)
{
	struct rig *r = *state;
	siginfo_t si = { 0 };
	pid_t tracer;
	int fd, status;

	jail_stock_want(&r->context, true, false, false);
	tracer = rig_begin_trace(&fd);
	assert_true(jail_stock_make(&r->context) >= 0);
	jail_stock_abandon(&r->context);
	assert_true(jail_collect(&r->context));
	jail_stock_want(&r->context, true, false, false);
	assert_int_equal(jail_stock_wait(&r->context), -1);
	(void)close(fd);
	assert_int_equal(waitpid(tracer, &status, 0), tracer);
	assert_int_equal(status, 0);
	rig_await_lingering(r);
	assert_int_equal(waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(fill(&r->context), 0);
	assert_int_equal(r->context.stock.n, JAIL_STOCK_MAX);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_filled),
		TEST(test_used_once),
		TEST(test_shared),
		TEST(test_shared_by_two),
		TEST(test_shared_lost),
		TEST(test_shared_alone),
		TEST(test_shared_elsewhere),
		TEST(test_empty),
		TEST(test_not_asked_for),
		TEST(test_not_launched),
		TEST(test_pool),
		TEST(test_not_wanted),
		TEST(test_late),
		TEST(test_closed_meanwhile),
		TEST(test_traced),
		TEST(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
