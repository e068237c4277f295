/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The broker's other services. */

#include "lib/internal.h"

#include "dbus/names.h"

#include <string.h>

/* A reload reads and compiles every profile. */
#define RELOAD_TIMEOUT_USEC (90ULL * 1000000)

EXPORT int bailiff_reload(bailiff_connection *c, uint32_t *ret_generation, char ***ret_errors)
{
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "Reload", NULL, NULL,
		deadline_after(RELOAD_TIMEOUT_USEC) };
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(bailiff_strv_freep) char **errors = NULL;
	uint32_t generation;
	int r;

	if (!c)
		return -EINVAL;
	r = call_broker(c, &call, &reply);
	if (r < 0)
		return r;
	if (sd_bus_message_read_basic(reply, 'u', &generation) <= 0 ||
		sd_bus_message_read_strv(reply, &errors) < 0)
		return reply_malformed(c, "Reload");
	r = count_strv(errors) == 0 ? 0 : connection_fail(c, -EBADMSG, NULL, errors[0]);
	if (!errors && ret_errors)
		if (copy_strv(NULL, &errors) < 0)
			return -ENOMEM;
	if (ret_generation)
		*ret_generation = generation;
	if (ret_errors)
		*ret_errors = steal_ptr(errors);
	return r;
}

static int fill_string(sd_bus_message *m, const void *data)
{
	const char *text = data;

	return sd_bus_message_append_basic(m, 's', text);
}

struct whose {
	const char *daemon; /* NULL: not about a store */
	const char *user;
};

static int fill_whose(sd_bus_message *m, const void *data)
{
	const struct whose *w = data;
	int k = w->daemon ? sd_bus_message_append_basic(m, 's', w->daemon) : 0;

	return k < 0 ? k : sd_bus_message_append_basic(m, 's', w->user);
}

EXPORT int bailiff_get_user_path(bailiff_connection *c, const char *user, const char *kind, char **ret)
{
	const struct whose whose = { .user = user };
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "GetUserPaths", fill_whose,
		&whose, 0 };
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *key, *path;
	int r;

	if (!c || !user || !kind || !ret)
		return -EINVAL;
	if (!utf8_valid(user))
		return connection_fail(c, -EILSEQ, NULL, "the user name is not UTF-8");
	r = call_broker(c, &call, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_enter_container(reply, 'a', "{ss}");
	while (r > 0 && (r = sd_bus_message_read(reply, "{ss}", &key, &path)) > 0)
		if (strcmp(key, kind) == 0) {
			*ret = strdup(path);
			return *ret ? 0 : -ENOMEM;
		}
	if (r < 0)
		return reply_malformed(c, "GetUserPaths");
	return connection_fail(c, -ENOENT, NULL, "the broker knows no path of this kind");
}

EXPORT int bailiff_get_daemon_store_path(
	bailiff_connection *c, const char *daemon, const char *user, char **ret)
{
	const struct whose whose = { daemon, user };
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "GetDaemonStorePath",
		fill_whose, &whose, 0 };
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *path;
	int r;

	if (!c || !daemon || !user || !ret)
		return -EINVAL;
	if (!utf8_valid(user) || !utf8_valid(daemon))
		return connection_fail(c, -EILSEQ, NULL, "the name of the user or the store is not UTF-8");
	r = call_broker(c, &call, &reply);
	if (r < 0)
		return r;
	if (sd_bus_message_read_basic(reply, 's', &path) <= 0 || path[0] != '/')
		return reply_malformed(c, "GetDaemonStorePath");
	*ret = strdup(path);
	return *ret ? 0 : -ENOMEM;
}

EXPORT int bailiff_is_sanitized_username(bailiff_connection *c, const char *name)
{
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "IsSanitizedUsername",
		fill_string, name, 0 };
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r, is;

	if (!c || !name)
		return -EINVAL;
	if (!utf8_valid(name))
		return connection_fail(c, -EILSEQ, NULL, "the name is not UTF-8");
	r = call_broker(c, &call, &reply);
	if (r < 0)
		return r;
	return sd_bus_message_read_basic(reply, 'b', &is) > 0 ? is
							      : reply_malformed(c, "IsSanitizedUsername");
}

EXPORT int bailiff_set_log_level(bailiff_connection *c, const char *level)
{
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "SetLogLevel", fill_string,
		level, 0 };

	if (!c || !level)
		return -EINVAL;
	return utf8_valid(level) ? call_broker(c, &call, NULL)
				 : connection_fail(c, -EILSEQ, NULL, "the level is not UTF-8");
}

EXPORT int bailiff_sanitize_username(bailiff_connection *c, const char *username, char **ret)
{
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "GetSanitizedUsername",
		fill_string, username, 0 };
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *hash;
	int r;

	if (!c || !username || !ret)
		return -EINVAL;
	if (!utf8_valid(username))
		return connection_fail(c, -EILSEQ, NULL, "the user name is not UTF-8");
	r = call_broker(c, &call, &reply);
	if (r < 0)
		return r;
	if (sd_bus_message_read_basic(reply, 's', &hash) <= 0 || strlen(hash) != 40)
		return reply_malformed(c, "GetSanitizedUsername");
	*ret = strdup(hash);
	return *ret ? 0 : -ENOMEM;
}
