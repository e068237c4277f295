/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A private system: a bus daemon, bailiffd with a configuration directory of its own, and clients of any uid,
 * driven through GLib's GDBus, which shares no code with sd-bus. Every failure ends the test with a message.
 */

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cmocka.h>

#define RIG_ALICE        6 /* Debian's "man": may launch what the test profiles allow */
#define RIG_BOB          7 /* Debian's "lp", in group "lp": may launch "strict" alone */
#define RIG_TIMEOUT_MS   30000
#define RIG_SPARE_CONFIG "bailiffd.conf.d/00-spare.conf" /* that there are no spare jails */

enum rig_process {
	RIG_STUB,
	RIG_KEEPER,
	RIG_LAUNCHER,
	RIG_BROKER,
	_RIG_PROCESS_MAX,
};

/* What a process had open at one moment. */
struct rig_fds {
	size_t n;   /* of the launcher: beside what it makes ahead, see rig_count_beside() */
	char *list; /* a line each: its number and what it leads to */
};

struct rig {
	char *dir;            /* temporary directory, root only below config/ */
	char *address;        /* of the bus */
	char *client_address; /* what rig_connect() connects to: the bus, or the direct socket */
	pid_t bus, stub;
	GPtrArray *connections;
	char *mountinfo;                          /* before the daemon started */
	char *before;                             /* a test: what must be the same after it */
	struct rig_fds fds[_RIG_PROCESS_MAX + 1]; /* and be no more; the last are the test's own */
};

/* BAILIFF_TEST_BUS=direct: clients connect to the socket beside the bus. */
bool rig_is_direct(void);
/* The error that stands for a denial there: no bus says no before the broker does. Others as they are. */
const char *rig_denial(const char *error_name);
/* Whether there is a point in trying: root, or BAILIFF_MUST_WORK=1 says that it has to work. */
bool rig_can_run(void);
#define RIG_SKIPPED 77 /* what meson takes for "skipped" */
/* From now on this process, and what it starts, sees nothing of what others mount, nor they of its mounts.
 * False: errno says why. */
bool rig_own_mounts(void);
/* Starts bus and daemon. For cmocka's group set-up. */
int rig_setup(void **state);
/* The same without a bus: the daemon may do without, and clients connect to the direct socket. */
int rig_setup_without_bus(void **state);
/* A bus runs, and the daemon is told not to use it. */
int rig_setup_beside_bus(void **state);
/* The bus comes, or dies by this signal. */
void rig_bus_start(struct rig *rig);
void rig_bus_stop(struct rig *rig, int signal);
/* The daemon alone, once more. @mode: an option of its, or NULL; @gate: it begins when a byte comes from
 * there, or at once (-1). */
void rig_daemon_start(struct rig *rig, const char *mode, int gate);
/* fork(2), for a child that goes on in this program: at a moment when no thread of GDBus holds a lock. */
pid_t rig_fork(void);
/* Waits for the end of a child of the test, RIG_TIMEOUT_MS at most; the wait status, or -1. */
int rig_wait_child(pid_t pid);
/* Mounts, the daemon's cgroup, its files, after its end. */
void rig_assert_nothing_left(struct rig *rig);
/* Stops both and compares the system with what it was: mounts, the daemon's cgroup, its files. */
int rig_teardown(void **state);
/* For each test, see rig_test(): notes what the daemon holds, and compares it afterwards. */
int rig_test_setup(void **state);
int rig_test_teardown(void **state);
/* The descriptors that one of them, or the test (_RIG_PROCESS_MAX), has open; what is in *ret is freed.
 * False: in a second there was no moment in which it had nothing under way. */
bool rig_try_fds(struct rig *rig, enum rig_process which, struct rig_fds *ret);
/* The same, and it must come to rest, in RIG_TIMEOUT_MS. */
void rig_note_fds(struct rig *rig, enum rig_process which, struct rig_fds *ret);
void rig_fds_done(struct rig_fds *f);
/* Waits up to RIG_TIMEOUT_MS until it is at rest with no more than before. From then on these are what it had
 * before. */
void rig_await_fds(struct rig *rig, enum rig_process which, struct rig_fds *before);
/* For who reads that there are too many. */
void rig_print_fds(enum rig_process which, const struct rig_fds *before, const struct rig_fds *now);
/* Of a launcher's list, how many there are beside what may be made ahead: networks, what they are watched by,
 * mount namespaces, and paths in these. It is made whenever there is nothing to do. */
size_t rig_count_beside(const char *list);
/* Mount namespaces that the launcher has made ahead. */
size_t rig_count_templates(struct rig *rig);
/* The lines that only one of two texts has. */
void rig_print_difference(const char *before, const char *now);
/* A test that must leave nothing behind. */
#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_test_setup, rig_test_teardown)
/* The name of the daemon's cgroup, wherever it is. Free. */
char *rig_cgroup_name(const struct rig *rig);
/* A connection whose credentials at connect are these. Closed at teardown. */
GDBusConnection *rig_connect(struct rig *rig, uid_t uid);
void rig_disconnect(struct rig *rig, GDBusConnection *c);
/* After the broker's end: a bus' connection is as it was, one to the direct socket has to be made anew. */
GDBusConnection *rig_reconnect(struct rig *rig, GDBusConnection *c, uid_t uid);

