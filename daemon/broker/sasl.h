/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The lines with which a D-Bus client begins, on the direct socket: EXTERNAL alone. The kernel has told whom
 * the connection belongs to; what the client claims may only agree. Pure: no input or output here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SASL_LINE_MAX  256 /* with the end of line; an EXTERNAL identity is a number in hexadecimal digits */
#define SASL_REPLY_MAX 64
#define SASL_LINES_MAX 16 /* a client needs four */

struct sasl {
	uid_t uid;        /* of the peer, as the kernel recorded it */
	const char *guid; /* 32 hexadecimal digits; borrowed */
	bool asked;       /* AUTH EXTERNAL came without an identity: DATA follows */
	bool accepted;
	bool fds; /* the client takes file descriptors */
	unsigned n_lines;
};

/*
 * One line, without its end. 0: reply, which may be empty, is to be sent. 1: BEGIN, messages follow.
 * -EPROTO: a line that does not belong here. -E2BIG: too many lines.
 */
int sasl_line(struct sasl *s, const char *line, size_t size, char reply[SASL_REPLY_MAX]);
