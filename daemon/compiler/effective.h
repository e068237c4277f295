/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What of a profile is in force, key by key, as bailiff.profile(5) writes it: templates, the file and
 * drop-ins put together, and the defaults of what none of them says. For people and tools to look at; nothing
 * is decided by it.
 */

#include "catalog/compiled.h"
#include "profile/profile.h"

/* Fills ret->settings, which everything else is done in. @keys: profile_keys. -ENOMEM. */
int effective_settings(const struct key_table *keys, const struct profile *p, struct compiled_profile *ret);
