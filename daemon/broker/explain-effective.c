/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Values of variables are not repeated: an answer may be logged by who asked, and they may be secrets. */

#include "broker/explain-effective.h"
#include "base/capability-names.h"
#include "base/error.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "broker/layers.h"
#include "broker/profile-bus.h"
#include "broker/rlimits.h"
#include "dbus/names.h"

#include <string.h>

static void open_value(struct writer *w, const char *key, const char *type)
{
	writer_open(w, SD_BUS_TYPE_DICT_ENTRY, "sv");
	writer_text(w, key);
	writer_open(w, SD_BUS_TYPE_VARIANT, type);
}

static void close_value(struct writer *w)
{
	writer_close(w);
	writer_close(w);
}

/* Of a basic type. */
static void put_value(struct writer *w, const char *key, char type, const void *value)
{
	const char contents[] = { type, '\0' };

	open_value(w, key, contents);
	writer_basic(w, type, value);
	close_value(w);
}

static void put_bool(struct writer *w, const char *key, bool value)
{
	const int v = value;

	put_value(w, key, SD_BUS_TYPE_BOOLEAN, &v);
}

static void put_u32(struct writer *w, const char *key, uint32_t value)
{
	put_value(w, key, SD_BUS_TYPE_UINT32, &value);
}

static int put_text(struct writer *w, const char *key, const char *text)
{
	_cleanup_free_ char *safe = utf8_escape(text);

	if (!safe)
		return -ENOMEM;
	put_value(w, key, SD_BUS_TYPE_STRING, safe);
	return 0;
}

static void put_list(struct writer *w, const char *key, char *const *list)
{
	open_value(w, key, "as");
	writer_open(w, SD_BUS_TYPE_ARRAY, "s");
	STRV_FOREACH (s, list)
		writer_text(w, *s);
	writer_close(w);
	close_value(w);
}

