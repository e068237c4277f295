/* SPDX-License-Identifier: GPL-2.0-or-later */

/* File descriptors: ownership, numbers, and what fd_classify() says of every kind that can be made here (row
 * F10). */

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static void test_ownership(void **state)
{
	int fds[3] = { -1, -1, -1 }, fd, high;

	errno = 42;
	assert_int_equal(fd_close(-1), -1);
	fd = eventfd(0, EFD_CLOEXEC);
	assert_true(fd >= 0);
	fds[1] = fd;
	errno = 42;
	fd_close_many(fds, ELEMENTS(fds));
	assert_int_equal(errno, 42);
	assert_int_equal(fds[1], -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);

	fd = eventfd(0, 0);
	assert_int_equal(fd_set_cloexec(fd, true), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fd_set_cloexec(fd, false), 0);
	assert_false(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fd_set_nonblock(fd, true), 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(fd_set_nonblock(fd, false), 0);
	assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
	high = fd_dup_above(fd, 100);
	assert_true(high >= 100);
	assert_true(fcntl(high, F_GETFD) & FD_CLOEXEC);
	fds[0] = steal_fd(high);
	assert_int_equal(high, -1);
	fds[1] = fd;
	fd_close_many(fds, ELEMENTS(fds));
	assert_int_equal(fd_dup_above(-1, 0), -EBADF);
	assert_int_equal(fd_set_cloexec(-1, true), -EBADF);
	assert_int_equal(fd_set_nonblock(-1, true), -EBADF);
}

static void test_kind_names(void **state)
{
	enum fd_kind kind;

	for (int i = FD_KIND_REGULAR; i < _FD_KIND_MAX; i++) {
		assert_int_equal(fd_kind_from_string(fd_kind_to_string((enum fd_kind)i), &kind), 0);
		assert_int_equal(kind, i);
	}
	/* it can be shown, but no profile can ask for it */
	assert_string_equal(fd_kind_to_string(FD_KIND_OTHER), "other");
	assert_int_equal(fd_kind_from_string("other", &kind), -EINVAL);
	assert_int_equal(fd_kind_from_string("", &kind), -EINVAL);
	assert_int_equal(fd_kind_from_string("Socket", &kind), -EINVAL);
	assert_null(fd_kind_to_string(_FD_KIND_MAX));
}

/* Classifies and closes. Looks through the usual procfs and through one held by fd. */
static void expect(int fd, enum fd_kind kind, unsigned access)
{
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int procs[] = { -1, proc };

	assert_true(fd >= 0);
	for (size_t i = 0; i < ELEMENTS(procs); i++) {
		enum fd_kind k = _FD_KIND_MAX;
		unsigned a = 99;

		assert_int_equal(fd_classify(fd, procs[i], &k, &a), 0);
		if (k != kind || a != access)
			fail_msg("%s, access %u instead of %s, %u", fd_kind_to_string(k), a,
				fd_kind_to_string(kind), access);
		assert_int_equal(fd_classify(fd, procs[i], &k, NULL), 0);
	}
	(void)close(fd);
}

#define RD FD_ACCESS_READ
#define WR FD_ACCESS_WRITE

static void test_files(void **state)
{
	char path[] = "/tmp/test-fd-XXXXXX";
	int fd = mkstemp(path);

	expect(fd, FD_KIND_REGULAR, RD | WR);
	expect(open(path, O_RDONLY | O_CLOEXEC), FD_KIND_REGULAR, RD);
	expect(open(path, O_WRONLY | O_APPEND | O_CLOEXEC), FD_KIND_REGULAR, WR);
	expect(open(path, O_PATH | O_CLOEXEC), FD_KIND_PATH, 0);
	(void)unlink(path);
	expect(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), FD_KIND_DIRECTORY, RD);
	expect(open("/", O_PATH | O_CLOEXEC), FD_KIND_PATH, 0);
	expect(open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), FD_KIND_REGULAR, RD | WR);
	expect(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), FD_KIND_REGULAR, RD);
	expect(memfd_create("m", MFD_CLOEXEC), FD_KIND_MEMFD, RD | WR);
	/* a file on a tmpfs whose name imitates a memfd's is none */
	fd = open("/dev/shm/memfd:x", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	(void)unlink("/dev/shm/memfd:x");
	expect(fd, FD_KIND_REGULAR, RD | WR);
}

