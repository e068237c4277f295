/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGNMENT sizeof(uint64_t)
#define SEALS     (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE)

static int opened(void *data, size_t size, int *fd, struct arena *ret)
{
	if (data == MAP_FAILED)
		return errno_or_eio();
	*ret = (struct arena){ .data = data, .size = size, .fd = steal_fd(*fd) };
	return 0;
}

int arena_open(size_t size, struct arena *ret)
{
	void *data =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	*ret = ARENA_NULL;
	/* where all memory comes in pages of two megabytes a small one would take that much */
	if (data != MAP_FAILED)
		(void)madvise(data, size, MADV_NOHUGEPAGE);
	return opened(data, size, &ret->fd, ret);
}

int arena_open_shared(const char *name, size_t size, struct arena *ret)
{
	_cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *data;

	*ret = ARENA_NULL;
	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return errno_or_eio();
	data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data != MAP_FAILED && madvise(data, size, MADV_DONTFORK) < 0) {
		(void)munmap(data, size);
		return errno_or_eio();
	}
	return opened(data, size, &fd, ret);
}

void *arena_take(struct arena *a, size_t n, size_t size)
{
	void *taken = a->data + a->used;
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > a->size - a->used)
		return NULL;
	a->used += bytes;
	/* the end is aligned as the beginning was, unless it is full */
	a->used += a->used % ALIGNMENT > 0 ? ALIGNMENT - a->used % ALIGNMENT : 0;
	if (a->used > a->size)
		a->used = a->size;
	return taken;
}

/* What was not used goes back. */
static int seal_own(struct arena *a)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), kept = (a->used / page + 1) * page;

	if (kept < a->size) {
		(void)munmap(a->data + kept, a->size - kept);
		a->size = kept;
	}
	return RET_ERRNO(mprotect(a->data, a->size, PROT_READ));
}

/* The same pages at the same place: what points into them stays. The kernel lets nobody map them for writing
 * any more, and a mapping that was made without the right does not get it. Children have this one. */
static int seal_shared(struct arena *a)
{
	if (fcntl(a->fd, F_ADD_SEALS, SEALS) < 0)
		return errno_or_eio();
	if (mmap(a->data, a->size, PROT_READ, MAP_SHARED | MAP_FIXED, a->fd, 0) == MAP_FAILED)
		return errno_or_eio();
	a->fd = fd_close(a->fd);
	return 0;
}

int arena_seal(struct arena *a)
{
	return a->fd < 0 ? seal_own(a) : seal_shared(a);
}

void arena_done(struct arena *a)
{
	if (a->data)
		(void)munmap(a->data, a->size);
	(void)fd_close(a->fd);
	*a = ARENA_NULL;
}
