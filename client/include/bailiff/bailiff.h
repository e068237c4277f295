/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BAILIFF_BAILIFF_H
#define BAILIFF_BAILIFF_H

/*
 * libbailiff: start programs in the sandboxes that the system's Bailiff keeps profiles for. bailiff(3).
 *
 * Functions that return int return 0 (or a documented positive value), or a negative errno value. For those
 * that talk to the broker, bailiff_last_error_name() and bailiff_last_error_message() say more. Objects are
 * opaque; x_free() accepts NULL and returns NULL. A connection and its sandboxes may be used by one thread at
 * a time; in a process forked from the one that connected, every call to the broker is -ECHILD. No function
 * starts a thread, installs a signal handler or changes the environment. Structures that the library
 * allocates may grow at their end in later versions.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bailiff_connection bailiff_connection;
typedef struct bailiff_request bailiff_request;
typedef struct bailiff_sandbox bailiff_sandbox;

#define BAILIFF_TIMEOUT_INFINITE UINT64_MAX

/*
 * Connects to $BAILIFF_ADDRESS, else $DBUS_SYSTEM_BUS_ADDRESS, else the broker's own socket
 * /run/bailiff/broker where that answers, else the system bus. The variables are ignored
 * in a set-user-ID program. Errors: -ENOENT, -ECONNREFUSED (no bus there), -EHOSTUNREACH (a bus, but no
 * broker on it and none to be started), -EPERM (the broker's name is owned by someone else than root or the
 * user "bailiff").
 */
int bailiff_connect(bailiff_connection **ret);
/* The same to a D-Bus address. Over a program's pipes ("unixexec:", ssh(1) for example) no descriptors pass:
 * then nothing can be launched, and handles have no pidfd. */
int bailiff_connect_address(const char *address, bailiff_connection **ret);
/* Closes the connection. Sandboxes launched over it without bailiff_request_set_detach() are then stopped.
 * Their handles may be freed later; until then calls on them are -ENOTCONN. */
bailiff_connection *bailiff_connection_free(bailiff_connection *c);
/* Of the last call: the D-Bus error name, "" if it succeeded or failed on this side of the bus; and a
 * sentence. Valid until the next call that talks to the broker. */
const char *bailiff_last_error_name(const bailiff_connection *c);
const char *bailiff_last_error_message(const bailiff_connection *c);

/* A launch to be: profile by name. -EINVAL for a name that no profile can have. */
int bailiff_request_new(bailiff_request **ret, const char *profile);
bailiff_request *bailiff_request_free(bailiff_request *r);
/* NULL-terminated; copied. argv[0] is an executable of the profile, by path or by name; a launch
 * needs it. */
int bailiff_request_set_argv(bailiff_request *r, const char *const *argv);
/* Arguments and values may be any bytes but NUL. */
int bailiff_request_set_env(bailiff_request *r, const char *name, const char *value);
int bailiff_request_unset_env(bailiff_request *r, const char *name);
/* UTF-8, else -EILSEQ. */
int bailiff_request_set_cwd(bailiff_request *r, const char *path);
int bailiff_request_set_tag(bailiff_request *r, const char *tag);
/* The caller's name for the launch, 1 to 64 letters, digits and "_", not digits alone: it ends the sandbox's
 * object path. While its sandbox is known, whoever launches the same with the same token gets that sandbox,
 * but none of its streams (one that has ended has no pidfd); -EINVAL: the token is of another request.
 * Without this the library draws one for each launch. */
int bailiff_request_set_token(bailiff_request *r, const char *token);
/* The child's fd number child will be a duplicate of fd. fd is borrowed and must stay open until the launch.
 * -EEXIST: child is mapped or a pipe already. -E2BIG: more than BAILIFF_FDS_MAX. */
int bailiff_request_map_fd(bailiff_request *r, int child, int fd);
/* What fd refers to, a file or directory that is open for reading, is mounted in a slot of the profile. fd is
 * borrowed as above. -EEXIST: the slot is filled already. -E2BIG: more than 15, with the lifeline. */
int bailiff_request_bind_fd(bailiff_request *r, const char *slot, int fd, int read_only);
/* Mapped ones that the message has no room for, as a stock system bus carries 16, come beside it. */
#define BAILIFF_FDS_MAX 64

