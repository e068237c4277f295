/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Calls that wait for what others have to say about their caller: the launcher about its process, polkit
 * about an action. Nothing is carried over such a wait but the answer: the call goes back into the queue, and
 * its handler begins anew, with the caller, the profile and the rights as they are by then. When the caller
 * leaves, the question is taken back and the call forgotten.
 */

#include "broker/caller.h"
#include "broker/polkit.h"
#include "broker/quota.h"

struct broker;
struct deferred;

/* Handlers return it as it is: the call is taken over. */
#define INQUIRY_WAITS 1

struct inquiry {
	struct inquiry *next;
	struct broker *broker;
	sd_bus_message *message;
	struct deferred *call; /* while it waits: counts as a call in flight */
	char *sender;
	uint32_t generation; /* of the profiles, when it began */
	bool launcher_asked; /* its answer is still to come */
	bool abandoned;      /* the caller has left; freed when nothing refers to it any more */
	bool looked;         /* at the caller's process; what was seen is in the caller */
	bool needs_unit;
	struct process_answer *process; /* until the bus has confirmed the number */
	enum polkit_verdict verdict;    /* UNASKED as long as it is */
	char *action;
	struct carried carried; /* by the call that waits for polkit, which can be long */
	sd_bus_slot *slot;      /* question to polkit or the bus */
	bool polkit_open;
	char cancellation[40];
};

/* What is known already for this call; NULL before the first question. */
const struct inquiry *inquiry_of(const struct broker *b, sd_bus_message *m);
/* The call is about to get its answer: what was learnt for it is not kept. */
void inquiry_end(struct broker *b, sd_bus_message *m);
/* Asks the launcher about the caller's process. @needs_unit: it decides, so a number is not trusted without
 * the bus saying once more whose it is. INQUIRY_WAITS; 0 when there is
 * nobody to ask, and the unit stays unknown; or a negative errno, with error set where there is more to say.
 */
int inquiry_look(
	struct broker *b, const struct caller *c, sd_bus_message *m, bool needs_unit, sd_bus_error *error);
/* The same for polkit. @carried: by the call, taken over; NULL: nothing that counts. */
int inquiry_polkit(struct broker *b, const struct caller *c, sd_bus_message *m,
	const struct polkit_question *q, const struct carried *carried, sd_bus_error *error);
/* A connection is gone. */
void inquiries_client_gone(struct broker *b, const char *name);
/* No answer will come any more. */
void inquiries_refuse(struct broker *b);
/* At the end: without answers. Handlers of the launcher's have been called before. */
void inquiries_done(struct broker *b);
