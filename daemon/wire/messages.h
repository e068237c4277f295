/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the processes say to each other. docs/PROTOCOL.md explains the conversations.
 *
 * Every record begins with a u32 type and a u32 serial; the rest is the message's body, fields in the order
 * of the struct. encode_x() appends a whole record to a buf; decode_x() reads a body from a cursor that
 * stands behind the head, checks every range and that nothing is left over. Strings and lists that decode_x()
 * sets are owned by the struct and freed by x_done().
 */

#include "base/bounds.h"
#include "base/buf.h"
#include "base/process-facts.h"
#include "base/tighter.h"
#include "wire/channel.h"

#include <stdint.h>
#include <sys/types.h>

enum wire_type {
	WIRE_NONE,

	/* broker → launcher; each has exactly one answer with the same serial */
	WIRE_LAUNCH, /* launch_request → WIRE_LAUNCHED or WIRE_REFUSED; fds: mapped ones in order, those for
			mount slots, then the lifeline */
	WIRE_SIGNAL, /* signal_request → WIRE_DONE */
	WIRE_STOP,   /* stop_request → WIRE_DONE: stop signal sent, kill scheduled */
	WIRE_FORGET, /* id → WIRE_DONE, or with serial 0 nothing: an exited sandbox's record is dropped */
	WIRE_LIST,   /* empty → WIRE_ENTRY for each sandbox, live or retained, then WIRE_DONE */
	WIRE_SALT,   /* empty → WIRE_SALT_IS or WIRE_REFUSED */
	WIRE_FREEZE, /* freeze_request → WIRE_DONE or WIRE_REFUSED */
	WIRE_LIMIT,  /* limit_request → WIRE_DONE or WIRE_REFUSED */
	WIRE_USAGE,  /* id → WIRE_USAGE_IS, or WIRE_DONE with -ESRCH */
	WIRE_ATTACH, /* id; fd: a lifeline → WIRE_DONE or WIRE_REFUSED */
	WIRE_PROCESS, /* process_request → WIRE_PROCESS_IS; fd: the bus' pidfd, if it gave one */
	WIRE_RESIZE,  /* resize_request → WIRE_DONE */
	WIRE_NOTED,   /* noted_request → WIRE_DONE: the notice was read, the next one may come */
	/* in place of an id the serial of a WIRE_LAUNCH → WIRE_DONE: nobody waits for it any more, and if it
	 * is being set up it is broken off */
	WIRE_ABANDON,

	/* launcher → broker */
	WIRE_LAUNCHED = 64, /* launched; fds: pidfd, and the pty's master if has_pty */
	WIRE_REFUSED,       /* refused */
	WIRE_DONE,          /* done */
	WIRE_ENTRY,         /* sandbox_entry; fd: pidfd unless it exited */
	WIRE_SALT_IS,       /* bytes */
	WIRE_PROCESS_IS,    /* process_answer */
	WIRE_EXITED,        /* event, serial 0: sandbox_exit */
	WIRE_STOPPING,      /* event, serial 0: id; the launcher began to stop it by itself */
	WIRE_USAGE_IS,      /* usage */
	WIRE_VIOLATION,     /* event, serial 0: violation_event */
	WIRE_NOTICE,        /* event, serial 0: notice_event; once more to a new broker until WIRE_NOTED */

	/* keeper → launcher, keeper → broker: struct keeper_message */
	/* launcher: fds host procfs, cgroup directory, host's mountinfo as flags say. broker: the direct
	 * socket and the record of launches, likewise */
	WIRE_START = 128,
	WIRE_CATALOG, /* a catalog memfd and its generation */
	/* broker only: a catalog memfd of which only the errors count; the old one stays. value 1: the
	 * compiler itself failed, and the memfd is the catalog in force */
	WIRE_RELOAD_FAILED,
	WIRE_PEER, /* the socket to the launcher (broker) or to a new broker (launcher) */
	WIRE_BUS,  /* broker: a socket that is connected to the bus */
	/* launcher: stop every jail (value: no grace above so many milliseconds), say READY once more, and
	 * exit 0 at the end of the channel. broker: finish replies, then exit 0; value 1: unless the outcome
	 * of a reload is still to come, whose WIRE_RELOAD has been sent by then; it goes on in that case */
	WIRE_SHUTDOWN,
	WIRE_HELD,  /* launcher: what is held of the jail of this id; between WIRE_START and WIRE_CATALOG */
	WIRE_PING,  /* launcher, broker: WIRE_PONG is to be said at once */
	WIRE_ENDED, /* launcher: the process of this jail, which is the keeper's child, has ended */
	WIRE_AUDIT, /* broker only: the socket to the auditor, for struct audit_message; the latest counts */

