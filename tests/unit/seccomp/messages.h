/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a compilation says, short enough for tables. */

#include "seccomp/seccomp.h"

/* The lines of diagnostics and notes that say what is wrong, without excerpts, joined by "|". Free it. */
char *messages_of(const struct seccomp_result *result);
