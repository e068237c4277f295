/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/launch-quota.h"
#include "base/error.h"
#include "base/io.h"
#include "broker/broker.h"
#include "broker/lifetime.h"
#include "dbus/names.h"

#include <stdio.h>
#include <string.h>

static uint32_t count_launching(const struct broker *b, uid_t uid, const char *profile)
{
	uint32_t n = 0;

	for (const struct launch *l = b->launches; l; l = l->next)
		if (l->uid == uid && strcmp(l->profile, profile) == 0)
			n++;
	return n;
}

static uint32_t count_profile(const struct broker *b, uid_t uid, const char *profile)
{
	return sandboxes_count_live(&b->sandboxes, uid, profile) + count_launching(b, uid, profile);
}

static int refuse(sd_bus_error *error, uint32_t limit, const char *of_what, const char *key)
{
	return sd_bus_error_setf(error, BAILIFF_ERROR_QUOTA_EXCEEDED,
		"No more than %u live sandboxes %s (%s): stop one, or wait for its end", limit, of_what, key);
}

static int refuse_rate(sd_bus_error *error, uint32_t limit, const char *of_what, const char *key)
{
	return sd_bus_error_setf(error, BAILIFF_ERROR_QUOTA_EXCEEDED,
		"No more than %u launches %s a minute (%s): the next is free in %u ms", limit, of_what, key,
		60000 / limit + 1);
}

static int take_live(struct launch *l, const struct compiled_profile *p, sd_bus_error *error)
{
	struct broker *b = l->broker;
	const struct compiled_config *config = &b->catalog->config;
	int r;

	if (p->max_per_user > 0 && count_profile(b, l->uid, p->name) >= p->max_per_user)
		return refuse(error, p->max_per_user, "of this profile per user", "MaxPerUser=");
	if (b->quota.total[QUOTA_LIVE] >= config->max_sandboxes)
		return refuse(error, config->max_sandboxes, "of all users", "MaxSandboxes=");
	r = quota_take(&b->quota, l->uid, QUOTA_LIVE, 1, config->max_sandboxes_per_user);
	if (r == -EDQUOT)
		return refuse(error, config->max_sandboxes_per_user, "per user", "MaxSandboxesPerUser=");
	if (r < 0)
		return r;
	l->counted = true;
	/* The launcher's table is full of exit states: the oldest makes room. */
	if (b->quota.total[QUOTA_LIVE] + b->quota.total[QUOTA_RETAINED] > SANDBOXES_MAX) {
		struct sandbox *oldest = sandboxes_oldest_retained(&b->sandboxes, (uid_t)-1);

		if (!oldest)
			return refuse(error, SANDBOXES_MAX, "of all users", "fixed");
		lifetime_forget(oldest);
	}
	return 0;
}

static int take_rates(struct launch *l, const struct compiled_profile *p, sd_bus_error *error)
{
	struct broker *b = l->broker;
	const uint32_t all = b->catalog->config.launches_per_minute_per_user, own = p->launches_per_minute;
	const uint64_t now = now_boottime_usec();
	int r;

	/* what the one refuses must not use up the other */
	if (all > 0 && rates_used(&b->rates, l->uid, NULL, all, now) >= all)
		return refuse_rate(error, all, "of one user", "LaunchesPerMinutePerUser=");
	r = rates_take(&b->rates, l->uid, p->name, own, now);
	if (r == -EDQUOT)
		return refuse_rate(error, own, "of this profile by one user", "LaunchesPerMinute=");
	if (r >= 0)
		r = rates_take(&b->rates, l->uid, NULL, all, now);
	if (r == -EDQUOT)
		return refuse_rate(error, all, "of one user", "LaunchesPerMinutePerUser=");
	return r == -ENOSPC ? sd_bus_error_set(error, BAILIFF_ERROR_BUSY,
				      "Too many users have launched within a minute: try again later")
			    : r;
}

static int take_amount(struct broker *b, uid_t uid, enum quota_kind kind, uint32_t amount, uint32_t limit,
	uint32_t *taken, sd_bus_error *error)
{
	const bool bytes = kind == QUOTA_BYTES;
	int r;

	r = quota_take(&b->quota, uid, kind, amount, limit);
	if (r == -EDQUOT)
		return sd_bus_error_setf(error, BAILIFF_ERROR_QUOTA_EXCEEDED,
			"Launches of this user that are under way have too many %s (%u are permitted, "
			"%s): wait for their answers",
			bytes ? "bytes of arguments and environment" : "file descriptors", limit,
			bytes ? "MaxBytesPerUser=" : "MaxFileDescriptorsPerUser=");
	if (r >= 0)
		*taken = amount;
	return r;
}