enum bailiff_stdio {
	BAILIFF_STDIO_NULL,   /* /dev/null */
	BAILIFF_STDIO_PIPE,   /* a pipe; the other end from bailiff_sandbox_stream() */
	BAILIFF_STDIO_SOCKET, /* a stream socket, both ways; likewise */
	/* a pseudo terminal, the same for each stream that is one; its master from bailiff_sandbox_stream()
	 * of the lowest of them. If the profile has it. */
	BAILIFF_STDIO_PTY,
	BAILIFF_STDIO_JOURNAL /* the system's journal; not for 0. If the profile has it. */
};
/* child: 0, 1 or 2. */
int bailiff_request_set_stdio(bailiff_request *r, int child, enum bailiff_stdio mode);
/* Size of the pseudo terminal, where the profile or bailiff_request_set_stdio() makes one; 0: not known. */
int bailiff_request_set_pty(bailiff_request *r, uint16_t rows, uint16_t columns);
/* The sandbox outlives this connection; needs the profile's AllowDetach=. */
int bailiff_request_set_detach(bailiff_request *r, int detach);
/* polkit may ask the user, where the profile asks polkit: a launch may then take as long as its timeout. */
int bailiff_request_set_interactive(bailiff_request *r, int interactive);
enum bailiff_ready {
	BAILIFF_READY_EXEC,  /* when it is executed, as is any sandbox that a launch has returned */
	BAILIFF_READY_NOTIFY /* when it says so, as sd_notify(3) does: bailiff_sandbox_wait_ready() */
};
int bailiff_request_set_ready(bailiff_request *r, enum bailiff_ready when);
/* End of file on this read end stops the sandbox. Borrowed until the launch. */
int bailiff_request_set_lifeline(bailiff_request *r, int fd);
/* May only tighten what the profile says. resource: RLIMIT_*; UINT64_MAX is infinity. Times are microseconds.
 */
int bailiff_request_set_rlimit(bailiff_request *r, int resource, uint64_t soft, uint64_t hard);
int bailiff_request_set_runtime_max(bailiff_request *r, uint64_t usec);
int bailiff_request_set_stop_timeout(bailiff_request *r, uint64_t usec);
int bailiff_request_set_stop_signal(bailiff_request *r, int signal);
/* What the sandbox as a whole may take, not 0: bytes, processes and threads, percent of one processor. */
int bailiff_request_set_memory_max(bailiff_request *r, uint64_t bytes);
int bailiff_request_set_tasks_max(bailiff_request *r, uint64_t tasks);
int bailiff_request_set_cpu_quota(bailiff_request *r, unsigned percent);
/* -20 to 19, and -1000 to 1000; the higher one is the stricter. */
int bailiff_request_set_nice(bailiff_request *r, int nice);
int bailiff_request_set_oom_score_adj(bailiff_request *r, int score);
/* "CAP_NET_RAW"; more with each call. */
int bailiff_request_drop_capability(bailiff_request *r, const char *name);
/* A network with a loopback device and nobody else. */
int bailiff_request_set_no_network(bailiff_request *r, int no_network);

/* Launches; returns when the program was executed in its sandbox. A request may be launched again. When the
 * broker ends before it answers, the next one is asked, for about half a minute: the program starts once, or
 * this fails. -ECONNRESET: the broker did not come back, or the program had started and its streams were lost
 * with the answer; then it was stopped. (-EIO, if it had ended by then.) One that ended before it could be
 * answered for has no pidfd. */
int bailiff_launch(bailiff_connection *c, const bailiff_request *r, bailiff_sandbox **ret);

/*
 * In an event loop of the caller's (poll, sd-event, GLib): wait until the fd has one of the events (of
 * poll(2)), or until the timeout, a point of CLOCK_MONOTONIC in microseconds, UINT64_MAX for none; then call
 * process() until it returns 0 (1: something was done). All are asked again before each wait; the fd is the
 * same as long as the connection lives. None of them waits: when the broker ends, its own socket is connected
 * to anew by process(), at times that the timeout says. -ENOTCONN: closed; the next call that talks to the
 * broker opens that socket again, a bus not.
 */
