/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the parts of libbailiff share. The library stands alone: it may be linked into programs of any
 * licence, so it uses nothing of daemon/ but the names in dbus/.
 */

#include "bailiff/bailiff.h"
#include "lib/address.h"
#include "lib/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>

#define EXPORT __attribute__((visibility("default")))

/* On what calls a handler of the program's. A build with -Dcfi=true knows the functions of this library alone
 * and would end the program at each such call. */
#ifdef __clang__
#define CALLS_HANDLER __attribute__((no_sanitize("cfi-icall")))
#else
#define CALLS_HANDLER
#endif

#define _cleanup_(f)  __attribute__((cleanup(f)))
#define _unused_      __attribute__((unused))
#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))

/* name##p(), for _cleanup_(), from a destructor that accepts NULL. */
#define DEFINE_CLEANUP(type, name)                                                                           \
	_unused_ static inline void name##p(type *p)                                                         \
	{                                                                                                    \
		if (*p)                                                                                      \
			(void)name(*p);                                                                      \
	}                                                                                                    \
	struct cleanup_needs_semicolon_##name

#define steal_ptr(p)                                                                                         \
	({                                                                                                   \
		typeof(p) *_pp = &(p);                                                                       \
		typeof(p) _v = *_pp;                                                                         \
		*_pp = NULL;                                                                                 \
		_v;                                                                                          \
	})

/* For p = &pointer of any type; memcpy keeps this right under strict aliasing. */
_unused_ static inline void freep(void *p)
{
	void *v;

	__builtin_memcpy(&v, p, sizeof(v));
	free(v);
}

DEFINE_CLEANUP(bailiff_connection *, bailiff_connection_free);
DEFINE_CLEANUP(bailiff_request *, bailiff_request_free);
DEFINE_CLEANUP(bailiff_sandbox *, bailiff_sandbox_free);
DEFINE_CLEANUP(bailiff_sandbox_status *, bailiff_sandbox_status_free);
DEFINE_CLEANUP(bailiff_sandbox_info *, bailiff_sandbox_info_free);
DEFINE_CLEANUP(bailiff_profile_info *, bailiff_profile_info_free);
DEFINE_CLEANUP(bailiff_broker_status *, bailiff_broker_status_free);
DEFINE_CLEANUP(bailiff_setting *, bailiff_setting_free);
DEFINE_CLEANUP(bailiff_violation *, bailiff_violation_free);
DEFINE_CLEANUP(bailiff_explanation *, bailiff_explanation_free);
DEFINE_CLEANUP(char **, bailiff_strv_free);

#define BUS_DRIVER      "org.freedesktop.DBus"
#define BUS_DRIVER_PATH "/org/freedesktop/DBus"
#define HELD_MAX        256
#define EARLY_MAX       16 /* as many as the broker tells of one sandbox */

/* util.c */
uint64_t now_usec(void); /* CLOCK_MONOTONIC */
/* A point in time that is timeout away; BAILIFF_TIMEOUT_INFINITE stays. */
uint64_t deadline_after(uint64_t timeout_usec);
/* Time left until then, 0 when it has passed. */
uint64_t deadline_left(uint64_t deadline);
/* A broker that went away is looked for this often, with pauses from 20 ms to a second. */
#define RETRY_TRIES       40
#define RETRY_PAUSE_FIRST 20000ULL
#define RETRY_PAUSE_MAX   1000000ULL
#define RETRY_DOUBLINGS   6 /* more than from the one to the other */
/* From zeroes and the deadline, which may be BAILIFF_TIMEOUT_INFINITE. */
struct retry {
	uint64_t deadline;
	uint64_t next; /* when; BAILIFF_TIMEOUT_INFINITE: never again */
	unsigned n;    /* planned so far */
};
/* Sets when to look next. false: that was the last time. */
bool retry_plan(struct retry *r);
/* And waits until then. */
bool retry_wait(struct retry *r);
/* Closes fd unless it is negative; keeps errno; returns -1. */
int close_fd(int fd);
/* A close-on-exec duplicate above the standard streams, or a negative errno. */
int dup_fd(int fd);
/* Appends a copy. -ENOMEM. */
int append_to_strv(char ***v, const char *s);
int copy_strv(char *const *v, char ***ret);
size_t count_strv(char *const *v);
/* Replaces *dest by a copy of s. */
int replace_str(char **dest, const char *s);

