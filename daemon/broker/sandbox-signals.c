/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/sandbox-signals.h"
#include "base/error.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/layers.h"
#include "broker/output.h"
#include "broker/sandbox-bus.h"
#include "dbus/names.h"

#include <inttypes.h>
#include <string.h>

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define SUBSCRIPTIONS_MAX                                                                                    \
	16 /* of a user: what happens to one sandbox is told no more often than this, twice */

/* One signal for one connection. */
struct telling {
	const struct sandbox *s;
	const char *name; /* of the connection, on the bus; NULL: it has this one for itself */
	sd_bus *bus;
	uid_t viewer; /* whose it is */
};

struct violation_text {
	const char *layer, *what, *detail;
};

static int new_signal(const struct telling *t, const char *path, const char *interface, const char *member,
	sd_bus_message **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r;

	r = sd_bus_message_new_signal(t->bus, &m, path, interface, member);
	if (r >= 0 && t->name)
		r = sd_bus_message_set_destination(m, t->name);
	if (r < 0)
		return r;
	*ret = steal_ptr(m);
	return 0;
}

static int new_signal_of(
	const struct telling *t, const char *interface, const char *member, sd_bus_message **ret)
{
	char path[SANDBOX_PATH_MAX];

	sandbox_bus_path(t->s, t->viewer, path);
	return new_signal(t, path, interface, member, ret);
}

static int send_changed(const struct telling *t, const void *data)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	const struct sandbox *s = t->s;
	const char *result =
		sandbox_is_live(s) ? "" : sandbox_result_to_string((enum sandbox_result)s->exit.result);
	int r;

	r = new_signal_of(t, "org.freedesktop.DBus.Properties", "PropertiesChanged", &m);
	if (r >= 0)
		r = sd_bus_message_append(m, "sa{sv}as", BAILIFF_SANDBOX_INTERFACE, 5, "State", "s",
			sandbox_state_to_string(s->state), "Result", "s", result, "ExitCode", "i",
			s->exit.exit_code, "ExitSignal", "i", s->exit.exit_signal, "ExitedUSec", "t",
			s->exit.exited_realtime_usec, 0);
	return r < 0 ? r : sd_bus_send(NULL, m, NULL);
}

static int send_ready(const struct telling *t, const void *data)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r;

	r = new_signal_of(t, BAILIFF_SANDBOX_INTERFACE, "Ready", &m);
	return r < 0 ? r : sd_bus_send(NULL, m, NULL);
}

static int send_exited(const struct telling *t, const void *data)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	const struct sandbox_exit *e = &t->s->exit;
	int r;

	r = new_signal_of(t, BAILIFF_SANDBOX_INTERFACE, "Exited", &m);
	if (r >= 0)
		r = sd_bus_message_append(m, "sii", sandbox_result_to_string((enum sandbox_result)e->result),
			e->exit_code, e->exit_signal);
	return r < 0 ? r : sd_bus_send(NULL, m, NULL);
}

static int send_violation(const struct telling *t, const void *data)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	const struct violation_text *v = data;
	int r;

	r = new_signal_of(t, BAILIFF_SANDBOX_INTERFACE, "Violation", &m);
	if (r >= 0)
		r = sd_bus_message_append(m, "sss", v->layer, v->what, v->detail);
	return r < 0 ? r : sd_bus_send(NULL, m, NULL);
}

/* {sv} with a list of strings. */
/* All properties, as GetAll() has them of a sandbox that has just begun. */
static int append_properties(sd_bus_message *m, const struct sandbox *s)
{
	int r;

	r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "Id", "t", s->id, "Profile", "s",
			s->profile, "Tag", "s", s->tag, "OwnerUid", "u", s->owner, "Uid", "u", s->uid, "Pid",
			"u", s->pid, "State", "s", sandbox_state_to_string(s->state));
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "StartedUSec", "t",
			s->started_realtime_usec, "ExitedUSec", "t", s->exit.exited_realtime_usec, "Result",
			"s", "", "ExitCode", "i", s->exit.exit_code, "ExitSignal", "i", s->exit.exit_signal,
			"Generation", "u", s->generation, "ControlGroup", "s", s->cgroup);
	if (r >= 0)
		r = layers_append(m, "Layers", "Skipped", s->layers, s->lacking);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int send_added(const struct telling *t, const void *data)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	char path[SANDBOX_PATH_MAX];
	int r;

	sandbox_bus_path(t->s, t->viewer, path);
	r = new_signal(t, BAILIFF_OBJECT_PATH, OBJECT_MANAGER, "InterfacesAdded", &m);
	if (r >= 0)
		r = sd_bus_message_append_basic(m, SD_BUS_TYPE_OBJECT_PATH, path);
	if (r >= 0)
		r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sa{sv}}");
	if (r >= 0)
		r = sd_bus_message_open_container(m, SD_BUS_TYPE_DICT_ENTRY, "sa{sv}");
	if (r >= 0)
		r = sd_bus_message_append_basic(m, SD_BUS_TYPE_STRING, BAILIFF_SANDBOX_INTERFACE);
	if (r >= 0)
		r = append_properties(m, t->s);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_send(NULL, m, NULL);
}