int bailiff_connection_get_fd(bailiff_connection *c);
int bailiff_connection_get_events(bailiff_connection *c);
int bailiff_connection_get_timeout(bailiff_connection *c, uint64_t *ret);
int bailiff_connection_process(bailiff_connection *c);
/* Waits in poll(2) until process() is to be called: 1. 0: not before the timeout, in microseconds or
 * BAILIFF_TIMEOUT_INFINITE. For programs without an event loop. */
int bailiff_connection_wait(bailiff_connection *c, uint64_t timeout_usec);
/*
 * The same as bailiff_launch(), but returns when the call was sent, and calls handler once. Handlers, of
 * signals too, are called by process() alone, and may use the whole library. error: 0 and the
 * sandbox, which is then the handler's; or a negative errno value and NULL. The request is not needed any
 * more when this returns; its descriptors are duplicated, and closed before handler is called. After an error
 * of this function, and once the connection is freed, handler is not called. When the broker ends before it
 * has answered, process() asks the next one, as bailiff_launch() does, with the same results.
 */
typedef void (*bailiff_launch_handler)(int error, bailiff_sandbox *sandbox, void *userdata);
int bailiff_launch_async(
	bailiff_connection *c, const bailiff_request *r, bailiff_launch_handler handler, void *userdata);
/* The handlers of launches with this userdata that were not called yet will not be, and process() has what
 * was launched, or will be, stopped. -ESRCH: there are none. */
int bailiff_launch_cancel(bailiff_connection *c, const void *userdata);

/* How a sandbox ended. result: "success", "exit-code", "signal", "core-dump", "timeout", "oom", "violation",
 * "client-gone", "killed", "setup-failed"; owned by the sandbox. */
typedef struct bailiff_exit {
	const char *result;
	int code;   /* exit status, when it exited */
	int signal; /* when a signal ended it, else 0 */
} bailiff_exit;

/* Forgets the handle; the sandbox lives as long as the connection (or, detached, by itself). */
bailiff_sandbox *bailiff_sandbox_free(bailiff_sandbox *s);
/* A handle for a sandbox of this user that another process or an earlier connection launched. -ESRCH. */
int bailiff_sandbox_open(bailiff_connection *c, uint64_t id, bailiff_sandbox **ret);
/* The same for the sandbox whose program a pidfd refers to, which is borrowed; also after its end, until it
 * is released. -EBADF: no pidfd; -EOPNOTSUPP: before Linux 6.9. */
int bailiff_sandbox_open_pidfd(bailiff_connection *c, int pidfd, bailiff_sandbox **ret);
uint64_t bailiff_sandbox_id(const bailiff_sandbox *s);
/* Of the main process, in the pid namespace of the host. 0: unknown. */
pid_t bailiff_sandbox_pid(const bailiff_sandbox *s);
/* Borrowed, close-on-exec; poll it for the end of the program. -ENOENT: the sandbox had ended when it was
 * opened, or the fd was handed over by bailiff_sandbox_steal_pidfd(), or no fd passes on this connection. */
int bailiff_sandbox_pidfd(const bailiff_sandbox *s);
int bailiff_sandbox_steal_pidfd(bailiff_sandbox *s);
/* Our end of the child's fd 0, 1 or 2 if that was BAILIFF_STDIO_PIPE, SOCKET or PTY; -ENOENT otherwise.
 * Borrowed / handed over. */
int bailiff_sandbox_stream(const bailiff_sandbox *s, int child);
int bailiff_sandbox_steal_stream(bailiff_sandbox *s, int child);
/* Until one that was launched with BAILIFF_READY_NOTIFY has said that it is ready. -ETIMEDOUT; -ESRCH: it was
 * stopped, or has ended, before that. Others never say so. */
int bailiff_sandbox_wait_ready(bailiff_sandbox *s, uint64_t timeout_usec);
/* Waits for the end, also across a restart of the broker. -ETIMEDOUT; -ESRCH: neither the broker nor, before
 * Linux 6.15, the kernel knows any more how it ended. timeout in microseconds or BAILIFF_TIMEOUT_INFINITE; it
 * counts for the program. Once that has ended, the broker has 25 seconds to say how. Signal handlers do not
 * interrupt it. ret may be NULL. */
