/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The deny-list that the keeper lays on itself, and so on everything that Bailiff ever starts. */

#include "base/filter.h"

extern const struct filter_rule denied_calls[];
extern const size_t n_denied_calls;
