/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The payload's table of descriptors, which it is born sharing with the launcher: what it holds, and what the
 * launcher lends until it has its own. Payloads that stand still do so because nobody answers for one of
 * their system calls. Rows F7 and J1 of the threat model.
 */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/strv.h"
#include "harness.h"
#include "jail/steps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TIMEOUT_MSEC 20000
#define LIVE         3000 /* descriptors, as of 500 sandboxes */
#define STANDARD     3    /* streams of the launcher, which the payload keeps to the end */

/* That the payload gets its own table; the init's begins at 0. */
static const struct filter_rule own_table[] = {
	FILTER_ALLOW_ARG(close_range, 0, FILTER_WHOLE_ARG, 0),
	{ SYS_close_range, SECCOMP_RET_USER_NOTIF, 2, FILTER_WHOLE_ARG, CLOSE_RANGE_UNSHARE },
};

/* The first call after that which the init does not make. */
static const struct filter_rule next_step[] = {
	{ SYS_setsid, SECCOMP_RET_USER_NOTIF, 0, 0, 0 },
};

/* These calls wait for an answer. */
static int hold_calls(const struct filter_rule *rules, size_t n_rules)
{
	_cleanup_free_ struct sock_filter *f = NULL;
	struct sock_fprog program;
	size_t n;

	if (filter_build(rules, n_rules, FILTER_PERMIT, &f, &n) < 0)
		return -1;
	program = (struct sock_fprog){ .len = (unsigned short)n, .filter = f };
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static bool answer(int listener, uint64_t id)
{
	struct seccomp_notif_resp go_on = { .id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &go_on) == 0;
}

/* The payload's question. 0: there is none. */
static uint64_t await_payload(int listener, const struct jail *j)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	struct seccomp_notif call = { 0 };

	if (poll(&p, 1, TIMEOUT_MSEC) != 1 || ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return 0;
	return call.pid == (uint32_t)j->pid ? call.id : 0;
}

static unsigned count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

/* Whether the pipe's other end is still open somewhere. */
static bool is_held(int read_fd)
{
	struct pollfd p = { .fd = read_fd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

/* As of sandboxes that live: high numbers. */
static int open_many(int *fds)
{
	for (int i = 0; i < LIVE; i++) {
		fds[i] = fd_move_high(open("/dev/null", O_RDONLY | O_CLOEXEC));
		if (fds[i] < 0)
			return -1;
	}
	return 0;
}

/* How many the payload has above the standard streams; -1: one is this file. */
static int count_payloads(struct rig *r, const struct stat *not_this)
{
	DIR *d = opendir(rig_format(r, "/proc/%d/fd", r->jail.pid));
	struct dirent *entry;
	int n = 0;

	while (d && (entry = readdir(d))) {
		struct stat st;
		int fd;

		if (parse_int(entry->d_name, STANDARD, INT32_MAX, &fd) < 0)
			continue;
		if (fstatat(dirfd(d), entry->d_name, &st, 0) == 0 && st.st_dev == not_this->st_dev &&
			st.st_ino == not_this->st_ino)
			n = INT16_MIN;
		n++;
	}
	(void)closedir(d);
	return n < 0 ? -1 : n;
}

/* At its first step after the table: nothing of other sandboxes, of other launches, of the launcher's. */
static int only_its_own(struct rig *r)
{
	static int many[LIVE];
	_cleanup_close_ int theirs = -1, listener = -1;
	int pipe_fds[2], n;
	struct stat other;
	uint64_t id;

	if (process_raise_nofile() < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0 || open_many(many) < 0 ||
		fstat(pipe_fds[1], &other) < 0)
		return 1;
	theirs = pipe_fds[0];
	listener = hold_calls(next_step, ELEMENTSOF(next_step));
	if (listener < 0 || START(r, "see") < 0)
		return 2;
	id = await_payload(listener, &r->jail);
	n = id ? count_payloads(r, &other) : -1;
	/* procfs, its mounts' list, the go, the report, null and the output; the network is made */
	if (n != 6)
		return 3;
	(void)close(pipe_fds[1]);
	fd_close_many(many, LIVE);
	if (is_held(theirs) || !answer(listener, id) || jail_go(&r->jail, &r->spec) < 0 ||
		rig_report(r) != 1 || r->jail.loan)
		return 4;
	jail_done(&r->context, &r->jail);
	return 0;
}

static void test_only_its_own(void **state)
{
	assert_int_equal(rig_as_child(*state, only_its_own), 0);
}

/* One that stands still before it has a table of its own: what it is going to use stays open, and nobody
 * waits for it; another is launched meanwhile, and ends. Then it goes on with what it was given. */
static int stands_still(struct rig *r)
{
	_cleanup_close_ int listener = hold_calls(own_table, ELEMENTSOF(own_table));
	_cleanup_(strv_freep) char **argv = NULL; /* of the first, which is yet to look at it */
	struct jail first;
	uint64_t id, second;

	if (listener < 0 || START(r, "see") < 0)
		return 1;
	id = await_payload(listener, &r->jail);
	if (!id || jail_go(&r->jail, &r->spec) < 0 || jail_read_report(&r->jail, &r->error) != 0 ||
		!r->jail.loan)
		return 2;
	first = r->jail;
	argv = steal_ptr(r->spec.argv);
	r->jail = JAIL_NULL;
	r->spec.id += 1000;
	if (START(r, "exit", "0") < 0)
		return 3;
	second = await_payload(listener, &r->jail);
	if (!second || !answer(listener, second) || jail_go(&r->jail, &r->spec) < 0 || rig_report(r) != 1)
		return 4;
	jail_done(&r->context, &r->jail);
	r->jail = first;
	if (!r->jail.loan || !answer(listener, id) || rig_report(r) != 1 || r->jail.loan)
		return 5;
	while (jail_reap(&r->jail, &r->status) == 0)
		(void)usleep(1000);
	jail_done(&r->context, &r->jail);
	return 0;
}

static void test_stands_still(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_as_child(r, stands_still), 0);
	rig_read(r, NULL);
	assert_int_equal(rig_count(r, "fd"), 3);
}

/* What is killed then lets go of all that it was lent. */
static int is_killed(struct rig *r)
{
	_cleanup_close_ int listener = hold_calls(own_table, ELEMENTSOF(own_table));
	struct pollfd p = { .events = POLLIN };
	unsigned before;

	rig_without_maker(r);
	before = count_fds();
	if (listener < 0 || START(r, "see") < 0 || !await_payload(listener, &r->jail))
		return 1;
	if (jail_go(&r->jail, &r->spec) < 0 || process_signal(r->jail.pidfd, SIGKILL) < 0)
		return 2;
	p.fd = r->jail.pidfd;
	if (poll(&p, 1, TIMEOUT_MSEC) != 1 || jail_read_report(&r->jail, &r->error) != -ECHILD ||
		r->jail.loan)
		return 3;
	jail_done(&r->context, &r->jail);
	return count_fds() == before ? 0 : 4;
}

static void test_is_killed(void **state)
{
	assert_int_equal(rig_as_child(*state, is_killed), 0);
}

/* The same where the launch is given up. */
static int is_given_up(struct rig *r)
{
	_cleanup_close_ int listener = hold_calls(own_table, ELEMENTSOF(own_table)), lent = -1;
	unsigned before;
	int pipe_fds[2];

	rig_without_maker(r);
	before = count_fds();
	if (listener < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0)
		return 1;
	lent = pipe_fds[0];
	rig_fd(r, pipe_fds[1], 5);
	if (START(r, "see") < 0 || !await_payload(listener, &r->jail))
		return 2;
	jail_lend(&r->jail, &pipe_fds[1], 1);
	if (!is_held(lent))
		return 3;
	jail_done(&r->context, &r->jail);
	return !is_held(lent) && count_fds() == before + 1 ? 0 : 4;
}

static void test_is_given_up(void **state)
{
	assert_int_equal(rig_as_child(*state, is_given_up), 0);
}

/* What is lent stays open until the payload has its copy, and then only the payload has it: who waits for its
 * end gets it when the program ends, not when the launcher comes to it. */
static int lends(struct rig *r)
{
	_cleanup_close_ int listener = hold_calls(own_table, ELEMENTSOF(own_table)), theirs = -1;
	int pipe_fds[2];
	uint64_t id;

	if (listener < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0)
		return 1;
	theirs = pipe_fds[0];
	rig_fd(r, pipe_fds[1], 5);
	if (START(r, "exit", "0") < 0 || jail_go(&r->jail, &r->spec) < 0)
		return 2;
	jail_lend(&r->jail, &pipe_fds[1], 1);
	id = await_payload(listener, &r->jail);
	if (!id || !is_held(theirs) || !answer(listener, id) || rig_report(r) != 1)
		return 3;
	for (struct pollfd p = { .fd = r->jail.pidfd, .events = POLLIN }; poll(&p, 1, TIMEOUT_MSEC) != 1;)
		return 4;
	if (is_held(theirs))
		return 5;
	jail_done(&r->context, &r->jail);
	return 0;
}

static void test_lends(void **state)
{
	assert_int_equal(rig_as_child(*state, lends), 0);
}

/* A template that goes while a payload is about to enter it. */
static int template_goes(struct rig *r)
{
	_cleanup_close_ int listener = -1;
	uint64_t id;

	if (!rig_make_template(r))
		return 1;
	listener = hold_calls(own_table, ELEMENTSOF(own_table));
	if (listener < 0 || START(r, "see") < 0)
		return 2;
	id = await_payload(listener, &r->jail);
	jail_templates_reload(&r->context);
	jail_templates_reload(&r->context);
	/* what is opened now gets no number that the payload is going to use */
	for (int i = 0; i < 40; i++)
		(void)open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!id || !answer(listener, id) || jail_go(&r->jail, &r->spec) < 0 || rig_report(r) != 1)
		return 3;
	jail_done(&r->context, &r->jail);
	return 0;
}

static void test_template_goes(void **state)
{
	assert_int_equal(rig_as_child(*state, template_goes), 0);
}

/* Without a table of its own nothing is built. */
static int refused(struct rig *r)
{
	const struct filter_rule rule =
		FILTER_DENY_ARG(close_range, 2, FILTER_WHOLE_ARG, CLOSE_RANGE_UNSHARE, ENOMEM);

	r->spec.namespaces &= ~JAIL_NS_PID; /* whose init would fail first */
	r->spec.mount_proc = false;
	if (filter_apply(&rule, 1, FILTER_PERMIT) < 0)
		return 1;
	return rig_fails(r, STAGE_FDS, -ENOMEM, "table of descriptors") ? 0 : 2;
}

static void test_refused(void **state)
{
	assert_int_equal(rig_as_child(*state, refused), 0);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_its_own, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_stands_still, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_is_killed, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_is_given_up, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_lends, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_template_goes, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_refused, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
