/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A caller's own name for a launch (option "token"). It is the last element of the object's path for its
 * owner, who can wait for signals before the sandbox is there, and it makes the launch one that can be asked
 * for again: while the sandbox is known, the same user's same request with the same token is answered with
 * that sandbox, by whichever broker. Others may use the same word; nobody sees whose tokens there are.
 */

#include "base/bounds.h"

#include <stdbool.h>
#include <stdint.h>

#define TOKEN_DIGEST 32 /* bytes: SHA-256 */

struct launch_request;

struct token {
	char name[TOKEN_MAX + 1]; /* "": none */
	uint8_t digest[TOKEN_DIGEST];
	uint32_t streams; /* bit of each that went with the answer, and can not be handed out again */
};

/* 1 to TOKEN_MAX of A-Z, a-z, 0-9 and "_", not digits alone: those are ids. */
bool token_is_valid(const char *s);
/*
 * Everything that is asked for, whoever asks, and which descriptors come under which number; not what the
 * descriptors are. -ENOMEM, -EMSGSIZE.
 */
int token_digest(const struct launch_request *m, const char *profile, uint8_t ret[TOKEN_DIGEST]);
/* Of one request. */
bool token_is_same(const struct token *a, const struct token *b);
