/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The keeper: pid 1 of Bailiff's own PID namespace. Starts compiler, launcher and broker, introduces them to
 * each other, starts again what died, and ends everything when it is told to. It reads records of one fixed
 * size, and nothing else from anybody.
 */

#include "keeper/options.h"
#include "keeper/runtime.h"
#include "wire/messages.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum helper {
	HELPER_COMPILER,
	HELPER_LAUNCHER,
	HELPER_BROKER,
	_HELPER_MAX,
};

/* A helper's process, and when to start the next one. */
struct child {
	pid_t pid; /* 0: not running */
	int pidfd, channel;
	bool ready;
	uint64_t started_usec;
	uint64_t kill_at_usec;  /* end of patience; USEC_INFINITY: none */
	uint64_t start_at_usec; /* not before this */
	unsigned quick_ends;    /* in a row */
};

/* Bytes on the lifeline, one a record. From the stub: */
#define LIFELINE_STOP   'T'
#define LIFELINE_RELOAD 'H'
/* To the stub: the service is up, or a reload has come to its end. */
#define LIFELINE_READY 'R'

struct keeper {
	struct options options;
	struct runtime runtime;
	uid_t uid; /* of the user bailiff */
	gid_t gid;
	int lifeline, signals, null_fd, host_proc_fd, host_mounts_fd; /* -1 when there is none */
	int rates_fd;              /* launches of the last minute: memory of one broker after the other */
	int programs[_HELPER_MAX]; /* O_PATH fds of the helpers' files */
	struct child children[_HELPER_MAX];

	int catalog_fd; /* in force, or -1 */
	uint32_t generation;
	int offered_fd;   /* compiled, not yet taken by the launcher; or -1 */
	bool offered;     /* the launcher has been asked to take it */
	bool compiled;    /* the compiler that runs has delivered */
	bool reload_wish; /* came while one was under way */
	/* the broker's, of its wish and of the reload under way, which its outcome repeats; 0: not its wish
	 */
	uint32_t wish_serial, reload_serial;
	bool up; /* was ready once: from now on what ends is started again */

	bool stopping, hurried;
	bool stop_told, sandboxes_ended, broker_told; /* how far the stop has come */
	uint64_t stop_at_usec;                        /* then nothing is waited for any more */
	int exit_status;
};

extern const char *const helper_names[_HELPER_MAX];

/* spawn.c: starts a helper and keeps its channel. */
int spawn_helper(struct keeper *k, enum helper which);

/* reap.c: takes the status of every process that ended; says in *ret_ended (bit per helper) which of ours
 * did. */
void reap_children(struct keeper *k, unsigned *ret_ended);
/* Kills every process of the namespace but the keeper and those helpers that still run. Returns how many
 * there were, or a negative errno. */
int kill_strays(const struct keeper *k);
/* When a helper that just ended may be started again: at once, but with a growing pause after five quick
 * ends. */
void plan_restart(struct child *c, uint64_t now_usec);

/* confine.c: own mounts and /proc; deny-list; capabilities. */
int keeper_confine(void);

/* loop.c: runs until told to stop; the exit status. */
int keeper_run(struct keeper *k);