/* All the same when one of our own is known, and then without any procfs. */
static void test_learnt(void **state)
{
	int own = memfd_create("own", MFD_CLOEXEC), large = memfd_create("large", MFD_CLOEXEC | MFD_HUGETLB),
	    no_proc = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	    other = memfd_create("other", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	enum fd_kind kind;

	assert_int_equal(fd_classify(other, no_proc, &kind, NULL), 0);
	assert_int_equal(kind, FD_KIND_REGULAR);
	fd_learn_memfds(own);
	assert_int_equal(fd_classify(other, no_proc, &kind, NULL), 0);
	assert_int_equal(kind, FD_KIND_MEMFD);
	test_files(state);
	if (large >= 0)
		expect(large, FD_KIND_MEMFD, RD | WR);
	fd_learn_memfds(-1);
	test_files(state);
	(void)close(own);
	(void)close(other);
	(void)close(no_proc);
}

static void test_devices(void **state)
{
	static const char *const null_like[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
		"/dev/urandom" };
	int fd;

	for (size_t i = 0; i < ELEMENTS(null_like); i++)
		expect(open(null_like[i], O_RDONLY | O_CLOEXEC), FD_KIND_NULL, RD);
	expect(open("/dev/null", O_WRONLY | O_CLOEXEC), FD_KIND_NULL, WR);
	fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		expect(fd, FD_KIND_TTY, RD | WR);
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		expect(fd, FD_KIND_CHARDEV, RD | WR);
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		expect(fd, FD_KIND_CHARDEV, RD);
}

static void test_pipes_and_sockets(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fds[2], fd;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	expect(fds[0], FD_KIND_PIPE, RD);
	expect(fds[1], FD_KIND_PIPE, WR);
	assert_int_equal(mkfifo("/tmp/test-fd-fifo", 0600), 0);
	fd = open("/tmp/test-fd-fifo",
		O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* nobody writes: a read would hang */
	(void)unlink("/tmp/test-fd-fifo");
	expect(fd, FD_KIND_PIPE, RD);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	expect(fds[0], FD_KIND_SOCKET, RD | WR);
	expect(fds[1], FD_KIND_SOCKET, RD | WR);
	expect(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), FD_KIND_SOCKET, RD | WR);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)), 0);
	assert_int_equal(listen(fd, 1), 0);
	expect(fd, FD_KIND_LISTENER, RD | WR);
}

/* What leads to the kernel or to other processes is never anything that a profile can name. */
static void test_others(void **state)
{
	static const struct {
		const char *path;
		int flags;
	} files[] = { { "/proc/self/status", O_RDONLY }, { "/proc/self/mem", O_RDONLY },
		{ "/proc/self/ns/net", O_RDONLY }, { "/proc/self/ns/user", O_RDONLY },
		{ "/proc/self/maps", O_RDONLY }, { "/sys/kernel/uevent_seqnum", O_RDONLY },
		{ "/sys/fs/cgroup/cgroup.procs", O_RDONLY },
		{ "/sys/fs/cgroup/unified/cgroup.procs", O_RDONLY } };
	sigset_t none;
	int fd;

	for (size_t i = 0; i < ELEMENTS(files); i++) {
		fd = open(files[i].path, files[i].flags | O_CLOEXEC);
		if (fd >= 0)
			expect(fd, FD_KIND_OTHER, RD);
	}
	fd = process_pidfd_open(getpid());
	expect(fd, FD_KIND_OTHER, RD | WR);
	expect(epoll_create1(EPOLL_CLOEXEC), FD_KIND_OTHER, RD | WR);
	expect(inotify_init1(IN_CLOEXEC), FD_KIND_OTHER, RD);
	expect(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), FD_KIND_OTHER, RD | WR);
	(void)sigemptyset(&none);
	expect(signalfd(-1, &none, SFD_CLOEXEC), FD_KIND_OTHER, RD | WR);
	expect(eventfd(0, EFD_CLOEXEC), FD_KIND_EVENTFD, RD | WR);
}

static void test_errors(void **state)
{
	enum fd_kind kind = _FD_KIND_MAX;
	unsigned access = 99;
	int fd = eventfd(0, EFD_CLOEXEC), no_proc = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(fd_classify(-1, -1, &kind, &access), -EBADF);
	assert_int_equal(kind, _FD_KIND_MAX);
	assert_int_equal(access, 99);
	/* where no procfs can tell, an anonymous inode stays unnamed */
	assert_int_equal(fd_classify(fd, no_proc, &kind, &access), 0);
	assert_int_equal(kind, FD_KIND_OTHER);
	(void)close(fd);
	(void)close(no_proc);
}

/* Out of the way where there is room, as it is where there is none. */
static void test_move_high(void **state)
{
	struct rlimit all, few;
	int low = eventfd(0, EFD_CLOEXEC), high;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = all;
	few.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(fd_move_high(low), low);
	few.rlim_cur = all.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	high = fd_move_high(low);
	if (all.rlim_max > 1024) {
		assert_true(high >= 1024);
		assert_int_equal(fcntl(low, F_GETFD), -1);
	}
	assert_true(fcntl(high, F_GETFD) & FD_CLOEXEC);
	(void)close(high);
	assert_int_equal(fd_move_high(-EIO), -EIO);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ownership),
		cmocka_unit_test(test_move_high),
		cmocka_unit_test(test_kind_names),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_learnt),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_pipes_and_sockets),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
