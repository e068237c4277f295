/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a launcher leaves to the next one: records that were written in part, damaged, or of another version.
 * Row Q18 of the threat model. */

#include "base/error.h"
#include "base/fd.h"
#include "tests/unit/unit.h"
#include "wire/kept.h"
#include "wire/table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOT_SIZE 16384 /* of table.c */
#define HALF_SIZE 8192
#define RECORD    600 /* more than the sample takes */
#define FLIPS     100000

ssize_t __real_pwrite64(int fd, const void *data, size_t size, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *data, size_t size, off_t at);

static unsigned n_left = UINT_MAX; /* writes before who writes is killed, */
static bool killed;                /* and never knows */

ssize_t __wrap_pwrite64(int fd, const void *data, size_t size, off_t at)
{
	killed |= n_left == 0;
	if (killed)
		return (ssize_t)size;
	n_left--;
	return __real_pwrite64(fd, data, size, at);
}

static struct kept sample(uint32_t state)
{
	static char profile[] = "tool", tag[] = "t", cgroup[] = "/sys/fs/cgroup/x", pool[] = "p";

	return (struct kept){
		.entry = { .launched = { .id = 77, .host_pid = 5, .uid = 1000, .cgroup = cgroup },
			.generation = 3,
			.profile = profile,
			.tag = tag,
			.owner = 1000,
			.state = state,
			.timeout_stop_usec = 5,
			.runtime_max_usec = USEC_INFINITY,
			.stop_signal = 15,
			.exit = { .id = 77, .result = RESULT_EXIT_CODE, .exit_code = 3 },
			.n_violations = 1,
			.violations = { { .number = 4 } },
			.n_note = 2,
			.note = { 1, 2 } },
		.dynamic_uid = true,
		.asking = true,
		.reason = RESULT_TIMEOUT,
		.deadline = USEC_INFINITY,
		.n_violations = 20,
		.limits = { { 1, 2 } },
		.n_limits = 1,
		.pool = pool,
		.shared = 3,
		.process = 9,
		.cgroup_id = 10,
	};
}

static void put(int fd, uint32_t slot, uint32_t sequence, uint32_t state)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(TABLE_RECORD_MAX);
	struct kept k = sample(state);

	assert_int_equal(encode_kept(&b, &k), 0);
	assert_int_equal(table_write(fd, slot, sequence, &b), 0);
}

/* The state that is read, or a negative errno. */
static int state_of(int fd, uint32_t slot)
{
	_cleanup_(kept_done) struct kept k = { 0 };
	uint8_t data[TABLE_RECORD_MAX];
	uint32_t sequence;
	struct cursor c;
	size_t size;
	int r = table_read(fd, slot, data, &size, &sequence);

	if (r < 0)
		return r;
	c = CURSOR_INIT(data, size);
	r = decode_kept(&c, &k);
	return r < 0 ? r : (int)k.entry.state;
}

static void test_newest_counts(void **state)
{
	int fd = -1;

	assert_int_equal(table_make(&fd), 0);
	assert_int_equal(table_check(fd), 0);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(state_of(fd, 0), -ENOENT);
	assert_int_equal(state_of(fd, TABLE_SLOTS), -EINVAL);
	put(fd, 4095, 1, SANDBOX_STARTING);
	assert_int_equal(state_of(fd, 4095), SANDBOX_STARTING);
	put(fd, 4095, 2, SANDBOX_RUNNING);
	assert_int_equal(state_of(fd, 4095), SANDBOX_RUNNING);
	put(fd, 4095, 3, SANDBOX_EXITED);
	assert_int_equal(state_of(fd, 4095), SANDBOX_EXITED);
	/* numbers begin again at 0 */
	put(fd, 4093, UINT32_MAX, SANDBOX_STARTING);
	put(fd, 4093, 0, SANDBOX_RUNNING);
	assert_int_equal(state_of(fd, 4093), SANDBOX_RUNNING);
	assert_int_equal(state_of(fd, 4094), -ENOENT);
	assert_int_equal(table_erase(fd, 4095), 0);
	assert_int_equal(state_of(fd, 4095), -ENOENT);
	(void)fd_close(fd);
	assert_int_equal(table_check(STDIN_FILENO), -EBADF);
}