	/* launcher, broker, auditor, compiler → keeper: struct keeper_message */
	/* launcher: catalog in use; broker: on the bus, may be called; auditor: writes what it is told */
	WIRE_READY = 192,
	WIRE_CATALOG_OK,  /* launcher: took the catalog of this generation */
	WIRE_CATALOG_BAD, /* launcher: refused it */
	WIRE_RELOAD,      /* broker: an administrator asks for a reload */
	WIRE_BUS_WANTED,  /* broker: WIRE_BUS, if the bus is there; no answer if it is not */
	WIRE_COMPILED,    /* compiler: fd is the catalog; value = number of errors */
	WIRE_HOLD,        /* launcher: hold these of the jail of this id, in place of those before */
	WIRE_RELEASE,     /* launcher: let go of all that is held of it */
	WIRE_PONG,        /* launcher, broker: to WIRE_PING */
	WIRE_BROKEN,      /* launcher: the broker of the WIRE_PEER of this serial has to go */
};

/* The keeper's messages have one fixed size and few fds. */
#define KEEPER_HAS_HOST_PROC (1U << 0)
#define KEEPER_HAS_CGROUP    (1U << 1)
#define KEEPER_HAS_MOUNTS    (1U << 2)
#define KEEPER_HAS_DIRECT    (1U << 3) /* broker, as RATES; the others: launcher */
#define KEEPER_HAS_UIDS      (1U << 4)
#define KEEPER_HAS_RATES     (1U << 5)
#define KEEPER_HAS_TABLE     (1U << 6)
/* of WIRE_COMPILED, and no fd: its configuration has KernelAudit=yes */
#define KEEPER_KERNEL_AUDIT (1U << 7)

/* What the keeper holds of a jail, so that it outlives the launcher. In WIRE_HOLD and WIRE_HELD bit 1 << n of
 * flags says that an fd of the kind n is there. */
enum hold {
	HOLD_PROCESS, /* pidfd of the payload */
	HOLD_INIT,    /* pidfd of the jail's init */
	HOLD_PIDNS,
	HOLD_LISTENER,
	HOLD_PTY, /* O_PATH */
	HOLD_NET, /* namespaces of its pool */
	HOLD_IPC,
	HOLD_NOTIFY,   /* socket for notices */
	HOLD_LIFELINE, /* the first of LIFELINES_MAX */
	_HOLD_MAX = HOLD_LIFELINE + 4,
};
#define LIFELINES_MAX 4          /* of one sandbox: the launch's, and those that were attached */
#define HELD_ENDED    (1U << 31) /* in WIRE_HELD: the process has ended, and value says how */
/* Live ones, and as many whose release has not been read yet. */
#define HELD_MAX (2 * (size_t)SANDBOXES_MAX)

/* How a process ended, in value: si_code of siginfo_t above si_status. */
#define ENDED_VALUE(code, status) (((uint32_t)(code) << 8) | ((uint32_t)(status)&0xff))
#define ENDED_CODE(value)         ((int)((value) >> 8))
#define ENDED_STATUS(value)       ((int)((value)&0xff))

struct keeper_message {
	uint32_t type, serial;
	uint32_t generation;
	uint32_t flags; /* KEEPER_* */
	uint32_t value;
	uint32_t reserved; /* 0 */
	uint64_t id;       /* of a sandbox; 0 where it is about none */
};
#define KEEPER_FDS_MAX 12

