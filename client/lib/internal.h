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

/* util.c */
uint64_t now_usec(void); /* CLOCK_MONOTONIC */
/* A point in time that is timeout away; BAILIFF_TIMEOUT_INFINITE stays. */
uint64_t deadline_after(uint64_t timeout_usec);
/* Time left until then, 0 when it has passed. */
uint64_t deadline_left(uint64_t deadline);
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

struct bailiff_connection {
	unsigned n_ref; /* the caller's one, and one for each sandbox handle */
	bool freed;     /* by the caller */
	sd_bus *bus;    /* NULL after that, and while the direct socket does not answer */
	char *address;  /* of it */
	bool direct; /* the broker's own socket: no bus in between, and the connection ends with the broker */
	int lifeline[2]; /* read end, write end; of what is launched over the direct socket. -1 until then */
	struct operation *operations; /* under way, async.c */
	pid_t pid;                    /* who connected: nobody else may use it */
	char *owner; /* unique name that owned BAILIFF_BUS_NAME and passed the check; NULL: to be looked up */
	uid_t broker_uid; /* of the user "bailiff"; 0 where there is none */
	char *error_name, *error_message;
};

/* How long a call to the bus or the broker may take; a launch has to build a jail, and may be queued. */
#define CALL_TIMEOUT_USEC   (25ULL * 1000000)
#define LAUNCH_TIMEOUT_USEC (90ULL * 1000000)

/* connection.c */
bailiff_connection *connection_ref(bailiff_connection *c);
bailiff_connection *connection_unref(bailiff_connection *c);
DEFINE_CLEANUP(bailiff_connection *, connection_unref);
/* 0 when c may be used: it is open, and by the process that opened it. Forgets the last error. */
int connection_check(bailiff_connection *c);
/* Looks up who owns the broker's name, has the bus start one if nobody does, and checks the owner. */
int connection_find_broker(bailiff_connection *c);

/* Over the direct socket: what keeps sandboxes alive while the broker is restarted, borrowed. */
int connection_lifeline(bailiff_connection *c);
/* After the broker's end: the direct socket's connection is made anew. */
int connection_reopen(bailiff_connection *c);

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
	uint64_t timeout_usec; /* 0: CALL_TIMEOUT_USEC */
};
/* -EHOSTUNREACH: the bus did not deliver it. -ECONNRESET: the callee went away before it answered.
 * -ETIMEDOUT. -ENOTCONN: the bus is gone. Else as error_to_errno(). ret may be NULL. */
int call_peer(bailiff_connection *c, const char *destination, const struct call *call, sd_bus_message **ret);
/* The same to the broker; finds the new one when the broker was restarted before the call reached it. */
int call_broker(bailiff_connection *c, const struct call *call, sd_bus_message **ret);
/* What a callee in good order never sends. Sets the last error and returns -EBADMSG. */
int reply_malformed(bailiff_connection *c, const char *member);

/* Who else than the callee could have sent this reply? 0, or what a failed call returns. */
int judge_reply(bailiff_connection *c, const char *destination, sd_bus_message *reply);
/* async.c: drops what is under way without a word. */
void operations_drop(bailiff_connection *c);
/* Takes them out of a connection that ends, and tells their callers so. */
struct operation *operations_detach(bailiff_connection *c);
void operations_fail(struct operation *all, int error);
/* And what waits for the end of s, which is being freed. */
void operations_forget(bailiff_sandbox *s);
/* launch.c: what the broker answered, into s. */
int launch_take_reply(bailiff_connection *c, bailiff_sandbox *s, sd_bus_message *reply);
/* The request as it goes over this connection; borrows everything but its channel, for launch_sent(). */
int launch_prepare(bailiff_connection *c, const bailiff_request *r, bailiff_request *ret);
/* The message has it, or will never be sent. */
void launch_sent(bailiff_request *prepared);
/* fd-channel.c: what the program's fds become, in a socket whose other end is closed already. *ret is owned.
 */
int fd_channel_open(const bailiff_request *r, int *ret);
/* wait.c: keeps what Wait() answered. */
int sandbox_take_result(bailiff_sandbox *s, sd_bus_message *reply);

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
	char *cwd, *tag;
	struct request_fd fds[BAILIFF_FDS_MAX];
	size_t n_fds;
	struct request_bind binds[BINDS_MAX];
	size_t n_binds;
	int lifeline;
	int channel;  /* while it is being sent: the mapped fds wait in it, and not in the message; else -1 */
	int stdio[3]; /* enum bailiff_stdio or STDIO_UNSET */
	bool has_pty_size;
	uint16_t pty_rows, pty_columns;
	bool detach;
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
};

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
	bool ended;
	char *result;
	int exit_code, exit_signal;
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
	const void *data, uint64_t timeout_usec, sd_bus_message **ret);
/* Asks the broker for the object path of s->id. */
int sandbox_find(bailiff_sandbox *s);

/* dict.c: reads an a{sv} into the fields of a structure, by name. */
struct dict_field {
	const char *key;
	char type;     /* 's' char *, 'a' char ** (of "as"), 'u' uint32_t, 'i' int, 't' uint64_t */
	size_t offset; /* in the structure, which starts as zeroes */
};
/* Unknown keys are skipped; a string or list that is missing becomes an empty one. -EBADMSG, -ENOMEM. */
int dict_read(sd_bus_message *m, const struct dict_field *fields, size_t n, void *dest);

/* settings.c: reads a dictionary with strings as keys; value_type: "v", or what all values are. -EBADMSG. */
int settings_read(sd_bus_message *m, const char *value_type, bailiff_setting **ret);
/* Calls the broker, whose reply is such a dictionary. */
int settings_ask(
	bailiff_connection *c, const struct call *call, const char *value_type, bailiff_setting **ret);
