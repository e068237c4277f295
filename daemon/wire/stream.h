/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Bytes and fds over SOCK_STREAM: what clients of the direct socket speak. The kernel keeps fds with the
 * bytes that they were sent with; who reads no further than one message gets the fds of that message.
 */

#include <stddef.h>
#include <sys/types.h>

#define STREAM_FDS_MAX 253 /* SCM_MAX_FD of the kernel: more it does not send at once */

/*
 * Up to size bytes; their fds are added to fds, of which *n_fds are used and STREAM_FDS_MAX fit. Returns the
 * number of bytes, 0 at the end of file, -EAGAIN when there is nothing. -EBADMSG: fds too many, or other
 * control data; -EMFILE: fds were lost, as we may open no more. The fds there are belong to the caller
 * always.
 */
ssize_t stream_receive(int fd, void *data, size_t size, int *fds, size_t *n_fds);
/* Sends what there is room for, all fds with the first byte of it. -EAGAIN when there is none, -EPIPE. */
ssize_t stream_send(int fd, const void *data, size_t size, const int *fds, size_t n_fds);
/*
 * One line that ends with CR LF, and no byte more: what follows may be a message with descriptors. Returns
 * its length; the end is cut off and is no part of it. -EAGAIN: it is not there yet, -EPIPE: end of file,
 * -EPROTO: it is longer than fits.
 */
ssize_t stream_take_line(int fd, char *line, size_t size);
