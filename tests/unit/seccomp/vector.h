/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A call and the verdict expected of it, as the corpus of policies writes them: tests/policies/README.md has
 * the format.
 */

#include "seccomp/architecture.h"

#include <linux/seccomp.h>

/* The architectures that a line is about, a bit each by enum architecture_id; without "[...]" those of
 * @otherwise. */
unsigned vector_architectures(const char *line, unsigned otherwise);
/* What the line means on one architecture. Fails the test when the line is malformed. */
void vector_resolve(
	const char *line, const struct architecture *a, struct seccomp_data *ret, uint32_t *ret_verdict);
