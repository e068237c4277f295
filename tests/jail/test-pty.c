/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A terminal of the jail's own: what it is inside, how it is resized and hung up from outside, and that
 * nothing else of the machine's terminals comes in. */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WAIT_MSEC 30000
#define ROWS      31
#define COLUMNS   97

/* Standard input is the terminal; what the probe says comes through the rig's pipe. */
static void want_pty(struct rig *r)
{
	r->spec.pty = (struct jail_pty){ .wanted = true, .rows = ROWS, .columns = COLUMNS };
	r->spec.fds[0].source = JAIL_FD_PTY;
}

static void test_inside(void **state)
{
	struct rig *r = *state;

	want_pty(r);
	RUN(r, "terminal", "--", "open-terminal", "/dev/tty", "--", "job", "--", "see", "--", "tiocsti", "--",
		"tioclinux");
	assert_line(r, "terminal ok");
	assert_value(r, "ttyname", "/dev/pts/0");
	assert_value(r, "winsize", "31 97");
	assert_value(r, "ttynode", "54321 54322 0600");
	assert_value(r, "leader", "1");
	assert_value(r, "controlling", "1");
	assert_value(r, "foreground", "1");
	assert_line(r, "open-terminal ok");
	assert_line(r, "job ok");
	assert_line(r, "dev pts");
	assert_line(r, "dev ptmx");
	assert_line(r, "dev tty");
	assert_int_equal(rig_count(r, "fd"), 3);
}

static void test_without(void **state)
{
	struct rig *r = *state;

	RUN(r, "terminal", "--", "open-terminal", "/dev/tty", "--", "open-terminal", "/dev/pts/0", "--",
		"new-terminals");
	assert_line(r, "terminal ENOTTY");
	assert_int_equal(rig_count(r, "open-terminal"), 2);
	assert_false(rig_has_line(r, "open-terminal ok"));
	assert_line(r, "new-terminals ENOENT");
}

/* Reads the terminal until the text came, or its end. */
static const char *read_terminal(struct rig *r, const char *until)
{
	static char text[8192];
	size_t n = 0;

	while (n < sizeof(text) - 1) {
		struct pollfd p = { .fd = r->jail.pty_master_fd, .events = POLLIN };
		ssize_t k;

		assert_int_equal(poll(&p, 1, WAIT_MSEC), 1);
		k = read(p.fd, text + n, sizeof(text) - 1 - n);
		if (k <= 0) {
			assert_int_equal(errno, EIO);
			break;
		}
		n += (size_t)k;
		text[n] = '\0';
		if (until && strstr(text, until))
			break;
	}
	text[n] = '\0';
	return text;
}

/* All three streams; ^C is a signal; after the last process nobody has it open. */
static void test_all_streams(void **state)
{
	struct rig *r = *state;
	const char *text;

	want_pty(r);
	r->spec.fds[1].source = r->spec.fds[2].source = JAIL_FD_PTY;
	rig_launch(r, ARGS("terminal", "--", "take-signal", "2"));
	assert_non_null(strstr(read_terminal(r, "waiting"), "controlling 1\r\n"));
	assert_int_equal(write(r->jail.pty_master_fd, "\3", 1), 1);
	text = read_terminal(r, NULL);
	assert_non_null(strstr(text, "take-signal ok 2\r\n"));
	rig_finish(r);
	assert_int_equal(r->status.si_code, CLD_EXITED);
}

static void test_resize(void **state)
{
	struct rig *r = *state;

	want_pty(r);
	rig_launch(
		r, ARGS("take-signal", "28", "--", "terminal", "--", "take-signal", "28", "--", "terminal"));
	rig_read(r, "waiting\n");
	assert_int_equal(jail_resize_pty(&r->context, &r->jail, 50, 132), 0);
	rig_read(r, "winsize 50 132\n");
	rig_read(r, "waiting\n");
	/* the holder of the master can do the same */
	assert_int_equal(
		ioctl(r->jail.pty_master_fd, TIOCSWINSZ, &(struct winsize){ .ws_row = 7, .ws_col = 9 }), 0);
	rig_read(r, "winsize 7 9\n");
	rig_finish(r);
	assert_int_equal(jail_resize_pty(&r->context, &r->jail, 1, 1), -ENOTTY);
}

