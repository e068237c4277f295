/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a launcher writes down of a sandbox for the one after it, beyond the fds that the keeper holds: the
 * entry that brokers get, and what only a launcher needs. The encoding is the wire's; it is checked like a
 * message, for the memory that it stands in may have been written by another version.
 */

#include "wire/messages.h"

/* Raised with each change of the encoding below, of sandbox_entry's, of the table's, or of enum hold. A
 * launcher adopts nothing of another version: an upgrade is checked for that before it begins. */
#define KEPT_VERSION 1U

#define KEPT_LIMITS_MAX 16U

struct kept_limit {
	uint32_t unit; /* enum group_unit */
	uint64_t value;
};

struct kept {
	struct sandbox_entry entry; /* in state STARTING, of an earlier version's: not adopted */
	bool dynamic_uid, frozen;
	bool asking; /* a listener's question may have been taken, and its process not yet been killed */
	bool violated, has_reason;
	uint32_t reason;                           /* enum sandbox_result */
	uint64_t deadline;                         /* of its timer, boottime; USEC_INFINITY: none */
	uint64_t runtime_deadline, start_deadline; /* likewise */
	uint64_t n_violations, n_questions;
	struct kept_limit limits[KEPT_LIMITS_MAX]; /* in force */
	size_t n_limits;
	char *pool;         /* "": none */
	uint32_t shared;    /* JAIL_NS_* of the pool */
	uint64_t process;   /* as fd_process() tells it; 0: not known */
	uint64_t cgroup_id; /* 0: it has none */
};

/* One of a table. */
struct kept_record {
	uint32_t slot, sequence;
	struct kept kept;
};

int encode_kept(struct buf *b, const struct kept *m);
/* -EPROTONOSUPPORT: of another version. Free with kept_done(). */
int decode_kept(struct cursor *c, struct kept *ret);
void kept_done(struct kept *m);
/*
 * All records of a table that can be read, by ids; what else there is is erased, and counted. @records: of
 * TABLE_SLOTS; kept_done() for the first *ret_n.
 */
void kept_load(int table_fd, struct kept_record *records, size_t *ret_n, size_t *ret_bad);