int bailiff_sandbox_wait(bailiff_sandbox *s, uint64_t timeout_usec, bailiff_exit *ret);
/* Calls handler when it has ended, as bailiff_launch_async() does; exit is NULL with an error, -ECONNRESET
 * when the broker ended first: call it again then. A sandbox that is freed before is forgotten without a
 * word. */
typedef void (*bailiff_wait_handler)(int error, const bailiff_exit *exit, void *userdata);
int bailiff_sandbox_wait_async(bailiff_sandbox *s, bailiff_wait_handler handler, void *userdata);
/*
 * Signals: what the broker says by itself. One that does not come from the connection that owns the broker's
 * name, and is root's or the user "bailiff"'s, is ignored. Handlers are called by process(), until the handle
 * or the connection is freed; NULL: no more. They outlast a restart of the broker.
 *
 * Once, when the sandbox has ended, however the handle was made; at once, if it had ended before. error: not
 * 0 when nobody will know how it ended, as bailiff_sandbox_wait() has it.
 */
int bailiff_sandbox_on_exit(bailiff_sandbox *s, bailiff_wait_handler handler, void *userdata);
/* Once, when its program says that it is ready, or said so before. For a sandbox that another connection
 * launched, the broker has this one subscribed to all that the user may see; -EDQUOT: too many are. */
typedef void (*bailiff_ready_handler)(bailiff_sandbox *s, void *userdata);
int bailiff_sandbox_on_ready(bailiff_sandbox *s, bailiff_ready_handler handler, void *userdata);
/* Likewise, for each call that a process of it is killed for. What came before is told if this connection
 * launched it. */
typedef void (*bailiff_violation_handler)(
	bailiff_sandbox *s, const char *layer, const char *what, const char *detail, void *userdata);
int bailiff_sandbox_on_violation(bailiff_sandbox *s, bailiff_violation_handler handler, void *userdata);
/*
 * For each thing that happens to a sandbox that this user may see, whoever launched it; for root to any. The
 * strings are valid during the call.
 */
enum bailiff_event_kind {
	BAILIFF_EVENT_LAUNCHED,  /* id, profile, tag, owner, pid, state */
	BAILIFF_EVENT_CHANGED,   /* id, state */
	BAILIFF_EVENT_VIOLATION, /* id, layer, what, detail */
	BAILIFF_EVENT_EXITED,    /* id, exit */
	BAILIFF_EVENT_RELEASED,  /* id: how it ended is forgotten */
	/* The broker was started again, or more happened than was kept: bailiff_list_sandboxes() says what
	 * there is now. error: not 0 when there will be no more events, as bailiff_connection_on_event()
	 * returns it. */
	BAILIFF_EVENT_MISSED
};
typedef struct bailiff_event {
	enum bailiff_event_kind kind;
	uint64_t id;
	const char *profile, *tag, *state;
	uid_t owner;
	pid_t pid;
	const char *layer, *what, *detail;
	bailiff_exit exit;
	int error;
} bailiff_event;
typedef void (*bailiff_event_handler)(const bailiff_event *event, void *userdata);
/* -EDQUOT: 16 connections of this user have asked for them. */
int bailiff_connection_on_event(bailiff_connection *c, bailiff_event_handler handler, void *userdata);
/* After each reading of the profiles, the last of several that were not told yet. files: names of those with
 * errors, NULL-terminated; if there are any, the profiles before, and their generation, stay in force. */
typedef void (*bailiff_reload_handler)(uint32_t generation, const char *const *files, void *userdata);
int bailiff_connection_on_reload(bailiff_connection *c, bailiff_reload_handler handler, void *userdata);
/* The stop signal, the grace, then the kill; returns at once. timeout: BAILIFF_TIMEOUT_INFINITE = the
 * profile's. */
int bailiff_sandbox_stop(bailiff_sandbox *s, uint64_t timeout_usec);
/* all: to every process inside, not the main one alone. */
int bailiff_sandbox_signal(bailiff_sandbox *s, int signal, int all);
/* New size of the sandbox's pseudo terminal; what runs there gets SIGWINCH. -EBADF: it has none, or its
 * master was closed. */