/* As often as sandboxes come and go; and killed in the middle: what was last is there, or nothing. */
static void test_forgotten(void **state)
{
	static const uint32_t slots[] = { 0, 4095 };
	const uint8_t none[24] = { 0 };
	struct stat before, after;
	int fd = -1;

	assert_int_equal(table_make(&fd), 0);
	for (size_t i = 0; i < 2; i++) {
		for (uint32_t n = 1; n < 9; n++) {
			put(fd, slots[i], 1, SANDBOX_RUNNING);
			for (uint32_t k = 2; k <= n; k++)
				put(fd, slots[i], k, k < n ? SANDBOX_RUNNING : SANDBOX_EXITED);
			assert_int_equal(table_forget(fd, slots[i], n), 0);
			assert_int_equal(state_of(fd, slots[i]), -ENOENT);
		}
		assert_return_code(fstat(fd, i == 0 ? &before : &after), errno);
	}
	/* the memory of the first slots stays, that of the last ones does not */
	assert_true(before.st_blocks > 0);
	assert_int_equal(after.st_blocks, before.st_blocks);
	put(fd, 0, 1, SANDBOX_RUNNING);
	put(fd, 0, 2, SANDBOX_EXITED);
	assert_int_equal(pwrite(fd, none, sizeof(none), HALF_SIZE), sizeof(none));
	assert_int_equal(state_of(fd, 0), SANDBOX_EXITED);
	(void)fd_close(fd);
}

/* Between its two writes. */
static void test_forgotten_in_part(void **state)
{
	int fd = -1;

	assert_int_equal(table_make(&fd), 0);
	for (uint32_t n = 1; n < 5; n++) {
		for (uint32_t k = 1; k <= n; k++)
			put(fd, 0, k, k < n ? SANDBOX_RUNNING : SANDBOX_EXITED);
		n_left = 1;
		(void)table_forget(fd, 0, n);
		assert_true(killed);
		n_left = UINT_MAX;
		killed = false;
		assert_int_equal(state_of(fd, 0), SANDBOX_EXITED);
		assert_int_equal(table_forget(fd, 0, n), 0);
		assert_int_equal(state_of(fd, 0), -ENOENT);
	}
	(void)fd_close(fd);
}

/* Killed while writing: at every byte the record before is what is there. */
static void test_torn(void **state)
{
	uint8_t whole[HALF_SIZE];
	ssize_t n;
	int fd = -1;

	assert_int_equal(table_make(&fd), 0);
	put(fd, 0, 1, SANDBOX_RUNNING);
	put(fd, 1, 2, SANDBOX_EXITED);
	n = pread(fd, whole, sizeof(whole), SLOT_SIZE);
	assert_int_equal(n, sizeof(whole));
	for (size_t i = 1; i < sizeof(whole); i++) {
		assert_int_equal(pwrite(fd, whole, i, 0), i);
		if (state_of(fd, 0) == SANDBOX_EXITED)
			break;
		assert_int_equal(state_of(fd, 0), SANDBOX_RUNNING);
	}
	assert_int_equal(state_of(fd, 0), SANDBOX_EXITED);
	(void)fd_close(fd);
}

static void test_flipped(void **state)
{
	uint8_t good[RECORD], bad[RECORD];
	unsigned refused = 0;
	int fd = -1;

	assert_int_equal(table_make(&fd), 0);
	put(fd, 0, 2, SANDBOX_RUNNING);
	assert_int_equal(pread(fd, good, sizeof(good), 0), sizeof(good));
	srand(1);
	for (int i = 0; i < FLIPS; i++) {
		size_t at = (size_t)rand() % RECORD;

		memcpy(bad, good, sizeof(bad));
		bad[at] ^= (uint8_t)(1U << (rand() % 8));
		assert_int_equal(pwrite(fd, bad, sizeof(bad), 0), sizeof(bad));
		refused += state_of(fd, 0) < 0;
	}
	/* behind the record, and in a word that nobody reads, it makes no difference */
	assert_true(refused > FLIPS / 3);
	print_message("%u of %d damaged records refused\n", refused, FLIPS);
	(void)fd_close(fd);
}

/* Where the sum is right, the decoder is what stands between: every cut and every bit. */
static void test_decoder(void **state)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0), again = BUF_INIT(0);
	struct kept k = sample(SANDBOX_EXITED), back;
	struct cursor c;

	assert_int_equal(encode_kept(&b, &k), 0);
	c = CURSOR_INIT(b.data, b.size);
	assert_int_equal(decode_kept(&c, &back), 0);
	assert_int_equal(encode_kept(&again, &back), 0);
	assert_int_equal(again.size, b.size);
	assert_memory_equal(again.data, b.data, b.size);
	kept_done(&back);
	for (size_t i = 0; i < b.size; i++) {
		c = CURSOR_INIT(b.data, i);
		assert_true(decode_kept(&c, &back) < 0);
	}
	for (size_t i = 0; i < 8 * b.size; i++) {
		b.data[i / 8] ^= (uint8_t)(1U << (i % 8));
		c = CURSOR_INIT(b.data, b.size);
		if (decode_kept(&c, &back) == 0)
			kept_done(&back);
		b.data[i / 8] ^= (uint8_t)(1U << (i % 8));
	}
	b.data[0]++;
	c = CURSOR_INIT(b.data, b.size);
	assert_int_equal(decode_kept(&c, &back), -EPROTONOSUPPORT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_newest_counts),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_forgotten_in_part),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_decoder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
