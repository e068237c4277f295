/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Ways to start the payload. Each gets the same payload and the same pipe, and is timed from the moment
 * before the request to the payload's first line ("first") and to the moment when its end was seen ("end").
 */

#include "stats.h"

#include <bailiff/bailiff.h>
#include <stdbool.h>

struct bench {
	bailiff_connection *connection;
	const char *payload; /* the static program, as the host sees it */
	const char *jailed;  /* the same, as the profile names it */
	const char *profile;
};

struct contender {
	const char *name;
	const char *what; /* for the reader: how much of a jail it is */
	/* NULL: always usable */
	bool (*usable)(void);
	/* 0 and both times, or negative errno. */
	int (*launch)(const struct bench *b, uint64_t *ret_first, uint64_t *ret_end);
	struct samples first, end;
	bool active;
};

extern struct contender contenders[];
extern const size_t n_contenders;
