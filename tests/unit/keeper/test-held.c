/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the keeper holds of jails, and how it speaks to a launcher that does not read just now. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/process.h"
#include "keeper/acts.h"
#include "tests/unit/unit.h"
#include "wire/table.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static pid_t start_child(int *ret_pidfd)
{
	pid_t pid = process_clone(0, -1, ret_pidfd);

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	return pid;
}

static void hold(struct held *h, uint64_t id, int pidfd)
{
	const struct keeper_message m = { .type = WIRE_HOLD, .id = id, .flags = 1U << HOLD_PROCESS };
	int fds[KEEPER_FDS_MAX] = { fd_dup_above(pidfd, 3) };

	assert_int_equal(held_take(h, &m, fds), 0);
}

/* The number of a process belongs to the fd that it was looked up of. */
static void another_process(void **state)
{
	struct held h;
	int pidfds[2];
	pid_t pids[2];
	bool payload = false;

	assert_int_equal(held_init(&h), 0);
	for (size_t i = 0; i < 2; i++) {
		pids[i] = start_child(&pidfds[i]);
		hold(&h, 7, pidfds[i]);
		assert_ptr_equal(held_find_child(&h, pids[i], &payload), &h.v[0]);
		assert_true(payload);
	}
	assert_null(held_find_child(&h, pids[0], &payload));
	assert_int_equal(h.n, 1);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(process_signal(pidfds[i], SIGKILL), 0);
		assert_int_equal(process_wait_status(pidfds[i]), 128 + SIGKILL);
		(void)fd_close(pidfds[i]);
	}
	assert_int_equal(held_give_up(&h), 0);
	assert_int_equal(h.n, 0);
	assert_int_equal(table_check(h.table_fd), 0);
	(void)fd_close(h.table_fd);
	free(h.v);
}

/* No fd for a new table: nothing is let go of, and there is no number of a fd that is another one's soon. */
static void no_table(void **state)
{
	struct rlimit old, tight;
	struct held h;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), r;

	assert_int_equal(held_init(&h), 0);
	hold(&h, 7, null_fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	tight.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	r = held_give_up(&h);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(r, -EMFILE);
	assert_true(held_has(&h, 7));
	assert_int_equal(table_check(h.table_fd), 0);
	assert_int_equal(held_give_up(&h), 0);
	assert_false(held_has(&h, 7));
	(void)fd_close(h.table_fd);
	(void)fd_close(null_fd);
	free(h.v);
}

static size_t read_all(int channel, uint32_t type)
{
	int fds[KEEPER_FDS_MAX];
	struct keeper_message m;
	size_t n = 0;

	while (keeper_receive(channel, &m, fds) > 0) {
		n += m.type == type;
		fd_close_many(fds, KEEPER_FDS_MAX);
	}
	return n;
}

static void fill(int channel)
{
	const struct keeper_message m = { .type = WIRE_PING };
	int r;

	do
		r = keeper_send(channel, &m, NULL, 0);
	while (r == 0);
	assert_int_equal(r, -EAGAIN);
}

/* A launcher that is just not reading is introduced later; until then the broker has nothing either. */
static void introduced_later(void **state)
{
	static struct keeper k;
	int launcher[2], broker[2];

	for (int i = 0; i < _HELPER_MAX; i++)
		k.children[i] = (struct child){ .pid = 1, .pidfd = -1, .channel = -1 };
	assert_int_equal(wire_channel_pair(launcher), 0);
	assert_int_equal(wire_channel_pair(broker), 0);
	k.children[HELPER_LAUNCHER].channel = launcher[0];
	k.children[HELPER_BROKER].channel = broker[0];
	fill(launcher[0]);
	introduce(&k);
	assert_false(k.introduced);
	assert_true(k.launcher_full);
	assert_int_equal(read_all(broker[1], WIRE_PEER), 0);
	assert_int_equal(read_all(launcher[1], WIRE_PEER), 0);
	introduce(&k);
	assert_true(k.introduced);
	assert_int_equal(read_all(broker[1], WIRE_PEER), 1);
	assert_int_equal(read_all(launcher[1], WIRE_PEER), 1);
	fd_close_many(launcher, 2);
	fd_close_many(broker, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_process),
		cmocka_unit_test(no_table),
		cmocka_unit_test(introduced_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