int keeper_send(int fd, const struct keeper_message *m, const int *fds, size_t n_fds);
/* The same to the keeper, who never waits for whom it started: waits for room, which ends unless the keeper
 * has, and then with -EPIPE. */
int keeper_send_all(int fd, const struct keeper_message *m, const int *fds, size_t n_fds);
/* As wire_receive(); any number of fds but the exact one that the type calls for is -EBADMSG. The fds come in
 * the order of the record (WIRE_START: one for each flag that is set, lowest bit first); unused slots are -1.
 */
int keeper_receive(int fd, struct keeper_message *ret, int ret_fds[KEEPER_FDS_MAX]);

struct wire_limit {
	uint32_t resource;
	uint64_t soft, hard;
};

struct launch_request {
	uint32_t generation, profile; /* index in that generation's catalog */
	/* the caller as the broker states it; re-checked against the profile's static access rules */
	uid_t uid;
	gid_t *gids;
	size_t n_gids;
	bool administrator;
	char *label, *unit;              /* security label, unit of its process; empty: not known */
	bool polkit;                     /* polkit has permitted this launch */
	char **argv, **env, **unset_env; /* env: NAME=VALUE */
	bool has_cwd;
	char *cwd;
	uint32_t stdio[3]; /* enum stdio_mode (not INHERIT) or PLAN_STDIO_UNSET */
	bool has_pty_size;
	uint16_t pty_rows, pty_columns;
	bool notify; /* with a notification socket */
	/* fds in the record, in this order */
	size_t n_fds;
	struct {
		uint32_t target;
		bool made; /* the broker's own end of a pipe or socket for stdio, not the caller's */
	} fds[FDS_MAX + 3];
	/* then those that are bound into mount slots */
	size_t n_binds;
	struct {
		char *slot; /* name */
		bool read_only;
	} binds[MOUNT_SLOTS_MAX];
	bool has_lifeline; /* one more fd: kept and watched by the launcher */
	bool detach;
	bool adoptable; /* goes on when the broker ends before the answer: the next one finds it listed */
	struct wire_limit *limits;
	size_t n_limits;
	uint64_t runtime_max_usec, timeout_stop_usec; /* 0 = the profile's */
	int32_t stop_signal;                          /* 0 = the profile's */
	struct tighter tighter;
	char *tag;
	uint8_t note[NOTE_MAX]; /* the broker's own words, given back in WIRE_ENTRY */
	size_t n_note;
};

#define WIRE_STAGES 13 /* _STAGE_MAX */

struct launched {
	uint64_t id;
	int32_t host_pid; /* 0 = unknown */
	uint32_t uid;     /* of the payload */
	uint64_t started_boottime_usec, started_realtime_usec;
	uint64_t setup_usec;
	uint32_t layers;  /* bit (1 << enum jail_stage) for each layer applied */
	uint32_t lacking; /* bit (1 << enum jail_lack) for each optional setting that the kernel lacks */
	char *cgroup;     /* "" if none */
	bool has_pty;
	uint32_t stage_usec[WIRE_STAGES]; /* of setup_usec, by enum jail_stage; what is left is no stage's */
};

/* Why not: a refusal of the plan (refusal != 0), or a stage of the set-up that failed (stage != 0); both 0
 * for other failures (no salt, no memory, a generation that is gone), and then error says which. Texts longer
 * than the private protocol carries (255 and 1023 bytes) are cut when encoded. */
struct refused {
	uint32_t refusal, stage;
	int32_t error; /* negative errno of the stage, else 0 */
	char *rule;
	char *message; /* with a stage the path, key or call concerned, may be empty; else a sentence */
};

struct signal_request {
	uint64_t id;
	int32_t signal; /* 1..64 */
	bool all;       /* every process of the sandbox, not the main one alone */
};

struct stop_request {
	uint64_t id;
	uint64_t timeout_usec; /* grace; USEC_INFINITY = the sandbox's own; 0 = kill at once */
	uint32_t reason;       /* enum sandbox_result to report: RESULT_KILLED, RESULT_CLIENT_GONE */
};

struct freeze_request {
	uint64_t id;
	bool freeze; /* or thaw */
};

