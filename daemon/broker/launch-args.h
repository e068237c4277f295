/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The arguments of LaunchSandboxed, read and checked for form. Whether they are allowed is for the plan to
 * say. */

#include "base/bounds.h"
#include "broker/body.h"
#include "plan/plan.h"

#include <systemd/sd-bus.h>

/* A growing list of strings. */
struct words {
	char **v; /* NULL-terminated once something was added */
	size_t n, allocated;
};

struct launch_args {
	struct words argv, env, unset_env; /* env: NAME=VALUE */
	size_t bytes;                      /* of all three, with NULs */
	struct plan_fd fds[FDS_MAX];
	int sources[FDS_MAX]; /* the message's own fds, in the order of fds */
	size_t n_fds;
	struct plan_bind binds[MOUNT_SLOTS_MAX];
	char *bind_slots[MOUNT_SLOTS_MAX]; /* owned; the names in binds */
	int bind_sources[MOUNT_SLOTS_MAX];
	size_t n_binds;
	uint32_t stdio[3]; /* enum stdio_mode or PLAN_STDIO_UNSET */
	bool has_pty_size;
	uint16_t pty_rows, pty_columns;
	char *cwd;       /* owned; NULL if not given, as tag */
	const char *tag; /* borrowed from the message, as token */
	const char *token;
	int lifeline; /* borrowed; -1 if not given */
	int channel;  /* likewise: more fds come through it, fd-channel.h */
	bool detach;
	bool notify;
	bool interactive;                 /* polkit may ask the user */
	struct compiled_limit limits[16]; /* RLIM_NLIMITS */
	size_t n_limits;
	uint64_t runtime_max_usec, timeout_stop_usec; /* 0: not given */
	int32_t stop_signal;                          /* 0: not given */
	struct tighter tighter;
	char **optional; /* owned */
	char **unknown;  /* keys met that no table lists; owned */
	uint64_t seen;   /* bit per option */
	bool question;   /* of Explain: nothing is launched, and no descriptor is taken */
};

void launch_args_init(struct launch_args *a);
void launch_args_done(struct launch_args *a);
/*
 * Reads everything behind the profile's name. The fds stay the message's. On failure error is set
 * (InvalidArgs, UnknownOption, QuotaExceeded, EnvDenied, InvalidFd) and a negative errno returned.
 * @proc_fd: as for fd_classify().
 */
int launch_args_read(struct launch_args *a, struct reader *m, int proc_fd, sd_bus_error *error);

/* One more; borrowed. Also for fd-channel.c. */
int launch_args_add_fd(struct launch_args *a, uint32_t target, int fd, int proc_fd, sd_bus_error *error);

/* The same of a question, which has no fds. Options that take a descriptor are InvalidArgs. */
int launch_args_read_question(struct launch_args *a, struct reader *m, sd_bus_error *error);
/* In the plan's form; borrows from a. */
void launch_args_for_plan(const struct launch_args *a, uid_t dynamic_uid, struct plan_request *ret);

/* The value of one option; also for options.c. NUL-less bytes or a string; -EDQUOT when the limits are
 * reached. */
int launch_args_add(struct launch_args *a, struct words *w, size_t max, const char *data, size_t size);
/* Joins NAME=VALUE; sets error for a name that can be none. */
int launch_args_add_env(struct launch_args *a, const char *name, size_t name_size, const char *value,
	size_t value_size, sd_bus_error *error);
int launch_args_too_many(sd_bus_error *error);
