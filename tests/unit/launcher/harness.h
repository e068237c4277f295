/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A real bailiff-launcher with the test as its keeper and its broker. Profiles of the catalog that it is
 * given: enum profile_index, in order of their names.
 */

#include "catalog/catalog.h"
#include "jail/stage.h"
#include "plan/plan.h"
#include "tests/unit/unit.h"
#include "wire/messages.h"

#include <sys/types.h>

enum profile_index {
	PROFILE_DYNAMIC,  /* a user id for each sandbox */
	PROFILE_MISSING,  /* a program that does not exist */
	PROFILE_NOTIFY,   /* as the next, with a root of its own; TimeoutStartSec=4s */
	PROFILE_SHELL,    /* /usr/bin/dash with any argument, for ALLOWED_UID */
	PROFILE_SHORT,    /* the same, RuntimeMaxSec=200ms */
	PROFILE_TERMINAL, /* the same on a pty */
	N_PROFILES,
};

#define ALLOWED_UID  4711U
#define MAX_LIVE     4U
#define DYNAMIC_MIN  70000U /* ids of PROFILE_DYNAMIC */
#define DYNAMIC_N    60U
#define REPLY_MSEC   10000
#define SILENCE_MSEC 100

struct launcher {
	pid_t pid;
	int keeper, broker; /* our ends */
	uint32_t generation;
	uint32_t serial;
	char dir[64]; /* holds the salt */
	int uids_fd;  /* record of dynamic user ids; kept from start to start */
};

/* Starts one with a catalog and a broker connection. The program's path is in $BAILIFF_LAUNCHER. */
void launcher_start(struct launcher *l);
/* Ends the connection and checks that it exits with 0 and leaves no child. */
void launcher_stop(struct launcher *l);

/* A sealed catalog with the profiles above. */
int catalog_memfd(const struct launcher *l);
void tell_launcher(struct launcher *l, uint32_t type, uint32_t generation, uint32_t value, int fd);
/* Waits for the next record of the keeper's channel and checks its type. */
void expect_keeper(struct launcher *l, uint32_t type);
/* Gives the launcher a new broker connection in place of the old. */
void connect_broker(struct launcher *l);
/* The same, and it asks for the list, as each does first. What is in that is not looked at. */
void introduce_broker(struct launcher *l);
/* True when the launcher closed the broker's connection; waits for it. */
bool broker_is_cut_off(struct launcher *l);

/* A request for `dash -c script` with nothing else set. */
struct launch_request request_shell(const struct launcher *l, uint32_t profile, char *argv[4], char *script);
/* Sends it; returns the serial. fds as in the record. */
uint32_t send_launch(struct launcher *l, const struct launch_request *m, const int *fds, size_t n_fds);
/* Receives the next record from the launcher into *record (to be freed); returns its type and sets its
 * serial. */
uint32_t receive(
	struct launcher *l, struct wire_record *record, uint32_t *ret_serial, struct cursor *ret_cursor);

/* Launch and expect success; the pidfd goes to *ret_pidfd unless NULL. Returns the id. */
uint64_t launch(struct launcher *l, uint32_t profile, char *script, int *ret_pidfd);
uint64_t launch_request_ok(struct launcher *l, const struct launch_request *m, const int *fds, size_t n_fds,
	struct launched *ret, int *ret_pidfd);
/* Launch and expect a refusal; free with refused_done(). */
struct refused launch_refused(
	struct launcher *l, const struct launch_request *m, const int *fds, size_t n_fds);
/* The next record must be this sandbox's end. */
struct sandbox_exit expect_exit(struct launcher *l, uint64_t id);
/* The next record must be WIRE_DONE with this serial; returns its error. */
int expect_done(struct launcher *l, uint32_t serial);
/* Sends a record of serial ++l->serial, and frees it; the answer must be WIRE_DONE. Returns its error. */
int ask(struct launcher *l, struct buf *b);
int ask_signal(struct launcher *l, uint64_t id, int sig, bool all);
int ask_stop(struct launcher *l, uint64_t id, uint64_t timeout_usec, uint32_t reason);
int ask_forget(struct launcher *l, uint64_t id);
/* Open fds of the launcher. */
size_t count_fds(const struct launcher *l);
size_t count_children(const struct launcher *l);
/* Of one that has nothing to do: it has no children. */
size_t count_settled_fds(struct launcher *l);
/* Answers go out before everything is put away; after one more question it is. */
void settle(struct launcher *l);
/* A launch that fails because its program is missing. */
void launch_missing(struct launcher *l);
/*
 * No fds but these, and no children. A killed jail that takes its time to end is put away when the next one
 * begins; on a machine at its limits that can take a few.
 */
void expect_nothing_left(struct launcher *l, size_t fds);
