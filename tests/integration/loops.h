/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* bailiff_launch_async() in the event loops that programs have. */

#include "user.h"

enum loop {
	LOOP_NONE, /* bailiff_launch() */
	LOOP_POLL,
	LOOP_SD_EVENT,
	LOOP_GLIB,
	_LOOP_MAX,
};

/* Launches and runs the loop until that is told; what was told, or why the loop ended. */
int loop_launch(struct user *u, enum loop loop, const bailiff_request *r, bailiff_sandbox **ret);
