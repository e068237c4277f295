/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The order by which a parked jail is launched, or not: it arrives whole whatever the machine's default for
 * sockets is (net.core.wmem_default), or the launch fails and nothing of it runs.
 */

#include "harness.h"

#include "base/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LARGE 31000 /* nearly what an order may have */

/* As with a default and a largest size that an administrator has set so; 0: the machine's. */
static int smallest, largest;

int __real_socketpair(int domain, int type, int protocol, int fds[2]);
int __wrap_socketpair(int domain, int type, int protocol, int fds[2]);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t size);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size);

/* By us: what a child does is in its own memory. */
static unsigned yielded;

int __wrap_sched_yield(void);

int __wrap_sched_yield(void)
{
	yielded++;
	return 0;
}

static int set_room(int fd, int size)
{
	return __real_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

int __wrap_socketpair(int domain, int type, int protocol, int fds[2])
{
	int r = __real_socketpair(domain, type, protocol, fds);

	for (int i = 0; r == 0 && smallest > 0 && i < 2; i++)
		assert_int_equal(set_room(fds[i], smallest), 0);
	return r;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	int wanted;

	if (level != SOL_SOCKET || name != SO_SNDBUF || largest == 0)
		return __real_setsockopt(fd, level, name, value, size);
	memcpy(&wanted, value, sizeof(wanted));
	return set_room(fd, wanted < largest ? wanted : largest);
}

static void await_end(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, 10000), 1);
}

static const char *long_argument(struct rig *r)
{
	return rig_format(r, "%0*d", LARGE, 7);
}

static void check_large(struct rig *r)
{
	const char *argument = long_argument(r);

	assert_int_equal(rig_park(r), 0);
	rig_arguments(r, ARGS("args", argument, "--", "see"));
	assert_true(jail_order_fits(&r->spec));
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	rig_read(r, NULL);
	rig_finish(r);
	assert_true(rig_has_line(r, rig_format(r, "arg %s", argument)));
}

static void test_large(void **state)
{
	check_large(*state);
}

/* The kernel makes 4.6 KB of it, at which an order of 31 KB would stop in its middle. */
static void test_small_default(void **state)
{
	smallest = 1;
	check_large(*state);
}

/* Where there is no room for any order, none is parked: each launch has its own then. */
static void test_no_room(void **state)
{
	struct rig *r = *state;

	smallest = largest = 1;
	assert_int_equal(rig_park(r), -ENOBUFS);
	assert_int_equal(r->error.stage, STAGE_FDS);
	assert_non_null(strstr(r->error.object, "wmem_max"));
	RUN(r, "see");
	assert_int_equal(rig_count(r, "fd"), 3);
}

/* One that is not sent whole is no go, and what waits for the rest of it runs nothing. */
static void test_cut_off(void **state)
{
	struct rig *r = *state;
	int result;

	assert_int_equal(rig_park(r), 0);
	assert_int_equal(set_room(r->jail.go_fd, 1), 0);
	rig_arguments(r, ARGS("args", long_argument(r), "--", "see"));
	yielded = 0;
	result = jail_go(&r->jail, &r->spec);
	assert_true(result == -EMSGSIZE || result == -EAGAIN);
	assert_int_equal(yielded, 0);
	assert_false(r->jail.went);
	jail_done(&r->context, &r->jail);
	(void)close(r->output_end);
	r->output_end = -1;
	rig_read(r, NULL);
	assert_string_equal(r->output, "");
}

/* The other end of its socket is ours, too, so that to send to one that has ended is no error. But an order
 * that was never read is no launch, and neither end stays. */
static void test_unread(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_park(r), 0);
	rig_arguments(r, ARGS("see"));
	assert_int_equal(process_signal(r->jail.pidfd, SIGKILL), 0);
	await_end(r->jail.pidfd);
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), -ECHILD);
	assert_int_equal(r->error.stage, STAGE_EXEC);
	assert_non_null(strstr(r->error.object, "ended early"));
	jail_done(&r->context, &r->jail);
}

/* That of a launch is closed when its report was read; and the processor is left to its program at once. */
static void test_far_end(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_park(r), 0);
	assert_true(r->jail.far_fd >= 0);
	rig_arguments(r, ARGS("see"));
	yielded = 0;
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(yielded, 1);
	assert_int_equal(rig_report(r), 1);
	assert_int_equal(r->jail.go_fd, -1);
	assert_int_equal(r->jail.far_fd, -1);
	rig_read(r, NULL);
	rig_finish(r);
	assert_int_equal(rig_count(r, "fd"), 3);
}

static int setup(void **state)
{
	smallest = largest = 0;
	return rig_setup(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_large),
		TEST(test_small_default),
		TEST(test_no_room),
		TEST(test_cut_off),
		TEST(test_unread),
		TEST(test_far_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
