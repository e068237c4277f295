/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The properties of a sandbox and of the broker. */

#include "lib/internal.h"

#include "dbus/names.h"

static int fill_interface(sd_bus_message *m, const void *data)
{
	const char *interface = data;

	return sd_bus_message_append_basic(m, 's', interface);
}

static int get_all(bailiff_connection *c, const char *path, const char *interface,
	const struct dict_field *fields, size_t n, uint64_t until, void *dest)
{
	const struct call call = { path, "org.freedesktop.DBus.Properties", "GetAll", fill_interface,
		interface, until };
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = call_broker(c, &call, &reply);
	if (r < 0)
		return r;
	r = dict_read(reply, fields, n, dest);
	return r == -EBADMSG ? reply_malformed(c, "GetAll") : r;
}

int sandbox_status(bailiff_sandbox *s, uint64_t until, bailiff_sandbox_status **ret)
{
#define FIELD(key, type, member)                                                                             \
	{                                                                                                    \
		(key), (type), offsetof(bailiff_sandbox_status, member)                                      \
	}
	static const struct dict_field fields[] = {
		FIELD("Id", 't', id),
		FIELD("Profile", 's', profile),
		FIELD("Tag", 's', tag),
		FIELD("State", 's', state),
		FIELD("OwnerUid", 'u', owner),
		FIELD("Uid", 'u', uid),
		FIELD("Pid", 'u', pid),
		FIELD("StartedUSec", 't', started_usec),
		FIELD("ExitedUSec", 't', exited_usec),
		FIELD("Result", 's', result),
		FIELD("ExitCode", 'i', exit_code),
		FIELD("ExitSignal", 'i', exit_signal),
		FIELD("Generation", 'u', generation),
		FIELD("ControlGroup", 's', control_group),
		FIELD("Layers", 'a', layers),
		FIELD("Skipped", 'a', skipped),
	};
#undef FIELD
	_cleanup_(bailiff_sandbox_status_freep) bailiff_sandbox_status *status = NULL;
	int r;

	status = calloc(1, sizeof(*status));
	if (!status)
		return -ENOMEM;
	r = get_all(
		s->connection, s->path, BAILIFF_SANDBOX_INTERFACE, fields, ELEMENTSOF(fields), until, status);
	if (r == 0)
		*ret = steal_ptr(status);
	return r;
}

EXPORT int bailiff_sandbox_get_status(bailiff_sandbox *s, bailiff_sandbox_status **ret)
{
	return s && ret ? sandbox_status(s, 0, ret) : -EINVAL;
}

EXPORT bailiff_sandbox_status *bailiff_sandbox_status_free(bailiff_sandbox_status *status)
{
	if (!status)
		return NULL;
	free(status->profile);
	free(status->tag);
	free(status->state);
	free(status->result);
	free(status->control_group);
	(void)bailiff_strv_free(status->layers);
	(void)bailiff_strv_free(status->skipped);
	free(status);
	return NULL;
}

EXPORT int bailiff_get_broker_status(bailiff_connection *c, bailiff_broker_status **ret)
{
#define FIELD(key, type, member)                                                                             \
	{                                                                                                    \
		(key), (type), offsetof(bailiff_broker_status, member)                                       \
	}
	static const struct dict_field fields[] = {
		FIELD("Version", 's', version),
		FIELD("Features", 'a', features),
		FIELD("LandlockABI", 'u', landlock_abi),
		FIELD("Generation", 'u', generation),
		FIELD("ProfileErrors", 'a', profile_errors),
		FIELD("NSandboxes", 'u', n_sandboxes),
		FIELD("NLaunched", 't', n_launched),
	};
#undef FIELD
	_cleanup_(bailiff_broker_status_freep) bailiff_broker_status *status = NULL;
	int r;

	if (!c || !ret)
		return -EINVAL;
	status = calloc(1, sizeof(*status));
	if (!status)
		return -ENOMEM;
	r = get_all(c, BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, fields, ELEMENTSOF(fields), 0, status);
	if (r == 0)
		*ret = steal_ptr(status);
	return r;
}

EXPORT bailiff_broker_status *bailiff_broker_status_free(bailiff_broker_status *status)
{
	if (!status)
		return NULL;
	free(status->version);
	(void)bailiff_strv_free(status->features);
	(void)bailiff_strv_free(status->profile_errors);
	free(status);
	return NULL;
}