static int send_removed(const struct telling *t, const void *data)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	char path[SANDBOX_PATH_MAX];
	int r;

	sandbox_bus_path(t->s, t->viewer, path);
	r = new_signal(t, BAILIFF_OBJECT_PATH, OBJECT_MANAGER, "InterfacesRemoved", &m);
	if (r >= 0)
		r = sd_bus_message_append(m, "oas", path, 1, BAILIFF_SANDBOX_INTERFACE);
	return r < 0 ? r : sd_bus_send(NULL, m, NULL);
}

typedef int (*sender)(const struct telling *t, const void *data);

static void tell(struct sandbox *s, const char *name, uid_t viewer, sender send, const void *data)
{
	struct broker *b = s->broker;
	struct telling t = { .s = s, .bus = callers_bus(&b->callers, name), .viewer = viewer };
	int r = t.bus ? 0 : -ENOTCONN;

	if (t.bus == b->bus)
		t.name = name;
	if (r == 0)
		r = send(&t, data);
	if (r < 0)
		(void)log_errno(LOG_WARNING, r, "Sandbox %" PRIu64 ": a signal to %s is lost", s->id, name);
	/* Others decide how much is sent over the direct socket: nothing bounds what lies unread but this. */
	if (t.bus)
		output_note(b, t.bus);
}

static void emit(struct sandbox *s, sender send, const void *data)
{
	const struct callers *callers = &s->broker->callers;

	if (s->owner_name)
		tell(s, s->owner_name, s->owner, send, data);
	for (size_t i = 0; callers->n_subscribed > 0 && i < callers->n; i++) {
		const struct caller *c = callers->v[i];

		if (c->subscribed && sandbox_bus_visible(s, c) &&
			!(s->owner_name && strcmp(s->owner_name, c->name) == 0))
			tell(s, c->name, c->uid, send, data);
	}
}

void sandbox_emit_changed(struct sandbox *s)
{
	emit(s, send_changed, NULL);
}

void sandbox_emit_added(struct sandbox *s)
{
	emit(s, send_added, NULL);
}

void sandbox_emit_removed(struct sandbox *s)
{
	emit(s, send_removed, NULL);
}

void sandbox_emit_ready(struct sandbox *s)
{
	emit(s, send_ready, NULL);
}

void sandbox_emit_exited(struct sandbox *s)
{
	emit(s, send_exited, NULL);
}

void sandbox_emit_violation(struct sandbox *s, const char *layer, const char *what, const char *detail)
{
	const struct violation_text v = { layer, what, detail };

	emit(s, send_violation, &v);
}

int sandbox_signals_subscribe(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, m);
	int r;

	if (!c)
		return sd_bus_error_set(error, BAILIFF_ERROR_ACCESS_DENIED, "The caller is not known");
	r = callers_subscribe(&b->callers, c->name, SUBSCRIPTIONS_MAX);
	if (r == -EDQUOT)
		return sd_bus_error_setf(error, BAILIFF_ERROR_QUOTA_EXCEEDED,
			"%d connections of this user have subscribed: end one of them, or call Unsubscribe "
			"there",
			SUBSCRIPTIONS_MAX);
	return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

int sandbox_signals_unsubscribe(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, m);

	if (!c)
		return sd_bus_error_set(error, BAILIFF_ERROR_ACCESS_DENIED, "The caller is not known");
	callers_unsubscribe(&b->callers, c->name);
	return sd_bus_reply_method_return(m, NULL);
}
