/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ListSandboxes and ListProfiles, as linked lists. */

#include "lib/internal.h"

#include "dbus/names.h"

#include <string.h>

EXPORT bailiff_sandbox_info *bailiff_sandbox_info_free(bailiff_sandbox_info *list)
{
	while (list) {
		bailiff_sandbox_info *next = list->next;

		free(list->path);
		free(list->profile);
		free(list->tag);
		free(list->state);
		free(list);
		list = next;
	}
	return NULL;
}

EXPORT bailiff_profile_info *bailiff_profile_info_free(bailiff_profile_info *list)
{
	while (list) {
		bailiff_profile_info *next = list->next;

		free(list->name);
		free(list->description);
		free(list);
		list = next;
	}
	return NULL;
}

/* Reads one element behind tail. 0 at the end of the list, 1 after an element. */
static int read_sandbox(sd_bus_message *m, bailiff_sandbox_info **tail)
{
	const char *path, *profile, *tag, *state;
	uint32_t owner, pid;
	uint64_t id;
	bailiff_sandbox_info *i;
	int r = sd_bus_message_read(m, "(otssuus)", &path, &id, &profile, &tag, &owner, &pid, &state);

	if (r <= 0)
		return r < 0 ? -EBADMSG : 0;
	*tail = i = calloc(1, sizeof(*i));
	if (!i)
		return -ENOMEM;
	i->id = id;
	i->owner = owner;
	i->pid = (pid_t)pid;
	i->path = strdup(path);
	i->profile = strdup(profile);
	i->tag = strdup(tag);
	i->state = strdup(state);
	return i->path && i->profile && i->tag && i->state ? 1 : -ENOMEM;
}

static int read_profile(sd_bus_message *m, bailiff_profile_info **tail)
{
	const char *name, *description;
	bailiff_profile_info *i;
	double exposure;
	int allowed;
	int r = sd_bus_message_read(m, "(ssbd)", &name, &description, &allowed, &exposure);

	if (r <= 0)
		return r < 0 ? -EBADMSG : 0;
	*tail = i = calloc(1, sizeof(*i));
	if (!i)
		return -ENOMEM;
	i->allowed = allowed;
	i->exposure = exposure;
	i->name = strdup(name);
	i->description = strdup(description);
	return i->name && i->description ? 1 : -ENOMEM;
}

static int ask_list(bailiff_connection *c, const char *member, const char *element, sd_bus_message **ret)
{
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, member, NULL, NULL, 0 };
	int r = call_broker(c, &call, ret);

	if (r < 0)
		return r;
	return sd_bus_message_enter_container(*ret, 'a', element) < 0 ? reply_malformed(c, member) : 0;
}

EXPORT int bailiff_list_sandboxes(bailiff_connection *c, bailiff_sandbox_info **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(bailiff_sandbox_info_freep) bailiff_sandbox_info *list = NULL;
	bailiff_sandbox_info **tail = &list;
	int r;

	if (!c || !ret)
		return -EINVAL;
	r = ask_list(c, "ListSandboxes", "(otssuus)", &reply);
	if (r < 0)
		return r;
	while ((r = read_sandbox(reply, tail)) > 0)
		tail = &(*tail)->next;
	if (r < 0)
		return r == -EBADMSG ? reply_malformed(c, "ListSandboxes") : r;
	*ret = steal_ptr(list);
	return 0;
}

EXPORT int bailiff_list_profiles(bailiff_connection *c, bailiff_profile_info **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(bailiff_profile_info_freep) bailiff_profile_info *list = NULL;
	bailiff_profile_info **tail = &list;
	int r;

	if (!c || !ret)
		return -EINVAL;
	r = ask_list(c, "ListProfiles", "(ssbd)", &reply);
	if (r < 0)
		return r;
	while ((r = read_profile(reply, tail)) > 0)
		tail = &(*tail)->next;
	if (r < 0)
		return r == -EBADMSG ? reply_malformed(c, "ListProfiles") : r;
	*ret = steal_ptr(list);
	return 0;
}