/* What a connection has for signals, but for those of its sandboxes. */
struct listener {
	bool sees_owner, sees_reloads; /* the bus was asked for these */
	bool subscribed;               /* the owner was asked for what others launched */
	char *candidate;               /* the new owner of the name, while the bus is asked who that is */
	sd_bus_slot *asking;
	sd_bus_message *held[HELD_MAX]; /* what came from it meanwhile */
	size_t n_held;
	bailiff_reload_handler reloaded;
	void *userdata;
	bailiff_event_handler event; /* events.c */
	void *event_userdata;
	sd_bus_slot *subscribing; /* at a broker that was started again */
	struct event_path *paths; /* of the user's own sandboxes with a token; not all, events.c */
};

/* What the caller's loop polls: an epoll(7) descriptor, which stays when the socket in it does not. */
struct loop {
	int fd;     /* -1: nobody has asked for it */
	int bus_fd; /* a duplicate of the bus' that is in it, or -1: a number that nobody else closes */
	int events;
};

struct bailiff_connection {
	unsigned n_ref; /* the caller's one, and one for each sandbox handle */
	bool freed;     /* by the caller */
	sd_bus *bus;    /* NULL after that, and while the direct socket does not answer */
	char *address;  /* of it */
	bool opening;   /* the direct socket is being opened again: nothing may be said over it yet */
	uint64_t opening_until;
	struct retry away; /* since the direct socket was closed, in a loop of the caller's */
	struct loop loop;
	bool direct; /* the broker's own socket: no bus in between, and the connection ends with the broker */
	int lifeline[2]; /* read end, write end; of what is launched over the direct socket. -1 until then */
	struct operation *operations; /* under way, async.c */
	struct operation *waiting;    /* launches that are asked for again, launch-async.c */
	struct operation *due;        /* to be told by bailiff_connection_process() */
	bailiff_sandbox *sandboxes;   /* all handles, linked by next */
	struct listener listener;     /* signals.c */
	unsigned incarnation;         /* 1, and one more each time the direct socket is opened again */
	pid_t pid;                    /* who connected: nobody else may use it */
	char *owner; /* unique name that owned BAILIFF_BUS_NAME and passed the check; NULL: to be looked up */
	uid_t broker_uid; /* of the user "bailiff", once it was asked for; 0 where there is none */
	bool broker_known;
	char *error_name, *error_message;
};

/* How long a call to the bus or the broker may take; a launch has to build a jail, and may be queued. */
#define CALL_TIMEOUT_USEC   (25ULL * 1000000)
#define LAUNCH_TIMEOUT_USEC (90ULL * 1000000)
/* Until a program that an address names (ssh) has led to a bus: sd-bus' own limit for authentication. */
#define LOGIN_TIMEOUT_USEC (90ULL * 1000000)
/* And what the broker gives somebody to find a password. */
#define INTERACTION_USEC (300ULL * 1000000)

/* connection.c */
bailiff_connection *connection_ref(bailiff_connection *c);
bailiff_connection *connection_unref(bailiff_connection *c);
DEFINE_CLEANUP(bailiff_connection *, connection_unref);
/* 0 when c may be used, by the process that opened it, with a broker or until there is one. Forgets the last
 * error. */
int connection_look(bailiff_connection *c);
/* The same, and it is open: the direct socket is opened again, if need be, until the deadline. */
int connection_check(bailiff_connection *c, uint64_t until);
/* Looks up who owns the broker's name, has the bus start one if nobody does, and checks the owner. */
int connection_find_broker(bailiff_connection *c, uint64_t until);
/* May the broker run as this user? */
bool connection_trusts(bailiff_connection *c, uid_t uid);

