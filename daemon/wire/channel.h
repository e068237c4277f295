/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The private protocol's transport: SOCK_SEQPACKET pairs. One record = one message; the only sendmsg/recvmsg
 * of the tree. A record holds bytes and an exact number of fds. MSG_TRUNC, MSG_CTRUNC, unexpected control
 * data and an empty record are errors; fds received are closed on every path but success.
 */

#include "base/bounds.h"
#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WIRE_RECORD_MAX (160 * 1024) /* ARG_BYTES_MAX with room for heads, gids and limits */
#define WIRE_FDS_MAX    (FDS_MAX + MOUNT_SLOTS_MAX + 8) /* the caller's fds and ours */

struct wire_record {
	uint8_t *data; /* owned; size bytes */
	size_t size;
	int fds[WIRE_FDS_MAX]; /* owned; -1 past n_fds */
	size_t n_fds;
};

void wire_record_init(struct wire_record *r);
void wire_record_done(struct wire_record *r);
/* Takes fd i out of the record; the caller owns it. */
int wire_record_steal_fd(struct wire_record *r, size_t i);

/* A pair of connected, non-blocking, close-on-exec sockets with buffers fit for WIRE_RECORD_MAX. */
int wire_channel_pair(int ret_fds[2]);
/* -EAGAIN when the peer's queue is full. The fds are borrowed. */
int wire_send(int fd, const void *data, size_t size, const int *fds, size_t n_fds);
/* 1: a record. 0: end of file. -EAGAIN: nothing there. -EBADMSG and the like: the peer is broken. */
int wire_receive(int fd, struct wire_record *ret);
/*
 * The same for a record of exactly so many bytes with at most so many fds (up to WIRE_FDS_MAX; unused slots
 * are -1): takes no memory, whatever the peer sends. Every other form is -EBADMSG.
 */
int wire_receive_fixed(int fd, void *data, size_t size, int *fds, size_t max_fds, size_t *ret_n_fds);
