/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The deny-list that the keeper lays on itself, and so on everything that Bailiff ever starts. */

#include "base/filter.h"

extern const struct filter_rule denied_calls[];
extern const size_t n_denied_calls;

/*
 * The same for the 32-bit interface of an x86-64 machine, which profiles can open
 * (SystemCallArchitectures=x86): no foreign call kills here, as each payload's own filter does that unless
 * its profile says otherwise. NULL on other machines, where there is nothing to open.
 */
extern const struct filter_foreign *const denied_foreign;
