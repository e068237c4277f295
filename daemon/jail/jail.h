/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The jail engine: JailSpec → running process.
 *
 *   jail_context_open()   once per launcher: procfs, own PID namespace, cgroup parent
 *   jail_start()          clones the jail's init and its payload; the payload builds its jail, then waits
 *   jail_go()             after the launcher recorded the jail: lets the payload exec
 *   jail_read_report()    when report_fd is readable: exec happened, or {stage, errno, object}
 *   jail_signal(), jail_resize_pty(), jail_kill(), jail_reap(), jail_done()
 *
 * End of file on the go-pipe (the launcher died) makes a half-built jail exit.
 */

#include "base/bounds.h"
#include "jail/spec.h"
#include "jail/stage.h"

#include <signal.h>

#define JAIL_OBJECT_MAX 256 /* bytes of "what" in a report: a path or key, cut if longer */

#define JAIL_TEMPLATES_MAX 16 /* mount namespaces, of some 10 kB of the kernel's memory */

#define JAIL_STOCK_MAX 16 /* network namespaces, of about 190 kB of the kernel's memory */
#define JAIL_LENT_MAX  32 /* of those in use, how many may come back */

#define STOCK_SOCKETS_MAX 32   /* "sockets: used N", a newline and a NUL */
#define STOCK_DEVICES_MAX 4096 /* /proc/net/dev with a loopback device and those of tunnels */

/* A network namespace that was made ahead, and what tells whether it is as it was: see reuse.c. */
struct stock_network {
	int fd;
	int changes_fd; /* readable when somebody has changed anything in it; -1: it is not watched */
	int devices_fd; /* counts what its devices have sent */
	int sockets_fd; /* says how many sockets are in it, */
	char sockets[STOCK_SOCKETS_MAX]; /* as it did when there were none but ours; "": not known */
	bool used;                       /* a jail has had it */
};

/* Network namespaces that were made ahead, see stock.c. */
struct jail_stock {
	struct stock_network networks[JAIL_STOCK_MAX];
	size_t n;
	bool wanted;   /* profiles ask for them */
	bool back;     /* and some of these leave them as they were */
	bool shared;   /* profiles ask for one that all have */
	int shared_fd; /* that one, or -1 */
	struct {
		uint64_t ticket; /* 0: nothing is here */
		struct stock_network network;
	} lent[JAIL_LENT_MAX]; /* to jails that live, each at its ticket's place */
	uint64_t last_ticket;
	char devices[STOCK_DEVICES_MAX]; /* of each network that is new: one device, and nothing sent */
	bool failed;                     /* none could be made, or they are being made */
	int maker_pidfd;                 /* the process that makes them, or -1 */
	int channel_fd;                  /* where they come from then */
};

struct jail_context {
	int proc_fd;                        /* procfs of the launcher's PID namespace (directory fd) */
	int host_proc_fd;                   /* procfs of the host, or -1: then host pids are not known */
	int pidns_fd;                       /* own PID namespace, to come back to */
	int cgroup_fd;                      /* cgroup v2 directory under which jails get theirs, or -1 */
	char *cgroup_path;                  /* where that is, NULL: not known */
	bool without_memory, without_tasks; /* controllers that it does not hand down */
	int null_fd;                        /* /dev/null, checked to be char 1:3 */
	int host_mounts_fd; /* mountinfo of the host's mount namespace, or -1: no directory gets into a slot
			     */
	int ipc_fd;         /* IPC namespace of all jails that can do nothing in one, or -1 */
	int init_root_fd;   /* mount namespace of the jails' inits, in which there is nothing */
	uint64_t bounding; /* set of capabilities, of the launcher when it began: it only ever gets smaller */
	uint64_t ignored_signals; /* of the launcher when it began, bit 1 << (n - 1): it ignores no other */
	struct sock_filter *init_filter; /* what the jails' inits may still call */
	size_t n_init_filter;
	struct sock_filter *question; /* the end of all filters that ask, see violation.c */
	size_t n_question;
	struct jail_linger *lingering; /* killed jails that had not ended when jail_done() gave up waiting */
	struct jail_stock stock;
	struct jail_templates *templates;   /* NULL: all mounts are made for each jail */
	struct jail_init_maker *init_maker; /* NULL: all inits begin with a copy of our memory */
	struct jail_cloners *cloners;       /* NULL: all payloads begin with a copy of our memory */
};

#define JAIL_CONTEXT_NULL                                                                                    \
	((struct jail_context){ .proc_fd = -1,                                                               \
		.host_proc_fd = -1,                                                                          \
		.pidns_fd = -1,                                                                              \
		.cgroup_fd = -1,                                                                             \
		.null_fd = -1,                                                                               \
		.host_mounts_fd = -1,                                                                        \
		.ipc_fd = -1,                                                                                \
		.init_root_fd = -1,                                                                          \
		.stock = { .shared_fd = -1, .maker_pidfd = -1, .channel_fd = -1 } })

