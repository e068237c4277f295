/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Launches by several connections, some of one user, with a number each by which the launcher is seen to get
 * them.
 */

#include "rig.h"

#include "broker/launch-queue.h"

#define SOME (LAUNCHES_AT_ONCE + 3)

/* rig_setup() with Bob in the group that may launch "decoder", and with limits that these tests do not reach.
 */
int queue_setup(void **state);
sd_bus_message *queue_launch(struct rig *r, const char *sender, size_t number);
/* The same with a descriptor over a channel, which is closed here; it is sent. */
void queue_ask_with_channel(struct rig *r, struct reply *reply);
/* Sends n of them, with the numbers from 0 on. */
void queue_ask(struct rig *r, const char *sender, struct reply *replies, size_t n);
/* The launcher is asked for the launch of this number. */
uint32_t queue_take(struct rig *r, uid_t uid, size_t number);
/* @error: NULL if it is to have succeeded. */
void queue_expect(struct rig *r, struct reply *reply, const char *error);
