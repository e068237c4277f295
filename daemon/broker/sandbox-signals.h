/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the broker says of sandboxes without being asked: to the connection that launched the sandbox, and to
 * those that subscribed and may see it. Nothing of it is broadcast.
 */

#include "broker/sandbox.h"

#include <systemd/sd-bus.h>

/* Manager.Subscribe and Unsubscribe. */
int sandbox_signals_subscribe(sd_bus_message *m, void *userdata, sd_bus_error *error);
int sandbox_signals_unsubscribe(sd_bus_message *m, void *userdata, sd_bus_error *error);

void sandbox_emit_changed(struct sandbox *s);
/* The object manager's: the object is there, or is gone. */
void sandbox_emit_added(struct sandbox *s);
void sandbox_emit_removed(struct sandbox *s);
void sandbox_emit_ready(struct sandbox *s);
void sandbox_emit_exited(struct sandbox *s);
void sandbox_emit_violation(struct sandbox *s, const char *layer, const char *what, const char *detail);
