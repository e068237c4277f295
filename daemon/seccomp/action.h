/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What an action (SECCOMP_RET_*) is called, in the words of the policy language. */

#include <stdint.h>

#define ACTION_TEXT_MAX 40

/*
 * "allow", "kill-process", "return EPERM"; data that the language can't say follows as a number: "trap 3".
 * What the kernel does not know is what it takes it for: kill-process. Returns @buffer.
 */
const char *action_text(uint32_t action, char buffer[static ACTION_TEXT_MAX]);
