/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The broker's real objects without a bus: one end of a socket pair is the broker, the other end plays the
 * bus (its driver and every client on it). The keeper's and the launcher's ends of their channels are the
 * test's too.
 */

#include "base/io.h"
#include "broker/broker.h"
#include "wire/messages.h"

#include <systemd/sd-bus.h>

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
/* clang-format on */

/* Connections on the bus that is played. */
#define ALICE  ":1.10" /* uid 1000, groups 1000 and 44: may launch "decoder" */
#define ALICE2 ":1.11" /* the same user over another connection */
#define BOB    ":1.20" /* uid 1001, group 1001: may not */
#define ROOT   ":1.30" /* uid 0 */

enum credentials {
	CREDENTIALS_FULL,
	CREDENTIALS_ERROR, /* the driver refuses */
	CREDENTIALS_NO_UID,
	CREDENTIALS_NO_GROUPS,
	CREDENTIALS_NO_GROUP, /* the list is there, and empty */
	CREDENTIALS_BAD_UID,  /* (uid_t)-1 */
	CREDENTIALS_BAD_TYPE, /* the uid as a string */
	CREDENTIALS_TWICE,    /* two uids */
	CREDENTIALS_FORGED,   /* full, but from another sender than the driver */
	CREDENTIALS_LATE,     /* no answer before rig_answer_late() */
};

struct person {
	const char *name;
	uid_t uid;
	gid_t gids[3];
	size_t n_gids;
	enum credentials credentials;
	bool gone;
	const char *label; /* or NULL */
	size_t label_size; /* 0: without a NUL at its end */
	bool pidfd;        /* the bus tells ProcessFD */
	uint32_t pid;      /* 0: 4711 */
};

/* What polkit says when it is asked. */
enum polkit_play {
	PLAY_ABSENT,
	PLAY_YES,
	PLAY_NO,
	PLAY_CHALLENGE,
	PLAY_GARBAGE, /* an answer of another type */
	PLAY_REFUSES, /* NotAuthorized: bailiff is not the action's owner */
	PLAY_DIES,    /* the bus says that nobody is left to answer */
	PLAY_SLOW,    /* nothing before rig_answer_polkit() */
};

/* The answer to a call. */
struct reply {
	bool there;
	sd_bus_message *message; /* owned */
	const char *error;       /* name, NULL when it succeeded */
	const char *text;
};

struct rig {
	struct broker broker;
	sd_event *broker_event, *event;
	sd_bus *bus;          /* the bus' end */
	int launcher, keeper; /* ours; -1 when closed */
	sd_id128_t bus_id;
	struct person people[8];
	size_t n_people;
	unsigned n_asked; /* GetConnectionCredentials */
	sd_bus_message *late;
	/* signals that the broker sent */
	struct {
		char destination[32], member[32];
	} signals[32];
	size_t n_signals;
	/* the same, of the object manager */
	struct {
		char destination[32], member[32];
	} managed[32];
	size_t n_managed;
	bool refuse_name, keep_name; /* no answer to ReleaseName */
	unsigned n_released;
	sd_bus_message *early; /* a call that is delivered before the next answer about the name */
	struct reply early_reply;

	enum polkit_play polkit;
	unsigned n_polkit, n_cancelled;
	sd_bus_message *question; /* the last one to polkit */
	/* what the launcher says of every process, unless it is to be asked by rig_take() */
	bool process_by_hand;
	unsigned n_processes, n_process_fds;
	struct {
		int error;
		uid_t uid; /* 0: 1000 */
		const char *cgroup, *loginuid;
	} process;
	uint32_t confirmed_pid; /* what the bus says when it is asked once more; 0: the same, 1: an error */
};

/* Up to the broker's READY; with profiles "decoder" (group 44), "open" (uid 1000; detach), "broken" and
 * "admin". */
int rig_setup(void **state);
/* The same up to the question for the launcher's table. */
int rig_setup_unfinished(void **state);
int rig_teardown(void **state);
/* The launcher's answer to LIST that it has no sandbox; then until READY. */
void rig_finish_start(struct rig *r, uint32_t list_serial);

