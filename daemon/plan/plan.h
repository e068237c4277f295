/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The decision: CompiledProfile + Caller + Request → JailSpec or refusal. Pure: no system call, no clock, no
 * allocation that outlives the result but the spec. Broker and launcher run the same code; Explain answers
 * from it.
 */

#include "base/fd.h"
#include "base/machine.h"
#include "base/tighter.h"
#include "catalog/compiled.h"
#include "jail/spec.h"

/* Who asks, as the bus recorded it at connect time. */
struct plan_caller {
	uid_t uid;
	const gid_t *gids; /* primary and supplementary */
	size_t n_gids;
	bool administrator; /* uid 0 */
	const char *label;  /* security label; NULL: none, or not SELinux' */
	const char *unit;   /* of its process, as base/unit-name.h writes it; NULL: not known */
	bool other;         /* somebody else asks about this user */
	bool polkit;        /* polkit has permitted this very launch: the profile's action to this caller */
};

/* One fd that the request maps. The plan sees what it is, never what is in it. */
struct plan_fd {
	uint32_t target;
	enum fd_kind kind;
	uint32_t access; /* enum fd_access bits */
};

/* One fd that the request binds into a mount slot of the profile. */
struct plan_bind {
	const char *slot; /* borrowed */
	enum fd_kind kind;
	uint32_t access; /* enum fd_access bits */
	bool read_only;
};

#define PLAN_STDIO_UNSET UINT32_MAX

struct plan_request {
	char *const *argv; /* argv[0]: an executable of the profile, by path, or by file name where only one
			      has it */
	char *const *env;  /* NAME=VALUE, caller's, on top of the profile's */
	char *const *unset_env;
	const struct plan_fd *fds;
	size_t n_fds;
	const struct plan_bind *binds;
	size_t n_binds;
	uint32_t stdio[3]; /* enum stdio_mode asked for (not INHERIT), or PLAN_STDIO_UNSET */
	bool has_pty_size;
	uint16_t pty_rows, pty_columns;
	bool notify;     /* with a notification socket */
	const char *cwd; /* NULL: the profile's; borrowed by the spec */
	bool detach;
	const struct compiled_limit *limits; /* option rlimits: may only tighten */
	size_t n_limits;
	uint64_t runtime_max_usec, timeout_stop_usec; /* 0: the profile's; may only tighten */
	int32_t stop_signal;                          /* 0: the profile's */
	struct tighter tighter;
	/* what a profile's shares are shares of; NULL: not known here, and the launcher is who compares */
	const struct machine *machine;
	uid_t dynamic_uid; /* the uid that the launcher reserved; ignored without DynamicUser= */
};

/* Names of org.bailiff.Broker1.Error.* that a plan can end in. The numbers are part of the private protocol.
 */
enum refusal {
	REFUSAL_NONE,
	REFUSAL_ACCESS_DENIED,
	REFUSAL_PROFILE_UNKNOWN,
	REFUSAL_PROFILE_INVALID,
	REFUSAL_ARGV_DENIED,
	REFUSAL_ENV_DENIED,
	REFUSAL_INVALID_FD,
	REFUSAL_OVERRIDE_DENIED,
	REFUSAL_QUOTA_EXCEEDED,
	REFUSAL_UNKNOWN_OPTION,
	REFUSAL_NO_SUCH_SANDBOX,
	REFUSAL_BUSY,
	_REFUSAL_MAX,
};
/* "AccessDenied", …; NULL for REFUSAL_NONE. */
const char *refusal_to_string(enum refusal r);

#define PLAN_MESSAGE_MAX 512

struct plan_result {
	enum refusal refusal;
	char rule[128];                 /* the rule that decided: "decoder.profile:12 AllowGroup=video" */
	char message[PLAN_MESSAGE_MAX]; /* for people; names key, value, and the mend */
};

/* May this caller launch this profile at all? The same without a word why. */
bool plan_permits(const struct compiled_profile *p, const struct plan_caller *c);
/* May this caller launch this profile at all? Fills rule either way. Returns 0 or -EACCES (result says why).
 */
int plan_access(const struct compiled_profile *p, const struct plan_caller *c, struct plan_result *ret);
/* Does the caller's unit decide? Then it has to be looked up. */
bool plan_needs_unit(const struct compiled_profile *p);
/* The action that polkit is asked about when no other rule matches; NULL: there is none. */
const char *plan_polkit_action(const struct compiled_profile *p);

/* What the plan made of stdio and times, beyond the spec. */
struct plan_effective {
	enum stdio_mode stdio[3]; /* never INHERIT */
	uint64_t runtime_max_usec, timeout_stop_usec;
	uint64_t timeout_start_usec; /* USEC_INFINITY unless it has to say that it is ready */
	int32_t stop_signal;
};

/* What a limit of the sandbox as a whole comes to on this machine: bytes, tasks or hundredths of a percent of
 * a processor; GROUP_INFINITY without one. */
uint64_t plan_limit_in_force(
	const struct group_value *v, enum group_limit which, const struct machine *machine);

/*
 * The whole decision: access, argv, environment, fds, mount slots, stdio, limits, detach, overrides. 0 and a
 * spec without fds (the launcher fills them; the filled slots have the position of their bind for one), or
 * -EACCES (this profile does not allow it), -EINVAL (no profile could) with the refusal in *ret_result;
 * -ENOMEM comes without one. Free with jail_spec_done(). Without -ENOMEM the answer depends on the arguments
 * alone. *ret_result's rule is filled either way.
 */
int plan_make(const struct compiled_profile *p, const struct plan_caller *c, const struct plan_request *r,
	struct jail_spec *ret_spec, struct plan_effective *ret_effective, struct plan_result *ret_result);
/*
 * What of it depends on argv and environment alone, for one whom plan_access() lets in: which executable
 * runs, the profile's string, and with which environment (free with strv_free()). Refusals as there. A
 * request without anything else that plan_make() permits once it permits with each command that passes here.
 */
int plan_command(const struct compiled_profile *p, const struct plan_request *r, const char **ret_executable,
	char ***ret_env, struct plan_result *ret_result);
/* The spec of a jail that waits for a launch of this profile, of the first of its executables, by nobody yet;
 * without fds. @dynamic_uid: as in a request. */
int plan_park(const struct compiled_profile *p, uid_t dynamic_uid, struct jail_spec *ret);