int carried_take(struct broker *b, uid_t uid, const struct launch_args *a, uint32_t more_fds,
	struct carried *ret, sd_bus_error *error)
{
	const struct compiled_config *config = &b->catalog->config;
	/* the caller's, mapped and bound, and the lifeline */
	const uint32_t fds = (uint32_t)(a->n_fds + a->n_binds) + (a->lifeline >= 0) + more_fds;
	struct carried c = { .uid = uid };
	int r;

	r = take_amount(
		b, uid, QUOTA_BYTES, (uint32_t)a->bytes, config->max_bytes_per_user, &c.n_bytes, error);
	if (r >= 0)
		r = take_amount(b, uid, QUOTA_FDS, fds, config->max_fds_per_user, &c.n_fds, error);
	if (r < 0)
		carried_give(&b->quota, &c);
	*ret = c;
	return r;
}

int launch_take_quota(
	struct launch *l, const struct compiled_profile *p, const struct launch_args *a, sd_bus_error *error)
{
	int r;

	r = take_live(l, p, error);
	if (r >= 0) /* both ends of pipes, too */
		r = carried_take(l->broker, l->uid, a, 2 * STREAMS, &l->carried, error);
	/* the last: a launch that another limit refuses is none */
	return r < 0 ? r : take_rates(l, p, error);
}

void launch_give_quota(struct launch *l)
{
	carried_give(&l->broker->quota, &l->carried);
	if (l->counted)
		quota_give(&l->broker->quota, l->uid, QUOTA_LIVE, 1);
	l->counted = false;
}

static int append(sd_bus_message *reply, const char *name, const char *profile, uint32_t used, uint32_t limit)
{
	char key[PROFILE_NAME_MAX + 32];

	if (limit == 0)
		return 0;
	(void)snprintf(key, sizeof(key), "%s%s%s", name, profile ? ":" : "", profile ? profile : "");
	return sd_bus_message_append(reply, "{s(tt)}", key, (uint64_t)used, (uint64_t)limit);
}

/* Limits of profiles that the caller may launch: others are not told which there are. */
static int append_profile(
	struct broker *b, const struct caller *c, sd_bus_message *reply, const struct compiled_profile *p)
{
	const struct plan_caller who = caller_for_plan(c);
	int r;

	if (!plan_permits(p, &who))
		return 0;
	r = append(
		reply, BAILIFF_QUOTA_SANDBOXES, p->name, count_profile(b, c->uid, p->name), p->max_per_user);
	if (r < 0)
		return r;
	return append(reply, BAILIFF_QUOTA_LAUNCHES, p->name,
		rates_used(&b->rates, c->uid, p->name, p->launches_per_minute, now_boottime_usec()),
		p->launches_per_minute);
}

static int append_all(struct broker *b, const struct caller *c, sd_bus_message *reply)
{
	const struct compiled_config *config = &b->catalog->config;
	const struct {
		const char *name;
		enum quota_kind kind;
		uint32_t limit;
	} rows[] = {
		{ BAILIFF_QUOTA_SANDBOXES, QUOTA_LIVE, config->max_sandboxes_per_user },
		{ BAILIFF_QUOTA_RETAINED, QUOTA_RETAINED, config->max_retained_per_user },
		{ BAILIFF_QUOTA_CALLS, QUOTA_CALLS, config->max_calls_per_user },
		{ BAILIFF_QUOTA_BYTES, QUOTA_BYTES, config->max_bytes_per_user },
		{ BAILIFF_QUOTA_FDS, QUOTA_FDS, config->max_fds_per_user },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(rows); i++)
		r = append(reply, rows[i].name, NULL, quota_used(&b->quota, c->uid, rows[i].kind),
			rows[i].limit);
	if (r >= 0)
		r = append(reply, BAILIFF_QUOTA_LAUNCHES, NULL,
			rates_used(&b->rates, c->uid, NULL, config->launches_per_minute_per_user,
				now_boottime_usec()),
			config->launches_per_minute_per_user);
	for (size_t i = 0; r >= 0 && i < b->catalog->n_profiles; i++)
		r = append_profile(b, c, reply, &b->catalog->profiles[i]);
	return r;
}

int quota_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, m);
	int r;

	if (!c)
		return sd_bus_error_set(error, BAILIFF_ERROR_ACCESS_DENIED, "The caller is not known");
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{s(tt)}");
	if (r >= 0)
		r = append_all(b, c, reply);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_message_send(reply);
}
