/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The jails that wait for launches (Warm=, MaxWarm=): which there are, how many there should be, and which
 * are to go. Decides, and starts and ends nothing. Times are of CLOCK_BOOTTIME, in microseconds.
 */

#include "catalog/catalog.h"
#include "jail/jail.h"
#include "jail/uids.h"
#include "registry/registry.h"

#include <sys/queue.h>

#define PARKED_MAX          256U                         /* of all profiles together */
#define PARKED_AGE_USEC     (5 * 60 * UINT64_C(1000000)) /* what is older is not used */
#define PARKED_IDLE_USEC    (10 * UINT64_C(1000000))     /* without a launch: back to Warm= */
#define PARKED_AHEAD_USEC   UINT64_C(1000000)            /* the same for processes of spare ones: none */
#define PARKED_UIDS_PART    8U /* of the user ids that there are, so many parts are not for parked jails */
#define PARKED_LIVED_USEC   UINT64_C(1000000) /* what dies earlier is not replaced before the next launch */
#define PARKED_SHORT_USEC   (10 * UINT64_C(1000000)) /* when memory was short: none are made for so long */
#define PARKED_MOUNTS_USEC  250000U                  /* after a change of mounts: more of them often follow */
#define PARKED_SILENCE_MSEC 1 /* launches one after the other leave less; one that is made gives way */

struct parked_class;

struct parked {
	TAILQ_ENTRY(parked) entry;
	struct parked_class *class; /* NULL: it is to go */
	struct jail jail;
	struct jail_spec spec;
	struct source report, process; /* of the jail's */
	bool killed;                   /* one that is to go */
	bool dynamic_uid;
	uid_t uid; /* if so */
	uint64_t since_usec;
};

TAILQ_HEAD(parked_list, parked);

/* The jails of one profile. */
struct parked_class {
	const struct compiled_profile *profile; /* of the catalog in force; NULL: of spare jails */
	struct parked_list list;                /* the oldest first */
	size_t n, wanted, least, most;          /* that there are, should be, and what that is between */
	uint64_t used_usec;                     /* when one was asked for last */
	bool failed; /* one could not be built, or died young: none are made before the next launch */
};

struct parking {
	struct parked_class *classes;
	size_t n_classes;
	struct parked_class spare; /* for launches that find nothing parked: see jail_spec.spare */
	uint8_t spare_kind;        /* that was asked for last: the next one is of it */
	struct parked_list leaving;
	size_t n, n_dynamic;      /* all that there are, those that leave included */
	bool made;                /* one with a process was, since it was asked */
	uint64_t not_before_usec; /* none are made before this */
};

void parking_init(struct parking *p);
/* All that wait leave, and so must have left before this is done with. */
void parking_done(struct parking *p);
/* A new catalog: all leave but the spare ones; or NULL: all leave. On failure none are wanted. */
int parking_set_catalog(struct parking *p, const struct catalog *c);
/* One that is built and young, for a launch of this profile; it stays where it is. NULL: none, and where the
 * profile wants some, there will be one more. */
struct parked *parking_find(struct parking *p, const struct compiled_profile *profile, uint64_t now_usec);
/* A spare one of the kind that a launch of this profile can go on with. NULL: none, and there will be one
 * more, or one in the place of another. */
struct parked *parking_find_spare(
	struct parking *p, const struct compiled_profile *profile, uint64_t now_usec);
/* A new one, whose jail is yet to be started; of a spare one it is said of which kind. NULL: no memory. */
struct parked *parking_add(struct parking *p, struct parked_class *class, uint64_t now_usec);
/* With a user of its own. -EUSERS: parked jails have as many as they may have; else as users_take(). */
int parking_take_uid(struct parking *p, struct parked *one, struct uids *uids, struct jail_context *c,
	uint64_t quarantine_usec, uid_t *ret);
/* The pidfd by which its end is heard of: of a spare one, its init's, if it has one. -1: none. Borrowed. */
int parked_process(const struct parked *one);
/* The keeper speaks of jails by the sandbox that they are, or may become. Borrows. */
struct sandbox parked_sandbox(const struct parked *one);
/* What of its spec does not come from the plan. */
int parked_fill(struct parked *one, uint64_t id, int null_fd);
/* Its jail has ended, or is somebody else's. @uids: where its user goes back to; NULL: that is, too. */
void parking_free(struct parking *p, struct parked *one, struct uids *uids);
/* It is to go. */
void parking_leave(struct parking *p, struct parked *one);
/* The same for one that could not be built, or has died. */
void parking_lose(struct parking *p, struct parked *one, uint64_t now_usec);
/* The same for one that could not be started. */
void parking_fail(
	struct parking *p, struct parked *one, const struct jail_error *e, int error, uint64_t now_usec);
/* Its report can be read, or it has ended. False: it is lost. */
bool parking_hear(struct parking *p, struct parked *one, uint64_t now_usec);
/* All but the spare ones are to go; none are made for a while. */
void parking_leave_all(struct parking *p, uint64_t not_before_usec);
/* Memory is short: all are to go, and what demand has added is given up. */
void parking_relieve(struct parking *p, uint64_t now_usec);
/* The next one to go, or NULL. */
struct parked *parking_leaving(struct parking *p);
/* How many more there may be beside so many sandboxes, so that these have their places. */
size_t parking_room(const struct parking *p, size_t live, const struct generation *current);
/* Of which one should be made; NULL: there are as many as are wanted. @room: how many more there may be. */
struct parked_class *parking_lacking(struct parking *p, size_t room, uint64_t now_usec);
/* When none should: whether some were made since this was asked last. They have copies of their maker's
 * memory, and it has copied the pages that it writes to. */
bool parking_settle(struct parking *p);
/* After how many milliseconds there is something to do, if nothing happens; -1: never. */
int parking_wait(struct parking *p, size_t room, uint64_t now_usec);
