/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Profiles: what one is, what it lets somebody do, and what runs of it. */

#include "lib/internal.h"

#include "dbus/names.h"

EXPORT bailiff_explanation *bailiff_explanation_free(bailiff_explanation *e)
{
	if (!e)
		return NULL;
	free(e->rule);
	(void)bailiff_strv_free(e->reasons);
	(void)bailiff_setting_free(e->effective);
	free(e);
	return NULL;
}

struct question {
	uid_t uid; /* BAILIFF_UID_CALLER: no other than the caller */
	const bailiff_request *request;
};

static int fill_question(sd_bus_message *m, const void *data)
{
	const struct question *q = data;
	int k = q->uid == BAILIFF_UID_CALLER ? 0 : sd_bus_message_append_basic(m, 'u', &q->uid);

	return k < 0 ? k : request_marshal_question(m, q->request);
}

static int read_explanation(sd_bus_message *m, bailiff_explanation *e)
{
	const char *rule;

	if (sd_bus_message_read(m, "bs", &e->allowed, &rule) <= 0 ||
		sd_bus_message_read_strv(m, &e->reasons) < 0)
		return -EBADMSG;
	if (replace_str(&e->rule, rule) < 0 || (!e->reasons && copy_strv(NULL, &e->reasons) < 0))
		return -ENOMEM;
	return settings_read(m, "v", &e->effective);
}

EXPORT int bailiff_explain(
	bailiff_connection *c, const bailiff_request *r, uid_t uid, bailiff_explanation **ret)
{
	const struct question question = { uid, r };
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE,
		uid == BAILIFF_UID_CALLER ? "Explain" : "ExplainFor", fill_question, &question, 0 };
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(bailiff_explanation_freep) bailiff_explanation *e = NULL;
	int k;

	if (!c || !r || !ret)
		return -EINVAL;
	k = call_broker(c, &call, &reply);
	if (k < 0)
		return k;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	k = read_explanation(reply, e);
	if (k == 0)
		*ret = steal_ptr(e);
	return k == -EBADMSG ? reply_malformed(c, call.member) : k;
}

static int fill_string(sd_bus_message *m, const void *data)
{
	const char *text = data;

	return sd_bus_message_append_basic(m, 's', text);
}

static int find_profile(bailiff_connection *c, const char *name, char **ret)
{
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "GetProfile", fill_string,
		name, 0 };
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *path;
	int r;

	if (!utf8_valid(name))
		return connection_fail(c, -EILSEQ, NULL, "the name of the profile is not UTF-8");
	r = call_broker(c, &call, &reply);
	if (r < 0)
		return r;
	if (sd_bus_message_read_basic(reply, 'o', &path) <= 0)
		return reply_malformed(c, "GetProfile");
	return replace_str(ret, path);
}

EXPORT int bailiff_get_profile_properties(bailiff_connection *c, const char *name, bailiff_setting **ret)
{
	_cleanup_(freep) char *path = NULL;
	struct call call = { NULL, "org.freedesktop.DBus.Properties", "GetAll", fill_string,
		BAILIFF_PROFILE_INTERFACE, 0 };
	int r;

	if (!c || !name || !ret)
		return -EINVAL;
	r = find_profile(c, name, &path);
	call.path = path;
	return r < 0 ? r : settings_ask(c, &call, "v", ret);
}

EXPORT int bailiff_get_profile_settings(bailiff_connection *c, const char *name, bailiff_setting **ret)
{
	_cleanup_(freep) char *path = NULL;
	struct call call = { NULL, BAILIFF_PROFILE_INTERFACE, "Dump", NULL, NULL, 0 };
	int r;

	if (!c || !name || !ret)
		return -EINVAL;
	r = find_profile(c, name, &path);
	call.path = path;
	return r < 0 ? r : settings_ask(c, &call, "v", ret);
}

struct kill_call {
	const char *profile;
	int signal;
};

static int fill_kill(sd_bus_message *m, const void *data)
{
	const struct kill_call *call = data;

	return sd_bus_message_append(m, "si", call->profile, call->signal);
}

EXPORT int bailiff_kill_all(bailiff_connection *c, const char *profile, int signal, unsigned *ret)
{
	const struct kill_call what = { profile, signal };
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "KillAll", fill_kill,
		&what, 0 };
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	uint32_t n;
	int r;

	if (!c || !profile || !*profile || signal < 1 || signal > 64)
		return -EINVAL;
	if (!utf8_valid(profile))
		return connection_fail(c, -EILSEQ, NULL, "the name of the profile is not UTF-8");
	r = call_broker(c, &call, &reply);
	if (r < 0)
		return r;
	if (sd_bus_message_read_basic(reply, 'u', &n) <= 0)
		return reply_malformed(c, "KillAll");
	if (ret)
		*ret = n;
	return 0;
}

EXPORT int bailiff_get_quota(bailiff_connection *c, bailiff_setting **ret)
{
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "GetQuota", NULL, NULL,
		0 };

	return c && ret ? settings_ask(c, &call, "(tt)", ret) : -EINVAL;
}
