/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Names of capabilities, capabilities(7), as text shows them: "CAP_NET_RAW". Knows no process. */

#include <stdint.h>

#define CAPABILITIES_KNOWN 41U /* CAP_CHOWN … CAP_CHECKPOINT_RESTORE, Linux 5.9 to 6.18 */
#define CAPABILITIES_ALL   ((UINT64_C(1) << CAPABILITIES_KNOWN) - 1)

/* "CAP_X", or NULL past the last. */
const char *capability_to_string(unsigned number);
/* Exact name, upper case. Returns the number, or -EINVAL. */
int capability_from_string(const char *name);
