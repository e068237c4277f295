/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* org.bailiff.Broker1.Sandbox: the objects, as their owners and administrators see them. */

#include "broker/sandbox.h"

#include <systemd/sd-bus.h>

#define SANDBOX_PATH_MAX 128 /* BAILIFF_SANDBOX_PREFIX, "/", 20 digits or a token, NUL */

/* The path that this user is shown: the owner's ends in the token, if there is one, all others' in the id.
 * The owner finds the object by its id too. */
void sandbox_bus_path(const struct sandbox *s, uid_t viewer, char ret[SANDBOX_PATH_MAX]);
/* May this caller see and control the sandbox: its owner's uid, or an administrator. */
bool sandbox_bus_visible(const struct sandbox *s, const struct caller *c);
/* Can this be the path of a sandbox. */
bool sandbox_bus_is_below(const char *path);
/* A call of an object that does not exist for this caller, who is known: NoSuchSandbox, whatever the call.
 * sd-bus knows an answer of its own to some, and takes no error from who looks the object up. */
bool sandbox_bus_is_missing(struct broker *b, sd_bus_message *m);
int sandbox_bus_add(struct broker *b, sd_bus *bus);
/* A call that the launcher will answer; the caller must be one who sees s. 0; BETWEEN_WAITS: the call is
 * taken over; or a negative errno. */
int sandbox_bus_begin_control(
	sd_bus_message *m, struct sandbox *s, sd_bus_error *error, struct deferred **ret);
/* Answers Wait() of an ended sandbox; frees d. */
void sandbox_bus_answer_wait(struct sandbox *s, struct deferred *d);
