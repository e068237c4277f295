/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the kernel takes the arguments of system calls for. */

#include "seccomp/architecture.h"

enum argument_kind {
	ARGUMENT_UNKNOWN, /* or there is no such argument */
	ARGUMENT_WORD,    /* all bits count */
	ARGUMENT_INT,     /* the kernel looks at the lower 32 bits at most */
	ARGUMENT_POINTER,
};

/* @name: of a system call; NULL is one without a name. */
enum argument_kind argument_kind(const struct architecture *a, const char *name, unsigned argument);
