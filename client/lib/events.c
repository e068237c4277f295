/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What happens to every sandbox that the user may see. The broker tells it to who has subscribed, and a
 * broker that is started again knows of nobody: it is asked anew as soon as it is known, and then the caller
 * is told to look what it has missed. The same is told when more has come than is kept.
 */

#include "lib/internal.h"
#include "lib/operation.h"

#include "dbus/names.h"

#include <string.h>

#define EVENTS_MAX 1024 /* that wait for process() */

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES     "org.freedesktop.DBus.Properties"

struct properties {
	uint64_t id;
	char *profile, *tag, *state, *result;
	uint32_t owner, pid;
	int code, signal;
};

static const struct dict_field property_fields[] = {
	{ "Id", 't', offsetof(struct properties, id) },
	{ "Profile", 's', offsetof(struct properties, profile) },
	{ "Tag", 's', offsetof(struct properties, tag) },
	{ "State", 's', offsetof(struct properties, state) },
	{ "Result", 's', offsetof(struct properties, result) },
	{ "OwnerUid", 'u', offsetof(struct properties, owner) },
	{ "Pid", 'u', offsetof(struct properties, pid) },
	{ "ExitCode", 'i', offsetof(struct properties, code) },
	{ "ExitSignal", 'i', offsetof(struct properties, signal) },
};

static void properties_done(struct properties *p)
{
	free(p->profile);
	free(p->tag);
	free(p->state);
	free(p->result);
}

/* Of the path of its object. */
static int read_id(const char *path, uint64_t *ret)
{
	const size_t prefix = strlen(BAILIFF_SANDBOX_PREFIX "/");
	char *end;

	if (strncmp(path, BAILIFF_SANDBOX_PREFIX "/", prefix) != 0 || path[prefix] < '0' ||
		path[prefix] > '9')
		return -EBADMSG;
	errno = 0;
	*ret = strtoull(path + prefix, &end, 10);
	return errno == 0 && *end == '\0' ? 0 : -EBADMSG;
}

/* A sandbox with a token is shown to its owner under that. Ids of those that were heard of; others are asked
 * for. */
struct event_path {
	struct event_path *next;
	uint64_t id;
	char path[];
};

static bool is_sandbox(const char *path)
{
	return strncmp(path, BAILIFF_SANDBOX_PREFIX "/", strlen(BAILIFF_SANDBOX_PREFIX "/")) == 0;
}

static struct event_path **find_path(bailiff_connection *c, const char *path)
{
	struct event_path **at = &c->listener.paths;

	while (*at && strcmp((*at)->path, path) != 0)
		at = &(*at)->next;
	return at;
}

static void forget_path(struct event_path **at)
{
	struct event_path *gone = *at;

	if (!gone)
		return;
	*at = gone->next;
	free(gone);
}

static int remember_path(bailiff_connection *c, const char *path, uint64_t id)
{
	size_t size = strlen(path) + 1;
	struct event_path *p = malloc(sizeof(*p) + size);

	if (!p)
		return -ENOMEM;
	memcpy(p->path, path, size);
	p->id = id;
	p->next = c->listener.paths;
	c->listener.paths = p;
	return 0;
}

static int fill_id_property(sd_bus_message *m, _unused_ const void *data)
{
	return sd_bus_message_append(m, "ss", BAILIFF_SANDBOX_INTERFACE, "Id");
}

static int find_id(bailiff_connection *c, const char *path, uint64_t *ret)
{
	const struct call get = { path, PROPERTIES, "Get", fill_id_property, NULL, 0 };
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct event_path *known;

	if (!is_sandbox(path))
		return -EBADMSG;
	if (read_id(path, ret) == 0)
		return 0;
	known = *find_path(c, path);
	if (known) {
		*ret = known->id;
		return 0;
	}
	if (call_broker(c, &get, &reply) < 0 || sd_bus_message_read(reply, "v", "t", ret) <= 0)
		return -EBADMSG;
	return remember_path(c, path, *ret);
}

