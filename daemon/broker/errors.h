/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* From refusals, set-up stages and states of the private protocol to the names that D-Bus shows. */

#include "jail/stage.h"
#include "plan/plan.h"
#include "wire/messages.h"

#include <systemd/sd-bus.h>

/* Sets an error with a text that may quote anything: what is no UTF-8, or a control character, is written as
 * \xNN. D-Bus would not carry it, and a terminal should not. Returns a negative errno, as a handler must. */
int error_set_text(sd_bus_error *error, const char *name, const char *text);
/* org.freedesktop.DBus.Error.InvalidArgs with a message. Returns a negative errno, as a handler must. */
int error_invalid_args(sd_bus_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What went wrong reading a message: out of memory stays that, everything else is InvalidArgs. @what: the
 * argument. */
int error_unreadable(sd_bus_error *error, int r, const char *what);
/* The same error for a sandbox that does not exist and for one that is not the caller's. */
int error_no_such_sandbox(sd_bus_error *error);
/* The same name for one that the caller may see, and that has ended. */
int error_sandbox_ended(sd_bus_error *error);
#define ERROR_NAME_MAX 128
/* The error's name for what the plan refused. */
void error_refusal_name(enum refusal refusal, char ret[ERROR_NAME_MAX]);
/* A refusal of the plan. The message gets the rule, in brackets, when there is one. */
int error_refusal(sd_bus_error *error, enum refusal refusal, const char *rule, const char *message);
/* What the launcher answered. */
int error_refused(sd_bus_error *error, const struct refused *refused);

/* "running", …; "success", …. NULL for a value outside. */
const char *sandbox_state_to_string(enum sandbox_state state);
const char *sandbox_result_to_string(enum sandbox_result result);
