/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the caller is to be told: answers of calls that are under way, and signals. It is in one list of its
 * connection: operations, until it is answered; then due, until bailiff_connection_process() tells it.
 */

#include "lib/internal.h"

enum operation_kind {
	OPERATION_LAUNCH, /* owns its sandbox until it is told; launch-async.c */
	OPERATION_WAIT,
	OPERATION_WATCH, /* Wait() on behalf of bailiff_sandbox_on_exit(), where no signal will come */
	OPERATION_EXIT,  /* these two wait in their sandbox until they are due */
	OPERATION_READY,
	OPERATION_VIOLATION,
	OPERATION_RELOAD,
	OPERATION_EVENT, /* without a message: some were missed */
};

/* What a launch asks the broker for. */
enum launch_phase {
	PHASE_LAUNCH,
	PHASE_LOOK, /* what ended before its launch could be answered */
	PHASE_STOP, /* what the caller does not get */
};

struct operation {
	struct operation *next;
	bailiff_connection *connection;
	enum operation_kind kind;
	sd_bus_slot *slot;
	sd_bus_message *message; /* the reply or the signal */
	int error;               /* why there is none */
	int taken;               /* a launch: what became of its reply */
	bailiff_sandbox *sandbox;
	union {
		bailiff_launch_handler launched;
		bailiff_wait_handler ended;
		bailiff_ready_handler ready;
	} handler;
	void *userdata;
	char *destination;
	/* a launch */
	enum launch_phase phase;
	bailiff_request *request; /* until it is answered for good */
	struct retry retry;
	uint64_t until; /* when the call that is under way has taken too long */
	bool own_token; /* nobody chose it but this library */
	bool lost;      /* it may have been started: an answer did not come */
};

/* async.c */
struct operation *operation_free(struct operation *o);
DEFINE_CLEANUP(struct operation *, operation_free);
int operation_new(
	bailiff_connection *c, enum operation_kind kind, bailiff_sandbox *s, struct operation **ret);
void operations_free(struct operation **list);
void operation_append(struct operation **list, struct operation *o);
void operation_take_out(struct operation **list, const struct operation *o);
/* The broker has to be known. */
int operation_send(struct operation *o, const struct call *call);
/* The connection is open, the broker known. */
int operations_begin(bailiff_connection *c);
/* Calls the handler. */
void operation_tell(struct operation *o);
/* What came of it: 0, or the error, which is set. */
int operation_judge(struct operation *o);
/* Asks the broker, which is known, for the end of s. */
int operation_watch(bailiff_sandbox *s);

/* launch-async.c: what was answered or failed. Puts it in a list. */
void launch_finish(struct operation *o);
void launch_tell(struct operation *o);

/* signals.c */
void watch_finish(struct operation *o); /* frees it */
void violation_tell(const struct operation *o);
void reload_tell(const struct operation *o);

/* events.c */
void event_tell(const struct operation *o);
