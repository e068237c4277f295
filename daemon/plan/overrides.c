/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Options that stand beside a value of the profile: the stricter holds, and a looser one is refused, not cut.
 */

#include "base/error.h"
#include "base/path.h"
#include "plan/parts.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#define SIGNAL_MAX 64 /* _NSIG */

static const char *const limit_keys[RLIM_NLIMITS] = {
	[RLIMIT_AS] = "LimitAS=",
	[RLIMIT_CORE] = "LimitCORE=",
	[RLIMIT_CPU] = "LimitCPU=",
	[RLIMIT_DATA] = "LimitDATA=",
	[RLIMIT_FSIZE] = "LimitFSIZE=",
	[RLIMIT_LOCKS] = "LimitLOCKS=",
	[RLIMIT_MEMLOCK] = "LimitMEMLOCK=",
	[RLIMIT_MSGQUEUE] = "LimitMSGQUEUE=",
	[RLIMIT_NICE] = "LimitNICE=",
	[RLIMIT_NOFILE] = "LimitNOFILE=",
	[RLIMIT_NPROC] = "LimitNPROC=",
	[RLIMIT_RSS] = "LimitRSS=",
	[RLIMIT_RTPRIO] = "LimitRTPRIO=",
	[RLIMIT_RTTIME] = "LimitRTTIME=",
	[RLIMIT_SIGPENDING] = "LimitSIGPENDING=",
	[RLIMIT_STACK] = "LimitSTACK=",
};

/* Nobody limits these where the profile is silent (daemon/jail/limit.c has the table), so that any value is
 * tighter. Of the others a jail gets a modest value, which an option could raise. */
#define LIMITLESS                                                                                            \
	(1U << RLIMIT_AS | 1U << RLIMIT_CPU | 1U << RLIMIT_DATA | 1U << RLIMIT_FSIZE | 1U << RLIMIT_LOCKS |  \
		1U << RLIMIT_NPROC | 1U << RLIMIT_RSS | 1U << RLIMIT_RTTIME | 1U << RLIMIT_SIGPENDING)

int plan_detach(const struct compiled_profile *p, const struct plan_request *r, struct plan_result *result)
{
	if (!r->detach || p->allow_detach)
		return 0;
	return refuse(result, p, "AllowDetach=", REFUSAL_ACCESS_DENIED, -EACCES,
		"profile %s has AllowDetach=no: its sandboxes end with their client; leave out option detach",
		p->name);
}

int plan_notify(const struct compiled_profile *p, const struct plan_request *r, struct plan_result *result)
{
	if (!r->notify || (p->namespaces & JAIL_NS_MOUNT) != 0)
		return 0;
	return refuse(result, p, "PrivateMounts=", REFUSAL_OVERRIDE_DENIED, -EACCES,
		"option ready: profile %s has PrivateMounts=no, so there is no place for a notification "
		"socket that is the sandbox' alone; leave it out, or have an administrator change that",
		p->name);
}

int plan_directory(const struct compiled_profile *p, const struct plan_request *r, const char **ret_directory,
	struct plan_result *result)
{
	char buf[SHOWN_MAX];

	if (!r->cwd) {
		*ret_directory = p->working_directory && p->working_directory[0] ? p->working_directory : "/";
		return 0;
	}
	if (!path_is_normalized(r->cwd))
		return refuse(result, p, "WorkingDirectory=", REFUSAL_OVERRIDE_DENIED, -EINVAL,
			"option cwd: \"%s\" must be an absolute path without \"//\", \".\", \"..\" or \"/\" "
			"at its end",
			shown(buf, r->cwd));
	*ret_directory = r->cwd;
	return 0;
}

/* The limits of the spec while they are made. There is room for each resource once. */
struct limit_list {
	struct compiled_limit *limits;
	size_t n;
};

/* The one that an option for this resource may tighten; NULL if there is none. */
static struct compiled_limit *find_limit(struct limit_list *l, uint32_t resource)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->limits[i].resource == resource)
			return &l->limits[i];
	if ((LIMITLESS & 1U << resource) == 0)
		return NULL;
	l->limits[l->n] = (struct compiled_limit){ resource, UINT64_MAX, UINT64_MAX };
	return &l->limits[l->n++];
}

