/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The table of sandboxes: live ones, and ended ones whose end the broker has not yet said to forget. Knows
 * what a sandbox is, not how it runs. The list in order of age is in order of ids: they grow, and a jail that
 * was parked has had its own for longer.
 */

#include "base/timers.h"
#include "catalog/generation.h"
#include "jail/jail.h"
#include "jail/pools.h"
#include "registry/source.h"
#include "wire/messages.h"

#include <sys/queue.h>

#define REGISTRY_BUCKETS                                                                                     \
	4096U /* a power of two, not below SANDBOXES_MAX: ids are consecutive, so chains stay at 1 */

struct lifeline {
	struct source source; /* fd owned here */
	struct sandbox *sandbox;
};

struct sandbox {
	TAILQ_ENTRY(sandbox) by_age;
	TAILQ_ENTRY(sandbox) by_end; /* while retained */
	LIST_ENTRY(sandbox) by_id;

	uint64_t id;
	enum sandbox_state state;
	struct generation *generation; /* while live */
	uint32_t generation_number;
	char *profile, *tag, *cgroup;
	uid_t owner, uid;
	bool dynamic_uid, detach, adoptable, has_pty;
	uint32_t layers, lacking;
	uint8_t *note;
	size_t n_note;

	struct pool *pool; /* while live; NULL: none */
	struct jail jail;
	struct source process, report, listener, notify; /* fds owned by the jail */
	struct lifeline lifelines[LIFELINES_MAX];
	struct timer timer;

	uint32_t serial; /* of the launch, while it is STARTING */
	bool forsaken;   /* the connection that its answer belongs to is gone; adoptable: it goes on */
	bool abandoned;  /* its client is gone */
	enum jail_stage
		failed; /* why a launch was broken off by us: stage and words; STAGE_NONE if it was not */
	const char *failed_why;

	uint64_t begun_usec; /* boottime when the request came */
	uint64_t started_boottime_usec, started_realtime_usec, setup_usec;
	uint32_t stage_usec[_STAGE_MAX];
	uint64_t runtime_max_usec, timeout_start_usec, timeout_stop_usec;
	uint64_t start_deadline, runtime_deadline; /* boottime; the first until it said that it is ready */
	int32_t stop_signal;
	struct group_value limits[_GROUP_LIMIT_MAX]; /* in force, for those that may be tightened */

	struct violation *violations; /* the first VIOLATIONS_MAX; NULL: none yet */
	size_t n_violations;          /* all that were read */
	size_t n_questions;           /* and those that were taken back before */
	bool violated;                /* the program itself was killed for one */

	bool noticed,
		notice_stays;    /* the broker's word about what it says is awaited; that is in its socket */
	uint32_t slot, sequence; /* of what is written down of it */
	uint64_t process_id, cgroup_id; /* the inodes in it; 0: not known yet */
	bool adopted; /* started by a launcher before: its processes are the keeper's children */
	bool asking;  /* a question of its listener is being answered */

	bool has_reason; /* the end was asked for, result says why */
	enum sandbox_result reason;
	struct sandbox_exit exit;
};

TAILQ_HEAD(sandbox_list, sandbox);
LIST_HEAD(sandbox_bucket, sandbox);

struct registry {
	struct sandbox_list by_age, retained;
	struct sandbox_bucket buckets[REGISTRY_BUCKETS];
	uint64_t next_id;
	size_t n, n_retained; /* n counts all */
	int table_fd;         /* of wire/table.h, owned; or -1: nothing is written down */
	bool taken[SANDBOXES_MAX];
};

/* @first_id: ids start here. */
void registry_init(struct registry *r, uint64_t first_id);
/* An id for registry_add(), later. */
uint64_t registry_reserve_id(struct registry *r);
/*
 * A new sandbox with an id, in state STARTING: this one, or with 0 the next. A full table drops the retained
 * end that is oldest; -EUSERS when every place is taken by a live one, or n live ones have reached @max_live.
 */
int registry_add(struct registry *r, size_t max_live, uint64_t id, struct sandbox **ret);
/* One that is there already, in this slot. Ids of those that are taken in grow, too. */
int registry_take_in(struct registry *r, uint64_t id, uint32_t slot, struct sandbox **ret);
/* Copies. -ENOMEM: what was copied goes with the sandbox. @tag: NULL for none. */
int sandbox_set_words(
	struct sandbox *s, const char *profile, const char *tag, const void *note, size_t n_note);
/* NULL when there is none. */
struct sandbox *registry_find(const struct registry *r, uint64_t id);
/* The one whose launch the broker, the present one, asked for with this serial, while it is STARTING. */
struct sandbox *registry_find_starting(const struct registry *r, uint32_t serial);
/* The first sandbox with an id of at least @id, in order of age. Costs O(1) when that one exists. */
struct sandbox *registry_find_from(const struct registry *r, uint64_t id);
/* Moves a live sandbox to the retained ones. */
void registry_retain(struct registry *r, struct sandbox *s);
/* Takes a sandbox out and frees it. Its jail, fds and timer must have been dealt with. */
void registry_remove(struct registry *r, struct sandbox *s);
size_t registry_live(const struct registry *r);
/* Whether there are launches that go on though nobody waits for their answer. */
bool registry_is_settling(const struct registry *r);
