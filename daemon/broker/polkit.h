/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Questions to polkit: org.freedesktop.PolicyKit1.Authority.CheckAuthorization about the connection that
 * calls, asked without waiting. Only an answer that says "authorized" in so many words is a yes; polkit's
 * absence, an error, a timeout and an answer of another form are a no.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

enum polkit_verdict {
	POLKIT_UNASKED,
	POLKIT_YES,
	POLKIT_NO,
	POLKIT_CHALLENGE, /* it would have to ask the user, and may not */
	POLKIT_ABSENT,
	POLKIT_FAILED,
};

struct polkit_question {
	const char *action;
	const char *profile, *command_line; /* or NULL; shown by agents, seen by rules */
	const char *method;                 /* or NULL: the administrative act */
	bool interactive;
};

#define POLKIT_COMMAND_MAX 1024 /* bytes of a command line that an agent is shown */
#define POLKIT_MANAGE      "org.bailiff.Broker1.manage"

/* @sender: the unique name that polkit looks up. @cancellation: for polkit_cancel(). */
int polkit_ask(sd_bus *bus, const char *sender, const struct polkit_question *q, const char *cancellation,
	sd_bus_message_handler_t handler, void *userdata, sd_bus_slot **ret);
/* Never fails: what can not be read is no yes. */
enum polkit_verdict polkit_read(sd_bus_message *reply);
/* The prompt goes away. */
void polkit_cancel(sd_bus *bus, const char *cancellation);
/* For the end of a sentence: ", and polkit …". */
const char *polkit_explain(enum polkit_verdict v);
/* Arguments in one printable line, as a person would have to read it; cut at POLKIT_COMMAND_MAX. -ENOMEM. */
int polkit_command_line(char *const *argv, char **ret);