static size_t count_events(const bailiff_connection *c, struct operation **ret_missed)
{
	size_t n = 0;

	*ret_missed = NULL;
	for (struct operation *o = c->due; o; o = o->next) {
		n += o->kind == OPERATION_EVENT;
		if (o->kind == OPERATION_EVENT && !o->message)
			*ret_missed = o;
	}
	return n;
}

/* Without a message: something was missed. */
static void add_event(bailiff_connection *c, sd_bus_message *m, int error)
{
	struct operation *o, *missed;

	if (count_events(c, &missed) >= EVENTS_MAX) {
		if (missed)
			return;
		m = NULL;
	}
	/* what comes after it is not known by itself either, where there is no memory */
	if (operation_new(c, OPERATION_EVENT, NULL, &o) < 0)
		return;
	o->message = m ? sd_bus_message_ref(m) : NULL;
	o->error = error;
	operation_append(&c->due, o);
}

bool events_take(bailiff_connection *c, sd_bus_message *m, const char *path)
{
	if (!c->listener.event)
		return false;
	if (strcmp(path, BAILIFF_OBJECT_PATH) == 0 ? sd_bus_message_is_signal(m, OBJECT_MANAGER, NULL) <= 0
						   : !is_sandbox(path))
		return false;
	add_event(c, m, 0);
	return true;
}

static int tell_added(bailiff_connection *c, sd_bus_message *m, bailiff_event *e, struct properties *p)
{
	const char *path, *interface;
	uint64_t id;

	if (sd_bus_message_read_basic(m, 'o', &path) <= 0 || !is_sandbox(path) ||
		sd_bus_message_enter_container(m, 'a', "{sa{sv}}") <= 0 ||
		sd_bus_message_enter_container(m, 'e', "sa{sv}") <= 0 ||
		sd_bus_message_read_basic(m, 's', &interface) <= 0 ||
		strcmp(interface, BAILIFF_SANDBOX_INTERFACE) != 0 ||
		dict_read(m, property_fields, ELEMENTSOF(property_fields), p) < 0)
		return -EBADMSG;
	if (read_id(path, &id) < 0 && !*find_path(c, path) && remember_path(c, path, p->id) < 0)
		return -ENOMEM;
	e->kind = BAILIFF_EVENT_LAUNCHED;
	e->id = p->id;
	e->profile = p->profile;
	e->tag = p->tag;
	e->owner = p->owner;
	e->pid = (pid_t)p->pid;
	e->state = p->state;
	return 0;
}

static int tell_changed(sd_bus_message *m, bailiff_event *e, struct properties *p)
{
	const char *interface;

	if (sd_bus_message_read_basic(m, 's', &interface) <= 0 ||
		strcmp(interface, BAILIFF_SANDBOX_INTERFACE) != 0 ||
		dict_read(m, property_fields, ELEMENTSOF(property_fields), p) < 0)
		return -EBADMSG;
	e->kind = BAILIFF_EVENT_CHANGED;
	e->state = p->state;
	return 0;
}

/* Its id can not be asked for any more. */
static int tell_removed(bailiff_connection *c, sd_bus_message *m, bailiff_event *e)
{
	struct event_path **known;
	const char *path;

	if (sd_bus_message_read_basic(m, 'o', &path) <= 0 || !is_sandbox(path))
		return -EBADMSG;
	known = find_path(c, path);
	e->kind = BAILIFF_EVENT_RELEASED;
	if (*known)
		e->id = (*known)->id;
	else if (read_id(path, &e->id) < 0)
		e->kind = BAILIFF_EVENT_MISSED;
	forget_path(known);
	return 0;
}

