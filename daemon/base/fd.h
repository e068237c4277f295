/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* File descriptors: ownership, numbers, and what kind of object one refers to. Knows nothing of policy. */

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Closes fd unless it is negative; keeps errno. Always returns -1, so that "fd = fd_close(fd)" reads well. */
int fd_close(int fd);

static inline void fd_closep(int *fd)
{
	*fd = fd_close(*fd);
}

#define _cleanup_close_ _cleanup_(fd_closep)

#define steal_fd(fd)                                                                                         \
	({                                                                                                   \
		int *_fp = &(fd);                                                                            \
		int _f = *_fp;                                                                               \
		*_fp = -1;                                                                                   \
		_f;                                                                                          \
	})

/* Closes n fds and sets each to -1. */
void fd_close_many(int *fds, size_t n);

/* Sets or clears O_CLOEXEC (fcntl(2) F_SETFD). */
int fd_set_cloexec(int fd, bool on);
/* Sets or clears O_NONBLOCK of the open file description. */
int fd_set_nonblock(int fd, bool on);
/* A close-on-exec duplicate with a number >= min (F_DUPFD_CLOEXEC). Returns the new fd. */
int fd_dup_above(int fd, int min);
/* The same object by a number that is out of the way of those that are opened and closed again; fd is closed.
 * Where there is none, fd itself. Accepts and returns negative numbers. */
int fd_move_high(int fd);

/*
 * Kinds of objects, as profiles name them in FileDescriptor= (the order is part of the catalog format).
 * Everything not listed by itself is FD_KIND_OTHER, which no profile can allow.
 */
enum fd_kind {
	FD_KIND_OTHER,     /* nsfs, pidfd, procfs, cgroupfs and the like with their directories, anon inodes,
			      block     devices, unknown: never passed */
	FD_KIND_REGULAR,   /* regular file on an ordinary file system */
	FD_KIND_MEMFD,     /* memfd_create(2) */
	FD_KIND_PIPE,      /* pipe or FIFO */
	FD_KIND_SOCKET,    /* connected or unconnected, not listening */
	FD_KIND_NULL,      /* the character devices null, zero, full, random, urandom (major 1) */
	FD_KIND_TTY,       /* a terminal */
	FD_KIND_DIRECTORY, /* directory on an ordinary file system, opened for reading */
	FD_KIND_PATH,      /* anything opened with O_PATH */
	FD_KIND_LISTENER,  /* listening socket */
	FD_KIND_CHARDEV,   /* any other character device */
	FD_KIND_EVENTFD,   /* eventfd(2) */
	_FD_KIND_MAX,
};

/* What the fd permits its holder to do. */
enum fd_access {
	FD_ACCESS_READ = 1 << 0,
	FD_ACCESS_WRITE = 1 << 1,
};

/*
 * Says what fd refers to. Uses fstat(2), fstatfs(2), fcntl(F_GETFL), getsockopt(2) and readlinkat(2) on
 * /proc/self/fd only: never reads, so that a FIFO or a hanging file system can not stall the caller.
 * @proc_fd: directory fd of a procfs, or -1 for /proc. Where it can't be read, anonymous inodes are OTHER.
 * @ret_access: bits of enum fd_access; may be NULL.
 */
int fd_classify(int fd, int proc_fd, enum fd_kind *ret_kind, unsigned *ret_access);
/* From one of our own on, others are told by their device, without a look at a link. Those of large pages are
 * on another. */
void fd_learn_memfds(int memfd);
/* Pipes and sockets: for other kinds, waiting for their end by epoll could lead into somebody's file system.
 */
bool fd_ends_with_peer(int fd, int proc_fd);

/* What tells a process of a pidfd from every other since boot: the inode in pidfs. -EOPNOTSUPP: this kernel
 * has no pidfs (before Linux 6.9), and its pidfds are all alike. -EINVAL: no pidfd. */
int fd_process(int fd, uint64_t *ret);

/* Profile spelling of a kind ("regular"), or NULL; and back: -EINVAL for an unknown name. */
const char *fd_kind_to_string(enum fd_kind kind);
int fd_kind_from_string(const char *s, enum fd_kind *ret);