/* What a live sandbox is limited to from now on; each may only tighten. 0: stays as it is. */
struct limit_request {
	uint64_t id;
	uint64_t memory_max, tasks_max, cpu_quota; /* bytes, tasks, hundredths of a percent of a processor */
	uint64_t runtime_max_usec;                 /* since it started */
	uint64_t timeout_stop_usec;
};

/* What a sandbox has used. What the kernel could not say is not in has. */
#define USAGE_CPU    (1U << 0)
#define USAGE_MEMORY (1U << 1)
#define USAGE_TASKS  (1U << 2)
#define _USAGE_ALL   7U

struct usage {
	uint32_t has;
	uint64_t cpu_usec;
	uint64_t memory_peak; /* bytes */
	uint64_t tasks_peak;
};

/* What the broker made of a notice. */
struct noted_request {
	uint64_t id;
	bool ready, stopping;
};

/* A datagram that came to a sandbox' notification socket; empty if it was none that counts. */
struct notice_event {
	uint64_t id;
	const void *text; /* decoded in place */
	size_t size;      /* NOTICE_MAX at most */
};

struct resize_request {
	uint64_t id;
	uint16_t rows, columns; /* of its pty */
};

struct done {
	int32_t error; /* 0 or negative errno: -ESRCH no such live sandbox; -ENOTTY, -EIO: see
			  jail_resize_pty() */
};

enum sandbox_state {
	SANDBOX_STARTING,
	SANDBOX_RUNNING,
	SANDBOX_READY, /* only with ready=notify */
	SANDBOX_STOPPING,
	SANDBOX_EXITED,
	_SANDBOX_STATE_MAX,
};

/* Names in D-Bus: success exit-code signal core-dump timeout oom violation client-gone killed setup-failed */
enum sandbox_result {
	RESULT_SUCCESS,
	RESULT_EXIT_CODE,
	RESULT_SIGNAL,
	RESULT_CORE_DUMP,
	RESULT_TIMEOUT, /* RuntimeMaxSec=, TimeoutStartSec=; TimeoutStopSec= after STOPPING=1 */
	RESULT_OOM,
	RESULT_VIOLATION, /* SIGSYS */
	RESULT_CLIENT_GONE,
	RESULT_KILLED, /* Stop() or Signal(SIGKILL) by owner or administrator */
	RESULT_SETUP_FAILED,
	_RESULT_MAX,
};

struct sandbox_exit {
	uint64_t id;
	uint32_t result;                /* enum sandbox_result */
	int32_t exit_code, exit_signal; /* the one that applies; the other is 0 */
	uint64_t exited_realtime_usec;
	struct usage usage;
};

/* A call that a process was killed for. */
struct violation {
	uint64_t realtime_usec;
	uint32_t arch, number; /* AUDIT_ARCH_* */
	uint64_t address;      /* of the instruction */
	uint64_t args[6];
	bool main; /* by the program itself, not by another process of the sandbox */
};
#define VIOLATIONS_MAX 16 /* of one sandbox are kept: the first */

struct violation_event {
	uint64_t id;
	struct violation violation;
};

/* One sandbox of the launcher's table: what a new broker needs to take over. */
struct sandbox_entry {
	struct launched launched;
	uint32_t generation;
	char *profile, *tag;
	uid_t owner;
	uint32_t state; /* enum sandbox_state */
	bool detach;
	bool has_lifeline; /* one at least that has not hung up */
	uint64_t runtime_max_usec, timeout_stop_usec;
	int32_t stop_signal;
	struct sandbox_exit exit; /* meaningful when EXITED */
	struct violation violations[VIOLATIONS_MAX];
	size_t n_violations;
	uint8_t note[NOTE_MAX];
	size_t n_note;
};

/* Reads the head. */
int wire_head(struct cursor *c, uint32_t *ret_type, uint32_t *ret_serial);

int encode_launch_request(struct buf *b, uint32_t serial, const struct launch_request *m);
int decode_launch_request(struct cursor *c, struct launch_request *ret);
void launch_request_done(struct launch_request *m);

