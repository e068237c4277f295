/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "both.h"

const struct calls theirs = CALLS_INIT;
