/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Descriptors that come beside a launch, as a bus carries 16 of them in a message: option fd-channel, a
 * SOCK_SEQPACKET socket of the caller's. Each record is as many numbers (32 bits, the machine's byte order)
 * as it has descriptors: number in the program, and what becomes it. End of file, or an empty record, is the
 * end.
 *
 * Nothing is waited for here: a channel that is not at its end makes the call one in flight, and when the end
 * has come the call goes back into the queue, where everything is checked anew, as after an inquiry. Bounded
 * are the descriptors of one call, those of one user's launches under way (MaxFileDescriptorsPerUser=), and
 * the time.
 */

#include "broker/caller.h"
#include "broker/launch-args.h"

struct broker;

/* Handlers return it as it is: the call is taken over. */
#define FD_CHANNEL_WAITS 1

#define FD_CHANNEL_USEC                                                                                      \
	(10 * UINT64_C(1000000)) /* for all of it; who sends it has everything open already                  \
				  */

/* Of this kind a read never waits, and a record is whole. */
bool fd_channel_suits(int fd);
/* Adds what came through @a's channel, if it has one, to its fds, which are borrowed until fd_channel_end().
 * FD_CHANNEL_WAITS; 0; or a negative errno with error set. */
int fd_channel_read(struct broker *b, const struct caller *c, sd_bus_message *m, struct launch_args *a,
	sd_bus_error *error);
/* The call is about to get its answer. */
void fd_channel_end(struct broker *b, sd_bus_message *m);
/* A connection is gone: its calls are forgotten, and their descriptors closed. */
void fd_channels_client_gone(struct broker *b, const char *name);
/* What is still to come will not be waited for. */
void fd_channels_refuse(struct broker *b);
void fd_channels_done(struct broker *b);
