/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A launch that has no answer yet: made by launch-call.c, sent by launch-queue.c, ended by launch-answer.c.
 */

#include "broker/deferred.h"
#include "broker/launcher-client.h"
#include "broker/quota.h"
#include "broker/sandbox.h"
#include "broker/token.h"
#include "wire/messages.h"

struct parcel;

#define STREAMS ELEMENTSOF(((struct launch_request){ 0 }).stdio)

struct launch {
	struct launch *next;
	struct broker *broker;
	struct deferred *call;
	struct parcel *parcel; /* while it waits for its turn at the launcher: launch-queue.h */
	char *owner_name;      /* NULL once the connection has gone */
	char *profile, *tag;
	char *command_line; /* for its record; NULL unless it is to have one */
	char rule[128];     /* that permitted it */
	struct token token;
	uid_t uid;
	uint32_t generation;
	uint64_t sent_usec;   /* when it went to the launcher, */
	uint32_t serial;      /* and by which number */
	uint64_t rest_until;  /* it waits until then, if it waits */
	bool detach, counted; /* counted: against QUOTA_LIVE */
	struct carried carried;
	int streams[STREAMS]; /* our ends of pipes and sockets, and a pty's master; or -1 */
	int pty;              /* the first stream that is one, or -1 */
};

struct launch *launch_free(struct launch *l); /* returns NULL */
DEFINE_CLEANUP(struct launch *, launch_free);

/* Answers with a sandbox that this user's token has launched before. */
int launch_answer_again(struct launch *l, const struct sandbox *s);
/* The launcher's answer to the request; userdata is the launch, which it takes over. */
int launch_answer(struct broker *b, const struct launcher_answer *answer, void *userdata);
/* It does not get to the launcher: answers with error, or a sentence for r, and frees. */
void launch_fail(struct launch *l, int r, sd_bus_error *error);
/* Takes it out of the broker's list. */
void launch_unlink(struct launch *l);