int bailiff_sandbox_resize_pty(bailiff_sandbox *s, uint16_t rows, uint16_t columns);
/* One more lifeline: the read end of a pipe, or a socket, borrowed during the call. At its end of file the
 * sandbox is stopped. -EDQUOT: it has four. */
int bailiff_sandbox_attach_lifeline(bailiff_sandbox *s, int fd);
/* Stops every process inside where it is, until it is thawed; and lets them go on. */
int bailiff_sandbox_freeze(bailiff_sandbox *s);
int bailiff_sandbox_thaw(bailiff_sandbox *s);
/* Lowers limits while it runs: all n, or on an error none. -EPERM: one would be higher than before. */
typedef struct bailiff_limit {
	const char *name; /* of BAILIFF_LIMIT_* */
	uint64_t value;
} bailiff_limit;
#define BAILIFF_LIMIT_MEMORY_MAX   "memory-max" /* bytes */
#define BAILIFF_LIMIT_TASKS_MAX    "tasks-max"
#define BAILIFF_LIMIT_CPU_QUOTA    "cpu-quota"        /* percent of one processor */
#define BAILIFF_LIMIT_RUNTIME_MAX  "runtime-max-usec" /* from its start */
#define BAILIFF_LIMIT_STOP_TIMEOUT "stop-timeout-usec"
int bailiff_sandbox_set_limits(bailiff_sandbox *s, const bailiff_limit *limits, size_t n);
/* Drops the retained exit state. */
int bailiff_sandbox_release(bailiff_sandbox *s);

/* A name and its value as text. A list of them is linked by next; NULL if there are none. */
typedef struct bailiff_setting {
	struct bailiff_setting *next;
	char *name;
	char type;     /* 'b': "yes" or "no"; 'n': a number; 's': text; 'a': any number of values */
	char **values; /* NULL-terminated; one, unless it is an 'a' */
} bailiff_setting;
bailiff_setting *bailiff_setting_free(bailiff_setting *list);

/* The properties of its object by the names that D-Bus has for them; bailiff_sandbox_get_status() has them by
 * type. */
int bailiff_sandbox_get_properties(bailiff_sandbox *s, bailiff_setting **ret);
/* What it has used so far, or until its end: "cpu-usec", "memory-peak", "tasks-peak", "setup-usec" and of
 * that each stage, "setup-usec-mounts" and so on; as far as the kernel says. */
int bailiff_sandbox_get_usage(bailiff_sandbox *s, bailiff_setting **ret);
/* Calls that its processes were killed for, linked by next; NULL if there are none. */
typedef struct bailiff_violation {
	struct bailiff_violation *next;
	uint64_t usec;               /* CLOCK_REALTIME */
	char *layer, *what, *detail; /* what: the call, "" if it is not known */
} bailiff_violation;
int bailiff_sandbox_get_violations(bailiff_sandbox *s, bailiff_violation **ret);
bailiff_violation *bailiff_violation_free(bailiff_violation *list);

/* What the broker knows of a sandbox now. Free with bailiff_sandbox_status_free(). */
typedef struct bailiff_sandbox_status {
	uint64_t id;
	char *profile, *tag;
	char *state;                        /* "starting", "running", "ready", "stopping", "exited" */
	uid_t owner, uid;                   /* who launched it; as whom it runs */
	pid_t pid;                          /* 0: unknown or ended */
	uint64_t started_usec, exited_usec; /* CLOCK_REALTIME; 0: not yet */
	char *result;                       /* as in bailiff_exit; "" while it lives */
	int exit_code, exit_signal;
	uint32_t generation; /* of the profiles that it was launched from */
	char *control_group; /* "" if it has none */
	char **layers;       /* confinement in force, NULL-terminated */
	char **skipped;      /* what could not be applied, each with its reason */
} bailiff_sandbox_status;
int bailiff_sandbox_get_status(bailiff_sandbox *s, bailiff_sandbox_status **ret);
bailiff_sandbox_status *bailiff_sandbox_status_free(bailiff_sandbox_status *status);

/* The caller's sandboxes (an administrator's: all), linked by next; NULL if none. */
typedef struct bailiff_sandbox_info {
	struct bailiff_sandbox_info *next;
	uint64_t id;
	char *path, *profile, *tag, *state;
	uid_t owner;
	pid_t pid;
} bailiff_sandbox_info;
int bailiff_list_sandboxes(bailiff_connection *c, bailiff_sandbox_info **ret);
bailiff_sandbox_info *bailiff_sandbox_info_free(bailiff_sandbox_info *list);

