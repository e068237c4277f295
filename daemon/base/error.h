/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The error contract of every function in Bailiff
 *
 * - A function that can fail returns int: 0 (or a documented non-negative value) on success, a negative errno
 *   value on failure. No positive error codes: in sd-bus callbacks a positive value means "handled".
 * - Output parameters are named ret_x and are written only on success. A parameter named reterr_x carries
 *   detail about a failure and is written only on failure.
 * - Libraries (everything but the main.c files and the broker's and launcher's event handlers) never log and
 *   never exit. Who handles an error logs it; who passes it on does not.
 * - errno is read once, at the line that failed, through errno_or() or RET_ERRNO(); it never lives across
 * calls.
 * - assert() is for the program's own invariants only, never for input.
 * - An error never grants: every decision starts from "refused" and is turned by an explicit, positive
 * answer.
 */

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

/* The negative errno of the call that just failed, never 0: a failure without errno is -EIO. */
static inline int errno_or_eio(void)
{
	return errno > 0 ? -errno : -EIO;
}

/* Turns a libc style result (-1 and errno) into a negative errno; other values pass. */
#define RET_ERRNO(expr)                                                                                      \
	({                                                                                                   \
		typeof(expr) _r = (expr);                                                                    \
		_r < 0 ? (typeof(expr))errno_or_eio() : _r;                                                  \
	})
