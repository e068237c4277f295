/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The catalog as bytes: a sealed memfd with header (magic, version, size), configuration, profiles, errors.
 */

#include "base/buf.h"
#include "catalog/compiled.h"

#define CATALOG_MAX_BYTES    (64U * 1024 * 1024) /* 1,000 profiles with filters take about 10 MB */
#define CATALOG_MAX_PROFILES 4096U

/* Encodes in a stable order: the same input gives the same bytes. -EINVAL when the profiles are not sorted or
 * one fails compiled_profile_check(), -E2BIG for too many. */
int catalog_encode(const struct catalog *c, struct buf *b);
/* Decodes and checks every count, range, string and invariant (sorted unique valid names, filter lengths, uid
 * range, no id 0 for the payload unless the profile says so, …). -EBADMSG for anything else. */
int catalog_decode(const void *data, size_t size, struct catalog **ret);
/* The same, into memory that can only be read, and that children share: base/arena.h. For who forks. */
int catalog_decode_sealed(const void *data, size_t size, struct catalog **ret);

/* Encodes into a sealed memfd. */
int catalog_to_memfd(const struct catalog *c, int *ret_fd);
/* Checks the seals, maps, decodes, unmaps. @sealed: by catalog_decode_sealed(). */
int catalog_from_memfd(int fd, bool sealed, struct catalog **ret);
