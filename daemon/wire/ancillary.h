/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the two transports of this directory share: data that is sent, and file descriptors beside it. */

#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* For sendmsg(2), which only reads: struct iovec has no const of its own. */
struct iovec ancillary_iovec(const void *data, size_t size);
/* Puts the fds into h's control data: room for them, CMSG_SPACE() bytes aligned for a struct cmsghdr. */
void ancillary_attach_fds(struct msghdr *h, void *room, const int *fds, size_t n_fds);
/*
 * Moves every fd out of the control data into fds, whose owner has them from then on, whatever else is wrong.
 * -EBADMSG for control data other than one set of fds, and for more fds than fit.
 */
int ancillary_collect_fds(struct msghdr *h, int *fds, size_t max_fds, size_t *ret_n);
