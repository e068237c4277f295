/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whole reads and writes, bounded files, sealed memory, clocks. */

#include "base/bounds.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BIG (1024 * 1024) /* more than a pipe holds, so that both sides have to go on */

static void *write_big(void *fd)
{
	static uint8_t data[BIG];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i % 251);
	assert_int_equal(write_full(*(int *)fd, data, sizeof(data)), 0);
	(void)close(*(int *)fd);
	return NULL;
}

static void test_through_pipe(void **state)
{
	static uint8_t data[BIG + 1];
	pthread_t thread;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&thread, NULL, write_big, &fds[1]), 0);
	assert_int_equal(read_full(fds[0], data, sizeof(data)), BIG);
	assert_int_equal(pthread_join(thread, NULL), 0);
	for (size_t i = 0; i < BIG; i++)
		assert_int_equal(data[i], i % 251);
	assert_int_equal(read_full(fds[0], data, 1), 0);
	(void)close(fds[0]);
	assert_int_equal(read_full(-1, data, 1), -EBADF);
	assert_int_equal(write_full(-1, data, 1), -EBADF);
	assert_int_equal(write_full(-1, data, 0), 0);
}

static void test_read_to_end(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 8192, 100000 };
	static uint8_t zeros[100000];

	for (size_t i = 0; i < ELEMENTS(sizes); i++) {
		_cleanup_close_ int fd = memfd_create("f", MFD_CLOEXEC);
		_cleanup_free_ char *data = NULL;
		size_t size = 99;

		assert_int_equal(write_full(fd, zeros, sizes[i]), 0);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(read_fd_to_end(fd, sizes[i], &data, &size), 0);
		assert_int_equal(size, sizes[i]);
		assert_int_equal(data[size], 0);
		if (sizes[i] == 0)
			continue;
		free(steal_ptr(data));
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(read_fd_to_end(fd, sizes[i] - 1, &data, &size), -EFBIG);
		assert_null(data);
	}
}

/* R4: a file without end is found out by its first byte too many. */
static void test_endless(void **state)
{
	_cleanup_close_ int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char *data = NULL;
	size_t size;

	assert_int_equal(read_fd_to_end(fd, 65536, &data, &size), -EFBIG);
	assert_null(data);
	fd = fd_close(fd);
	fd = open("/", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read_fd_to_end(fd, 65536, &data, &size), -EISDIR);
}

static void test_sealed(void **state)
{
	_cleanup_close_ int fd = -1, empty = -1, loose = memfd_create("l", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const void *data;
	union {
		const void *in;
		void *out;
	} map;
	size_t size = 0;

	assert_int_equal(memfd_sealed("s", "bytes", 5, &fd), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(memfd_map_sealed(fd, 5, &data, &size), 0);
	assert_int_equal(size, 5);
	assert_memory_equal(data, "bytes", 5);
	map.in = data;
	assert_int_equal(munmap(map.out, size), 0);
	assert_int_equal(memfd_map_sealed(fd, 4, &data, &size), -EMSGSIZE);
	assert_int_equal(memfd_sealed("e", NULL, 0, &empty), 0);
	assert_int_equal(memfd_map_sealed(empty, 4, &data, &size), -EMSGSIZE);
	assert_int_equal(write(loose, "x", 1), 1);
	assert_int_equal(memfd_map_sealed(loose, 4, &data, &size), -EPERM);
	assert_int_equal(fcntl(loose, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW), 0);
	assert_int_equal(memfd_map_sealed(loose, 4, &data, &size), -EPERM);
	assert_int_equal(memfd_map_sealed(STDIN_FILENO, 4, &data, &size) < 0, 1);
	assert_int_equal(memfd_map_sealed(-1, 4, &data, &size), -EBADF);
}

/* More than is written in one go. */
static void test_sealed_in_pieces(void **state)
{
	static uint32_t many[100001];
	_cleanup_close_ int fd = -1;
	const void *data;
	union {
		const void *in;
		void *out;
	} map;
	size_t size = 0;

	for (uint32_t i = 0; i < ELEMENTSOF(many); i++)
		many[i] = i;
	assert_int_equal(memfd_sealed("m", many, sizeof(many), &fd), 0);
	assert_int_equal(memfd_map_sealed(fd, sizeof(many), &data, &size), 0);
	assert_int_equal(size, sizeof(many));
	assert_memory_equal(data, many, sizeof(many));
	map.in = data;
	assert_int_equal(munmap(map.out, size), 0);
}

static void test_clocks(void **state)
{
	uint64_t a = now_boottime_usec(), b = now_boottime_usec();

	assert_true(a > 0 && b >= a);
	assert_true(now_realtime_usec() > 1600000000000000ULL);
}

static void test_usec_add(void **state)
{
	(void)state;
	assert_int_equal(usec_add(1, 2), 3);
	assert_true(usec_add(USEC_INFINITY, 0) == USEC_INFINITY);
	assert_true(usec_add(0, USEC_INFINITY) == USEC_INFINITY);
	assert_true(usec_add(USEC_INFINITY - 2, 1) == USEC_INFINITY - 1);
	assert_true(usec_add(USEC_INFINITY - 2, 3) == USEC_INFINITY);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_through_pipe),
		cmocka_unit_test(test_read_to_end),
		cmocka_unit_test(test_usec_add),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_sealed_in_pieces),
		cmocka_unit_test(test_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