typedef struct bailiff_profile_info {
	struct bailiff_profile_info *next;
	char *name, *description;
	int allowed;     /* may the caller launch it */
	double exposure; /* 0 safe ... 10 exposed; negative for a profile with errors */
} bailiff_profile_info;
int bailiff_list_profiles(bailiff_connection *c, bailiff_profile_info **ret);
bailiff_profile_info *bailiff_profile_info_free(bailiff_profile_info *list);

/*
 * What bailiff_launch() would come to; nothing is launched. Descriptors of the request are not sent, those
 * that the profile requires are taken as given. uid: for whom (administrators only), or BAILIFF_UID_CALLER.
 */
typedef struct bailiff_explanation {
	int allowed;
	char *rule;                 /* what decided, with file and line */
	char **reasons;             /* unless allowed: name of the error, its sentence, maybe a remark */
	bailiff_setting *effective; /* if allowed: what would be in force */
} bailiff_explanation;
#define BAILIFF_UID_CALLER ((uid_t)-1)
int bailiff_explain(bailiff_connection *c, const bailiff_request *r, uid_t uid, bailiff_explanation **ret);
bailiff_explanation *bailiff_explanation_free(bailiff_explanation *e);
/* What a profile is: name, files, exposure, layers and so on; and every key of bailiff.profile(5) as it is in
 * force. */
int bailiff_get_profile_properties(bailiff_connection *c, const char *name, bailiff_setting **ret);
int bailiff_get_profile_settings(bailiff_connection *c, const char *name, bailiff_setting **ret);
/* Administrators: a signal to every process of every sandbox of a profile; to how many, if ret is not NULL.
 */
int bailiff_kill_all(bailiff_connection *c, const char *profile, int signal, unsigned *ret);
/* The caller's quotas: of each, what is used and what is allowed. */
int bailiff_get_quota(bailiff_connection *c, bailiff_setting **ret);

/* The broker itself. Free with bailiff_broker_status_free(). */
typedef struct bailiff_broker_status {
	char *version;
	char **features;       /* what this build can do on this kernel */
	uint32_t landlock_abi; /* 0: the kernel has none */
	uint32_t generation;   /* of the profiles in force */
	char **profile_errors; /* of the last reading of the profiles */
	uint32_t n_sandboxes;  /* live now */
	uint64_t n_launched;   /* since the broker started */
} bailiff_broker_status;
int bailiff_get_broker_status(bailiff_connection *c, bailiff_broker_status **ret);
bailiff_broker_status *bailiff_broker_status_free(bailiff_broker_status *status);

/* Administrators: reads the profiles anew. 0: in force. -EBADMSG: refused, the old ones stay. *ret_errors,
 * set in both cases (a NULL-terminated list, free with bailiff_strv_free()), says what is wrong. Both may be
 * NULL. */
int bailiff_reload(bailiff_connection *c, uint32_t *ret_generation, char ***ret_errors);
char **bailiff_strv_free(char **v);

/* Administrators: "error", "warning", "notice", "info", "debug", or "0" to "7", until the broker is
 * restarted. */
int bailiff_set_log_level(bailiff_connection *c, const char *level);

/* Lower-hex SHA1(salt || lower-cased name), 40 characters, as ChromeOS' cryptohome. Free with free(3). */
int bailiff_sanitize_username(bailiff_connection *c, const char *username, char **ret);
/* Does a name have the form of that? 1: yes. 0: no. */
int bailiff_is_sanitized_username(bailiff_connection *c, const char *name);
/* Where data of a user, by name or sanitized name, is: kind is "user" or "root". -ENOENT: no such kind.
 * Nobody looks whether it is there. Free with free(3). */
int bailiff_get_user_path(bailiff_connection *c, const char *user, const char *kind, char **ret);
/* The same in a daemon's store, DaemonStore= of profiles. */
int bailiff_get_daemon_store_path(bailiff_connection *c, const char *daemon, const char *user, char **ret);

#ifdef __cplusplus
}
#endif
#endif