/* The master's end ends the session, and there is nothing left to be resized. */
static void test_hang_up(void **state)
{
	struct rig *r = *state;

	want_pty(r);
	rig_launch(r, ARGS("hang"));
	rig_read(r, "hanging\n");
	assert_int_equal(jail_resize_pty(&r->context, &r->jail, 50, 132), 0);
	r->jail.pty_master_fd = fd_close(r->jail.pty_master_fd);
	assert_int_equal(jail_resize_pty(&r->context, &r->jail, 50, 132), -EIO);
	rig_finish(r);
	assert_int_equal(r->status.si_code, CLD_KILLED);
	assert_int_equal(r->status.si_status, SIGHUP);
}

/* The node that the launcher keeps holds neither side: with the program's end the terminal is at its own. */
static void test_end(void **state)
{
	struct rig *r = *state;
	char c;

	want_pty(r);
	rig_launch(r, ARGS("terminal"));
	rig_read(r, "terminal ok\n");
	assert_string_equal(read_terminal(r, NULL), "");
	assert_int_equal(read(r->jail.pty_master_fd, &c, 1), -1);
	rig_finish(r);
}

/* Terminals of its own are made in the same instance, and bounded there. */
static void test_more(void **state)
{
	struct rig *r = *state;

	want_pty(r);
	RUN(r, "new-terminals");
	assert_line(r, "new-terminals ok 63");
}

/* Where there is no /dev of the jail's, it is attached nowhere, or over the host's. */
static void test_other_roots(void **state)
{
	struct rig *r = *state;

	want_pty(r);
	r->spec.private_devices = false;
	RUN(r, "terminal", "--", "open-terminal", "/dev/tty");
	assert_value(r, "ttyname", "/dev/pts/0");
	assert_value(r, "winsize", "31 97");
	assert_line(r, "open-terminal ok");
}

static void test_no_mounts(void **state)
{
	struct rig *r = *state;

	want_pty(r);
	r->spec.namespaces &= ~(uint32_t)(JAIL_NS_MOUNT | JAIL_NS_PID);
	r->spec.minimal_root = r->spec.private_tmp = r->spec.private_devices = false;
	r->spec.n_mounts = 0;
	r->spec.executable = r->probe;
	if (r->context.cgroup_fd < 0)
		skip();
	RUN(r, "terminal", "--", "job");
	assert_value(r, "ttyname", "none");
	assert_value(r, "winsize", "31 97");
	assert_value(r, "controlling", "1");
	assert_line(r, "job ok");
}

/* A stream that wants one where the spec makes none. */
static void test_stream_without_pty(void **state)
{
	struct rig *r = *state;

	r->spec.fds[0].source = JAIL_FD_PTY;
	rig_start(r, ARGS("terminal"));
	assert_int_equal(r->error.stage, STAGE_FDS);
	assert_int_equal(r->error.error, -EBADF);
}

/* A kernel without the call that makes the file system: the launch fails, and says where. */
static int on_old_kernel(struct rig *r)
{
	static const struct filter_rule rule[] = { FILTER_DENY(fsopen, ENOSYS) };

	if (filter_apply(rule, 1, FILTER_PERMIT) < 0)
		return 1;
	want_pty(r);
	return rig_fails(r, STAGE_PTY, -ENOSYS, "file system devpts") ? 0 : 2;
}

static void test_old_kernel(void **state)
{
	assert_int_equal(rig_as_child(*state, on_old_kernel), 0);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_inside, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_without, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_all_streams, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_resize, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_hang_up, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_end, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_more, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_other_roots, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_no_mounts, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_old_kernel, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_stream_without_pty, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
