/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A terminal with bailiffctl on it, as a shell would run it: a session whose leader starts it as a job of its
 * own in the foreground, and tells when it stopped or ended.
 */

#include "rig.h"

#include <termios.h>

struct console {
	int master, reports;
	pid_t leader, job;
	struct termios before;
	GString *seen; /* written to the terminal since the last console_expect() */
};

/* Runs bailiffctl as root with these arguments on a terminal of this size. */
void console_start(struct console *c, struct rig *rig, unsigned short rows, unsigned short columns,
	const char *const *args);
void console_type(struct console *c, const char *keys);
/* Reads until the text came. */
void console_expect(struct console *c, const char *text);
/* Waits until the job stopped or ended; its status as of waitpid(2). Reads what it writes meanwhile. */
int console_wait(struct console *c);
struct termios console_modes(struct console *c);
/* The modes are those that it began with. */
bool console_is_restored(struct console *c);
/* Waits until the terminal is raw. */
void console_await_raw(struct console *c);
void console_done(struct console *c);

/* In a child: becomes bailiffctl. */
_Noreturn void console_exec(struct rig *rig, const char *const *args);
