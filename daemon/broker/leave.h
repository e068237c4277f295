/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The end that the keeper asks for. Nobody is left without an answer who called before it: the name is given
 * back first, so that the bus sends nothing more, and what it and the direct socket's clients had sent by
 * then is read and refused.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

struct broker;

struct leave {
	sd_event_source *patience, *silence, *later;
};

/* What waits has been refused, and what comes is: b->ready is false. The loop ends with success soon. */
void leave_begin(struct broker *b);
/* The bus sends no more calls: what is left is what there is. */
void leave_in_silence(struct broker *b);
bool leave_has_begun(const struct broker *b);
/* The bus has gone, or nothing more is to be read. */
void leave_now(struct broker *b);
void leave_done(struct broker *b);
