/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* org.bailiff.Broker1.Manager on /org/bailiff/Broker1. */

#include "broker/body.h"

#include <stdint.h>
#include <systemd/sd-bus.h>

struct broker;
struct caller;

int manager_bus_add(struct broker *b, sd_bus *bus);
/* ListSandboxes, see quick.h; the question says nothing. */
int manager_bus_list_sandboxes(
	struct broker *b, const struct caller *c, struct cursor *question, struct writer *w);
/*
 * For methods of administrators: uid 0, or whom polkit lets manage Bailiff. 0 and *ret; INQUIRY_WAITS: the
 * call comes back with polkit's answer. There is no option by which it could prompt: these acts are for rules
 * and for administrators.
 */
int manager_bus_require_administrator(
	struct broker *b, sd_bus_message *m, sd_bus_error *error, const struct caller **ret);
/* A reload has ended, one way or the other: answers those who asked for it, if @serial is that of their
 * request, and tells everybody. */
void manager_bus_reloaded(struct broker *b, uint32_t serial);
/* The outcomes that are asked for will not come to this broker. */
void manager_bus_refuse_reloads(struct broker *b);
