/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/bounds.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MEMFD_PIECE (128 * 1024) /* that is written in one go: some 50 µs */
#define ALL_SEALS   (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

ssize_t read_full(int fd, void *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno_or_eio();
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int write_full(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size > 0) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno_or_eio();
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

int read_fd_to_end(int fd, size_t max, char **ret_data, size_t *ret_size)
{
	_cleanup_free_ char *data = NULL;
	size_t allocated = 4096, size = 0;

	for (;;) {
		char *p;
		ssize_t n;

		if (allocated > max + 1)
			allocated = max + 1;
		p = realloc(data, allocated + 1);
		if (!p)
			return -ENOMEM;
		data = p;
		n = read_full(fd, data + size, allocated - size);
		if (n < 0)
			return (int)n;
		size += (size_t)n;
		if (size > max)
			return -EFBIG;
		if (size < allocated)
			break;
		allocated *= 2;
	}
	data[size] = '\0';
	*ret_data = steal_ptr(data);
	*ret_size = size;
	return 0;
}

int memfd_sealed(const char *name, const void *data, size_t size, int *ret_fd)
{
	_cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r = 0;

	if (fd < 0)
		return errno_or_eio();
	/* a signal is heard between two pieces */
	for (size_t at = 0, n; r == 0 && at < size; at += n) {
		n = size - at < MEMFD_PIECE ? size - at : MEMFD_PIECE;
		r = write_full(fd, (const char *)data + at, n);
	}
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return errno_or_eio();
	*ret_fd = steal_fd(fd);
	return 0;
}

int memfd_map_sealed(int fd, size_t max, const void **ret_data, size_t *ret_size)
{
	struct stat st;
	int seals;
	void *p;

	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0)
		return errno_or_eio();
	if ((seals & ALL_SEALS) != ALL_SEALS)
		return -EPERM;
	if (fstat(fd, &st) < 0)
		return errno_or_eio();
	if (st.st_size <= 0 || (uint64_t)st.st_size > max)
		return -EMSGSIZE;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return errno_or_eio();
	*ret_data = p;
	*ret_size = (size_t)st.st_size;
	return 0;
}

static uint64_t now_usec(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t now_boottime_usec(void)
{
	return now_usec(CLOCK_BOOTTIME);
}

uint64_t now_realtime_usec(void)
{
	return now_usec(CLOCK_REALTIME);
}

uint64_t usec_add(uint64_t a, uint64_t b)
{
	return a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}
