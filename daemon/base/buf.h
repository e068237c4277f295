/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Binary records: a growing writer and a bounds-checked reader. Integers are in host order: the records never
 * leave the machine. Both are sticky: after the first error every call is a no-op, and the error comes out
 * once, at the end, from buf_error() or cursor_end(). So encoders and decoders read as plain lists of fields.
 */

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t size, allocated;
	size_t max; /* growing past this is -EMSGSIZE; 0: no limit */
	int error;
};

#define BUF_INIT(max_size) ((struct buf){ .max = (max_size) })

void buf_done(struct buf *b);
void buf_put(struct buf *b, const void *data, size_t size);
/* Room for so many bytes at the end, to be filled before anything else is put there; NULL after an error. */
uint8_t *buf_extend(struct buf *b, size_t size);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_i32(struct buf *b, int32_t v);
/* Length-prefixed bytes (u32). */
void buf_put_bytes(struct buf *b, const void *data, size_t size);
/* As bytes, without the NUL. NULL is written as "". */
void buf_put_str(struct buf *b, const char *s);
/* Count, then strings. NULL is an empty list. */
void buf_put_strv(struct buf *b, char *const *v);
/* 0, or the first error met. */
int buf_error(const struct buf *b);

struct arena;

struct cursor {
	const uint8_t *data;
	size_t size, at;
	int error;
	struct arena *arena; /* where strings and lists go; NULL: each is the caller's to free(3) */
};

#define CURSOR_INIT(d, n) ((struct cursor){ .data = (d), .size = (n) })

/* @size bytes in place (valid as long as the input is), or NULL after an error. */
const void *cursor_get(struct cursor *c, size_t size);
uint8_t cursor_get_u8(struct cursor *c);
uint32_t cursor_get_u32(struct cursor *c);
uint64_t cursor_get_u64(struct cursor *c);
int32_t cursor_get_i32(struct cursor *c);
/* A value in 0..max, else the cursor fails with -EBADMSG. */
uint32_t cursor_get_u32_max(struct cursor *c, uint32_t max);
/* 0 or 1, else -EBADMSG. */
bool cursor_get_bool(struct cursor *c);
const void *cursor_get_bytes(struct cursor *c, size_t max, size_t *ret_size);
/* A fresh string of at most max bytes; one with a NUL inside is -EBADMSG. NULL after an error. */
char *cursor_get_str(struct cursor *c, size_t max);
/* A fresh NULL-terminated list; at most max_n strings of at most max bytes each. NULL after an error. */
char **cursor_get_strv(struct cursor *c, size_t max_n, size_t max);
/* Element count that can still fit: each element needs at least min_size bytes, so a forged count can not
 * make the reader allocate more than the input's own size. -EBADMSG past max. */
size_t cursor_get_count(struct cursor *c, size_t max, size_t min_size);
/* Room for a list, zeroed, as strings have theirs. NULL: failed. */
void *cursor_take(struct cursor *c, size_t n, size_t size);
/* Marks the cursor failed. */
void cursor_fail(struct cursor *c, int error);
/* 0 when everything was read, without error and with nothing left over; else the error or -EBADMSG. */
int cursor_end(const struct cursor *c);
