/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The shape of what strace writes about a call: where arguments begin and end among quoted text, structures,
 * comments and the paths behind file descriptors. Knows no call and no value.
 */

#include "learn/text.h"
#include "learn/tracked.h"

#define SCAN_DEPTH_MAX 64 /* nested brackets; the kernel's structures have a handful */

/* What ends an argument: ',' or a bracket that closes what was opened before the text; '\0' for its end. */
struct argument {
	struct text text; /* trimmed */
	char end;
};

/*
 * Takes one argument and what ends it off the front. -EINVAL for text that ends in a quoted string, a comment
 * or a decoration, or whose brackets do not match; -E2BIG past SCAN_DEPTH_MAX. With @partial, brackets may
 * stay open at the end.
 */
int scan_argument(struct text *t, bool partial, struct argument *ret);

/* "<...>" from its "<", behind a file descriptor or a pid. -EINVAL. */
int scan_decoration(struct text *t);

struct call_text {
	/* What the caller knows: */
	const struct tracked_call *tracked; /* or NULL */
	unsigned first;                     /* index of the first argument in the text */
	bool begins;  /* the text begins with an argument: brackets opened before it can not end in it */
	bool partial; /* the call's end is not in the text */
	/* What is found: */
	struct text value; /* of the tracked argument */
	bool found;
	unsigned n;       /* index of the argument that would come next */
	struct text tail; /* behind the closing ")"; unless .partial */
};

/* Goes through the arguments of a call, from behind its "(". Errors as scan_argument(). */
int scan_call(struct text t, struct call_text *c);

/* A member of a structure "{a=1, b=2}" by its "name="; -ENOENT. */
int scan_member(struct text structure, const char *label, struct text *ret);
