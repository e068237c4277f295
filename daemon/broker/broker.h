/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The broker's state, and the order in which it comes to life: catalog from the keeper, socket to the
 * launcher, the launcher's table of sandboxes, owners checked, bus name, READY. Calls are answered from then
 * on.
 */

#include "broker/audit.h"
#include "broker/between.h"
#include "broker/bus-link.h"
#include "broker/bus-mode.h"
#include "broker/caller.h"
#include "broker/direct.h"
#include "broker/explain-ready.h"
#include "broker/keeper-client.h"
#include "broker/launch-turns.h"
#include "broker/launcher-client.h"
#include "broker/leave.h"
#include "broker/outflow.h"
#include "broker/quota.h"
#include "broker/rate.h"
#include "broker/recall.h"
#include "broker/sandbox.h"
#include "catalog/catalog.h"

#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define SLOTS_MAX 8 /* vtables, filter, matches */

struct fd_channel;
struct inquiry;
struct launch;

struct broker {
	sd_event *event;
	enum bus_mode bus_mode;
	sd_event_source *bus_retry; /* while there is none, and one is wanted */
	struct bus_link link;
	sd_bus *bus; /* on the other end of the link; NULL without one */
	sd_bus_slot *slots[SLOTS_MAX];
	size_t n_slots;
	struct outflow outflow;
	struct direct direct; /* the socket beside the bus */
	int proc_fd;          /* procfs, to tell kinds of fds apart; or -1 for /proc */
	uint32_t landlock_abi;

	struct keeper_client keeper;
	struct launcher_client launcher;
	struct catalog *catalog;
	uint32_t generation;
	char **errors; /* of the last compilation, also a refused one */

	struct callers callers;
	struct recall recall;
	struct ready_answers ready_answers; /* of Explain */
	struct quota quota;
	struct rates rates;
	struct sandboxes sandboxes;
	struct launch *launches; /* in flight */
	struct launch_turns launch_turns;
	struct between between;            /* calls that wait for a launcher */
	struct inquiry *inquiries;         /* calls that wait until more is known of their caller */
	struct fd_channel *fd_channels;    /* calls that have descriptors come, or still to come */
	uint64_t n_inquiries;              /* questions to polkit so far */
	struct deferred_list reloads;      /* calls of Reload that wait for the keeper's answer */
	struct deferred_list reloads_next; /* those that came meanwhile: it was asked too early for them */
	struct salt *salt;                 /* as the launcher read it; dropped on reload */
	uint64_t salt_refused_usec;        /* when the launcher last had none, or 0; forgotten on reload */
	uint32_t listing;                  /* counts the launchers that were asked for their table */
	bool taken_over;  /* the first table is complete: what comes later is compared with ours */
	size_t n_checks;  /* owners of taken-over sandboxes still to be looked up */
	bool connected;   /* the bus has greeted us */
	bool served;      /* the keeper knows that we are ready */
	bool taking_over; /* the launcher was asked what there is */
	bool ready;       /* calls are answered */
	bool pushes;      /* output.h */
	bool stopping;
	struct leave leave;
	uint64_t n_launched;
	struct audit audit;
};

#define BROKER_NULL                                                                                          \
	((struct broker){ .proc_fd = -1,                                                                     \
		.audit = { .fd = -1, .kernel_fd = -1 },                                                      \
		.keeper = { .fd = -1 },                                                                      \
		.between = { .usec = BETWEEN_USEC },                                                         \
		.launcher = { .fd = -1 },                                                                    \
		.direct = { .fd = -1, .spare = SPARE_NULL } })

/* Refers to event. */
void broker_init(struct broker *b, sd_event *event);
void broker_done(struct broker *b); /* also of BROKER_NULL */
/* Logs and ends the event loop with a failure: the keeper starts another broker, which takes over. */
void broker_fail(struct broker *b, int error, const char *what);

/* The keeper's messages, as they arrive. */
/* @serial: of our request that led to it, or 0. */
int broker_take_catalog(struct broker *b, struct catalog *catalog, uint32_t generation, uint32_t serial);
/* @report: a catalog of which the errors count; borrowed; NULL when there is none. */
void broker_reload_failed(struct broker *b, const struct catalog *report, uint32_t serial);
int broker_take_launcher(struct broker *b, int fd);
/* The socket beside the bus: served as soon as calls are answered. */
int broker_take_direct(struct broker *b, int fd);
/* The launcher has gone: the jails live on, and the keeper will send a socket to the next one. */
void broker_launcher_gone(struct broker *b);
/* It said what can not be understood: who waits for it is told, and the loop ends with a failure. */
void broker_launcher_broken(struct broker *b, int error);
/* Said to who waits for something that will not come in this broker's life. */
#define BROKER_LEAVES "The broker ends, and this has not been done: try again with the next one"
/* The keeper asks for the end: everybody gets an answer, then the loop ends with success. */
void broker_stop(struct broker *b);
/* A connection has left the bus. */
void broker_client_gone(struct broker *b, const char *name);
/* The bus has greeted us. */
void broker_connected(struct broker *b);
/* Serves the direct socket; there is no bus, or it gave us our name. */
void broker_serve(struct broker *b);
