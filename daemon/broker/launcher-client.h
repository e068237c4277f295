/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The socket to the launcher: requests with serials, their answers, and events. A full socket makes requests
 * wait here, and launches in their queue (launch-queue.h), which is told when there is room; it never makes
 * the broker wait.
 */

#include "base/buf.h"
#include "wire/channel.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct broker;
struct launcher_call;
struct launcher_packet;

struct launcher_client {
	struct broker *broker;
	int fd;     /* -1: not there yet, or gone */
	bool ready; /* what it has is known: callers' requests may go to it */
	sd_event_source *source;
	uint32_t last_serial;
	struct launcher_call *calls;                  /* without an answer yet */
	struct launcher_packet *unsent, **unsent_end; /* wait for room in the socket */
	size_t n_unsent;
	uint64_t full_since; /* what can not wait here found no room then; 0: there is some */
};

/* One answer. The handler may steal fds from the record. */
struct launcher_answer {
	uint32_t type; /* enum wire_type, never an event */
	struct cursor *body;
	struct wire_record *record;
};

/*
 * Called for each answer; with NULL when the launcher has gone and none will come. Returns a negative errno
 * when the answer is not what the protocol allows: the broker then gives up. After WIRE_ENTRY the call stays
 * open, every other answer is its last.
 */
typedef int (*launcher_handler)(struct broker *b, const struct launcher_answer *answer, void *userdata);

int launcher_client_open(struct launcher_client *l, struct broker *b, int fd);
/* Takes what has come and was not looked at yet, from one that has ended. */
void launcher_client_drain(struct launcher_client *l);
/* Handlers of open calls are called with NULL. */
void launcher_client_close(struct launcher_client *l);
/* For the head of the next request. */
uint32_t launcher_next_serial(struct launcher_client *l);
/*
 * Sends an encoded request of this serial, or keeps it until there is room; its buffer's error, if any, comes
 * out here. The fds are borrowed; unless @now there is one at most, and it is no client's. With serial 0
 * there will be no answer. -EAGAIN: with @now, no room: launch_queue_resume() is called when there is.
 * -ENOTCONN: no launcher, and nothing was sent.
 */
int launcher_submit(struct launcher_client *l, uint32_t serial, const struct buf *request, const int *fds,
	size_t n_fds, bool now, launcher_handler handler, void *userdata);
