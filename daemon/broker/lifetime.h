/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What happens to sandboxes after their launch: stop, signal, end, owner gone, exit states kept and dropped.
 */

#include "broker/sandbox.h"

/* Puts a new sandbox into the table and counts it as live; takes s over. When it can't be kept, it is killed.
 */
int lifetime_begin(struct broker *b, struct sandbox *s);
/* The same for one that the launcher lists, live or ended. */
int lifetime_adopt(struct broker *b, struct sandbox *s);

/* @timeout_usec as in struct stop_request. d, if any, is taken over and answered when the signal was sent. */
void lifetime_stop(struct sandbox *s, uint64_t timeout_usec, enum sandbox_result reason, struct deferred *d);
/* Drops the exit state of one that is not in the table. */
void lifetime_forget_unknown(struct broker *b, uint64_t id);
/* Nobody waits for the launch of this serial: it is broken off if it is not answered by now. */
void lifetime_abandon(struct broker *b, uint32_t launch);
/* Kills a sandbox that is not in the table. */
void lifetime_kill_unknown(struct broker *b, uint64_t id);
/* d is taken over. */
void lifetime_signal(struct sandbox *s, int signal, bool all, struct deferred *d);
void lifetime_resize_pty(struct sandbox *s, uint16_t rows, uint16_t columns, struct deferred *d);
/* A notice was read: the launcher may send the next. */
void lifetime_noted(struct sandbox *s, const struct noted_request *noted);
/* Drops an exit state, here and at the launcher; s is freed. */
void lifetime_forget(struct sandbox *s);

/* The launcher has begun to stop it: its time is over, or a lifeline was let go. */
void lifetime_stopping(struct broker *b, uint64_t id);
/* The launcher reports an end. */
void lifetime_exited(struct broker *b, const struct sandbox_exit *ended);
/* A connection has gone: sandboxes that are not detached are stopped, its waiting calls dropped. */
void lifetime_client_gone(struct broker *b, const char *name);
/* A live one that the next launcher has not taken over: it was killed. */
void lifetime_lost(struct sandbox *s);
