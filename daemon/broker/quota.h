/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What each uid holds of the broker: live sandboxes, exit states kept, calls that wait for an answer and
 * what they carry. An account exists as long as one of its numbers is not 0.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum quota_kind {
	QUOTA_LIVE,     /* sandboxes that run or are being launched */
	QUOTA_RETAINED, /* exit states */
	QUOTA_CALLS,    /* launches in flight, Wait and the like */
	QUOTA_BYTES,    /* argv and environment of launches in flight */
	QUOTA_FDS,      /* descriptors of theirs */
	_QUOTA_MAX,
};

struct account {
	uid_t uid;
	uint32_t used[_QUOTA_MAX];
};

struct quota {
	struct account *accounts;
	size_t n_accounts, allocated;
	uint32_t total[_QUOTA_MAX];
};

void quota_done(struct quota *q);
uint32_t quota_used(const struct quota *q, uid_t uid, enum quota_kind kind);
/* Counts that many more. -EDQUOT when uid would have more than @limit, -ENOMEM. */
int quota_take(struct quota *q, uid_t uid, enum quota_kind kind, uint32_t amount, uint32_t limit);
/* That many less; they must have been taken. */
void quota_give(struct quota *q, uid_t uid, enum quota_kind kind, uint32_t amount);

/* What a call that waits carries: counted against QUOTA_BYTES and QUOTA_FDS of its user. */
struct carried {
	uid_t uid;
	uint32_t n_bytes, n_fds;
};

/* Nothing is carried any more. */
void carried_give(struct quota *q, struct carried *c);
