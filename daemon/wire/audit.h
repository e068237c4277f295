/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the broker tells the auditor: one record of one fixed size for each decision, numbers and short texts
 * that end with a NUL and are filled with them. The auditor (daemon/keeper/auditor.c) writes the line of the
 * kernel's audit log from it; no byte of the line's form comes from the broker.
 */

#include "base/bounds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum audit_event {
	AUDIT_LAUNCHED,
	AUDIT_REFUSED, /* a launch, before anything was made */
	AUDIT_FAILED,  /* a launch, while its jail was made */
	AUDIT_ENDED,
	AUDIT_ADMIN, /* an administrator's act, or on another user's sandbox */
	AUDIT_ADMIN_REFUSED,
	AUDIT_SUPPRESSED,
	_AUDIT_EVENT_MAX,
};

#define AUDIT_UNKNOWN_ID UINT32_MAX

struct audit_message {
	uint32_t event;         /* enum audit_event */
	uint32_t uid, loginuid; /* of the caller; AUDIT_UNKNOWN_ID */
	uint32_t pid;           /* of the caller; 0: not known, as the rest */
	uint32_t generation, suppressed;
	uint64_t sandbox;
	int32_t exit_code, exit_signal; /* of AUDIT_ENDED */
	char profile[PROFILE_NAME_MAX + 8];
	char outcome[48], method[32];
	char rule[256], unit[256], label[256];
};

/* Copies text, cut to what fits. NULL: nothing. */
void audit_message_text(char *to, size_t size, const char *text);
/* -EAGAIN when the auditor does not keep up. */
int audit_message_send(int fd, const struct audit_message *m);
/* As wire_receive(): 1, 0 at end of file, -EAGAIN, or -EBADMSG for anything that no broker sends. */
int audit_message_receive(int fd, struct audit_message *ret);
