/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a broker is busy with while others launch: sandboxes that stay, and reloads. */

#include <stdint.h>

/* Reads numbers, a line each, from standard input; launches until so many live, and says "held". Ends with
 * its input, and all that it holds with it. */
int hold(const char *address, const char *profile);
/* So many reloads, with pauses between them; a line for each with the microseconds until it was answered. */
int reload(const char *address, uint64_t count, uint64_t gap_usec);
