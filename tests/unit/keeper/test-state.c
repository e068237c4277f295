/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What one keeper leaves to the next: all of it comes through, and what is cut, damaged or of another version
 * is refused, or at the least does no harm. Row Q18 of the threat model. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "keeper/state.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define VERSION_AT 8 /* behind the magic */
#define KEPT_AT    12

/* As a keeper with one jail; every fd is a copy of /dev/null. */
static struct keeper sample(void)
{
	int fds[KEEPER_FDS_MAX], null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct keeper k = { .uid = 5,
		.gid = 6,
		.generation = 7,
		.peer_serial = 8,
		.watchdog_usec = 9,
		.lifeline = fd_dup_above(null_fd, 10),
		.null_fd = fd_dup_above(null_fd, 10),
		.host_proc_fd = -1,
		.host_mounts_fd = -1,
		.rates_fd = fd_dup_above(null_fd, 10),
		.runtime = RUNTIME_NULL,
		.held = { .table_fd = fd_dup_above(null_fd, 10) } };
	const struct keeper_message m = {
		.type = WIRE_HOLD, .id = 77, .flags = 1U << HOLD_PROCESS | 1U << HOLD_PTY
	};

	(void)snprintf(k.runtime.cgroup_name, sizeof(k.runtime.cgroup_name), "bailiff-test");
	fds[0] = fd_dup_above(null_fd, 10);
	fds[1] = null_fd;
	assert_int_equal(held_take(&k.held, &m, fds), 0);
	k.held.v[0].ended = true;
	k.held.v[0].value = 3;
	return k;
}

static uint8_t *bytes_of(int fd, size_t *ret_size)
{
	const void *data;
	uint8_t *copy;

	assert_int_equal(memfd_map_sealed(fd, 1024 * 1024, &data, ret_size), 0);
	copy = malloc(*ret_size);
	assert_non_null(copy);
	memcpy(copy, data, *ret_size);
	(void)munmap((void *)(uintptr_t)data, *ret_size);
	return copy;
}

static int check(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	int fd = -1, r;

	assert_int_equal(memfd_sealed("test", data, size, &fd), 0);
	r = state_check(fd, &why);
	assert_non_null(why);
	(void)close(fd);
	return r;
}

static void comes_through(void **state)
{
	struct keeper k = sample(), back = { .runtime = RUNTIME_NULL, .held = { .table_fd = -1 } };
	const char *why;
	int fd = -1;

	assert_int_equal(state_write(&k, &fd), 0);
	assert_int_equal(state_check(fd, &why), 0);
	assert_int_equal(state_set_cloexec(&k, false), 0);
	assert_int_equal(fcntl(k.lifeline, F_GETFD), 0);
	assert_int_equal(state_read(fd, &back, &why), 0);
	/* whoever reads it closes them at exec again */
	assert_int_equal(fcntl(k.lifeline, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(k.held.v[0].fds[HOLD_PTY], F_GETFD), FD_CLOEXEC);
	assert_int_equal(back.lifeline, k.lifeline);
	assert_int_equal(back.rates_fd, k.rates_fd);
	assert_int_equal(back.host_proc_fd, -1);
	assert_int_equal(back.generation, 7);
	assert_int_equal(back.watchdog_usec, 9);
	assert_string_equal(back.runtime.cgroup_name, "bailiff-test");
	assert_int_equal(back.held.n, 1);
	assert_int_equal(back.held.v[0].id, 77);
	assert_int_equal(back.held.v[0].fds[HOLD_PROCESS], k.held.v[0].fds[HOLD_PROCESS]);
	assert_int_equal(back.held.v[0].fds[HOLD_INIT], -1);
	assert_true(back.held.v[0].ended);
	assert_int_equal(back.held.v[0].value, 3);
	free(back.held.v);
	/* a number that is no fd any more */
	(void)fd_close(k.null_fd);
	back = (struct keeper){ .runtime = RUNTIME_NULL, .held = { .table_fd = -1 } };
	assert_true(state_read(fd, &back, &why) < 0);
	free(back.held.v);
	(void)close(fd);
	assert_true(state_check(STDIN_FILENO, &why) < 0);
	held_release(&k.held, 77);
	free(k.held.v);
}

static void damaged(void **state)
{
	struct keeper k = sample();
	uint8_t *data;
	size_t size;
	int fd = -1;

	assert_int_equal(state_write(&k, &fd), 0);
	data = bytes_of(fd, &size);
	for (size_t i = 1; i < size; i++)
		assert_true(check(data, i) < 0);
	for (size_t i = 0; i < 8 * size; i++) {
		data[i / 8] ^= (uint8_t)(1U << (i % 8));
		if (i / 8 < VERSION_AT + 4 + 4 + 8)
			assert_true(check(data, size) < 0);
		else
			(void)check(data, size);
		data[i / 8] ^= (uint8_t)(1U << (i % 8));
	}
	data[VERSION_AT]++;
	assert_int_equal(check(data, size), -EPROTONOSUPPORT);
	data[VERSION_AT]--;
	data[KEPT_AT]++;
	assert_int_equal(check(data, size), -EPROTONOSUPPORT);
	free(data);
	(void)close(fd);
	held_release(&k.held, 77);
	free(k.held.v);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_through),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
