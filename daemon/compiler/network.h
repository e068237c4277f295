/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Whether the sandboxes of a profile with PrivateNetwork= may have one empty network namespace together, and,
 * where they may not, whether they can have it one after the other. */

#include "catalog/compiled.h"
#include "compiler/shared.h"

#define NETWORK_REASON_MAX 160

/* A finished profile, whose filter nothing is taken from any more. False, with the reason in text; "" where
 * the profile has no PrivateNetwork=. @shared: programs that are asked once, or NULL. */
bool network_may_be_shared(const struct compiled_profile *c, const struct shared_filters *shared,
	char reason[NETWORK_REASON_MAX]);
/* A call, by its name, that may be more than a network namespace for all can bear and that the program may
 * let through; NULL if there is none. */
const char *network_call(const struct sock_filter *filter, size_t n);
/* Of one for which the answer of the first is known. */
bool network_may_be_reused(const struct compiled_profile *c, const struct shared_filters *shared);
/* Sockets are all that this program may leave in a network namespace, and that can be seen. */
bool network_is_left(const struct sock_filter *filter, size_t n);
