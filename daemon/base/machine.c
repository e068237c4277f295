/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/machine.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/parse.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NUMBER_FILE_MAX 64
#define WHOLE           10000U

/* "some": at least one process waited. Microseconds, of a window that takes no privilege. */
#define SHORT_OF_MEMORY "some 100000 2000000"

static int read_number(int proc_fd, const char *name, uint64_t *ret)
{
	_cleanup_close_ int fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	if (fd < 0)
		return errno_or_eio();
	r = read_fd_to_end(fd, NUMBER_FILE_MAX, &text, &size);
	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	return parse_u64(text, ret);
}

int machine_measure(int proc_fd, struct machine *ret)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	uint64_t threads, pids;
	int r;

	if (pages <= 0 || size <= 0)
		return -EIO;
	r = read_number(proc_fd, "sys/kernel/threads-max", &threads);
	if (r < 0)
		return r;
	r = read_number(proc_fd, "sys/kernel/pid_max", &pids);
	if (r < 0)
		return r;
	*ret = (struct machine){
		.memory = (uint64_t)pages * (uint64_t)size,
		.tasks = threads < pids ? threads : pids,
	};
	return 0;
}

/* Whole units first, so that nothing overflows. */
uint64_t machine_share(uint64_t whole, uint64_t permyriad)
{
	uint64_t share = whole / WHOLE * permyriad + whole % WHOLE * permyriad / WHOLE;

	return share > 0 ? share : 1;
}

int machine_watch_memory(int proc_fd)
{
	_cleanup_close_ int fd = openat(proc_fd, "pressure/memory", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? errno_or_eio() : write_full(fd, SHORT_OF_MEMORY, sizeof(SHORT_OF_MEMORY));

	return r < 0 ? r : steal_fd(fd);
}
