/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BAILIFF_BAILIFF_H
#define BAILIFF_BAILIFF_H

/*
 * libbailiff: start programs in the jails that the system's Bailiff keeps profiles for.
 *
 * All functions that return int return 0 (or a documented positive value) or a negative errno value; for those that
 * talk to the broker, bailiff_last_error_name() and bailiff_last_error_message() then say more. Objects are opaque;
 * x_free() accepts NULL. An object may be used by one thread at a time. No function starts a thread, installs a
 * signal handler or changes the process' environment.
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
 * Connects to $BAILIFF_ADDRESS, else $DBUS_SYSTEM_BUS_ADDRESS, else the system bus.
 * Errors: -ENOENT, -ECONNREFUSED (no bus there), -EPERM (the broker's name is owned by someone else than the
 * user "bailiff" or root).
 */
int bailiff_connect(bailiff_connection **ret);
/* The same to a D-Bus address. */
int bailiff_connect_address(const char *address, bailiff_connection **ret);
/* Closes the connection. Sandboxes launched over it without bailiff_request_set_detach() are then stopped. */
bailiff_connection *bailiff_connection_free(bailiff_connection *c);
/* Of the last failed call: the D-Bus error name, "" if none; and a sentence. Valid until the next call. */
const char *bailiff_last_error_name(const bailiff_connection *c);
const char *bailiff_last_error_message(const bailiff_connection *c);

/* A launch to be: profile by name. -EINVAL for a name that no profile can have. */
int bailiff_request_new(bailiff_request **ret, const char *profile);
bailiff_request *bailiff_request_free(bailiff_request *r);
/* NULL-terminated; copied. argv[0] is an executable of the profile, by path or by name. */
int bailiff_request_set_argv(bailiff_request *r, const char *const *argv);
int bailiff_request_set_env(bailiff_request *r, const char *name, const char *value);
int bailiff_request_unset_env(bailiff_request *r, const char *name);
int bailiff_request_set_cwd(bailiff_request *r, const char *path);
int bailiff_request_set_tag(bailiff_request *r, const char *tag);
/* The child's fd number child will be a duplicate of fd. fd is borrowed and must stay open until the launch.
 * -EEXIST: child is mapped already. -E2BIG: more than BAILIFF_FDS_MAX. */
int bailiff_request_map_fd(bailiff_request *r, int child, int fd);
#define BAILIFF_FDS_MAX 16 /* what a stock system bus carries in a message (dbus-daemon 1.14) */

enum bailiff_stdio {
	BAILIFF_STDIO_NULL, /* /dev/null */
	BAILIFF_STDIO_PIPE  /* a pipe; the other end from bailiff_sandbox_stream() */
};
/* child: 0, 1 or 2. */
int bailiff_request_set_stdio(bailiff_request *r, int child, enum bailiff_stdio mode);
/* The sandbox outlives this connection; needs the profile's AllowDetach=. */
int bailiff_request_set_detach(bailiff_request *r, int detach);
/* End of file on this read end stops the sandbox. Borrowed until the launch. */
int bailiff_request_set_lifeline(bailiff_request *r, int fd);
/* May only tighten what the profile says. resource: RLIMIT_*; UINT64_MAX is infinity. */
int bailiff_request_set_rlimit(bailiff_request *r, int resource, uint64_t soft, uint64_t hard);
int bailiff_request_set_runtime_max(bailiff_request *r, uint64_t usec);
int bailiff_request_set_stop_timeout(bailiff_request *r, uint64_t usec);
int bailiff_request_set_stop_signal(bailiff_request *r, int signal);

/* Launches; returns when the program was executed in its jail. A request may be launched again. */
int bailiff_launch(bailiff_connection *c, const bailiff_request *r, bailiff_sandbox **ret);

/* How a sandbox ended. result: "success", "exit-code", "signal", "core-dump", "timeout", "oom", "violation",
 * "client-gone", "killed", "setup-failed"; owned by the sandbox. */
typedef struct bailiff_exit {
	const char *result;
	int code;   /* exit status, when it exited */
	int signal; /* when a signal ended it, else 0 */
} bailiff_exit;

/* Forgets the handle; the sandbox lives as long as the connection (or, detached, by itself). */
bailiff_sandbox *bailiff_sandbox_free(bailiff_sandbox *s);
/* A handle for a sandbox of this user that another process or an earlier connection launched. */
int bailiff_sandbox_open(bailiff_connection *c, uint64_t id, bailiff_sandbox **ret);
uint64_t bailiff_sandbox_id(const bailiff_sandbox *s);
pid_t bailiff_sandbox_pid(const bailiff_sandbox *s);
/* Borrowed, close-on-exec; poll it for the end of the program. bailiff_sandbox_steal_pidfd() hands it over. */
int bailiff_sandbox_pidfd(const bailiff_sandbox *s);
int bailiff_sandbox_steal_pidfd(bailiff_sandbox *s);
/* Our end of the child's fd 0, 1 or 2 if that was BAILIFF_STDIO_PIPE; -ENOENT otherwise. Borrowed / handed over. */
int bailiff_sandbox_stream(const bailiff_sandbox *s, int child);
int bailiff_sandbox_steal_stream(bailiff_sandbox *s, int child);
/* Waits for the end. -ETIMEDOUT. timeout in microseconds or BAILIFF_TIMEOUT_INFINITE. */
int bailiff_sandbox_wait(bailiff_sandbox *s, uint64_t timeout_usec, bailiff_exit *ret);
/* The stop signal, the grace, then the kill; returns at once. timeout: BAILIFF_TIMEOUT_INFINITE = the profile's. */
int bailiff_sandbox_stop(bailiff_sandbox *s, uint64_t timeout_usec);
/* all: to every process inside, not the main one alone. */
int bailiff_sandbox_signal(bailiff_sandbox *s, int signal, int all);
/* Drops the retained exit state. */
int bailiff_sandbox_release(bailiff_sandbox *s);

/* The caller's sandboxes (an administrator's: all). Free with bailiff_sandbox_info_free(). */
typedef struct bailiff_sandbox_info {
	uint64_t id;
	char *path, *profile, *tag, *state;
	uid_t owner;
	pid_t pid;
} bailiff_sandbox_info;
int bailiff_list_sandboxes(bailiff_connection *c, bailiff_sandbox_info **ret, size_t *ret_n);
void bailiff_sandbox_info_free(bailiff_sandbox_info *list, size_t n);

typedef struct bailiff_profile_info {
	char *name, *description;
	int allowed;     /* may the caller launch it */
	double exposure; /* 0 safe … 10 exposed; -1 when this version does not compute it */
} bailiff_profile_info;
int bailiff_list_profiles(bailiff_connection *c, bailiff_profile_info **ret, size_t *ret_n);
void bailiff_profile_info_free(bailiff_profile_info *list, size_t n);

/* Administrators: compiles the profiles anew. 0: in force. -EBADMSG: refused, the old ones stay, *ret_errors
 * (a NULL-terminated list, free with bailiff_strv_free()) says why. */
int bailiff_reload(bailiff_connection *c, uint32_t *ret_generation, char ***ret_errors);
void bailiff_strv_free(char **v);

/* Lower-hex SHA1(salt || lower-cased name), 40 characters, as ChromeOS' cryptohome. Free with free(3). */
int bailiff_sanitize_username(bailiff_connection *c, const char *username, char **ret);

#ifdef __cplusplus
}
#endif
#endif
