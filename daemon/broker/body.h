/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Bodies of D-Bus messages beside sd-bus: questions that are asked often are read, and their answers written,
 * where they came from (quick.h), without a way there and back over sockets.
 *
 * The writer puts an answer either into a message of sd-bus' or into bytes, the same that sd-bus makes of it:
 * what is answered is written down once. So is what is asked: the reader takes it from either. From bytes it
 * takes less than sd-bus does, ASCII alone, and never more; what it does not take is read by sd-bus.
 */

#include "base/buf.h"

#include <systemd/sd-bus.h>

#define WRITER_DEPTH_MAX 8
#define WRITER_FDS_MAX   4
#define READER_DEPTH_MAX 8

/* Sticky, as struct buf. One of the two is set. */
struct writer {
	sd_bus_message *message;
	struct buf *bytes; /* of a message: a body begins at a multiple of eight */
	int error;
	int fds[WRITER_FDS_MAX]; /* of bytes; borrowed */
	size_t n_fds;
	size_t n; /* containers that are open */
	struct {
		char type;
		size_t length_at, begin; /* of an array */
	} open[WRITER_DEPTH_MAX];
};

/* Types as for sd_bus_message_open_container(3): 'a', 'r', 'e', 'v'. */
void writer_open(struct writer *w, char type, const char *contents);
void writer_close(struct writer *w);
/* As sd_bus_message_append_basic(3), of the types u, i, b, t, d, s and o. */
void writer_basic(struct writer *w, char type, const void *value);
void writer_text(struct writer *w, const char *s);
void writer_u32(struct writer *w, uint32_t v);
/* Borrowed until the message has gone out. */
void writer_fd(struct writer *w, int fd);
/* An entry of a dictionary by names, up to where its value goes; what is open is closed by two
 * writer_close(). */
void writer_open_entry(struct writer *w, const char *key, const char *type);
/* The same with a value of a basic type; a text itself, not its address. */
void writer_entry(struct writer *w, const char *key, char type, const void *value);
/* Entries of a dictionary that a writer put into bytes from a multiple of eight on. Into bytes alone. */
void writer_entries(struct writer *w, const uint8_t *entries, size_t size);
/* 0, or the first error met. */
int writer_error(const struct writer *w);

/* In place. NULL after an error, which is also: it is not ASCII. */
const char *body_text(struct cursor *c);
/* Where the array ends that begins there, of elements with this alignment; the first is next. */
size_t body_array(struct cursor *c, size_t alignment);

/* One of the two is set. The bytes are those of a body whose signature is known to be right. */
struct reader {
	sd_bus_message *message;
	struct cursor *bytes;
	const int *fds; /* that came with the bytes; borrowed */
	size_t n_fds;
	size_t n; /* containers of bytes that are open */
	struct {
		char type;
		size_t end; /* of an array */
	} open[READER_DEPTH_MAX];
};

/* As sd_bus_message_enter_container(3) and its kin: 1, 0 at the end of an array, or a negative errno; after
 * one of bytes all fail. */
int reader_enter(struct reader *r, char type, const char *contents);
int reader_exit(struct reader *r);
/* As sd_bus_message_read_basic(3), of the types y, q, u, i, b, h, t and s. */
int reader_basic(struct reader *r, char type, void *ret);
/* A structure ('r') or entry ('e') of such types, whose signature this is, into as many places. */
int reader_tuple(struct reader *r, char type, const char *types, ...);
/* An array of bytes, in place. */
int reader_bytes(struct reader *r, const char **ret, size_t *ret_size);
/* The type of what is in the variant that is next; it is still to be entered. */
int reader_variant(struct reader *r, const char **ret);
/* Leaves a variant out. From bytes none is. */
int reader_skip_variant(struct reader *r);
