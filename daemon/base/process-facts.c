/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/process-facts.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No text with a NUL inside comes from the kernel; one that did would be no string of the protocol. */
static int read_text(int dir_fd, const char *name, size_t max, char **ret)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	if (fd < 0)
		return errno_or_eio();
	r = read_fd_to_end(fd, max, &text, &size);
	if (r < 0)
		return r;
	if (strlen(text) != size)
		return -EBADMSG;
	*ret = steal_ptr(text);
	return 0;
}

/* A pidfd polls readable from the end of its process on. Anything else than "not yet" counts as the end. */
static int check_alive(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 0 ? 0 : -ESRCH;
}

/*
 * The open directory stands for the one process that had the number then: when that has ended, its files can
 * not be read any more, whoever has the number now. If the bus' pidfd is alive after that, the process was
 * the pidfd's all along, since it has had the number as long as it lives.
 */
int process_facts_read(int proc_fd, uint32_t pid, int pidfd, struct process_facts *ret)
{
	_cleanup_close_ int dir_fd = -1;
	struct stat st;
	char name[16];
	int r;

	(void)snprintf(name, sizeof(name), "%u", pid);
	dir_fd = openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir_fd < 0)
		return errno == ENOENT ? -ESRCH : errno_or_eio();
	if (fstat(dir_fd, &st) < 0)
		return errno_or_eio();
	ret->uid = st.st_uid;
	r = read_text(dir_fd, "cgroup", FACTS_CGROUP_MAX, &ret->cgroup);
	if (r < 0)
		return r;
	r = read_text(dir_fd, "loginuid", FACTS_LOGINUID_MAX, &ret->loginuid);
	if (r < 0 && r != -ENOENT)
		return r;
	return pidfd >= 0 ? check_alive(pidfd) : 0;
}

/* poll(2) on anything else could lead into somebody's file system and not come back, as could fstat(2): a
 * name that no path can have says it without asking the file. */
int process_check_pidfd(int proc_fd, int fd)
{
	static const char pidfd[] = "anon_inode:[pidfd]";
	char name[32], target[sizeof(pidfd)];
	ssize_t n;

	(void)snprintf(name, sizeof(name), "self/fd/%d", fd);
	n = readlinkat(proc_fd, name, target, sizeof(target));
	if (n < 0)
		return errno_or_eio();
	return n == (ssize_t)strlen(pidfd) && memcmp(target, pidfd, strlen(pidfd)) == 0 ? 0 : -EBADF;
}
