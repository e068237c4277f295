/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/sandbox-signals.h"
#include "base/error.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/layers.h"
#include "broker/outgoing.h"
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

/* Which signal, and what is in it. */
struct kind {
	const char *interface, *member, *signature;
	bool of_manager; /* the object manager's: the sandbox' path is in it */
	int (*put)(const struct telling *t, struct writer *w, const void *data);
};

static int put_changed(const struct telling *t, struct writer *w, const void *data)
{
	const struct sandbox *s = t->s;

	writer_text(w, BAILIFF_SANDBOX_INTERFACE);
	writer_open(w, SD_BUS_TYPE_ARRAY, "{sv}");
	writer_entry(w, "State", SD_BUS_TYPE_STRING, sandbox_state_to_string(s->state));
	writer_entry(w, "Result", SD_BUS_TYPE_STRING,
		sandbox_is_live(s) ? "" : sandbox_result_to_string((enum sandbox_result)s->exit.result));
	writer_entry(w, "ExitCode", SD_BUS_TYPE_INT32, &s->exit.exit_code);
	writer_entry(w, "ExitSignal", SD_BUS_TYPE_INT32, &s->exit.exit_signal);
	writer_entry(w, "ExitedUSec", SD_BUS_TYPE_UINT64, &s->exit.exited_realtime_usec);
	writer_close(w);
	writer_open(w, SD_BUS_TYPE_ARRAY, "s");
	writer_close(w);
	return 0;
}

static int put_ready(const struct telling *t, struct writer *w, const void *data)
{
	return 0;
}

static int put_exited(const struct telling *t, struct writer *w, const void *data)
{
	const struct sandbox_exit *e = &t->s->exit;

	writer_text(w, sandbox_result_to_string((enum sandbox_result)e->result));
	writer_basic(w, SD_BUS_TYPE_INT32, &e->exit_code);
	writer_basic(w, SD_BUS_TYPE_INT32, &e->exit_signal);
	return 0;
}

static int put_violation(const struct telling *t, struct writer *w, const void *data)
{
	const struct violation_text *v = data;

	writer_text(w, v->layer);
	writer_text(w, v->what);
	writer_text(w, v->detail);
	return 0;
}

/* All properties, as GetAll() has them of a sandbox that has just begun. */
static int put_properties(struct writer *w, const struct sandbox *s)
{
	int r;

	writer_open(w, SD_BUS_TYPE_ARRAY, "{sv}");
	writer_entry(w, "Id", SD_BUS_TYPE_UINT64, &s->id);
	writer_entry(w, "Profile", SD_BUS_TYPE_STRING, s->profile);
	writer_entry(w, "Tag", SD_BUS_TYPE_STRING, s->tag);
	writer_entry(w, "OwnerUid", SD_BUS_TYPE_UINT32, &s->owner);
	writer_entry(w, "Uid", SD_BUS_TYPE_UINT32, &s->uid);
	writer_entry(w, "Pid", SD_BUS_TYPE_UINT32, &s->pid);
	writer_entry(w, "State", SD_BUS_TYPE_STRING, sandbox_state_to_string(s->state));
	writer_entry(w, "StartedUSec", SD_BUS_TYPE_UINT64, &s->started_realtime_usec);
	writer_entry(w, "ExitedUSec", SD_BUS_TYPE_UINT64, &s->exit.exited_realtime_usec);
	writer_entry(w, "Result", SD_BUS_TYPE_STRING, "");
	writer_entry(w, "ExitCode", SD_BUS_TYPE_INT32, &s->exit.exit_code);
	writer_entry(w, "ExitSignal", SD_BUS_TYPE_INT32, &s->exit.exit_signal);
	writer_entry(w, "Generation", SD_BUS_TYPE_UINT32, &s->generation);
	writer_entry(w, "ControlGroup", SD_BUS_TYPE_STRING, s->cgroup);
	r = layers_append(w, "Layers", "Skipped", s->layers, s->lacking);
	writer_close(w);
	return r;
}

