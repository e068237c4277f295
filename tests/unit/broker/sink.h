/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * D-Bus messages from their parts, good or bad, and sd-bus at the end of a socket pair to see what it takes:
 * of each message that message_check() lets through, no descriptor may stay open, and sd-bus has to go on.
 */

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_SIZE_MAX 262144U

/* Of one header field; text with its size, so that it may have a NUL in it. */
struct message_field {
	uint8_t code;
	const char *type; /* its signature */
	const char *text; /* s, o, g */
	size_t size;
	uint32_t number; /* all others; below 256 */
};

struct message_parts {
	bool big;
	uint8_t type, flags, version;
	uint32_t serial;
	struct message_field fields[12];
	size_t n_fields;
	size_t n_body;
};

/* A call of a method, and what of it is to be otherwise. */
struct message_parts message_call(void);
struct message_field message_text(uint8_t code, const char *type, const char *text);
struct message_field message_number(uint8_t code, uint32_t number);
void message_make(const struct message_parts *p, struct buf *ret);
/* What is behind the header fields is the body, says its head then. At least a head. */
void message_fit_body(uint8_t *m, size_t size);

enum {
	SAMPLES = 10
};
/* Good ones, of each type; of how many descriptors each says to come with. */
void message_sample(size_t i, struct buf *ret, size_t *ret_n_fds);

struct sink {
	int fd;
	struct sd_bus *bus;
	int null_fd;
	unsigned n_taken;
};

void sink_open(struct sink *s);
void sink_close(struct sink *s);
/* sd-bus handed it to who listens, goes on, and no descriptor is left of it. */
bool sink_takes(struct sink *s, const uint8_t *data, size_t size, size_t n_fds);