static int read_event(bailiff_connection *c, sd_bus_message *m, bailiff_event *e, struct properties *p)
{
	const char *path = sd_bus_message_get_path(m);

	if (sd_bus_message_rewind(m, 1) < 0)
		return -EBADMSG;
	if (sd_bus_message_is_signal(m, OBJECT_MANAGER, "InterfacesAdded") > 0)
		return tell_added(c, m, e, p);
	if (sd_bus_message_is_signal(m, OBJECT_MANAGER, "InterfacesRemoved") > 0)
		return tell_removed(c, m, e);
	if (find_id(c, path, &e->id) < 0)
		return -EBADMSG;
	if (sd_bus_message_is_signal(m, PROPERTIES, "PropertiesChanged") > 0)
		return tell_changed(m, e, p);
	if (sd_bus_message_is_signal(m, BAILIFF_SANDBOX_INTERFACE, "Exited") > 0) {
		e->kind = BAILIFF_EVENT_EXITED;
		return sd_bus_message_read(m, "sii", &e->exit.result, &e->exit.code, &e->exit.signal) <= 0
			       ? -EBADMSG
			       : 0;
	}
	if (sd_bus_message_is_signal(m, BAILIFF_SANDBOX_INTERFACE, "Violation") > 0) {
		e->kind = BAILIFF_EVENT_VIOLATION;
		return sd_bus_message_read(m, "sss", &e->layer, &e->what, &e->detail) <= 0 ? -EBADMSG : 0;
	}
	return -EBADMSG;
}

CALLS_HANDLER void event_tell(const struct operation *o)
{
	const struct listener *l = &o->connection->listener;
	_cleanup_(properties_done) struct properties p = { 0 };
	bailiff_event e = { .kind = BAILIFF_EVENT_MISSED, .error = o->error };

	if (!l->event || (o->message && read_event(o->connection, o->message, &e, &p) < 0))
		return;
	l->event(&e, l->event_userdata);
}

static int on_subscribed(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr_error)
{
	bailiff_connection *c = userdata;
	int r = reply_verdict(c->owner ? c->owner : "", reply);

	c->listener.subscribing = sd_bus_slot_unref(c->listener.subscribing);
	c->listener.subscribed = r == 0;
	/* this one has ended, too: the next one is asked in its turn */
	if (r == -ECONNRESET || r == -EHOSTUNREACH || sd_bus_is_open(c->bus) <= 0)
		return 1;
	if (c->listener.event)
		add_event(c, NULL, r);
	return 1;
}

void events_renew(bailiff_connection *c)
{
	struct listener *l = &c->listener;
	int r;

	if (!c->owner)
		return;
	l->subscribing = sd_bus_slot_unref(l->subscribing);
	r = sd_bus_call_method_async(c->bus, &l->subscribing, c->owner, BAILIFF_OBJECT_PATH,
		BAILIFF_MANAGER_INTERFACE, "Subscribe", on_subscribed, c, NULL);
	if (r < 0 && l->event)
		add_event(c, NULL, r);
}

void events_close(bailiff_connection *c)
{
	while (c->listener.paths)
		forget_path(&c->listener.paths);
	c->listener.subscribing = sd_bus_slot_unref(c->listener.subscribing);
}

int events_subscribe(bailiff_connection *c, uint64_t until)
{
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "Subscribe", NULL, NULL,
		until };
	int r = c->listener.subscribed ? 0 : call_broker(c, &call, NULL);

	if (r == 0)
		c->listener.subscribed = true;
	return r;
}

EXPORT int bailiff_connection_on_event(bailiff_connection *c, bailiff_event_handler handler, void *userdata)
{
	const struct call unsubscribe = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "Unsubscribe", NULL,
		NULL, 0 };
	const uint64_t until = deadline_after(CALL_TIMEOUT_USEC);
	int r;

	if (!c)
		return -EINVAL;
	if (!handler) {
		if (!c->listener.event)
			return 0;
		c->listener.event = NULL;
		if (!signals_want_all(c) && call_broker(c, &unsubscribe, NULL) == 0)
			c->listener.subscribed = false;
		return 0;
	}
	r = listen_to_broker(c, until);
	if (r < 0)
		return r;
	/* before the call: what comes with its answer counts */
	c->listener.event = handler;
	c->listener.event_userdata = userdata;
	r = events_subscribe(c, until);
	if (r < 0)
		c->listener.event = NULL;
	return r;
}
