/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sandboxes go by the name of the profile that they were launched from, which need not be there any more. An
 * empty name is no profile's, and never means all. The answer comes when the launcher has signalled the last.
 */

#include "broker/kill-all.h"
#include "base/error.h"
#include "base/parse.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/manager-bus.h"
#include "dbus/names.h"

#include <stdlib.h>
#include <string.h>

struct kill_all {
	struct deferred *call;
	uint32_t n_open;     /* requests without an answer */
	uint32_t n_signaled; /* sandboxes; those that ended meanwhile are not counted */
	bool launcher_gone;
};

static void reply(struct kill_all *k)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r;

	if (k->launcher_gone) {
		deferred_reply_failure(
			k->call, BAILIFF_ERROR_FAILED, "The launcher ended before it answered: try again");
		return;
	}
	r = sd_bus_message_new_method_return(k->call->message, &m);
	if (r >= 0)
		r = sd_bus_message_append_basic(m, SD_BUS_TYPE_UINT32, &k->n_signaled);
	if (r < 0)
		deferred_reply_failure(k->call, BAILIFF_ERROR_FAILED, strerror(-r));
	else
		deferred_send(k->call, m);
}

static void one_less(struct kill_all *k)
{
	if (--k->n_open > 0)
		return;
	reply(k);
	free(k);
}

static int on_done(struct broker *b, const struct launcher_answer *answer, void *userdata)
{
	struct kill_all *k = userdata;
	struct done done = { 0 };
	int r = 0;

	if (!answer)
		k->launcher_gone = true;
	else if (answer->type != WIRE_DONE || answer->record->n_fds > 0)
		r = -EBADMSG;
	else
		r = decode_done(answer->body, &done);
	if (answer && r >= 0 && done.error == 0)
		k->n_signaled++;
	one_less(k);
	return r;
}

static int send_signal(struct kill_all *k, struct broker *b, const struct sandbox *s, int signal)
{
	const struct signal_request request = { .id = s->id, .signal = signal, .all = true };
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	uint32_t serial = launcher_next_serial(&b->launcher);
	int r;

	(void)encode_signal_request(&buf, serial, &request);
	r = launcher_submit(&b->launcher, serial, &buf, NULL, 0, false, on_done, k);
	if (r >= 0)
		k->n_open++;
	return r;
}

static bool is_target(const struct sandbox *s, const char *profile)
{
	return sandbox_is_live(s) && strcmp(s->profile, profile) == 0;
}

static bool any_of(const struct broker *b, const char *profile)
{
	for (size_t i = 0; i < b->sandboxes.n; i++)
		if (strcmp(b->sandboxes.v[i]->profile, profile) == 0)
			return true;
	return catalog_find(b->catalog, profile) != NULL;
}

static void signal_all(struct kill_all *k, struct broker *b, const char *profile, int signal)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < b->sandboxes.n; i++)
		if (is_target(b->sandboxes.v[i], profile))
			r = send_signal(k, b, b->sandboxes.v[i], signal);
	/* it has gone, and nothing was asked of it */
	if (r == -ENOTCONN && k->n_open == 1) {
		between_add_or_refuse(b, k->call);
		free(k);
		return;
	}
	if (r < 0)
		k->launcher_gone = true;
	if (r < 0 && r != -ENOTCONN)
		broker_fail(b, r, "A request can not be sent to the launcher");
	/* the hold of the one that is being made */
	one_less(k);
}

static int read_args(struct broker *b, sd_bus_message *m, const char **ret_profile, int32_t *ret_signal,
	sd_bus_error *error)
{
	int r = sd_bus_message_read(m, "si", ret_profile, ret_signal);

	if (r < 0)
		return error_unreadable(error, r, "profile or signal");
	if (!profile_name_valid(*ret_profile))
		return error_invalid_args(error, "No name of a profile: an empty one does not stand for all");
	if (*ret_signal < 1 || *ret_signal > 64)
		return error_invalid_args(error, "Signal %d is not in 1 to 64", *ret_signal);
	if (!any_of(b, *ret_profile))
		return sd_bus_error_setf(error, BAILIFF_ERROR_PROFILE_UNKNOWN,
			"There is no profile %s, and no sandbox of one: ListProfiles() says which there are",
			*ret_profile);
	return 0;
}

static int hold(struct broker *b, sd_bus_message *m, sd_bus_error *error)
{
	const struct caller *c = callers_find(&b->callers, m);
	struct deferred *d;
	int r;

	if (!c)
		return sd_bus_error_set(error, BAILIFF_ERROR_ACCESS_DENIED, "The caller is not known");
	r = deferred_new(b, c, m, DEFERRED_CONTROL_RESERVE, error, &d);
	return r < 0 ? r : between_add(b, d, error);
}

int kill_all_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct broker *b = userdata;
	_cleanup_free_ struct kill_all *k = NULL;
	const struct caller *c;
	const char *profile;
	int32_t signal;
	int r;

	/* before polkit is asked, which it would be twice */
	if (!b->launcher.ready)
		return hold(b, m, error);
	r = manager_bus_require_administrator(b, m, error, &c);
	if (r != 0)
		return r;
	r = read_args(b, m, &profile, &signal, error);
	if (r < 0)
		return r;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	r = deferred_new(b, c, m, DEFERRED_CONTROL_RESERVE, error, &k->call);
	if (r < 0)
		return r;
	k->n_open = 1;
	signal_all(steal_ptr(k), b, profile, signal);
	return 1;
}
