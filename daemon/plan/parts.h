/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The parts of a plan, and how they say no. Each part reads one aspect of the request against the profile,
 * and either fills its piece of the result or refuses: 0, -EACCES (the profile does not allow it), -EINVAL
 * (no profile could), -ENOMEM.
 */

#include "plan/plan.h"

#define SHOWN_MAX 96 /* bytes of a caller's or profile's string in a message; longer ones are cut */

/* s as it can stand in a message: printable ASCII, everything else as \xNN, cut with "...". Returns buf. */
const char *shown(char buf[SHOWN_MAX], const char *s);
/*
 * Fills in a refusal. @key: what in the profile decides, as it is written there ("Argument="). The format
 * begins the message, refuse_more() goes on with it; what does not fit ends in "...". Returns error.
 */
int refuse(struct plan_result *result, const struct compiled_profile *p, const char *key,
	enum refusal refusal, int error, const char *format, ...) __attribute__((format(printf, 6, 7)));
void refuse_more(struct plan_result *result, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Which executable runs; it is the profile's string. */
int plan_arguments(const struct compiled_profile *p, const struct plan_request *r,
	const char **ret_executable, struct plan_result *result);
/* The payload's environment: the profile's order, then the caller's. */
int plan_environment(const struct compiled_profile *p, const struct plan_request *r, char ***ret_env,
	struct plan_result *result);
/* Every mapped fd, and where 0, 1 and 2 come from. */
int plan_descriptors(const struct compiled_profile *p, const struct plan_request *r,
	enum stdio_mode ret_stdio[3], struct plan_result *result);
/* Every mount slot of the profile, in its order; a filled one has the position of its bind for an fd. */
int plan_slots(const struct compiled_profile *p, const struct plan_request *r, struct jail_slot **ret_slots,
	struct plan_result *result);
/* Options that may only tighten: detach, working directory, limits, times, signal. */
int plan_detach(const struct compiled_profile *p, const struct plan_request *r, struct plan_result *result);
/* Where the notification socket would be. */
int plan_notify(const struct compiled_profile *p, const struct plan_request *r, struct plan_result *result);
int plan_directory(const struct compiled_profile *p, const struct plan_request *r, const char **ret_directory,
	struct plan_result *result);
int plan_limits(const struct compiled_profile *p, const struct plan_request *r,
	struct compiled_limit **ret_limits, size_t *ret_n, struct plan_result *result);
/* What options make of the profile's share in the machine; *ret_tightened stays NULL if they ask for nothing.
 */
int plan_tighten(const struct compiled_profile *p, const struct plan_request *r,
	struct jail_tightened **ret_tightened, struct plan_result *result);
int plan_times(const struct compiled_profile *p, const struct plan_request *r,
	struct plan_effective *effective, struct plan_result *result);