/* Writes config/NAME below the rig (directories made as needed), root-owned, 0644. */
void rig_write(struct rig *rig, const char *name, const char *text);
void rig_remove(struct rig *rig, const char *name);
/* Takes what was written into service, and waits until the compiler that read it is gone. */
void rig_reload(struct rig *rig);
/* The pid of one of the four, as the host sees it; 0 if it does not run. */
pid_t rig_pid(struct rig *rig, enum rig_process which);
/* Of the auditor, which runs with KernelAudit=yes alone and has no program of its own; else 0. */
pid_t rig_auditor_pid(struct rig *rig);
/* Sets the soft limit of open descriptors of one of them; no harm when it has just ended. */
void rig_limit_fds(pid_t pid, rlim_t soft);
/* Bytes of memory that it has. */
size_t rig_resident(pid_t pid);
/* Kills it and waits until another pid stands in its place and the broker answers, and launches again. */
void rig_kill_and_wait(struct rig *rig, enum rig_process which);
/* Waits until the name is owned and answers Ping. */
void rig_wait_ready(struct rig *rig);
/* Whether a process that a launcher has a descriptor of neither makes something ahead, nor is still without a
 * name or a program, nor has ended. */
bool rig_is_settled(pid_t pid, pid_t launcher);
/* Processes inside all jails: everything below the keeper but launcher, broker and auditor. */
size_t rig_count_jailed(struct rig *rig);
/* The same: pid_t, in the order of /proc. A sandbox's end is told when its program has ended; its init may be
 * a moment longer about it. */
GArray *rig_jailed(struct rig *rig);
/* Processes below the keeper that ended and were not reaped. */
size_t rig_count_zombies(struct rig *rig);
/* Waits up to RIG_TIMEOUT_MS until rig_count_jailed() is n. */
void rig_wait_jailed(struct rig *rig, size_t n);

/* Calls a method of the manager. Returns NULL and sets *error on failure. in_fds may be NULL. */
GVariant *rig_call(GDBusConnection *c, const char *path, const char *interface, const char *method,
	GVariant *args, GUnixFDList *in_fds, GUnixFDList **out_fds, GError **error);
/* The same, and the call must succeed. */
GVariant *rig_call_ok(
	GDBusConnection *c, const char *path, const char *interface, const char *method, GVariant *args);
/* The call must fail with this D-Bus error name; the message must contain text (NULL: any). */
void rig_call_fails(GDBusConnection *c, const char *path, const char *interface, const char *method,
	GVariant *args, const char *error_name, const char *text);
/* The same for an error that came already. */
void rig_check_error(const char *what, const GError *error, const char *error_name, const char *text);
GVariant *rig_property(GDBusConnection *c, const char *path, const char *interface, const char *name);

#define RIG_NAME     "org.bailiff.Broker1"
#define RIG_PATH     "/org/bailiff/Broker1"
#define RIG_MANAGER  "org.bailiff.Broker1.Manager"
#define RIG_SANDBOX  "org.bailiff.Broker1.Sandbox"
#define RIG_ERROR(n) "org.bailiff.Broker1.Error." n

/* A launch in the making. Zero-initialised fields mean "none". */
struct rig_launch {
	const char *profile;
	const char *const *argv;
	const char *const *env; /* name, value, …, NULL */
	int fds[16];            /* child number, our fd, … ; n_fds pairs */
	size_t n_fds;
	int more[16]; /* handles of options: the first is number n_fds of the message */
	size_t n_more;
	GVariant *options; /* a{sv}, floating; NULL = empty */
};

struct rig_sandbox {
	char *path;
	uint64_t id;
	pid_t pid;
	int pidfd;
	int stream[3]; /* -1 if none */
	GVariant *info;
};

/* Launches; on failure returns false and *error. */
bool rig_launch_try(GDBusConnection *c, const struct rig_launch *l, struct rig_sandbox *ret, GError **error);
void rig_launch(GDBusConnection *c, const struct rig_launch *l, struct rig_sandbox *ret);
void rig_launch_fails(
	GDBusConnection *c, const struct rig_launch *l, const char *error_name, const char *text);
void rig_sandbox_done(struct rig_sandbox *s);
/* Wait(): the result's name; code and signal may be NULL. Free. */
char *rig_wait(GDBusConnection *c, const struct rig_sandbox *s, int *ret_code, int *ret_signal);
/* The same for one that ends well by itself; what was known of it is freed. */
void rig_finish(GDBusConnection *c, struct rig_sandbox *s);
/* A launch of "tool" that does nothing, to its end. */
void rig_run_tool(GDBusConnection *c);
/* Everything that fd gives until end of file. Free. */
char *rig_read_all(int fd, size_t *ret_size);
/* options with stdio={0:null,1:pipe,2:pipe} and more entries of the builder's. */
GVariant *rig_options_piped(void);
/* Runs a program of profile "probe" to its end with stdout on a pipe; the output. Free. */
char *rig_run_probe(GDBusConnection *c, const char *profile, const char *const *argv, int *ret_code);
/* The value behind "KEY " at the start of a line of the probe's output, or NULL. Free. */
char *rig_probe_value(const char *output, const char *key);
