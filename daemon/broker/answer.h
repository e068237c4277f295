/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * No caller waits for an answer that does not come. An answer that can not be sent, for want of memory as a
 * rule, is followed by an error, up to three times; where that can not be sent either, the connection ends
 * that the call came over, which its caller hears of. sd-bus does as much for what it answers itself, but it
 * gives up in silence on the error of a handler: so handlers of methods have ANSWERED() around them.
 */

#include <systemd/sd-bus.h>

/* What a handler, or the sending of an answer, failed with: an error's name and text, if it has one, or a
 * negative errno. Nothing is said to who wants no answer. */
void answer_error(sd_bus_message *m, int r, const sd_bus_error *error);
/* The same with a name and a text. Returns 1, as a handler or filter that has answered. */
int answer_refuse(sd_bus_message *m, const char *name, const char *text);
/* What a handler has returned becomes what sd-bus has nothing to do for. */
int answer_result(sd_bus_message *m, int r, sd_bus_error *error);

/* handler_answered() is for the vtable. */
#define ANSWERED(handler)                                                                                    \
	static int handler##_answered(sd_bus_message *m, void *userdata, sd_bus_error *error)                \
	{                                                                                                    \
		return answer_result(m, handler(m, userdata, error), error);                                 \
	}
