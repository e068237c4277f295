/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What others can do to jails that are parked: one that was stopped, or killed before it has a table of
 * descriptors, or while others have its pipes, costs no launch; and their user ids come back. Rows J13, Q1
 * and Q7 of the threat model.
 */

#include "warm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COPIES_MAX 64
#define WAIT_USEC  (60 * G_USEC_PER_SEC)
#define SETUP_USEC 10000000 /* SetupTimeoutSec= */

static char state_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid), *text = NULL;
	const char *after = NULL;

	if (g_file_get_contents(path, &text, NULL, NULL))
		after = strrchr(text, ')');
	return after ? after[2] : 'X';
}

static void send_signal(pid_t pid, int sig, char state)
{
	const gint64 end = g_get_monotonic_time() + WAIT_USEC;

	assert_true(pid > 1);
	assert_return_code(kill(pid, sig), errno);
	while (state_of(pid) != state) {
		assert_true(g_get_monotonic_time() < end);
		g_usleep(1000);
	}
}

/* As a process of a fixed User= could: a launch that finds them all stopped has its own, at once, and those
 * are replaced. One that goes on again is used. */
static void test_stopped(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct parked before = warm_begin(rig, 2, 2);
	struct rig_sandbox s;
	gint64 began;

	for (size_t j = 0; j < before.n; j++) {
		send_signal(before.pids[j], SIGSTOP, 'T');
		send_signal(before.pids[j], SIGCONT, 'S');
	}
	warm_launch(c, warm_forever, NULL, &s);
	assert_true(warm_contains(&before, s.pid));
	warm_stop(c, &s);
	before = warm_await_parked(2, NULL);
	for (size_t j = 0; j < before.n; j++)
		send_signal(before.pids[j], SIGSTOP, 'T');
	began = g_get_monotonic_time();
	warm_launch(c, warm_forever, NULL, &s);
	assert_false(warm_contains(&before, s.pid));
	assert_in_range(g_get_monotonic_time() - began, 0, SETUP_USEC / 2);
	warm_stop(c, &s);
	(void)warm_await_parked(2, &before);
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* Of a jail: the second of a PID namespace below the keeper's. */
static bool is_payload(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid), *text = NULL;
	int ours, keepers, own;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return sscanf(strstr(text, "\nNSpid:"), "\nNSpid: %d %d %d", &ours, &keepers, &own) == 3 && own == 2;
}

/* Of the process that was just made, before its first instruction. */
static bool kill_payload(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	if (!is_payload(pid)) {
		assert_return_code(ptrace(PTRACE_DETACH, pid, NULL, NULL), errno);
		return false;
	}
	warm_kill_pid(pid);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	return true;
}

static void kill_next_payload(pid_t launcher)
{
	unsigned long child, sig;
	bool done = false;
	int status;

	while (!done) {
		assert_int_equal(waitpid(launcher, &status, __WALL), launcher);
		assert_true(WIFSTOPPED(status));
		sig = status >> 16 ? 0 : (unsigned long)WSTOPSIG(status);
		if (status >> 16 == PTRACE_EVENT_FORK) {
			assert_return_code(ptrace(PTRACE_GETEVENTMSG, launcher, NULL, &child), errno);
			done = kill_payload((pid_t)child);
		}
		assert_return_code(ptrace(done ? PTRACE_DETACH : PTRACE_CONT, launcher, NULL, sig), errno);
	}
}

/* While one has the launcher's table of descriptors, its own end alone tells of its end. It is noticed
 * without a launch, and the next launch has another made. */
static void test_killed_early(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	const pid_t launcher = rig_pid(rig, RIG_LAUNCHER);
	struct parked before = warm_begin(rig, 1, 1);
	struct rig_sandbox s;

	g_usleep(WARM_LIVED_USEC);
	assert_return_code(ptrace(PTRACE_SEIZE, launcher, NULL, PTRACE_O_TRACEFORK), errno);
	warm_kill_pid(before.pids[0]);
	kill_next_payload(launcher);
	rig_wait_jailed(rig, 0);
	for (int i = 0; rig_count_zombies(rig) > 0; i++) {
		assert_in_range(i, 0, RIG_TIMEOUT_MS);
		g_usleep(1000);
	}
	warm_launch(c, warm_forever, NULL, &s);
	warm_stop(c, &s);
	(void)warm_await_parked(1, &before);
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* All its descriptors, as a process has them that the launcher began meanwhile. */
static size_t copy_fds(pid_t pid, int copies[COPIES_MAX])
{
	const int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
	g_autoptr(GDir) d = g_dir_open(path, 0, NULL);
	const char *name;
	size_t n = 0;

	assert_return_code(pidfd, errno);
	while ((name = g_dir_read_name(d))) {
		assert_in_range(n, 0, COPIES_MAX - 1);
		copies[n] = (int)syscall(SYS_pidfd_getfd, pidfd, (int)g_ascii_strtoll(name, NULL, 10), 0);
		assert_return_code(copies[n++], errno);
	}
	(void)close(pidfd);
	return n;
}

/* Whose zombie it is may be gone at once. */
static void kill_and_wait(pid_t pid)
{
	struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };

	assert_return_code(p.fd, errno);
	warm_kill_pid(pid);
	assert_int_equal(poll(&p, 1, RIG_TIMEOUT_MS), 1);
	(void)close(p.fd);
}