int explain_put_names(struct writer *w, char *const *env)
{
	open_value(w, "environment", "as");
	writer_open(w, SD_BUS_TYPE_ARRAY, "s");
	STRV_FOREACH (v, env) {
		_cleanup_free_ char *name = strndup(*v, strcspn(*v, "="));

		if (!name)
			return -ENOMEM;
		writer_text(w, name);
	}
	writer_close(w);
	close_value(w);
	return 0;
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

static void put_stdio(struct writer *w, const struct plan_effective *effective)
{
	open_value(w, "stdio", "a{us}");
	writer_open(w, SD_BUS_TYPE_ARRAY, "{us}");
	for (uint32_t i = 0; i < ELEMENTSOF(effective->stdio); i++) {
		writer_open(w, SD_BUS_TYPE_DICT_ENTRY, "us");
		writer_u32(w, i);
		writer_text(w, mode_name(effective->stdio[i]));
		writer_close(w);
	}
	writer_close(w);
	close_value(w);
}

static void put_fds(struct writer *w, const struct launch_args *a)
{
	open_value(w, "fds", "au");
	writer_open(w, SD_BUS_TYPE_ARRAY, "u");
	for (size_t i = 0; i < a->n_fds; i++)
		writer_u32(w, a->fds[i].target);
	writer_close(w);
	close_value(w);
}

static void put_limits(struct writer *w, const struct jail_spec *spec)
{
	open_value(w, "rlimits", "a{s(tt)}");
	writer_open(w, SD_BUS_TYPE_ARRAY, "{s(tt)}");
	for (size_t i = 0; i < spec->n_limits; i++) {
		writer_open(w, SD_BUS_TYPE_DICT_ENTRY, "s(tt)");
		writer_text(w, rlimit_name(spec->limits[i].resource));
		writer_open(w, SD_BUS_TYPE_STRUCT, "tt");
		writer_basic(w, SD_BUS_TYPE_UINT64, &spec->limits[i].soft);
		writer_basic(w, SD_BUS_TYPE_UINT64, &spec->limits[i].hard);
		writer_close(w);
		writer_close(w);
	}
	writer_close(w);
	close_value(w);
}

static void put_user(struct writer *w, const struct explanation *e)
{
	put_bool(w, "dynamic-user", e->profile->dynamic_user);
	/* of a dynamic one the number is not known before the launch */
	if (e->profile->dynamic_user)
		return;
	put_u32(w, "uid", e->spec.uid);
	put_u32(w, "gid", e->spec.gid);
}

static int put_capabilities(struct writer *w, uint64_t mask)
{
	_cleanup_(strv_freep) char **names = NULL;

	for (unsigned i = 0; i < CAPABILITIES_KNOWN; i++)
		if ((mask & UINT64_C(1) << i) != 0 && strv_extend(&names, capability_to_string(i)) < 0)
			return -ENOMEM;
	put_list(w, "capabilities", names);
	return 0;
}

/* What is not limited is left out, and so is a share of a machine whose size is not looked up here. */
static void put_group(struct writer *w, const struct group_value *group)
{
	static const struct {
		enum group_limit which;
		const char *key;
	} amounts[] = { { GROUP_MEMORY_MAX, BAILIFF_OPTION_MEMORY_MAX },
		{ GROUP_TASKS_MAX, BAILIFF_OPTION_TASKS_MAX } };
	const struct group_value *quota = &group[GROUP_CPU_QUOTA];

	for (size_t i = 0; i < ELEMENTSOF(amounts); i++)
		if (group[amounts[i].which].unit == GROUP_ABSOLUTE)
			put_value(w, amounts[i].key, SD_BUS_TYPE_UINT64, &group[amounts[i].which].value);
	if (quota->unit == GROUP_PERMYRIAD)
		put_u32(w, BAILIFF_OPTION_CPU_QUOTA,
			(uint32_t)((quota->value + GROUP_PERCENT - 1) / GROUP_PERCENT));
}

static int put_share(struct writer *w, const struct jail_spec *spec)
{
	const struct compiled_tuning *t = spec->tuning;
	int r;

	put_group(w, spec->group);
	if (t->set & TUNE_NICE)
		put_value(w, BAILIFF_OPTION_NICE, SD_BUS_TYPE_INT32, &t->nice);
	if (t->set & TUNE_OOM_SCORE)
		put_value(w, BAILIFF_OPTION_OOM_SCORE, SD_BUS_TYPE_INT32, &t->oom_score_adjust);
	r = put_capabilities(w, spec->bounding);
	put_bool(w, "private-network", (spec->namespaces & JAIL_NS_NET) != 0);
	put_bool(w, "shared-network", spec->shares_network);
	put_bool(w, "private-ipc", (spec->namespaces & JAIL_NS_IPC) != 0);
	put_bool(w, "shared-ipc", spec->shares_ipc);
	return r;
}

static int put_layers(struct writer *w, const struct explanation *e)
{
	_cleanup_(strv_freep) char **layers = NULL;
	int r;

	r = layers_of_launch(e->profile, &e->spec, &layers);
	if (r >= 0)
		put_list(w, "layers", layers);
	return r;
}

static void put_rest(struct writer *w, const struct explanation *e)
{
	const double exposure = profile_bus_exposure(e->profile);

	put_bool(w, "detach", e->args->detach);
	put_value(w, "runtime-max-usec", SD_BUS_TYPE_UINT64, &e->effective.runtime_max_usec);
	put_value(w, "stop-timeout-usec", SD_BUS_TYPE_UINT64, &e->effective.timeout_stop_usec);
	put_value(w, "stop-signal", SD_BUS_TYPE_INT32, &e->effective.stop_signal);
	put_value(w, "exposure", SD_BUS_TYPE_DOUBLE, &exposure);
	put_u32(w, "generation", e->generation);
}

int explain_put_before(struct writer *w, const struct explanation *e)
{
	int r;

	r = put_text(w, "executable", e->spec.executable);
	if (r >= 0)
		r = put_text(w, "working-directory", e->spec.working_directory);
	put_user(w, e);
	return r;
}

int explain_put_after(struct writer *w, const struct explanation *e)
{
	int r;

	put_stdio(w, &e->effective);
	put_fds(w, e->args);
	put_limits(w, &e->spec);
	r = put_share(w, &e->spec);
	if (r >= 0)
		r = put_layers(w, e);
	if (r >= 0)
		r = put_text(w, BAILIFF_OPTION_READY,
			e->spec.notify ? BAILIFF_READY_NAME_NOTIFY : BAILIFF_READY_NAME_EXEC);
	put_rest(w, e);
	return r;
}

int explain_begin_allowed(struct writer *w, const char *rule)
{
	_cleanup_free_ char *safe = utf8_escape(rule);
	const int allowed = 1;

	if (!safe)
		return -ENOMEM;
	writer_basic(w, SD_BUS_TYPE_BOOLEAN, &allowed);
	writer_text(w, safe);
	writer_open(w, SD_BUS_TYPE_ARRAY, "s");
	writer_close(w);
	writer_open(w, SD_BUS_TYPE_ARRAY, "{sv}");
	return 0;
}

int explain_put_allowed(struct writer *w, const char *rule, const struct explanation *e)
{
	int r;

	r = explain_begin_allowed(w, rule);
	if (r >= 0)
		r = explain_put_before(w, e);
	if (r >= 0)
		r = explain_put_names(w, e->spec.envp);
	if (r >= 0)
		r = explain_put_after(w, e);
	writer_close(w);
	return r;
}