/* Over the direct socket: what keeps sandboxes alive while the broker is restarted, borrowed. */
int connection_lifeline(bailiff_connection *c);
/* After the broker's end: the direct socket's connection is made anew. */
int connection_reopen(bailiff_connection *c, uint64_t until);
/* The same without waiting, a step at a time. 1: something was done; 0: not yet; or the last error. */
int connection_reopen_step(bailiff_connection *c);
/* May be called over: open, and the peer is known. */
bool connection_usable(const bailiff_connection *c);

/* loop.c: the socket that was polled is closed, or will be. */
void loop_unwatch(bailiff_connection *c);
void loop_close(bailiff_connection *c);

/* error.c: sets what bailiff_last_error_*() say, and returns error. name: NULL for a failure on our side. */
int connection_fail(bailiff_connection *c, int error, const char *name, const char *message);
int connection_failf(bailiff_connection *c, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void connection_forget_error(bailiff_connection *c);
/* The negative errno that stands for an error reply. */
int error_to_errno(const sd_bus_error *e);

/*
 * call.c: one method call and its reply. The reply counts only if it comes from destination (an error also if
 * it comes from the bus itself).
 */
struct call {
	const char *path, *interface, *member;
	int (*fill)(sd_bus_message *m, const void *data); /* appends the arguments; NULL: none */
	const void *data;
	uint64_t until; /* all of it: a deadline; 0: CALL_TIMEOUT_USEC from now */
};
/* -EHOSTUNREACH: the bus did not deliver it. -ECONNRESET: the callee went away before it answered.
 * -ETIMEDOUT. -ENOTCONN: the bus is gone. Else as error_to_errno(). ret may be NULL. */
int call_peer(bailiff_connection *c, const char *destination, const struct call *call, sd_bus_message **ret);
/* The two halves of it. What is pending is not moved; call_pending_done(). */
struct call_pending {
	sd_bus_slot *slot;
	sd_bus_message *reply;
};
int call_begin(
	bailiff_connection *c, const char *destination, const struct call *call, struct call_pending *ret);
int call_end(bailiff_connection *c, const char *destination, const struct call *call,
	struct call_pending *pending, sd_bus_message **ret);
void call_pending_done(struct call_pending *p);
/* The same to the broker; finds the new one when the broker was restarted before the call reached it. */
int call_broker(bailiff_connection *c, const struct call *call, sd_bus_message **ret);
/* sd_bus_process(). */
int connection_process(bailiff_connection *c);
/* What a callee in good order never sends. Sets the last error and returns -EBADMSG. */
int reply_malformed(bailiff_connection *c, const char *member);

/* Who else than the callee could have sent this reply? 0, or what a failed call returns. */
int judge_reply(bailiff_connection *c, const char *destination, sd_bus_message *reply);
/* The same, and the last error stays as it is. */
int reply_verdict(const char *destination, sd_bus_message *reply);
/* async.c: drops what is under way or due without a word. */
void operations_drop(bailiff_connection *c);
/* All that are under way have failed. */
void operations_fail(bailiff_connection *c, int error);
/* launch-async.c: a broker is there again. */
void launches_hurry(bailiff_connection *c);
/* None will be: those that wait have failed. */
void launches_fail(bailiff_connection *c, int error);
/* Has the next one of those whose time has come asked for. 1; 0: there is none. */
int launches_repeat(bailiff_connection *c);
/* When that is. */
uint64_t launches_next(const bailiff_connection *c);
/* Drops what s, which is being freed, was to be told. */
void operations_forget(bailiff_sandbox *s);
/* signals.c: for each new bus. */
int signals_open(bailiff_connection *c);
void signals_close(bailiff_connection *c);
/* Asks the bus, without waiting for it, who owns the broker's name, or for somebody to own it. */
void signals_ask_owner(bailiff_connection *c);
/* Another broker is there: looks after the ends that it will not tell of. */
void signals_renew(bailiff_connection *c);
/* What was launched before the direct socket was opened again, or by others, is told to subscribers. */
bool signals_want_all(const bailiff_connection *c);
/* The broker tells this connection what becomes of it. */
bool signals_told(const bailiff_sandbox *s);
/* Sees to it that signals come, and that it is known whose they are. */
int listen_to_broker(bailiff_connection *c, uint64_t until);
/* How s ended is known. */
void signals_ended(bailiff_sandbox *s);
/* events.c: a signal from the broker; false: none of a sandbox, or nobody wants it. */
bool events_take(bailiff_connection *c, sd_bus_message *m, const char *path);
/* Asks the broker, once, to tell of every sandbox. */
int events_subscribe(bailiff_connection *c, uint64_t until);
/* Another broker is there: subscribes anew. */
void events_renew(bailiff_connection *c);
void events_close(bailiff_connection *c);
/* launch.c: what the broker answered, into s; says nothing and asks nobody. -ECONNRESET: without the streams,
 * which went with an answer that was lost. After an error s is to be stopped. */
int launch_take_reply(bailiff_sandbox *s, sd_bus_message *reply, bool own_token);
/* Sets and returns the error of one that was stopped for this. */
int launch_spoilt(bailiff_connection *c, int taken);
/* Once an answer was lost: is there a point in asking again? */
bool launch_unanswered(int error);
#define LAUNCH_LOST "the broker ended before it answered, and did not come back"
/* The path of what was launched with this token. */
int launch_set_path(bailiff_sandbox *s, const char *token);
/* The request as it goes over this connection; borrows everything but its channel, for launch_sent(). */
int launch_prepare(bailiff_connection *c, const bailiff_request *r, bailiff_request *ret);
/* How long it may take. */
uint64_t launch_timeout(const bailiff_request *r);
/* The request with a token: its own, or a word that nobody has chosen before, which is kept in token. */
#define TOKEN_SIZE 34 /* a letter, 128 bits in hexadecimal, NUL */
int launch_name(const bailiff_request *r, bailiff_request *ret, char token[TOKEN_SIZE]);
/* Is there a point in asking again, after an answer that did not come? (wait.c) */
bool broker_is_away(int error);
/* The message has it, or will never be sent. */
void launch_sent(bailiff_request *prepared);
/* fd-channel.c: what the program's fds become, in a socket whose other end is closed already. *ret is owned.
 */
int fd_channel_open(const bailiff_request *r, int *ret);
/* wait.c: keeps what Wait() answered. */
int sandbox_take_result(bailiff_sandbox *s, sd_bus_message *reply);
/* The same, of Wait() or of Exited. -EBADMSG; the last error stays as it is. */
int sandbox_read_result(bailiff_sandbox *s, sd_bus_message *m);
/* Keeps what the kernel knows. -ESRCH. */
int sandbox_ask_kernel(bailiff_sandbox *s);
/* Has its program ended? false where there is no pidfd. */
bool sandbox_program_ended(const bailiff_sandbox *s);

struct request_fd {
	uint32_t child;
	int fd;
};

struct request_bind {
	char *slot;
	int fd;
	bool read_only;
};

#define BINDS_MAX 16 /* as many slots as a profile has */

struct request_limit {
	const char *name; /* static: a key of BAILIFF_RLIMIT_NAMES */
	uint64_t soft, hard;
};

#define RLIMITS_MAX 16 /* as many as BAILIFF_RLIMIT_NAMES has */
#define STDIO_UNSET (-1)

struct bailiff_request {
	char *profile;
	char **argv, **env_names, **env_values, **unset_env;
	char *cwd, *tag, *token;
	struct request_fd fds[BAILIFF_FDS_MAX];
	size_t n_fds;
	struct request_bind binds[BINDS_MAX];
	size_t n_binds;
	int lifeline;
	int channel;  /* while it is being sent: the mapped fds wait in it, and not in the message; else -1 */
	int stdio[3]; /* enum bailiff_stdio or STDIO_UNSET */
	bool has_pty_size;
	uint16_t pty_rows, pty_columns;
	bool detach, notify;
	struct request_limit limits[RLIMITS_MAX];
	size_t n_limits;
	uint64_t runtime_max_usec;      /* 0: the profile's */
	uint64_t stop_timeout_usec;     /* UINT64_MAX: the profile's */
	int stop_signal;                /* 0: the profile's */
	uint64_t memory_max, tasks_max; /* 0: the profile's, as the next */
	uint32_t cpu_quota;
	bool has_nice, has_oom_score_adj;
	int nice, oom_score_adj;
	char **drop_capabilities;
	bool no_network;
	bool interactive;
	bool owns_fds; /* a copy's descriptors are its own; else they are borrowed */
};

/* request.c: one that needs nothing of the other any more. */
int request_copy(const bailiff_request *r, bailiff_request **ret);

/* marshal.c: appends all arguments of LaunchSandboxed. data: struct bailiff_request. */
int request_marshal(sd_bus_message *m, const void *data);
/* The same for Explain, which takes no descriptors. */
int request_marshal_question(sd_bus_message *m, const bailiff_request *r);

struct bailiff_sandbox {
	bailiff_connection *connection;
	uint64_t id;
	char *path;
	pid_t pid;
	int pidfd; /* -1: ended when opened, or handed over */
	int watch; /* our own duplicate of a pidfd that was handed over, else -1 */
	int streams[3];
	bool streams_lost; /* they went with an answer that never came */
	bool ended;
	char *result;
	int exit_code, exit_signal;
	/* signals.c */
	bailiff_sandbox *next;
	unsigned incarnation; /* of the connection that launched it; 0: another one did */
	bool ready, watched;
	struct operation *on_exit, *on_ready; /* until they are due */
	bailiff_violation_handler on_violation;
	void *on_violation_userdata;
	struct operation *early; /* violations that nobody has asked for yet */
	size_t n_early;
};

/*
 * exit-info.c: how the process of a pidfd ended, as the kernel (Linux 6.15) says it once the process was
 * reaped. The result's name is static. -ENODATA: not known.
 */
int exit_info_get(int pidfd, bailiff_exit *ret);

/* sandbox.c */
int sandbox_new(bailiff_connection *c, bailiff_sandbox **ret);
/* Calls a method of the sandbox's object. */
int sandbox_call(bailiff_sandbox *s, const char *member, int (*fill)(sd_bus_message *, const void *),
	const void *data, uint64_t until, sd_bus_message **ret);
/* Fills a handle for a sandbox whose path, and maybe id, is known: pidfd and pid as far as they are. */
int sandbox_look(bailiff_sandbox *s, uint64_t until);
/* Asks the broker for the object path of s->id. */
int sandbox_find(bailiff_sandbox *s, uint64_t until);
/* bailiff_sandbox_stop(). */
int sandbox_stop(bailiff_sandbox *s, uint64_t timeout_usec, uint64_t until);
/* status.c: bailiff_sandbox_get_status(). */
int sandbox_status(bailiff_sandbox *s, uint64_t until, bailiff_sandbox_status **ret);

/* dict.c: reads an a{sv} into the fields of a structure, by name. */
struct dict_field {
	const char *key;
	char type;     /* 's' char *, 'a' char ** (of "as"), 'u' uint32_t, 'i' int, 't' uint64_t, 'n' uint32_t
			  (length of an "au") */
	size_t offset; /* in the structure, which starts as zeroes */
};
/* Unknown keys are skipped; a string or list that is missing becomes an empty one. -EBADMSG, -ENOMEM. */
int dict_read(sd_bus_message *m, const struct dict_field *fields, size_t n, void *dest);

/* settings.c: reads a dictionary with strings as keys; value_type: "v", or what all values are. -EBADMSG. */
int settings_read(sd_bus_message *m, const char *value_type, bailiff_setting **ret);
/* Calls the broker, whose reply is such a dictionary. */
int settings_ask(
	bailiff_connection *c, const struct call *call, const char *value_type, bailiff_setting **ret);
