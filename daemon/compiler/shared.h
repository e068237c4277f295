/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What profiles have in common is made once in a compilation: the program of the same Policy= and the same
 * keys, and what is exposed by the same program. A policy is read once for all profiles that name it; so they
 * have one version of it, whatever is written meanwhile. What is wrong is made for each anew, as its
 * diagnostics have places.
 */

#include "base/buf.h"
#include "profile/score.h"
#include "seccomp/layers.h"

#include <linux/filter.h>

struct shared_filter {
	struct shared_filter *next;
	struct buf key;
	struct sock_filter *filter;
	size_t n_filter;
	char *policy_path; /* NULL: no Policy= */
	/* How exposed it leaves a profile, with MemoryDenyWriteExecute= (a second filter's) and without. */
	struct score scores[2];
	bool assessed[2];
	const char *network_call; /* of network.h, once it is asked for */
	bool network_asked;
	bool network_left, left_asked; /* the same */
	const char *ipc_call;          /* of ipc.h, as above */
	bool ipc_asked;
};

/* Zeroed: none yet. */
struct shared_filters {
	struct shared_filter *first;
};

void shared_filters_done(struct shared_filters *s);
/* The same words make the same program: @policy's name, or NULL. @ret: all of them, the caller's to give to
 * buf_done(). 0 or -ENOMEM. */
int shared_filter_key(const struct seccomp_layers *l, const char *policy,
	const bool wanted[_ARCHITECTURE_MAX], struct buf *ret);
/* NULL: not made yet. */
const struct shared_filter *shared_filter_find(const struct shared_filters *s, const struct buf *key);
/* Takes the key over on success, and copies the rest. 0 or -ENOMEM. */
int shared_filter_add(struct shared_filters *s, struct buf *key, const struct sock_filter *filter, size_t n,
	const char *policy_path);
/* The one that has this program; NULL: none. */
struct shared_filter *shared_filter_of(
	const struct shared_filters *s, const struct sock_filter *filter, size_t n);
