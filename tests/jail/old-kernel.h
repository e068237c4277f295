/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A launch on a kernel that lacks a call: a filter around launcher and jail answers as such a kernel does. */

#include "base/filter.h"
#include "harness.h"

struct answer {
	int result;       /* 1: the payload was started */
	uint32_t lacking; /* the jail's */
	struct jail_error error;
};

/* Launches in a process of its own, since a filter stays; nothing of it may be left there. */
void old_kernel_launch(struct rig *r, const struct filter_rule *rule, struct answer *ret);