/* Its pipes do not tell that it has ended: a launch right then has its own all the same. */
static void test_killed_unheard(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct parked before = warm_begin(rig, 1, 1);
	int copies[COPIES_MAX];
	const size_t n = copy_fds(before.pids[0], copies);
	struct rig_sandbox s;

	kill_and_wait(before.pids[0]);
	warm_launch(c, warm_forever, NULL, &s);
	assert_false(warm_contains(&before, s.pid));
	for (size_t i = 0; i < n; i++)
		(void)close(copies[i]);
	warm_stop(c, &s);
	(void)warm_await_parked(1, &before);
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* Each that is parked has an id, which comes back when it is let go, and when its sandbox ends. */
static void test_user_ids(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *few = g_strdup_printf(
				"[Broker]\nSaltPath=%s/salt\nDynamicUserRange=1900000000-1900000015\n"
				"DynamicUserQuarantineSec=0\n",
				rig->dir),
			*usual = g_strdup_printf("[Broker]\nSaltPath=%s/salt\n", rig->dir);
	struct parked before;
	struct rig_sandbox s;

	rig_write(rig, "bailiffd.conf", few);
	before = warm_begin(rig, 2, 2);
	for (int i = 0; i < 10; i++) {
		warm_reload(rig);
		before = warm_await_parked(2, &before);
	}
	for (int i = 0; i < 20; i++) {
		warm_launch(c, warm_forever, NULL, &s);
		assert_true(warm_contains(&before, s.pid));
		warm_stop(c, &s);
		before = warm_await_parked(2, NULL);
	}
	rig_write(rig, "bailiffd.conf", usual);
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* By another launcher, of which it has not heard yet. */
static void expect_end(GDBusConnection *c, struct rig_sandbox *s, const char *result)
{
	g_autofree char *got = rig_wait(c, s, NULL, NULL);

	assert_string_equal(got, result);
	rig_sandbox_done(s);
}

/* What came with the launch itself is held, too, beside what the keeper had of the parked jail. */
static void test_lifeline_taken_over(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "warm", .argv = warm_forever, .n_more = 1 };
	struct parked before = warm_begin(rig, 1, 1);
	struct rig_sandbox s;
	int pair[2];

	assert_return_code(pipe(pair), errno);
	l.more[0] = pair[0];
	l.options = g_variant_new_parsed("{'lifeline': <handle 0>}");
	rig_launch(c, &l, &s);
	(void)close(pair[0]);
	assert_true(warm_contains(&before, s.pid));
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	assert_return_code(kill(s.pid, 0), errno);
	(void)close(pair[1]);
	expect_end(c, &s, "client-gone");
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* So is what its filter asks by, from when its program runs. */
static void test_violation_taken_over(void **state)
{
	static const char *const argv[] = { "/probe", "take-signal", "12", "--", "sethostname", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct parked before;
	struct rig_sandbox s;
	char waiting[8];

	rig_write(rig, "profiles/warm.profile.d/named.conf",
		"[Seccomp]\nSystemCallFilter=~sethostname:kill seccomp:EPERM prctl:EPERM\n");
	before = warm_begin(rig, 1, 1);
	warm_launch(c, argv, NULL, &s);
	assert_true(warm_contains(&before, s.pid));
	for (size_t i = 0; i < sizeof(waiting); i++)
		assert_int_equal(read(s.stream[1], &waiting[i], 1), 1);
	assert_memory_equal(waiting, "waiting\n", sizeof(waiting));
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	assert_return_code(kill(s.pid, 12), errno);
	expect_end(c, &s, "violation");
	rig_disconnect(rig, c);
	rig_remove(rig, "profiles/warm.profile.d/named.conf");
	warm_end(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_stopped),
		rig_test(test_killed_early),
		rig_test(test_killed_unheard),
		rig_test(test_user_ids),
		rig_test(test_lifeline_taken_over),
		rig_test(test_violation_taken_over),
	};

	return rig_can_run() ? cmocka_run_group_tests(tests, rig_setup, rig_teardown) : RIG_SKIPPED;
}
