/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The table of sandboxes as the launcher reports them, live ones and those whose exit state is kept. Data and
 * lookup only; what happens to them is in lifetime.h, how D-Bus shows them in sandbox-bus.h.
 */

#include "base/cleanup.h"
#include "broker/deferred.h"
#include "broker/token.h"
#include "wire/messages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct broker;

struct sandbox {
	struct broker *broker;
	uint64_t id;
	char *profile, *tag, *cgroup;
	struct token token; /* the owner's name for it */
	char *owner_name;   /* connection that launched it; NULL when that is gone */
	uid_t owner;        /* who launched it */
	uid_t uid;          /* as what it runs */
	uint32_t pid;       /* as the host counts, 0 if unknown */
	uint32_t generation, layers, lacking;
	bool detach, has_pty;
	uint32_t listed; /* by which launcher's table, see struct broker */
	bool held;       /* taken over; its connection ended with the last broker, its lifeline did not */
	enum sandbox_state state;
	uint64_t started_realtime_usec, setup_usec;
	uint32_t stage_usec[WIRE_STAGES];
	struct sandbox_exit exit;      /* once EXITED */
	int pidfd;                     /* -1 once EXITED */
	uint64_t process;              /* as fd_process() tells it; 0: not known. Kept after the end */
	struct sandbox *older, *newer; /* of those whose exit state is kept */
	struct deferred_list waiters;
	struct violation violations[VIOLATIONS_MAX];
	size_t n_violations;
	uint64_t notices_usec;          /* boottime at which it may speak as often as ever, see notices.c */
	sd_event_source *notices_pause; /* until the launcher hears that the last one was read */
};

/* The live ones of a user and a profile. */
struct crowd {
	uid_t owner;
	char *profile;
	uint32_t n;
};

/* What each launch asks takes no longer the more sandboxes there are. */
struct sandboxes {
	struct sandbox **v;      /* sorted by id */
	struct sandbox **tokens; /* those that have one, sorted by owner and token */
	size_t n, n_tokens;
	size_t allocated;                /* of both */
	struct sandbox *oldest, *newest; /* whose exit state is kept, as they ended */
	struct crowd *crowds;            /* in no order: of users and profiles there are few */
	size_t n_crowds, allocated_crowds;
};

/* Not in the table yet. Strings are copied; NULL when out of memory. owner_name may be NULL. */
struct sandbox *sandbox_new(struct broker *b, const struct launched *l, const char *profile, const char *tag,
	const char *owner_name);
struct sandbox *sandbox_free(struct sandbox *s); /* returns NULL; waiters are dropped unanswered */
DEFINE_CLEANUP(struct sandbox *, sandbox_free);
bool sandbox_is_live(const struct sandbox *s);

/* Takes the pidfd over. */
void sandbox_set_pidfd(struct sandbox *s, int pidfd);

void sandboxes_done(struct sandboxes *all);
/* Takes s over on success, with the id, owner, profile, token and end that it has and will have. -EEXIST for
 * an id that is there already. */
int sandboxes_add(struct sandboxes *all, struct sandbox *s);
struct sandbox *sandboxes_find(const struct sandboxes *all, uint64_t id);
/* The one that this user launched with this token; NULL. */
struct sandbox *sandboxes_find_token(const struct sandboxes *all, uid_t owner, const char *token);
/* It has ended, as s->exit tells. */
void sandboxes_ended(struct sandboxes *all, struct sandbox *s);
/* Takes it out of the table and frees it. */
void sandboxes_remove(struct sandboxes *all, struct sandbox *s);
/* The one that ended first among those of uid, or of all with (uid_t)-1; NULL without any. */
struct sandbox *sandboxes_oldest_retained(const struct sandboxes *all, uid_t uid);
/* Live ones of this profile that uid launched. */
uint32_t sandboxes_count_live(const struct sandboxes *all, uid_t uid, const char *profile);
