/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Resource limits. Those that the profile or the caller asks for are set exactly or the launch fails. The
 * others do not come from whoever happened to start the daemon, but from the table below, cut to the
 * launcher's own hard limits where it may not raise those.
 */

#include "base/error.h"
#include "jail/steps.h"

#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KIB(n) ((rlim_t)(n)*1024)
#define MIB(n) ((rlim_t)(n)*1024 * 1024)

/*
 * 1, not 0: only this value also keeps the kernel from feeding a core_pattern program on the host, which runs
 * as root, with the payload's memory (core(5)). No file is written either: it would be shorter than a page. A
 * payload can still lower its own limit to 0 and then be dumped to that program, as any process on the host.
 */
#define NO_CORE 1

static const char *const names[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = "LimitCPU",
	[RLIMIT_FSIZE] = "LimitFSIZE",
	[RLIMIT_DATA] = "LimitDATA",
	[RLIMIT_STACK] = "LimitSTACK",
	[RLIMIT_CORE] = "LimitCORE",
	[RLIMIT_RSS] = "LimitRSS",
	[RLIMIT_NOFILE] = "LimitNOFILE",
	[RLIMIT_AS] = "LimitAS",
	[RLIMIT_NPROC] = "LimitNPROC",
	[RLIMIT_MEMLOCK] = "LimitMEMLOCK",
	[RLIMIT_LOCKS] = "LimitLOCKS",
	[RLIMIT_SIGPENDING] = "LimitSIGPENDING",
	[RLIMIT_MSGQUEUE] = "LimitMSGQUEUE",
	[RLIMIT_NICE] = "LimitNICE",
	[RLIMIT_RTPRIO] = "LimitRTPRIO",
	[RLIMIT_RTTIME] = "LimitRTTIME",
};

/* As the kernel gives them to pid 1, but: no core dump, and the usual 1024 fds with room to ask for more. */
static const struct rlimit defaults[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_FSIZE] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_DATA] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_STACK] = { MIB(8), RLIM_INFINITY },
	[RLIMIT_CORE] = { NO_CORE, NO_CORE },
	[RLIMIT_RSS] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_NOFILE] = { 1024, 4096 },
	[RLIMIT_AS] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_NPROC] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_MEMLOCK] = { KIB(64), KIB(64) },
	[RLIMIT_LOCKS] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_SIGPENDING] = { RLIM_INFINITY, RLIM_INFINITY },
	[RLIMIT_MSGQUEUE] = { KIB(800), KIB(800) },
	[RLIMIT_NICE] = { 0, 0 },
	[RLIMIT_RTPRIO] = { 0, 0 },
	[RLIMIT_RTTIME] = { RLIM_INFINITY, RLIM_INFINITY },
};

static rlim_t to_rlim(uint64_t v)
{
	return v == UINT64_MAX ? RLIM_INFINITY : (rlim_t)v;
}

int prepare_limits(const struct jail_spec *spec, struct limit_plan *ret, struct jail_error *reterr)
{
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		ret->limits[i] = defaults[i];
		ret->asked[i] = false;
	}
	for (size_t i = 0; i < spec->n_limits; i++) {
		const struct compiled_limit *l = &spec->limits[i];

		if (l->resource >= RLIM_NLIMITS)
			return jail_fail_number(
				reterr, STAGE_RLIMITS, -EINVAL, "unknown resource", l->resource);
		if (l->soft > l->hard)
			return jail_fail(
				reterr, STAGE_RLIMITS, -EINVAL, "soft above hard limit:", names[l->resource]);
		ret->limits[l->resource] = (struct rlimit){ to_rlim(l->soft), to_rlim(l->hard) };
		ret->asked[l->resource] = true;
	}
	/* "No core dump" is meant by 0, and best had by our default. */
	if (ret->limits[RLIMIT_CORE].rlim_max <= NO_CORE) {
		ret->limits[RLIMIT_CORE] = defaults[RLIMIT_CORE];
		ret->asked[RLIMIT_CORE] = false;
	} else if (ret->limits[RLIMIT_CORE].rlim_cur < NO_CORE) {
		ret->limits[RLIMIT_CORE].rlim_cur = NO_CORE;
	}
	return 0;
}

static int set_limit(unsigned resource, const struct rlimit *new, struct rlimit *ret_old)
{
	return (int)keyed_call(SYS_prlimit64, 0, resource, (uintptr_t) new, (uintptr_t)ret_old);
}

static int set_default(unsigned resource, const struct rlimit *wanted)
{
	struct rlimit own, new;
	int r;

	r = set_limit(resource, wanted, NULL);
	if (r != -EPERM)
		return r;
	r = set_limit(resource, NULL, &own);
	if (r < 0)
		return r;
	new.rlim_max = wanted->rlim_max < own.rlim_max ? wanted->rlim_max : own.rlim_max;
	new.rlim_cur = wanted->rlim_cur < new.rlim_max ? wanted->rlim_cur : new.rlim_max;
	return set_limit(resource, &new, NULL);
}

/* Its descriptors are put in their places when it has given up the right to raise this one. Most limits have
 * room for that, and are those of the launch. */
void limits_park(struct limit_plan *p)
{
	struct rlimit own, *l = &p->limits[RLIMIT_NOFILE];

	if (l->rlim_cur >= FD_PARKED_END)
		return;
	if (getrlimit(RLIMIT_NOFILE, &own) >= 0 && own.rlim_max > l->rlim_max)
		l->rlim_max = own.rlim_max;
	l->rlim_cur = l->rlim_max;
	p->asked[RLIMIT_NOFILE] = false;
}

const char *limit_name(unsigned resource)
{
	return names[resource];
}

int apply_limits(const struct limit_plan *p, struct jail_error *reterr)
{
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		int r;

		r = p->asked[i] ? set_limit(i, &p->limits[i], NULL) : set_default(i, &p->limits[i]);
		if (r < 0)
			return jail_fail(reterr, STAGE_RLIMITS, r, names[i], "");
	}
	return 0;
}
