/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Capability sets of Bailiff's own processes, as masks (1 << CAP_X), by capset(2) and prctl(2). (What
 * payloads get is jail/'s business.)
 */

#include <linux/capability.h>
#include <stdint.h>

#define CAPABILITY_BIT(c) (UINT64_C(1) << (c))

struct capability_sets {
	uint64_t bounding, permitted, effective, inheritable, ambient;
};

/* The sets of the calling thread. */
int capability_get(struct capability_sets *ret);
/*
 * Gives the calling thread exactly these sets. Bits that the kernel does not know are left out; a bit that
 * the thread may not have is -EPERM. Dropping from the bounding set takes CAP_SETPCAP in the effective set
 * now.
 */
int capability_set(const struct capability_sets *sets);
