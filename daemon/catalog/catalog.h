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

/* Encodes into a sealed memfd. */
int catalog_to_memfd(const struct catalog *c, int *ret_fd);
/* Checks the seals, maps, decodes as above, unmaps. The result is all in memory that can only be read;
 * @shared: and that children share, for who makes some (base/arena.h). */
int catalog_from_memfd(int fd, bool shared, struct catalog **ret);

/* The same in parts, for who has others to serve meanwhile: a hundred profiles take a millisecond. Between
 * two parts the processor is left to others, in the first 100 ms; what takes longer than that is read on at
 * once. */
struct catalog_reader {
	struct cursor cursor;
	struct catalog *catalog; /* NULL: nothing is being read */
	size_t n_profiles;       /* that there are to be */
	uint64_t due_usec;       /* CLOCK_BOOTTIME: when the next part is to be read, unless one waits */
	uint64_t polite_until;   /* CLOCK_BOOTTIME */
};

#define CATALOG_READER_NULL ((struct catalog_reader){ 0 })

/* The fd stays the caller's, and is not needed any more. What is wrong with it catalog_reader_next() says. */
void catalog_reader_open(struct catalog_reader *reader, int fd, bool shared);
/* 0: there is more. 1: it is whole, and the reader is closed, as it is with an error. */
int catalog_reader_next(struct catalog_reader *reader, struct catalog **ret);
/* Also of CATALOG_READER_NULL. */
void catalog_reader_close(struct catalog_reader *reader);
