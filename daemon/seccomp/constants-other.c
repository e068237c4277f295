/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Named constants of architectures that have none for themselves. */

#include "seccomp/constant-table.h"

const struct constant_table constants_native = {};
