/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the launcher tells the broker of a caller's process: rows A5 and A7 of the threat model. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/process.h"
#include "tests/unit/launcher/harness.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct launcher L;

static int start(void **state)
{
	launcher_start(&L);
	return 0;
}

static int stop(void **state)
{
	launcher_stop(&L);
	return 0;
}

static struct process_answer look_at(uint32_t pid, int pidfd)
{
	const struct process_request request = { .pid = pid };
	_cleanup_(wire_record_done) struct wire_record record;
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct process_answer answer;
	struct cursor c;
	uint32_t serial;

	assert_int_equal(encode_process_request(&b, ++L.serial, &request), 0);
	assert_int_equal(wire_send(L.broker, b.data, b.size, &pidfd, pidfd >= 0), 0);
	assert_int_equal(receive(&L, &record, &serial, &c), WIRE_PROCESS_IS);
	assert_int_equal(serial, L.serial);
	assert_int_equal(record.n_fds, 0);
	assert_int_equal(decode_process_answer(&c, &answer), 0);
	return answer;
}

static void expect_no_process(uint32_t pid, int pidfd, int error)
{
	struct process_answer answer = look_at(pid, pidfd);

	assert_int_equal(answer.error, error);
	assert_null(answer.cgroup);
}

static pid_t fork_idle(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	return pid;
}

/* A5, A7: what the kernel says of the process that the bus names, and nothing of any other. */
static void processes_are_looked_at(void **state)
{
	pid_t child = fork_idle(), other = fork_idle();
	int pidfd = process_pidfd_open(child), null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *own = NULL;
	struct process_answer answer;
	size_t size;
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);

	assert_true(pidfd >= 0);
	assert_int_equal(read_fd_to_end(fd, PROCESS_CGROUP_MAX, &own, &size), 0);
	assert_int_equal(close(fd), 0);
	for (int i = 0; i < 2; i++) {
		answer = look_at((uint32_t)child, i == 0 ? -1 : pidfd);
		assert_int_equal(answer.error, 0);
		assert_int_equal(answer.uid, 0);
		assert_string_equal(answer.cgroup, own);
		process_answer_done(&answer);
	}
	/* what is no pidfd is not waited on */
	expect_no_process((uint32_t)child, null_fd, -EBADF);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	/* the number is a process, and not the one that connected */
	expect_no_process((uint32_t)other, pidfd, -ESRCH);
	expect_no_process((uint32_t)child, pidfd, -ESRCH);
	expect_no_process(INT32_MAX, -1, -ESRCH);
	assert_int_equal(kill(other, SIGKILL), 0);
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_int_equal(close(pidfd) | close(null_fd), 0);
}

#define REUSES   100
#define NEW_USER 4711U

/* A process with this number, of another user; 0 when somebody else has taken it meanwhile. */
static pid_t fork_as(pid_t number)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&number, .set_tid_size = 1
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0) {
		assert_int_equal(errno, EEXIST);
		return 0;
	}
	if (pid == 0) {
		if (setresgid(NEW_USER, NEW_USER, NEW_USER) == 0 &&
			setresuid(NEW_USER, NEW_USER, NEW_USER) == 0)
			(void)pause();
		_exit(1);
	}
	return (pid_t)pid;
}

/* The new owner of the number alone: when it has changed its ids it is seen as what it is. */
static void expect_new_owner(pid_t number)
{
	uint32_t uid = 0;

	for (int i = 0; i < 500 && uid != NEW_USER; i++) {
		struct process_answer answer = look_at((uint32_t)number, -1);

		assert_int_equal(answer.error, 0);
		uid = answer.uid;
		process_answer_done(&answer);
		if (uid != NEW_USER)
			(void)usleep(10000);
	}
	assert_int_equal(uid, NEW_USER);
}

/* A5: a number that got a new owner for real: what is said by the number is of the new one, and nothing is
 * said of it to who asks for the old one. */
static bool use_again(void)
{
	pid_t child = fork_idle(), heir;
	int pidfd = process_pidfd_open(child);

	assert_true(pidfd >= 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	expect_no_process((uint32_t)child, pidfd, -ESRCH);
	heir = fork_as(child);
	if (heir > 0) {
		assert_int_equal(heir, child);
		expect_no_process((uint32_t)child, pidfd, -ESRCH);
		expect_new_owner(child);
		expect_no_process((uint32_t)child, pidfd, -ESRCH);
		assert_int_equal(kill(heir, SIGKILL), 0);
		assert_int_equal(waitpid(heir, NULL, 0), heir);
	}
	assert_int_equal(close(pidfd), 0);
	return heir > 0;
}

static void numbers_are_used_again(void **state)
{
	int reuses = 0;
	size_t fds;

	expect_no_process(INT32_MAX, -1, -ESRCH);
	fds = count_settled_fds(&L);
	for (int i = 0; reuses < REUSES; i++) {
		assert_true(i < 10 * REUSES);
		reuses += use_again();
	}
	settle(&L);
	assert_int_equal(count_fds(&L), fds);
}

#define PROCESS_TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROCESS_TEST(processes_are_looked_at),
		PROCESS_TEST(numbers_are_used_again),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
