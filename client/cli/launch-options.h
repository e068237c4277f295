/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The options that run and launch share, and the request made of them. */

#include "base/bounds.h"
#include "cli/cli.h"

#include <stdint.h>

struct launch_fd {
	int child, ours;
};

struct launch_bind {
	char *slot; /* owned, as the fd */
	int fd;
	bool read_only;
};

struct launch_limit {
	int resource;
	uint64_t soft, hard;
};

#define LAUNCH_LIMITS_MAX 32

struct launch_options {
	struct launch_fd fds[BAILIFF_FDS_MAX];
	size_t n_fds;
	struct launch_bind binds[MOUNT_SLOTS_MAX];
	size_t n_binds;
	char **env; /* NAME=VALUE */
	char **unset_env;
	const char *cwd, *tag;
	struct launch_limit limits[LAUNCH_LIMITS_MAX];
	size_t n_limits;
	uint64_t runtime_max, stop_timeout; /* 0: not given */
	int stop_signal;
	uint64_t memory_max, tasks_max; /* 0: not given, as the next */
	unsigned cpu_quota;             /* percent */
	bool has_nice, has_oom_score_adj, no_network;
	int nice, oom_score_adj;
	char **drop_capabilities;
	bool no_stdin, detach, notify;
	bool pty, pipe; /* of run */
};

#define LAUNCH_OPTIONS_ARGUMENTS "PROFILE [--] PROGRAM [ARGUMENT...]"

/* For the verbs' tables. */
int set_fd(void *into, const char *value, char **reterr_why);
int set_bind(void *into, const char *value, char **reterr_why);
int set_env(void *into, const char *value, char **reterr_why);
int set_unset_env(void *into, const char *value, char **reterr_why);
int set_cwd(void *into, const char *value, char **reterr_why);
int set_tag(void *into, const char *value, char **reterr_why);
int set_ready(void *into, const char *value, char **reterr_why);
int set_rlimit(void *into, const char *value, char **reterr_why);
int set_runtime_max(void *into, const char *value, char **reterr_why);
int set_stop_timeout(void *into, const char *value, char **reterr_why);
int set_stop_signal(void *into, const char *value, char **reterr_why);
int set_memory_max(void *into, const char *value, char **reterr_why);
int set_tasks_max(void *into, const char *value, char **reterr_why);
int set_cpu_quota(void *into, const char *value, char **reterr_why);
int set_nice_value(void *into, const char *value, char **reterr_why);
int set_oom_score_adj(void *into, const char *value, char **reterr_why);
int set_drop_capability(void *into, const char *value, char **reterr_why);
int set_no_network(void *into, const char *value, char **reterr_why);

/* Those that take no descriptor. */
#define LAUNCH_WORDS                                                                                         \
	{ "env", 'e', "NAME[=VALUE]", "set a variable, without =VALUE to its value here", set_env },         \
		{ "unset-env", 'u', "NAME", "leave out a variable of the profile", set_unset_env },          \
		{ "cwd", 'C', "PATH", "working directory, as seen inside", set_cwd },                        \
		{ "tag", 't', "TEXT", "a word shown in listings", set_tag },                                 \
		{ "ready", 0, "WHEN", "exec, or notify: it says when it is, as sd_notify(3) does",           \
			set_ready },                                                                         \
		{ "rlimit", 0, "NAME=SOFT[:HARD]", "tighten a resource limit, e.g. NOFILE=64", set_rlimit }, \
		{ "runtime-max", 0, "TIME", "stop it after this time", set_runtime_max },                    \
		{ "stop-timeout", 0, "TIME", "grace between the stop signal and the kill",                   \
			set_stop_timeout },                                                                  \
		{ "stop-signal", 0, "SIGNAL", "what asks it to stop", set_stop_signal },                     \
		{ "memory-max", 0, "SIZE", "most memory, of all its processes", set_memory_max },            \
		{ "tasks-max", 0, "NUMBER", "most processes and threads", set_tasks_max },                   \
		{ "cpu-quota", 0, "PERCENT", "most of one processor's time, e.g. 50%", set_cpu_quota },      \
		{ "nice", 0, "NUMBER", "niceness, up to 19", set_nice_value },                               \
		{ "oom-score-adj", 0, "NUMBER", "up to 1000: killed first when memory runs out",             \
			set_oom_score_adj },                                                                 \
		{ "drop-capability", 0, "NAME", "take CAP_NAME from what the profile gives it",              \
			set_drop_capability },                                                               \
	{                                                                                                    \
		"no-network", 0, NULL, "no network but a loopback device of its own", set_no_network         \
	}

#define LAUNCH_OPTIONS                                                                                       \
	{ "fd", 'f', "CHILD[:OURS]", "give it our descriptor OURS (CHILD if left out) as number CHILD",      \
		set_fd },                                                                                    \
		{ "bind", 'b', "SLOT=PATH[:ro]", "show it our file or directory PATH in a mount slot",       \
			set_bind },                                                                          \
		LAUNCH_WORDS

void launch_options_done(void *state);
/* args: the profile and what follows it. Reports what is wrong. */
int launch_request_make(const struct launch_options *o, char **args, bailiff_request **ret);
/* Reports a failed launch; returns the exit status for it. */
int launch_failed(bailiff_connection *c, int error, const char *profile);