/* Takes over host_proc_fd and cgroup_fd (either may be -1), also on failure. -EBADF: one of them, /proc or
 * /dev/null is not what it should be. -ENOSYS, -EINVAL: the kernel is too old for pidfds. */
int jail_context_open(struct jail_context *c, int host_proc_fd, int cgroup_fd);
/* Takes over the fd of a mountinfo file. -EBADF: it is none of procfs. */
int jail_context_set_host_mounts(struct jail_context *c, int fd);
void jail_context_close(struct jail_context *c);
/* From now on, on x86-64, payloads share the caller's memory until their exec, where that can be: for it
 * there are threads from here on, which wait. On failure there are fewer, or none, and that is all. A spec
 * has to stay as it is until the report was read, or jail_done(): see jail_keep_spec(). */
int jail_share_memory(struct jail_context *c);

/* From now on launches are of this catalog: what was made ahead for others is let go. */
void jail_ahead(struct jail_context *c, const struct catalog *catalog);
/* Milliseconds of silence after which there is something to make ahead, see the two below; -1: nothing. */
int jail_ahead_wait(const struct jail_context *c);

/* Whether launches will ask for network namespaces of their own, whether some of these leave them as they
 * were, and whether launches ask for the one that some share; what they will not ask for is let go. */
void jail_stock_want(struct jail_context *c, bool own, bool back, bool shared);
/* Milliseconds of silence after which jail_stock_make() is in nobody's way; -1: there is nothing to make. */
int jail_stock_wait(const struct jail_context *c);
/* Has a process make what the stock lacks. Returns an fd of the context's: when it is readable, it is time
 * for jail_stock_receive(). */
int jail_stock_make(struct jail_context *c);
void jail_stock_receive(struct jail_context *c);
/* A maker that can not be waited for ends, with all that it has made. */
void jail_stock_abandon(struct jail_context *c);

/* As jail_stock_wait(). */
int jail_templates_wait(const struct jail_context *c);
/* Has a process make the mounts that launches have asked for, see template.c; when jail_templates_wait() says
 * so. Returns an fd of the context's, the same each time: whenever it is readable, it is time for
 * jail_templates_event(). */
int jail_templates_make(struct jail_context *c);
void jail_templates_event(struct jail_context *c);
/* As jail_stock_abandon(). */
void jail_templates_abandon(struct jail_context *c);
/* The profiles are others: lets go of those that no launch has used since the last time, as theirs may be
 * gone. */
void jail_templates_reload(struct jail_context *c);

/* A failure of one stage. */
struct jail_error {
	enum jail_stage stage;
	int error;    /* negative errno */
	bool callers; /* not the jail's fault, but of a descriptor that came with the launch */
	char object[JAIL_OBJECT_MAX]; /* path, key or call concerned; "" if none */
};

/* A process in its jail. */
struct jail {
	uint64_t id;
	int pidfd;         /* payload */
	int init_pidfd;    /* pid 1 of the jail's PID namespace, or -1 without one */
	int go_fd;         /* write end; closed after the report */
	int far_fd;        /* the other end of a parked jail's, which has it too, or -1: see parent.c */
	int report_fd;     /* read end, non-blocking; closed after the report */
	int cgroup_fd;     /* directory of the jail's own cgroup, or -1 */
	int pidns_fd;      /* the jail's PID namespace, or -1 */
	int listener_fd;   /* readable when a process waits to be killed for a call; or -1 */
	int pty_master_fd; /* of its pseudo terminal; for the caller to pass on and close; or -1 */
	int pty_node_fd;   /* O_PATH of its slave, for jail_resize_pty(); or -1 */
	int notify_fd;     /* readable when there is a notice to take; or -1 */
	struct report *last_word; /* shared with the children until the report was read */
	bool own_word;            /* which share all of our memory: so it is no page of its own */
	struct jail_loan *loan;   /* what is not to be closed before the payload has its own table; or NULL */
	struct jail_shared *shared; /* what the payload looks at in our memory, until its exec; or NULL */
	struct cloner *ahead;       /* of a spare jail: whose child waits to be the payload; or NULL */
	pid_t pid;                  /* payload, as the launcher sees it */
	pid_t host_pid;             /* as the host sees it, 0 if unknown */
	uid_t uid;                  /* payload's */
	struct jail_linger *linger; /* a place in the context's list, in case it is needed */
	uint64_t network_ticket;    /* of its network, if that may go back to the stock; or 0 */
	uint32_t lacking;           /* 1 << enum jail_lack: optional settings that the kernel lacks */
	struct stage_times times;   /* until the report was read */
	uint32_t stage_usec[_STAGE_MAX]; /* after it: how long each stage took */
	uint64_t cpu_usec;     /* after jail_peek(): of the payload, and of those that it has reaped */
	bool payload_is_init;  /* then there is no init of ours */
	bool without_landlock; /* not asked for, or optional and not there */
	bool labelled;         /* with the context that the profile asks for */
	bool parked;           /* waits for what jail_go() sends */
	bool spare;            /* no payload yet, for jail_start() to go on with: jail_spec.spare */
	bool went;             /* jail_go() has sent it */
	bool built;            /* the report said so: only exec is left */
	bool frozen;
	bool without_memory, without_tasks; /* controllers that its group has not got */
	bool ended;                         /* payload reaped; status is its end */
	bool init_ended;
	siginfo_t status;
};