static int put_added(const struct telling *t, struct writer *w, const void *data)
{
	char path[SANDBOX_PATH_MAX];
	int r;

	sandbox_bus_path(t->s, t->viewer, path);
	writer_basic(w, SD_BUS_TYPE_OBJECT_PATH, path);
	writer_open(w, SD_BUS_TYPE_ARRAY, "{sa{sv}}");
	writer_open(w, SD_BUS_TYPE_DICT_ENTRY, "sa{sv}");
	writer_text(w, BAILIFF_SANDBOX_INTERFACE);
	r = put_properties(w, t->s);
	writer_close(w);
	writer_close(w);
	return r;
}

static int put_removed(const struct telling *t, struct writer *w, const void *data)
{
	char path[SANDBOX_PATH_MAX];

	sandbox_bus_path(t->s, t->viewer, path);
	writer_basic(w, SD_BUS_TYPE_OBJECT_PATH, path);
	writer_open(w, SD_BUS_TYPE_ARRAY, "s");
	writer_text(w, BAILIFF_SANDBOX_INTERFACE);
	writer_close(w);
	return 0;
}

static const struct kind changed = { "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as",
	false, put_changed };
static const struct kind ready = { BAILIFF_SANDBOX_INTERFACE, "Ready", NULL, false, put_ready };
static const struct kind exited = { BAILIFF_SANDBOX_INTERFACE, "Exited", "sii", false, put_exited };
static const struct kind violation = { BAILIFF_SANDBOX_INTERFACE, "Violation", "sss", false, put_violation };
static const struct kind added = { OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", true, put_added };
static const struct kind removed = { OBJECT_MANAGER, "InterfacesRemoved", "oas", true, put_removed };

static int send(const struct telling *t, const struct kind *k, const void *data)
{
	_cleanup_(outgoing_done) struct outgoing o = OUTGOING_INIT;
	char path[SANDBOX_PATH_MAX];
	const struct outgoing_signal signal = { .destination = t->name,
		.path = k->of_manager ? BAILIFF_OBJECT_PATH : path,
		.interface = k->interface,
		.member = k->member,
		.signature = k->signature };
	int r;

	sandbox_bus_path(t->s, t->viewer, path);
	r = outgoing_signal(&o, t->s->broker, t->bus, &signal);
	if (r >= 0)
		r = k->put(t, &o.w, data);
	return r < 0 ? r : outgoing_send(&o);
}

static void tell(struct sandbox *s, const char *name, uid_t viewer, const struct kind *kind, const void *data)
{
	struct broker *b = s->broker;
	struct telling t = { .s = s, .bus = callers_bus(&b->callers, name), .viewer = viewer };
	int r = t.bus ? 0 : -ENOTCONN;

	if (t.bus == b->bus)
		t.name = name;
	if (r == 0)
		r = send(&t, kind, data);
	if (r < 0)
		(void)log_errno(LOG_WARNING, r, "Sandbox %" PRIu64 ": a signal to %s is lost", s->id, name);
	/* Others decide how much is sent over the direct socket: nothing bounds what lies unread but this. */
	if (t.bus)
		output_note(b, t.bus);
}

static void emit(struct sandbox *s, const struct kind *kind, const void *data)
{
	const struct callers *callers = &s->broker->callers;

	if (s->owner_name)
		tell(s, s->owner_name, s->owner, kind, data);
	for (size_t i = 0; callers->n_subscribed > 0 && i < callers->n; i++) {
		const struct caller *c = callers->v[i];

		if (c->subscribed && sandbox_bus_visible(s, c) &&
			!(s->owner_name && strcmp(s->owner_name, c->name) == 0))
			tell(s, c->name, c->uid, kind, data);
	}
}

void sandbox_emit_changed(struct sandbox *s)
{
	emit(s, &changed, NULL);
}

void sandbox_emit_added(struct sandbox *s)
{
	emit(s, &added, NULL);
}

void sandbox_emit_removed(struct sandbox *s)
{
	emit(s, &removed, NULL);
}

void sandbox_emit_ready(struct sandbox *s)
{
	emit(s, &ready, NULL);
}

void sandbox_emit_exited(struct sandbox *s)
{
	emit(s, &exited, NULL);
}

void sandbox_emit_violation(struct sandbox *s, const char *layer, const char *what, const char *detail)
{
	const struct violation_text v = { layer, what, detail };

	emit(s, &violation, &v);
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
