/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The answer to Introspect, with what each member is for. */

#include <systemd/sd-bus.h>

struct broker;

/* Answers m if it asks for the interfaces of one of our objects; a sandbox' has been found to be there, and
 * the caller's. 1 if it was answered, 0 if m is something else. */
int introspect_answer(struct broker *b, sd_bus_message *m);
