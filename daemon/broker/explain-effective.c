/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Values of variables are not repeated: an answer may be logged by who asked, and they may be secrets. */

#include "broker/explain-effective.h"
#include "base/capability-names.h"
#include "base/error.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "broker/dict.h"
#include "broker/layers.h"
#include "broker/profile-bus.h"
#include "broker/rlimits.h"
#include "dbus/names.h"

#include <string.h>

static int put_text(sd_bus_message *m, const char *key, const char *text)
{
	_cleanup_free_ char *safe = utf8_escape(text);

	return safe ? sd_bus_message_append(m, "{sv}", key, "s", safe) : -ENOMEM;
}

static int put_names(sd_bus_message *m, char *const *env)
{
	_cleanup_(strv_freep) char **names = NULL;

	STRV_FOREACH (v, env)
		if (strv_extendf(&names, "%.*s", (int)strcspn(*v, "="), *v) < 0)
			return -ENOMEM;
	return dict_append_list(m, "environment", names);
}

static const char *mode_name(enum stdio_mode mode)
{
	static const char *const names[_STDIO_MODE_MAX] = {
		[STDIO_NULL] = "null",
		[STDIO_PIPE] = "pipe",
		[STDIO_FD] = "fd",
		[STDIO_SOCKET] = "socket",
		[STDIO_PTY] = "pty",
		[STDIO_JOURNAL] = "journal",
	};

	return (unsigned)mode < ELEMENTSOF(names) && names[mode] ? names[mode] : "other";
}

static int put_stdio(sd_bus_message *m, const struct plan_effective *effective)
{
	int r;

	r = dict_open(m, "stdio", "a{us}");
	if (r >= 0)
		r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{us}");
	for (uint32_t i = 0; r >= 0 && i < ELEMENTSOF(effective->stdio); i++)
		r = sd_bus_message_append(m, "{us}", i, mode_name(effective->stdio[i]));
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return dict_close(m, r);
}

static int put_fds(sd_bus_message *m, const struct launch_args *a)
{
	int r;

	r = dict_open(m, "fds", "au");
	if (r >= 0)
		r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "u");
	for (size_t i = 0; r >= 0 && i < a->n_fds; i++)
		r = sd_bus_message_append_basic(m, SD_BUS_TYPE_UINT32, &a->fds[i].target);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return dict_close(m, r);
}

static int put_limits(sd_bus_message *m, const struct jail_spec *spec)
{
	int r;

	r = dict_open(m, "rlimits", "a{s(tt)}");
	if (r >= 0)
		r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{s(tt)}");
	for (size_t i = 0; r >= 0 && i < spec->n_limits; i++)
		r = sd_bus_message_append(m, "{s(tt)}", rlimit_name(spec->limits[i].resource),
			spec->limits[i].soft, spec->limits[i].hard);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return dict_close(m, r);
}

static int put_user(sd_bus_message *m, const struct explanation *e)
{
	int r;

	r = sd_bus_message_append(m, "{sv}", "dynamic-user", "b", (int)e->profile->dynamic_user);
	/* of a dynamic one the number is not known before the launch */
	if (r >= 0 && !e->profile->dynamic_user)
		r = sd_bus_message_append(m, "{sv}{sv}", "uid", "u", e->spec.uid, "gid", "u", e->spec.gid);
	return r;
}

static int put_capabilities(sd_bus_message *m, uint64_t mask)
{
	_cleanup_(strv_freep) char **names = NULL;

	for (unsigned i = 0; i < CAPABILITIES_KNOWN; i++)
		if ((mask & UINT64_C(1) << i) != 0 && strv_extend(&names, capability_to_string(i)) < 0)
			return -ENOMEM;
	return dict_append_list(m, "capabilities", names);
}

/* What is not limited is left out, and so is a share of a machine whose size is not looked up here. */
static int put_group(sd_bus_message *m, const struct group_value *group)
{
	static const struct {
		enum group_limit which;
		const char *key;
	} amounts[] = { { GROUP_MEMORY_MAX, BAILIFF_OPTION_MEMORY_MAX },
		{ GROUP_TASKS_MAX, BAILIFF_OPTION_TASKS_MAX } };
	const struct group_value *quota = &group[GROUP_CPU_QUOTA];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(amounts); i++)
		if (group[amounts[i].which].unit == GROUP_ABSOLUTE)
			r = sd_bus_message_append(
				m, "{sv}", amounts[i].key, "t", group[amounts[i].which].value);
	if (r >= 0 && quota->unit == GROUP_PERMYRIAD)
		r = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_CPU_QUOTA, "u",
			(uint32_t)((quota->value + GROUP_PERCENT - 1) / GROUP_PERCENT));
	return r;
}

static int put_share(sd_bus_message *m, const struct jail_spec *spec)
{
	const struct compiled_tuning *t = spec->tuning;
	int r = put_group(m, spec->group);

	if (r >= 0 && (t->set & TUNE_NICE))
		r = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_NICE, "i", t->nice);
	if (r >= 0 && (t->set & TUNE_OOM_SCORE))
		r = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_OOM_SCORE, "i", t->oom_score_adjust);
	if (r >= 0)
		r = put_capabilities(m, spec->bounding);
	return r < 0 ? r
		     : sd_bus_message_append(m, "{sv}{sv}", "private-network", "b",
			       (int)((spec->namespaces & JAIL_NS_NET) != 0), "shared-network", "b",
			       (int)spec->shares_network);
}

static int put_layers(sd_bus_message *m, const struct explanation *e)
{
	_cleanup_(strv_freep) char **layers = NULL;
	int r;

	r = layers_of_launch(e->profile, &e->spec, &layers);
	return r < 0 ? r : dict_append_list(m, "layers", layers);
}

static int put_all(sd_bus_message *m, const struct explanation *e)
{
	int r;

	r = put_text(m, "executable", e->spec.executable);
	if (r >= 0)
		r = put_text(m, "working-directory", e->spec.working_directory);
	if (r >= 0)
		r = put_user(m, e);
	if (r >= 0)
		r = put_names(m, e->spec.envp);
	if (r >= 0)
		r = put_stdio(m, &e->effective);
	if (r >= 0)
		r = put_fds(m, e->args);
	if (r >= 0)
		r = put_limits(m, &e->spec);
	if (r >= 0)
		r = put_share(m, &e->spec);
	if (r >= 0)
		r = put_layers(m, e);
	if (r >= 0)
		r = put_text(m, BAILIFF_OPTION_READY,
			e->spec.notify ? BAILIFF_READY_NAME_NOTIFY : BAILIFF_READY_NAME_EXEC);
	if (r < 0)
		return r;
	return sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}", "detach", "b", (int)e->args->detach,
		"runtime-max-usec", "t", e->effective.runtime_max_usec, "stop-timeout-usec", "t",
		e->effective.timeout_stop_usec, "stop-signal", "i", e->effective.stop_signal, "exposure", "d",
		profile_bus_exposure(e->profile), "generation", "u", e->generation);
}

int explain_reply_allowed(sd_bus_message *m, const char *rule, const struct explanation *e)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_free_ char *safe = utf8_escape(rule);
	int r;

	if (!safe)
		return -ENOMEM;
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = sd_bus_message_append(reply, "bsas", 1, safe, 0);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r >= 0)
		r = put_all(reply, e);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
