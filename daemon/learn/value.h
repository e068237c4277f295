/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What strace prints for a number: names, flags, numbers of three bases, comments, and requests by parts. */

#include "learn/text.h"
#include "seccomp/architecture.h"

#include <stdint.h>

/* Decimal, 0x or leading-0 octal digits, all of the text; no sign. -EINVAL, -ERANGE. */
int number_parse(struct text t, uint64_t *ret);

/*
 * A whole argument: "O_RDONLY|O_CLOEXEC", "0x5401" with or without the name in a comment behind it, "TCGETS
 * or SNDCTL_TMR_TIMEBASE", "_IOC(_IOC_READ, 0x54, 0x30, 0x4)", "-1". -EINVAL when it is none of that; -ENOENT
 * for a name that the policy compiler does not know on this architecture, which is then in *reterr_name.
 */
int value_parse(const struct architecture *a, struct text t, uint64_t *ret, struct text *reterr_name);