#define JAIL_NULL                                                                                            \
	((struct jail){ .pidfd = -1,                                                                         \
		.init_pidfd = -1,                                                                            \
		.go_fd = -1,                                                                                 \
		.far_fd = -1,                                                                                \
		.report_fd = -1,                                                                             \
		.cgroup_fd = -1,                                                                             \
		.pidns_fd = -1,                                                                              \
		.listener_fd = -1,                                                                           \
		.pty_master_fd = -1,                                                                         \
		.pty_node_fd = -1,                                                                           \
		.notify_fd = -1 })

/*
 * Starts building. *ret is JAIL_NULL, or the spare jail of the same id, with which this one goes on, or which
 * ends here where it can not. On failure everything is undone, *ret is JAIL_NULL and *reterr says which
 * stage. Never blocks on the child. It begins with the caller's own table of descriptors, which it shares:
 * those that the spec names stay open until it has a copy, see jail_lend().
 * -ENOTRECOVERABLE: the caller's own children would from now on be born in the jail's PID namespace. Nothing
 * but ending the caller mends that.
 */
int jail_start(
	struct jail_context *c, const struct jail_spec *spec, struct jail *ret, struct jail_error *reterr);
/*
 * Takes over fds that may be the spec's, and sets them to -1. They are closed when the payload has a table of
 * descriptors of its own, or has ended: at once, or as soon as jail_go() or jail_read_report() find that it
 * has.
 */
void jail_lend(struct jail *j, int *fds, size_t n);
/* After jail_start(), for who can not let a spec be as long as that: where the payload looks at it, what it
 * owns becomes the jail's. It may be looked at until jail_done(), and jail_spec_done() frees nothing. */
void jail_keep_spec(struct jail *j, struct jail_spec *spec);
/*
 * Lets the child go on to exec. -EPIPE: it has ended, and the report says why. @spec: of a jail that was
 * parked, the launch that it has become: what that has beyond the parked one's is sent, and -E2BIG if
 * it has no room in one message. Of others nothing is looked at.
 */
int jail_go(struct jail *j, const struct jail_spec *spec);
/* Is all that this launch asks for built already in a jail that was parked with that spec, of the same
 * profile? */
bool jail_spec_fits(const struct jail_spec *parked, const struct jail_spec *launch);
/* Can it be sent: has it room in one message, are all descriptors open? If not, a launch that is not
 * of a parked jail says what is wrong. */
bool jail_order_fits(const struct jail_spec *spec);
/* Sets host_pid, if it is not known yet, where the host's procfs was given and the payload has not been
 * reaped. */
void jail_find_host_pid(const struct jail_context *c, struct jail *j);
/* When report_fd is readable, or pidfd: 1: exec succeeded. 0: nothing yet (-EAGAIN inside). Negative: set-up
 * failed, see *reterr; -ECHILD when the child ended without a word. */
int jail_read_report(struct jail *j, struct jail_error *reterr);
/* To the payload (all = false) or to every process of the jail (PID namespace or cgroup). -ESRCH when it
 * ended. */
int jail_signal(struct jail *j, int sig, bool all);
/* Stops every process of the jail where it is, and lets them go on. Killing works all the same. -EOPNOTSUPP:
 * there is no cgroup v2. */
int jail_freeze(struct jail *j, bool freeze, struct jail_error *reterr);
/* Sets limits of the jail as a whole; what is GROUP_UNSET stays. -EOPNOTSUPP: a controller is missing. */
int jail_limit(const struct jail_context *c, const struct jail *j,
	const struct group_value values[_GROUP_LIMIT_MAX], struct jail_error *reterr);

/* A call that the policy ends a process for. */
struct jail_violation {
	uint32_t arch; /* AUDIT_ARCH_* */
	uint32_t number;
	uint64_t address; /* of the instruction */
	uint64_t args[6];
	bool main; /* by the payload, not by another process of the jail */
};

