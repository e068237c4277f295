/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The keeper: pid 1 of Bailiff's own PID namespace. Starts compiler, launcher and broker (and an auditor,
 * where the configuration asks for one), introduces them to each other, starts again what died, and ends
 * everything when it is told to. It reads records of one fixed size, and nothing else from anybody.
 */

#include "keeper/held.h"
#include "keeper/options.h"
#include "keeper/programs.h"
#include "keeper/runtime.h"
#include "wire/messages.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum helper {
	HELPER_COMPILER,
	HELPER_LAUNCHER,
	HELPER_BROKER,
	HELPER_AUDITOR, /* with KernelAudit=yes: a child without a program of its own */
	_HELPER_MAX,
};
#define HELPER_PROGRAMS HELPER_AUDITOR /* those before it have one */

/* A helper's process, and when to start the next one. */
struct child {
	pid_t pid; /* 0: not running */
	int pidfd, channel;
	bool ready;
	uint64_t started_usec;
	uint64_t kill_at_usec;  /* end of patience; USEC_INFINITY: none */
	uint64_t start_at_usec; /* not before this */
	unsigned quick_ends;    /* in a row */
	uint64_t pinged_usec;   /* and no answer since; 0: none is waited for */
	uint64_t answered_usec; /* to the last ping */
};

/* Bytes on the lifeline, one a record. From the stub: */
#define LIFELINE_STOP   'T'
#define LIFELINE_RELOAD 'H'
/* To the stub: the service is up, or a reload has come to its end. */
#define LIFELINE_READY 'R'
/* All is well, for the service manager's watchdog. */
#define LIFELINE_WATCHDOG 'W'

struct keeper {
	struct options options;
	struct runtime runtime;
	uid_t uid; /* of the user bailiff */
	gid_t gid;
	int lifeline, signals, null_fd, host_proc_fd, host_mounts_fd; /* -1 when there is none */
	int rates_fd; /* launches of the last minute: memory of one broker after the other */
	struct programs programs;
	struct child children[_HELPER_MAX];

	int catalog_fd; /* in force, or -1 */
	uint32_t generation;
	int offered_fd;   /* compiled, not yet taken by the launcher; or -1 */
	bool offered;     /* the launcher has been asked to take it */
	bool compiled;    /* the compiler that runs has delivered */
	bool reload_wish; /* came while one was under way */
	bool reexec_wish; /* others may have been installed: a reload has come to its end */
	unsigned put_off; /* so often in a row handing over has let a reload go first */
	bool replacing;   /* helpers end because we want it */
	/* the broker's, of its wish and of the reload under way, which its outcome repeats; 0: not its wish
	 */
	uint32_t wish_serial, reload_serial;
	bool audit;                /* the catalog in force wants records in the kernel's log */
	bool audit_offered;        /* the offered one does */
	bool auditor_leaves;       /* it was told to go: its end is no failure */
	struct held held;          /* what lives of the jails beyond a launcher */
	bool handing;              /* the launcher is being given it, and gets the catalog then */
	size_t handed;             /* so many of them it has got */
	bool launcher_full;        /* it has to read before there is room for more */
	bool introduced;           /* launcher and broker know each other */
	uint32_t peer_serial;      /* of the last introduction */
	unsigned failed_takeovers; /* launchers in a row that ended before they were ready */
	uint64_t bus_asked_usec;   /* when the broker asked for the bus last, and was heard */
	bool up;                   /* was ready once: from now on what ends is started again */
	bool comes_last;           /* nobody waits for the keeper; what it starts does not inherit that */

	uint64_t watchdog_usec; /* the service manager wants to hear so often; 0: never */
	uint64_t fed_usec;      /* when it last did */

	bool stopping, hurried;
	bool stop_told, sandboxes_ended, broker_told; /* how far the stop has come */
	uint64_t stop_at_usec;                        /* then nothing is waited for any more */
	int exit_status;
};

extern const char *const helper_names[_HELPER_MAX];

/* spawn.c: starts a helper and keeps its channel. */
int spawn_helper(struct keeper *k, enum helper which);

/* hear.c: takes note of what has ended. */
void hear_ends(struct keeper *k);
/* hear.c: what a helper said that ended, or may have. */
void hear_rest(struct keeper *k, enum helper which);

/* reap.c: takes the status of every process that ended; says in *ret_ended (bit per helper) which of ours
 * did. */
void reap_children(struct keeper *k, unsigned *ret_ended);
/* Kills every process of the namespace but the keeper and those helpers that still run. Returns how many
 * there were, or a negative errno. */
int kill_all(struct keeper *k);
/* The same for what a launcher has left behind that belongs to no jail that is held. Jails' control groups
 * are runtime_clear_cgroup()'s affair. */
int kill_strays(struct keeper *k);
/* When a helper that just ended may be started again: at once, but with a growing pause after five quick
 * ends. */
void plan_restart(struct child *c, uint64_t now_usec);

/* confine.c: own mounts and /proc; deny-list; capabilities. @again: after an exec, which leaves of all that
 * the capabilities. */
int keeper_confine(bool again);

/* watchdog.c: asks launcher and broker whether they answer, kills one that does not, tells the service
 * manager. Lowers *next to when it wants to be called again. Does nothing, and wakes nobody, where nobody
 * asked for it. */
void advance_watchdog(struct keeper *k, uint64_t now, uint64_t *next);
/* loop.c: runs until told to stop; the exit status. */
int keeper_run(struct keeper *k);