int encode_launched(struct buf *b, uint32_t serial, const struct launched *m);
int decode_launched(struct cursor *c, struct launched *ret);
void launched_done(struct launched *m);

int encode_refused(struct buf *b, uint32_t serial, const struct refused *m);
int decode_refused(struct cursor *c, struct refused *ret);
void refused_done(struct refused *m);

int encode_signal_request(struct buf *b, uint32_t serial, const struct signal_request *m);
int decode_signal_request(struct cursor *c, struct signal_request *ret);
int encode_stop_request(struct buf *b, uint32_t serial, const struct stop_request *m);
int decode_stop_request(struct cursor *c, struct stop_request *ret);
int encode_freeze_request(struct buf *b, uint32_t serial, const struct freeze_request *m);
int decode_freeze_request(struct cursor *c, struct freeze_request *ret);
int encode_limit_request(struct buf *b, uint32_t serial, const struct limit_request *m);
int decode_limit_request(struct cursor *c, struct limit_request *ret);
/* WIRE_USAGE_IS */
int encode_usage(struct buf *b, uint32_t serial, const struct usage *m);
int decode_usage(struct cursor *c, struct usage *ret);
int encode_resize_request(struct buf *b, uint32_t serial, const struct resize_request *m);
int decode_resize_request(struct cursor *c, struct resize_request *ret);
int encode_noted_request(struct buf *b, uint32_t serial, const struct noted_request *m);
int decode_noted_request(struct cursor *c, struct noted_request *ret);
int encode_notice_event(struct buf *b, const struct notice_event *m);
int decode_notice_event(struct cursor *c, struct notice_event *ret);
/* WIRE_FORGET, WIRE_USAGE, WIRE_ATTACH, WIRE_ABANDON, WIRE_STOPPING */
int encode_id(struct buf *b, uint32_t type, uint32_t serial, uint64_t id);
int decode_id(struct cursor *c, uint64_t *ret);
/* WIRE_LIST, WIRE_SALT: a head and no body. */
int encode_empty(struct buf *b, uint32_t type, uint32_t serial);
int encode_done(struct buf *b, uint32_t serial, const struct done *m);
int decode_done(struct cursor *c, struct done *ret);
int encode_salt(struct buf *b, uint32_t serial, const void *salt, size_t size);
/* In place. */
int decode_salt(struct cursor *c, const void **ret, size_t *ret_size);

/* What the kernel says of a caller's process, as it says it: the launcher parses no text. The broker can not
 * look itself: it does not see the host's processes, and reads cgroups from inside a namespace of its own. */
struct process_request {
	uint32_t pid; /* as the bus recorded it, in the host's numbers */
};
#define PROCESS_CGROUP_MAX   FACTS_CGROUP_MAX
#define PROCESS_LOGINUID_MAX FACTS_LOGINUID_MAX

struct process_answer {
	int32_t error;  /* -ESRCH: it has ended, or the pidfd's has; else why nothing can be said */
	uint32_t uid;   /* owner of /proc/PID; meaningless with an error, as the rest */
	char *cgroup;   /* the file */
	char *loginuid; /* the file; empty where the kernel has none */
};

int encode_process_request(struct buf *b, uint32_t serial, const struct process_request *m);
int decode_process_request(struct cursor *c, struct process_request *ret);
int encode_process_answer(struct buf *b, uint32_t serial, const struct process_answer *m);
int decode_process_answer(struct cursor *c, struct process_answer *ret);
void process_answer_done(struct process_answer *m);

int encode_violation_event(struct buf *b, const struct violation_event *m);
int decode_violation_event(struct cursor *c, struct violation_event *ret);
int encode_sandbox_exit(struct buf *b, const struct sandbox_exit *m);
int decode_sandbox_exit(struct cursor *c, struct sandbox_exit *ret);
int encode_sandbox_entry(struct buf *b, uint32_t serial, const struct sandbox_entry *m);
int decode_sandbox_entry(struct cursor *c, struct sandbox_entry *ret);
void sandbox_entry_done(struct sandbox_entry *m);
