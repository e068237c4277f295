/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The salt behind GetSanitizedUsername. The first of the configured files that exists is it; if there is
 * none, one is made, at the first path. A salt that is there and unfit is an error and is never replaced:
 * every sanitized name that was ever stored hangs on it.
 */

#include "base/bounds.h"

#include <stddef.h>
#include <stdint.h>

#define SALT_NEW_BYTES 16 /* as ChromeOS makes them */

/* Fills salt with 1..SALT_MAX bytes. @paths: absolute. On failure *reterr_path is the (borrowed) path
 * concerned and *reterr_reason a static phrase; both may be NULL for "out of memory" and the like. */
int salt_load(char *const *paths, uint8_t salt[SALT_MAX], size_t *ret_size, const char **reterr_path,
	const char **reterr_reason);
