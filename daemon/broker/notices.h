/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What programs say of themselves with sd_notify(3): read here, in the process that has no rights. */

#include "broker/sandbox.h"

struct notice {
	bool ready, stopping;
};

/* Any bytes. Lines that are not known are skipped, as systemd does. */
void notice_read(const char *text, size_t size, struct notice *ret);
/* The launcher hands one on; one of a sandbox that is not known, or has ended, is dropped. */
void notices_take(struct broker *b, const struct notice_event *event);