/* When listener_fd is readable: takes one, and kills the process. 0: it has ended already. */
int jail_take_violation(struct jail *j, struct jail_violation *ret);

/*
 * When notify_fd is readable: looks at one datagram there, and reads nothing in it. 1: *ret_size bytes, and
 * it stays the first one; with 0 bytes it was empty, too long or not from a process of this jail, and is
 * gone. 0: there was none. Descriptors that came with it are closed when it goes.
 */
int jail_look_at_notice(
	const struct jail_context *c, const struct jail *j, char notice[NOTICE_MAX], size_t *ret_size);
/* The first one goes. */
int jail_drop_notice(const struct jail *j);

/* What a jail has used so far, as far as its cgroup says. */
struct jail_usage {
	bool has_cpu, has_memory, has_tasks;
	uint64_t cpu_usec, memory_peak, tasks_peak;
	bool out_of_memory; /* the kernel killed a process because of its limit */
};

/* Until jail_done(). @cpu: also the time of processors, for which the kernel has to add up what each has
 * counted. */
void jail_usage(const struct jail *j, bool cpu, struct jail_usage *ret);
/* Sets the size of the pseudo terminal; its foreground processes get SIGWINCH. -ENOTTY: there is none. -EIO:
 * its master was closed. */
int jail_resize_pty(const struct jail_context *c, const struct jail *j, uint16_t rows, uint16_t columns);
/* SIGKILL to everything: the namespace's init, cgroup.kill, the payload. Never fails for "already gone". */
void jail_kill(struct jail *j);
/* What a launcher before this one has left, as it comes from the keeper; what is not there is -1. */
struct jail_kept {
	uint64_t id;
	uid_t uid;          /* payload's */
	uint64_t process;   /* of its pidfd, as fd_process() told it; 0: not known */
	uint64_t cgroup_id; /* 0: it had none */
	bool frozen;
	int pidfd, init_pidfd, pidns_fd, listener_fd, pty_node_fd, notify_fd;
};
/*
 * Takes over a jail that another launcher has started, and its fds. Its processes are the keeper's children:
 * jail_reap() can not say how they ended. -ESTALE: process or control group are not those that they were;
 * *ret is then what can be killed, and nothing else may be done with it but jail_done().
 */
int jail_adopt(struct jail_context *c, const struct jail_kept *kept, struct jail *ret);
/* Stages that leave something on the payload, bit 1 << enum jail_stage: what "Layers" shows. */
uint32_t jail_layers(const struct jail_spec *spec, const struct jail *jail);
/* Where its control group is, from the fd itself; "" without one, NULL when out of memory. private_free(). */
char *jail_cgroup_path(const struct jail_context *c, const struct jail *j);
/* Of its own control group, for jail_kept; 0 without one. */
uint64_t jail_cgroup_id(const struct jail *j);
/* 1: payload ended, *ret is its status. It stays to be reaped: whoever takes over from a launcher that is
 * killed now can still ask. 0: still running. */
int jail_peek(struct jail *j, siginfo_t *ret);
/* Whether one that is parked is there to be let go: it is built, has not ended, and nobody has stopped it. */
bool jail_waits(const struct jail *j);
/* 1: payload ended, *ret is its status (the same on every later call), and what it left behind was killed. 0:
 * still running. Waits for killed processes, but not longer than a tenth of a second. */
int jail_reap(struct jail *j, siginfo_t *ret);
/* Makes namespaces for jails to share: JAIL_NS_NET, JAIL_NS_IPC or both. -ENOTRECOVERABLE: the caller is in
 * them, and can not come back. */
int jail_pool_open(
	const struct jail_context *c, uint32_t namespaces, struct jail_pool *ret, struct jail_error *reterr);
/* They go on while a process is in them. */
void jail_pool_close(struct jail_pool *p);
/* Whether something of this user may still be there: a process of a jail that took longer to end than
 * jail_done() waits, or a System V shared memory segment, message queue or semaphore set of the host's. Those
 * of jails with an IPC namespace of their own end with them. */
bool jail_remnants(struct jail_context *c, uid_t uid);
/* Kills, reaps, removes the cgroup, closes the fds. Safe on JAIL_NULL and after jail_reap(). */
void jail_done(struct jail_context *c, struct jail *j);
/* The same without waiting: what has not ended yet, jail_collect() takes away. */
void jail_leave(struct jail_context *c, struct jail *j);
/* Takes away what is left of jails that had not ended when jail_done() gave up waiting, and of makers that
 * were killed, as far as they have by now. Does not wait. Whether some have not: call it again
 * in a while. */
bool jail_collect(struct jail_context *c);