struct person *rig_person(struct rig *r, const char *name);
void rig_step(struct rig *r);
/* Runs until the condition holds; fails the test after five seconds. */
#define rig_until(r, condition)                                                                              \
	do {                                                                                                 \
		uint64_t rig_deadline_ = now_boottime_usec() + 5000000;                                      \
		while (!(condition)) {                                                                       \
			assert_true(now_boottime_usec() < rig_deadline_);                                    \
			rig_step(r);                                                                         \
		}                                                                                            \
	} while (false)
/* Runs for a while in which nothing is expected to happen. */
void rig_settle(struct rig *r);
bool rig_broker_ended(struct rig *r, int *ret_status);

/* A call of the manager or of sandbox id (0: the manager), not sent yet. */
sd_bus_message *rig_call(struct rig *r, const char *sender, uint64_t id, const char *member);
sd_bus_message *rig_call_path(
	struct rig *r, const char *sender, const char *path, const char *interface, const char *member);
/* Sends m, which is consumed; the answer comes into reply. */
void rig_send(struct rig *r, sd_bus_message *m, struct reply *reply);
void rig_wait(struct rig *r, struct reply *reply);
void reply_done(struct reply *reply);
/* Sends, waits, and checks for this error (NULL: success). The reply is kept in *ret if not NULL. */
void rig_expect(struct rig *r, sd_bus_message *m, const char *error, struct reply *ret);
/* An error, and words that are in its message. */
void rig_expect_text(struct rig *r, sd_bus_message *m, const char *error, const char *text);
/* A launch by default arguments: profile, argv {"/bin/true"}, nothing else. */
sd_bus_message *rig_launch(struct rig *r, const char *sender, const char *profile);
/* The connection leaves the bus. */
void rig_leave(struct rig *r, const char *name);
/* Answers the question that polkit has as this play has it. */
void rig_answer_polkit(struct rig *r, enum polkit_play play);
/* Answers the launcher's question about a process. */
void rig_answer_process(struct rig *r, uint32_t serial);
/* Sends the answer that was kept back. */
void rig_answer_late(struct rig *r);

/* The launcher's side: the next request, which must be of this type. */
struct request {
	struct wire_record record;
	struct cursor body;
	uint32_t serial;
};
void rig_take(struct rig *r, uint32_t type, struct request *ret);
void request_done(struct request *q);
/* The launcher hears that nobody waits any more for the launch of this serial. */
void rig_take_abandon(struct rig *r, uint32_t launch);
bool rig_launcher_idle(struct rig *r);
void rig_answer_done(struct rig *r, uint32_t serial, int error);
void rig_answer_launched_pty(
	struct rig *r, uint32_t serial, uint64_t id, int master); /* borrowed; -1: none */
void rig_answer_launched(struct rig *r, uint32_t serial, uint64_t id);
void rig_tell_exited(struct rig *r, uint64_t id, enum sandbox_result result, int code, int signal);
/* The next launch is taken and answered; returns the reply's message in *reply. */
void rig_launch_sandbox(
	struct rig *r, const char *sender, const char *profile, uint64_t id, struct reply *reply);
/* The launcher of before has ended, or does so now: the broker hears of another, and asks for its table. */
void rig_next_launcher(struct rig *r, struct request *ret);
/* A sandbox in that table. */
struct rig_kept {
	uint64_t id;
	uid_t owner;
	const char *owner_name; /* NULL: a note of another bus; "": no note at all */
	bool detach, exited;
	struct token token;
};
void rig_tell_kept(struct rig *r, uint32_t serial, const struct rig_kept *k);
/* Open in this process, which is the broker too. */
size_t rig_count_fds(void);
/* A catalog as the compiler makes it; with @variant 1 an error more, with RIG_LARGE RIG_MANY invalid
 * profiles. */
#define RIG_LARGE 2U
#define RIG_MANY  2000U
int rig_catalog_memfd(unsigned variant);
