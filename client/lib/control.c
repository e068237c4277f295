/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What can be done to a sandbox besides to stop it, and what it has used and was killed for. */

#include "lib/internal.h"

#include "dbus/names.h"

#include <string.h>

EXPORT int bailiff_sandbox_freeze(bailiff_sandbox *s)
{
	return s ? sandbox_call(s, "Freeze", NULL, NULL, 0, NULL) : -EINVAL;
}

EXPORT int bailiff_sandbox_thaw(bailiff_sandbox *s)
{
	return s ? sandbox_call(s, "Thaw", NULL, NULL, 0, NULL) : -EINVAL;
}

static int fill_fd(sd_bus_message *m, const void *data)
{
	return sd_bus_message_append_basic(m, 'h', data);
}

EXPORT int bailiff_sandbox_attach_lifeline(bailiff_sandbox *s, int fd)
{
	return s && fd >= 0 ? sandbox_call(s, "AttachLifeline", fill_fd, &fd, 0, NULL) : -EINVAL;
}

struct limits_call {
	const bailiff_limit *limits;
	size_t n;
};

static int fill_limits(sd_bus_message *m, const void *data)
{
	const struct limits_call *call = data;
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	for (size_t i = 0; r >= 0 && i < call->n; i++) {
		const bailiff_limit *l = &call->limits[i];

		if (strcmp(l->name, BAILIFF_LIMIT_CPU_QUOTA) == 0)
			r = sd_bus_message_append(m, "{sv}", l->name, "u", (uint32_t)l->value);
		else
			r = sd_bus_message_append(m, "{sv}", l->name, "t", l->value);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

EXPORT int bailiff_sandbox_set_limits(bailiff_sandbox *s, const bailiff_limit *limits, size_t n)
{
	const struct limits_call call = { limits, n };

	if (!s || (!limits && n > 0))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (!limits[i].name || !utf8_valid(limits[i].name))
			return -EINVAL;
		if (strcmp(limits[i].name, BAILIFF_LIMIT_CPU_QUOTA) == 0 && limits[i].value > UINT32_MAX)
			return -ERANGE;
	}
	return sandbox_call(s, "SetLimits", fill_limits, &call, 0, NULL);
}

static int fill_interface(sd_bus_message *m, const void *data)
{
	const char *interface = data;

	return sd_bus_message_append_basic(m, 's', interface);
}

EXPORT int bailiff_sandbox_get_properties(bailiff_sandbox *s, bailiff_setting **ret)
{
	struct call call = { NULL, "org.freedesktop.DBus.Properties", "GetAll", fill_interface,
		BAILIFF_SANDBOX_INTERFACE, 0 };

	if (!s || !ret)
		return -EINVAL;
	call.path = s->path;
	return settings_ask(s->connection, &call, "v", ret);
}

EXPORT int bailiff_sandbox_get_usage(bailiff_sandbox *s, bailiff_setting **ret)
{
	struct call call = { NULL, BAILIFF_SANDBOX_INTERFACE, "GetUsage", NULL, NULL, 0 };

	if (!s || !ret)
		return -EINVAL;
	call.path = s->path;
	return settings_ask(s->connection, &call, "t", ret);
}

EXPORT bailiff_violation *bailiff_violation_free(bailiff_violation *list)
{
	while (list) {
		bailiff_violation *next = list->next;

		free(list->layer);
		free(list->what);
		free(list->detail);
		free(list);
		list = next;
	}
	return NULL;
}

/* 0 at the end of the list, 1 after an element. */
static int read_violation(sd_bus_message *m, bailiff_violation **tail)
{
	const char *layer, *what, *detail;
	bailiff_violation *v;
	uint64_t usec;
	int r = sd_bus_message_read(m, "(tsss)", &usec, &layer, &what, &detail);

	if (r <= 0)
		return r < 0 ? -EBADMSG : 0;
	*tail = v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->usec = usec;
	v->layer = strdup(layer);
	v->what = strdup(what);
	v->detail = strdup(detail);
	return v->layer && v->what && v->detail ? 1 : -ENOMEM;
}

EXPORT int bailiff_sandbox_get_violations(bailiff_sandbox *s, bailiff_violation **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(bailiff_violation_freep) bailiff_violation *list = NULL;
	bailiff_violation **tail = &list;
	int r;

	if (!s || !ret)
		return -EINVAL;
	r = sandbox_call(s, "GetViolations", NULL, NULL, 0, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_enter_container(reply, 'a', "(tsss)") < 0 ? -EBADMSG : 1;
	while (r > 0 && (r = read_violation(reply, tail)) > 0)
		tail = &(*tail)->next;
	if (r < 0)
		return r == -EBADMSG ? reply_malformed(s->connection, "GetViolations") : r;
	*ret = steal_ptr(list);
	return 0;
}