static int limit_denied(const struct compiled_profile *p, const struct compiled_limit *own,
	const struct compiled_limit *asked, struct plan_result *result)
{
	const char *key = limit_keys[asked->resource];

	if (!own)
		return refuse(result, p, key, REFUSAL_OVERRIDE_DENIED, -EACCES,
			"option rlimits: profile %s has no %s that could be tightened; leave it out, or have "
			"an "
			"administrator add one",
			p->name, key);
	/* infinity is UINT64_MAX, and is shown as that number's name */
	(void)refuse(result, p, key, REFUSAL_OVERRIDE_DENIED, -EACCES, "option rlimits: profile %s has %s",
		p->name, key);
	if (own->soft == UINT64_MAX)
		refuse_more(result, "infinity");
	else
		refuse_more(result, "%" PRIu64, own->soft);
	if (own->hard == UINT64_MAX)
		refuse_more(result, ":infinity");
	else
		refuse_more(result, ":%" PRIu64, own->hard);
	refuse_more(result, ", which an option may lower but not raise");
	return -EACCES;
}

/* Is it a limit, and the only one for its resource? */
static int check_limit(const struct compiled_profile *p, const struct compiled_limit *asked, uint32_t *seen,
	struct plan_result *result)
{
	uint32_t bit;

	if (asked->resource >= RLIM_NLIMITS)
		return refuse(result, p, "Limit...=", REFUSAL_OVERRIDE_DENIED, -EINVAL,
			"option rlimits: there is no resource number %u", asked->resource);
	bit = 1U << asked->resource;
	if ((*seen & bit) != 0)
		return refuse(result, p, limit_keys[asked->resource], REFUSAL_OVERRIDE_DENIED, -EINVAL,
			"option rlimits: %s is given twice; leave one out", limit_keys[asked->resource]);
	if (asked->soft > asked->hard)
		return refuse(result, p, limit_keys[asked->resource], REFUSAL_OVERRIDE_DENIED, -EINVAL,
			"option rlimits: %s has its soft limit above its hard limit",
			limit_keys[asked->resource]);
	*seen |= bit;
	return 0;
}

int plan_limits(const struct compiled_profile *p, const struct plan_request *r,
	struct compiled_limit **ret_limits, size_t *ret_n, struct plan_result *result)
{
	_cleanup_free_ struct compiled_limit *limits = calloc(p->n_limits + RLIM_NLIMITS, sizeof(*limits));
	struct limit_list list = { .limits = limits, .n = p->n_limits };
	uint32_t seen = 0;

	if (!limits)
		return -ENOMEM;
	if (p->n_limits > 0)
		memcpy(limits, p->limits, p->n_limits * sizeof(*limits));
	for (size_t i = 0; i < r->n_limits; i++) {
		const struct compiled_limit *asked = &r->limits[i];
		struct compiled_limit *own;
		int q = check_limit(p, asked, &seen, result);

		if (q < 0)
			return q;
		own = find_limit(&list, asked->resource);
		if (!own || asked->soft > own->soft || asked->hard > own->hard)
			return limit_denied(p, own, asked, result);
		*own = *asked;
	}
	*ret_n = list.n;
	*ret_limits = steal_ptr(limits);
	return 0;
}

/* One time: 0 leaves the profile's. */
static int tighten_time(const struct compiled_profile *p, const char *option, const char *key, uint64_t own,
	uint64_t asked, uint64_t *ret, struct plan_result *result)
{
	if (asked == 0) {
		*ret = own;
		return 0;
	}
	if (asked > TIMEOUT_USEC_MAX && asked != USEC_INFINITY)
		return refuse(result, p, key, REFUSAL_OVERRIDE_DENIED, -EINVAL,
			"option %s: %" PRIu64
			" microseconds is longer than a year; say infinity (2^64-1) for no end",
			option, asked);
	if (asked > own)
		return refuse(result, p, key, REFUSAL_OVERRIDE_DENIED, -EACCES,
			"option %s: profile %s has %s%" PRIu64
			"us, which an option may shorten but not lengthen",
			option, p->name, key, own);
	*ret = asked;
	return 0;
}

int plan_times(const struct compiled_profile *p, const struct plan_request *r,
	struct plan_effective *effective, struct plan_result *result)
{
	int q;

	q = tighten_time(p, "runtime-max-usec", "RuntimeMaxSec=", p->runtime_max_usec, r->runtime_max_usec,
		&effective->runtime_max_usec, result);
	if (q < 0)
		return q;
	q = tighten_time(p, "stop-timeout-usec", "TimeoutStopSec=", p->timeout_stop_usec,
		r->timeout_stop_usec, &effective->timeout_stop_usec, result);
	if (q < 0)
		return q;
	if (r->stop_signal < 0 || r->stop_signal > SIGNAL_MAX)
		return refuse(result, p, "KillSignal=", REFUSAL_OVERRIDE_DENIED, -EINVAL,
			"option stop-signal: %d is no signal; 1 to %d are", r->stop_signal, SIGNAL_MAX);
	effective->timeout_start_usec = r->notify ? p->timeout_start_usec : USEC_INFINITY;
	effective->stop_signal = r->stop_signal > 0 ? r->stop_signal : p->kill_signal;
	return 0;
}
