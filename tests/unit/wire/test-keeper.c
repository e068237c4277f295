/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The keeper's records: each type with its exact fds, and nothing else. */

#include "base/error.h"
#include "base/fd.h"
#include "tests/unit/unit.h"
#include "wire/messages.h"

#include <fcntl.h>
#include <unistd.h>

static const struct {
	uint32_t type, flags;
	int n_fds; /* -1: not a record of the keeper's */
} types[] = {
	{ WIRE_NONE, 0, -1 },
	{ WIRE_LAUNCH, 0, -1 },
	{ WIRE_LAUNCHED, 0, -1 },
	{ WIRE_EXITED, 0, -1 },
	{ WIRE_START, 0, 0 },
	{ WIRE_START, KEEPER_HAS_HOST_PROC, 1 },
	{ WIRE_START, KEEPER_HAS_CGROUP, 1 },
	{ WIRE_START, KEEPER_HAS_HOST_PROC | KEEPER_HAS_CGROUP, 2 },
	{ WIRE_START, KEEPER_HAS_HOST_PROC | KEEPER_HAS_CGROUP | KEEPER_HAS_MOUNTS, 3 },
	{ WIRE_START, KEEPER_HAS_HOST_PROC | KEEPER_HAS_MOUNTS, 2 },
	{ WIRE_START, KEEPER_HAS_DIRECT, 1 },
	{ WIRE_START, KEEPER_HAS_DIRECT | KEEPER_HAS_CGROUP, -1 },
	{ WIRE_START, KEEPER_HAS_RATES, 1 },
	{ WIRE_START, KEEPER_HAS_DIRECT | KEEPER_HAS_RATES, 2 },
	{ WIRE_START, KEEPER_HAS_UIDS | KEEPER_HAS_RATES, -1 },
	{ WIRE_START, KEEPER_HAS_HOST_PROC | KEEPER_HAS_CGROUP | KEEPER_HAS_MOUNTS | KEEPER_HAS_UIDS, 4 },
	{ WIRE_START, KEEPER_HAS_UIDS, 1 },
	{ WIRE_START, KEEPER_HAS_TABLE | KEEPER_HAS_UIDS, 2 },
	{ WIRE_START, KEEPER_HAS_DIRECT | KEEPER_HAS_TABLE, -1 },
	{ WIRE_START, 128, -1 },
	{ WIRE_CATALOG, 0, 1 },
	{ WIRE_CATALOG, KEEPER_HAS_CGROUP, -1 },
	{ WIRE_RELOAD_FAILED, 0, 1 },
	{ WIRE_PEER, 0, 1 },
	{ WIRE_AUDIT, 0, 1 },
	{ WIRE_AUDIT, KEEPER_KERNEL_AUDIT, -1 },
	{ WIRE_SHUTDOWN, 0, 0 },
	{ WIRE_SHUTDOWN, KEEPER_HAS_HOST_PROC, -1 },
	{ WIRE_READY, 0, 0 },
	{ WIRE_CATALOG_OK, 0, 0 },
	{ WIRE_CATALOG_BAD, 0, 0 },
	{ WIRE_RELOAD, 0, 0 },
	{ WIRE_BUS_WANTED, 0, 0 },
	{ WIRE_BUS, 0, 1 },
	{ WIRE_COMPILED, 0, 1 },
	{ WIRE_COMPILED, KEEPER_KERNEL_AUDIT, 1 },
	{ WIRE_COMPILED, KEEPER_HAS_TABLE, -1 },
	{ WIRE_HELD, 0, 0 },
	{ WIRE_HELD, 1U << HOLD_PROCESS | 1U << HOLD_PTY, 2 },
	{ WIRE_HELD, 1U << HOLD_INIT | HELD_ENDED, 1 },
	{ WIRE_HELD, 1U << _HOLD_MAX, -1 },
	{ WIRE_HOLD, 1U << HOLD_LIFELINE, 1 },
	{ WIRE_HOLD, HELD_ENDED, -1 },
	{ WIRE_ENDED, 0, 0 },
	{ WIRE_ENDED, 1, -1 },
	{ WIRE_RELEASE, 0, 0 },
	{ WIRE_PING, 0, 0 },
	{ WIRE_PONG, 0, 0 },
	{ WIRE_BROKEN, 0, 0 },
	{ WIRE_BROKEN + 1, 0, -1 },
	{ WIRE_START, KEEPER_KERNEL_AUDIT, -1 },
	{ WIRE_READY, KEEPER_KERNEL_AUDIT, -1 },
	{ UINT32_MAX, 0, -1 },
};

static bool about_a_sandbox(uint32_t type)
{
	return type == WIRE_HOLD || type == WIRE_HELD || type == WIRE_RELEASE || type == WIRE_ENDED;
}

static void check_type(size_t i, size_t n_fds)
{
	const struct keeper_message m = {
		.type = types[i].type,
		.flags = types[i].flags,
		.serial = 4,
		.generation = 5,
		.value = 6,
		.id = about_a_sandbox(types[i].type) ? 7 : 0,
	};
	const int fds[KEEPER_FDS_MAX + 1] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
	int pair[2], got[KEEPER_FDS_MAX] = { -7 };
	bool good = types[i].n_fds == (int)n_fds;
	struct keeper_message back;

	assert_int_equal(wire_channel_pair(pair), 0);
	assert_int_equal(keeper_send(pair[0], &m, fds, n_fds), good ? 0 : -EINVAL);
	/* what a correct sender refuses, a hostile one sends */
	if (!good)
		assert_int_equal(wire_send(pair[0], &m, sizeof(m), fds, n_fds), 0);
	assert_int_equal(keeper_receive(pair[1], &back, got), good ? 1 : -EBADMSG);
	for (size_t k = 0; good && k < KEEPER_FDS_MAX; k++) {
		assert_int_equal(got[k] >= 0, k < n_fds);
		(void)fd_close(got[k]);
	}
	if (good)
		assert_memory_equal(&back, &m, sizeof(m));
	else
		assert_int_equal(got[0], -7);
	fd_close_many(pair, 2);
}

static void test_types(void **state)
{
	for (size_t i = 0; i < ELEMENTS(types); i++)
		for (size_t n = 0; n <= KEEPER_FDS_MAX + 1; n++)
			check_type(i, n);
}

static void test_form(void **state)
{
	const struct keeper_message reserved = { .type = WIRE_READY, .reserved = 1 };
	const uint8_t bytes[sizeof(struct keeper_message) + 1] = { WIRE_READY };
	struct keeper_message back;
	int pair[2], got[KEEPER_FDS_MAX];

	assert_int_equal(wire_channel_pair(pair), 0);
	assert_int_equal(keeper_receive(pair[1], &back, got), -EAGAIN);
	assert_int_equal(keeper_send(pair[0], &reserved, NULL, 0), -EINVAL);
	assert_int_equal(wire_send(pair[0], &reserved, sizeof(reserved), NULL, 0), 0);
	assert_int_equal(keeper_receive(pair[1], &back, got), -EBADMSG);
	for (size_t n = 1; n <= sizeof(bytes); n++) {
		assert_int_equal(wire_send(pair[0], bytes, n, NULL, 0), 0);
		assert_int_equal(keeper_receive(pair[1], &back, got), n == sizeof(back) ? 1 : -EBADMSG);
	}
	pair[0] = fd_close(pair[0]);
	assert_int_equal(keeper_receive(pair[1], &back, got), 0);
	pair[1] = fd_close(pair[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_types),
		cmocka_unit_test(test_form) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
