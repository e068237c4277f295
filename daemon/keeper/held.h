/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the keeper holds of the jails, so that they outlive their launcher: the fds that the launcher gave it,
 * and how those processes ended that became the keeper's children. Knows them by the sandbox' number and by
 * pidfd; a number of a process is never more than a hint.
 */

#include "wire/messages.h"

struct held_jail {
	uint64_t id;
	int fds[_HOLD_MAX];
	pid_t pids[HOLD_INIT + 1]; /* of the first two fds; 0: not looked up */
	bool ended, told;          /* the payload; and the launcher knows of it */
	uint32_t value;            /* of its end, as in the message */
};

struct held {
	struct held_jail *v;
	size_t n, allocated;
	int table_fd; /* records of them, for the launcher alone */
};

int held_init(struct held *h);
/* WIRE_HOLD: takes the fds. -EBADMSG for more jails than there can be. */
int held_take(struct held *h, const struct keeper_message *m, int fds[KEEPER_FDS_MAX]);
/* WIRE_RELEASE */
void held_release(struct held *h, uint64_t id);
/* Lets go of everything, and forgets the records; on failure of nothing. */
int held_give_up(struct held *h);
bool held_has(const struct held *h, uint64_t id);
/* Whose process, payload or init, this child of ours is; NULL: nobody's. *ret_payload: which of the two. */
struct held_jail *held_find_child(struct held *h, pid_t pid, bool *ret_payload);
/* Sends WIRE_HELD. */
int held_hand_over(struct held_jail *j, int channel);
/* Sends WIRE_ENDED for those that have, and of which it is not known. -EAGAIN: later. */
int held_tell_ends(struct held *h, int channel);
