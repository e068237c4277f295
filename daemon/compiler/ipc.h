/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Whether the sandboxes of a profile with PrivateIPC= may have one empty IPC namespace together. */

#include "catalog/compiled.h"
#include "compiler/shared.h"

#define IPC_REASON_MAX 160

/* A finished profile, whose filter nothing is taken from any more. False, with the reason in text; "" where
 * the profile has no PrivateIPC=. @shared: programs that are asked once, or NULL. */
bool ipc_may_be_shared(
	const struct compiled_profile *c, const struct shared_filters *shared, char reason[IPC_REASON_MAX]);
/* A call, by its name, that may be more than an IPC namespace for all can bear and that the program may let
 * through; NULL if there is none. */
const char *ipc_call(const struct sock_filter *filter, size_t n);
